package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	_ "github.com/allmep/tandem/proto/tandem/v1" // the messages that requests over gRPC are made of
)

// bad is a request that must be refused. Over gRPC the same is said by rpc and message, the request in JSON; where it cannot be said there (a mistake of spelling, or of HTTP
// itself), rpc is empty.
type bad struct {
	method, path, body string
	rpc, message       string
	field              string // that the refusal names; empty when no field is at fault
	token              string // who asks; "" is the administrator
	status             int    // of the answer over REST; 0 is 400
}

// grantWith is a case of a grant that is right but for some fields.
func grantWith(fields, at string) bad {
	body := with(`{"title":"x","funders":[{"organisation":"organisations/usaid"}]}`, fields)
	return bad{method: "POST", path: "/v1/grants", body: body, rpc: "GrantService/CreateGrant", message: `{"grant":` + body + `}`, field: at}
}

// with sets fields of a body.
func with(body, fields string) string {
	var m map[string]any
	for _, text := range []string{body, "{" + fields + "}"} { // the second adds to the first
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			panic(text + ": " + err.Error())
		}
	}
	out, _ := json.Marshal(m)
	return string(out)
}

// made is a case of creating a record with an id.
func made(collection, singular, service, id, body, at string, code int) bad {
	return bad{
		method: "POST", path: fmt.Sprintf("/v1/%s?%s_id=%s", collection, singular, id), body: body, field: at, status: code,
		rpc: service + "Service/Create" + service, message: fmt.Sprintf(`{"%s":%s,"%sId":%q}`, singular, body, singular, id),
	}
}

// patched is a case of updating a record.
func patched(singular, service, name, body, mask, at string, code int) bad {
	var m map[string]any
	_ = json.Unmarshal([]byte(body), &m)
	m["name"] = name
	whole, _ := json.Marshal(m)
	path := "/v1/" + name
	message := fmt.Sprintf(`{"%s":%s}`, singular, whole)
	if mask != "" {
		path += "?update_mask=" + mask
		message = fmt.Sprintf(`{"%s":%s,"updateMask":%q}`, singular, whole, mask)
	}
	return bad{method: "PATCH", path: path, body: body, field: at, status: code, rpc: service + "Service/Update" + service, message: message}
}

// asked is a case of a query.
func asked(path, query, rpc, message, at string, code int) bad {
	return bad{method: "GET", path: path + "?" + query, field: at, status: code, rpc: rpc, message: message}
}

