package ledger

import (
	"slices"

	"github.com/allmep/tandem/internal/grant"
)

// bulk writes a revision piece by piece, so that it is never held whole: while its command decides on, goroutines encode what is put, take it into the next
// state and write it to the log. It is for commands that are alone in their transaction, which undoes what is written of one that fails.
type bulk struct {
	*draft
	head   Revision
	before string         // the hash of the revision before
	batch  []grant.Entity // put, and not handed on yet
	handed int            // batches that are under way
	work   chan []grant.Entity
	ready  chan error // of each batch
	// The goroutines', until all that was handed on is ready:
	begun bool     // the log has the revision
	made  []made   // what was encoded, in that order
	next  *growing // with what is written
}

// made is a change that was encoded.
type made struct {
	key    grant.Key
	digest digest
}

// encoded is a batch as it goes into the log.
type encoded struct {
	versions []Version
	err      error
}

// bulkBatch is how many records are encoded and written at once, and bulkAhead how many batches wait at most. More are not faster.
const (
	bulkBatch = 64
	bulkAhead = 3
)

// newBulk begins a bulk of a draft. stop has to be called.
func newBulk(d *draft, w Write) *bulk {
	b := &bulk{draft: d, head: d.head(w), before: d.tx.Hash(), work: make(chan []grant.Entity, bulkAhead), ready: make(chan error, bulkAhead), next: d.ledger.grow(d.pending.flush())}
	out := make(chan encoded, 1)
	go b.encodeAll(b.work, out)
	go b.writeAll(out)
	return b
}

// encodeAll is the goroutine that encodes what is put, and takes it into the next state.
func (b *bulk) encodeAll(work <-chan []grant.Entity, out chan<- encoded) {
	defer close(out)
	for batch := range work {
		of := encoded{versions: make([]Version, len(batch))}
		for i, e := range batch {
			if of.versions[i], of.err = encode(e); of.err != nil {
				break
			}
			b.made = append(b.made, made{e.Key(), of.versions[i].digest()})
			b.next.add(e)
		}
		out <- of
	}
}

// writeAll is the goroutine that writes what is encoded to the log.
func (b *bulk) writeAll(in <-chan encoded) {
	defer close(b.ready)
	var err error
	for batch := range in {
		if err == nil {
			if err = batch.err; err == nil {
				err = b.write(batch.versions)
			}
		}
		b.ready <- err
	}
}

func (b *bulk) write(versions []Version) error {
	if !b.begun {
		b.begun = true
		if err := b.tx.Append(b.head); err != nil {
			return err
		}
	}
	return b.tx.Extend(versions)
}

// stop ends the goroutines.
func (b *bulk) stop() {
	if b.work != nil {
		close(b.work)
		b.work = nil
	}
	for range b.ready {
	}
}

// put makes a record, which is valid and admitted, part of the revision. It must not be changed after that.
func (b *bulk) put(e grant.Entity) error {
	b.sign(e)
	if b.batch = append(b.batch, e); len(b.batch) < bulkBatch {
		return nil
	}
	return b.hand()
}

// hand hands the batch on, and waits for another where too many are under way.
func (b *bulk) hand() error {
	if len(b.batch) == 0 {
		return nil
	}
	if b.handed == bulkAhead {
		if err := b.wait(); err != nil {
			return err
		}
	}
	b.work <- b.batch
	b.batch = make([]grant.Entity, 0, bulkBatch)
	b.handed++
	return nil
}

// wait waits for the first batch that is under way.
func (b *bulk) wait() error {
	b.handed--
	return <-b.ready
}

// settle writes all that was put, so that get finds it. What is put under the same keys later takes its place.
func (b *bulk) settle() error {
	if err := b.hand(); err != nil {
		return err
	}
	for b.handed > 0 {
		if err := b.wait(); err != nil {
			return err
		}
	}
	return nil
}

// seal ends the revision. If nothing was put there is none.
func (b *bulk) seal() error {
	if err := b.settle(); err != nil || !b.begun {
		return err
	}
	digests := b.digests()
	hash := b.head.chained(b.before, digests)
	if err := b.tx.Seal(len(digests), hash); err != nil {
		return err
	}
	b.stop()
	b.sealed = b.next.state(b.head.Number, b.head.At, hash)
	return nil
}

// digests returns the digests of the changes, in the order of their keys.
func (b *bulk) digests() []digest {
	slices.SortStableFunc(b.made, func(a, b made) int { return compareKeys(a.key, b.key) })
	digests := make([]digest, 0, len(b.made))
	for i, m := range b.made {
		if i+1 < len(b.made) && b.made[i+1].key == m.key {
			continue // another takes its place
		}
		digests = append(digests, m.digest)
	}
	return digests
}
