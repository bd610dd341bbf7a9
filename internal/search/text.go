package search

import (
	"slices"
	"strings"
)

// SimilarText returns the grants that a text is likely about: what someone typed of a grant, such as its title, its number, the names of its donor or recipient. Order, sees and
// limit are as of Similar. An identifier in the text decides; else the score is the weight of the words that are in the title or in the names, over that of all words, less if they are few.
func (x *Index) SimilarText(q Query, sees func(id string) bool, limit int) Matches {
	s := x.scan(q)
	t := told{scan: s, pieces: append(slices.Clone(q.pieces), q.squashed)}
	for i, w := range q.words {
		weight := weightOf(w)
		if slices.Contains(q.words[:i], w) {
			weight = 0
		}
		t.weights, t.total = append(t.weights, weight), t.total+weight
	}
	var found []Match
	s.each(t.candidates(), func(d *document) {
		if d.deleted || d.award.merged {
			return
		}
		if m := t.match(q, d); m.Score >= Likely && sees(d.id) {
			found = append(found, m)
		}
	})
	return first(found, len(found), limit)
}

// told is a text that is held against grants.
type told struct {
	*scan
	pieces  []string // which may be identifiers
	weights []int    // of the words
	total   int
}

// candidates returns the terms of which a likely grant has one: identifiers, and so many of the rarest words that the rest are not enough for half of the weight.
func (t *told) candidates() []int32 {
	var from []int32
	for _, piece := range t.pieces {
		if decides(piece) {
			from = append(from, t.corpus.line.find(identifierTerm, piece))
		}
	}
	order := make([]int, len(t.words))
	codes := make([][]int32, len(t.words))
	sizes := make([]int, len(t.words))
	for i, w := range t.words {
		order[i] = i
		if w.code != none {
			codes[i] = append(codes[i], w.code)
		}
		for c, class := range w.records {
			if class == asWords {
				codes[i] = append(codes[i], c)
			}
		}
		sizes[i] = t.postings(codes[i])
	}
	slices.SortFunc(order, func(a, b int) int { return sizes[a] - sizes[b] })
	left, needed := t.total, max((t.total+1)/2, enough/2)
	for _, i := range order {
		if left < needed {
			break
		}
		from = append(from, codes[i]...)
		left -= t.weights[i]
	}
	return from
}

func (t *told) match(q Query, d *document) Match {
	m := Match{ID: d.id, Title: d.title}
	for _, p := range [...]int{identifiers, numbers} {
		for i, c := range d.part(p) {
			if series := p == numbers && i%2 == 0; !series && decides(t.term(c)) && slices.Contains(t.pieces, t.term(c)) {
				m.Score, m.Parts = Whole, []Part{{Kind: Identifier, Points: Whole, Reason: "the identifier " + strings.ToUpper(t.term(c))}}
				return m
			}
		}
	}
	var inTitle, inNames int
	var titleWords, nameWords []string
	for i, w := range t.words {
		switch {
		case t.weights[i] == 0:
		case w.code != none && slices.Contains(d.part(names), w.code):
			inTitle += t.weights[i]
			titleWords = append(titleWords, q.words[i])
		case w.named(d):
			inNames += t.weights[i]
			nameWords = append(nameWords, q.words[i])
		}
	}
	both := inTitle + inNames
	if both == 0 {
		return m
	}
	m.Score = Whole * both * min(both, enough) / (t.total * enough)
	ofTitle := m.Score * inTitle / both
	if ofTitle > 0 {
		m.Parts = append(m.Parts, Part{Kind: Title, Points: ofTitle, Reason: "in the title: " + strings.Join(titleWords, ", ")})
	}
	if m.Score > ofTitle {
		m.Parts = append([]Part{{Kind: Block, Points: m.Score - ofTitle, Reason: "in the names of donor, recipient or programme: " + strings.Join(nameWords, ", ")}}, m.Parts...)
	}
	return m
}

// named tells whether a record that a grant names has the word in its name.
func (w *wanted) named(d *document) bool {
	for _, p := range [...]int{funders, recipients, programme} {
		if slices.ContainsFunc(d.part(p), func(c int32) bool { class, ok := w.records[c]; return ok && class == asWords }) {
			return true
		}
	}
	return false
}

// term returns a term that has a code. The line may have grown since the scan was made.
func (s *scan) term(code int32) string {
	if int(code) >= len(s.terms) {
		s.terms = s.corpus.line.all()
	}
	return s.terms[code]
}
