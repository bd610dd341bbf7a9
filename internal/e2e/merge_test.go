package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// keysOf returns the keys of an answer's rows with their central figures.
func keysOf(m map[string]any) map[string]string {
	rows := map[string]string{}
	for _, r := range m["rows"].([]any) {
		row := r.(map[string]any)
		rows[fmt.Sprint(row["keys"].([]any)...)] = row["central"].(string)
	}
	return rows
}

// mergeCases are of merges, their undoing, links that cannot stand beside others, and states that are not there.
func mergeCases() map[string]bad {
	act := func(rpc, name, verb, body, at string, code int) bad {
		message := fmt.Sprintf(`{"name":%q,%s`, name, strings.TrimPrefix(body, "{"))
		if body == "{}" {
			message = fmt.Sprintf(`{"name":%q}`, name)
		}
		return bad{method: "POST", path: "/v1/" + name + ":" + verb, body: body, field: at, status: code, rpc: rpc, message: message}
	}
	merge := func(name, body, at string, code int) bad {
		return act("GrantService/MergeGrant", name, "merge", body, at, code)
	}
	restore := func(name, body, at string, code int) bad {
		return act("GrantService/RestoreGrant", name, "restore", body, at, code)
	}
	join := func(name, body, at string, code int) bad {
		return act("OrganisationService/MergeOrganisation", name, "merge", body, at, code)
	}
	link := func(grant, body, at string) bad {
		return bad{method: "POST", path: "/v1/" + grant + "/links", body: body, field: at, rpc: "LinkService/CreateLink", message: fmt.Sprintf(`{"parent":%q,"link":%s}`, grant, body)}
	}
	return map[string]bad{
		"a merge into itself":                   merge("grants/us", `{"other":"grants/us"}`, "other", 0),
		"a merge of nothing":                    merge("grants/us", `{"other":"grants/nothing"}`, "", 404),
		"a merge into nothing":                  merge("grants/nothing", `{"other":"grants/us"}`, "", 404),
		"a merge without the other":             merge("grants/us", `{}`, "other", 0),
		"a merge of a word of no enum":          {method: "POST", path: "/v1/grants/us:merge", body: `{"other":"grants/se","transactions":"COPY"}`, field: "transactions"},
		"a merge with the other stale":          merge("grants/us", `{"other":"grants/se","otherEtag":"1"}`, "otherEtag", 409),
		"a merge of what was merged":            merge("grants/us", `{"other":"grants/gone"}`, "", 0),
		"a merge that shows more":               merge("grants/us", `{"other":"grants/hidden"}`, "", 0),
		"a merge of what is distinct":           merge("grants/us", `{"other":"grants/mid"}`, "", 0),
		"a write to what was merged":            patched("grant", "Grant", "grants/gone", `{"title":"y"}`, "", "", 0),
		"a merge undone that was not":           act("GrantService/UnmergeGrant", "grants/us", "unmerge", `{}`, "", 0),
		"a merge undone of nothing":             act("GrantService/UnmergeGrant", "grants/nothing", "unmerge", `{}`, "", 404),
		"a state of revision 0":                 restore("grants/us", `{"revision":"0"}`, "revision", 0),
		"a state to come":                       restore("grants/us", `{"revision":"999999"}`, "revision", 0),
		"a state before it was":                 restore("grants/us", `{"revision":"1"}`, "revision", 0),
		"a state of nothing":                    restore("grants/nothing", `{"revision":"1"}`, "", 404),
		"a state from before a merge":           restore("grants/se-prime", `{"revision":"11"}`, "", 0),
		"an organisation merged into itself":    join("organisations/usaid", `{"other":"organisations/usaid"}`, "other", 0),
		"an organisation merged into its part":  join("organisations/office", `{"other":"organisations/ecopeace"}`, "other.successor", 0),
		"an organisation that is not, merged":   join("organisations/usaid", `{"other":"organisations/nobody"}`, "", 404),
		"an organisation's merge, undone twice": act("OrganisationService/UnmergeOrganisation", "organisations/usaid", "unmerge", `{}`, "", 0),
		"a theme's state to come":               act("ThemeService/RestoreTheme", "themes/water", "restore", `{"revision":"999999"}`, "revision", 0),
		"a duplicate without a reason":          link("grants/us", `{"type":"DUPLICATE_OF","target":"grants/se"}`, "grant.links[0].reason"),
		"distinct without a reason":             link("grants/se", `{"type":"CONFIRMED_DISTINCT","target":"grants/us"}`, "grant.links[0].reason"),
		"a link from the other end":             link("grants/us", `{"type":"CONFIRMED_DISTINCT","target":"grants/mid","reason":"x"}`, "grant.links[0].target"),
		"a link that denies another":            link("grants/us", `{"type":"DUPLICATE_OF","target":"grants/mid","reason":"x"}`, "grant.links[0].type"),
		"a duplicate of its own sub-grant":      link("grants/us", `{"type":"DUPLICATE_OF","target":"grants/sub","reason":"x"}`, "grant.links[0].target"),
		"a merge's successor by hand":           patched("organisation", "Organisation", "organisations/former", `{}`, "successor", "organisation.successor", 0),
	}
}

