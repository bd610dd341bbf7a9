package search

import (
	"bytes"
	"iter"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/period"
)

// document is a record as it is searched for: codes of terms in place of text. It is never changed.
type document struct {
	id, title string
	deleted   bool
	ends      [parts]int32 // where each part of codes ends
	codes     []int32
	award     *award // of a grant
}

// The parts of a document's codes.
const (
	names           = iota // the words of each name, in order, with none between names
	identifierWords        // the words of its identifiers
	text                   // the words of its description, each once
	identifiers            // whole identifiers
	numbers                // award numbers: the code of a series, then that of a number in it, and so on
	funders                // the records that a grant names
	recipients
	programme
	successor
	record // the record itself
	linked // the records of the grants that it is linked to or was merged into
	parts
)

// award is what a grant has beside its words.
type award struct {
	figure           figure
	start, end, date period.Date
	span             period.Span // First is after Last when it is not known
	months, weight   int32       // how long it runs; of the title's words
	merged           bool
}

// part returns the codes of a part.
func (d *document) part(p int) []int32 {
	if p == 0 {
		return d.codes[:d.ends[0]]
	}
	return d.codes[d.ends[p-1]:d.ends[p]]
}

// linksTo tells whether a document's grant has a link to another, or was merged into it.
func (d *document) linksTo(b *document) bool {
	return slices.Contains(d.part(linked), b.part(record)[0])
}

// terms yields the codes by which a document is found: all but those of series, and of others that it is linked to.
func (d *document) terms() iter.Seq[int32] {
	return func(yield func(int32) bool) {
		from, to := int(d.ends[numbers-1]), int(d.ends[numbers])
		for i, c := range d.codes[:d.ends[record]] {
			if series := i >= from && i < to && (i-from)%2 == 0; c != none && !series && !yield(c) {
				return
			}
		}
	}
}

// writer makes documents, one after the other. code gives the code of a term, which it does not keep.
type writer struct {
	code    func(of lexicon, term []byte) int32
	ends    [parts]int32 // of the document that is being made
	codes   []int32
	text    []byte  // that is being read
	words   []int   // where its words ended, when it was squashed
	whole   []int32 // the parts identifiers and numbers, while identifierWords are being added
	numbers []int32
}

func (w *writer) add(of lexicon, term string) {
	w.text = append(w.text[:0], term...)
	w.codes = append(w.codes, w.code(of, w.text))
}

// addWords adds the words of a text, and leaves them in w.text.
func (w *writer) addWords(text string) {
	w.text = appendWords(w.text[:0], text)
	for rest := w.text; len(rest) > 0; {
		n := bytes.IndexByte(rest, ' ')
		w.codes = append(w.codes, w.code(wordTerm, rest[:n]))
		rest = rest[n+1:]
	}
}

func (w *writer) end(part int) { w.ends[part] = int32(len(w.codes)) }

func (w *writer) addNames(all ...string) {
	for i, name := range all {
		if i > 0 {
			w.codes = append(w.codes, none)
		}
		w.addWords(name)
	}
	w.end(names)
}

// addIdentifiers adds the words of identifiers, the words of a text, and the identifiers themselves with the numbers in them. The keys of imports are identifiers that nobody reads.
func (w *writer) addIdentifiers(all []string, imports []grant.Import, description string) {
	w.whole, w.numbers = w.whole[:0], w.numbers[:0]
	for _, s := range all {
		w.addWords(s)
		whole := w.squash()
		w.whole = append(w.whole, w.code(identifierTerm, whole))
		for series, number := range numbersIn(whole, w.words) {
			w.numbers = append(w.numbers, w.code(identifierTerm, series), w.code(identifierTerm, number))
		}
	}
	w.end(identifierWords)
	from := len(w.codes)
	w.addWords(description)
	slices.Sort(w.codes[from:])
	w.codes = append(w.codes[:from], slices.Compact(w.codes[from:])...)
	w.end(text)
	for i := range imports {
		if !slices.Contains(all, imports[i].Key) {
			w.text = appendWords(w.text[:0], imports[i].Key)
			w.whole = append(w.whole, w.code(identifierTerm, w.squash()))
		}
	}
	w.codes = append(w.codes, w.whole...)
	w.end(identifiers)
	w.codes = append(w.codes, w.numbers...)
	w.end(numbers)
}

// squash makes one word of those in w.text, and notes in w.words where each ended.
func (w *writer) squash() []byte {
	whole := w.text[:0]
	w.words = w.words[:0]
	for _, b := range w.text {
		if b == ' ' {
			w.words = append(w.words, len(whole))
		} else {
			whole = append(whole, b)
		}
	}
	return whole
}

func (w *writer) addRecord(id string) {
	w.add(recordTerm, id)
	w.end(record)
}

