package ledger

import "github.com/allmep/tandem/internal/exchange"

// draftsAtOnce is how many drafts are handed over at once. A goroutine that waits is woken for each time, which takes as long as reading some drafts does.
const draftsAtOnce = 16

// ahead reads the drafts of a file in a goroutine of its own, a few before they are taken.
type ahead struct {
	drafts  chan []*exchange.Draft
	stopped chan struct{}
	rest    []exchange.Problem // of the file, told with no draft; to be read once drafts is closed, as is err
	err     error              // why there are no more
}

// readAhead begins to read. stop has to be called.
func readAhead(from exchange.Reader) *ahead {
	a := &ahead{drafts: make(chan []*exchange.Draft), stopped: make(chan struct{})}
	go func() {
		defer close(a.drafts)
		for a.err == nil {
			drafts := make([]*exchange.Draft, 0, draftsAtOnce)
			for len(drafts) < draftsAtOnce && a.err == nil {
				var d *exchange.Draft
				if d, a.err = from.Read(); a.err == nil {
					drafts = append(drafts, d)
				}
			}
			select {
			case a.drafts <- drafts:
			case <-a.stopped:
				return
			}
		}
		a.rest = from.Rest()
	}()
	return a
}

// next returns the next drafts, or the error of the reader, which is io.EOF after the last.
func (a *ahead) next() ([]*exchange.Draft, error) {
	if drafts, more := <-a.drafts; more {
		return drafts, nil
	}
	return nil, a.err
}

// stop ends the goroutine. The file is not read after it.
func (a *ahead) stop() {
	close(a.stopped)
	for range a.drafts {
	}
}
