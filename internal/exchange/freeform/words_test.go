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
