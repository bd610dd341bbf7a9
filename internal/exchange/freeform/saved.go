package freeform

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/exchange/table"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// Saved returns the columns as a mapping keeps them for the next table: by their heads, with a letter where the head does not tell one from others. Left out is a column without a head of which
// nothing is known.
func (m *Mapping) Saved() []grant.MappingColumn {
	var saved []grant.MappingColumn
	for i, c := range m.Columns {
		if c.Head == "" && c.Confidence == 0 {
			continue
		}
		column := grant.MappingColumn{Head: c.Head, Field: c.Field.String()}
		same := func(other Column) bool { return strings.EqualFold(other.Head, c.Head) }
		if c.Head == "" || slices.ContainsFunc(m.Columns[:i], same) || slices.ContainsFunc(m.Columns[i+1:], same) {
			column.Letter = table.Letter(i)
		}
		saved = append(saved, column)
	}
	return saved
}

// asked reads what a caller says of the columns, by their places. Errors: Invalid, if there is no such column or no such field. Of a column that the saved mapping has and the table does not, it
// may be said that it is not used.
func (m *Mapping) asked(o Options) (map[int]Field, error) {
	asked := map[int]Field{}
	for _, column := range slices.Sorted(maps.Keys(o.Columns)) {
		f, err := ParseField(o.Columns[column])
		if err != nil {
			return nil, fault.Field("column", "%v", err)
		}
		at := m.find(column)
		switch {
		case at >= 0:
			asked[at] = f
		case f != Unused || o.Mapping == nil || !slices.ContainsFunc(o.Mapping.Columns, func(c grant.MappingColumn) bool { return isNamed(c, column) }):
			return nil, fault.Field("column", "found the column %q; the file has %s", column, m.heads())
		}
	}
	return asked, nil
}

// find returns the place of the first column with a head or a letter, -1 if there is none.
func (m *Mapping) find(column string) int {
	for i, c := range m.Columns {
		if strings.EqualFold(c.Head, column) || strings.EqualFold(table.Letter(i), column) {
			return i
		}
	}
	return -1
}

// isNamed tells whether a caller means this column of a saved mapping.
func isNamed(c grant.MappingColumn, column string) bool {
	return strings.EqualFold(c.Head, column) || c.Letter != "" && strings.EqualFold(c.Letter, column)
}

// saved reads what the saved mapping says of the columns, by their places, and which of its columns the table does not have, where nothing is lost by that: they are not used, or the caller
// says where the field is now. Errors: Invalid, if something is.
func (m *Mapping) saved(o Options) (saved map[int]Field, absent []string, err error) {
	var v fault.List
	saved = map[int]Field{}
	for _, c := range o.Mapping.Columns {
		f, err := ParseField(c.Field)
		if err != nil {
			v.Add("mapping", "%v", err)
		}
		found := false
		for i, column := range m.Columns {
			if strings.EqualFold(c.Head, column.Head) && (c.Letter == "" || c.Letter == table.Letter(i)) {
				saved[i], found = f, true
			}
		}
		switch name := nameOf(c); {
		case found || o.says(func(column string, _ Field) bool { return isNamed(c, column) }):
		case f == Unused:
			absent = append(absent, name+" (not used)")
		case o.says(func(_ string, other Field) bool { return other == f }):
			absent = append(absent, fmt.Sprintf("%s (%s, which another column was said to be)", name, f))
		default:
			v.Add("mapping", "the file has no column %s, which the mapping %q takes for %s; it has %s; say with column which is %s now, or %q if none is",
				name, o.Mapping.ID, f, m.heads(), f, cmp.Or(c.Head, c.Letter)+"=")
		}
	}
	return saved, absent, v.Err()
}

// says tells whether the caller says something of columns.
func (o *Options) says(what func(column string, f Field) bool) bool {
	for column, f := range o.Columns {
		field, _ := ParseField(f) // it was read before
		if what(column, field) {
			return true
		}
	}
	return false
}

// nameOf is how messages call a column of a saved mapping.
func nameOf(c grant.MappingColumn) string {
	switch {
	case c.Head == "":
		return c.Letter + " without a head"
	case c.Letter != "":
		return fmt.Sprintf("%s %q", c.Letter, c.Head)
	}
	return fmt.Sprintf("%q", c.Head)
}

// take puts fields in the place of what was taken before. Who says that a field is in one column takes it from another.
func (m *Mapping) take(fields map[int]Field, reason string) {
	taken := slices.Collect(maps.Values(fields))
	for i := range m.Columns {
		c := &m.Columns[i]
		if f, told := fields[i]; told {
			c.Field, c.Confidence, c.Reason = f, said, reason
		} else if slices.Contains(taken, c.Field) && !slices.Contains(manyColumns, c.Field) {
			c.Field, c.Reason = Unused, "another column was said to be "+c.Field.String()
		}
	}
}

// heads lists the columns by letter and head.
func (m *Mapping) heads() string {
	heads := make([]string, len(m.Columns))
	for i, c := range m.Columns {
		heads[i] = fmt.Sprintf("%s %q", table.Letter(i), c.Head)
	}
	return strings.Join(heads, ", ")
}
