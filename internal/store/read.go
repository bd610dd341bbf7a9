package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

// reader reads the log through a pool of connections, or through the one that a transaction holds. A revision never changes once it can be seen, so
// only what is newest depends on the moment of a statement, and each method asks that once.
type reader struct {
	from interface {
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	}
	sql  *queries
	fail func(ctx context.Context, err error, doing string) error
}

// newest is a revision above all others.
const newest = math.MaxInt64

func orNewest(at int64) int64 {
	if at == 0 {
		return newest
	}
	return at
}

// Head implements ledger.Store.
func (r reader) Head(ctx context.Context) (int64, error) {
	return r.number(ctx, "read the newest revision's number", r.sql.head)
}

// RevisionAt implements ledger.Store.
func (r reader) RevisionAt(ctx context.Context, instant int64) (int64, error) {
	return r.number(ctx, "find the revision of an instant", r.sql.revisionAt, instant)
}

// number returns the only column of the first row, 0 if there is none.
func (r reader) number(ctx context.Context, doing, text string, args ...any) (int64, error) {
	var number int64
	err := r.from.QueryRowContext(ctx, text, args...).Scan(&number)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, r.fail(ctx, err, doing)
	}
	return number, nil
}

// Get implements ledger.Store.
func (r reader) Get(ctx context.Context, key grant.Key, at int64) (ledger.Version, error) {
	if err := ctx.Err(); err != nil {
		return ledger.Version{}, err
	}
	v, err := scanVersion(r.from.QueryRowContext(context.WithoutCancel(ctx), r.sql.get, string(key.Kind), key.ID, orNewest(at)))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return v, fault.New(fault.NotFound, "there is no %s", key)
	case err != nil:
		return v, r.fail(ctx, err, "read "+key.String())
	}
	return v, nil
}

// GetAll implements ledger.Store.
func (r reader) GetAll(ctx context.Context, keys []grant.Key, at int64) ([]ledger.Version, error) {
	if at == 0 && len(keys) > batch { // more than one statement, which must read the same revision
		head, err := r.Head(ctx)
		if head == 0 {
			return nil, err
		}
		at = head
	}
	versions := make([]ledger.Version, len(keys))
	for start := 0; start < len(keys); {
		// The smallest statement that has room for the keys that are left, or the largest.
		get := r.sql.getAll[0]
		for _, smaller := range r.sql.getAll[1:] {
			if smaller.rows >= len(keys)-start {
				get = smaller
			}
		}
		end := min(start+get.rows, len(keys))
		if err := r.getAll(ctx, get, keys[start:end], orNewest(at), versions[start:end]); err != nil {
			return nil, err
		}
		start = end
	}
	return slices.DeleteFunc(versions, func(v ledger.Version) bool { return v.Revision == 0 }), nil
}

func (r reader) getAll(ctx context.Context, get bulk, keys []grant.Key, at int64, into []ledger.Version) error {
	args := make([]any, 1, 1+2*get.rows)
	args[0] = at
	for _, key := range keys {
		args = append(args, string(key.Kind), key.ID)
	}
	for range get.rows - len(keys) {
		args = append(args, "", "") // the key of no record
	}
	return r.each(ctx, "read records", get.text, args, func(rows *sql.Rows) error {
		var number int
		var v ledger.Version
		if err := rows.Scan(&number, &v.Revision, &v.Created, &v.Updated, &v.Deleted, (*body)(&v.Body)); err != nil {
			return err
		}
		v.Key = keys[number]
		into[number] = v
		return nil
	})
}

// Load implements ledger.Store.
func (r reader) Load(ctx context.Context, at int64, yield func(ledger.Version) error) error {
	var own error // yield's, which is not the database's to explain
	err := r.each(ctx, "read the records", r.sql.load, []any{orNewest(at)}, func(rows *sql.Rows) error {
		v, err := scanVersion(rows)
		if err != nil {
			return err
		}
		own = yield(v)
		return own
	})
	if own != nil {
		return own
	}
	return err
}

// Revisions are read some at a time, at most so many and, unless it is one, with at most so many changes.
const (
	pageRevisions = 256
	pageChanges   = 4096
)

// Since implements ledger.Store.
func (r reader) Since(ctx context.Context, after int64, yield func(ledger.Revision) error) error {
	for {
		page, err := r.heads(ctx, "read revisions", r.sql.revisionsAbove, after, pageRevisions)
		if err != nil || len(page) == 0 {
			return err
		}
		changes := 0
		for i, rev := range page {
			changes += cap(rev.Changes)
			if i > 0 && changes > pageChanges {
				page = page[:i]
				break
			}
		}
		if err := r.fill(ctx, page, r.sql.changesIn); err != nil {
			return err
		}
		for _, rev := range page {
			if err := yield(rev); err != nil {
				return err
			}
		}
		after = page[len(page)-1].Number
	}
}

