package backup

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/go-json-experiment/json" // as for records

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

// Read reads the revisions of a backup, once, in order. What is not a backup, or not a whole one, ends them with an Invalid error that tells after which
// revision. Revisions are as the file has them: whether their hashes fit is for the ledger to say. Memory is bound by the largest revision.
func Read(from io.Reader) iter.Seq2[ledger.Revision, error] {
	return func(yield func(ledger.Revision, error) bool) {
		r := &reader{}
		enough := errors.New("the caller has enough")
		err := r.read(from, func(rev ledger.Revision) error {
			if !yield(rev, nil) {
				return enough
			}
			return nil
		})
		switch {
		case err == nil || err == enough:
		case r.number == 0:
			yield(ledger.Revision{}, &fault.Error{Kind: fault.Invalid, Message: "this is no backup that can be read: " + err.Error()})
		default:
			yield(ledger.Revision{}, &fault.Error{Kind: fault.Invalid, Message: fmt.Sprintf("the backup is damaged after revision %d: %v", r.number, err)})
		}
	}
}

// reader reads lines; number is the last revision that was read whole.
type reader struct {
	lines  *bufio.Reader
	number int64
}

func (r *reader) read(from io.Reader, yield func(ledger.Revision) error) error {
	zip, err := gzip.NewReader(from)
	if err != nil {
		return explain(err)
	}
	r.lines = bufio.NewReaderSize(zip, 64<<10)
	var h header
	if err := r.line(&h); err != nil {
		return err
	}
	switch {
	case h.Format != format:
		return fmt.Errorf("its first line says the format %q; accepted is %q", h.Format, format)
	case h.Version < first || h.Version > version:
		return fmt.Errorf("it is of version %d of the format, and this program reads versions %d to %d: restore it with the program that wrote it (%s), or a newer one", h.Version, first, version, h.Program)
	case h.Head < 0:
		return fmt.Errorf("its first line says that it ends at revision %d", h.Head)
	}
	for r.number < h.Head {
		rev, err := r.revision()
		if err != nil {
			return err
		}
		r.number = rev.Number
		if err := yield(rev); err != nil {
			return err
		}
	}
	return r.end(h)
}

// end reads the trailer, behind which there is nothing.
func (r *reader) end(h header) error {
	var t trailer
	if err := r.line(&t); err != nil {
		return err
	}
	if t.End != h.Head || t.Hash != h.Hash {
		return fmt.Errorf("its last line says revision %d with the hash %q, its first %d with %q", t.End, t.Hash, h.Head, h.Hash)
	}
	switch _, err := r.lines.ReadByte(); {
	case err == nil, errors.Is(err, gzip.ErrHeader):
		return errors.New("there is more behind its last line")
	case err != io.EOF:
		return explain(err)
	}
	return nil
}

func (r *reader) revision() (ledger.Revision, error) {
	var line revision
	if err := r.line(&line); err != nil {
		return ledger.Revision{}, err
	}
	rev := ledger.Revision{Number: line.Number, At: line.At, Principal: line.Principal, Reason: line.Reason, RequestID: line.RequestID, Fingerprint: line.Fingerprint, Hash: line.Hash}
	switch {
	case line.Number != r.number+1:
		return rev, fmt.Errorf("the next line is of revision %d", line.Number)
	case line.Changes < 0:
		return rev, fmt.Errorf("revision %d says that it has %d changes", line.Number, line.Changes)
	case !storable(rev.Principal, rev.Reason, rev.RequestID, rev.Fingerprint, rev.Hash):
		return rev, fmt.Errorf("revision %d has a character zero", line.Number)
	}
	bytes := 0
	for range line.Changes {
		v, err := r.change(rev)
		if err != nil {
			return rev, fmt.Errorf("revision %d, behind %d of its %d changes: %w", line.Number, len(rev.Changes), line.Changes, err)
		}
		if bytes += len(v.Body); bytes > maxRevision {
			return rev, fmt.Errorf("revision %d has more than %d bytes", line.Number, maxRevision)
		}
		rev.Changes = append(rev.Changes, v)
	}
	return rev, nil
}

// change reads the next change of a revision.
func (r *reader) change(of ledger.Revision) (ledger.Version, error) {
	var line change
	if err := r.line(&line); err != nil {
		return ledger.Version{}, err
	}
	v := ledger.Version{Key: grant.Key{Kind: grant.Kind(line.Kind), ID: line.ID}, Revision: of.Number, Created: line.Created, Updated: of.At, Deleted: line.Deleted, Body: []byte(line.Body)}
	if n := len(of.Changes); n > 0 {
		before := of.Changes[n-1].Key
		if cmp.Or(cmp.Compare(before.Kind, v.Key.Kind), cmp.Compare(before.ID, v.Key.ID)) >= 0 {
			return v, fmt.Errorf("%q does not come after %q", v.Key, before)
		}
	}
	if !storable(line.Kind, line.ID, line.Body) {
		return v, fmt.Errorf("%q has a character zero", v.Key)
	}
	return v, nil
}

// line reads the next line into a value, which must know each of its fields.
func (r *reader) line(v any) error {
	var line []byte
	for {
		part, err := r.lines.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			return fmt.Errorf("a line is longer than %d bytes", maxLine)
		}
		line = append(line, part...)
		switch err {
		case nil:
			if err := json.Unmarshal(bytes.TrimSuffix(line, []byte("\n")), v, json.RejectUnknownMembers(true)); err != nil {
				return fmt.Errorf("a line cannot be read: %w", err)
			}
			return nil
		case bufio.ErrBufferFull:
		default:
			return explain(err)
		}
	}
}

// explain says what an end that comes too early, or bytes that are no gzip, mean for a backup.
func explain(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it was cut off")
	case errors.Is(err, gzip.ErrHeader):
		return errors.New("it is not compressed with gzip")
	case errors.Is(err, gzip.ErrChecksum):
		return errors.New("its bytes were changed: the checksum does not fit")
	}
	return err
}

// storable tells whether stores keep texts: PostgreSQL has no character zero.
func storable(texts ...string) bool {
	for _, s := range texts {
		if strings.IndexByte(s, 0) >= 0 {
			return false
		}
	}
	return true
}