// finish completes a document with what was added. The parts that were not ended are empty.
func (w *writer) finish(d *document) *document {
	d.ends, d.codes = w.ends, slices.Clone(w.codes)
	for p := 1; p < parts; p++ {
		d.ends[p] = max(d.ends[p], d.ends[p-1])
	}
	w.ends, w.codes = [parts]int32{}, w.codes[:0]
	return d
}

// document makes the document of a record of one of the kinds that have a corpus.
func (w *writer) document(e grant.Entity) *document {
	switch e := e.(type) {
	case *grant.Grant:
		return w.grant(e)
	case *grant.Organisation:
		return w.organisation(e)
	}
	return w.programme(e.(*grant.Programme))
}

func (w *writer) organisation(o *grant.Organisation) *document {
	w.addNames(append([]string{o.DisplayName}, o.Aliases...)...)
	w.addIdentifiers(o.Identifiers, nil, "")
	w.end(funders)
	w.end(recipients)
	w.end(programme)
	if o.Successor != "" {
		w.add(successorTerm, o.Successor)
	}
	w.end(successor)
	w.addRecord(o.ID)
	return w.finish(&document{id: o.ID, title: o.DisplayName, deleted: o.Deleted != 0})
}

func (w *writer) programme(p *grant.Programme) *document {
	w.addNames(p.DisplayName)
	w.addRecord(p.ID)
	return w.finish(&document{id: p.ID, title: p.DisplayName, deleted: p.Deleted != 0})
}

func (w *writer) grant(g *grant.Grant) *document {
	whole := &struct { // in one piece of memory
		document
		of award
	}{
		document{id: g.ID, title: g.Title, deleted: g.Deleted != 0},
		award{figure: figureOf(g), start: g.Start, end: g.End, months: int32(g.DurationMonths), span: period.Span{First: 1, Last: 0}, merged: g.Successor != ""},
	}
	d, a := &whole.document, &whole.of
	d.award = a
	w.addNames(g.Title)
	a.weight = int32(w.weight())
	w.addIdentifiers(g.Identifiers, g.Imports, g.Description)
	for _, p := range g.Funders {
		w.add(organisationTerm, p.Organisation)
	}
	w.end(funders)
	for _, p := range g.Recipients {
		w.add(organisationTerm, p.Organisation)
	}
	w.end(recipients)
	if g.Programme != "" {
		w.add(programmeTerm, g.Programme)
	}
	w.end(programme)
	if span, ok := g.Span(); ok {
		a.span = span
	}
	if t := g.Award(); t != nil {
		a.date = t.Date
	}
	w.addRecord(g.ID)
	for _, l := range g.Links {
		w.add(recordTerm, l.Target)
	}
	if g.Successor != "" {
		w.add(recordTerm, g.Successor)
	}
	w.end(linked)
	return w.finish(d)
}

// weight returns the weight of the words that were added, each once, when they are all that was.
func (w *writer) weight() (sum int) {
	rest := w.text
	for i, c := range w.codes {
		n := bytes.IndexByte(rest, ' ')
		if !slices.Contains(w.codes[:i], c) {
			sum += weightOf(string(rest[:n]))
		}
		rest = rest[n+1:]
	}
	return sum
}

// numbersIn yields the award numbers in an identifier, of which ends tells where each word ends, and before each its series: what stands before it, three words at most, which two numbers of
// one giver have in common: US-GOV-11. A number is a word of at least eight letters and digits, five of them digits: SIS70020GR0124 in US-GOV-11-SIS70020GR0124-268122. If no word is one, the
// whole is, if its last word has four digits: GB-GOV-1-300123.
func numbersIn(identifier []byte, ends []int) iter.Seq2[[]byte, []byte] {
	return func(yield func(series, number []byte) bool) {
		from, found := 0, false
		for i, end := range ends {
			number := identifier[from:end]
			from = end
			if len(number) < 8 || digits(number) < 5 {
				if last := i == len(ends)-1; !last || found || digits(number) < 4 {
					continue
				}
				number = identifier
			}
			if found = true; !yield(series(identifier, ends[:i], number), number) {
				return
			}
		}
	}
}

// series returns what stands before a number: words that end there, or its own first letters if there are none.
func series(identifier []byte, ends []int, number []byte) []byte {
	if n := min(len(ends), 3); n > 0 {
		return identifier[:ends[n-1]]
	}
	end := 0
	for range min(3, utf8.RuneCount(number)) {
		_, size := utf8.DecodeRune(number[end:])
		end += size
	}
	return number[:end]
}

func digits[T string | []byte](s T) (n int) {
	for _, r := range string(s) {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// decides tells whether an identifier is one by which two grants are the same: it has five letters and digits or more, and a digit. "n/a" is none, nor is a year.
func decides(identifier string) bool { return len(identifier) >= 5 && digits(identifier) > 0 }
