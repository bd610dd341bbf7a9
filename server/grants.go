package server

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/search"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type grants struct {
	tandemv1.UnimplementedGrantServiceServer
	l *ledger.Ledger
}

func (s grants) GetGrant(ctx context.Context, r *tandemv1.GetGrantRequest) (*tandemv1.Grant, error) {
	return get(ctx, s.l, award, r)
}

func (s grants) ListGrants(ctx context.Context, r *tandemv1.ListGrantsRequest) (*tandemv1.ListGrantsResponse, error) {
	at, err := revisionOf(ctx, s.l, r)
	if err != nil {
		return nil, err
	}
	after, err := readToken(r, r.PageToken)
	if err != nil {
		return nil, err
	}
	var words search.Query
	q, err := read(func(in *reader) analysis.Selection {
		q := readSelection(in, r)
		q.Order, words = readOrder(in, r, award.order)
		return q
	})
	if err != nil {
		return nil, err
	}
	if q.Filter, err = readFilter(r); err != nil {
		return nil, err
	}
	q.Principal, q.After, q.Limit = principalOf(ctx), after.cursor(), pageSize(r.PageSize, defaultPage)
	found, err := s.l.Grants(ctx, q, words, at)
	if err != nil {
		return nil, err
	}
	p := pageOf(found, r, writeGrant)
	return &tandemv1.ListGrantsResponse{
		Grants: p.items, NextPageToken: p.next, TotalSize: p.total, Revision: p.revision, UndatedCount: int32(found.LeftOut.Undated),
		UnknownAmountCount: int32(found.LeftOut.Unknown), UnconvertedCount: int32(found.LeftOut.Unconverted),
	}, nil
}

// readSelection reads what a list of grants asks beside the filter that it shares with the analyses.
func readSelection(in *reader, r *tandemv1.ListGrantsRequest) analysis.Selection {
	q := analysis.Selection{Currency: in.currencyOr("USD", r.Currency), RateDate: in.day("rateDate", r.RateDate), Unconfirmed: r.Unconfirmed, ShowDeleted: r.ShowDeleted}
	q.From, q.To = in.window(r.From, r.To)
	q.Min, q.Max = in.figure("minAmount", q.Currency, r.MinAmount), in.figure("maxAmount", q.Currency, r.MaxAmount)
	if q.Min != nil && q.Max != nil && *q.Max < *q.Min {
		in.Add("maxAmount", "%s is below minAmount, %s", r.MaxAmount, r.MinAmount)
	}
	if r.StaleSince != nil {
		q.StaleSince = max(1, r.StaleSince.AsTime().UnixMicro()) // 0 would ask nothing
		if r.StaleSince.CheckValid() != nil {
			in.Add("staleSince", "is not a time")
		}
	}
	return q
}

func (s grants) CreateGrant(ctx context.Context, r *tandemv1.CreateGrantRequest) (*tandemv1.Grant, error) {
	rec := award
	rec.write = func(g *grant.Grant) *tandemv1.Grant {
		m := writeGrant(g)
		m.Similar = writeSimilar(s.l.Alike(principalOf(ctx), []*grant.Grant{g}, maxAlike)[0])
		return m
	}
	return create(ctx, s.l, rec, r, r.GrantId, r.Grant)
}

func (s grants) BatchCreateGrants(ctx context.Context, r *tandemv1.BatchCreateGrantsRequest) (*tandemv1.BatchCreateGrantsResponse, error) {
	field := func(i int) string { return fmt.Sprintf("requests[%d].grant", i) }
	batch, err := read(func(in *reader) []*grant.Grant {
		gs := make([]*grant.Grant, len(r.Requests))
		for i, one := range r.Requests {
			if one.RequestId != "" || one.ValidateOnly {
				in.Add(fmt.Sprintf("requests[%d].requestId", i), "is for the whole batch; leave it and validateOnly out of its parts")
			}
			gs[i] = readNewGrant(in, field(i), one.GrantId, one.Grant)
		}
		return gs
	})
	if err != nil {
		return nil, err
	}
	batch, err = ledger.CreateAll(ctx, s.l, writeOf(ctx, r, ""), field, batch)
	if err != nil {
		return nil, err
	}
	out := &tandemv1.BatchCreateGrantsResponse{Grants: make([]*tandemv1.Grant, len(batch))}
	similar := s.l.Alike(principalOf(ctx), batch, maxAlikeInBatch)
	for i, g := range batch {
		out.Grants[i] = writeGrant(g)
		out.Grants[i].Similar = writeSimilar(similar[i])
	}
	return out, nil
}

func (s grants) UpdateGrant(ctx context.Context, r *tandemv1.UpdateGrantRequest) (*tandemv1.Grant, error) {
	for _, children := range []protoreflect.Name{"transactions", "reports"} {
		if maskNames(r.Grant, r.UpdateMask, children) {
			return nil, fault.Field("updateMask", "names %s; they are written one by one under /v1/grants/*/%s", children, children)
		}
	}
	awarded := maskNames(r.Grant, r.UpdateMask, "amount") || maskNames(r.Grant, r.UpdateMask, "award_date")
	rec := award
	rec.read = readGrant
	return update(ctx, s.l, rec, r, r.Grant, func(old, changed *grant.Grant, whole *tandemv1.Grant) error {
		changed.Transactions, changed.Links, changed.Reports, changed.Accepted, changed.Serial, changed.Aliases = old.Transactions, old.Links, old.Reports, old.Accepted, old.Serial, old.Aliases
		changed.Imports = old.Imports
		if !awarded {
			return nil
		}
		return readAward(changed, rec.field, whole)
	})
}

func (s grants) DeleteGrant(ctx context.Context, r *tandemv1.DeleteGrantRequest) (*tandemv1.Grant, error) {
	return remove(ctx, s.l, award, r)
}

func (s grants) UndeleteGrant(ctx context.Context, r *tandemv1.UndeleteGrantRequest) (*tandemv1.Grant, error) {
	return undelete(ctx, s.l, award, r)
}

func (s grants) RestoreGrant(ctx context.Context, r *tandemv1.RestoreGrantRequest) (*tandemv1.Grant, error) {
	return restore(ctx, s.l, award, r)
}
