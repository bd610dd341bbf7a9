// Package limit keeps a piece of a file, a row or a text, from growing without end in memory.
//
// It does not know what the pieces are.
package limit

import "io"

// Reader lets so many bytes pass until it is reset, and then fails with an error of the caller's.
type Reader struct {
	r         io.Reader
	most, has int
	err       error
}

// New returns a Reader for pieces of most bytes. A buffer that reads ahead of the pieces should have a few kilobytes at most.
func New(r io.Reader, most int, err error) *Reader {
	return &Reader{r: r, most: most, has: most, err: err}
}

// Reset begins a new piece.
func (l *Reader) Reset() { l.has = l.most }

// Read implements io.Reader.
func (l *Reader) Read(p []byte) (int, error) {
	if l.has <= 0 {
		return 0, l.err
	}
	n, err := l.r.Read(p[:min(len(p), 4096)])
	l.has -= n
	return n, err
}
