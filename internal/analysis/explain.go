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
// parts and over days. The amounts of the pieces sum to Amount, those of the explanations to the figure; where there are no pieces the transactions do. Amounts are the central ones,
// in minor units.
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
		x.Flows, x.Converted = e.explainFlows(recorded, e.currencies)
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
func (p *pricing) explainFlows(r *record, currencies []string) (flows []ExplainedFlow, sum int64) {
	for i := range r.flows {
		flow := &r.flows[i]
		if !p.measure.takes(flow.kind) {
			continue
		}
		x := ExplainedFlow{Type: flow.kind}
		if flow.day != noDay {
			x.Date = period.Date{First: flow.day, Precision: period.ToDay}
		}
		if flow.qualifier != money.Unknown {
			from := money.Currency(currencies[flow.currency])
			bounds := r.signed(i)
			x.Original = &money.Money{Currency: from, Minor: bounds.Central}
			if converted, _, ok := p.convert(flow.day, from, bounds); ok {
				x.Converted = &converted.Central
				x.Rates = p.ratesOf(from, flow.day)
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

// explainOnly explains what some grants have in a query, as far as keep wants it.
func (s *Snapshot) explainOnly(q Query, only map[int]bool, keep func(*ExplainedPiece) bool) ([]Explanation, error) {
	q.GroupBy, q.Explain, q.only = nil, true, only
	res, err := s.Allocate(q)
	if err != nil {
		return nil, err
	}
	var kept []Explanation
	for _, x := range res.Total.Explanation {
		x.Amount = money.Sum{}
		x.Pieces = slices.DeleteFunc(x.Pieces, func(p ExplainedPiece) bool { return !keep(&p) })
		for _, p := range x.Pieces {
			x.Amount.Add(p.Amount)
		}
		if len(x.Pieces) > 0 {
			kept = append(kept, x)
		}
	}
	return kept, nil
}

// explain says what each side of an overlap has in its cells.
func (h *holdings) explain(q OverlapQuery, o *Overlap, c candidate) (sides []Explanation, err error) {
	s := h.snapshot
	cells := map[[3]string]bool{}
	for _, cell := range o.Cells {
		cells[[3]string{cell.Theme, cell.Location, cell.Population}] = true
	}
	looked := q.money()
	looked.From, looked.To = period.Date{First: o.Window.First, Precision: period.ToDay}, period.Date{First: o.Window.Last, Precision: period.ToDay}
	for i, n := range c.parts {
		all, err := s.explainOnly(looked, map[int]bool{int(h.parts[n].number): true}, func(p *ExplainedPiece) bool {
			cell := s.rolledUp(p, q.depth())
			if q.Scope == grant.MemberScope {
				cell = [3]string{cell[0]}
			}
			return s.donorStateKey(strings.Join(p.Donors, joint)).key == o.ID.States[i] && s.reg.Survivor(p.Recipient) == o.ID.Recipients[i] && cells[cell]
		})
		if err != nil {
			return nil, err
		}
		sides = append(sides, all...)
	}
	return sides, nil
}

// rolledUp returns the cell of a piece, its theme and location rolled up to a depth.
func (s *Snapshot) rolledUp(p *ExplainedPiece, depth int) [3]string {
	up := func(kind grant.Kind, id string) string {
		if id == grant.Unspecified {
			return id
		}
		return s.ancestor(kind, id, depth)
	}
	return [3]string{up(grant.Themes, p.Theme), up(grant.Locations, p.Location), p.Population}
}

// explainGrant explains what the transactions of a grant come to on some days, as it was awarded.
func (p *pricing) explainGrant(r *record, currencies []string, on func(period.Date) bool) Explanation {
	x := Explanation{Grant: r.id}
	x.Flows, _ = p.explainFlows(r, currencies)
	x.Flows = slices.DeleteFunc(x.Flows, func(f ExplainedFlow) bool { return !on(f.Date) })
	for _, f := range x.Flows {
		if f.Converted != nil {
			x.Converted += *f.Converted
		}
	}
	x.Placed, x.Amount = x.Converted, money.SumOf(x.Converted)
	return x
}
