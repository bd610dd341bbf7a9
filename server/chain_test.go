package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/allmep/tandem/internal/authn"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/store"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// bench is a server on a database of its own, with a clock that a test can move, and the token of an administrator.
type bench struct {
	*Server
	ledger *ledger.Ledger
	clock  atomic.Int64 // microseconds since 1970
	token  string
	log    bytes.Buffer
	conn   *grpc.ClientConn
}

func newBench(t testing.TB, config Config) *bench {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "tandem.db"))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{token: authn.NewSecret(rand.Reader)}
	b.clock.Store(time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	var ids atomic.Int64
	b.ledger, err = ledger.Open(t.Context(), ledger.Config{Store: db, Rates: fx.ECB(), Now: b.clock.Load,
		NewID: func() string { return "id" + strconv.FormatInt(ids.Add(1), 10) }})
	if err != nil {
		t.Fatal(err)
	}
	config.Log = slog.New(slog.NewTextHandler(&b.log, nil))
	config.NewSecret = func() string { return authn.NewSecret(rand.Reader) }
	if b.Server, err = New(config, b.ledger); err != nil {
		t.Fatal(err)
	}
	b.admit(t, "admin", b.token, grant.Principal{Role: grant.Admin}, 0)
	listener, web := bufconn.Listen(1<<20), bufconn.Listen(1<<20)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- b.Serve(ctx, listener, web) }()
	b.conn, err = grpc.NewClient("passthrough:///bench", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = b.conn.Close()
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		b.ledger.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// admit records a token.
func (b *bench) admit(t testing.TB, id, secret string, access grant.Principal, expires int64) {
	t.Helper()
	_, err := ledger.Create(t.Context(), b.ledger, ledger.Write{Principal: grant.Principal{Name: "test", Role: grant.Admin}}, "token",
		&grant.Token{ID: id, DisplayName: id, Access: access, Expires: expires, Hash: authn.Hash(secret)})
	if err != nil {
		t.Fatal(err)
	}
}

// as is a context with a token and more metadata.
func as(t *testing.T, token string, more ...string) context.Context {
	return metadata.AppendToOutgoingContext(t.Context(), append(more, "authorization", "Bearer "+token)...)
}

// ask makes an HTTP request as the administrator; header has names and values in turn.
func (b *bench) ask(method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+b.token)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, r)
	return w
}

// refusalOf reads an error of the gateway.
func refusalOf(t *testing.T, w *httptest.ResponseRecorder) (message, field string) {
	t.Helper()
	var body struct {
		Code    int
		Message string
		Details []struct {
			FieldViolations []struct{ Field, Description string } `json:"fieldViolations"`
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%d with a body that is not JSON: %q", w.Code, w.Body)
	}
	for _, d := range body.Details {
		for _, v := range d.FieldViolations {
			return body.Message, v.Field
		}
	}
	return body.Message, ""
}

func TestAuthentication(t *testing.T) {
	b := newBench(t, Config{})
	expires := b.clock.Load() + time.Hour.Microseconds()
	b.admit(t, "short", "tdm_short", grant.Principal{Role: grant.Donor, State: "SE"}, expires)
	me := tandemv1.NewMeServiceClient(b.conn)
	for name, header := range map[string]string{"none": "", "unknown": "Bearer tdm_x", "basic": "Basic dGRt", "empty": "Bearer "} {
		_, err := me.GetMe(metadata.AppendToOutgoingContext(t.Context(), "authorization", header), &tandemv1.GetMeRequest{})
		if status.Code(err) != codes.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
	got, err := me.GetMe(as(t, "tdm_short"), &tandemv1.GetMeRequest{})
	if err != nil || got.Principal != "tokens/short" || got.Role != tandemv1.Role_DONOR || got.DonorState != "SE" {
		t.Errorf("got %v, %v", got, err)
	}
	b.clock.Store(expires)
	if _, err = me.GetMe(as(t, "tdm_short"), &tandemv1.GetMeRequest{}); status.Code(err) != codes.Unauthenticated || !strings.Contains(err.Error(), "expired") {
		t.Errorf("at its end the token gives %v", err)
	}
	if w := b.ask("GET", "/v1/me", "", "Authorization", ""); w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("over HTTP: %d %v", w.Code, w.Header())
	}
	if health, err := healthv1.NewHealthClient(b.conn).Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil || health.Status != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("health wants no token: %v, %v", health, err)
	}
	if log := b.log.String(); strings.Contains(log, "tdm_") || !strings.Contains(log, "principal=tokens/short") {
		t.Errorf("the log has a secret, or not who called:\n%s", log)
	}
}

func TestTrustedConnection(t *testing.T) {
	b := newBench(t, Config{})
	me, err := tandemv1.NewMeServiceClient(b.As(grant.Principal{Name: "self", Role: grant.Staff})).GetMe(t.Context(), &tandemv1.GetMeRequest{})
	if err != nil || me.Principal != "self" {
		t.Errorf("got %v, %v", me, err)
	}
}

func TestValidationNamesFields(t *testing.T) {
	b := newBench(t, Config{})
	grants := tandemv1.NewGrantServiceClient(b.conn)
	_, err := grants.CreateGrant(as(t, b.token), &tandemv1.CreateGrantRequest{Grant: &tandemv1.Grant{
		Title: "A", Funders: []*tandemv1.Grant_Participation{{Organisation: "Not A Name"}}}})
	if field := fieldOf(err); status.Code(err) != codes.InvalidArgument || field != "grant.funders[0].organisation" {
		t.Errorf("field %q, %v", field, err)
	}
	if !strings.Contains(err.Error(), `found "Not A Name"`) {
		t.Errorf("it does not say what was found: %v", err)
	}
}

