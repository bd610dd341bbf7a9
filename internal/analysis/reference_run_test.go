package analysis_test

import (
	"math/big"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// allocate is the reference's answer, without what falls on some days.
func allocate(reg *grant.Registry, grants []*grant.Grant, q analysis.Query, but ...period.Span) *reference {
	ref := newReference(reg, grants, q)
	ref.but = but
	ref.run()
	return ref
}

func newReference(reg *grant.Registry, grants []*grant.Grant, q analysis.Query) *reference {
	ref := &reference{q: q, reg: reg, every: map[string]*grant.Grant{}, all: map[string]*grant.Grant{}, rows: map[string]*refRow{}, total: newRefRow(), out: newRefRow()}
	for _, g := range grants {
		if ref.sees(g) {
			ref.every[g.ID] = g
		} else if g.Shadow && g.Deleted == 0 && g.Successor == "" && g.Original() == "" {
			ref.shade(g)
		}
	}
	for _, g := range ref.every {
		if g.Deleted == 0 && g.Successor == "" && ref.standsFor(g.Original()) == nil {
			ref.all[g.ID] = g
		}
	}
	return ref
}

func (ref *reference) run() {
	for _, g := range ref.all {
		if ref.parent(g) == nil {
			ref.root(g)
		}
	}
}

// shade tells of a hidden grant what its shadow gives away.
func (ref *reference) shade(g *grant.Grant) {
	f := ref.q.Filter
	if len(f.DonorStates)+len(f.Donors)+len(f.Programmes)+len(f.Statuses)+len(f.Visibilities) > 0 {
		return
	}
	rows := true
	for _, d := range ref.q.GroupBy {
		rows = rows && slices.Contains([]analysis.Dimension{analysis.Member, analysis.Theme, analysis.Location, analysis.Population}, d)
	}
	for _, p := range refParts(g, []grant.Participation{{}}) {
		if p.weight.Sign() == 0 || !ref.partPasses(p) {
			continue
		}
		ref.total.undisclosed = true
		if key := ref.keys(&grant.Grant{}, p, nil); rows {
			if ref.rows[key] == nil {
				ref.rows[key] = newRefRow()
			}
			ref.rows[key].undisclosed = true
		}
	}
}

// standsFor returns the grant that stands for an id, if the principal sees it and all that was merged on the way.
func (ref *reference) standsFor(id string) *grant.Grant {
	g := ref.every[id]
	if g == nil || g.Deleted != 0 {
		return nil
	}
	if g.Successor != "" {
		return ref.standsFor(g.Successor)
	}
	return g
}

// parent returns the grant whose money a grant passes on. What stands under a duplicate stands under the original.
func (ref *reference) parent(g *grant.Grant) *grant.Grant {
	p := ref.standsFor(g.Parent())
	for p != nil && ref.all[p.ID] == nil {
		p = ref.standsFor(p.Original())
	}
	return p
}

func (ref *reference) children(g *grant.Grant) []*grant.Grant {
	var subs []*grant.Grant
	for _, s := range ref.all {
		if ref.parent(s) == g {
			subs = append(subs, s)
		}
	}
	slices.SortFunc(subs, func(a, b *grant.Grant) int { return strings.Compare(a.ID, b.ID) })
	return subs
}

func (ref *reference) root(g *grant.Grant) {
	r := ref.look(g)
	if ref.q.Attribution == analysis.Prime || len(ref.children(g)) == 0 {
		ref.add(r)
		return
	}
	ref.pass(g, r, ref.kept(r))
}

// sum is what a grant's flows come to in a currency.
func (r *refGrant) sum(c money.Currency) [3]*big.Int {
	s := [3]*big.Int{new(big.Int), new(big.Int), new(big.Int)}
	for _, f := range r.flows {
		if f.currency == c {
			for i := range s {
				s[i].Add(s[i], f.v[i])
			}
		}
	}
	return s
}

// kept is what a grant has to place: the sum over its parts and days of what it keeps.
func (ref *reference) kept(r *refGrant) [3]*big.Int {
	whole := r.sum(ref.q.Currency)
	if ref.q.Measure != analysis.Allocated {
		return whole
	}
	first, weights, kept := refDays(r.g, false)
	if weights == nil {
		return whole
	}
	var out [3]*big.Int
	for i := range whole {
		out[i] = new(big.Int)
		var ws []*big.Rat
		for _, p := range refParts(r.g, r.funders) {
			ws = append(ws, p.weight)
		}
		for _, part := range cut(whole[i], ws) {
			for d, v := range cut(part, weights) {
				if first+period.Day(d) <= kept {
					out[i].Add(out[i], v)
				}
			}
		}
	}
	return out
}

// pass hands on what a grant has to its sub-grants, and places the rest.
func (ref *reference) pass(root *grant.Grant, r *refGrant, has [3]*big.Int) {
	subs := ref.children(r.g)
	looked := make([]*refGrant, len(subs))
	wants := make([][3]*big.Int, len(subs))
	for j, s := range subs {
		looked[j] = ref.look(s)
		looked[j].noOther = true
		wants[j] = ref.kept(looked[j])
	}
	var rest [3]*big.Int
	for i := range has {
		sum := new(big.Int)
		for j := range subs {
			if wants[j][i].Sign() < 0 {
				wants[j][i] = new(big.Int)
			}
			sum.Add(sum, wants[j][i])
		}
		there := has[i]
		if there.Sign() < 0 {
			there = new(big.Int)
		}
		if sum.Cmp(there) > 0 {
			var ws []*big.Rat
			for j := range subs {
				ws = append(ws, new(big.Rat).SetFrac(wants[j][i], sum))
			}
			for j, v := range cut(there, ws) {
				wants[j][i] = v
			}
			sum = there
		}
		rest[i] = new(big.Int).Sub(has[i], sum)
	}
	for j := range subs {
		ref.pass(root, looked[j], wants[j])
	}
	r.funders, r.placed, r.keptOnly = root.Funders, &rest, true
	ref.add(r)
}

func (ref *reference) add(r *refGrant) {
	if !r.counts || !ref.grantPasses(r.g) {
		return
	}
	window := period.Span{First: -1 << 30, Last: 1 << 30}
	windowed := !ref.q.From.IsZero() || !ref.q.To.IsZero()
	if !ref.q.From.IsZero() {
		window.First = ref.q.From.First
	}
	if !ref.q.To.IsZero() {
		window.Last = ref.q.To.Last()
	}
	parts := refParts(r.g, r.funders)
	var ws []*big.Rat
	for _, p := range parts {
		ws = append(ws, p.weight)
	}
	// put adds v, of a part in a currency, on a day.
	put := func(k int, c money.Currency, day *period.Day, v [3]*big.Int, unknown bool) {
		p := parts[k]
		if ref.sink != nil {
			ref.sink(r, k, p, c, day, v)
			return
		}
		if p.weight.Sign() == 0 || !ref.partPasses(p) {
			return
		}
		rows := []*refRow{ref.out}
		if day != nil || !windowed {
			if day != nil && (!window.Contains(*day) || slices.ContainsFunc(ref.but, func(s period.Span) bool { return s.Contains(*day) })) {
				return
			}
			key := ref.keys(r.g, p, day)
			if ref.rows[key] == nil {
				ref.rows[key] = newRefRow()
			}
			rows = []*refRow{ref.rows[key], ref.total}
		}
		for _, row := range rows {
			row.grants[r.g.ID] = true
			row.open = row.open || r.open
			if unknown {
				row.unknown[r.g.ID] = true
			}
			if c == ref.q.Currency {
				for i := range v {
					row.sums[i].Add(row.sums[i], v[i])
				}
				continue
			}
			row.noRate[r.g.ID] = true
			if row.unconverted[c] == nil {
				row.unconverted[c] = new(big.Int)
			}
			row.unconverted[c].Add(row.unconverted[c], v[1])
		}
	}
	currencies := map[money.Currency]bool{ref.q.Currency: true}
	for _, f := range r.flows {
		currencies[f.currency] = true
	}
	for c := range currencies {
		if c != ref.q.Currency && r.noOther {
			continue
		}
		if ref.q.Measure == analysis.Allocated {
			ref.spread(r, c, ws, put)
		} else {
			ref.byDate(r, c, ws, put)
		}
	}
}

type putFunc func(k int, c money.Currency, day *period.Day, v [3]*big.Int, unknown bool)

func (ref *reference) spread(r *refGrant, c money.Currency, ws []*big.Rat, put putFunc) {
	whole := r.sum(c)
	if c == ref.q.Currency && r.placed != nil {
		whole = *r.placed
	}
	first, weights, kept := refDays(r.g, false)
	if r.keptOnly && weights != nil && kept >= first {
		first, weights, _ = refDays(r.g, true)
	}
	var parts [3][]*big.Int
	for i := range whole {
		parts[i] = cut(whole[i], ws)
	}
	for k := range ws {
		if weights == nil {
			put(k, c, nil, [3]*big.Int{parts[0][k], parts[1][k], parts[2][k]}, r.unknown)
			continue
		}
		var days [3][]*big.Int
		for i := range days {
			days[i] = cut(parts[i][k], weights)
		}
		for d := range weights {
			if day := first + period.Day(d); day <= kept {
				put(k, c, &day, [3]*big.Int{days[0][d], days[1][d], days[2][d]}, r.unknown)
			}
		}
	}
}

func (ref *reference) byDate(r *refGrant, c money.Currency, ws []*big.Rat, put putFunc) {
	flows := slices.Clone(r.flows)
	slices.SortStableFunc(flows, func(a, b refFlow) int {
		switch {
		case a.day == nil && b.day == nil:
			return 0
		case a.day == nil:
			return 1
		case b.day == nil:
			return -1
		}
		return int(*a.day) - int(*b.day)
	})
	whole := r.sum(c)
	sum := [3]*big.Int{new(big.Int), new(big.Int), new(big.Int)}
	before := [3][]*big.Int{}
	for i := range before {
		before[i] = cut(new(big.Int), ws)
	}
	for n, f := range flows {
		if f.currency != c {
			continue
		}
		for i := range sum {
			sum[i].Add(sum[i], f.v[i])
		}
		last := true // of its day
		for _, later := range flows[n+1:] {
			if later.currency == c && (later.day == nil) == (f.day == nil) && (f.day == nil || *later.day == *f.day) {
				last = false
			}
		}
		unknown := f.unknown
		for _, other := range flows[:n] {
			if other.currency == c && other.unknown && (other.day == nil) == (f.day == nil) && (f.day == nil || *other.day == *f.day) {
				unknown = true
			}
		}
		if !last {
			continue
		}
		var with [3][]*big.Int
		for i := range sum {
			s := sum[i]
			if c == ref.q.Currency && r.placed != nil && whole[i].Sign() != 0 {
				s = round(new(big.Rat).Mul(new(big.Rat).SetInt(s), new(big.Rat).SetFrac(r.placed[i], whole[i])))
			}
			with[i] = cut(s, ws)
		}
		for k := range ws {
			var v [3]*big.Int
			for i := range v {
				v[i] = new(big.Int).Sub(with[i][k], before[i][k])
			}
			put(k, c, f.day, v, unknown)
		}
		before = with
	}
}
