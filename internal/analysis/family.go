package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

// families are the grants that pass money on, and those that it is passed on to, as far as the principal sees both: for anyone else they are grants like any other.
type families struct {
	places   map[int]bool         // of the grants that are not added one by one: the members of families, and duplicates
	children map[string][]*record // of each grant that has any, in order of id
	roots    []*record            // in order of id
	rootOf   map[int]int          // of each member, by number
}

func (f *families) has(place int) bool { return f.places[place] }

// replaced tells whether a grant, by its number, is a duplicate of another that counts in its place.
func (f *families) replaced(number int) bool {
	_, member := f.rootOf[number]
	return f.places[number] && !member
}

// families finds the families. A sub-grant whose parent is not there is a root. A duplicate of a grant that is there counts nowhere, and what passes on its money passes
// on the money of that grant.
func (s *Snapshot) families(v *sieve) families {
	f := families{places: map[int]bool{}, children: map[string][]*record{}, rootOf: map[int]int{}}
	linked := s.standing(v)
	originals := map[string]*record{} // of duplicates, by id
	for _, r := range linked {
		if original := s.target(v, r, grant.DuplicateOf); original != nil {
			originals[r.id] = original
			f.add(s, r)
		}
	}
	members, child := map[string]*record{}, map[string]bool{}
	for _, sub := range linked {
		parent := s.target(v, sub, grant.SubGrantOf)
		for parent != nil && originals[parent.id] != nil {
			parent = originals[parent.id]
		}
		if parent == nil || originals[sub.id] != nil {
			continue
		}
		members[sub.id], members[parent.id], child[sub.id] = sub, parent, true
		f.children[parent.id] = append(f.children[parent.id], sub)
	}
	for id, r := range members {
		f.add(s, r)
		if !child[id] {
			f.roots = append(f.roots, r)
		}
	}
	byID := func(a, b *record) int { return strings.Compare(a.id, b.id) }
	for _, subs := range f.children {
		slices.SortFunc(subs, byID)
	}
	slices.SortFunc(f.roots, byID)
	for _, root := range f.roots {
		number, _ := s.place(root.id)
		f.below(s, root, number)
	}
	return f
}

func (f *families) add(s *Snapshot, r *record) {
	place, _ := s.place(r.id)
	f.places[place] = true
}

// standing returns the grants with links that stand and that the principal sees.
func (s *Snapshot) standing(v *sieve) []*record {
	var all []*record
	for _, c := range s.chunks {
		for _, i := range c.linked() {
			if r := &c.records[i]; !r.deleted && v.sees(r) {
				all = append(all, r)
			}
		}
	}
	return all
}

// target returns the grant that a link of a type leads to, as of led.
func (s *Snapshot) target(v *sieve, from *record, t grant.LinkType) *record {
	return s.led(v, from, from.linkedTo(t))
}

// led returns the grant that a link to an id leads to, through mergers, if it stands and the principal sees it, and the one that the link names; else nil.
func (s *Snapshot) led(v *sieve, from *record, id string) *record {
	if id == "" {
		return nil
	}
	r := s.find(id)
	if r == nil || !v.sees(r) {
		return nil
	}
	if r = s.survivor(r); r.deleted || r == from {
		return nil
	}
	return r
}

// below notes whose family a grant and all below it are.
func (f *families) below(s *Snapshot, r *record, root int) {
	number, _ := s.place(r.id)
	f.rootOf[number] = root
	for _, sub := range f.children[r.id] {
		f.below(s, sub, root)
	}
}

// of returns the number of the root of a grant's family, its own when it is in none.
func (f *families) of(number int) int {
	if root, ok := f.rootOf[number]; ok {
		return root
	}
	return number
}

// placeFunc is told of a grant, by its number, and of what it has to place.
type placeFunc func(number int, r *record, f *figure)

// placeFamilies calls place for the grants of families as the attribution wants, and returns the defects that it met.
func (e *evaluation) placeFamilies(place placeFunc) (defects []string) {
	for _, root := range e.families.roots {
		f := e.figure(root, e.currencies)
		if e.Attribution == Prime {
			e.placeMember(place, root, &f)
			continue
		}
		defects = append(defects, e.passOn(place, root, root, &f, kept(root, &f, e.Measure))...)
	}
	return defects
}

