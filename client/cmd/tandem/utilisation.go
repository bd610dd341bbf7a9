package main

import (
	"fmt"
	"slices"
	"strings"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type utilisationCommand struct {
	ID       string `arg:"" optional:"" help:"The programme's id; all programmes when left out."`
	Currency string `help:"Currency of the answer." default:"USD"`
	RateDate string `help:"Convert everything at the rates of this day." placeholder:"DAY"`
	AsOf     string `help:"The day by whose end time has elapsed; today when left out." placeholder:"DAY"`
	asOf     `embed:""`
}

// Run says how far envelopes are used.
func (c *utilisationCommand) Run(s *session) error {
	q := &tandemv1.QueryUtilisationRequest{Name: full("programmes", c.ID), Currency: c.Currency, RateDate: c.RateDate, AsOf: c.AsOf, Revision: c.Revision}
	var err error
	if q.ReadTime, err = c.readTime(); err != nil {
		return err
	}
	a, err := s.Programmes.QueryUtilisation(s, q)
	if err != nil {
		return err
	}
	t := &table{head: []string{"PROGRAMME", "PERIOD", "CEILING", "COMMITTED", "%", "DISBURSED", "%", "UNALLOCATED", "TIME %", "UNKNOWN"}, right: map[int]bool{}}
	for i := 2; i < len(t.head); i++ {
		t.right[i] = true
	}
	if s.output == "csv" {
		t.head = []string{"programme", "period", "ceiling", "committed", "committed_percent", "disbursed", "disbursed_percent", "unallocated", "elapsed_percent", "unknown_amount_count"}
	}
	over, overlaps, open := false, false, false
	var figures []*tandemv1.Figure
	for _, r := range a.Rows {
		t.add(bare(r.Programme), spanOf(r), r.CeilingCentral, s.figure(r.Committed), r.CommittedPercent, s.figure(r.Disbursed), r.DisbursedPercent, r.Unallocated, r.ElapsedPercent,
			fmt.Sprint(r.Committed.GetUnknownAmountCount()))
		over, overlaps = over || r.Overcommitted, overlaps || r.Overlaps
		open = open || r.Committed.GetUpperOpen() || r.Disbursed.GetUpperOpen()
		if r.Part == tandemv1.UtilisationRow_WHOLE {
			figures = append(figures, r.Committed, r.Disbursed)
		}
	}
	t.notes = append(t.notes, fmt.Sprintf("In %s, as of %s. UNKNOWN counts grants whose commitment is not known: more is committed, and less is left, than shown.", a.CurrencyCode, a.AsOf))
	if open {
		t.notes = append(t.notes, "≥: some amounts are \"at least\".")
	}
	if over {
		t.notes = append(t.notes, "Overcommitted: more was committed than the ceiling where UNALLOCATED is below 0.")
	}
	if overlaps {
		t.notes = append(t.notes, "Envelopes that overlap both count the money on the days that they have in common.")
	}
	t.notes = append(t.notes, unconvertedNotes(figures)...)
	if a.Provisional {
		t.notes = append(t.notes, "Provisional: some dates lie after the newest exchange rate.")
	}
	return s.write(a, t)
}

// spanOf says what of a programme a row is about.
func spanOf(r *tandemv1.UtilisationRow) string {
	switch r.Part {
	case tandemv1.UtilisationRow_ENVELOPE:
		return r.Start + "/" + r.End
	case tandemv1.UtilisationRow_OUTSIDE:
		return "outside envelopes"
	}
	return "whole"
}

// figure writes the best single figure. A table has a sign before it where it may be more, and says that nothing is recorded instead of 0.
func (s *session) figure(f *tandemv1.Figure) string {
	switch {
	case s.output != "table":
	case f.GetGrantCount() == 0:
		return "none"
	case f.GetUpperOpen():
		return "≥ " + f.GetCentral()
	}
	return f.GetCentral()
}

// unconvertedNotes says, of several figures, what is not in them for want of a rate.
func unconvertedNotes(figures []*tandemv1.Figure) []string {
	var found []string
	for _, f := range figures {
		for _, m := range f.GetUnconverted() {
			found = append(found, m.Amount+" "+m.CurrencyCode)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return []string{"Not converted for want of a rate, and not in the figures: " + strings.Join(slices.Compact(found), ", ") + "."}
}
