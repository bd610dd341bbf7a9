package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/reconcile"
)

// CreateReport adds a report to a grant, gives it an id, and returns it with the grant. A DONOR or MEMBER that names no organisation reports as its own.
//
// Errors: Denied if the principal may not report, or sees the grant and takes no part in it, or speaks for another; NotFound if there is no such grant, or if the principal may
// not see it, with the same words; Conflict if the etag is stale; Invalid with the fields, whose paths start with "report".
func (l *Ledger) CreateReport(ctx context.Context, w Write, id string, r grant.Report) (grant.Report, *grant.Grant, error) {
	g, err := l.report(ctx, w, id, func(d *draft, g *grant.Grant) error {
		made := r
		if made.Organisation == "" {
			var err error
			if made.Organisation, err = d.voice(w.Principal, g, "report.organisation"); err != nil {
				return err
			}
		}
		made.ID, made.By, made.At = g.NextID(), w.Principal.Name, d.at
		if err := d.checkReport(w.Principal, &made); err != nil {
			return err
		}
		g.Reports = append(g.Reports, made)
		return nil
	})
	if err != nil {
		return r, nil, err
	}
	return g.Reports[len(g.Reports)-1], g, nil // of a repeated request too: it answers with the grant of its first time
}

// UpdateReport changes a report and returns it with the grant. Whoever confirmed it confirmed what it said: the confirmation is dropped when its values or its organisation change.
// Errors as of CreateReport; NotFound also if the grant has no such report; Denied also if it is not the principal's own; Precondition if it is what a merged record held.
func (l *Ledger) UpdateReport(ctx context.Context, w Write, id, report string, change func(*grant.Grant, *grant.Report) error) (grant.Report, *grant.Grant, error) {
	g, err := l.report(ctx, w, id, func(d *draft, g *grant.Grant) error {
		r, err := d.ownReport(w.Principal, g, report)
		if err != nil {
			return err
		}
		was := *r
		if was.Kind == grant.RecordHeld {
			return fault.New(fault.Precondition, "%q is what a merged record held; it is not to be changed", reportName(g, report))
		}
		if err := change(g, r); err != nil {
			return err
		}
		if sameReport(&was, r) {
			*r = was // recipients in another order are no news
			return nil
		}
		if r.Organisation != was.Organisation || !r.Equal(was.Values) {
			r.ConfirmedBy, r.Confirmed = "", 0
		}
		r.By, r.At = w.Principal.Name, d.at
		return d.checkReport(w.Principal, r)
	})
	return reportOf(g, report, err)
}

// DeleteReport takes a report off its grant and returns both. What was accepted from it stays. Errors as of CreateReport; NotFound also if the grant has no such report; Denied
// also if it is not the principal's own.
func (l *Ledger) DeleteReport(ctx context.Context, w Write, id, report string) (grant.Report, *grant.Grant, error) {
	removed := grant.Report{ID: report}
	g, err := l.report(ctx, w, id, func(d *draft, g *grant.Grant) error {
		if _, err := d.ownReport(w.Principal, g, report); err != nil {
			return err
		}
		shown, err := d.shownGrant(w.Principal, g)
		if err != nil {
			return err
		}
		removed = *shown.Report(report)
		g.Reports = slices.DeleteFunc(g.Reports, func(r grant.Report) bool { return r.ID == report })
		return nil
	})
	return removed, g, err
}

// ConfirmReport keeps that the principal says that a report is right, and when. One that is confirmed already stays as it is. Errors as of CreateReport; NotFound also if the
// grant has no such report.
func (l *Ledger) ConfirmReport(ctx context.Context, w Write, id, report string) (grant.Report, *grant.Grant, error) {
	g, err := l.report(ctx, w, id, func(d *draft, g *grant.Grant) error {
		r, err := d.findReport(w.Principal, g, report)
		if err == nil && r.Confirmed == 0 {
			r.ConfirmedBy, r.Confirmed = w.Principal.Name, d.at
		}
		return err
	})
	return reportOf(g, report, err)
}

// UnconfirmReport takes a confirmation back. Errors as of ConfirmReport; Denied also if somebody else confirmed it, unless the principal is staff.
func (l *Ledger) UnconfirmReport(ctx context.Context, w Write, id, report string) (grant.Report, *grant.Grant, error) {
	g, err := l.report(ctx, w, id, func(d *draft, g *grant.Grant) error {
		r, err := d.findReport(w.Principal, g, report)
		if err != nil {
			return err
		}
		if r.Confirmed != 0 && r.ConfirmedBy != w.Principal.Name && !w.Principal.MayWrite(grant.Grants) {
			return fault.New(fault.Denied, "%q was confirmed by another; only they and staff may take that back", reportName(g, report))
		}
		r.ConfirmedBy, r.Confirmed = "", 0
		return nil
	})
	return reportOf(g, report, err)
}

