package adversary

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

func (a *adversary) everyGrant() []ask {
	var asks []ask
	for _, id := range a.ids {
		asks = append(asks, gets("/v1/grants/"+id, a.asOf("/v1/grants/"+id))...)
	}
	return asks
}

// similar asks what is like grants that are recorded, like drafts, and like texts.
func (a *adversary) similar() []ask {
	var asks []ask
	post := func(body string) {
		asks = append(asks, ask{method: "POST", path: "/v1/grants:similar", body: "{" + body + a.pick("", `,"pageSize":1`, fmt.Sprintf(`,"revision":%d`, a.revisions/2+1)) + "}"})
	}
	for _, id := range a.few() {
		post(fmt.Sprintf(`"grant":{"name":"grants/%s"}`, id))
	}
	for range 4 {
		title := a.pick(append(secretTitles, titles...)...)
		post(fmt.Sprintf(`"query":%q`, a.pick(title, title+" "+a.pick(numbers...), a.pick(secretNumbers...))))
		draft := fmt.Sprintf(`"title":%q,"funders":[{"organisation":"organisations/%s"}],"identifiers":[%q]`, title, a.pick(givers...), a.pick(append(secretNumbers, numbers...)...))
		draft += a.pick("", `,"recipients":[{"organisation":"organisations/m1"}]`, `,"recipients":[{"organisation":"organisations/m3"},{"organisation":"organisations/m2"}]`)
		draft += a.pick("", `,"start":"2022","amount":{"money":{"currencyCode":"USD","amount":"5000.00"}}`)
		post(`"grant":{` + draft + a.pick("", fmt.Sprintf(`,"name":"grants/%s"`, a.few()[0])) + "}")
	}
	return asks
}

func (a *adversary) utilisation() []ask {
	var asks []ask
	for _, path := range []string{"/v1/programmes:utilisation", "/v1/programmes/p:utilisation", "/v1/programmes/none:utilisation"} {
		asks = append(asks, gets(a.asOf(path, a.pick("", "currency=EUR"), a.pick("", "rate_date=2023-01-10"), a.pick("", "as_of=2023-06-30")))...)
	}
	return asks
}

func (a *adversary) allocations() []ask {
	dimensions := []string{"donor_state", "donor", "programme", "member", "theme", "location", "population", "year", "quarter", "month", "status"}
	cells := []string{"member", "theme", "location", "population"}
	var asks []ask
	for i := range 12 {
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
			a.pick("", "", "attribution=PRIME"), a.pick("", "order_by=central", "order_by=central desc"), a.pick("", "page_size=1"), a.pick("", "", "rate_date=2023-01-10"), a.pick("", "", "fiscal_year_start=10"), a.pick("", "", "explain=true"))
		asks = append(asks, gets(a.asOf("/v1/allocations", query...))...)
	}
	return asks
}

// overlaps asks for overlaps of pairs of grants by name.
func (a *adversary) overlaps() []ask {
	var asks []ask
	for range 4 {
		few := append(slices.DeleteFunc(slices.Clone(a.few()), func(id string) bool { return id == nothing }), "zlate", "nobody")
		states := slices.Sorted(slices.Values([]string{a.pick("QA", "SE"), a.pick("US", "SE+US")}))
		name := fmt.Sprintf("member~%s~%s~%s~%s~%s", few[0], states[0], few[1], states[1], a.pick(takers...))
		asks = append(asks, gets(a.asOf("/v1/overlaps/"+name, a.pick("", "currency=EUR"), a.pick("", "from=2022")))...)
	}
	return asks
}

