package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// safeBuffer is a buffer that a server may write while a test reads.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// start runs a server until the returned function is called, and returns what it printed up to its being ready.
func start(t *testing.T, o options) (printed string, stop func()) {
	t.Helper()
	o.HTTPAddr, o.GRPCAddr, o.LogLevel = "127.0.0.1:0", "127.0.0.1:0", "info"
	ctx, cancel := context.WithCancel(context.Background())
	var out safeBuffer
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, o, &out, io.Discard) }()
	for range 200 {
		if strings.Contains(out.String(), "is ready") {
			return out.String(), func() {
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}
		}
		select {
		case err := <-ended:
			t.Fatalf("the server ended: %v\n%s", err, out.String())
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatal("the server is not ready after ten seconds")
	return "", nil
}

// statusOf asks a server who a token stands for.
func statusOf(t *testing.T, printed, token string) int {
	t.Helper()
	m := regexp.MustCompile(`HTTP on (\S+),`).FindStringSubmatch(printed)
	if m == nil {
		t.Fatalf("no address in %q", printed)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m[1]+"/v1/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

func TestFirstStart(t *testing.T) {
	o := options{DB: filepath.Join(t.TempDir(), "tandem.db")}
	printed, stop := start(t, o)
	m := regexp.MustCompile(`/signin#(tdm_\S+)`).FindStringSubmatch(printed)
	if m == nil {
		t.Fatalf("no sign-in link in %q", printed)
	}
	if code := statusOf(t, printed, m[1]); code != http.StatusOK {
		t.Errorf("the link's token gives %d", code)
	}
	stop()
	o.BootstrapToken = "another token, chosen later"
	printed, stop = start(t, o)
	defer stop()
	if strings.Contains(printed, "signin#") || !strings.Contains(printed, "is not used") {
		t.Errorf("the second start printed %q", printed)
	}
	if code := statusOf(t, printed, o.BootstrapToken); code != http.StatusUnauthorized {
		t.Errorf("a second bootstrap token gives %d", code)
	}
	if code := statusOf(t, printed, m[1]); code != http.StatusOK {
		t.Errorf("after a restart the first token gives %d", code)
	}
}

func TestBootstrapToken(t *testing.T) {
	o := options{DB: filepath.Join(t.TempDir(), "tandem.db"), BootstrapToken: "0123456789abcdef01234567"}
	for range 2 { // a restart with the same environment changes nothing
		printed, stop := start(t, o)
		if strings.Contains(printed, "signin#") || strings.Contains(printed, o.BootstrapToken) {
			t.Errorf("printed %q", printed)
		}
		if code := statusOf(t, printed, o.BootstrapToken); code != http.StatusOK {
			t.Errorf("the bootstrap token gives %d", code)
		}
		stop()
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name string
		o    options
		says string
	}{
		{"open to others", options{HTTPAddr: "0.0.0.0:0", GRPCAddr: "127.0.0.1:0"}, "--http-addr 0.0.0.0:0 is open to others"},
		{"every address", options{HTTPAddr: "127.0.0.1:0", GRPCAddr: ":0"}, "--grpc-addr :0 is open to others"},
		{"a weak token", options{HTTPAddr: "127.0.0.1:0", GRPCAddr: "127.0.0.1:0", BootstrapToken: "admin"}, "at least 24"},
		{"half of TLS", options{TLSCert: "x.pem"}, "go together"},
		{"no such certificate", options{TLSCert: "x.pem", TLSKey: "y.pem"}, "x.pem"},
		{"OIDC without audience", options{OIDCIssuer: "http://127.0.0.1:1"}, "audience"},
		{"no such address", options{HTTPAddr: "127.0.0.1:0", GRPCAddr: "nonsense"}, "--grpc-addr nonsense"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.o.DB, tt.o.LogLevel = filepath.Join(t.TempDir(), "tandem.db"), "error"
			var out bytes.Buffer
			err := run(t.Context(), tt.o, &out, io.Discard)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want an error that says %q", err, tt.says)
			}
			if strings.Contains(out.String(), "signin#") {
				t.Errorf("it showed a token all the same: %q", out.String())
			}
		})
	}
}

func TestShownDB(t *testing.T) {
	for dsn, want := range map[string]string{
		"tandem.db": "tandem.db", "postgres://u:secret@db.example/tandem?sslmode=require": "postgres://db.example/tandem", "postgres:///t": "postgres:///t",
	} {
		if got := shownDB(dsn); got != want {
			t.Errorf("shownDB(%q) = %q, want %q", dsn, got, want)
		}
	}
}
