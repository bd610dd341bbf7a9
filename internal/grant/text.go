package grant

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/allmep/tandem/internal/fault"
)

// Limits of text, in characters.
const (
	maxName = 300
	maxLine = 2000
	maxText = 20000
)

// checkName checks a name or a title: one line that says something and looks like what it is. Characters that reorder the text around them
// (bidirectional embeddings, overrides and isolates) are refused since they let one name pass for another; Hebrew and Arabic need none of them.
func checkName(v *fault.List, field, s string, limit int) {
	if isPrintable(s) && len(s) <= limit && s != "" && s[0] != ' ' && s[len(s)-1] != ' ' {
		return // as nearly all
	}
	if strings.TrimSpace(s) == "" {
		v.Add(field, "is empty; a name is needed")
		return
	}
	checkText(v, field, s, limit)
	if strings.ContainsAny(s, "\n\r\t") {
		v.Add(field, "holds a line break or a tab; accepted is one line")
	}
	if strings.TrimSpace(s) != s {
		v.Add(field, "begins or ends with a space")
	}
}

// checkText checks text of any number of lines, which may be empty.
func checkText(v *fault.List, field, s string, limit int) {
	n := 0
	for n < len(s) && (s[n] >= ' ' && s[n] < 0x7F || s[n] == '\n') {
		n++
	}
	if n == len(s) && n <= limit {
		return // as nearly all
	}
	if !utf8.ValidString(s) {
		v.Add(field, "is not valid UTF-8")
		return
	}
	if n := utf8.RuneCountInString(s); n > limit {
		v.Add(field, "has %d characters; accepted are at most %d", n, limit)
	}
	for _, r := range s {
		if r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 {
			v.Add(field, "holds U+%04X, which reorders the text around it; write it without", r)
			return
		}
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			v.Add(field, "holds the control character U+%04X", r)
			return
		}
	}
}

// isPrintable tells whether a text is one line of ASCII.
func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7F {
			return false
		}
	}
	return true
}

// checkNames checks a list of names, each of which may stand in it once.
func checkNames(v *fault.List, field string, names []string, limit int) {
	var seen seen[string]
	for i, s := range names {
		var of fault.List
		checkName(&of, "", s, limit)
		if seen.add(s) >= 0 {
			of.Add("", "%q stands in the list twice", s)
		}
		mergeAt(v, field, i, &of)
	}
}