func badCases() map[string]bad {
	amount := func(money string) string { return `"amount":{"money":` + money + `}` }
	two := `"funders":[{"organisation":"organisations/usaid","sharePercent":%s},{"organisation":"organisations/sida"%s}]`
	cases := map[string]bad{
		"themes do not sum":          grantWith(`"themes":[{"name":"themes/water","percent":60}]`, "grant.themes"),
		"themes sum to more":         grantWith(`"themes":[{"name":"themes/water","percent":60},{"name":"themes/education","percent":60}]`, "grant.themes"),
		"a theme twice":              grantWith(`"themes":[{"name":"themes/water","percent":50},{"name":"themes/water","percent":50}]`, "grant.themes[1].name"),
		"negative percent":           grantWith(`"themes":[{"name":"themes/water","percent":-10},{"name":"themes/education","percent":110}]`, "grant.themes[0].percent"),
		"seven decimals of percent":  grantWith(`"themes":[{"name":"themes/water","percent":33.3333333},{"name":"themes/education","percent":66.6666667}]`, "grant.themes[0].percent"),
		"a location among themes":    grantWith(`"themes":[{"name":"locations/region","percent":100}]`, "grant.themes[0].name"),
		"shares do not sum":          grantWith(fmt.Sprintf(two, "60", `,"sharePercent":60`), "grant.funders"),
		"shares for some":            grantWith(fmt.Sprintf(two, "60", ""), "grant.funders[1].sharePercent"),
		"negative share":             grantWith(fmt.Sprintf(two, "-1", `,"sharePercent":101`), "grant.funders[0].sharePercent"),
		"a funder twice":             grantWith(`"funders":[{"organisation":"organisations/usaid"},{"organisation":"organisations/usaid"}]`, "grant.funders[1].organisation"),
		"no funder":                  grantWith(`"funders":[]`, "grant.funders"),
		"no title":                   grantWith(`"title":""`, "grant.title"),
		"unknown funder":             grantWith(`"funders":[{"organisation":"organisations/nobody"}]`, "grant.funders[0].organisation"),
		"unknown recipient":          grantWith(`"recipients":[{"organisation":"organisations/nobody"}]`, "grant.recipients[0].organisation"),
		"unknown theme":              grantWith(`"themes":[{"name":"themes/nothing","percent":100}]`, "grant.themes[0].name"),
		"unknown location":           grantWith(`"locations":[{"name":"locations/nowhere","percent":100}]`, "grant.locations[0].name"),
		"unknown population":         grantWith(`"populations":[{"name":"populations/nobody","percent":100}]`, "grant.populations[0].name"),
		"unknown programme":          grantWith(`"programme":"programmes/nothing"`, "grant.programme"),
		"funder without a state":     grantWith(`"funders":[{"organisation":"organisations/ecopeace"}]`, "grant.funders[0].organisation"),
		"malformed reference":        grantWith(`"funders":[{"organisation":"usaid"}]`, "grant.funders[0].organisation"),
		"30 February":                grantWith(`"start":"2023-02-30"`, "grant.start"),
		"month 13":                   grantWith(`"start":"2023-13"`, "grant.start"),
		"date in another order":      grantWith(`"end":"01/02/2023"`, "grant.end"),
		"end before start":           grantWith(`"start":"2023-02","end":"2022"`, "grant.end"),
		"a grant of 200 years":       grantWith(`"start":"1950","end":"2150"`, "grant.end"),
		"negative duration":          grantWith(`"durationMonths":-1`, "grant.durationMonths"),
		"unknown currency":           grantWith(amount(`{"currencyCode":"XXQ","amount":"1"}`), "grant.amount.money.currencyCode"),
		"currency in small letters":  grantWith(amount(`{"currencyCode":"usd","amount":"1"}`), "grant.amount.money.currencyCode"),
		"an amount of 10^18":         grantWith(amount(`{"currencyCode":"USD","amount":"1000000000000000000"}`), "grant.amount.money.amount"),
		"three decimals of a dollar": grantWith(amount(`{"currencyCode":"USD","amount":"1.005"}`), "grant.amount.money.amount"),
		"a decimal of a yen":         grantWith(amount(`{"currencyCode":"JPY","amount":"1.0"}`), "grant.amount.money.amount"),
		"an amount with an exponent": grantWith(amount(`{"currencyCode":"USD","amount":"1e6"}`), "grant.amount.money.amount"),
		"an amount with separators":  grantWith(amount(`{"currencyCode":"USD","amount":"1,000"}`), "grant.amount.money.amount"),
		"no figure":                  grantWith(amount(`{"currencyCode":"USD","amount":""}`), "grant.amount.money.amount"),
		"exact and no money":         grantWith(`"amount":{"qualifier":"EXACT"}`, "grant.amount.money"),
		"unknown and money":          grantWith(`"amount":{"qualifier":"UNKNOWN","money":{"currencyCode":"USD","amount":"1"}}`, "grant.amount.qualifier"),
		"a range without an end":     grantWith(`"amount":{"qualifier":"RANGE","low":{"currencyCode":"USD","amount":"1"}}`, "grant.amount"),
		"a range upside down":        grantWith(`"amount":{"qualifier":"RANGE","low":{"currencyCode":"USD","amount":"2"},"high":{"currencyCode":"USD","amount":"1"}}`, "grant.transactions[0].amount.high"),
		"a range of two currencies":  grantWith(`"amount":{"qualifier":"RANGE","low":{"currencyCode":"USD","amount":"1"},"high":{"currencyCode":"EUR","amount":"2"}}`, "grant.amount.high.currencyCode"),
		"at least less than nothing": grantWith(`"amount":{"qualifier":"AT_LEAST","money":{"currencyCode":"USD","amount":"-1"}}`, "grant.transactions[0].amount.money"),
		"amount and transactions": grantWith(`"amount":{"qualifier":"UNKNOWN"},"transactions":[{"type":"PLEDGE","amount":{"qualifier":"UNKNOWN"}}]`,
			"grant.amount"),
		"a transaction of no type":   grantWith(`"transactions":[{"amount":{"qualifier":"UNKNOWN"}}]`, "grant.transactions[0].type"),
		"a transaction of no amount": grantWith(`"transactions":[{"type":"PLEDGE"}]`, "grant.transactions[0].amount"),
		"budgets of two currencies": grantWith(`"budgets":[{"start":"2023","end":"2023","money":{"currencyCode":"USD","amount":"1"}},{"start":"2024","end":"2024","money":{"currencyCode":"EUR","amount":"1"}}]`,
			"grant.budgets[1].money.currencyCode"),
		"a negative budget":     grantWith(`"budgets":[{"start":"2023","end":"2023","money":{"currencyCode":"USD","amount":"-1"}}]`, "grant.budgets[0].money.amount"),
		"a budget upside down":  grantWith(`"budgets":[{"start":"2023","end":"2022","money":{"currencyCode":"USD","amount":"1"}}]`, "grant.budgets[0].end"),
		"a public shadow":       grantWith(`"visibility":"PUBLIC","shadow":true`, "grant.shadow"),
		"text turned round":     grantWith(`"title":"\u202egnp.exe"`, "grant.title"),
		"text isolated":         grantWith(`"title":"a\u2066b"`, "grant.title"),
		"a control character":   grantWith(`"title":"a\u0007b"`, "grant.title"),
		"a title of two lines":  grantWith(`"title":"a\nb"`, "grant.title"),
		"a title of 501":        grantWith(`"title":"`+strings.Repeat("x", 501)+`"`, "grant.title"),
		"an empty identifier":   grantWith(`"identifiers":[""]`, "grant.identifiers[0]"),
		"an identifier twice":   grantWith(`"identifiers":["A","A"]`, "grant.identifiers[1]"),
		"duplicate slug":        made("organisations", "organisation", "Organisation", "usaid", `{"displayName":"Again","state":"US"}`, "organisationId", 409),
		"duplicate theme":       made("themes", "theme", "Theme", "water", `{"displayName":"Again"}`, "themeId", 409),
		"a slug in capitals":    made("organisations", "organisation", "Organisation", "USAID", `{"displayName":"x"}`, "organisationId", 0),
		"no slug":               made("organisations", "organisation", "Organisation", "", `{"displayName":"x"}`, "organisationId", 0),
		"no such state":         made("organisations", "organisation", "Organisation", "new", `{"displayName":"x","state":"QQ"}`, "organisation.state", 0),
		"an identifier taken":   made("organisations", "organisation", "Organisation", "new", `{"displayName":"x","identifiers":["IL-RA-1"]}`, "organisation.identifiers[0]", 0),
		"a malformed DAC code":  made("themes", "theme", "Theme", "new", `{"displayName":"x","dacCodes":["152"]}`, "theme.dacCodes[0]", 0),
		"a target for nothing":  made("targets", "target", "Target", "new", `{"start":"2023","end":"2024","amount":{"currencyCode":"USD","amount":"1"},"source":"s"}`, "target.theme", 0),
		"a target of 0":         made("targets", "target", "Target", "new", `{"theme":"themes/water","start":"2023","end":"2024","amount":{"currencyCode":"USD","amount":"0"},"source":"s"}`, "target.amount.amount", 0),
		"parents in a circle":   patched("organisation", "Organisation", "organisations/ecopeace", `{"parent":"organisations/office"}`, "", "organisation.parent", 0),
		"a parent of itself":    patched("theme", "Theme", "themes/water", `{"parent":"themes/water"}`, "", "theme.parent", 0),
		"themes in a circle":    patched("theme", "Theme", "themes/water", `{"parent":"themes/sanitation"}`, "", "theme.parent", 0),
		"its own successor":     patched("organisation", "Organisation", "organisations/usaid", `{"successor":"organisations/usaid"}`, "", "organisation.successor", 0),
		"a stale etag":          patched("grant", "Grant", "grants/us", `{"title":"y","etag":"1"}`, "", "etag", 409),
		"an unknown mask":       patched("grant", "Grant", "grants/us", `{"title":"y"}`, "titel", "updateMask", 0),
		"transactions by patch": patched("grant", "Grant", "grants/us", `{"transactions":[]}`, "transactions", "updateMask", 0),
		"nothing to patch":      patched("grant", "Grant", "grants/nothing", `{"title":"y"}`, "", "", 404),
	}
	for _, more := range []map[string]bad{moreCases(), reportCases(), mergeCases(), listCases(), historyCases(), scenarioCases(), exportCases(), importCases(), mappingCases()} {
		for name, c := range more {
			cases[name] = c
		}
	}
	return cases
}

