package e2e

// listCases are those of lists of grants by amount and period, of targets, and of what is made of programmes and targets.
func listCases() map[string]bad {
	grants := func(query, message, at string) bad {
		return asked("/v1/grants", query, "GrantService/ListGrants", message, at, 0)
	}
	targets := func(query, message, at string) bad {
		return asked("/v1/targets", query, "TargetService/ListTargets", message, at, 0)
	}
	utilisation := func(query, message, at string) bad {
		return asked("/v1/programmes:utilisation", query, "ProgrammeService/QueryUtilisation", message, at, 0)
	}
	coverage := func(query, message, at string) bad {
		return asked("/v1/targets:coverage", query, "TargetService/QueryCoverage", message, at, 0)
	}
	return map[string]bad{
		"a least amount in words":            grants("min_amount=1m", `{"minAmount":"1m"}`, "minAmount"),
		"a greatest amount of a third":       grants("max_amount=0.333&currency=EUR", `{"maxAmount":"0.333","currency":"EUR"}`, "maxAmount"),
		"less than the least":                grants("min_amount=2&max_amount=1", `{"minAmount":"2","maxAmount":"1"}`, "maxAmount"),
		"amounts of no currency":             grants("min_amount=2&currency=ABC", `{"minAmount":"2","currency":"ABC"}`, "currency"),
		"a list from after to":               grants("from=2024&to=2023-12", `{"from":"2024","to":"2023-12"}`, "to"),
		"a list from no day":                 grants("from=2023-02-30", `{"from":"2023-02-30"}`, "from"),
		"amounts at a month's rates":         grants("rate_date=2024-01", `{"rateDate":"2024-01"}`, "rateDate"),
		"stale since no time":                {method: "GET", path: "/v1/grants?stale_since=2024", field: "staleSince"},
		"organisations by start":             asked("/v1/organisations", "order_by=start", "OrganisationService/ListOrganisations", `{"orderBy":"start"}`, "orderBy", 0),
		"targets by name":                    targets("order_by=display_name", `{"orderBy":"display_name"}`, "orderBy"),
		"targets for a theme that is not":    targets("theme=themes/nothing", `{"theme":["themes/nothing"]}`, "theme[0]"),
		"targets from after to":              targets("from=2024&to=2023", `{"from":"2024","to":"2023"}`, "to"),
		"utilisation of nothing":             asked("/v1/programmes/nothing:utilisation", "", "ProgrammeService/QueryUtilisation", `{"name":"programmes/nothing"}`, "", 404),
		"utilisation as of a year":           utilisation("as_of=2024", `{"asOf":"2024"}`, "asOf"),
		"utilisation in no currency":         utilisation("currency=ABC", `{"currency":"ABC"}`, "currency"),
		"coverage as of a month":             coverage("as_of=2024-02", `{"asOf":"2024-02"}`, "asOf"),
		"coverage of a location that is not": coverage("location=locations/nothing", `{"location":["locations/nothing"]}`, "location[0]"),
	}
}
