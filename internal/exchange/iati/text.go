package iati

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/grant"
)

// The most characters of texts that a record takes.
const (
	maxTitle       = 500
	maxName        = 300
	maxLine        = 2000
	maxDescription = 20000
)

// narrative returns what an element says: in English, else in the language of the activity, else in the first that there is.
func (a *activity) narrative(e *element) string {
	if e == nil {
		return ""
	}
	var chosen, lang string
	better := func(l string) bool {
		return chosen == "" || lang != "en" && (l == "en" || lang != a.lang && l == a.lang)
	}
	for c := e.first; c != nil; c = c.next {
		if c.name != "narrative" || c.text == "" {
			continue
		}
		if l := a.langOf(c); better(l) {
			chosen, lang = c.text, l
		}
	}
	if chosen == "" {
		return e.text // as before 2.01
	}
	return chosen
}

func (a *activity) langOf(e *element) string {
	if l := e.attr("xml:lang"); l != "" {
		return strings.ToLower(l)
	}
	return a.lang
}

// plain tells whether an element says nothing but this, in English.
func (a *activity) plain(e *element, said string) bool {
	n := e.first
	return n != nil && n.next == nil && n.name == "narrative" && n.text == said && a.langOf(n) == "en"
}

// line returns what an element says as one line.
func (a *activity) line(e *element) string { return oneLine(a.narrative(e)) }

// cut shortens a text that the record has no room for.
func (a *activity) cut(e *element, field, s string, most int) string {
	n := utf8.RuneCountInString(s)
	if n <= most {
		return s
	}
	a.tell(e, exchange.Repaired, field, "has %d characters; accepted are at most %d; the rest is cut off", n, most)
	return strings.TrimSpace(string([]rune(s)[:most-1])) + "…"
}

// oneLine makes one line of a text, without the characters that a name may not have.
func oneLine(s string) string { return strings.Join(strings.Fields(lines(s)), " ") }

// lines takes out of a text the characters that a record may not have: those that control, and those that reorder the text around them.
func lines(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return -1
		}
		return r
	}, s))
}

// keep keeps an element word for word, of a part of the record that holds less, or of none ("").
func (a *activity) keep(part string, e *element) {
	b := a.kept[part]
	if b == nil {
		b = &strings.Builder{}
		a.kept[part] = b
		a.parts = append(a.parts, part)
	}
	b.WriteString(a.selfContained(e))
}

// selfContained returns an element as it stands in the file, with the namespaces that it uses.
func (a *activity) selfContained(e *element) string {
	var spaces strings.Builder
	for _, space := range a.file.spaces {
		if prefix := strings.TrimPrefix(space.name, "xmlns:"); strings.Contains(e.raw, prefix+":") && e.attr(space.name) == "" {
			spaces.WriteString(" " + space.name + `="` + escaper.Replace(space.value) + `"`)
		}
	}
	if spaces.Len() == 0 {
		return e.raw
	}
	at := 1 + len(e.name)
	return e.raw[:at] + spaces.String() + e.raw[at:]
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;")

// modelled are the elements that others than keepRest keep, if they are to be kept.
var modelled = map[string]bool{
	"iati-identifier": true, "reporting-org": true, "other-identifier": true, "title": true, "description": true, "participating-org": true, "activity-status": true,
	"activity-date": true, "transaction": true, "budget": true, "planned-disbursement": true, "sector": true, "recipient-country": true, "recipient-region": true,
}

// keepRest keeps what the record has no place for: the attributes of the activity, as an element without content, and every element that is not modelled.
func (a *activity) keepRest() {
	for c := a.e.first; c != nil; c = c.next {
		if !modelled[c.name] && c != a.own() {
			a.keep("", c)
		}
	}
	var own strings.Builder
	own.WriteString("<iati-activity")
	for _, attribute := range a.e.attrs {
		own.WriteString(" " + attribute.name + `="` + escaper.Replace(attribute.value) + `"`)
	}
	own.WriteString("/>")
	if rest := a.kept[""]; rest != nil {
		own.WriteString(rest.String())
	}
	a.Kept = append(a.Kept, grant.Kept{Text: own.String()})
	for _, part := range a.parts {
		if part != "" {
			a.Kept = append(a.Kept, grant.Kept{Part: part, Text: a.kept[part].String()})
		}
	}
}
