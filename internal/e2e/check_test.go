package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// DESIGN's check values, to the cent, over REST, gRPC and as CSV, on every store; and the same again from an earlier revision and after a restart.
func TestCheckValues(t *testing.T) {
	const query = "/v1/allocations?group_by=donor_state&group_by=year&measure=allocated&currency=USD"
	want := map[string]string{
		"US 2023": "1005656.93", "US 2024": "1102007.30", "US 2025": "1098996.35", "US 2026": "93339.42", "total": "10287029.32",
		"SE 2022": "1396640.58", "SE 2023": "1396640.58", "SE 2024": "1400467.00", "SE 2025": "1396640.58", "SE 2026": "1396640.58",
	}
	for name, db := range stores {
		t.Run(name, func(t *testing.T) {
			database := db(t)
			d := start(t, database)
			field(t, d)
			figures := func(m map[string]any) map[string]string {
				got := map[string]string{"total": m["total"].(map[string]any)["central"].(string)}
				for _, r := range m["rows"].([]any) {
					row := r.(map[string]any)
					got[fmt.Sprintf("%s %s", row["keys"].([]any)...)] = row["central"].(string)
				}
				return got
			}
			first := d.must(t, "GET", query, "")
			if diff := cmp.Diff(want, figures(first)); diff != "" {
				t.Errorf("REST (-want +got):\n%s", diff)
			}
			answer, err := d.client(t).Allocations.QueryAllocations(t.Context(), &tandemv1.QueryAllocationsRequest{GroupBy: []string{"donor_state"}, Currency: "USD"})
			if err != nil || answer.Total.Central != want["total"] {
				t.Errorf("gRPC: found %v, %v", answer.GetTotal(), err)
			}
			if _, text, _ := d.ask(t, adminToken, "GET", query, "", "Accept", "text/csv"); !strings.Contains(text, "1005656.93") {
				t.Errorf("CSV: found %s", text)
			}
			_, _, head := d.ask(t, adminToken, "GET", query, "")
			if status, _, _ := d.ask(t, adminToken, "GET", query, "", "If-None-Match", head.Get("ETag")); status != http.StatusNotModified {
				t.Errorf("an ETag that holds was answered with %d", status)
			}
			revision := first["revision"].(string)
			d.must(t, "DELETE", "/v1/grants/se", "")
			if status, _, _ := d.ask(t, adminToken, "GET", query, "", "If-None-Match", head.Get("ETag")); status != http.StatusOK {
				t.Errorf("an ETag of an earlier revision was answered with %d", status)
			}
			d.kill()
			d = start(t, database)
			if got := d.must(t, "GET", query, "")["total"].(map[string]any)["central"]; got != "3300000.00" {
				t.Errorf("without the Swedish grant: found %s", got)
			}
			if diff := cmp.Diff(want, figures(d.must(t, "GET", query+"&revision="+revision, ""))); diff != "" {
				t.Errorf("as of revision %s (-want +got):\n%s", revision, diff)
			}
		})
	}
}

// wanted adds what the world has of programmes and targets: one with envelopes that overlap, under which the American grant is, and targets of which one is met.
func wanted(t *testing.T, d *daemon) {
	t.Helper()
	d.must(t, "POST", "/v1/programmes?programme_id=meppa", `{"displayName":"MEPPA","owner":"organisations/usaid","envelopes":[
		{"start":"2021","end":"2025","amount":{"money":{"currencyCode":"USD","amount":"3000000.00"},"qualifier":"UP_TO"}},
		{"start":"2023","end":"2023","amount":{"money":{"currencyCode":"EUR","amount":"6000000.00"}}}]}`)
	d.must(t, "PATCH", "/v1/grants/us", `{"programme":"programmes/meppa"}`)
	d.must(t, "POST", "/v1/targets?target_id=water", `{"theme":"themes/water","start":"2023","end":"2023","amount":{"currencyCode":"USD","amount":"5000000.00"},"source":"strategy"}`)
	d.must(t, "POST", "/v1/targets?target_id=education", `{"theme":"themes/education","start":"2023","end":"2023","amount":{"currencyCode":"USD","amount":"100000.00"},"source":"strategy"}`)
}

