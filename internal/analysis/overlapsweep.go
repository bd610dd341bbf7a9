package analysis

import (
	"cmp"
	"container/heap"
	mathbits "math/bits"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// stay is that a part has money in a cell on the days of its run.
type stay struct {
	recipient int32 // in MEMBER scope
	part      int32
	run       period.Span
	code      uint64 // of the cell
}

// lists puts the parts into lists, one for each place where they can meet, each in order of the first days.
func (h *holdings) lists() [][]stay {
	stays := make([]stay, 0, len(h.cells))
	for i := range h.parts {
		p := &h.parts[i]
		s := stay{part: int32(i), run: p.run}
		if h.scope == grant.MemberScope {
			if p.recipient == none {
				continue // who knows whether it is the same
			}
			s.recipient = p.recipient
		}
		for _, c := range h.cells[p.from:p.to] {
			s.code = c.code
			stays = append(stays, s)
		}
	}
	slices.SortFunc(stays, func(a, b stay) int {
		return cmp.Or(cmp.Compare(a.recipient, b.recipient), cmp.Compare(a.code, b.code), cmp.Compare(a.run.First, b.run.First))
	})
	var lists [][]stay
	for from := 0; from < len(stays); {
		to := from + 1
		for to < len(stays) && stays[to].recipient == stays[from].recipient && stays[to].code == stays[from].code {
			to++
		}
		lists = append(lists, stays[from:to])
		from = to
	}
	return lists
}

// meetings counts the pairs of stays that are in one place at one time.
func meetings(lists [][]stay) (n int) {
	var ends []period.Day
	for _, list := range lists {
		ends = ends[:0]
		for i := range list {
			ends = append(ends, list[i].run.Last)
		}
		slices.Sort(ends)
		ended := 0
		for i := range list {
			for ends[ended] < list[i].run.First {
				ended++
			}
			n += i - ended
		}
	}
	return n
}

// matches are the overlaps that were found.
type matches struct {
	count int
	total money.Sum
	best  *best
}

// match holds parts against each other that are in one place at one time, list by list, sweeping over the days.
func (h *holdings) match(q OverlapQuery, lists [][]stay) matches {
	slices.SortFunc(lists, func(a, b []stay) int { return len(b) - len(a) }) // the longest first, so that none is left alone at the end
	shared := h.newMatcher(q)
	each := make([]matcher, max(1, min(runtime.GOMAXPROCS(0), len(lists))))
	var wait sync.WaitGroup
	var next atomic.Int64
	for w := range each {
		each[w] = *shared
		each[w].best = &best{holdings: h, order: q.Order, limit: q.Limit + 1}
		wait.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(lists); i = next.Add(1) - 1 {
				each[w].sweep(lists[i])
			}
		})
	}
	wait.Wait()
	all := each[0].matches
	for _, other := range each[1:] {
		all.count += other.count
		all.total.AddSum(other.total)
		for _, c := range other.best.candidates {
			all.best.offer(c)
		}
	}
	return all
}

// matcher holds parts against each other.
type matcher struct {
	*holdings
	matches
	query    OverlapQuery
	sets     [][]string        // the donor states of each code
	order    []int             // of the codes of donor states, by their keys
	distinct map[[2]int32]bool // pairs of grants, by number, that are confirmed distinct
	few      bool              // each cell has a bit of the masks to itself
	present  []guest
}

// guest is a part that has come to the place of a list, with all that is looked at most, so that a list is read from front to back.
type guest struct {
	run     period.Span
	start   period.Day
	part    int32
	family  int32
	states  int32
	side    bool
	careful bool  // its donors are several, or its grant is confirmed distinct of another
	count   uint8 // of the cells; 0 when the part is larger than a guest, or its days are not even
	days    uint64
	mask    uint64 // a bit for each cell
	cells   [3]guestCell
	pieces  [9]int64
}

// guestCell is a cell of a guest, with where its pieces are.
type guestCell struct {
	code     uint64
	from, to uint8
}

