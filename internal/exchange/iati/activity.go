package iati

import (
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/codelist"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/period"
)

// activity is an activity on its way to a draft. A reader has one, so that the next uses its room again.
type activity struct {
	*exchange.Draft
	file     *Reader
	e        *element
	reporter *element // nil if there is none
	g        *grant.Grant
	lang     string
	byRef    map[string]int        // parties
	byName   map[string]int        // those without a ref, as they are written and in small letters
	terms    map[exchange.Term]int // by what tells it apart
	money    []flow
	portions []portion              // of the element at hand
	whole    [1]share               // of the only one
	kept     []kept                 // what the record has no or less place for
	called   map[string]int         // parties by their names, for the element of our own
	linked   map[string]bool        // the keys of grants of whose links that tells
	counted  struct{ at, line int } // a place in the text of the activity, and its line
}

// draft makes a draft of an activity.
func (r *Reader) draft(e *element, line int) *exchange.Draft {
	a := &r.activity
	*a = activity{
		Draft: &exchange.Draft{Format: exchange.IATI, Place: exchange.Place{File: r.file, Line: line}, Grant: &grant.Grant{Visibility: grant.Public}, Kind: grant.IATIPublication, Parties: make([]exchange.Party, 0, 4), Terms: make([]exchange.Term, 0, 4)},
		file:  r, e: e, lang: "en", byRef: a.byRef, byName: a.byName, terms: a.terms, money: a.money[:0], kept: a.kept[:0], portions: a.portions[:0],
	}
	clear(a.byRef)
	clear(a.byName)
	clear(a.terms)
	a.g, a.Problems, r.noted, a.counted.line = a.Grant, r.noted, nil, line
	for _, lang := range []string{r.lang, e.attr("xml:lang")} {
		if lang != "" {
			a.lang = strings.ToLower(lang)
		}
	}
	a.identify()
	a.describe()
	a.takePart()
	a.readStatus()
	a.readDates()
	a.readTransactions()
	a.receivers()
	a.readPlans()
	a.g.Themes = a.classify("themes", "sector", (*activity).sectors)
	a.g.Locations = a.classify("locations", "recipient-country", (*activity).places)
	a.restore()
	a.relate()
	a.keepRest()
	a.check()
	return a.Draft
}

// tell adds a problem of an element.
func (a *activity) tell(e *element, s exchange.Severity, field, format string, args ...any) {
	a.Problem(a.placeOf(e), s, field, format, args...)
}

// placeOf returns where an element begins. Few places are asked for, and one after the other, so that lines are counted from the last one on.
func (a *activity) placeOf(e *element) exchange.Place {
	if from := a.counted.at; from <= e.at {
		a.counted.line += strings.Count(a.e.raw[from:e.at], "\n")
	} else {
		a.counted.line -= strings.Count(a.e.raw[e.at:from], "\n")
	}
	a.counted.at = e.at
	return exchange.Place{File: a.file.file, Line: a.counted.line}
}

// single returns the child of a name, nil if there is none. Where the standard has one and there are several, the first is taken, and the others are told of. within is the
// field that the element is, and the / after it.
func (a *activity) single(e *element, s exchange.Severity, within, name string) *element {
	first := e.child(name)
	if first == nil {
		return nil
	}
	for c := first.next; c != nil; c = c.next {
		if c.name == name {
			a.tell(c, s, within+name, "is there %d times; the first is taken", e.count(name))
			break
		}
	}
	return first
}

// identify reads by what the activity is known, who says it, and when.
func (a *activity) identify() {
	switch id := a.single(a.e, exchange.LeftOut, "", "iati-identifier"); {
	case id == nil || id.text == "":
		a.tell(a.e, exchange.Refused, "iati-identifier", "is missing; without it the activity cannot be found again when the file comes once more")
	default:
		a.Key = oneLine(id.text)
		a.g.Identifiers = append(a.g.Identifiers, a.Key)
	}
	seen := map[string]bool{a.Key: true}
	for other := range a.e.all("other-identifier") {
		a.keep("identifiers", other)
		ref := oneLine(other.attr("ref"))
		if ref == "" {
			a.tell(other, exchange.LeftOut, "other-identifier/@ref", "is missing")
		} else if !seen[ref] {
			seen[ref] = true
			a.g.Identifiers = append(a.g.Identifiers, ref)
		}
	}
	if a.reporter = a.single(a.e, exchange.Noted, "", "reporting-org"); a.reporter == nil {
		a.tell(a.e, exchange.Noted, "reporting-org", "is missing; nobody says who published the activity")
	} else if a.Reporter, a.Source = a.party(a.reporter), a.reporter.attr("ref"); a.Source == "" {
		a.Source = a.line(a.reporter)
	}
	for e := range a.e.all("reporting-org") {
		a.keep("", e)
	}
	if updated := a.e.attr("last-updated-datetime"); len(updated) >= 10 {
		if date, err := period.ParseDate(updated[:10]); err == nil {
			a.Date = date
		}
	}
}

