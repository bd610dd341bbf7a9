package server

import (
	"context"
	"strconv"
	"strings"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/reconcile"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

func (s reports) ReconcileGrant(ctx context.Context, r *tandemv1.ReconcileGrantRequest) (*tandemv1.ReconcileGrantResponse, error) {
	at, err := revisionOf(ctx, s.l, r)
	if err != nil {
		return nil, err
	}
	id, _ := splitName(r.Name)
	g, fields, err := s.l.Reconcile(ctx, principalOf(ctx), id, at)
	if err != nil {
		return nil, err
	}
	out := &tandemv1.ReconcileGrantResponse{Name: g.Key().String(), Revision: g.Revision}
	for _, f := range fields {
		m := &tandemv1.ReconcileGrantResponse_Field{
			Field: string(f.Field), Canonical: textOf(f.Field, f.Canonical), CanonicalReport: nameOfReport(g, f.From), Differs: f.Differs,
		}
		if f.Canonical.Amount != nil {
			m.CanonicalAmount = amountOf(*f.Canonical.Amount)
		}
		for _, said := range f.Said {
			m.Values = append(m.Values, writeSaid(g, f.Field, said))
		}
		out.Fields = append(out.Fields, m)
		out.Differs = out.Differs || f.Differs
	}
	return out, nil
}

func writeSaid(g *grant.Grant, f grant.Field, said reconcile.Said) *tandemv1.ReconcileGrantResponse_Value {
	r := said.Report
	m := &tandemv1.ReconcileGrantResponse_Value{
		Report: nameOfReport(g, r), Organisation: nameOf(grant.Organisations, r.Organisation), Kind: reportKinds.out(r.Kind), Date: r.Date.String(), Value: textOf(f, r.Values),
		Agrees: said.Verdict == reconcile.Agrees, Differs: said.Verdict == reconcile.Differs, Confirmed: r.Confirmed != 0,
	}
	if f == grant.AmountField {
		m.Amount = amountOf(*r.Amount)
	}
	if d := said.Difference; d != nil {
		m.Difference = &tandemv1.ReconcileGrantResponse_Difference{Share: d.Share, Converted: d.Converted, Provisional: d.Provisional, Incomparable: d.Incomparable}
		if d.Incomparable == "" {
			m.Difference.Money = moneyOf(d.By.Currency, d.By.Minor)
		}
	}
	return m
}

// textOf writes what is said of a field, and nothing for what is not said.
func textOf(f grant.Field, v grant.Values) string {
	switch {
	case !v.States(f):
		return ""
	case f == grant.AmountField:
		return textOfAmount(*v.Amount)
	case f == grant.DurationField:
		return strconv.Itoa(v.DurationMonths)
	case f == grant.RecipientsField:
		names := make([]string, len(v.Recipients))
		for i, id := range v.Recipients {
			names[i] = nameOf(grant.Organisations, id)
		}
		return strings.Join(names, ", ")
	}
	only := v.Only(f)
	if f == grant.StatusField {
		return only.Status.String()
	}
	return only.AwardDate.String() + only.Start.String() + only.End.String() // of which only one is there
}

// textOfAmount writes an amount as the command line reads it.
func textOfAmount(a money.Amount) string {
	words := map[money.Qualifier]string{money.AtLeast: "at least ", money.UpTo: "up to ", money.Rounded: "about "}
	switch a.Qualifier {
	case money.Unknown:
		return "unknown"
	case money.Range:
		return money.FormatMinor(a.Currency, a.Low) + ".." + money.FormatMinor(a.Currency, a.High) + " " + string(a.Currency)
	}
	return words[a.Qualifier] + money.FormatMinor(a.Currency, a.Minor) + " " + string(a.Currency)
}
