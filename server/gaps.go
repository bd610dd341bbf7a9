package server

import (
	"context"
	"math/big"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/money"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type gaps struct {
	tandemv1.UnimplementedGapServiceServer
	l *ledger.Ledger
}

func (s gaps) QueryGaps(ctx context.Context, r *tandemv1.QueryGapsRequest) (*tandemv1.QueryGapsResponse, error) {
	at, err := revisionOf(ctx, s.l, r)
	if err != nil {
		return nil, err
	}
	after, err := readToken(r, r.PageToken)
	if err != nil {
		return nil, err
	}
	q, err := read(func(in *reader) analysis.GapQuery { return readGapQuery(in, r) })
	if err != nil {
		return nil, err
	}
	if r.AsOf == "" {
		q.AsOf = today(s.l)
	}
	if q.Filter, err = readFilter(r); err != nil {
		return nil, err
	}
	q.Limit, q.Principal = pageSize(r.PageSize, defaultPage), principalOf(ctx)
	if after != nil {
		q.After = &analysis.GapCursor{Kind: analysis.GapKind(after.Value), Amount: after.Central, Of: after.ID}
	}
	res, revision, err := s.l.Gaps(ctx, q, at)
	if err != nil {
		return nil, err
	}
	out := &tandemv1.QueryGapsResponse{
		TotalSize: int32(res.Count), CurrencyCode: string(q.Currency), Provisional: res.Provisional, Revision: revision, AsOf: q.AsOf.String(),
		UnknownAmountCount: int32(res.UnknownCount), UnconvertedCount: int32(res.UnconvertedCount), UndatedCount: int32(res.UndatedCount), Defects: res.Defects,
	}
	for _, g := range res.Gaps {
		out.Gaps = append(out.Gaps, writeGap(q.Currency, g))
	}
	if res.Next != nil {
		out.NextPageToken = nextToken(r, token{Value: int64(res.Next.Kind), ID: res.Next.Of, Central: res.Next.Amount})
	}
	return out, nil
}

func readGapQuery(in *reader, r *tandemv1.QueryGapsRequest) analysis.GapQuery {
	q := analysis.GapQuery{Kinds: gapKinds.all(r.Kind), AsOf: in.day("asOf", r.AsOf).First, Depth: int(r.Depth), Explain: r.Explain, Thresholds: analysis.DefaultThresholds()}
	q.Currency, q.From, q.To, q.RateDate = readLook(in, r)
	q.MinAmount = in.minor("minAmount", q.Currency, r.MinAmount)
	if r.CliffPercent != nil {
		q.Cliff = in.percent("cliffPercent", r.GetCliffPercent())
	}
	if r.DependencyPercent != nil {
		q.Dependency = in.percent("dependencyPercent", r.GetDependencyPercent())
	}
	if r.StaleMonths != nil {
		q.StaleMonths = int(r.GetStaleMonths())
	}
	if r.LatePoints != nil {
		q.Late = in.percent("latePoints", r.GetLatePoints())
	}
	return q
}

var gapKinds = wordList[tandemv1.Gap_Kind, analysis.GapKind]{
	{tandemv1.Gap_UNFUNDED_MEMBER, analysis.UnfundedMember},
	{tandemv1.Gap_UNMET_TARGET, analysis.UnmetTarget},
	{tandemv1.Gap_CLIFF, analysis.Cliff},
	{tandemv1.Gap_DEPENDENCY, analysis.Dependency},
	{tandemv1.Gap_STALE_PLEDGE, analysis.StalePledge},
	{tandemv1.Gap_LATE_DISBURSEMENT, analysis.LateDisbursement},
}

func writeGap(c money.Currency, g analysis.Gap) *tandemv1.Gap {
	sum := func(s *money.Sum) string {
		if s == nil {
			return ""
		}
		return s.Decimal(c)
	}
	m := &tandemv1.Gap{
		Kind: gapKinds.out(g.Kind), Organisation: nameOf(grant.Organisations, g.Organisation), Before: sum(g.Before), After: sum(g.After), Amount: sum(g.Amount),
		Share: float(g.Share), Reason: g.Reason, Target: nameOf(grant.Targets, g.Target), DonorState: g.DonorState, Whole: sum(g.Whole), Part: sum(g.Part), Hhi: float(g.HHI),
		ParentLocation: sum(g.ParentLocation), UnspecifiedLocation: sum(g.UnspecifiedLocation), LastUpdateTime: timeOf(g.LastUpdate), Inexact: g.Inexact, GrantCount: int32(g.GrantCount),
	}
	if g.Window.First > analysis.MinDay {
		m.From = g.Window.First.String()
	}
	if g.Window.Last < analysis.MaxDay {
		m.To = g.Window.Last.String()
	}
	if g.Cell != nil {
		m.Cell = &tandemv1.Gap_Cell{
			Theme: specified(grant.Themes, g.Cell.Theme), Location: specified(grant.Locations, g.Cell.Location), Population: specified(grant.Populations, g.Cell.Population),
		}
	}
	for _, x := range g.Explained {
		m.Explanation = append(m.Explanation, &tandemv1.Gap_ExplainedFigure{Figure: x.Figure, Grants: writeExplanations(c, x.Grants)})
	}
	for _, id := range g.Grants {
		m.Grants = append(m.Grants, nameOf(grant.Grants, id))
	}
	return m
}

// float is the nearest number to a fraction, for JSON; nil is none.
func float(r *big.Rat) *float64 {
	if r == nil {
		return nil
	}
	f, _ := r.Float64()
	return &f
}
