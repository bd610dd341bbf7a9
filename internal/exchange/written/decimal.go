package written

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// decimals are the numbers that programs write, with an exponent that stays within reason, and those with commas between thousands that a CSV may have.
var decimals = regexp.MustCompile(`^-?(\d{1,18}|\d{1,3}(,\d{3}){1,5})(\.\d{1,18})?([eE][+-]?\d{1,2})?$`)

// Decimal reads a number as programs write it. Its error says what is accepted.
func Decimal(s string) (*big.Rat, error) {
	if decimals.MatchString(s) {
		if r, ok := new(big.Rat).SetString(strings.ReplaceAll(s, ",", "")); ok {
			return r, nil
		}
	}
	return nil, fmt.Errorf("found %q; accepted is a number such as 30000 or 30000.50", s)
}
