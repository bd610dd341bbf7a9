package money_test

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/money"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		currency money.Currency
		text     string
		minor    int64
		decimal  string
	}{
		{"USD", "3300000.00", 330000000, "3300000.00"},
		{"USD", "3300000", 330000000, "3300000.00"},
		{"USD", "0.5", 50, "0.50"},
		{"USD", "-16867", -1686700, "-16867.00"},
		{"USD", "-0.05", -5, "-0.05"},
		{"USD", "-0", 0, "0.00"},
		{"USD", "007.10", 710, "7.10"},
		{"JPY", "100", 100, "100"},
		{"KWD", "1.234", 1234, "1.234"},
		{"USD", "1000000000000.00", money.MaxMinor, "1000000000000.00"},
		{"JPY", "-100000000000000", -money.MaxMinor, "-100000000000000"},
	} {
		got, err := money.Parse(c.currency, c.text)
		if want := (money.Money{Currency: c.currency, Minor: c.minor}); err != nil || got != want || got.Decimal() != c.decimal {
			t.Errorf("Parse(%s, %q) = %v, written %s, %v; want %v, written %s", c.currency, c.text, got, got.Decimal(), err, want, c.decimal)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		currency money.Currency
		text     string
	}{
		{"USD", ""}, {"USD", "-"}, {"USD", "."}, {"USD", ".5"}, {"USD", "5."}, {"USD", "+5"}, {"USD", "--5"}, {"USD", "5-"}, {"USD", "1,000"}, {"USD", "1 000"}, {"USD", "1_000"},
		{"USD", "1e6"}, {"USD", "0x10"}, {"USD", "1.2.3"}, {"USD", "NaN"}, {"USD", "Inf"}, {"USD", " 1"}, {"USD", "1\n"}, {"USD", "１"}, {"USD", "٣"}, {"USD", "$5"}, {"USD", "1.-5"},
		{"USD", "1.005"}, {"USD", "1.000"}, {"JPY", "1.0"}, {"KWD", "1.2345"},
		{"USD", "1000000000000.01"}, {"USD", "-1000000000000.01"}, {"USD", "99999999999999999999999999"},
	} {
		if got, err := money.Parse(c.currency, c.text); err == nil {
			t.Errorf("Parse(%s, %q) = %v; want an error", c.currency, c.text, got)
		}
	}
}

func TestDecimalComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(money.Currencies()).Draw(t, "currency")
		want := money.Money{Currency: c, Minor: rapid.Int64Range(-money.MaxMinor, money.MaxMinor).Draw(t, "minor")}
		if got, err := money.Parse(c, want.Decimal()); err != nil || got != want {
			t.Fatalf("%s is read as %v, %v; want %v", want.Decimal(), got, err, want)
		}
	})
}

func TestCurrencies(t *testing.T) {
	for code, exponent := range map[money.Currency]int{"USD": 2, "EUR": 2, "ILS": 2, "JPY": 0, "KWD": 3, "JOD": 3, "ISK": 0, "CLF": 4, "HRK": 2, "BGN": 2, "RUB": 2, "BYR": 0} {
		if c, err := money.ParseCurrency(string(code)); err != nil || c.Exponent() != exponent {
			t.Errorf("%s has %d decimals, %v; want %d", code, c.Exponent(), err, exponent)
		}
	}
	for _, s := range []string{"", "usd", "US", "USDX", "XXX", "XTS", "US ", "€"} {
		if c, err := money.ParseCurrency(s); err == nil || c != "" {
			t.Errorf("ParseCurrency(%q) = %q, %v; want an error", s, c, err)
		}
	}
	list := money.Currencies()
	for i, c := range list {
		if c.Name() == "" || len(c) != 3 || string(c) != strings.ToUpper(string(c)) || i > 0 && list[i-1] >= c {
			t.Errorf("currency %d is %q, named %q", i, c, c.Name())
		}
	}
}

func TestSumAgreesWithBigIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		extreme := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64, -1, 0, 1}))
		parts := [2][]int64{rapid.SliceOf(extreme).Draw(t, "a"), rapid.SliceOf(extreme).Draw(t, "b")}
		var sums [2]money.Sum
		bigs := [2]*big.Int{new(big.Int), new(big.Int)}
		for i, list := range parts {
			for _, v := range list {
				sums[i].Add(v)
				bigs[i].Add(bigs[i], big.NewInt(v))
			}
		}
		if got, want := sums[0].Cmp(sums[1]), bigs[0].Cmp(bigs[1]); got != want {
			t.Fatalf("%s against %s is %d; want %d", bigs[0], bigs[1], got, want)
		}
		all, want := sums[0], new(big.Int).Add(bigs[0], bigs[1])
		all.AddSum(sums[1])
		if v, ok := all.Int64(); ok != want.IsInt64() || ok && v != want.Int64() {
			t.Fatalf("%s fits into 64 bits as %d, %v", want, v, ok)
		}
		if s := all.Decimal("JPY"); s != want.String() {
			t.Fatalf("%s is written %s", want, s)
		}
		text, err := json.Marshal(all)
		if err != nil || string(text) != `"`+want.String()+`"` {
			t.Fatalf("%s is marshalled as %s, %v", want, text, err)
		}
		var back money.Sum
		if err := json.Unmarshal(text, &back); err != nil || back != all {
			t.Fatalf("%s comes back as %s, %v", text, back.Decimal("JPY"), err)
		}
	})
	var s money.Sum
	for _, text := range []string{"", "1.5", "x", strings.Repeat("9", 50)} {
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %s; want an error", text, s.Decimal("JPY"))
		}
	}
	for range 3 {
		s.Add(math.MinInt64)
	}
	if got, want := s.Decimal("USD"), "-276701161105643274.24"; got != want {
		t.Errorf("found %s; want %s", got, want)
	}
}

func TestBounds(t *testing.T) {
	for _, c := range []struct {
		amount money.Amount
		want   money.Bounds
	}{
		{money.Amount{Qualifier: money.Exact, Minor: 5}, money.Bounds{Lower: 5, Central: 5, Upper: 5}},
		{money.Amount{Qualifier: money.Rounded, Minor: -5}, money.Bounds{Lower: -5, Central: -5, Upper: -5}},
		{money.Amount{Qualifier: money.AtLeast, Minor: 5}, money.Bounds{Lower: 5, Central: 5, Upper: 5, Open: true}},
		{money.Amount{Qualifier: money.UpTo, Minor: 5}, money.Bounds{Lower: 0, Central: 5, Upper: 5}},
		{money.Amount{Qualifier: money.Range, Low: 1, High: 4}, money.Bounds{Lower: 1, Central: 2, Upper: 4}},    // 2.5 goes to the even 2
		{money.Amount{Qualifier: money.Range, Low: 3, High: 4}, money.Bounds{Lower: 3, Central: 4, Upper: 4}},    // 3.5 goes to the even 4
		{money.Amount{Qualifier: money.Range, Low: -4, High: 1}, money.Bounds{Lower: -4, Central: -2, Upper: 1}}, // −1.5 goes to the even −2
		{money.Amount{Qualifier: money.Unknown}, money.Bounds{}},
	} {
		if got := c.amount.Bounds(); got != c.want {
			t.Errorf("%s: found %+v; want %+v", c.amount.Qualifier, got, c.want)
		}
	}
	if got, want := (money.Bounds{Lower: 1, Central: 2, Upper: 4, Open: true}).Neg(), (money.Bounds{Lower: -4, Central: -2, Upper: -1}); got != want {
		t.Errorf("Neg found %+v; want %+v", got, want)
	}
}

