package main

import (
	"strings"
	"testing"
)

// What was sent to its end may be stored, but for a dry run, and that is said; with the command to give again, but for a token in it.
func TestLostAtTheEnd(t *testing.T) {
	for _, c := range []struct{ dry, want string }{
		{"--dry-run", "the file: the server was lost before it answered; nothing of it is stored."},
		{"--partial", "the file: the server was lost before it answered; whether it is stored is not known, for it was sent to its end; if it is, the same file changes nothing."},
	} {
		f, _, errs, code := tandem(t, "--token", "tdm_secret", "import", "-", c.dry, "--column", "D's=title")
		want := c.want + " To import it again:\n  tandem --server 127.0.0.1:"
		if code != 1 || !strings.HasPrefix(errs, want) || !strings.Contains(errs, ` --token TOKEN import - `+c.dry+` --column 'D'\''s=title'`+"\n") || strings.Contains(errs, "secret") {
			t.Errorf("found %d\n%s", code, errs)
		}
		if string(f.imported) != "Donor,Title\n" {
			t.Errorf("standard input, which cannot be read again, was sent as %q", f.imported)
		}
	}
}
