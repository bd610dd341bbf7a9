package ledger_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/money"
)

func by(name string, role grant.Role, bound string) ledger.Write {
	p := grant.Principal{Name: name, Role: role}
	switch role {
	case grant.Donor:
		p.State = bound
	case grant.Member:
		p.Organisation = bound
	}
	return ledger.Write{Principal: p}
}

func figure(minor int64) grant.Values {
	return grant.Values{Amount: &money.Amount{Currency: "USD", Minor: minor}}
}

// A confirmation is of what was said: it falls with the values, not with a note; only who gave it, or staff, takes it back; and who comes second does not take its place.
func TestConfirmation(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	create(t, l, award("g", 100))
	donor, member := by("donor", grant.Donor, "US"), by("member", grant.Member, "ecopeace")
	r, _, err := l.CreateReport(t.Context(), member, "g", grant.Report{Kind: grant.MemberStatement, Values: figure(90)})
	if err != nil || r.Organisation != "ecopeace" || r.By != "member" || r.At == 0 || r.Confirmed != 0 {
		t.Fatalf("found %+v, %v", r, err)
	}
	confirmed, g, err := l.ConfirmReport(t.Context(), donor, "g", r.ID)
	if err != nil || confirmed.ConfirmedBy != "donor" || confirmed.Confirmed == 0 || !g.Confirmed() {
		t.Fatalf("found %+v, %v", confirmed, err)
	}
	before := l.State().Revision
	if again, _, err := l.ConfirmReport(t.Context(), member, "g", r.ID); err != nil || again.ConfirmedBy != "donor" || l.State().Revision != before {
		t.Errorf("confirmed once more: %+v, %v", again, err)
	}
	if _, _, err := l.UnconfirmReport(t.Context(), member, "g", r.ID); fault.KindOf(err) != fault.Denied {
		t.Errorf("another's confirmation was taken back: %v", err)
	}
	note := func(_ *grant.Grant, r *grant.Report) error { r.Note = "from the annual accounts"; return nil }
	if noted, _, err := l.UpdateReport(t.Context(), member, "g", r.ID, note); err != nil || noted.Confirmed == 0 {
		t.Errorf("a note dropped the confirmation: %+v, %v", noted, err)
	}
	before = l.State().Revision
	if _, _, err := l.UpdateReport(t.Context(), member, "g", r.ID, note); err != nil || l.State().Revision != before {
		t.Errorf("a change of nothing wrote revision %d: %v", l.State().Revision, err)
	}
	changed, _, err := l.UpdateReport(t.Context(), member, "g", r.ID, func(_ *grant.Grant, r *grant.Report) error { r.Values = figure(80); return nil })
	if err != nil || changed.Confirmed != 0 || changed.ConfirmedBy != "" || changed.At <= r.At {
		t.Errorf("other values are still confirmed: %+v, %v", changed, err)
	}
}

