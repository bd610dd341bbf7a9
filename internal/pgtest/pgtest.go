// Package pgtest gives tests a real PostgreSQL: a cluster of its own, on a free port of the loopback, thrown away with the test process. It is no part of the product.
package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver with which databases are made
)

var (
	shared     *Cluster
	sharedErr  error
	sharedOnce sync.Once
	databases  atomic.Int64
)

// URL returns the URL of a fresh database on the cluster that the tests of the process share. It skips the test where there is no PostgreSQL, unless CI=true, where that is a
// failure. Main must run the tests.
func URL(tb testing.TB) string {
	tb.Helper()
	sharedOnce.Do(func() { shared, sharedErr = start() })
	if sharedErr != nil {
		missing(tb, sharedErr)
	}
	return shared.Database(tb)
}

// Main runs the tests of a package and takes the shared cluster down. Call it from TestMain.
func Main(m *testing.M) {
	code := m.Run()
	if shared != nil {
		shared.remove()
	}
	os.Exit(code)
}

// Start returns a cluster of the test's own, for a test that kills it.
func Start(tb testing.TB) *Cluster {
	tb.Helper()
	c, err := start()
	if err != nil {
		missing(tb, err)
	}
	tb.Cleanup(c.remove)
	return c
}

func missing(tb testing.TB, err error) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		tb.Fatalf("PostgreSQL cannot be started: %v", err)
	}
	tb.Skipf("PostgreSQL cannot be started: %v", err)
}

// Cluster is a PostgreSQL server with a directory of its own.
type Cluster struct {
	bin, dir string
	port     int
	owner    *syscall.Credential // the one whose server it is; nil when it is ours
	server   *exec.Cmd
	done     chan struct{} // closed when the server has ended
}

func start() (*Cluster, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is well formed
	if len(found) == 0 {
		return nil, errors.New("there is no initdb under /usr/lib/postgresql; install the package postgresql")
	}
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: filepath.Dir(slices.Max(found)), dir: dir}
	if err := c.init(); err != nil {
		c.remove()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) init() error {
	if os.Getuid() == 0 { // the server refuses to be root's
		u, err := user.Lookup("postgres")
		if err != nil {
			return err
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32) // numbers on every Unix
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		c.owner = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(c.dir, int(uid), int(gid)); err != nil {
			return err
		}
	}
	initdb := c.command("initdb", "-D", c.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c.port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return err
	}
	return c.Restart()
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.owner, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// Restart starts the server after Kill, and returns when it answers. It tries again for half a minute, for the children of a killed server hold its memory until they notice.
func (c *Cluster) Restart() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		err := c.launch(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// launch starts the server once and waits until it answers or ends.
func (c *Cluster) launch(ctx context.Context) error {
	log, err := os.Create(filepath.Join(c.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	c.server = c.command("postgres", "-D", c.data(), "-p", strconv.Itoa(c.port), "-k", c.dir, "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200")
	c.server.Stdout, c.server.Stderr = log, log
	if err := c.server.Start(); err != nil {
		return err
	}
	c.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		_ = cmd.Wait() // it ends when it is killed
		close(done)
	}(c.server, c.done)
	db, err := sql.Open("pgx", c.url("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-c.done:
			said, _ := os.ReadFile(filepath.Join(c.dir, "log"))
			return fmt.Errorf("the server ended: %s", said)
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", err)
		case <-tick.C:
		}
	}
}

// Kill ends the server at once, as a power cut would, and returns when it is gone.
func (c *Cluster) Kill() { c.end(syscall.SIGKILL) }

// Quit ends the server and its children at once, as pg_ctl stop -m immediate does, and returns when it is gone.
func (c *Cluster) Quit() { c.end(syscall.SIGQUIT) }

func (c *Cluster) end(signal syscall.Signal) {
	if c.server != nil && c.server.Process != nil {
		_ = c.server.Process.Signal(signal) // it may be gone already
		<-c.done
	}
}

func (c *Cluster) remove() {
	c.Quit()
	_ = os.RemoveAll(c.dir) // what is left is in the system's temporary directory
}

func (c *Cluster) url(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", c.port, database)
}

// Database makes a fresh database and returns its URL.
func (c *Cluster) Database(tb testing.TB) string {
	tb.Helper()
	db, err := sql.Open("pgx", c.url("postgres"))
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	name := fmt.Sprintf("t%d", databases.Add(1))
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		tb.Fatal(err)
	}
	return c.url(name)
}
