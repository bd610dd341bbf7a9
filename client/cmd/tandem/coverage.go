package main

import (
	"fmt"

	"github.com/allmep/tandem/internal/fault"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// cellFlags choose targets.
type cellFlags struct {
	Theme      []string `help:"For these themes and those under them." placeholder:"THEME"`
	Location   []string `help:"In these locations and those under them." placeholder:"LOCATION"`
	Population []string `help:"For these populations and those under them." placeholder:"POPULATION"`
	From       string   `help:"Whose period has days on or after this one." placeholder:"DATE"`
	To         string   `help:"Whose period has days on or before this one." placeholder:"DATE"`
}

type coverageCommand struct {
	Currency  string `help:"Currency of the answer; that of each target when left out."`
	RateDate  string `help:"Convert everything at the rates of this day." placeholder:"DAY"`
	AsOf      string `help:"The day by whose end time has elapsed; today when left out." placeholder:"DAY"`
	cellFlags `embed:""`
	asOf      `embed:""`
}

// Run says how far targets are met.
func (c *coverageCommand) Run(s *session) error {
	q := &tandemv1.QueryCoverageRequest{
		Theme: fullAll("themes", c.Theme), Location: fullAll("locations", c.Location), Population: fullAll("populations", c.Population), From: c.From, To: c.To,
		Currency: c.Currency, RateDate: c.RateDate, AsOf: c.AsOf, Revision: c.Revision,
	}
	var err error
	if q.ReadTime, err = c.readTime(); err != nil {
		return err
	}
	a, err := s.Targets.QueryCoverage(s, q)
	if err != nil {
		return err
	}
	t := &table{
		head:  []string{"TARGET", "THEME", "LOCATION", "POPULATION", "PERIOD", "CURRENCY", "WANTED", "ALLOCATED", "MISSING", "COVERED %", "TIME %", "UNKNOWN"},
		right: map[int]bool{6: true, 7: true, 8: true, 9: true, 10: true, 11: true},
	}
	if s.output == "csv" {
		t.head = []string{"target", "theme", "location", "population", "period", "currency", "wanted", "allocated", "missing", "coverage_percent", "elapsed_percent", "unknown_amount_count"}
	}
	open, undated := false, int32(0)
	var figures []*tandemv1.Figure
	for _, r := range a.Rows {
		t.add(bare(r.Target), bare(r.Theme), bare(r.Location), bare(r.Population), r.Start+"/"+r.End, r.CurrencyCode, r.Wanted, s.figure(r.Allocated), r.Missing, r.CoveragePercent,
			r.ElapsedPercent, fmt.Sprint(r.Allocated.GetUnknownAmountCount()))
		open, undated = open || r.Allocated.GetUpperOpen(), max(undated, r.Undated.GetGrantCount())
		figures = append(figures, r.Allocated)
	}
	t.notes = append(t.notes, fmt.Sprintf("As of %s. UNKNOWN counts grants whose amount is not known: less is missing than shown.", a.AsOf))
	if open {
		t.notes = append(t.notes, "≥: some amounts are \"at least\".")
	}
	if undated > 0 {
		t.notes = append(t.notes, fmt.Sprintf("Not counted since they cannot be placed in time: up to %s in a cell.", fault.Number(undated, "grant")))
	}
	t.notes = append(t.notes, unconvertedNotes(figures)...)
	if a.Provisional {
		t.notes = append(t.notes, "Provisional: some dates lie after the newest exchange rate.")
	}
	return s.write(a, t)
}
