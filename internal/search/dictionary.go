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
	places   map[string]int32           // of a record's id, in the order of appearance
	codes    [lexicons]map[string]int32 // of a term
	terms    []string                   // by code
	postings [][]int32                  // by code: the places of the documents that have the term
	words    runs                       // the codes of the terms that are words, in the order of these
	pairs    map[pair][]int32           // the places of the grants of a funder to a recipient
	funders  map[int32][]int32
}

// pair is the codes of a funder and of a recipient.
type pair struct{ funder, recipient int32 }

func newLine() *line {
	l := &line{places: map[string]int32{}, pairs: map[pair][]int32{}, funders: map[int32][]int32{}}
	for v := range l.codes {
		l.codes[v] = map[string]int32{}
	}
	return l
}

// lexicon is a set of terms. One text is another term in each.
type lexicon uint8

const (
	wordTerm         lexicon = iota
	identifierTerm           // a whole identifier, an award number, or what stands before that, squashed
	organisationTerm         // the id of an organisation that a grant names
	programmeTerm
	successorTerm // the id of the organisation that one was merged into
	lexicons
)

// none is the code of no term.
const none int32 = -1

// code returns the code of a term, and gives it one if it has none. Only who adds to the line calls it, so that it needs no lock to read.
func (l *line) code(of lexicon, term []byte) int32 {
	if c, ok := l.codes[of][string(term)]; ok {
		return c
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c, text := int32(len(l.terms)), string(term)
	l.terms, l.postings = append(l.terms, text), append(l.postings, nil)
	l.codes[of][text] = c
	if of == wordTerm {
		l.words = l.words.with(c, l.terms)
	}
	return c
}

// find returns the code of a term, none if it has none.
func (l *line) find(of lexicon, term string) int32 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if c, ok := l.codes[of][term]; ok {
		return c
	}
	return none
}

// findAll returns the codes of terms, none for those that have none, and the places of each. A place may stand there twice.
func (l *line) findAll(of lexicon, terms []string) (codes []int32, places [][]int32) {
	codes, places = make([]int32, len(terms)), make([][]int32, len(terms))
	l.mu.RLock()
	defer l.mu.RUnlock()
	for i, t := range terms {
		codes[i] = none
		if c, ok := l.codes[of][t]; ok {
			codes[i], places[i] = c, l.postings[c]
		}
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
		places := l.postings[c]
		if len(places) > 0 && places[len(places)-1] == place {
			continue
		}
		if _, there := slices.BinarySearch(had, c); !there {
			l.postings[c] = append(places, place)
		}
	}
}

// postPairs adds a place to the postings of each funder with each recipient. The caller holds the lock.
func (l *line) postPairs(place int32, funders, recipients []int32) {
	for _, r := range recipients {
		for _, f := range funders {
			places := l.pairs[pair{f, r}]
			if places == nil {
				l.funders[r] = append(l.funders[r], f)
			}
			l.pairs[pair{f, r}] = append(places, place)
		}
	}
}

// posted returns the places of a term. A place may stand there twice.
func (l *line) posted(code int32) []int32 {
	if code < 0 {
		return nil
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.postings[code]
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
	return l.pairs[k]
}

// beginning returns the codes of the words that begin with a prefix.
func (l *line) beginning(prefix string) []int32 {
	l.mu.RLock()
	words, terms := l.words, l.terms
	l.mu.RUnlock()
	var codes []int32
	for _, run := range words {
		i, _ := slices.BinarySearchFunc(run, prefix, func(c int32, prefix string) int { return strings.Compare(terms[c], prefix) })
		for ; i < len(run) && strings.HasPrefix(terms[run[i]], prefix); i++ {
			codes = append(codes, run[i])
		}
	}
	return codes
}

// runs is a set of codes in several sorted runs, each longer than the next. A run is never changed, so that readers need no lock while a new code is merged in; one code costs, in the
// long run, as many comparisons as there are runs.
type runs [][]int32

func (r runs) with(code int32, terms []string) runs {
	run, n := []int32{code}, len(r)
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
