package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/fault"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type allocationsCommand struct {
	By          []string `help:"Up to three of donor-state, donor, programme, member, theme, location, population, year, quarter, month, status." placeholder:"DIMENSION"`
	Measure     string   `help:"allocated, committed, disbursed or pledged." default:"allocated"`
	Currency    string   `help:"Currency of the answer." default:"USD"`
	From        string   `help:"First day of the window." placeholder:"DATE"`
	To          string   `help:"Last day of the window." placeholder:"DATE"`
	RateDate    string   `help:"Convert everything at the rates of this day." placeholder:"DAY"`
	Attribution string   `help:"final: where money ends up; prime: as awarded." default:"final"`
	FiscalStart int32    `name:"fiscal-year-start" help:"Month with which years begin." default:"1"`
	OrderBy     string   `help:"keys, central or 'central desc'."`
	filterFlags `embed:""`
	asOf        `embed:""`
}

// Run adds up money and shows the rows of all pages.
func (c *allocationsCommand) Run(s *session) error {
	q := &tandemv1.QueryAllocationsRequest{
		Measure: c.Measure, Currency: c.Currency, From: c.From, To: c.To, RateDate: c.RateDate, FiscalYearStart: c.FiscalStart, OrderBy: c.OrderBy, PageSize: 10000,
		DonorState: c.DonorState, Donor: fullAll("organisations", c.Donor), Programme: fullAll("programmes", c.InProgram), Member: fullAll("organisations", c.Member),
		Theme: fullAll("themes", c.Theme), Location: fullAll("locations", c.Location), Population: fullAll("populations", c.Population), Revision: c.Revision,
	}
	for _, d := range c.By {
		q.GroupBy = append(q.GroupBy, strings.ReplaceAll(d, "-", "_"))
	}
	var err error
	if q.Attribution, err = word[tandemv1.Attribution]("attribution", c.Attribution, tandemv1.Attribution_value); err != nil {
		return err
	}
	if q.Status, q.Visibility, err = c.words(); err != nil {
		return err
	}
	if q.ReadTime, err = c.readTime(); err != nil {
		return err
	}
	answer, err := s.Allocations.QueryAllocations(s, q)
	if err != nil {
		return err
	}
	for next := answer.NextPageToken; next != ""; {
		q.PageToken = next
		more, err := s.Allocations.QueryAllocations(s, q)
		if err != nil {
			return err
		}
		answer.Rows, next = append(answer.Rows, more.Rows...), more.NextPageToken
	}
	answer.NextPageToken = ""
	if s.output == "csv" {
		return s.write(answer, allocationsCSV(q.GroupBy, answer))
	}
	return s.write(answer, allocationsTable(c.By, answer))
}

// allocationsCSV is the rows for a spreadsheet: keys beside names, every figure a plain number, and no total among the rows.
func allocationsCSV(by []string, a *tandemv1.QueryAllocationsResponse) *table {
	t := &table{}
	for _, d := range by {
		t.head = append(t.head, d, d+"_label")
	}
	t.head = append(t.head, "currency", "lower", "central", "upper", "upper_open", "grant_count", "unknown_amount_count", "unconverted_count", "undisclosed")
	rows := a.Rows
	if len(by) == 0 {
		rows = []*tandemv1.AllocationRow{a.Total}
	}
	for _, r := range rows {
		var cells []string
		for i := range r.Keys {
			cells = append(cells, r.Keys[i], r.Labels[i])
		}
		t.add(append(cells, a.CurrencyCode, r.Lower, r.Central, r.Upper, fmt.Sprint(r.UpperOpen), fmt.Sprint(r.GrantCount), fmt.Sprint(r.UnknownAmountCount), fmt.Sprint(r.UnconvertedCount), fmt.Sprint(r.Undisclosed))...)
	}
	t.notes = remarks(a)
	return t
}

func allocationsTable(by []string, a *tandemv1.QueryAllocationsResponse) *table {
	t := &table{right: map[int]bool{}}
	for _, d := range by {
		t.head = append(t.head, strings.ToUpper(strings.NewReplacer("_", " ", "-", " ").Replace(d)))
	}
	bounds := a.Total.Lower != a.Total.Central || a.Total.Upper != a.Total.Central
	columns := []string{a.CurrencyCode}
	if bounds {
		columns = []string{"LOWER", a.CurrencyCode, "UPPER"}
	}
	for _, column := range append(columns, "GRANTS", "UNKNOWN") {
		t.right[len(t.head)] = true
		t.head = append(t.head, column)
	}
	undisclosed := slices.ContainsFunc(a.Rows, (*tandemv1.AllocationRow).GetUndisclosed)
	if undisclosed {
		t.head = append(t.head, "ANOTHER DONOR")
	}
	add := func(labels []string, r *tandemv1.AllocationRow) {
		open := ""
		if r.UpperOpen {
			open = "≥ "
		}
		figures := []string{open + r.Central}
		if bounds {
			figures = []string{r.Lower, r.Central, open + r.Upper}
		}
		cells := append(append(labels, figures...), fmt.Sprint(r.GrantCount), fmt.Sprint(r.UnknownAmountCount))
		if undisclosed && r.Undisclosed {
			cells = append(cells, "undisclosed")
		}
		t.add(cells...)
	}
	for _, r := range a.Rows {
		add(append([]string(nil), r.Labels...), r)
	}
	total := make([]string, len(by))
	if len(by) > 0 {
		total[0] = "Total"
	}
	add(total, a.Total)
	t.notes = remarks(a)
	return t
}

// remarks say what the figures do not.
func remarks(a *tandemv1.QueryAllocationsResponse) []string {
	var notes []string
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if n := a.Total.UnknownAmountCount; n > 0 {
		note("The amount of %s is unknown: there is more money than shown.", fault.Number(n, "grant"))
	}
	if a.Total.UpperOpen {
		note("≥: some amounts are \"at least\".")
	}
	for _, u := range a.Total.Unconverted {
		note("Not converted for want of a rate, and not in the figures: %s %s.", u.Amount, u.CurrencyCode)
	}
	if a.Total.Undisclosed {
		note("Another donor, undisclosed, is present.")
	}
	if u := a.Undated; u.GetGrantCount() > 0 {
		note("Not in the window since they cannot be placed in time: %s (%s).", fault.Number(u.GrantCount, "grant"), undated(u, a.CurrencyCode))
	}
	if a.Provisional {
		note("Provisional: some dates lie after the newest exchange rate.")
	}
	for _, d := range a.Defects {
		note("Defect of the data: %s.", d)
	}
	return notes
}

// undated says how much money a row of grants without dates is. Where no amount is known it says no figure: unknown is not 0.
func undated(u *tandemv1.AllocationRow, currency string) string {
	var parts []string
	if strings.Trim(u.Central, "0.") != "" || u.UnknownAmountCount+u.UnconvertedCount < u.GrantCount {
		parts = append(parts, u.Central+" "+currency)
	}
	for _, m := range u.Unconverted {
		parts = append(parts, m.Amount+" "+m.CurrencyCode+" not converted")
	}
	if u.UnknownAmountCount > 0 {
		parts = append(parts, fmt.Sprintf("%d of unknown amount", u.UnknownAmountCount))
	}
	return strings.Join(parts, "; ")
}
