package iati

import (
	"math/big"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/codelist"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// types are what a record has for each of IATI's transaction types. A reimbursement (7) is a kind of disbursement: it pays for what the recipient has spent. What
// is paid back on a loan (6) is what Tandem calls a reimbursement. Those that are missing are no money that the grant gives: what comes in (1, 11, 13), interest
// (5), the sale of equity (9) and guarantees (10).
var types = map[string]grant.TransactionType{
	"2": grant.Commitment, "3": grant.Disbursement, "4": grant.Expenditure, "6": grant.Reimbursement, "7": grant.Disbursement, "8": grant.Disbursement, "12": grant.Pledge,
}

// flow is a transaction of the record with the element that it is from.
type flow struct {
	e        *element
	kind     grant.TransactionType
	currency money.Currency
	minor    int64
}

func (a *activity) readTransactions() {
	if n := a.e.count("transaction"); n > 0 {
		a.Money, a.g.Transactions = make([]exchange.Money, 0, n), make([]grant.Transaction, 0, n)
	}
	other := map[string]int{}
	for e := range a.e.all("transaction") {
		kind := a.single(e, exchange.LeftOut, "transaction/", "transaction-type")
		code := kind.attr("code")
		entry, known := codelist.TransactionType.Find(code)
		label := code + " " + entry.Name
		value := a.single(e, exchange.LeftOut, "transaction/", "value")
		use := exchange.Recorded
		if known && types[code] == 0 {
			use = exchange.Kept
			if other[label]++; other[label] == 1 {
				a.tell(e, exchange.Noted, "transaction", "the type %s is no money that the grant gives; such transactions are kept word for word", label)
			}
		}
		currency, text := a.currencyOf(value), ""
		if d, is := decimal(value); is {
			text = d
		}
		a.Money = append(a.Money, exchange.Money{Type: label, Currency: currency, Value: text, Use: use})
		if !known {
			a.tell(e, exchange.Refused, "transaction/transaction-type/@code", "found %q; accepted are 1 to 13", short(code))
		}
		if use == exchange.Kept {
			a.figure(e, value, "transaction", exchange.Noted) // nothing is lost where it cannot be read
			a.keep("", e)
		} else if amount, ok := a.amount(e, value, "transaction", exchange.Refused); ok && known {
			a.addTransaction(e, types[code], amount)
		}
	}
}

func (a *activity) addTransaction(e *element, kind grant.TransactionType, amount money.Amount) {
	t := grant.Transaction{ID: a.g.NextID(), Type: kind, Amount: amount}
	if on := a.single(e, exchange.LeftOut, "transaction/", "transaction-date"); on != nil {
		t.Date = a.date(on, "transaction/transaction-date/@iso-date")
	} else {
		a.tell(e, exchange.Noted, "transaction/transaction-date", "is missing; the transaction is recorded without a date")
	}
	if value := e.child("value"); value.attr("value-date") != "" {
		if day := a.dateOf(value, "value-date", "transaction/value/@value-date"); day != t.Date {
			t.ValueDate = day
		}
	}
	if d := a.single(e, exchange.LeftOut, "transaction/", "description"); d != nil {
		t.Description = a.cut(d, "transaction/description", lines(a.narrative(d)), maxLine)
	}
	if p := a.single(e, exchange.LeftOut, "transaction/", "provider-org"); p != nil {
		t.Provider = a.party(p)
	}
	if p := a.single(e, exchange.LeftOut, "transaction/", "receiver-org"); p != nil {
		t.Receiver = a.party(p)
	}
	a.g.Transactions = append(a.g.Transactions, t)
	a.keep(ofTransaction+t.ID, e)
	a.money = append(a.money, flow{e, kind, amount.Currency, amount.Minor})
}

// receivers makes the receivers of outgoing transactions the recipients of a grant that no organisation implements.
func (a *activity) receivers() {
	if len(a.g.Recipients) > 0 {
		return
	}
	seen := map[string]bool{}
	for _, f := range a.g.Funders {
		seen[f.Organisation] = true
	}
	for _, t := range a.g.Transactions {
		if t.Receiver != "" && !seen[t.Receiver] {
			seen[t.Receiver] = true
			a.g.Recipients = append(a.g.Recipients, grant.Participation{Organisation: t.Receiver})
		}
	}
}

func (a *activity) currencyOf(value *element) string {
	if c := value.attr("currency"); c != "" {
		return c
	}
	if c := a.e.attr("default-currency"); c != "" {
		return c
	}
	return string(a.file.currency)
}

// isNumber tells whether a text is a decimal number of XML: -16867.5, +3. or .5.
func isNumber(s string) bool {
	digits, points := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '.':
			points++
		case i > 0 || c != '+' && c != '-':
			return false
		}
	}
	return digits > 0 && points <= 1
}

// decimal returns the number of an element without what says nothing: +, and zeros and a point at the ends.
func decimal(e *element) (string, bool) {
	if e == nil || len(e.text) > 60 || !isNumber(e.text) {
		return "", false
	}
	digits, negative := strings.CutPrefix(strings.TrimPrefix(e.text, "+"), "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative && whole != "0" {
		whole = "-" + whole
	}
	return whole, true
}

