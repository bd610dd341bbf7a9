package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// The example of DESIGN when the United States stop on 1 February 2025, and what is supposed leaves no trace.
func TestScenario(t *testing.T) {
	for name, db := range stores {
		t.Run(name, func(t *testing.T) { supposed(t, start(t, db(t))) })
	}
}

func supposed(t *testing.T, d *daemon) {
	field(t, d)
	before := d.must(t, "GET", "/v1/allocations?group_by=member&currency=USD", "")
	answer := d.must(t, "POST", "/v1/scenarios:simulate", `{"currencyCode":"USD","changes":[{"withdraw":{"donorState":"US","date":"2025-02-01"}}]}`)
	total := answer["total"].(map[string]any)
	same(t, "the loss", []string{fmt.Sprint(total["difference"]), fmt.Sprint(answer["asOf"])}, "-1098996.35", "2025-01-31")
	member := answer["allocations"].([]any)[0].(map[string]any)
	same(t, "who is hit", []string{fmt.Sprint(member["keys"]), fmt.Sprint(member["difference"])}, "[organisations/ecopeace]", "-1098996.35")
	overlap := answer["overlaps"].([]any)[0].(map[string]any)
	// Two years of three are left of the 1,980,000.00 that met.
	same(t, "what meets no more", []string{fmt.Sprint(overlap["difference"]), fmt.Sprint(overlap["after"].(map[string]any)["to"])}, "-659397.81", "2025-01-31")
	opened := 0
	for _, g := range answer["gaps"].([]any) {
		if g.(map[string]any)["before"] == nil {
			opened++
		}
	}
	if opened == 0 {
		t.Errorf("no gap opens: %v", answer["gaps"])
	}
	after := d.must(t, "GET", "/v1/allocations?group_by=member&currency=USD", "")
	same(t, "what is recorded", []string{fmt.Sprint(after)}, fmt.Sprint(before))

	none := d.must(t, "POST", "/v1/scenarios:simulate", `{"changes":[]}`)
	same(t, "no change", []string{fmt.Sprint(none["allocationCount"], none["overlapCount"], none["gapCount"])}, "0 0 0")
	grant := `{"title":"x","funders":[{"organisation":"organisations/sida"}],"recipients":[{"organisation":"organisations/ecopeace"}],"start":"2025","end":"2025","amount":{"money":{"currencyCode":"USD","amount":"100.00"}}}`
	added := d.must(t, "POST", "/v1/scenarios:simulate", `{"changes":[{"add":{"grant":`+grant+`}},{"scale":{"grant":"grants/supposed-1","percent":50}}]}`)
	same(t, "a grant that is added and halved", []string{fmt.Sprint(added["total"].(map[string]any)["difference"])}, "50.00")
}

// The brief is a document that opens in a browser and prints, and Markdown, of the same figures as the message.
func TestBrief(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	field(t, d)
	message := d.must(t, "GET", "/v1/brief?donor_state=US&as_of=2025-01-31", "")
	figure := message["totals"].([]any)[0].(map[string]any)["figures"].(map[string]any)["central"].(string)
	for document, head := range map[string]string{"HTML": "text/html; charset=utf-8", "MARKDOWN": "text/markdown; charset=utf-8"} {
		status, body, header := d.ask(t, adminToken, "GET", "/v1/brief:render?brief.donor_state=US&brief.as_of=2025-01-31&document="+document, "")
		if status != http.StatusOK || header.Get("Content-Type") != head {
			t.Errorf("%s: %d %s", document, status, header.Get("Content-Type"))
		}
		for _, want := range []string{"United States", "3,300,000.00"} {
			if !strings.Contains(body, want) {
				t.Errorf("%s does not say %q", document, want)
			}
		}
	}
	same(t, "allocated", []string{figure}, "3300000.00")
}

// scenarioCases are of scenarios, placements and briefs that make no sense.
func scenarioCases() map[string]bad {
	simulate := func(body, at string) bad {
		return bad{method: "POST", path: "/v1/scenarios:simulate", body: body, field: at, rpc: "ScenarioService/SimulateScenario", message: body}
	}
	rank := func(body, at string) bad {
		return bad{method: "POST", path: "/v1/scenarios:rank", body: body, field: at, rpc: "ScenarioService/RankPlacements", message: body}
	}
	money := `"amount":{"currencyCode":"USD","amount":"%s"},"from":"2026","to":"2026"`
	return map[string]bad{
		"a scenario of nothing":                simulate(`{"changes":[{}]}`, "changes[0].change"),
		"a withdrawal of nobody":               simulate(`{"changes":[{"withdraw":{"date":"2025"}}]}`, "changes[0].withdraw.of"),
		"a withdrawal on no day":               simulate(`{"changes":[{"withdraw":{"donorState":"US","date":"2025-02-30"}}]}`, "changes[0].withdraw.date"),
		"a withdrawal of a grant that is not":  simulate(`{"changes":[{"withdraw":{"grant":"grants/nothing","date":"2025"}}]}`, "changes[0].grant"),
		"a delay of no months":                 simulate(`{"changes":[{"delay":{"donorState":"US","months":0}}]}`, "changes[0].delay.months"),
		"a scale below nothing":                simulate(`{"changes":[{"scale":{"donorState":"US","percent":-1}}]}`, "changes[0].scale.percent"),
		"a scale of seven decimals":            simulate(`{"changes":[{"scale":{"donorState":"US","percent":0.1234567}}]}`, "changes[0].scale.percent"),
		"a supposed grant without a title":     simulate(`{"changes":[{"add":{"grant":{"funders":[{"organisation":"organisations/usaid"}]}}}]}`, "changes[0].add.grant.title"),
		"a supposed grant of nobody's":         simulate(`{"changes":[{"add":{"grant":{"title":"x","funders":[{"organisation":"organisations/nobody"}]}}}]}`, "changes[0].add.grant.funders[0].organisation"),
		"a scenario by what is no dimension":   simulate(`{"groupBy":["colour"]}`, "groupBy[0]"),
		"a scenario in no currency":            simulate(`{"currencyCode":"ABC"}`, "currencyCode"),
		"a scenario that ends before it began": simulate(`{"from":"2025","to":"2024"}`, "to"),
		"a placement of nothing":               rank(fmt.Sprintf("{"+money+"}", "0"), "amount.amount"),
		"a placement without days":             rank(`{"amount":{"currencyCode":"USD","amount":"5"}}`, "from"),
		"a placement for a theme that is not":  rank(fmt.Sprintf("{"+money+`,"theme":["themes/nothing"]}`, "5"), "theme[0]"),
		"a placement for no reason":            rank(fmt.Sprintf("{"+money+`,"weights":{}}`, "5"), "weights"),
		"a brief of two":                       asked("/v1/brief", "donor_state=US&member=organisations/ecopeace", "BriefService/GetBrief", `{"donorState":"US","member":"organisations/ecopeace"}`, "member", 0),
		"a brief of nobody":                    asked("/v1/brief", "member=organisations/nobody", "BriefService/GetBrief", `{"member":"organisations/nobody"}`, "member", 0),
		"a brief as no document":               asked("/v1/brief:render", "document=PDF", "", "", "document", 0),
	}
}
