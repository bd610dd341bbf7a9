package iati

import (
	"iter"
	"strconv"
	"strings"
)

// element is an element of a file with what is in it. Names have their prefixes: usg:tec1, xml:lang.
type element struct {
	name        string
	attrs       []attr
	text        string   // directly in it, without the spaces around it
	at          int      // where its first tag begins, in the text of the element that is in no other
	raw         string   // as it stands in the file
	gaps        []gap    // in it
	first, last *element // of its children
	next        *element // sibling
}

type attr struct{ name, value string }

// gap is white space before an element or an end, from one place to another as of element.at. Neither XML nor IATI gives it a meaning, unless text stands beside the elements, or the file
// says that it has one.
type gap struct{ from, to int }

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

// all are the children of a name.
func (e *element) all(name string) iter.Seq[*element] {
	return func(yield func(*element) bool) {
		for c := e.first; c != nil; c = c.next {
			if c.name == name && !yield(c) {
				return
			}
		}
	}
}

// count returns how many children have a name.
func (e *element) count(name string) int {
	n := 0
	for range e.all(name) {
		n++
	}
	return n
}

// write writes an element as it stands in the file, without the gaps.
func (e *element) write(to *strings.Builder) {
	at := 0 // in e.raw
	for _, g := range e.gaps {
		to.WriteString(e.raw[at : g.from-e.at])
		at = g.to - e.at
	}
	to.WriteString(e.raw[at:])
}

// trees makes elements of text, in room that it uses again: an element is valid until the next one of a file is made.
type trees struct {
	elements []element
	attrs    []attr
	gaps     []gap
}

// tree makes an element of the text that it begins. n is its length, 0 if the text ends before it does, and how far the text is right if there is an error.
func (t *trees) tree(s string) (root *element, n int, err error) {
	clear(t.elements) // they hold on to the text of the last one
	clear(t.attrs)
	t.elements, t.attrs, t.gaps = t.elements[:0], t.attrs[:0], t.gaps[:0]
	var open [maxDepth]*element          // the first stands for the root of the file
	var gaps [maxDepth]int               // how many there were before these
	var broken [maxDepth]strings.Builder // the texts of these, where comments stand in them
	for depth := 0; root == nil || depth > 0; {
		from := n
		for root != nil && n < len(s) && isSpace(s[n]) {
			n++
		}
		switch {
		case n == from:
		case open[depth].text == "" || strings.HasPrefix(s[n:], "</"): // no text begins or ends with spaces
			t.gaps = append(t.gaps, gap{from, n})
		default:
			n = from
		}
		p := pieceOf(s[n:])
		length := len(p.raw)
		if root == nil && p.kind != start {
			return nil, 0, problem("found " + short(s) + " where an element has to begin")
		}
		if length == 0 {
			return nil, 0, nil
		}
		switch p.kind {
		case start:
			e := t.add(n, open[depth])
			var empty bool
			if length, empty, err = t.readTag(e, s[n:]); length == 0 {
				return nil, 0, nil
			}
			if root == nil {
				root = e
			}
			if empty {
				e.raw = s[n : n+length]
				break
			}
			if depth++; depth == maxDepth {
				return nil, n, problem("elements are nested deeper than " + strconv.Itoa(maxDepth) + "; the standard needs no more")
			}
			open[depth], gaps[depth] = e, len(t.gaps)
		case end:
			e := open[depth]
			if name := p.raw[2 : length-1]; name != e.name && strings.TrimRight(name, space) != e.name {
				return nil, n, problem("found </" + strings.TrimRight(name, space) + "> where </" + e.name + "> has to be")
			}
			if broken[depth].Len() > 0 {
				e.text = broken[depth].String()
				broken[depth].Reset()
			}
			e.raw, e.text = s[e.at:n+length], strings.TrimSpace(e.text)
			if e.first == nil || e.text != "" || e.attr("xml:space") == "preserve" {
				t.gaps = t.gaps[:gaps[depth]]
			}
			e.gaps = t.gaps[gaps[depth]:len(t.gaps):len(t.gaps)]
			depth--
		case text, cdata:
			err = open[depth].addText(p.kind, p.raw, &broken[depth])
		case other:
			err = checkOther(p.raw)
		case doctype:
			err = noDoctype
		}
		if err != nil {
			return nil, n, err
		}
		n += length
	}
	return root, n, nil
}

