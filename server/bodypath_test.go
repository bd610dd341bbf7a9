package server

import (
	"bytes"
	"testing"
)

func TestPathAt(t *testing.T) {
	body := []byte("{\n \"a\": {\"b\": [1, {\"c\": \"é\", \"d\": true}, []], \"e\": null}, \"f\": [[2, 3]]}")
	for at, want := range map[string]string{
		`"a"`: "a", `"b"`: "a.b", `1,`: "a.b[0]", `"c"`: "a.b[1].c", `"é"`: "a.b[1].c", `true`: "a.b[1].d", `[]`: "a.b[2]", `null`: "a.e", `3]`: "f[0][1]",
	} {
		if got := pathAt(body, int64(bytes.Index(body, []byte(at)))); got != want {
			t.Errorf("at %s: %q, want %q", at, got, want)
		}
	}
	if got := pathAt(body, int64(len(body))); got != "" {
		t.Errorf("after the end: %q", got)
	}
	if got, want := offsetOf(body, 2, 28), int64(bytes.Index(body, []byte(`"d"`))); got != want {
		t.Errorf("line 2, column 28 is at %d, want %d", got, want)
	}
}
