package ledgertest

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

// model is a ledger.Store that is a slice. Whoever reads works on the slice as it was: revisions are only ever added behind it.
type model struct {
	mu        sync.Mutex // guards revisions
	revisions []ledger.Revision
	writing   chan struct{} // holds one token, which the writer takes
	calls     sync.WaitGroup
}

func newModel() *model {
	m := &model{writing: make(chan struct{}, 1)}
	m.writing <- struct{}{}
	return m
}

func (m *model) log() log {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.revisions
}

// log is revisions 1 to len. Its methods are those of ledger.Store, for which at 0 is the newest.
type log []ledger.Revision

func (l log) at(at int64) log {
	if at == 0 {
		return l
	}
	return l[:min(at, int64(len(l)))]
}

func (l log) get(key grant.Key) (ledger.Version, error) {
	for _, r := range slices.Backward(l) {
		for _, v := range r.Changes {
			if v.Key == key {
				return v, nil
			}
		}
	}
	return ledger.Version{}, fault.New(fault.NotFound, "there is no %s", key)
}

func (l log) load() map[grant.Key]ledger.Version {
	records := map[grant.Key]ledger.Version{}
	for _, r := range l {
		for _, v := range r.Changes {
			records[v.Key] = v
		}
	}
	return records
}

func (m *model) Head(ctx context.Context) (int64, error) { return int64(len(m.log())), ctx.Err() }

func (m *model) RevisionAt(ctx context.Context, instant int64) (int64, error) {
	head := int64(0)
	for _, r := range m.log() {
		if r.At <= instant {
			head = r.Number
		}
	}
	return head, ctx.Err()
}

func (m *model) Get(ctx context.Context, key grant.Key, at int64) (ledger.Version, error) {
	if ctx.Err() != nil {
		return ledger.Version{}, ctx.Err()
	}
	return m.log().at(at).get(key)
}

func (m *model) GetAll(ctx context.Context, keys []grant.Key, at int64) ([]ledger.Version, error) {
	records := m.log().at(at).load()
	versions := []ledger.Version{}
	for _, key := range keys {
		if v, ok := records[key]; ok {
			versions = append(versions, v)
		}
	}
	return versions, ctx.Err()
}