// describe reads the title and the description.
func (a *activity) describe() {
	if title := a.single(a.e, exchange.LeftOut, "", "title"); title != nil {
		a.g.Title = a.cut(title, "title", a.line(title), maxTitle)
		if !a.plain(title, a.g.Title) {
			a.keep("title", title)
		}
	}
	if a.g.Title == "" {
		a.g.Title = a.Key
		a.tell(a.e, exchange.Repaired, "title", "is missing; the identifier stands for it")
	}
	chosen := a.e.child("description")
	if chosen == nil {
		return
	}
	said := a.narrative(chosen)
	for e := range a.e.all("description") {
		if said == "" || e.attr("type") == "1" && chosen.attr("type") != "1" { // 1 is the general one
			chosen, said = e, a.narrative(e)
		}
	}
	a.g.Description = a.cut(chosen, "description", lines(said), maxDescription)
	if a.g.Description == "" {
		a.tell(chosen, exchange.Noted, "description", "has no text")
	}
	if a.e.count("description") > 1 || chosen.attr("type") != "1" || !a.plain(chosen, a.g.Description) {
		for e := range a.e.all("description") {
			a.keep("description", e)
		}
	}
}

// readStatus reads the status. The codes are Tandem's own numbers.
func (a *activity) readStatus() {
	e := a.single(a.e, exchange.LeftOut, "", "activity-status")
	code := e.attr("code")
	if _, known := codelist.ActivityStatus.Find(code); known {
		a.g.Status = grant.Status(code[0] - '0')
	} else {
		a.g.Status = grant.Active
		at := a.e
		if e != nil {
			at = e
			a.keep("status", e)
		}
		a.tell(at, exchange.Repaired, "activity-status/@code", "found %q; accepted are 1 to 6; the grant is recorded as ACTIVE", short(code))
	}
}

// readDates reads start and end: the actual ones, else the planned ones.
func (a *activity) readDates() {
	var actual [2]bool
	for e := range a.e.all("activity-date") {
		code := e.attr("type")
		if code < "1" || code > "4" || len(code) != 1 {
			a.keep("", e)
			a.tell(e, exchange.LeftOut, "activity-date/@type", "found %q; accepted are 1 to 4", short(code))
			continue
		}
		field, to, which := "start", &a.g.Start, 0
		if code > "2" {
			field, to, which = "end", &a.g.End, 1
		}
		a.keep(field, e)
		date := a.date(e, "activity-date/@iso-date")
		if date.IsZero() || actual[which] {
			continue
		}
		if actual[which] = code == "2" || code == "4"; actual[which] || to.IsZero() {
			*to = date
		}
	}
	if !a.g.Start.IsZero() && !a.g.End.IsZero() && a.g.End.Last() < a.g.Start.First {
		a.tell(a.e, exchange.LeftOut, "activity-date", "the end, %s, is before the start, %s; the end is left out", a.g.End, a.g.Start)
		a.g.End = period.Date{}
	}
	if span, ok := a.g.Span(); ok && span.Days() > grant.MaxDays {
		a.tell(a.e, exchange.LeftOut, "activity-date", "the activity runs for %d days; accepted are at most %d; the end, %s, is left out", span.Days(), grant.MaxDays, a.g.End)
		a.g.End = period.Date{}
	}
}

// date reads the iso-date of an element. One that cannot be read is left out, and told of.
func (a *activity) date(e *element, field string) period.Date { return a.dateOf(e, "iso-date", field) }

func (a *activity) dateOf(e *element, attribute, field string) period.Date {
	s := e.attr(attribute)
	if s == "" {
		a.tell(e, exchange.LeftOut, field, "is missing or empty; the date is left out")
		return period.Date{}
	}
	day, rest := s, ""
	if len(s) > 10 {
		day, rest = s[:10], s[10:]
	}
	// A date may have a time zone; some have a time.
	if date, err := period.ParseDate(day); err == nil && date.Precision == period.ToDay && (rest == "" || strings.ContainsRune("ZT+- ", rune(rest[0]))) {
		return date
	}
	if date, ok := padded(s); ok {
		a.tell(e, exchange.Repaired, field, "found %q; read as %s", s, date)
		return date
	}
	a.tell(e, exchange.LeftOut, field, "found %q; accepted is a day that exists, such as 2023-02-01; the date is left out", short(s))
	return period.Date{}
}

// padded reads a day whose month or day lacks a zero: 2012-7-17.
func padded(s string) (period.Date, bool) {
	f := strings.Split(s, "-")
	if len(f) != 3 || len(f[0]) != 4 {
		return period.Date{}, false
	}
	for i := range f {
		if len(f[i]) == 1 {
			f[i] = "0" + f[i]
		}
	}
	date, err := period.ParseDate(strings.Join(f, "-"))
	return date, err == nil && date.Precision == period.ToDay
}

// relate reads of which other activity this one is a part (1), and which are parts of this one (2). What the element of our own says of links stands, if there is one.
func (a *activity) relate() {
	for e := range a.e.all("related-activity") {
		kind, ref := e.attr("type"), oneLine(e.attr("ref"))
		if kind != "1" && kind != "2" || a.linked[ref] {
			continue
		}
		if ref == "" {
			a.tell(e, exchange.LeftOut, "related-activity/@ref", "is missing; nobody can tell which activity is meant")
			continue
		}
		a.Related = append(a.Related, exchange.Relation{
			Type: grant.SubGrantOf, Key: ref, Theirs: kind == "2", Place: a.placeOf(e), Field: "related-activity",
		})
	}
}

// check holds the record against its own rules, as far as they do not depend on what is recorded.
func (a *activity) check() {
	a.g.ID = "draft"
	defer func() { a.g.ID = "" }()
	err := a.g.Validate()
	if err == nil {
		return
	}
	f, ok := err.(*fault.Error)
	if !ok {
		a.tell(a.e, exchange.Refused, "iati-activity", "%v", err)
		return
	}
	for _, v := range f.Violations {
		a.tell(a.e, exchange.Refused, v.Field, "%s", v.Problem)
	}
}
