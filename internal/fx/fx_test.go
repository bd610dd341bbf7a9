package fx_test

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
	"pgregory.net/rapid"
)

func day(t testing.TB, s string) period.Day {
	t.Helper()
	d, err := period.ParseDate(s)
	if err != nil || d.Precision != period.ToDay {
		t.Fatalf("%q is no day: %v", s, err)
	}
	return d.First
}

// Figures with an asterisk were worked out outside the project, with exact decimals.
func TestConvert(t *testing.T) {
	for name, c := range map[string]struct {
		amount   string
		from, to money.Currency
		on       string
		want     string // "" for no rate
		newest   bool   // provisional
	}{
		"US grant in euros *":                   {"3300000.00", "USD", "EUR", "2022-03-28", "3009301.48", false},
		"US grant in shekels *":                 {"3300000.00", "USD", "ILS", "2022-03-28", "10626746.31", false},
		"Swedish grant on a working day *":      {"63234281.00", "SEK", "USD", "2022-01-03", "6973962.79", false},
		"Swedish grant on New Year *":           {"63234281.00", "SEK", "USD", "2022-01-01", "6987029.32", false},
		"a holiday has the rate before *":       {"330000.00", "EUR", "USD", "2018-01-01", "395769.00", false},
		"no shekel before 2011 *":               {"52720.00", "ILS", "USD", "2010-12-31", "", false},
		"the first shekel":                      {"47278.00", "ILS", "EUR", "2011-01-03", "10000.00", false},
		"a currency to itself needs no rate":    {"52720.00", "ILS", "ILS", "1950-01-01", "52720.00", false},
		"nor after the newest":                  {"-1.00", "ZWL", "ZWL", "2030-01-01", "-1.00", false},
		"before the first rate":                 {"1.00", "USD", "EUR", "1999-01-03", "", false},
		"the first rate":                        {"117.89", "USD", "EUR", "1999-01-04", "100.00", false},
		"the rouble ended on 2022-03-01":        {"117.20", "RUB", "EUR", "2022-03-12", "", false},
		"never quoted":                          {"1.00", "AFN", "USD", "2022-01-03", "", false},
		"never quoted, to":                      {"1.00", "USD", "AFN", "2022-01-03", "", false},
		"the newest day":                        {"116.84", "USD", "EUR", "2026-04-13", "100.00", false},
		"a day later is provisional":            {"116.84", "USD", "EUR", "2026-04-14", "100.00", true},
		"and so it stays":                       {"116.84", "USD", "EUR", "2036-04-14", "100.00", true},
		"a dropped currency has no newest rate": {"1.95", "BGN", "EUR", "2026-04-14", "", false},
		"nought":                                {"0.00", "USD", "EUR", "2022-03-28", "0.00", false},
		"too much to add up a thousand of them": {"1000000000000.00", "USD", "IDR", "2022-03-28", "", false},
		"less than half a cent":                 {"1", "IDR", "USD", "2022-03-28", "0.00", false},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := money.Parse(c.from, c.amount)
			if err != nil {
				t.Fatal(err)
			}
			got, ok := fx.ECB().Convert(m.Minor, c.from, c.to, day(t, c.on))
			if ok != (c.want != "") || ok && (money.FormatMinor(c.to, got.Minor) != c.want || got.Provisional != c.newest) {
				t.Errorf("%s %s on %s = %s %s, %+v, %v; want %q, provisional: %v", c.amount, c.from, c.on, money.FormatMinor(c.to, got.Minor), c.to, got, ok, c.want, c.newest)
			}
		})
	}
}

func TestARateIsGoodForTenDays(t *testing.T) {
	last := day(t, "2022-03-01") // of the rouble
	if _, on, ok := fx.ECB().Quote("RUB", last+10); !ok || on != last {
		t.Errorf("ten days after the last rate Quote says %s, %v; want the rate of %s", on, ok, last)
	}
	if q, on, ok := fx.ECB().Quote("RUB", last+11); ok {
		t.Errorf("eleven days after the last rate Quote says %v of %s; want none", q, on)
	}
}

