package grant

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// told is a grant as a file may tell it.
func told(t *rapid.T, label string) *Grant {
	g := &Grant{
		Title: rapid.SampledFrom([]string{"Wells", "Schools"}).Draw(t, label+" title"), Description: rapid.SampledFrom([]string{"", "New."}).Draw(t, label+" description"),
		Status: rapid.SampledFrom([]Status{Active, Closed}).Draw(t, label+" status"), Funders: []Participation{{Organisation: "sida"}},
	}
	if rapid.Bool().Draw(t, label+" starts") {
		g.Start = period.Date{First: period.Of(2022, 1, 1), Precision: period.ToDay}
	}
	for range rapid.IntRange(0, 4).Draw(t, label+" transactions") {
		g.Transactions = append(g.Transactions, Transaction{
			ID: g.NextID(), Type: rapid.SampledFrom([]TransactionType{Commitment, Disbursement}).Draw(t, label+" type"),
			Date:   period.Date{First: period.Day(rapid.IntRange(19000, 19001).Draw(t, label+" day")), Precision: period.ToDay},
			Amount: money.Amount{Currency: "SEK", Minor: rapid.Int64Range(1, 2).Draw(t, label+" amount")},
		})
	}
	return g
}

func encoded(t *rapid.T, g *Grant) []byte {
	body, err := Encode(g)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// amounts are the transactions of a grant without their ids, in order of what they say.
func amounts(g *Grant) []string {
	var all []string
	for _, t := range g.Transactions {
		all = append(all, t.fingerprint())
	}
	slices.Sort(all)
	return all
}

// A grant that nobody edits is always as its file has it; the same file twice changes nothing; what people have edited is never changed, and what they have not is
// as the file has it.
func TestTakeLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := Import{Format: "IATI", Source: "SE-0", Key: "SE-1"}
		g := &Grant{ID: "g"}
		edited := ""
		for i := range rapid.IntRange(1, 4).Draw(t, "files") {
			said := told(t, "file")
			held := g.Take(said, of)
			if edited == "" && (len(held) > 0 || g.Title != said.Title || g.Start != said.Start || !slices.Equal(amounts(g), amounts(said))) {
				t.Fatalf("file %d: the record is %+v where the file says %+v; %v are held", i, g, said, held)
			}
			if edited != "" && g.Title != edited {
				t.Fatalf("the title %q is gone", edited)
			}
			if g.Description != said.Description || g.Status != said.Status {
				t.Fatalf("file %d: %q %s is not taken", i, said.Description, said.Status)
			}
			before := encoded(t, g)
			if again := g.Take(said, of); len(again) > 0 || !bytes.Equal(before, encoded(t, g)) {
				t.Fatalf("the same file changes the record: %s; %s", before, encoded(t, g))
			}
			if rapid.Bool().Draw(t, "edits") {
				edited = "Edited"
				g.Title = edited
			}
		}
	})
}

// What is edited in a file that was written from a record is in the record then, but for what people have edited there; the same file once more changes nothing, and a file that nobody
// has edited changes nothing either, whatever the record has become.
func TestTakeEditsLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		was, said, now := told(t, "record"), told(t, "file"), told(t, "record later")
		was.ID = "g"
		next := func(g *Grant) *Grant {
			g.ID, g.Serial = "g", 9
			return g
		}
		later := encoded(t, next(now))
		if held := now.TakeEdits(was, was, was); len(held) > 0 || !bytes.Equal(later, encoded(t, now)) {
			t.Fatal("a file that nobody has edited changes something")
		}
		g := next(&Grant{Title: was.Title, Description: was.Description, Status: was.Status, Funders: was.Funders, Start: was.Start, Transactions: slices.Clone(was.Transactions)})
		edited := rapid.Bool().Draw(t, "edited")
		if edited {
			g.Title = "Edited"
		}
		held := g.TakeEdits(was, was, said)
		if edited && g.Title != "Edited" || !edited && (len(held) > 0 || g.Title != said.Title) {
			t.Fatalf("the title is %q, and %v are held", g.Title, held)
		}
		if g.Description != said.Description || g.Start != said.Start || !slices.Equal(amounts(g), amounts(said)) {
			t.Fatalf("the record is %+v where the file says %+v", g, said)
		}
		before := encoded(t, g)
		if again := g.TakeEdits(was, was, said); !slices.Equal(held, again) || !bytes.Equal(before, encoded(t, g)) {
			t.Fatalf("the same file changes the record: %s; %s", before, encoded(t, g))
		}
	})
}

// Another source's file never adds its money to a record that has money.
func TestTakeCountsNoMoneyTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &Grant{ID: "g"}
		first, second := told(t, "first"), told(t, "second")
		g.Take(first, Import{Format: "IATI", Source: "SE-0", Key: "SE-1"})
		before := amounts(g)
		g.Take(second, Import{Format: "IATI", Source: "XM-DAC-10", Key: "SE-1"})
		if len(before) > 0 && !slices.Equal(before, amounts(g)) {
			t.Fatalf("found %v, were %v", amounts(g), before)
		}
	})
}

// A grant that an earlier program imported is held against its fingerprints: they must never change.
func TestFingerprintsStay(t *testing.T) {
	body := `{"id":"g","title":"Grant 0 for peacebuilding","funders":[{"organisation":"organisation-166"}],"recipients":[{"organisation":"organisation-1608"}],"status":"ACTIVE","start":"2018-12-26",` +
		`"themes":[{"id":"theme-11","percent":100000000}],"identifiers":["g00000000"],"visibility":"COALITION",` +
		`"transactions":[{"id":"1","type":"COMMITMENT","amount":{"currency":"SEK","qualifier":"EXACT","minor":106410695}}]}`
	e, err := Decode(Key{Grants, "g"}, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]string{
		"title": "JuYEJJfBvjWt", "funders": "ySVbWJz2kw7H", "recipients": "QflC80j5nF0o", "status": "d_9Co-4mbXvd", "start": "E-ysTtt8tclv", "themes": "HKpdTOJy7NPu",
		"identifiers": "V8JSj9soQRlE", "transactions/1": "hrV-vJsnOsuv", "end": "", "durationMonths": "", "note": "", "transactions/2": "",
	} {
		if got := e.(*Grant).Fingerprint(part); got != want {
			t.Errorf("the fingerprint of %s is %q; it was %q", part, got, want)
		}
	}
}
