package server

import (
	"context"

	"google.golang.org/genproto/googleapis/api/httpbody"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
	"github.com/allmep/tandem/server/brief"
)

type briefs struct {
	tandemv1.UnimplementedBriefServiceServer
	l *ledger.Ledger
}

func (s briefs) GetBrief(ctx context.Context, r *tandemv1.GetBriefRequest) (*tandemv1.Brief, error) {
	at, err := revisionOf(ctx, s.l, r)
	if err != nil {
		return nil, err
	}
	q, err := read(func(in *reader) ledger.BriefQuery { return readBriefQuery(in, r) })
	if err != nil {
		return nil, err
	}
	q.Principal = principalOf(ctx)
	if q.AsOf == 0 {
		q.AsOf = today(s.l)
	}
	b, err := s.l.Brief(ctx, q, at)
	if err != nil {
		return nil, err
	}
	return writeBrief(b), nil
}

func (s briefs) RenderBrief(ctx context.Context, r *tandemv1.RenderBriefRequest) (*httpbody.HttpBody, error) {
	asked := r.Brief
	if asked == nil {
		asked = &tandemv1.GetBriefRequest{}
	}
	b, err := s.GetBrief(ctx, asked)
	if err != nil {
		return nil, err
	}
	if r.Document == tandemv1.RenderBriefRequest_MARKDOWN {
		text, err := brief.Markdown(b)
		return &httpbody.HttpBody{ContentType: "text/markdown; charset=utf-8", Data: text}, err
	}
	page, err := brief.HTML(b)
	return &httpbody.HttpBody{ContentType: "text/html; charset=utf-8", Data: page}, err
}

func readBriefQuery(in *reader, r *tandemv1.GetBriefRequest) ledger.BriefQuery {
	q := ledger.BriefQuery{
		DonorState: r.DonorState, Member: in.id("member", r.Member, grant.Organisations), Currency: "USD", AsOf: in.date("asOf", r.AsOf).Last(),
	}
	q.From, q.To = in.window(r.From, r.To)
	if r.DonorState != "" && r.Member != "" {
		in.Add("member", "is given together with donorState; accepted is one of them, or neither for the whole coalition")
	}
	if r.CurrencyCode != "" {
		q.Currency = in.currency("currencyCode", r.CurrencyCode)
	}
	return q
}

func writeBrief(b ledger.Brief) *tandemv1.Brief {
	m := &tandemv1.Brief{
		Subject: b.DonorState, SubjectLabel: b.Label, AsOf: b.AsOf.String(), From: b.From.String(), To: b.To.String(), CurrencyCode: string(b.Currency),
		Provisional: b.Provisional, Revision: b.Revision, EndingCount: int32(b.EndingCount), StaleCount: int32(b.StaleCount),
	}
	if b.Member != "" {
		m.Subject = nameOf(grant.Organisations, b.Member)
	}
	for _, t := range b.Totals {
		m.Totals = append(m.Totals, &tandemv1.Brief_Total{Measure: t.Measure.String(), Figures: writeRow(b.Currency, t.Row)})
	}
	for _, d := range b.Breakdowns {
		out := &tandemv1.Brief_Breakdown{}
		for _, by := range d.GroupBy {
			out.GroupBy = append(out.GroupBy, by.String())
		}
		for _, row := range d.Rows {
			out.Rows = append(out.Rows, writeRow(b.Currency, row))
		}
		m.Breakdowns = append(m.Breakdowns, out)
	}
	for _, g := range b.Endings {
		e := &tandemv1.Brief_Ending{Grant: g.Grant.Key().String(), Title: g.Grant.Title, Funders: g.Funders, Recipients: g.Recipients, End: g.Ending.End.String()}
		if g.Ending.Known {
			e.LastYear = g.Ending.LastYear.Decimal(b.Currency)
		}
		m.Endings = append(m.Endings, e)
	}
	for _, g := range b.Stale {
		m.Stale = append(m.Stale, &tandemv1.Brief_Stale{Grant: g.Grant.Key().String(), Title: g.Grant.Title, UpdateTime: timeOf(g.Grant.Updated)})
	}
	m.OverlapCount, m.GapCount = int32(b.OverlapCount), int32(b.GapCount)
	for _, o := range b.Overlaps {
		m.Overlaps = append(m.Overlaps, writeOverlap(b.Currency, o))
	}
	for _, g := range b.Gaps {
		m.Gaps = append(m.Gaps, writeGap(b.Currency, g))
	}
	for _, r := range b.Remarks {
		remark := &tandemv1.Brief_Remark{Kind: r.Kind, Text: r.Text, GrantCount: int32(r.Count)}
		for _, id := range r.Grants {
			remark.Grants = append(remark.Grants, nameOf(grant.Grants, id))
		}
		m.Remarks = append(m.Remarks, remark)
	}
	return m
}
