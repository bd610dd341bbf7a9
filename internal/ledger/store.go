package ledger

import (
	"context"

	"github.com/allmep/tandem/internal/grant"
)

// Version is a record as one revision left it.
type Version struct {
	Key      grant.Key
	Revision int64  // the revision that wrote it
	Created  int64  // when the record was first written, in microseconds since 1970
	Updated  int64  // when this revision was written
	Deleted  int64  // when the record was deleted, 0 while it stands
	Body     []byte // grant.Encode of the record
}

// Revision is one committed write.
type Revision struct {
	Number    int64
	At        int64  // when, in microseconds since 1970; greater than that of the revision before
	Principal string // who
	Reason    string // why, in the writer's words; may be empty
	// RequestID makes a retry safe. When not empty it is unique for a principal, and Fingerprint is the hash of what was asked.
	RequestID   string
	Fingerprint string
	// Hash chains the log: it is Chained of the hash of the revision before.
	Hash    string
	Changes []Version // ordered by kind and id, each key once, all with this Number and this At as Updated
}

// Store is an append-only log of revisions. The record of a key at revision r is its version with the greatest revision that is not above r. Where
// a method takes at, 0 means the newest revision; every method sees whole revisions only. Methods may be called from many goroutines at once.
//
// Errors are *fault.Error: NotFound where a method says so, Unavailable when the database cannot be reached or is busy for longer than the context
// allows, Exhausted when it has no room, Internal for all else. A cancelled context gives the context's error.
type Store interface {
	// Head returns the number of the newest revision, 0 when there is none.
	Head(ctx context.Context) (int64, error)
	// RevisionAt returns the number of the last revision written at or before an instant (microseconds since 1970), 0 when there is none.
	RevisionAt(ctx context.Context, instant int64) (int64, error)
	// Get returns the version of a record at a revision, deleted or not. NotFound if it has none.
	Get(ctx context.Context, key grant.Key, at int64) (Version, error)
	// GetAll returns the versions at a revision of the keys that have one, in the order of the keys.
	GetAll(ctx context.Context, keys []grant.Key, at int64) ([]Version, error)
	// Load calls yield for the version at a revision of every record, deleted ones too, in any order, and stops at yield's first error, which it
	// returns. It does not hold writers up, and its memory does not grow with the number of records.
	Load(ctx context.Context, at int64, yield func(Version) error) error
	// Since calls yield for every revision above after, with its changes, in order, and stops at yield's first error, which it returns.
	Since(ctx context.Context, after int64, yield func(Revision) error) error
	// Revisions returns at most limit revisions below before (0: no bound) with their changes, the newest first; with a key, those that changed it.
	Revisions(ctx context.Context, before int64, key grant.Key, limit int) ([]Revision, error)
	// RevisionsBy returns at most limit revisions below before (0: no bound) that a principal wrote, with their changes, the newest first.
	RevisionsBy(ctx context.Context, before int64, principal string, limit int) ([]Revision, error)
	// Before returns the versions that the changes of a revision took the place of, in the order of its changes; a record that was new has a
	// Version of zero but for its Key.
	Before(ctx context.Context, r Revision) ([]Version, error)
	// Commit calls fn with a transaction that no other writer, in this process or another, can come between. When fn returns nil and Commit does,
	// all that fn appended is durable and visible; else nothing of it ever is. fn may run more than once (a serialisation failure is retried) and
	// must not keep what it read. An error of fn is returned as it is.
	Commit(ctx context.Context, fn func(Tx) error) error
	// Check looks for damage in the database: whether what the log promises holds of what is stored. It reads everything, as of one moment, and holds nobody
	// up. Its error is Precondition and lists the first findings. Whether somebody rewrote the log, hashes tell, which are not looked at.
	Check(ctx context.Context) error
	// Close waits for running calls and releases everything. It is called once.
	Close() error
}

// Tx is a write transaction. It sees its own appends. Goroutines may share Get, Append, Extend and Seal. It must not be used after the fn of its Commit returns.
type Tx interface {
	// Head returns the number of the newest revision, appended ones included.
	Head() int64
	// At returns the instant of the newest revision, 0 when there is none.
	At() int64
	// Hash returns the hash of the newest revision, "" when there is none.
	Hash() string
	// Get is Store.Get at the newest revision.
	Get(key grant.Key) (Version, error)
	// Since is Store.Since.
	Since(after int64, yield func(Revision) error) error
	// Request returns the revision, with its changes, that a principal wrote with a request id. NotFound if there is none.
	Request(principal, requestID string) (Revision, error)
	// Append adds a revision, whose Number must be Head()+1 and whose At must be above At(). Its changes become the newest versions. Its Hash is kept as
	// it is: what it has to be is the ledger's to know.
	Append(r Revision) error
	// Extend adds changes, in any order, to the newest revision, which this transaction appended, so that a long one need not be held whole. One with the key of an
	// earlier change takes its place; in one call each key is there once. Seal has to follow the last.
	Extend(changes []Version) error
	// Seal says how many changes the newest revision has, which this transaction appended, and what its hash is.
	Seal(changes int, hash string) error
	// Clear takes every revision out of the log, so that the next is revision 1 again.
	Clear() error
}
