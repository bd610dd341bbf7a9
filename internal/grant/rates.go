package grant

import (
	"iter"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/period"
)

// RateDay is what one euro was worth on a day that is not built in. Its id is the day, such as 2026-05-04.
type RateDay struct {
	Meta   `json:"-"`
	ID     string     `json:"id"`
	Quotes []fx.Quote `json:"quotes"`
}

// Key implements Entity.
func (r *RateDay) Key() Key { return Key{Rates, r.ID} }

// Day returns the day, 0 when the id is not one.
func (r *RateDay) Day() period.Day {
	d, err := period.ParseDate(r.ID)
	if err != nil || d.Precision != period.ToDay {
		return 0
	}
	return d.First
}

// Validate implements Entity.
func (r *RateDay) Validate() error {
	var v fault.List
	if r.Day() == 0 {
		v.Add("date", "found %q; accepted is a day such as 2026-05-04", r.ID)
	}
	for i, q := range r.Quotes {
		if q.Mantissa <= 0 {
			v.Add(index("rates", i)+".value", "is not above 0")
		}
	}
	return v.Err()
}

// References implements Entity.
func (r *RateDay) References() iter.Seq[Reference] { return refer(func(*references) {}) }
