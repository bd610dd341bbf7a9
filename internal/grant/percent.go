package grant

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/allmep/tandem/internal/fault"
)

// Percent is a share in millionths of one percent, exact: 60 % is 60,000,000.
type Percent int64

// Whole is 100 %.
const Whole Percent = 100_000_000

// PercentOf converts a number of percent. It refuses one that is not finite, is negative, is above 100, or has more than six decimals when
// written in its shortest form. Its error is a fault of the field.
func PercentOf(field string, f float64) (Percent, error) {
	if math.IsNaN(f) || f < 0 || f > 100 {
		return 0, fault.Field(field, "found %v; accepted are 0 to 100", f)
	}
	r, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64))
	r.Mul(r, big.NewRat(1_000_000, 1))
	if !r.IsInt() {
		return 0, fault.Field(field, "found %v; accepted are at most six decimals", f)
	}
	return Percent(r.Num().Int64()), nil
}

// Float returns the nearest number of percent; PercentOf gives p back.
func (p Percent) Float() float64 { return float64(p) / 1_000_000 }

// String writes the percent without trailing zeros, such as "33.3".
func (p Percent) String() string {
	s := strconv.FormatInt(int64(p)/1_000_000, 10)
	if rest := int64(p) % 1_000_000; rest != 0 {
		s += "." + strings.TrimRight(strconv.FormatInt(1_000_000+rest, 10)[1:], "0")
	}
	return s
}
