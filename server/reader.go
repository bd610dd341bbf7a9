package server

import (
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// reader turns the fields of messages into values. It goes on after a field that makes no sense and names them all at the end. Paths are those of
// the request's JSON.
type reader struct{ fault.List }

// read runs f and returns what it made, or an Invalid error with every field that it could not read.
func read[T any](f func(*reader) T) (T, error) {
	var r reader
	v := f(&r)
	return v, r.Err()
}

func (r *reader) merge(field string, err error) {
	r.Merge(field, err)
}

func (r *reader) date(field, s string) period.Date {
	if s == "" {
		return period.Date{}
	}
	d, err := period.ParseDate(s)
	if err != nil {
		r.Add(field, "%v", err)
	}
	return d
}

// day reads a date that names one day.
func (r *reader) day(field, s string) period.Date {
	d := r.date(field, s)
	if !d.IsZero() && d.Precision != period.ToDay {
		r.Add(field, "found %s; accepted is one day, such as 2023-02-01", d)
		return period.Date{}
	}
	return d
}

// dayOr reads a day, which is another one when the field is empty.
func (r *reader) dayOr(otherwise period.Day, field, s string) period.Day {
	if d := r.day(field, s); !d.IsZero() {
		return d.First
	}
	return otherwise
}

// window reads the fields from and to, either of which may be empty.
func (r *reader) window(first, last string) (from, to period.Date) {
	from, to = r.date("from", first), r.date("to", last)
	if !from.IsZero() && !to.IsZero() && to.Last() < from.First {
		r.Add("to", "%s is before from, %s", to, from)
	}
	return from, to
}

// currencyOr reads the field currency, which is another one when it is empty.
func (r *reader) currencyOr(otherwise money.Currency, s string) money.Currency {
	if s == "" {
		return otherwise
	}
	return r.currency("currency", s)
}

func (r *reader) currency(field, s string) money.Currency {
	c, err := money.ParseCurrency(s)
	if err != nil {
		r.Add(field, "%v", err)
	}
	return c
}

// figure reads a decimal number of a currency, in minor units; nil when there is none.
func (r *reader) figure(field string, c money.Currency, s string) *int64 {
	if s == "" || c == "" {
		return nil
	}
	m, err := money.Parse(c, s)
	if err != nil {
		r.Add(field, "%v", err)
	}
	return &m.Minor
}

// money reads an amount in minor units. It is nothing when the message is absent.
func (r *reader) money(field string, m *tandemv1.Money) money.Money {
	if m == nil {
		return money.Money{}
	}
	c, err := money.ParseCurrency(m.CurrencyCode)
	if err != nil {
		r.Add(field+".currencyCode", "%v", err)
		return money.Money{}
	}
	v, err := money.Parse(c, m.Amount)
	if err != nil {
		r.Add(field+".amount", "%v", err)
	}
	return v
}

func (r *reader) amount(field string, m *tandemv1.Amount) money.Amount {
	if m == nil {
		r.Add(field, `is missing; say {"qualifier": "UNKNOWN"} if nobody knows it`)
		return money.Amount{Qualifier: money.Unknown}
	}
	q := m.Qualifier
	if q == tandemv1.Amount_QUALIFIER_UNSPECIFIED {
		q = tandemv1.Amount_EXACT
	}
	a := money.Amount{Qualifier: qualifiers.in(q)}
	switch q {
	case tandemv1.Amount_UNKNOWN:
		if m.Money != nil || m.Low != nil || m.High != nil {
			r.Add(field+".qualifier", "is UNKNOWN while a figure is given; leave one of them out")
		}
	case tandemv1.Amount_RANGE:
		if m.Money != nil || m.Low == nil || m.High == nil {
			r.Add(field, "is a RANGE; accepted are low and high, and no money")
			return a
		}
		low, high := r.money(field+".low", m.Low), r.money(field+".high", m.High)
		if low.Currency != "" && high.Currency != "" && low.Currency != high.Currency {
			r.Add(field+".high.currencyCode", "found %s where low has %s; accepted is one currency", high.Currency, low.Currency)
		}
		a.Currency, a.Low, a.High = low.Currency, low.Minor, high.Minor
	default:
		if m.Money == nil {
			r.Add(field+".money", "is missing; accepted is a currencyCode with an amount")
		}
		if m.Low != nil || m.High != nil {
			r.Add(field+".low", "low and high are for the qualifier RANGE only")
		}
		v := r.money(field+".money", m.Money)
		a.Currency, a.Minor = v.Currency, v.Minor
	}
	return a
}

func (r *reader) percent(field string, f float64) grant.Percent {
	p, err := grant.PercentOf(field, f)
	if err != nil {
		r.merge("", err)
	}
	return p
}

// id takes the collection off a resource name. The contract's pattern has been checked.
func (r *reader) id(field, name string, kind grant.Kind) string {
	if name == "" {
		return ""
	}
	id, ok := strings.CutPrefix(name, string(kind)+"/")
	if !ok {
		r.Add(field, "found %q; accepted is %s/…", name, kind)
	}
	return id
}

func (r *reader) ids(field string, names []string, kind grant.Kind) []string {
	ids := make([]string, len(names))
	for i, n := range names {
		ids[i] = r.id(index(field, i), n, kind)
	}
	return ids
}

// index is the path of an element of a list.
func index(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }

// splitName returns the ids in a resource name: "grants/a/links/1" gives "a" and "1".
func splitName(name string) (parent, child string) {
	parts := strings.Split(name, "/")
	if len(parts) > 3 {
		child = parts[3]
	}
	return parts[1], child
}

// nameOf is the resource name of a record, and nothing for no record.
func nameOf(kind grant.Kind, id string) string {
	if id == "" {
		return ""
	}
	return grant.Key{Kind: kind, ID: id}.String()
}

func moneyOf(c money.Currency, minor int64) *tandemv1.Money {
	return &tandemv1.Money{CurrencyCode: string(c), Amount: money.FormatMinor(c, minor)}
}

// figureOf writes what an analysis added up.
func figureOf(c money.Currency, row analysis.Row) *tandemv1.Figure {
	return &tandemv1.Figure{
		Lower: row.Lower.Decimal(c), Central: row.Central.Decimal(c), Upper: row.Upper.Decimal(c), UpperOpen: row.UpperOpen, GrantCount: int32(row.GrantCount),
		UnknownAmountCount: int32(row.UnknownCount), Unconverted: unconvertedOf(row), UnconvertedCount: int32(row.UnconvertedCount),
	}
}

func unconvertedOf(row analysis.Row) []*tandemv1.Money {
	var all []*tandemv1.Money
	for _, u := range row.Unconverted {
		all = append(all, &tandemv1.Money{CurrencyCode: string(u.Currency), Amount: u.Sum.Decimal(u.Currency)})
	}
	return all
}

func amountOf(a money.Amount) *tandemv1.Amount {
	m := &tandemv1.Amount{Qualifier: qualifiers.out(a.Qualifier)}
	switch a.Qualifier {
	case money.Unknown:
	case money.Range:
		m.Low, m.High = moneyOf(a.Currency, a.Low), moneyOf(a.Currency, a.High)
	default:
		m.Money = moneyOf(a.Currency, a.Minor)
	}
	return m
}

// timeOf makes a timestamp of microseconds since 1970; 0 is none.
func timeOf(micros int64) *timestamppb.Timestamp {
	if micros == 0 {
		return nil
	}
	return timestamppb.New(time.UnixMicro(micros))
}

func etagOf(m *grant.Meta) string {
	if m.Revision == 0 {
		return ""
	}
	return strconv.FormatInt(m.Revision, 10)
}