// What is committed under a programme and allocated to a target, over REST, for one who sees the grants and one who sees none of them; and as it was before each was recorded.
func TestProgrammesAndTargets(t *testing.T) {
	d := start(t, stores["SQLite"](t))
	field(t, d)
	revision, err := strconv.Atoi(d.must(t, "GET", "/v1/grants", "")["revision"].(string))
	if err != nil {
		t.Fatal(err)
	}
	wanted(t, d)
	viewer := d.must(t, "POST", "/v1/tokens", `{"displayName":"v","role":"VIEWER"}`)["secret"].(string)
	for _, c := range []struct{ token, path, want string }{
		{adminToken, "/v1/programmes/meppa:utilisation?as_of=2021-12-31", "3000000.00 3300000.00 -300000.00 110.00 19.99"},
		{viewer, "/v1/programmes/meppa:utilisation?as_of=2021-12-31", "3000000.00 0.00 3000000.00 0.00 19.99"},
		{adminToken, "/v1/programmes:utilisation?as_of=2021-12-31&revision=" + strconv.Itoa(revision+1), "3000000.00 0.00 3000000.00 0.00 19.99"},
		{adminToken, "/v1/programmes:utilisation?revision=" + strconv.Itoa(revision), ""},
		{adminToken, "/v1/targets:coverage?location=locations/region", ""},
		{adminToken, "/v1/targets:coverage?revision=" + strconv.Itoa(revision), ""},
		{adminToken, "/v1/targets:coverage?theme=themes/water&as_of=2023-04-01", "5000000.00 2000034.74 2999965.26 40.00 24.93"},
		{viewer, "/v1/targets:coverage?theme=themes/water&as_of=2023-04-01", "5000000.00 0.00 5000000.00 0.00 24.93"},
		{adminToken, "/v1/targets:coverage?theme=themes/water&as_of=2023-04-01&rate_date=2022-01-03", "5000000.00 1997422.86 3002577.14 39.95 24.93"},
	} {
		_, text, _ := d.ask(t, c.token, "GET", c.path, "")
		var a struct {
			Rows []struct {
				CeilingCentral, Wanted, Unallocated, Missing, CommittedPercent, CoveragePercent, ElapsedPercent string
				Committed, Allocated                                                                            struct{ Central string }
			}
		}
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got := ""
		if len(a.Rows) > 0 {
			r := a.Rows[0]
			got = fmt.Sprint(r.CeilingCentral, r.Wanted, " ", r.Committed.Central, r.Allocated.Central, " ", r.Unallocated, r.Missing, " ", r.CommittedPercent, r.CoveragePercent, " ", r.ElapsedPercent)
		}
		if got != c.want {
			t.Errorf("%s: found %q, want %q", c.path, got, c.want)
		}
	}
}

