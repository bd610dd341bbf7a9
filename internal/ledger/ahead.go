package ledger

import (
	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/search"
)

// draftsAtOnce is how many drafts are handed over at once: a goroutine that waits is woken for each time, which takes as long as reading some drafts does. batchesRead is how many times as
// many wait at most.
const (
	draftsAtOnce = 16
	batchesRead  = 2
)

// ahead reads the drafts of a file in a goroutine of its own, a few before they are taken, and looks them up: for that it waits for those who add to the index, and the decider does not.
type ahead struct {
	read    chan []readDraft
	index   *search.Index // of the grants before the import
	stopped chan struct{}
	rest    []exchange.Problem // of the file, told with no draft; to be read once read is closed, as is err
	err     error              // why there are no more
}

// readDraft is a draft with the ids of the grants that have its key as an identifier.
type readDraft struct {
	*exchange.Draft
	identified []string
}

// readAhead begins to read. stop has to be called.
func readAhead(from exchange.Reader, index *search.Index) *ahead {
	a := &ahead{read: make(chan []readDraft, batchesRead), index: index, stopped: make(chan struct{})}
	go func() {
		defer close(a.read)
		for a.err == nil {
			select {
			case a.read <- a.some(from):
			case <-a.stopped:
				return
			}
		}
		a.rest = from.Rest()
	}()
	return a
}

// some reads the next drafts.
func (a *ahead) some(from exchange.Reader) []readDraft {
	drafts, keys := make([]readDraft, 0, draftsAtOnce), make([]string, 0, draftsAtOnce)
	for len(drafts) < draftsAtOnce {
		var d *exchange.Draft
		if d, a.err = from.Read(); a.err != nil {
			break
		}
		drafts, keys = append(drafts, readDraft{Draft: d}), append(keys, d.Key)
	}
	for i, ids := range a.index.Identified(keys) {
		drafts[i].identified = ids
	}
	return drafts
}

// next returns the next drafts, or the error of the reader, which is io.EOF after the last.
func (a *ahead) next() ([]readDraft, error) {
	if drafts, more := <-a.read; more {
		return drafts, nil
	}
	return nil, a.err
}

// stop ends the goroutine. The file is not read after it.
func (a *ahead) stop() {
	close(a.stopped)
	for range a.read {
	}
}
