package store

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

// A transaction that others were in the way of, or that lost its connection, is run again, at growing intervals, until its context ends or patience does.
const (
	patience      = 10 * time.Second
	firstInterval = 5 * time.Millisecond
	lastInterval  = 500 * time.Millisecond
)

// Commit implements ledger.Store. When the connection is lost during the COMMIT itself nobody knows its outcome: then the error is Unavailable and
// says so, and nothing is run again; a request id tells later.
func (s *Store) Commit(ctx context.Context, fn func(ledger.Tx) error) error {
	until := time.Now().Add(patience)
	for interval := firstInterval; ; interval = min(2*interval, lastInterval) {
		again, err := s.commitOnce(ctx, fn)
		if !again || time.Now().After(until) {
			return err
		}
		select {
		case <-time.After(interval/2 + rand.N(interval/2)): // apart, for those who met
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return err
			}
			return ctx.Err()
		}
	}
}

// commitOnce runs fn in one transaction. It reports whether running it again may help, which is only when nothing can have been committed.
func (s *Store) commitOnce(ctx context.Context, fn func(ledger.Tx) error) (bool, error) {
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return s.again(err), s.failWaiting(ctx, err)
	}
	defer conn.Close()
	running := ctx
	if s.dialect.embedded {
		// A statement that may be interrupted is run by a goroutine of its own, and that takes longer than a short statement.
		running = context.WithoutCancel(ctx)
	}
	if _, err := conn.ExecContext(running, s.sql.begin); err != nil {
		return s.again(err), s.failWaiting(ctx, err)
	}
	committed := false
	defer func() { // also when fn panics
		if !committed {
			rollback(ctx, conn)
		}
	}()
	t := &tx{ctx: running, ended: ctx.Err, conn: conn, log: s.checkpoints, embedded: s.dialect.embedded}
	t.reader = reader{from: conn, sql: s.sql, fail: func(ctx context.Context, err error, doing string) error {
		t.broken, t.again = s.fail(ctx, err, doing), s.again(err)
		return t.broken
	}}
	if err := conn.QueryRowContext(running, s.sql.lockHead).Scan(&t.number, &t.at, &t.hash); err != nil {
		return s.again(err), s.failWaiting(ctx, err)
	}
	err = fn(t)
	switch {
	case t.broken != nil && t.again:
		return true, t.broken
	case err != nil:
		return false, err
	case t.broken != nil: // and fn did not say: half of what it wrote must not stay
		return false, t.broken
	case !t.changed:
		return false, nil
	}
	if err := t.exec(s.sql.setHead, t.number, t.at, t.hash); err != nil {
		return t.again, err
	}
	again, err := s.finish(ctx, conn)
	if committed = err == nil; committed {
		s.checkpoints.commit()
	}
	return again, err
}

// finish commits. It does not stop when the caller's context ends, because then nobody would know the outcome.
func (s *Store) finish(ctx context.Context, conn *sql.Conn) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	ctx = context.WithoutCancel(ctx)
	wait, cancel := ctx, func() {}
	if s.dialect.commitWait > 0 {
		wait, cancel = context.WithTimeout(ctx, s.dialect.commitWait)
	}
	defer cancel()
	_, err := conn.ExecContext(wait, "COMMIT")
	switch {
	case err == nil:
		return false, nil
	case s.dialect.undone(err):
		return s.again(err), s.fail(ctx, err, "commit")
	}
	const unknown = "the database was lost during a commit, whose outcome is unknown: repeat the request with the same request id"
	return false, &fault.Error{Kind: fault.Unavailable, Message: unknown, Err: err}
}

// rollback ends a transaction that must leave nothing. A connection that cannot is thrown away.
func rollback(ctx context.Context, conn *sql.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}

func (s *Store) again(err error) bool {
	trouble := s.dialect.trouble(err)
	return trouble == contended || trouble == unreachable
}

// failWaiting is fail for what waits for other writers, where a context that ends means that they were busy for longer than it allows.
func (s *Store) failWaiting(ctx context.Context, err error) error {
	const doing = "begin to write"
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &fault.Error{Kind: fault.Unavailable, Message: "the database was busy for too long: could not " + doing, Err: ctx.Err()}
	}
	return s.fail(ctx, err, doing)
}

// tx is a ledger.Tx on the connection that holds the lock of the head.
type tx struct {
	mu         sync.Mutex // held by the methods that goroutines may share
	reader     reader
	ctx        context.Context // of its statements
	ended      func() error    // says whether the context of the Commit has ended, and why
	conn       *sql.Conn
	number, at int64  // the newest revision's
	hash       string // and its hash
	changed    bool
	broken     error // the database's first failure, after which nothing of the transaction may be committed
	again      bool  // and whether running it again may help
	embedded   bool  // see dialect
	packer     packer
	log        *checkpoints // SQLite's
}

func (t *tx) Head() int64 { return t.number }

func (t *tx) At() int64 { return t.at }

