package written

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/allmep/tandem/internal/money"
)

// Amount is money as it is written. Currency is "" where none is. Low and High are the same but for a RANGE, and nil for UNKNOWN.
type Amount struct {
	Qualifier money.Qualifier
	Currency  money.Currency
	Dollar    bool // the currency is written $, which many dollars are
	Scaled    bool // it has a word for thousands or more
	Low, High *big.Rat
}

var qualifiers = []struct {
	of    money.Qualifier
	words []string
}{
	{money.AtLeast, []string{"at least", "more than", "over", "minimum", "min.", "min", "from", "not less than", "above", "au moins", "plus de", "minimum de", "mindestens", "über", "mehr als", "לפחות", "יותר מ-", "מעל", "على الأقل", "أكثر من", "≥", ">=", ">"}},
	{money.UpTo, []string{"up to", "at most", "no more than", "not more than", "less than", "under", "maximum", "max.", "max", "ceiling", "jusqu'à", "jusqu'a", "au plus", "moins de", "bis zu", "höchstens", "maximal", "עד", "לכל היותר", "حتى", "كحد أقصى", "≤", "<=", "<"}},
	{money.Rounded, []string{"about", "approximately", "approx.", "approx", "around", "roughly", "circa", "ca.", "ca", "c.", "nearly", "almost", "some", "est.", "estimated", "environ", "près de", "etwa", "rund", "ungefähr", "בערך", "כ-", "حوالي", "تقريبا", "نحو", "rounded", "≈", "~"}},
}

// scales are the words for thousands and more.
var scales = map[string]int{
	"k": 3, "thousand": 3, "thousands": 3, "tsd": 3, "tsd.": 3, "tausend": 3, "mille": 3, "אלף": 3, "ألف": 3,
	"m": 6, "mn": 6, "mn.": 6, "mm": 6, "mio": 6, "mio.": 6, "mill": 6, "mill.": 6, "mil": 6, "million": 6, "millions": 6, "millionen": 6, "millionen.": 6, "מיליון": 6, "מליון": 6, "مليون": 6, "ملايين": 6,
	"bn": 9, "bn.": 9, "billion": 9, "billions": 9, "mrd": 9, "mrd.": 9, "milliard": 9, "milliards": 9, "milliarde": 9, "milliarden": 9, "מיליארד": 9, "مليار": 9,
}

// currencies are the signs and names of currencies beside their codes. Of those that name several, many is what they are.
var currencies = map[string]money.Currency{
	"us$": "USD", "usd$": "USD", "us dollars": "USD", "us dollar": "USD", "u.s. dollars": "USD", "u.s. dollar": "USD", "dollars": "USD", "dollar": "USD", "$us": "USD", "דולר": "USD", "دولار": "USD", "$": "USD",
	"c$": "CAD", "ca$": "CAD", "can$": "CAD", "cad$": "CAD", "a$": "AUD", "au$": "AUD", "aud$": "AUD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "r$": "BRL",
	"€": "EUR", "d'euros": "EUR", "euro": "EUR", "euros": "EUR", "אירו": "EUR", "יורו": "EUR", "يورو": "EUR",
	"£": "GBP", "pounds sterling": "GBP", "pound sterling": "GBP", "stg": "GBP", "gbp£": "GBP",
	"₪": "ILS", "nis": "ILS", "shekel": "ILS", "shekels": "ILS", "new shekels": "ILS", "ש\"ח": "ILS", "שח": "ILS", "שקל": "ILS", "שקלים": "ILS", "شيكل": "ILS",
	"chf": "CHF", "sfr": "CHF", "sfr.": "CHF", "fr.": "CHF", "swiss francs": "CHF", "swiss franc": "CHF", "yen": "JPY", "jd": "JOD", "rmb": "CNY",
	"swedish kronor": "SEK", "norwegian kroner": "NOK", "danish kroner": "DKK", "tl": "TRY", "₺": "TRY", "₩": "KRW", "₹": "INR",
}

var many = map[string][2]string{"kr": {"SEK", "NOK or DKK"}, "kr.": {"SEK", "NOK or DKK"}, "kronor": {"SEK", "NOK or DKK"}, "kroner": {"NOK", "DKK"}, "¥": {"JPY", "CNY"}, "pounds": {"GBP", "EGP"}, "francs": {"CHF", "XOF"}}

// nothing are the words for an amount that nobody tells.
var nothing = []string{"", "-", "?", "n/a", "na", "n.a.", "none", "unknown", "tbd", "tbc", "undisclosed", "not disclosed", "not public", "confidential", "withheld", "not available", "unspecified",
	"inconnu", "non communiqué", "unbekannt", "k.a.", "לא ידוע", "غير معروف"}

