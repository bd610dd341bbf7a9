package server

import (
	"context"

	"github.com/allmep/tandem/internal/grant"
)

// call is what the interceptors find out about a call. It is in the call's context, once, and is filled as the chain goes on: what stands outside
// (the log) thus sees what was found further inside (the principal).
type call struct {
	id        string // the request id
	method    string // the full name of the gRPC method
	reason    string // why, in the writer's words
	format    string // how the answer will be written, for caches
	principal grant.Principal
}

type callKey struct{}

// callOf returns the call of a context, or an empty one.
func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{}
}

// principalOf returns who makes the call. Before the auth interceptor it is nobody, who may do nothing.
func principalOf(ctx context.Context) grant.Principal { return callOf(ctx).principal }

// reasonOf returns why the call is made: the tandem-reason of its metadata, which is the HTTP header Tandem-Reason.
func reasonOf(ctx context.Context) string { return callOf(ctx).reason }

// withPrincipal is a context whose calls through the local connection are p's, without a token. A context does not travel over a network, so nobody
// outside the process can make one.
func withPrincipal(ctx context.Context, p grant.Principal) context.Context {
	return context.WithValue(ctx, trustedKey{}, p)
}

type trustedKey struct{}
