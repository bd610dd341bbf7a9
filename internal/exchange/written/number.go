package written

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// Mark is which mark stands before the decimals.
type Mark rune

// The marks. Unsaid is the zero Mark: nobody has said, and 1.234 is not read where it could be either.
const (
	Unsaid Mark = 0
	Point  Mark = '.'
	Comma  Mark = ','
)

// grouped is a number with groups of three set apart by one mark: a space, an apostrophe, a point or a comma; and decimals after another.
var grouped = regexp.MustCompile(`^(-?)(\d{1,3}(?:([ '.,])\d{3})+|\d+)(?:([.,])(\d+))?$`)

const acceptedNumbers = "accepted are numbers such as 3300000, 3,300,000.00, 3.300.000,00 or 3 300 000"

// number reads a number. decimals is how many the currency has, -1 if any number makes sense: a mark with three digits behind it is between thousands if the currency has other than three
// decimals. Its error says what is accepted, or is an Ambiguous.
func number(s string, mark Mark, decimals int) (*big.Rat, error) {
	bad := fmt.Errorf("found %q; %s", s, acceptedNumbers)
	if len(s) > 40 {
		return nil, bad
	}
	m := grouped.FindStringSubmatch(s)
	if m == nil || !sameMarks(m[2], m[3]) || m[3] != "" && m[3] == m[4] {
		return nil, bad
	}
	sign, whole, between, before, fraction := m[1], m[2], m[3], m[4], m[5]
	lone := between == "" && len(fraction) == 3 && len(whole) <= 3 && whole[0] != '0' // 1.234
	if between != "" && before == "" && strings.Count(whole, between) == 1 && (between == "." || between == ",") {
		cut := strings.Index(whole, between)
		lone, before, fraction, whole, between = whole[0] != '0', between, whole[cut+1:], whole[:cut], ""
	}
	if lone {
		switch {
		case mark != Unsaid && string(mark) != before, mark == Unsaid && decimals >= 0 && decimals != 3:
			whole, before, fraction = whole+fraction, "", ""
		case mark == Unsaid:
			return nil, &Ambiguous{Found: s, Readings: [2]string{whole + fraction, whole + "." + fraction}, Ask: "say whether the decimals of this column stand after a point or a comma"}
		case decimals >= 0 && decimals != 3: // the column says decimals, and the currency that they cannot be
			return nil, &Ambiguous{Found: s, Readings: [2]string{whole + fraction, whole + "." + fraction}, Ask: fmt.Sprintf("the decimals of the column stand after %q, and the currency has %d of them; write the amount without marks", before, decimals)}
		}
	}
	if between != "" && between == string(mark) || before != "" && mark != Unsaid && before != string(mark) {
		return nil, fmt.Errorf("found %q where the decimals of the column stand after %q; %s", s, string(mark), acceptedNumbers)
	}
	text := sign + strings.NewReplacer(" ", "", "'", "", ".", "", ",", "").Replace(whole)
	if fraction != "" {
		text += "." + fraction
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, bad
	}
	return r, nil
}

// sameMarks tells whether a number has one mark only between its thousands.
func sameMarks(whole, mark string) bool {
	for _, r := range whole {
		if (r < '0' || r > '9') && string(r) != mark {
			return false
		}
	}
	return true
}

// MarkOf tells which mark an amount proves to stand before the decimals: 1.234,5 and 8.800.000 prove the comma. Unsaid is that it proves nothing.
func MarkOf(s string) Mark {
	if len(s) > longest {
		return Unsaid
	}
	for _, n := range numberIn.FindAllString(plain(s), -1) {
		m := grouped.FindStringSubmatch(strings.TrimSpace(n))
		if m == nil {
			continue
		}
		switch before, between := m[4], m[3]; {
		case before != "" && (between != "" || len(m[5]) != 3 || len(m[2]) > 3 || m[2] == "0"):
			return Mark(before[0])
		case (between == "." || between == ",") && m[2][0] == '0':
			return Mark(between[0])
		case between == "." && strings.Count(m[2], ".") > 1:
			return Comma
		case between == "," && strings.Count(m[2], ",") > 1:
			return Point
		}
	}
	return Unsaid
}

var numberIn = regexp.MustCompile(`\d[\d.,' ]*`)
