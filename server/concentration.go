package server

import (
	"context"
	"sort"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/money"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type concentration struct {
	tandemv1.UnimplementedConcentrationServiceServer
	l *ledger.Ledger
}

func (s concentration) QueryConcentration(ctx context.Context, r *tandemv1.QueryConcentrationRequest) (*tandemv1.QueryConcentrationResponse, error) {
	at, err := revisionOf(ctx, s.l, r)
	if err != nil {
		return nil, err
	}
	after, err := readToken(r, r.PageToken)
	if err != nil {
		return nil, err
	}
	q, err := read(func(in *reader) (q analysis.ConcentrationQuery) {
		q.Currency, q.From, q.To, q.RateDate = readLook(in, r)
		return q
	})
	if err != nil {
		return nil, err
	}
	if q.Filter, err = readFilter(r); err != nil {
		return nil, err
	}
	switch r.By {
	case "theme":
		q.By = analysis.Theme
	case "donor_state":
		q.By = analysis.DonorState
	default:
		q.By = analysis.Member
	}
	q.Principal = principalOf(ctx)
	res, revision, err := s.l.Concentration(ctx, q, at)
	if err != nil {
		return nil, err
	}
	out := &tandemv1.QueryConcentrationResponse{
		Whole: writeConcentration(q.Currency, res.Whole), CurrencyCode: string(q.Currency), Provisional: res.Provisional, Revision: revision,
		Unspecified: res.Unspecified.Decimal(q.Currency), Defects: res.Defects,
	}
	rows := res.Rows
	if after != nil {
		rows = rows[sort.Search(len(rows), func(i int) bool { return rows[i].Key > after.ID }):]
	}
	if size := pageSize(r.PageSize, defaultRows); len(rows) > size {
		rows = rows[:size]
		out.NextPageToken = nextToken(r, token{ID: rows[size-1].Key})
	}
	for _, c := range rows {
		out.Rows = append(out.Rows, writeConcentration(q.Currency, c))
	}
	return out, nil
}

func writeConcentration(c money.Currency, row analysis.Concentration) *tandemv1.ConcentrationRow {
	m := &tandemv1.ConcentrationRow{
		Key: row.Key, Label: row.Label, Total: row.Total.Decimal(c), RelationCount: int32(row.Count), SignificantCount: int32(row.Significant), Largest: row.Largest,
		LargestLabel: row.LargestLabel, LargestAmount: row.LargestAmount.Decimal(c), Inexact: row.Inexact,
	}
	for to, r := range map[*float64]*float64{
		&m.LargestShare: float(row.Share), &m.Hhi: float(row.HHI), &m.ConcentrationRatio: float(row.ConcentrationRatio()), &m.FragmentationRatio: float(row.FragmentationRatio()),
	} {
		if r != nil {
			*to = *r
		}
	}
	return m
}
