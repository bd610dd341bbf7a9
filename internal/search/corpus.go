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

// set puts a document in its place and posts its terms. The caller holds the line's lock.
func (c *corpus) set(d *document) {
	place, old := c.look(d.id, c.line.postings.of(d.part(record)[0]))
	if old == nil {
		place = int32(c.size)
		c.size++
	}
	i := int(place / chunkSize)
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
	c.line.post(place, d, old)
	if old == nil || !slices.Equal(old.part(funders), d.part(funders)) || !slices.Equal(old.part(recipients), d.part(recipients)) {
		c.line.postPairs(place, d.part(funders), d.part(recipients))
	}
}

// at returns the document at a place, nil if this corpus has none there.
func (c *corpus) at(place int32) *document {
	if place < 0 || int(place) >= c.size {
		return nil
	}
	return c.chunks[place/chunkSize][place%chunkSize]
}

// find returns the document of a record, or nil.
func (c *corpus) find(id string) *document {
	_, d := c.look(id, c.line.posted(c.line.find(recordTerm, id)))
	return d
}

// look returns the document of a record, which is at one of these places if there is one. They may be those of later corpora, and of such as were given up.
func (c *corpus) look(id string, places []int32) (place int32, d *document) {
	for _, place := range places {
		if d := c.at(place); d != nil && d.id == id {
			return place, d
		}
	}
	return none, nil
}
