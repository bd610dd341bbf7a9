package grant

import (
	"maps"
	"slices"
	"sort"

	"github.com/allmep/tandem/internal/fault"
)

// Registry is every record but the grants: what grants refer to, and what answers need names from. It is immutable; With returns the next one.
// Deleted records stay in it, so that what was once recorded keeps its name, but nothing new may refer to them.
type Registry struct {
	records  map[Kind]map[string]Entity
	byHash   map[string]*Token
	byNumber map[string]string // identifier of an organisation -> its id
}

// NewRegistry returns a Registry of nothing.
func NewRegistry() *Registry { return &Registry{} }

// With returns a Registry that also holds these records, each in place of the one with the same key. Grants among them are passed over.
func (r *Registry) With(entities ...Entity) *Registry {
	next := &Registry{records: maps.Clone(r.records), byHash: r.byHash, byNumber: r.byNumber}
	if next.records == nil {
		next.records = map[Kind]map[string]Entity{}
	}
	cloned := map[Kind]bool{}
	for _, e := range entities {
		k := e.Key()
		if k.Kind == Grants {
			continue
		}
		if !cloned[k.Kind] {
			cloned[k.Kind] = true
			next.records[k.Kind] = cloneMap(next.records[k.Kind])
			switch k.Kind {
			case Tokens:
				next.byHash = cloneMap(next.byHash)
			case Organisations:
				next.byNumber = cloneMap(next.byNumber)
			}
		}
		next.index(r.records[k.Kind][k.ID], e)
		next.records[k.Kind][k.ID] = e
	}
	return next
}

func cloneMap[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return maps.Clone(m)
}

// index keeps the look-ups in step when e takes the place of old, which may be nil.
func (r *Registry) index(old, e Entity) {
	switch e := e.(type) {
	case *Token:
		if old, ok := old.(*Token); ok {
			delete(r.byHash, old.Hash)
		}
		if e.Deleted == 0 {
			r.byHash[e.Hash] = e
		}
	case *Organisation:
		if old, ok := old.(*Organisation); ok {
			for _, n := range old.Identifiers {
				if r.byNumber[n] == old.ID {
					delete(r.byNumber, n)
				}
			}
		}
		if e.Deleted == 0 {
			for _, n := range e.Identifiers {
				if _, taken := r.byNumber[n]; !taken { // Admit refuses e for it
					r.byNumber[n] = e.ID
				}
			}
		}
	}
}

// Get returns a record, deleted or not, or nil.
func (r *Registry) Get(k Key) Entity { return r.records[k.Kind][k.ID] }

// Has tells whether a record exists and is not deleted.
func (r *Registry) Has(k Key) bool {
	e := r.Get(k)
	return e != nil && e.Ledgered().Deleted == 0
}

// All returns the records of a kind, deleted ones too, in the order of their ids.
func (r *Registry) All(kind Kind) []Entity {
	all := slices.Collect(maps.Values(r.records[kind]))
	sort.Slice(all, func(i, j int) bool { return all[i].Key().ID < all[j].Key().ID })
	return all
}

// TokenByHash returns the token whose secret has this hash, or nil. Whether it has expired is the caller's question.
func (r *Registry) TokenByHash(hash string) *Token { return r.byHash[hash] }

// Organisation returns an organisation, deleted or not, or nil.
func (r *Registry) Organisation(id string) *Organisation {
	o, _ := r.Get(Key{Organisations, id}).(*Organisation)
	return o
}

// Survivor follows an organisation's successors to the one that stands for it today.
func (r *Registry) Survivor(id string) string {
	for range maxDepth {
		o := r.Organisation(id)
		if o == nil || o.Successor == "" {
			break
		}
		id = o.Successor
	}
	return id
}

// maxDepth bounds every walk up a chain of records. Admit refuses circles; a batch that has one is walked before it is refused.
const maxDepth = 100

// Identified returns the organisation to which an identifier leads: the one that stands for the one to which it belongs. It is nil when there is none.
func (r *Registry) Identified(number string) *Organisation {
	id, ok := r.byNumber[number]
	if !ok {
		return nil
	}
	return r.Organisation(r.Survivor(id))
}

// DonorState returns what an organisation's money rolls up to: the state of the one that stands for it, or the nearest one up the parents. One that
// was merged into another without a state keeps its own. "" means that none is recorded.
func (r *Registry) DonorState(id string) string {
	if state := r.stateFrom(r.Survivor(id)); state != "" {
		return state
	}
	return r.stateFrom(id)
}