// A list by amount and period says how many grants it leaves out since their amount or their days are not known, in a header of CSV too, and its pages are whole in any order.
func TestListsSayWhatTheyLeaveOut(t *testing.T) {
	d := start(t, stores["SQLite"](t))
	field(t, d)
	body := `{"title":%q,"funders":[{"organisation":"organisations/sida"}],"start":%q,"durationMonths":12,"amount":%s}`
	d.must(t, "POST", "/v1/grants?grant_id=unknown", fmt.Sprintf(body, "unknown", "2023", `{"qualifier":"UNKNOWN"}`))
	d.must(t, "POST", "/v1/grants?grant_id=undated", fmt.Sprintf(body, "Apples", "", `{"money":{"currencyCode":"USD","amount":"4000000.00"}}`))
	d.must(t, "POST", "/v1/grants?grant_id=early", fmt.Sprintf(body, "early", "2010", `{"money":{"currencyCode":"ILS","amount":"52720.00"}}`))
	for _, c := range []struct{ query, want string }{
		{"min_amount=3300000&order_by=amount", "us undated se 0 1 1"},
		{"min_amount=3300000.01&max_amount=7000000&order_by=amount%20desc&from=2022&to=2022", "se 1 0 0"},
		{"min_amount=3300000&from=2023&to=2023&order_by=title", "us se 1 1 0"},
		{"to=2010", "early 1 0 0"},
		{"order_by=amount%20desc", "se undated us early unknown 0 0 0"},
		{"order_by=title", "undated us se early unknown 0 0 0"},
		{"order_by=end%20desc&page_size=2", "se us unknown early undated 0 0 0"},
		{"stale_since=2020-01-01T00:00:00Z", "0 0 0"},
		{"unconfirmed=true&page_size=1&order_by=update_time%20desc", "early undated unknown se us 0 0 0"},
	} {
		got, page, total := "", "", 0.0
		for first := true; first || page != ""; first = false {
			a := d.must(t, "GET", "/v1/grants?"+c.query+"&page_token="+page, "")
			for _, g := range a["grants"].([]any) {
				got += strings.TrimPrefix(g.(map[string]any)["name"].(string), "grants/") + " "
			}
			page, total = a["nextPageToken"].(string), a["totalSize"].(float64)
			if page == "" {
				got += fmt.Sprint(a["undatedCount"], " ", a["unknownAmountCount"], " ", a["unconvertedCount"])
			}
		}
		if got != c.want || int(total) != len(strings.Fields(c.want))-3 {
			t.Errorf("%s: found %q of %v, want %q", c.query, got, total, c.want)
		}
	}
	if _, _, head := d.ask(t, adminToken, "GET", "/v1/grants?min_amount=1&to=2023&format=csv", ""); head.Get("Tandem-Left-Out") != "undated=1, unknown-amount=1, unconverted=1" {
		t.Errorf("CSV: found %q", head.Get("Tandem-Left-Out"))
	}
}

// An edit on the command line sets and empties the fields that it names, and the rest stays.
func TestCommandLineEdits(t *testing.T) {
	d := start(t, stores["SQLite"](t))
	field(t, d)
	wanted(t, d)
	d.must(t, "POST", "/v1/populations?population_id=women", `{"displayName":"Women","description":"x"}`)
	for _, c := range []struct {
		line []string
		path string
		want map[string]any
	}{
		{[]string{"theme", "edit", "sanitation", "--code", "14031", "--clear", "parent"}, "themes/sanitation", map[string]any{"displayName": "Sanitation", "parent": "", "dacCodes": []any{"14031"}}},
		{[]string{"location", "edit", "region", "--name", "The region"}, "locations/region", map[string]any{"displayName": "The region"}},
		{[]string{"population", "edit", "women", "--clear", "description"}, "populations/women", map[string]any{"displayName": "Women", "description": ""}},
		{[]string{"programme", "edit", "meppa", "--note", "n", "--clear", "envelopes"}, "programmes/meppa", map[string]any{"displayName": "MEPPA", "note": "n", "envelopes": []any{}}},
		{[]string{"target", "edit", "water", "--amount", "6,000,000 EUR", "--end", "2024"}, "targets/water", map[string]any{
			"theme": "themes/water", "start": "2023", "end": "2024", "amount": map[string]any{"currencyCode": "EUR", "amount": "6000000.00"},
		}},
	} {
		if out, err := tandem(t, d, c.line...); err != nil {
			t.Errorf("%v: %v\n%s", c.line, err, out)
		}
		got := d.must(t, "GET", "/v1/"+c.path, "")
		for field, want := range c.want {
			if diff := cmp.Diff(want, got[field]); diff != "" {
				t.Errorf("%v: %s (-want +got):\n%s", c.line, field, diff)
			}
		}
	}
}

