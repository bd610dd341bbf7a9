package iati

import (
	"slices"
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
	if len(s) <= most {
		return s
	}
	n := utf8.RuneCountInString(s)
	if n <= most {
		return s
	}
	a.tell(e, exchange.Repaired, field, "has %d characters; accepted are at most %d; the rest is cut off", n, most)
	return strings.TrimSpace(string([]rune(s)[:most-1])) + "…"
}

// oneLine makes one line of a text, without the characters that a name may not have.
func oneLine(s string) string {
	if exchange.IsLine(s) {
		return s
	}
	return strings.Join(strings.Fields(lines(s)), " ")
}

// lines takes out of a text the characters that a record may not have: those that control, and those that reorder the text around them.
func lines(s string) string {
	if exchange.IsLine(s) { // as nearly all are
		return s
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return -1
		}
		return r
	}, s))
}

// kept is an element that is kept, of a part of the record that holds less, or of none ("").
type kept struct {
	part string
	e    *element
}

// ofTransaction begins the names of the parts that are transactions: no two elements are of one.
const ofTransaction = "transactions/"

// isPart tells of the parts that elements are kept of.
func isPart(name string) bool {
	switch name {
	case "", "identifiers", "title", "description", "status", "start", "end", "funders", "recipients", "partners", "budgets", "themes", "locations":
		return true
	}
	return strings.HasPrefix(name, ofTransaction)
}

func (a *activity) keep(part string, e *element) { a.kept = append(a.kept, kept{part, e}) }

// keepRest keeps what the record has no place for: the attributes of the activity, as an element without content, and every element that is not modelled. It puts together what
// is kept of each part. The attributes have the namespaces that the file declares for the activity, too, so that an export can stand by itself.
func (a *activity) keepRest() {
	own := a.own()
	for c := a.e.first; c != nil; c = c.next {
		if !modelled(c.name) && c != own {
			a.keep("", c)
		}
	}
	var all strings.Builder // whose beginning stays what it is
	all.Grow(len(a.e.raw))
	all.WriteString("<iati-activity")
	for _, attribute := range a.e.attrs {
		writeAttr(&all, attribute)
	}
	for _, space := range a.file.spaces {
		if a.e.attr(space.name) == "" && strings.Contains(a.e.raw, strings.TrimPrefix(space.name, declares)+":") {
			writeAttr(&all, space)
		}
	}
	all.WriteString("/>")
	a.together(&all, "")
	a.Kept = append(make([]grant.Kept, 0, 16+len(a.money)), grant.Kept{Text: all.String()})
	parts := make([]string, 1, 16) // "", and those of several elements that are put together
	for _, k := range a.kept {
		from := all.Len()
		switch {
		case strings.HasPrefix(k.part, ofTransaction):
			k.e.write(&all)
		case slices.Contains(parts, k.part):
			continue
		default:
			parts = append(parts, k.part)
			a.together(&all, k.part)
		}
		a.Kept = append(a.Kept, grant.Kept{Part: k.part, Text: all.String()[from:]})
	}
}

// together writes the elements of a part.
func (a *activity) together(to *strings.Builder, part string) {
	for _, k := range a.kept {
		if k.part == part {
			k.e.write(to)
		}
	}
}

func writeAttr(to *strings.Builder, a attr) {
	to.WriteByte(' ')
	to.WriteString(a.name)
	to.WriteString(`="`)
	_, _ = escaper.WriteString(to, a.value) // a builder takes everything
	to.WriteByte('"')
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;")

// modelled tells of elements that others than keepRest keep, if they are to be kept.
func modelled(name string) bool {
	switch name {
	case "iati-identifier", "reporting-org", "other-identifier", "title", "description", "participating-org", "activity-status",
		"activity-date", "transaction", "budget", "planned-disbursement", "sector", "recipient-country", "recipient-region":
		return true
	}
	return false
}
