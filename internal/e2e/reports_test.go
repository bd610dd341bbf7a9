package e2e

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Three sources give three figures for one grant (facts F007, F008 and F009, which are in the sample). They reconcile; accepting one is one revision, and moves the total by the
// difference of two figures, never by a sum.
func TestThreeReportsOfOneGrant(t *testing.T) {
	for name, db := range stores {
		t.Run(name, func(t *testing.T) {
			d := start(t, db(t), "--sample")
			const grant = "/v1/grants/meppa-rozana-nursing"
			total := func() *big.Rat {
				m := d.must(t, "GET", "/v1/allocations?measure=committed&currency=USD", "")
				r, ok := new(big.Rat).SetString(m["total"].(map[string]any)["central"].(string))
				if !ok {
					t.Fatalf("found %v", m["total"])
				}
				return r
			}
			revision := func() string {
				all := d.must(t, "GET", "/v1/revisions?page_size=1", "")["revisions"].([]any)
				return all[0].(map[string]any)["name"].(string)
			}
			accept := func(report, moves string) {
				t.Helper()
				before, number := total(), 0
				if _, err := fmt.Sscanf(revision(), "revisions/%d", &number); err != nil {
					t.Fatal(err)
				}
				d.must(t, "POST", grant+"/reports/"+report+":accept", `{"fields":["amount"]}`)
				if got := new(big.Rat).Sub(total(), before).FloatString(2); got != moves {
					t.Errorf("accepting report %s moved the total by %s, want %s", report, got, moves)
				}
				if got, want := revision(), fmt.Sprintf("revisions/%d", number+1); got != want {
					t.Errorf("accepting report %s: the newest is %s, want %s", report, got, want)
				}
			}
			accept("2", "-50000.00") // the donor's round figure, as it was announced
			want := `amount: about 2300000.00 USD from 2, differs
  2 DONOR_STATEMENT organisations/usaid 2022-09-29: about 2300000.00 USD, agrees, 0.00 USD 0.000000
  3 MEMBER_STATEMENT organisations/project-rozana 2022-10-03: 2350000.00 USD, agrees, 50000.00 USD 0.021739
  4 PRESS: 1000000.00 USD, differs, -1300000.00 USD -0.565217
award_date: 2022-09-29
start: 2022-09
duration_months: 36, differs
  2 DONOR_STATEMENT organisations/usaid 2022-09-29: 36, agrees
  3 MEMBER_STATEMENT organisations/project-rozana 2022-10-03: 36, agrees
  4 PRESS: 24, differs
status: CANCELLED
recipients: organisations/project-rozana
  2 DONOR_STATEMENT organisations/usaid 2022-09-29: organisations/project-rozana, agrees
  3 MEMBER_STATEMENT organisations/project-rozana 2022-10-03: organisations/project-rozana, agrees
  4 PRESS: organisations/project-rozana, agrees
`
			if diff := cmp.Diff(want, inLines(t, d.must(t, "GET", grant+":reconcile", ""))); diff != "" {
				t.Errorf("reconciled (-want +got):\n%s", diff)
			}
			accept("3", "50000.00") // the recipient's figure
			again := d.must(t, "POST", grant+":reconcile", `{}`)
			if got := again["fields"].([]any)[0].(map[string]any)["canonicalReport"]; got != "grants/meppa-rozana-nursing/reports/3" {
				t.Errorf("the amount comes from %v", got)
			}
			d.must(t, "PATCH", grant, `{"amount":{"money":{"currencyCode":"USD","amount":"2340000.00"}}}`)
			again = d.must(t, "GET", grant+":reconcile", "")
			if got := again["fields"].([]any)[0].(map[string]any)["canonicalReport"]; got != "" {
				t.Errorf("an amount that was changed since comes from %v", got)
			}
			if got := len(d.must(t, "GET", grant, "")["reports"].([]any)); got != 3 {
				t.Errorf("the grant has %d reports after an update", got)
			}
		})
	}
}

// inLines writes an answer of :reconcile, a line for each field and each value.
func inLines(t *testing.T, answer map[string]any) string {
	t.Helper()
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Fields []struct {
			Field, Canonical, CanonicalReport string
			Differs                           bool
			Values                            []struct {
				Report, Organisation, Kind, Date, Value string
				Agrees, Differs                         bool
				Difference                              *struct {
					Money struct{ CurrencyCode, Amount string }
					Share string
				}
			}
		}
	}
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	bare := func(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
	for _, f := range m.Fields {
		fmt.Fprintf(&b, "%s: %s", f.Field, f.Canonical)
		if f.CanonicalReport != "" {
			fmt.Fprintf(&b, " from %s", bare(f.CanonicalReport))
		}
		if f.Differs {
			b.WriteString(", differs")
		}
		b.WriteString("\n")
		for _, v := range f.Values {
			line := strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", bare(v.Report), v.Kind, v.Organisation, v.Date)), " ") + ": " + v.Value
			if v.Agrees {
				line += ", agrees"
			}
			if v.Differs {
				line += ", differs"
			}
			if v.Difference != nil {
				line += fmt.Sprintf(", %s %s %s", v.Difference.Money.Amount, v.Difference.Money.CurrencyCode, v.Difference.Share)
			}
			b.WriteString("  " + line + "\n")
		}
	}
	return b.String()
}