// tandem runs the command line as the administrator.
func tandem(t *testing.T, d *daemon, args ...string) (out string, err error) {
	t.Helper()
	cmd := exec.Command(filepath.Join(programs, "tandem"), args...)
	cmd.Env = []string{"TANDEM_SERVER=" + d.grpc, "TANDEM_TOKEN=" + adminToken, "HOME=" + t.TempDir()}
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// The command line, word for word. UPDATE=1 writes the golden files anew.
func TestCommandLine(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	field(t, d)
	d.must(t, "POST", "/v1/grants/us/reports", `{"kind":"DONOR_STATEMENT","organisation":"organisations/usaid","date":"2023-01","amount":{"money":{"currencyCode":"USD","amount":"3300000.00"},"qualifier":"ROUNDED"}}`)
	d.must(t, "POST", "/v1/grants/us/reports", `{"kind":"MEMBER_STATEMENT","organisation":"organisations/ecopeace","date":"2023-02-06","amount":{"money":{"currencyCode":"EUR","amount":"3000000.00"}},"durationMonths":36,"end":"2026"}`)
	d.must(t, "POST", "/v1/grants/us/reports", `{"kind":"PRESS","uri":"https://example.org","amount":{"money":{"currencyCode":"ILS","amount":"9000000.00"}},"recipients":["organisations/office"],"status":"CLOSED"}`)
	d.must(t, "POST", "/v1/grants/us/reports/2:confirm", `{}`)
	d.must(t, "POST", "/v1/grants/us/reports/3:accept", `{"fields":["duration_months"]}`)
	wanted(t, d)
	for name, line := range map[string]string{
		"allocations":        "allocations --by donor-state --by year --currency USD",
		"allocations-csv":    "-o csv allocations --by donor-state --by member --currency EUR",
		"allocations-window": "allocations --by theme --from 2023 --to 2023-06 --currency USD",
		"overlaps":           "overlaps --currency EUR",
		"overlap-clusters":   "overlaps clusters",
		"overlap-decide":     "overlaps decide us --verdict distinct",
		"gaps":               "gaps --as-of 2026-01-31 --cliff 30",
		"concentration":      "concentration --by donor-state",
		"what-if":            "what-if --withdraw US@2025-02-01 --scale grants/se@50%",
		"what-if-nothing":    "what-if --withdraw US",
		"place":              "place '500000~USD' --from 2026 --to 2026 --theme water --why",
		"brief":              "brief --markdown --member ecopeace --as-of 2025-01-31",
		"grant-list":         "grant list --theme water",
		"grant-list-amount":  "grant list --min-amount 3,000,000 --currency EUR --to 2022 --order-by amount~desc",
		"utilisation":        "programme utilisation --as-of 2024-11-20",
		"utilisation-csv":    "-o csv programme utilisation meppa --as-of 2024-11-20 --currency EUR",
		"coverage":           "target coverage --as-of 2024-11-20",
		"coverage-euros":     "target coverage --theme water --currency EUR --as-of 2024-11-20",
		"theme-edit":         "theme edit water",
		"grant-search":       "grant list --search eco",
		"grant-similar":      "grant similar --query climate~resilience~ecopeace",
		"grant-refused":      "grant log --title climate --funder usaid --recipient ecopeace --amount 3300000~USD --start 2023-02-01 --end 2026-01-31 --refuse-similar",
		"org-list":           "org list",
		"org-search":         "org list --search ecop",
		"theme-list":         "theme list",
		"transaction-list":   "transaction list us",
		"report-list":        "report list us",
		"reconcile":          "grant reconcile us",
		"reconcile-csv":      "-o csv grant reconcile us",
		"accept-unstated":    "report accept us/2 --field status",
		"accept-nothing":     "report accept us/2 --field title",
		"rate-list":          "rate list ILS --from 2011-01-03 --to 2011-01-05",
		"refused":            "grant log --title x --funder usaid --amount 1USD --start 2023-13",
		"refused-amount":     "grant log --title x --funder usaid --amount three",
		"refused-fields":     "grant log --title x --funder nobody --start 2023-02 --end 2022 --amount '1 USD'",
		"refused-anchor":     "history verify --anchor 112",
		"refused-since":      "history --since yesterday",
		"refused-backup":     "admin verify no-such-file",
		"not-found":          "grant show nothing",
		"unknown-word":       "grant list --status open",
	} {
		t.Run(name, func(t *testing.T) {
			var args []string
			for _, a := range strings.Split(line, " ") {
				args = append(args, strings.ReplaceAll(strings.Trim(a, "'"), "~", " "))
			}
			if name == "refused-fields" {
				args = append(args[:len(args)-2], "1 USD")
			}
			sayTo(t, d, name, args)
		})
	}
}

// tokenNames are made anew in each run.
var tokenNames = regexp.MustCompile(`tokens/[0-9a-z]+`)

// sayTo runs a command against a server, and holds what it writes against its golden file.
func sayTo(t *testing.T, d *daemon, name string, args []string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(programs, "tandem"), args...)
	cmd.Env = []string{"TANDEM_SERVER=" + d.grpc, "TANDEM_TOKEN=" + adminToken, "HOME=" + t.TempDir()}
	out, err := cmd.CombinedOutput()
	got := tokenNames.ReplaceAllString(string(out), "tokens/…")
	if err != nil {
		got += err.Error() + "\n"
	}
	golden := filepath.Join("testdata", name+".txt")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("tandem %s (-want +got):\n%s", strings.Join(args, " "), diff)
	}
}

