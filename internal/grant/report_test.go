package grant_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

func dollars(q money.Qualifier, minor int64) *money.Amount {
	return &money.Amount{Currency: "USD", Qualifier: q, Minor: minor}
}

// said is a report that nothing is wrong with.
func said() grant.Report {
	return grant.Report{ID: "1", Organisation: "usaid", Kind: grant.DonorStatement, Values: grant.Values{Amount: dollars(money.Rounded, 230_000_000)}}
}

// Each case breaks one rule, and the error names the field.
func TestReportValidate(t *testing.T) {
	for want, change := range map[string]func(*grant.Report){
		"":               func(*grant.Report) {},
		"name":           func(r *grant.Report) { r.ID = "" },
		"kind":           func(r *grant.Report) { r.Kind = 0 },
		"organisation":   func(r *grant.Report) { r.Organisation = "" },
		"uri":            func(r *grant.Report) { r.Organisation, r.Kind = "", grant.Press },
		"amount":         func(r *grant.Report) { r.Values = grant.Values{} },
		"amount.money":   func(r *grant.Report) { r.Amount = dollars(money.AtLeast, -1) },
		"end":            func(r *grant.Report) { r.Start, r.End = date("2023-02"), date("2022") },
		"durationMonths": func(r *grant.Report) { r.DurationMonths = 1201 },
		"status":         func(r *grant.Report) { r.Status = 9 },
		"recipients[1]":  func(r *grant.Report) { r.Recipients = []string{"a", "a"} },
		"note":           func(r *grant.Report) { r.Note = strings.Repeat("x", 20001) },
	} {
		r := said()
		change(&r)
		if got := fieldsOf(r.Validate()); got != want {
			t.Errorf("found %q, want %q", got, want)
		}
	}
	g := good()
	g.Reports = []grant.Report{said(), said()}
	if got := fieldsOf(g.Validate()); got != "reports[1].name" {
		t.Errorf("a report twice: found %q", got)
	}
}

// What was accepted is known to come from its report for as long as both still say the same.
func TestAccept(t *testing.T) {
	g := good()
	g.Recipients = []grant.Participation{{Organisation: "a", Share: share(grant.Whole)}}
	if err := g.SetAward(*dollars(money.Exact, 230_000_000), date("2022-09-29")); err != nil {
		t.Fatal(err)
	}
	r := said()
	r.Values = grant.Values{Amount: dollars(money.Exact, 235_000_000), Status: grant.Cancelled, Recipients: []string{"a"}, DurationMonths: 36}
	r.Date = date("2025-02")
	g.Reports = []grant.Report{r}
	if err := g.Accept(g.Report("1"), []grant.Field{grant.EndField, grant.AmountField, grant.StartField}); fieldsOf(err) != "fields[0] fields[2]" || len(g.Accepted) > 0 {
		t.Errorf("what is not stated was accepted: %v", err)
	}
	if err := g.Accept(g.Report("1"), []grant.Field{grant.AmountField, grant.StatusField, grant.RecipientsField}); err != nil {
		t.Fatal(err)
	}
	award := g.Award()
	if len(g.Transactions) != 1 || award.Amount != *r.Amount || award.Date != date("2022-09-29") || g.Status != grant.Cancelled || g.StatusDate != r.Date || g.DurationMonths != 0 {
		t.Errorf("found %+v of %+v", award, g)
	}
	if g.Recipients[0].Share == nil {
		t.Error("recipients that were right already lost their shares")
	}
	from := func(f grant.Field) bool { return g.AcceptedFrom(f) != nil }
	if !from(grant.AmountField) || !from(grant.RecipientsField) || from(grant.DurationField) {
		t.Error("it is not told what came from where")
	}
	g.Award().Amount.Minor++
	g.Report("1").Recipients = []string{"b"}
	if from(grant.AmountField) || from(grant.RecipientsField) || !from(grant.StatusField) {
		t.Error("what was changed since is told to come from the report")
	}
	if g.Award().Amount.Minor--; !from(grant.AmountField) {
		t.Error("what was changed and changed back is not told to come from the report")
	}
	if g.Reports = nil; from(grant.AmountField) {
		t.Error("something comes from a report that is gone")
	}
}

