package server

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

// stream opens the stream of events and returns its lines.
func stream(t *testing.T, web *httptest.Server, token, query string, header ...string) (*http.Response, *bufio.Scanner) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, web.URL+"/v1/revisions:watch"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := web.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res, bufio.NewScanner(res.Body)
}

// next reads an event, its lines joined by "|".
func next(lines *bufio.Scanner) string {
	var event []string
	for lines.Scan() && lines.Text() != "" {
		event = append(event, lines.Text())
	}
	return strings.Join(event, "|")
}

func (b *bench) organisation(t *testing.T, id string) {
	t.Helper()
	if _, err := ledger.Create(t.Context(), b.ledger, ledger.Write{Principal: grant.Principal{Name: "test", Role: grant.Admin}}, "organisation",
		&grant.Organisation{ID: id, DisplayName: id}); err != nil {
		t.Fatal(err)
	}
}

// The stream of events over HTTP/1.1 and HTTP/2 with TLS: it begins at once, outlives the time limits of requests, resumes, and ends with the server.
func TestEvents(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS %v", secure), func(t *testing.T) {
			b := newBench(t, Config{})
			const limit = 50 * time.Millisecond
			web := httptest.NewUnstartedServer(b.Handler())
			web.Config.ReadTimeout, web.Config.WriteTimeout = limit, limit
			if web.EnableHTTP2 = secure; secure {
				web.StartTLS()
			} else {
				web.Start()
			}
			defer web.Close()
			res, lines := stream(t, web, b.token, "", "Accept", "text/event-stream")
			if h := res.Header; res.StatusCode != 200 || h.Get("Content-Type") != "text/event-stream" || h.Get("Cache-Control") != "no-store" || h.Get("X-Request-Id") == "" ||
				secure != (res.ProtoMajor == 2) {
				t.Fatalf("%s %d %v", res.Proto, res.StatusCode, h)
			}
			if got := next(lines); got != "retry: 2000|id: 1" {
				t.Errorf("it begins with %q", got)
			}
			past, stop := context.WithTimeout(t.Context(), 3*limit)
			defer stop()
			<-past.Done() // the limits of a request are over
			b.organisation(t, "a")
			if got := next(lines); !strings.HasPrefix(got, `id: 2|event: revision|data: {"name":"revisions/2",`) {
				t.Errorf("the event is %q", got)
			}
			b.organisation(t, "b")
			_, resumed := stream(t, web, b.token, "?after=0", "Last-Event-ID", "2")
			if got := next(resumed) + " " + next(resumed); !strings.HasPrefix(got, "retry: 2000|id: 2 id: 3|") {
				t.Errorf("it resumes with %q", got)
			}
			b.end()
			next(lines) // revision 3
			if got := next(lines); got != "" || lines.Err() != nil {
				t.Errorf("when the server stops: %q, %v", got, lines.Err())
			}
		})
	}
}

// What is no stream is refused as everything is, by status and in JSON.
func TestEventsRefused(t *testing.T) {
	b := newBench(t, Config{})
	for name, c := range map[string]struct {
		header []string
		code   int
		says   string
	}{
		"nobody":           {[]string{"Authorization", ""}, 401, "sign in"},
		"another format":   {[]string{"Accept", "text/csv"}, 406, "text/event-stream"},
		"an id of another": {[]string{"Last-Event-ID", "x"}, 400, `found "x"`},
	} {
		w := b.ask("GET", "/v1/revisions:watch", "", c.header...)
		if message, _ := refusalOf(t, w); w.Code != c.code || !strings.Contains(message, c.says) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}
