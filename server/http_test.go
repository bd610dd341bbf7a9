package server

import (
	"encoding/csv"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/allmep/tandem/internal/grant"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

func TestConditionalRead(t *testing.T) {
	b := newBench(t, Config{Build: "1"})
	b.admit(t, "viewer", "tdm_viewer", grant.Principal{Role: grant.Viewer}, 0)
	const path = "/v1/organisations"
	first := b.ask("GET", path, "")
	etag := first.Header().Get("ETag")
	if first.Code != 200 || !strings.HasPrefix(etag, `"2-`) || first.Header().Get("Cache-Control") != "private, no-cache" || first.Header().Get("Vary") != "Authorization, Accept" {
		t.Fatalf("%d %v", first.Code, first.Header())
	}
	again := b.ask("GET", path, "", "If-None-Match", `"x", W/`+etag)
	if again.Code != 304 || again.Body.Len() != 0 || again.Header().Get("ETag") != etag || again.Header().Get("Cache-Control") != "private, no-cache" {
		t.Errorf("%d %q %v", again.Code, again.Body, again.Header())
	}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"another principal": b.ask("GET", path, "", "If-None-Match", etag, "Authorization", "Bearer tdm_viewer"),
		"another format":    b.ask("GET", path, "", "If-None-Match", etag, "Accept", "text/csv"),
		"the same by query": b.ask("GET", path+"?format=csv", "", "If-None-Match", etag),
	} {
		if w.Code != 200 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if w := b.ask("GET", path, "", "If-None-Match", etag, "Authorization", "Bearer nobody"); w.Code != 401 {
		t.Errorf("an etag stands in for a token: %d", w.Code)
	}
	if w := b.ask("POST", path+"?organisation_id=a", `{"displayName":"A"}`); w.Code != 200 || w.Header().Get("ETag") != "" || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s %v", w.Code, w.Body, w.Header())
	}
	if w := b.ask("GET", path, "", "If-None-Match", etag); w.Code != 200 || w.Header().Get("ETag") == etag {
		t.Errorf("after a write: %d %v", w.Code, w.Header())
	}
	var md metadata.MD
	organisations := tandemv1.NewOrganisationServiceClient(b.conn)
	if _, err := organisations.ListOrganisations(as(t, b.token), &tandemv1.ListOrganisationsRequest{}, grpc.Header(&md)); err != nil || len(md.Get("etag")) != 1 {
		t.Fatalf("%v %v", err, md)
	}
	_, err := organisations.ListOrganisations(as(t, b.token, "if-none-match", md.Get("etag")[0]), &tandemv1.ListOrganisationsRequest{})
	if status.Code(err) != codes.FailedPrecondition {
		t.Errorf("over gRPC: %v", err)
	}
}

