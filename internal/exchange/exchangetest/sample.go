// Package exchangetest has grants to try writers on: a few that a person can check, with everything that formats have trouble with.
package exchangetest

import (
	"iter"
	"slices"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// At is when the sample's revision was written: 2026-11-25T02:00:00Z.
const At = 1_795_572_000_000_000

// Of makes an extract of grants.
func Of(reg *grant.Registry, grants ...*grant.Grant) exchange.Extract {
	var all iter.Seq2[*grant.Grant, error] = func(yield func(*grant.Grant, error) bool) {
		for _, g := range grants {
			if !yield(g, nil) {
				return
			}
		}
	}
	find := func(id string) (*grant.Grant, error) {
		if i := slices.IndexFunc(grants, func(g *grant.Grant) bool { return g.ID == id }); i >= 0 {
			return grants[i], nil
		}
		return nil, nil
	}
	return exchange.Extract{Registry: reg, Grants: all, Find: find, Total: len(grants), Revision: 12, At: At}
}

// Sample is five grants and what they refer to.
func Sample() exchange.Extract { return Of(Registry(), Grants()...) }

// Registry is what the grants of the sample refer to.
func Registry() *grant.Registry {
	return grant.NewRegistry().With(
		&grant.Organisation{ID: "usaid", DisplayName: "USAID", Aliases: []string{"US Aid; the agency"}, Identifiers: []string{"US-GOV-1"}, State: "US"},
		&grant.Organisation{ID: "sida", DisplayName: "Sida", Identifiers: []string{"SE-0"}, Parent: "sweden"},
		&grant.Organisation{ID: "sweden", DisplayName: "Government of Sweden", State: "SE"},
		&grant.Organisation{ID: "trust", DisplayName: "+Trust & Sons", Identifiers: []string{"GB-CHC-1000147"}, State: grant.Private},
		&grant.Organisation{ID: "ecopeace", DisplayName: "EcoPeace", Member: true, Website: "https://ecopeaceme.org"},
		&grant.Programme{ID: "meppa", DisplayName: "MEPPA", Owner: "usaid", Envelopes: []grant.Envelope{{Start: Date("2021"), End: Date("2025"), Amount: money.Amount{Currency: "USD", Qualifier: money.UpTo, Minor: 250_000_000_00}}}},
		&grant.Term{Of: grant.Themes, ID: "water", DisplayName: "Water", Codes: []string{"14010", "14015"}},
		&grant.Term{Of: grant.Themes, ID: "rivers", DisplayName: "Rivers", Parent: "water"},
		&grant.Term{Of: grant.Themes, ID: "other", DisplayName: "Other"},
		&grant.Term{Of: grant.Locations, ID: "middle-east", DisplayName: "Middle East, regional", Codes: []string{"589"}},
		&grant.Term{Of: grant.Locations, ID: "israel", DisplayName: "Israel", Parent: "middle-east", Codes: []string{"IL"}},
		&grant.Term{Of: grant.Locations, ID: "haifa", DisplayName: "Haifa", Parent: "israel", Codes: []string{"IL-HA"}},
		&grant.Term{Of: grant.Locations, ID: "palestine", DisplayName: "Palestine", Parent: "middle-east", Codes: []string{"PS"}},
		&grant.Term{Of: grant.Populations, ID: "youth", DisplayName: "Youth"},
		&grant.RateDay{ID: "2026-05-04", Quotes: []fx.Quote{{Currency: "ILS", Mantissa: 34_120, Decimals: 4}, {Currency: "USD", Mantissa: 11699, Decimals: 4}}},
		&grant.Target{ID: "t1", Theme: "water", Start: Date("2025"), End: Date("2025"), Currency: "EUR", Minor: 1_000_000_00, Source: "Strategy"},
	)
}

// Date reads a date, which is right.
func Date(s string) period.Date {
	d, err := period.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

const meta = At - 86_400_000_000

// Grants are those of the sample: one that has everything to the day, one that nobody knows much of, one by several, one in yen, and a pledge between bounds.
func Grants() []*grant.Grant {
	sixty, forty := 60*grant.Whole/100, 40*grant.Whole/100
	exact := func(c money.Currency, n int64) money.Amount { return money.Amount{Currency: c, Minor: n} }
	return []*grant.Grant{
		{
			Meta: grant.Meta{Revision: 5, Created: meta, Updated: meta}, ID: "water", Title: "Water & climate", Description: "Wells,\n\"deep\" ones <and> others.", Status: grant.Active, Visibility: grant.Public,
			Funders: []grant.Participation{{Organisation: "usaid"}}, Recipients: []grant.Participation{{Organisation: "ecopeace"}}, Programme: "meppa",
			Partners: []grant.Partner{{Organisation: "trust", Role: grant.Implementing}, {Organisation: "sida", Role: grant.Extending}},
			Start:    Date("2023-02-01"), End: Date("2026-01-31"), Identifiers: []string{"US-GOV-1-72029422", "720 294; 22"},
			Themes: []grant.Split{{ID: "rivers", Percent: sixty}, {ID: "other", Percent: forty}}, Locations: []grant.Split{{ID: "haifa", Percent: sixty}, {ID: "palestine", Percent: forty}},
			Populations: []grant.Split{{ID: "youth", Percent: grant.Whole}}, Sources: []grant.Source{{URI: "https://example.org/a", Title: "Press release", Date: Date("2022-03")}},
			Transactions: []grant.Transaction{
				{ID: "1", Type: grant.Commitment, Date: Date("2022-03-28"), Amount: exact("USD", 3_300_000_00), Provider: "usaid", Receiver: "ecopeace", Description: "Award"},
				{ID: "2", Type: grant.Disbursement, Date: Date("2023-05-01"), ValueDate: Date("2023-05-03"), Amount: exact("USD", -16_867_50)},
			},
			Budgets: []grant.Budget{{Start: Date("2023-02-01"), End: Date("2024-01-31"), Currency: "USD", Minor: 1_000_000_00}},
			Links:   []grant.Link{{ID: "4", Type: grant.SubGrantOf, Target: "pool", Reason: "told by Sida", By: "tokens/staff", At: meta}},
			Reports: []grant.Report{{ID: "3", Organisation: "ecopeace", Kind: grant.MemberStatement, Date: Date("2024"), Values: grant.Values{Amount: &money.Amount{Currency: "USD", Qualifier: money.Rounded, Minor: 3_000_000_00},
				Recipients: []string{"ecopeace"}}, By: "tokens/ecopeace", At: meta}},
			Serial: 4,
		},
		{
			Meta: grant.Meta{Revision: 6, Created: meta, Updated: meta}, ID: "withheld", Title: `=HYPERLINK("http://evil.example","click")`, Status: grant.Closed, Visibility: grant.Coalition,
			Funders: []grant.Participation{{Organisation: "trust"}}, Transactions: []grant.Transaction{{ID: "1", Type: grant.Commitment, Amount: money.Amount{Qualifier: money.Unknown}}},
			Note: "@all: nobody tells", Serial: 1,
		},
		{
			Meta: grant.Meta{Revision: 7, Created: meta, Updated: meta}, ID: "pool", Title: "Pooled fund", Status: grant.Suspended, StatusDate: Date("2017"), Visibility: grant.Donors, Start: Date("2013"), DurationMonths: 48,
			Funders: []grant.Participation{{Organisation: "sida", Share: &sixty}, {Organisation: "usaid", Share: &forty}}, Recipients: []grant.Participation{{Organisation: "ecopeace"}, {Organisation: "trust"}},
			Transactions: []grant.Transaction{
				{ID: "1", Type: grant.Commitment, Date: Date("2013-07"), Amount: money.Amount{Currency: "SEK", Qualifier: money.AtLeast, Minor: 2_000_000_00}},
				{ID: "2", Type: grant.Cancellation, Date: Date("2016-01-01"), Amount: exact("SEK", 500_00)},
				{ID: "3", Type: grant.Reimbursement, Date: Date("2016-02-01"), Amount: exact("SEK", 100_00), Source: "ledger"},
			},
			Budgets: []grant.Budget{{Start: Date("2013"), End: Date("2016"), Currency: "SEK", Minor: 2_000_000_00}}, Serial: 3,
		},
		{
			Meta: grant.Meta{Revision: 8, Created: meta, Updated: meta}, ID: "yen", Title: "Schools", Status: grant.Closed, Visibility: grant.Restricted, Shadow: true, Start: Date("2015-09"), End: Date("2018"),
			Funders: []grant.Participation{{Organisation: "sweden"}}, Recipients: []grant.Participation{{Organisation: "ecopeace"}}, Identifiers: []string{"360G-x-1"},
			Transactions: []grant.Transaction{{ID: "1", Type: grant.Commitment, Date: Date("2015-09-09"), Amount: exact("JPY", 123_456_789)}}, Serial: 1,
		},
		{
			Meta: grant.Meta{Revision: 9, Created: meta, Updated: meta}, ID: "between", Title: "Between bounds", Status: grant.Pipeline, Visibility: grant.Public, End: Date("2027-03"),
			Funders: []grant.Participation{{Organisation: "sida"}}, Transactions: []grant.Transaction{{ID: "1", Type: grant.Pledge, Date: Date("2026"), Amount: money.Amount{Currency: "KWD", Qualifier: money.Range, Low: 250_000_000, High: 500_000_001}}}, Serial: 1,
		},
	}
}
