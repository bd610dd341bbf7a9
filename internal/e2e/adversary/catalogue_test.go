package adversary

import (
	"fmt"
	"net/url"
	"strings"

	"pgregory.net/rapid"
)

// catalogue has the questions of each method that reads. A method of the contract that is neither here nor a standard write fails the test.
//
// For a method that reads one record or lists the children of one, under is enough; for a list, filtered with the values that its parameters may have.
var catalogue = map[string]func(a *adversary) []ask{
	"OrganisationService/GetOrganisation":   under("/v1/organisations/", "usaid", "m2", "nobody"),
	"OrganisationService/ListOrganisations": filtered("/v1/organisations", "member=true", "donor_state=US"),
	"ProgrammeService/GetProgramme":         under("/v1/programmes/", "p"),
	"ProgrammeService/ListProgrammes":       filtered("/v1/programmes"),
	"ThemeService/GetTheme":                 under("/v1/themes/", "water"),
	"ThemeService/ListThemes":               filtered("/v1/themes"),
	"LocationService/GetLocation":           under("/v1/locations/", "valley"),
	"LocationService/ListLocations":         filtered("/v1/locations"),
	"PopulationService/GetPopulation":       under("/v1/populations/", "women"),
	"PopulationService/ListPopulations":     filtered("/v1/populations"),
	"TargetService/GetTarget":               under("/v1/targets/", "t"),
	"TargetService/ListTargets":             filtered("/v1/targets"),
	"TokenService/GetToken":                 func(*adversary) []ask { return gets("/v1/tokens/adversary", "/v1/tokens/none") },
	"TokenService/ListTokens":               func(*adversary) []ask { return gets("/v1/tokens", "/v1/tokens?page_size=1") },
	"MeService/GetMe":                       func(*adversary) []ask { return gets("/v1/me") },
	"RateService/ListRates": func(*adversary) []ask {
		return gets("/v1/rates?currency=USD&from=2023-01-01&to=2023-01-31&page_size=5")
	},

	"GrantService/GetGrant":               (*adversary).everyGrant,
	"GrantService/ListGrants":             filtered("/v1/grants", grantFilters...),
	"TransactionService/GetTransaction":   children("/transactions/1"),
	"TransactionService/ListTransactions": children("/transactions?page_size=1"),
	"LinkService/GetLink":                 children("/links/5", "/links/20"),
	"LinkService/ListLinks":               children("/links?page_size=1"),

	"AllocationService/QueryAllocations": (*adversary).allocations,

	"ExportService/ExportGrants": (*adversary).files,

	"RevisionService/GetRevision":   (*adversary).everyRevision,
	"RevisionService/ListRevisions": (*adversary).histories,
}

// grantFilters are those that every list and analysis of grants has.
var grantFilters = []string{
	"donor_state=SE", "donor_state=US&donor_state=QA", "donor=organisations/qatar", "donor=organisations/sida", "programme=programmes/p", "programme=programmes/unspecified",
	"member=organisations/m1", "member=organisations/m2", "member=organisations/m3", "member=organisations/unspecified", "theme=themes/water", "theme=themes/youth", "theme=themes/unspecified",
	"location=locations/region", "location=locations/valley", "population=populations/women", "status=ACTIVE", "status=CANCELLED&status=PIPELINE",
	"visibility=RESTRICTED", "visibility=PUBLIC", "visibility=DONORS&visibility=COALITION",
}

// ask is a request.
type ask struct{ method, path, body string }

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
		for range 1 + min(len(parameters), 6) {
			query := a.some(parameters)
			query = append(query, a.pick("", "page_size=1", "page_size=2"), a.pick("", "show_deleted=true"), a.pick("", "order_by=update_time", "order_by=create_time desc", "order_by=start", "order_by=end desc"))
			asks = append(asks, gets(a.asOf(path, query...))...)
		}
		return asks
	}
}

// children asks for what is under each grant.
func children(paths ...string) func(*adversary) []ask {
	return func(a *adversary) []ask {
		var asks []ask
		for _, id := range a.ids {
			for _, p := range paths {
				path, query, _ := strings.Cut(p, "?")
				asks = append(asks, gets(a.asOf("/v1/grants/"+id+path, query))...)
			}
		}
		return asks
	}
}

func (a *adversary) everyGrant() []ask {
	var asks []ask
	for _, id := range a.ids {
		asks = append(asks, gets("/v1/grants/"+id, a.asOf("/v1/grants/"+id))...)
	}
	return asks
}

func (a *adversary) allocations() []ask {
	dimensions := []string{"donor_state", "donor", "programme", "member", "theme", "location", "population", "year", "quarter", "month", "status"}
	cells := []string{"member", "theme", "location", "population"}
	var asks []ask
	for i := range 16 {
		var query []string
		by := dimensions
		if i%2 == 0 {
			by = cells
		}
		for _, d := range first(3, a.some(by)) {
			query = append(query, "group_by="+d)
		}
		switch i % 4 {
		case 0:
			for _, f := range first(2, a.some(grantFilters)) {
				if strings.HasPrefix(f, "member") || strings.HasPrefix(f, "theme") || strings.HasPrefix(f, "location") || strings.HasPrefix(f, "population") {
					query = append(query, f)
				}
			}
		case 1:
			query = append(query, first(3, a.some(grantFilters))...)
		}
		query = append(query, a.pick("", "measure=committed", "measure=disbursed", "measure=pledged"), a.pick("", "currency=EUR", "currency=JPY"), a.pick("", "from=2022", "to=2023-06", "from=2023-03-04&to=2025"),
			a.pick("", "", "attribution=PRIME"), a.pick("", "order_by=central", "order_by=central desc"), a.pick("", "page_size=1"), a.pick("", "", "rate_date=2023-01-10"), a.pick("", "", "fiscal_year_start=10"))
		asks = append(asks, gets(a.asOf("/v1/allocations", query...))...)
	}
	return asks
}

func (a *adversary) everyRevision() []ask {
	var asks []ask
	for n := 1; n <= a.revisions+2; n++ {
		asks = append(asks, gets(fmt.Sprintf("/v1/revisions/%d", n))...)
	}
	return asks
}

func (a *adversary) histories() []ask {
	asks := gets("/v1/revisions", "/v1/revisions?page_size=1", "/v1/revisions?resource=organisations/m2", "/v1/revisions?resource=tokens/adversary")
	for _, id := range a.ids {
		asks = append(asks, gets("/v1/revisions?resource=grants/"+id, "/v1/revisions?page_size=1&resource=grants/"+id)...)
	}
	return asks
}

// asOf makes a path that asks for today or for some day before, with parameters; empty ones are left out.
func (a *adversary) asOf(path string, parameters ...string) string {
	n := rapid.IntRange(0, a.revisions).Draw(a.T, "as of")
	query := append(parameters[:len(parameters):len(parameters)], a.pick("", fmt.Sprintf("revision=%d", n), "read_time="+instant(n)))
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

func first(n int, of []string) []string { return of[:min(n, len(of))] }
