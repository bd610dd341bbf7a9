package server

import (
	"context"
	"net/url"
	"strings"

	"google.golang.org/grpc"

	"github.com/allmep/tandem/internal/authn"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// authenticate finds out who calls and why. Only health and reflection are for everyone.
func (s *Server) authenticate(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if public(info.FullMethod) {
		return handler(ctx, request)
	}
	c := callOf(ctx)
	p, ok := ctx.Value(trustedKey{}).(grant.Principal)
	if !ok {
		var err error
		if p, err = s.bearer(ctx, first(ctx, authKey)); err != nil {
			return nil, err
		}
	}
	c.principal = p
	if c.reason = first(ctx, reasonKey); c.reason != "" {
		// Metadata is ASCII, so that other text comes percent-encoded.
		if text, err := url.PathUnescape(c.reason); err == nil {
			c.reason = text
		}
		if err := checkReason(c.reason); err != nil {
			return nil, err
		}
	}
	return handler(ctx, request)
}

// bearer tells whose a token is: one of Tandem's, else one of the identity provider. Errors: Unauthenticated, and those of authn.OIDC.Verify.
func (s *Server) bearer(ctx context.Context, header string) (grant.Principal, error) {
	scheme, secret, _ := strings.Cut(header, " ")
	if secret = strings.TrimSpace(secret); secret == "" || !strings.EqualFold(scheme, "Bearer") {
		return grant.Principal{}, fault.New(fault.Unauthenticated, `sign in: send the header "Authorization: Bearer" with a token`)
	}
	token := s.ledger.State().Registry.TokenByHash(authn.Hash(secret))
	switch {
	case token != nil && token.Deleted != 0:
		return grant.Principal{}, fault.New(fault.Unauthenticated, "the token was ended; ask an administrator for another")
	case token != nil && token.Expires != 0 && token.Expires <= s.ledger.Now():
		return grant.Principal{}, fault.New(fault.Unauthenticated, "the token has expired; ask an administrator for another")
	case token != nil:
		p := token.Access
		p.Name, p.DisplayName = token.Key().String(), token.DisplayName
		return p, nil
	case s.config.OIDC != nil:
		return s.config.OIDC.Verify(ctx, secret)
	}
	return grant.Principal{}, fault.New(fault.Unauthenticated, "the token is not known here; it may be another server's, or was ended")
}