// What a principal may not do is refused, in the words of what it may know, and writes nothing.
func TestReportsAreRefused(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	create(t, l, &grant.Organisation{ID: "embassy", DisplayName: "Embassy", Parent: "usaid"})
	g := award("g", 100)
	g.Funders = append(g.Funders, grant.Participation{Organisation: "embassy"})
	create(t, l, g)
	secret := award("secret", 100)
	secret.Visibility = grant.Restricted
	create(t, l, secret)
	gone := award("gone", 100)
	gone.Visibility = grant.Restricted
	create(t, l, gone)
	if _, err := l.Delete(t.Context(), staff, key("gone")); err != nil {
		t.Fatal(err)
	}
	donor, member, other := by("donor", grant.Donor, "US"), by("member", grant.Member, "ecopeace"), by("other", grant.Member, "embassy-of-nobody")
	theirs, _, err := l.CreateReport(t.Context(), donor, "g", grant.Report{Organisation: "usaid", Kind: grant.DonorStatement, Values: figure(100)})
	if err != nil {
		t.Fatal(err)
	}
	before := l.State().Revision
	report := func(w ledger.Write, id string, r grant.Report) error {
		if r.Kind == 0 {
			r.Kind = grant.MemberStatement
		}
		_, _, err := l.CreateReport(t.Context(), w, id, r)
		return err
	}
	update := func(w ledger.Write, change func(*grant.Report)) error {
		_, _, err := l.UpdateReport(t.Context(), w, "g", theirs.ID, func(_ *grant.Grant, r *grant.Report) error { change(r); return nil })
		return err
	}
	stale := donor
	stale.Etag = "1"
	errOf := func(_ grant.Report, _ *grant.Grant, err error) error { return err }
	_, accepting := l.AcceptReport(t.Context(), donor, "g", theirs.ID, []grant.Field{grant.AmountField})
	_, _, paying := l.CreateTransaction(t.Context(), donor, "g", grant.Transaction{Type: grant.Pledge, Amount: *figure(1).Amount})
	for name, c := range map[string]struct {
		err  error
		kind fault.Kind
		says string
	}{
		"another's name":             {report(member, "g", grant.Report{Organisation: "usaid", Values: figure(1)}), fault.Denied, `"organisations/usaid" is none`},
		"no part in it":              {report(by("se", grant.Donor, "SE"), "g", grant.Report{Values: figure(1)}), fault.Denied, `"grants/g" is none of them`},
		"a viewer":                   {report(by("v", grant.Viewer, ""), "secret", grant.Report{Values: figure(1)}), fault.Denied, "the role VIEWER"},
		"what it does not see":       {report(other, "secret", grant.Report{Values: figure(1)}), fault.NotFound, `"grants/secret" does not exist`},
		"what is not":                {report(other, "nothing", grant.Report{Values: figure(1)}), fault.NotFound, `"grants/nothing" does not exist`},
		"what it did not see":        {report(other, "gone", grant.Report{Values: figure(1)}), fault.NotFound, `"grants/gone" does not exist`},
		"what is deleted":            {report(member, "gone", grant.Report{Values: figure(1)}), fault.NotFound, `"grants/gone" is deleted`},
		"a stale etag":               {report(stale, "g", grant.Report{Organisation: "usaid", Values: figure(1)}), fault.Conflict, "changed by someone else"},
		"nothing said":               {report(member, "g", grant.Report{}), fault.Invalid, "report.amount"},
		"a recipient that is not":    {report(member, "g", grant.Report{Values: grant.Values{Recipients: []string{"nobody"}}}), fault.Invalid, "report.recipients[0]"},
		"what only a merge makes":    {report(staff, "g", grant.Report{Kind: grant.RecordHeld, Values: figure(1)}), fault.Invalid, "report.kind"},
		"one of two voices":          {report(donor, "g", grant.Report{Values: figure(1)}), fault.Invalid, "report.organisation: is missing, and several can be meant: organisations/usaid, organisations/embassy"},
		"a source left out by staff": {report(staff, "g", grant.Report{Values: figure(1)}), fault.Invalid, "report.organisation"},
		"a change of another's":      {update(member, func(r *grant.Report) { r.Note = "x" }), fault.Denied, "another's report"},
		"a change of the source":     {update(donor, func(r *grant.Report) { r.Organisation = "ecopeace" }), fault.Denied, `"organisations/ecopeace" is none`},
		"a change into a record":     {update(staff, func(r *grant.Report) { r.Kind = grant.RecordHeld }), fault.Invalid, "report.kind"},
		"deleting another's":         {errOf(l.DeleteReport(t.Context(), member, "g", theirs.ID)), fault.Denied, "another's report"},
		"confirming no report":       {errOf(l.ConfirmReport(t.Context(), member, "g", "99")), fault.NotFound, `"grants/g/reports/99" does not exist`},
		"confirming as two":          {errOf(l.ConfirmGrant(t.Context(), donor, "g", "")), fault.Invalid, "organisation: is missing, and several"},
		"confirming as nobody":       {errOf(l.ConfirmGrant(t.Context(), staff, "g", "")), fault.Invalid, "organisation: is missing; name"},
		"accepting":                  {accepting, fault.Denied, "the role DONOR may not write grants"},
		"a transaction":              {paying, fault.Denied, "the role DONOR may not write grants"},
	} {
		if c.err == nil || fault.KindOf(c.err) != c.kind || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%s: found %v", name, c.err)
		}
	}
	if l.State().Revision != before {
		t.Errorf("what was refused wrote %d revisions", l.State().Revision-before)
	}
}

// Accepting is one revision, which moves the total by the difference and nothing else; a repeated request gives the first answer; the history tells what came from where.
func TestAcceptReport(t *testing.T) {
	for name, dsn := range stores {
		t.Run(name, func(t *testing.T) {
			l := open(t, dsn(t))
			field(t, l)
			g := award("g", 230_000_000)
			g.Reports = []grant.Report{{ID: g.NextID(), Organisation: "ecopeace", Kind: grant.MemberStatement, Values: figure(235_000_000)}}
			g = create(t, l, g)
			if r := g.Reports[0]; r.By != "tester" || r.At == 0 {
				t.Errorf("a report that came with its grant is of nobody: %+v", r)
			}
			if got := total(t, l, 0); got != fmt.Sprint("2300000.00", 1) {
				t.Errorf("found %s", got)
			}
			before := l.State().Revision
			w := staff
			w.RequestID, w.Fingerprint = "once", "this"
			for range 2 {
				g, err := l.AcceptReport(t.Context(), w, "g", "2", []grant.Field{grant.AmountField})
				if err != nil || g.AcceptedFrom(grant.AmountField) == nil {
					t.Fatalf("found %+v, %v", g, err)
				}
			}
			if got := total(t, l, 0); got != fmt.Sprint("2350000.00", 1) || l.State().Revision != before+1 {
				t.Errorf("found %s at revision %d after %d", got, l.State().Revision, before)
			}
			entries, _, err := l.History(t.Context(), staff.Principal, ledger.HistoryQuery{Key: key("g"), Limit: 1})
			if err != nil || len(entries[0].Changes[0].Fields) != 2 || entries[0].Changes[0].Fields[0].After != `[{"field":"amount","report":"2"}]` {
				t.Errorf("found %+v, %v", entries, err)
			}
			_, rows, err := l.Reconcile(t.Context(), staff.Principal, "g", before)
			if err != nil || rows[0].Said[0].Difference.Share != "0.021739" || rows[0].From != nil {
				t.Errorf("before: found %+v, %v", rows, err)
			}
			_, rows, err = l.Reconcile(t.Context(), staff.Principal, "g", 0)
			if err != nil || rows[0].From.ID != "2" || rows[0].Said[0].Difference.By.Minor != 0 {
				t.Errorf("after: found %+v, %v", rows, err)
			}
		})
	}
}
