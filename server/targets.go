package server

import (
	"context"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type targets struct {
	tandemv1.UnimplementedTargetServiceServer
	l *ledger.Ledger
}

func (s targets) GetTarget(ctx context.Context, r *tandemv1.GetTargetRequest) (*tandemv1.Target, error) {
	return get(ctx, s.l, target, r)
}

func (s targets) ListTargets(ctx context.Context, r *tandemv1.ListTargetsRequest) (*tandemv1.ListTargetsResponse, error) {
	p, err := listBy(ctx, s.l, target, r, func(q ledger.ListQuery, at int64) (ledger.Page, error) {
		filter, err := readTargetFilter(r)
		if err != nil {
			return ledger.Page{}, err
		}
		return s.l.Targets(ctx, filter, q, at)
	})
	return &tandemv1.ListTargetsResponse{Targets: p.items, NextPageToken: p.next, TotalSize: p.total, Revision: p.revision}, err
}

func (s targets) CreateTarget(ctx context.Context, r *tandemv1.CreateTargetRequest) (*tandemv1.Target, error) {
	return create(ctx, s.l, target, r, r.TargetId, r.Target)
}

func (s targets) UpdateTarget(ctx context.Context, r *tandemv1.UpdateTargetRequest) (*tandemv1.Target, error) {
	return update(ctx, s.l, target, r, r.Target, nil)
}

func (s targets) DeleteTarget(ctx context.Context, r *tandemv1.DeleteTargetRequest) (*tandemv1.Target, error) {
	return remove(ctx, s.l, target, r)
}

func (s targets) UndeleteTarget(ctx context.Context, r *tandemv1.UndeleteTargetRequest) (*tandemv1.Target, error) {
	return undelete(ctx, s.l, target, r)
}

func (s targets) RestoreTarget(ctx context.Context, r *tandemv1.RestoreTargetRequest) (*tandemv1.Target, error) {
	return restore(ctx, s.l, target, r)
}

// targetFiltered is what requests with the filters of targets say.
type targetFiltered interface {
	GetTheme() []string
	GetLocation() []string
	GetPopulation() []string
	GetFrom() string
	GetTo() string
}

func readTargetFilter(r targetFiltered) (ledger.TargetFilter, error) {
	return read(func(in *reader) ledger.TargetFilter {
		f := ledger.TargetFilter{
			Themes: in.ids("theme", r.GetTheme(), grant.Themes), Locations: in.ids("location", r.GetLocation(), grant.Locations),
			Populations: in.ids("population", r.GetPopulation(), grant.Populations),
		}
		f.From, f.To = in.window(r.GetFrom(), r.GetTo())
		return f
	})
}

var target = record[*grant.Target, *tandemv1.Target]{kind: grant.Targets, field: "target", order: []string{"create_time", "update_time", "start", "end"}, read: readTarget, write: writeTarget}

func readTarget(r *reader, at, id string, m *tandemv1.Target) *grant.Target {
	amount := r.money(at+".amount", m.Amount)
	return &grant.Target{
		ID: id, Theme: r.id(at+".theme", m.Theme, grant.Themes), Location: r.id(at+".location", m.Location, grant.Locations),
		Population: r.id(at+".population", m.Population, grant.Populations), Start: r.date(at+".start", m.Start), End: r.date(at+".end", m.End),
		Currency: amount.Currency, Minor: amount.Minor, Source: m.Source, Note: m.Note,
	}
}

func writeTarget(t *grant.Target) *tandemv1.Target {
	return &tandemv1.Target{
		Name: t.Key().String(), Theme: nameOf(grant.Themes, t.Theme), Location: nameOf(grant.Locations, t.Location),
		Population: nameOf(grant.Populations, t.Population), Start: t.Start.String(), End: t.End.String(),
		Amount: moneyOf(t.Currency, t.Minor), Source: t.Source, Note: t.Note,
		Etag: etagOf(&t.Meta), CreateTime: timeOf(t.Created), UpdateTime: timeOf(t.Updated), DeleteTime: timeOf(t.Deleted),
	}
}
