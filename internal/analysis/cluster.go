package analysis

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/period"
)

// ClusterQuery says which clusters to find. Of the OverlapQuery the scope, depth, currency, window, filter, principal and limit count.
type ClusterQuery struct {
	OverlapQuery
	MinDepth int            // only clusters with at least so many donor states at once; 0 is 2
	After    *ClusterCursor // where the page before ended
}

// ClusterCursor is the place of a cluster: the deepest come first, then by name.
type ClusterCursor struct {
	Depth int
	Name  string
}

func (c ClusterCursor) compare(d ClusterCursor) int {
	return cmp.Or(cmp.Compare(d.Depth, c.Depth), strings.Compare(c.Name, d.Name))
}

// Cluster is a cell in which several donor states have money at once: in MEMBER scope of one recipient, in CELL scope of any.
type Cluster struct {
	Recipient                   string // the id, in MEMBER scope
	Theme, Location, Population string // ids; the last two in CELL scope
	Depth                       int    // how many donor states there are at once, at most
	Segments                    []ClusterSegment
}

// ClusterSegment is a time in which the same donor states have money in a cell.
type ClusterSegment struct {
	Window      period.Span
	DonorStates []string // in order
	Grants      []string // by which they do, by id, in order; at most 1,000
	GrantCount  int      // how many there are
}

// ClusterResult is the answer to a ClusterQuery.
type ClusterResult struct {
	Clusters []Cluster
	Next     *ClusterCursor
	Count    int // on all pages
}

// Clusters finds the cells in which several donor states have money at once, and says how many, and which, at what time. Donors who give undivided each count. A time of less than two is
// left out of the segments.
func (s *Snapshot) Clusters(q ClusterQuery) ClusterResult {
	h := s.holdOverlaps(q.OverlapQuery)
	m := h.newMatcher(q.OverlapQuery)
	type place struct {
		list   []stay
		cursor ClusterCursor
	}
	var places []place
	for _, list := range h.lists() {
		list = slices.DeleteFunc(list, func(s stay) bool { return !m.has(&s) })
		depth := m.depth(list)
		if depth < max(q.MinDepth, 2) || !slices.ContainsFunc(list, func(s stay) bool { return h.parts[s.part].side }) {
			continue
		}
		places = append(places, place{list, ClusterCursor{depth, m.clusterName(list)}})
	}
	slices.SortFunc(places, func(a, b place) int { return a.cursor.compare(b.cursor) })
	out := ClusterResult{Count: len(places)}
	if q.After != nil {
		from, here := slices.BinarySearchFunc(places, *q.After, func(p place, c ClusterCursor) int { return p.cursor.compare(c) })
		if here {
			from++
		}
		places = places[from:]
	}
	if len(places) > q.Limit {
		places = places[:q.Limit]
		out.Next = &places[q.Limit-1].cursor
	}
	for _, p := range places {
		out.Clusters = append(out.Clusters, m.cluster(p.list, p.cursor.Depth))
	}
	return out
}

// has tells whether a stay comes with money.
func (m *matcher) has(s *stay) bool {
	p := &m.parts[s.part]
	cells := m.cells[p.from:p.to]
	i, _ := slices.BinarySearchFunc(cells, s.code, func(c partCell, code uint64) int { return cmp.Compare(c.code, code) })
	return m.amount(p, &cells[i], p.run) > 0
}

// change is that a part comes to a place or leaves it.
type change struct {
	day  period.Day
	by   int
	part int32
}

// changes returns how a list changes, in order of the days; with the same day those who leave first.
func changes(list []stay) []change {
	all := make([]change, 0, 2*len(list))
	for _, s := range list {
		all = append(all, change{s.run.First, 1, s.part}, change{s.run.Last + 1, -1, s.part})
	}
	slices.SortFunc(all, func(a, b change) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.by, b.by), cmp.Compare(a.part, b.part))
	})
	return all
}

// depth is how many donor states are in a list at once, at most.
func (m *matcher) depth(list []stay) (most int) {
	present := map[string]int{}
	for _, c := range changes(list) {
		for _, state := range m.sets[m.parts[c.part].states] {
			if present[state] += c.by; present[state] == 0 {
				delete(present, state)
			}
		}
		most = max(most, len(present))
	}
	return most
}

// cluster writes down a list in full.
func (m *matcher) cluster(list []stay, depth int) Cluster {
	c := Cluster{Depth: depth}
	if m.scope == grant.MemberScope {
		c.Recipient = m.recipientID(list[0].recipient)
	}
	codes := m.codes(list[0].code)
	for i, code := range codes[:len(m.widths)] {
		*[...]*string{&c.Theme, &c.Location, &c.Population}[i] = m.termID(i, code)
	}
	c.Segments = m.segments(changes(list))
	return c
}

// segments cuts the time of a list where the donor states change.
func (m *matcher) segments(all []change) (segments []ClusterSegment) {
	states, present := map[string]int{}, map[int32]bool{}
	var now ClusterSegment
	grants := map[string]bool{}
	for i := 0; i < len(all); {
		day := all[i].day
		var came []int32
		for ; i < len(all) && all[i].day == day; i++ {
			p := &m.parts[all[i].part]
			for _, state := range m.sets[p.states] {
				if states[state] += all[i].by; states[state] == 0 {
					delete(states, state)
				}
			}
			if delete(present, all[i].part); all[i].by > 0 {
				present[all[i].part] = true
				came = append(came, all[i].part)
			}
		}
		keys := slices.Sorted(maps.Keys(states))
		if slices.Equal(keys, now.DonorStates) {
			for _, part := range came {
				grants[m.record(&m.parts[part]).id] = true
			}
			continue
		}
		if now.Window.Last = day - 1; len(now.DonorStates) > 1 {
			now.grants(grants)
			segments = append(segments, now)
		}
		now = ClusterSegment{Window: period.Span{First: day}, DonorStates: keys}
		clear(grants)
		for part := range present {
			grants[m.record(&m.parts[part]).id] = true
		}
	}
	return segments
}

// grants notes how many grants there are, and the first of them.
func (s *ClusterSegment) grants(ids map[string]bool) {
	s.GrantCount, s.Grants = len(ids), slices.Sorted(maps.Keys(ids))
	s.Grants = s.Grants[:min(len(s.Grants), maxListed)]
}

// clusterName orders clusters: by recipient, theme, location and population.
func (m *matcher) clusterName(list []stay) string {
	parts := []string{}
	if m.scope == grant.MemberScope {
		parts = append(parts, m.recipientID(list[0].recipient))
	}
	codes := m.codes(list[0].code)
	for i, code := range codes[:len(m.widths)] {
		parts = append(parts, m.termID(i, code))
	}
	return strings.Join(parts, " ")
}
