package analysis

import (
	"slices"
	"sync"

	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
)

// Snapshot is a picture of all grants as one revision left them. It is immutable: any number of readers share it, with locks only where they look up an id.
//
// Grants are kept in chunks. Next copies the chunks that changes touch and shares the others, so that its cost depends on the changes and not on the number of
// grants. The dictionaries and the index of places only grow, and are shared by all snapshots of a line.
type Snapshot struct {
	line   *line
	chunks []*chunk
	size   int // how many grants there are; a place beyond it belongs to a later snapshot
	reg    *grant.Registry
	rates  *fx.Table
	today  *Snapshot      // of a snapshot of the past: see Under
	added  map[string]int // places of what a scenario adds, which the line does not know
}

// line is what the snapshots that follow one another share.
type line struct {
	dictionaries
	mu       sync.RWMutex
	places   map[string]int32 // of a grant's id, in the order of appearance
	received [][]int32        // by code of a recipient: the places of grants that it received, or once did
}

// receives notes the recipients of a grant at a place, but for those that it had before. The caller holds the lock.
func (l *line) receives(place int, r, before *record) {
	for _, e := range r.list(recipients) {
		if before != nil && slices.ContainsFunc(before.list(recipients), func(b entry) bool { return b.code == e.code }) {
			continue
		}
		for int(e.code) >= len(l.received) {
			l.received = append(l.received, nil)
		}
		l.received[e.code] = append(l.received[e.code], int32(place))
	}
}

// receivedBy returns, chunk by chunk and in order, where the grants may be whose recipients are accepted; nil when these are so many that one may as well look at all.
func (s *Snapshot) receivedBy(a *accepted) map[int][]int {
	if a == nil || a.unspecified {
		return nil
	}
	few := s.size / 64
	found := map[int][]int{}
	add := func(place int) {
		found[place/chunkSize] = append(found[place/chunkSize], place%chunkSize)
		few--
	}
	for _, place := range s.added { // which the line does not know
		add(place)
	}
	s.line.mu.RLock()
	for code, places := range s.line.received {
		if code >= len(a.codes) || !a.codes[code] || few < 0 {
			continue
		}
		for _, place := range places {
			if int(place) < s.size {
				add(int(place))
			}
		}
	}
	s.line.mu.RUnlock()
	if few < 0 {
		return nil
	}
	for i, places := range found {
		slices.Sort(places)
		found[i] = slices.Compact(places)
	}
	return found
}

// chunkSize is the number of grants in a chunk: small enough to copy on every write, large enough that there are few.
const chunkSize = 1024

// chunk is a run of grants. Its records are never changed; what is worked out from them is kept beside them.
type chunk struct {
	records  []record
	once     sync.Once
	links    []int // see linked
	shadowed []int // see shadows
	views    cache[*view]
	awards   cache[awards]
}

// NewSnapshot returns a snapshot of no grants.
func NewSnapshot(reg *grant.Registry, rates *fx.Table) *Snapshot {
	return &Snapshot{line: &line{places: map[string]int32{}}, reg: reg, rates: rates}
}

// Next returns the snapshot after a change of these grants, new or changed, of the registry and of the rates.
func (s *Snapshot) Next(reg *grant.Registry, rates *fx.Table, changed []*grant.Grant) *Snapshot {
	b := s.Builder()
	for _, g := range changed {
		b.Add(g)
	}
	return b.Snapshot(reg, rates)
}

// set puts a grant in its place. Chunks that are in copied belong to s alone.
func (s *Snapshot) set(g *grant.Grant, copied map[int]bool) {
	r := s.line.record(g)
	s.line.mu.Lock()
	defer s.line.mu.Unlock()
	place, known := s.look(g.ID)
	if !known {
		place = s.size
		s.line.places[g.ID] = int32(place)
		s.size++
	}
	i := place / chunkSize
	if i == len(s.chunks) {
		s.chunks = append(s.chunks, &chunk{records: make([]record, 0, chunkSize)})
		copied[i] = true
	}
	if !copied[i] {
		old := s.chunks[i].records
		s.chunks[i] = &chunk{records: append(make([]record, 0, chunkSize), old...)}
		copied[i] = true
	}
	if known {
		s.line.receives(place, &r, &s.chunks[i].records[place%chunkSize])
		s.chunks[i].records[place%chunkSize] = r
		return
	}
	s.line.receives(place, &r, nil)
	s.chunks[i].records = append(s.chunks[i].records, r)
}

// place returns where a grant stands. The index is the line's, and may hold places of later snapshots and of such as were given up.
func (s *Snapshot) place(id string) (int, bool) {
	if p, ok := s.added[id]; ok {
		return p, true
	}
	s.line.mu.RLock()
	defer s.line.mu.RUnlock()
	return s.look(id)
}

// look is place for one who holds the line's lock, of what is in the line.
func (s *Snapshot) look(id string) (int, bool) {
	p, ok := s.line.places[id]
	if !ok || int(p) >= s.size || s.chunks[p/chunkSize].records[p%chunkSize].id != id {
		return 0, false
	}
	return int(p), true
}

// supposes tells whether a grant is one that a scenario adds.
func (s *Snapshot) supposes(id string) bool {
	_, ok := s.added[id]
	return ok
}

