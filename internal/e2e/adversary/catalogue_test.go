package adversary

import (
	"fmt"
	"net/url"
	"strings"

	"pgregory.net/rapid"
)

// catalogue has the questions of each method that reads, and of those by which others than staff write. A method of the contract that is neither here nor a write that only staff may
// make fails the test.
//
// For a method that reads one record or lists the children of one, under and children are enough; for a list, filtered with the values that its parameters may have.
var catalogue = map[string]func(a *adversary) []ask{
	"OrganisationService/GetOrganisation": under("/v1/organisations/", "usaid", "m2", "nobody"),
	"OrganisationService/ListOrganisations": filtered("/v1/organisations", "member=true", "donor_state=US", "donor_state=SE&donor_state=NO", "search=sida", "search="+url.QueryEscape("מים"), "search=580001",
		"order_by=display_name"),
	"ProgrammeService/GetProgramme":     under("/v1/programmes/", "p"),
	"ProgrammeService/ListProgrammes":   filtered("/v1/programmes"),
	"ProgrammeService/QueryUtilisation": (*adversary).utilisation,
	"ThemeService/GetTheme":             under("/v1/themes/", "water"),
	"ThemeService/ListThemes":           filtered("/v1/themes"),
	"LocationService/GetLocation":       under("/v1/locations/", "valley"),
	"LocationService/ListLocations":     filtered("/v1/locations"),
	"PopulationService/GetPopulation":   under("/v1/populations/", "women"),
	"PopulationService/ListPopulations": filtered("/v1/populations"),
	"TargetService/GetTarget":           under("/v1/targets/", "t"),
	"TargetService/ListTargets":         filtered("/v1/targets", "theme=themes/water", "location=locations/region", "from=2024&to=2025"),
	"TargetService/QueryCoverage":       filtered("/v1/targets:coverage", "theme=themes/water", "location=locations/region", "from=2024", "currency=EUR", "rate_date=2023-01-10", "as_of=2023-06-30"),
	"MappingService/GetMapping":         under("/v1/mappings/", "sheet"), // for staff, as all of mappings
	"MappingService/ListMappings":       filtered("/v1/mappings"),
	"TokenService/GetToken":             func(*adversary) []ask { return gets("/v1/tokens/adversary", "/v1/tokens/none") },
	"TokenService/ListTokens":           func(*adversary) []ask { return gets("/v1/tokens", "/v1/tokens?page_size=1") },
	"MeService/GetMe":                   func(*adversary) []ask { return gets("/v1/me") },
	"RateService/ListRates": func(*adversary) []ask {
		return gets("/v1/rates?currency=USD&from=2023-01-01&to=2023-01-31&page_size=5")
	},

	"GrantService/GetGrant":               (*adversary).everyGrant,
	"GrantService/ListGrants":             filtered("/v1/grants", listFilters...),
	"GrantService/FindSimilarGrants":      (*adversary).similar,
	"TransactionService/GetTransaction":   children("/transactions/1", "/transactions/10"),
	"TransactionService/ListTransactions": children("/transactions?page_size=1"),
	"LinkService/GetLink":                 children("/links/5", "/links/90"),
	"LinkService/ListLinks":               children("/links?page_size=1"),
	"ReportService/GetReport":             children("/reports/7", "/reports/10", "/reports/80"),
	"ReportService/ListReports":           children("/reports?page_size=1"),
	"ReportService/ReconcileGrant":        children(":reconcile"),

	"ReportService/CreateReport": reporting("POST", "/reports", `"kind":"DONOR_STATEMENT","date":"2023","status":"CLOSED"`, `"kind":"PRESS","uri":"https://example.org","start":"2023"`,
		`"kind":"STAFF_CALL","organisation":"organisations/sida","start":"2023"`, `"kind":"MEMBER_STATEMENT","organisation":"organisations/m1","recipients":["organisations/m3"]`),
	"ReportService/UpdateReport":    reporting("PATCH", "/reports/*?update_mask=note", `"note":"changed"`),
	"ReportService/DeleteReport":    reporting("DELETE", "/reports/*", ""),
	"ReportService/ConfirmReport":   reporting("POST", "/reports/*:confirm", ""),
	"ReportService/UnconfirmReport": reporting("POST", "/reports/*:unconfirm", ""),
	"ReportService/ConfirmGrant":    reporting("POST", ":confirm", "", `"organisation":"organisations/old"`),

	"ExportService/ExportGrants": (*adversary).files,
	"ImportService/ImportGrants": func(*adversary) []ask { // for staff, who see everything
		return []ask{{method: "POST", path: "/v1/imports", body: `<iati-activities version="2.03"/>`}, {method: "POST", path: "/v1/imports?mapping=mappings/sheet", body: "Donor,Title\n"}, {method: "POST", path: "/v1/imports?validate_only=true", body: "no file"}}
	},

	"AllocationService/QueryAllocations":      (*adversary).allocations,
	"OverlapService/QueryOverlaps":            filtered("/v1/overlaps", append(windows, "scope=CELL", "depth=2", "min_amount=100", "undecided=true", "order_by=name", "explain=true")...),
	"OverlapService/QueryOverlapClusters":     filtered("/v1/overlaps:clusters", append(windows, "scope=CELL", "depth=2", "min_depth=3")...),
	"OverlapService/GetOverlap":               (*adversary).overlaps,
	"GapService/QueryGaps":                    filtered("/v1/gaps", append(windows, "kind=CLIFF", "kind=UNFUNDED_MEMBER&kind=DEPENDENCY", "as_of=2023-01-31", "as_of=2022-12-31", "cliff_percent=5", "stale_months=1", "explain=true")...),
	"ConcentrationService/QueryConcentration": filtered("/v1/concentration", append(windows, "by=theme", "by=donor_state")...),
	"BriefService/GetBrief":                   filtered("/v1/brief", briefs...),
	"BriefService/RenderBrief":                filtered("/v1/brief:render", "document=MARKDOWN", "document=HTML", "brief.donor_state=SE", "brief.member=organisations/m1", "brief.as_of=2023-01-31"),
	"ScenarioService/SimulateScenario":        (*adversary).scenarios,
	"ScenarioService/RankPlacements":          (*adversary).placements,
	"RevisionService/GetRevision":             (*adversary).everyRevision,
	"RevisionService/ListRevisions":           (*adversary).histories,
	"RevisionService/WatchRevisions":          (*adversary).watches,
	"RevisionService/VerifyRevisions":         func(*adversary) []ask { return gets("/v1/revisions:verify", "/v1/revisions:verify?anchor=1:abc") },
}

