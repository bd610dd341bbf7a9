package bench_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/allmep/tandem/internal/bench"
	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/formats"
	"github.com/allmep/tandem/internal/exchange/freeform"
	"github.com/allmep/tandem/internal/exchange/iati"
	"github.com/allmep/tandem/internal/exchange/workbook"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/money"
)

// BenchmarkImport imports a file of IATI activities, read, checked, matched, made durable and indexed, and held against what xmllint needs to read it and do nothing. The
// file of 100 MB is made of that of 10, with other identifiers.
func BenchmarkImport(b *testing.B) {
	small, xmllint := published(b)
	reads := func(path string) *exec.Cmd { return exec.Command(xmllint, "--stream", "--noout", path) }
	b.Run("10MB", func(b *testing.B) { importFile(b, small, "of-xmllint", reads) })
	b.Run("100MB", func(b *testing.B) { importFile(b, tenfold(b, small), "of-xmllint", reads) })
}

// BenchmarkRead reads the file of 10 MB into drafts, in memory, and holds the work of the processors against that of xmllint.
func BenchmarkRead(b *testing.B) {
	path, xmllint := published(b)
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	var work, peerWork time.Duration
	n := 0
	for b.Loop() {
		peer := exec.Command(xmllint, "--stream", "--noout", path)
		if out, err := peer.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		peerWork += peer.ProcessState.UserTime() + peer.ProcessState.SystemTime()
		before := worked(b)
		drain(b, iati.NewReader(bytes.NewReader(data), filepath.Base(path), "").Read)
		work += worked(b) - before
		n++
	}
	b.ReportMetric(work.Seconds()/float64(n), "CPU-s")
	b.ReportMetric(peerWork.Seconds()/float64(n), "peer-CPU-s")
	b.ReportMetric(peerWork.Seconds()/work.Seconds(), "of-xmllint")
}

// published returns the path of a file of IATI activities, as it was published, and the program that it is held against.
func published(b *testing.B) (path, xmllint string) {
	b.Helper()
	dir := os.Getenv("TANDEM_REALDATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "realdata")
	}
	path = filepath.Join(dir, "perf", "usg-10MB.xml")
	if _, err := os.Stat(path); err != nil {
		b.Skipf("there is no real data at %s; TANDEM_REALDATA says where it is", dir)
	}
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		b.Skip("there is no xmllint to hold it against")
	}
	return path, xmllint
}

// BenchmarkImportCSV imports 100,000 grants, from a sheet as people keep them and from the wide one that Tandem writes, and holds that against the shell of SQLite, which puts the rows into a
// table of text, as they are.
func BenchmarkImportCSV(b *testing.B) {
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		b.Skip("the shell of SQLite is not here (on Debian: apt-get install sqlite3)")
	}
	reads := func(path string) *exec.Cmd {
		return exec.Command(shell, filepath.Join(b.TempDir(), "rows.db"), ".import --csv "+path+" grants")
	}
	w := bench.Field(100_000)
	for _, s := range sheets {
		b.Run(s.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "grants.csv")
			if err := os.WriteFile(path, s.of(w), 0o600); err != nil {
				b.Fatal(err)
			}
			importFile(b, path, "of-sqlite3-import", reads)
		})
	}
}

// BenchmarkReadCSV reads these sheets into drafts, in memory, and holds the work of the processors against that of encoding/csv, which reads the same rows.
func BenchmarkReadCSV(b *testing.B) {
	w := bench.Field(100_000)
	for _, s := range sheets {
		b.Run(s.name, func(b *testing.B) {
			data := s.of(w)
			var work, peerWork time.Duration
			n := 0
			for b.Loop() {
				before := worked(b)
				peer := csv.NewReader(bytes.NewReader(data))
				drain(b, peer.Read)
				between := worked(b)
				r, err := formats.Open(bytes.NewReader(data), "grants.csv", "", freeform.Options{})
				if err != nil {
					b.Fatal(err)
				}
				drain(b, r.Read)
				peerWork += between - before
				work += worked(b) - between
				n++
			}
			b.ReportMetric(work.Seconds()/float64(n), "CPU-s")
			b.ReportMetric(peerWork.Seconds()/float64(n), "peer-CPU-s")
			b.ReportMetric(peerWork.Seconds()/work.Seconds(), "of-encoding/csv")
		})
	}
}

// drain reads to the end.
func drain[T any](b *testing.B, read func() (T, error)) {
	b.Helper()
	var err error
	for err == nil {
		_, err = read()
	}
	if err != io.EOF {
		b.Fatal(err)
	}
}