// figure reads a value as it stands, or tells how bad it is that it cannot be read.
func (a *activity) figure(at, value *element, field string, bad exchange.Severity) (text string, c money.Currency, ok bool) {
	if value == nil {
		a.tell(at, bad, field+"/value", "is missing; accepted is a decimal number")
		return "", "", false
	}
	text, ok = decimal(value)
	if !ok {
		a.tell(value, bad, field+"/value", "found %q; accepted is a decimal number without separators, such as 3300000.00", short(value.text))
	}
	c, err := money.ParseCurrency(a.currencyOf(value))
	switch {
	case err == nil:
		return text, c, ok
	case a.currencyOf(value) == "":
		a.tell(value, bad, field+"/value/@currency", "is missing, and so is the default-currency of the activity; say in which currency such money is, if you know")
	default:
		a.tell(value, bad, field+"/value/@currency", "%v", err)
	}
	return "", "", false
}

// amount reads a value into the minor unit, or tells how bad it is that it cannot be read.
func (a *activity) amount(at, value *element, field string, bad exchange.Severity) (money.Amount, bool) {
	text, c, ok := a.figure(at, value, field, bad)
	if !ok {
		return money.Amount{}, false
	}
	amount := money.Amount{Currency: c}
	if _, fraction, _ := strings.Cut(text, "."); len(fraction) > c.Exponent() {
		r, _ := new(big.Rat).SetString(text)
		m, fits := money.Round(c, r)
		if !fits {
			a.tell(value, bad, field+"/value", "found %q; accepted is at most %s either way", short(text), money.FormatMinor(c, money.MaxMinor))
			return money.Amount{}, false
		}
		amount.Qualifier, amount.Minor = money.Rounded, m.Minor
		a.tell(value, exchange.Repaired, field+"/value", "found %s; %s has %d decimals; recorded as %s, ROUNDED", text, c, c.Exponent(), money.FormatMinor(c, amount.Minor))
		return amount, true
	}
	m, err := money.Parse(c, text)
	if err != nil {
		a.tell(value, bad, field+"/value", "%v", err)
		return money.Amount{}, false
	}
	amount.Minor = m.Minor
	return amount, true
}

// readPlans reads the budgets or, where there are none, the planned disbursements. A revised budget takes the place of the original one of its period.
func (a *activity) readPlans() {
	const planned = "planned-disbursement"
	taken := "budget"
	for _, name := range []string{taken, planned} {
		for e := range a.e.all(name) {
			a.keep("budgets", e)
		}
	}
	if a.e.child(taken) == nil {
		taken = planned
	}
	byPeriod := map[[2]period.Date]int{}
	revised := map[[2]period.Date]bool{}
	for e := range a.e.all(taken) {
		b, ok := a.plan(e)
		if !ok {
			continue
		}
		key, isRevised := [2]period.Date{b.Start, b.End}, e.attr("type") == "2"
		i, there := byPeriod[key]
		switch {
		case !there:
			byPeriod[key] = len(a.g.Budgets)
			a.g.Budgets = append(a.g.Budgets, b)
		case isRevised && !revised[key]:
			a.g.Budgets[i] = b
		case isRevised == revised[key]:
			a.g.Budgets[i].Minor += b.Minor
		}
		revised[key] = revised[key] || isRevised
	}
	a.checkPlans()
}

// checkPlans leaves out budgets that a grant cannot be spread over.
func (a *activity) checkPlans() {
	total := int64(0)
	for _, b := range a.g.Budgets {
		if b.Currency != a.g.Budgets[0].Currency {
			a.tell(a.e, exchange.LeftOut, "budget", "the budgets are in %s and %s; accepted is one currency for all of an activity; they are left out", a.g.Budgets[0].Currency, b.Currency)
			a.g.Budgets = nil
			return
		}
		total += b.Minor
	}
	if len(a.g.Budgets) > 0 && total == 0 {
		a.tell(a.e, exchange.LeftOut, "budget", "the budgets are all 0; they are left out, so that the grant is spread evenly over its days")
		a.g.Budgets = nil
	}
}

// plan reads one budget or planned disbursement. One that cannot be read is left out, and told of: it is a plan for money, and no money.
func (a *activity) plan(e *element) (grant.Budget, bool) {
	var b grant.Budget
	within := e.name + "/"
	first, last, value := a.single(e, exchange.LeftOut, within, "period-start"), a.single(e, exchange.LeftOut, within, "period-end"), a.single(e, exchange.LeftOut, within, "value")
	if first == nil || value == nil || last == nil && e.name == "budget" {
		a.tell(e, exchange.LeftOut, e.name, "has no period-start, period-end or value; it is left out")
		return b, false
	}
	b.Start = a.date(first, within+"period-start/@iso-date")
	if b.End = b.Start; last != nil {
		b.End = a.date(last, within+"period-end/@iso-date")
	}
	if b.Start.IsZero() || b.End.IsZero() {
		return b, false
	}
	if b.End.Last() < b.Start.First {
		a.tell(e, exchange.LeftOut, e.name, "the end, %s, is before the start, %s; it is left out", b.End, b.Start)
		return b, false
	}
	amount, ok := a.amount(e, value, e.name, exchange.LeftOut)
	if ok && amount.Minor < 0 {
		a.tell(value, exchange.LeftOut, within+"value", "is negative; a budget is at least 0; it is left out")
		ok = false
	}
	b.Currency, b.Minor = amount.Currency, amount.Minor
	return b, ok
}
