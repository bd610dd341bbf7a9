package analysis

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// reason says in a sentence why two parts overlap. The side for whom more is at stake, whose whole is the smaller, comes first.
func (h *holdings) reason(o *Overlap, currency money.Currency) string {
	sides := []int{0, 1}
	if o.Totals[1] < o.Totals[0] {
		sides = []int{1, 0}
	}
	var donors, cells []string
	for _, i := range sides {
		donor := donorsInText(o.ID.States[i])
		if o.ID.Scope == grant.CellScope {
			donor += " (to " + h.recipientInText(o.ID.Recipients[i]) + ")"
		}
		donors = append(donors, donor)
	}
	for _, c := range o.Cells {
		cells = append(cells, h.snapshot.cellInText(c.Theme, c.Location, c.Population))
	}
	const shown = 3
	if more := len(cells) - shown; more > 0 {
		cells = append(cells[:shown], fmt.Sprintf("%d more", more))
	}
	what := andList(cells)
	if o.ID.Scope == grant.MemberScope {
		what = h.recipientInText(o.ID.Recipients[0]) + " for " + what
	}
	return capital(fmt.Sprintf("%s both fund %s from %s to %s; %s of their money meets.", andList(donors), what, dayInText(o.Window.First), dayInText(o.Window.Last), moneyInText(currency, o.Amount)))
}

func (h *holdings) recipientInText(id string) string {
	if id == grant.Unspecified {
		return "an unspecified recipient"
	}
	return h.snapshot.reg.Label(grant.Key{Kind: grant.Organisations, ID: id})
}

// withArticle are the donor states whose names take an article in a sentence.
var withArticle = []string{"AE", "BS", "CD", "CF", "DO", "EU", "GB", "GM", "KM", "MV", "NL", "PH", "UN", "US", "VA"}

// donorsInText names the donor states of a key in a sentence.
func donorsInText(key string) string {
	states := strings.Split(key, joint)
	names := make([]string, len(states))
	for i, s := range states {
		switch {
		case s == grant.Unspecified:
			names[i] = "an unspecified donor"
		case slices.Contains(withArticle, s):
			names[i] = "the " + grant.StateName(s)
		default:
			names[i] = grant.StateName(s)
		}
	}
	if len(names) > 1 {
		return andList(names) + " (undivided)"
	}
	return names[0]
}

// cellInText names a cell in a sentence. Places and populations that are empty or unspecified are not spoken of.
func (s *Snapshot) cellInText(theme, location, population string) string {
	text := "unspecified purposes"
	switch theme {
	case grant.Unspecified:
	case "":
		text = "anything"
	default:
		text = inSentence(s.reg.Label(grant.Key{Kind: grant.Themes, ID: theme}))
	}
	if location != grant.Unspecified && location != "" {
		text += " in " + s.reg.Label(grant.Key{Kind: grant.Locations, ID: location})
	}
	if population != grant.Unspecified && population != "" {
		text += " for " + inSentence(s.reg.Label(grant.Key{Kind: grant.Populations, ID: population}))
	}
	return text
}

// inSentence gives a label a small letter at its beginning, unless it has other capitals, as names and abbreviations do.
func inSentence(label string) string {
	for i, r := range label {
		if i > 0 && unicode.IsUpper(r) {
			return label
		}
	}
	return strings.ToLower(label)
}

func capital(sentence string) string {
	for i, r := range sentence {
		return string(unicode.ToUpper(r)) + sentence[i+len(string(r)):]
	}
	return sentence
}

// andList joins words: a, b and c.
func andList(words []string) string {
	if last := len(words) - 1; last > 0 {
		return strings.Join(words[:last], ", ") + " and " + words[last]
	}
	return strings.Join(words, "")
}

var months = [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// dayInText writes a day as 1 Feb 2023.
func dayInText(d period.Day) string {
	year, month, day := d.Civil()
	return fmt.Sprintf("%d %s %d", day, months[month-1], year)
}

// moneyInText writes an amount with separators and its currency: 1,980,000.00 USD.
func moneyInText(c money.Currency, minor int64) string {
	return separated(money.FormatMinor(c, minor)) + " " + string(c)
}

// separated puts commas between the thousands of a decimal number.
func separated(decimal string) string {
	digits, negative := strings.CutPrefix(decimal, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	var b strings.Builder
	if negative {
		b.WriteByte('-')
	}
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	if point {
		b.WriteString("." + fraction)
	}
	return b.String()
}
