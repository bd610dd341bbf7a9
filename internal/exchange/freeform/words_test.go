package freeform

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// refWords is words written slowly.
func refWords(s string) string {
	var b strings.Builder
	before := ' '
	for _, r := range s {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '°':
			b.WriteByte(' ')
		case unicode.IsUpper(r) && unicode.IsLower(before):
			b.WriteByte(' ')
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteRune(unicode.ToLower(r))
		}
		before = r
	}
	return strings.ReplaceAll(strings.Join(strings.Fields(b.String()), " "), "ization", "isation")
}

func TestWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`([aZ9 _é É°סا-]|[Aa]ization){0,12}`)).Draw(t, "text")
		if got, want := words(s), refWords(s); got != want {
			t.Fatalf("%q has the words %q, want %q", s, got, want)
		}
	})
}

// What is told at a glance is never told of a text that sums up.
func TestMaySumUp(t *testing.T) {
	sums := rapid.OneOf(rapid.SampledFrom(append([]string{"grants together", "totals", "so viel"}, totalWords...)), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`([ "(*3-]|Die ){0,3}`).Draw(t, "before") + sums.Draw(t, "text") + rapid.StringMatching(`([ :)]|EUR){0,3}`).Draw(t, "behind")
		if rapid.Bool().Draw(t, "loud") {
			s = strings.ToUpper(s)
		}
		w := []byte(words(s))
		if (beginsWithTotal(w) || together.Match(w)) && !maySumUp(s) {
			t.Fatalf("%q may sum up, by its words %q", s, w)
		}
	})
}
