// Package written reads amounts of money and dates as people write them, in the languages and the manners of the field: "$3.3 million", "SEK 1 234,50", "at least 8.800.000 euro",
// "Sept 2015". What can be read in two ways is not read: the error names both.
package written

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Ambiguous is what can be read in two ways, and how to say which is meant.
type Ambiguous struct {
	Found    string
	Readings [2]string
	Ask      string
}

// Error names both readings.
func (a *Ambiguous) Error() string {
	return fmt.Sprintf("found %q, which is %s or %s; %s", a.Found, a.Readings[0], a.Readings[1], a.Ask)
}

// plain makes text comparable: small letters, plain spaces, one dash and one apostrophe, no marks of direction.
func plain(s string) string {
	if isASCII(s) {
		return strings.Join(strings.Fields(strings.ToLower(s)), " ")
	}
	return strings.Join(strings.Fields(plainer.Replace(strings.ToLower(s))), " ")
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

var plainer = strings.NewReplacer("\u00A0", " ", "\u202F", " ", "\u2009", " ", "\u2007", " ", "–", "-", "—", "-", "−", "-", "‒", "-", "’", "'", "‘", "'", "ʼ", "'", "\u200E", "", "\u200F", "", "״", "\"", "׳", "'",
	"٠", "0", "١", "1", "٢", "2", "٣", "3", "٤", "4", "٥", "5", "٦", "6", "٧", "7", "٨", "8", "٩", "9", "٫", ".", "٬", ",")
