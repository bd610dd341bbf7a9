package search

import (
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/fault"
)

// Query is words to search for. Each must be found.
type Query struct {
	words    []string
	squashed string
	pieces   []string // what stands between spaces, squashed: each may be an identifier
}

// IsZero tells whether there is nothing to search for.
func (q Query) IsZero() bool { return len(q.words) == 0 }

// ParseQuery reads a query. Its error is a fault of the field: the text has no letter or digit.
func ParseQuery(field, text string) (Query, error) {
	words := Words(text)
	if len(words) == 0 {
		return Query{}, fault.Field(field, "found %q; accepted are words or numbers to search for", text)
	}
	q := Query{words: words, squashed: strings.Join(words, "")}
	for piece := range strings.FieldsSeq(text) {
		q.pieces = append(q.pieces, squash(piece))
	}
	return q, nil
}

// Hit is a record that was found. The lower its Rank, the nearer it is to what was asked; what is equal in it goes by the beginning of the title.
type Hit struct {
	ID   string
	Rank int64
}

// What a query is found in, from the nearest. A record's class is that of the word that is found farthest off.
const (
	inIdentifier = iota // the query is an identifier
	inName              // it is a whole title or name
	asWords             // its words are words of titles, names or identifiers
	asPrefixes          // they begin some
	inText              // they begin words of the description
	nowhere
)

// Organisations finds organisations by their names and identifiers, in no order.
func (x *Index) Organisations(q Query) []Hit { return newScan(x.organisations, q).hits() }

// Grants finds grants by their titles and identifiers, by the names of their funders and recipients, of those that were merged into these and of those that these were merged into,
// by the name of their programme, and by their descriptions, in no order.
func (x *Index) Grants(q Query) []Hit { return x.scan(q).hits() }

// scan holds a query against the grants, and against the names of what they name.
func (x *Index) scan(q Query) *scan {
	s := newScan(x.grants, q)
	for _, of := range []lexicon{organisationTerm, programmeTerm} {
		corpus := x.organisations
		if of == programmeTerm {
			corpus = x.programmes
		}
		named := newScan(corpus, q)
		whole, classes := named.classes()
		for id := range whole {
			for _, c := range x.recordCodes(of, id) {
				s.named[c] = true
			}
		}
		for i := range classes {
			for id, class := range classes[i] {
				for _, c := range x.recordCodes(of, id) {
					if old, ok := s.words[i].records[c]; !ok || class < old {
						s.words[i].records[c] = class
					}
				}
			}
		}
	}
	return s
}

// recordCodes returns the codes by which grants name a record: those of an organisation's whole family.
func (x *Index) recordCodes(of lexicon, id string) []int32 {
	ids := []string{id}
	if of == organisationTerm {
		ids = x.family(id)
	}
	var codes []int32
	for _, id := range ids {
		if c := x.grants.line.find(of, id); c != none {
			codes = append(codes, c)
		}
	}
	return codes
}

// scan is a query, held against the documents of a corpus.
type scan struct {
	corpus     *corpus
	terms      []string
	words      []wanted
	whole      []int32 // the codes of the words; none where there is no such word
	identifier int32
	named      map[int32]bool // records that have the whole query for a name
}

// wanted is one word of a query.
type wanted struct {
	code    int32
	begins  bits // the codes of words that begin with it
	codes   []int32
	records map[int32]int // the class that the word has by the names of a record, by that record's code
}

func newScan(c *corpus, q Query) *scan {
	s := &scan{corpus: c, identifier: c.line.find(identifierTerm, q.squashed), named: map[int32]bool{}}
	for _, w := range q.words {
		one := wanted{code: c.line.find(wordTerm, w), codes: c.line.beginning(w), records: map[int32]int{}}
		s.words = append(s.words, one)
		s.whole = append(s.whole, one.code)
	}
	s.terms = c.line.all() // after the look-ups, so that it has all that they found
	for i := range s.words {
		s.words[i].begins = newBits(len(s.terms))
		for _, code := range s.words[i].codes {
			s.words[i].begins.add(code)
		}
	}
	return s
}

