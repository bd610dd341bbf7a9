package freeform

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"strconv"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/build"
	"github.com/allmep/tandem/internal/exchange/written"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// date reads a date. One that cannot be read, or can be read in two ways, refuses the row.
func (d *draft) date(f Field) period.Date {
	c, column, name := d.cell(f)
	if c.Text == "" {
		return period.Date{}
	}
	var date period.Date
	var err error
	if c.Number {
		date, err = written.Serial(c.Text, d.r.in.Date1904)
	} else {
		date, err = written.Date(c.Text, column.Dates)
	}
	if err != nil {
		d.Say(exchange.Refused, name, "%v", err)
	}
	return date
}

// duration is a number of months, or of years.
var duration = regexp.MustCompile(`^(\d{1,4})(?:\.0+)? ?(?:months?|mos?\.?|mois|monate|חודשים|أشهر|شهر)?$`)
var years = regexp.MustCompile(`^(\d{1,3}) ?(?:years?|yrs?\.?|ans?|jahre?|שנים|سنوات|سنة)$`)

func months(s string) (int, error) {
	if n, err := strconv.ParseUint(s, 10, 64); err == nil && len(s) <= 4 {
		return int(n), nil // no more is said by most
	}
	for i, pattern := range []*regexp.Regexp{duration, years} {
		if m := pattern.FindStringSubmatch(s); m != nil {
			n, err := strconv.Atoi(m[1])
			return n * []int{1, 12}[i], err
		}
	}
	return 0, fmt.Errorf("found %q; accepted is a number of months, or of years with the word", s)
}

func (d *draft) setDates() {
	d.Grant.Start, d.Grant.End = d.date(Start), d.date(End)
	if c, _, name := d.cell(Duration); c.Text != "" {
		n, err := months(c.Text)
		if err != nil {
			d.Say(exchange.Refused, name, "%v", err)
		}
		d.Grant.DurationMonths = n
	}
}

// setMoney makes the award of what the row says of the amount.
func (d *draft) setMoney() {
	award := d.date(AwardDate)
	currency := d.currency()
	amount, ok := d.amount(Amount, currency)
	low, okLow := d.amount(AmountMin, currency)
	high, okHigh := d.amount(AmountMax, currency)
	if !ok || !okLow || !okHigh {
		d.account(amount, low, high, currency)
		return
	}
	first := cmp.Or(amount.Currency, low.Currency, high.Currency)
	for _, other := range [...]money.Currency{low.Currency, high.Currency} {
		if other != "" && other != first {
			d.Say(exchange.Refused, Amount.String(), "is in %s and in %s; accepted is one currency for the amount, the least and the most", first, other)
			d.account(amount, low, high, currency)
			return
		}
	}
	has := func(a written.Amount) bool { return a.Low != nil }
	q, said := d.qualifier()
	told := amount
	switch {
	case has(low) && has(high) && (!has(amount) || said && q == money.Range):
		amount = written.Amount{Qualifier: money.Range, Currency: low.Currency, Low: low.Low, High: high.High}
	case !has(amount) && has(low):
		low.Qualifier, amount = money.AtLeast, low
	case !has(amount) && has(high):
		high.Qualifier, amount = money.UpTo, high
	case has(amount) && said && q != money.Range && q != money.Unknown && amount.Qualifier != money.Range:
		amount.Qualifier = q
	case has(amount) && said && q != amount.Qualifier:
		d.Say(exchange.Noted, Qualifier.String(), "says %s of an amount that is %s; the amount stands", q, amount.Qualifier)
	}
	d.keepBeside(Amount, told, middle(amount))
	d.keepBeside(AmountMin, low, amount.Low)
	d.keepBeside(AmountMax, high, amount.High)
	d.pay(amount, currency, award)
}

// keepBeside keeps what a row says beside the amount that is recorded, if it says something else.
func (d *draft) keepBeside(f Field, a written.Amount, recorded *big.Rat) {
	if said := middle(a); said == nil || said == recorded || said.Cmp(recorded) == 0 {
		return
	}
	c, _, name := d.cell(f)
	d.Say(exchange.LeftOut, name, "found %q beside another amount, which stands; it is kept", c.Text)
	d.Keep(name, c.Text)
}

// middle is the amount itself or, of a range, its middle; nil if there is none.
func middle(a written.Amount) *big.Rat {
	if a.Low == a.High {
		return a.Low
	}
	middle := new(big.Rat).Add(a.Low, a.High)
	return middle.Quo(middle, big.NewRat(2, 1))
}

