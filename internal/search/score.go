package search

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/period"
)

// Kind is what a part of a score is about.
type Kind uint8

// The kinds of parts, in the order in which they are told.
const (
	Identifier  Kind = iota // they have an identifier, or an award number, in common
	Block                   // donor state and recipient
	Amount                  // what was awarded, in its own currency
	Dates                   // start, end, award and length
	Programme               // the funding instrument
	Title                   // the words of the titles
	AwardNumber             // each has an award number of the same giver's, and another one
	kinds
)

// Part is a part of a score: points for or against, in thousandths, and why.
type Part struct {
	Kind   Kind
	Points int
	Reason string
}

// The points of the parts, in thousandths. What two grants that agree in everything get is Whole.
const (
	Whole  = 1000
	Likely = 500 // grants from this score on are likely the same

	blockPoints      = 250
	halfBlockPoints  = 100 // of the same donor state, where one of the two has no recipient
	amountPoints     = 250
	otherAmount      = -80
	startPoints      = 45
	endPoints        = 40
	datePoints       = 35
	otherDays        = -300 // they do not run at the same time: a renewal
	programmePoints  = 80
	titlePoints      = 300
	titleNeeded      = 225 // of a pair in which one has no recipient
	sharedNumber     = 300
	otherAwardNumber = -500
)

// points are those of each kind. ok is false if the two cannot be the same.
type points [kinds]int

// sum is the score. An identifier in common decides, whatever the rest.
func (p points) sum() int {
	if p[Identifier] == Whole {
		return Whole
	}
	total := 0
	for _, n := range p {
		total += n
	}
	return max(0, min(Whole, total))
}

// judge compares one grant, of the index or a draft, with others.
type judge struct {
	index  *Index
	a      *document
	terms  []string
	own    []term           // terms that the line does not know; their codes are those below none
	states map[int32]string // of funders, by code
	family map[int32]string // survivors of recipients, by code
	words  []weighted       // of a's title, each once
	// The codes of identifiers and of award numbers that decide where another grant has them.
	identifiers, numbers []int32
}

// weighted is a word of a title.
type weighted struct {
	code   int32
	weight int
}

func (x *Index) judge(g *grant.Grant) *judge {
	j := x.newJudge()
	w := writer{code: j.code}
	j.a = w.grant(g)
	return j.ready()
}

func (x *Index) judgeOf(d *document) *judge {
	j := x.newJudge()
	j.a = d
	return j.ready()
}

func (x *Index) newJudge() *judge {
	return &judge{index: x, states: map[int32]string{}, family: map[int32]string{}}
}

// ready works out what every comparison needs. An identifier of one grant decides if it is one of the other's, or an award number in one.
func (j *judge) ready() *judge {
	j.terms = j.index.grants.line.all()
	for i, c := range j.a.part(names) {
		if !slices.Contains(j.a.part(names)[:i], c) {
			j.words = append(j.words, weighted{c, weightOf(j.term(c))})
		}
	}
	for _, c := range j.a.part(identifiers) {
		if decides(j.term(c)) {
			j.identifiers = append(j.identifiers, c)
			j.numbers = append(j.numbers, c)
		}
	}
	for i := 1; i < len(j.a.part(numbers)); i += 2 {
		if c := j.a.part(numbers)[i]; decides(j.term(c)) {
			j.identifiers = append(j.identifiers, c)
		}
	}
	return j
}

// term is a text in a lexicon.
type term struct {
	of   lexicon
	text string
}

// code returns the code of a term without telling the line of it.
func (j *judge) code(of lexicon, text []byte) int32 {
	t := term{of, string(text)}
	if c := j.index.grants.line.find(of, t.text); c != none {
		return c
	}
	i := slices.Index(j.own, t)
	if i < 0 {
		i = len(j.own)
		j.own = append(j.own, t)
	}
	return none - 1 - int32(i)
}

// compare returns the points of a pair; ok is false when it cannot be one grant: neither has it an identifier in common, nor donor state and recipient, nor, where a recipient is
// missing, donor state and title.
func (j *judge) compare(b *document) (p points, ok bool) {
	p[Title] = j.title(b)
	p[Block] = j.block(b)
	decided := j.decided(b)
	if !decided && (p[Block] == 0 || p[Block] == halfBlockPoints && p[Title] < titleNeeded) {
		return p, false
	}
	p[Identifier], p[AwardNumber] = j.award(b)
	if decided {
		p[Identifier], p[AwardNumber] = Whole, 0
	}
	p[Amount] = j.a.award.figure.points(b.award.figure, nil)
	p[Dates] = j.a.award.dates(b.award, nil)
	if p[Identifier] > 0 {
		p[Dates] = max(0, p[Dates]) // one award is published in pieces that follow one another
	}
	if mine, other := j.a.part(programme), b.part(programme); len(mine) > 0 && len(other) > 0 {
		p[Programme] = programmePoints
		if mine[0] != other[0] {
			p[Programme] = -programmePoints
		}
	}
	return p, true
}

// explain tells the points of a pair in words.
func (j *judge) explain(b *document, p points) []Part {
	reasons := [kinds]string{
		Identifier: "the same identifier", Block: "the same donor state and recipient", Programme: "the same programme", Title: "titles alike",
		AwardNumber: "another award number of the same series",
	}
	j.a.award.figure.points(b.award.figure, &reasons[Amount])
	j.a.award.dates(b.award, &reasons[Dates])
	if p[Identifier] == sharedNumber {
		reasons[Identifier] = "the same award number inside their identifiers"
	}
	if p[Block] == halfBlockPoints {
		reasons[Block] = "the same donor state, and a recipient is not said"
	}
	if p[Programme] < 0 {
		reasons[Programme] = "another programme"
	}
	var told []Part
	for k, n := range p {
		if n != 0 {
			told = append(told, Part{Kind: Kind(k), Points: n, Reason: reasons[k]})
		}
	}
	return told
}

