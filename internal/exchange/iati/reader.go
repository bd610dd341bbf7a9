// Package iati is for the files of the International Aid Transparency Initiative: it reads activities, versions 2.01 to 2.03, into drafts of grants, and writes grants as
// activities of 2.03.
//
// An activity is a grant. Its funders are the participating organisations of role 1 and, where there are none, the reporting organisation, whose money outgoing
// transactions are by the standard. Its recipients are those of role 4, the implementing ones, and, where there are none, the receivers of its outgoing
// transactions; without those, too, the recipient is not known. Roles 2 and 3 are partners.
//
// It is for what the standard says, and for what publishers do instead. It may not know what is recorded.
package iati

import (
	"bufio"
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/money"
)

// Reader reads a file of IATI activities. It implements exchange.Reader.
type Reader struct {
	stream   *stream
	file     string
	currency money.Currency
	lang     string // of the file, "" if it does not say
	spaces   []attr // namespaces with prefixes that the root declares
	began    bool
	over     bool               // the root has ended
	noted    []exchange.Problem // of the file; they go with the next draft
	trees    trees
	activity activity // at hand; kept for its room
}

// maxNoted is how many elements in a row may be no activities: each is told of, and what is told goes with the next draft.
const maxNoted = 1000

// declares begins the names of attributes that declare a namespace for a prefix of names.
const declares = "xmlns:"

// NewReader returns a reader of a file with a name, which is for messages only. Money for which neither its element nor the activity says a currency is taken to be
// in this one; if it is empty, such an activity is refused.
func NewReader(from io.Reader, file string, currency money.Currency) *Reader {
	return &Reader{stream: newStream(from, file), file: file, currency: currency, activity: activity{byRef: map[string]int{}, byName: map[string]int{}, terms: map[exchange.Term]int{}}}
}

var versions = []string{"2.01", "2.02", "2.03"}

// Read implements exchange.Reader.
func (r *Reader) Read() (*exchange.Draft, error) {
	if !r.began {
		if err := r.begin(); err != nil {
			return nil, err
		}
		r.began = true
	}
	if r.over {
		return nil, r.finish()
	}
	for {
		p, err := r.stream.next()
		if err == io.EOF {
			return nil, r.stream.malformed("the file ends without </iati-activities>; it was cut off")
		}
		if err != nil {
			return nil, err
		}
		switch p.kind {
		case other:
			if err := r.check(p); err != nil {
				return nil, err
			}
		case text, cdata:
			if s := strings.TrimSpace(p.raw); s != "" {
				return nil, malformed(r.file, p.line, "found %q between two activities; accepted are activities only", short(s))
			}
		case end:
			if strings.TrimRight(p.raw[2:len(p.raw)-1], space) != "iati-activities" {
				return nil, malformed(r.file, p.line, "found %s where </iati-activities> has to be", short(p.raw))
			}
			r.over = true
			return nil, r.finish()
		case start:
			e, err := r.element()
			if err != nil {
				return nil, err
			}
			if e.name == "iati-activity" {
				return r.draft(e, p.line), nil
			}
			if len(r.noted) > maxNoted { // what the root has is among them
				return nil, malformed(r.file, p.line, "found more than %d elements in a row that are no activities; accepted are files of activities", maxNoted)
			}
			r.note(p.line, exchange.LeftOut, e.name, "<%s> is no activity; it is left out", e.name)
		}
	}
}

// Rest implements exchange.Reader.
func (r *Reader) Rest() []exchange.Problem { return r.noted }

// check checks a comment or an instruction between the elements.
func (r *Reader) check(p piece) error {
	if err := checkOther(p.raw); err != nil {
		return malformed(r.file, p.line, "found %q, which is no comment or instruction of XML", short(p.raw))
	}
	return nil
}

func (r *Reader) note(line int, s exchange.Severity, field, format string, args ...any) {
	var d exchange.Draft
	d.Problem(exchange.Place{File: r.file, Line: line}, s, field, format, args...)
	r.noted = append(r.noted, d.Problems...)
}

// element reads an element to its end. It is valid until the next one is read.
func (r *Reader) element() (e *element, err error) {
	err = r.take(func(s string) (n int, err error) {
		e, n, err = r.trees.tree(s)
		return n, err
	})
	return e, err
}

