package search

import (
	"slices"

	"github.com/allmep/tandem/internal/grant"
)

// Index is what is searched, as one revision left it. It is immutable: any number of readers share it, and wait for whoever makes the next one only while that adds a term or a place. What
// Next costs depends on the changes, and not on the number of grants.
type Index struct {
	grants, organisations, programmes *corpus
	reg                               *grant.Registry
}

// New returns an index of nothing.
func New(reg *grant.Registry) *Index {
	return &Index{grants: newCorpus(), organisations: newCorpus(), programmes: newCorpus(), reg: reg}
}

// Next returns the index after a change of these records, new or changed, and of the registry.
func (x *Index) Next(reg *grant.Registry, changed []grant.Entity) *Index {
	b := x.Builder()
	for _, e := range changed {
		b.Add(e)
	}
	return b.Index(reg)
}

func (x *Index) corpus(kind grant.Kind) **corpus {
	switch kind {
	case grant.Grants:
		return &x.grants
	case grant.Organisations:
		return &x.organisations
	case grant.Programmes:
		return &x.programmes
	}
	return nil
}

// Builder makes the next Index of many records, one by one.
type Builder struct {
	index   *Index
	writers map[grant.Kind]*writer // of the documents of the corpora that are its own
}

// Builder returns one that begins with what an index has.
func (x *Index) Builder() *Builder {
	return &Builder{index: x.With(nil), writers: map[grant.Kind]*writer{}}
}

// Add adds a record, or puts it in the place of the one with its key.
func (b *Builder) Add(e grant.Entity) {
	kind := e.Key().Kind
	c := b.index.corpus(kind)
	if c == nil {
		return
	}
	w := b.writers[kind]
	if w == nil {
		*c = (*c).next()
		w = &writer{code: (*c).line.code}
		b.writers[kind] = w
	}
	d := w.document(e)
	mu := &(*c).line.mu // readers are kept out only while something is changed
	mu.Lock()
	defer mu.Unlock()
	(*c).set(d)
}

// Index returns the index of what was added. The Builder must not be used after it.
func (b *Builder) Index(reg *grant.Registry) *Index {
	b.index.reg = reg
	return b.index
}

// family returns the ids of the organisations that one organisation stands for today: itself, what was merged into it, and so on; or those of its survivor, if it was merged itself.
func (x *Index) family(id string) []string {
	all := []string{x.reg.Survivor(id)}
	seen := map[string]bool{all[0]: true, id: true}
	if all[0] != id {
		all = append(all, id)
	}
	for i := 0; i < len(all); i++ {
		for _, place := range x.organisations.line.posted(x.organisations.line.find(successorTerm, all[i])) {
			d := x.organisations.at(place)
			if d == nil || seen[d.id] {
				continue
			}
			if o := x.reg.Organisation(d.id); o != nil && o.Successor == all[i] {
				seen[d.id] = true
				all = append(all, d.id)
			}
		}
	}
	return all
}

// With returns the index as it would be asked with another registry, which has organisations that the index does not find by their names.
func (x *Index) With(reg *grant.Registry) *Index {
	return &Index{grants: x.grants, organisations: x.organisations, programmes: x.programmes, reg: reg}
}

// Identified returns for each of these numbers the ids of the grants that have it as an identifier, written in whatever way, in no order. Deleted and merged ones are among them. They are
// looked up together because of the lock: an import looks up each of its grants while those before are added.
func (x *Index) Identified(numbers []string) [][]string {
	squashed, ids := make([]string, len(numbers)), make([][]string, len(numbers))
	for i, n := range numbers {
		squashed[i] = squash(n)
	}
	codes, places := x.grants.line.findAll(identifierTerm, squashed)
	for i, code := range codes {
		for _, place := range places[i] {
			if d := x.grants.at(place); d != nil && slices.Contains(d.part(identifiers), code) {
				ids[i] = append(ids[i], d.id)
			}
		}
	}
	return ids
}
