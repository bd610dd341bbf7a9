package server

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type allocations struct {
	tandemv1.UnimplementedAllocationServiceServer
	l *ledger.Ledger
}

// defaultRows is how many rows an analysis answers with when it is not told.
const defaultRows = 1000

func (s allocations) QueryAllocations(ctx context.Context, r *tandemv1.QueryAllocationsRequest) (*tandemv1.QueryAllocationsResponse, error) {
	at, err := revisionOf(ctx, s.l, r)
	if err != nil {
		return nil, err
	}
	after, err := readToken(r, r.PageToken)
	if err != nil {
		return nil, err
	}
	q, err := read(func(in *reader) analysis.Query { return readQuery(in, r) })
	if err != nil {
		return nil, err
	}
	if q.Filter, err = readFilter(r); err != nil {
		return nil, err
	}
	q.Principal = principalOf(ctx)
	result, revision, err := s.l.Allocations(ctx, q, at)
	if err != nil {
		return nil, err
	}
	out := &tandemv1.QueryAllocationsResponse{
		Total: writeRow(q.Currency, result.Total), CurrencyCode: string(q.Currency), Provisional: result.Provisional, Revision: revision, Defects: result.Defects,
	}
	if result.Undated != nil {
		out.Undated = writeRow(q.Currency, *result.Undated)
	}
	rows, next := rowPage(r, result.Rows, after)
	out.NextPageToken = next
	for _, row := range rows {
		out.Rows = append(out.Rows, writeRow(q.Currency, row))
	}
	return out, nil
}

func readQuery(in *reader, r *tandemv1.QueryAllocationsRequest) analysis.Query {
	q := analysis.Query{Attribution: analysis.Final, Calendar: period.Calendar{FirstMonth: int(r.FiscalYearStart)}}
	for i, s := range r.GroupBy {
		d, err := analysis.ParseDimension(s)
		if err != nil {
			in.Add(fmt.Sprintf("groupBy[%d]", i), "%v", err)
		}
		q.GroupBy = append(q.GroupBy, d)
	}
	measure, err := analysis.ParseMeasure(r.Measure)
	if err != nil {
		in.Add("measure", "%v", err)
	}
	q.Measure = measure
	q.Currency, q.From, q.To, q.RateDate = readLook(in, r)
	q.Explain = r.Explain
	if r.Attribution == tandemv1.Attribution_PRIME {
		q.Attribution = analysis.Prime
	}
	return q
}

// filtered is what requests with the filters of grants say.
type filtered interface {
	GetDonorState() []string
	GetDonor() []string
	GetProgramme() []string
	GetMember() []string
	GetTheme() []string
	GetLocation() []string
	GetPopulation() []string
	GetStatus() []tandemv1.Grant_Status
	GetVisibility() []tandemv1.Grant_Visibility
}

func readFilter(r filtered) (analysis.Filter, error) {
	return read(func(in *reader) analysis.Filter {
		return analysis.Filter{
			DonorStates: r.GetDonorState(),
			Donors:      in.ids("donor", r.GetDonor(), grant.Organisations),
			Programmes:  in.ids("programme", r.GetProgramme(), grant.Programmes),
			Members:     in.ids("member", r.GetMember(), grant.Organisations),
			Themes:      in.ids("theme", r.GetTheme(), grant.Themes),
			Locations:   in.ids("location", r.GetLocation(), grant.Locations),
			Populations: in.ids("population", r.GetPopulation(), grant.Populations),
			Statuses:    statuses.all(r.GetStatus()), Visibilities: visibilities.all(r.GetVisibility()),
		}
	})
}

// rowPage returns the page of rows after a token, in the order that was asked for, and the token of the next page.
func rowPage(r *tandemv1.QueryAllocationsRequest, rows analysis.Rows, after *token) ([]analysis.Row, string) {
	order := func(a, b analysis.Row) int { return slices.Compare(a.Keys, b.Keys) }
	switch r.OrderBy {
	case "central":
		rows = rows.ByCentral(false)
		order = func(a, b analysis.Row) int { return cmp.Or(a.Central.Cmp(b.Central), slices.Compare(a.Keys, b.Keys)) }
	case "central desc":
		rows = rows.ByCentral(true)
		order = func(a, b analysis.Row) int { return cmp.Or(b.Central.Cmp(a.Central), slices.Compare(a.Keys, b.Keys)) }
	}
	from := 0
	if after != nil {
		last := analysis.Row{Keys: after.Keys, Central: after.Central}
		from = sort.Search(rows.Len(), func(i int) bool { return order(rows.At(i), last) > 0 })
	}
	size := pageSize(r.PageSize, defaultRows)
	page := make([]analysis.Row, 0, min(size, rows.Len()-from))
	for i := range cap(page) {
		page = append(page, rows.At(from+i))
	}
	if from+len(page) == rows.Len() {
		return page, ""
	}
	last := page[len(page)-1]
	return page, nextToken(r, token{Keys: last.Keys, Central: last.Central})
}

func writeRow(c money.Currency, row analysis.Row) *tandemv1.AllocationRow {
	return &tandemv1.AllocationRow{
		Keys: row.Keys, Labels: row.Labels, Lower: row.Lower.Decimal(c), Central: row.Central.Decimal(c), Upper: row.Upper.Decimal(c), UpperOpen: row.UpperOpen,
		GrantCount: int32(row.GrantCount), UnknownAmountCount: int32(row.UnknownCount), Unconverted: unconvertedOf(row), UnconvertedCount: int32(row.UnconvertedCount),
		Undisclosed: row.Undisclosed, Explanation: writeExplanations(c, row.Explanation),
	}
}
