package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/allmep/tandem/client"
	"github.com/allmep/tandem/internal/pgtest"
)

// programs is where TestMain put the built programs.
var programs string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "tandem-e2e")
	if err != nil {
		panic(err)
	}
	programs = dir
	build := exec.Command("go", "build", "-o", dir+"/", "github.com/allmep/tandem/server/cmd/tandemd", "github.com/allmep/tandem/client/cmd/tandem")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, out))
	}
	defer os.RemoveAll(dir)
	pgtest.Main(m)
}

// stores are the databases that everything is tested on.
var stores = map[string]func(t *testing.T) string{
	"SQLite":     func(t *testing.T) string { return filepath.Join(t.TempDir(), "tandem.db") },
	"PostgreSQL": func(t *testing.T) string { return pgtest.URL(t) },
}

const adminToken = "tdm_0123456789abcdef0123456789abcdef"

// daemon is a running tandemd.
type daemon struct {
	cmd       *exec.Cmd
	grpc, url string
	log       *bytes.Buffer
	ended     chan struct{}
}

var ready = regexp.MustCompile(`gRPC on (\S+), HTTP on (\S+),`)

// start runs tandemd on a database, on ports of its own, and returns when it says that it is ready.
func start(t *testing.T, db string, args ...string) *daemon {
	t.Helper()
	return startWith(t, adminToken, db, args...)
}

// startWith is start with another token of the first administrator.
func startWith(t *testing.T, token, db string, args ...string) *daemon {
	t.Helper()
	d := &daemon{log: &bytes.Buffer{}, ended: make(chan struct{})}
	d.cmd = exec.Command(filepath.Join(programs, "tandemd"), append([]string{
		"--db", db, "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0", "--rate-limit", "0", "--log-level", "warn",
	}, args...)...)
	d.cmd.Env = append(os.Environ(), "TANDEM_BOOTSTRAP_TOKEN="+token)
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	d.cmd.Stderr = d.log
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := ready.FindStringSubmatch(lines.Text()); m != nil {
			d.grpc, d.url = m[1], m[2]
			break
		}
	}
	if d.url == "" {
		_ = d.cmd.Wait()
		t.Fatalf("tandemd did not start: %s", d.log)
	}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		_ = d.cmd.Wait()
		close(d.ended)
	}()
	t.Cleanup(d.kill)
	return d
}

// kill ends it at once.
func (d *daemon) kill() {
	_ = d.cmd.Process.Signal(syscall.SIGKILL) // it may be gone
	<-d.ended
}

func (d *daemon) client(t *testing.T, opts ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(d.grpc, append([]client.Option{client.WithToken(adminToken)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// ask sends a request over REST as a token's owner and returns the answer's status, text and head.
func (d *daemon) ask(t *testing.T, token, method, path, body string, head ...string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, d.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text), res.Header
}

// must sends a request that has to succeed, and returns the answer.
func (d *daemon) must(t *testing.T, method, path, body string) map[string]any {
	t.Helper()
	status, text, _ := d.ask(t, adminToken, method, path, body)
	if status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	return decoded(t, text)
}

// decoded is an answer in JSON.
func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// field makes the world in which tests ask: two donors, a member, a tree of themes, and DESIGN's two grants, "us" and "se".
func field(t *testing.T, d *daemon) {
	t.Helper()
	d.must(t, "POST", "/v1/organisations?organisation_id=usaid", `{"displayName":"USAID","state":"US"}`)
	d.must(t, "POST", "/v1/organisations?organisation_id=sida", `{"displayName":"Sida","state":"SE"}`)
	d.must(t, "POST", "/v1/organisations?organisation_id=ecopeace", `{"displayName":"EcoPeace","member":true,"identifiers":["IL-RA-1"]}`)
	d.must(t, "POST", "/v1/themes?theme_id=water", `{"displayName":"Water"}`)
	d.must(t, "POST", "/v1/themes?theme_id=education", `{"displayName":"Education"}`)
	d.must(t, "POST", "/v1/locations?location_id=region", `{"displayName":"Region"}`)
	d.must(t, "POST", "/v1/themes?theme_id=sanitation", `{"displayName":"Sanitation","parent":"themes/water"}`)
	d.must(t, "POST", "/v1/organisations?organisation_id=office", `{"displayName":"Office","parent":"organisations/ecopeace"}`)
	d.must(t, "POST", "/v1/grants?grant_id=us", `{"title":"Climate resilience","funders":[{"organisation":"organisations/usaid"}],
		"recipients":[{"organisation":"organisations/ecopeace"}],"start":"2023-02-01","end":"2026-01-31","amount":{"money":{"currencyCode":"USD","amount":"3300000.00"}},
		"themes":[{"name":"themes/water","percent":60},{"name":"themes/education","percent":40}]}`)
	d.must(t, "POST", "/v1/grants?grant_id=se", `{"title":"Core support","funders":[{"organisation":"organisations/sida"}],
		"recipients":[{"organisation":"organisations/ecopeace"}],"start":"2022-01-01","end":"2026-12-31","awardDate":"2022-01-01",
		"amount":{"money":{"currencyCode":"SEK","amount":"63234281.00"}},"themes":[{"name":"themes/water","percent":100}]}`)
}
