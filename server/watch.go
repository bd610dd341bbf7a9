package server

import (
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// revisionKey is the metadata that says after which revision a stream began.
const revisionKey = "tandem-revision"

func (s revisions) WatchRevisions(r *tandemv1.WatchRevisionsRequest, stream grpc.ServerStreamingServer[tandemv1.Revision]) error {
	ctx := stream.Context()
	of, err := readWatched(r.Resource)
	if err != nil {
		return err
	}
	w, err := s.l.Watch(ctx, principalOf(ctx), r.After, of)
	if err != nil {
		return err
	}
	if err := stream.SendHeader(metadata.Pairs(revisionKey, strconv.FormatInt(w.At(), 10))); err != nil {
		return err
	}
	for {
		e, err := w.Next(ctx)
		if err != nil {
			return err
		}
		if err := stream.Send(writeRevision(e)); err != nil {
			return err
		}
	}
}

// readWatched reads the name of a record, or of a collection, as a key, which has no id then.
func readWatched(resource string) (grant.Key, error) {
	if resource == "" {
		return grant.Key{}, nil
	}
	kind, id, one := strings.Cut(resource, "/")
	key := grant.Key{Kind: grant.Kind(kind), ID: id}
	if _, err := grant.New(key); err != nil || one && id == "" || strings.Contains(id, "/") {
		return key, fault.Field("resource", "found %q; accepted is the name of a record, such as organisations/ecopeace, or of a collection, such as grants", resource)
	}
	return key, nil
}
