package fx

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/allmep/tandem/internal/money"
)

// The most digits that a quote may have, in all and after the point. They keep conversions within 64 bits.
const (
	maxDigits   = 12
	maxDecimals = 8
)

// ParseQuote reads what one euro is worth, of no currency yet: a decimal number above 0 of at most 12 digits, 8 of them after the point. Its error says what is accepted.
func ParseQuote(s string) (Quote, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	digits := whole + fraction
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n == 0 || whole == "" || len(digits) > maxDigits || len(fraction) > maxDecimals || strings.HasSuffix(s, ".") {
		return Quote{}, fmt.Errorf("found %q; accepted is a decimal number above 0 with at most %d digits, such as 1.0823", s, maxDigits)
	}
	return Quote{Mantissa: int64(n), Decimals: uint8(len(fraction))}, nil
}

// QuoteOf returns the quote of a value above 0 with as many decimals as a quote may have, rounded once, half to even; none of them is a zero at the end. ok is false when the
// value is too great or too small for a quote.
func QuoteOf(value *big.Rat) (q Quote, ok bool) {
	whole := new(big.Int).Quo(value.Num(), value.Denom()).String()
	decimals := min(maxDecimals, maxDigits-len(whole))
	if value.Sign() <= 0 || decimals < 0 {
		return Quote{}, false
	}
	n := money.ShareBig(power(decimals).Int64(), value.Num(), value.Denom())
	for decimals > 0 && n%10 == 0 {
		n, decimals = n/10, decimals-1
	}
	return Quote{Mantissa: n, Decimals: uint8(decimals)}, n > 0 && n < power(maxDigits).Int64()
}

// Rat returns the value of a quote.
func (q Quote) Rat() *big.Rat {
	return new(big.Rat).SetFrac(big.NewInt(q.Mantissa), power(int(q.Decimals)))
}

// Same tells whether two quotes are of the same currency and value, however many zeros end them.
func (q Quote) Same(other Quote) bool {
	return q.Currency == other.Currency && q.Rat().Cmp(other.Rat()) == 0
}

// Decimal writes a quote with the decimals that it was published with: 1.0823.
func (q Quote) Decimal() string { return q.Rat().FloatString(int(q.Decimals)) }
