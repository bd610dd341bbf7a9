package adversary

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/authn"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// The records that grants refer to. givers and takers are those that give and get; sida is what DONOR SE takes part with, and m1 what MEMBER m1 does. In the middle of the story m2 is
// merged into m1, and old, a donor of Norway until then, into sida.
var (
	givers    = []string{"usaid", "sida", "qatar", "embassy", "old"}
	takers    = []string{"m1", "m2", "m3"}
	themes    = []string{"water", "taps", "youth"}
	locations = []string{"region", "valley"}
	people    = []string{"women"}
)

// What grants may say of themselves: what any grant may, and what only hidden ones do.
var (
	titles        = []string{"Water for all", "Youth forum", "Core support", "מים לכולם", "المياه للجميع"}
	secretTitles  = []string{"Arms control in the Jordan valley", "שיחות שקטות", "محادثات هادئة"}
	numbers       = []string{"US-GOV-1-72029422", "SE-0-1234567", "US-1"}
	secretNumbers = []string{"US-GOV-1-72029499", "QA-7-7654321"}
)

// secret is the adversary's own token.
const secret = "tdm_adversary"

// setting is the first chapter, with the adversary's token; the second one has the mergers.
func setting(p grant.Principal) (first, later chapter) {
	old := grant.Organisation{ID: "old", DisplayName: "Old Agency", State: "NO"}
	m2 := grant.Organisation{ID: "m2", DisplayName: "M2", Aliases: []string{"מים", "مياه"}, Identifiers: []string{"IL-RA-580001"}}
	first = chapter{principal: "staff", reason: "setting", records: []grant.Entity{
		&grant.Organisation{ID: "usaid", DisplayName: "USAID", State: "US"}, &grant.Organisation{ID: "embassy", DisplayName: "Embassy", Parent: "usaid"},
		&grant.Organisation{ID: "sida", DisplayName: "Sida", State: "SE"}, &grant.Organisation{ID: "qatar", DisplayName: "Qatar Fund", State: "QA"}, &old,
		&grant.Organisation{ID: "m1", DisplayName: "M1", Member: true}, &m2, &grant.Organisation{ID: "m3", DisplayName: "M3", Member: true}, &grant.Organisation{ID: "idle", DisplayName: "Idle"},
		&grant.Programme{ID: "p", DisplayName: "Peace Fund", Owner: "usaid", Envelopes: []grant.Envelope{
			{Start: date("2022"), End: date("2022"), Amount: money.Amount{Currency: "USD", Minor: 500_000}}, {Start: date("2023-03"), End: date("2024"), Amount: money.Amount{Qualifier: money.Unknown}},
		}}, &grant.Programme{ID: "q", DisplayName: "Q"},
		&grant.Term{Of: grant.Themes, ID: "water", DisplayName: "Water"}, &grant.Term{Of: grant.Themes, ID: "taps", DisplayName: "Taps", Parent: "water"},
		&grant.Term{Of: grant.Themes, ID: "youth", DisplayName: "Youth"}, &grant.Term{Of: grant.Locations, ID: "region", DisplayName: "Region"},
		&grant.Term{Of: grant.Locations, ID: "valley", DisplayName: "Valley", Parent: "region"}, &grant.Term{Of: grant.Populations, ID: "women", DisplayName: "Women"},
		&grant.Target{ID: "t", Theme: "water", Start: date("2023"), End: date("2024"), Currency: "USD", Minor: 100_00, Source: "a strategy"},
		&grant.Target{ID: "u", Theme: "youth", Location: "valley", Start: date("2022"), End: date("2023"), Currency: "EUR", Minor: 1_000_000_00, Source: "a strategy"},
		&grant.Mapping{ID: "sheet", DisplayName: "Sheet", Columns: []grant.MappingColumn{{Head: "Giver", Field: "donor"}}},
		&grant.Token{ID: "adversary", DisplayName: "A", Access: p, Hash: authn.Hash(secret)},
	}}
	gone, taken := old, m2
	gone.Successor, taken.Successor = "sida", "m1"
	return first, chapter{principal: "staff", reason: "mergers", records: []grant.Entity{&gone, &taken}}
}

