package ledgertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

var (
	someKey = rapid.Custom(func(t *rapid.T) grant.Key {
		return grant.Key{
			Kind: rapid.SampledFrom([]grant.Kind{grant.Organisations, grant.Grants, grant.Rates}).Draw(t, "kind"),
			ID:   rapid.SampledFrom([]string{"a", "a-b", "a-c", "ab", "b", "0", "z9"}).Draw(t, "id"),
		}
	})
	// someRevision has no Number yet, and as At the time since the revision before.
	someRevision = rapid.Custom(func(t *rapid.T) ledger.Revision {
		r := ledger.Revision{
			At:        rapid.Int64Range(1, 1<<30).Draw(t, "time since the revision before"),
			Principal: rapid.SampledFrom([]string{"p", "q"}).Draw(t, "principal"),
			Reason:    rapid.String().Filter(storable).Draw(t, "reason"),
			Hash:      rapid.StringMatching(`[0-9a-f]{8}`).Draw(t, "hash"),
			RequestID: rapid.SampledFrom([]string{"", "request"}).Draw(t, "request"),
		}
		for _, k := range rapid.SliceOfNDistinct(someKey, 0, 6, rapid.ID[grant.Key]).Draw(t, "keys") {
			body := strings.Repeat(rapid.String().Filter(storable).Draw(t, "body"), rapid.SampledFrom([]int{1, 1, 100}).Draw(t, "times"))
			v := ledger.Version{Key: k, Created: rapid.Int64().Draw(t, "created"), Body: []byte(body)}
			v.Deleted = rapid.SampledFrom([]int64{0, 0, 1}).Draw(t, "deleted")
			r.Changes = append(r.Changes, v)
		}
		slices.SortFunc(r.Changes, compare)
		return r
	})
	someCommits = rapid.SliceOfN(rapid.SliceOfN(someRevision, 1, 4), 1, 3)
	errOwn      = errors.New("fn's own")
)

// storable says whether a store keeps a text: PostgreSQL has no zero character.
func storable(s string) bool { return !slices.Contains([]byte(s), 0) }

// Whatever is appended, the store answers as the model does. One store and one model go through all the cases, so that the history grows long.
func testLikeModel(t *testing.T, f fixture) {
	m := fixture{Store: newModel(), ctx: f.ctx}
	rapid.Check(t, func(t *rapid.T) {
		f.t, m.t = t, t
		for _, revisions := range someCommits.Draw(t, "commits") {
			fails := rapid.IntRange(0, 5).Draw(t, "fails if 0") == 0
			pieces := rapid.Permutation([]int{0, 1, 2, 3, 4, 5}).Draw(t, "order of pieces")
			for s, write := range map[fixture]func(ledger.Tx, ledger.Revision) error{
				m: ledger.Tx.Append, // whole, whatever the store is given
				f: func(tx ledger.Tx, r ledger.Revision) error { return appendPieces(tx, r, pieces) },
			} {
				err := s.Commit(s.ctx, func(tx ledger.Tx) error { return appendAll(tx, revisions, fails, write) })
				if fails != errors.Is(err, errOwn) || !fails && err != nil {
					t.Fatalf("Commit: %v", err)
				}
			}
		}
		likeModel(t, f, m)
	})
}

// appendPieces appends a revision in two pieces, whose changes are in the order of places. The second repeats what is wrong in the first.
func appendPieces(tx ledger.Tx, r ledger.Revision, places []int) error {
	if places[0]%2 == 0 {
		return tx.Append(r)
	}
	begun := r
	begun.Changes, begun.Hash = nil, ""
	if err := tx.Append(begun); err != nil {
		return err
	}
	var first, second []ledger.Version
	for i, place := range places {
		if place >= len(r.Changes) {
			continue
		}
		v := r.Changes[place]
		if i%2 == 0 {
			first = append(first, v)
			continue
		}
		second = append(second, v)
		v.Body, v.Deleted = []byte("wrong"), v.Deleted+1
		first = append(first, v)
	}
	if err := errors.Join(tx.Extend(first), tx.Extend(second)); err != nil {
		return err
	}
	for _, v := range r.Changes {
		if got, err := tx.Get(v.Key); err != nil || got.Revision != r.Number {
			return fmt.Errorf("Get of what was extended: %v, %w", got, err)
		}
	}
	return tx.Seal(len(r.Changes), r.Hash)
}

// appendAll appends revisions at their place in the history.
func appendAll(tx ledger.Tx, revisions []ledger.Revision, fails bool, write func(ledger.Tx, ledger.Revision) error) error {
	for _, r := range revisions {
		r.Number = tx.Head() + 1
		r.At += tx.At()
		if r.RequestID != "" {
			r.RequestID += fmt.Sprint(r.Number)
		}
		r.Changes = slices.Clone(r.Changes)
		for i := range r.Changes {
			r.Changes[i].Revision, r.Changes[i].Updated = r.Number, r.At
		}
		if err := write(tx, r); err != nil {
			return err
		}
	}
	if fails {
		return errOwn
	}
	return nil
}

// likeModel asks the store and the model the same questions.
func likeModel(t *rapid.T, f, m fixture) {
	head, err := m.Head(m.ctx)
	m.equal("Head", nil, nil, err)
	f.head(head)
	at := rapid.Int64Range(0, head).Draw(t, "at")
	f.equal("Load", f.load(at), m.load(at), nil)

	keys := rapid.SliceOfN(someKey, 0, 40).Draw(t, "keys")
	got, err := f.GetAll(f.ctx, keys, at)
	want, _ := m.GetAll(m.ctx, keys, at)
	f.equal("GetAll", got, want, err)

	k := someKey.Draw(t, "key")
	one, err := f.Get(f.ctx, k, at)
	same, errWant := m.Get(m.ctx, k, at)
	if (err == nil) != (errWant == nil) {
		t.Fatalf("Get %s at %d: got error %v, want %v", k, at, err, errWant)
	}
	f.equal("Get", one, same, nil)

	after := rapid.Int64Range(max(0, head-20), head).Draw(t, "after")
	revisions := f.since(after)
	f.equal("Since", revisions, m.since(after), nil)
	for _, r := range revisions {
		before, err := f.Before(f.ctx, r)
		want, _ := m.Before(m.ctx, r)
		f.equal("Before", before, want, err)
		for _, instant := range []int64{r.At - 1, r.At} {
			got, err := f.RevisionAt(f.ctx, instant)
			want, _ := m.RevisionAt(m.ctx, instant)
			f.equal("RevisionAt", got, want, err)
		}
	}

	below, limit := rapid.Int64Range(0, head+1).Draw(t, "before"), rapid.IntRange(0, 20).Draw(t, "limit")
	by := rapid.SampledFrom([]string{"p", "q", "r"}).Draw(t, "by")
	page, err := f.RevisionsBy(f.ctx, below, by, limit)
	written, _ := m.RevisionsBy(m.ctx, below, by, limit)
	f.equal("RevisionsBy", page, written, err)
	for _, k := range []grant.Key{k, {}} {
		page, err := f.Revisions(f.ctx, below, k, limit)
		want, _ := m.Revisions(m.ctx, below, k, limit)
		f.equal("Revisions", page, want, err)
	}
}