func TestGatewayRefusals(t *testing.T) {
	b := newBench(t, Config{})
	tests := []struct {
		name, method, path, body string
		code                     int
		says, field              string
	}{
		{"unknown field", "POST", "/v1/organisations?organisation_id=a", `{"displayNam":"A"}`, 400, "unknown field", "organisation.displayNam"},
		{"wrong type", "POST", "/v1/organisations?organisation_id=a", `{"displayName":5}`, 400, "invalid value", "organisation.displayName"},
		{"unknown enumeration", "POST", "/v1/grants", `{"status":"SLEEPY"}`, 400, "invalid value", "grant.status"},
		{"deep inside", "POST", "/v1/grants:batchCreate", "{\"requests\":[{},\n {\"grant\":{\"title\":\"é\",\"funders\":[{\"organisation\":\"x\",\"sharePercent\":\"half\"}]}}]}", 400, "invalid value", "requests[1].grant.funders[0].sharePercent"},
		{"not JSON", "POST", "/v1/organisations?organisation_id=a", `{"displayName":`, 400, "not JSON", ""},
		{"two values", "POST", "/v1/organisations?organisation_id=a", `{} {}`, 400, "not JSON", ""},
		{"invalid UTF-8", "POST", "/v1/organisations?organisation_id=a", "{\"displayName\":\"\xff\"}", 400, "not UTF-8", ""},
		{"no body", "POST", "/v1/organisations?organisation_id=a", "", 400, "is empty", "organisation.displayName"},
		{"5 MB", "POST", "/v1/organisations?organisation_id=a", `{"displayName":"` + strings.Repeat("x", 5<<20) + `"}`, 413, "longer than", ""},
		{"unknown parameter", "GET", "/v1/allocations?donor_stat=US", "", 400, "unknown parameter", "donorStat"},
		{"number", "GET", "/v1/grants?page_size=many", "", 400, "page_size", "pageSize"},
		{"too large a page", "GET", "/v1/grants?page_size=1001", "", 400, "found 1001", "pageSize"},
		{"bad query", "GET", "/v1/grants?page_size=%zz", "", 400, "cannot be read", ""},
		{"unknown format", "GET", "/v1/grants?format=xml", "", 400, "json and csv", "format"},
		{"bad name", "GET", "/v1/grants/NOT_ONE", "", 400, "", "name"},
		{"unknown path", "GET", "/v1/nothing", "", 404, "nothing at /v1/nothing", ""},
		{"unknown path outside", "GET", "/admin.php", "", 404, "nothing at /admin.php", ""},
		{"unknown method", "PUT", "/v1/grants", "{}", 405, "not for PUT", ""},
		{"unknown method outside", "POST", "/docs", "", 405, "not for POST", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := b.ask(tt.method, tt.path, tt.body)
			message, field := refusalOf(t, w)
			if w.Code != tt.code || !strings.Contains(message, tt.says) || field != tt.field {
				t.Errorf("got %d, field %q, %q; want %d, field %q, saying %q", w.Code, field, message, tt.code, tt.field, tt.says)
			}
			if w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
	if r := b.ledger.State().Revision; r != 1 {
		t.Errorf("something was stored: revision %d", r)
	}
}

// What an answer as of today says changes with the day, and so does its ETag; that of an answer as of a day that was named does not.
func TestConditionalReadOfToday(t *testing.T) {
	b := newBench(t, Config{})
	for path, want := range map[string]int{"/v1/targets:coverage": 200, "/v1/targets:coverage?as_of=2026-04-01": 304, "/v1/targets": 304} {
		etag := b.ask("GET", path, "").Header().Get("ETag")
		if w := b.ask("GET", path, "", "If-None-Match", etag); w.Code != 304 {
			t.Errorf("%s on the same day: %d", path, w.Code)
		}
		b.clock.Add((24 * time.Hour).Microseconds())
		if w := b.ask("GET", path, "", "If-None-Match", etag); w.Code != want {
			t.Errorf("%s on the next day: %d, want %d", path, w.Code, want)
		}
	}
}

func TestCSV(t *testing.T) {
	b := newBench(t, Config{})
	for _, o := range []struct{ id, body string }{
		{"alpha", `{"displayName":"=HYPERLINK(\"x\")","aliases":["@a","b"],"state":"US"}`},
		{"beta", `{"displayName":"-5","member":true}`},
	} {
		if w := b.ask("POST", "/v1/organisations?organisation_id="+o.id, o.body); w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	w := b.ask("GET", "/v1/organisations?page_size=1", "", "Accept", "text/csv, */*;q=0.1")
	rows, err := csv.NewReader(w.Body).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d %v, %v", w.Code, rows, err)
	}
	cell := func(name string) string {
		for i, n := range rows[0] {
			if n == name {
				return rows[1][i]
			}
		}
		t.Errorf("no column %q in %v", name, rows[0])
		return ""
	}
	if cell("name") != "organisations/alpha" || cell("displayName") != `'=HYPERLINK("x")` || cell("aliases") != "'@a; b" || cell("state") != "US" || cell("member") != "false" {
		t.Errorf("got %v", rows)
	}
	token := w.Header().Get("Tandem-Next-Page-Token")
	if token == "" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv") {
		t.Errorf("headers %v", w.Header())
	}
	w = b.ask("GET", "/v1/organisations?page_size=1&format=csv&page_token="+token, "")
	if !strings.Contains(w.Body.String(), "organisations/beta,") || w.Header().Get("Tandem-Next-Page-Token") != "" {
		t.Errorf("%s %v", w.Body, w.Header())
	}
	w = b.ask("GET", "/v1/allocations?group_by=donor_state&group_by=year&format=csv", "")
	if w.Code != 200 || !strings.HasPrefix(w.Body.String(), "donor_state,year,donor_state_label,year_label,lower,central,upper,") ||
		!strings.Contains(w.Body.String(), ",currencyCode,provisional\n") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = b.ask("GET", "/v1/allocations?format=csv", "")
	if rows, err := csv.NewReader(w.Body).ReadAll(); err != nil || len(rows) != 2 || rows[0][0] != "lower" || rows[1][0] != "0.00" {
		t.Errorf("a total alone: %v, %v", rows, err)
	}
	w = b.ask("GET", "/v1/me?format=csv", "")
	if rows, err := csv.NewReader(w.Body).ReadAll(); err != nil || len(rows) != 2 || rows[1][0] != "tokens/admin" {
		t.Errorf("one record: %v, %v", rows, err)
	}
}

func TestPages(t *testing.T) {
	b := newBench(t, Config{})
	for path, says := range map[string]string{
		"/healthz": "ok", "/readyz": "ready", "/metrics": "tandem_revision 1", "/openapi.json": `"swagger"`, "/docs": "Tandem: the interface", "/signin": "/v1/me", "/import": "Import a file",
	} {
		w := b.ask("GET", path, "")
		if w.Code != 200 || !strings.Contains(w.Body.String(), says) || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		if head := b.ask("HEAD", path, ""); head.Code != 200 {
			t.Errorf("HEAD %s: %d", path, head.Code)
		}
	}
	if w := b.ask("GET", "/", ""); w.Code != 302 || w.Header().Get("Location") != "/docs" {
		t.Errorf("/: %d %v", w.Code, w.Header())
	}
	if w := b.ask("HEAD", "/v1/me", ""); w.Code != 200 {
		t.Errorf("HEAD /v1/me: %d", w.Code)
	}
	if policy := b.ask("GET", "/signin", "").Header().Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'sha256-") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %q", policy)
	}
}

func TestDocsHaveEveryOperation(t *testing.T) {
	var spec struct {
		Paths       map[string]map[string]struct{ OperationID, Summary string }
		Definitions map[string]struct{ Properties map[string]any }
	}
	if err := json.Unmarshal(openAPI, &spec); err != nil {
		t.Fatal(err)
	}
	page := newBench(t, Config{}).ask("GET", "/docs", "").Body.String()
	operations := 0
	for path, methods := range spec.Paths {
		for method, o := range methods {
			operations++
			if !strings.Contains(page, `id="`+o.OperationID+`"><span class="method">`+strings.ToUpper(method)) {
				t.Errorf("%s %s (%s) is not there", method, path, o.OperationID)
			}
		}
	}
	if operations < 40 {
		t.Errorf("the document has only %d operations", operations)
	}
	for name := range spec.Definitions {
		if !strings.Contains(page, `<h3 id="`+shortName(name)+`">`) {
			t.Errorf("%s is not there", name)
		}
	}
	if strings.Contains(page, "{name") || strings.Contains(page, "<no value>") || strings.Contains(page, "<script") {
		t.Error("the page has a raw name of a parameter, a hole or a script")
	}
}
