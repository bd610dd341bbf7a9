// Package threesixty is for 360Giving: grants as JSON and as the spreadsheet that people make of it.
//
// It is for values. It may not know how records are stored, nor who asks for them.
package threesixty

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// version is that of the schema, https://standard.threesixtygiving.org.
const version = "1.4"

// prefix is what the identifiers begin with that Tandem gives.
const prefix = "360G-tandem-"

// award is a grant as the schema has it.
type award struct {
	ID              string           `json:"id"`
	Title           string           `json:"title"`
	Description     string           `json:"description"`
	Currency        money.Currency   `json:"currency"`
	AmountAwarded   json.Number      `json:"amountAwarded"`
	AwardDate       string           `json:"awardDate"`
	PlannedDates    []event          `json:"plannedDates,omitempty"`
	Recipients      []organisation   `json:"recipientOrganization"`
	Funders         []organisation   `json:"fundingOrganization"`
	Programme       []programme      `json:"grantProgramme,omitempty"`
	Locations       []location       `json:"beneficiaryLocation,omitempty"`
	Classifications []classification `json:"classifications,omitempty"`
	Documents       []document       `json:"relatedDocument,omitempty"`
	Commitments     []transaction    `json:"commitmentTransaction,omitempty"`
	Disbursements   []transaction    `json:"disbursementTransaction,omitempty"`
	DateModified    string           `json:"dateModified,omitempty"`
	Tandem          beyond           `json:"tandem"`
}

// beyond is what the schema has no place for.
type beyond struct {
	Grant       string           `json:"grant"`
	Record      string           `json:"record,omitempty"` // as of exchange.RecordText
	Status      grant.Status     `json:"status"`
	Visibility  grant.Visibility `json:"visibility"`
	Qualifier   money.Qualifier  `json:"amountQualifier"`
	AwardDate   string           `json:"awardDate,omitempty"` // as precisely as it is known, where that is less than a day
	Identifiers []string         `json:"identifiers,omitempty"`
	Themes      []grant.Split    `json:"themes,omitempty"`
	Locations   []grant.Split    `json:"locations,omitempty"`
	Populations []grant.Split    `json:"populations,omitempty"`
}

type event struct {
	Start    string `json:"startDate,omitempty"`
	End      string `json:"endDate,omitempty"`
	Duration int    `json:"duration,omitempty"` // months
}

type organisation struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	CharityNumber string `json:"charityNumber,omitempty"`
	CompanyNumber string `json:"companyNumber,omitempty"`
	URL           string `json:"url,omitempty"`
	Share         string `json:"tandemSharePercent,omitempty"`
}

type programme struct {
	Code  string `json:"code"`
	Title string `json:"title"`
}

type location struct {
	Name        string `json:"name"`
	CountryCode string `json:"countryCode,omitempty"`
}

type classification struct {
	Vocabulary string `json:"vocabulary"`
	Code       string `json:"code"`
	Title      string `json:"title"`
}

type document struct {
	Title string `json:"title,omitempty"`
	URL   string `json:"url"`
}

type transaction struct {
	ID          string         `json:"id"`
	Date        string         `json:"transactionDate,omitempty"`
	Currency    money.Currency `json:"currency"`
	Value       json.Number    `json:"value"`
	ValueDate   string         `json:"valueDate,omitempty"`
	Description string         `json:"description,omitempty"`
	Provider    string         `json:"provider,omitempty"`
	Recipient   string         `json:"recipient,omitempty"`
}

// awardOf makes an award of a grant. Where the schema requires what nobody knows, there is none, and lacks says what is missing.
func awardOf(g *grant.Grant, names *grant.Registry) (a award, lacks string) {
	said := g.Values()
	switch {
	case said.Amount == nil || said.Amount.Qualifier == money.Unknown || said.Amount.Qualifier == money.Range:
		return award{}, "one known amount"
	case said.AwardDate.IsZero():
		return award{}, "a date of award"
	case len(g.Recipients) == 0:
		return award{}, "a recipient"
	}
	a = award{
		ID: prefix + g.ID, Title: g.Title, Description: g.Description, Currency: said.Amount.Currency, AmountAwarded: figure(said.Amount.Currency, said.Amount.Minor),
		AwardDate: said.AwardDate.First.String(), Recipients: organisations(g.Recipients, names), Funders: organisations(g.Funders, names),
		Tandem: beyond{Grant: g.ID, Status: g.Status, Visibility: g.Visibility, Qualifier: said.Amount.Qualifier, Identifiers: g.Identifiers, Themes: g.Themes, Locations: g.Locations, Populations: g.Populations},
	}
	for _, id := range g.Identifiers {
		if strings.HasPrefix(id, "360G-") {
			a.ID = id
			break
		}
	}
	a.Tandem.Record = exchange.RecordText(g, a.ID)
	if a.Description == "" {
		a.Description = g.Title
	}
	if said.AwardDate.Precision != period.ToDay {
		a.Tandem.AwardDate = said.AwardDate.String()
	}
	if e := (event{g.Start.String(), g.End.String(), g.DurationMonths}); e != (event{}) {
		a.PlannedDates = []event{e}
	}
	if g.Programme != "" {
		a.Programme = []programme{{g.Programme, names.Label(grant.Key{Kind: grant.Programmes, ID: g.Programme})}}
	}
	if g.Updated != 0 {
		a.DateModified = time.UnixMicro(g.Updated).UTC().Format(time.RFC3339)
	}
	a.classify(g, names)
	a.pay(g, names)
	return a, ""
}