// take takes what comes next as far as a function understands it, which is 0 where the text ends before that does.
func (r *Reader) take(understand func(s string) (n int, err error)) error {
	for {
		n, err := understand(r.stream.rest)
		r.stream.take(n)
		switch {
		case err != nil:
			return r.stream.malformed("%s", err)
		case n > 0:
			return nil
		}
		if err := r.stream.more(); err == io.EOF {
			return r.stream.malformed("the file ends in the middle of the element that begins here; it was cut off")
		} else if err != nil {
			return err
		}
	}
}

// begin reads up to the tag of the root.
func (r *Reader) begin() error {
	source, err := decoded(r.stream.source, r.file)
	if err != nil {
		return err
	}
	r.stream.source = source
	for {
		p, err := r.stream.next()
		if err == io.EOF {
			return malformed(r.file, 1, "the file is empty, or has no XML; accepted are IATI activities")
		}
		if err != nil {
			return err
		}
		switch p.kind {
		case other:
			if err := r.check(p); err != nil {
				return err
			}
		case text:
			if s := strings.TrimSpace(p.raw); s != "" {
				return malformed(r.file, p.line, "found %q where XML has to begin; accepted are IATI activities", short(s))
			}
		case start:
			return r.root(p.line)
		default:
			return malformed(r.file, p.line, "found %s where XML has to begin", short(p.raw))
		}
	}
}

// root reads the tag of the root, and checks what the file says of itself.
func (r *Reader) root(line int) error {
	var e element
	if err := r.take(func(s string) (n int, err error) {
		e = element{}
		n, r.over, err = r.trees.readTag(&e, s)
		return n, err
	}); err != nil {
		return err
	}
	version := e.attr("version")
	switch {
	case e.name == "iati-organisations":
		return malformed(r.file, line, "this is an IATI organisation file, which has no activities; accepted are files of <iati-activities>")
	case e.name != "iati-activities":
		return malformed(r.file, line, "found <%s>; accepted are files of <iati-activities>", e.name)
	case strings.HasPrefix(version, "1.") || version == "1":
		return malformed(r.file, line, "found IATI version %s; accepted are %s: convert the file with the stylesheets or tools that iatistandard.org lists for the upgrade from 1.0x to 2.0x, "+
			"or ask the publisher for the newer one", version, strings.Join(versions, ", "))
	case version == "":
		r.note(line, exchange.Noted, "iati-activities/@version", "is missing; the file is read as %s", versions[len(versions)-1])
	case !slices.Contains(versions, version):
		r.note(line, exchange.Noted, "iati-activities/@version", "found %q; accepted are %s; the file is read as %s", short(version), strings.Join(versions, ", "), versions[len(versions)-1])
	}
	r.lang = e.attr("xml:lang")
	for _, a := range e.attrs {
		if strings.HasPrefix(a.name, declares) {
			r.spaces = append(r.spaces, a)
		}
	}
	return nil
}

// finish reads what comes after the root: nothing, but for comments.
func (r *Reader) finish() error {
	for {
		p, err := r.stream.next()
		if err != nil {
			return err
		}
		if p.kind == other {
			if err := r.check(p); err != nil {
				return err
			}
			continue
		}
		if p.kind == start {
			p.raw = r.stream.rest
		}
		if s := strings.TrimSpace(p.raw); s != "" {
			return malformed(r.file, p.line, "found %q after </iati-activities>; a file has one of them", short(s))
		}
	}
}

var declared = regexp.MustCompile(`^<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']`)

// decoded returns what a file says, in UTF-8. Errors: Invalid if it is in an encoding that is not known.
func decoded(source io.Reader, file string) (io.Reader, error) {
	buffered := bufio.NewReader(source)
	head, err := buffered.Peek(1024)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		_, err := buffered.Discard(3)
		return buffered, err
	case bytes.HasPrefix(head, []byte("\xFE\xFF")), bytes.HasPrefix(head, []byte("\xFF\xFE")):
		return transform.NewReader(buffered, unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder()), nil
	}
	m := declared.FindSubmatch(head)
	if m == nil || strings.EqualFold(string(m[1]), "utf-8") {
		return buffered, nil
	}
	known, err := htmlindex.Get(string(m[1]))
	if err != nil {
		return nil, malformed(file, 1, "found the encoding %q, which is not known; accepted are UTF-8, UTF-16, ISO-8859-1, windows-1252 and the others of the Web", short(string(m[1])))
	}
	if known == encoding.Nop || strings.HasPrefix(strings.ToLower(string(m[1])), "utf-16") {
		return buffered, nil // no UTF-16, or it could not have been read so far
	}
	return transform.NewReader(buffered, known.NewDecoder()), nil
}
