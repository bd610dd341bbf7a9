package adversary

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/store"
	"github.com/allmep/tandem/server"
)

// epoch is the instant before the first revision, second the distance of two, in microseconds since 1970.
const (
	epoch  = 1_700_000_000_000_000
	second = 1_000_000
)

// story is what happens in a world: the revisions of its log, with the records as they were left.
type story []chapter

type chapter struct {
	principal, reason string
	records           []grant.Entity
}

// world is a server on a database of its own that has lived through a story.
type world struct {
	http   http.Handler
	ledger *ledger.Ledger
	store  *store.Store
	dir    string
}

// live makes a world of a story. Half of it is there when the server starts, and half comes from elsewhere while it runs; then it writes two revisions itself.
func live(t *rapid.T, s story) *world {
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	dir, err := os.MkdirTemp("", "adversary")
	must(err)
	w := &world{dir: dir}
	w.store, err = store.Open(context.Background(), filepath.Join(dir, "tandem.db"))
	must(err)
	log := s.log(t)
	add := func(revisions []ledger.Revision) {
		must(w.store.Commit(context.Background(), func(tx ledger.Tx) error {
			for _, r := range revisions {
				if err := tx.Append(r); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	half := len(log) / 2
	add(log[:half])
	now := epoch + int64(len(log)+2)*second
	w.ledger, err = ledger.Open(context.Background(), ledger.Config{Store: spied{w.store}, Rates: fx.ECB(), Now: func() int64 { return now }, NewID: func() string { return "new" }})
	must(err)
	add(log[half:])
	staff := ledger.Write{Principal: grant.Principal{Name: "staff", Role: grant.Staff}}
	_, err = ledger.Create(context.Background(), w.ledger, staff, "organisation", &grant.Organisation{ID: "late", DisplayName: "Late"})
	must(err)
	_, err = ledger.Create(context.Background(), w.ledger, staff, "grant", &grant.Grant{ID: "zlate", Title: "Water", Status: grant.Active, Visibility: grant.Public, Funders: participations([]string{"sida"}), Recipients: participations([]string{"m1"})})
	must(err)
	served, err := server.New(server.Config{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), NewSecret: func() string { return "" }}, w.ledger)
	must(err)
	w.http = served.Handler()
	return w
}

func (w *world) end() {
	w.ledger.Close()
	_ = w.store.Close()
	_ = os.RemoveAll(w.dir)
}

// log writes a story as the ledger does.
func (s story) log(t *rapid.T) []ledger.Revision {
	created := map[grant.Key]int64{}
	var log []ledger.Revision
	for i, c := range s {
		at := epoch + int64(i+1)*second
		r := ledger.Revision{Number: int64(i + 1), At: at, Principal: c.principal, Reason: c.reason}
		for _, e := range c.records {
			if err := e.Validate(); err != nil {
				t.Fatalf("%s: %v", e.Key(), err)
			}
			body, err := grant.Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			if created[e.Key()] == 0 {
				created[e.Key()] = at
			}
			v := ledger.Version{Key: e.Key(), Revision: r.Number, Created: created[e.Key()], Updated: at, Body: body}
			if e.Ledgered().Deleted != 0 {
				v.Deleted = at
			}
			r.Changes = append(r.Changes, v)
		}
		slices.SortFunc(r.Changes, func(a, b ledger.Version) int {
			return slices.Compare([]string{string(a.Key.Kind), a.Key.ID}, []string{string(b.Key.Kind), b.Key.ID})
		})
		log = append(log, r)
	}
	return log
}

// spied is a store that tells which of its methods a request calls.
type spied struct{ ledger.Store }

type callsKey struct{}

func tell(ctx context.Context, call string) {
	if calls, ok := ctx.Value(callsKey{}).(*[]string); ok {
		*calls = append(*calls, call)
	}
}

func (s spied) Head(ctx context.Context) (int64, error) {
	tell(ctx, "Head")
	return s.Store.Head(ctx)
}

func (s spied) RevisionAt(ctx context.Context, instant int64) (int64, error) {
	tell(ctx, "RevisionAt")
	return s.Store.RevisionAt(ctx, instant)
}

func (s spied) Get(ctx context.Context, key grant.Key, at int64) (ledger.Version, error) {
	tell(ctx, "Get "+string(key.Kind))
	return s.Store.Get(ctx, key, at)
}

func (s spied) GetAll(ctx context.Context, keys []grant.Key, at int64) ([]ledger.Version, error) {
	tell(ctx, fmt.Sprintf("GetAll %d", len(keys)))
	return s.Store.GetAll(ctx, keys, at)
}

func (s spied) Load(ctx context.Context, at int64, yield func(ledger.Version) error) error {
	tell(ctx, "Load")
	return s.Store.Load(ctx, at, yield)
}

func (s spied) Since(ctx context.Context, after int64, yield func(ledger.Revision) error) error {
	tell(ctx, "Since")
	return s.Store.Since(ctx, after, yield)
}

func (s spied) Revisions(ctx context.Context, before int64, key grant.Key, limit int) ([]ledger.Revision, error) {
	tell(ctx, "Revisions "+strconv.Itoa(limit))
	return s.Store.Revisions(ctx, before, key, limit)
}

func (s spied) Before(ctx context.Context, r ledger.Revision) ([]ledger.Version, error) {
	tell(ctx, "Before")
	return s.Store.Before(ctx, r)
}

func (s spied) Commit(ctx context.Context, fn func(ledger.Tx) error) error {
	tell(ctx, "Commit")
	return s.Store.Commit(ctx, fn)
}
