package iati

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// element is an element of a file with what is in it. Names have their prefixes: usg:tec1, xml:lang.
type element struct {
	name        string
	attrs       []attr
	text        string // directly in it, without the spaces around it
	line        int
	raw         string // as it stands in the file
	parent      *element
	first, last *element // of its children
	next        *element // sibling
}

type attr struct{ name, value string }

// attr returns the value of an attribute without the spaces around it, "" if there is none.
func (e *element) attr(name string) string {
	if e == nil {
		return ""
	}
	for _, a := range e.attrs {
		if a.name == name {
			return strings.TrimSpace(a.value)
		}
	}
	return ""
}

// child returns the first child of a name, nil if there is none, or if there is no element.
func (e *element) child(name string) *element {
	if e == nil {
		return nil
	}
	for c := e.first; c != nil; c = c.next {
		if c.name == name {
			return c
		}
	}
	return nil
}

// all returns the children of a name.
func (e *element) all(name string) []*element {
	var found []*element
	for c := e.first; c != nil; c = c.next {
		if c.name == name {
			found = append(found, c)
		}
	}
	return found
}

// tree makes an element of its pieces. raw is what they were cut from.
func tree(file, raw string, pieces []piece) (*element, error) {
	if line, ok := legible(raw); !ok {
		return nil, malformed(file, pieces[0].line+line, "found a character that XML does not allow; the file is not in the encoding that it declares, or is damaged")
	}
	tags := 0
	for _, p := range pieces {
		if p.kind == start || p.kind == empty {
			tags++
		}
	}
	elements := make([]element, 0, tags) // never grows: pointers to them are kept
	var attrs []attr                     // of many elements, so that they are not made one by one
	var open *element
	var root *element
	for _, p := range pieces {
		s := raw[p.from:p.to]
		switch p.kind {
		case start, empty:
			elements = append(elements, element{line: p.line, parent: open, raw: raw[p.from:p.to]})
			e := &elements[len(elements)-1]
			tag := strings.TrimSuffix(s[1:len(s)-1], "/")
			if n := strings.Count(tag, "="); cap(attrs)-len(attrs) < n {
				attrs = make([]attr, 0, max(n, tags))
			}
			e.attrs = attrs[len(attrs):]
			if err := e.readTag(tag); err != nil {
				return nil, malformed(file, p.line, "%s", err)
			}
			e.attrs = slices.Clip(e.attrs)
			attrs = attrs[:len(attrs)+len(e.attrs)]
			switch {
			case open == nil:
				root = e
			case open.first == nil:
				open.first, open.last = e, e
			default:
				open.last.next, open.last = e, e
			}
			if p.kind == start {
				e.raw = raw[p.from:] // until it ends
				open = e
			}
		case end:
			if name := strings.TrimRight(s[2:len(s)-1], " \t\r\n"); name != open.name {
				return nil, malformed(file, p.line, "found </%s> where </%s> has to be", name, open.name)
			}
			open.raw = open.raw[:len(open.raw)-(len(raw)-p.to)]
			open.text = strings.TrimSpace(open.text)
			open = open.parent
		case other:
			if err := checkOther(s); err != nil {
				return nil, malformed(file, p.line, "%s", err)
			}
		case text, cdata:
			if err := open.addText(p.kind, s); err != nil {
				return nil, malformed(file, p.line, "%s", err)
			}
		}
	}
	return root, nil
}

func (e *element) addText(k kind, s string) error {
	if k == cdata {
		s = s[len("<![CDATA[") : len(s)-len("]]>")]
	} else {
		if strings.TrimSpace(s) == "" && e.text == "" {
			return nil
		}
		if strings.Contains(s, "]]>") {
			return problem("found ]]> outside of a CDATA section")
		}
		var err error
		if s, err = unescape(s); err != nil {
			return err
		}
	}
	if e.text == "" {
		e.text = s
	} else {
		e.text += s
	}
	return nil
}

// checkOther checks a comment or a processing instruction.
func checkOther(s string) error {
	if comment, is := strings.CutPrefix(s, "<!--"); is {
		if len(comment) < 3 || strings.Contains(comment[:len(comment)-2], "--") || strings.HasSuffix(comment, "--->") {
			return problem("found -- in a comment")
		}
		return nil
	}
	name := s[2 : len(s)-2]
	if i := strings.IndexAny(name, space); i >= 0 {
		name = name[:i]
	}
	if !isName(name) {
		return problem("found <?" + short(name) + ", which is not the name of an instruction")
	}
	return nil
}

// problem is what is wrong with XML.
type problem string

func (p problem) Error() string { return string(p) }

const space = " \t\r\n"

// readTag reads the name and the attributes of a tag.
func (e *element) readTag(s string) error {
	n := strings.IndexAny(s, space)
	if n < 0 {
		n = len(s)
	}
	if e.name = s[:n]; !isName(e.name) {
		return problem("found <" + e.name + ", which is not the name of an element")
	}
	rest := s[n:]
	for {
		trimmed := strings.TrimLeft(rest, space)
		if trimmed == "" {
			return nil
		}
		name, value, ok := strings.Cut(trimmed, "=")
		name = strings.TrimRight(name, space)
		if !ok || !isName(name) || len(trimmed) == len(rest) {
			return problem("found " + strconv.Quote(short(trimmed)) + " in <" + e.name + ">, which is no attribute")
		}
		value = strings.TrimLeft(value, space)
		if value == "" || value[0] != '"' && value[0] != '\'' {
			return problem("the value of " + name + " in <" + e.name + "> is not in quotes")
		}
		closing := strings.IndexByte(value[1:], value[0])
		if closing < 0 {
			return problem("the value of " + name + " in <" + e.name + "> does not end")
		}
		rest = value[closing+2:]
		value = value[1 : closing+1]
		if strings.IndexByte(value, '<') >= 0 {
			return problem("the value of " + name + " in <" + e.name + "> has a < in it")
		}
		for _, a := range e.attrs {
			if a.name == name {
				return problem("<" + e.name + "> has the attribute " + name + " twice")
			}
		}
		value, err := unescape(value)
		if err != nil {
			return err
		}
		e.attrs = append(e.attrs, attr{name, value})
	}
}

// isName tells whether a text can be the name of an element or an attribute.
func isName(s string) bool {
	plain := s != ""
	for i := range len(s) { // nearly all are
		c := s[i] | 0x20
		plain = plain && (c >= 'a' && c <= 'z' || i > 0 && s[i] == '-')
	}
	if plain {
		return true
	}
	for i, r := range s {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r >= 0xC0 && r != 0xD7 && r != 0xF7:
		case i > 0 && (r >= '0' && r <= '9' || r == '-' || r == '.' || r == ':' || r == 0xB7):
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

// legible tells whether a text has characters of XML only and, if not, how many lines after its beginning the first other one is.
func legible(s string) (line int, ok bool) {
	for i := 0; i < len(s); {
		if plainBytes[s[i]] {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || !isCharacter(r) {
			return strings.Count(s[:i], "\n"), false
		}
		i += n
	}
	return 0, true
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