// Grants to Kids4Peace and to The Abraham Fund stand under the organisations that these were merged into, in every analysis and filter; so does a new one.
// The same holds of a donor that is merged, and ends when that is undone.
func TestMergedOrganisations(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"), "--sample")
	for former, now := range map[string]string{"kids4peace": "seeds-of-peace", "abraham-fund": "sikkuy-aufoq"} {
		before := map[string]map[string]string{}
		for _, measure := range []string{"allocated", "committed", "disbursed", "pledged"} {
			query := "/v1/allocations?group_by=member&currency=USD&measure=" + measure
			for key := range keysOf(d.must(t, "GET", query, "")) {
				if key == "organisations/"+former {
					t.Errorf("%s: %s has a row of its own", measure, former)
				}
			}
			by := func(member string) map[string]string {
				return keysOf(d.must(t, "GET", query+"&member=organisations/"+member, ""))
			}
			before[measure] = by(former)
			if diff := cmp.Diff(by(now), by(former)); diff != "" {
				t.Errorf("%s of %s and of %s: %s", measure, now, former, diff)
			}
		}
		list := func(member string) any {
			return d.must(t, "GET", "/v1/grants?member=organisations/"+member, "")["totalSize"]
		}
		if before["allocated"]["organisations/"+now] == "" || list(former) != list(now) {
			t.Errorf("%s: %v, %v grants and %v", former, before, list(former), list(now))
		}
		d.must(t, "POST", "/v1/grants?grant_id=new-"+former, fmt.Sprintf(`{"title":"New","funders":[{"organisation":"organisations/usaid"}],"start":"2026","end":"2026",
			"recipients":[{"organisation":"organisations/%s"}],"amount":{"money":{"currencyCode":"USD","amount":"7.00"}}}`, former))
		query := "/v1/allocations?group_by=member&currency=USD&from=2026&to=2026&member=organisations/" + now
		if got := keysOf(d.must(t, "GET", query, ""))["organisations/"+now]; got != "7.00" {
			t.Errorf("a new grant to %s comes to %q under %s", former, got, now)
		}
	}
	d.must(t, "POST", "/v1/organisations?organisation_id=dfid", `{"displayName":"DFID","state":"GB","aliases":["ODA"],"identifiers":["GB-GOV-1-DFID"]}`)
	d.must(t, "POST", "/v1/organisations?organisation_id=office-abroad", `{"displayName":"FCDO","state":"GB"}`)
	d.must(t, "POST", "/v1/grants?grant_id=british", `{"title":"B","funders":[{"organisation":"organisations/dfid"}],"start":"2019","end":"2019","visibility":"RESTRICTED",
		"amount":{"money":{"currencyCode":"GBP","amount":"5.00"}}}`)
	query := "/v1/allocations?group_by=donor&currency=GBP&donor=organisations/%s"
	own := d.must(t, "GET", fmt.Sprintf(query, "dfid"), "")
	merged := d.must(t, "POST", "/v1/organisations/office-abroad:merge", `{"other":"organisations/dfid"}`)
	if diff := cmp.Diff([]any{"DFID", "ODA"}, merged["aliases"]); diff != "" {
		t.Error(diff)
	}
	for _, donor := range []string{"dfid", "office-abroad"} {
		if diff := cmp.Diff(map[string]string{"organisations/office-abroad": "5.00"}, keysOf(d.must(t, "GET", fmt.Sprintf(query, donor), ""))); diff != "" {
			t.Errorf("donor %s: %s", donor, diff)
		}
	}
	if o := d.must(t, "GET", "/v1/organisations/dfid", ""); o["successor"] != "organisations/office-abroad" || o["displayName"] != "DFID" {
		t.Errorf("what was merged is now %v", o)
	}
	d.must(t, "POST", "/v1/organisations/dfid:unmerge", `{}`)
	if diff := cmp.Diff(keysOf(own), keysOf(d.must(t, "GET", fmt.Sprintf(query, "dfid"), ""))); diff != "" {
		t.Errorf("after the merge was undone: %s", diff)
	}
	if o := d.must(t, "GET", "/v1/organisations/office-abroad", ""); len(o["aliases"].([]any)) != 0 {
		t.Errorf("the names were not given back: %v", o["aliases"])
	}
}