func (h *holdings) newMatcher(q OverlapQuery) *matcher {
	m := &matcher{holdings: h, query: q, sets: make([][]string, len(h.donors.names[0])), distinct: map[[2]int32]bool{}}
	var keys []string
	for code, n := range h.donors.names[0] {
		m.sets[code] = strings.Split(n.key, joint)
		keys = append(keys, n.key)
	}
	slices.Sort(keys)
	for _, n := range h.donors.names[0] {
		place, _ := slices.BinarySearch(keys, n.key)
		m.order = append(m.order, place)
	}
	cells := uint64(1)
	for _, w := range h.widths {
		cells *= w
	}
	m.few = cells <= 1<<maskBits
	numbers := map[int32]bool{}
	for i := range h.parts {
		r := h.record(&h.parts[i])
		if r.more == nil {
			continue
		}
		for _, l := range r.more.links {
			if l.kind != grant.ConfirmedDistinct {
				continue
			}
			if other := h.snapshot.led(h.sides, r, l.target); other != nil {
				place, _ := h.snapshot.place(other.id)
				a, b := h.parts[i].number, int32(place)
				m.distinct[pairOf(a, b)], numbers[a], numbers[b] = true, true, true
			}
		}
	}
	decided := map[int32]bool{}
	for id := range h.decisions {
		for _, g := range id.Grants {
			if number, ok := h.snapshot.place(g); ok {
				decided[int32(number)] = true
			}
		}
	}
	for i := range h.parts {
		p := &h.parts[i]
		p.linked, p.decided = numbers[p.number], decided[p.number]
	}
	return m
}

func pairOf(a, b int32) [2]int32 { return [2]int32{min(a, b), max(a, b)} }

// record returns the grant of a part.
func (h *holdings) record(p *part) *record {
	return &h.snapshot.chunks[p.number/chunkSize].records[p.number%chunkSize]
}

// guest looks a part up.
func (m *matcher) guest(part int32) guest {
	p := &m.parts[part]
	g := guest{run: p.run, start: p.start, days: p.days, part: part, family: p.family, states: p.states, side: p.side, careful: p.linked || len(m.sets[p.states]) > 1}
	cells := m.cells[p.from:p.to]
	for _, c := range cells {
		g.mask |= 1 << (c.code >> (64 - maskBits))
	}
	first := cells[0].from
	if p.budgets != nil || len(cells) > len(g.cells) || int(cells[len(cells)-1].to-first) > len(g.pieces) {
		return g
	}
	for i, c := range cells {
		g.cells[i] = guestCell{c.code, uint8(c.from - first), uint8(c.to - first)}
		copy(g.pieces[c.from-first:], m.pieces[c.from:c.to])
	}
	g.count = uint8(len(cells))
	return g
}

// sweep holds the stays of a list against each other.
func (m *matcher) sweep(list []stay) {
	m.present = m.present[:0]
	bit := list[0].code >> (64 - maskBits)
	for i := range list {
		now := m.guest(list[i].part)
		for j := 0; j < len(m.present); {
			other := &m.present[j]
			if other.run.Last < now.run.First {
				last := len(m.present) - 1
				m.present[j], m.present = m.present[last], m.present[:last]
				continue
			}
			m.meet(other, &now, list[i].code, bit)
			j++
		}
		m.present = append(m.present, now)
	}
}

// meet holds two parts against each other that are both in a cell, which has a bit in their masks. They are looked at once, in the first cell that they have in common.
func (m *matcher) meet(a, b *guest, cell, bit uint64) {
	if m.few && uint64(mathbits.TrailingZeros64(a.mask&b.mask)) != bit || a.family == b.family || a.states == b.states || !a.side && !b.side {
		return
	}
	if (a.careful || b.careful) && (m.related(a.states, b.states) || m.distinct[pairOf(m.parts[a.part].number, m.parts[b.part].number)]) {
		return
	}
	window := period.Span{First: max(a.run.First, b.run.First), Last: min(a.run.Last, b.run.Last)}
	var overlap int64
	if a.count > 0 && b.count > 0 {
		overlap = a.overlap(b, window, cell)
	} else {
		overlap = m.overlapOf(a.part, b.part, window, cell)
	}
	if overlap > 0 && overlap >= m.query.MinAmount {
		m.found(a, b, overlap)
	}
}

// overlap is what meets of two guests, or nothing if a cell is not the first that they have in common.
func (g *guest) overlap(o *guest, window period.Span, cell uint64) (overlap int64) {
	first := true
	for i, j := uint8(0), uint8(0); i < g.count && j < o.count; {
		x, y := &g.cells[i], &o.cells[j]
		switch {
		case x.code < y.code:
			i++
		case x.code > y.code:
			j++
		default:
			if first && x.code != cell {
				return 0
			}
			first = false
			overlap += max(0, min(spreadOver(g.pieces[x.from:x.to], g.start, g.days, window), spreadOver(o.pieces[y.from:y.to], o.start, o.days, window)))
			i++
			j++
		}
	}
	return overlap
}

