package authn

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// issuer is an identity provider that signs whatever it is asked to.
type issuer struct {
	*httptest.Server
	key *rsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		e := big.NewInt(int64(key.E)).Bytes()
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig", "n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(e),
		}}})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) sign(t *testing.T, key *rsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + base64.RawURLEncoding.EncodeToString(body)
	sum := sha256.Sum256([]byte(unsigned))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return unsigned + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestOIDC(t *testing.T) {
	i := newIssuer(t)
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	o, err := NewOIDC(t.Context(), OIDCConfig{Issuer: i.URL, Audience: "tandem", RoleClaim: "realm_access.roles", StateClaim: "state",
		OrganisationClaim: "https://example.org/organisation", Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	roles := func(r ...string) map[string]any { return map[string]any{"roles": r} }
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		key    *rsa.PrivateKey
		change map[string]any
		want   grant.Principal
		kind   fault.Kind
		says   string
	}{
		{name: "staff", change: map[string]any{"realm_access": roles("offline_access", "staff", "viewer"), "name": "Dana"},
			want: grant.Principal{Name: "u1", DisplayName: "Dana", Role: grant.Staff}},
		{name: "donor", change: map[string]any{"realm_access": roles("DONOR"), "state": "se", "email": "a@se.example"},
			want: grant.Principal{Name: "u1", DisplayName: "a@se.example", Role: grant.Donor, State: "SE"}},
		{name: "member", change: map[string]any{"realm_access": roles("MEMBER"), "https://example.org/organisation": "organisations/ecopeace"},
			want: grant.Principal{Name: "u1", DisplayName: "u1", Role: grant.Member, Organisation: "ecopeace"}},
		{name: "donor of nothing", change: map[string]any{"realm_access": roles("DONOR")}, kind: fault.Denied, says: "does not say of what"},
		{name: "no role", change: map[string]any{}, kind: fault.Denied, says: `"realm_access.roles" must hold`},
		{name: "unknown role", change: map[string]any{"realm_access": roles("king")}, kind: fault.Denied, says: "gives no role"},
		{name: "posing as a token", change: map[string]any{"realm_access": roles("staff"), "sub": "tokens/x"}, kind: fault.Denied, says: "cannot be used"},
		{name: "expired", change: map[string]any{"exp": now.Add(-time.Minute).Unix()}, kind: fault.Unauthenticated, says: "expired at 2026-04-01T11:59:00Z"},
		{name: "another audience", change: map[string]any{"aud": "shop"}, kind: fault.Unauthenticated, says: "neither"},
		{name: "another issuer", change: map[string]any{"iss": "https://evil.example"}, kind: fault.Unauthenticated, says: "neither"},
		{name: "another key", key: stranger, change: map[string]any{"realm_access": roles("admin")}, kind: fault.Unauthenticated, says: "neither"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			claims := map[string]any{"iss": i.URL, "aud": "tandem", "sub": "u1", "exp": now.Add(time.Hour).Unix()}
			for name, v := range tt.change {
				claims[name] = v
			}
			key := tt.key
			if key == nil {
				key = i.key
			}
			got, err := o.Verify(t.Context(), i.sign(t, key, claims))
			if tt.says == "" {
				if err != nil || got != tt.want {
					t.Fatalf("got %+v, %v; want %+v", got, err, tt.want)
				}
				return
			}
			if err == nil || fault.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("got %+v, %v; want kind %d saying %q", got, err, tt.kind, tt.says)
			}
		})
	}
	if _, err := o.Verify(t.Context(), "not a token"); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("nonsense gives %v", err)
	}
}

func TestOIDCConfig(t *testing.T) {
	if _, err := NewOIDC(t.Context(), OIDCConfig{Issuer: "http://127.0.0.1:1"}); err == nil || !strings.Contains(err.Error(), "audience") {
		t.Errorf("without an audience: %v", err)
	}
	if _, err := NewOIDC(t.Context(), OIDCConfig{Issuer: "http://127.0.0.1:1", Audience: "a"}); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("with nobody there: %v", err)
	}
}