func moreCases() map[string]bad {
	allocations := func(query, message, at string) bad {
		return asked("/v1/allocations", query, "AllocationService/QueryAllocations", message, at, 0)
	}
	grants := func(query, message, at string) bad {
		return asked("/v1/grants", query, "GrantService/ListGrants", message, at, 0)
	}
	link := func(grant, target, at string) bad {
		body := fmt.Sprintf(`{"type":"SUB_GRANT_OF","target":%q}`, target)
		return bad{method: "POST", path: "/v1/" + grant + "/links", body: body, field: at, rpc: "LinkService/CreateLink", message: fmt.Sprintf(`{"parent":%q,"link":%s}`, grant, body)}
	}
	similar := func(body, at string, code int) bad {
		return bad{method: "POST", path: "/v1/grants:similar", body: body, field: at, status: code, rpc: "GrantService/FindSimilarGrants", message: body}
	}
	rate := func(body, at string) bad {
		return bad{method: "POST", path: "/v1/rates:batchCreate", body: body, field: at, rpc: "RateService/BatchCreateRates", message: body}
	}
	overlaps := func(query, message, at string) bad {
		return asked("/v1/overlaps", query, "OverlapService/QueryOverlaps", message, at, 0)
	}
	gaps := func(query, message, at string) bad {
		return asked("/v1/gaps", query, "GapService/QueryGaps", message, at, 0)
	}
	decide := func(name, body, at string, status int) bad {
		body = fmt.Sprintf(`{"name":%q,%s}`, name, body)
		return bad{method: "POST", path: "/v1/overlaps:decide", body: body, field: at, status: status, rpc: "OverlapService/DecideOverlap", message: body}
	}
	const overlap = "overlaps/member~se~SE~us~US~ecopeace"
	return map[string]bad{
		"an unknown scope":               {method: "GET", path: "/v1/overlaps?scope=REGION", field: "scope"},
		"no amount":                      overlaps("min_amount=much", `{"minAmount":"much"}`, "minAmount"),
		"a fraction of a cent":           overlaps("min_amount=0.001", `{"minAmount":"0.001"}`, "minAmount"),
		"overlaps of nobody":             overlaps("member=organisations/nobody", `{"member":["organisations/nobody"]}`, "member[0]"),
		"overlaps by size":               overlaps("order_by=size", `{"orderBy":"size"}`, "orderBy"),
		"overlaps from after to":         overlaps("from=2024&to=2023", `{"from":"2024","to":"2023"}`, "to"),
		"a name of no overlap":           asked("/v1/overlaps/member~us", "", "OverlapService/GetOverlap", `{"name":"overlaps/member~us"}`, "name", 0),
		"two sides that do not meet":     asked("/v1/"+overlap, "to=2021", "OverlapService/GetOverlap", `{"name":"`+overlap+`","to":"2021"}`, "", 404),
		"no verdict":                     decide(overlap, `"reason":"x"`, "verdict", 0),
		"a verdict on no grant":          decide("overlaps/member~no~SE~us~US~ecopeace", `"verdict":"DISTINCT"`, "", 404),
		"a verdict on another donor":     decide("overlaps/member~se~CH~us~US~ecopeace", `"verdict":"DISTINCT"`, "", 404),
		"a verdict on sides in disorder": decide("overlaps/member~us~US~se~SE~ecopeace", `"verdict":"DISTINCT"`, "name", 0),
		"an etag of no decision":         decide(overlap, `"verdict":"DISTINCT","etag":"7"`, "etag", 409),
		"a viewer who decides": {method: "POST", path: "/v1/" + overlap + ":decide", body: `{"verdict":"DISTINCT"}`, token: "viewer", status: 403,
			rpc: "OverlapService/DecideOverlap", message: `{"name":"` + overlap + `","verdict":"DISTINCT"}`},
		"clusters of depth -1":           asked("/v1/overlaps:clusters", "min_depth=-1", "OverlapService/QueryOverlapClusters", `{"minDepth":-1}`, "minDepth", 0),
		"an unknown kind of gap":         {method: "GET", path: "/v1/gaps?kind=HOLE", field: "kind"},
		"a kind twice":                   gaps("kind=CLIFF&kind=CLIFF", `{"kind":["CLIFF","CLIFF"]}`, "kind"),
		"as of a month":                  gaps("as_of=2024-11", `{"asOf":"2024-11"}`, "asOf"),
		"a cliff of 101 %":               gaps("cliff_percent=101", `{"cliffPercent":101}`, "cliffPercent"),
		"-1 months":                      gaps("stale_months=-1", `{"staleMonths":-1}`, "staleMonths"),
		"gaps of no theme":               gaps("theme=themes/nothing", `{"theme":["themes/nothing"]}`, "theme[0]"),
		"concentration by year":          asked("/v1/concentration", "by=year", "ConcentrationService/QueryConcentration", `{"by":"year"}`, "by", 0),
		"an unknown dimension":           allocations("group_by=donor", `{"groupBy":["donors"]}`, "groupBy[0]"),
		"four dimensions":                allocations("group_by=donor&group_by=member&group_by=theme&group_by=year", `{"groupBy":["donor","member","theme","year"]}`, "groupBy"),
		"an unknown measure":             allocations("measure=spent", `{"measure":"spent"}`, "measure"),
		"an unknown currency of answers": allocations("currency=ABC", `{"currency":"ABC"}`, "currency"),
		"from after to":                  allocations("from=2024&to=2023", `{"from":"2024","to":"2023"}`, "to"),
		"a rate date of a month":         allocations("rate_date=2024-01", `{"rateDate":"2024-01"}`, "rateDate"),
		"month 13 of a year":             allocations("fiscal_year_start=13", `{"fiscalYearStart":13}`, "fiscalYearStart"),
		"two times to read":              allocations("revision=1&read_time=2020-01-01T00:00:00Z", `{"revision":"1","readTime":"2020-01-01T00:00:00Z"}`, "readTime"),
		"a time to come":                 allocations("read_time=2199-01-01T00:00:00Z", `{"readTime":"2199-01-01T00:00:00Z"}`, "readTime"),
		"a time before all":              allocations("read_time=1999-01-01T00:00:00Z", `{"readTime":"1999-01-01T00:00:00Z"}`, "readTime"),
		"a revision to come":             allocations("revision=999999", `{"revision":"999999"}`, "revision"),
		"a member that is not":           allocations("member=organisations/nobody", `{"member":["organisations/nobody"]}`, "member[0]"),
		"a theme that is not":            grants("theme=themes/nothing", `{"theme":["themes/nothing"]}`, "theme[0]"),
		"a malformed donor state":        allocations("donor_state=usa", `{"donorState":["usa"]}`, "donorState[0]"),
		"a page of -1":                   grants("page_size=-1", `{"pageSize":-1}`, "pageSize"),
		"a page of 1001":                 grants("page_size=1001", `{"pageSize":1001}`, "pageSize"),
		"a token that is none":           grants("page_token=abc", `{"pageToken":"abc"}`, "pageToken"),
		"an unknown order":               grants("order_by=donor", `{"orderBy":"donor"}`, "orderBy"),
		"an order of two":                grants("order_by=start,end", `{"orderBy":"start,end"}`, "orderBy"),
		"an unknown status":              {method: "GET", path: "/v1/grants?status=OPEN", field: "status"},
		"an unknown parameter":           {method: "GET", path: "/v1/grants?donorstate=US", field: "donorstate"},
		"an unknown field":               {method: "POST", path: "/v1/grants", body: `{"titel":"x"}`, field: "grant.titel"},
		"a word of no enum":              {method: "POST", path: "/v1/grants", body: `{"status":"OPEN"}`, field: "grant.status"},
		"text for a number":              {method: "POST", path: "/v1/grants", body: `{"durationMonths":"x"}`, field: "grant.durationMonths"},
		"no JSON":                        {method: "POST", path: "/v1/grants", body: `title=x`},
		"a body of 5 MB":                 {method: "POST", path: "/v1/grants", body: `{"title":"` + strings.Repeat("x", 5<<20) + `"}`, status: 413},
		"text that is not UTF-8":         {method: "POST", path: "/v1/grants", body: "{\"title\":\"\xff\xfe\"}"},
		"a grant under itself":           link("grants/us", "grants/us", "grant.links[0].target"),
		"sub-grants in a circle":         link("grants/us", "grants/sub", "grant.links[0].target"),
		"a second parent":                link("grants/sub", "grants/se", "grant.links[1].target"),
		"under nothing":                  link("grants/us", "grants/nothing", "grant.links[0].target"),
		"a rate of 0":                    rate(`{"rates":[{"currencyCode":"USD","date":"2026-05-04","value":"0"}]}`, "rates[0].value"),
		"a rate built in":                rate(`{"rates":[{"currencyCode":"USD","date":"2020-05-04","value":"1.1"}]}`, "rates[0].date"),
		"a rate of the euro":             rate(`{"rates":[{"currencyCode":"EUR","date":"2026-05-04","value":"1"}]}`, "rates[0].currencyCode"),
		"a rate in a gap built in":       rate(`{"rates":[{"currencyCode":"USD","date":"2020-05-03","value":"1.1"}]}`, "rates[0].date"),
		"referred to by grants":          {method: "DELETE", path: "/v1/organisations/usaid", rpc: "OrganisationService/DeleteOrganisation", message: `{"name":"organisations/usaid"}`},
		"referred to by a theme":         {method: "DELETE", path: "/v1/themes/water", rpc: "ThemeService/DeleteTheme", message: `{"name":"themes/water"}`},
		"a parent with sub-grants":       {method: "DELETE", path: "/v1/grants/se-prime", rpc: "GrantService/DeleteGrant", message: `{"name":"grants/se-prime"}`},
		"undelete what stands":           {method: "POST", path: "/v1/grants/us:undelete", body: `{}`, rpc: "GrantService/UndeleteGrant", message: `{"name":"grants/us"}`},
		"a transaction on nothing": {method: "POST", path: "/v1/grants/nothing/transactions", body: `{"type":"PLEDGE","amount":{"qualifier":"UNKNOWN"}}`, status: 404,
			rpc: "TransactionService/CreateTransaction", message: `{"parent":"grants/nothing","transaction":{"type":"PLEDGE","amount":{"qualifier":"UNKNOWN"}}}`},
		"one bad of a batch": {method: "POST", path: "/v1/grants:batchCreate", field: "requests[1].grant.title", rpc: "GrantService/BatchCreateGrants",
			body:    `{"requests":[{"grant":{"title":"good","funders":[{"organisation":"organisations/usaid"}]}},{"grant":{"title":"a\u0007","funders":[{"organisation":"organisations/usaid"}]}}]}`,
			message: `{"requests":[{"grant":{"title":"good","funders":[{"organisation":"organisations/usaid"}]}},{"grant":{"title":"a\u0007","funders":[{"organisation":"organisations/usaid"}]}}]}`},
		"an id twice in a batch": {method: "POST", path: "/v1/grants:batchCreate", field: "requests[1].grantId", rpc: "GrantService/BatchCreateGrants",
			body:    `{"requests":[{"grantId":"a","grant":{"title":"a","funders":[{"organisation":"organisations/usaid"}]}},{"grantId":"a","grant":{"title":"b","funders":[{"organisation":"organisations/usaid"}]}}]}`,
			message: `{"requests":[{"grantId":"a","grant":{"title":"a","funders":[{"organisation":"organisations/usaid"}]}},{"grantId":"a","grant":{"title":"b","funders":[{"organisation":"organisations/usaid"}]}}]}`},
		"a batch of 1001": {method: "POST", path: "/v1/grants:batchCreate", body: `{"requests":[{}` + strings.Repeat(",{}", 1000) + `]}`, field: "requests"},
		"a request id used": {method: "POST", path: "/v1/grants?request_id=once", body: `{"title":"another","funders":[{"organisation":"organisations/usaid"}]}`, status: 409,
			rpc: "GrantService/CreateGrant", message: `{"requestId":"once","grant":{"title":"another","funders":[{"organisation":"organisations/usaid"}]}}`},
		"a donor of no state": {method: "POST", path: "/v1/tokens", body: `{"displayName":"x","role":"DONOR"}`, field: "token.donorState", rpc: "TokenService/CreateToken", message: `{"token":{"displayName":"x","role":"DONOR"}}`},
		"a token that is over": {method: "POST", path: "/v1/tokens", body: `{"displayName":"x","role":"STAFF","expireTime":"2020-01-01T00:00:00Z"}`, field: "token.expireTime",
			rpc: "TokenService/CreateToken", message: `{"token":{"displayName":"x","role":"STAFF","expireTime":"2020-01-01T00:00:00Z"}}`},
		"nobody":              {method: "GET", path: "/v1/grants", token: "none", status: 401, rpc: "GrantService/ListGrants", message: `{}`},
		"a viewer who writes": {method: "DELETE", path: "/v1/grants/us", token: "viewer", status: 403, rpc: "GrantService/DeleteGrant", message: `{"name":"grants/us"}`},
		"staff who make tokens": {method: "POST", path: "/v1/tokens", body: `{"displayName":"x","role":"ADMIN"}`, token: "staff", status: 403,
			rpc: "TokenService/CreateToken", message: `{"token":{"displayName":"x","role":"ADMIN"}}`},
		"a search without words":                grants("search=%21%3F", `{"search":"!?"}`, "search"),
		"a search of 201 characters":            grants("search="+strings.Repeat("x", 201), `{"search":"`+strings.Repeat("x", 201)+`"}`, "search"),
		"a search of organisations for nothing": asked("/v1/organisations", "search=%E2%80%A6", "OrganisationService/ListOrganisations", `{"search":"…"}`, "search", 0),
		"similar to nothing":                    similar(`{}`, "query", 0),
		"similar to two things":                 similar(`{"query":"x","grant":{"name":"grants/us"}}`, "query", 0),
		"similar to punctuation":                similar(`{"query":"…"}`, "query", 0),
		"similar to a draft without funders":    similar(`{"grant":{"title":"x"}}`, "grant.funders", 0),
		"similar to a draft of nobody's":        similar(`{"grant":{"title":"x","funders":[{"organisation":"organisations/nobody"}]}}`, "grant.funders[0].organisation", 0),
		"similar to what is not there":          similar(`{"grant":{"name":"grants/nothing"}}`, "", 404),
		"a page of 101 similar ones":            similar(`{"query":"x","pageSize":101}`, "pageSize", 0),
		"similar at a revision to come":         similar(`{"query":"x","revision":"999999"}`, "revision", 0),
		"history of nothing":                    asked("/v1/revisions", "resource=nothing", "RevisionService/ListRevisions", `{"resource":"nothing"}`, "resource", 0),
		"watching what is no record":            asked("/v1/revisions:watch", "resource=nothing", "", "", "resource", 0),
		"watching what is not there":            asked("/v1/revisions:watch", "resource=grants/nothing", "", "", "", 404),
		"watching after what is to come":        asked("/v1/revisions:watch", "after=1000000", "", "", "after", 0),
		"watching after less than none":         asked("/v1/revisions:watch", "after=-1", "", "", "after", 0),
		"watching with a misspelt query":        asked("/v1/revisions:watch", "aftr=1", "", "", "aftr", 0),
		"watching by writing":                   {method: "POST", path: "/v1/revisions:watch", body: `{}`, status: 405},
		"watching and nobody":                   {method: "GET", path: "/v1/revisions:watch", token: "none", status: 401},
		"watching tokens as staff":              {method: "GET", path: "/v1/revisions:watch?resource=tokens", token: "staff", status: 403},
		"rates of a revision to come":           asked("/v1/rates", "currency=USD&revision=1000000", "RateService/ListRates", `{"currency":"USD","revision":"1000000"}`, "revision", 0),
	}
}

