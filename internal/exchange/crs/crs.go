// Package crs reads the activities of the OECD's Creditor Reporting System as its files have them: text with bars between the cells and heads such as DonorCode, or CSV with heads such as
// donor_code. Each row is what one activity did in one year, in millions of US dollars or, where those are not said, of the donor's currency.
//
// It does not know what is recorded.
package crs

import (
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/build"
	"github.com/allmep/tandem/internal/exchange/codelist"
	"github.com/allmep/tandem/internal/exchange/table"
	"github.com/allmep/tandem/internal/exchange/written"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// source is who publishes the files.
const source = "OECD CRS"

// million is what amounts are in.
var million = big.NewRat(1_000_000, 1)

// Reader reads a table. It is an exchange.Reader.
type Reader struct {
	in      *table.Table
	file    string
	heads   []string       // as the file has them
	columns map[string]int // by the head, in small letters without anything between
	seen    map[string]int // how often there was a row of an activity and year
	used    map[int]bool   // columns that the record has a place for
}

// plain makes a head comparable: DonorCode, donor_code and "Donor code" are donorcode.
func plain(head string) string {
	return strings.NewReplacer("_", "", " ", "", "-", "").Replace(strings.ToLower(head))
}

// Recognises tells whether heads are those of a file of the system.
func Recognises(heads []string) bool {
	has := func(any ...string) bool {
		return slices.ContainsFunc(heads, func(h string) bool { return slices.Contains(any, plain(h)) })
	}
	return has("year") && has("donorcode", "donorname") && has("purposecode") && has("usdcommitment", "usddisbursement", "commitmentnational", "disbursementnational")
}

// New returns a reader of a table. Errors: Invalid, if its first row does not have the system's heads; those of the table.
func New(in *table.Table, file string) (*Reader, error) {
	head, err := in.Read()
	for err == nil && head.Empty() {
		head, err = in.Read()
	}
	if err != nil && err != io.EOF {
		return nil, err
	}
	r := &Reader{in: in, file: file, columns: map[string]int{}, seen: map[string]int{}, used: map[int]bool{}}
	for i, c := range head.Cells {
		r.heads = append(r.heads, c.Text)
		if _, twice := r.columns[plain(c.Text)]; !twice {
			r.columns[plain(c.Text)] = i
		}
	}
	if !Recognises(r.heads) {
		return nil, fault.New(fault.Invalid, "the first row has not the heads of a CRS file; accepted are at least Year, DonorCode or DonorName, PurposeCode, and USD_Commitment or USD_Disbursement (or the same in small letters)")
	}
	return r, nil
}

// Read returns the draft of the next row.
func (r *Reader) Read() (*exchange.Draft, error) {
	row, err := r.in.Read()
	for err == nil && row.Empty() {
		row, err = r.in.Read()
	}
	if err != nil {
		return nil, err
	}
	place := exchange.Place{File: r.file, Sheet: r.in.Sheet, Line: row.Line}
	a := &activity{Builder: build.New(exchange.CRS, place, grant.Public), r: r, row: row}
	a.Source = source
	if len(row.Cells) > len(r.heads) || !r.in.Workbook && len(row.Cells) < len(r.heads) {
		a.Say(exchange.Refused, "", "found %d cells where the heads are %d; accepted are rows as long as the heads, with quotation marks that are closed", len(row.Cells), len(r.heads))
	}
	a.identify()
	a.takePart()
	a.describe()
	a.pay()
	for i, c := range row.Cells {
		if c.Text != "" && i < len(r.heads) && !r.used[i] {
			a.Keep(r.heads[i], c.Text)
		}
	}
	a.Problems = append(a.Problems, r.Rest()...)
	return a.Finish(), nil
}

// Rest implements exchange.Reader.
func (r *Reader) Rest() []exchange.Problem {
	return exchange.Notes(exchange.Place{File: r.file, Sheet: r.in.Sheet}, r.in.Notes())
}

// activity is a row on its way to a draft.
type activity struct {
	*build.Builder
	r   *Reader
	row table.Row
}

// get returns what stands under a head, "" if there is no such head; NULL is nothing.
func (a *activity) get(head string) string {
	i, ok := a.r.columns[head]
	if !ok {
		return ""
	}
	a.r.used[i] = true
	if s := a.row.At(i).Text; s != "NULL" && s != "NA" {
		return s
	}
	return ""
}

// name is how the file calls a head.
func (a *activity) name(head string) string {
	if i, ok := a.r.columns[head]; ok {
		return a.r.heads[i]
	}
	return head
}

// identify makes the key: the donor's activity in a year; several rows of it, which differ in their purposes or recipients, are numbered in the order of the file.
func (a *activity) identify() {
	parts := []string{a.get("year"), a.get("donorcode"), a.get("agencycode"), a.get("crsid")}
	if parts[3] == "" {
		parts[3] = a.get("projectnumber")
	}
	a.Key = build.Line(strings.Join(parts, "/"))
	a.r.seen[a.Key]++
	if n := a.r.seen[a.Key]; n > 1 {
		a.Key += fmt.Sprintf("/%d", n)
	}
}

func (a *activity) takePart() {
	donor, agency := a.get("donorcode"), a.get("agencycode")
	p := exchange.Party{Name: a.get("agencyname"), State: codelist.DonorState(donor)}
	name := a.get("donorname")
	if p.Name == "" {
		p.Name = name
	}
	switch {
	case p.State != "":
	case grant.FindState(name) != "":
		p.State = grant.FindState(name)
	case len(donor) == 4 && strings.HasPrefix(donor, "16"): // foundations
		p.State = grant.Private
	default:
		a.Say(exchange.Noted, a.name("donorcode"), "found the donor %s %q, of which Tandem does not know the state", donor, name)
	}
	if donor != "" && agency != "" {
		p.Identifiers = []string{"XM-DAC-" + donor + "-" + agency}
	}
	if p.Name == "" && len(p.Identifiers) == 0 {
		a.Say(exchange.Refused, a.name("donorname"), "is empty, and so is the agency; a grant has at least one donor")
	} else {
		a.Fund(a.Party(a.name("agencyname"), p))
	}
	channel := a.get("channelreportedname")
	code := a.get("channelcode")
	if channel == "" && code != "" && !strings.HasSuffix(code, "000") { // 20000 and the like are kinds of channels
		channel = a.get("channelname")
	}
	if channel == "" {
		return
	}
	to := exchange.Party{Name: channel}
	a.Receive(a.Party(a.name("channelreportedname"), to))
}

func (a *activity) describe() {
	short := a.get("shortdescription")
	if title := a.get("projecttitle"); title != "" {
		a.Title(a.name("projecttitle"), title)
	} else {
		a.Title(a.name("shortdescription"), short)
	}
	if a.Grant.Title == "" {
		a.Title("projecttitle", strings.TrimSpace(a.get("purposename")+" "+a.get("year")))
		a.Say(exchange.Repaired, a.name("projecttitle"), "is empty; the grant is called %q", a.Grant.Title)
	}
	if short != "" && build.Line(short) != a.Grant.Title {
		a.Describe(a.name("shortdescription"), short)
	}
	if long := a.get("longdescription"); long != "" && long != short {
		a.Describe(a.name("longdescription"), long)
	}
	if code := a.get("purposecode"); code != "" {
		a.Theme(code, a.get("purposename"))
	}
	a.place(a.get("recipientcode"), a.get("recipientname"))
	a.Grant.Start = a.date("expectedstartdate")
	a.Grant.End = a.date("completiondate")
	if g := a.Grant; !g.Start.IsZero() && !g.End.IsZero() && g.End.Last() < g.Start.First {
		a.Say(exchange.LeftOut, a.name("completiondate"), "%s is before the start, %s; it is kept", g.End, g.Start)
		a.Keep(a.name("completiondate"), g.End.String())
		g.End = period.Date{}
	}
}

// place makes the recipient a location: a country by its name, a region by its code.
func (a *activity) place(code, name string) {
	switch region, is := codelist.Region.Find(code); {
	case code == "" && name == "":
	case is && name == "":
		a.Location(code, region.Name)
	case is:
		a.Location(code, name)
	case recipientCountries[code] != "":
		a.Location(recipientCountries[code], name)
	default:
		a.Location(grant.FindState(name), name)
	}
}

// date reads a date. One that cannot be read is left out, since the year of the row places the money.
func (a *activity) date(head string) period.Date {
	text := a.get(head)
	if text == "" {
		return period.Date{}
	}
	i := a.r.columns[head]
	var d period.Date
	var err error
	if a.row.At(i).Number {
		d, err = written.Serial(text, a.r.in.Date1904)
	} else {
		d, err = written.Date(text, written.Asked)
	}
	if err != nil {
		a.Say(exchange.LeftOut, a.name(head), "%v; it is kept", err)
		a.Keep(a.name(head), text)
	}
	return d
}

// pay adds the year's commitment and disbursement: in US dollars if both heads have that, else in the donor's currency.
func (a *activity) pay() {
	year, err := period.ParseDate(a.get("year"))
	if err != nil || year.Precision != period.ToYear {
		a.Say(exchange.Refused, a.name("year"), "found %q; accepted is a year", a.get("year"))
	}
	committed := a.date("commitmentdate")
	if committed.IsZero() {
		committed = year
	}
	a.amount(grant.Commitment, "commitment", committed)
	a.amount(grant.Disbursement, "disbursement", year)
}

func (a *activity) amount(t grant.TransactionType, what string, date period.Date) {
	head, currency := "usd"+what, money.Currency("USD")
	text := a.get(head)
	if text == "" {
		head = what + "national"
		if text = a.get(head); text == "" {
			return
		}
		code := a.get("currencycode")
		if currency = currencies[code]; currency == "" {
			if c, err := written.ParseCurrency(code); err == nil {
				currency = c
			}
		}
	}
	value, err := written.Decimal(text)
	switch {
	case err != nil:
		a.Say(exchange.Refused, a.name(head), "%v", err)
		a.Count(what, string(currency), nil)
		return
	case value.Sign() == 0:
		return
	}
	value.Mul(value, million)
	a.Count(what, string(currency), value)
	if currency == "" {
		a.Say(exchange.Refused, a.name("currencycode"), "found %q; accepted is the DAC's code of a currency, such as 302 for US dollars, or its ISO 4217 code", a.get("currencycode"))
		return
	}
	minor, exact, err := build.Minor(currency, value)
	if err != nil {
		a.Say(exchange.Refused, a.name(head), "%v", err)
		return
	}
	amount := money.Amount{Currency: currency, Minor: minor}
	if !exact { // it was converted at a mean rate, or is the noise of binary fractions
		amount.Qualifier = money.Rounded
	}
	if minor == 0 {
		a.Say(exchange.Noted, a.name(head), "found %s millions, less than the smallest amount of %s; it is kept", text, currency)
		a.Keep(a.name(head), text)
		a.Money[len(a.Money)-1].Use = exchange.Kept
		return
	}
	a.Pay(t, amount, date)
}
