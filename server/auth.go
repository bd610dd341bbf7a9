package server

import (
	"context"
	"net/url"
	"strings"

	"github.com/allmep/tandem/internal/authn"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// authenticate finds out who calls and why. Only health and reflection are for everyone.
func (s *Server) authenticate(ctx context.Context, method string, next func(context.Context) error) error {
	if public(method) {
		return next(ctx)
	}
	c := callOf(ctx)
	p, ok := ctx.Value(trustedKey{}).(grant.Principal)
	if !ok {
		var err error
		if p, err = s.bearer(ctx, first(ctx, authKey)); err != nil {
			return err
		}
	}
	c.principal = p
	if c.reason = first(ctx, reasonKey); c.reason != "" {
		// Metadata is ASCII, so that other text comes percent-encoded.
		if text, err := url.PathUnescape(c.reason); err == nil {
			c.reason = text
		}
		if err := checkReason(c.reason); err != nil {
			return err
		}
	}
	return next(ctx)
}

// bearer tells whose a token is: one of Tandem's, else one of the identity provider. Errors: Unauthenticated, and those of authn.OIDC.Verify.
func (s *Server) bearer(ctx context.Context, header string) (grant.Principal, error) {
	scheme, secret, _ := strings.Cut(header, " ")
	if secret = strings.TrimSpace(secret); secret == "" || !strings.EqualFold(scheme, "Bearer") {
		return grant.Principal{}, fault.New(fault.Unauthenticated, `sign in: send the header "Authorization: Bearer" with a token`)
	}
	token := s.ledger.State().Registry.TokenByHash(authn.Hash(secret))
	switch {
	case token != nil:
		p := token.Access
		p.Name, p.DisplayName = token.Key().String(), token.DisplayName
		return p, s.stands(token)
	case s.config.OIDC != nil:
		return s.config.OIDC.Verify(ctx, secret)
	}
	return grant.Principal{}, fault.New(fault.Unauthenticated, "the token is not known here; it may be another server's, or was ended")
}

// stands refuses, as Unauthenticated, a token that was ended or has expired.
func (s *Server) stands(token *grant.Token) error {
	switch {
	case token.Deleted != 0:
		return fault.New(fault.Unauthenticated, "the token was ended; ask an administrator for another")
	case token.Expires != 0 && token.Expires <= s.ledger.Now():
		return fault.New(fault.Unauthenticated, "the token has expired; ask an administrator for another")
	}
	return nil
}
