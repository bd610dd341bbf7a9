package grant

import (
	"iter"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// Programme is a funding instrument of a donor.
type Programme struct {
	Meta        `json:"-"`
	ID          string     `json:"id"`
	DisplayName string     `json:"displayName"`
	Owner       string     `json:"owner,omitempty"` // an organisation's id
	Envelopes   []Envelope `json:"envelopes,omitempty"`
	Website     string     `json:"website,omitempty"`
	Note        string     `json:"note,omitempty"`
}

// Envelope is a ceiling of a programme for a period.
type Envelope struct {
	Start  period.Date  `json:"start"`
	End    period.Date  `json:"end"`
	Amount money.Amount `json:"amount"`
	Source string       `json:"source,omitempty"`
}

// Span returns the days of the period, both ends included.
func (e Envelope) Span() period.Span { return period.Span{First: e.Start.First, Last: e.End.Last()} }

// Key implements Entity.
func (p *Programme) Key() Key { return Key{Programmes, p.ID} }

// Validate implements Entity.
func (p *Programme) Validate() error {
	var v fault.List
	checkID(&v, "name", p.ID)
	checkName(&v, "displayName", p.DisplayName, maxName)
	for i, e := range p.Envelopes {
		var of fault.List
		checkPeriod(&of, e.Start, e.End)
		of.Merge("amount", e.Amount.Validate())
		if b := e.Amount.Bounds(); b.Lower < 0 {
			of.Add("amount", "is negative; a ceiling is at least 0")
		}
		checkText(&of, "source", e.Source, maxLine)
		mergeAt(&v, "envelopes", i, &of)
	}
	checkText(&v, "website", p.Website, maxLine)
	checkText(&v, "note", p.Note, maxText)
	return v.Err()
}

// References implements Entity.
func (p *Programme) References() iter.Seq[Reference] {
	return refer(func(to *references) { to.add("owner", Organisations, p.Owner) })
}

// checkPeriod checks a period both of whose ends must be given.
func checkPeriod(v *fault.List, start, end period.Date) {
	switch {
	case start.IsZero():
		v.Add("start", "is missing; accepted is a year, a month or a day")
	case end.IsZero():
		v.Add("end", "is missing; accepted is a year, a month or a day")
	case end.Last() < start.First:
		v.Add("end", "%s is before the start, %s", end, start)
	}
}
