package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// registerServices makes the services of the contract known. Each is thin: message to value, one call of the ledger, value to message. now is
// the time in microseconds since 1970; newSecret makes the secret of a token.
func registerServices(r grpc.ServiceRegistrar, l *ledger.Ledger, newSecret func() string) {
	tandemv1.RegisterOrganisationServiceServer(r, organisations{l: l})
	tandemv1.RegisterProgrammeServiceServer(r, programmes{l: l})
	tandemv1.RegisterThemeServiceServer(r, themes{l: l})
	tandemv1.RegisterLocationServiceServer(r, locations{l: l})
	tandemv1.RegisterPopulationServiceServer(r, populations{l: l})
	tandemv1.RegisterGrantServiceServer(r, grants{l: l})
	tandemv1.RegisterTransactionServiceServer(r, transactions{l: l})
	tandemv1.RegisterLinkServiceServer(r, links{l: l})
	tandemv1.RegisterReportServiceServer(r, reports{l: l})
	tandemv1.RegisterTargetServiceServer(r, targets{l: l})
	tandemv1.RegisterAllocationServiceServer(r, allocations{l: l})
	tandemv1.RegisterBriefServiceServer(r, briefs{l: l})
	tandemv1.RegisterScenarioServiceServer(r, scenarios{l: l})
	tandemv1.RegisterOverlapServiceServer(r, overlaps{l: l})
	tandemv1.RegisterGapServiceServer(r, gaps{l: l})
	tandemv1.RegisterConcentrationServiceServer(r, concentration{l: l})
	tandemv1.RegisterRateServiceServer(r, rates{l: l})
	tandemv1.RegisterRevisionServiceServer(r, revisions{l: l})
	tandemv1.RegisterTokenServiceServer(r, tokens{l: l, newSecret: newSecret})
	tandemv1.RegisterMeServiceServer(r, me{})
	tandemv1.RegisterImportServiceServer(r, imports{l: l})
	tandemv1.RegisterMappingServiceServer(r, mappings{l: l})
}

// record is one kind of record: how its message is read and written. It is all that the standard methods need to know of a kind.
type record[E grant.Entity, M proto.Message] struct {
	kind  grant.Kind
	field string   // of the record in requests, such as "organisation"
	order []string // what its list may be ordered by
	read  func(r *reader, at, id string, m M) E
	write func(e E) M
}

// What lists of records that have a name are ordered by.
var byName = []string{"create_time", "update_time", "display_name"}

// asOf is what every reading request says of the revision that it wants.
type asOf interface {
	GetRevision() int64
	GetReadTime() *timestamppb.Timestamp
}

// revisionOf returns the revision that a request wants, 0 for the newest.
func revisionOf(ctx context.Context, l *ledger.Ledger, r asOf) (int64, error) {
	t := r.GetReadTime()
	switch {
	case t == nil:
		if newest := l.State().Revision; r.GetRevision() > newest {
			return 0, fault.Field("revision", "found %d; the newest is %d", r.GetRevision(), newest)
		}
		return r.GetRevision(), nil
	case r.GetRevision() != 0:
		return 0, fault.Field("readTime", "is given together with revision; accepted is one of them")
	case t.CheckValid() != nil:
		return 0, fault.Field("readTime", "is not a time")
	case t.AsTime().UnixMicro() > l.Now():
		return 0, fault.Field("readTime", "is in the future")
	}
	return l.RevisionAt(ctx, t.AsTime().UnixMicro())
}

// write is what every writing request says.
type write interface {
	proto.Message
	GetRequestId() string
	GetValidateOnly() bool
}

func writeOf(ctx context.Context, r write, etag string) ledger.Write {
	w := ledger.Write{Principal: principalOf(ctx), Reason: reasonOf(ctx), RequestID: r.GetRequestId(), Etag: etag, ValidateOnly: r.GetValidateOnly()}
	if w.RequestID != "" {
		sum := sha256.Sum256(canonical(r))
		w.Fingerprint = hex.EncodeToString(sum[:])
	}
	return w
}

func get[E grant.Entity, M proto.Message](ctx context.Context, l *ledger.Ledger, rec record[E, M], r interface {
	asOf
	GetName() string
}) (m M, err error) {
	at, err := revisionOf(ctx, l, r)
	if err != nil {
		return m, err
	}
	id, _ := splitName(r.GetName())
	e, err := l.Get(ctx, principalOf(ctx), grant.Key{Kind: rec.kind, ID: id}, at)
	if err != nil {
		return m, err
	}
	return rec.write(e.(E)), nil
}

// listRequest is what every request for a list says.
type listRequest interface {
	proto.Message
	asOf
	GetPageSize() int32
	GetPageToken() string
	GetShowDeleted() bool
	GetOrderBy() string
}

// listed is a page of a list as the answers to list requests need it.
type listed[M any] struct {
	items    []M
	next     string
	total    int32
	revision int64
}

