package search

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"Élan vital: São Tomé":       "elan vital sao tome",
		"Women's entrepreneurs’ Hub": "womens entrepreneurs hub",
		"Côte d'Ivoire, L’eau":       "cote d ivoire l eau",
		"U.S. Embassy, St. Gallen":   "us embassy st gallen",
		"Palestinian-Israeli":        "palestinian israeli",
		"Straße STRASSE":             "strasse strasse",
		"İstanbul ısı":               "istanbul isi",
		"Ærø Łódź":                   "aero lodz",
		"Peace & Innovation":         "peace and innovation",
		"US-GOV-22-9000115492":       "us gov 22 9000115492",
		"ﬁnance Ｆｕｌｌ １２":             "finance full 12",
		"שָׁלוֹם עַכְשָׁיו":          "שלומ עכשיו",
		"צה״ל צה\"ל ג'נין":           "צהל צהל גנינ",
		"חינוך־מים":                  "חינוכ מימ",
		"السَّلامُ":                  "السلام",
		"إسرائيل أمل آمال ٱلماء":     "اسراييل امل امال الماء",
		"مدرسة مستشفى ســلام":        "مدرسه مستشفي سلام",
		"٢٠٢٣ ۲۰۲۳":                  "2023 2023",
		"EcoPeace אקופיס إيكوبيس":    "ecopeace אקופיס ايكوبيس",
		"3.3 million":                "3 3 million",
		"…!?":                        "",
		"":                           "",
	} {
		if got := strings.Join(Words(text), " "); got != want {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
}

// The words of words are the same words, case makes no difference, and no word has anything in it but letters and digits.
func checkWords(t rapid.TB, text string) {
	words := Words(text)
	if again := Words(strings.Join(words, " ")); !slices.Equal(again, words) {
		t.Fatalf("%q: %q became %q", text, words, again)
	}
	for _, w := range words {
		if w == "" || strings.IndexFunc(w, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.N, unicode.Mc) }) >= 0 {
			t.Fatalf("%q: found the word %q", text, w)
		}
	}
}

func TestWordsOfWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkWords(t, rapid.String().Draw(t, "text")) })
}

func TestCaseAndAccentsDoNotCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom(nil, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Hebrew, unicode.Arabic)).Draw(t, "text")
		marked := ""
		for _, r := range text {
			marked += string(r)
			if !unicode.Is(unicode.Mn, r) && unicode.IsLetter(r) && rapid.Bool().Draw(t, "mark") {
				marked += "\u0301"
			}
		}
		if a, b := Words(text), Words(marked); !slices.Equal(a, b) {
			t.Fatalf("%q: %q, with accents %q", text, a, b)
		}
	})
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"Élan U.S.", "צה״ל", "السَّلامُ", "ᾳ ß ŉ ǰ", "\u0345", "½ ㎏ ﷺ", "\xff\xfe", "\xf0½", "ʼn Ω K Å"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkWords(t, s) })
}

func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{"", "a", "US-GOV-22-9000115492", "\u0301", "מים water ماء", "\xff"} {
		f.Add(s)
	}
	x := world(new(steady), 20).index()
	f.Fuzz(func(t *testing.T, s string) {
		q, err := ParseQuery("search", s)
		if (err == nil) != (len(Words(s)) > 0) {
			t.Fatalf("%q: %v", s, err)
		}
		if err != nil {
			return
		}
		for _, h := range append(x.Grants(q), x.Organisations(q)...) {
			if h.ID == "" || h.Rank < 0 {
				t.Fatalf("%q: found %+v", s, h)
			}
		}
		x.SimilarText(q, everything, 10)
	})
}
