package exchangetest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// RealData is a file of the real data that tests are tried on, which is no part of the project. The test is skipped where it is not here.
func RealData(t *testing.T, path ...string) string {
	t.Helper()
	dir := os.Getenv("TANDEM_REALDATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "realdata")
	}
	file := filepath.Join(append([]string{dir}, path...)...)
	if _, err := os.Stat(file); err != nil {
		t.Skipf("the real data is not here: %v", err)
	}
	return file
}

// Golden holds what was written against a file of testdata. With UPDATE=1 it writes that anew.
func Golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("what is written is not %s (UPDATE=1 writes it anew):\n%s", path, got)
	}
}
