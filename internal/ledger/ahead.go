package ledger

import "github.com/allmep/tandem/internal/exchange"

// draftsAhead is how many drafts are read before they are taken, at most.
const draftsAhead = 32

// ahead reads the drafts of a file in a goroutine of its own, a few before they are taken.
type ahead struct {
	drafts  chan *exchange.Draft
	stopped chan struct{}
	rest    []exchange.Problem // of the file, told with no draft; to be read once drafts is closed, as is err
	err     error              // why there are no more
}

// readAhead begins to read. stop has to be called.
func readAhead(from exchange.Reader) *ahead {
	a := &ahead{drafts: make(chan *exchange.Draft, draftsAhead), stopped: make(chan struct{})}
	go func() {
		defer close(a.drafts)
		for {
			d, err := from.Read()
			if err != nil {
				a.rest, a.err = from.Rest(), err
				return
			}
			select {
			case a.drafts <- d:
			case <-a.stopped:
				return
			}
		}
	}()
	return a
}

// next returns the next draft, or the error of the reader, which is io.EOF after the last.
func (a *ahead) next() (*exchange.Draft, error) {
	if d, more := <-a.drafts; more {
		return d, nil
	}
	return nil, a.err
}

// stop ends the goroutine. The file is not read after it.
func (a *ahead) stop() {
	close(a.stopped)
	for range a.drafts {
	}
}