// overGRPC are methods that have no address over HTTP. They are for administrators, who see everything; internal/e2e tests that nobody else may call them.
var overGRPC = map[string]bool{"AdminService/Backup": true, "AdminService/Restore": true, "AdminService/VerifyDatabase": true}

// grantFilters are those that every list and analysis of grants has.
var grantFilters = []string{
	"donor_state=SE", "donor_state=US&donor_state=QA", "donor=organisations/qatar", "donor=organisations/sida", "programme=programmes/p", "programme=programmes/unspecified",
	"member=organisations/m1", "member=organisations/m2", "member=organisations/m3", "member=organisations/unspecified", "theme=themes/water", "theme=themes/youth", "theme=themes/unspecified",
	"location=locations/region", "location=locations/valley", "population=populations/women", "status=ACTIVE", "status=CANCELLED&status=PIPELINE",
	"visibility=RESTRICTED", "visibility=PUBLIC", "visibility=DONORS&visibility=COALITION",
}

// listFilters are those of a list of grants. Some words and numbers only hidden grants have.
var listFilters = append([]string{
	"min_amount=1000", "max_amount=5000&currency=EUR", "min_amount=1&rate_date=2023-01-10", "from=2023", "from=2022-06&to=2022-12", "unconfirmed=true", "stale_since=" + instant(3), "stale_since=" + instant(5),
	"search=water", "search=" + url.QueryEscape("מים"), "search=" + url.QueryEscape("المياه"), "search=us", "search=sida", "search=peace+fund", "search=1234567", "search=embassy",
	"search=arms", "search=" + url.QueryEscape("שקט"), "search=" + url.QueryEscape("محادثات"), "search=7654321", "search=US-GOV-1-72029499", "order_by=title", "order_by=title desc", "order_by=amount", "order_by=amount desc",
}, grantFilters...)

// windows are what analyses of what meets and what is missing have beside the filters.
var windows = append([]string{"from=2022", "from=2022-06&to=2023-06", "currency=EUR", "rate_date=2023-01-10"}, grantFilters...)

var briefs = []string{"donor_state=SE", "donor_state=US", "member=organisations/m1", "member=organisations/m3", "currency_code=EUR", "from=2022&to=2023", "as_of=2022-12-31", "as_of=2023-06-30"}

// ask is a request. Of one that watches, so many events are awaited.
type ask struct {
	method, path, body string
	events             int
}

func gets(paths ...string) []ask {
	var asks []ask
	for _, p := range paths {
		asks = append(asks, ask{method: "GET", path: p})
	}
	return asks
}

