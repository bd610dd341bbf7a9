package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// Chained returns the hash that a revision has after one whose hash is before ("" for the first): SHA-256, in hexadecimal, of all that it says and of
// before, so that nobody can change, drop or reorder what was written without changing every later hash. Each text is hashed behind its length and each
// number in eight bytes, both big-endian, so that no two revisions are hashed alike. The encoding must never change.
func (r Revision) Chained(before string) string {
	d := r.digest(before, len(r.Changes))
	for _, v := range r.Changes {
		d.version(v)
	}
	return d.hex()
}

// digest begins the hash of a revision of so many changes, which are to be added in their order.
func (r Revision) digest(before string, changes int) *digest {
	d := &digest{Hash: sha256.New()}
	d.text(before)
	d.number(r.Number)
	d.number(r.At)
	d.text(r.Principal)
	d.text(r.Reason)
	d.text(r.RequestID)
	d.text(r.Fingerprint)
	d.number(int64(changes))
	return d
}

type digest struct {
	hash.Hash
	buffer []byte
}

func (d *digest) version(v Version) {
	d.text(string(v.Key.Kind))
	d.text(v.Key.ID)
	d.number(v.Created)
	d.number(v.Updated)
	d.number(v.Deleted)
	d.number(int64(len(v.Body)))
	_, _ = d.Write(v.Body) // a hash takes everything
}

func (d *digest) hex() string { return hex.EncodeToString(d.Sum(nil)) }

func (d *digest) number(n int64) {
	d.buffer = binary.BigEndian.AppendUint64(d.buffer[:0], uint64(n))
	_, _ = d.Write(d.buffer)
}

func (d *digest) text(s string) {
	d.buffer = binary.BigEndian.AppendUint64(d.buffer[:0], uint64(len(s)))
	d.buffer = append(d.buffer, s...)
	_, _ = d.Write(d.buffer)
}

// Chain is how far a log was followed from its beginning, where the zero Chain stands: the number, the instant and the hash of the last revision.
type Chain struct {
	Number int64
	At     int64
	Hash   string
}

// Add takes the next revision of the log. Its error is Precondition, tells what is wrong with the revision, and leaves the chain where it was.
func (c *Chain) Add(r Revision) error {
	switch {
	case r.Number != c.Number+1:
		return fault.New(fault.Precondition, "revision %d is missing: %d comes after %d", c.Number+1, r.Number, c.Number)
	case r.At <= c.At:
		return fault.New(fault.Precondition, "revision %d is not later than the one before", r.Number)
	}
	if of := r.Chained(c.Hash); of != r.Hash {
		return fault.New(fault.Precondition, "revision %d is not as it was written: its hash is %q, and what it holds, after revision %d, gives %q", r.Number, r.Hash, c.Number, of)
	}
	*c = Chain{r.Number, r.At, r.Hash}
	return nil
}

// Anchor is the hash that a revision had once, kept outside of the database. The zero Anchor is none.
type Anchor struct {
	Number int64
	Hash   string
}

// Verify reads the whole log and proves that nobody rewrote it: that every revision is there, in order, and has the hash of what it holds, and with an
// anchor that its revision still has that hash. It returns the end of the log. Errors: Denied; Precondition with the first revision that does not fit.
func (l *Ledger) Verify(ctx context.Context, p grant.Principal, anchor Anchor) (Chain, error) {
	if !p.SeesAll() {
		return Chain{}, fault.New(fault.Denied, "the role %s may not verify the log", p.Role)
	}
	return l.verify(ctx, anchor, func(_, _ int64) error { return nil })
}

// VerifyDatabase checks that what is stored fits together, and then the log as Verify does. progress is told of each revision how many there are in all,
// and may end it. Errors: Denied; Precondition with what was found; those of progress.
func (l *Ledger) VerifyDatabase(ctx context.Context, p grant.Principal, anchor Anchor, progress func(number, of int64) error) (Chain, error) {
	if !p.MayAdminister() {
		return Chain{}, fault.New(fault.Denied, "the role %s may not verify the database", p.Role)
	}
	if err := l.Store.Check(ctx); err != nil {
		return Chain{}, err
	}
	return l.verify(ctx, anchor, progress)
}

func (l *Ledger) verify(ctx context.Context, anchor Anchor, progress func(number, of int64) error) (Chain, error) {
	end, log, err := l.log(ctx)
	if err != nil {
		return Chain{}, err
	}
	for r, err := range log {
		if err != nil {
			return Chain{}, err
		}
		if r.Number == anchor.Number && r.Hash != anchor.Hash {
			return Chain{}, fault.New(fault.Precondition, "the log was rewritten: revision %d has the hash %q and had %q", r.Number, r.Hash, anchor.Hash)
		}
		if err := progress(r.Number, end.Number); err != nil {
			return Chain{}, err
		}
	}
	if anchor.Number > end.Number {
		return Chain{}, fault.New(fault.Precondition, "revision %d of the anchor is missing: the log ends at %d", anchor.Number, end.Number)
	}
	return end, nil
}