// Two agencies report one award: the merged grant counts it once, on both stores; its other name leads to it, and did not before.
func TestMergedGrants(t *testing.T) {
	for name, db := range stores {
		t.Run(name, func(t *testing.T) {
			d := start(t, db(t))
			field(t, d)
			for _, file := range []string{"dfc", "epa"} {
				d.must(t, "POST", "/v1/grants?grant_id="+file, fmt.Sprintf(`{"title":"Award in the file of %s","funders":[{"organisation":"organisations/usaid"}],
					"start":"2022-09-30","end":"2025-09-29","awardDate":"2022-09-30","amount":{"money":{"currencyCode":"USD","amount":"3529721.00"}},
					"identifiers":["US-GOV-22-9000115492"],"sources":[{"uri":"https://example.org/%s"}]}`, file, file))
			}
			d.must(t, "POST", "/v1/grants/epa/transactions", `{"type":"DISBURSEMENT","date":"2023-01","amount":{"money":{"currencyCode":"USD","amount":"100.00"}}}`)
			d.must(t, "POST", "/v1/grants/us/links", `{"type":"CONFIRMED_DISTINCT","target":"grants/epa","reason":"another recipient"}`)
			revision := d.must(t, "GET", "/v1/grants", "")["revision"]
			total := func(at any) any {
				return d.must(t, "GET", fmt.Sprintf("/v1/allocations?currency=USD&measure=committed&donor_state=US&revision=%v", at), "")["total"].(map[string]any)["central"]
			}
			answer := d.must(t, "POST", "/v1/grants/dfc:merge", `{"other":"grants/epa"}`)
			if answer["grant"] = nil; !cmp.Equal(answer, map[string]any{
				"grant": nil, "moved": []any{"grants/dfc/transactions/2"}, "same": []any{"grants/epa/transactions/1"}, "left": []any{}, "warnings": []any{},
			}) {
				t.Errorf("the merge answers %v", answer)
			}
			if total(revision) != "10359442.00" || total(0) != "6829721.00" {
				t.Errorf("the total was %v and is %v", total(revision), total(0))
			}
			for path, want := range map[string]string{
				"/v1/grants/epa": "grants/dfc", "/v1/grants/epa/transactions/2": "grants/dfc/transactions/2",
				fmt.Sprint("/v1/grants/epa?revision=", revision):                "grants/epa",
				fmt.Sprint("/v1/grants/epa/transactions/2?revision=", revision): "grants/epa/transactions/2",
			} {
				if got := d.must(t, "GET", path, "")["name"]; got != want {
					t.Errorf("%s is answered with %v", path, got)
				}
			}
			if links := d.must(t, "GET", "/v1/grants/epa/links", "")["links"].([]any); len(links) != 1 || links[0].(map[string]any)["name"] != "grants/us/links/2" {
				t.Errorf("from the other end: %v", links)
			}
			if n := d.must(t, "GET", "/v1/grants", "")["totalSize"]; n != 3.0 {
				t.Errorf("%v grants are listed", n)
			}
			if _, text, _ := d.ask(t, adminToken, "GET", "/v1/grants?show_deleted=true", ""); !strings.Contains(text, `"successor":"grants/dfc"`) {
				t.Errorf("the merged grant is not listed with the deleted ones: %s", text)
			}
			d.must(t, "POST", "/v1/grants/epa:unmerge", `{}`)
			if total(0) != total(revision) || d.must(t, "GET", "/v1/grants/epa", "")["name"] != "grants/epa" {
				t.Errorf("the merge was undone, and the total is %v", total(0))
			}
		})
	}
}