// oracle converts with fractions, straight from the words of the law.
func oracle(minor int64, from, to fx.Quote) *big.Int {
	ten := func(n int) *big.Rat {
		return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil))
	}
	value := func(q fx.Quote) *big.Rat {
		return new(big.Rat).Quo(new(big.Rat).SetInt64(q.Mantissa), ten(int(q.Decimals)))
	}
	x := new(big.Rat).Quo(new(big.Rat).SetInt64(minor), ten(from.Currency.Exponent()))
	x.Quo(x, value(from)).Mul(x, value(to)).Mul(x, ten(to.Currency.Exponent()))
	half := big.NewRat(1, 2)
	whole, rest := new(big.Int), new(big.Rat)
	whole.Div(x.Num(), x.Denom()) // the floor: Denom is above 0
	rest.Sub(x, new(big.Rat).SetInt(whole))
	if c := rest.Cmp(half); c > 0 || c == 0 && whole.Bit(0) == 1 {
		whole.Add(whole, big.NewInt(1))
	}
	return whole
}

// anyQuote draws a rate of at most 12 digits, which is what can be recorded.
func anyQuote(t *rapid.T, label string) fx.Quote {
	return fx.Quote{
		Currency: rapid.SampledFrom([]money.Currency{"USD", "ILS", "JPY", "KWD", "CLF"}).Draw(t, label+" currency"),
		Mantissa: rapid.Int64Range(1, 999_999_999_999).Draw(t, label+" mantissa"),
		Decimals: uint8(rapid.IntRange(0, 12).Draw(t, label+" decimals")),
	}
}

func TestConvertAgreesWithFractions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := anyQuote(t, "from"), anyQuote(t, "to")
		if from.Currency == to.Currency {
			to.Currency = "SEK"
		}
		minor := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-money.MaxMinor, money.MaxMinor), rapid.Int64Range(-1000, 1000)).Draw(t, "minor")
		table := new(fx.Table).With([]fx.Rates{{Day: 100, Quotes: []fx.Quote{from, to}}})
		got, ok := table.Convert(minor, from.Currency, to.Currency, 100)
		want := oracle(minor, from, to)
		if size := want.CmpAbs(big.NewInt(1 << 53)); !ok && size < 0 || ok && size > 0 { // at the bound itself the rounding decides
			t.Fatalf("%d %s = %s %s; Convert says %v", minor, from.Currency, want, to.Currency, ok)
		}
		if ok && got.Minor != want.Int64() {
			t.Fatalf("%d %s = %d %s; want %s", minor, from.Currency, got.Minor, to.Currency, want)
		}
		if back, okBack := table.Convert(-minor, from.Currency, to.Currency, 100); minor != math.MinInt64 && (okBack != ok || back.Minor != -got.Minor) {
			t.Fatalf("%d is %d, and %d is %d", minor, got.Minor, -minor, back.Minor)
		}
	})
}

// model is a table as a list: whoever asks goes through all of it. All its currencies are alive.
type model []fx.Rates

func (m model) quote(c money.Currency, on period.Day) (best fx.Quote, day period.Day, ok bool) {
	newest := period.Day(0)
	for _, r := range m {
		if r.Quotes[0].Currency == c {
			newest = max(newest, r.Day)
		}
	}
	on = min(on, newest)
	for _, r := range m {
		if q := r.Quotes[0]; q.Currency == c && r.Day <= on && on-r.Day <= 10 && r.Day >= day {
			best, day, ok = q, r.Day, true
		}
	}
	return best, day, ok
}

func TestWithAgreesWithAList(t *testing.T) {
	currencies := []money.Currency{"USD", "ILS", "SEK"}
	rapid.Check(t, func(t *rapid.T) {
		rates := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) fx.Rates {
			return fx.Rates{Day: period.Day(rapid.IntRange(1, 60).Draw(t, "day")), Quotes: []fx.Quote{{
				Currency: rapid.SampledFrom(currencies).Draw(t, "currency"), Mantissa: rapid.Int64Range(1, 1000).Draw(t, "mantissa")}}}
		}), 1, 12).Draw(t, "rates")
		cut := rapid.IntRange(0, len(rates)).Draw(t, "cut")
		first := new(fx.Table).With(rates[:cut])
		table := first.With(rates[cut:])
		for _, c := range currencies {
			for on := period.Day(-5); on < 80; on++ {
				want, wantDay, wantOK := model(rates).quote(c, on)
				if got, day, ok := table.Quote(c, on); got != want || day != wantDay || ok != wantOK {
					t.Fatalf("%s on %d is %v of %d, %v; want %v of %d, %v", c, on, got, day, ok, want, wantDay, wantOK)
				}
				want, wantDay, wantOK = model(rates[:cut]).quote(c, on)
				if got, day, ok := first.Quote(c, on); got != want || day != wantDay || ok != wantOK {
					t.Fatalf("after With, the table from which it was made says %v of %d, %v for %s on %d; want %v of %d, %v", got, day, ok, c, on, want, wantDay, wantOK)
				}
			}
		}
	})
}

