package exchange

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
)

// ProblemKind is problems of a file that are alike: they differ in where they are and what was found there.
type ProblemKind struct {
	Severity Severity
	Field    string // with … for what is not the same in all of them
	Text     string // likewise
	Problems int
	Grants   int     // how many have such a problem
	Places   []Place // the first few, each once
	Found    []Found // what the first … of Text stands for: the most frequent
	Others   int     // how many more there are of these
}

// Found is what was found in problems that are alike, and how often.
type Found struct {
	Value string
	Times int
}

// How much is told of each kind of problem.
const (
	maxKindPlaces   = 3
	maxKindFound    = 3
	maxRefusedFound = 30  // of what is refused, for people to act on
	maxFoundLetters = 120 // of lists
)

// Kinds returns the kinds of the problems of grants, and of those of the file beside: the worst first and, of those, the most frequent.
func Kinds(ofGrants [][]Problem, ofFile []Problem) []ProblemKind {
	var alike []*kind
	at := map[string]*kind{}
	var key []byte
	for i, problems := range append(slices.Clip(ofGrants), ofFile) {
		for j := range problems {
			p := &problems[j]
			s := said(p)
			values := variable(s)
			key = binary.AppendUvarint(append(key[:0], byte(p.Severity)), uint64(len(values)))
			key = appendMasked(key, s, values, func(int) bool { return true })
			k := at[string(key)]
			if k == nil {
				k = &kind{in: -1}
				at[string(key)] = k
				alike = append(alike, k)
			}
			k.problems = append(k.problems, p)
			if i != k.in && i < len(ofGrants) {
				k.grants, k.in = k.grants+1, i
			}
		}
	}
	var kinds []ProblemKind
	for _, k := range alike {
		kinds = append(kinds, k.tell())
	}
	slices.SortStableFunc(kinds, func(a, b ProblemKind) int {
		if a.Severity != b.Severity {
			return int(b.Severity) - int(a.Severity)
		}
		return b.Problems - a.Problems
	})
	return kinds
}

// kind gathers problems that are alike.
type kind struct {
	problems []*Problem
	grants   int
	in       int // the grant that has the last of them
}

func (k *kind) tell() ProblemKind {
	first := said(k.problems[0])
	values := variable(first)
	differs := make([]bool, len(values))
	out := ProblemKind{Severity: k.problems[0].Severity, Problems: len(k.problems), Grants: k.grants}
	for _, p := range k.problems {
		if len(out.Places) < maxKindPlaces && !slices.Contains(out.Places, p.Place) {
			out.Places = append(out.Places, p.Place)
		}
		s := said(p)
		for i, v := range variable(s) {
			differs[i] = differs[i] || v.of(s) != values[i].of(first)
		}
	}
	out.Field, out.Text, _ = strings.Cut(string(appendMasked(nil, first, values, func(i int) bool { return differs[i] })), fieldEnd)
	for i, v := range values {
		if differs[i] && v.from > len(k.problems[0].Field) {
			out.Found, out.Others = k.found(i)
			break
		}
	}
	return out
}

// found counts what the i-th variable of the problems is.
func (k *kind) found(i int) (most []Found, others int) {
	at := map[string]int{}
	for _, p := range k.problems {
		s := said(p)
		value := variable(s)[i].of(s)
		j, there := at[value]
		if !there {
			j = len(most)
			at[value] = j
			most = append(most, Found{Value: value})
		}
		most[j].Times++
	}
	slices.SortStableFunc(most, func(a, b Found) int { return b.Times - a.Times })
	told := maxKindFound
	if k.problems[0].Severity == Refused {
		told = maxRefusedFound
	}
	told = min(len(most), told)
	others = len(most) - told
	most = slices.Clone(most[:told])
	for i, f := range most {
		if letters := []rune(f.Value); len(letters) > maxFoundLetters {
			most[i].Value = string(letters[:maxFoundLetters]) + "…"
		}
	}
	return most, others
}

// fieldEnd parts the field of a problem from its text, where both are looked at as one.
const fieldEnd = "\x00"

// said returns the field and the text of a problem as one.
func said(p *Problem) string { return p.Field + fieldEnd + p.Text }

// span is where in a text something stands.
type span struct{ from, to int }

func (s span) of(text string) string { return text[s.from:s.to] }

// appendMasked appends a text to another, with … for those of its variables that are masked.
func appendMasked(to []byte, text string, values []span, masked func(i int) bool) []byte {
	end := 0
	for i, v := range values {
		to = append(to, text[end:v.from]...)
		if masked(i) {
			to = append(to, "…"...)
		} else {
			to = append(to, v.of(text)...)
		}
		end = v.to
	}
	return append(to, text[end:]...)
}

// variable returns what problems of a kind may differ in: what is quoted, and words with a digit, such as amounts, dates and identifiers; lists of them are one.
func variable(text string) []span {
	var all []span
	for at := 0; at < len(text); {
		word := span{at, at + wordLen(text[at:])}
		at = word.to
		if text[word.from] != '"' && !strings.ContainsAny(word.of(text), "0123456789") {
			continue
		}
		if n := len(all); n > 0 && strings.Trim(text[all[n-1].to:word.from], ", ") == "" {
			all[n-1].to = word.to
			continue
		}
		all = append(all, word)
	}
	return all
}

// wordLen returns how long what a text begins with is: something quoted, a word, or what stands between words.
func wordLen(text string) int {
	if quoted, err := strconv.QuotedPrefix(text); err == nil {
		return len(quoted)
	}
	n := strings.IndexAny(text, " ,;:()[]\""+fieldEnd)
	if n < 0 {
		return len(text)
	}
	return max(n, 1)
}
