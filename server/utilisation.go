package server

import (
	"context"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

func (s programmes) QueryUtilisation(ctx context.Context, r *tandemv1.QueryUtilisationRequest) (*tandemv1.QueryUtilisationResponse, error) {
	at, err := revisionOf(ctx, s.l, r)
	if err != nil {
		return nil, err
	}
	programme := ""
	q, err := read(func(in *reader) analysis.UtilisationQuery {
		programme = in.id("name", r.Name, grant.Programmes)
		return analysis.UtilisationQuery{
			Currency: in.currencyOr("USD", r.Currency), RateDate: in.day("rateDate", r.RateDate), AsOf: in.dayOr(today(s.l), "asOf", r.AsOf), Principal: principalOf(ctx),
		}
	})
	if err != nil {
		return nil, err
	}
	all, revision, err := s.l.Utilisation(ctx, programme, q, at)
	if err != nil {
		return nil, err
	}
	out := &tandemv1.QueryUtilisationResponse{CurrencyCode: string(q.Currency), Revision: revision, AsOf: q.AsOf.String()}
	for _, u := range all {
		out.Provisional = out.Provisional || u.Provisional
		out.Rows = append(out.Rows, writeUtilisation(q.Currency, u)...)
	}
	return out, nil
}

// today is the day by the ledger's clock, in UTC.
func today(l *ledger.Ledger) period.Day { return period.Day(l.Now() / (24 * 60 * 60 * 1_000_000)) }

func writeUtilisation(c money.Currency, u analysis.Utilisation) []*tandemv1.UtilisationRow {
	row := func(part tandemv1.UtilisationRow_Part, use analysis.Use) *tandemv1.UtilisationRow {
		return &tandemv1.UtilisationRow{
			Programme: u.Programme.Key().String(), DisplayName: u.Programme.DisplayName, Part: part,
			Committed: figureOf(c, use.Committed), Disbursed: figureOf(c, use.Disbursed),
		}
	}
	var rows []*tandemv1.UtilisationRow
	for _, e := range u.Envelopes {
		m := row(tandemv1.UtilisationRow_ENVELOPE, e.Use)
		m.Start, m.End, m.Ceiling = e.Envelope.Start.String(), e.Envelope.End.String(), amountOf(e.Envelope.Amount)
		m.ElapsedPercent, m.Overlaps = e.Elapsed, e.Overlaps
		if left, ok := e.Unallocated(); ok {
			m.CeilingCentral, m.Unallocated, m.Overcommitted = e.Ceiling.Decimal(c), left.Decimal(c), left.Cmp(money.Sum{}) < 0
			m.CommittedPercent, m.DisbursedPercent = e.Committed.Central.Percent(*e.Ceiling), e.Disbursed.Central.Percent(*e.Ceiling)
		}
		rows = append(rows, m)
	}
	return append(rows, row(tandemv1.UtilisationRow_OUTSIDE, u.Outside), row(tandemv1.UtilisationRow_WHOLE, u.Whole))
}