// between is a range: the two ends are what numbers it has.
var between = regexp.MustCompile(`^(?:between|from|entre|de|zwischen|von|בין|من|بين)? ?(.*?\d.*?)(?: ?- ?| (?:to|and|et|à|und|bis|עד|إلى|و) | ו-)(\D*\d.*)$`)

// ParseCurrency reads a code, a sign or a name. Its error says what is accepted, or is an Ambiguous.
func ParseCurrency(s string) (money.Currency, error) {
	if c, err := money.ParseCurrency(s); err == nil {
		return c, nil
	}
	p := plain(s)
	if c, err := money.ParseCurrency(strings.ToUpper(p)); err == nil {
		return c, nil
	}
	if c, ok := currencies[p]; ok {
		return c, nil
	}
	if r, ok := many[p]; ok {
		return "", &Ambiguous{Found: s, Readings: r, Ask: "write the currency's code"}
	}
	return "", fmt.Errorf("found %q; accepted are ISO 4217 codes such as USD, and signs and names such as €, £, NIS or C$", s)
}

// ParseQualifier reads what a column says of amounts: "at least", "rounded ($3.3 million)". ok is false where it says nothing that is known.
func ParseQualifier(s string) (q money.Qualifier, ok bool) {
	p := plain(s)
	switch {
	case slices.Contains(nothing, p):
		return money.Unknown, true
	case strings.HasPrefix(p, "exact"):
		return money.Exact, true
	case strings.HasPrefix(p, "range"):
		return money.Range, true
	}
	for _, q := range qualifiers {
		for _, w := range q.words {
			if p == strings.ToLower(q.of.String()) || p == w || strings.HasPrefix(p, w+" ") {
				return q.of, true
			}
		}
	}
	return 0, false
}

// ParseAmount reads an amount. currency is that of the column, "" if nothing says: it tells how many decimals make sense, and which dollar $ is. An amount in words of thousands or more is ROUNDED.
// Its error says what is accepted, or is an Ambiguous.
func ParseAmount(s string, mark Mark, currency money.Currency) (Amount, error) {
	if len(s) > longest {
		return Amount{}, fmt.Errorf("found %.20q… of %d bytes; %s", s, len(s), acceptedAmounts)
	}
	if simple(s, mark) {
		whole, fraction, _ := strings.Cut(s, ".")
		n, _ := strconv.ParseInt(whole+fraction, 10, 64) // has room for them
		r := big.NewRat(n, int64(math.Pow10(len(fraction))))
		return Amount{Low: r, High: r}, nil
	}
	p := plain(s)
	if slices.Contains(nothing, p) {
		return Amount{Qualifier: money.Unknown}, nil
	}
	a := Amount{Qualifier: money.Exact}
	p = a.takeQualifier(p)
	if m := between.FindStringSubmatch(p); m != nil && a.Qualifier != money.UpTo {
		return rangeOf(s, m[1], m[2], mark, currency)
	}
	figure, scale, err := a.takeWords(s, p)
	if err != nil {
		return Amount{}, err
	}
	if a.Currency != "" && (!a.Dollar || currency == "") {
		currency = a.Currency
	}
	decimals := -1
	if currency != "" && scale == 0 {
		decimals = currency.Exponent()
	}
	r, err := number(figure, mark, decimals)
	if err != nil {
		return Amount{}, said(err, s)
	}
	if a.Scaled = scale > 0; a.Scaled {
		r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
		if a.Qualifier == money.Exact {
			a.Qualifier = money.Rounded
		}
	}
	a.Low, a.High = r, r
	return a, nil
}

// simple tells whether an amount is a number that can be read in one way only: 18 digits, or digits with other than three behind a point. Most are.
func simple(s string, mark Mark) bool {
	point := -1
	for i := range len(s) {
		switch {
		case s[i] == '.' && point < 0 && i > 0 && mark != Comma:
			point = i
		case s[i] < '0' || s[i] > '9':
			return false
		}
	}
	decimals := len(s) - 1 - point
	return s != "" && len(s) <= 18 && (point < 0 || decimals > 0 && decimals != 3)
}

// said puts the whole cell into an error of a part of it.
func said(err error, s string) error {
	if a, is := err.(*Ambiguous); is { // number makes it itself
		a.Found = s
		return a
	}
	return fmt.Errorf("found %q; %s", s, acceptedAmounts)
}

// longest is how many bytes an amount or a date may have. More is text.
const longest = 200

const acceptedAmounts = "accepted are amounts such as 3300000, $3.3 million, SEK 1 234,50, at least 2 million, or 250,000-500,000"

