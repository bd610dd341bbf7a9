package server

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/exchange/workbook"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

const csvType = "text/csv"

// csvMarshaler writes answers as CSV: a list or an analysis as one row for each of its items, anything else as one row. It reads JSON.
type csvMarshaler struct{ *runtime.JSONPb }

// ContentType implements runtime.Marshaler.
func (csvMarshaler) ContentType(any) string { return "text/csv; charset=utf-8; header=present" }

// table is an answer that will be written as CSV.
type table struct {
	answer  proto.Message
	columns []string // the dimensions of an analysis
}

// asTable hands an answer that will be written as CSV over together with the names of its columns, which only the request has.
func asTable(ctx context.Context, m proto.Message) (any, error) {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok && e.format == formatCSV {
		return table{m, e.columns}, nil
	}
	return m, nil
}

// tellBeside puts into headers what CSV has no place for: that there is a next page and how to ask for it, and how many grants a list leaves out for want of knowledge.
func tellBeside(ctx context.Context, w http.ResponseWriter, m proto.Message) error {
	if formatOf(ctx) != formatCSV {
		return nil
	}
	if paged, ok := m.(interface{ GetNextPageToken() string }); ok && paged.GetNextPageToken() != "" {
		w.Header().Set("Tandem-Next-Page-Token", paged.GetNextPageToken())
	}
	if l, ok := m.(*tandemv1.ListGrantsResponse); ok {
		if words := leftOutOf(analysis.LeftOut{Undated: int(l.UndatedCount), Unknown: int(l.UnknownAmountCount), Unconverted: int(l.UnconvertedCount)}); words != "" {
			w.Header().Set(leftOutHeader, words)
		}
	}
	return nil
}

const leftOutHeader = "Tandem-Left-Out"

// leftOutOf writes how many grants are left out for want of knowledge, "" if none.
func leftOutOf(out analysis.LeftOut) string {
	if out == (analysis.LeftOut{}) {
		return ""
	}
	return fmt.Sprintf("undated=%d, unknown-amount=%d, unconverted=%d", out.Undated, out.Unknown, out.Unconverted)
}

