package build_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/build"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

// A whole number of minor units is exact and comes back; else the outcome is half a unit off at most, and even where it is half of one off.
func TestMinor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, d := rapid.OneOf(rapid.Int64Range(-1e15, 1e15), rapid.Int64()).Draw(t, "n"), rapid.OneOf(rapid.Int64Range(1, 1000), rapid.Int64Range(1, math.MaxInt64)).Draw(t, "d")
		c := rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD"}).Draw(t, "c")
		value := big.NewRat(n, d)
		minor, exact, err := build.Minor(c, value)
		if err != nil {
			return // too great
		}
		unit := big.NewRat(1, 1)
		for range c.Exponent() {
			unit.Mul(unit, big.NewRat(10, 1))
		}
		off := new(big.Rat).Sub(new(big.Rat).Mul(value, unit), new(big.Rat).SetInt64(minor))
		half := off.Abs(off).Cmp(big.NewRat(1, 2))
		if half > 0 || half == 0 && minor%2 != 0 || exact != (off.Sign() == 0) {
			t.Fatalf("%s %s became %d, exact %t", value, c, minor, exact)
		}
	})
}

// An amount is counted with all its decimals, and none that say nothing.
func TestCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,20}(\.[0-9]{1,8})?`).Draw(t, "text")
		value, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("%q is no number", text)
		}
		b := build.New(exchange.CSV, exchange.Place{}, grant.Public)
		b.Count("amount", "USD", value)
		decimals, _ := value.FloatPrec()
		if got, want := b.Money[0].Value, value.FloatString(decimals); got != want {
			t.Fatalf("%s is counted as %q, want %q", text, got, want)
		}
	})
}

// What is one line already stays as it is, and anything else becomes what it is defined to be.
func TestLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching("[a \t\n\x7f\x00\u00a0é\u202e]{0,8}")).Draw(t, "text")
		if got, want := build.Line(s), strings.Join(strings.Fields(build.Text(s)), " "); got != want {
			t.Fatalf("%q became %q, want %q", s, got, want)
		}
	})
}

// Names are taken once, several terms share the whole, and what the record refuses is told.
func TestBuilder(t *testing.T) {
	b := build.New(exchange.CSV, exchange.Place{File: "x", Line: 2}, grant.Public)
	for range 2 {
		b.Fund(b.Party("donor", exchange.Party{Name: "Sida", State: "SE"}))
	}
	for _, name := range []string{"water", " water ", "health", "education"} {
		b.Theme("", name)
	}
	d := b.Finish()
	var sum grant.Percent
	for _, s := range d.Grant.Themes {
		sum += s.Percent
	}
	if len(d.Parties) != 1 || len(d.Grant.Funders) != 1 || len(d.Grant.Themes) != 3 || sum != grant.Whole {
		t.Errorf("found %v, %v and %v", d.Parties, d.Grant.Funders, d.Grant.Themes)
	}
	if !d.Refused() || len(d.Problems) != 1 || d.Problems[0].Field != "title" {
		t.Errorf("found %v", d.Problems)
	}
}