// ConfirmGrant keeps that an organisation says that the record is right as it stands: one more report, of the day of the write, with the values of the record, confirmed.
// organisation may be left out by those who can only speak for one. Errors as of CreateReport; Invalid at "organisation" if it is left out by others.
func (l *Ledger) ConfirmGrant(ctx context.Context, w Write, id, organisation string) (grant.Report, *grant.Grant, error) {
	g, err := l.report(ctx, w, id, func(d *draft, g *grant.Grant) error {
		r := grant.Report{Organisation: organisation, Date: dayOf(d.at), Values: g.Values()}
		if r.Organisation == "" {
			var err error
			if r.Organisation, err = d.voice(w.Principal, g, "organisation"); err != nil {
				return err
			}
		}
		if r.Organisation == "" {
			return fault.Field("organisation", "is missing; name the organisation that says that the record is right")
		}
		switch w.Principal.Role {
		case grant.Donor:
			r.Kind = grant.DonorStatement
		case grant.Member:
			r.Kind = grant.MemberStatement
		default:
			r.Kind = grant.StaffCall
		}
		r.ID, r.By, r.At = g.NextID(), w.Principal.Name, d.at
		r.ConfirmedBy, r.Confirmed = r.By, r.At
		if err := d.checkReport(w.Principal, &r); err != nil {
			return err
		}
		g.Reports = append(g.Reports, r)
		return nil
	})
	if err != nil {
		return grant.Report{}, nil, err
	}
	return g.Reports[len(g.Reports)-1], g, nil
}

// AcceptReport makes what a report states of these fields the record's own, as one revision, and returns the grant. Errors as of Update, since it changes the grant itself;
// NotFound also if the grant has no such report; Invalid also if the report does not state a field.
func (l *Ledger) AcceptReport(ctx context.Context, w Write, id, report string, fields []grant.Field) (*grant.Grant, error) {
	return l.updateGrant(ctx, w, id, func(g *grant.Grant) error {
		r, err := findReport(g, report)
		if err != nil {
			return err
		}
		return g.Accept(r, fields)
	})
}

// Reconcile holds the reports of a grant against each other and against the record, as known at a revision (0: the newest). Errors as of Get; NotFound also if it is deleted.
func (l *Ledger) Reconcile(ctx context.Context, p grant.Principal, id string, at int64) (*grant.Grant, []reconcile.Field, error) {
	key := grant.Key{Kind: grant.Grants, ID: id}
	e, err := l.Get(ctx, p, key, at)
	if err != nil {
		return nil, nil, err
	}
	if e.Ledgered().Deleted != 0 {
		return nil, nil, fault.New(fault.NotFound, "%q is deleted", key)
	}
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return nil, nil, err
	}
	g := e.(*grant.Grant)
	return g, reconcile.Comparer{Rates: state.Rates, Survivor: state.Registry.Survivor}.Grant(g), nil
}

// report changes the reports of a grant. Whether the principal may is decided on the grant as it stands when the write is, so that nothing comes between. Its links are not looked
// at again: reports do not touch them, and what is wrong with one could be hidden from the principal. The grant that is returned is as the principal may see it.
func (l *Ledger) report(ctx context.Context, w Write, id string, change func(*draft, *grant.Grant) error) (*grant.Grant, error) {
	if !w.Principal.MayReport() {
		return nil, fault.New(fault.Denied, "the role %s may not report on grants", w.Principal.Role)
	}
	var changed *grant.Grant
	err := l.commit(ctx, w, func(d *draft) error {
		g, err := d.reportable(w, id)
		if err != nil {
			return err
		}
		before, err := encode(g)
		if err != nil {
			return err
		}
		if err := change(d, g); err != nil {
			return err
		}
		changed = g
		if differs, err := differs("grant", before, g); err != nil || !differs {
			return err
		}
		return d.put(func(int) string { return "grant" }, g)
	}, func(earlier []grant.Entity) error { changed = earlier[0].(*grant.Grant); return nil })
	if err != nil {
		return nil, err
	}
	return l.State().shownGrant(w.Principal, changed)
}

// reportable returns a grant on which the principal may report. One that it does not see does not exist for it, deleted or not.
func (d *draft) reportable(w Write, id string) (*grant.Grant, error) {
	key := grant.Key{Kind: grant.Grants, ID: id}
	e, err := d.standing(w, key)
	if err != nil {
		return nil, err
	}
	g := e.(*grant.Grant)
	if !d.registry.MayReportOn(w.Principal, g) {
		return nil, fault.New(fault.Denied, "a %s may report on the grants that it takes part in, and %q is none of them", w.Principal.Role, key)
	}
	return g, nil
}

