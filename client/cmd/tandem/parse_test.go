package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseAmount(t *testing.T) {
	for in, want := range map[string]string{
		"3300000 USD": "3300000 USD", "USD 3,300,000.50": "3300000.50 USD", "at least 2000000 USD": "at least 2000000 USD", "At Least 5 EUR": "at least 5 EUR",
		"up to 3000000 GBP": "up to 3000000 GBP", "about 2,300,000 USD": "about 2300000 USD", "250000..500000 EUR": "250000..500000 EUR", "Unknown": "unknown", "-5 USD": "-5 USD",
	} {
		a, err := parseAmount(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
		} else if got := showAmount(a); got != want {
			t.Errorf("%s: found %s, want %s", in, got, want)
		}
	}
	for _, in := range []string{"", "5", "USD", "five USD", "1,00 USD", "1,2345 USD", "1e6 USD", "1.2.3 USD", "$5", "5 usd", "5 USD EUR", "1..x USD", "NaN USD", "0x10 USD"} {
		if a, err := parseAmount(in); err == nil {
			t.Errorf("%q was read as %v", in, a)
		}
	}
}

// What is written is read back as it was.
func FuzzParseAmount(f *testing.F) {
	f.Add("at least 2,000,000.00 USD")
	f.Add("1..2 EUR")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := parseAmount(s)
		if err != nil {
			return
		}
		again, err := parseAmount(showAmount(a))
		if err != nil {
			t.Fatalf("%q was read as %q, which cannot be read: %v", s, showAmount(a), err)
		}
		if diff := cmp.Diff(showAmount(a), showAmount(again)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Tab goes through the names that begin with what was typed after the last comma.
func TestCompleter(t *testing.T) {
	complete := completer([]string{"EcoPeace", "Eco Fund", "Sida"})
	line, pos, ok := complete("Sida, ec", 8, '\t')
	if !ok || line != "Sida, EcoPeace" || pos != len(line) {
		t.Fatalf("found %q at %d", line, pos)
	}
	if line, _, _ = complete(line, pos, '\t'); line != "Sida, Eco Fund" {
		t.Fatalf("the next was %q", line)
	}
}

func TestHarmless(t *testing.T) {
	for in, want := range map[string]string{"=1+1": "'=1+1", "@x": "'@x", "-5.00": "-5.00", "-x": "'-x", "+972": "+972", "a": "a", "": ""} {
		if got := harmless(in); got != want {
			t.Errorf("%q: found %q, want %q", in, got, want)
		}
	}
}
