package iati

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/allmep/tandem/internal/exchange/exchangetest"
)

// TestTheSchemaIsTheirs holds what is taken for valid against xmllint, on the standard's own files: what the one takes, the other takes.
func TestTheSchemaIsTheirs(t *testing.T) {
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("xmllint is not here, and CI wants it")
		}
		t.Skip("xmllint is not here (on Debian: apt-get install libxml2-utils)")
	}
	xsd := exchangetest.RealData(t, "iati-schema", "iati-activities-schema.xsd")
	var files []string
	for _, dir := range []string{"should-pass", "should-fail"} {
		found, _ := filepath.Glob(filepath.Join(filepath.Dir(xsd), "tests", dir, "*.xml"))
		files = append(files, found...)
	}
	said, _ := exec.Command(lint, append([]string{"--noout", "--schema", xsd}, files...)...).CombinedOutput() // it fails, as many of them do
	checked := 0
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(string(data), "<iati-activities")
		tag, text, is := strings.Cut(text, ">")
		if !is || !strings.Contains(tag, "version") || strings.HasSuffix(tag, "/") {
			continue // its defect is in the tag of the root, or it has no activities
		}
		checked++
		taken := true
		for {
			i := strings.Index(text, "<iati-activity")
			if i < 0 {
				break
			}
			text = text[i:]
			e, n, err := new(trees).tree(text)
			if err != nil || n == 0 {
				t.Fatalf("%s: %v", path, err)
			}
			taken = taken && takes(e, "iati-activities")
			text = text[n:]
		}
		if valid := strings.Contains(string(said), path+" validates"); taken != valid {
			t.Errorf("%s: taken is %t, and valid %t", filepath.Base(path), taken, valid)
		}
	}
	if checked < 200 {
		t.Errorf("only %d files were held against it", checked)
	}
}
