package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Words returns the words of a text as they are compared: without case, accents and vowel signs, with one letter for its variants, digits as 0 to 9. Punctuation parts words,
// but for apostrophes, geresh and the dots of initials, which go: "Women's", "צה״ל" and "U.S." are one word each, "d'Ivoire" is two. The words of "é" and of "É" are the same, and so are those of
// the words of a text, joined by spaces.
func Words(text string) []string {
	var room [256]byte
	joined := string(appendWords(room[:0], text))
	words := make([]string, strings.Count(joined, " "))
	for i := range words {
		words[i], joined, _ = strings.Cut(joined, " ")
	}
	return words
}

// appendWords appends the words of a text, each with a space behind it.
func appendWords(to []byte, text string) []byte {
	from := len(to) // where the word begins that is being read
	since := 0      // letters since then or since its last dot; a digit counts as two, for it is no initial
	for _, r := range fold(text) {
		switch {
		case r >= 'a' && r <= 'z': // most are
			to = append(to, byte(r))
			since++
			continue
		case r >= 'A' && r <= 'Z':
			to = append(to, byte(r)+'a'-'A')
			since++
			continue
		case r >= '0' && r <= '9':
			to = append(to, byte(r))
			since += 2
			continue
		case r == '.' && since == 1:
			since = 0 // the dot of an initial, and the word may go on
			continue
		case (r == '\'' || r == '’') && elided(to[from:]):
		case dropped(r):
			continue
		case r >= utf8.RuneSelf && unicode.In(r, unicode.L, unicode.N, unicode.Mc):
			if s, ok := variants[r]; ok {
				to = append(to, s...)
			} else {
				to = utf8.AppendRune(to, unicode.ToLower(r)) // some scripts are folded to capitals
			}
			if since++; !unicode.IsLetter(r) {
				since++
			}
			continue
		}
		to, since = endWord(to, from), 0
		if r == '&' {
			to = append(to, "and "...)
		}
		from = len(to)
	}
	return endWord(to, from)
}

// endWord puts a space behind a word, if there is one.
func endWord(to []byte, from int) []byte {
	if len(to) == from {
		return to
	}
	return append(to, ' ')
}

// squash returns the words of a text as one. It is how identifiers are compared: "US-GOV-1" is "us gov 1".
func squash(text string) string {
	var room [256]byte
	return string(slices.DeleteFunc(appendWords(room[:0], text), func(b byte) bool { return b == ' ' }))
}

// fold takes case away and parts letters from their marks, where a text has other letters than those of ASCII.
func fold(text string) string {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			// Folding can make letters that come apart once more. What is no text is left as it is, and what stands beside it, too.
			text = strings.ToValidUTF8(text, " ")
			return norm.NFKD.String(cases.Fold().String(norm.NFKD.String(text)))
		}
	}
	return text
}

// elided tells whether a word is an article or a preposition that lost its vowel to the next word: d'Ivoire, l'eau.
func elided(word []byte) bool { return len(word) == 1 && (word[0] == 'd' || word[0] == 'l') }

// dropped tells whether a character goes without parting words: marks above and below letters, what only shapes the text, and apostrophes.
func dropped(r rune) bool {
	if r < utf8.RuneSelf {
		return r == '\'' || r == '"' || r == '`'
	}
	return strings.ContainsRune("\u00b4\u02b9\u02bb\u02bc\u02be\u02bf\u05f3\u05f4\u0640\u2018\u2019\u201b\u201c\u201d\u2032\u2033\uff07", r) ||
		unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf)
}

// variants are letters that are written in several ways, each with the one by which it is compared, and digits of the Arabic scripts.
var variants = makeVariants()

func makeVariants() map[rune]string {
	to := map[rune]string{
		'ı': "i", 'ø': "o", 'ł': "l", 'đ': "d", 'ħ': "h", 'ð': "d", 'þ': "th", 'æ': "ae", 'œ': "oe", // Latin, as far as they do not come apart
		'ך': "כ", 'ם': "מ", 'ן': "נ", 'ף': "פ", 'ץ': "צ", // the finals of Hebrew
		'ٱ': "ا", 'ى': "ي", 'ی': "ي", 'ې': "ي", 'ة': "ه", 'ۀ': "ه", 'ہ': "ه", 'ە': "ه", 'ک': "ك", // Arabic, and Persian and Urdu beside it
	}
	for i := range rune(10) {
		to['٠'+i], to['۰'+i] = string('0'+i), string('0'+i)
	}
	return to
}
