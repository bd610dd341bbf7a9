package analysis_test

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// The reference for gaps: every part of every grant on every day, added up anew for each question.

type gapReference struct {
	q     analysis.GapQuery
	reg   *grant.Registry
	all   map[string]*grant.Grant
	facts []refFact
	ref   *reference
	lines []string
}

// refFact is what a part has on a day.
type refFact struct {
	grant, states, recipient, theme, location, population string
	day                                                   period.Day
	v                                                     *big.Int
}

func referenceGaps(reg *grant.Registry, grants []*grant.Grant, q analysis.GapQuery) []string {
	ref := newReference(reg, grants, analysis.Query{Currency: q.Currency, RateDate: q.RateDate, Filter: q.Filter, Principal: q.Principal})
	o := &gapReference{q: q, reg: reg, all: ref.all, ref: ref}
	ref.sink = func(r *refGrant, _ int, p refPart, c money.Currency, day *period.Day, v [3]*big.Int) {
		if p.weight.Sign() == 0 || !ref.partPasses(p) || day == nil {
			return
		}
		amount := v[1]
		if c != q.Currency {
			amount = new(big.Int)
		}
		var states []string
		for _, id := range p.donors {
			states = append(states, reg.DonorState(id))
		}
		slices.Sort(states)
		o.facts = append(o.facts, refFact{r.g.ID, strings.Join(slices.Compact(states), "+"), or(reg.Survivor(p.recipient)), or(p.theme), or(p.location), or(p.populations), *day, amount})
	}
	ref.run()
	o.members()
	o.cells()
	o.targets()
	for _, g := range ref.all {
		if ref.grantPasses(g) && slices.ContainsFunc(refParts(g, g.Funders), ref.anyPartPasses(g)) {
			o.stale(g)
			o.late(g)
		}
	}
	slices.Sort(o.lines)
	return o.lines
}

// anyPartPasses tells whether each list of a grant has something that counts: grants as such are looked at by their lists, not by their parts.
func (ref *reference) anyPartPasses(*grant.Grant) func(refPart) bool {
	return func(p refPart) bool { p.weight = big.NewRat(1, 1); return ref.partPasses(p) }
}

// sum adds up the facts of days for which where holds, and says what each grant has of it.
func (o *gapReference) sum(first, last period.Day, where func(refFact) bool) (*big.Int, map[string]*big.Int) {
	sum, grants := new(big.Int), map[string]*big.Int{}
	for _, f := range o.facts {
		if f.day < first || f.day > last || !where(f) {
			continue
		}
		sum.Add(sum, f.v)
		if grants[f.grant] == nil {
			grants[f.grant] = new(big.Int)
		}
		grants[f.grant].Add(grants[f.grant], f.v)
	}
	return sum, grants
}

