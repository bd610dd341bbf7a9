package e2e

import "strings"

// historyCases are those of the history and of what proves that nobody rewrote it.
func historyCases() map[string]bad {
	return map[string]bad{
		"history of no one": asked("/v1/revisions", "principal=", "RevisionService/ListRevisions", `{"principal":[""]}`, "principal[0]", 0),
		"history of 21": asked("/v1/revisions", strings.Repeat("principal=x&", 21), "RevisionService/ListRevisions",
			`{"principal":["x"`+strings.Repeat(`,"x"`, 20)+`]}`, "principal", 0),
		"history upside down": asked("/v1/revisions", "since=2024-01-02T00:00:00Z&until=2024-01-01T00:00:00Z", "RevisionService/ListRevisions",
			`{"since":"2024-01-02T00:00:00Z","until":"2024-01-01T00:00:00Z"}`, "until", 0),
		"history since no time":    asked("/v1/revisions", "since=yesterday", "", "", "since", 0),
		"an anchor that is none":   asked("/v1/revisions:verify", "anchor=112", "RevisionService/VerifyRevisions", `{"anchor":"112"}`, "anchor", 0),
		"an anchor in capitals":    asked("/v1/revisions:verify", "anchor=1:"+strings.Repeat("A", 64), "RevisionService/VerifyRevisions", `{"anchor":"1:`+strings.Repeat("A", 64)+`"}`, "anchor", 0),
		"an anchor of another log": asked("/v1/revisions:verify", "anchor=1:"+strings.Repeat("0", 64), "RevisionService/VerifyRevisions", `{"anchor":"1:`+strings.Repeat("0", 64)+`"}`, "", 0),
		"a viewer who verifies":    {method: "GET", path: "/v1/revisions:verify", token: "viewer", status: 403, rpc: "RevisionService/VerifyRevisions", message: `{}`},
	}
}
