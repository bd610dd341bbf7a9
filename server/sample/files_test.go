package sample

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/encoding/protojson"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// whole is the sample as its files have it.
type whole struct {
	organisations tandemv1.ListOrganisationsResponse
	programmes    tandemv1.ListProgrammesResponse
	themes        tandemv1.ListThemesResponse
	locations     tandemv1.ListLocationsResponse
	populations   tandemv1.ListPopulationsResponse
	grants        tandemv1.ListGrantsResponse
}

func readFiles(t *testing.T) *whole {
	t.Helper()
	w := &whole{}
	for _, err := range []error{
		parse("organisations.json", &w.organisations), parse("programmes.json", &w.programmes), parse("themes.json", &w.themes),
		parse("locations.json", &w.locations), parse("populations.json", &w.populations), parse("grants.json", &w.grants),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func TestFilesObeyTheContract(t *testing.T) {
	w := readFiles(t)
	for _, err := range []error{
		protovalidate.Validate(&w.organisations), protovalidate.Validate(&w.programmes), protovalidate.Validate(&w.themes),
		protovalidate.Validate(&w.locations), protovalidate.Validate(&w.populations), protovalidate.Validate(&w.grants),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	batch, err := grants()
	if err != nil {
		t.Fatal(err)
	}
	if err := protovalidate.Validate(batch); err != nil {
		t.Error(err)
	}
}

func TestUnknownFieldsAreRefused(t *testing.T) {
	if err := protojson.Unmarshal([]byte(`{"grants": [{"tittle": "A"}]}`), &tandemv1.ListGrantsResponse{}); err == nil {
		t.Error("a field that the contract does not know was read")
	}
}

// TestReferencesResolve walks the records in the order in which Load writes them: each may name only what was written before it.
func TestReferencesResolve(t *testing.T) {
	w := readFiles(t)
	written := map[string]bool{"": true}
	write := func(name string, refs ...string) {
		for _, r := range refs {
			if !written[r] {
				t.Errorf("%s names %s, which is not written before it", name, r)
			}
		}
		if written[name] {
			t.Errorf("%s stands in the sample twice", name)
		}
		written[name] = true
	}
	states := map[string]string{}
	for _, o := range w.organisations.Organisations {
		write(o.Name, o.Parent, o.Successor)
		if states[o.Name] = o.State; o.State == "" {
			states[o.Name] = states[o.Parent]
		}
	}
	for _, p := range w.programmes.Programmes {
		write(p.Name, p.Owner)
	}
	for _, m := range w.themes.Themes {
		write(m.Name, m.Parent)
	}
	for _, m := range w.locations.Locations {
		write(m.Name, m.Parent)
	}
	for _, m := range w.populations.Populations {
		write(m.Name, m.Parent)
	}
	for _, g := range w.grants.Grants {
		refs := []string{g.Programme}
		for _, p := range g.Funders {
			refs = append(refs, p.Organisation)
			if states[p.Organisation] == "" {
				t.Errorf("%s is funded by %s, which has no donor state", g.Name, p.Organisation)
			}
		}
		for _, p := range g.Recipients {
			refs = append(refs, p.Organisation)
		}
		for _, s := range splits(g) {
			refs = append(refs, s.Name)
		}
		for _, r := range g.Reports {
			refs = append(append(refs, r.Organisation), r.Recipients...)
		}
		write(g.Name, refs...)
	}
}

func splits(g *tandemv1.Grant) []*tandemv1.Grant_Split {
	return append(append(append([]*tandemv1.Grant_Split(nil), g.Themes...), g.Locations...), g.Populations...)
}

func TestPercentagesSumTo100(t *testing.T) {
	for _, g := range readFiles(t).grants.Grants {
		for _, list := range [][]*tandemv1.Grant_Split{g.Themes, g.Locations, g.Populations} {
			sum := new(big.Rat)
			for _, s := range list {
				sum.Add(sum, rational(t, strconv.FormatFloat(s.Percent, 'f', -1, 64)))
			}
			if len(list) > 0 && sum.Cmp(big.NewRat(100, 1)) != 0 {
				t.Errorf("%s: %v sum to %s", g.Name, list, sum.FloatString(6))
			}
		}
	}
}

func rational(t *testing.T, s string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("%q is not a number", s)
	}
	return r
}

func TestGrantsArePublicAndSourced(t *testing.T) {
	for _, g := range readFiles(t).grants.Grants {
		if g.Visibility != tandemv1.Grant_PUBLIC {
			t.Errorf("%s is %s", g.Name, g.Visibility)
		}
		if len(g.Sources) == 0 {
			t.Errorf("%s has no source", g.Name)
		}
		if len(g.Recipients) == 0 && g.Note == "" {
			t.Errorf("%s has no recipient and does not say why", g.Name)
		}
		if (g.Amount == nil) == (len(g.Transactions) == 0) {
			t.Errorf("%s has neither or both of an amount and transactions", g.Name)
		}
	}
}

// TestControlTotals holds the sample against totals that its sources publish themselves.
func TestControlTotals(t *testing.T) {
	byName := map[string]*tandemv1.Grant{}
	for _, g := range readFiles(t).grants.Grants {
		byName[g.Name] = g
	}
	if len(byName) != 48 {
		t.Errorf("found %d grants, want 48", len(byName))
	}
	amount := func(id string) *big.Rat {
		return rational(t, byName["grants/"+id].GetAmount().GetMoney().GetAmount())
	}
	first := new(big.Rat).Add(amount("meppa-women-entrepreneurs"), amount("meppa-small-business-partnerships"))
	if first.Cmp(big.NewRat(5_500_000, 1)) != 0 {
		t.Errorf("the first two MEPPA awards are %s together, want 5,500,000", first.FloatString(2))
	}
	// The donor's total for three awards is rounded; with the recipient's own figure for one of them it is 50,000 more.
	three := new(big.Rat).Add(amount("meppa-ogs-accelerator"), amount("meppa-rozana-nursing"))
	three.Add(three, amount("meppa-reut-making-peace"))
	if three.Cmp(big.NewRat(7_850_000, 1)) != 0 {
		t.Errorf("the three MEPPA awards of September 2022 are %s together, want 7,850,000", three.FloatString(2))
	}
	for _, id := range []string{"cmm-tech2peace-shared-society", "cmm-peace-drums", "cmm-topaz-making-waves"} {
		committed, disbursed := new(big.Rat), new(big.Rat)
		for _, x := range byName["grants/"+id].Transactions {
			sum := disbursed
			if x.Type == tandemv1.Transaction_COMMITMENT {
				sum = committed
			}
			sum.Add(sum, rational(t, x.Amount.Money.Amount))
		}
		if committed.Cmp(disbursed) != 0 {
			t.Errorf("%s: committed %s, disbursed %s; its source says that they are equal", id, committed.FloatString(2), disbursed.FloatString(2))
		}
	}
}

// TestMEPPAEndsOnce checks that an award of the fund is CANCELLED if it had not ended when all of them were, and CLOSED otherwise.
func TestMEPPAEndsOnce(t *testing.T) {
	var cancelled []string
	for _, g := range readFiles(t).grants.Grants {
		if g.Programme != "programmes/meppa" {
			continue
		}
		var year, month int
		dated, _ := fmt.Sscanf(g.Start, "%d-%d", &year, &month)
		last := year*12 + month - 1 + int(g.DurationMonths) - 1 // months since year 0
		ended := dated == 2 && g.DurationMonths > 0 && last < 2025*12+2
		if want := map[bool]tandemv1.Grant_Status{true: tandemv1.Grant_CLOSED, false: tandemv1.Grant_CANCELLED}[ended]; g.Status != want {
			t.Errorf("%s is %s, want %s", g.Name, g.Status, want)
		}
		if g.Status == tandemv1.Grant_CANCELLED {
			cancelled = append(cancelled, g.Name)
			if !strings.HasPrefix(g.StatusDate, "2025") {
				t.Errorf("%s was cancelled on %q, want a date in 2025", g.Name, g.StatusDate)
			}
		}
	}
	if len(cancelled) != 7 {
		t.Errorf("cancelled are %q, want 7 grants", cancelled)
	}
}