// classify sets what, where and for whom the grant is.
func (a *award) classify(g *grant.Grant, names *grant.Registry) {
	for _, s := range g.Locations {
		key := grant.Key{Kind: grant.Locations, ID: s.ID}
		l := location{Name: names.Label(key)}
		if t, ok := names.Get(key).(*grant.Term); ok && len(t.Codes) > 0 && len(t.Codes[0]) == 2 && t.Codes[0] != "XK" { // Kosovo is not on the schema's list
			l.CountryCode = t.Codes[0]
		}
		a.Locations = append(a.Locations, l)
	}
	for _, of := range []struct {
		kind   grant.Kind
		splits []grant.Split
	}{{grant.Themes, g.Themes}, {grant.Populations, g.Populations}} {
		for _, s := range of.splits {
			a.Classifications = append(a.Classifications, classification{"Tandem " + string(of.kind), s.ID, names.Label(grant.Key{Kind: of.kind, ID: s.ID})})
		}
	}
	for _, s := range g.Sources {
		if address := web(s.URI); address != "" {
			a.Documents = append(a.Documents, document{s.Title, address})
		}
	}
}

// pay sets the transactions that have a figure.
func (a *award) pay(g *grant.Grant, names *grant.Registry) {
	for i := range g.Transactions {
		t := &g.Transactions[i]
		if t.Amount.Qualifier == money.Unknown || t.Amount.Qualifier == money.Range {
			continue
		}
		m := transaction{
			ID: g.ID + "/" + t.ID, Date: day(t.Date), Currency: t.Amount.Currency, Value: figure(t.Amount.Currency, t.Amount.Minor), ValueDate: day(t.ValueDate),
			Description: t.Description, Provider: nameOf(t.Provider, names), Recipient: nameOf(t.Receiver, names),
		}
		switch t.Type {
		case grant.Commitment:
			a.Commitments = append(a.Commitments, m)
		case grant.Disbursement, grant.Expenditure:
			a.Disbursements = append(a.Disbursements, m)
		}
	}
}

func nameOf(id string, names *grant.Registry) string {
	if id == "" {
		return ""
	}
	return names.Label(grant.Key{Kind: grant.Organisations, ID: id})
}

func figure(c money.Currency, minor int64) json.Number {
	return json.Number(money.FormatMinor(c, minor))
}

// day is a date that is known to the day, which is what the schema takes of a transaction.
func day(d period.Date) string {
	if d.Precision != period.ToDay {
		return ""
	}
	return d.String()
}

// web is an address of the web as the schema takes it, "" if it is none.
func web(s string) string {
	if u, err := url.Parse(s); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return s
}

// organisations writes who gives or gets. One that is in no register has an identifier of Tandem's.
func organisations(ps []grant.Participation, names *grant.Registry) []organisation {
	var all []organisation
	for _, p := range ps {
		o := organisation{ID: prefix + p.Organisation, Name: p.Organisation}
		if known := names.Organisation(p.Organisation); known != nil {
			o.Name = known.DisplayName
			if len(known.Identifiers) > 0 {
				o.ID = known.Identifiers[0]
			}
			for _, id := range known.Identifiers {
				if n, ok := strings.CutPrefix(id, "GB-CHC-"); ok {
					o.CharityNumber = n
				}
				if n, ok := strings.CutPrefix(id, "GB-COH-"); ok {
					o.CompanyNumber = n
				}
			}
			o.URL = web(known.Website)
		}
		if p.Share != nil {
			o.Share = p.Share.String()
		}
		all = append(all, o)
	}
	return all
}
