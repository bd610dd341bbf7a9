package analysis

import (
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// record is a grant as the analysis sees it: numbers, and codes of the dictionaries in place of ids.
type record struct {
	id               string
	title            string // as it is ordered by; see nameKey
	revision         int64  // that last changed it
	created, updated int64
	span             period.Span // First is after Last when the grant is undated
	cut              period.Day  // all of the money is spread over the days up to this one
	until            period.Day  // the last day that keeps money: the one before a status that ended it
	programme        int32
	status           grant.Status
	visibility       grant.Visibility
	deleted          bool // or merged into another: it does not stand
	confirmed        bool // some report on it is
	shadow           bool // those who may not see it are told of another donor
	// The grant's lists, in the order of the nesting of parts, one after the other in entries.
	counts  [lists]uint8
	entries []entry
	flows   []flow
	more    *more // what few grants have
}

// The lists by which a grant is cut into parts, in the order of their nesting.
const (
	funders = iota
	recipients
	themes
	locations
	populations
	lists
)

// entry is an element of a list. Weights of a list are in proportion to the shares.
type entry struct {
	code   int32
	weight uint32
}

// none is the code of what is not specified.
const none int32 = -1

// flow is a transaction.
type flow struct {
	minor     int64
	day       period.Day // its effective date: the value date, else the date, else the grant's start
	currency  uint16
	kind      grant.TransactionType
	qualifier money.Qualifier
}

// noDay is the day of what has none.
const noDay = period.Day(math.MinInt32)

type more struct {
	links     []link
	successor string // the id of the grant that it was merged into
	budgets   []budget
	ranges    map[int][2]int64 // low and high of the flows that are ranges
	others    []int32          // organisations that take part, and are neither funders nor recipients
	// supposed are variants of the record by which a scenario reckons the parts of some of its donors, by code.
	supposed map[int32]*record
}

// link is a link to the grant with an id.
type link struct {
	kind   grant.LinkType
	target string
}

type budget struct {
	span  period.Span
	minor int64
}

// dictionary gives codes to ids. It only grows, so a code holds for every snapshot of a line.
type dictionary struct {
	mu    sync.RWMutex
	codes map[string]int32
	ids   []string
}

func (d *dictionary) code(id string) int32 {
	if c, ok := d.find(id); ok { // as nearly all are
		return c
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	c, ok := d.codes[id]
	if !ok {
		if d.codes == nil {
			d.codes = map[string]int32{}
		}
		c = int32(len(d.ids))
		d.codes[id] = c
		d.ids = append(d.ids, id)
	}
	return c
}

// find returns the code of an id; ok is false when it has none.
func (d *dictionary) find(id string) (code int32, ok bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	code, ok = d.codes[id]
	return code, ok
}

// all returns the ids by code. They must not be changed.
func (d *dictionary) all() []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.ids
}

// dictionaries are those of a line of snapshots. A donor is an organisation's id, or those of several that give undivided, sorted and joined by "+".
type dictionaries struct {
	donors, organisations, programmes, currencies dictionary
	terms                                         [lists]dictionary // of themes, locations and populations
}

// joint separates the ids of donors that give undivided. It stands in no id.
const joint = "+"

// record makes a record of a grant.
func (d *dictionaries) record(g *grant.Grant) record {
	r := record{
		id: g.ID, title: nameKey(g.Title), revision: g.Revision, created: g.Created, updated: g.Updated, span: period.Span{First: 1, Last: 0}, cut: MaxDay, until: MaxDay,
		programme: none, status: g.Status, visibility: g.Visibility, deleted: g.Deleted != 0 || g.Successor != "",
		confirmed: g.Confirmed(), shadow: g.Shadow && g.Visibility == grant.Restricted && g.Successor == "" && g.Original() == "",
	}
	if g.Programme != "" {
		r.programme = d.programmes.code(g.Programme)
	}
	if span, ok := g.Span(); ok {
		r.span = span
	}
	d.addLists(&r, g)
	d.addFlows(&r, g)
	d.addMore(&r, g)
	r.end(g)
	return r
}

// end cuts off the days that a CANCELLED or SUSPENDED grant does not keep. One with a recorded cancellation has lowered its commitment, and the rest is spread up
// to that date; another keeps what falls before the date of its status.
func (r *record) end(g *grant.Grant) {
	if g.Status != grant.Cancelled && g.Status != grant.Suspended {
		return
	}
	last := noDay
	for _, t := range g.Transactions {
		if t.Type == grant.Cancellation && !t.Date.IsZero() {
			last = max(last, t.Date.First)
		}
	}
	switch {
	case r.span.First > r.span.Last:
	case last != noDay:
		r.cut = max(last, r.span.First)
	case !g.StatusDate.IsZero():
		r.until = g.StatusDate.First - 1
	}
}

func (d *dictionaries) addLists(r *record, g *grant.Grant) {
	donors := g.Funders
	if len(donors) > 1 && donors[0].Share == nil {
		ids := make([]string, len(donors))
		for i, f := range donors {
			ids[i] = f.Organisation
		}
		slices.Sort(ids)
		donors = []grant.Participation{{Organisation: strings.Join(ids, joint)}}
	}
	r.entries = make([]entry, 0, len(donors)+len(g.Recipients)+len(g.Themes)+len(g.Locations)+len(g.Populations))
	r.addParticipations(funders, &d.donors, donors)
	r.addParticipations(recipients, &d.organisations, g.Recipients)
	for list, splits := range [lists][]grant.Split{themes: g.Themes, locations: g.Locations, populations: g.Populations} {
		if list < themes {
			continue
		}
		r.counts[list] = uint8(len(splits))
		for _, s := range splits {
			r.entries = append(r.entries, entry{d.terms[list].code(s.ID), uint32(s.Percent)})
		}
	}
}

func (r *record) addParticipations(list int, d *dictionary, ps []grant.Participation) {
	r.counts[list] = uint8(len(ps))
	for _, p := range ps {
		weight := uint32(1) // without shares all share equally
		if p.Share != nil {
			weight = uint32(*p.Share)
		}
		r.entries = append(r.entries, entry{d.code(p.Organisation), weight})
	}
}

func (d *dictionaries) addFlows(r *record, g *grant.Grant) {
	r.flows = make([]flow, len(g.Transactions))
	for i, t := range g.Transactions {
		f := flow{minor: t.Amount.Minor, day: noDay, currency: uint16(d.currencies.code(string(t.Amount.Currency))), kind: t.Type, qualifier: t.Amount.Qualifier}
		for _, date := range [...]period.Date{g.Start, t.Date, t.ValueDate} { // the last one given holds
			if !date.IsZero() {
				f.day = date.First
			}
		}
		if t.Amount.Qualifier == money.Range {
			m := r.rare()
			if m.ranges == nil {
				m.ranges = map[int][2]int64{}
			}
			m.ranges[i] = [2]int64{t.Amount.Low, t.Amount.High}
		}
		r.flows[i] = f
	}
}

func (d *dictionaries) addMore(r *record, g *grant.Grant) {
	for _, l := range g.Links {
		m := r.rare()
		m.links = append(m.links, link{l.Type, l.Target})
	}
	if g.Successor != "" {
		r.rare().successor = g.Successor
	}
	for _, b := range g.Budgets {
		m := r.rare()
		m.budgets = append(m.budgets, budget{span: period.Span{First: b.Start.First, Last: b.End.Last()}, minor: b.Minor})
	}
	for ref := range g.References() {
		takesPart := func(p grant.Participation) bool { return p.Organisation == ref.Key.ID }
		if ref.Key.Kind != grant.Organisations || slices.ContainsFunc(g.Funders, takesPart) || slices.ContainsFunc(g.Recipients, takesPart) {
			continue
		}
		m := r.rare()
		if code := d.organisations.code(ref.Key.ID); !slices.Contains(m.others, code) {
			m.others = append(m.others, code)
		}
	}
}

func (r *record) rare() *more {
	if r.more == nil {
		r.more = &more{}
	}
	return r.more
}

// linkedTo returns the id of the grant that a link of a type leads to, or "".
func (r *record) linkedTo(t grant.LinkType) string {
	if r.more == nil {
		return ""
	}
	for _, l := range r.more.links {
		if l.kind == t {
			return l.target
		}
	}
	return ""
}

// successor returns the id of the grant that this one was merged into, or "".
func (r *record) successor() string {
	if r.more == nil {
		return ""
	}
	return r.more.successor
}

// list returns the entries of a list; it is empty when nothing is specified.
func (r *record) list(list int) []entry {
	from := 0
	for i := range list {
		from += int(r.counts[i])
	}
	return r.entries[from : from+int(r.counts[list])]
}

// signed returns the bounds of the i-th flow as they are added up: what is taken away is taken away whatever its sign.
func (r *record) signed(i int) money.Bounds {
	b := r.bounds(i)
	if r.flows[i].kind.Sign() < 0 && b.Central > 0 {
		return b.Neg()
	}
	return b
}

// bounds returns the bounds of the i-th flow.
func (r *record) bounds(i int) money.Bounds {
	f := r.flows[i]
	a := money.Amount{Qualifier: f.qualifier, Minor: f.minor}
	if f.qualifier == money.Range {
		low := r.more.ranges[i]
		a.Low, a.High = low[0], low[1]
	}
	return a.Bounds()
}
