package search

import "slices"

// corpus is the documents of one kind of record as one revision left them. It is immutable: next copies the chunks that changes touch and shares the others.
type corpus struct {
	line   *line
	chunks [][]*document
	size   int          // how many documents there are; a place beyond it belongs to a later corpus
	own    map[int]bool // the chunks that were copied since next, until the corpus is given out
}

// chunkSize is the number of documents in a chunk: few enough to copy on every write.
const chunkSize = 1024

func newCorpus() *corpus { return &corpus{line: newLine(), own: map[int]bool{}} }

// next returns a corpus that may be changed, with what this one has.
func (c *corpus) next() *corpus {
	return &corpus{line: c.line, chunks: slices.Clone(c.chunks), size: c.size, own: map[int]bool{}}
}

// set puts a document in its place and posts its terms.
func (c *corpus) set(d *document) {
	old := c.find(d.id)
	place := c.size
	if old != nil {
		place = int(c.placeOf(d.id))
	} else {
		c.line.mu.Lock()
		c.line.places[d.id] = int32(place)
		c.line.mu.Unlock()
		c.size++
	}
	i := place / chunkSize
	switch {
	case i == len(c.chunks):
		c.chunks = append(c.chunks, make([]*document, 0, chunkSize))
		c.own[i] = true
	case !c.own[i]:
		c.chunks[i] = append(make([]*document, 0, chunkSize), c.chunks[i]...)
		c.own[i] = true
	}
	if old == nil {
		c.chunks[i] = append(c.chunks[i], d)
	} else {
		c.chunks[i][place%chunkSize] = d
	}
	c.line.post(int32(place), d.newTerms(old))
	if old == nil || !slices.Equal(old.part(funders), d.part(funders)) || !slices.Equal(old.part(recipients), d.part(recipients)) {
		c.line.postPairs(int32(place), d.part(funders), d.part(recipients))
	}
}

func (c *corpus) placeOf(id string) int32 {
	c.line.mu.RLock()
	defer c.line.mu.RUnlock()
	if p, ok := c.line.places[id]; ok {
		return p
	}
	return none
}

// at returns the document at a place, nil if this corpus has none there.
func (c *corpus) at(place int32) *document {
	if place < 0 || int(place) >= c.size {
		return nil
	}
	return c.chunks[place/chunkSize][place%chunkSize]
}

// find returns the document of a record, or nil. The line's places may be those of later corpora, and of such as were given up.
func (c *corpus) find(id string) *document {
	if d := c.at(c.placeOf(id)); d != nil && d.id == id {
		return d
	}
	return nil
}
