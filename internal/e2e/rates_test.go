package e2e

import (
	"testing"
)

// Rates are read as of a revision like everything else.
func TestRatesAsOfARevision(t *testing.T) {
	d := start(t, stores["SQLite"](t))
	d.must(t, "POST", "/v1/organisations?organisation_id=a", `{"displayName":"A"}`)
	before := d.must(t, "GET", "/v1/organisations", "")["revision"].(string)
	d.must(t, "POST", "/v1/rates:batchCreate", `{"rates":[{"currencyCode":"USD","date":"2100-01-01","value":"1.5"}]}`)
	for query, want := range map[string]float64{"": 1, "&revision=" + before: 0} {
		if got := d.must(t, "GET", "/v1/rates?currency=USD&from=2100-01-01&to=2100-01-01"+query, "")["totalSize"]; got != want {
			t.Errorf("%q: found %v rates, want %v", query, got, want)
		}
	}
}
