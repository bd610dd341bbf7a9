package server

import (
	"context"

	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

func (s grants) MergeGrant(ctx context.Context, r *tandemv1.MergeGrantRequest) (*tandemv1.MergeGrantResponse, error) {
	id, _ := splitName(r.Name)
	other, _ := splitName(r.Other)
	g, done, err := s.l.MergeGrants(ctx, writeOf(ctx, r, r.Etag), ledger.Merging{
		Survivor: id, Other: other, OtherEtag: r.OtherEtag, Leave: r.Transactions == tandemv1.MergeGrantRequest_LEAVE,
	})
	if err != nil {
		return nil, err
	}
	return &tandemv1.MergeGrantResponse{Grant: writeGrant(g), Moved: done.Moved, Same: done.Same, Left: done.Left, Warnings: done.Warnings}, nil
}

func (s grants) UnmergeGrant(ctx context.Context, r *tandemv1.UnmergeGrantRequest) (*tandemv1.Grant, error) {
	id, _ := splitName(r.Name)
	g, err := s.l.UnmergeGrant(ctx, writeOf(ctx, r, r.Etag), id)
	if err != nil {
		return nil, err
	}
	return writeGrant(g), nil
}

func (s organisations) MergeOrganisation(ctx context.Context, r *tandemv1.MergeOrganisationRequest) (*tandemv1.Organisation, error) {
	id, _ := splitName(r.Name)
	other, _ := splitName(r.Other)
	o, err := s.l.MergeOrganisations(ctx, writeOf(ctx, r, r.Etag), id, other, r.OtherEtag)
	if err != nil {
		return nil, err
	}
	return writeOrganisation(o), nil
}

func (s organisations) UnmergeOrganisation(ctx context.Context, r *tandemv1.UnmergeOrganisationRequest) (*tandemv1.Organisation, error) {
	id, _ := splitName(r.Name)
	o, err := s.l.UnmergeOrganisation(ctx, writeOf(ctx, r, r.Etag), id)
	if err != nil {
		return nil, err
	}
	return writeOrganisation(o), nil
}
