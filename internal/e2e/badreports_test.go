package e2e

import "fmt"

// reportCases are bad requests about reports. There is one, grants/mid/reports/2, which states a duration.
func reportCases() map[string]bad {
	report := func(fields, at string) bad {
		body := with(`{"kind":"DONOR_STATEMENT","organisation":"organisations/sida"}`, fields)
		return bad{method: "POST", path: "/v1/grants/mid/reports", body: body, field: at, rpc: "ReportService/CreateReport", message: fmt.Sprintf(`{"parent":"grants/mid","report":%s}`, body)}
	}
	accept := func(name, fields, at string, code int) bad {
		return bad{
			method: "POST", path: "/v1/" + name + ":accept", body: `{"fields":[` + fields + `]}`, field: at, status: code,
			rpc: "ReportService/AcceptReport", message: fmt.Sprintf(`{"name":%q,"fields":[%s]}`, name, fields),
		}
	}
	confirm := func(name, body, message, at string, code int) bad {
		return bad{method: "POST", path: "/v1/" + name + ":confirm", body: body, field: at, status: code, rpc: "ReportService/ConfirmGrant", message: message}
	}
	return map[string]bad{
		"a report of nothing":             report("", "report.amount"),
		"a report of no kind":             report(`"kind":"KIND_UNSPECIFIED","durationMonths":1`, "report.kind"),
		"a report that a merge makes":     report(`"kind":"RECORD","durationMonths":1`, "report.kind"),
		"a report of nobody":              report(`"organisation":"","durationMonths":1`, "report.organisation"),
		"a report of one who is not":      report(`"organisation":"organisations/nobody","durationMonths":1`, "report.organisation"),
		"a report of press without a uri": report(`"organisation":"","kind":"PRESS","durationMonths":1`, "report.uri"),
		"a report of a bad amount":        report(`"amount":{"money":{"currencyCode":"USD","amount":"1.005"}}`, "report.amount.money.amount"),
		"a report of a range upside down": report(`"amount":{"qualifier":"RANGE","low":{"currencyCode":"USD","amount":"2"},"high":{"currencyCode":"USD","amount":"1"}}`, "report.amount.high"),
		"a report of 30 February":         report(`"date":"2023-02-30","durationMonths":1`, "report.date"),
		"a report that ends too soon":     report(`"start":"2023","end":"2022"`, "report.end"),
		"a report of 1201 months":         report(`"durationMonths":1201`, "report.durationMonths"),
		"a report to one who is not":      report(`"recipients":["organisations/nobody"]`, "report.recipients[0]"),
		"a report to one twice":           report(`"recipients":["organisations/ecopeace","organisations/ecopeace"]`, "report.recipients[1]"),
		"a report on nothing": {method: "POST", path: "/v1/grants/nothing/reports", body: `{"kind":"PRESS","uri":"x","durationMonths":1}`, status: 404,
			rpc: "ReportService/CreateReport", message: `{"parent":"grants/nothing","report":{"kind":"PRESS","uri":"x","durationMonths":1}}`},
		"a stale etag of a report":     patched("report", "Report", "grants/mid/reports/2", `{"durationMonths":1,"etag":"1"}`, "", "etag", 409),
		"an unknown mask of a report":  patched("report", "Report", "grants/mid/reports/2", `{"durationMonths":1}`, "months", "updateMask", 0),
		"a report emptied":             patched("report", "Report", "grants/mid/reports/2", `{}`, "durationMonths", "report.amount", 0),
		"a report that is not":         patched("report", "Report", "grants/mid/reports/9", `{"durationMonths":1}`, "", "", 404),
		"reports by patch":             patched("grant", "Grant", "grants/us", `{"reports":[]}`, "reports", "updateMask", 0),
		"a grant with a bad report":    grantWith(`"reports":[{"kind":"DONOR_STATEMENT","organisation":"organisations/usaid"}]`, "grant.reports[0].amount"),
		"a grant with a merged report": grantWith(`"reports":[{"kind":"RECORD","durationMonths":1}]`, "grant.reports[0].kind"),
		"a grant with nobody's report": grantWith(`"reports":[{"kind":"DONOR_STATEMENT","organisation":"organisations/nobody","durationMonths":1}]`, "grant.reports[0].organisation"),
		"accepting nothing":            accept("grants/mid/reports/2", ``, "fields", 0),
		"accepting a field twice":      accept("grants/mid/reports/2", `"duration_months","duration_months"`, "fields", 0),
		"accepting what is no field":   accept("grants/mid/reports/2", `"title"`, "fields[0]", 0),
		"accepting what is not stated": accept("grants/mid/reports/2", `"duration_months","amount"`, "fields[1]", 0),
		"accepting no report":          accept("grants/mid/reports/9", `"amount"`, "", 404),
		"confirming as nobody":         confirm("grants/us", `{}`, `{"name":"grants/us"}`, "organisation", 0),
		"confirming as one who is not": confirm("grants/us", `{"organisation":"organisations/nobody"}`, `{"name":"grants/us","organisation":"organisations/nobody"}`, "report.organisation", 0),
		"confirming nothing":           confirm("grants/nothing", `{"organisation":"organisations/usaid"}`, `{"name":"grants/nothing","organisation":"organisations/usaid"}`, "", 404),
		"reconciling nothing":          {method: "GET", path: "/v1/grants/nothing:reconcile", status: 404, rpc: "ReportService/ReconcileGrant", message: `{"name":"grants/nothing"}`},
		"reconciling at two times":     asked("/v1/grants/us:reconcile", "revision=1&read_time=2020-01-01T00:00:00Z", "ReportService/ReconcileGrant", `{"name":"grants/us","revision":"1","readTime":"2020-01-01T00:00:00Z"}`, "readTime", 0),
		"a viewer who reports": {method: "POST", path: "/v1/grants/us/reports", body: `{"kind":"PRESS","uri":"x","durationMonths":1}`, token: "viewer", status: 403,
			rpc: "ReportService/CreateReport", message: `{"parent":"grants/us","report":{"kind":"PRESS","uri":"x","durationMonths":1}}`},
	}
}
