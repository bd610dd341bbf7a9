package bench_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/iati"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

// BenchmarkImport imports a file of IATI activities, read, checked, matched, made durable and indexed, and held against what xmllint needs to read it and do nothing. The
// file of 100 MB is made of that of 10, with other identifiers.
func BenchmarkImport(b *testing.B) {
	dir := os.Getenv("TANDEM_REALDATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "realdata")
	}
	small := filepath.Join(dir, "perf", "usg-10MB.xml")
	data, err := os.ReadFile(small)
	if err != nil {
		b.Skipf("there is no real data at %s; TANDEM_REALDATA says where it is", dir)
	}
	b.Run("10MB", func(b *testing.B) { importFile(b, small) })
	b.Run("100MB", func(b *testing.B) { importFile(b, tenfold(b, string(data))) })
}

func tenfold(b *testing.B, data string) string {
	b.Helper()
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

func importFile(b *testing.B, path string) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		b.Skip("there is no xmllint to hold it against")
	}
	staff := ledger.Write{Principal: grant.Principal{Name: "bench", Role: grant.Staff}}
	var ours, theirs time.Duration
	var peak uint64
	size := int64(0)
	for b.Loop() {
		start := time.Now()
		if out, err := exec.CommandContext(b.Context(), xmllint, "--stream", "--noout", path).CombinedOutput(); err != nil {
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
		stop := watchHeap(&peak)
		start = time.Now()
		im, err := l.Import(b.Context(), staff, func() (exchange.Reader, error) { return iati.NewReader(file, "", ""), nil }, false, func(int) {})
		ours += time.Since(start)
		stop()
		file.Close()
		close()
		if err != nil || im.Count(ledger.GrantCreated) == 0 {
			b.Fatal(err)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(size)/(1<<20)/ours.Seconds(), "MB/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "of-xmllint")
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
