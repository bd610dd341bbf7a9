package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
)

// positioned is how protobuf's JSON reader says where in a body it found a fault.
var positioned = regexp.MustCompile(`^\(line (\d+):(\d+)\): (.*)$`)

// faultInBody finds the field of a request in which the JSON reader found a fault, and what it says of it. ok is false for other messages.
func faultInBody(ctx context.Context, message string) (field, text string, ok bool) {
	m := positioned.FindStringSubmatch(message)
	e, read := ctx.Value(exchangeKey{}).(*exchange)
	if m == nil || !read {
		return "", "", false
	}
	line, _ := strconv.Atoi(m[1]) // digits, by the pattern
	column, _ := strconv.Atoi(m[2])
	field = pathAt(e.body, offsetOf(e.body, line, column))
	if method, known := runtime.RPCMethod(ctx); known && field != "" {
		if in := ruleOf(method).GetBody(); in != "" && in != "*" {
			field = camel(in) + "." + field
		}
	}
	return field, m[3], field != ""
}

// offsetOf returns the place in bytes of a line and a column, both counted from 1, columns in characters.
func offsetOf(body []byte, line, column int) int64 {
	offset := 0
	for ; line > 1; line-- {
		offset += bytes.IndexByte(body[offset:], '\n') + 1
	}
	for i := range string(body[offset:]) {
		if column--; column == 0 {
			return int64(offset + i)
		}
	}
	return int64(len(body))
}

// step is where a walk through JSON stands in one object or list.
type step struct {
	list  bool
	next  int    // the index of the next item of a list
	name  string // the name before the value of an object
	named bool   // the name was read, and its value comes next
}

// take goes on by one token.
func (s *step) take(token json.Token) {
	switch {
	case s.list:
		s.next++
	case s.named:
		s.named = false
	default:
		s.name, s.named = fmt.Sprint(token), true
	}
}

// pathAt returns the path of the name or value that covers a place in a valid JSON text, such as funders[0].sharePercent, or nothing if none does.
func pathAt(body []byte, offset int64) string {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var steps []step
	for {
		token, err := d.Token()
		if err != nil {
			return ""
		}
		delim, _ := token.(json.Delim)
		if delim == '}' || delim == ']' {
			steps = steps[:len(steps)-1]
		} else if len(steps) > 0 {
			steps[len(steps)-1].take(token)
		}
		if d.InputOffset() > offset {
			return pathOf(steps)
		}
		if delim == '{' || delim == '[' {
			steps = append(steps, step{list: delim == '['})
		}
	}
}

// pathOf writes the steps as a path.
func pathOf(steps []step) string {
	var b strings.Builder
	for _, s := range steps {
		switch {
		case s.list:
			fmt.Fprintf(&b, "[%d]", s.next-1)
		case b.Len() > 0:
			b.WriteString("." + s.name)
		default:
			b.WriteString(s.name)
		}
	}
	return b.String()
}
