package analysis_test

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// The reference for overlaps: what each part has in each cell on each day, every pair of parts held against each other.

type overlapReference struct {
	q           analysis.OverlapQuery
	reg         *grant.Registry
	ref         *reference
	parts       map[string]*refHolding
	unknown     map[string]bool
	unconverted map[string]bool
	undated     map[string]bool
	unspecified map[string]*big.Int
}

type refHolding struct {
	g         *grant.Grant
	states    string
	recipient string
	days      map[period.Day]bool // that have money, in the window
	cells     map[string]map[period.Day]*big.Int
	total     *big.Int
	side      bool
}

func referenceOverlaps(reg *grant.Registry, grants []*grant.Grant, q analysis.OverlapQuery) *overlapReference {
	looked := q.Filter
	looked.DonorStates, looked.Donors = nil, nil
	if q.Scope == grant.CellScope {
		looked.Members = nil
	}
	ref := newReference(reg, grants, analysis.Query{Currency: q.Currency, RateDate: q.RateDate, Filter: looked, Principal: q.Principal})
	o := &overlapReference{
		q: q, reg: reg, ref: ref, parts: map[string]*refHolding{}, unknown: map[string]bool{}, unconverted: map[string]bool{}, undated: map[string]bool{},
		unspecified: map[string]*big.Int{"recipient": new(big.Int), "theme": new(big.Int), "location": new(big.Int), "population": new(big.Int)},
	}
	ref.sink = func(r *refGrant, _ int, p refPart, c money.Currency, day *period.Day, v [3]*big.Int) {
		o.take(ref, r, p, c, day, v[1])
	}
	ref.run()
	return o
}

func or(id string) string {
	if id == "" {
		return grant.Unspecified
	}
	return id
}

func (o *overlapReference) take(ref *reference, r *refGrant, p refPart, c money.Currency, day *period.Day, v *big.Int) {
	if p.weight.Sign() == 0 {
		return
	}
	in := day == nil || (o.q.From.IsZero() || *day >= o.q.From.First) && (o.q.To.IsZero() || *day <= o.q.To.Last())
	matches := ref.partPasses(p)
	if matches && in {
		o.unknown[r.g.ID] = o.unknown[r.g.ID] || r.unknown
		o.unconverted[r.g.ID] = o.unconverted[r.g.ID] || c != o.q.Currency
		o.undated[r.g.ID] = o.undated[r.g.ID] || day == nil
	}
	if c != o.q.Currency || day == nil {
		return
	}
	var states []string
	for _, id := range p.donors {
		states = append(states, o.reg.DonorState(id))
	}
	slices.Sort(states)
	recipient := or(o.reg.Survivor(p.recipient))
	key := strings.Join(slices.Compact(states), "+")
	h := o.parts[r.g.ID+" "+key+" "+recipient]
	if h == nil {
		h = &refHolding{g: r.g, states: key, recipient: recipient, days: map[period.Day]bool{}, cells: map[string]map[period.Day]*big.Int{}, total: new(big.Int)}
		o.parts[r.g.ID+" "+key+" "+recipient] = h
	}
	h.side = h.side || o.isSide(p)
	h.total.Add(h.total, v)
	if !matches || !in {
		return
	}
	h.days[*day] = true
	cell := or(o.up(grant.Themes, p.theme))
	if o.q.Scope == grant.CellScope {
		cell += " " + or(o.up(grant.Locations, p.location)) + " " + or(p.populations)
	}
	if h.cells[cell] == nil {
		h.cells[cell] = map[period.Day]*big.Int{}
	}
	if h.cells[cell][*day] == nil {
		h.cells[cell][*day] = new(big.Int)
	}
	h.cells[cell][*day].Add(h.cells[cell][*day], v)
	for name, id := range map[string]string{"recipient": p.recipient, "theme": p.theme, "location": p.location, "population": p.populations} {
		if id == "" && (o.q.Scope == grant.CellScope || name == "recipient" || name == "theme") {
			o.unspecified[name].Add(o.unspecified[name], v)
		}
	}
}

// root returns the grant from which the money of a grant comes.
func (o *overlapReference) root(g *grant.Grant) string {
	for p := o.ref.parent(g); p != nil; p = o.ref.parent(g) {
		g = p
	}
	return g.ID
}

// isSide tells whether a part is of a donor state, a donor and, in CELL scope, a member that were asked for.
func (o *overlapReference) isSide(p refPart) bool {
	f := analysis.Filter{DonorStates: o.q.Filter.DonorStates, Donors: o.q.Filter.Donors}
	if o.q.Scope == grant.CellScope {
		f.Members = o.q.Filter.Members
	}
	side := &reference{q: analysis.Query{Filter: f}, reg: o.reg}
	return side.partPasses(p)
}

// up rolls a term up to the depth.
func (o *overlapReference) up(kind grant.Kind, id string) string {
	depth := o.q.Depth
	if depth == 0 {
		if o.q.Scope == grant.MemberScope {
			return id
		}
		depth = 1
	}
	var path []string // from the top
	for ; id != ""; id = o.reg.TermParent(grant.Key{Kind: kind, ID: id}) {
		path = append([]string{id}, path...)
	}
	if len(path) == 0 {
		return ""
	}
	return path[min(depth, len(path))-1]
}

