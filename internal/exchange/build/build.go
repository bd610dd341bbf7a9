// Package build puts drafts together from the records of flat formats: what a row says of its donor, its money and its themes.
//
// It does not know the formats; their readers tell it what they found.
package build

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/codelist"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// Limits of text, in characters, as package grant has them.
const (
	maxTitle = 500
	maxName  = 300
	maxText  = 20_000
)

// Builder makes one draft. What its place is, its problems say.
type Builder struct {
	*exchange.Draft
}

// New begins a draft. The grant is ACTIVE until something else is said.
func New(format exchange.Format, at exchange.Place, v grant.Visibility) *Builder {
	r := &room{draft: exchange.Draft{Format: format, Place: at}, grant: grant.Grant{Status: grant.Active, Visibility: v}}
	r.draft.Grant = &r.grant
	r.draft.Parties, r.draft.Terms, r.draft.Money = r.parties[:0], r.terms[:0], r.money[:0]
	r.grant.Funders, r.grant.Recipients = r.funders[:0], r.recipients[:0]
	r.grant.Themes, r.grant.Locations = r.themes[:0], r.locations[:0]
	r.grant.Transactions, r.grant.Identifiers = r.transactions[:0], r.identifiers[:0]
	return &Builder{&r.draft}
}

// room is what most drafts of flat formats need, in one piece of memory.
type room struct {
	draft             exchange.Draft
	grant             grant.Grant
	parties           [2]exchange.Party
	terms             [4]exchange.Term
	money             [1]exchange.Money
	funders           [1]grant.Participation
	recipients        [1]grant.Participation
	themes, locations [2]grant.Split
	transactions      [1]grant.Transaction
	identifiers       [1]string
}

// Say adds a problem at the draft's place.
func (b *Builder) Say(s exchange.Severity, field, format string, args ...any) {
	b.Problem(b.Place, s, field, format, args...)
}

// Keep keeps what the record has no place for.
func (b *Builder) Keep(field, text string) {
	b.Kept = append(b.Kept, grant.Kept{Text: field + ": " + text})
}

// Line makes a text one line: no breaks, no signs that cannot be seen or reorder the text.
func Line(s string) string {
	if exchange.IsLine(s) {
		return s
	}
	return strings.Join(strings.Fields(Text(s)), " ")
}

// Text takes out of a text what cannot be seen or reorders it.
func Text(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == utf8.RuneError, r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, unicode.IsControl(r):
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n")))
}

// cut shortens a text that is too long, says so, and keeps it whole.
func (b *Builder) cut(field, s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	b.Say(exchange.LeftOut, field, "has more than %d characters: the beginning is in the record, the whole is kept", most)
	b.Keep(field, s)
	return strings.TrimSpace(string([]rune(s)[:most-1])) + "…"
}

// Title names the grant.
func (b *Builder) Title(field, s string) { b.Grant.Title = b.cut(field, Line(s), maxTitle) }

// Describe adds to the description.
func (b *Builder) Describe(field, s string) {
	b.Grant.Description = b.add(b.Grant.Description, field, s)
}

// Note adds to the note.
func (b *Builder) Note(field, s string) { b.Grant.Note = b.add(b.Grant.Note, field, s) }

func (b *Builder) add(text, field, s string) string {
	if s = Text(s); s == "" {
		return text
	}
	if text != "" {
		s = text + "\n" + s
	}
	return b.cut(field, s, maxText)
}

// Identify adds an identifier.
func (b *Builder) Identify(field, s string) {
	if s = b.cut(field, Line(s), maxName); s != "" && !slices.Contains(b.Grant.Identifiers, s) {
		b.Grant.Identifiers = append(b.Grant.Identifiers, s)
	}
}

// Cite adds a source.
func (b *Builder) Cite(uri string) {
	if uri = Line(uri); uri != "" && len(uri) <= 2000 && !slices.ContainsFunc(b.Grant.Sources, func(s grant.Source) bool { return s.URI == uri }) {
		b.Grant.Sources = append(b.Grant.Sources, grant.Source{URI: uri})
	}
}

// Party names an organisation, once however often it is named, and returns the reference to it.
func (b *Builder) Party(field string, p exchange.Party) string {
	p.Name = b.cut(field, Line(p.Name), maxName)
	for i, q := range b.Parties {
		if q.Name == p.Name && slices.Equal(q.Identifiers, p.Identifiers) {
			return exchange.Ref(i)
		}
	}
	b.Parties = append(b.Parties, p)
	return exchange.Ref(len(b.Parties) - 1)
}

// Fund makes a party a funder.
func (b *Builder) Fund(ref string) { b.Grant.Funders = takePart(b.Grant.Funders, ref) }

// Receive makes a party a recipient.
func (b *Builder) Receive(ref string) { b.Grant.Recipients = takePart(b.Grant.Recipients, ref) }

func takePart(ps []grant.Participation, ref string) []grant.Participation {
	if slices.ContainsFunc(ps, func(p grant.Participation) bool { return p.Organisation == ref }) {
		return ps
	}
	return append(ps, grant.Participation{Organisation: ref})
}

// Partner makes a party take part in another role.
func (b *Builder) Partner(ref string, role grant.PartnerRole) {
	if p := (grant.Partner{Organisation: ref, Role: role}); !slices.Contains(b.Grant.Partners, p) {
		b.Grant.Partners = append(b.Grant.Partners, p)
	}
}

