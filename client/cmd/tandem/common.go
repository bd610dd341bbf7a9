package main

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// asOf are the flags of a read in the past.
type asOf struct {
	Revision int64  `help:"As it was after this revision."`
	ReadTime string `help:"As it was known then: 2024-11-01 or 2024-11-01T09:00:00Z." placeholder:"TIME"`
}

func (a *asOf) readTime() (*timestamppb.Timestamp, error) {
	return parseTime("read-time", a.ReadTime, true) // with all that was known by the end of the day
}

// parseTime reads the time of a flag. A day alone is its end, or its beginning; "" is no time.
func parseTime(flag, s string, end bool) (*timestamppb.Timestamp, error) {
	if s == "" {
		return nil, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return timestamppb.New(t), nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return nil, usage("--%s: found %q; accepted is a day (2024-11-01) or a time (2024-11-01T09:00:00Z)", flag, s)
	}
	if end {
		t = t.AddDate(0, 0, 1).Add(-time.Microsecond)
	}
	return timestamppb.New(t), nil
}

// maskOf names the fields that a message has.
func maskOf(m proto.Message) *fieldmaskpb.FieldMask {
	mask := &fieldmaskpb.FieldMask{}
	descriptors := m.ProtoReflect().Descriptor().Fields()
	for i := range descriptors.Len() {
		if f := descriptors.Get(i); m.ProtoReflect().Has(f) {
			mask.Paths = append(mask.Paths, string(f.Name()))
		}
	}
	return mask
}

// editMask names the fields that an edit sets, those of a message, and those that it empties. example is a flag of it.
func editMask(m proto.Message, empty []string, example string) (*fieldmaskpb.FieldMask, error) {
	mask := &fieldmaskpb.FieldMask{Paths: append(maskOf(m).Paths, empty...)}
	if len(mask.Paths) == 0 {
		return nil, usage("nothing to change; give the fields to set, such as %s, or --clear FIELD", example)
	}
	return mask, nil
}

// did tells of a write.
func (s *session) did(what, name string, m proto.Message) error {
	if s.output == "table" {
		_, err := fmt.Fprintln(s.out, what, name)
		return err
	}
	return s.show(m)
}

// text returns a field of a record as text, for tables of records of any kind.
func text(m proto.Message, field string) string {
	f := m.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(field))
	if f == nil {
		return ""
	}
	v := m.ProtoReflect().Get(f)
	if !f.IsList() {
		return v.String()
	}
	out := ""
	for i := range v.List().Len() {
		if i > 0 {
			out += ", "
		}
		out += v.List().Get(i).String()
	}
	return out
}