func fieldOf(err error) string {
	for _, d := range status.Convert(err).Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			return bad.FieldViolations[0].Field
		}
	}
	return ""
}

func TestUnreadableMessages(t *testing.T) {
	b := newBench(t, Config{})
	for name, body := range map[string][]byte{
		"invalid UTF-8": {0x0a, 0x02, 0xff, 0xfe}, // name
		"cut short":     {0x0a, 0x20, 'a'},
	} {
		err := b.conn.Invoke(as(t, b.token), "/tandem.v1.GrantService/GetGrant", raw(body), &tandemv1.Grant{}, grpc.ForceCodec(rawCodec{}))
		if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "cannot be read") {
			t.Errorf("%s: %v", name, err)
		}
	}
	long := &tandemv1.CreateGrantRequest{Grant: &tandemv1.Grant{Title: strings.Repeat("x", 5<<20)}}
	if _, err := tandemv1.NewGrantServiceClient(b.conn).CreateGrant(as(t, b.token), long); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("5 MB: %v", err)
	}
}

type raw []byte

// rawCodec sends bytes as they are.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) { return v.(raw), nil }
func (rawCodec) Unmarshal([]byte, any) error   { return nil }
func (rawCodec) Name() string                  { return "proto" }

func TestRateLimit(t *testing.T) {
	b := newBench(t, Config{RateLimit: 1})
	codesSeen := map[int]int{}
	var last *httptest.ResponseRecorder
	for range 3 {
		last = b.ask("GET", "/v1/me", "")
		codesSeen[last.Code]++
	}
	if codesSeen[200] != 2 || codesSeen[429] != 1 {
		t.Fatalf("got %v, want two answers and one refusal", codesSeen)
	}
	if message, _ := refusalOf(t, last); !strings.Contains(message, "more than 1 calls per second") || last.Header().Get("Retry-After") != "1" {
		t.Errorf("%q, %v", message, last.Header())
	}
	b.admit(t, "other", "tdm_other", grant.Principal{Role: grant.Viewer}, 0)
	if w := b.ask("GET", "/v1/me", "", "Authorization", "Bearer tdm_other"); w.Code != 200 {
		t.Errorf("another principal is refused too: %d", w.Code)
	}
}

func TestLimiterForgets(t *testing.T) {
	l := newLimiter(1)
	now := time.Now()
	for i := range 3 * maxTracked {
		l.wait(strconv.Itoa(i), now)
	}
	if n := len(l.now) + len(l.old); n > 2*maxTracked {
		t.Errorf("it holds %d principals", n)
	}
}

func TestRequestID(t *testing.T) {
	b := newBench(t, Config{})
	if w := b.ask("GET", "/v1/me", "", "X-Request-Id", "abc-1"); w.Header().Get("X-Request-Id") != "abc-1" {
		t.Errorf("got %v", w.Header())
	}
	if w := b.ask("GET", "/v1/me", "", "X-Request-Id", "a b"); w.Header().Get("X-Request-Id") == "a b" || w.Header().Get("X-Request-Id") == "" {
		t.Errorf("got %v", w.Header())
	}
}

func TestReason(t *testing.T) {
	b := newBench(t, Config{})
	for i, reason := range []string{"a call of 1 April", "שיחה", "50% more"} {
		w := b.ask("POST", "/v1/organisations?organisation_id=o"+strconv.Itoa(i), `{"displayName":"A"}`, "Tandem-Reason", reason)
		if w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		revisions, err := b.ledger.Store.Revisions(t.Context(), 0, grant.Key{}, 1)
		if err != nil || revisions[0].Reason != reason {
			t.Errorf("kept %+v, %v; want the reason %q", revisions, err, reason)
		}
	}
	if w := b.ask("GET", "/v1/me", "", "Tandem-Reason", strings.Repeat("x", 1001)); w.Code != 400 {
		t.Errorf("a reason of 1001 characters: %d", w.Code)
	}
}

// TestChain checks what becomes of what a handler does, without a server around it.
func TestChain(t *testing.T) {
	var log bytes.Buffer
	s := &Server{config: Config{Timeout: 50 * time.Millisecond, Log: slog.New(slog.NewTextHandler(&log, nil))}}
	tests := []struct {
		name    string
		handler grpc.UnaryHandler
		code    codes.Code
		hides   string
	}{
		{"a panic", func(context.Context, any) (any, error) { panic("secret thing") }, codes.Internal, "secret thing"},
		{"a foreign error", func(context.Context, any) (any, error) { return nil, io.ErrUnexpectedEOF }, codes.Internal, "unexpected EOF"},
		{"a fault", func(context.Context, any) (any, error) { return nil, fault.New(fault.Precondition, "first this") }, codes.FailedPrecondition, ""},
		{"too long", func(ctx context.Context, _ any) (any, error) {
			<-ctx.Done()
			return nil, io.ErrClosedPipe // what a driver says when it is told to stop
		}, codes.DeadlineExceeded, "closed pipe"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			log.Reset()
			_, err := inTurn(s.recoverPanic, s.limitTime, s.mapErrors).unary(t.Context(), nil, &grpc.UnaryServerInfo{}, tt.handler)
			if status.Code(err) != tt.code || tt.hides != "" && strings.Contains(err.Error(), tt.hides) {
				t.Errorf("got %v, want %s without %q", err, tt.code, tt.hides)
			}
			if tt.code == codes.Internal && !strings.Contains(log.String(), tt.hides) {
				t.Errorf("the log does not tell: %s", &log)
			}
		})
	}
}