// state returns the donor state of a funder.
func (j *judge) state(code int32) string {
	s, ok := j.states[code]
	if !ok {
		s = j.index.reg.DonorState(j.term(code))
		j.states[code] = s
	}
	return s
}

func (j *judge) survivor(code int32) string {
	s, ok := j.family[code]
	if !ok {
		s = j.index.reg.Survivor(j.term(code))
		j.family[code] = s
	}
	return s
}

// term returns a term that has a code. The line may have grown since the judge was made.
func (j *judge) term(code int32) string {
	if code < none {
		return j.own[none-1-code].text
	}
	if int(code) >= len(j.terms) {
		j.terms = j.index.grants.line.all()
	}
	return j.terms[code]
}

// block tells whether two grants have a donor state and a recipient in common.
func (j *judge) block(b *document) int {
	if !common(j.a.part(funders), b.part(funders), j.state) {
		return 0
	}
	mine, other := j.a.part(recipients), b.part(recipients)
	switch {
	case len(mine) == 0 || len(other) == 0:
		return halfBlockPoints
	case common(mine, other, j.survivor):
		return blockPoints
	}
	return 0
}

func common(a, b []int32, of func(int32) string) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return true
			}
			if s := of(x); s != "" && s == of(y) {
				return true
			}
		}
	}
	return false
}

// decided tells whether an identifier says that it is one grant.
func (j *judge) decided(b *document) bool {
	for _, c := range b.part(identifiers) {
		if slices.Contains(j.identifiers, c) {
			return true
		}
	}
	for k := 1; k < len(b.part(numbers)); k += 2 {
		if slices.Contains(j.numbers, b.part(numbers)[k]) {
			return true
		}
	}
	return false
}

// award tells whether two grants have an award number in common, or have different ones of one series.
func (j *judge) award(b *document) (shared, against int) {
	mine, other := j.a.part(numbers), b.part(numbers)
	for i := 0; i < len(mine); i += 2 {
		for k := 0; k < len(other); k += 2 {
			if mine[i+1] == other[k+1] {
				return sharedNumber, 0
			}
			if mine[i] == other[k] {
				against = otherAwardNumber
			}
		}
	}
	return 0, against
}

// enough is the weight of common words from which titles that are alike say all that a title can: three or four words. Below it they say as much less, so that "Core support" is no proof.
const enough = 16

// title returns the points of the titles: twice the weight of their common words over the weight of both (Dice's coefficient), less if they have few words.
func (j *judge) title(b *document) int {
	shared := 0
	for _, w := range j.words {
		if slices.Contains(b.part(names), w.code) {
			shared += w.weight
		}
	}
	if shared == 0 {
		return 0
	}
	return titlePoints * 2 * shared * min(shared, enough) / (int(j.a.award.weight+b.award.weight) * enough)
}

// weightOf is how much a word says: little if it is short. Hebrew and Arabic, which leave vowels out, get by with fewer letters. A number says more than any: it tells one phase
// from the next.
func weightOf(word string) int {
	switch word {
	case "ii", "iii", "iv", "vi", "vii", "viii", "ix":
		return 8
	}
	if digits(word) > 0 {
		return 8
	}
	n := utf8.RuneCountInString(word)
	if r, _ := utf8.DecodeRuneInString(word); unicode.In(r, unicode.Hebrew, unicode.Arabic) {
		n += n / 2
	}
	return max(1, min(n, 8)-2)
}

// dates compares when two grants run: start with start, end with end, award with award, and length with length where there is nothing else. The reason is told where there is a place
// for it.
func (a *award) dates(b *award, reason *string) (points int) {
	known := func(s period.Span) bool { return s.First <= s.Last }
	if known(a.span) && known(b.span) && (a.span.Last < b.span.First || b.span.Last < a.span.First) {
		if reason != nil {
			*reason = "they do not run at the same time"
		}
		return otherDays
	}
	var said []string
	for _, pair := range [...]struct {
		what   string
		a, b   period.Date
		points int
	}{{"start", a.start, b.start, startPoints}, {"end", a.end, b.end, endPoints}, {"award", a.date, b.date, datePoints}} {
		if pair.a.IsZero() || pair.b.IsZero() {
			continue
		}
		got := near(pair.a, pair.b, pair.points)
		if points += got; got != 0 && reason != nil {
			said = append(said, fmt.Sprintf("%s %s and %s", pair.what, pair.a, pair.b))
		}
	}
	if (a.end.IsZero() || b.end.IsZero()) && a.months > 0 && b.months > 0 {
		if points += endPoints; a.months != b.months {
			points -= 2 * endPoints
		}
		if reason != nil {
			said = append(said, fmt.Sprintf("%d and %d months", min(a.months, b.months), max(a.months, b.months)))
		}
	}
	if reason != nil {
		*reason = strings.Join(said, "; ")
	}
	return points
}

// near returns all the points if two dates can be of one day, three quarters within a month, a third within a quarter, and takes them away beyond a year.
func near(a, b period.Date, points int) int {
	switch apart := max(a.First-b.Last(), b.First-a.Last()); {
	case apart <= 0:
		return points
	case apart <= 31:
		return points * 3 / 4
	case apart <= 92:
		return points / 3
	case apart <= 366:
		return 0
	}
	return -points
}
