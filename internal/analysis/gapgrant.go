package analysis

import (
	"fmt"
	"math/big"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// looked calls f for each grant that is looked at.
func (f *gapFinder) looked(each func(*record)) {
	sieve := f.snapshot.newSieve(f.Filter, f.Principal)
	families := f.snapshot.families(sieve)
	for i, c := range f.snapshot.chunks {
		for j := range c.records {
			if r := &c.records[j]; !r.deleted && !families.replaced(i*chunkSize+j) && sieve.passes(r) && sieve.holds(r) {
				each(r)
			}
		}
	}
}

// pricing is how amounts of a measure are converted.
func (f *gapFinder) pricing(m Measure, c money.Currency) *pricing {
	p := &pricing{measure: m, currency: c, rateDay: noDay, rates: f.snapshot.rates}
	if !f.RateDate.IsZero() {
		p.rateDay = f.RateDate.First
	}
	return p
}

// stale finds the grants with a pledge that no commitment has followed for so many months.
func (f *gapFinder) stale() (gaps []*found) {
	pricing, currencies := f.pricing(Pledged, f.Currency), f.snapshot.line.currencies.all()
	f.looked(func(r *record) {
		if r.status == grant.Cancelled {
			return
		}
		followed := f.lastCommitment(r)
		g := &found{Gap: Gap{Kind: StalePledge, Organisation: f.recipientOf(r), Window: period.Span{First: f.AsOf + 1, Last: f.AsOf}, Grants: []string{r.id}}}
		var sum money.Sum
		for i := range r.flows {
			flow := &r.flows[i]
			if flow.kind != grant.Pledge || flow.day <= followed || flow.day == noDay || flow.day >= f.young {
				continue
			}
			g.Window.First = min(g.Window.First, flow.day)
			known := flow.qualifier != money.Unknown
			if known {
				var b money.Bounds
				var provisional bool
				if b, provisional, known = pricing.convert(flow.day, money.Currency(currencies[flow.currency]), r.bounds(i)); known {
					sum.Add(b.Central)
					g.Whole, g.Amount = &sum, &sum
					g.Inexact = g.Inexact || b.Open || b.Lower != b.Upper
					f.holdings.remarks.provisional = f.holdings.remarks.provisional || provisional
				}
			}
			g.Inexact = g.Inexact || !known
		}
		if g.Window.First > f.AsOf {
			return
		}
		g.finish = func() {
			amount := "An amount that is not known or cannot be converted"
			if g.Amount != nil {
				amount = sumInText(f.Currency, sum)
			}
			g.Reason = fmt.Sprintf("%s was pledged under grants/%s on %s, and no commitment that follows is recorded by %s.", amount, r.id, dayInText(g.Window.First), dayInText(f.AsOf))
		}
		g.explain = func() error {
			f.explainGrant(g, "whole", pricing, r, func(d period.Date) bool { return !d.IsZero() && d.First > followed && d.First < f.young })
			return nil
		}
		gaps = append(gaps, g)
	})
	return gaps
}

// lastCommitment returns the day of the last commitment by the day that is asked about. One without a day may be of any, and so of that day.
func (f *gapFinder) lastCommitment(r *record) period.Day {
	last := noDay
	for i := range r.flows {
		flow := &r.flows[i]
		switch {
		case flow.kind != grant.Commitment:
		case flow.day == noDay:
			last = f.AsOf
		case flow.day <= f.AsOf:
			last = max(last, flow.day)
		}
	}
	return last
}

// between returns the central sum of what came after one day and before another.
func (f *figure) between(after, before period.Day) money.Sum {
	var last, first int64
	for _, s := range f.money.steps {
		if s.day != noDay && s.day <= after {
			first = s.sum[1]
		}
		if s.day != noDay && s.day < before {
			last = s.sum[1]
		}
	}
	return money.SumOf(last - first)
}

// recipientOf returns the recipient of a grant, if it is one.
func (f *gapFinder) recipientOf(r *record) string {
	list := r.list(recipients)
	if len(list) != 1 {
		return ""
	}
	return f.snapshot.reg.Survivor(f.snapshot.line.organisations.all()[list[0].code])
}

// late finds the grants of which less is disbursed than of their time has run.
func (f *gapFinder) late() (gaps []*found) {
	f.looked(func(r *record) {
		if r.status != grant.Active && r.status != grant.Finalising && r.status != grant.Closed || r.span.First > r.span.Last {
			return
		}
		run := min(f.AsOf, r.span.Last) - r.span.First + 1
		elapsed := big.NewRat(int64(max(0, run)), int64(r.span.Days()))
		if elapsed.Cmp(big.NewRat(1, 2)) < 0 {
			return
		}
		committed, okC := f.upTo(r, Committed, f.native(r))
		disbursed, okD := f.upTo(r, Disbursed, f.native(r))
		if !okC || !okD || committed.Cmp(money.Sum{}) <= 0 {
			return
		}
		share := quotient(disbursed, committed)
		if lag := new(big.Rat).Sub(elapsed, share); lag.Cmp(asRat(f.Late)) <= 0 {
			return
		}
		whole, okC := f.upTo(r, Committed, f.Currency)
		part, okD := f.upTo(r, Disbursed, f.Currency)
		g := &found{Gap: Gap{Kind: LateDisbursement, Organisation: f.recipientOf(r), Window: r.span, Share: share, Grants: []string{r.id}, Inexact: !okC || !okD}}
		if okC && okD {
			due := roundRat(new(big.Rat).Mul(whole.Rat(), elapsed))
			behind := due.Minus(part)
			g.Whole, g.Part, g.Amount = &whole, &part, &behind
		}
		g.finish = func() {
			said := "nothing is recorded as disbursed"
			if disbursed.Cmp(money.Sum{}) != 0 {
				said = percentInText(share) + " of its money is recorded as disbursed"
			}
			g.Reason = fmt.Sprintf("%s of the time of grants/%s has run by %s, and %s.", percentInText(elapsed), r.id, dayInText(f.AsOf), said)
		}
		g.explain = func() error {
			until := func(d period.Date) bool { return d.First <= f.AsOf }
			f.explainGrant(g, "whole", f.pricing(Committed, f.Currency), r, until)
			f.explainGrant(g, "part", f.pricing(Disbursed, f.Currency), r, until)
			return nil
		}
		gaps = append(gaps, g)
	})
	return gaps
}

// native returns the currency of a grant's commitments and disbursements, if it is one, so that rates do not come between them, or else the one that is asked for.
func (f *gapFinder) native(r *record) money.Currency {
	var native money.Currency
	for i := range r.flows {
		flow := &r.flows[i]
		if !Committed.takes(flow.kind) && !Disbursed.takes(flow.kind) || flow.qualifier == money.Unknown {
			continue
		}
		c := money.Currency(f.snapshot.line.currencies.all()[flow.currency])
		if native != "" && native != c {
			return f.Currency
		}
		native = c
	}
	if native == "" {
		return f.Currency
	}
	return native
}

// upTo returns what a measure by date comes to by the day that is asked about, central figures; ok is false when not all of it is known and converted.
func (f *gapFinder) upTo(r *record, m Measure, c money.Currency) (sum money.Sum, ok bool) {
	figure := f.pricing(m, c).figure(r, f.snapshot.line.currencies.all())
	if figure.unknown || len(figure.unconverted) > 0 {
		return sum, false
	}
	if figure.money == nil {
		return sum, true
	}
	if last := figure.money.steps[len(figure.money.steps)-1]; last.day == noDay {
		return sum, false
	}
	return figure.between(noDay, f.AsOf+1), true
}

// roundRat rounds to whole minor units, half to even.
func roundRat(r *big.Rat) money.Sum {
	floor, rest := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	if c := rest.Lsh(rest, 1).Cmp(r.Denom()); c > 0 || c == 0 && floor.Bit(0) == 1 {
		floor.Add(floor, big.NewInt(1))
	}
	var s money.Sum
	_ = s.UnmarshalText([]byte(floor.String())) // it is no larger than the sum that it is of
	return s
}

// explainGrant explains a figure of a gap that is of one grant, as it was awarded.
func (f *gapFinder) explainGrant(g *found, figure string, p *pricing, r *record, on func(period.Date) bool) {
	g.Explained = append(g.Explained, ExplainedFigure{figure, []Explanation{p.explainGrant(r, f.snapshot.line.currencies.all(), on)}})
}
