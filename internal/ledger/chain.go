package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strings"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// Chained returns the hash that a revision has after one whose hash is before ("" for the first), so that nobody can change, drop or reorder what was written
// without changing every later hash: SHA-256, in hexadecimal behind the form, of before, of all that the revision says, and of the digest of each of its changes,
// which is the SHA-256 of all that the change says. Each text is hashed behind its length and each number in eight bytes, both big-endian, so that no two
// revisions are hashed alike. The encoding must never change; another gets another form.
func (r Revision) Chained(before string) string {
	digests := make([]digest, len(r.Changes))
	for i, v := range r.Changes {
		digests[i] = v.digest()
	}
	return r.chained(before, digests)
}

// form begins every hash that is made of digests, so that what is written piece by piece need not be held, or read again, to be hashed in order.
const form = "2-"

// digest stands for a change in the hash of its revision.
type digest [sha256.Size]byte

func (v Version) digest() (d digest) {
	h := hasher{Hash: sha256.New()}
	h.version(v)
	h.Sum(d[:0])
	return d
}

// chained is Chained of a revision whose changes have these digests, in their order.
func (r Revision) chained(before string, changes []digest) string {
	h := r.hasher(before, len(changes))
	for _, d := range changes {
		_, _ = h.Write(d[:]) // a hash takes everything
	}
	return form + h.hex()
}

// follows tells whether a revision has the hash that it must have after one whose hash is before.
func (r Revision) follows(before string) bool {
	if strings.HasPrefix(r.Hash, form) {
		return r.Hash == r.Chained(before)
	}
	// The first form, in which logs were written that are still there: the changes themselves, one behind the other.
	h := r.hasher(before, len(r.Changes))
	for _, v := range r.Changes {
		h.version(v)
	}
	return r.Hash == h.hex()
}

// hasher begins the hash of a revision of so many changes, which are to be added.
func (r Revision) hasher(before string, changes int) *hasher {
	h := &hasher{Hash: sha256.New()}
	h.text(before)
	h.number(r.Number)
	h.number(r.At)
	h.text(r.Principal)
	h.text(r.Reason)
	h.text(r.RequestID)
	h.text(r.Fingerprint)
	h.number(int64(changes))
	return h
}

type hasher struct {
	hash.Hash
	buffer []byte
}

func (h *hasher) version(v Version) {
	h.text(string(v.Key.Kind))
	h.text(v.Key.ID)
	h.number(v.Created)
	h.number(v.Updated)
	h.number(v.Deleted)
	h.number(int64(len(v.Body)))
	_, _ = h.Write(v.Body) // a hash takes everything
}

func (h *hasher) hex() string { return hex.EncodeToString(h.Sum(nil)) }

func (h *hasher) number(n int64) {
	h.buffer = binary.BigEndian.AppendUint64(h.buffer[:0], uint64(n))
	_, _ = h.Write(h.buffer)
}

func (h *hasher) text(s string) {
	h.buffer = binary.BigEndian.AppendUint64(h.buffer[:0], uint64(len(s)))
	h.buffer = append(h.buffer, s...)
	_, _ = h.Write(h.buffer)
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
	if !r.follows(c.Hash) {
		return fault.New(fault.Precondition, "revision %d is not as it was written: what it holds, after revision %d, does not give its hash %q", r.Number, c.Number, r.Hash)
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
