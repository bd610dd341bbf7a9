package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// answered sends a request as a token's owner, which has to succeed, and returns the answer.
func (d *daemon) answered(t *testing.T, token, method, path, body string) map[string]any {
	t.Helper()
	status, text, _ := d.ask(t, token, method, path, body)
	if status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// named returns the names in a list of an answer, and its totalSize.
func named(m map[string]any, list string) []string {
	names := []string{fmt.Sprint(m["totalSize"])}
	for _, e := range m[list].([]any) {
		names = append(names, e.(map[string]any)["name"].(string))
	}
	return names
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func search(t *testing.T, d *daemon, token, collection, words, more string) []string {
	t.Helper()
	return named(d.answered(t, token, "GET", "/v1/"+collection+"?search="+url.QueryEscape(words)+more, ""), collection)
}

// Grants and organisations are found by any name, in any script, by what was merged and by number; a changed name counts at once, and an earlier revision keeps the former.
func TestSearch(t *testing.T) {
	for name, db := range stores {
		t.Run(name, func(t *testing.T) {
			d := start(t, db(t))
			field(t, d)
			d.must(t, "POST", "/v1/organisations?organisation_id=seeds", `{"displayName":"Seeds of Peace","aliases":["זרעים של שלום","بذور السلام"]}`)
			d.must(t, "POST", "/v1/organisations?organisation_id=k4p", `{"displayName":"Kids4Peace","successor":"organisations/seeds"}`)
			grant := `{"title":%q,"description":"For the Jordan Valley.","identifiers":["US-GOV-1-%s"],"funders":[{"organisation":"organisations/usaid"}],"recipients":[{"organisation":"organisations/%s"}]}`
			d.must(t, "POST", "/v1/grants?grant_id=camp", fmt.Sprintf(grant, "Camp d'été", "7200001", "k4p"))
			d.must(t, "POST", "/v1/grants?grant_id=hub", fmt.Sprintf(grant, "Water hub", "7200002", "seeds"))
			for words, want := range map[string][]string{
				"ETE camp": {"1", "grants/camp"}, "seeds": {"2", "grants/camp", "grants/hub"}, "زرع": {"0"}, "السلام": {"2", "grants/camp", "grants/hub"}, "שלומ": {"2", "grants/camp", "grants/hub"},
				"kids4": {"2", "grants/camp", "grants/hub"}, "usgov17200002": {"1", "grants/hub"}, "valley seeds wat": {"1", "grants/hub"}, "climate": {"1", "grants/us"},
			} {
				same(t, words, search(t, d, adminToken, "grants", words, ""), want...)
			}
			same(t, "with a filter", search(t, d, adminToken, "grants", "core climate", "&donor_state=SE"), "0")
			same(t, "ordered otherwise", search(t, d, adminToken, "grants", "seeds", "&order_by="+url.QueryEscape("create_time desc")), "2", "grants/hub", "grants/camp")
			same(t, "organisations", search(t, d, adminToken, "organisations", "eco", ""), "1", "organisations/ecopeace")
			same(t, "organisations by number", search(t, d, adminToken, "organisations", "IL RA 1", ""), "1", "organisations/ecopeace")
			before := d.must(t, "GET", "/v1/grants?search=seeds", "")["revision"].(string)
			d.must(t, "PATCH", "/v1/organisations/seeds", `{"displayName":"Graines de paix"}`)
			same(t, "a new name", search(t, d, adminToken, "grants", "graine", ""), "2", "grants/camp", "grants/hub")
			same(t, "the former name", search(t, d, adminToken, "grants", "seeds", ""), "0")
			same(t, "the former name then", search(t, d, adminToken, "grants", "seeds", "&revision="+before), "2", "grants/camp", "grants/hub")
		})
	}
}

// The pages of a search neither repeat nor leave out a grant that was there all the time, while others are written.
func TestSearchPages(t *testing.T) {
	d := start(t, stores["SQLite"](t))
	field(t, d)
	title := func(i int) string {
		if i%3 == 0 {
			return "Peace"
		}
		return fmt.Sprintf("Peaceful work %d", i%4)
	}
	add := func(id string, i int) {
		d.must(t, "POST", "/v1/grants?grant_id="+id, fmt.Sprintf(`{"title":%q,"funders":[{"organisation":"organisations/sida"}]}`, title(i)))
	}
	for i := range 20 {
		add(fmt.Sprintf("g%02d", i), i)
	}
	seen := map[string]int{}
	token := ""
	for page := 0; page == 0 || token != ""; page++ {
		m := d.must(t, "GET", "/v1/grants?search=peace&page_size=3&page_token="+token, "")
		if want := float64(20 + page); m["totalSize"].(float64) != want {
			t.Errorf("page %d: found a total of %v, want %v", page, m["totalSize"], want)
		}
		for _, g := range m["grants"].([]any) {
			seen[g.(map[string]any)["name"].(string)]++
		}
		token = m["nextPageToken"].(string)
		if page < 5 {
			add(fmt.Sprintf("new%d", page), page)
		} else if token != "" {
			add(fmt.Sprintf("new%d", page), 1)
		}
		if page > 20 {
			t.Fatal("the pages do not end")
		}
	}
	for i := range 20 {
		if n := seen[fmt.Sprintf("grants/g%02d", i)]; n != 1 {
			t.Errorf("g%02d is on %d pages", i, n)
		}
	}
}

// What is likely the same is told on create, also of others in a batch that is only tried, and nothing is refused. What a principal may not see is neither found nor offered nor counted.
func TestSimilar(t *testing.T) {
	d := start(t, stores["SQLite"](t))
	field(t, d)
	viewer := d.must(t, "POST", "/v1/tokens", `{"displayName":"v","role":"VIEWER"}`)["secret"].(string)
	member := d.must(t, "POST", "/v1/tokens", `{"displayName":"m","role":"MEMBER","organisation":"organisations/ecopeace"}`)["secret"].(string)
	draft := `{"title":"Climate resilience in the region","funders":[{"organisation":"organisations/usaid"}],"recipients":[{"organisation":"organisations/ecopeace"}],
		"amount":{"money":{"currencyCode":"USD","amount":"3300000.00"}},"visibility":"%s"}`
	similar := func(token, body string) []string {
		return named(d.answered(t, token, "POST", "/v1/grants:similar", body), "similar")
	}
	grant := fmt.Sprintf(`{"grant":`+draft+`}`, "PUBLIC")
	same(t, "a draft", similar(adminToken, grant), "1", "grants/us")
	same(t, "a draft of a viewer", similar(viewer, grant), "0") // us is for the coalition
	same(t, "a text of a viewer", similar(viewer, `{"query":"climate resilience EcoPeace USAID"}`), "0")
	same(t, "a text of a member", similar(member, `{"query":"climate resilience EcoPeace USAID"}`), "1", "grants/us")
	same(t, "a search of a viewer", search(t, d, viewer, "grants", "climate", ""), "0")

	made := d.must(t, "POST", "/v1/grants?grant_id=again&request_id=once", fmt.Sprintf(draft, "RESTRICTED"))
	told := made["similar"].([]any)
	if len(told) != 1 || told[0].(map[string]any)["name"] != "grants/us" || told[0].(map[string]any)["score"].(float64) < 0.5 {
		t.Errorf("found %v", told)
	}
	if repeated := d.must(t, "POST", "/v1/grants?grant_id=again&request_id=once", fmt.Sprintf(draft, "RESTRICTED")); cmp.Diff(made, repeated) != "" {
		t.Errorf("the repeated create answers otherwise: %s", cmp.Diff(made, repeated))
	}
	if read := d.must(t, "GET", "/v1/grants/again", ""); len(read["similar"].([]any)) != 0 {
		t.Errorf("a read tells of similar grants: %v", read["similar"])
	}
	same(t, "one on record", similar(adminToken, `{"grant":{"name":"grants/again"}}`), "1", "grants/us")
	donor := d.must(t, "POST", "/v1/tokens", `{"displayName":"d","role":"DONOR","donorState":"SE"}`)["secret"].(string)
	same(t, "with a restricted one on record", similar(donor, grant), "1", "grants/us")
	if status, text, _ := d.ask(t, donor, "POST", "/v1/grants:similar", `{"grant":{"name":"grants/again"}}`); status != http.StatusNotFound {
		t.Errorf("a grant that may not be seen: %d %s", status, text)
	}
	d.must(t, "POST", "/v1/grants/again/links", `{"type":"CONFIRMED_DISTINCT","target":"grants/us","reason":"two calls"}`)
	same(t, "what someone has decided", similar(adminToken, `{"grant":{"name":"grants/us"}}`), "0")
	same(t, "what someone decided later", similar(adminToken, `{"grant":{"name":"grants/us"},"revision":`+fmt.Sprint(made["etag"])+`}`), "1", "grants/again")

	other := `{"title":"Music for young people of two cities","funders":[{"organisation":"organisations/sida"}],"recipients":[{"organisation":"organisations/office"}]}`
	batch := d.must(t, "POST", "/v1/grants:batchCreate", `{"validateOnly":true,"requests":[{"grantId":"a","grant":`+other+`},{"grantId":"b","grant":`+other+`}]}`)["grants"].([]any)
	for i, want := range []string{"grants/b", "grants/a"} {
		if told := batch[i].(map[string]any)["similar"].([]any); len(told) != 1 || told[0].(map[string]any)["name"] != want {
			t.Errorf("found %v, want %s", told, want)
		}
	}
}