// find returns the record of a grant, or nil.
func (s *Snapshot) find(id string) *record {
	p, ok := s.place(id)
	if !ok {
		return nil
	}
	return &s.chunks[p/chunkSize].records[p%chunkSize]
}

// each calls f for every record.
func (s *Snapshot) each(f func(*record)) {
	for _, c := range s.chunks {
		for i := range c.records {
			f(&c.records[i])
		}
	}
}

// Builder makes the next Snapshot of many grants, one by one.
type Builder struct {
	snapshot *Snapshot
	copied   map[int]bool // the chunks that are its own; nil while it has changed nothing
}

// Builder returns one that begins with what a snapshot has.
func (s *Snapshot) Builder() *Builder {
	return &Builder{snapshot: &Snapshot{line: s.line, chunks: s.chunks, size: s.size}}
}

// Add adds a grant, or puts it in the place of the one with its id.
func (b *Builder) Add(g *grant.Grant) {
	if b.copied == nil {
		b.snapshot.chunks, b.copied = slices.Clone(b.snapshot.chunks), map[int]bool{}
	}
	b.snapshot.set(g, b.copied)
}

// Snapshot returns the snapshot of what was added. The Builder must not be used after it.
func (b *Builder) Snapshot(reg *grant.Registry, rates *fx.Table) *Snapshot {
	b.snapshot.reg, b.snapshot.rates = reg, rates
	return b.snapshot
}

// survivor returns the record of the grant that stands for a record today: itself, or what it was merged into. It is nil when that is not there.
func (s *Snapshot) survivor(r *record) *record {
	for r != nil && r.successor() != "" {
		r = s.find(r.successor())
	}
	return r
}

// Survivor returns the id of the grant that stands for one: its own, or that of what it was merged into.
func (s *Snapshot) Survivor(id string) string {
	if r := s.survivor(s.find(id)); r != nil {
		return r.id
	}
	return id
}

// Linked returns the ids of the grants that stand and have a link to a grant, or to one that was merged into it, in order.
func (s *Snapshot) Linked(id string) []string {
	return s.linkedBy(id, func(string) bool { return true })
}

// LinkedFor is Linked for a principal: of the links between grants that it may see.
func (s *Snapshot) LinkedFor(p grant.Principal, id string) []string {
	return s.linkedBy(id, func(id string) bool { return s.Shows(p, id) })
}

func (s *Snapshot) linkedBy(id string, shows func(id string) bool) []string {
	var ids []string
	leads := func(l link) bool { return s.Survivor(l.target) == id && shows(l.target) }
	for _, c := range s.chunks {
		for _, i := range c.linked() {
			if r := &c.records[i]; !r.deleted && shows(r.id) && slices.ContainsFunc(r.more.links, leads) {
				ids = append(ids, r.id)
			}
		}
	}
	slices.Sort(ids)
	return ids
}

// References counts the grants that are not deleted and refer to an organisation, a programme, a theme, a location or a population, and names the first of them.
func (s *Snapshot) References(key grant.Key) (count int, first string) {
	refers := s.referrer(key)
	s.each(func(r *record) {
		if r.deleted || !refers(r) {
			return
		}
		if count++; first == "" || r.id < first {
			first = r.id
		}
	})
	return count, first
}

func (s *Snapshot) referrer(key grant.Key) func(*record) bool {
	switch key.Kind {
	case grant.Organisations:
		return s.organisationReferrer(key.ID)
	case grant.Programmes:
		code, ok := s.line.programmes.find(key.ID)
		return func(r *record) bool { return ok && r.programme == code }
	}
	list := map[grant.Kind]int{grant.Themes: themes, grant.Locations: locations, grant.Populations: populations}[key.Kind]
	code, ok := s.line.terms[list].find(key.ID)
	return func(r *record) bool {
		return ok && list != 0 && slices.ContainsFunc(r.list(list), func(e entry) bool { return e.code == code })
	}
}

func (s *Snapshot) organisationReferrer(id string) func(*record) bool {
	code, ok := s.line.organisations.find(id)
	donors := make([]bool, len(s.line.donors.all()))
	for i, d := range s.line.donors.all() {
		donors[i] = slices.Contains(donorIDs(d), id)
	}
	return func(r *record) bool {
		for _, e := range r.list(funders) {
			if donors[e.code] {
				return true
			}
		}
		return ok && (slices.ContainsFunc(r.list(recipients), func(e entry) bool { return e.code == code }) || r.more != nil && slices.Contains(r.more.others, code))
	}
}

// linked returns the indices of the records that have links.
func (c *chunk) linked() []int {
	c.once.Do(c.index)
	return c.links
}

// shadows returns the indices of the records that cast a shadow for those who may not see them.
func (c *chunk) shadows() []int {
	c.once.Do(c.index)
	return c.shadowed
}

// index finds the few records that are asked for apart from the others.
func (c *chunk) index() {
	for i := range c.records {
		r := &c.records[i]
		if r.more != nil && len(r.more.links) > 0 {
			c.links = append(c.links, i)
		}
		if r.shadow && !r.deleted {
			c.shadowed = append(c.shadowed, i)
		}
	}
}
