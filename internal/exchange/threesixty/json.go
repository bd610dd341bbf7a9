package threesixty

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/limit"
	"github.com/allmep/tandem/internal/exchange/table"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// Limits. What goes beyond is refused.
const (
	maxGrant  = 4 << 20 // bytes of one grant, or of all that stands around the grants
	maxDepth  = 10      // of what is nested in a grant
	maxValues = 10_000  // in a grant
)

var errLong = fmt.Errorf("a grant, or a text, is longer than %d MB", maxGrant>>20)

// JSON reads a package of grants, or a bare list of them, grant by grant. It is an exchange.Reader.
type JSON struct {
	file   string
	in     *jsontext.Decoder
	limit  *limit.Reader
	lines  *lines
	inside bool // the list of grants
	bare   bool
	err    error
}

// NewJSON returns a reader of a file.
func NewJSON(r io.Reader, file string) *JSON {
	b := bufio.NewReader(r)
	if mark, _ := b.Peek(3); bytes.Equal(mark, []byte("\uFEFF")) {
		_, _ = b.Discard(3) // they were there
	}
	l := &lines{r: b, line: 1}
	lim := limit.New(l, maxGrant, errLong)
	return &JSON{file: file, in: jsontext.NewDecoder(lim), limit: lim, lines: l}
}

// Read returns the draft of the next grant.
func (j *JSON) Read() (*exchange.Draft, error) {
	if j.err != nil {
		return nil, j.err
	}
	d, err := j.read()
	if err != nil && err != io.EOF {
		var bad *fault.Error
		if syntax := new(jsontext.SyntacticError); errors.As(err, &syntax) || errors.Is(err, errLong) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fault.New(fault.Invalid, "%s: the JSON cannot be read: %v", exchange.Place{File: j.file, Line: j.line()}, err)
		} else if errors.As(err, &bad) {
			err = fault.New(fault.Invalid, "%s: %s", exchange.Place{File: j.file, Line: j.line()}, bad.Message)
		}
	}
	j.err = err
	return d, err
}

// Rest implements exchange.Reader: everything is told with a grant.
func (j *JSON) Rest() []exchange.Problem { return nil }

// again tells a state of a record as JSON, as of exchange.Record.
func (j *JSON) again(g *grant.Grant, names *grant.Registry) (*exchange.Draft, error) {
	a, lacks := awardOf(g, names)
	if lacks != "" {
		return nil, lacking{lacks: 1}.refusal()
	}
	body, err := json.Marshal([]award{a})
	if err != nil {
		return nil, err
	}
	return NewJSON(bytes.NewReader(body), j.file).Read()
}

func (j *JSON) line() int { return j.lines.at(j.in.InputOffset()) }

func (j *JSON) read() (*exchange.Draft, error) {
	j.limit.Reset()
	if !j.inside {
		if err := j.enter(); err != nil {
			return nil, err
		}
		j.inside = true
	}
	if j.in.PeekKind() != ']' {
		line := j.nextLine()
		v, err := j.in.ReadValue()
		if err != nil {
			return nil, err
		}
		r := newRecord(exchange.Place{File: j.file, Line: line})
		if v.Kind() != '{' {
			return nil, fault.New(fault.Invalid, "found %.40s among the grants; accepted are objects", v)
		}
		if err := r.flatten("", v, 0); err != nil {
			return nil, err
		}
		r.again = j.again
		return r.draft(), nil
	}
	if _, err := j.in.ReadToken(); err != nil {
		return nil, err
	}
	if j.bare {
		return nil, j.end()
	}
	for j.in.PeekKind() != '}' { // what the package has after its grants
		j.limit.Reset()
		name, err := j.in.ReadToken()
		if err != nil {
			return nil, err
		}
		if name.String() == "grants" {
			return nil, fault.New(fault.Invalid, "the package has two lists of grants; accepted is one")
		}
		if err := j.in.SkipValue(); err != nil {
			return nil, err
		}
	}
	if _, err := j.in.ReadToken(); err != nil {
		return nil, err
	}
	return nil, j.end()
}

// nextLine is the line on which the next value begins.
func (j *JSON) nextLine() int {
	j.in.PeekKind()
	before := j.in.UnreadBuffer()
	return j.lines.at(j.in.InputOffset() + int64(len(before)-len(bytes.TrimLeft(before, " \t\r\n,"))))
}

// end makes sure that nothing comes after the grants.
func (j *JSON) end() error {
	if _, err := j.in.ReadToken(); err != io.EOF {
		if err == nil {
			err = fault.New(fault.Invalid, "something comes after the end of the grants; accepted is one package or one list")
		}
		return err
	}
	return io.EOF
}

// enter goes to the first grant: into the list, or into the package and there into its list.
func (j *JSON) enter() error {
	switch j.in.PeekKind() {
	case '[':
		j.bare = true
		_, err := j.in.ReadToken()
		return err
	case '{':
		if _, err := j.in.ReadToken(); err != nil {
			return err
		}
	default:
		if _, err := j.in.ReadToken(); err != nil && err != io.EOF {
			return err
		}
		return fault.New(fault.Invalid, "accepted is a 360Giving package or a list of grants")
	}
	for j.in.PeekKind() != '}' {
		j.limit.Reset()
		name, err := j.in.ReadToken()
		if err != nil {
			return err
		}
		if name.String() != "grants" {
			if err := j.in.SkipValue(); err != nil {
				return err
			}
			continue
		}
		if j.in.PeekKind() != '[' {
			return fault.New(fault.Invalid, `the package's "grants" are no list; accepted is a list of grants`)
		}
		_, err = j.in.ReadToken()
		return err
	}
	return fault.New(fault.Invalid, `the package has no "grants"; accepted is a 360Giving package or a list of grants`)
}

// flatten puts what a value has into the record, each by its path.
func (r *record) flatten(path string, v jsontext.Value, depth int) error {
	in := jsontext.NewDecoder(bytes.NewReader(v))
	if depth > maxDepth || len(r.paths) > maxValues {
		return fault.New(fault.Invalid, "a grant is nested deeper than %d, or has more than %d values", maxDepth, maxValues)
	}
	join := func(name string) string {
		if path == "" {
			return name
		}
		return path + "/" + name
	}
	switch v.Kind() {
	case '{', '[':
		open, err := in.ReadToken()
		for n := 0; err == nil && in.PeekKind() != '}' && in.PeekKind() != ']'; n++ {
			name := fmt.Sprint(n)
			if open.Kind() == '{' {
				var t jsontext.Token
				if t, err = in.ReadToken(); err != nil {
					return err
				}
				name = t.String()
			}
			var member jsontext.Value
			if member, err = in.ReadValue(); err == nil {
				err = r.flatten(join(name), member, depth+1)
			}
		}
		return err
	case 'n':
		return nil
	}
	t, err := in.ReadToken()
	if err == nil {
		r.put(path, table.Cell{Text: t.String()})
	}
	return err
}

// lines counts the lines of what is read through it.
type lines struct {
	r      io.Reader
	passed int64   // bytes
	line   int     // the line of the last place that was asked for
	breaks []int64 // the offsets of the line breaks after it
}

func (l *lines) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for i, b := range p[:n] {
		if b == '\n' {
			l.breaks = append(l.breaks, l.passed+int64(i))
		}
	}
	l.passed += int64(n)
	return n, err
}

// at returns the line of an offset, which is not before the last that was asked for.
func (l *lines) at(offset int64) int {
	for len(l.breaks) > 0 && l.breaks[0] < offset {
		l.breaks = l.breaks[1:]
		l.line++
	}
	return l.line
}
