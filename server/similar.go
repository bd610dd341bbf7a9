package server

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/search"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// maxAlike is how many similar grants the answer to a create tells of, and the answer to a search for them when it is not told how many. In a batch it is fewer for each grant, so that the
// answer stays in proportion to the request.
const (
	maxAlike        = 10
	maxAlikeInBatch = 1
)

var similarKinds = wordList[tandemv1.SimilarGrant_Kind, search.Kind]{
	{tandemv1.SimilarGrant_IDENTIFIER, search.Identifier},
	{tandemv1.SimilarGrant_BLOCK, search.Block},
	{tandemv1.SimilarGrant_AMOUNT, search.Amount},
	{tandemv1.SimilarGrant_DATES, search.Dates},
	{tandemv1.SimilarGrant_PROGRAMME, search.Programme},
	{tandemv1.SimilarGrant_TITLE, search.Title},
	{tandemv1.SimilarGrant_AWARD_NUMBER, search.AwardNumber},
}

func (s grants) FindSimilarGrants(ctx context.Context, r *tandemv1.FindSimilarGrantsRequest) (*tandemv1.FindSimilarGrantsResponse, error) {
	at, err := revisionOf(ctx, s.l, r)
	if err != nil {
		return nil, err
	}
	var found search.Matches
	limit := pageSize(r.PageSize, maxAlike)
	var revision int64
	switch {
	case (r.Grant == nil) == (r.Query == ""):
		return nil, fault.Field("query", "accepted is one of grant and query")
	case r.Grant == nil:
		words, err := search.ParseQuery("query", r.Query)
		if err != nil {
			return nil, err
		}
		found, revision, err = s.l.SimilarText(ctx, principalOf(ctx), words, limit, at)
		if err != nil {
			return nil, err
		}
	default:
		draft, err := read(func(in *reader) *grant.Grant { return readDraft(in, r.Grant) })
		if err != nil {
			return nil, err
		}
		found, revision, err = s.l.Similar(ctx, principalOf(ctx), award.field, draft, limit, at)
		if err != nil {
			return nil, err
		}
	}
	return &tandemv1.FindSimilarGrantsResponse{Similar: writeSimilar(found), TotalSize: int32(found.Total), Revision: revision}, nil
}

// readDraft reads a grant as it would be created. One that says no more than its name is empty but for its id. A grant that was read may be sent back whole: it has its award twice.
func readDraft(r *reader, m *tandemv1.Grant) *grant.Grant {
	id := r.id(award.field+".name", m.Name, grant.Grants)
	if proto.Equal(m, &tandemv1.Grant{Name: m.Name}) && id != "" {
		return &grant.Grant{ID: id}
	}
	if len(m.Transactions) > 0 && id != "" {
		m = proto.Clone(m).(*tandemv1.Grant)
		m.Amount, m.AwardDate = nil, ""
	}
	return readNewGrant(r, award.field, id, m)
}

func writeSimilar(found search.Matches) []*tandemv1.SimilarGrant {
	var out []*tandemv1.SimilarGrant
	for _, f := range found.First {
		m := &tandemv1.SimilarGrant{Name: nameOf(grant.Grants, f.ID), Title: f.Title, Score: float64(f.Score) / search.Whole}
		for _, p := range f.Parts {
			m.Parts = append(m.Parts, &tandemv1.SimilarGrant_Part{
				Kind: similarKinds.out(p.Kind), Points: float64(p.Points) / search.Whole, Reason: p.Reason,
			})
		}
		out = append(out, m)
	}
	return out
}
