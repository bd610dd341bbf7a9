package bench_test

import (
	"encoding/csv"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
)

// BenchmarkExport holds a hundred thousand grants as CSV over REST against the shell of SQLite writing the same rows, which are text in a table of it, as CSV. It also reports how fast each
// format is written, and how much memory is held meanwhile.
func BenchmarkExport(b *testing.B) {
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		b.Skip("the shell of SQLite is not here (on Debian: apt-get install sqlite3)")
	}
	s := serve(b, world(b))
	dir := b.TempDir()
	rows := filepath.Join(dir, "grants.csv")
	download(b, s, "grants.csv", rows)
	db := filepath.Join(dir, "rows.db")
	if out, err := exec.Command(shell, db, ".import --csv "+rows+" grants").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	b.Run("csv", func(b *testing.B) {
		for b.Loop() {
			var ratios [5]float64
			var work, peerWork time.Duration // of the processors
			own, peer := filepath.Join(dir, "own.csv"), filepath.Join(dir, "peer.csv")
			for i := range ratios {
				before := worked(b)
				took := download(b, s, "grants.csv", own)
				work += worked(b) - before
				peerTook, peerWorked := shellWrites(b, shell, db, peer)
				ratios[i] = peerTook.Seconds() / took.Seconds()
				peerWork += peerWorked
			}
			sameRows(b, own, peer)
			slices.Sort(ratios[:])
			b.ReportMetric(ratios[len(ratios)/2], "of-sqlite3-csv")
			b.ReportMetric(work.Seconds()/float64(len(ratios)), "CPU-s")
			b.ReportMetric(peerWork.Seconds()/float64(len(ratios)), "peer-CPU-s")
		}
	})
	for _, file := range []string{"grants.csv", "grants.iati.xml", "grants.360.json", "all.zip", "grants.xlsx"} {
		b.Run(file, func(b *testing.B) {
			for b.Loop() {
				took := download(b, s, file, filepath.Join(dir, file))
				b.ReportMetric(float64(len(s.ids))/took.Seconds(), "grants/s")
				b.ReportMetric(float64(held(b, s, file))/(1<<20), "MB-held")
			}
		})
	}
}

// worked returns how long the processors have worked for this process, the reader of what the server sends included.
func worked(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sameRows fails if two files do not hold the same rows, however each quotes its cells.
func sameRows(b *testing.B, own, peer string) {
	b.Helper()
	var rows [2][][]string
	for i, path := range []string{own, peer} {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		if rows[i], err = csv.NewReader(f).ReadAll(); err != nil {
			b.Fatal(err)
		}
	}
	if !slices.EqualFunc(rows[0], rows[1], slices.Equal[[]string]) {
		b.Fatalf("%s has %d rows, %s %d, and they are not the same", own, len(rows[0]), peer, len(rows[1]))
	}
}

// shellWrites returns how long the shell of SQLite takes to write the table of grants into a file, and how long the processors worked for it.
func shellWrites(b *testing.B, shell, db, path string) (took, work time.Duration) {
	b.Helper()
	start := time.Now()
	out, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	command := exec.Command(shell, "-header", "-csv", db, "SELECT * FROM grants")
	command.Stdout = out
	if err := command.Run(); err != nil {
		b.Fatal(err)
	}
	if err := out.Close(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start), command.ProcessState.UserTime() + command.ProcessState.SystemTime()
}

// request asks for an export.
func request(b *testing.B, s *served, name string) *http.Response {
	b.Helper()
	r, err := http.NewRequest(http.MethodGet, s.web+"/v1/exports/"+name, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s", name, res.Status)
	}
	return res
}

// download keeps an export in a file and returns how long that took.
func download(b *testing.B, s *served, name, path string) time.Duration {
	b.Helper()
	start := time.Now()
	res := request(b, s, name)
	defer res.Body.Close()
	out, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(out, res.Body); err != nil {
		b.Fatal(err)
	}
	if err := out.Close(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// held returns how many bytes the heap has grown by in the midst of an export, whose reader waits so that nothing moves.
func held(b *testing.B, s *served, name string) uint64 {
	b.Helper()
	live := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	res := request(b, s, name)
	defer res.Body.Close()
	if _, err := io.CopyN(io.Discard, res.Body, 1<<20); err != nil {
		b.Fatal(err)
	}
	return max(live(), before) - before
}
