package iati

import (
	_ "embed"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed schema.txt
var schemaText string

// rule is what the schema of IATI takes of an element.
type rule struct {
	text       string // the type of its text, "" if it has none
	children   []occurs
	attributes []typed
}

// occurs is how often a child may stand, in its place among its siblings.
type occurs struct {
	name         string
	needed, many bool
}

// typed is an attribute.
type typed struct {
	name, kind string
	needed     bool
}

// schema are the rules by element, as of schema.txt.
var schema = sync.OnceValue(func() map[string]*rule {
	rules := map[string]*rule{}
	for line := range strings.Lines(schemaText) {
		words := strings.Fields(line)
		if words[0] == "#" {
			continue
		}
		r := &rule{}
		for _, word := range words[1:] {
			if kind, is := strings.CutPrefix(word, "text:"); is {
				r.text = kind
			} else if attribute, is := strings.CutPrefix(word, "@"); is {
				name, kind, _ := strings.Cut(attribute, ":")
				r.attributes = append(r.attributes, typed{strings.TrimSuffix(name, "!"), kind, strings.HasSuffix(name, "!")})
			} else {
				name := strings.TrimRight(word, "?*+")
				sign := word[len(name):]
				r.children = append(r.children, occurs{name, sign == "" || sign == "+", sign == "*" || sign == "+"})
			}
		}
		rules[words[0]] = r
	}
	return rules
})

func ruleOf(name, within string) *rule {
	if r := schema()[within+"/"+name]; r != nil {
		return r
	}
	return schema()[name]
}

// takes tells whether the schema takes an element where it stands. What is of a namespace of its own it takes anywhere after the elements that it names.
func takes(e *element, within string) bool {
	if strings.Contains(e.name, ":") || e.attr("xmlns") != "" {
		return true
	}
	r := ruleOf(e.name, within)
	if r == nil || r.text == "" && e.text != "" || r.text != "" && !isOf(r.text, e.text) {
		return false
	}
	for _, a := range e.attrs {
		if !r.takesAttribute(a.name, a.value) {
			return false
		}
	}
	for _, a := range r.attributes {
		if a.needed && !slices.ContainsFunc(e.attrs, func(b attr) bool { return b.name == a.name }) {
			return false
		}
	}
	return r.takesChildren(e)
}

func (r *rule) takesAttribute(name, value string) bool {
	if name == "xml:lang" {
		return value == "" || language.MatchString(value)
	}
	if strings.Contains(name, ":") || name == "xmlns" {
		return true
	}
	i := slices.IndexFunc(r.attributes, func(a typed) bool { return a.name == name })
	return i >= 0 && isOf(r.attributes[i].kind, strings.TrimSpace(value))
}

// takesChildren tells whether the children are those that the rule has, in its order.
func (r *rule) takesChildren(e *element) bool {
	c := e.first
	for _, want := range r.children {
		n := 0
		for ; c != nil && c.name == want.name; c = c.next {
			if n++; n > 1 && !want.many || !takes(c, e.name) {
				return false
			}
		}
		if want.needed && n == 0 {
			return false
		}
	}
	for ; c != nil; c = c.next {
		if !strings.Contains(c.name, ":") && c.attr("xmlns") == "" {
			return false
		}
	}
	return true
}

var (
	language = regexp.MustCompile(`^[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*$`)
	zone     = `(Z|[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00)?$`
	kinds    = map[string]*regexp.Regexp{
		"date":               regexp.MustCompile(`^\d{4}-\d\d-\d\d` + zone),
		"dateTime":           regexp.MustCompile(`^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?` + zone),
		"decimal":            regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)$`),
		"boolean":            regexp.MustCompile(`^(true|false|1|0)$`),
		"int":                regexp.MustCompile(`^[+-]?\d{1,9}$`),
		"nonNegativeInteger": regexp.MustCompile(`^\+?\d{1,18}$`),
		"positiveInteger":    regexp.MustCompile(`^\+?0*[1-9]\d{0,17}$`),
		"NMTOKEN":            regexp.MustCompile(`^[\w.:-]+$`),
	}
)

// isOf tells whether a value is of a type of the schema. It is strict where that is simpler: what is left out is kept all the same.
func isOf(kind, value string) bool {
	switch kind {
	case "", "string":
		return true
	case "anyURI":
		_, err := url.Parse(value)
		return err == nil && !strings.ContainsAny(value, " \t\n\"<>[]\\^`{|}")
	case "date", "dateTime":
		if !kinds[kind].MatchString(value) {
			return false
		}
		_, err := time.Parse(time.DateOnly, value[:len(time.DateOnly)])
		return err == nil && value[:4] != "0000"
	}
	return kinds[kind].MatchString(value)
}
