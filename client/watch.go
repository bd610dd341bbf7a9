package client

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// How long Watch waits before it connects again: at first, and at most.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 3 * time.Second
)

// Watch tells of revisions as they are written: those after the one that q names, or those to come. When the connection is lost or the server restarts it
// connects again, for as long as it takes, and goes on where it stood: it misses none and repeats none. It ends after the first other error, which may be
// that of ctx.
//
//	for r, err := range c.Watch(ctx, &tandemv1.WatchRevisionsRequest{Resource: "grants"}) {
func (c *Client) Watch(ctx context.Context, q *tandemv1.WatchRevisionsRequest) iter.Seq2[*tandemv1.Revision, error] {
	return func(yield func(*tandemv1.Revision, error) bool) {
		next := proto.CloneOf(q)
		pause := firstPause
		for {
			heard, more, err := c.watch(ctx, next, func(r *tandemv1.Revision) bool { return yield(r, nil) })
			if !more {
				return
			}
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			if !passing(err) {
				yield(nil, err)
				return
			}
			if heard {
				pause = firstPause
			}
			select {
			case <-time.After(pause/2 + rand.N(pause)): // apart from others who lost the same server
			case <-ctx.Done():
				yield(nil, ctx.Err())
				return
			}
			pause = min(2*pause, lastPause)
		}
	}
}

// watch watches until the stream ends, and moves q on. It reports whether it heard anything, and whether yield wants more.
func (c *Client) watch(ctx context.Context, q *tandemv1.WatchRevisionsRequest, yield func(*tandemv1.Revision) bool) (heard, more bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.Revisions.WatchRevisions(ctx, q)
	if err != nil {
		return false, true, err
	}
	header, err := stream.Header()
	if err != nil {
		return false, true, err
	}
	if start := header.Get("tandem-revision"); q.After == nil && len(start) == 1 {
		if err := move(q, start[0]); err != nil {
			return false, true, err
		}
	}
	for {
		r, err := stream.Recv()
		if err != nil {
			return heard, true, err
		}
		if err := move(q, strings.TrimPrefix(r.Name, "revisions/")); err != nil {
			return heard, true, err
		}
		heard = true
		if !yield(r) {
			return heard, false, nil
		}
	}
}

// move makes q begin after a revision.
func move(q *tandemv1.WatchRevisionsRequest, number string) error {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return fmt.Errorf("the server told of a revision %q, which is no number", number)
	}
	q.After = &n
	return nil
}

// passing tells whether an error is of a connection or a server that may come back.
func passing(err error) bool {
	code := status.Code(err)
	return err == io.EOF || code == codes.Unavailable || code == codes.ResourceExhausted
}
