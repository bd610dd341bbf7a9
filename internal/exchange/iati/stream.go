package iati

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/fault"
)

// maxHeld is the most of a file that is held at once: one activity, or one tag, comment or text between activities. The largest activities that are published have
// a few megabytes.
const maxHeld = 16 << 20

// maxDepth is how deep elements may be nested. The deepest of the standard is the ninth: the narrative of a document of a target of a result.
const maxDepth = 9

// maxAttrs is how many attributes an element may have. Those of the standard have ten, and the root as many namespaces as its publisher likes.
const maxAttrs = 100

type kind uint8

const (
	text kind = iota
	cdata
	start // only its < is a piece
	end
	other // a comment or a processing instruction
	doctype
)

// piece is what a text of XML begins with: a comment, the tag of an end, the text up to the next of them.
type piece struct {
	kind kind
	raw  string // "" if the text ends before the piece does
	line int    // of a piece of a stream
}

// pieceOf returns the first piece of a text.
func pieceOf(s string) piece {
	up := func(k kind, begin, last string) piece {
		n := strings.Index(s[len(begin):], last)
		if n < 0 {
			return piece{kind: k}
		}
		return piece{kind: k, raw: s[:len(begin)+n+len(last)]}
	}
	switch {
	case s == "" || s == "<":
		return piece{}
	case s[0] != '<':
		return piece{kind: text, raw: s[:max(strings.IndexByte(s, '<'), 0)]}
	case s[1] == '/':
		return piece{kind: end, raw: s[:strings.IndexByte(s, '>')+1]}
	case s[1] == '?':
		return up(other, "<?", "?>")
	case s[1] != '!':
		return piece{kind: start, raw: s[:1]}
	case strings.HasPrefix(s, "<!--"):
		return up(other, "<!--", "-->")
	case strings.HasPrefix(s, "<![CDATA["):
		return up(cdata, "<![CDATA[", "]]>")
	case len(s) < len("<![CDATA["):
		return piece{}
	}
	return piece{kind: doctype, raw: s[:2]}
}

// stream is a file that is taken piece by piece.
type stream struct {
	source  io.Reader
	file    string
	line    int    // of rest
	rest    string // what is at hand and not taken yet
	buf     []byte // rest, and what was read beyond it, from at to end
	at, end int
	err     error // of source
}

func newStream(source io.Reader, file string) *stream {
	return &stream{source: source, file: file, line: 1, buf: make([]byte, 64<<10)}
}

// malformed says that a file is no XML, and where.
func malformed(file string, line int, format string, args ...any) error {
	return fault.New(fault.Invalid, "%s: %s", exchange.Place{File: file, Line: line}, fmt.Sprintf(format, args...))
}

func (s *stream) malformed(format string, args ...any) error {
	return malformed(s.file, s.line, format, args...)
}

// more has more at hand of what is cut off, about twice as much, so that what is long is not looked at again too often. What is at hand ends with an activity where it
// can, so that few are cut off, and has characters of XML only. Its error is io.EOF at the end of the file.
func (s *stream) more() error {
	had, n := len(s.rest), s.whole()
	if had == 0 || had == n {
		if err := s.fill(); err != nil {
			return err
		}
		if n = s.whole(); n == had {
			return s.err
		}
		const last = "</iati-activity>"
		if i := bytes.LastIndex(s.buf[s.at+had:s.end], []byte(last)); i >= 0 {
			n = had + i + len(last)
		}
	}
	s.rest = string(s.buf[s.at : s.at+n])
	if n := had + legible(s.rest[had:]); n < len(s.rest) {
		line := s.line + strings.Count(s.rest[:n], "\n")
		s.err = malformed(s.file, line, "found a character that XML does not allow; the file is not in the encoding that it declares, or is damaged")
		s.rest, s.end = s.rest[:n], s.at+n
	}
	return nil
}

// whole returns how much has been read, without a character of which there is more to come.
func (s *stream) whole() int {
	read := s.buf[s.at:s.end]
	for i := max(len(read)-utf8.UTFMax+1, 0); i < len(read) && s.err == nil; i++ {
		if utf8.RuneStart(read[i]) && !utf8.FullRune(read[i:]) {
			return i
		}
	}
	return len(read)
}

// fill reads on until the room is full, of which half at least was free.
func (s *stream) fill() error {
	if s.err != nil {
		return nil
	}
	s.at, s.end = 0, copy(s.buf, s.buf[s.at:s.end])
	switch {
	case s.end == maxHeld:
		return s.malformed("an activity, a tag or a text is longer than %d MB; accepted are shorter ones", maxHeld>>20)
	case s.end > len(s.buf)/2 && len(s.buf) < maxHeld:
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	var n int
	if n, s.err = io.ReadFull(s.source, s.buf[s.end:]); s.err == io.ErrUnexpectedEOF {
		s.err = io.EOF
	}
	s.end += n
	return nil
}

// next takes the next piece, but for a start, which is left to those who read elements. It is io.EOF after the last.
func (s *stream) next() (piece, error) {
	p := pieceOf(s.rest)
	for p.raw == "" {
		err := s.more()
		switch {
		case err == nil:
			p = pieceOf(s.rest)
		case err == io.EOF && s.rest != "" && s.rest[0] == '<':
			return p, s.malformed("the file ends in the middle of something that begins here; it was cut off")
		case err == io.EOF && s.rest != "":
			p = piece{kind: text, raw: s.rest}
		default:
			return p, err
		}
	}
	p.line = s.line
	switch p.kind {
	case start:
	case doctype:
		return p, s.malformed("%s", noDoctype)
	default:
		s.take(len(p.raw))
	}
	return p, nil
}

// take takes so much of what is at hand.
func (s *stream) take(n int) {
	s.line += strings.Count(s.rest[:n], "\n")
	s.rest = s.rest[n:]
	s.at += n
}
