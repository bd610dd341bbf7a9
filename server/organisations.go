package server

import (
	"context"
	"slices"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type organisations struct {
	tandemv1.UnimplementedOrganisationServiceServer
	l *ledger.Ledger
}

func (s organisations) GetOrganisation(ctx context.Context, r *tandemv1.GetOrganisationRequest) (*tandemv1.Organisation, error) {
	return get(ctx, s.l, organisation, r)
}

func (s organisations) ListOrganisations(ctx context.Context, r *tandemv1.ListOrganisationsRequest) (*tandemv1.ListOrganisationsResponse, error) {
	p, err := list(ctx, s.l, organisation, r, func(o *grant.Organisation) bool {
		return (!r.Member || o.Member) && (len(r.DonorState) == 0 || slices.Contains(r.DonorState, o.State))
	})
	return &tandemv1.ListOrganisationsResponse{Organisations: p.items, NextPageToken: p.next, TotalSize: p.total, Revision: p.revision}, err
}

func (s organisations) CreateOrganisation(ctx context.Context, r *tandemv1.CreateOrganisationRequest) (*tandemv1.Organisation, error) {
	return create(ctx, s.l, organisation, r, r.OrganisationId, r.Organisation)
}

func (s organisations) UpdateOrganisation(ctx context.Context, r *tandemv1.UpdateOrganisationRequest) (*tandemv1.Organisation, error) {
	return update(ctx, s.l, organisation, r, r.Organisation, func(old, changed *grant.Organisation, _ *tandemv1.Organisation) error {
		if changed.Given = old.Given; len(old.Given) > 0 && changed.Successor != old.Successor {
			return fault.Field("organisation.successor", "was set by a merge, which also gave %q names; undo it with /v1/%s:unmerge", nameOf(grant.Organisations, old.Successor), old.Key())
		}
		return nil
	})
}

func (s organisations) DeleteOrganisation(ctx context.Context, r *tandemv1.DeleteOrganisationRequest) (*tandemv1.Organisation, error) {
	return remove(ctx, s.l, organisation, r)
}

func (s organisations) UndeleteOrganisation(ctx context.Context, r *tandemv1.UndeleteOrganisationRequest) (*tandemv1.Organisation, error) {
	return undelete(ctx, s.l, organisation, r)
}

func (s organisations) RestoreOrganisation(ctx context.Context, r *tandemv1.RestoreOrganisationRequest) (*tandemv1.Organisation, error) {
	return restore(ctx, s.l, organisation, r)
}

var organisation = record[*grant.Organisation, *tandemv1.Organisation]{kind: grant.Organisations, field: "organisation", order: byName, read: readOrganisation, write: writeOrganisation}

func readOrganisation(r *reader, at, id string, m *tandemv1.Organisation) *grant.Organisation {
	return &grant.Organisation{
		ID: id, DisplayName: m.DisplayName, Aliases: m.Aliases, Identifiers: m.Identifiers,
		Parent: r.id(at+".parent", m.Parent, grant.Organisations), Successor: r.id(at+".successor", m.Successor, grant.Organisations),
		State: m.State, Member: m.Member, Website: m.Website, Note: m.Note,
	}
}

func writeOrganisation(o *grant.Organisation) *tandemv1.Organisation {
	return &tandemv1.Organisation{
		Name: o.Key().String(), DisplayName: o.DisplayName, Aliases: o.Aliases, Identifiers: o.Identifiers,
		Parent: nameOf(grant.Organisations, o.Parent), Successor: nameOf(grant.Organisations, o.Successor),
		State: o.State, Member: o.Member, Website: o.Website, Note: o.Note,
		Etag: etagOf(&o.Meta), CreateTime: timeOf(o.Created), UpdateTime: timeOf(o.Updated), DeleteTime: timeOf(o.Deleted),
	}
}
