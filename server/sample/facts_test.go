package sample

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// The reports of the sample are the facts that were collected, where the collection is at hand: three that contradict each other, of one grant.
func TestReportsAreFacts(t *testing.T) {
	folder := os.Getenv("TANDEM_REALDATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "realdata")
	}
	file, err := os.Open(filepath.Join(folder, "allmep", "facts.csv"))
	if err != nil {
		t.Skipf("the collected facts are not here (set TANDEM_REALDATA): %v", err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	facts := map[string]map[string]string{}
	for _, row := range rows[1:] {
		fact := map[string]string{}
		for i, name := range rows[0] {
			fact[name] = row[i]
		}
		facts[fact["id"]] = fact
	}
	found := 0
	for _, g := range readFiles(t).grants.Grants {
		for i, r := range g.Reports {
			fact := facts[[]string{"F007", "F008", "F009"}[i]]
			rounded := r.Amount.Qualifier.String() == "ROUNDED"
			if r.Amount.Money.Amount != fact["amount"]+".00" || r.Amount.Money.CurrencyCode != fact["currency"] || rounded != (fact["amount_qualifier"] != "exact") ||
				strconv.Itoa(int(r.DurationMonths)) != fact["duration_months"] || r.Date != fact["announced"] || r.Uri != fact["source_url"] {
				t.Errorf("found %v, want %v", r, fact)
			}
			found++
		}
	}
	if found != 3 {
		t.Errorf("found %d reports", found)
	}
}