// Marshal implements runtime.Marshaler.
func (m csvMarshaler) Marshal(v any) ([]byte, error) {
	t, ok := v.(table)
	if !ok {
		return m.JSONPb.Marshal(v)
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	for _, row := range t.rows() {
		for i, cell := range row {
			row[i] = workbook.Harmless(cell)
		}
		if err := w.Write(row); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// rows are the header and what follows it.
func (t table) rows() [][]string {
	m := t.answer.ProtoReflect()
	items := itemsOf(m.Descriptor())
	d := m.Descriptor()
	if items != nil {
		d = items.Message()
	}
	columns := t.columnsOf(d, nil)
	var header, common []string
	for _, c := range columns {
		header = append(header, c.name)
	}
	if items != nil {
		for _, c := range commonColumns(m.Descriptor()) {
			header, common = append(header, c.name), append(common, c.cell(m))
		}
	}
	rows := [][]string{header}
	write := func(m protoreflect.Message) {
		row := make([]string, 0, len(header))
		for _, c := range columns {
			row = append(row, c.cell(m))
		}
		rows = append(rows, append(row, common...))
	}
	if items == nil {
		write(m)
		return rows
	}
	if total := totalOf(m.Descriptor()); total != nil && len(t.columns) == 0 {
		write(m.Get(total).Message()) // an analysis by nothing is its total
	}
	list := m.Get(items).List()
	for i := range list.Len() {
		write(list.Get(i).Message())
	}
	return rows
}

// totalOf returns the field with the total of an analysis, nil if an answer is not one.
func totalOf(d protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	if f := d.Fields().ByName("total"); f != nil && f.Message() != nil {
		return f
	}
	return nil
}

// commonColumns are what an answer says of all its items, such as their currency, without which a row would not stand by itself.
func commonColumns(d protoreflect.MessageDescriptor) []column {
	var columns []column
	for _, name := range []protoreflect.Name{"currency_code", "provisional"} {
		if f := d.Fields().ByName(name); f != nil {
			columns = append(columns, column{f.JSONName(), []protoreflect.FieldDescriptor{f}, -1})
		}
	}
	return columns
}

// itemsOf returns the field with the items of a paged answer or of an analysis, nil if a message is neither.
func itemsOf(d protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	if d.Fields().ByName("next_page_token") == nil && d.Fields().ByName("rows") == nil {
		return nil
	}
	for i := range d.Fields().Len() {
		if f := d.Fields().Get(i); f.IsList() && f.Message() != nil {
			return f
		}
	}
	return nil
}

// column is one column: the fields that lead to it, and which item, if it is one of a list.
type column struct {
	name  string
	path  []protoreflect.FieldDescriptor
	index int // of an item of the last field, -1 for the whole field
}

// columnsOf returns the columns of a message: a field of a message inside has a column with both names, and lists stand in one cell each. The keys and
// labels of an analysis have a column for each dimension.
func (t table) columnsOf(d protoreflect.MessageDescriptor, path []protoreflect.FieldDescriptor) []column {
	var columns []column
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		here := append(path[:len(path):len(path)], f)
		switch {
		case f.Name() == "explanation": // it is more than a cell can hold
		case f.IsList() && (f.Name() == "keys" || f.Name() == "labels") && totalOf(t.answer.ProtoReflect().Descriptor()) != nil:
			for i, name := range t.columns {
				if f.Name() == "labels" {
					name += "_label"
				}
				columns = append(columns, column{name, here, i})
			}
		case f.Message() != nil && !f.IsList() && !f.IsMap() && !wellKnown(f.Message()):
			columns = append(columns, t.columnsOf(f.Message(), here)...)
		default:
			names := make([]string, len(here))
			for i, p := range here {
				names[i] = p.JSONName()
			}
			columns = append(columns, column{strings.Join(names, "."), here, -1})
		}
	}
	return columns
}

func wellKnown(d protoreflect.MessageDescriptor) bool {
	return d.ParentFile().Package() == "google.protobuf"
}

// cell is what a message has in a column.
func (c column) cell(m protoreflect.Message) string {
	last := len(c.path) - 1
	for _, f := range c.path[:last] {
		if !m.Has(f) {
			return ""
		}
		m = m.Get(f).Message()
	}
	f := c.path[last]
	if c.index < 0 {
		return written(f, m)
	}
	if list := m.Get(f).List(); c.index < list.Len() {
		return scalar(f, list.Get(c.index))
	}
	return ""
}

// written writes a field into one cell: the items of a list with semicolons between them, and the fields of such an item with spaces.
func written(f protoreflect.FieldDescriptor, m protoreflect.Message) string {
	if f.Message() != nil && !m.Has(f) || f.HasPresence() && !m.Has(f) {
		return ""
	}
	if !f.IsList() {
		return scalar(f, m.Get(f))
	}
	list := m.Get(f).List()
	parts := make([]string, list.Len())
	for i := range parts {
		parts[i] = scalar(f, list.Get(i))
	}
	return strings.Join(parts, "; ")
}

// scalar writes one value of a field.
func scalar(f protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch f.Kind() {
	case protoreflect.EnumKind:
		if d := f.Enum().Values().ByNumber(v.Enum()); d != nil {
			return string(d.Name())
		}
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64)
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return inside(v.Message())
	}
	return v.String()
}

// inside writes a message that has to stand in a cell with others.
func inside(m protoreflect.Message) string {
	if t, ok := m.Interface().(*timestamppb.Timestamp); ok {
		return t.AsTime().Format(time.RFC3339Nano)
	}
	if wellKnown(m.Descriptor()) {
		text, err := protojson.Marshal(m.Interface())
		if err != nil {
			return ""
		}
		return string(text)
	}
	var parts []string
	for i := range m.Descriptor().Fields().Len() {
		if f := m.Descriptor().Fields().Get(i); m.Has(f) {
			parts = append(parts, written(f, m))
		}
	}
	return strings.Join(parts, " ")
}