// Revisions implements ledger.Store.
func (r reader) Revisions(ctx context.Context, before int64, key grant.Key, limit int) ([]ledger.Revision, error) {
	before = orNewest(before)
	limit = max(limit, 0)
	const doing = "read revisions"
	if key == (grant.Key{}) {
		page, err := r.heads(ctx, doing, r.sql.revisionsBelow, before, limit)
		if err != nil {
			return nil, err
		}
		return page, r.fill(ctx, page, r.sql.changesIn)
	}
	page, err := r.heads(ctx, doing, r.sql.revisionsOf, before, limit, string(key.Kind), key.ID)
	if err != nil {
		return nil, err
	}
	return page, r.fill(ctx, page, r.sql.changesInOf, string(key.Kind), key.ID)
}

// RevisionsBy implements ledger.Store.
func (r reader) RevisionsBy(ctx context.Context, before int64, principal string, limit int) ([]ledger.Revision, error) {
	page, err := r.heads(ctx, "read revisions", r.sql.revisionsBy, orNewest(before), max(limit, 0), principal)
	if err != nil {
		return nil, err
	}
	return page, r.fill(ctx, page, r.sql.changesIn)
}

// Before implements ledger.Store.
func (r reader) Before(ctx context.Context, rev ledger.Revision) ([]ledger.Version, error) {
	before := make([]ledger.Version, len(rev.Changes))
	keys := make([]grant.Key, len(rev.Changes))
	for i, change := range rev.Changes {
		keys[i] = change.Key
		before[i].Key = change.Key
	}
	if rev.Number <= 1 { // and 0 would mean the newest
		return before, nil
	}
	found, err := r.GetAll(ctx, keys, rev.Number-1)
	if err != nil {
		return nil, err
	}
	for i := range before {
		if len(found) > 0 && found[0].Key == keys[i] {
			before[i], found = found[0], found[1:]
		}
	}
	return before, nil
}

// heads reads revisions without their changes, but with room for them.
func (r reader) heads(ctx context.Context, doing, text string, args ...any) ([]ledger.Revision, error) {
	var page []ledger.Revision
	err := r.each(ctx, doing, text, args, func(rows *sql.Rows) error {
		var rev ledger.Revision
		var changes int
		if err := rows.Scan(&rev.Number, &rev.At, &rev.Principal, &rev.Reason, &rev.RequestID, &rev.Fingerprint, &rev.Hash, &changes); err != nil {
			return err
		}
		if changes > 0 {
			rev.Changes = make([]ledger.Version, 0, changes)
		}
		page = append(page, rev)
		return nil
	})
	return page, err
}

// fill adds their changes to revisions that are in order, up or down. The statement is given the numbers of the first and the last.
func (r reader) fill(ctx context.Context, page []ledger.Revision, text string, args ...any) error {
	if len(page) == 0 {
		return nil
	}
	place := make(map[int64]int, len(page))
	for i, rev := range page {
		place[rev.Number] = i
	}
	low, high := page[0].Number, page[len(page)-1].Number
	args = append([]any{min(low, high), max(low, high)}, args...)
	err := r.each(ctx, "read the changes of revisions", text, args, func(rows *sql.Rows) error {
		v, err := scanVersion(rows)
		if err != nil {
			return err
		}
		if i, ok := place[v.Revision]; ok {
			page[i].Changes = append(page[i].Changes, v)
		}
		return nil
	})
	for _, rev := range page {
		// Here and not in the statement, because what PostgreSQL calls alphabetical depends on how the database was made.
		slices.SortFunc(rev.Changes, func(a, b ledger.Version) int { return compareKeys(a.Key, b.Key) })
	}
	return err
}

func compareKeys(a, b grant.Key) int {
	return cmp.Or(strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.ID, b.ID))
}

// each calls scan for every row that a statement returns, and stops at its first error.
func (r reader) each(ctx context.Context, doing, text string, args []any, scan func(*sql.Rows) error) error {
	rows, err := r.from.QueryContext(ctx, text, args...)
	if err != nil {
		return r.fail(ctx, err, doing)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return r.fail(ctx, err, doing)
		}
	}
	if err := rows.Err(); err != nil {
		return r.fail(ctx, err, doing)
	}
	return nil
}

// scanVersion reads the columns of versionColumns.
func scanVersion(row interface{ Scan(columns ...any) error }) (ledger.Version, error) {
	var v ledger.Version
	err := row.Scan((*string)(&v.Key.Kind), &v.Key.ID, &v.Revision, &v.Created, &v.Updated, &v.Deleted, (*body)(&v.Body))
	return v, err
}
