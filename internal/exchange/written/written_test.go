package written_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/exchange/written"
	"github.com/allmep/tandem/internal/money"
)

// show writes an amount for a test: "AT_LEAST 2000000 USD", "RANGE 250000..500000".
func show(a written.Amount) string {
	s := a.Qualifier.String()
	if a.Low != nil {
		s += " " + a.Low.RatString()
	}
	if a.Qualifier == money.Range {
		s += ".." + a.High.RatString()
	}
	if a.Currency != "" {
		s += " " + string(a.Currency)
	}
	return s
}

// What people write, and what it means. The column's currency is that after the bar.
func TestAmounts(t *testing.T) {
	for _, c := range []struct {
		s        string
		currency money.Currency
		want     string
	}{
		{"3300000", "USD", "EXACT 3300000"}, {"3300000.00", "USD", "EXACT 3300000"}, {"$3.3 million", "", "ROUNDED 3300000 USD"}, {"US$ 3,300,000.50", "", "EXACT 6600001/2 USD"},
		{"at least 2 million", "USD", "AT_LEAST 2000000"}, {"more than $2 million", "", "AT_LEAST 2000000 USD"}, {"up to 5,000,000", "CAD", "UP_TO 5000000"},
		{"250,000–500,000", "EUR", "RANGE 250000..500000"}, {"€250,000 - €500,000", "", "RANGE 250000..500000 EUR"}, {"between 2 and 3 million", "USD", "RANGE 2000000..3000000"},
		{"from 1 to 2", "USD", "RANGE 1..2"}, {"2-3m", "USD", "RANGE 2000000..3000000"}, {"about 2015000", "USD", "ROUNDED 2015000"}, {"~ 5k", "USD", "ROUNDED 5000"},
		{"52,720 NIS", "", "EXACT 52720 ILS"}, {"C$ 5m", "", "ROUNDED 5000000 CAD"}, {"SEK 1 234,50", "", "EXACT 2469/2 SEK"}, {"8.800.000 euro", "", "EXACT 8800000 EUR"},
		{"€ 1.5m", "", "ROUNDED 1500000 EUR"}, {"1,5 Mio. €", "", "ROUNDED 1500000 EUR"}, {"CHF 12'000'000.–", "", "EXACT 12000000 CHF"}, {"₪ 1,000", "", "EXACT 1000 ILS"},
		{"250.000 euro", "", "EXACT 250000 EUR"}, {"1.234", "USD", "EXACT 1234"}, {"$100", "AUD", "EXACT 100 USD"}, {"-16,867", "USD", "EXACT -16867"}, {"-$500", "", "EXACT -500 USD"}, {"- 500 €", "", "EXACT -500 EUR"}, {"(5 million)", "USD", "ROUNDED 5000000"}, {"", "USD", "UNKNOWN"},
		{"n/a", "", "UNKNOWN"}, {"5 million+", "USD", "AT_LEAST 5000000"}, {"0", "USD", "EXACT 0"}, {"0.123", "KWD", "EXACT 123/1000"}, {"לפחות 2 מיליון ש\"ח", "", "AT_LEAST 2000000 ILS"},
		{"٣٣٠٠ دولار", "", "EXACT 3300 USD"}, {"au moins 2 millions d'euros", "", "AT_LEAST 2000000 EUR"}, {"1,234.5", "", "EXACT 2469/2"}, {"1.234,5", "", "EXACT 2469/2"}, {"12 million US dollars", "", "ROUNDED 12000000 USD"},
		{"250 thousand to 500 thousand", "USD", "RANGE 250000..500000"}, {"10 - 20", "USD", "RANGE 10..20"}, {"≥ 2,000,000", "USD", "AT_LEAST 2000000"}, {"USD 1,349,862", "", "EXACT 1349862 USD"},
	} {
		a, err := written.ParseAmount(c.s, written.Unsaid, c.currency)
		got := ""
		if err == nil {
			got = show(a)
		}
		if got != c.want {
			t.Errorf("%q: found %q (%v), want %q", c.s, got, err, c.want)
		}
	}
}