func TestAmountValidate(t *testing.T) {
	for name, c := range map[string]struct {
		amount money.Amount
		fields []string
	}{
		"exact":                  {money.Amount{Currency: "USD", Minor: -5}, nil},
		"unknown":                {money.Amount{Qualifier: money.Unknown}, nil},
		"unknown, of a currency": {money.Amount{Qualifier: money.Unknown, Currency: "USD"}, nil},
		"range":                  {money.Amount{Currency: "USD", Qualifier: money.Range, Low: 1, High: 1}, nil},
		"up to nothing":          {money.Amount{Currency: "USD", Qualifier: money.UpTo}, nil},
		"no currency":            {money.Amount{Minor: 5}, []string{"money.currencyCode"}},
		"unknown, of no such":    {money.Amount{Qualifier: money.Unknown, Currency: "XXX"}, []string{"money.currencyCode"}},
		"unknown with a figure":  {money.Amount{Qualifier: money.Unknown, Minor: 1}, []string{"money"}},
		"range with money":       {money.Amount{Currency: "USD", Qualifier: money.Range, Minor: 1, High: 1}, []string{"money"}},
		"exact with a range":     {money.Amount{Currency: "USD", High: 1}, []string{"low"}},
		"range upside down":      {money.Amount{Currency: "USD", Qualifier: money.Range, Low: 2, High: 1}, []string{"high"}},
		"at least less":          {money.Amount{Currency: "USD", Qualifier: money.AtLeast, Minor: -1}, []string{"money"}},
		"up to less":             {money.Amount{Currency: "USD", Qualifier: money.UpTo, Minor: -1}, []string{"money"}},
		"too much":               {money.Amount{Currency: "USD", Minor: money.MaxMinor + 1}, []string{"money"}},
		"far too little":         {money.Amount{Currency: "USD", Qualifier: money.Range, Low: math.MinInt64, High: math.MaxInt64}, []string{"low", "high"}},
		"no such qualifier":      {money.Amount{Currency: "USD", Qualifier: 99}, []string{"qualifier"}},
	} {
		t.Run(name, func(t *testing.T) {
			var fields []string
			if err := c.amount.Validate(); err != nil {
				if fault.KindOf(err) != fault.Invalid {
					t.Fatalf("%v is not Invalid", err)
				}
				for _, v := range err.(*fault.Error).Violations {
					fields = append(fields, v.Field)
				}
			}
			if diff := cmp.Diff(c.fields, fields); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestQualifierTextComesBack(t *testing.T) {
	for q := money.Exact; q <= money.Unknown; q++ {
		text, err := q.MarshalText()
		back := money.Qualifier(99)
		if err != nil || len(text) == 0 || back.UnmarshalText(text) != nil || back != q {
			t.Errorf("%d is written %s and read as %d, %v", q, text, back, err)
		}
	}
	var q money.Qualifier
	if err := q.UnmarshalText([]byte("exact")); err == nil || !strings.Contains(err.Error(), "AT_LEAST") {
		t.Errorf("found %v; want an error that lists what is accepted", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"3300000.00", "-16867", "0.5", "1e6", "", "1,000", "-0", "99999999999999999999"} {
		f.Add("USD", s)
		f.Add("JPY", s)
		f.Add("KWD", s)
	}
	f.Fuzz(func(t *testing.T, code, s string) {
		c, err := money.ParseCurrency(code)
		if err != nil {
			return
		}
		m, err := money.Parse(c, s)
		if err != nil {
			if m != (money.Money{}) {
				t.Fatalf("%q is refused and read as %v", s, m)
			}
			return
		}
		// big.Rat is the oracle. It accepts more than Parse does.
		want, ok := new(big.Rat).SetString(s)
		scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.Exponent())), nil))
		if !ok || want.Mul(want, scale).Cmp(new(big.Rat).SetInt64(m.Minor)) != 0 {
			t.Fatalf("%q is read as %d minor units of %s", s, m.Minor, c)
		}
		if again, err := money.Parse(c, m.Decimal()); err != nil || again != m {
			t.Fatalf("%q is written %s, which is read as %v, %v", s, m.Decimal(), again, err)
		}
	})
}
