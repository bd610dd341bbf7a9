package authn

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// OIDCConfig says whom to trust, and which claims of a token say what its bearer may do. A claim is a name or, for one inside another, a path with
// dots, such as realm_access.roles.
type OIDCConfig struct {
	Issuer   string // the URL of the identity provider
	Audience string // what tokens must be made out to

	RoleClaim         string // VIEWER, DONOR, MEMBER, STAFF or ADMIN in any case, or a list in which the greatest counts and others are passed over
	StateClaim        string // the donor state of a DONOR
	OrganisationClaim string // the organisation of a MEMBER: its id, or "organisations/" and its id

	Now func() time.Time
}

// OIDC checks the tokens of an identity provider.
type OIDC struct {
	config   OIDCConfig
	verifier *oidc.IDTokenVerifier
}

// NewOIDC asks the identity provider for its keys' address. ctx must live as long as the OIDC: keys are fetched with its HTTP client.
func NewOIDC(ctx context.Context, c OIDCConfig) (*OIDC, error) {
	if c.Audience == "" {
		return nil, errors.New("an OIDC issuer needs an audience: the client id that its tokens are made out to")
	}
	provider, err := oidc.NewProvider(ctx, c.Issuer)
	if err != nil {
		return nil, fmt.Errorf("the OIDC issuer %q: %w", c.Issuer, err)
	}
	return &OIDC{config: c, verifier: provider.Verifier(&oidc.Config{ClientID: c.Audience, Now: c.Now})}, nil
}

// Verify tells who a token stands for. Errors: Unauthenticated if the token is not the issuer's, not for this audience or too old; Denied if it is good
// and its claims give no role that Tandem knows.
func (o *OIDC) Verify(ctx context.Context, raw string) (grant.Principal, error) {
	token, err := o.verifier.Verify(ctx, raw)
	if err != nil {
		return grant.Principal{}, refusal(err)
	}
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return grant.Principal{}, &fault.Error{Kind: fault.Unauthenticated, Message: "the token's claims cannot be read", Err: err}
	}
	return o.principal(token.Subject, claims)
}

func refusal(err error) error {
	var expired *oidc.TokenExpiredError
	if errors.As(err, &expired) {
		return fault.New(fault.Unauthenticated, "the token expired at %s; sign in again", expired.Expiry.UTC().Format(time.RFC3339))
	}
	return &fault.Error{Kind: fault.Unauthenticated, Message: "the token is neither one of Tandem's nor a good one of the identity provider", Err: err}
}

// principal reads the claims.
func (o *OIDC) principal(subject string, claims map[string]any) (grant.Principal, error) {
	// A subject must not pass for one of Tandem's own names in the history.
	if subject == "" || strings.HasPrefix(subject, string(grant.Tokens)+"/") {
		return grant.Principal{}, fault.New(fault.Denied, "the identity provider gave %q as subject, which cannot be used as a name", subject)
	}
	p := grant.Principal{Name: subject, DisplayName: subject, Role: roleOf(claim(claims, o.config.RoleClaim))}
	for _, name := range []string{"name", "preferred_username", "email"} {
		if s := first(claim(claims, name)); s != "" {
			p.DisplayName = s
			break
		}
	}
	switch p.Role {
	case 0:
		return grant.Principal{}, fault.New(fault.Denied,
			"the identity provider vouches for %q and gives no role: the claim %q must hold VIEWER, DONOR, MEMBER, STAFF or ADMIN", subject, o.config.RoleClaim)
	case grant.Donor:
		p.State = strings.ToUpper(first(claim(claims, o.config.StateClaim)))
	case grant.Member:
		p.Organisation = strings.TrimPrefix(first(claim(claims, o.config.OrganisationClaim)), string(grant.Organisations)+"/")
	}
	if err := p.Validate(); err != nil {
		return grant.Principal{}, &fault.Error{Kind: fault.Denied,
			Message: fmt.Sprintf("the identity provider makes %q a %s and does not say of what", subject, p.Role), Err: err}
	}
	return p, nil
}

// claim returns the text or texts at a path.
func claim(claims map[string]any, path string) []string {
	if path == "" {
		return nil
	}
	v, ok := claims[path] // a claim's name may itself have dots, as those that are URLs have
	if !ok {
		v = any(claims)
		for name := range strings.SplitSeq(path, ".") {
			inner, _ := v.(map[string]any)
			v = inner[name]
		}
	}
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var texts []string
		for _, e := range v {
			if s, ok := e.(string); ok {
				texts = append(texts, s)
			}
		}
		return texts
	}
	return nil
}

func first(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return texts[0]
}

// roleOf returns the greatest role among texts, 0 if there is none.
func roleOf(texts []string) grant.Role {
	var greatest grant.Role
	for _, text := range texts {
		var r grant.Role
		if r.UnmarshalText([]byte(strings.ToUpper(text))) == nil {
			greatest = max(greatest, r)
		}
	}
	return greatest
}
