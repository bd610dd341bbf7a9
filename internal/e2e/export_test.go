package e2e

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// files are what an export can be.
var files = []string{"grants.csv", "transactions.csv", "participants.csv", "grants.xlsx", "all.zip", "grants.iati.xml", "grants.360.json", "grants.360.xlsx"}

// plainText is a file without its packing.
func plainText(t *testing.T, name, body string) string {
	t.Helper()
	if !strings.HasSuffix(name, ".xlsx") && !strings.HasSuffix(name, ".zip") {
		return body
	}
	archive, err := zip.NewReader(bytes.NewReader([]byte(body)), int64(len(body)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	parts := map[string]string{} // the order of a workbook's parts says nothing
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		part, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts[f.Name] = string(part)
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		fmt.Fprintf(&b, "%s\n%s\n", name, parts[name])
	}
	return b.String()
}

// Every format has what its reader may see, and nothing that it may not: the files of one who does not see a grant are as before it was made.
func TestExportsShowWhatListsShow(t *testing.T) {
	for name, db := range stores {
		t.Run(name, func(t *testing.T) {
			d := start(t, db(t))
			field(t, d)
			d.must(t, "PATCH", "/v1/grants/us", `{"visibility":"PUBLIC","awardDate":"2022-03-28"}`)
			viewer := d.must(t, "POST", "/v1/tokens", `{"displayName":"viewer","role":"VIEWER"}`)["secret"].(string)
			state := d.must(t, "GET", "/v1/grants", "")["revision"].(string)
			get := func(token, file, query string) string {
				t.Helper()
				status, text, _ := d.ask(t, token, "GET", "/v1/exports/"+file+"?"+query, "")
				if status != http.StatusOK {
					t.Fatalf("%s?%s: %d %s", file, query, status, text)
				}
				return plainText(t, file, text)
			}
			before := map[string]string{}
			for _, f := range files {
				before[f] = get(viewer, f, "revision="+state)
			}
			d.must(t, "POST", "/v1/grants?grant_id=secret", `{"title":"Hush","visibility":"RESTRICTED","funders":[{"organisation":"organisations/usaid"}],"awardDate":"2023-01-01",
				"recipients":[{"organisation":"organisations/ecopeace"}],"amount":{"money":{"currencyCode":"USD","amount":"7.00"}}}`)
			d.must(t, "POST", "/v1/grants/us/links", `{"type":"SUB_GRANT_OF","target":"grants/secret"}`)
			made := d.must(t, "GET", "/v1/grants", "")["revision"].(string)
			for _, f := range files {
				now := get(viewer, f, "")
				if strings.Contains(now, "secret") || strings.Contains(now, "Hush") {
					t.Errorf("%s tells a viewer of a restricted grant", f)
				}
				if before[f] != get(viewer, f, "revision="+state) {
					t.Errorf("%s of revision %s is another than it was", f, state)
				}
				if all := get(adminToken, f, "revision="+made); !strings.Contains(all, "secret") {
					t.Errorf("%s does not have all that an administrator sees", f)
				}
			}
			if got := get(adminToken, "links.csv", ""); !strings.Contains(got, "SUB_GRANT_OF,secret") {
				t.Errorf("links.csv for an administrator: %s", got)
			}
			if got := get(viewer, "links.csv", ""); strings.Count(got, "\n") != 1 {
				t.Errorf("links.csv for a viewer: %s", got)
			}
		})
	}
}

// A file has all that the list has, whatever is asked for, and no more.
func TestExportsFilterAsLists(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"), "--sample")
	for _, query := range []string{
		"", "donor_state=US", "donor_state=SE&donor_state=CH", "member=organisations/ecopeace", "theme=themes/peacebuilding&status=ACTIVE", "from=2020&to=2021", "min_amount=1000000&currency=EUR", "search=water",
		"programme=programmes/meppa", "revision=60",
	} {
		want := d.must(t, "GET", "/v1/grants?page_size=1&"+query, "")
		status, text, head := d.ask(t, adminToken, "GET", "/v1/exports/grants.csv?"+query, "")
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || status != http.StatusOK {
			t.Fatalf("%s: %d %v", query, status, err)
		}
		if got := len(rows) - 1; got != int(want["totalSize"].(float64)) {
			t.Errorf("%s: %d rows, and %v grants in the list", query, got, want["totalSize"])
		}
		left := fmt.Sprintf("undated=%v, unknown-amount=%v, unconverted=%v", want["undatedCount"], want["unknownAmountCount"], want["unconvertedCount"])
		if got := head.Get("Tandem-Left-Out"); got != left && (got != "" || left != "undated=0, unknown-amount=0, unconverted=0") {
			t.Errorf("%s: left out %q, in the list %q", query, got, left)
		}
		if head.Get("Tandem-Revision") != want["revision"] {
			t.Errorf("%s: of revision %s, the list of %v", query, head.Get("Tandem-Revision"), want["revision"])
		}
	}
}

func TestExportsOverHTTP(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"), "--sample")
	status, text, head := d.ask(t, adminToken, "GET", "/v1/exports/grants.iati.xml", "")
	if status != 200 || head.Get("Content-Type") != "application/xml" || head.Get("Content-Disposition") != `attachment; filename="tandem-`+head.Get("Tandem-Revision")+`-grants.iati.xml"` || head.Get("ETag") == "" {
		t.Errorf("%d %v", status, head)
	}
	if status, again, _ := d.ask(t, adminToken, "GET", "/v1/exports/grants.iati.xml", "", "If-None-Match", head.Get("ETag")); status != http.StatusNotModified || again != "" {
		t.Errorf("the same once more: %d %q", status, again)
	}
	if status, body, h := d.ask(t, adminToken, "HEAD", "/v1/exports/grants.iati.xml", ""); status != 200 || body != "" || h.Get("ETag") != head.Get("ETag") {
		t.Errorf("its head: %d %q %v", status, body, h)
	}
	if !strings.HasSuffix(text, "</iati-activities>\n") {
		t.Errorf("it ends with %q", text[max(0, len(text)-40):])
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", d.url+"/v1/exports/grants.360.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+adminToken)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || !strings.Contains(res.Trailer.Get("Tandem-Note"), "grants are left out") {
		t.Errorf("what 360Giving has no place for: %v, %v", res.Trailer, err)
	}
	if status, text, _ := d.ask(t, adminToken, "POST", "/v1/exports/grants.csv", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d %s", status, text)
	}
	if status, text, _ := d.ask(t, "", "GET", "/v1/exports/grants.csv", ""); status != http.StatusUnauthorized {
		t.Errorf("nobody: %d %s", status, text)
	}
}

// A file of the command line is what the server sends, and stands under its name only when it is whole.
func TestCommandLineExports(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	field(t, d)
	dir := t.TempDir()
	for _, f := range []string{"grants.csv", "grants.xlsx", "grants.iati.xml"} {
		out, err := tandem(t, d, "export", filepath.Join(dir, f), "--donor-state", "US")
		if err != nil || !strings.HasPrefix(out, "Wrote ") {
			t.Fatalf("%s: %s %v", f, out, err)
		}
		got, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil {
			t.Fatal(err)
		}
		_, want, _ := d.ask(t, adminToken, "GET", "/v1/exports/"+f+"?donor_state=US", "")
		if plainText(t, f, string(got)) != plainText(t, f, want) {
			t.Errorf("%s is not what the server sends", f)
		}
	}
	if out, err := tandem(t, d, "export", filepath.Join(dir, "none.iati.xml"), "--donor-state", "FR"); err == nil || !strings.Contains(out, "no grant matches") {
		t.Errorf("a file of nothing: %s %v", out, err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 3 {
		t.Errorf("what was left: %v %v", left, err)
	}
	sayTo(t, d, "export-participants", []string{"export", "-", "--format", "csv", "--table", "participants"})
	sayTo(t, d, "export-unknown", []string{"export", "grants.pdf"})
	sayTo(t, d, "export-refused", []string{"export", "-", "--format", "csv", "--reporting-org", "usaid", "--from", "2023-13"})
}