// What can be read in two ways is asked about, unless the column says, and what can be read in none is refused.
func TestAmbiguousAmounts(t *testing.T) {
	for _, c := range []struct {
		s        string
		mark     written.Mark
		currency money.Currency
		want     string
	}{
		{"1.234", 0, "", `found "1.234", which is 1234 or 1.234; say whether the decimals of this column stand after a point or a comma`},
		{"1.234", 0, "KWD", `found "1.234", which is 1234 or 1.234; say whether the decimals of this column stand after a point or a comma`},
		{"5,000", written.Comma, "USD", `found "5,000", which is 5000 or 5.000; the decimals of the column stand after ",", and the currency has 2 of them; write the amount without marks`},
		{"1,250 million", 0, "USD", `found "1,250 million", which is 1250 or 1.250; say whether the decimals of this column stand after a point or a comma`},
		{"(500)", 0, "USD", `found "(500)", which is 500 or -500; write the amount without brackets`},
		{"$ (1,500.00)", 0, "", `found "$ (1,500.00)", which is 1,500.00 or -1,500.00; write the amount without brackets`},
		{"-$-5", 0, "", `found "-$-5"; accepted are amounts such as 3300000, $3.3 million, SEK 1 234,50, at least 2 million, or 250,000-500,000`},
		{"kr 500", 0, "", `found "kr 500", which is SEK or NOK or DKK; write the currency's code`},
		{"1.234", written.Point, "KWD", ""}, {"1.234", written.Comma, "KWD", ""}, {"1.250 million", written.Point, "", ""},
		{"three million", 0, "USD", `found "three million"; accepted are amounts such as 3300000, $3.3 million, SEK 1 234,50, at least 2 million, or 250,000-500,000`},
		{"1,23,45", 0, "USD", `found "1,23,45"; accepted are amounts such as 3300000, $3.3 million, SEK 1 234,50, at least 2 million, or 250,000-500,000`},
		{"500-250", 0, "USD", `found "500-250"; accepted is a range of one currency, the lower end first`},
		{"5 " + strings.Repeat("x", 300), 0, "USD", `found "5 xxxxxxxxxxxxxxxxxx"… of 302 bytes; accepted are amounts such as 3300000, $3.3 million, SEK 1 234,50, at least 2 million, or 250,000-500,000`},
	} {
		_, err := written.ParseAmount(c.s, c.mark, c.currency)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q:\nfound %s\n want %s", c.s, got, c.want)
		}
	}
}

// The column's other values decide.
func TestWhatAValueProves(t *testing.T) {
	for s, want := range map[string]written.Mark{"1.234": 0, "1,234": 0, "1.234,5": ',', "8.800.000": ',', "8,800,000": '.', "12.5": '.', "0,123": ',', "EUR 1 234,50": ',', "12": 0} {
		if got := written.MarkOf(s); got != want {
			t.Errorf("%q: found %q, want %q", s, got, want)
		}
	}
	for s, want := range map[string]written.Order{"3/6/2024": 0, "13/6/2024": written.DayFirst, "6/13/2024": written.MonthFirst, "3/3/2024": 0, "2024-01-13": 0} {
		if got := written.OrderOf(s); got != want {
			t.Errorf("%q: found %d, want %d", s, got, want)
		}
	}
}

