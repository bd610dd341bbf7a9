package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// table is an answer as rows. Columns in right are set to the right.
type table struct {
	head  []string
	right map[int]bool
	rows  [][]string
	notes []string // what the rows do not say
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// write writes an answer as it was asked for: its message as JSON, or its table.
func (s *session) write(m proto.Message, t *table) error {
	switch s.output {
	case "json":
		return s.writeJSON(m)
	case "csv":
		if err := t.writeCSV(s.out); err != nil {
			return err
		}
		for _, n := range t.notes {
			fmt.Fprintln(s.err, n)
		}
		return nil
	}
	t.writeText(s.out, s.color)
	return nil
}

// aside is where to say what is no part of an answer: beside it, where a program reads that.
func (s *session) aside() io.Writer {
	if s.output == "table" {
		return s.out
	}
	return s.err
}

func (s *session) writeJSON(m proto.Message) error {
	b, err := protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(m)
	if err == nil {
		_, err = fmt.Fprintf(s.out, "%s\n", b)
	}
	return err
}

func (t *table) writeCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(t.head); err != nil {
		return err
	}
	for _, row := range t.rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = harmless(cell)
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// harmless keeps a spreadsheet from taking a cell for a formula. A plain number stays one.
func harmless(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return cell
	}
	if _, err := strconv.ParseFloat(cell, 64); err == nil {
		return cell
	}
	return "'" + cell
}

func (t *table) writeText(w io.Writer, color bool) {
	width := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	line := func(cells []string) string {
		var b strings.Builder
		for i, cell := range cells {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			switch {
			case t.right[i]:
				b.WriteString(pad + cell)
			case i == len(cells)-1:
				b.WriteString(cell)
			default:
				b.WriteString(cell + pad)
			}
			if i < len(cells)-1 {
				b.WriteString("  ")
			}
		}
		return b.String()
	}
	head := line(t.head)
	if color {
		head = "\x1b[1m" + head + "\x1b[0m"
	}
	fmt.Fprintln(w, head)
	for _, row := range t.rows {
		fmt.Fprintln(w, line(row))
	}
	for _, n := range t.notes {
		fmt.Fprintln(w, n)
	}
}

// show writes one record: as JSON, or its fields that say something, a line each.
func (s *session) show(m proto.Message) error {
	if s.output == "json" {
		return s.writeJSON(m)
	}
	t := table{head: []string{"field", "value"}}
	fields(&t, "", m.ProtoReflect())
	return s.write(m, &t)
}

// fields adds the fields of a message that say something, in the order of the contract.
func fields(t *table, at string, m protoreflect.Message) {
	descriptors := m.Descriptor().Fields()
	for i := range descriptors.Len() {
		f := descriptors.Get(i)
		if !m.Has(f) {
			continue
		}
		name := at + f.JSONName()
		if !f.IsList() {
			field(t, name, f, m.Get(f))
			continue
		}
		for j := range m.Get(f).List().Len() {
			field(t, fmt.Sprintf("%s[%d]", name, j), f, m.Get(f).List().Get(j))
		}
	}
}

func field(t *table, name string, f protoreflect.FieldDescriptor, v protoreflect.Value) {
	switch {
	case f.Enum() != nil:
		t.add(name, string(f.Enum().Values().ByNumber(v.Enum()).Name()))
	case f.Message() == nil:
		t.add(name, v.String())
	case f.Message().FullName() == "google.protobuf.Timestamp":
		text, _ := protojson.Marshal(v.Message().Interface()) // what was received can be written
		t.add(name, strings.Trim(string(text), `"`))
	case f.Message().Name() == "Money":
		t.add(name, v.Message().Get(f.Message().Fields().ByName("amount")).String()+" "+v.Message().Get(f.Message().Fields().ByName("currency_code")).String())
	default:
		fields(t, name+".", v.Message())
	}
}
