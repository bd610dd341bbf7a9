package server

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

const (
	eventType = "text/event-stream"
	// heartbeatEvery is how often a stream says something at least, so that nobody on the way takes it for dead, and one that is dead is noticed.
	heartbeatEvery = 15 * time.Second
	// eventDeadline is how long a reader may leave an event lying. It may come back for it.
	eventDeadline = time.Minute
	// comeBackAfter is when browsers whose stream has ended connect again, in milliseconds.
	comeBackAfter = 2000
)

// events serves WatchRevisions as server-sent events, through the local connection like all that the gateway serves. The gateway's own streams have neither
// ids nor heartbeats, and their head goes out with the first message only.
//
// Browsers' EventSource sends no Authorization header, and a token does not belong in an address; pages read the stream with fetch.
func (s *Server) events(gateway *runtime.ServeMux) http.Handler {
	client := tandemv1.NewRevisionServiceClient(s.local)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", "GET")
			writeStatus(w, http.StatusMethodNotAllowed, status.Convert(noRoute(r, http.StatusMethodNotAllowed)))
			return
		}
		if !acceptsEvents(r.Header.Values("Accept")) {
			writeStatus(w, http.StatusNotAcceptable, status.Newf(codes.InvalidArgument, "this is a stream of events: send the header \"Accept: %s\"; /v1/revisions has lists", eventType))
			return
		}
		request, err := watchRequest(r)
		if err != nil {
			s.refuse(r.Context(), gateway, jsonMarshaler, w, r, err)
			return
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		ctx, err = runtime.AnnotateContext(ctx, gateway, r, tandemv1.RevisionService_WatchRevisions_FullMethodName)
		if err != nil {
			s.refuse(ctx, gateway, jsonMarshaler, w, r, err)
			return
		}
		stream, err := client.WatchRevisions(ctx, request)
		if err != nil {
			s.refuse(ctx, gateway, jsonMarshaler, w, r, err)
			return
		}
		header, _ := stream.Header() // where there is none, Recv tells why
		if start := header.Get(revisionKey); len(start) == 1 {
			for _, id := range header.Get(requestIDKey) {
				w.Header().Set("X-Request-Id", id)
			}
			sendEvents(ctx, w, start[0], stream.Recv)
			return
		}
		_, err = stream.Recv()
		s.refuse(runtime.NewServerMetadataContext(ctx, runtime.ServerMetadata{HeaderMD: header}), gateway, jsonMarshaler, w, r, err)
	})
}

// acceptsEvents tells whether an Accept header lets events through.
func acceptsEvents(accept []string) bool {
	all := strings.Join(accept, ",")
	for part := range strings.SplitSeq(all, ",") {
		media, _, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(media)) {
		case eventType, "text/*", "*/*":
			return true
		}
	}
	return all == ""
}

// watchRequest reads what is asked. Where a browser has been told of a revision, it comes back for those after it.
func watchRequest(r *http.Request) (*tandemv1.WatchRevisionsRequest, error) {
	request := &tandemv1.WatchRevisionsRequest{}
	if err := (queryParser{}).Parse(request, r.URL.Query(), utilities.NewDoubleArray(nil)); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil {
			return nil, invalid("Last-Event-ID", "found %q; accepted is the number of a revision", last)
		}
		request.After = &n
	}
	return request, nil
}

// sendEvents writes a stream as events until it or its reader ends: the revision after which it began as an event without data, of which browsers keep
// the id, then the revisions.
func sendEvents(ctx context.Context, w http.ResponseWriter, start string, receive func() (*tandemv1.Revision, error)) {
	h := w.Header()
	h.Set("Content-Type", eventType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would keep events back
	control := http.NewResponseController(w)
	send := func(format string, args ...any) bool {
		_ = control.SetWriteDeadline(time.Now().Add(eventDeadline))
		_, err := fmt.Fprintf(w, format, args...)
		return err == nil && control.Flush() == nil
	}
	if !send("retry: %d\nid: %s\n\n", comeBackAfter, start) {
		return
	}
	revisions := make(chan *tandemv1.Revision)
	go func() {
		defer close(revisions)
		for {
			m, err := receive()
			if err != nil {
				return // whoever comes back is told why
			}
			select {
			case revisions <- m:
			case <-ctx.Done():
				return
			}
		}
	}()
	heartbeat := time.NewTicker(heartbeatEvery)
	defer heartbeat.Stop()
	for {
		select {
		case m, ok := <-revisions:
			if !ok {
				return
			}
			data, err := jsonMarshaler.Marshal(m)
			if err != nil || !send("id: %s\nevent: revision\ndata: %s\n\n", strings.TrimPrefix(m.Name, "revisions/"), data) {
				return
			}
		case <-heartbeat.C:
			if !send(":\n\n") {
				return
			}
		}
	}
}
