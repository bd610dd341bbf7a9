package grant

import (
	"iter"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// Target is money wanted for a cell and a period. An empty theme, location or population means any.
type Target struct {
	Meta       `json:"-"`
	ID         string         `json:"id"`
	Theme      string         `json:"theme,omitempty"`
	Location   string         `json:"location,omitempty"`
	Population string         `json:"population,omitempty"`
	Start      period.Date    `json:"start"`
	End        period.Date    `json:"end"`
	Currency   money.Currency `json:"currency"`
	Minor      int64          `json:"minor"` // minor units
	Source     string         `json:"source"`
	Note       string         `json:"note,omitempty"`
}

// Span returns the days of the period, both ends included.
func (t *Target) Span() period.Span { return period.Span{First: t.Start.First, Last: t.End.Last()} }

// Key implements Entity.
func (t *Target) Key() Key { return Key{Targets, t.ID} }

// Validate implements Entity.
func (t *Target) Validate() error {
	var v fault.List
	checkID(&v, "name", t.ID)
	if t.Theme == "" && t.Location == "" && t.Population == "" {
		v.Add("theme", "is missing, as are location and population; a cell needs at least one of them")
	}
	switch {
	case t.Start.IsZero():
		v.Add("start", "is missing; accepted is a year, a month or a day")
	case t.End.IsZero():
		v.Add("end", "is missing; accepted is a year, a month or a day")
	case t.End.Last() < t.Start.First:
		v.Add("end", "%s is before the start, %s", t.End, t.Start)
	}
	if t.Minor <= 0 {
		v.Add("amount.amount", "is not above 0")
	}
	checkName(&v, "source", t.Source, maxLine)
	checkText(&v, "note", t.Note, maxText)
	return v.Err()
}

// References implements Entity.
func (t *Target) References() iter.Seq[Reference] {
	return refer(func(to *references) {
		to.add("theme", Themes, t.Theme)
		to.add("location", Locations, t.Location)
		to.add("population", Populations, t.Population)
	})
}
