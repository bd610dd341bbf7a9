package iati

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// anyText draws text in which what matters to these laws is not seldom.
func anyText(t *rapid.T) string {
	return strings.Join(rapid.SliceOf(rapid.OneOf(
		rapid.SampledFrom([]string{" ", "  ", "\n", "\t", "\u00A0", "\u0085", "\u2003", "\x7F", "\x1F", "\u202E", "\uFFFE", "\xFF", "AB", "GB-", "-", "a1", "12345678", "ü"}), rapid.String())).Draw(t, "pieces"), "")
}

func TestALineIsLeftAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyText(t)
		if want := strings.Join(strings.Fields(lines(s)), " "); oneLine(s) != want {
			t.Fatalf("%q as one line is %q; want %q", s, oneLine(s), want)
		}
	})
}

func TestRegistered(t *testing.T) {
	prefixed := regexp.MustCompile(`^[A-Z]{2,3}-[A-Za-z0-9][^\s]*$`)
	rapid.Check(t, func(t *rapid.T) {
		ref := oneLine(anyText(t))
		if want := prefixed.MatchString(ref) && len(ref) <= maxName; registered(ref) != want {
			t.Fatalf("%q is registered: %t; want %t", ref, !want, want)
		}
	})
}

func TestLegible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, want := anyText(t), 0
		for want < len(s) {
			r, n := utf8.DecodeRuneInString(s[want:])
			if !isCharacter(r) || r == utf8.RuneError && n == 1 {
				break
			}
			want += n
		}
		if got := legible(s); got != want {
			t.Fatalf("%d bytes of %q are legible; want %d", got, s, want)
		}
	})
}

// A name that XML allows is one; any other would make what is given back no XML.
func TestIsName(t *testing.T) {
	for name, want := range map[string]bool{
		"iati-activity": true, "usg:tec1": true, "_a.1-b": true, "é": true, "ݞ": true, "x\u0301": true, "𐎠": true,
		"": false, "-a": false, "1a": false, ":a": false, "a:": false, "a:b:c": false, "a\u037eb": false, "a\u2000b": false, "\u0301x": false, "×": false, "a b": false, "a\uffff": false,
	} {
		if got := isName(name); got != want {
			t.Errorf("%q: found %v, want %v", name, got, want)
		}
	}
}
