package search

import (
	"cmp"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/grant"
)

// Match is a grant that is likely the same as another.
type Match struct {
	ID, Title string
	Score     int // in thousandths of Whole
	Parts     []Part
}

// Matches are the grants that are likely the same as another, the most alike first, then by id: the first few of Total.
type Matches struct {
	First []Match
	Total int
}

// Similar returns the grants that are likely the same as a grant, which may be one of the index or a draft: the first few, limit at most. Not among them is the grant itself, what is
// linked to it in whatever way (someone has decided already), what is deleted or was merged into another, and what sees says no to.
//
// Two grants can be one if they have an identifier in common, which decides; or a donor state and a recipient, through mergers; or a donor state and most of a title, where one of the
// two has no recipient. A score of Likely and above is likely.
func (x *Index) Similar(g *grant.Grant, sees func(id string) bool, limit int) Matches {
	if x.grants.size == 0 {
		return Matches{}
	}
	return x.similar(x.judge(g), sees, limit)
}

// SimilarTo is Similar for a grant of the index. There is none like what the index does not have.
func (x *Index) SimilarTo(id string, sees func(id string) bool, limit int) Matches {
	d := x.grants.find(id)
	if d == nil {
		return Matches{}
	}
	return x.similar(x.judgeOf(d), sees, limit)
}

func (x *Index) similar(j *judge, sees func(id string) bool, limit int) Matches {
	d := j.a
	type alike struct {
		document *document
		points   points
		score    int
	}
	var found []alike
	x.candidates(j, func(b *document) {
		if b.deleted || b.award.merged || b.id == d.id || d.linksTo(b) || b.linksTo(d) {
			return
		}
		p, ok := j.compare(b)
		if score := p.sum(); ok && score >= Likely && sees(b.id) {
			found = append(found, alike{b, p, score})
		}
	})
	slices.SortFunc(found, func(a, b alike) int {
		return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(a.document.id, b.document.id))
	})
	all := Matches{Total: len(found)}
	for _, f := range found[:min(limit, len(found))] {
		all.First = append(all.First, Match{ID: f.document.id, Title: f.document.title, Score: f.score, Parts: j.explain(f.document, f.points)})
	}
	return all
}

// And returns the matches of both, limit at most. They have none in common.
func (m Matches) And(other Matches, limit int) Matches {
	return first(append(slices.Clone(m.First), other.First...), m.Total+other.Total, limit)
}

// first puts matches in order and keeps the first few.
func first(found []Match, total, limit int) Matches {
	slices.SortFunc(found, func(a, b Match) int { return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.ID, b.ID)) })
	return Matches{First: found[:min(limit, len(found))], Total: total}
}

// candidates calls f, once, for every document that can be likely the same: those with an identifier or an award number in common, those of the block, and those that have so many of the
// rarest words of the title that they can have enough of all.
func (x *Index) candidates(j *judge, f func(*document)) {
	line, d := x.grants.line, j.a
	seen := map[int32]bool{}
	all := func(places []int32) {
		for _, place := range places {
			if b := x.grants.at(place); b != nil && !seen[place] {
				seen[place] = true
				f(b)
			}
		}
	}
	for _, c := range append(slices.Clone(j.identifiers), j.numbers...) {
		all(line.posted(c))
	}
	x.block(j, all)
	withheld := len(d.part(recipients)) == 0
	for _, c := range j.rarest() {
		for _, place := range line.posted(c) {
			if b := x.grants.at(place); b != nil && (withheld || len(b.part(recipients)) == 0) {
				all([]int32{place})
			}
		}
	}
}

// block calls f with the places of the grants that have a donor state and a recipient in common with a grant.
func (x *Index) block(j *judge, f func(places []int32)) {
	states := map[string]bool{}
	for _, c := range j.a.part(funders) {
		states[j.state(c)] = true
	}
	for _, r := range j.a.part(recipients) {
		for _, id := range x.family(j.term(r)) {
			code := x.grants.line.find(organisationTerm, id)
			for _, funder := range x.grants.line.fundersOf(code) {
				if states[j.state(funder)] {
					f(x.grants.line.postedPair(pair{funder, code}))
				}
			}
		}
	}
}

// rarest returns the rarest words of a title: so many that a title without any of them cannot have the weight in common that titleNeeded asks for. They are none if the title is too
// short for that itself.
func (j *judge) rarest() []int32 {
	weight := int(j.a.award.weight)
	// Of x in common, a title gets at most titlePoints·2x/(weight+x), and titlePoints·x/enough.
	needed := max((titleNeeded*enough+titlePoints-1)/titlePoints, (titleNeeded*weight+2*titlePoints-titleNeeded-1)/(2*titlePoints-titleNeeded))
	line := j.index.grants.line
	words := slices.DeleteFunc(slices.Clone(j.words), func(w weighted) bool { return w.code < 0 }) // no title has these
	slices.SortFunc(words, func(a, b weighted) int { return cmp.Compare(len(line.posted(a.code)), len(line.posted(b.code))) })
	left := 0
	for _, w := range words {
		left += w.weight
	}
	var rarest []int32
	for _, w := range words {
		if left < needed {
			break
		}
		rarest = append(rarest, w.code)
		left -= w.weight
	}
	return rarest
}
