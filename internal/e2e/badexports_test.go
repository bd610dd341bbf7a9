package e2e

// exportCases are those of files of grants.
func exportCases() map[string]bad {
	file := func(name, query, message, at string, code int) bad {
		return asked("/v1/exports/"+name, query, "ExportService/ExportGrants", `{"file":"`+name+`"`+message+`}`, at, code)
	}
	return map[string]bad{
		"a file of no format":            file("grants.pdf", "", "", "file", 0),
		"a file of no table":             file("tokens.csv", "", "", "file", 0),
		"no file":                        file("", "", "", "file", 0),
		"an export for a state that is":  file("grants.csv", "donor_state=Sweden", `,"donorState":["Sweden"]`, "donorState[0]", 0),
		"an export for nobody":           file("grants.csv", "member=organisations/nobody", `,"member":["organisations/nobody"]`, "member[0]", 0),
		"an export from after to":        file("grants.csv", "from=2024&to=2023", `,"from":"2024","to":"2023"`, "to", 0),
		"an export of a revision to be":  file("grants.csv", "revision=999999", `,"revision":"999999"`, "revision", 0),
		"CSV that somebody reports":      file("grants.csv", "reporting_org=organisations/usaid", `,"reportingOrg":"organisations/usaid"`, "reportingOrg", 0),
		"IATI that nobody reports":       file("grants.iati.xml", "reporting_org=organisations/nobody", `,"reportingOrg":"organisations/nobody"`, "reportingOrg", 0),
		"IATI of nothing":                file("grants.iati.xml", "donor_state=FR", `,"donorState":["FR"]`, "", 0),
		"360Giving of nothing":           file("grants.360.json", "donor_state=FR", `,"donorState":["FR"]`, "", 0),
		"an export with a spelling":      {method: "GET", path: "/v1/exports/grants.csv?donor_sate=US", field: "donorSate"},
		"an export page by page":         {method: "GET", path: "/v1/exports/grants.csv?page_size=5", field: "pageSize"},
		"an export of two files":         {method: "GET", path: "/v1/exports/grants.csv?file=grants.xlsx", field: "file"},
		"an export with a broken escape": {method: "GET", path: "/v1/exports/grants.csv?search=%zz"},
	}
}