// takeQualifier takes the words of a qualifier off the beginning or the end.
func (a *Amount) takeQualifier(p string) string {
	for _, q := range qualifiers {
		for _, w := range q.words {
			rest, is := strings.CutPrefix(p, w)
			if is && rest != "" && (!letter(w[len(w)-1]) || !letter(rest[0])) && (w != "from" || !between.MatchString(p)) {
				a.Qualifier = q.of
				return strings.TrimSpace(rest)
			}
			if rest, is := strings.CutSuffix(p, " "+w); is {
				a.Qualifier = q.of
				return rest
			}
		}
	}
	if rest, is := strings.CutSuffix(p, "+"); is {
		a.Qualifier = money.AtLeast
		return strings.TrimSpace(rest)
	}
	return p
}

func letter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 0x80 }

// numberFirst finds the number of an amount.
var numberFirst = regexp.MustCompile(`-?\d(?:[\d.,' ]*\d)?`)

// takeWords takes the currency and the scale from around the number.
func (a *Amount) takeWords(s, p string) (figure string, scale int, err error) {
	at := numberFirst.FindStringIndex(p)
	if at == nil {
		return "", 0, fmt.Errorf("found %q; %s", s, acceptedAmounts)
	}
	before, figure, behind := p[:at[0]], p[at[0]:at[1]], p[at[1]:]
	for _, part := range []string{before, behind} {
		for part = strings.Trim(part, ". -/():,"); part != ""; {
			word, rest := part, ""
			for {
				if n, ok := scales[word]; ok && scale == 0 {
					scale = n
					break
				}
				c, err := ParseCurrency(word)
				if amb, is := err.(*Ambiguous); is {
					amb.Found = s
					return "", 0, amb
				}
				if err == nil && (a.Currency == "" || a.Currency == c || a.Dollar) {
					a.Dollar = word == "$" || strings.HasPrefix(word, "dollar")
					a.Currency = c
					break
				}
				cut := shorter(word)
				if cut == 0 {
					return "", 0, fmt.Errorf("found %q; %s", s, acceptedAmounts)
				}
				word, rest = word[:cut], word[cut:]+rest
			}
			part = strings.Trim(rest, ". -/():,")
		}
	}
	if strings.HasPrefix(before, "-") { // -$500
		figure = "-" + figure
	}
	if scale == 0 && strings.Contains(before, "(") && strings.Contains(behind, ")") { // as accountants write what is less than nothing
		return "", 0, &Ambiguous{Found: s, Readings: [2]string{figure, "-" + figure}, Ask: "write the amount without brackets"}
	}
	return figure, scale, nil
}

// shorter returns where to cut a text so that it is a word or a sign shorter; 0 when there is nothing left.
func shorter(word string) int {
	if trimmed := strings.TrimRight(word, " "); trimmed != word {
		return len(trimmed)
	}
	_, last := utf8.DecodeLastRuneInString(word)
	return len(word) - last
}

// rangeOf reads the two ends of a range. What is said of one only, the currency or the scale, is said of both.
func rangeOf(s, low, high string, mark Mark, currency money.Currency) (Amount, error) {
	var ends [2]Amount
	for i, end := range []string{low, high} {
		var words Amount
		_, scale, err := words.takeWords(s, end)
		if err != nil {
			return Amount{}, err
		}
		if i == 0 && scale == 0 { // 2-3 million
			var other Amount
			if _, n, err := other.takeWords(s, high); err == nil && n > 0 {
				end += " " + scaleWord(n)
			}
		}
		c := currency
		var other Amount
		if _, _, err := other.takeWords(s, []string{high, low}[i]); err == nil && c == "" {
			c = other.Currency
		}
		a, err := ParseAmount(end, mark, c)
		if err != nil {
			return Amount{}, said(err, s)
		}
		if a.Low == nil || a.Qualifier == money.Range {
			return Amount{}, fmt.Errorf("found %q; %s", s, acceptedAmounts)
		}
		ends[i] = a
	}
	out := Amount{Qualifier: money.Range, Currency: ends[0].Currency, Dollar: ends[0].Dollar, Scaled: ends[0].Scaled || ends[1].Scaled, Low: ends[0].Low, High: ends[1].Low}
	if out.Currency == "" {
		out.Currency, out.Dollar = ends[1].Currency, ends[1].Dollar
	}
	if ends[0].Currency != "" && ends[1].Currency != "" && ends[0].Currency != ends[1].Currency || out.High.Cmp(out.Low) < 0 {
		return Amount{}, fmt.Errorf("found %q; accepted is a range of one currency, the lower end first", s)
	}
	return out, nil
}

func scaleWord(n int) string { return map[int]string{3: "thousand", 6: "million", 9: "billion"}[n] }