// Every bad request is refused with a 4xx that names the field at fault, over REST and over gRPC, and nothing of any is stored.
func TestBadInput(t *testing.T) {
	for name, db := range stores {
		t.Run(name, func(t *testing.T) { testBadInput(t, start(t, db(t))) })
	}
}

func testBadInput(t *testing.T, d *daemon) {
	field(t, d)
	body := `{"title":"%s","funders":[{"organisation":"organisations/sida"}]}`
	d.must(t, "POST", "/v1/grants?grant_id=se-prime", fmt.Sprintf(body, "prime"))
	d.must(t, "POST", "/v1/grants?grant_id=sub&request_id=once", fmt.Sprintf(body, "sub"))
	d.must(t, "POST", "/v1/grants?grant_id=mid", fmt.Sprintf(body, "mid"))
	d.must(t, "POST", "/v1/grants/sub/links", `{"type":"SUB_GRANT_OF","target":"grants/us"}`)
	d.must(t, "POST", "/v1/grants/mid/links", `{"type":"SUB_GRANT_OF","target":"grants/se-prime"}`)
	d.must(t, "POST", "/v1/grants/mid/reports", `{"kind":"DONOR_STATEMENT","organisation":"organisations/sida","durationMonths":12}`)
	d.must(t, "POST", "/v1/grants?grant_id=gone", fmt.Sprintf(body, "gone"))
	d.must(t, "POST", "/v1/grants/se-prime:merge", `{"other":"grants/gone"}`)
	d.must(t, "POST", "/v1/grants?grant_id=hidden", strings.Replace(fmt.Sprintf(body, "hidden"), "{", `{"visibility":"RESTRICTED",`, 1))
	d.must(t, "POST", "/v1/grants/mid/links", `{"type":"CONFIRMED_DISTINCT","target":"grants/us","reason":"a call"}`)
	d.must(t, "POST", "/v1/organisations?organisation_id=former", `{"displayName":"Former","state":"SE"}`)
	d.must(t, "POST", "/v1/organisations/sida:merge", `{"other":"organisations/former"}`)
	tokens := map[string]string{"": adminToken, "none": ""}
	for _, role := range []string{"viewer", "staff"} {
		tokens[role] = d.must(t, "POST", "/v1/tokens", fmt.Sprintf(`{"displayName":%q,"role":%q}`, role, strings.ToUpper(role)))["secret"].(string)
	}
	page := d.must(t, "GET", "/v1/grants?page_size=1", "")["nextPageToken"].(string)
	cases := badCases()
	cases["the token of another query"] = asked("/v1/grants", "page_size=1&theme=themes/water&page_token="+page, "GrantService/ListGrants",
		fmt.Sprintf(`{"theme":["themes/water"],"pageToken":%q}`, page), "pageToken", 0)
	t.Logf("%d cases", len(cases))
	if len(cases) < 60 {
		t.Fatalf("there are only %d cases", len(cases))
	}
	// An allocation by a dimension that exists is right over REST; the case is about the one that does not.
	c := cases["an unknown dimension"]
	c.path = "/v1/allocations?group_by=donors"
	cases["an unknown dimension"] = c
	before := d.must(t, "GET", "/v1/revisions?page_size=1000", "")
	conn, err := grpc.NewClient(d.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			code, text, _ := d.ask(t, tokens[c.token], c.method, c.path, c.body, "Content-Type", "application/json")
			want := c.status
			if want == 0 {
				want = http.StatusBadRequest
			}
			if code != want {
				t.Errorf("REST: found %d, want %d: %s", code, want, text)
			}
			if c.field != "" && !strings.Contains(text, `"field":"`+c.field+`"`) {
				t.Errorf("REST: no word of %s: %s", c.field, text)
			}
			if c.rpc != "" {
				overGRPC(t, conn, tokens[c.token], c)
			}
		})
	}
	if diff := cmp.Diff(before, d.must(t, "GET", "/v1/revisions?page_size=1000", "")); diff != "" {
		t.Errorf("something was stored:\n%s", diff)
	}
}

