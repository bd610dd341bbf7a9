package server

import (
	"strings"

	files "github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/sheet"
	cells "github.com/allmep/tandem/internal/exchange/table"
	manner "github.com/allmep/tandem/internal/exchange/written"
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

// sheetOptions reads what a request says of a sheet.
func sheetOptions(in *reader, m *tandemv1.ImportGrantsRequest) sheet.Options {
	o := sheet.Options{Sheet: m.Sheet, Columns: map[string]string{}, Dates: dateOrders.in(m.DateOrder), Decimals: decimalMarks.in(m.DecimalMark)}
	for _, c := range m.Column {
		at := strings.LastIndexByte(c, '=') // the contract has it that there is one
		o.Columns[c[:at]] = c[at+1:]
	}
	if m.DefaultCurrency != "" {
		o.Currency = in.currency("defaultCurrency", m.DefaultCurrency)
	}
	return o
}

// writeColumns tells what the columns of a sheet were taken for; nothing of another format.
func writeColumns(r files.Reader) []*tandemv1.ImportColumn {
	s, is := r.(*sheet.Reader)
	if !is {
		return nil
	}
	var columns []*tandemv1.ImportColumn
	for i, c := range s.Mapping().Columns {
		columns = append(columns, &tandemv1.ImportColumn{Letter: cells.Letter(i), Head: c.Head, Field: string(c.Field), Confidence: int32(c.Confidence), Reason: c.Reason})
	}
	return columns
}