// list lists records of a kind other than grants. where, when not nil, must hold of a record.
func list[E grant.Entity, M proto.Message](ctx context.Context, l *ledger.Ledger, rec record[E, M], r listRequest, where func(E) bool) (listed[M], error) {
	return listBy(ctx, l, rec, r, func(q ledger.ListQuery, at int64) (ledger.Page, error) {
		if where != nil {
			q.Where = func(e grant.Entity) bool { return where(e.(E)) }
		}
		return l.List(ctx, principalOf(ctx), rec.kind, q, at)
	})
}

// listBy lists records with a call of the ledger.
func listBy[E grant.Entity, M proto.Message](
	ctx context.Context, l *ledger.Ledger, rec record[E, M], r listRequest, call func(q ledger.ListQuery, at int64) (ledger.Page, error),
) (listed[M], error) {
	var out listed[M]
	at, err := revisionOf(ctx, l, r)
	if err != nil {
		return out, err
	}
	after, err := readToken(r, r.GetPageToken())
	if err != nil {
		return out, err
	}
	q, err := read(func(in *reader) ledger.ListQuery {
		order, words := readOrder(in, r, rec.order)
		return ledger.ListQuery{Order: order, Limit: pageSize(r.GetPageSize(), defaultPage), After: after.cursor(), ShowDeleted: r.GetShowDeleted(), Search: words}
	})
	if err != nil {
		return out, err
	}
	page, err := call(q, at)
	if err != nil {
		return out, err
	}
	return pageOf(page, r, rec.write), nil
}

func pageOf[E grant.Entity, M any](page ledger.Page, query proto.Message, write func(E) M) listed[M] {
	out := listed[M]{items: make([]M, len(page.Entities)), total: int32(page.Total), revision: page.Revision}
	for i, e := range page.Entities {
		out.items[i] = write(e.(E))
	}
	if page.Next != nil {
		out.next = nextToken(query, token{Value: page.Next.Value, Text: page.Next.Text, ID: page.Next.ID})
	}
	return out
}

func create[E grant.Entity, M proto.Message](ctx context.Context, l *ledger.Ledger, rec record[E, M], r write, id string, m M) (out M, err error) {
	e, err := read(func(r *reader) E { return rec.read(r, rec.field, id, m) })
	if err != nil {
		return out, err
	}
	e, err = ledger.Create(ctx, l, writeOf(ctx, r, ""), rec.field, e)
	if err != nil {
		return out, err
	}
	return rec.write(e), nil
}

// message is a record's message in an update: the name says which record, the etag which state of it.
type message interface {
	proto.Message
	GetName() string
	GetEtag() string
}

type updateRequest interface {
	write
	GetUpdateMask() *fieldmaskpb.FieldMask
}

// update applies a mask to a record's message and reads the record back from it. keep, when not nil, carries over what the message does not say.
func update[E grant.Entity, M message](ctx context.Context, l *ledger.Ledger, rec record[E, M], r updateRequest, m M, keep func(old, changed E, whole M) error) (out M, err error) {
	if m.GetName() == "" {
		return out, fault.Field(rec.field+".name", "is missing")
	}
	id, _ := splitName(m.GetName())
	e, err := l.Update(ctx, writeOf(ctx, r, m.GetEtag()), rec.field, grant.Key{Kind: rec.kind, ID: id}, func(old grant.Entity) (grant.Entity, error) {
		whole := rec.write(old.(E))
		if err := applyMask(whole, m, r.GetUpdateMask()); err != nil {
			return nil, err
		}
		changed, err := read(func(r *reader) E { return rec.read(r, rec.field, id, whole) })
		if err != nil {
			return nil, err
		}
		if keep != nil {
			err = keep(old.(E), changed, whole)
		}
		return changed, err
	})
	if err != nil {
		return out, err
	}
	return rec.write(e.(E)), nil
}

// named is what requests to delete, undelete and undo say.
type named interface {
	write
	GetName() string
	GetEtag() string
}

func remove[E grant.Entity, M proto.Message](ctx context.Context, l *ledger.Ledger, rec record[E, M], r named) (out M, err error) {
	id, _ := splitName(r.GetName())
	e, err := l.Delete(ctx, writeOf(ctx, r, r.GetEtag()), grant.Key{Kind: rec.kind, ID: id})
	if err != nil {
		return out, err
	}
	return rec.write(e.(E)), nil
}

func undelete[E grant.Entity, M proto.Message](ctx context.Context, l *ledger.Ledger, rec record[E, M], r named) (out M, err error) {
	id, _ := splitName(r.GetName())
	e, err := l.Undelete(ctx, writeOf(ctx, r, r.GetEtag()), grant.Key{Kind: rec.kind, ID: id})
	if err != nil {
		return out, err
	}
	return rec.write(e.(E)), nil
}

// restoreRequest is what requests to go back to an earlier state say.
type restoreRequest interface {
	named
	GetRevision() int64
}

func restore[E grant.Entity, M proto.Message](ctx context.Context, l *ledger.Ledger, rec record[E, M], r restoreRequest) (out M, err error) {
	id, _ := splitName(r.GetName())
	e, err := l.Restore(ctx, writeOf(ctx, r, r.GetEtag()), rec.field, grant.Key{Kind: rec.kind, ID: id}, r.GetRevision())
	if err != nil {
		return out, err
	}
	return rec.write(e.(E)), nil
}
