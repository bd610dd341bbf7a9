package server

import (
	"context"
	"strings"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type overlaps struct {
	tandemv1.UnimplementedOverlapServiceServer
	l *ledger.Ledger
}

func (s overlaps) QueryOverlaps(ctx context.Context, r *tandemv1.QueryOverlapsRequest) (*tandemv1.QueryOverlapsResponse, error) {
	at, err := revisionOf(ctx, s.l, r)
	if err != nil {
		return nil, err
	}
	after, err := readToken(r, r.PageToken)
	if err != nil {
		return nil, err
	}
	q, err := read(func(in *reader) analysis.OverlapQuery {
		q := readOverlapQuery(in, r)
		q.MinAmount = in.minor("minAmount", q.Currency, r.MinAmount)
		return q
	})
	if err != nil {
		return nil, err
	}
	if q.Filter, err = readFilter(r); err != nil {
		return nil, err
	}
	q.Scope, q.Undecided, q.Explain, q.Limit, q.Principal = scopeOf(r.Scope), r.Undecided, r.Explain, pageSize(r.PageSize, defaultPage), principalOf(ctx)
	if r.OrderBy == "name" {
		q.Order = analysis.OverlapsByName
	}
	if after != nil {
		q.After = &analysis.OverlapCursor{Amount: after.Value, Name: after.ID}
	}
	res, revision, err := s.l.Overlaps(ctx, q, at)
	if err != nil {
		return nil, err
	}
	out := &tandemv1.QueryOverlapsResponse{
		TotalSize: int64(res.Count), PairAmountTotal: res.PairTotal.Decimal(q.Currency), CurrencyCode: string(q.Currency), Provisional: res.Provisional, Revision: revision,
		UnknownAmountCount: int32(res.UnknownCount), UnconvertedCount: int32(res.UnconvertedCount), UndatedCount: int32(res.UndatedCount),
		UnspecifiedRecipient: res.UnspecifiedRecipient.Decimal(q.Currency), UnspecifiedTheme: res.UnspecifiedTheme.Decimal(q.Currency),
		UnspecifiedLocation: res.UnspecifiedLocation.Decimal(q.Currency), UnspecifiedPopulation: res.UnspecifiedPopulation.Decimal(q.Currency), Defects: res.Defects,
	}
	for _, o := range res.Overlaps {
		out.Overlaps = append(out.Overlaps, writeOverlap(q.Currency, o))
	}
	for _, u := range res.Undisclosed {
		out.Undisclosed = append(out.Undisclosed, &tandemv1.QueryOverlapsResponse_Undisclosed{
			Recipient: specified(grant.Organisations, u.Recipient), Theme: specified(grant.Themes, u.Theme), Location: specified(grant.Locations, u.Location),
			Population: specified(grant.Populations, u.Population),
		})
	}
	if res.Next != nil {
		out.NextPageToken = nextToken(r, token{Value: res.Next.Amount, ID: res.Next.Name})
	}
	return out, nil
}

func (s overlaps) GetOverlap(ctx context.Context, r *tandemv1.GetOverlapRequest) (*tandemv1.Overlap, error) {
	at, err := revisionOf(ctx, s.l, r)
	if err != nil {
		return nil, err
	}
	var id grant.OverlapID
	q, err := read(func(in *reader) analysis.OverlapQuery {
		id = in.overlap("name", r.Name)
		return readOverlapQuery(in, r)
	})
	if err != nil {
		return nil, err
	}
	q.Explain, q.Principal = r.Explain, principalOf(ctx)
	o, _, err := s.l.Overlap(ctx, q, id, at)
	if err != nil {
		return nil, err
	}
	return writeOverlap(q.Currency, o), nil
}

func (s overlaps) QueryOverlapClusters(ctx context.Context, r *tandemv1.QueryOverlapClustersRequest) (*tandemv1.QueryOverlapClustersResponse, error) {
	at, err := revisionOf(ctx, s.l, r)
	if err != nil {
		return nil, err
	}
	after, err := readToken(r, r.PageToken)
	if err != nil {
		return nil, err
	}
	overlaps, err := read(func(in *reader) analysis.OverlapQuery { return readOverlapQuery(in, r) })
	if err != nil {
		return nil, err
	}
	if overlaps.Filter, err = readFilter(r); err != nil {
		return nil, err
	}
	overlaps.Scope, overlaps.Limit, overlaps.Principal = scopeOf(r.Scope), pageSize(r.PageSize, defaultPage), principalOf(ctx)
	q := analysis.ClusterQuery{OverlapQuery: overlaps, MinDepth: int(r.MinDepth)}
	if after != nil {
		q.After = &analysis.ClusterCursor{Depth: int(after.Value), Name: after.ID}
	}
	res, revision, err := s.l.Clusters(ctx, q, at)
	if err != nil {
		return nil, err
	}
	out := &tandemv1.QueryOverlapClustersResponse{TotalSize: int32(res.Count), Revision: revision}
	for _, c := range res.Clusters {
		out.Clusters = append(out.Clusters, writeCluster(c))
	}
	if res.Next != nil {
		out.NextPageToken = nextToken(r, token{Value: int64(res.Next.Depth), ID: res.Next.Name})
	}
	return out, nil
}

func (s overlaps) DecideOverlap(ctx context.Context, r *tandemv1.DecideOverlapRequest) (*tandemv1.OverlapDecision, error) {
	id, err := read(func(in *reader) grant.OverlapID { return in.overlap("name", r.Name) })
	if err != nil {
		return nil, err
	}
	d, err := s.l.Decide(ctx, writeOf(ctx, r, r.Etag), id, verdicts.in(r.Verdict), r.Reason)
	if err != nil {
		return nil, err
	}
	return &tandemv1.OverlapDecision{
		Name: overlapName(d.Overlap), Verdict: verdicts.out(d.Verdict), Reason: d.Reason, DecidedBy: d.By, DecideTime: timeOf(d.Updated), Etag: etagOf(&d.Meta),
	}, nil
}

// lookedAt is what requests say of how money is looked at.
type lookedAt interface {
	GetCurrency() string
	GetFrom() string
	GetTo() string
	GetRateDate() string
}

// readLook reads a currency (the dollar when there is none), a window and the day of the rates.
func readLook(in *reader, r lookedAt) (c money.Currency, from, to, rateDate period.Date) {
	c = in.currencyOr("USD", r.GetCurrency())
	from, to = in.window(r.GetFrom(), r.GetTo())
	return c, from, to, in.day("rateDate", r.GetRateDate())
}

func readOverlapQuery(in *reader, r interface {
	lookedAt
	GetDepth() int32
},
) analysis.OverlapQuery {
	q := analysis.OverlapQuery{Depth: int(r.GetDepth())}
	q.Currency, q.From, q.To, q.RateDate = readLook(in, r)
	return q
}

// minor reads an amount of a currency that is known; nothing is 0.
func (r *reader) minor(field string, c money.Currency, s string) int64 {
	if s == "" || c == "" {
		return 0
	}
	m, err := money.Parse(c, s)
	if err != nil {
		r.Add(field, "%v", err)
	}
	return m.Minor
}

// overlap reads the name of an overlap.
func (r *reader) overlap(field, name string) grant.OverlapID {
	id, err := grant.ParseOverlapID(strings.TrimPrefix(name, "overlaps/"))
	if err != nil {
		r.Add(field, "%v", err)
	}
	return id
}

func overlapName(id grant.OverlapID) string { return "overlaps/" + id.String() }

var scopes = wordList[tandemv1.Overlap_Scope, grant.Scope]{
	{tandemv1.Overlap_MEMBER, grant.MemberScope},
	{tandemv1.Overlap_CELL, grant.CellScope},
}

func scopeOf(s tandemv1.Overlap_Scope) grant.Scope {
	if s == tandemv1.Overlap_SCOPE_UNSPECIFIED {
		return grant.MemberScope
	}
	return scopes.in(s)
}

var verdicts = wordList[tandemv1.Overlap_Verdict, grant.Verdict]{
	{tandemv1.Overlap_SAME_GRANT, grant.SameGrant},
	{tandemv1.Overlap_SUB_GRANT, grant.SubGrant},
	{tandemv1.Overlap_CO_FUNDED, grant.CoFunded},
	{tandemv1.Overlap_OVERLAP, grant.Overlaps},
	{tandemv1.Overlap_DISTINCT, grant.Distinct},
}

// specified is the resource name of a record, "unspecified" for what is not specified, and nothing for nothing.
func specified(kind grant.Kind, id string) string {
	if id == grant.Unspecified {
		return id
	}
	return nameOf(kind, id)
}

func writeOverlap(c money.Currency, o analysis.Overlap) *tandemv1.Overlap {
	relative, _ := o.Relative().Float64()
	m := &tandemv1.Overlap{
		Name: overlapName(o.ID), Scope: scopes.out(o.ID.Scope), DonorStates: o.ID.States[:], From: o.Window.First.String(), To: o.Window.Last.String(),
		Amount: money.FormatMinor(c, o.Amount), Relative: relative, Reason: o.Reason, Verdict: verdicts.out(o.Suggested), SuggestedVerdict: verdicts.out(o.Suggested),
		SuggestionReason: o.Grounds, Inexact: o.Inexact, Explanation: writeExplanations(c, o.Explanations),
	}
	for i := range o.ID.Grants {
		m.Grants = append(m.Grants, nameOf(grant.Grants, o.ID.Grants[i]))
		m.Totals = append(m.Totals, money.FormatMinor(c, o.Totals[i]))
		if i == 0 || o.ID.Scope == grant.CellScope {
			m.Recipients = append(m.Recipients, specified(grant.Organisations, o.ID.Recipients[i]))
		}
	}
	for _, cell := range o.Cells {
		m.Cells = append(m.Cells, &tandemv1.Overlap_Cell{
			Theme: specified(grant.Themes, cell.Theme), Location: specified(grant.Locations, cell.Location), Population: specified(grant.Populations, cell.Population),
			Amounts: []string{money.FormatMinor(c, cell.Amounts[0]), money.FormatMinor(c, cell.Amounts[1])}, Overlap: money.FormatMinor(c, cell.Overlap),
		})
	}
	if d := o.Decision; d != nil {
		m.Verdict, m.DecidedBy, m.DecideTime, m.DecisionReason, m.DecisionEtag = verdicts.out(d.Verdict), d.By, timeOf(d.Updated), d.Reason, etagOf(&d.Meta)
	}
	return m
}

func writeCluster(c analysis.Cluster) *tandemv1.OverlapCluster {
	m := &tandemv1.OverlapCluster{
		Recipient: specified(grant.Organisations, c.Recipient), Theme: specified(grant.Themes, c.Theme), Location: specified(grant.Locations, c.Location),
		Population: specified(grant.Populations, c.Population), Depth: int32(c.Depth),
	}
	for _, s := range c.Segments {
		segment := &tandemv1.OverlapCluster_Segment{From: s.Window.First.String(), To: s.Window.Last.String(), Depth: int32(len(s.DonorStates)), DonorStates: s.DonorStates, GrantCount: int32(s.GrantCount)}
		for _, id := range s.Grants {
			segment.Grants = append(segment.Grants, nameOf(grant.Grants, id))
		}
		m.Segments = append(m.Segments, segment)
	}
	return m
}