// term names a term, once however often it is named, and returns the reference to it.
func (b *Builder) term(of grant.Kind, code, name string) string {
	name = Line(name)
	for i, t := range b.Terms {
		if t.Of == of && t.Code == code && (code != "" || t.Name == name) {
			return exchange.Ref(i)
		}
	}
	t := exchange.Term{Of: of, Code: code, Name: b.cut(string(of), name, maxName)}
	if of == grant.Themes && code != "" {
		if e, ok := codelist.Sector.Find(code); ok {
			c, _ := codelist.SectorCategory.Find(e.Category) // each purpose code has one
			t.Broader = &exchange.Term{Of: of, Code: c.Code, Name: c.Name}
		}
	}
	b.Terms = append(b.Terms, t)
	return exchange.Ref(len(b.Terms) - 1)
}

// Theme adds a theme by its DAC code, its name, or both. Several share the grant equally, unless something else is said of all of them before Finish.
func (b *Builder) Theme(code, name string) {
	if name == "" {
		e, _ := codelist.Sector.Find(code) // its name is "" if there is none
		name = e.Name
	}
	b.Grant.Themes = among(b.Grant.Themes, b.term(grant.Themes, code, name))
}

// Location adds a place, as of Theme.
func (b *Builder) Location(code, name string) {
	b.Grant.Locations = among(b.Grant.Locations, b.term(grant.Locations, code, name))
}

// Population adds a population, as of Theme.
func (b *Builder) Population(name string) {
	b.Grant.Populations = among(b.Grant.Populations, b.term(grant.Populations, "", name))
}

// among adds a term to a list.
func among(list []grant.Split, ref string) []grant.Split {
	if slices.ContainsFunc(list, func(s grant.Split) bool { return s.ID == ref }) {
		return list
	}
	return append(list, grant.Split{ID: ref})
}

// share cuts the whole into equal parts, where nothing is said of how the terms of a list share it.
func share(list []grant.Split) {
	if len(list) == 0 || slices.ContainsFunc(list, func(s grant.Split) bool { return s.Percent != 0 }) {
		return
	}
	weights := make([]uint64, len(list))
	for i := range weights {
		weights[i] = 1
	}
	for i, part := range money.Cut(int64(grant.Whole), weights) {
		list[i].Percent = grant.Percent(part)
	}
}

// Minor returns an amount in minor units, rounded half to even; exact tells that nothing had to be rounded. The error says what is accepted.
func Minor(c money.Currency, value *big.Rat) (minor int64, exact bool, err error) {
	unit := int64(1)
	for range c.Exponent() {
		unit *= 10
	}
	if minor, exact, ok := small(value, unit); ok {
		return minor, exact, nil
	}
	if new(big.Rat).Abs(value).Cmp(big.NewRat(money.MaxMinor, 1)) > 0 {
		return 0, false, fmt.Errorf("found %s %s; accepted is at most %s either way", value.FloatString(0), c, money.FormatMinor(c, money.MaxMinor))
	}
	scaled := new(big.Rat).Mul(new(big.Rat).Abs(value), big.NewRat(unit, 1))
	if scaled.Cmp(big.NewRat(money.MaxMinor, 1)) > 0 {
		return 0, false, fmt.Errorf("found %s %s; accepted is at most %s either way", value.FloatString(c.Exponent()), c, money.FormatMinor(c, money.MaxMinor))
	}
	minor = money.ShareBig(1, scaled.Num(), scaled.Denom())
	if value.Sign() < 0 {
		minor = -minor
	}
	return minor, scaled.IsInt(), nil
}

// small is Minor where 64 bits have room; where not, or where the amount may be too great, ok is false.
func small(value *big.Rat, unit int64) (minor int64, exact, ok bool) {
	num, den := value.Num(), value.Denom()
	if !num.IsInt64() || !den.IsInt64() || num.Int64() > math.MaxInt64/unit || num.Int64() < -math.MaxInt64/unit {
		return 0, false, false
	}
	scaled := num.Int64() * unit
	minor = money.Share(scaled, 1, den.Uint64())
	return minor, scaled%den.Int64() == 0, -money.MaxMinor < minor && minor < money.MaxMinor
}

// Pay adds a transaction.
func (b *Builder) Pay(t grant.TransactionType, a money.Amount, date period.Date) {
	b.Grant.Transactions = append(b.Grant.Transactions, grant.Transaction{ID: b.Grant.NextID(), Type: t, Amount: a, Date: date})
}

// Count accounts for an amount that the source has, under its name there, before anything in it is rounded. It is nil where it cannot be read.
func (b *Builder) Count(what, currency string, value *big.Rat) {
	m := exchange.Money{Type: what, Currency: currency}
	if value != nil {
		m.Value = decimal(value)
	}
	b.Money = append(b.Money, m)
}

// decimal writes a number that has an end. Most have few decimals.
func decimal(value *big.Rat) string {
	const million = 1_000_000
	n, exact, ok := small(value, million)
	if !ok || !exact || n < 0 {
		decimals, _ := value.FloatPrec()
		return value.FloatString(decimals)
	}
	text := strconv.FormatInt(n/million, 10)
	if n %= million; n > 0 {
		text += "." + strings.TrimRight(strconv.FormatInt(million+n, 10)[1:], "0")
	}
	return text
}

// Finish checks the grant by the rules of the record. What breaks one refuses the draft.
func (b *Builder) Finish() *exchange.Draft {
	share(b.Grant.Themes)
	share(b.Grant.Locations)
	share(b.Grant.Populations)
	b.Grant.ID = "x" // it is given one when it is recorded
	err := b.Grant.Validate()
	b.Grant.ID = ""
	for _, v := range violations(err) {
		b.Say(exchange.Refused, v.Field, "%s", v.Problem)
	}
	return b.Draft
}

// violations are the fields at fault of an error.
func violations(err error) []fault.Violation {
	var bad *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &bad) && len(bad.Violations) > 0:
		return bad.Violations
	}
	return []fault.Violation{{Problem: err.Error()}}
}