// A DONOR and a MEMBER report on and confirm the grants that they take part in, as themselves, and nothing else; a grant that they do not see is one that is not there.
func TestWhoMayReport(t *testing.T) {
	for name, db := range stores {
		t.Run(name, func(t *testing.T) {
			d := start(t, db(t))
			field(t, d)
			d.must(t, "POST", "/v1/grants?grant_id=secret", `{"title":"Secret","visibility":"RESTRICTED","funders":[{"organisation":"organisations/sida"}]}`)
			tokens := map[string]string{}
			for role, bound := range map[string]string{"VIEWER": "", "DONOR US": `,"donorState":"US"`, "DONOR SE": `,"donorState":"SE"`, "MEMBER": `,"organisation":"organisations/ecopeace"`,
				"MEMBER office": `,"organisation":"organisations/office"`, "STAFF": ""} {
				kind, _, _ := strings.Cut(role, " ")
				tokens[role] = d.must(t, "POST", "/v1/tokens", fmt.Sprintf(`{"displayName":%q,"role":%q%s}`, role, kind, bound))["secret"].(string)
			}
			const month, as = `{"kind":"MEMBER_STATEMENT","durationMonths":35%s}`, `,"organisation":"organisations/`
			for _, c := range []struct {
				role, method, path, body string
				status                   int
				says                     string
			}{
				{"DONOR US", "POST", "/v1/grants/us/reports", `{"kind":"DONOR_STATEMENT","amount":{"money":{"currencyCode":"USD","amount":"3300000.00"}}}`, 200, `"organisation":"organisations/usaid"`}, // 2
				{"MEMBER", "POST", "/v1/grants/us/reports", fmt.Sprintf(month, ""), 200, `"organisation":"organisations/ecopeace"`},                                                                      // 3
				{"STAFF", "POST", "/v1/grants/us/reports", `{"kind":"PRESS","uri":"https://example.org","status":"CLOSED"}`, 200, `"organisation":""`},                                                   // 4
				{"MEMBER", "POST", "/v1/grants/us/reports", fmt.Sprintf(month, as+`usaid"`), 403, "organisation of its own"},
				{"MEMBER office", "POST", "/v1/grants/us/reports", fmt.Sprintf(month, ""), 403, "takes part in"},
				{"DONOR SE", "POST", "/v1/grants/us:confirm", `{}`, 403, "takes part in"},
				{"VIEWER", "POST", "/v1/grants/us/reports", fmt.Sprintf(month, ""), 403, "the role VIEWER"},
				{"VIEWER", "GET", "/v1/grants/us:reconcile", "", 404, `\"grants/us\" does not exist`},
				{"MEMBER", "POST", "/v1/grants/secret/reports", fmt.Sprintf(month, ""), 404, `\"grants/secret\" does not exist`},
				{"MEMBER", "POST", "/v1/grants/secret:confirm", `{}`, 404, `\"grants/secret\" does not exist`},
				{"MEMBER", "GET", "/v1/grants/secret:reconcile", "", 404, `\"grants/secret\" does not exist`},
				{"MEMBER", "GET", "/v1/grants/secret/reports", "", 404, `\"grants/secret\" does not exist`},
				{"DONOR SE", "POST", "/v1/grants/secret:confirm", `{}`, 200, `"kind":"DONOR_STATEMENT"`},
				{"MEMBER", "PATCH", "/v1/grants/us/reports/3", `{"durationMonths":36}`, 200, `"durationMonths":36`},
				{"DONOR US", "PATCH", "/v1/grants/us/reports/3", `{"durationMonths":37}`, 403, "another's report"},
				{"DONOR US", "POST", "/v1/grants/us/reports/3:confirm", `{}`, 200, `"confirmedBy":"tokens/`},
				{"MEMBER", "POST", "/v1/grants/us/reports/3:unconfirm", `{}`, 403, "confirmed by another"},
				{"MEMBER", "GET", "/v1/grants/us", "", 200, `"confirmed":true`},
				{"MEMBER", "PATCH", "/v1/grants/us/reports/3", `{"durationMonths":35}`, 200, `"confirmedBy":""`},
				{"MEMBER", "POST", "/v1/grants/us/reports/3:accept", `{"fields":["duration_months"]}`, 403, "may not write grants"},
				{"DONOR US", "DELETE", "/v1/grants/us/reports/4", "", 403, "another's report"},
				{"MEMBER", "POST", "/v1/grants/us/transactions", `{"type":"PLEDGE","amount":{"qualifier":"UNKNOWN"}}`, 403, "may not write grants"},
				{"MEMBER", "PATCH", "/v1/grants/us", `{"title":"Ours"}`, 403, "may not write grants"},
				{"MEMBER", "POST", "/v1/grants/us:confirm", `{}`, 200, `"amount":"3300000.00"`},
				{"MEMBER", "DELETE", "/v1/grants/us/reports/3", "", 200, `"durationMonths":35`},
				{"STAFF", "POST", "/v1/grants/us/reports/4:accept", `{"fields":["status"]}`, 200, `"status":"CLOSED"`},
				{"STAFF", "DELETE", "/v1/grants/us/reports/2", "", 200, `"kind":"DONOR_STATEMENT"`},
			} {
				status, text, _ := d.ask(t, tokens[c.role], c.method, c.path, c.body)
				if status != c.status || !strings.Contains(text, c.says) {
					t.Errorf("%s %s %s: found %d %s, want %d %s", c.role, c.method, c.path, status, text, c.status, c.says)
				}
			}
			hidden := func(grant string) string {
				status, text, head := d.ask(t, tokens["MEMBER office"], "POST", "/v1/grants/"+grant+"/reports", fmt.Sprintf(month, ""))
				if status != http.StatusNotFound {
					t.Errorf("found %d", status)
				}
				return strings.ReplaceAll(text, grant, "…") + head.Get("ETag")
			}
			if a, b := hidden("secret"), hidden("nothing"); a != b {
				t.Errorf("a hidden grant is told from a missing one: %s, %s", a, b)
			}
		})
	}
}