// voice returns the organisation as which a principal that names none reports on a grant, "" for staff, who have none. Errors: Invalid, at a field, if there are several.
func (d *draft) voice(p grant.Principal, g *grant.Grant, field string) (string, error) {
	switch own := d.registry.Voices(p, g); len(own) {
	case 0:
		return "", nil
	case 1:
		return own[0], nil
	default:
		names := make([]string, len(own))
		for i, id := range own {
			names[i] = grant.Key{Kind: grant.Organisations, ID: id}.String()
		}
		return "", fault.Field(field, "is missing, and several can be meant: %s", strings.Join(names, ", "))
	}
}

// checkReport refuses a report that is not valid, names what does not exist, or speaks for one for whom the principal may not.
func (d *draft) checkReport(p grant.Principal, r *grant.Report) error {
	var v fault.List
	v.Merge("report", r.Validate())
	v.Merge("report", noRecord(r))
	for ref := range r.References() {
		if !d.registry.Has(ref.Key) {
			v.Add("report."+ref.Field(), "%q does not exist", ref.Key)
		}
	}
	if err := v.Err(); err != nil {
		return err
	}
	if !d.registry.SpeaksFor(p, r.Organisation) {
		return fault.New(fault.Denied, "a %s reports as an organisation of its own, and %q is none", p.Role, grant.Key{Kind: grant.Organisations, ID: r.Organisation})
	}
	return nil
}

// ownReport returns a report that the principal may change and delete.
func (d *draft) ownReport(p grant.Principal, g *grant.Grant, id string) (*grant.Report, error) {
	r, err := d.findReport(p, g, id)
	if err == nil && !d.registry.Owns(p, r) {
		return nil, fault.New(fault.Denied, "%q is another's report; a %s may change its own", reportName(g, id), p.Role)
	}
	return r, err
}

// findReport returns a report that the principal sees.
func (d *draft) findReport(p grant.Principal, g *grant.Grant, id string) (*grant.Report, error) {
	shown, err := d.shownGrant(p, g)
	if err != nil {
		return nil, err
	}
	if _, err := findReport(shown, id); err != nil {
		return nil, err
	}
	return findReport(g, id)
}

// shownGrant returns a grant as the principal sees it. For those who see everything it is the grant itself, and no state need be brought up for them.
func (d *draft) shownGrant(p grant.Principal, g *grant.Grant) (*grant.Grant, error) {
	if p.SeesAll() {
		return g, nil
	}
	return d.pending.flush().shownGrant(p, g)
}

func findReport(g *grant.Grant, id string) (*grant.Report, error) {
	if r := g.Report(id); r != nil {
		return r, nil
	}
	return nil, fault.New(fault.NotFound, "%q does not exist", reportName(g, id))
}

func reportName(g *grant.Grant, id string) string { return g.Key().String() + "/reports/" + id }

// reportOf returns a report of the grant that a write left.
func reportOf(g *grant.Grant, id string, err error) (grant.Report, *grant.Grant, error) {
	if err != nil {
		return grant.Report{ID: id}, nil, err
	}
	r, err := findReport(g, id)
	if err != nil {
		return grant.Report{ID: id}, nil, err
	}
	return *r, g, nil
}

// sameReport tells whether a report says the same as before, from the same source.
func sameReport(a, b *grant.Report) bool {
	return a.Organisation == b.Organisation && a.Kind == b.Kind && a.Date == b.Date && a.URI == b.URI && a.Note == b.Note && a.Equal(b.Values)
}

// noRecords refuses, as Invalid, a new grant with reports that only a merge makes.
func noRecords(e grant.Entity) error {
	var v fault.List
	if g, ok := e.(*grant.Grant); ok {
		for i := range g.Reports {
			v.Merge(fmt.Sprintf("reports[%d]", i), noRecord(&g.Reports[i]))
		}
	}
	return v.Err()
}

func noRecord(r *grant.Report) error {
	if r.Kind == grant.RecordHeld {
		return fault.Field("kind", "found %s, which only a merge makes; accepted are DONOR_STATEMENT, MEMBER_STATEMENT, IATI_PUBLICATION, PRESS and STAFF_CALL", r.Kind)
	}
	return nil
}

// signReports notes on the reports that come with a new grant who wrote them, and when.
func signReports(e grant.Entity, by string, at int64) {
	if g, ok := e.(*grant.Grant); ok {
		for i := range g.Reports {
			g.Reports[i].By, g.Reports[i].At = by, at
		}
	}
}
