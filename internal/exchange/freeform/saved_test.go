package freeform_test

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/freeform"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// readWith reads a table to its end, and returns why that came, too.
func readWith(text string, o freeform.Options) (all []*exchange.Draft, m freeform.Mapping, why string) {
	r, err := openFile(strings.NewReader(text), "field.csv", o)
	if err != nil {
		return nil, m, err.Error()
	}
	for {
		d, err := r.Read()
		if err != nil {
			return all, r.Mapping(), err.Error()
		}
		all = append(all, d)
	}
}

// A table, with heads that are missing or come twice, is read by the mapping that was saved of it as it was by what was said of its columns.
func TestSavedReadsAsWhatWasSaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		heads := rapid.SliceOfN(rapid.SampledFrom([]string{"", "Donor", "Amount", "amount", "Project", "Start", "Notes", "B", "Sector"}), 2, 8).Draw(t, "heads")
		lines := []string{strings.Join(heads, ";")}
		cell := rapid.SampledFrom([]string{"", "Sida", "USD", "5 EUR", "1.234", "3/6/2024", "2016", "water; health", "https://a.example"})
		for range rapid.IntRange(1, 3).Draw(t, "rows") {
			lines = append(lines, strings.Join(rapid.SliceOfN(cell, len(heads), len(heads)).Draw(t, "row"), ";"))
		}
		said := freeform.Options{Currency: "SEK", Columns: rapid.MapOfN(rapid.SampledFrom([]string{"A", "B", "C", "Donor", "Amount", "Project"}),
			rapid.SampledFrom([]string{"", "donor", "title", "amount", "theme", "start", "currency"}), 0, 4).Draw(t, "columns")}
		text := strings.Join(lines, "\n") + "\n"
		want, m, why := readWith(text, said)
		if m.Columns == nil {
			t.Skip(why)
		}
		saved := &grant.Mapping{ID: "m", DisplayName: "M", Columns: m.Saved()}
		if err := saved.Validate(); err != nil {
			t.Fatal(err)
		}
		got, again, whyNow := readWith(text, freeform.Options{Currency: "SEK", Mapping: saved})
		if !reflect.DeepEqual(want, got) || why != whyNow {
			t.Fatalf("%s\nsaid %v, saved %+v: %s", text, said.Columns, saved.Columns, cmp.Diff(why, whyNow))
		}
		if !slices.Equal(m.Saved(), again.Saved()) {
			t.Fatalf("saved %+v, and then %+v", m.Saved(), again.Saved())
		}
	})
}

// The columns of the next table may stand in another order, and there may be more.
func TestSavedFindsColumnsByTheirHeads(t *testing.T) {
	said := freeform.Options{Columns: map[string]string{"Country": "donor_state", "Shelf": "identifier", "Sum": "amount"}, Currency: "SEK"}
	const sheet = "Donor;Country;Grantee;Project;Sum;Amount;Shelf;Remarks\nSida;SE;EcoPeace;Wells;5;7;A-1;heard\nSida;SE;Reut;Youth;1,5;8;A-2;\n"
	all, m, _ := readWith(sheet, said)
	if fields(m)[5] != freeform.Unused {
		t.Fatalf("found %q", fields(m))
	}
	var want []string
	for _, d := range all {
		want = append(want, show(t, d))
	}
	rapid.Check(t, func(rt *rapid.T) {
		rows := strings.Split(strings.TrimSpace(sheet), "\n")
		order := rapid.Permutation([]int{0, 1, 2, 3, 4, 5, 6, 7, 8}).Draw(rt, "order")
		for i, row := range rows {
			cells := append(strings.Split(row, ";"), []string{"Beneficiary", "another", "one"}[i])
			var moved []string
			for _, at := range order {
				moved = append(moved, cells[at])
			}
			rows[i] = strings.Join(moved, ";")
		}
		got, now, why := readWith(strings.Join(rows, "\n")+"\n", freeform.Options{Currency: "SEK", Mapping: &grant.Mapping{ID: "sida", Columns: m.Saved()}})
		if why != io.EOF.Error() || len(got) != len(want) {
			rt.Fatalf("found %d grants: %s", len(got), why)
		}
		for i, d := range got {
			if show(t, d) != want[i] {
				rt.Errorf("found %s, want %s", show(t, d), want[i])
			}
		}
		for _, c := range now.Columns {
			if c.Head != "Beneficiary" && (c.Confidence != 100 || c.Reason != `the mapping "sida" says so`) {
				rt.Errorf("found %+v", c)
			}
		}
	})
}