func (o *overlapReference) overlap(a, b *refHolding) (line string, amount *big.Int) {
	window := map[period.Day]bool{}
	first, last := max(slices.Min(slices.Collect(maps.Keys(a.days))), slices.Min(slices.Collect(maps.Keys(b.days)))), min(slices.Max(slices.Collect(maps.Keys(a.days))), slices.Max(slices.Collect(maps.Keys(b.days))))
	for d := first; d <= last; d++ {
		window[d] = true
	}
	amount = new(big.Int)
	var cells []string
	for _, c := range slices.Sorted(maps.Keys(a.cells)) {
		if b.cells[c] == nil {
			continue
		}
		sum := [2]*big.Int{new(big.Int), new(big.Int)}
		for i, h := range []*refHolding{a, b} {
			for d, v := range h.cells[c] {
				if window[d] {
					sum[i].Add(sum[i], v)
				}
			}
		}
		least := sum[0]
		if sum[1].Cmp(least) < 0 {
			least = sum[1]
		}
		if least.Sign() > 0 {
			amount.Add(amount, least)
			cells = append(cells, fmt.Sprintf("%s %s %s %s", c, sum[0], sum[1], least))
		}
	}
	return fmt.Sprintf("%s..%s %s of %s %s: %s", first, last, amount, a.total, b.total, strings.Join(cells, "; ")), amount
}

// answer is what the reference finds, as text.
func (o *overlapReference) answer() []string {
	var lines []string
	total := new(big.Int)
	for _, a := range o.parts {
		for _, b := range o.parts {
			if a.states >= b.states || o.root(a.g) == o.root(b.g) || len(a.days) == 0 || len(b.days) == 0 || !a.side && !b.side || o.ref.linked(a.g, b.g, grant.ConfirmedDistinct) {
				continue
			}
			if slices.ContainsFunc(strings.Split(a.states, "+"), func(s string) bool { return slices.Contains(strings.Split(b.states, "+"), s) }) {
				continue
			}
			if o.q.Scope == grant.MemberScope && (a.recipient != b.recipient || a.recipient == grant.Unspecified) {
				continue
			}
			line, amount := o.overlap(a, b)
			if amount.Sign() <= 0 || amount.Cmp(big.NewInt(o.q.MinAmount)) < 0 {
				continue
			}
			total.Add(total, amount)
			id := grant.OverlapID{Scope: o.q.Scope, Grants: [2]string{a.g.ID, b.g.ID}, States: [2]string{a.states, b.states}, Recipients: [2]string{a.recipient, b.recipient}}
			lines = append(lines, id.String()+" "+line)
		}
	}
	slices.Sort(lines)
	count := func(m map[string]bool) (n int) {
		for _, b := range m {
			if b {
				n++
			}
		}
		return n
	}
	return append([]string{fmt.Sprintf("%d of %s, unknown %d, unconverted %d, undated %d, unspecified %v", len(lines), total, count(o.unknown), count(o.unconverted), count(o.undated), o.unspecified)}, lines...)
}

// linked tells whether two grants are linked, through mergers, from either end.
func (ref *reference) linked(a, b *grant.Grant, kind grant.LinkType) bool {
	has := func(a, b *grant.Grant) bool {
		return slices.ContainsFunc(a.Links, func(l grant.Link) bool { return l.Type == kind && ref.standsFor(l.Target) == b })
	}
	return has(a, b) || has(b, a)
}

// overlapAnswer is what the product finds, as text.
func overlapAnswer(s *analysis.Snapshot, q analysis.OverlapQuery) []string {
	res := overlaps(s, q)
	var lines []string
	for _, v := range res.Overlaps {
		var cells []string
		for _, c := range v.Cells {
			name := c.Theme
			if q.Scope == grant.CellScope {
				name += " " + c.Location + " " + c.Population
			}
			cells = append(cells, fmt.Sprintf("%s %d %d %d", name, c.Amounts[0], c.Amounts[1], c.Overlap))
		}
		slices.Sort(cells)
		lines = append(lines, fmt.Sprintf("%s %s..%s %d of %d %d: %s", v.ID, v.Window.First, v.Window.Last, v.Amount, v.Totals[0], v.Totals[1], strings.Join(cells, "; ")))
	}
	slices.Sort(lines)
	unspecified := map[string]string{
		"recipient": minor(res.UnspecifiedRecipient), "theme": minor(res.UnspecifiedTheme), "location": minor(res.UnspecifiedLocation), "population": minor(res.UnspecifiedPopulation),
	}
	return append([]string{fmt.Sprintf("%d of %s, unknown %d, unconverted %d, undated %d, unspecified %v", res.Count, minor(res.PairTotal), res.UnknownCount, res.UnconvertedCount, res.UndatedCount, unspecified)}, lines...)
}