func (t *tx) Hash() string { return t.hash }

func (t *tx) Get(key grant.Key) (ledger.Version, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reader.Get(t.ctx, key, 0)
}

func (t *tx) Since(after int64, yield func(ledger.Revision) error) error {
	return t.reader.Since(t.ctx, after, yield)
}

func (t *tx) Request(principal, requestID string) (ledger.Revision, error) {
	page, err := t.reader.heads(t.ctx, "find a request", t.reader.sql.request, principal, requestID)
	if err != nil {
		return ledger.Revision{}, err
	}
	if len(page) == 0 {
		return ledger.Revision{}, fault.New(fault.NotFound, "there is no request %q of %s", requestID, principal)
	}
	return page[0], t.reader.fill(t.ctx, page, t.reader.sql.changesIn)
}

func (t *tx) Append(r ledger.Revision) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.check(r); err != nil {
		return fault.New(fault.Internal, "revision %d cannot be appended: %v", r.Number, err)
	}
	add := t.reader.sql.addRevision
	err := t.exec(add, r.Number, r.At, r.Principal, r.Reason, r.RequestID, r.Fingerprint, r.Hash, len(r.Changes))
	if err != nil {
		return err
	}
	t.number, t.at, t.hash, t.changed = r.Number, r.At, r.Hash, true
	return t.add(r.Changes)
}

func (t *tx) Extend(changes []ledger.Version) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, v := range changes {
		if err := checkChange(v, t.number, t.at); err != nil {
			return fault.New(fault.Internal, "revision %d cannot be extended: %v", t.number, err)
		}
	}
	if t.embedded {
		// SQLite's cache writes what was unused for longest, and what is written a second time COMMIT has to read back with all that came after it. So the revision's row, which Seal
		// changes, is kept in use.
		if _, err := t.reader.RevisionAt(t.ctx, t.at); err != nil {
			return err
		}
		t.log.extend()
	}
	return t.add(changes)
}

func (t *tx) Seal(changes int, hash string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hash = hash
	return t.exec(t.reader.sql.seal, t.number, changes, hash)
}

// add adds changes to the newest revision.
func (t *tx) add(changes []ledger.Version) error {
	for _, add := range t.reader.sql.addVersions {
		for len(changes) >= add.rows {
			if err := t.addVersions(add, changes[:add.rows]); err != nil {
				return err
			}
			changes = changes[add.rows:]
		}
	}
	return nil
}

func (t *tx) Clear() error {
	for _, text := range t.reader.sql.clear {
		if err := t.exec(text); err != nil {
			return err
		}
	}
	t.number, t.at, t.hash, t.changed = 0, 0, "", true
	return nil
}

func (t *tx) addVersions(add bulk, changes []ledger.Version) error {
	args := make([]any, 2, 2+5*len(changes))
	args[0], args[1] = t.number, t.at
	t.packer.reset()
	for _, v := range changes {
		var body any
		if t.embedded {
			body = t.packer.packed(v.Body)
		} else {
			body = string(v.Body)
		}
		args = append(args, string(v.Key.Kind), v.Key.ID, v.Created, v.Deleted, body)
	}
	return t.exec(add.text, args...)
}

func (t *tx) exec(text string, args ...any) error {
	if err := t.ended(); err != nil {
		return err
	}
	if _, err := t.conn.ExecContext(t.ctx, text, args...); err != nil {
		return t.reader.fail(t.ctx, err, "write")
	}
	return nil
}

// check holds a revision to what ledger.Store asks of it.
func (t *tx) check(r ledger.Revision) error {
	switch {
	case r.Number != t.number+1:
		return fmt.Errorf("the next is %d", t.number+1)
	case r.At <= t.at:
		return fmt.Errorf("its instant %d is not above %d", r.At, t.at)
	case !text(r.Principal, r.Reason, r.RequestID, r.Fingerprint, r.Hash):
		return errors.New("it has words that are not UTF-8 text")
	}
	for i, v := range r.Changes {
		if i > 0 && compareKeys(r.Changes[i-1].Key, v.Key) >= 0 {
			return fmt.Errorf("its change of %s does not come after that of %s", v.Key, r.Changes[i-1].Key)
		}
		if err := checkChange(v, r.Number, r.At); err != nil {
			return err
		}
	}
	return nil
}

func checkChange(v ledger.Version, revision, at int64) error {
	switch {
	case v.Revision != revision || v.Updated != at:
		return fmt.Errorf("its change of %s is of revision %d at %d", v.Key, v.Revision, v.Updated)
	case !text(string(v.Key.Kind), v.Key.ID) || !utf8.Valid(v.Body) || bytes.IndexByte(v.Body, 0) >= 0:
		return fmt.Errorf("its change of %s is not UTF-8 text", v.Key)
	}
	return nil
}

// text says whether strings are what both databases keep as they are.
func text(strs ...string) bool {
	for _, s := range strs {
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return false
		}
	}
	return true
}