// The amount of a record of several commitments is their sum, or none where they do not add up.
func TestAwardOfSeveral(t *testing.T) {
	g := good()
	g.Transactions = []grant.Transaction{
		{ID: "1", Type: grant.Commitment, Amount: *dollars(money.Exact, 100)}, {ID: "2", Type: grant.Disbursement, Amount: *dollars(money.Exact, 7)},
		{ID: "3", Type: grant.Commitment, Amount: *dollars(money.Exact, 50)},
	}
	if got := g.Values().Amount; got == nil || got.Minor != 150 || g.Transactions[0].Amount.Minor != 100 {
		t.Errorf("found %v", got)
	}
	g.Transactions[2].Amount.Qualifier = money.Rounded
	if got := g.Values().Amount; got != nil {
		t.Errorf("found %v of an exact and a rounded one", got)
	}
	g.Reports = []grant.Report{said()}
	if err := g.Accept(g.Report("1"), []grant.Field{grant.AmountField}); fieldsOf(err) != "amount" {
		t.Errorf("an amount was accepted for one of two commitments: %v", err)
	}
}

// A report is read as it was stored, its values beside the rest.
func TestReportsAreStored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := good()
		r := said()
		r.URI, r.Note, r.By, r.ConfirmedBy, r.Origin = "https://example.org", "n", "tokens/a", "tokens/b", "grants/b/reports/1"
		r.At, r.Confirmed = rapid.Int64().Draw(t, "at"), rapid.Int64().Draw(t, "confirmed")
		r.Date, r.AwardDate, r.Start, r.End = anyDate(t), anyDate(t), anyDate(t), anyDate(t)
		r.DurationMonths, r.Status = rapid.IntRange(0, 99).Draw(t, "months"), grant.Status(rapid.IntRange(1, 6).Draw(t, "status"))
		r.Recipients = rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b"}), 1, 3).Draw(t, "recipients")
		g.Reports, g.Accepted = []grant.Report{r}, []grant.Acceptance{{Field: grant.EndField, Report: "1"}}
		body, err := grant.Encode(g)
		if err != nil {
			t.Fatal(err)
		}
		again, err := grant.Decode(g.Key(), body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(g, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Who may report on a grant, and as whom.
func TestVoice(t *testing.T) {
	reg := grant.NewRegistry().With(
		&grant.Organisation{ID: "usaid", State: "US"}, &grant.Organisation{ID: "embassy", Parent: "usaid"}, &grant.Organisation{ID: "sida", State: "SE"},
		&grant.Organisation{ID: "old", Successor: "new"}, &grant.Organisation{ID: "new"}, &grant.Organisation{ID: "other"},
	)
	g := good()
	g.Funders = []grant.Participation{{Organisation: "usaid"}, {Organisation: "embassy"}}
	g.Recipients = []grant.Participation{{Organisation: "old"}}
	for name, c := range map[string]struct {
		p          grant.Principal
		on         bool
		speaks     string // for which of usaid, embassy, sida, old, new, other
		voices     string
		ownsOthers bool
	}{
		"staff":              {grant.Principal{Role: grant.Staff}, true, "usaid embassy sida old new other", "", true},
		"a donor":            {grant.Principal{Role: grant.Donor, State: "US"}, true, "usaid embassy", "usaid embassy", false},
		"another donor":      {grant.Principal{Role: grant.Donor, State: "SE"}, false, "sida", "", false},
		"a member":           {grant.Principal{Role: grant.Member, Organisation: "new"}, true, "old new", "new", false},
		"a member of old":    {grant.Principal{Role: grant.Member, Organisation: "old"}, true, "old new", "new", false},
		"another member":     {grant.Principal{Role: grant.Member, Organisation: "other"}, false, "other", "other", false},
		"a viewer":           {grant.Principal{Role: grant.Viewer}, false, "", "", false},
		"nobody in any role": {grant.Principal{}, false, "", "", false},
	} {
		c.p.Name = "tokens/" + name
		var speaks []string
		for _, id := range []string{"usaid", "embassy", "sida", "old", "new", "other"} {
			if reg.SpeaksFor(c.p, id) {
				speaks = append(speaks, id)
			}
			if got, want := reg.Owns(c.p, &grant.Report{Organisation: id}), reg.SpeaksFor(c.p, id); got != want {
				t.Errorf("%s owns a report of %s: %t", name, id, got)
			}
		}
		if reg.MayReportOn(c.p, g) != c.on || strings.Join(speaks, " ") != c.speaks || strings.Join(reg.Voices(c.p, g), " ") != c.voices {
			t.Errorf("%s: found %t, %v, %v", name, reg.MayReportOn(c.p, g), speaks, reg.Voices(c.p, g))
		}
		if !reg.Owns(c.p, &grant.Report{By: c.p.Name, Organisation: "none"}) || reg.Owns(c.p, &grant.Report{}) != c.ownsOthers {
			t.Errorf("%s does not own what it wrote, or owns what it did not", name)
		}
	}
}