// files asks for grants in every format, filtered and as of an earlier revision.
func (a *adversary) files() []ask {
	var asks []ask
	for _, f := range []string{"grants.csv", "transactions.csv", "links.csv", "reports.csv", "grants.iati.xml", "grants.360.json"} {
		for _, filter := range []string{"", rapid.SampledFrom(grantFilters).Draw(a.T, "filter"), fmt.Sprintf("revision=%d", rapid.IntRange(1, a.revisions).Draw(a.T, "revision"))} {
			asks = append(asks, gets("/v1/exports/"+f+"?"+filter)...)
		}
	}
	return asks
}

// under asks for records of a collection by their ids.
func under(collection string, ids ...string) func(*adversary) []ask {
	return func(a *adversary) []ask {
		var asks []ask
		for _, id := range ids {
			asks = append(asks, gets(a.asOf(collection+id))...)
		}
		return asks
	}
}

// filtered asks for lists, whole and in pages, with some of their parameters.
func filtered(path string, parameters ...string) func(*adversary) []ask {
	return func(a *adversary) []ask {
		var asks []ask
		for range 1 + min(len(parameters), 4) {
			query := a.some(parameters)
			if !strings.HasPrefix(path, "/v1/brief") && !strings.Contains(path, "coverage") {
				query = append(query, a.pick("", "page_size=1", "page_size=2"))
			}
			if path == "/v1/grants" || path == "/v1/organisations" {
				query = append(query, a.pick("", "show_deleted=true"))
				if !strings.Contains(strings.Join(query, "&"), "order_by") {
					query = append(query, a.pick("", "order_by=update_time", "order_by=create_time desc", "order_by=start", "order_by=end desc"))
				}
			}
			asks = append(asks, gets(a.asOf(path, query...))...)
		}
		return asks
	}
}

// children asks for what is under some grants.
func children(paths ...string) func(*adversary) []ask {
	return func(a *adversary) []ask {
		var asks []ask
		for _, id := range a.few() {
			for _, p := range paths {
				path, query, _ := strings.Cut(p, "?")
				asks = append(asks, gets(a.asOf("/v1/grants/"+id+path, query))...)
			}
		}
		return asks
	}
}

// reporting asks for writes about the reports of some grants, of which * is one: some of them only to be tried. Each has one of the bodies.
func reporting(verb, path string, bodies ...string) func(*adversary) []ask {
	return func(a *adversary) []ask {
		var asks []ask
		for _, id := range a.few() {
			report := a.pick("7", "8", "10", "11", "12", "13", "14", "80", "81")
			target, query, _ := strings.Cut(strings.Replace(path, "*", report, 1), "?")
			q := ask{method: verb, path: "/v1/grants/" + id + target, body: "{" + a.pick(bodies...) + "}"}
			only := a.pick("", "validate_only=true")
			switch {
			case target == "/reports" || verb != "POST":
				q.path += "?" + strings.Trim(query+"&"+only, "&")
			case only != "":
				q.body = strings.Replace(strings.Replace(q.body, "{", `{"validateOnly":true,`, 1), ",}", "}", 1)
			}
			asks = append(asks, q)
		}
		return asks
	}
}

// asOf makes a path that asks for today or for some day before, with parameters; empty ones are left out.
func (a *adversary) asOf(path string, parameters ...string) string {
	n := rapid.IntRange(0, a.revisions).Draw(a.T, "as of")
	prefix := ""
	if strings.HasPrefix(path, "/v1/brief:") {
		prefix = "brief."
	}
	query := append(parameters[:len(parameters):len(parameters)], a.pick("", fmt.Sprintf("%srevision=%d", prefix, n), prefix+"read_time="+instant(n)))
	values := url.Values{}
	for _, p := range query {
		more, err := url.ParseQuery(p)
		if err != nil {
			a.Fatal(err)
		}
		for k, v := range more {
			values[k] = append(values[k], v...)
		}
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

func (a *adversary) pick(from ...string) string { return rapid.SampledFrom(from).Draw(a.T, "pick") }

func (a *adversary) some(from []string) []string {
	if len(from) == 0 {
		return nil
	}
	return first(rapid.IntRange(0, min(3, len(from))).Draw(a.T, "count"), rapid.Permutation(from).Draw(a.T, "some"))
}

// few are some of the grants that are asked for.
func (a *adversary) few() []string {
	const few = 6
	return first(few, rapid.Permutation(a.ids).Draw(a.T, "few"))
}

func first(n int, of []string) []string { return of[:min(n, len(of))] }