// Two records of one award are merged and parted again, a duplicate is linked, an organisation is merged, and a grant goes back to an earlier state; word
// for word, one after the other.
func TestCommandLineMerges(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	field(t, d)
	d.must(t, "POST", "/v1/grants?grant_id=press", `{"title":"Press release","funders":[{"organisation":"organisations/usaid"}],"recipients":[{"organisation":"organisations/office"}],
		"start":"2023-02-01","end":"2026-01-31","awardDate":"2023-02-01","amount":{"money":{"currencyCode":"USD","amount":"3300000.00"}},"identifiers":["US-GOV-22-9000115492"]}`)
	d.must(t, "POST", "/v1/grants/press/transactions", `{"type":"DISBURSEMENT","date":"2023-06","amount":{"money":{"currencyCode":"USD","amount":"1000.00"}}}`)
	revision := fmt.Sprint(d.must(t, "GET", "/v1/grants/us", "")["etag"])
	d.must(t, "PATCH", "/v1/grants/us", `{"title":"Another title"}`)
	for _, c := range []struct {
		name string
		args []string
	}{
		{"link-no-reason", []string{"link", "add", "press", "us", "--type", "duplicate-of"}},
		{"link-add", []string{"link", "add", "press", "us", "--type", "duplicate-of", "--why", "the embassy's press release"}},
		{"link-list", []string{"link", "list", "press"}},
		{"link-counted-once", []string{"allocations", "--by", "donor-state", "--currency", "USD"}},
		{"merge-dry-run", []string{"grant", "merge", "us", "press", "--leave", "--dry-run"}},
		{"merge", []string{"grant", "merge", "us", "press"}},
		{"merge-write-there", []string{"grant", "delete", "press"}},
		{"merge-edit-restored", []string{"grant", "restore", "us", "--revision", revision}},
		{"unmerge", []string{"grant", "unmerge", "press"}},
		{"unmerge-list", []string{"grant", "list"}},
		{"restore", []string{"grant", "restore", "us", "--revision", revision}},
		{"restore-list", []string{"grant", "list"}},
		{"org-merge", []string{"org", "merge", "ecopeace", "office"}},
		{"org-merged-list", []string{"org", "list"}},
		{"org-unmerge", []string{"org", "unmerge", "office"}},
	} {
		t.Run(c.name, func(t *testing.T) { sayTo(t, d, c.name, c.args) })
	}
}
