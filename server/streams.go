package server

import (
	"context"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// recheckEvery is how often it is looked whether the caller of a stream is still admitted, beside at each message.
const recheckEvery = time.Minute

// whileAdmitted ends a stream when the server stops, as Unavailable, or when the caller would no longer be let in, as Unauthenticated.
func (s *Server) whileAdmitted(ctx context.Context, method string, next func(context.Context) error) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	go func() {
		ticker := time.NewTicker(recheckEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-s.running.Done():
				end(fault.New(fault.Unavailable, "the server is stopping; connect again"))
			case <-ticker.C:
				if err := s.readmit(ctx, method); err != nil {
					end(err)
				}
			}
		}
	}()
	err := next(ctx)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// readmit does again what let the caller in. Errors as of bearer.
func (s *Server) readmit(ctx context.Context, method string) error {
	if _, own := ctx.Value(trustedKey{}).(grant.Principal); own || public(method) {
		return nil
	}
	_, err := s.bearer(ctx, first(ctx, authKey))
	return err
}

// admitted refuses, as Unauthenticated, a caller whose token was ended or has expired. It is cheap, so that it can be asked at each message; tokens of the
// identity provider, which cost a signature, are for readmit.
func (s *Server) admitted(ctx context.Context) error {
	id, own := strings.CutPrefix(principalOf(ctx).Name, string(grant.Tokens)+"/")
	if !own {
		return nil
	}
	token, there := s.ledger.State().Registry.Get(grant.Key{Kind: grant.Tokens, ID: id}).(*grant.Token)
	if !there {
		return nil
	}
	return s.stands(token)
}

// guarded is a stream as its handler sees it: in the context that the layers made, ended when they end it, and held against the rules of the contract.
// A handler that waits for its caller learns of the end at the next message.
type guarded struct {
	grpc.ServerStream
	ctx    context.Context
	server *Server
	valid  *validator
}

// Context implements grpc.ServerStream.
func (g *guarded) Context() context.Context { return g.ctx }

// RecvMsg implements grpc.ServerStream.
func (g *guarded) RecvMsg(m any) error {
	if err := g.open(); err != nil {
		return err
	}
	if err := g.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	return g.valid.admit(m)
}

// SendMsg implements grpc.ServerStream.
func (g *guarded) SendMsg(m any) error {
	if err := g.open(); err != nil {
		return err
	}
	return g.ServerStream.SendMsg(m)
}

// open tells why the stream has ended, if it has.
func (g *guarded) open() error {
	if g.ctx.Err() != nil {
		return context.Cause(g.ctx)
	}
	return g.server.admitted(g.ctx)
}
