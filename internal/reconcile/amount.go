package reconcile

import (
	"fmt"
	"math"
	"math/big"

	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// Difference is how far a reported amount is from the record's.
type Difference struct {
	// Incomparable says why there is no difference to tell; empty when there is one. The other fields are then empty.
	Incomparable string
	// By is the reported figure less the record's, in the currency of the report. Of a range the middle is taken, of "at least" and "up to" the figure.
	By money.Money
	// Share is By as a share of the record's figure, to six digits, rounded half to even; empty when that figure is 0.
	Share string
	// Converted tells that the record's figure was converted, at the rate of the day of the report's award, else of the report.
	Converted bool
	// Provisional tells that the rate is older than that day.
	Provisional bool
}

// convertedTolerance is how far apart amounts in two currencies may be, in parts of the converted one, to agree: one in fifty. A source that converts does so at a rate of its own day.
const convertedTolerance = 50

// amounts compares a reported amount with the record's. on is the day at whose rate to convert, if need be.
func (c Comparer) amounts(reported, canonical money.Amount, on period.Date) (Verdict, *Difference) {
	said, knownSaid := reachOf(reported)
	held, knownHeld := reachOf(canonical)
	switch {
	case !knownSaid:
		return Neither, &Difference{Incomparable: "the report says that the amount is unknown"}
	case !knownHeld:
		return Neither, &Difference{Incomparable: "the record says that the amount is unknown"}
	}
	d := &Difference{By: money.Money{Currency: reported.Currency}}
	figure := canonical.Bounds().Central
	if reported.Currency != canonical.Currency {
		if on.IsZero() {
			return Neither, &Difference{Incomparable: fmt.Sprintf("the record is in %s, and the report has no date at whose rate to convert", canonical.Currency)}
		}
		convert := func(minor int64) (int64, bool) {
			out, ok := c.Rates.Convert(minor, canonical.Currency, reported.Currency, on.First)
			d.Provisional = d.Provisional || out.Provisional
			return out.Minor, ok
		}
		var ok bool
		if figure, ok = convert(figure); ok {
			held, ok = held.converted(convert)
		}
		if !ok {
			return Neither, &Difference{Incomparable: fmt.Sprintf("the record is in %s, for which there is no rate to %s on %s", canonical.Currency, reported.Currency, on.First)}
		}
		d.Converted = true
	}
	d.By.Minor = reported.Bounds().Central - figure
	d.Share = share(d.By.Minor, figure)
	return verdict(said.meets(held)), d
}

// reach is the figures that an amount can mean, in minor units, both ends included.
type reach struct{ low, high int64 }

// reachOf returns the figures that an amount can mean; known is false when that is any. AT_LEAST has no upper end, UP_TO begins at 0, a RANGE is what it says, and ROUNDED is what
// rounds to it: half a unit of its last significant digit either way, where a figure has at least two ("about 3,300,000" is 3,250,000 to 3,350,000, and "about 1,000,000" is
// 950,000 to 1,050,000, since to take it for half a million would hide what matters).
func reachOf(a money.Amount) (r reach, known bool) {
	switch a.Qualifier {
	case money.Unknown:
		return reach{}, false
	case money.Rounded:
		half := unitOf(a.Minor) / 2
		return reach{a.Minor - half, a.Minor + half}, true
	case money.AtLeast:
		return reach{a.Minor, math.MaxInt64}, true
	}
	b := a.Bounds()
	return reach{b.Lower, b.Upper}, true
}

// unitOf returns the worth of the last significant digit of a figure, of which the first is not taken for the last: 100,000 of 3,300,000 and of 1,000,000.
func unitOf(minor int64) int64 {
	unit := int64(1)
	for minor != 0 && minor%(unit*10) == 0 && (minor/(unit*10) >= 10 || minor/(unit*10) <= -10) {
		unit *= 10
	}
	return unit
}

// meets tells whether one figure can be what both mean.
func (r reach) meets(s reach) bool { return r.low <= s.high && s.low <= r.high }

// converted returns the reach in another currency, wider by the tolerance. An end that is open stays so.
func (r reach) converted(convert func(int64) (int64, bool)) (reach, bool) {
	low, ok := convert(r.low)
	if !ok {
		return reach{}, false
	}
	out := reach{low: low - abs(low)/convertedTolerance, high: math.MaxInt64}
	if r.high != math.MaxInt64 {
		high, ok := convert(r.high)
		if !ok {
			return reach{}, false
		}
		out.high = high + abs(high)/convertedTolerance
	}
	return out, true
}

func abs(n int64) int64 { return max(n, -n) }

// share returns part/of as a decimal number of six digits, rounded half to even; empty when of is 0.
func share(part, of int64) string {
	if of == 0 {
		return ""
	}
	scaled := new(big.Int).Mul(big.NewInt(part), big.NewInt(1_000_000))
	q, rest := new(big.Int).QuoRem(scaled, big.NewInt(of), new(big.Int))
	if c := rest.Abs(rest).Lsh(rest, 1).CmpAbs(big.NewInt(of)); c > 0 || c == 0 && q.Bit(0) == 1 {
		away := int64(1)
		if (part < 0) != (of < 0) {
			away = -1
		}
		q.Add(q, big.NewInt(away))
	}
	return new(big.Rat).SetFrac(q, big.NewInt(1_000_000)).FloatString(6)
}
