package workbook

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestHarmless(t *testing.T) {
	for cell, want := range map[string]string{
		"": "", "a": "a", "-5": "-5", "+1.50": "+1.50", "-5.": "'-5.", "=1+1": "'=1+1", "+cmd": "'+cmd", "-1+cmd|' /C calc'!A0": "'-1+cmd|' /C calc'!A0",
		"@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "\rx": "'\rx", "a=b": "a=b", "1e5": "1e5", "-1e5": "'-1e5", "'": "'", "'a": "'a", "'=1": "''=1", "'-5": "'-5",
	} {
		if got := Harmless(cell); got != want {
			t.Errorf("Harmless(%q) = %q, want %q", cell, got, want)
		}
	}
}

// No text is written as another is, and none begins as a formula does.
func TestHarmlessLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`'{0,2}[=+@\-a5]{0,3}`).Draw(t, "text")
		h := Harmless(s)
		if strings.IndexAny(h, "=+-@") == 0 && !number.MatchString(h) {
			t.Fatalf("%q is written as %q, which may be a formula", s, h)
		}
		back := h
		if bare := strings.TrimLeft(h, "'"); bare != h && strings.IndexAny(bare, "=+-@") == 0 && !number.MatchString(bare) {
			back = h[1:]
		}
		if back != s {
			t.Fatalf("%q is written as %q, which is read as %q", s, h, back)
		}
	})
}

// A line is what the library would write.
func TestLinesAreThoseOfTheLibrary(t *testing.T) {
	field := rapid.OneOf(rapid.String(), rapid.StringMatching("[a,;\"\r\n\\\\. \u00a0=]{0,4}"), rapid.Just(`\.`))
	rapid.Check(t, func(t *rapid.T) {
		var cells []Cell
		var record []string
		for _, s := range rapid.SliceOfN(field, 1, 5).Draw(t, "row") {
			cells, record = append(cells, text(s)), append(record, Harmless(s))
		}
		var want bytes.Buffer
		library := csv.NewWriter(&want)
		_ = library.Write(record) // a buffer takes everything
		library.Flush()
		if got := appendLine(nil, cells); string(got) != want.String() {
			t.Fatalf("%q is written as %q, want %q", record, got, want.String())
		}
	})
}