// What a caller says goes before the saved mapping, and takes a field from the column that has it by that; of fields that several columns may have, it takes none.
func TestSaidGoesBeforeSaved(t *testing.T) {
	saved := &grant.Mapping{ID: "sida", Columns: []grant.MappingColumn{{Head: "Giver", Field: "donor"}, {Head: "Project", Field: "title"}, {Head: "Sum", Field: "amount"}, {Head: "For", Field: "theme"}}}
	_, m, why := readWith("Giver;Project;Sum;Total;For;Also for;Sector\nA;B;5;6;water;x;y\n", freeform.Options{Mapping: saved, Columns: map[string]string{"Total": "amount", "Also for": "theme", "giver": "recipient", "B": "donor"}})
	want := []freeform.Field{freeform.Recipient, freeform.Donor, freeform.Unused, freeform.Amount, freeform.Theme, freeform.Theme, freeform.Theme}
	if !slices.Equal(fields(m), want) {
		t.Errorf("found %q, want %q: %s", fields(m), want, why)
	}
	if got := m.Columns[2].Reason; got != "another column was said to be amount" {
		t.Errorf("found %q", got)
	}
}

// A column of a saved mapping that the table does not have is told, and refused where something would be lost.
func TestSavedAndWhatIsNotThere(t *testing.T) {
	saved := &grant.Mapping{ID: "sida", Columns: []grant.MappingColumn{
		{Head: "Giver", Field: "donor"}, {Head: "Project", Field: "title"}, {Head: "Sum", Field: "amount"}, {Head: "Shelf"}, {Head: "Twice", Letter: "D", Field: "note"}, {Letter: "E", Field: "currency"},
	}}
	const refused = `the file has no column %s, which the mapping "sida" takes for %s; it has A "Giver", B "Project", C "Total", D "Other", E "Head"; say with column which is %s now, or %q if none is`
	for _, c := range []struct {
		name    string
		columns map[string]string
		want    []string // refusals of the file, or what is noted with its first grant
	}{
		{"columns with fields", nil, []string{`"Sum"|amount|amount|Sum=`, `D "Twice"|note|note|Twice=`, `E without a head|currency|currency|E=`}},
		{"said elsewhere", map[string]string{"Total": "amount", "Other": "note", "E": "currency"}, []string{
			`the mapping "sida" has the column "Sum" (amount, which another column was said to be), and the file does not`, `the mapping "sida" has the column "Shelf" (not used), and the file does not`,
			`the mapping "sida" has the column D "Twice" (note, which another column was said to be), and the file does not`}},
		{"said to be gone", map[string]string{"sum": "", "Twice": "", "E": ""}, []string{`the mapping "sida" has the column "Shelf" (not used), and the file does not`}},
		{"moved from one that is there", map[string]string{"Project": "amount", "Other": "title", "Twice": "", "E": ""}, []string{
			`the mapping "sida" has the column "Sum" (amount, which another column was said to be), and the file does not`, `the mapping "sida" has the column "Shelf" (not used), and the file does not`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := openFile(strings.NewReader("Giver;Project;Total;Other;Head\nSida;5 SEK;6 SEK;x;SEK\n"), "f.csv", freeform.Options{Mapping: saved, Columns: c.columns})
			var got []string
			if err != nil {
				var f *fault.Error
				errors.As(err, &f)
				for _, v := range f.Violations {
					got = append(got, v.Problem)
				}
				for i, w := range c.want {
					p := strings.Split(w, "|")
					c.want[i] = fmt.Sprintf(refused, p[0], p[1], p[2], p[3])
				}
			} else {
				d, err := r.Read()
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range d.Problems {
					if strings.HasPrefix(p.Text, "the mapping") {
						got = append(got, p.Text)
					}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