func heaviest(grants map[string]*big.Int) []string {
	var ids []string
	for id, v := range grants {
		if v.Sign() > 0 {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		if c := grants[b].Cmp(grants[a]); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return ids
}

// months returns the day n months after a day, or the last of that month.
func months(d period.Day, n int) period.Day {
	y, m, day := d.Civil()
	for period.Of(y, m+n, day) >= period.Of(y, m+n+1, 1) {
		day--
	}
	return period.Of(y, m+n, day)
}

func (o *gapReference) found(format string, args ...any) {
	o.lines = append(o.lines, fmt.Sprintf(format, args...))
}

func share(a, b *big.Int) *big.Rat { return new(big.Rat).SetFrac(a, b) }

func atLeast(r *big.Rat, p grant.Percent) bool {
	return r.Cmp(big.NewRat(int64(p), int64(grant.Whole))) >= 0
}

func (o *gapReference) windows() (window, before, after [2]period.Day) {
	tomorrow := o.q.AsOf + 1
	before = [2]period.Day{months(tomorrow, -12), o.q.AsOf}
	after = [2]period.Day{tomorrow, months(tomorrow, 12) - 1}
	window = [2]period.Day{period.Of(1800, 1, 1), period.Of(2400, 1, 1)}
	if o.q.From.IsZero() && o.q.To.IsZero() {
		window = before
	}
	if !o.q.From.IsZero() {
		window[0] = o.q.From.First
	}
	if !o.q.To.IsZero() {
		window[1] = o.q.To.Last()
	}
	return window, before, after
}

func (o *gapReference) members() {
	window, before, after := o.windows()
	for _, e := range o.reg.All(grant.Organisations) {
		m := e.(*grant.Organisation)
		asked := slices.ContainsFunc(o.q.Filter.Members, func(id string) bool { return o.reg.Survivor(id) == m.ID })
		if m.Successor != "" || len(o.q.Filter.Members) > 0 && !asked || len(o.q.Filter.Members) == 0 && !m.Member {
			continue
		}
		own := func(f refFact) bool { return f.recipient == m.ID }
		if !slices.ContainsFunc(o.facts, func(f refFact) bool { return own(f) && f.day >= window[0] && f.day <= window[1] }) {
			o.found("UNFUNDED_MEMBER %s %s..%s", m.ID, window[0], window[1])
		}
		o.cliff(m.ID, before, after, own)
		o.dependency(m.ID, window, own)
	}
}

func (o *gapReference) dependency(member string, window [2]period.Day, own func(refFact) bool) {
	total, squares := new(big.Int), new(big.Rat)
	var largest string
	amount, states := new(big.Int), map[string]bool{}
	for _, f := range o.facts {
		states[f.states] = true
	}
	of := func(state string) *big.Int {
		sum, _ := o.sum(window[0], window[1], func(f refFact) bool { return own(f) && f.states == state })
		return sum
	}
	for state := range states {
		if sum := of(state); sum.Sign() > 0 {
			total.Add(total, sum)
			if c := sum.Cmp(amount); c > 0 || c == 0 && state < largest {
				largest, amount = state, sum
			}
		}
	}
	if total.Sign() == 0 || !atLeast(share(amount, total), o.q.Dependency) {
		return
	}
	for state := range states {
		if sum := of(state); sum.Sign() > 0 {
			squares.Add(squares, new(big.Rat).Mul(share(sum, total), share(sum, total)))
		}
	}
	_, grants := o.sum(window[0], window[1], func(f refFact) bool { return own(f) && f.states == largest })
	o.found("DEPENDENCY %s %s..%s on %s %s of %s: %s, %s %v", member, window[0], window[1], largest, amount, total, share(amount, total).RatString(), squares.Mul(squares, big.NewRat(10000, 1)).RatString(), heaviest(grants))
}

func (o *gapReference) cliff(of string, before, after [2]period.Day, own func(refFact) bool) {
	was, grants := o.sum(before[0], before[1], own)
	is, later := o.sum(after[0], after[1], own)
	fall := new(big.Int).Sub(was, is)
	if was.Sign() <= 0 || fall.Sign() <= 0 || !atLeast(share(fall, was), o.q.Cliff) {
		return
	}
	for id, v := range later {
		if grants[id] == nil {
			grants[id] = new(big.Int)
		}
		grants[id].Sub(grants[id], v)
	}
	line := fmt.Sprintf("CLIFF %s %s..%s %s to %s, %s: %s %v", of, before[0], after[1], was, is, fall, share(fall, was).RatString(), heaviest(grants))
	if cell := strings.Fields(of); len(cell) == 3 {
		line += o.elsewhere(cell[0], cell[1], cell[2], after[0], after[1])
	}
	o.lines = append(o.lines, line)
}

// top rolls a term up.
func (o *gapReference) top(kind grant.Kind, id string) string {
	var path []string
	for ; id != "" && id != grant.Unspecified; id = o.reg.TermParent(grant.Key{Kind: kind, ID: id}) {
		path = append([]string{id}, path...)
	}
	if len(path) == 0 {
		return grant.Unspecified
	}
	return path[min(max(o.q.Depth, 1), len(path))-1]
}

func (o *gapReference) cells() {
	_, before, after := o.windows()
	cell := func(f refFact) string {
		return o.top(grant.Themes, f.theme) + " " + o.top(grant.Locations, f.location) + " " + f.population
	}
	cells := map[string]bool{}
	for _, f := range o.facts {
		cells[cell(f)] = true
	}
	for c := range cells {
		o.cliff(c, before, after, func(f refFact) bool { return cell(f) == c })
	}
}

// within tells whether a term, or "unspecified", is one or under one; "" is any.
func (o *gapReference) within(kind grant.Kind, id, in string) bool {
	return in == "" || id == in || id != grant.Unspecified && o.ref.under(kind, id, []string{in})
}

func (o *gapReference) elsewhere(theme, location, population string, first, last period.Day) string {
	if location == "" || location == grant.Unspecified {
		return ""
	}
	same := func(f refFact) bool {
		return o.within(grant.Themes, f.theme, theme) && o.within(grant.Populations, f.population, population)
	}
	above, _ := o.sum(first, last, func(f refFact) bool {
		return same(f) && f.location != grant.Unspecified && f.location != location && o.ref.under(grant.Locations, location, []string{f.location})
	})
	without, _ := o.sum(first, last, func(f refFact) bool { return same(f) && f.location == grant.Unspecified })
	return fmt.Sprintf(" above %s, without %s", above, without)
}

func (o *gapReference) targets() {
	for _, e := range o.reg.All(grant.Targets) {
		t := e.(*grant.Target)
		first, last := t.Start.First, t.End.Last()
		if !o.q.From.IsZero() && last < o.q.From.First || !o.q.To.IsZero() && first > o.q.To.Last() {
			continue
		}
		on := &first
		if !o.q.RateDate.IsZero() {
			on = &o.q.RateDate.First
		}
		wanted, ok := convert([3]int64{t.Minor, t.Minor, t.Minor}, t.Currency, o.q.Currency, on)
		if !ok {
			continue
		}
		sum, grants := o.sum(first, last, func(f refFact) bool {
			return o.within(grant.Themes, f.theme, t.Theme) && o.within(grant.Locations, f.location, t.Location) && o.within(grant.Populations, f.population, t.Population)
		})
		whole := big.NewInt(wanted[1])
		if missing := new(big.Int).Sub(whole, sum); whole.Sign() > 0 && missing.Sign() > 0 {
			o.found("UNMET_TARGET %s %s..%s %s of %s, %s: %s %v%s", t.ID, first, last, sum, whole, missing, share(sum, whole).RatString(), heaviest(grants), o.elsewhere(t.Theme, t.Location, t.Population, first, last))
		}
	}
}

// dated returns what a measure by date comes to until a day, in a currency. ok is false when something of it is not known, not converted or not dated.
func (o *gapReference) dated(g *grant.Grant, m analysis.Measure, c money.Currency, until period.Day) (sum *big.Int, ok bool) {
	look := &reference{q: analysis.Query{Measure: m, Currency: c, RateDate: o.q.RateDate}}
	sum, ok = new(big.Int), true
	for _, f := range look.look(g).flows {
		ok = ok && !f.unknown && f.currency == c && f.day != nil
		if ok && *f.day <= until {
			sum.Add(sum, f.v[1])
		}
	}
	return sum, ok
}

func (o *gapReference) stale(g *grant.Grant) {
	if g.Status == grant.Cancelled {
		return
	}
	day := func(t grant.Transaction) (period.Day, bool) {
		for _, d := range []period.Date{t.ValueDate, t.Date, g.Start} {
			if !d.IsZero() {
				return d.First, true
			}
		}
		return 0, false
	}
	followed := func(pledged period.Day) bool {
		return slices.ContainsFunc(g.Transactions, func(t grant.Transaction) bool {
			d, dated := day(t)
			return t.Type == grant.Commitment && (!dated || d >= pledged && d <= o.q.AsOf)
		})
	}
	look := &reference{q: analysis.Query{Measure: analysis.Pledged, Currency: o.q.Currency, RateDate: o.q.RateDate}}
	var first *period.Day
	sum, known := new(big.Int), false
	for _, f := range look.look(g).flows {
		if f.day == nil || followed(*f.day) || o.q.AsOf < months(*f.day, o.q.StaleMonths) {
			continue
		}
		if first == nil || *f.day < *first {
			first = f.day
		}
		if f.currency == o.q.Currency && !f.unknown {
			known = true
			sum.Add(sum, f.v[1])
		}
	}
	if first == nil {
		return
	}
	amount := "?"
	if known {
		amount = sum.String()
	}
	o.found("STALE_PLEDGE %s %s..%s %s", g.ID, *first, o.q.AsOf, amount)
}

func (o *gapReference) late(g *grant.Grant) {
	span, ok := g.Span()
	if !ok || g.Status != grant.Active && g.Status != grant.Finalising && g.Status != grant.Closed {
		return
	}
	run := 0
	for d := span.First; d <= span.Last && d <= o.q.AsOf; d++ {
		run++
	}
	elapsed := big.NewRat(int64(run), int64(span.Days()))
	own := o.q.Currency
	currencies := map[money.Currency]bool{}
	for _, t := range g.Transactions {
		if t.Type != grant.Pledge && t.Amount.Qualifier != money.Unknown {
			currencies[t.Amount.Currency] = true
			own = t.Amount.Currency
		}
	}
	if len(currencies) != 1 {
		own = o.q.Currency
	}
	committed, ok1 := o.dated(g, analysis.Committed, own, o.q.AsOf)
	disbursed, ok2 := o.dated(g, analysis.Disbursed, own, o.q.AsOf)
	if elapsed.Cmp(big.NewRat(1, 2)) < 0 || !ok1 || !ok2 || committed.Sign() <= 0 {
		return
	}
	lag := new(big.Rat).Sub(elapsed, share(disbursed, committed))
	if lag.Cmp(big.NewRat(int64(o.q.Late), int64(grant.Whole))) <= 0 {
		return
	}
	line := "?"
	whole, ok1 := o.dated(g, analysis.Committed, o.q.Currency, o.q.AsOf)
	part, ok2 := o.dated(g, analysis.Disbursed, o.q.Currency, o.q.AsOf)
	if ok1 && ok2 {
		due := round(new(big.Rat).Mul(new(big.Rat).SetInt(whole), elapsed))
		line = fmt.Sprintf("%s of %s, %s", part, whole, due.Sub(due, part))
	}
	o.found("LATE_DISBURSEMENT %s %s..%s %s: %s", g.ID, span.First, span.Last, line, share(disbursed, committed).RatString())
}

// gapAnswer is what the product finds, as text.
func gapAnswer(s *analysis.Snapshot, q analysis.GapQuery) []string {
	sum := func(v *money.Sum) string {
		if v == nil {
			return "?"
		}
		return minor(*v)
	}
	var lines []string
	for _, g := range gaps(s, q).Gaps {
		of := g.Organisation
		if g.Cell != nil {
			of = g.Cell.Theme + " " + g.Cell.Location + " " + g.Cell.Population
		}
		line := ""
		switch g.Kind {
		case analysis.Dependency:
			line = fmt.Sprintf("%s %s..%s on %s %s of %s: %s, %s %v", of, g.Window.First, g.Window.Last, g.DonorState, sum(g.Part), sum(g.Whole), g.Share.RatString(), g.HHI.RatString(), g.Grants)
		case analysis.Cliff:
			line = fmt.Sprintf("%s %s..%s %s to %s, %s: %s %v", of, g.Window.First, g.Window.Last, sum(g.Before), sum(g.After), sum(g.Amount), g.Share.RatString(), g.Grants)
		case analysis.UnmetTarget:
			line = fmt.Sprintf("%s %s..%s %s of %s, %s: %s %v", g.Target, g.Window.First, g.Window.Last, sum(g.Part), sum(g.Whole), sum(g.Amount), g.Share.RatString(), g.Grants)
		case analysis.StalePledge:
			line = fmt.Sprintf("%s %s..%s %s", g.Grants[0], g.Window.First, g.Window.Last, sum(g.Amount))
		case analysis.LateDisbursement:
			amounts := "?"
			if g.Amount != nil {
				amounts = fmt.Sprintf("%s of %s, %s", sum(g.Part), sum(g.Whole), sum(g.Amount))
			}
			line = fmt.Sprintf("%s %s..%s %s: %s", g.Grants[0], g.Window.First, g.Window.Last, amounts, g.Share.RatString())
		default:
			line = fmt.Sprintf("%s %s..%s", of, g.Window.First, g.Window.Last)
		}
		if g.UnspecifiedLocation != nil {
			line += fmt.Sprintf(" above %s, without %s", sum(g.ParentLocation), sum(g.UnspecifiedLocation))
		}
		lines = append(lines, g.Kind.String()+" "+line)
	}
	slices.Sort(lines)
	return lines
}
