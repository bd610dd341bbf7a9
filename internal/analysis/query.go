package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// Dimension is what rows are made by.
type Dimension uint8

// The dimensions.
const (
	DonorState Dimension = iota
	Donor
	Programme
	Member // the recipient, whether in the coalition or not, so that rows sum to the total
	Theme
	Location
	Population
	Status
	Year
	Quarter
	Month
)

var dimensions = []string{"donor_state", "donor", "programme", "member", "theme", "location", "population", "status", "year", "quarter", "month"}

// String returns the word of the contract, such as donor_state.
func (d Dimension) String() string { return dimensions[d] }

// ParseDimension reads the word of a dimension.
func ParseDimension(s string) (Dimension, error) {
	i := slices.Index(dimensions, s)
	if i < 0 {
		return 0, fmt.Errorf("found %q; accepted are %s", s, strings.Join(dimensions, ", "))
	}
	return Dimension(i), nil
}

// unit returns the unit of a dimension of time.
func (d Dimension) unit() (unit period.Unit, ok bool) {
	switch d {
	case Year:
		return period.Year, true
	case Quarter:
		return period.Quarter, true
	case Month:
		return period.Month, true
	}
	return 0, false
}

// Measure is what is added up.
type Measure uint8

// The measures.
const (
	Allocated Measure = iota // commitments, less cancellations, spread over cells and days
	Committed                // commitments, less cancellations, by their date
	Disbursed                // disbursements and expenditures, less reimbursements, by their date
	Pledged                  // pledges, by their date
)

var measures = []string{"allocated", "committed", "disbursed", "pledged"}

// String returns the word of the contract, such as allocated.
func (m Measure) String() string { return measures[m] }

// ParseMeasure reads the word of a measure; no word is Allocated.
func ParseMeasure(s string) (Measure, error) {
	if s == "" {
		return Allocated, nil
	}
	i := slices.Index(measures, s)
	if i < 0 {
		return 0, fmt.Errorf("found %q; accepted are %s", s, strings.Join(measures, ", "))
	}
	return Measure(i), nil
}

// takes tells whether transactions of a type are added up.
func (m Measure) takes(t grant.TransactionType) bool {
	switch m {
	case Allocated, Committed:
		return t == grant.Commitment || t == grant.Cancellation
	case Disbursed:
		return t == grant.Disbursement || t == grant.Expenditure || t == grant.Reimbursement
	}
	return t == grant.Pledge
}

// Attribution says under whose name the money of sub-grants stands. The total is the same.
type Attribution uint8

// The attributions.
const (
	Final Attribution = iota // where it ends up
	Prime                    // as awarded, sub-grants left out
)

// Query says what to add up.
type Query struct {
	GroupBy     []Dimension // up to three
	Measure     Measure
	Currency    money.Currency
	From, To    period.Date // the window; either may be no date
	RateDate    period.Date // convert at this day's rates; no date: at each transaction's own
	Attribution Attribution
	Calendar    period.Calendar
	Filter      Filter
	Principal   grant.Principal
	except      []period.Span // days that are left out of a measure by date
	Explain     bool          // say of each row what makes it
	only        map[int]bool  // the numbers of the grants that are looked at; nil: all
}

// window returns the days that are asked for; ok is false when all are, the undated ones too.
func (q Query) window() (w period.Span, ok bool) { return windowOf(q.From, q.To) }

// windowOf returns the days between two dates, each of which may be no date; ok is false when both are.
func windowOf(from, to period.Date) (w period.Span, ok bool) {
	w = period.Span{First: MinDay, Last: MaxDay}
	if !from.IsZero() {
		w.First = from.First
	}
	if !to.IsZero() {
		w.Last = to.Last()
	}
	return w, !from.IsZero() || !to.IsZero()
}

// MinDay and MaxDay are beyond every day that can be recorded: a window without an end goes up to them.
var (
	MinDay = period.Of(1800, 1, 1)
	MaxDay = period.Of(2400, 1, 1)
)
