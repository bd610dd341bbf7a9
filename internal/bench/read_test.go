package bench_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/allmep/tandem/internal/exchange/iati"
)

// BenchmarkRead reads a file of IATI activities into drafts, and holds the work of the processors against what xmllint needs to read it and do nothing.
func BenchmarkRead(b *testing.B) {
	dir := os.Getenv("TANDEM_REALDATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "realdata")
	}
	path := filepath.Join(dir, "perf", "usg-10MB.xml")
	data, err := os.ReadFile(path)
	if err != nil {
		b.Skipf("there is no real data at %s; TANDEM_REALDATA says where it is", dir)
	}
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		b.Skip("there is no xmllint to hold it against")
	}
	var ours, theirs time.Duration
	n := 0
	for b.Loop() {
		peer := exec.Command(xmllint, "--stream", "--noout", path)
		if out, err := peer.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		theirs += peer.ProcessState.UserTime() + peer.ProcessState.SystemTime()
		before := worked(b)
		r := iati.NewReader(bytes.NewReader(data), filepath.Base(path), "")
		for err = nil; err == nil; _, err = r.Read() {
		}
		if err != io.EOF {
			b.Fatal(err)
		}
		ours += worked(b) - before
		n++
	}
	b.ReportMetric(ours.Seconds()/float64(n)*(10<<20)/float64(len(data)), "CPU-s/10MB")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "of-xmllint")
}
