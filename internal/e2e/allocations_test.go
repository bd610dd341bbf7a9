package e2e

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"testing"
)

// The pages of an answer are the whole of it in the order that was asked for, each row once.
func TestPagesOfAllocations(t *testing.T) {
	d := start(t, stores["SQLite"](t))
	field(t, d)
	const query = "/v1/allocations?group_by=donor_state&group_by=year&currency=USD"
	order := map[string][]string{
		"": {
			"SE 2022 1396640.58", "SE 2023 1396640.58", "SE 2024 1400467.00", "SE 2025 1396640.58", "SE 2026 1396640.58",
			"US 2023 1005656.93", "US 2024 1102007.30", "US 2025 1098996.35", "US 2026 93339.42",
		},
		"central": {
			"US 2026 93339.42", "US 2023 1005656.93", "US 2025 1098996.35", "US 2024 1102007.30",
			"SE 2022 1396640.58", "SE 2023 1396640.58", "SE 2025 1396640.58", "SE 2026 1396640.58", "SE 2024 1400467.00",
		},
		"central desc": {
			"SE 2024 1400467.00", "SE 2022 1396640.58", "SE 2023 1396640.58", "SE 2025 1396640.58", "SE 2026 1396640.58",
			"US 2024 1102007.30", "US 2025 1098996.35", "US 2023 1005656.93", "US 2026 93339.42",
		},
	}
	for _, by := range slices.Sorted(maps.Keys(order)) {
		for size := range 10 {
			var got []string
			for token := ""; ; {
				page := d.must(t, "GET", fmt.Sprintf("%s&page_size=%d&order_by=%s&page_token=%s", query, size, url.QueryEscape(by), token), "")
				rows, _ := page["rows"].([]any)
				if size > 0 && len(rows) > size {
					t.Errorf("order %q: a page of %d has %d rows", by, size, len(rows))
				}
				for _, r := range rows {
					row := r.(map[string]any)
					got = append(got, fmt.Sprintf("%s %s %s", append(row["keys"].([]any), row["central"])...))
				}
				if token, _ = page["nextPageToken"].(string); token == "" {
					break
				}
			}
			same(t, fmt.Sprintf("order %q by pages of %d", by, size), got, order[by]...)
		}
	}
}
