package ledger

import (
	"context"
	"errors"
	"iter"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// Log returns the log as it stands: where it ends, and its revisions in order, for reading once. Others may write meanwhile; what they write is not among
// them. Each is held against the chain, and one that does not fit ends the log as Precondition. Errors: Denied.
func (l *Ledger) Log(ctx context.Context, p grant.Principal) (Chain, iter.Seq2[Revision, error], error) {
	if !p.MayAdminister() {
		return Chain{}, nil, fault.New(fault.Denied, "the role %s may not read the log", p.Role)
	}
	return l.log(ctx)
}

func (l *Ledger) log(ctx context.Context) (Chain, iter.Seq2[Revision, error], error) {
	head, err := l.Store.Head(ctx)
	if err != nil {
		return Chain{}, nil, err
	}
	end := Chain{Number: head}
	last, err := l.Store.Revisions(ctx, head+1, grant.Key{}, 1)
	if err != nil {
		return Chain{}, nil, err
	}
	if len(last) == 1 { // if it is not the head, the head is missing, and the reader is told at its place
		end.At, end.Hash = last[0].At, last[0].Hash
	}
	return end, func(yield func(Revision, error) bool) {
		var chain Chain
		enough := errors.New("the reader has enough")
		err := l.Store.Since(ctx, 0, func(r Revision) error {
			if r.Number > head {
				return enough
			}
			if err := chain.Add(r); err != nil {
				return err
			}
			if !yield(r, nil) {
				return enough
			}
			return nil
		})
		switch {
		case err == enough:
		case err != nil:
			yield(Revision{}, err)
		case chain.Number < head:
			yield(Revision{}, fault.New(fault.Precondition, "revision %d is missing: the log ends at %d, and its head is %d", chain.Number+1, chain.Number, head))
		}
	}, nil
}

// RestoreLog puts another log in the place of this one, which may hold nothing but tokens, as after a first start. Either the whole log is there when it
// returns nil, with the numbers, instants and hashes that it had, or nothing has changed. It returns where the log ends. With validateOnly it only reads the
// log to its end, and what this one holds does not matter.
//
// Errors: Denied; Precondition if this log holds more than tokens, or with the first revision of the other that does not fit or cannot be read; Unavailable
// when the database was lost on the way, for a log is read only once; the errors of the log.
func (l *Ledger) RestoreLog(ctx context.Context, p grant.Principal, log iter.Seq2[Revision, error], validateOnly bool) (Chain, error) {
	if !p.MayAdminister() {
		return Chain{}, fault.New(fault.Denied, "the role %s may not restore a backup", p.Role)
	}
	if validateOnly {
		return takeAll(log, func(Revision) error { return nil })
	}
	var end Chain
	begun := false
	err := l.Store.Commit(ctx, func(tx Tx) (err error) {
		if begun {
			return fault.New(fault.Unavailable, "the database was lost on the way, and nothing was restored: restore again")
		}
		if err := onlyTokens(tx); err != nil {
			return err
		}
		begun = true
		if err := tx.Clear(); err != nil {
			return err
		}
		end, err = takeAll(log, tx.Append)
		return err
	})
	if err != nil {
		return Chain{}, err
	}
	// A command that does nothing makes the writer notice that the log is another. If it fails, the writer notices by itself a little later.
	_ = l.commit(ctx, Write{Principal: p}, func(*draft) error { return nil }, nil)
	return end, nil
}

// onlyTokens refuses a log that holds more than a first start makes.
func onlyTokens(tx Tx) error {
	return tx.Since(0, func(r Revision) error {
		for _, v := range r.Changes {
			if v.Key.Kind != grant.Tokens {
				return fault.New(fault.Precondition, "a backup is restored into a database that holds nothing but tokens, as after a first start; revision %d of this one wrote %s", r.Number, v.Key)
			}
		}
		return nil
	})
}

// takeAll takes every revision of a log that is chained and that this program can read.
func takeAll(log iter.Seq2[Revision, error], take func(Revision) error) (Chain, error) {
	var chain Chain
	for r, err := range log {
		if err == nil {
			err = chain.Add(r)
		}
		if err != nil {
			return chain, err
		}
		for _, v := range r.Changes {
			if _, err := grant.Decode(v.Key, v.Body); err != nil {
				return chain, fault.New(fault.Precondition, "revision %d holds a record that this program cannot read, which may be older than the one that wrote it: %v", r.Number, err)
			}
		}
		if err := take(r); err != nil {
			return chain, err
		}
	}
	if chain.Number == 0 {
		return chain, fault.New(fault.Precondition, "the backup holds no revision")
	}
	return chain, nil
}