func (r *Registry) stateFrom(id string) string {
	for range maxDepth {
		o := r.Organisation(id)
		if o == nil {
			break
		}
		if o.State != "" {
			return o.State
		}
		id = r.Survivor(o.Parent)
	}
	return ""
}

// Label returns a record's name for people, or its id when there is none.
func (r *Registry) Label(k Key) string {
	switch e := r.Get(k).(type) {
	case *Organisation:
		return e.DisplayName
	case *Programme:
		return e.DisplayName
	case *Term:
		return e.DisplayName
	case *Mapping:
		return e.DisplayName
	}
	return k.ID
}

// TermParent returns the id of the parent of a theme, location or population, "" at the top.
func (r *Registry) TermParent(k Key) string {
	if t, ok := r.Get(k).(*Term); ok {
		return t.Parent
	}
	return ""
}

// Within tells whether a theme, location or population is one of these or below one.
func (r *Registry) Within(k Key, ids []string) bool {
	for range maxDepth {
		if slices.Contains(ids, k.ID) {
			return true
		}
		if k.ID = r.TermParent(k); k.ID == "" {
			return false
		}
	}
	return false
}

// Admit checks what a valid record must obey among the others: what it refers to exists, no tree becomes a circle, an identifier belongs to one
// organisation, and a funder has a donor state. Links between grants are the ledger's to check. Its error is Invalid.
func (r *Registry) Admit(e Entity) error {
	var v fault.List
	for ref := range e.References() {
		if ref.Key.Kind == Grants {
			continue
		}
		if !r.Has(ref.Key) {
			v.Add(ref.Field(), "%q does not exist", ref.Key)
		}
	}
	switch e := e.(type) {
	case *Organisation:
		r.admitOrganisation(&v, e)
	case *Term:
		r.circle(&v, "parent", e.Key(), e.Parent, r.TermParent)
	case *Grant:
		for i, f := range e.Funders {
			k := Key{Organisations, f.Organisation}
			if r.Has(k) && r.DonorState(f.Organisation) == "" {
				v.Add(index("funders", i)+".organisation", "%q has no donor state, nor has a parent of it; set its state (an ISO 3166 code, EU, UN or PRIVATE)", k)
			}
		}
	}
	return v.Err()
}

func (r *Registry) admitOrganisation(v *fault.List, o *Organisation) {
	for i, n := range o.Identifiers {
		if other, taken := r.byNumber[n]; taken && other != o.ID {
			v.Add(index("identifiers", i), "%q belongs to %q", n, Key{Organisations, other})
		}
	}
	// Parents and successors are one way up: who walks up parents goes on from the one that stands for each.
	up := func(k Key) string {
		switch p := r.Organisation(k.ID); {
		case p == nil:
			return ""
		case p.Successor != "":
			return p.Successor
		default:
			return p.Parent
		}
	}
	r.circle(v, "parent", o.Key(), o.Parent, up)
	r.circle(v, "successor", o.Key(), o.Successor, up)
}

// circle adds a violation when following next from the record's new value of a field leads back to the record.
func (r *Registry) circle(v *fault.List, field string, self Key, first string, next func(Key) string) {
	id := first
	for range maxDepth {
		if id == self.ID {
			v.Add(field, "%q leads back to %q; it must not go in a circle", Key{self.Kind, first}, self)
			return
		}
		if id == "" {
			return
		}
		id = next(Key{self.Kind, id})
	}
	v.Add(field, "the chain from %q is longer than %d; it must be shorter and not go in a circle", Key{self.Kind, first}, maxDepth)
}

// Dependants returns the keys of the records of this registry that are not deleted and refer to k, in order. Grants are not among them.
func (r *Registry) Dependants(k Key) []Key {
	var keys []Key
	for _, records := range r.records {
		for _, e := range records {
			if e.Ledgered().Deleted != 0 {
				continue
			}
			for ref := range e.References() {
				if ref.Key == k {
					keys = append(keys, e.Key())
					break
				}
			}
		}
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	return keys
}

// TakesPart tells whether a principal's donor state is among the funders of a grant, or its organisation among the funders or the recipients, both
// through mergers. It is what Principal.Sees asks about restricted grants.
func (r *Registry) TakesPart(p Principal, g *Grant) bool {
	own := r.Survivor(p.Organisation)
	for _, f := range g.Funders {
		if p.Role == Donor && r.DonorState(f.Organisation) == p.State || p.Role == Member && r.Survivor(f.Organisation) == own {
			return true
		}
	}
	for _, q := range g.Recipients {
		if p.Role == Member && r.Survivor(q.Organisation) == own {
			return true
		}
	}
	return false
}
