package analysis

import (
	"cmp"
	"maps"
	mathbits "math/bits"
	"runtime"
	"slices"
	"sync"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// holdings are the allocations of a snapshot cut into parts, a part being what one donor state gives to one recipient under one grant, and each part into cells. The amounts are
// those of Allocate: the same cut, the same days, the same attribution.
type holdings struct {
	snapshot  *Snapshot
	donors    *keyring // whose first dimension is donor states, and whose second is recipients
	terms     *keyring // whose dimensions are themes, locations and populations, rolled up
	widths    []uint64 // how many codes there are, and one, for each dimension that makes a cell
	scope     grant.Scope
	sides     *sieve       // of which one side of an overlap has to be
	only      map[int]bool // the numbers of the grants that are looked at; nil: all
	decisions map[grant.OverlapID]*grant.Decision
	parts     []part
	cells     []partCell
	pieces    []int64
	silent    []part // parts of which no amount is known or converted, or that cannot be placed in time; the run of these has no days
	remarks   remarks
}

// part is what one donor state gives to one recipient under one grant.
type part struct {
	number    int32       // of the grant
	family    int32       // the number of the root of its family
	states    int32       // code of the donor states
	recipient int32       // code of the recipient
	run       period.Span // the days with money that are asked for
	start     period.Day  // of the spread
	days      uint64      // of the spread
	budgets   *spread     // in place of an even spread
	total     int64       // the whole amount, whatever is asked for
	from, to  int32       // of its cells, which are in order of their codes
	side      bool        // it is of a side that was asked for
	inexact   bool        // some amount is a bound, or not known, or could not be converted
	linked    bool        // the grant is confirmed distinct of some other, or some other of it
	decided   bool        // there is a decision about some overlap of the grant
}

// partCell is what a part has in a cell: pieces, each spread over the days by itself, as the one law wants.
type partCell struct {
	code     uint64
	from, to int32
}

// remarks say what holdings leave out, and what they could not place.
type remarks struct {
	unknown, unconverted, undated int // grants
	provisional                   bool
	unspecified                   [lists]money.Sum // money without a recipient, theme, location or population, in the window
	defects                       []string
}

// newHoldings returns holdings of nothing. depth is that to which themes and locations are rolled up. What sides say of donors and recipients is only marked.
func (s *Snapshot) newHoldings(scope grant.Scope, depth int, sides Filter, p grant.Principal) *holdings {
	h := &holdings{snapshot: s, donors: s.newKeyring(Query{GroupBy: []Dimension{DonorState, Member}}), terms: s.newTerms(depth, func(list int) []string { return s.line.terms[list].all() }), scope: scope, sides: s.newSieve(sides, p)}
	for i := range h.terms.dims {
		h.widths = append(h.widths, uint64(len(h.terms.names[i]))+1)
	}
	if scope == grant.MemberScope {
		h.widths = h.widths[:1]
	}
	return h
}

// hold cuts the allocations of a query into parts.
func (h *holdings) hold(q Query) {
	s := h.snapshot
	e := s.evaluation(q)
	each := make([]*holder, max(1, min(runtime.GOMAXPROCS(0), len(s.chunks))))
	var wait sync.WaitGroup
	for w := range each {
		each[w] = &holder{holdings: *h, evaluation: e}
		wait.Go(func() {
			for i := w; i < len(s.chunks); i += len(each) {
				each[w].chunk(i)
			}
		})
	}
	wait.Wait()
	each[0].remarks.defects = e.placeFamilies(each[0].add)
	for _, other := range each {
		h.merge(&other.holdings)
	}
}

// chunk adds the grants of a chunk that are in no family. What the principal does not see is nothing; a shadow of it, if it has one, is to be added here and in no other place.
func (h *holder) chunk(index int) {
	records := h.evaluation.snapshot.chunks[index].records
	for i := range h.places(index) {
		r, number := &records[i], index*chunkSize+i
		if h.only != nil && !h.only[number] || !h.alone(number, r) || !h.sieve.holds(r) {
			continue
		}
		if f := h.figure(r, h.currencies); f.counts {
			h.add(number, r, &f)
		}
	}
}

// newTerms returns a keyring of themes, locations and populations with these ids. Themes and locations deeper in their trees than depth have the code of what they are under at that
// depth.
func (s *Snapshot) newTerms(depth int, ids func(list int) []string) *keyring {
	k := &keyring{snapshot: s, dims: []Dimension{Theme, Location, Population}}
	for i, list := range [3]int{themes, locations, populations} {
		k.table(i, ids(list), func(id string) nameOfKey {
			if list != populations {
				id = s.ancestor(kinds[list], id, depth)
			}
			return s.recordKey(kinds[list], id)
		})
	}
	return k
}

// maxTree bounds a walk up a tree.
const maxTree = 100

// ancestor returns what a term is under at a depth of its tree, the top being 1, or the term itself when it is no deeper.
func (s *Snapshot) ancestor(kind grant.Kind, id string, depth int) string {
	var path []string
	for range maxTree {
		if id == "" {
			break
		}
		path = append(path, id)
		id = s.reg.TermParent(grant.Key{Kind: kind, ID: id})
	}
	return path[max(0, len(path)-depth)]
}

func (h *holdings) merge(o *holdings) {
	cells, pieces := int32(len(h.cells)), int32(len(h.pieces))
	for _, p := range o.parts {
		p.from, p.to = p.from+cells, p.to+cells
		h.parts = append(h.parts, p)
	}
	for _, c := range o.cells {
		c.from, c.to = c.from+pieces, c.to+pieces
		h.cells = append(h.cells, c)
	}
	h.pieces = append(h.pieces, o.pieces...)
	h.silent = append(h.silent, o.silent...)
	h.remarks.unknown += o.remarks.unknown
	h.remarks.unconverted += o.remarks.unconverted
	h.remarks.undated += o.remarks.undated
	h.remarks.provisional = h.remarks.provisional || o.remarks.provisional
	for i := range h.remarks.unspecified {
		h.remarks.unspecified[i].AddSum(o.remarks.unspecified[i])
	}
	h.remarks.defects = append(h.remarks.defects, o.remarks.defects...)
}

// holder adds grants to holdings of its own.
type holder struct {
	holdings
	*evaluation
	cut []cutPiece // of the grant at hand
}

// cutPiece is a piece of the grant at hand, before the pieces of a cell are brought together.
type cutPiece struct {
	part  int
	code  uint64
	minor int64
}

// add adds a grant. What a scenario supposes of some of its donor states alone is added by itself.
func (h *holder) add(number int, r *record, f *figure) {
	if h.only != nil && !h.only[number] {
		return
	}
	if r.more == nil || len(r.more.supposed) == 0 {
		h.addOf(number, r, f, func(int32) bool { return true })
		return
	}
	h.addOf(number, r, f, func(donor int32) bool { return r.as(donor) == r })
	seen, done := h.remarks, map[int32]bool{}
	for _, donor := range slices.Sorted(maps.Keys(r.more.supposed)) {
		states := h.donors.roll[0][donor]
		if done[states] {
			continue
		}
		done[states] = true
		supposed := h.figure(r.as(donor), h.currencies)
		h.addOf(number, r.as(donor), &supposed, func(other int32) bool { return r.as(other) != r && h.donors.roll[0][other] == states })
	}
	h.remarks.unknown, h.remarks.unconverted, h.remarks.undated = seen.unknown, seen.unconverted, seen.undated // it is one grant
}

// addOf adds what some donors give of a grant.
func (h *holder) addOf(number int, r *record, f *figure, whose func(donor int32) bool) {
	split, spread := r.split(), r.spread()
	days, whole := spread.kept(), fraction{num: 1, den: 1}
	if spread.dated() {
		whole = spread.upTo(days.Last)
	}
	first, counts, k := len(h.parts), false, -1
	h.cut = h.cut[:0]
	r.eachPart(func(codes [lists]int32) {
		k++
		if split.empty(k) || !whose(codes[funders]) || !h.sieve.lists[funders].has(codes[funders]) || !h.sieve.lists[recipients].has(codes[recipients]) {
			return
		}
		var minor int64
		if f.money != nil {
			minor = split.part(f.money.total[1], k)
		}
		i := h.partOf(first, number, codes)
		h.parts[i].total += whole.of(minor)
		for list := themes; list < lists; list++ {
			if !h.sieve.lists[list].has(codes[list]) {
				return
			}
		}
		counts = true
		h.cut = append(h.cut, cutPiece{i, h.cell(codes), minor})
	})
	run, any := days.Intersect(h.window)
	if counts {
		h.remarks.see(f, spread.dated(), any)
	}
	if !counts || !any && spread.dated() {
		h.parts = h.parts[:first]
		return
	}
	if f.money == nil || !any {
		for _, p := range h.parts[first:] {
			p.run = run
			h.silent = append(h.silent, p)
		}
		h.parts = h.parts[:first]
		return
	}
	h.remarks.provisional = h.remarks.provisional || f.provisional
	for i := first; i < len(h.parts); i++ {
		p := &h.parts[i]
		p.run, p.start, p.days = run, spread.span.First, uint64(spread.span.Days())
		p.inexact = f.unknown || f.open || len(f.unconverted) > 0 || f.money.total[0] != f.money.total[2]
		if len(spread.budgets) > 0 {
			p.budgets = &spread
		}
	}
	h.finish(first)
}

// partOf returns the place of the part of codes among those of the grant at hand, which begin at first.
func (h *holder) partOf(first, number int, codes [lists]int32) int {
	states, recipient := h.donors.roll[0][codes[funders]], none
	if codes[recipients] != none {
		recipient = h.donors.roll[1][codes[recipients]]
	}
	for i := first; i < len(h.parts); i++ {
		if h.parts[i].states == states && h.parts[i].recipient == recipient {
			h.parts[i].side = h.parts[i].side || h.sides.isSide(codes)
			return i
		}
	}
	h.parts = append(h.parts, part{number: int32(number), family: int32(h.families.of(number)), states: states, recipient: recipient, side: h.sides.isSide(codes)})
	return len(h.parts) - 1
}

func (v *sieve) isSide(codes [lists]int32) bool {
	return v.lists[funders].has(codes[funders]) && v.lists[recipients].has(codes[recipients])
}

// maskBits is how many bits of a cell's code, the first, tell its place in the mask of a part.
const maskBits = 6

// cell returns the code of a cell. What differs least between cells stands first in it, so that the masks of parts differ.
func (h *holdings) cell(codes [lists]int32) uint64 {
	var code uint64
	for i, width := range h.widths {
		c := codes[themes+i]
		if c != none {
			c = h.terms.roll[i][c]
		}
		code = code*width + uint64(c+1)
	}
	return mathbits.RotateLeft64(code, -maskBits)
}

// finish brings the pieces of each part and cell together.
func (h *holder) finish(first int) {
	slices.SortStableFunc(h.cut, func(a, b cutPiece) int {
		if a.part != b.part {
			return a.part - b.part
		}
		return cmp.Compare(a.code, b.code)
	})
	for i, next := first, 0; i < len(h.parts); i++ {
		p := &h.parts[i]
		p.from = int32(len(h.cells))
		for ; next < len(h.cut) && h.cut[next].part == i; next++ {
			code, at := h.cut[next].code, int32(len(h.pieces))
			if n := len(h.cells); n == int(p.from) || h.cells[n-1].code != code {
				h.cells = append(h.cells, partCell{code, at, at})
			}
			h.pieces = append(h.pieces, h.cut[next].minor)
			h.cells[len(h.cells)-1].to++
		}
		p.to = int32(len(h.cells))
		h.unspecified(p)
	}
}

// unspecified remarks what a part has without a recipient, a theme, a location or a population.
func (h *holdings) unspecified(p *part) {
	for i := range h.cells[p.from:p.to] {
		c := &h.cells[int(p.from)+i]
		var amount int64
		if codes := h.codes(c.code); p.recipient == none || slices.Contains(codes[:], none) {
			amount = h.amount(p, c, p.run)
			for i, code := range codes {
				if code == none {
					h.remarks.unspecified[themes+i].Add(amount)
				}
			}
		}
		if p.recipient == none {
			h.remarks.unspecified[recipients].Add(amount)
		}
	}
}

// codes returns the codes of a cell's theme and, where they make a cell, of its location and population; there are as many as widths.
func (h *holdings) codes(cell uint64) (codes [3]int32) {
	cell = mathbits.RotateLeft64(cell, maskBits)
	for i := len(h.widths) - 1; i >= 0; i-- {
		codes[i] = int32(cell%h.widths[i]) - 1
		cell /= h.widths[i]
	}
	return codes
}

// amount is what a part has in a cell in a window, which lies within the part's run.
func (h *holdings) amount(p *part, c *partCell, w period.Span) (sum int64) {
	pieces := h.pieces[c.from:c.to]
	if p.budgets != nil {
		before, with := p.budgets.upTo(w.First-1), p.budgets.upTo(w.Last)
		for _, m := range pieces {
			sum += with.of(m) - before.of(m)
		}
		return sum
	}
	return spreadOver(pieces, p.start, p.days, w)
}

// spreadOver is what pieces that are spread evenly over so many days from the start come to in a window, which lies within these days.
func spreadOver(pieces []int64, start period.Day, days uint64, w period.Span) (sum int64) {
	before, with := uint64(w.First-start), uint64(w.Last-start)+1
	for _, m := range pieces {
		if with < days {
			sum += money.Share(m, with, days)
		} else {
			sum += m
		}
		if before > 0 {
			sum -= money.Share(m, before, days)
		}
	}
	return sum
}

// see counts a grant that has to do with what is asked, if it can be placed in the window or in no time at all.
func (r *remarks) see(f *figure, dated, any bool) {
	if !dated {
		r.undated++
	}
	if !dated || any {
		if f.unknown {
			r.unknown++
		}
		if len(f.unconverted) > 0 {
			r.unconverted++
		}
	}
}
