package e2e

import (
	"fmt"
	"strings"
)

// mergeCases are of merges, their undoing, links that cannot stand beside others, and states that are not there.
func mergeCases() map[string]bad {
	act := func(rpc, name, verb, body, at string, code int) bad {
		message := fmt.Sprintf(`{"name":%q,%s`, name, strings.TrimPrefix(body, "{"))
		if body == "{}" {
			message = fmt.Sprintf(`{"name":%q}`, name)
		}
		return bad{method: "POST", path: "/v1/" + name + ":" + verb, body: body, field: at, status: code, rpc: rpc, message: message}
	}
	merge := func(name, body, at string, code int) bad {
		return act("GrantService/MergeGrant", name, "merge", body, at, code)
	}
	restore := func(name, body, at string, code int) bad {
		return act("GrantService/RestoreGrant", name, "restore", body, at, code)
	}
	join := func(name, body, at string, code int) bad {
		return act("OrganisationService/MergeOrganisation", name, "merge", body, at, code)
	}
	link := func(grant, body, at string) bad {
		return bad{method: "POST", path: "/v1/" + grant + "/links", body: body, field: at, rpc: "LinkService/CreateLink", message: fmt.Sprintf(`{"parent":%q,"link":%s}`, grant, body)}
	}
	return map[string]bad{
		"a merge into itself":                   merge("grants/us", `{"other":"grants/us"}`, "other", 0),
		"a merge of nothing":                    merge("grants/us", `{"other":"grants/nothing"}`, "", 404),
		"a merge into nothing":                  merge("grants/nothing", `{"other":"grants/us"}`, "", 404),
		"a merge without the other":             merge("grants/us", `{}`, "other", 0),
		"a merge of a word of no enum":          {method: "POST", path: "/v1/grants/us:merge", body: `{"other":"grants/se","transactions":"COPY"}`, field: "transactions"},
		"a merge with the other stale":          merge("grants/us", `{"other":"grants/se","otherEtag":"1"}`, "otherEtag", 409),
		"a merge of what was merged":            merge("grants/us", `{"other":"grants/gone"}`, "", 0),
		"a merge that shows more":               merge("grants/us", `{"other":"grants/hidden"}`, "", 0),
		"a merge of what is distinct":           merge("grants/us", `{"other":"grants/mid"}`, "", 0),
		"a write to what was merged":            patched("grant", "Grant", "grants/gone", `{"title":"y"}`, "", "", 0),
		"a merge undone that was not":           act("GrantService/UnmergeGrant", "grants/us", "unmerge", `{}`, "", 0),
		"a merge undone of nothing":             act("GrantService/UnmergeGrant", "grants/nothing", "unmerge", `{}`, "", 404),
		"a state of revision 0":                 restore("grants/us", `{"revision":"0"}`, "revision", 0),
		"a state to come":                       restore("grants/us", `{"revision":"999999"}`, "revision", 0),
		"a state before it was":                 restore("grants/us", `{"revision":"1"}`, "revision", 0),
		"a state of nothing":                    restore("grants/nothing", `{"revision":"1"}`, "", 404),
		"a state from before a merge":           restore("grants/se-prime", `{"revision":"11"}`, "", 0),
		"an organisation merged into itself":    join("organisations/usaid", `{"other":"organisations/usaid"}`, "other", 0),
		"an organisation merged into its part":  join("organisations/office", `{"other":"organisations/ecopeace"}`, "other.successor", 0),
		"an organisation that is not, merged":   join("organisations/usaid", `{"other":"organisations/nobody"}`, "", 404),
		"an organisation's merge, undone twice": act("OrganisationService/UnmergeOrganisation", "organisations/usaid", "unmerge", `{}`, "", 0),
		"a theme's state to come":               act("ThemeService/RestoreTheme", "themes/water", "restore", `{"revision":"999999"}`, "revision", 0),
		"a duplicate without a reason":          link("grants/us", `{"type":"DUPLICATE_OF","target":"grants/se"}`, "grant.links[0].reason"),
		"distinct without a reason":             link("grants/se", `{"type":"CONFIRMED_DISTINCT","target":"grants/us"}`, "grant.links[0].reason"),
		"a link from the other end":             link("grants/us", `{"type":"CONFIRMED_DISTINCT","target":"grants/mid","reason":"x"}`, "grant.links[0].target"),
		"a link that denies another":            link("grants/us", `{"type":"DUPLICATE_OF","target":"grants/mid","reason":"x"}`, "grant.links[0].type"),
		"a duplicate of its own sub-grant":      link("grants/us", `{"type":"DUPLICATE_OF","target":"grants/sub","reason":"x"}`, "grant.links[0].target"),
		"a merge's successor by hand":           patched("organisation", "Organisation", "organisations/former", `{}`, "successor", "organisation.successor", 0),
	}
}
