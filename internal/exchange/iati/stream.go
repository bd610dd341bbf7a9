package iati

import (
	"bytes"
	"fmt"
	"io"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/fault"
)

// maxHeld is the most of a file that is held at once: one activity, or one tag, comment or text between activities. The largest activities that are published have
// a few megabytes.
const maxHeld = 16 << 20

// maxDepth is how deep elements may be nested. The deepest of the standard is the ninth: the narrative of a document of a target of a result.
const maxDepth = 9

type kind uint8

const (
	text kind = iota
	cdata
	start
	empty // a start that is its own end: <a/>
	end
	other // a comment or a processing instruction
)

// piece is a stretch of a file: a tag, a comment, or the text up to the next of them. from and to are counted from where the stream began to hold.
type piece struct {
	kind     kind
	line     int
	from, to int
}

// stream cuts a file into pieces. It holds the piece that it is at and, from hold to release, those before it.
type stream struct {
	source  io.Reader
	file    string
	buf     []byte
	at, end int // what is read and not cut yet
	held    int // where the stream began to hold, -1 if it holds nothing
	line    int
	err     error // of source
}

func newStream(source io.Reader, file string) *stream {
	return &stream{source: source, file: file, buf: make([]byte, 64<<10), held: -1, line: 1}
}

// malformed says that a file is no XML, and where.
func malformed(file string, line int, format string, args ...any) error {
	return fault.New(fault.Invalid, "%s: %s", exchange.Place{File: file, Line: line}, fmt.Sprintf(format, args...))
}

func (s *stream) malformed(format string, args ...any) error {
	return malformed(s.file, s.line, format, args...)
}

// hold makes the stream keep what it cuts from here on. Pieces are counted from here.
func (s *stream) hold() { s.held = s.at }

// release lets go of what was held, which is valid until the stream is used again.
func (s *stream) release() []byte {
	held := s.buf[s.held:s.at]
	s.held = -1
	return held
}

// more reads on. Its error is io.EOF at the end of the file.
func (s *stream) more() error {
	if s.err != nil {
		return s.err
	}
	if s.end == len(s.buf) {
		first := s.at
		if s.held >= 0 {
			first = s.held
			s.held = 0
		}
		switch {
		case first > 0:
			s.end = copy(s.buf, s.buf[first:s.end])
			s.at -= first
		case len(s.buf) >= maxHeld:
			return s.malformed("an activity, a tag or a text is longer than %d MB; accepted are shorter ones", maxHeld>>20)
		default:
			s.buf = append(s.buf, make([]byte, len(s.buf))...)
		}
	}
	n, err := s.source.Read(s.buf[s.end:])
	s.end += n
	s.err = err
	if n > 0 || err == nil {
		return nil
	}
	return err
}

// find returns how far from here the end of sep is, which is sought from a distance on.
func (s *stream) find(sep string, from int) (int, error) {
	for {
		if from <= s.end-s.at {
			if i := bytes.Index(s.buf[s.at+from:s.end], []byte(sep)); i >= 0 {
				return from + i + len(sep), nil
			}
			from = max(from, s.end-s.at-len(sep)+1)
		}
		if err := s.more(); err != nil {
			return 0, s.cut(err)
		}
	}
}

// cut tells of a file that ends too early.
func (s *stream) cut(err error) error {
	if err == io.EOF {
		return s.malformed("the file ends in the middle of something that begins here; it was cut off")
	}
	return err
}

// fill reads on until there are n bytes from here, or the file is over.
func (s *stream) fill(n int) error {
	for s.end-s.at < n {
		switch err := s.more(); err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
	}
	return nil
}

// has tells whether a text stands here, of which fill has read enough.
func (s *stream) has(prefix string) bool {
	return s.end-s.at >= len(prefix) && string(s.buf[s.at:s.at+len(prefix)]) == prefix
}

// next cuts off the next piece. It is io.EOF after the last.
func (s *stream) next() (piece, error) {
	for s.at == s.end {
		if err := s.more(); err != nil {
			return piece{}, err
		}
	}
	if s.buf[s.at] != '<' {
		n, err := s.textLength()
		return s.take(text, n, err)
	}
	if err := s.fill(len("<![CDATA[")); err != nil {
		return piece{}, err
	}
	within := func(k kind, begin, last string) (piece, error) {
		n, err := s.find(last, len(begin))
		return s.take(k, n, err)
	}
	switch {
	case s.has("</"):
		return within(end, "</", ">")
	case s.has("<?"):
		return within(other, "<?", "?>")
	case s.has("<!--"):
		return within(other, "<!--", "-->")
	case s.has("<![CDATA["):
		return within(cdata, "<![CDATA[", "]]>")
	case s.has("<!"):
		return piece{}, s.malformed("the file has a document type declaration, which can make a small file endless; accepted are files without")
	}
	n, err := s.tag()
	if err == nil && s.buf[s.at+n-2] == '/' {
		return s.take(empty, n, nil)
	}
	return s.take(start, n, err)
}

// take cuts off a piece of a length.
func (s *stream) take(k kind, n int, err error) (piece, error) {
	if err != nil {
		return piece{}, err
	}
	from := s.at - max(s.held, 0)
	p := piece{kind: k, line: s.line, from: from, to: from + n}
	s.line += bytes.Count(s.buf[s.at:s.at+n], []byte{'\n'})
	s.at += n
	return p, nil
}

// textLength is how far the text reaches.
func (s *stream) textLength() (int, error) {
	for from := 0; ; {
		if i := bytes.IndexByte(s.buf[s.at+from:s.end], '<'); i >= 0 {
			return from + i, nil
		}
		from = s.end - s.at
		if err := s.more(); err == io.EOF {
			return from, nil
		} else if err != nil {
			return 0, err
		}
	}
}

// tag returns the length of the tag that begins here. A > in an attribute does not end it.
func (s *stream) tag() (int, error) {
	quote := byte(0)
	for i := 1; ; {
		rest := s.buf[s.at+i : s.end]
		n := bytes.IndexByte(rest, '>')
		if quote != 0 {
			n = bytes.IndexByte(rest, quote)
		}
		if n < 0 {
			n = len(rest)
		}
		if quote == 0 {
			// What looks like the end is one, unless a quote opens before it.
			if q := bytes.IndexAny(rest[:n], `"'`); q >= 0 {
				quote, i = rest[q], i+q+1
				continue
			}
		}
		if i += n; n == len(rest) {
			if err := s.more(); err != nil {
				return 0, s.cut(err)
			}
			continue
		}
		i++
		if quote == 0 {
			return i, nil
		}
		quote = 0
	}
}
