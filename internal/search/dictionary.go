package search

import (
	"slices"
	"strings"
	"sync"
)

// line is what the corpora that follow one another share. It only grows: a code holds for all of them, and a posting may hold places whose document, in an earlier or a later corpus,
// does not have the term. Whoever follows a posting looks at the document. One goroutine at a time adds to it: it holds the lock for what it changes, and others to read.
type line struct {
	mu       sync.RWMutex
	codes    [lexicons]table
	terms    []string        // by code
	block    strings.Builder // in which the last terms stand: few blocks are less to the collector than many terms
	postings postings        // of the terms: the places of the documents that have them
	fresh    []int32         // the codes of the terms that are words, but for those in words

	pairs        map[pair]int32    // the codes of pairs, which are others than those of terms
	pairPostings postings          // the places of the grants of a funder to a recipient
	funders      map[int32][]int32 // of a recipient

	ordering sync.Mutex // of words
	words    runs       // the codes of the terms that are words, in the order of these
}

// pair is the codes of a funder and of a recipient.
type pair struct{ funder, recipient int32 }

func newLine() *line {
	return &line{pairs: map[pair]int32{}, funders: map[int32][]int32{}}
}

// lexicon is a set of terms. One text is another term in each.
type lexicon uint8

const (
	wordTerm         lexicon = iota
	identifierTerm           // a whole identifier, an award number, or what stands before that, squashed
	organisationTerm         // the id of an organisation that a grant names
	programmeTerm
	successorTerm // the id of the organisation that one was merged into
	recordTerm    // the id of the record itself
	lexicons
)

// none is the code of no term.
const none int32 = -1

// code returns the code of a term, and gives it one if it has none. Only who adds to the line calls it, so that it needs no lock to read.
func (l *line) code(of lexicon, term []byte) int32 {
	hash := hashOfBytes(term)
	c := lookUp(&l.codes[of], hash, term, l.terms)
	if c != none {
		return c
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c = int32(len(l.terms))
	l.terms = append(l.terms, l.text(term))
	l.postings.grow()
	l.codes[of].add(hash, c)
	if of == wordTerm {
		l.fresh = append(l.fresh, c)
	}
	return c
}

// blockSize is the size of a block of terms, but for one that is longer.
const blockSize = 8 << 10

// text returns a term to keep.
func (l *line) text(term []byte) string {
	if l.block.Len()+len(term) > l.block.Cap() {
		l.block = strings.Builder{}
		l.block.Grow(max(blockSize, len(term)))
	}
	from := l.block.Len()
	l.block.Write(term)
	return l.block.String()[from:]
}

// find returns the code of a term, none if it has none.
func (l *line) find(of lexicon, term string) int32 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return lookUp(&l.codes[of], hashOf(term), term, l.terms)
}

// findAll returns the codes of terms, none for those that have none, and the places of each. A place may stand there twice.
func (l *line) findAll(of lexicon, terms []string) (codes []int32, places [][]int32) {
	codes, places = make([]int32, len(terms)), make([][]int32, len(terms))
	l.mu.RLock()
	defer l.mu.RUnlock()
	for i, t := range terms {
		codes[i] = lookUp(&l.codes[of], hashOf(t), t, l.terms)
		places[i] = l.postings.of(codes[i])
	}
	return codes, places
}

// all returns the terms by code. They must not be changed.
func (l *line) all() []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.terms
}

// post adds a place to the postings of the terms of a document, but for those of the one that stood there before, which may be nil. The caller holds the lock.
func (l *line) post(place int32, d, before *document) {
	var had []int32
	if before != nil {
		had = slices.Sorted(before.terms())
	}
	for c := range d.terms() {
		if _, there := slices.BinarySearch(had, c); !there {
			l.postings.post(c, place)
		}
	}
}

// postPairs adds a place to the postings of each funder with each recipient. The caller holds the lock.
func (l *line) postPairs(place int32, funders, recipients []int32) {
	for _, r := range recipients {
		for _, f := range funders {
			c, known := l.pairs[pair{f, r}]
			if !known {
				c = int32(len(l.pairs))
				l.pairs[pair{f, r}] = c
				l.pairPostings.grow()
				l.funders[r] = append(l.funders[r], f)
			}
			l.pairPostings.post(c, place)
		}
	}
}

// posted returns the places of a term. A place may stand there twice.
func (l *line) posted(code int32) []int32 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.postings.of(code)
}

// fundersOf returns the codes of those that fund a recipient, in some corpus of the line.
func (l *line) fundersOf(recipient int32) []int32 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.funders[recipient]
}

func (l *line) postedPair(k pair) []int32 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	c, known := l.pairs[k]
	if !known {
		return nil
	}
	return l.pairPostings.of(c)
}

// beginning returns the codes of the words that begin with a prefix.
func (l *line) beginning(prefix string) []int32 {
	words, terms := l.ordered()
	var codes []int32
	for _, run := range words {
		i, _ := slices.BinarySearchFunc(run, prefix, func(c int32, prefix string) int { return strings.Compare(terms[c], prefix) })
		for ; i < len(run) && strings.HasPrefix(terms[run[i]], prefix); i++ {
			codes = append(codes, run[i])
		}
	}
	return codes
}

// ordered returns the words in order. Those that came since it was called last are put in order now, and not as they came, so that taking in many is fast.
func (l *line) ordered() (words runs, terms []string) {
	l.ordering.Lock()
	defer l.ordering.Unlock()
	l.mu.Lock()
	fresh, terms := l.fresh, l.terms
	l.fresh = nil
	l.mu.Unlock()
	if len(fresh) > 0 {
		slices.SortFunc(fresh, func(a, b int32) int { return strings.Compare(terms[a], terms[b]) })
		l.words = l.words.with(fresh, terms)
	}
	return l.words, terms
}

// runs is a set of codes in several sorted runs, each longer than the next. A run is never changed, so that readers need no lock while others are merged in; one code costs, in the
// long run, as many comparisons as there are runs.
type runs [][]int32

func (r runs) with(run []int32, terms []string) runs {
	n := len(r)
	for ; n > 0 && len(r[n-1]) <= len(run); n-- {
		run = merge(r[n-1], run, terms)
	}
	return append(r[:n:n], run)
}

func merge(a, b []int32, terms []string) []int32 {
	out := make([]int32, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if terms[a[0]] < terms[b[0]] {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// bits is a set of codes or of places.
type bits []uint64

func newBits(n int) bits { return make(bits, (n+63)/64) }

func (b bits) has(i int32) bool { return i >= 0 && int(i>>6) < len(b) && b[i>>6]>>(i&63)&1 == 1 }

func (b bits) add(i int32) { b[i>>6] |= 1 << (i & 63) }
