package server

import (
	"cmp"
	"context"
	"strings"

	files "github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/freeform"
	cells "github.com/allmep/tandem/internal/exchange/table"
	manner "github.com/allmep/tandem/internal/exchange/written"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

var importFormats = wordList[tandemv1.ImportGrantsRequest_Format, files.Format]{
	{tandemv1.ImportGrantsRequest_FORMAT_UNSPECIFIED, ""},
	{tandemv1.ImportGrantsRequest_IATI, files.IATI},
	{tandemv1.ImportGrantsRequest_THREESIXTY, files.ThreeSixty},
	{tandemv1.ImportGrantsRequest_CRS, files.CRS},
	{tandemv1.ImportGrantsRequest_CSV, files.CSV},
	{tandemv1.ImportGrantsRequest_XLSX, files.XLSX},
}

var dateOrders = wordList[tandemv1.ImportGrantsRequest_DateOrder, manner.Order]{
	{tandemv1.ImportGrantsRequest_DATE_ORDER_UNSPECIFIED, manner.Asked},
	{tandemv1.ImportGrantsRequest_DAY_FIRST, manner.DayFirst},
	{tandemv1.ImportGrantsRequest_MONTH_FIRST, manner.MonthFirst},
}

var decimalMarks = wordList[tandemv1.ImportGrantsRequest_DecimalMark, manner.Mark]{
	{tandemv1.ImportGrantsRequest_DECIMAL_MARK_UNSPECIFIED, manner.Unsaid},
	{tandemv1.ImportGrantsRequest_POINT, manner.Point},
	{tandemv1.ImportGrantsRequest_COMMA, manner.Comma},
}

// sheetOptions reads what a request says of a sheet, and lets it say, too, what its mapping does where it says nothing itself. Errors: Denied, if the caller may not read mappings; Invalid.
func (s imports) sheetOptions(ctx context.Context, m *tandemv1.ImportGrantsRequest) (freeform.Options, error) {
	saved, err := s.mapping(ctx, m)
	if err != nil {
		return freeform.Options{}, err
	}
	return read(func(in *reader) freeform.Options {
		o := freeform.Options{Sheet: m.Sheet, Source: m.Source, Columns: map[string]string{}, Mapping: saved, Dates: dateOrders.in(m.DateOrder), Decimals: decimalMarks.in(m.DecimalMark)}
		for _, c := range m.Column {
			at := strings.LastIndexByte(c, '=') // the contract has it that there is one
			o.Columns[c[:at]] = c[at+1:]
		}
		if m.DefaultCurrency != "" {
			o.Currency = in.currency("defaultCurrency", m.DefaultCurrency)
		}
		return o
	})
}

// mapping returns the mapping that a request names, nil if it names none. What it says of the sheet as a whole, and the request does not, becomes the request's.
func (s imports) mapping(ctx context.Context, m *tandemv1.ImportGrantsRequest) (*grant.Mapping, error) {
	if m.Mapping == "" {
		return nil, nil
	}
	id, _ := splitName(m.Mapping)
	e, err := s.l.Get(ctx, principalOf(ctx), grant.Key{Kind: grant.Mappings, ID: id}, 0)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return nil, fault.Field("mapping", "%q does not exist", m.Mapping)
	case err != nil:
		return nil, err
	case e.Ledgered().Deleted != 0:
		return nil, fault.Field("mapping", "%q is deleted; undelete it first", m.Mapping)
	}
	saved := writeMapping(e.(*grant.Mapping))
	m.Sheet, m.Source, m.DefaultCurrency = cmp.Or(m.Sheet, saved.Sheet), cmp.Or(m.Source, saved.Source), cmp.Or(m.DefaultCurrency, saved.DefaultCurrency)
	m.DateOrder, m.DecimalMark = cmp.Or(m.DateOrder, saved.DateOrder), cmp.Or(m.DecimalMark, saved.DecimalMark)
	return e.(*grant.Mapping), nil
}

// writeColumns tells what the columns of a sheet were taken for, and the mapping by which it was read; nothing of another format.
func writeColumns(r files.Reader, asked *tandemv1.ImportGrantsRequest) ([]*tandemv1.ImportColumn, *tandemv1.Mapping) {
	s, is := r.(*freeform.Reader)
	if !is {
		return nil, nil
	}
	m := s.Mapping()
	var columns []*tandemv1.ImportColumn
	for i, c := range m.Columns {
		columns = append(columns, &tandemv1.ImportColumn{Letter: cells.Letter(i), Head: c.Head, Field: c.Field.String(), Confidence: int32(c.Confidence), Reason: c.Reason})
	}
	return columns, &tandemv1.Mapping{
		Columns: writeMappingColumns(m.Saved()), DateOrder: asked.DateOrder, DecimalMark: asked.DecimalMark, DefaultCurrency: asked.DefaultCurrency, Sheet: asked.Sheet, Source: asked.Source,
	}
}
