package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// DESIGN's check value for overlaps over REST and gRPC, on every store; what a person decides about it is kept, with who and why, also over a restart.
func TestOverlapCheckValue(t *testing.T) {
	const query = "/v1/overlaps?scope=MEMBER&currency=USD"
	for name, db := range stores {
		t.Run(name, func(t *testing.T) {
			database := db(t)
			d := start(t, database)
			field(t, d)
			overlap := func() map[string]any {
				all := d.must(t, "GET", query, "")["overlaps"].([]any)
				if len(all) != 1 {
					t.Fatalf("found %d overlaps, want 1", len(all))
				}
				return all[0].(map[string]any)
			}
			got := overlap()
			want := map[string]any{
				"name": "overlaps/member~se~SE~us~US~ecopeace", "scope": "MEMBER", "grants": []any{"grants/se", "grants/us"}, "donorStates": []any{"SE", "US"},
				"recipients": []any{"organisations/ecopeace"}, "from": "2023-02-01", "to": "2026-01-31", "amount": "1980000.00", "relative": 0.6,
				"totals": []any{"6987029.32", "3300000.00"},
				"cells": []any{map[string]any{
					"theme": "themes/water", "location": "", "population": "", "amounts": []any{"4193748.16", "1980000.00"}, "overlap": "1980000.00",
				}},
				"reason":  "The United States and Sweden both fund EcoPeace for water from 1 Feb 2023 to 31 Jan 2026; 1,980,000.00 USD of their money meets.",
				"verdict": "OVERLAP", "decidedBy": "", "decideTime": nil, "decisionReason": "", "suggestedVerdict": "OVERLAP",
				"suggestionReason": "Nothing links the two grants, and they share no identifier.", "inexact": false, "decisionEtag": "", "explanation": []any{},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			answer, err := d.client(t).Overlaps.QueryOverlaps(t.Context(), &tandemv1.QueryOverlapsRequest{})
			if err != nil || answer.PairAmountTotal != "1980000.00" || answer.TotalSize != 1 {
				t.Errorf("gRPC: found %v, %v", answer, err)
			}
			name := got["name"].(string)
			d.must(t, "POST", "/v1/"+name+":decide", `{"verdict":"CO_FUNDED","reason":"They met in Amman."}`)
			etag := overlap()["decisionEtag"].(string)
			d.must(t, "POST", "/v1/"+name+":decide", `{"verdict":"SAME_GRANT","validateOnly":true}`)
			if got := overlap(); got["verdict"] != "CO_FUNDED" || got["decisionEtag"] != etag {
				t.Errorf("what was to be checked only was stored: %v", got)
			}
			for range 2 { // the second is answered as the first was
				again := d.must(t, "POST", "/v1/"+name+":decide", `{"verdict":"OVERLAP","requestId":"once"}`)
				if etag = overlap()["decisionEtag"].(string); again["etag"] != etag {
					t.Errorf("a repeated decision was answered with %v; the decision is at %s", again, etag)
				}
			}
			d.must(t, "POST", "/v1/overlaps:decide", fmt.Sprintf(`{"name":%q,"verdict":"DISTINCT","reason":"Two wells.","etag":%q}`, name, etag))
			d.kill()
			d = start(t, database)
			got = overlap()
			if got["verdict"] != "DISTINCT" || got["decisionReason"] != "Two wells." || got["decidedBy"] == "" || got["decideTime"] == nil || got["suggestedVerdict"] != "OVERLAP" {
				t.Errorf("decided: found %v", got)
			}
			if n := d.must(t, "GET", query+"&undecided=true", "")["totalSize"]; n != "0" {
				t.Errorf("undecided are %v", n)
			}
			if status, _, _ := d.ask(t, adminToken, "POST", "/v1/"+name+":decide", fmt.Sprintf(`{"verdict":"OVERLAP","etag":%q}`, etag)); status != http.StatusConflict {
				t.Errorf("an etag of an earlier decision was answered with %d", status)
			}
			history := d.must(t, "GET", "/v1/revisions?resource=decisions/"+name[len("overlaps/"):], "")["revisions"].([]any)
			if len(history) != 3 {
				t.Errorf("the history has %d decisions, want 3", len(history))
			}
		})
	}
}

// Each figure of the check values says what makes it: the grant, its transaction and rates, the split and the days.
func TestFiguresExplainThemselves(t *testing.T) {
	d := start(t, stores["SQLite"](t))
	field(t, d)
	first := func(v any) map[string]any { return v.([]any)[0].(map[string]any) }
	row := first(d.must(t, "GET", "/v1/allocations?group_by=theme&donor_state=US&theme=themes/water&from=2023&to=2023&explain=true", "")["rows"])
	want := map[string]any{
		"grant": "grants/us", "converted": "3300000.00", "placed": "3300000.00", "amount": "603394.16",
		"flows": []any{map[string]any{"type": "COMMITMENT", "date": "2023-02-01", "original": map[string]any{"currencyCode": "USD", "amount": "3300000.00"}, "converted": "3300000.00", "rates": []any{}}},
		"pieces": []any{map[string]any{
			"donors": []any{"organisations/usaid"}, "recipient": "organisations/ecopeace", "theme": "themes/water", "location": "unspecified", "population": "unspecified",
			"share": "3/5", "time": "167/548", "from": "2023-02-01", "to": "2023-12-31", "date": "", "amount": "603394.16",
		}},
	}
	if diff := cmp.Diff(want, first(row["explanation"])); diff != "" || row["central"] != "603394.16" {
		t.Errorf("%v (-want +got):\n%s", row["central"], diff)
	}
	overlap := d.must(t, "GET", "/v1/overlaps/member~se~SE~us~US~ecopeace?explain=true", "")
	se := overlap["explanation"].([]any)[0].(map[string]any)
	rates := first(se["flows"])["rates"]
	if diff := cmp.Diff([]any{
		map[string]any{"currencyCode": "SEK", "date": "2021-12-31", "value": "10.2503"}, map[string]any{"currencyCode": "USD", "date": "2021-12-31", "value": "1.1326"},
	}, rates); diff != "" || se["amount"] != "4193748.16" || se["converted"] != "6987029.32" {
		t.Errorf("%v of %v (-want +got):\n%s", se["amount"], se["converted"], diff)
	}
	gap := first(d.must(t, "GET", "/v1/gaps?kind=CLIFF&as_of=2026-01-31&explain=true", "")["gaps"])
	for i, figure := range []string{"before", "after"} {
		x := gap["explanation"].([]any)[i].(map[string]any)
		if x["figure"] != figure || figure == "after" && first(x["grants"])["amount"] != gap["after"] {
			t.Errorf("%s: found %v for %v", figure, x, gap["after"])
		}
	}
}

// What a principal may not see overlaps with nothing for it, nor does a decision on it show.
func TestOverlapsOfRestrictedGrantsDoNotShow(t *testing.T) {
	d := start(t, stores["SQLite"](t))
	field(t, d)
	d.must(t, "POST", "/v1/overlaps/member~se~SE~us~US~ecopeace:decide", `{"verdict":"DISTINCT"}`)
	d.must(t, "PATCH", "/v1/grants/se?update_mask=visibility", `{"visibility":"RESTRICTED"}`)
	tokens := map[string]string{}
	for token, body := range map[string]string{
		"viewer": `{"displayName":"v","role":"VIEWER"}`, "US": `{"displayName":"u","role":"DONOR","donorState":"US"}`, "SE": `{"displayName":"s","role":"DONOR","donorState":"SE"}`,
	} {
		tokens[token] = d.must(t, "POST", "/v1/tokens", body)["secret"].(string)
	}
	for token, want := range map[string]int{"viewer": http.StatusNotFound, "US": http.StatusNotFound, "SE": http.StatusOK} {
		if status, text, _ := d.ask(t, tokens[token], "GET", "/v1/overlaps/member~se~SE~us~US~ecopeace", ""); status != want {
			t.Errorf("%s: found %d, want %d: %s", token, status, want, text)
		}
		status, _, _ := d.ask(t, tokens[token], "GET", "/v1/revisions?resource=decisions/member~se~SE~us~US~ecopeace", "")
		if status == http.StatusOK {
			t.Errorf("%s sees the history of a decision", token)
		}
		if status, _, _ := d.ask(t, tokens[token], "POST", "/v1/overlaps/member~se~SE~us~US~ecopeace:decide", `{"verdict":"OVERLAP"}`); status != http.StatusForbidden {
			t.Errorf("%s: a decision was answered with %d", token, status)
		}
	}
}
