package ledger

import (
	"sync"

	"github.com/allmep/tandem/internal/grant"
)

// recent keeps grants that were read lately, so that one which many ask for is read and decoded once. A grant in it is shared: it must not be changed. It is good for as long as
// the newest snapshot has it at the same revision.
type recent struct {
	mu     sync.RWMutex
	grants map[string]*grant.Grant
}

// maxRecent is how many grants are kept: some 100 MB of ordinary ones.
const maxRecent = 32 << 10

// get returns a grant as a revision left it, or nil.
func (r *recent) get(id string, revision int64) *grant.Grant {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if g := r.grants[id]; g != nil && g.Revision == revision {
		return g
	}
	return nil
}

// clear forgets all.
func (r *recent) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.grants)
}

// put keeps a grant. When there is no room another goes, whichever the map comes upon first.
func (r *recent) put(g *grant.Grant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.grants == nil {
		r.grants = make(map[string]*grant.Grant)
	}
	if r.grants[g.ID] == nil && len(r.grants) >= maxRecent {
		for id := range r.grants {
			delete(r.grants, id)
			break
		}
	}
	r.grants[g.ID] = g
}
