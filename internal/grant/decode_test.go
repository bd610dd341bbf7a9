package grant

import (
	"reflect"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// anything puts some value into every field of a record.
func anything(t *rapid.T, v reflect.Value) {
	date := func(s string) period.Date {
		var d period.Date
		if err := d.UnmarshalText([]byte(s)); err != nil {
			t.Fatal(err)
		}
		return d
	}
	switch {
	case v.Type() == reflect.TypeFor[Meta]():
	case v.Type() == reflect.TypeFor[period.Date]():
		v.Set(reflect.ValueOf(date(rapid.SampledFrom([]string{"", "2016", "2015-09", "1970-01-01"}).Draw(t, "date"))))
	case v.Kind() == reflect.Uint8:
		v.SetUint(rapid.Uint64Range(1, 3).Draw(t, "word")) // which every kind of words has
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			anything(t, v.Field(i))
		}
	case v.Kind() == reflect.Slice:
		if n := rapid.IntRange(0, 2).Draw(t, "length"); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			anything(t, v.Index(i))
		}
	case v.Kind() == reflect.Pointer:
		if rapid.Bool().Draw(t, "given") {
			v.Set(reflect.New(v.Type().Elem()))
			anything(t, v.Elem())
		}
	case v.Kind() == reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case v.Kind() == reflect.String:
		v.SetString(rapid.OneOf(rapid.StringN(0, 20, -1), rapid.SampledFrom([]string{"", "a", `"\`, "\n\x00\x7f", "é\u2028"})).Draw(t, "text"))
	default:
		v.SetInt(rapid.Int64Range(-money.MaxMinor, money.MaxMinor).Draw(t, "number"))
	}
}

// Whatever a grant has, its encoding is read without the library, and as the library reads it. A kind of field that only the library can read would slow every start down.
func TestEveryEncodingIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g, got, want Grant
		anything(t, reflect.ValueOf(&g).Elem())
		body := encoded(t, &g)
		if !got.read(body) {
			t.Fatalf("not read: %s", body)
		}
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// What is read without the library is what the library reads: nothing is taken that it refuses.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"id":"g","title":"a\u00e9\"","funders":[{"organisation":"a","share":5}],"status":"ACTIVE","start":"2016","durationMonths":12,"visibility":"PUBLIC","shadow":true,` +
			`"transactions":[{"id":"1","type":"PLEDGE","amount":{"currency":"USD","qualifier":"EXACT","minor":-1}}],"reports":[{"id":"2","kind":"PRESS","amount":{"qualifier":"UNKNOWN"}}]}`,
		`{"id":"\ud800"}`, `{"id":"` + "\xff" + `"}`, `{"serial":01}`, `{"serial":-0}`, `{"serial":9223372036854775808}`, `{}`, `{,}`, `{"funders":[]}`, `{"funders":]}`, `{"funders":[{}],"aliases":["",""]}`,
		`{"id":"a" }`, `{"id":"a"}x`, `{"title":"a","id":"b"}`, `{"shadow":false}`, `{"id":null}`, `{"start":""}`, `{"id":"a`, `{"id":"\`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got, want Grant
		if !got.read(body) {
			return
		}
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("%q is read, but %v", body, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