// overGRPC sends a case's message over gRPC.
func overGRPC(t *testing.T, conn *grpc.ClientConn, token string, c bad) {
	t.Helper()
	method := c.rpc[strings.IndexByte(c.rpc, '/')+1:]
	kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName("tandem.v1." + method + "Request"))
	if err != nil {
		t.Fatal(err)
	}
	request := kind.New().Interface()
	if err := protojson.Unmarshal([]byte(c.message), request); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	err = conn.Invoke(ctx, "/tandem.v1."+c.rpc, request, dynamicpb.NewMessage((&errdetails.BadRequest{}).ProtoReflect().Descriptor()))
	st := status.Convert(err)
	switch st.Code() {
	case codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.Aborted, codes.FailedPrecondition, codes.PermissionDenied, codes.Unauthenticated, codes.ResourceExhausted:
	default:
		t.Errorf("gRPC: found %v", st)
	}
	var fields []string
	for _, detail := range st.Details() {
		if b, ok := detail.(*errdetails.BadRequest); ok {
			for _, v := range b.FieldViolations {
				fields = append(fields, v.Field)
			}
		}
	}
	if c.field != "" && !strings.Contains(strings.Join(fields, " "), c.field) {
		t.Errorf("gRPC: no word of %s in %v: %v", c.field, fields, st.Message())
	}
}