// overlapOf is what meets of two parts in all cells, or nothing if a cell is not the first that they have in common.
func (m *matcher) overlapOf(i, j int32, window period.Span, cell uint64) (overlap int64) {
	a, b := &m.parts[i], &m.parts[j]
	first := true
	m.common(a, b, func(x, y *partCell) bool {
		if first && x.code != cell {
			return false
		}
		first = false
		overlap += max(0, min(m.amount(a, x, window), m.amount(b, y, window)))
		return true
	})
	return overlap
}

// found counts an overlap and keeps it if it may come to be on the page.
func (m *matcher) found(a, b *guest, overlap int64) {
	c := candidate{amount: overlap, parts: [2]int32{a.part, b.part}}
	if m.order[a.states] > m.order[b.states] {
		c.parts = [2]int32{b.part, a.part}
	}
	if m.query.Undecided && m.parts[a.part].decided && m.decisions[c.id(m.holdings)] != nil || m.query.Only != nil && c.id(m.holdings) != *m.query.Only {
		return
	}
	m.count++
	m.total.Add(overlap)
	if m.query.After == nil || m.after(c) {
		m.best.offer(c)
	}
}

// after tells whether a candidate comes after the page before.
func (m *matcher) after(c candidate) bool {
	after := m.query.After
	if m.query.Order == OverlapsByAmount && c.amount != after.Amount {
		return c.amount < after.Amount // most need no name
	}
	return c.name(m.holdings) > after.Name
}

// related tells whether two have a donor state in common.
func (m *matcher) related(a, b int32) bool {
	return slices.ContainsFunc(m.sets[a], func(state string) bool { return slices.Contains(m.sets[b], state) })
}

// common calls f for each cell that two parts have in common, in order, until it returns false.
func (h *holdings) common(a, b *part, f func(x, y *partCell) bool) {
	for i, j := a.from, b.from; i < a.to && j < b.to; {
		x, y := &h.cells[i], &h.cells[j]
		switch {
		case x.code < y.code:
			i++
		case x.code > y.code:
			j++
		default:
			if !f(x, y) {
				return
			}
			i++
			j++
		}
	}
}

// candidate is an overlap that may come to be on the page.
type candidate struct {
	amount int64
	parts  [2]int32
}

func (c candidate) id(h *holdings) grant.OverlapID {
	id := grant.OverlapID{Scope: h.scope}
	for i, n := range c.parts {
		p := &h.parts[n]
		id.Grants[i], id.States[i], id.Recipients[i] = h.record(p).id, h.donors.names[0][p.states].key, h.recipientID(p.recipient)
	}
	return id
}

func (c candidate) name(h *holdings) string { return c.id(h).String() }

// best is a heap of the candidates that come first, with the last of them on top.
type best struct {
	*holdings
	order      OverlapOrder
	limit      int
	candidates []candidate
}

func (b *best) compare(c, d candidate) int {
	if b.order == OverlapsByAmount && c.amount != d.amount {
		return cmp.Compare(d.amount, c.amount) // most need no name
	}
	return strings.Compare(c.name(b.holdings), d.name(b.holdings))
}

func (b *best) offer(c candidate) {
	switch {
	case len(b.candidates) < b.limit:
		heap.Push(b, c)
	case b.compare(c, b.candidates[0]) < 0:
		b.candidates[0] = c
		heap.Fix(b, 0)
	}
}

// sorted returns them in order.
func (b *best) sorted() []candidate {
	slices.SortFunc(b.candidates, b.compare)
	return b.candidates
}

func (b *best) Len() int           { return len(b.candidates) }
func (b *best) Less(i, j int) bool { return b.compare(b.candidates[i], b.candidates[j]) > 0 }
func (b *best) Swap(i, j int) {
	b.candidates[i], b.candidates[j] = b.candidates[j], b.candidates[i]
}
func (b *best) Push(c any) { b.candidates = append(b.candidates, c.(candidate)) }
func (b *best) Pop() any {
	last := b.candidates[len(b.candidates)-1]
	b.candidates = b.candidates[:len(b.candidates)-1]
	return last
}
