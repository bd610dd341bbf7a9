package server

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every regular expression of the contract can be said in words.
func TestPatternsHaveWords(t *testing.T) {
	files, err := filepath.Glob("../proto/tandem/v1/*.proto")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d files: %v", len(files), err)
	}
	said := regexp.MustCompile(`pattern[:=]? ?=? ?"(\^[^"]+)"`)
	n := 0
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range said.FindAllStringSubmatch(string(text), -1) {
			n++
			if words := inWords(m[1]); strings.Contains(words, "matches") {
				t.Errorf("%s: %s", filepath.Base(f), words)
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d patterns were found", n)
	}
}
