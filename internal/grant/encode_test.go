package grant

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"reflect"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

// A grant is written as the library writes it, to the byte, and refused where the library refuses it; so are the parts of which fingerprints are taken.
func TestEncodingIsTheLibrarys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g Grant
		anything(t, reflect.ValueOf(&g).Elem())
		for _, p := range parts {
			body, err := json.Marshal(valueOf(&g, p.name))
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(body)
			want := base64.RawURLEncoding.EncodeToString(sum[:9])
			if slices.Contains([]string{`""`, "[]", "0"}, string(body)) {
				want = ""
			}
			if got := p.print(&g); got != want {
				t.Errorf("the fingerprint of %s, which is %s, is %q; of what the library writes it is %q", p.name, body, got, want)
			}
		}
		if rapid.IntRange(0, 9).Draw(t, "is text") == 0 {
			g.Note = "\xff"
		}
		want, wrong := json.Marshal(&g)
		got, err := Encode(&g)
		if (err == nil) != (wrong == nil) || err == nil && string(got) != string(want) {
			t.Errorf("written as %s, %v; the library writes %s, %v", got, err, want, wrong)
		}
		if _, ok := g.write(); ok != (wrong == nil) {
			t.Errorf("left to the library: %s", want)
		}
	})
}

// valueOf is the field of a grant that has a name in JSON.
func valueOf(g *Grant, name string) any {
	v := reflect.ValueOf(g).Elem()
	for _, m := range membersOf(v.Type()) {
		if m.name == `"`+name+`":` {
			return v.FieldByIndex(m.index).Interface()
		}
	}
	panic(name)
}

func FuzzAppendString(f *testing.F) {
	for _, seed := range []string{"", "a", `"\/`, "\b\f\n\r\t\x00\x1f\x7f", "<é&\u2028>", "\xff", "\xed\xa0\x80", "\xc3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := jsontext.AppendQuote(nil, s)
		got, ok := appendString(nil, s)
		if ok != (err == nil) || ok && !bytes.Equal(got, want) {
			t.Errorf("%q is written as %s, %v; the library writes %s, %v", s, got, ok, want, err)
		}
	})
}