// add adds an element that begins at a place of the text, as the last in another, if there is one.
func (t *trees) add(at int, to *element) *element {
	if len(t.elements) == cap(t.elements) {
		t.elements = make([]element, 0, max(2*len(t.elements), 64)) // those so far stay where they are
	}
	t.elements = t.elements[:len(t.elements)+1]
	e := &t.elements[len(t.elements)-1]
	e.at = at
	switch {
	case to == nil:
	case to.first == nil:
		to.first, to.last = e, e
	default:
		to.last.next, to.last = e, e
	}
	return e
}

// addText adds to the text of an element, from the second piece on in a builder.
func (e *element) addText(k kind, s string, broken *strings.Builder) error {
	if k == cdata {
		s = s[len("<![CDATA[") : len(s)-len("]]>")]
	} else {
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
		return nil
	}
	if broken.Len() == 0 {
		broken.WriteString(e.text)
	}
	broken.WriteString(s)
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

// noDoctype is said of the declarations that can make a small file endless.
const noDoctype problem = "the file has a document type declaration, which can make a small file endless; accepted are files without"

// problem is what is wrong with XML.
type problem string

func (p problem) Error() string { return string(p) }

// readTag reads the tag that a text begins with into an element. n is its length, 0 if the text ends before it does; empty tells that the element ends with it: <a/>.
func (t *trees) readTag(e *element, s string) (n int, empty bool, err error) {
	n = 1 + plainName(s[1:])
	plain := n > 1
	for n < len(s) && s[n] != '>' && s[n] != '/' && !isSpace(s[n]) {
		n, plain = n+1, false
	}
	if e.name = s[1:n]; !plain && n < len(s) && !isName(e.name) {
		return n, false, problem("found <" + e.name + ", which is not the name of an element")
	}
	for first := len(t.attrs); ; {
		rest := skipSpace(s[n:])
		spaces := len(s) - len(rest) - n
		switch {
		case rest == "" || rest == "/":
			return 0, false, nil
		case rest[0] == '>':
			return n + spaces + 1, false, nil
		case rest[0] == '/' && rest[1] == '>':
			return n + spaces + 2, true, nil
		case spaces == 0:
			n, err := noAttribute(e.name, rest)
			return n, false, err
		}
		a, length, err := readAttr(e.name, rest)
		if err != nil || length == 0 {
			return length, false, err
		}
		if len(e.attrs) == maxAttrs {
			return n, false, problem("<" + e.name + "> has more than " + strconv.Itoa(maxAttrs) + " attributes; the standard needs no more")
		}
		for _, b := range e.attrs {
			if b.name == a.name {
				return n, false, problem("<" + e.name + "> has the attribute " + a.name + " twice")
			}
		}
		t.attrs = append(t.attrs, a)
		e.attrs = t.attrs[first:len(t.attrs):len(t.attrs)]
		n += spaces + length
	}
}

// readAttr reads the attribute of an element that a text begins with. n is its length, 0 if the text ends before it does.
func readAttr(element, s string) (a attr, n int, err error) {
	var name, value string
	if n = plainName(s); n > 0 && n < len(s) && s[n] == '=' {
		name, value = s[:n], skipSpace(s[n+1:])
	} else {
		name, value, _ = strings.Cut(s, "=")
		if name, value = strings.TrimRight(name, space), skipSpace(value); !isName(name) {
			n, err = noAttribute(element, s)
			return attr{}, n, err
		}
	}
	if value == "" {
		return attr{}, 0, nil
	}
	n = len(s) - len(value) + 1
	quote := value[0]
	if quote != '"' && quote != '\'' {
		return attr{}, n, problem("the value of " + name + " in <" + element + "> is not in quotes")
	}
	value = value[1:]
	length, plain := 0, true // most are short
	for length < len(value) && value[length] != quote {
		plain = plain && value[length] != '<' && value[length] != '&'
		length++
	}
	if length == len(value) {
		return attr{}, 0, nil
	}
	n += length + 1
	if value = value[:length]; !plain {
		if strings.IndexByte(value, '<') >= 0 {
			return attr{}, n, problem("the value of " + name + " in <" + element + "> has a < in it")
		}
		value, err = unescape(value)
	}
	return attr{name, value}, n, err
}

// noAttribute says that what stands in a tag is no attribute, if the tag is there as a whole.
func noAttribute(element, s string) (n int, err error) {
	tag, _, whole := strings.Cut(s, ">")
	if !whole {
		return 0, nil
	}
	return len(tag), problem("found " + strconv.Quote(short(strings.TrimSuffix(tag, "/"))) + " in <" + element + ">, which is no attribute")
}

const space = " \t\r\n"

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func skipSpace(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	return s
}
