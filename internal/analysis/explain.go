package analysis

import (
	"math/big"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// maxPieces is how many pieces an explanation may have in all. Each takes some 200 bytes.
const maxPieces = 200_000

// Explanation is what a grant has in a figure, and how that comes about: its transactions are converted and added up, what was handed on to sub-grants is taken off, and the rest is cut into
// parts and over days. The amounts of the pieces sum to Amount, those of the explanations to the figure. Amounts are the central ones, in minor units.
type Explanation struct {
	Grant     string
	Flows     []ExplainedFlow
	Converted int64 // what the flows come to
	Placed    int64 // what of it stands under the grant itself; of a sub-grant what its parent has for it
	Pieces    []ExplainedPiece
	Amount    money.Sum
}

// ExplainedFlow is a transaction of the measure that is explained.
type ExplainedFlow struct {
	Type      grant.TransactionType
	Date      period.Date // its effective date; no date when it has none
	Original  *money.Money
	Converted *int64     // nil when there is no rate; neither is there an original when the amount is not known
	Rates     []fx.Rates // of the two currencies in euro, each with the day that it is of; none where nothing had to be converted
}

// ExplainedPiece is the part of a grant for one donor, recipient and cell, in one time. Ids are "unspecified" where the grant does not say.
type ExplainedPiece struct {
	Donors                                 []string // several when they give undivided
	Recipient, Theme, Location, Population string
	Share                                  *big.Rat    // of the part in the grant
	Time                                   *big.Rat    // what of the grant's time, as its money is spread over it, falls into the time that is explained; nil for measures by date and what has no dates
	Window                                 period.Span // these days; none when Time is nil
	Date                                   period.Date // of measures by date
	Amount                                 int64
}

// moment is when an amount is: in a slice of time, on a day, or nobody knows.
type moment struct {
	day   period.Day
	slice *slice
}

// piece is an amount that was added to a row, with what it is made of.
type piece struct {
	number int
	record *record // as it is placed
	placed int64
	part   int
	cells  [lists]int32
	when   moment
	amount int64
}

// keep keeps a piece of a row for the explanation.
func (p *parts) keep(row *tally, amount int64) {
	if p.explained.Add(1) > maxPieces {
		return
	}
	rest := row.more()
	rest.pieces = append(rest.pieces, piece{p.number, p.record, p.figure.money.total[1], p.part, p.cells, p.when, amount})
}

// explain writes the pieces of a row down, by grants in the order of their ids.
func (e *evaluation) explain(row *tally) []Explanation {
	if row.rest == nil {
		return nil
	}
	byGrant := map[int][]piece{}
	for _, p := range row.rest.pieces {
		byGrant[p.number] = append(byGrant[p.number], p)
	}
	var all []Explanation
	for number, pieces := range byGrant {
		recorded := &e.snapshot.chunks[number/chunkSize].records[number%chunkSize]
		x := Explanation{Grant: recorded.id, Placed: pieces[0].placed}
		x.Flows, x.Converted = e.explainFlows(recorded)
		split := pieces[0].record.split()
		for _, p := range pieces {
			x.Pieces = append(x.Pieces, e.explainPiece(&split, p))
			x.Amount.Add(p.amount)
		}
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b Explanation) int { return strings.Compare(a.Grant, b.Grant) })
	return all
}

func (e *evaluation) explainPiece(split *split, p piece) ExplainedPiece {
	x := ExplainedPiece{Donors: donorIDs(e.snapshot.line.donors.all()[p.cells[funders]]), Share: split.share(p.part), Amount: p.amount}
	for list, to := range [lists]*string{recipients: &x.Recipient, themes: &x.Theme, locations: &x.Location, populations: &x.Population} {
		if list == funders {
			continue
		}
		*to = grant.Unspecified
		if code := p.cells[list]; code != none && list == recipients {
			*to = e.snapshot.line.organisations.all()[code]
		} else if code != none {
			*to = e.snapshot.line.terms[list].all()[code]
		}
	}
	switch {
	case p.when.slice != nil:
		x.Window = p.when.slice.days
		x.Time = new(big.Rat).Sub(p.when.slice.with.rat(), p.when.slice.before.rat())
	case p.when.day != noDay:
		x.Date = period.Date{First: p.when.day, Precision: period.ToDay}
	}
	return x
}

// explainFlows says how the amount of a grant comes about.
func (e *evaluation) explainFlows(r *record) (flows []ExplainedFlow, sum int64) {
	for i := range r.flows {
		flow := &r.flows[i]
		if !e.Query.Measure.takes(flow.kind) {
			continue
		}
		x := ExplainedFlow{Type: flow.kind}
		if flow.day != noDay {
			x.Date = period.Date{First: flow.day, Precision: period.ToDay}
		}
		if flow.qualifier != money.Unknown {
			from := money.Currency(e.currencies[flow.currency])
			bounds := r.signed(i)
			x.Original = &money.Money{Currency: from, Minor: bounds.Central}
			if converted, _, ok := e.convert(flow.day, from, bounds); ok {
				x.Converted = &converted.Central
				x.Rates = e.ratesOf(from, flow.day)
				sum += converted.Central
			}
		}
		flows = append(flows, x)
	}
	return flows, sum
}

// ratesOf returns the rates at which a currency was converted, nothing where it was not.
func (p *pricing) ratesOf(from money.Currency, day period.Day) (rates []fx.Rates) {
	if from == p.currency {
		return nil
	}
	if p.rateDay != noDay {
		day = p.rateDay
	}
	for _, c := range []money.Currency{from, p.currency} {
		if q, of, ok := p.rates.Quote(c, day); ok {
			rates = append(rates, fx.Rates{Day: of, Quotes: []fx.Quote{q}})
		}
	}
	return rates
}

// share returns the weight of the k-th part as a fraction of the whole.
func (s *split) share(k int) *big.Rat {
	upTo := func(k int) *big.Rat {
		switch {
		case k < 0:
			return new(big.Rat)
		case s.big != nil:
			return new(big.Rat).SetFrac(s.big[k], s.whole)
		}
		return new(big.Rat).SetFrac(new(big.Int).SetUint64(s.cum[k]), new(big.Int).SetUint64(s.total))
	}
	return new(big.Rat).Sub(upTo(k), upTo(k-1))
}

// rat returns a fraction of time as a rational number.
func (f fraction) rat() *big.Rat {
	if f.big[1] != nil {
		return new(big.Rat).SetFrac(f.big[0], f.big[1])
	}
	return new(big.Rat).SetFrac(new(big.Int).SetUint64(f.num), new(big.Int).SetUint64(f.den))
}
