package server

import (
	"context"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

func (s targets) QueryCoverage(ctx context.Context, r *tandemv1.QueryCoverageRequest) (*tandemv1.QueryCoverageResponse, error) {
	at, err := revisionOf(ctx, s.l, r)
	if err != nil {
		return nil, err
	}
	filter, err := readTargetFilter(r)
	if err != nil {
		return nil, err
	}
	q, err := read(func(in *reader) analysis.CoverageQuery {
		return analysis.CoverageQuery{
			Currency: in.currencyOr("", r.Currency), RateDate: in.day("rateDate", r.RateDate), AsOf: in.dayOr(today(s.l), "asOf", r.AsOf), Principal: principalOf(ctx),
		}
	})
	if err != nil {
		return nil, err
	}
	all, revision, err := s.l.Coverage(ctx, filter, q, at)
	if err != nil {
		return nil, err
	}
	out := &tandemv1.QueryCoverageResponse{Revision: revision, AsOf: q.AsOf.String()}
	for _, c := range all {
		out.Provisional = out.Provisional || c.Provisional
		out.Rows = append(out.Rows, writeCoverage(c))
	}
	return out, nil
}

func writeCoverage(c analysis.Coverage) *tandemv1.CoverageRow {
	t := c.Target
	m := &tandemv1.CoverageRow{
		Target: t.Key().String(), Theme: nameOf(grant.Themes, t.Theme), Location: nameOf(grant.Locations, t.Location), Population: nameOf(grant.Populations, t.Population),
		Start: t.Start.String(), End: t.End.String(), CurrencyCode: string(c.Currency), Allocated: figureOf(c.Currency, c.Allocated), Undated: figureOf(c.Currency, c.Undated),
		CoveragePercent: c.Percent(), ElapsedPercent: c.Elapsed,
	}
	if missing, ok := c.Missing(); ok {
		m.Wanted, m.Missing = c.Wanted.Decimal(c.Currency), missing.Decimal(c.Currency)
	}
	return m
}