// pay adds the award, a pledge if the grant is in the pipeline.
func (d *draft) pay(a written.Amount, currency money.Currency, date period.Date) {
	if a.Qualifier == money.Unknown && date.IsZero() {
		return
	}
	kind := grant.Commitment
	if d.Grant.Status == grant.Pipeline {
		kind = grant.Pledge
	}
	_, _, name := d.cell(Amount)
	if a.Currency != "" && (!a.Dollar || currency == "") {
		currency = a.Currency
	}
	if a.Qualifier != money.Unknown && currency == "" {
		d.Say(exchange.Refused, name, "nothing says in which currency; give the sheet a column for it, or say one for the whole file")
		d.account(a, written.Amount{}, written.Amount{}, "")
		return
	}
	out := money.Amount{Qualifier: a.Qualifier, Currency: currency}
	if a.Low != nil {
		low, exact, err := build.Minor(currency, a.Low)
		high, also, errHigh := build.Minor(currency, a.High)
		if err = cmp.Or(err, errHigh); err == nil && (!exact || !also) {
			err = fmt.Errorf("found %s, with more decimals than %s has, which is %d", a.Low.FloatString(6), currency, currency.Exponent())
		}
		if err != nil {
			d.Say(exchange.Refused, name, "%v", err)
			d.account(a, written.Amount{}, written.Amount{}, currency)
			return
		}
		if out.Minor = low; a.Qualifier == money.Range {
			out.Minor, out.Low, out.High = 0, low, high
		}
	}
	d.Pay(kind, out, date)
	if a.Low != nil {
		d.count(a, currency)
	}
}

// account counts what a refused row has of money, as far as it can be read.
func (d *draft) account(amount, low, high written.Amount, currency money.Currency) {
	for _, a := range []written.Amount{amount, low, high} {
		if a.Low == nil {
			continue
		}
		if a.Currency != "" {
			currency = a.Currency
		}
		d.count(a, currency)
		return
	}
	if c, _, _ := d.cell(Amount); c.Text != "" {
		d.Count(Amount.String(), string(currency), nil)
	}
}

// count counts an amount, of a range its middle.
func (d *draft) count(a written.Amount, currency money.Currency) {
	d.Count(Amount.String(), string(currency), middle(a))
}

// currency returns the currency that the row says, or the file.
func (d *draft) currency() money.Currency {
	c, _, name := d.cell(Currency)
	if c.Text == "" {
		return d.r.mapping.Currency
	}
	currency, err := written.ParseCurrency(c.Text)
	if err != nil {
		d.Say(exchange.Refused, name, "%v", err)
	}
	return currency
}

// amount reads an amount; ok is false if the row is refused for it.
func (d *draft) amount(f Field, currency money.Currency) (a written.Amount, ok bool) {
	c, column, name := d.cell(f)
	if c.From != 0 && c.From != d.row.Line {
		d.Say(exchange.Refused, name, "is one cell for the rows from %d on; accepted is an amount for each row, or one row", c.From)
		return written.Amount{}, false
	}
	mark := column.Decimals
	if c.Number {
		mark = written.Point
	}
	if currency == "" {
		currency = column.Currency
	}
	a, err := written.ParseAmount(c.Text, mark, currency)
	if err != nil {
		d.Say(exchange.Refused, name, "%v", err)
		return a, false
	}
	if a.Low == nil {
		return a, true
	}
	switch {
	case a.Currency == "" || a.Dollar && currency != "" && dollars[currency]:
		a.Currency, a.Dollar = currency, false
	case currency != "" && a.Currency != currency:
		d.Say(exchange.Refused, name, "found %q where the currency is said to be %s; accepted is one currency", c.Text, currency)
		return a, false
	case a.Dollar:
		d.Say(exchange.Noted, name, "found %q; the dollar is taken for that of the United States", c.Text)
	}
	if column.Times > 1 {
		if a.Scaled {
			d.Say(exchange.Refused, name, "found %q under a head that says that amounts are in units of %d; accepted are figures alone", c.Text, column.Times)
			return a, false
		}
		times := big.NewRat(column.Times, 1)
		a.Low, a.High = new(big.Rat).Mul(a.Low, times), new(big.Rat).Mul(a.High, times)
	}
	return a, true
}

// dollars are the currencies that are written $.
var dollars = map[money.Currency]bool{"USD": true, "CAD": true, "AUD": true, "NZD": true, "HKD": true, "SGD": true, "MXN": true, "JMD": true, "TTD": true}

// qualifier returns what the row says of how exact the amount is.
func (d *draft) qualifier() (q money.Qualifier, said bool) {
	c, _, name := d.cell(Qualifier)
	if c.Text == "" {
		return 0, false
	}
	q, said = written.ParseQualifier(c.Text)
	switch {
	case said:
	case totals[words(c.Text)]:
		d.Say(exchange.Noted, name, "the amount is said to be a %s: it may count money again that other rows have", c.Text)
	default:
		d.Say(exchange.Noted, name, "found %q, which is not understood; it is kept", c.Text)
		d.Keep(name, c.Text)
	}
	return q, said
}
