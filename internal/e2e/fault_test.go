package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/allmep/tandem/client"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/pgtest"
	"github.com/allmep/tandem/internal/store"
)

// sound opens a database that no server uses, looks for damage, and holds every revision against its hash.
func sound(t *testing.T, database string) {
	t.Helper()
	s, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var chain ledger.Chain
	if err := errors.Join(s.Check(t.Context()), s.Since(t.Context(), 0, chain.Add)); err != nil {
		t.Error(err)
	}
}

// smallDisk is a file system of a few megabytes.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32m"); err != nil {
		t.Skipf("a small file system cannot be mounted, which takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill makes a file as large as there is room.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 64<<10); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// A full disk refuses writes in words and loses none that was acknowledged; reads go on; and when there is room again, so do writes, of the same server.
func TestDiskFull(t *testing.T) {
	dir := smallDisk(t)
	database := filepath.Join(dir, "tandem.db")
	d := start(t, database)
	field(t, d)
	written := newAcknowledged()
	ballast := filepath.Join(dir, "ballast")
	for round := range 3 {
		var running sync.WaitGroup
		for w, write := range writers {
			c := d.client(t)
			running.Go(func() {
				var err error
				for n := 0; err == nil; n++ {
					err = written.add(t.Context(), c, fmt.Sprintf("r%dw%d-%d", round, w, n), write)
				}
				if status.Code(err) != codes.ResourceExhausted || !strings.Contains(err.Error(), "no room") {
					t.Errorf("a full disk was told as %v", err)
				}
			})
		}
		fill(t, ballast) // while they write
		running.Wait()
		written.check(t, d.client(t)) // also that it repeats an answer
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if err := written.add(t.Context(), d.client(t), fmt.Sprint("after ", round), writeOne); err != nil {
			t.Errorf("with room again: %v", err)
		}
		t.Logf("round %d: %d grants are acknowledged; with room again the first write took %v", round, len(written.grants), time.Since(begun).Round(time.Millisecond))
	}
	d.kill()
	d = start(t, database)
	written.check(t, d.client(t))
	d.kill()
	sound(t, database)
}

// A PostgreSQL that is killed, or stopped at once, under eight writers costs no write that was acknowledged; meanwhile writes are refused as Unavailable,
// what is in memory is still answered, and when it is back, the same server goes on.
func TestPostgresKilled(t *testing.T) {
	cluster := pgtest.Start(t)
	database := cluster.Database(t)
	d := start(t, database)
	field(t, d)
	written := newAcknowledged()
	for round, c := range []struct {
		name string
		end  func()
	}{{"killed", cluster.Kill}, {"stopped at once", cluster.Quit}} {
		ctx, stop := context.WithCancel(t.Context())
		load := newLoad(ctx, t, d, written, round)
		load.awaitSuccess(t, 100)
		c.end()
		if status, text, _ := d.ask(t, adminToken, "GET", "/v1/allocations?group_by=donor_state", ""); status != http.StatusOK {
			t.Errorf("what is in memory was answered with %d %s", status, text)
		}
		if status, _, _ := d.ask(t, "", "GET", "/readyz", ""); status != http.StatusServiceUnavailable {
			t.Errorf("/readyz said %d", status)
		}
		load.awaitFailure(t)
		if err := cluster.Restart(); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		load.awaitSuccess(t, 1)
		recovered := time.Since(begun)
		stop()
		load.running.Wait()
		written.check(t, d.client(t))
		t.Logf("%s: %d grants are acknowledged and none is lost, %d writes were refused, the first write came %v after PostgreSQL was back", c.name, len(written.grants), load.failed.Load(),
			recovered.Round(time.Millisecond))
	}
	d.kill()
	sound(t, database)
}

// load is writers that go on whatever happens.
type load struct {
	running   sync.WaitGroup
	succeeded atomic.Int64
	failed    atomic.Int64
}

func newLoad(ctx context.Context, t *testing.T, d *daemon, written *acknowledged, round int) *load {
	t.Helper()
	l := &load{}
	for w, write := range writers {
		c := d.client(t, client.WithDialOptions(grpc.WithDisableRetry()))
		l.running.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				err := written.add(ctx, c, fmt.Sprintf("r%dw%d-%d", round, w, n), write)
				switch {
				case err == nil:
					l.succeeded.Add(1)
				case ctx.Err() != nil: // the test has seen enough
				case status.Code(err) == codes.Unavailable && strings.Contains(err.Error(), "database"):
					l.failed.Add(1)
				default:
					t.Errorf("a lost PostgreSQL was told as %v", err)
					return
				}
			}
		})
	}
	return l
}

// awaitSuccess waits until so many more writes have succeeded.
func (l *load) awaitSuccess(t *testing.T, n int64) { await(t, &l.succeeded, n, "succeeded") }

// awaitFailure waits until another write has been refused.
func (l *load) awaitFailure(t *testing.T) { await(t, &l.failed, 1, "been refused") }

func await(t *testing.T, count *atomic.Int64, n int64, what string) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for enough := count.Load() + n; count.Load() < enough; {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("no %d writes have %s within a minute", n, what)
		}
	}
}
