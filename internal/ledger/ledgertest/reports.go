package ledgertest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// reporters are those who write reports in the test below, and whether they may on the grant "g", of a US funder and EcoPeace.
var reporters = map[string]struct {
	grant.Principal
	may bool
}{
	"staff":  {grant.Principal{Name: "staff", Role: grant.Staff}, true},
	"donor":  {grant.Principal{Name: "donor", Role: grant.Donor, State: "US"}, true},
	"member": {grant.Principal{Name: "member", Role: grant.Member, Organisation: "ecopeace"}, true},
	"other":  {grant.Principal{Name: "other", Role: grant.Member, Organisation: "office"}, false},
	"viewer": {grant.Principal{Name: "viewer", Role: grant.Viewer}, false},
}

// Whatever is reported, changed, confirmed and deleted, and by whom: no allocation moves, each write that says something new is one revision, and a ledger that opens the store
// afterwards has the same reports.
func testReports(t *testing.T, f fixture) {
	l := f.ledger()
	f.award(l)
	allocated := f.allocations(l)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"staff", "donor", "member", "other", "viewer"}).Draw(t, "who")
		who := reporters[name]
		w := ledger.Write{Principal: who.Principal}
		before := l.State().Revision
		_, err := writeReport(t, f, l, w)
		switch after := l.State().Revision; {
		case !who.may && fault.KindOf(err) != fault.Denied:
			t.Fatalf("%s: found %v", name, err)
		case err != nil && after != before || after > before+1:
			t.Fatalf("%s: %d revisions: %v", name, after-before, err)
		}
		if got := f.allocations(l); !slices.Equal(got, allocated) {
			t.Fatalf("the allocations were\n%v\nand are\n%v", allocated, got)
		}
	})
	g := f.standing(l)
	l.Close()
	again := f.ledger()
	defer again.Close()
	f.equal("reports of a ledger that opens later", f.standing(again).Reports, g.Reports, nil)
	f.equal("allocations of a ledger that opens later", f.allocations(again), allocated, nil)
}

// writeReport makes a random write of the reports of "g".
func writeReport(t *rapid.T, f fixture, l *ledger.Ledger, w ledger.Write) (grant.Report, error) {
	values := grant.Values{Amount: &money.Amount{Currency: "USD", Minor: rapid.Int64Range(0, 1e9).Draw(t, "amount")}, DurationMonths: rapid.IntRange(0, 60).Draw(t, "months")}
	reports := f.standing(l).Reports
	id := "none"
	if len(reports) > 0 {
		id = reports[rapid.IntRange(0, len(reports)-1).Draw(t, "report")].ID
	}
	var r grant.Report
	var err error
	switch op := rapid.IntRange(0, 5).Draw(t, "op"); {
	case op == 0 || len(reports) == 0:
		org := rapid.SampledFrom([]string{"", "usaid", "ecopeace", "office"}).Draw(t, "organisation")
		r, _, err = l.CreateReport(f.ctx, w, "g", grant.Report{Organisation: org, Kind: grant.DonorStatement, Values: values})
	case op == 1:
		r, _, err = l.UpdateReport(f.ctx, w, "g", id, func(_ *grant.Grant, r *grant.Report) error { r.Values = values; return nil })
	case op == 2:
		r, _, err = l.ConfirmReport(f.ctx, w, "g", id)
	case op == 3:
		r, _, err = l.UnconfirmReport(f.ctx, w, "g", id)
	case op == 4:
		r, _, err = l.ConfirmGrant(f.ctx, w, "g", "")
	default:
		r, _, err = l.DeleteReport(f.ctx, w, "g", id)
	}
	return r, err
}

// ledger opens a ledger on the store.
func (f fixture) ledger() *ledger.Ledger {
	f.t.Helper()
	var clock, ids atomic.Int64
	clock.Store(instant(0))
	l, err := ledger.Open(f.ctx, ledger.Config{
		Store: f.Store, Rates: fx.ECB(), Now: func() int64 { return clock.Add(1) }, NewID: func() string { return fmt.Sprintf("id%08d", ids.Add(1)) },
	})
	if err != nil {
		f.t.Fatalf("open a ledger: %v", err)
	}
	return l
}

// award records a US grant to EcoPeace, "g".
func (f fixture) award(l *ledger.Ledger) {
	f.t.Helper()
	w := ledger.Write{Principal: reporters["staff"].Principal}
	for _, o := range []*grant.Organisation{{ID: "usaid", DisplayName: "USAID", State: "US"}, {ID: "ecopeace", DisplayName: "EcoPeace"}, {ID: "office", DisplayName: "Office"}} {
		if _, err := ledger.Create(f.ctx, l, w, "organisation", o); err != nil {
			f.t.Fatal(err)
		}
	}
	year, _ := period.ParseDate("2023")
	g := &grant.Grant{
		ID: "g", Title: "G", Status: grant.Active, Visibility: grant.Coalition, Start: year, DurationMonths: 36,
		Funders: []grant.Participation{{Organisation: "usaid"}}, Recipients: []grant.Participation{{Organisation: "ecopeace"}},
	}
	f.equal("SetAward", nil, nil, g.SetAward(money.Amount{Currency: "USD", Minor: 330_000_000}, year))
	if _, err := ledger.Create(f.ctx, l, w, "grant", g); err != nil {
		f.t.Fatal(err)
	}
}

func (f fixture) standing(l *ledger.Ledger) *grant.Grant {
	f.t.Helper()
	e, err := l.Get(f.ctx, reporters["staff"].Principal, key("g"), 0)
	if err != nil {
		f.t.Fatal(err)
	}
	return e.(*grant.Grant)
}

// allocations are all figures of every measure by member and year.
func (f fixture) allocations(l *ledger.Ledger) []string {
	f.t.Helper()
	var figures []string
	for _, m := range []analysis.Measure{analysis.Allocated, analysis.Committed, analysis.Disbursed, analysis.Pledged} {
		res, _, err := l.Allocations(f.ctx, analysis.Query{
			Currency: "EUR", Measure: m, GroupBy: []analysis.Dimension{analysis.Member, analysis.Year}, Principal: reporters["staff"].Principal,
		}, 0)
		if err != nil {
			f.t.Fatal(err)
		}
		figures = append(figures, fmt.Sprintf("%v %+v %+v", m, res.Total, slices.Collect(res.Rows.All())))
	}
	return figures
}