// hits returns what is found. It looks at the documents that have the rarest word, and at those with the identifier.
func (s *scan) hits() []Hit {
	best, least := []int32(nil), -1
	for _, w := range s.words {
		from := slices.Clone(w.codes)
		for c := range w.records {
			from = append(from, c)
		}
		if n := s.postings(from); least < 0 || n < least {
			best, least = from, n
		}
	}
	var hits []Hit
	s.each(append(best, s.identifier), func(d *document) {
		if class := s.classOf(d); class < nowhere {
			hits = append(hits, Hit{ID: d.id, Rank: s.rank(class, d)})
		}
	})
	return hits
}

func (s *scan) postings(codes []int32) (n int) {
	for _, c := range codes {
		n += len(s.corpus.line.posted(c))
	}
	return n
}

// each calls f, once, for every document that some of the terms may be in.
func (s *scan) each(codes []int32, f func(*document)) {
	seen := newBits(s.corpus.size)
	for _, c := range codes {
		for _, place := range s.corpus.line.posted(c) {
			if d := s.corpus.at(place); d != nil && !seen.has(place) {
				seen.add(place)
				f(d)
			}
		}
	}
}

// classes tells, for the names of records: which have the whole query for a name, and in which class each word is found in which.
func (s *scan) classes() (whole map[string]bool, words []map[string]int) {
	whole = map[string]bool{}
	for i := range s.words {
		found := map[string]int{}
		s.each(s.words[i].codes, func(d *document) {
			if class := s.words[i].inCodes(d.part(names)); class < nowhere {
				found[d.id] = class
			}
			if s.isName(d) {
				whole[d.id] = true
			}
		})
		words = append(words, found)
	}
	return whole, words
}

func (s *scan) classOf(d *document) int {
	if s.identifier != none && slices.Contains(d.part(identifiers), s.identifier) {
		return inIdentifier
	}
	class := asWords
	for i := range s.words {
		if class = max(class, s.words[i].in(d)); class == nowhere {
			return nowhere
		}
	}
	if s.isName(d) {
		return inName
	}
	for _, p := range [...]int{funders, recipients, programme} {
		for _, c := range d.part(p) {
			if s.named[c] {
				return inName
			}
		}
	}
	return class
}

// isName tells whether the query is a whole name of a document.
func (s *scan) isName(d *document) bool {
	all := d.part(names)
	for {
		i := slices.Index(all, none)
		if i < 0 {
			return slices.Equal(all, s.whole)
		}
		if slices.Equal(all[:i], s.whole) {
			return true
		}
		all = all[i+1:]
	}
}

// in returns the class in which the word is found in a document.
func (w *wanted) in(d *document) int {
	class := min(w.inCodes(d.part(names)), w.inCodes(d.part(identifierWords)))
	for _, p := range [...]int{funders, recipients, programme} {
		for _, c := range d.part(p) {
			if of, ok := w.records[c]; ok {
				class = min(class, of)
			}
		}
	}
	if class == nowhere && w.inCodes(d.part(text)) < nowhere {
		class = inText
	}
	return class
}

func (w *wanted) inCodes(codes []int32) int {
	class := nowhere
	for _, c := range codes {
		if c == w.code && c != none {
			return asWords
		}
		if w.begins.has(c) {
			class = asPrefixes
		}
	}
	return class
}

// rank puts a class and the beginning of a title into one number.
func (s *scan) rank(class int, d *document) int64 {
	const room = 7 // bytes
	n, rank := 0, int64(class)
	put := func(b byte) {
		if n < room {
			rank, n = rank<<8|int64(b), n+1
		}
	}
	for i, c := range d.part(names) {
		if c == none || n == room {
			break
		}
		if i > 0 {
			put(' ')
		}
		for _, b := range []byte(s.term(c)) {
			put(b)
		}
	}
	for n < room {
		put(0)
	}
	return rank
}