// placeMember places a grant of a family, all of which the principal sees. A sub-grant may stand here under donors that are not its own.
func (e *evaluation) placeMember(place placeFunc, r *record, f *figure) {
	number, _ := e.snapshot.place(r.id)
	if f.counts && e.sieve.fits(r) {
		place(number, r, f)
	}
}

// kept is what a grant has to place or to pass on: the sum of its parts, without what the end of its status took away.
func kept(r *record, f *figure, m Measure) triple {
	if f.money == nil {
		return triple{}
	}
	spread := r.spread()
	if m != Allocated || !spread.dated() {
		return f.money.total
	}
	split, last := r.split(), spread.upTo(spread.kept().Last)
	var sum triple
	for k := range split.len() {
		part := f.money.total.each(func(v int64) int64 { return last.of(split.part(v, k)) })
		for i := range sum {
			sum[i] += part[i]
		}
	}
	return sum
}

// passOn places what a grant has: to each sub-grant its own amount, under the root's donors, and what remains under the grant itself. Each of lower, central and upper
// is handed on by itself. Sub-grants that together have more than there is share what there is, in proportion; the rest is a defect and is not counted.
func (e *evaluation) passOn(place placeFunc, root, r *record, f *figure, has triple) (defects []string) {
	subs := e.families.children[r.id]
	figures := make([]figure, len(subs))
	shares := make([]triple, len(subs))
	for i, sub := range subs {
		figures[i] = e.figure(sub, e.currencies)
		figures[i].unconverted = nil // it is the parent's money, which is counted there
		shares[i] = kept(sub, &figures[i], e.Measure)
	}
	remaining, excess := handOn(has, shares)
	if excess > 0 {
		defects = append(defects, fmt.Sprintf("grants/%s passes on %s %s more than it has; that much is not counted", r.id, money.FormatMinor(e.currency, excess), e.currency))
	}
	for i, sub := range subs {
		defects = append(defects, e.passOn(place, root, sub, &figures[i], shares[i])...)
	}
	moved, scaled := r.placed(root, f, e.Measure, remaining)
	e.placeMember(place, moved, scaled)
	return defects
}

// handOn lowers shares, in proportion and by the one law, until they are no more than there is, and returns what remains and by how much the central figures exceeded.
func handOn(has triple, shares []triple) (remaining triple, excess int64) {
	for i := range has {
		var wanted int64
		weights := make([]uint64, len(shares))
		for j := range shares {
			shares[j][i] = max(0, shares[j][i])
			weights[j] = uint64(shares[j][i])
			wanted += shares[j][i]
		}
		there := max(0, has[i])
		if wanted > there {
			for j, part := range money.Cut(there, weights) {
				shares[j][i] = part
			}
			if i == 1 {
				excess = wanted - there
			}
			wanted = there
		}
		remaining[i] = has[i] - wanted
	}
	return remaining, excess
}

// placed returns a grant of a family, and its figure, as they are once what it has is brought to an amount: under the donors of the root, on the days that it keeps.
func (r *record) placed(root *record, f *figure, m Measure, amount triple) (*record, *figure) {
	own := len(r.list(funders))
	moved := *r
	moved.entries = append(slices.Clone(root.list(funders)), r.entries[own:]...)
	moved.counts[funders] = root.counts[funders]
	if kept := r.spread(); m == Allocated && kept.dated() && kept.kept().Days() > 0 {
		moved.cut = min(r.cut, r.until)
		moved.until = MaxDay
	}
	scaled := *f
	if f.money != nil {
		scaled.money = f.money.scaled(amount)
	}
	return &moved, &scaled
}

// scaled returns a stream whose total is another, with its steps in proportion, by the one law.
func (s *stream) scaled(total triple) *stream {
	out := &stream{currency: s.currency, total: total, steps: slices.Clone(s.steps)}
	for i := range out.steps {
		for j, whole := range s.total {
			if whole == 0 || total[j] == whole {
				continue
			}
			out.steps[i].sum[j] = scale(s.steps[i].sum[j], total[j], whole)
		}
	}
	return out
}

// scale returns v·to/from, rounded half to even.
func scale(v, to, from int64) int64 {
	sign := int64(1)
	for _, n := range []*int64{&v, &to, &from} {
		if *n < 0 {
			*n, sign = -*n, -sign
		}
	}
	return sign * money.Share(v, uint64(to), uint64(from))
}