// Bytes over gRPC that are no message, or whose text is not UTF-8, are the caller's mistake, and so is a message of 5 MB.
func TestBadBytesOverGRPC(t *testing.T) {
	d := start(t, stores["SQLite"](t))
	conn, err := grpc.NewClient(d.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+adminToken)
	for name, c := range map[string]struct {
		bytes []byte
		want  codes.Code
	}{
		"not UTF-8":  {[]byte{0x0a, 0x04, 0x12, 0x02, 0xff, 0xfe}, codes.InvalidArgument},
		"no message": {[]byte{0xff, 0xff}, codes.InvalidArgument},
		"5 MB":       {append([]byte{0x0a, 0x80, 0x80, 0xc0, 0x02}, make([]byte, 5<<20)...), codes.ResourceExhausted},
	} {
		err := conn.Invoke(ctx, "/tandem.v1.GrantService/CreateGrant", &raw{c.bytes}, &raw{}, grpc.ForceCodec(rawCodec{}))
		if status.Code(err) != c.want {
			t.Errorf("%s: found %v, want %v", name, err, c.want)
		}
	}
}

// raw is a message as bytes.
type raw struct{ bytes []byte }

type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error)   { return v.(*raw).bytes, nil }
func (rawCodec) Unmarshal(b []byte, v any) error { v.(*raw).bytes = b; return nil }
func (rawCodec) Name() string                    { return "proto" }
