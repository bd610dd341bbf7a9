package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// wire is the way to a server, along which connections can be lost. The n-th connection, from 0, is handled by the n-th of lose, and those after them are passed on.
type wire struct {
	addr string
	mu   sync.Mutex
	to   string // the server
	lose []func(from, to net.Conn)
}

func newWire(t *testing.T, to string, lose ...func(from, to net.Conn)) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{addr: l.Addr().String(), to: to, lose: lose}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			w.mu.Lock()
			handle := pass
			if len(w.lose) > 0 {
				handle, w.lose = w.lose[0], w.lose[1:]
			}
			server := w.to
			w.mu.Unlock()
			running.Go(func() {
				defer from.Close()
				if to, err := net.Dial("tcp", server); err == nil {
					defer to.Close()
					handle(from, to)
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		running.Wait()
	})
	return w
}

// lead makes the wire lead to another server.
func (w *wire) lead(to string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.to = to
}

// pass passes on what either side says, until one of them ends it.
func pass(from, to net.Conn) {
	go func() {
		_, _ = io.Copy(from, to)
		_ = from.Close()
	}()
	_, _ = io.Copy(to, from)
}

// partOfFile is more than a connection needs to begin, and less than the file.
const partOfFile = 300 << 10

// cut passes on a part of the file, then nothing.
func cut(from, to net.Conn) {
	go func() { _, _ = io.Copy(from, to) }()
	_, _ = io.CopyN(to, from, partOfFile)
}

// fileInPieces is a sheet of so many grants that is larger than what is sent at once.
func fileInPieces(t *testing.T) (name string, grants int) {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("Donor;Donor state;Grantee;Project;Amount;Status;No;Description\n")
	for grants = range 300 {
		fmt.Fprintf(&b, "Sida;SE;EcoPeace;Project %d;SEK %d;active;N-%d;%s\n", grants, grants+1, grants, strings.Repeat("water ", 800))
	}
	name = filepath.Join(t.TempDir(), "sida's sheet.csv")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name, grants + 1
}

// importing begins an import along a wire. What it says is there at its end.
func importing(t *testing.T, w *wire, args ...string) (said *bytes.Buffer, end func() error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs, "tandem"), append([]string{"import"}, args...)...)
	cmd.Env = []string{"TANDEM_SERVER=" + w.addr, "TANDEM_TOKEN=" + adminToken, "HOME=" + t.TempDir()}
	said = &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return said, cmd.Wait
}

// grantsIn is how many grants a server has.
func grantsIn(t *testing.T, d *daemon) int {
	t.Helper()
	return int(d.must(t, "GET", "/v1/grants?page_size=1", "")["totalSize"].(float64))
}

// says fails unless a command has said so.
func says(t *testing.T, said *bytes.Buffer, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(said.String(), w) {
			t.Errorf("it did not say %q, but\n%s", w, said)
		}
	}
}

// A connection that is lost in the middle of a file costs nothing: the file is sent again from the start, which is said, and is one revision.
func TestAFileIsSentAgain(t *testing.T) {
	t.Parallel()
	d := start(t, stores["SQLite"](t))
	file, grants := fileInPieces(t)
	before := newest(t, d)
	said, end := importing(t, newWire(t, d.grpc, cut, cut), file)
	if err := end(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	const again = "sida's sheet.csv: the server was lost before it answered; sending the file again from the start (%d of 5)\n"
	says(t, said, fmt.Sprintf(again, 2), fmt.Sprintf(again, 3), fmt.Sprintf("%d grants created, 0 updated, 0 unchanged, 0 refused", grants))
	if got := newest(t, d) - before; got != 1 || grantsIn(t, d) != grants || strings.Contains(said.String(), "4 of 5") {
		t.Errorf("wrote %d revisions with %d grants\n%s", got, grantsIn(t, d), said)
	}
}

// One that is lost each time ends with what became of the file, nothing, and with the command that imports it.
func TestALostConnectionSaysHow(t *testing.T) {
	t.Parallel()
	d := start(t, stores["SQLite"](t))
	file, grants := fileInPieces(t)
	before := newest(t, d)
	said, end := importing(t, newWire(t, d.grpc, cut, cut, cut, cut, cut), file, "--column", "No=identifier")
	if err := end(); err == nil {
		t.Error("it says that it succeeded")
	}
	says(t, said, "(5 of 5)\n", "sida's sheet.csv: the server was lost before it answered; nothing of it is stored. To import it again:\n  tandem import '", "\ntandem: no answer from ")
	if got := newest(t, d) - before; got != 0 || grantsIn(t, d) != 0 {
		t.Errorf("wrote %d revisions with %d grants", got, grantsIn(t, d))
	}
	_, told, _ := strings.Cut(said.String(), "To import it again:\n")
	command, _, _ := strings.Cut(told, "\n")
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Env = []string{"TANDEM_SERVER=" + d.grpc, "TANDEM_TOKEN=" + adminToken, "HOME=" + t.TempDir(), "PATH=" + programs}
	out, err := cmd.CombinedOutput()
	if err != nil || grantsIn(t, d) != grants || !strings.Contains(string(out), `column G "No": identifier (100%`) {
		t.Errorf("%s: %v\n%s", command, err, out)
	}
}

// An answer that is lost, so that nobody knows of the revision, makes no second one.
func TestALostAnswerWritesNothingTwice(t *testing.T) {
	t.Parallel()
	d := start(t, stores["SQLite"](t))
	before := newest(t, d)
	file := filepath.Join(t.TempDir(), "sida.csv")
	if err := os.WriteFile(file, []byte("Donor;Donor state;Project;Amount\nSida;SE;Wells;SEK 5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	written := make(chan struct{})
	said, end := importing(t, newWire(t, d.grpc, func(from, to net.Conn) {
		go func() { _, _ = io.Copy(to, from) }()
		hello := make([]byte, 1<<10) // without which the client sends nothing
		n, _ := to.Read(hello)
		_, _ = from.Write(hello[:n])
		<-written
	}), file)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for newest(t, d) == before {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("nothing was written within a minute")
		}
	}
	close(written)
	if err := end(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	says(t, said, "(2 of 5)\n", "0 to update, 1 unchanged, 0 refused")
	if got := newest(t, d) - before; got != 1 || grantsIn(t, d) != 1 {
		t.Errorf("wrote %d revisions with %d grants", got, grantsIn(t, d))
	}
}

// A server that is killed in the middle of a file has stored nothing of it when it comes back; the file that is then sent again is there once.
func TestKilledInAnImport(t *testing.T) {
	for name, store := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := store(t)
			d := start(t, database)
			file, grants := fileInPieces(t)
			before := newest(t, d)
			inFile, back := make(chan struct{}), make(chan struct{})
			w := newWire(t, d.grpc, func(from, to net.Conn) {
				cut(from, to)
				close(inFile)
				<-back
			})
			said, end := importing(t, w, file)
			<-inFile
			d.kill()
			d = start(t, database)
			if got := newest(t, d) - before; got != 0 || grantsIn(t, d) != 0 {
				t.Errorf("found %d revisions with %d grants", got, grantsIn(t, d))
			}
			w.lead(d.grpc)
			close(back)
			if err := end(); err != nil {
				t.Errorf("%v\n%s", err, said)
			}
			says(t, said, "(2 of 5)\n", fmt.Sprintf("%d grants created, 0 updated, 0 unchanged, 0 refused", grants))
			if got := newest(t, d) - before; got != 1 || grantsIn(t, d) != grants {
				t.Errorf("wrote %d revisions with %d grants", got, grantsIn(t, d))
			}
			d.kill()
			sound(t, database)
		})
	}
}
