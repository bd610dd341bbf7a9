package store

import (
	"context"
	"database/sql"
	"sync"
	"time"
)

// checkpoints moves what is in the write-ahead log of SQLite into the file, by a goroutine: left to COMMIT, a large import would take a tenth longer, and all who write would wait
// for it. A nil one does nothing: PostgreSQL sees to its log itself.
type checkpoints struct {
	db        *sql.DB // of one connection that is its own
	writer    *sql.DB
	committed chan struct{}
	end       context.CancelFunc
	running   sync.WaitGroup
}

const (
	// longLog is at how many pages (32 MiB) the log is moved: what is written again and again is then moved once. A log that is begun anew is written over, which takes
	// the disk less than one that grows; its file shrinks to shortLog bytes.
	longLog  = 8192
	shortLog = longLog * 4096
	// farLog is at how many (256 MiB) COMMIT moves what nobody else could. All of the log is read after a crash, and this keeps that within a second.
	farLog = 8 * longLog
	// fewPages (4 MiB) may be moved while writers wait.
	fewPages = 1024
	// checkpointInterval is the least time from one look at the log to the next.
	checkpointInterval = 100 * time.Millisecond
)

func newCheckpoints(db, writer *sql.DB) *checkpoints {
	ctx, end := context.WithCancel(context.Background())
	c := &checkpoints{db: db, writer: writer, committed: make(chan struct{}, 1), end: end}
	c.running.Go(func() { c.run(ctx) })
	return c
}

// wake says that something was committed. It does not wait.
func (c *checkpoints) wake() {
	if c == nil {
		return
	}
	select {
	case c.committed <- struct{}{}:
	default: // it is awake, and will look again
	}
}

func (c *checkpoints) run(ctx context.Context) {
	for {
		select {
		case <-c.committed:
		case <-ctx.Done():
			return
		}
		// An error (of a full disk, say) is no writer's: what was committed is safe in the log, which is moved after the next commit.
		_ = c.checkpoint(ctx)
		select {
		case <-time.After(checkpointInterval):
		case <-ctx.Done():
			return
		}
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
	if left, err := pagesLeft(ctx, own); err != nil || left == 0 {
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
	if left, err := pagesLeft(ctx, writer); err != nil || left == 0 || left > fewPages {
		return err
	}
	_, err = writer.ExecContext(ctx, move)
	return err
}

// pagesLeft is how many pages of a long log are not in the file yet, 0 of one that is not long.
func pagesLeft(ctx context.Context, conn *sql.Conn) (int, error) {
	var busy, pages, moved int
	err := conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(NOOP)").Scan(&busy, &pages, &moved)
	if err != nil || pages < longLog {
		return 0, err
	}
	return pages - moved, nil
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