// sheets are what a world may be written as.
var sheets = []struct {
	name string
	of   func(bench.World) []byte
}{{"narrow", sheet}, {"wide", wideSheet}}

// wideSheet writes the grants of a world as an export does.
func wideSheet(w bench.World) []byte {
	x := exchange.Extract{Registry: grant.NewRegistry().With(w.Registry()...), Grants: func(yield func(*grant.Grant, error) bool) {
		for g := range w.All() {
			if !yield(g, nil) {
				return
			}
		}
	}}
	var out bytes.Buffer
	_ = workbook.WriteCSV(&out, &workbook.Grants, x) // a buffer takes everything
	return out.Bytes()
}

// sheet writes the grants of a world as people keep them: a row each, with names.
func sheet(w bench.World) []byte {
	names := map[string]string{}
	states := map[string]string{}
	for _, e := range w.Registry() {
		switch e := e.(type) {
		case *grant.Organisation:
			names[e.ID], states[e.ID] = e.DisplayName, e.State
		case *grant.Term:
			names[e.ID] = e.DisplayName
		}
	}
	var out bytes.Buffer
	to := csv.NewWriter(&out)
	row := func(cells ...string) { _ = to.Write(cells) } // a buffer takes everything
	row("Grant ID", "Title", "Donor", "Donor state", "Recipient", "Amount", "Currency", "Start date", "End date", "Theme", "Location")
	for g := range w.All() {
		t := g.Transactions[0]
		row(g.ID, g.Title, names[g.Funders[0].Organisation], states[g.Funders[0].Organisation], names[g.Recipients[0].Organisation], money.FormatMinor(t.Amount.Currency, t.Amount.Minor),
			string(t.Amount.Currency), g.Start.String(), g.End.String(), names[g.Themes[0].ID], names[g.Locations[0].ID])
	}
	to.Flush()
	return out.Bytes()
}

// tenfold makes a file of ten times a file of activities, with other identifiers.
func tenfold(b *testing.B, small string) string {
	b.Helper()
	read, err := os.ReadFile(small)
	if err != nil {
		b.Fatal(err)
	}
	data := string(read)
	const end = "</iati-activities>"
	first := strings.Index(data, "<iati-activity ")
	var whole strings.Builder
	whole.WriteString(data[:first])
	for i := range 10 {
		activities := data[first:strings.LastIndex(data, end)]
		whole.WriteString(strings.ReplaceAll(activities, "<iati-identifier>", "<iati-identifier>"+string(rune('A'+i))+"-"))
	}
	whole.WriteString(end)
	path := filepath.Join(b.TempDir(), "usg-100MB.xml")
	if err := os.WriteFile(path, []byte(whole.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// importFile imports a file into a ledger that holds nothing, and holds that against a program that reads it.
func importFile(b *testing.B, path, metric string, reads func(path string) *exec.Cmd) {
	staff := ledger.Write{Principal: grant.Principal{Name: "bench", Role: grant.Staff}}
	var ours, theirs time.Duration
	var peak uint64
	size, grants := int64(0), 0
	for b.Loop() {
		start := time.Now()
		if out, err := reads(path).CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		theirs += time.Since(start)
		l, close := openLedger(b, filepath.Join(b.TempDir(), "tandem.db"))
		file, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		info, err := file.Stat()
		if err != nil {
			b.Fatal(err)
		}
		size += info.Size()
		runtime.GC() // what made the file, and what came before, is no part of it
		stop := watchHeap(&peak)
		start = time.Now()
		open := func() (exchange.Reader, error) {
			return formats.Open(file, filepath.Base(path), "", freeform.Options{})
		}
		im, err := l.Import(b.Context(), staff, open, false, func(int) {})
		ours += time.Since(start)
		stop()
		file.Close()
		close()
		if err != nil || im.Count(ledger.GrantCreated) == 0 {
			b.Fatal(err)
		}
		grants += im.Count(ledger.GrantCreated)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(size)/(1<<20)/ours.Seconds(), "MB/s")
	b.ReportMetric(float64(grants)/ours.Seconds(), "grants/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), metric)
	b.ReportMetric(float64(peak)/(1<<20), "peak-heap-MB")
}

// watchHeap keeps the greatest heap that it sees until the returned function is called.
func watchHeap(peak *uint64) (stop func()) {
	done := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				*peak = max(*peak, m.HeapInuse)
			}
		}
	})
	return func() { close(done); ended.Wait() }
}
