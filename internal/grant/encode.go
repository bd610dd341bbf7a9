package grant

import (
	"bytes"
	"encoding"
	"encoding/binary"
	"math"
	"math/bits"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/allmep/tandem/internal/period"
)

// pen writes a value of one type, byte for byte as the library does, which takes several times as long; and an import writes every grant, and part after part of it for their fingerprints.
// It is not ok at what is not text, which is for the library to refuse. The value is one that can be pointed to.
type pen func(out []byte, v reflect.Value) (_ []byte, ok bool)

var penOfGrant = penOf(reflect.TypeFor[Grant]())

// write tells whether a grant was written.
func (g *Grant) write() (body []byte, ok bool) {
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room)
	*room, ok = penOfGrant((*room)[:0], reflect.ValueOf(g).Elem())
	return bytes.Clone(*room), ok
}

func penOf(t reflect.Type) pen {
	switch {
	case t == reflect.TypeFor[period.Date]():
		return writeDate
	case t.Kind() == reflect.Uint8 && t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return penOfWords(t)
	}
	switch t.Kind() {
	case reflect.Struct:
		return penOfStruct(t)
	case reflect.Slice:
		return penOfSlice(t)
	case reflect.Pointer:
		write := penOf(t.Elem())
		return func(out []byte, v reflect.Value) ([]byte, bool) { return write(out, v.Elem()) } // nil is left out
	case reflect.String:
		return func(out []byte, v reflect.Value) ([]byte, bool) { return appendString(out, v.String()) }
	case reflect.Int, reflect.Int64:
		return func(out []byte, v reflect.Value) ([]byte, bool) { return strconv.AppendInt(out, v.Int(), 10), true }
	case reflect.Bool:
		return func(out []byte, v reflect.Value) ([]byte, bool) { return strconv.AppendBool(out, v.Bool()), true }
	}
	panic("no field of a grant may be a " + t.String())
}

func writeDate(out []byte, v reflect.Value) ([]byte, bool) {
	d, _ := reflect.TypeAssert[period.Date](v)
	out, err := d.AppendText(append(out, '"'))
	return append(out, '"'), err == nil
}

// penOfWords writes the name of a number, all of which are made beforehand.
func penOfWords(t reflect.Type) pen {
	var names [math.MaxUint8 + 1]string
	for i := range names {
		v := reflect.New(t).Elem()
		v.SetUint(uint64(i))
		name, err := v.Interface().(encoding.TextMarshaler).MarshalText()
		if err != nil {
			panic(err)
		}
		names[i] = `"` + string(name) + `"`
	}
	return func(out []byte, v reflect.Value) ([]byte, bool) { return append(out, names[v.Uint()]...), true }
}

func penOfSlice(t reflect.Type) pen {
	write := penOf(t.Elem())
	return func(out []byte, v reflect.Value) ([]byte, bool) {
		out = append(out, '[')
		for i := range v.Len() {
			if i > 0 {
				out = append(out, ',')
			}
			var ok bool
			if out, ok = write(out, v.Index(i)); !ok {
				return out, false
			}
		}
		return append(out, ']'), true
	}
}

// penOfStruct writes some fields as if they were zero.
func penOfStruct(t reflect.Type, blank ...string) pen {
	type written struct {
		member
		write pen
		omits func(v reflect.Value) bool
	}
	var members []written
	for _, m := range membersOf(t) {
		f := t.FieldByIndex(m.index)
		w := written{m, penOf(f.Type), omission(f)}
		if zero := reflect.New(f.Type).Elem(); slices.Contains(blank, f.Name) {
			write, omitted := w.write, w.omits(zero)
			w.write = func(out []byte, _ reflect.Value) ([]byte, bool) { return write(out, zero) }
			w.omits = func(reflect.Value) bool { return omitted }
		}
		members = append(members, w)
	}
	return func(out []byte, v reflect.Value) ([]byte, bool) {
		before := byte('{')
		for i := range members {
			m := &members[i]
			field, ok := v, false
			for _, i := range m.index {
				field = field.Field(i)
			}
			if m.omits(field) {
				continue
			}
			out = append(append(out, before), m.name...)
			if out, ok = m.write(out, field); !ok {
				return out, false
			}
			before = ','
		}
		if before == '{' {
			out = append(out, '{')
		}
		return append(out, '}'), true
	}
}

// omission tells when a field is left out, by its tag.
func omission(f reflect.StructField) func(v reflect.Value) bool {
	_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	switch {
	case options == "" && f.Type.Kind() != reflect.Pointer:
		return func(reflect.Value) bool { return false }
	case options == "omitzero" && f.Type == reflect.TypeFor[period.Date]():
		return func(v reflect.Value) bool {
			d, _ := reflect.TypeAssert[period.Date](v)
			return d.IsZero()
		}
	case options == "omitzero" || options == "omitempty" && f.Type.Kind() == reflect.Pointer: // to what is never empty
		return reflect.Value.IsZero
	case options == "omitempty":
		return func(v reflect.Value) bool { return v.Len() == 0 }
	}
	panic("no field of a grant may have the tag " + string(f.Tag))
}

// escapes are what a string has in the place of a byte, "" for the byte itself.
var escapes = func() (escapes [utf8.RuneSelf]string) {
	for c := range escapes {
		quoted, _ := jsontext.AppendQuote(nil, string(rune(c))) // every character has its quote
		if escape := string(quoted[1 : len(quoted)-1]); len(escape) > 1 {
			escapes[c] = escape
		}
	}
	return escapes
}()

// appendString appends a string as jsontext.AppendQuote does. It is not ok where that has an error. Nearly all of a string is written as it is, so that eight bytes at a time are, and
// what is behind a quote, a backslash or what is below a space, once more.
func appendString(out []byte, s string) (_ []byte, ok bool) {
	const each, top = 0x0101010101010101, 0x8080808080808080
	out = append(slices.Grow(out, len(s)+2), '"')
	high, i := uint64(0), 0
	for i+8 <= len(s) {
		b := s[i : i+8]
		w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		out = binary.LittleEndian.AppendUint64(out, w)
		high |= w
		i += 8
		// To take a number from a byte sets the top bit if the byte is lower. That of a byte above such a one may be set as well, and the lowest one counts.
		quote, backslash := w^each*'"', w^each*'\\'
		if found := ((w-each*' ')&^w | (quote-each)&^quote | (backslash-each)&^backslash) & top; found != 0 {
			behind := 8 - bits.TrailingZeros64(found)/8
			i -= behind - 1
			out = append(out[:len(out)-behind], escapes[s[i-1]]...)
		}
	}
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c >= utf8.RuneSelf:
			high = top
			out = append(out, c)
		case escapes[c] != "":
			out = append(out, escapes[c]...)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"'), high&top == 0 || utf8.ValidString(s)
}
