package search

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Of so many terms some have one hash. Each has its code all the same, in each lexicon another, and what has none is not found.
func TestManyTerms(t *testing.T) {
	l := newLine()
	const many = 200_000
	for i := range int32(2 * many) {
		if c := l.code(lexicon(i%2), fmt.Append(nil, i/2)); c != i {
			t.Fatalf("the %d-th term gets the code %d", i, c)
		}
	}
	for i := range int32(2 * many) {
		term := fmt.Sprint(i / 2)
		if c := l.code(lexicon(i%2), []byte(term)); c != i || l.find(lexicon(i%2), term) != i || l.terms[i] != term {
			t.Fatalf("%q has the code %d, or is found as %d; want %d", term, c, l.find(lexicon(i%2), term), i)
		}
		if c := l.find(wordTerm, "-"+term); c != none {
			t.Fatalf("%q is found as %d", "-"+term, c)
		}
	}
}

// A line knows the words that begin with a prefix and the places of each, whenever it is asked, and what it said before stays as it was.
func TestLineIsWhatWasAdded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLine()
		places := map[string][]int32{}
		var before, then []int32
		for place := range int32(rapid.IntRange(1, 60).Draw(t, "places")) {
			for _, word := range rapid.SliceOfN(rapid.StringMatching("[ab]{1,4}"), 0, 3).Draw(t, "words") {
				l.postings.post(l.code(wordTerm, []byte(word)), place)
				if !slices.Contains(places[word], place) {
					places[word] = append(places[word], place)
				}
			}
			prefix := rapid.StringMatching("[ab]{0,2}").Draw(t, "prefix")
			if rapid.Bool().Draw(t, "asked") {
				got := map[string][]int32{}
				for _, c := range l.beginning(prefix) {
					got[l.terms[c]] = l.posted(c)
				}
				want := maps.Clone(places)
				maps.DeleteFunc(want, func(word string, _ []int32) bool { return !strings.HasPrefix(word, prefix) })
				if !maps.EqualFunc(got, want, slices.Equal) {
					t.Fatalf("%q begins %v, want %v", prefix, got, want)
				}
				if before == nil {
					before = l.posted(l.find(wordTerm, "a"))
					then = slices.Clone(before)
				}
			}
		}
		if !slices.Equal(before, then) {
			t.Fatalf("the places of a term were %v and became %v", then, before)
		}
	})
}
