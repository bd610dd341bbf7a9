package store

import (
	"context"
	"database/sql"
	"os"
	"sync"
	"time"
)

// checkpoints moves what is in the write-ahead log of SQLite into the file, by a goroutine: left to COMMIT, a large import would take a tenth longer, and all who write would wait
// for it. A nil one does nothing: PostgreSQL sees to its log itself.
type checkpoints struct {
	db        *sql.DB // of one connection that is its own
	writer    *sql.DB
	log       string // the path of its file
	committed chan struct{}
	extended  chan struct{}
	end       context.CancelFunc
	running   sync.WaitGroup
}

const (
	// longLog is at how many bytes the log is moved: what is written again and again is then moved once. A log that is begun anew is written over, which takes the disk less
	// than one that grows, and its file shrinks to keptLog, which is more than what is written until it is moved.
	longLog = 32 << 20
	keptLog = 2 * longLog
	// farLog is at how many it is moved while writers wait, who have kept it from being begun anew. All of the log is read after a crash, and this keeps that within a second.
	farLog = 8 * longLog
	// fewBytes may be moved while writers wait in any case.
	fewBytes = 4 << 20
	// checkpointInterval is the least time from one look at the log to the next.
	checkpointInterval = 100 * time.Millisecond
)

func newCheckpoints(db, writer *sql.DB, log string) *checkpoints {
	ctx, end := context.WithCancel(context.Background())
	c := &checkpoints{db: db, writer: writer, log: log, committed: make(chan struct{}, 1), extended: make(chan struct{}, 1), end: end}
	c.running.Go(func() { c.run(ctx) })
	return c
}

// commit says that something was committed. It does not wait.
func (c *checkpoints) commit() {
	if c != nil {
		wake(c.committed)
	}
}

// extend says that a long transaction has written something. It does not wait.
func (c *checkpoints) extend() { wake(c.extended) }

func wake(asleep chan struct{}) {
	select {
	case asleep <- struct{}{}:
	default: // it is awake, and will look again
	}
}

func (c *checkpoints) run(ctx context.Context) {
	for {
		select {
		case <-c.committed:
			// An error (of a full disk, say) is no writer's: what was committed is safe in the log, which is moved after the next commit.
			_ = c.checkpoint(ctx)
		case <-c.extended:
			c.flush()
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(checkpointInterval):
		case <-ctx.Done():
			return
		}
	}
}

// flush has the disk write what is in the log so far: the COMMIT of a long transaction waits for the rest only. Of an error the system tells SQLite, too, when it flushes its own file.
func (c *checkpoints) flush() {
	if log, err := os.Open(c.log); err == nil {
		_ = log.Sync()
		_ = log.Close()
	}
}

// checkpoint moves a long log: most of it beside readers and writers, and what they wrote meanwhile while nobody writes, because the log is begun anew only when nothing of it is left.
func (c *checkpoints) checkpoint(ctx context.Context) error {
	const move = "PRAGMA wal_checkpoint(PASSIVE)"
	own, err := c.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer own.Close()
	if log, left, err := logOf(ctx, own); err != nil || log < longLog || left == 0 {
		return err
	}
	if _, err := own.ExecContext(ctx, move); err != nil {
		return err
	}
	writer, err := c.writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer writer.Close()
	if log, left, err := logOf(ctx, writer); err != nil || log < longLog || left > fewBytes && log < farLog {
		return err
	}
	_, err = writer.ExecContext(ctx, move)
	return err
}

// logOf returns how many bytes of pages are in the log, and how many of them are not in the file yet.
func logOf(ctx context.Context, conn *sql.Conn) (log, left int64, err error) {
	var page, busy, pages, moved int64
	if err := conn.QueryRowContext(ctx, "PRAGMA page_size").Scan(&page); err != nil {
		return 0, 0, err
	}
	err = conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(NOOP)").Scan(&busy, &pages, &moved)
	return page * pages, page * (pages - moved), err
}

// close ends the goroutine, and its checkpoint if there is one.
func (c *checkpoints) close() error {
	if c == nil {
		return nil
	}
	c.end()
	c.running.Wait()
	return closeAll(c.db)
}
