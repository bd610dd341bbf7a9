package server

import (
	"context"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type revisions struct {
	tandemv1.UnimplementedRevisionServiceServer
	l *ledger.Ledger
}

func (s revisions) GetRevision(ctx context.Context, r *tandemv1.GetRevisionRequest) (*tandemv1.Revision, error) {
	id, _ := splitName(r.Name)
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, fault.Field("name", "found %q; accepted is revisions/ and a number", r.Name)
	}
	e, err := s.l.Revision(ctx, principalOf(ctx), number)
	if err != nil {
		return nil, err
	}
	return writeRevision(e), nil
}

func (s revisions) ListRevisions(ctx context.Context, r *tandemv1.ListRevisionsRequest) (*tandemv1.ListRevisionsResponse, error) {
	after, err := readToken(r, r.PageToken)
	if err != nil {
		return nil, err
	}
	var before int64
	if after != nil {
		before = after.Value
	}
	var key grant.Key
	if r.Resource != "" {
		kind, id, ok := strings.Cut(r.Resource, "/")
		key = grant.Key{Kind: grant.Kind(kind), ID: id}
		if _, err := grant.New(key); err != nil || !ok || strings.Contains(id, "/") {
			return nil, fault.Field("resource", "found %q; accepted is the name of a record, such as organisations/ecopeace", r.Resource)
		}
	}
	q := ledger.HistoryQuery{Before: before, Limit: pageSize(r.PageSize, defaultPage), Key: key, By: r.Principal}
	if q.Since, q.Until, err = between(r.Since, r.Until); err != nil {
		return nil, err
	}
	entries, next, err := s.l.History(ctx, principalOf(ctx), q)
	if err != nil {
		return nil, err
	}
	out := &tandemv1.ListRevisionsResponse{}
	for _, e := range entries {
		out.Revisions = append(out.Revisions, writeRevision(e))
	}
	if next != 0 {
		out.NextPageToken = nextToken(r, token{Value: next})
	}
	return out, nil
}

// between reads the two ends of a time, in microseconds since 1970.
func between(since, until *timestamppb.Timestamp) (from, to int64, err error) {
	var v fault.List
	for field, t := range map[string]*timestamppb.Timestamp{"since": since, "until": until} {
		if t != nil && t.CheckValid() != nil {
			v.Add(field, "is not a time")
		}
	}
	if err := v.Err(); err != nil {
		return 0, 0, err
	}
	if since != nil {
		from = since.AsTime().UnixMicro()
	}
	if until != nil {
		to = until.AsTime().UnixMicro()
	}
	if until != nil && (to <= 0 || to < from) {
		return 0, 0, fault.Field("until", "found %s; accepted is a time after 1970 and not before since", until.AsTime().Format(time.RFC3339))
	}
	return from, to, nil
}

func (s revisions) VerifyRevisions(ctx context.Context, r *tandemv1.VerifyRevisionsRequest) (*tandemv1.VerifyRevisionsResponse, error) {
	anchor, err := readAnchor(r.Anchor)
	if err != nil {
		return nil, err
	}
	end, err := s.l.Verify(ctx, principalOf(ctx), anchor)
	if err != nil {
		return nil, err
	}
	return &tandemv1.VerifyRevisionsResponse{RevisionCount: end.Number, CreateTime: timeOf(end.At), Anchor: anchorOf(end)}, nil
}

// readAnchor reads a revision's number and hash; the empty text is none.
func readAnchor(s string) (ledger.Anchor, error) {
	if s == "" {
		return ledger.Anchor{}, nil
	}
	number, hash, _ := strings.Cut(s, ":")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return ledger.Anchor{}, fault.Field("anchor", "found %q; accepted is the number of a revision, a colon, and its hash", s)
	}
	return ledger.Anchor{Number: n, Hash: hash}, nil
}

var actions = wordList[tandemv1.Revision_Change_Action, ledger.Action]{
	{tandemv1.Revision_Change_CREATED, ledger.Created},
	{tandemv1.Revision_Change_UPDATED, ledger.Updated},
	{tandemv1.Revision_Change_DELETED, ledger.Deleted},
	{tandemv1.Revision_Change_UNDELETED, ledger.Undeleted},
}

func writeRevision(e ledger.Entry) *tandemv1.Revision {
	m := &tandemv1.Revision{Name: "revisions/" + strconv.FormatInt(e.Number, 10), CreateTime: timeOf(e.At), Principal: e.Principal, Reason: e.Reason, Hash: e.Hash}
	for _, c := range e.Changes {
		change := &tandemv1.Revision_Change{Resource: c.Key.String(), Action: actions.out(c.Action)}
		for _, f := range c.Fields {
			change.Fields = append(change.Fields, &tandemv1.Revision_FieldChange{Field: f.Field, Before: f.Before, After: f.After})
		}
		m.Changes = append(m.Changes, change)
	}
	return m
}
