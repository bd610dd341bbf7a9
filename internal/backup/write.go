package backup

import (
	"bufio"
	"compress/gzip"
	"io"
	"iter"

	"github.com/go-json-experiment/json" // as for records

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/ledger"
)

// Write writes a log that ends at end as a backup. program names the one that writes it. Errors: those of the log and of w; Precondition when the log is not
// one that Read would read.
func Write(w io.Writer, program string, end ledger.Chain, log iter.Seq2[ledger.Revision, error]) error {
	zip, err := gzip.NewWriterLevel(w, gzip.BestSpeed) // the log is read while others write: be done with it
	if err != nil {
		return err
	}
	lines := lineWriter{bufio.NewWriterSize(zip, 64<<10)}
	if err := lines.write(header{format, version, program, end.Number, end.Hash}); err != nil {
		return err
	}
	number := int64(0)
	for r, err := range log {
		if err != nil {
			return err
		}
		if number++; r.Number != number {
			return fault.New(fault.Precondition, "revision %d is missing: %d comes after %d", number, r.Number, number-1)
		}
		if err := lines.revision(r); err != nil {
			return err
		}
	}
	if number != end.Number {
		return fault.New(fault.Precondition, "revision %d is missing: the log ends at %d", number+1, number)
	}
	if err := lines.write(trailer{end.Number, end.Hash}); err != nil {
		return err
	}
	if err := lines.to.Flush(); err != nil {
		return err
	}
	return zip.Close()
}

// lineWriter writes values as lines.
type lineWriter struct{ to *bufio.Writer }

func (w lineWriter) write(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(line) >= maxLine {
		return fault.New(fault.Precondition, "a line of %d bytes is more than a backup holds, which is %d", len(line), maxLine)
	}
	if _, err := w.to.Write(line); err != nil {
		return err
	}
	return w.to.WriteByte('\n')
}

func (w lineWriter) revision(r ledger.Revision) error {
	if n := size(r); n > maxRevision {
		return fault.New(fault.Precondition, "revision %d has %d bytes, more than a backup holds in one, which is %d", r.Number, n, maxRevision)
	}
	err := w.write(revision{r.Number, r.At, r.Principal, r.Reason, r.RequestID, r.Fingerprint, r.Hash, len(r.Changes)})
	for i := 0; i < len(r.Changes) && err == nil; i++ {
		v := r.Changes[i]
		err = w.write(change{string(v.Key.Kind), v.Key.ID, v.Created, v.Deleted, string(v.Body)})
	}
	return err
}
