package grant

import (
	"bytes"
	"encoding"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// plan reads a value of one type from the front of what Encode writes: without space, members in the order of the fields. It returns the rest, and not ok at anything else,
// which is then for the library to read or to refuse. The library takes several times as long, since it has to be ready for any JSON; and a start or an export reads every grant.
type plan func(in []byte, v reflect.Value) (rest []byte, ok bool)

var planOfGrant = planOf(reflect.TypeFor[Grant]())

// read tells whether a grant was read. If not, some of it may have been.
func (g *Grant) read(in []byte) bool {
	rest, ok := planOfGrant(in, reflect.ValueOf(g).Elem())
	return ok && len(rest) == 0
}

func planOf(t reflect.Type) plan {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return readText
	}
	switch t.Kind() {
	case reflect.Struct:
		return planOfStruct(t)
	case reflect.Slice:
		return planOfSlice(t)
	case reflect.Pointer:
		read := planOf(t.Elem())
		return func(in []byte, v reflect.Value) ([]byte, bool) {
			v.Set(reflect.New(t.Elem()))
			return read(in, v.Elem())
		}
	case reflect.String:
		return readString
	case reflect.Int, reflect.Int64:
		return readInteger
	case reflect.Bool:
		return readTrue
	}
	panic("no field of a grant may be a " + t.String())
}

// member is a field of a struct as it stands in JSON.
type member struct {
	name  string // `"name":`
	index []int
	read  plan
}

func planOfStruct(t reflect.Type) plan {
	members := membersOf(t)
	return func(in []byte, v reflect.Value) ([]byte, bool) {
		before := byte('{')
		for i := range members {
			m := &members[i]
			if len(in) <= len(m.name) || in[2] != m.name[1] || in[0] != before || string(in[1:1+len(m.name)]) != m.name {
				continue // most differ in the first letter
			}
			field, ok := v, false
			for _, i := range m.index {
				field = field.Field(i)
			}
			if in, ok = m.read(in[1+len(m.name):], field); !ok {
				return nil, false
			}
			before = ','
		}
		if before == '{' {
			return bytes.CutPrefix(in, []byte("{}"))
		}
		return bytes.CutPrefix(in, []byte("}"))
	}
}

// membersOf are the members of a struct; those of one that is embedded without a name are its own.
func membersOf(t reflect.Type) (members []member) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case name == "" && f.Anonymous:
			for _, m := range membersOf(f.Type) {
				m.index = append([]int{i}, m.index...)
				members = append(members, m)
			}
		default:
			members = append(members, member{`"` + name + `":`, []int{i}, planOf(f.Type)})
		}
	}
	return members
}

func planOfSlice(t reflect.Type) plan {
	read := planOf(t.Elem())
	return func(in []byte, v reflect.Value) ([]byte, bool) {
		if rest, empty := bytes.CutPrefix(in, []byte("[]")); empty {
			v.Set(reflect.MakeSlice(t, 0, 0))
			return rest, true
		}
		before, first := byte('['), []byte(nil)
		for n := 0; len(in) > 0 && in[0] == before; n++ {
			switch {
			case n == 1:
				v.Grow(further(in, first))
			case n == v.Cap():
				v.Grow(max(n, 1)) // doubled
			}
			v.SetLen(n + 1)
			rest, ok := read(in[1:], v.Index(n))
			if !ok {
				return nil, false
			}
			if n == 0 {
				first = in[1 : len(in)-len(rest)]
			}
			in, before = rest, ','
		}
		rest, ends := bytes.CutPrefix(in, []byte("]"))
		return rest, ends && before == ','
	}
}

// further guesses how many elements follow the first: they are objects or strings alike, and end where one that ends an array stands.
func further(in, first []byte) int {
	begins := first[:1]
	end := max(bytes.IndexByte(in, ']'), 0)
	return max(bytes.Count(in[:end], begins)/bytes.Count(first, begins), 1)
}

func readString(in []byte, v reflect.Value) ([]byte, bool) {
	text, rest, ok := cutString(in)
	if ok {
		v.SetString(string(text))
	}
	return rest, ok
}

func readText(in []byte, v reflect.Value) ([]byte, bool) {
	text, rest, ok := cutString(in)
	return rest, ok && v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(text) == nil
}

// cutString returns what the string at the front says.
func cutString(in []byte) (text, rest []byte, ok bool) {
	if len(in) == 0 || in[0] != '"' {
		return nil, nil, false
	}
	escaped, ascii := false, true
	for i := 1; i < len(in); i++ {
		switch c := in[i]; {
		case c == '"':
			text, rest = in[1:i], in[i+1:]
			if escaped {
				text, err := jsontext.AppendUnquote(nil, in[:i+1])
				return text, rest, err == nil
			}
			return text, rest, ascii || utf8.Valid(text)
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			return nil, nil, false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, nil, false
}

func readInteger(in []byte, v reflect.Value) ([]byte, bool) {
	digits, negative := bytes.CutPrefix(in, []byte("-"))
	n, i := int64(0), 0
	for i < len(digits) && '0' <= digits[i] && digits[i] <= '9' {
		n = 10*n + int64(digits[i]-'0')
		i++
	}
	const most = 18 // digits that cannot be too many for an int64
	if i == 0 || i > most || digits[0] == '0' && (i > 1 || negative) {
		return nil, false
	}
	if negative {
		n = -n
	}
	v.SetInt(n)
	return digits[i:], true
}

// readTrue reads the only truth value that is written: false is left out.
func readTrue(in []byte, v reflect.Value) ([]byte, bool) {
	v.SetBool(true)
	return bytes.CutPrefix(in, []byte("true"))
}
