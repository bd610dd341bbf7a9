package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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

// The command line, word for word. UPDATE=1 writes the golden files anew.
func TestCommandLine(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	field(t, d)
	for name, line := range map[string]string{
		"allocations":        "allocations --by donor-state --by year --currency USD",
		"allocations-csv":    "-o csv allocations --by donor-state --by member --currency EUR",
		"allocations-window": "allocations --by theme --from 2023 --to 2023-06 --currency USD",
		"overlaps":           "overlaps --currency EUR",
		"overlap-clusters":   "overlaps clusters",
		"overlap-decide":     "overlaps decide us --verdict distinct",
		"gaps":               "gaps --as-of 2026-01-31 --cliff 30",
		"concentration":      "concentration --by donor-state",
		"grant-list":         "grant list --theme water",
		"org-list":           "org list",
		"theme-list":         "theme list",
		"transaction-list":   "transaction list us",
		"rate-list":          "rate list ILS --from 2011-01-03 --to 2011-01-05",
		"refused":            "grant log --title x --funder usaid --amount 1USD --start 2023-13",
		"refused-amount":     "grant log --title x --funder usaid --amount three",
		"refused-fields":     "grant log --title x --funder nobody --start 2023-02 --end 2022 --amount '1 USD'",
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
			cmd := exec.Command(filepath.Join(programs, "tandem"), args...)
			cmd.Env = []string{"TANDEM_SERVER=" + d.grpc, "TANDEM_TOKEN=" + adminToken, "HOME=" + t.TempDir()}
			out, err := cmd.CombinedOutput()
			got := string(out)
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
				t.Errorf("tandem %s (-want +got):\n%s", line, diff)
			}
		})
	}
}