// To record one rate of one currency must not make the others stale.
func TestARecordedRateConcernsItsCurrencyAlone(t *testing.T) {
	recorded := day(t, "2026-05-15")
	table := fx.ECB().With([]fx.Rates{{Day: recorded, Quotes: []fx.Quote{{Currency: "ILS", Mantissa: 4, Decimals: 0}, {Currency: "AFN", Mantissa: 80}}}})
	for _, c := range []struct {
		name        string
		minor       int64
		from, to    money.Currency
		on          period.Day
		want        int64
		provisional bool
		ok          bool
	}{
		{"the recorded rate holds on its day", 100, "EUR", "ILS", recorded, 400, false, true},
		{"and later, provisionally", 100, "EUR", "ILS", recorded + 100, 400, true, true},
		{"there is none shortly before it", 100, "EUR", "ILS", recorded - 1, 0, false, false},
		{"the dollar has its last rate still", 11684, "USD", "EUR", recorded, 10000, true, true},
		{"both together", 11684, "USD", "ILS", recorded, 40000, true, true},
		{"the rouble stays dead", 100, "RUB", "EUR", recorded, 0, false, false},
		{"a currency that was never quoted", 8000, "AFN", "EUR", recorded, 100, false, true},
	} {
		got, ok := table.Convert(c.minor, c.from, c.to, c.on)
		if ok != c.ok || got != (fx.Converted{Minor: c.want, Provisional: c.provisional}) {
			t.Errorf("%s: found %+v, %v; want %d, provisional: %v, %v", c.name, got, ok, c.want, c.provisional, c.ok)
		}
	}
}

func TestBetween(t *testing.T) {
	days := fx.ECB().Between("ILS", day(t, "2010-12-01"), day(t, "2011-01-05"))
	var got []string
	for _, d := range days {
		got = append(got, d.Day.String()+" "+d.Quotes[0].Decimal())
	}
	want := "2011-01-03 4.7278, 2011-01-04 4.7301, 2011-01-05 4.6814"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("found %s; want %s", s, want)
	}
	if none := fx.ECB().Between("AFN", 0, 30000); none != nil {
		t.Errorf("found %v; want none", none)
	}
}

// Every cell of the bank's file is in the table as published, and nothing else is.
func TestECBIsTheBanksFile(t *testing.T) {
	folder := os.Getenv("TANDEM_REALDATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "realdata")
	}
	file, err := os.Open(filepath.Join(folder, "fx", "eurofxref-hist.csv"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the bank's file is not here (set TANDEM_REALDATA): %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	table, cells := fx.ECB(), 0
	if newest := table.Newest().String(); newest != rows[1][0] {
		t.Errorf("the newest day is %s; want %s", newest, rows[1][0])
	}
	for column, code := range rows[0] {
		if column == 0 || code == "" {
			continue
		}
		published := map[string]string{}
		for _, row := range rows[1:] {
			if row[column] != "N/A" {
				published[row[0]] = row[column]
			}
		}
		cells += len(published)
		rates := table.Between(money.Currency(code), table.Newest()-20000, table.Newest())
		if len(rates) != len(published) {
			t.Errorf("%s has %d rates; want %d", code, len(rates), len(published))
		}
		for _, r := range rates {
			if got, want := r.Quotes[0].Decimal(), published[r.Day.String()]; got != want {
				t.Errorf("%s on %s is %s; want %q", code, r.Day, got, want)
			}
		}
		if _, err := money.ParseCurrency(code); err != nil {
			t.Errorf("the bank quotes a currency that money does not know: %v", err)
		}
	}
	t.Logf("%d days, %d rates", len(rows)-1, cells)
}

func BenchmarkConvert(b *testing.B) {
	table, on := fx.ECB(), day(b, "2022-03-28")
	for b.Loop() {
		table.Convert(330000000, "USD", "ILS", on)
	}
}

func BenchmarkWith(b *testing.B) {
	table := fx.ECB()
	for b.Loop() {
		table.With([]fx.Rates{{Day: table.Newest() + 1, Quotes: []fx.Quote{{Currency: "USD", Mantissa: 11684, Decimals: 4}}}})
	}
}