func TestDates(t *testing.T) {
	for s, want := range map[string]string{
		"2016": "2016", "2015-09": "2015-09", "2023-02-01": "2023-02-01", "Sept 2015": "2015-09", "September 2015": "2015-09", "Sep. 2015": "2015-09", "1 February 2023": "2023-02-01",
		"Feb 1, 2023": "2023-02-01", "1st of March 2020": "2020-03-01", "1er février 2023": "2023-02-01", "1. März 2022": "2022-03-01", "13/6/2024": "2024-06-13", "6/13/2024": "2024-06-13",
		"3/3/2024": "2024-03-03", "3.6.2024": "2024-06-03", "09/2015": "2015-09", "2021-01-26T00:00:00+00:00": "2021-01-26", "2021-01-26 00:00:00": "2021-01-26", "20230201": "2023-02-01",
		"about 2015": "2015", "c. 2015": "2015", "5 ינואר 2020": "2020-01-05", "2015/9/3": "2015-09-03",
		"2015-13": "", "30/2/2024": "", "Sep-15": "", "jui 2015": "", "2015-16": "", "FY 2015": "", "yesterday": "", "": "", "1/2/24": "",
	} {
		d, err := written.Date(s, written.Asked)
		if d.String() != want || (err == nil) != (want != "") {
			t.Errorf("%q: found %q, %v; want %q", s, d, err, want)
		}
	}
	_, err := written.Date("3/6/2024", written.Asked)
	var a *written.Ambiguous
	if !errors.As(err, &a) || err.Error() != `found "3/6/2024", which is 2024-06-03 or 2024-03-06; say whether the day or the month is first in this column` {
		t.Errorf("found %v", err)
	}
	for order, want := range map[written.Order]string{written.DayFirst: "2024-06-03", written.MonthFirst: "2024-03-06"} {
		if d, err := written.Date("3/6/2024", order); err != nil || d.String() != want {
			t.Errorf("found %s, %v; want %s", d, err, want)
		}
	}
	for s, want := range map[string]string{"44222": "2021-01-26", "2016": "2016", "44222.5": "2021-01-26", "5": "", "99999999": ""} {
		if d, err := written.Serial(s, false); d.String() != want || (err == nil) != (want != "") {
			t.Errorf("serial %s: found %s, %v; want %s", s, d, err, want)
		}
	}
	if d, _ := written.Serial("42760", true); d.String() != "2021-01-26" {
		t.Errorf("from 1904: found %s", d)
	}
}

// The commonest ways to write an amount, a date and a currency are read without the rest of the reader, which reads them as well: here, because of a space behind them.
func TestTheCommonestWaysAreNoOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`(19|2[01])?[0-9]{2}(-[01][0-9](-[0-3][0-9])?)?`).Draw(t, "date")
		got, err := written.Date(s, written.Asked)
		want, wantErr := written.Date(s+" ", written.Asked)
		if got != want || (err == nil) != (wantErr == nil) {
			t.Fatalf("%q is %v, %v; want %v, %v", s, got, err, want, wantErr)
		}
		number := rapid.StringMatching(`[0-9]{1,20}(\.[0-9]{1,6})?`).Draw(t, "number")
		amount, err := written.ParseAmount(number, written.Point, "")
		wantAmount, wantErr := written.ParseAmount(number+" ", written.Point, "")
		if show(amount) != show(wantAmount) || (err == nil) != (wantErr == nil) {
			t.Fatalf("%q is %s, %v; want %s, %v", number, show(amount), err, show(wantAmount), wantErr)
		}
		c := rapid.OneOf(rapid.Map(rapid.SampledFrom(money.Currencies()), func(c money.Currency) string { return string(c) }), rapid.StringMatching(`[A-Z]{2,3}`)).Draw(t, "currency")
		code, err := written.ParseCurrency(c)
		wantCode, wantErr := written.ParseCurrency(c + " ")
		if code != wantCode || (err == nil) != (wantErr == nil) {
			t.Fatalf("%q is %q, %v; want %q, %v", c, code, err, wantCode, wantErr)
		}
	})
}

// Whatever is written, reading it ends without harm; what is read twice is the same.
func FuzzWritten(f *testing.F) {
	for _, s := range []string{"$3.3 million", "250,000–500,000", "SEK 1 234,50", "3/6/2024", "Sept 2015", "between 2 and 3 million", "kr. 5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, mark := range []written.Mark{written.Unsaid, written.Point, written.Comma} {
			a, err := written.ParseAmount(s, mark, "")
			b, again := written.ParseAmount(s, mark, "")
			if (err == nil) != (again == nil) || show(a) != show(b) {
				t.Fatalf("%q: found %s and %s", s, show(a), show(b))
			}
			if err == nil && a.Qualifier != money.Unknown && a.Low == nil {
				t.Fatalf("%q: no figure", s)
			}
		}
		_, _ = written.Date(s, written.Asked)
		_ = written.MarkOf(s)
		_, _ = written.Serial(s, false)
		_, _ = written.ParseQualifier(s)
	})
}