func date(s string) period.Date {
	d, err := period.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// teller tells stories to an adversary.
type teller struct {
	*rapid.T
	p      grant.Principal
	reg    *grant.Registry // of today
	today  map[string]*grant.Grant
	hidden map[string]bool // grants that the adversary does not see today, of either world
}

func (t teller) pick(label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(t.T, label)
}

func (t teller) some(label string, least int, from []string) []string {
	all := rapid.Permutation(from).Draw(t.T, label)
	return all[:rapid.IntRange(least, len(all)).Draw(t.T, label+" count")]
}

// one tells, once in so many times, that something is to be.
func (t teller) one(in int, label string) bool { return rapid.IntRange(1, in).Draw(t.T, label) == 1 }

// grant draws a grant. It links to earlier ones only, so that no chain is a circle.
func (t teller) grant(id string, earlier []string) *grant.Grant {
	g := &grant.Grant{
		ID: id, Title: t.pick("title", titles...), Status: grant.Status(rapid.IntRange(1, 6).Draw(t.T, "status")),
		Visibility: grant.Visibility(rapid.IntRange(1, 4).Draw(t.T, "visibility")), Programme: t.pick("programme", "", "p", "q"), Note: t.pick("note", "", "sensitive"),
		Recipients: participations(t.some("recipients", 0, takers)), Funders: participations(t.some("funders", 1, givers)),
		Themes: t.splits("themes", t.some("themes", 0, themes)), Locations: t.splits("locations", t.some("locations", 0, locations)), Populations: t.splits("people", t.some("people", 0, people)),
		Identifiers: t.some("identifiers", 0, numbers), Serial: 9,
	}
	g.Shadow = g.Visibility == grant.Restricted && rapid.Bool().Draw(t.T, "shadow")
	if year := t.pick("start", "", "2022", "2023-02", "2024-05-01"); year != "" {
		g.Start, g.DurationMonths = date(year), rapid.IntRange(0, 20).Draw(t.T, "months")
	}
	if g.Status == grant.Cancelled {
		g.StatusDate = date("2023-06-01")
	}
	for i := range rapid.IntRange(0, 3).Draw(t.T, "transactions") {
		g.Transactions = append(g.Transactions, t.transaction(i+1))
	}
	for i := range rapid.IntRange(0, 2).Draw(t.T, "reports") {
		g.Reports = append(g.Reports, t.report(g, 7+i))
	}
	for i, target := range first(2, t.some("links", 0, earlier)) {
		g.Links = append(g.Links, grant.Link{ID: fmt.Sprint(5 + i), Type: t.linkType(g), Target: target, Reason: t.pick("reason", "agreed", "confirmed")})
	}
	if t.one(7, "deleted") {
		g.Deleted = 1
	}
	return g
}

// linkType draws a type; a grant is a sub-grant or a duplicate of one other at most.
func (t teller) linkType(g *grant.Grant) grant.LinkType {
	free := []grant.LinkType{grant.CoFundedWith, grant.ConfirmedDistinct}
	if g.Parent() == "" {
		free = append(free, grant.SubGrantOf)
	}
	if g.Original() == "" {
		free = append(free, grant.DuplicateOf)
	}
	return rapid.SampledFrom(free).Draw(t.T, "link")
}

func (t teller) transaction(id int) grant.Transaction {
	tr := grant.Transaction{ID: fmt.Sprint(id), Type: grant.TransactionType(rapid.IntRange(1, 6).Draw(t.T, "type")), Amount: t.amount()}
	if d := t.pick("date", "", "2022-05", "2023-03-04", "2030-01-01"); d != "" {
		tr.Date = date(d)
	}
	return tr
}

func (t teller) amount() money.Amount {
	a := money.Amount{
		Currency: money.Currency(t.pick("currency", "USD", "EUR", "ZWL")), Minor: rapid.Int64Range(1, 1_000_000).Draw(t.T, "minor"),
		Qualifier: rapid.SampledFrom([]money.Qualifier{money.Exact, money.AtLeast, money.Unknown}).Draw(t.T, "qualifier"),
	}
	if a.Qualifier == money.Unknown {
		return money.Amount{Qualifier: money.Unknown}
	}
	return a
}

// report draws a report on a grant, which may be accepted by it. The adversary has written some.
func (t teller) report(g *grant.Grant, id int) grant.Report {
	amount := t.amount()
	r := grant.Report{ID: fmt.Sprint(id), Kind: grant.StaffCall, Organisation: t.pick("source", "sida", "m1", "qatar"), By: t.pick("by", "ada", "tokens/adversary"), At: epoch}
	r.Amount, r.Start = &amount, date("2022")
	if rapid.Bool().Draw(t.T, "confirmed") {
		r.ConfirmedBy, r.Confirmed = t.pick("confirmer", "ben", "tokens/adversary"), epoch
	}
	if rapid.Bool().Draw(t.T, "accepted") && len(g.Accepted) == 0 {
		g.Start, g.Accepted = r.Start, []grant.Acceptance{{Field: grant.StartField, Report: r.ID}}
	}
	return r
}

func participations(ids []string) []grant.Participation {
	var ps []grant.Participation
	for _, id := range ids {
		ps = append(ps, grant.Participation{Organisation: id})
	}
	return ps
}

func (t teller) splits(label string, ids []string) []grant.Split {
	var out []grant.Split
	rest := grant.Whole
	for i, id := range ids {
		part := rest
		if i < len(ids)-1 {
			part = min(rest-1, grant.Percent(rapid.Int64Range(1, int64(grant.Whole)).Draw(t.T, label+" percent")))
		}
		out = append(out, grant.Split{ID: id, Percent: part})
		rest -= part
	}
	return slices.DeleteFunc(out, func(s grant.Split) bool { return s.Percent == 0 })
}