// scenarios asks what if: of donor states, programmes and grants that are there, hidden or not, and of such as are not.
func (a *adversary) scenarios() []ask {
	var asks []ask
	for range 4 {
		few := a.few()
		change := func() string {
			of := a.pick(`"donorState":"SE"`, `"donorState":"US"`, `"programme":"programmes/p"`, fmt.Sprintf(`"grant":"grants/%s"`, few[0]), fmt.Sprintf(`"grant":"grants/%s"`, few[0]))
			return a.pick(fmt.Sprintf(`{"withdraw":{%s,"date":"2023"}}`, of), fmt.Sprintf(`{"delay":{%s,"months":6}}`, of), fmt.Sprintf(`{"scale":{%s,"percent":50}}`, of))
		}
		changes := []string{change(), change()}
		if rapid.Bool().Draw(a.T, "added") {
			name := a.pick("", fmt.Sprintf(`"name":"grants/%s",`, few[0]), fmt.Sprintf(`"name":"grants/%s",`, few[0]))
			changes[0] = `{"add":{"grant":{` + name + `"title":"New","funders":[{"organisation":"organisations/sida"}],"recipients":[{"organisation":"organisations/m1"}],` +
				`"themes":[{"name":"themes/water","percent":100}],"start":"2022","end":"2024","amount":{"money":{"currencyCode":"USD","amount":"5000.00"}},"awardDate":"2022"}}}`
		}
		body := fmt.Sprintf(`{"changes":[%s],"groupBy":[%s]%s%s}`, strings.Join(changes, ","), a.pick("", `"member"`, `"donor_state","year"`, `"theme"`, `"status"`), a.pick("", `,"asOf":"2022-12-31"`),
			a.pick("", `,"from":"2022","to":"2023"`, fmt.Sprintf(`,"revision":%d`, a.revisions/2+1)))
		asks = append(asks, ask{method: "POST", path: "/v1/scenarios:simulate", body: body})
	}
	return asks
}

func (a *adversary) placements() []ask {
	var asks []ask
	for range 2 {
		body := `{"amount":{"currencyCode":"USD","amount":"1000.00"},"from":"2023","to":"2024"` + a.pick("", `,"donorState":"SE"`) + a.pick("", `,"theme":["themes/water"]`) + a.pick("", `,"location":["locations/valley"]`) +
			a.pick("", `,"member":["organisations/m2","organisations/m3"]`) + a.pick("", fmt.Sprintf(`,"revision":%d`, a.revisions/2+1)) + "}"
		asks = append(asks, ask{method: "POST", path: "/v1/scenarios:rank", body: body})
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
	for _, by := range []string{"ada", "eve", "tokens/adversary"} {
		asks = append(asks, gets("/v1/revisions?principal="+by+a.pick("", "&page_size=1", "&page_size=3", "&since="+instant(3)))...)
	}
	asks = append(asks, gets("/v1/revisions?until="+instant(4), fmt.Sprintf("/v1/revisions?since=%s&until=%s&page_size=1", instant(2), instant(5)))...)
	for _, id := range a.few() {
		asks = append(asks, gets("/v1/revisions?resource=grants/"+id, "/v1/revisions?resource=grants/"+id+"&"+a.pick("page_size=1", "principal=ada", "principal=ben&page_size=1", "until="+instant(4)))...)
	}
	return asks
}

// watches asks for the stream: for all of it, which is what the history tells, for grants, the last of which is seen by everyone, and for those that are asked for. As many events are
// awaited as the history tells of.
func (a *adversary) watches() []ask {
	var list struct {
		Revisions []struct {
			Name    string
			Changes []struct{ Resource string }
		}
	}
	body := a.worlds[0].ask(ask{method: "GET", path: "/v1/revisions?page_size=1000"}).body
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		a.Fatal(err)
	}
	var asks []ask
	for _, resource := range append(a.few(), "", "", "grants", "grants", "organisations") {
		after := rapid.IntRange(0, len(list.Revisions)).Draw(a.T, "after")
		path := fmt.Sprintf("/v1/revisions:watch?after=%d", after)
		matches := func(name string) bool { return resource == "" || strings.HasPrefix(name, resource+"/") }
		switch resource {
		case "", "grants", "organisations":
			path += "&resource=" + resource
		default:
			name := "grants/" + resource
			path, matches = path+"&resource="+name, func(other string) bool { return other == name }
		}
		q := ask{method: "GET", path: path}
		for _, r := range list.Revisions[:len(list.Revisions)-after] {
			concerns := resource == ""
			for _, c := range r.Changes {
				concerns = concerns || matches(c.Resource)
			}
			if concerns {
				q.events++
			}
		}
		asks = append(asks, q)
	}
	return asks
}