func (m *model) Load(ctx context.Context, at int64, yield func(ledger.Version) error) error {
	m.calls.Add(1)
	defer m.calls.Done()
	for _, v := range m.log().at(at).load() {
		if ctx.Err() != nil {
			break
		}
		if err := yield(v); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (m *model) Since(ctx context.Context, after int64, yield func(ledger.Revision) error) error {
	return m.log().since(ctx, after, yield)
}

func (l log) since(ctx context.Context, after int64, yield func(ledger.Revision) error) error {
	for _, r := range l[min(after, int64(len(l))):] {
		if ctx.Err() != nil {
			break
		}
		if err := yield(r); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (m *model) Revisions(ctx context.Context, before int64, key grant.Key, limit int) ([]ledger.Revision, error) {
	return m.log().below(before, limit, func(r ledger.Revision) bool {
		changed := slices.ContainsFunc(r.Changes, func(v ledger.Version) bool { return v.Key == key })
		return key == grant.Key{} || changed
	}), ctx.Err()
}

func (m *model) RevisionsBy(ctx context.Context, before int64, principal string, limit int) ([]ledger.Revision, error) {
	return m.log().below(before, limit, func(r ledger.Revision) bool { return r.Principal == principal }), ctx.Err()
}

func (l log) below(before int64, limit int, which func(ledger.Revision) bool) (page []ledger.Revision) {
	if before > 0 {
		l = l[:min(before-1, int64(len(l)))]
	}
	for _, r := range slices.Backward(l) {
		if len(page) < limit && which(r) {
			page = append(page, r)
		}
	}
	return page
}

func (m *model) Before(ctx context.Context, r ledger.Revision) ([]ledger.Version, error) {
	versions := make([]ledger.Version, len(r.Changes))
	for i, change := range r.Changes {
		v, err := m.log()[:r.Number-1].get(change.Key)
		if err != nil {
			v.Key = change.Key
		}
		versions[i] = v
	}
	return versions, ctx.Err()
}

func (m *model) Commit(ctx context.Context, fn func(ledger.Tx) error) error {
	select {
	case <-m.writing:
		defer func() { m.writing <- struct{}{} }()
	case <-ctx.Done():
		if ctx.Err() == context.DeadlineExceeded {
			return &fault.Error{Kind: fault.Unavailable, Message: "busy", Err: ctx.Err()}
		}
		return ctx.Err()
	}
	tx := &modelTx{ctx: ctx, log: slices.Clone(m.log())}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := fn(tx); err != nil {
		return err
	}
	if err := cmp.Or(ctx.Err(), tx.broken); err != nil {
		return err
	}
	m.mu.Lock()
	m.revisions = tx.log
	m.mu.Unlock()
	return nil
}

// Check finds nothing: what Append refuses is not in the log.
func (m *model) Check(ctx context.Context) error { return ctx.Err() }

func (m *model) Close() error {
	m.calls.Wait()
	return nil
}

type modelTx struct {
	log
	ctx    context.Context
	broken error
}

func (t *modelTx) Head() int64 { return int64(len(t.log)) }

func (t *modelTx) At() int64 {
	if len(t.log) == 0 {
		return 0
	}
	return t.log[len(t.log)-1].At
}

func (t *modelTx) Hash() string {
	if len(t.log) == 0 {
		return ""
	}
	return t.log[len(t.log)-1].Hash
}

func (t *modelTx) Get(key grant.Key) (ledger.Version, error) { return t.get(key) }

func (t *modelTx) Since(after int64, yield func(ledger.Revision) error) error {
	return t.since(t.ctx, after, yield)
}

func (t *modelTx) Request(principal, requestID string) (ledger.Revision, error) {
	for _, r := range t.log {
		if requestID != "" && r.Principal == principal && r.RequestID == requestID {
			return r, nil
		}
	}
	return ledger.Revision{}, fault.New(fault.NotFound, "there is no request %q", requestID)
}

func (t *modelTx) Append(r ledger.Revision) error {
	err := cmp.Or(t.ctx.Err(), t.check(r))
	if err == nil {
		t.log = append(t.log, r)
	}
	return err
}

func (t *modelTx) Extend(changes []ledger.Version) error {
	r := &t.log[len(t.log)-1]
	for _, v := range changes {
		r.Changes = append(slices.DeleteFunc(slices.Clone(r.Changes), func(w ledger.Version) bool { return w.Key == v.Key }), v)
	}
	slices.SortFunc(r.Changes, compare)
	return nil
}

func (t *modelTx) Seal(_ int, hash string) error {
	t.log[len(t.log)-1].Hash = hash
	return nil
}

func (t *modelTx) Clear() error {
	t.log = nil
	return nil
}

func (t *modelTx) check(r ledger.Revision) error {
	if r.Number != t.Head()+1 || r.At <= t.At() {
		return fault.New(fault.Internal, "revision %d at %d comes after %d at %d", r.Number, r.At, t.Head(), t.At())
	}
	for i, v := range r.Changes {
		if v.Revision != r.Number || v.Updated != r.At || i > 0 && compare(r.Changes[i-1], v) >= 0 {
			return fault.New(fault.Internal, "change %d is not in order", i)
		}
	}
	if _, err := t.Request(r.Principal, r.RequestID); err == nil {
		t.broken = fault.New(fault.Internal, "request %q is taken", r.RequestID)
		return t.broken
	}
	return nil
}

func compare(a, b ledger.Version) int {
	return cmp.Or(cmp.Compare(a.Key.Kind, b.Key.Kind), cmp.Compare(a.Key.ID, b.Key.ID))
}
