package iati

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// nameBytes are the characters of nearly all names; none begins with the last.
var nameBytes = func() (all [256]bool) {
	for _, c := range "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-" {
		all[c] = true
	}
	return all
}()

// nameLetters are what names may have beside the letters of ASCII, and nameMarks what may stand behind these: productions 4 and 4a of the fifth edition of XML 1.0.
var (
	nameLetters = &unicode.RangeTable{
		R16: []unicode.Range16{
			{0xC0, 0xD6, 1}, {0xD8, 0xF6, 1}, {0xF8, 0x2FF, 1}, {0x370, 0x37D, 1}, {0x37F, 0x1FFF, 1}, {0x200C, 0x200D, 1}, {0x2070, 0x218F, 1}, {0x2C00, 0x2FEF, 1},
			{0x3001, 0xD7FF, 1}, {0xF900, 0xFDCF, 1}, {0xFDF0, 0xFFFD, 1},
		},
		R32: []unicode.Range32{{0x10000, 0xEFFFF, 1}},
	}
	nameMarks = &unicode.RangeTable{R16: []unicode.Range16{{0xB7, 0xB7, 1}, {0x300, 0x36F, 1}, {0x203F, 0x2040, 1}}}
)

// plainName returns how much of a text is a name as nearly all are, or the beginning of one that is not.
func plainName(s string) (n int) {
	for n < len(s) && nameBytes[s[n]] {
		n++
	}
	if n > 0 && s[0] == '-' {
		return 0
	}
	return n
}

// isName tells whether a text can be the name of an element or an attribute.
func isName(s string) bool {
	if s != "" && plainName(s) == len(s) {
		return true
	}
	for i, r := range s {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || unicode.Is(nameLetters, r):
		case i > 0 && (r >= '0' && r <= '9' || r == '-' || r == '.' || r == ':' || unicode.Is(nameMarks, r)):
		default:
			return false
		}
	}
	return s != "" && strings.Count(s, ":") <= 1 && !strings.HasSuffix(s, ":")
}

var entities = map[string]string{"lt": "<", "gt": ">", "amp": "&", "apos": "'", "quot": `"`}

// unescape puts characters in the place of the references to them. There are the five entities of XML and no others.
func unescape(s string) (string, error) {
	i := strings.IndexByte(s, '&')
	if i < 0 {
		return s, nil
	}
	var b strings.Builder
	for ; i >= 0; i = strings.IndexByte(s, '&') {
		b.WriteString(s[:i])
		name, rest, ok := strings.Cut(s[i+1:], ";")
		if !ok || len(name) > 10 {
			return "", problem("found an & that begins no reference; accepted is &amp;")
		}
		c, known := entities[name]
		if number, is := strings.CutPrefix(name, "#"); is {
			base := 10
			if hex, is := strings.CutPrefix(number, "x"); is {
				number, base = hex, 16
			}
			n, err := strconv.ParseUint(number, base, 32)
			if known = err == nil && isCharacter(rune(n)); known {
				c = string(rune(n))
			}
		}
		if !known {
			return "", problem("found &" + name + ";, which is no character of XML; accepted are &lt; &gt; &amp; &apos; &quot; and numbers of characters")
		}
		b.WriteString(c)
		s = rest
	}
	b.WriteString(s)
	return b.String(), nil
}

func isCharacter(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}

// plainBytes are the ASCII characters of XML.
var plainBytes = func() (plain [256]bool) {
	for c := range rune(utf8.RuneSelf) {
		plain[c] = isCharacter(c)
	}
	return plain
}()

// legible returns how much of a text has characters of XML only.
func legible(s string) int {
	for i := 0; i < len(s); {
		if plainBytes[s[i]] {
			i++
			for i+8 <= len(s) && printable(s[i:i+8]) {
				i += 8
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || !isCharacter(r) {
			return i
		}
		i += n
	}
	return len(s)
}

// printable tells whether eight bytes, which are looked at as one number, are all of ASCII, and none of them controls.
func printable(s string) bool {
	n := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	const spaces, ones, highest = 0x2020202020202020, 0x0101010101010101, 0x8080808080808080
	return (n|(n-spaces)|(n+ones))&highest == 0
}

// short cuts a text for a message.
func short(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
