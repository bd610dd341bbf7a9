package written

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/allmep/tandem/internal/period"
)

// Order is in which order the figures of a date stand, where it is not said by the date itself: 3/6/2024.
type Order uint8

// The orders. Asked is the zero Order: nobody has said, and such a date is not read.
const (
	Asked Order = iota
	DayFirst
	MonthFirst
)

const acceptedDates = "accepted are dates such as 2016, 2015-09, 2023-02-01, Sept 2015, 1 February 2023 or 13/6/2024"

// months are the names of months, and their beginnings of three letters or more, by language.
var months = monthNames(
	"january february march april may june july august september october november december",
	"janvier fevrier mars avril mai juin juillet aout septembre octobre novembre décembre",
	"januar februar märz april mai juni juli august september oktober november dezember",
	"ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר",
	"يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
)

// unaccented takes off the accents of months, which many leave out.
var unaccented = strings.NewReplacer("é", "e", "û", "u", "ä", "a")

func monthNames(languages ...string) map[string]int {
	names := map[string]int{}
	for _, l := range languages {
		for i, name := range strings.Fields(unaccented.Replace(l)) {
			letters := []rune(name)
			for n := 3; n <= len(letters); n++ {
				if at, taken := names[string(letters[:n])]; taken && at != i+1 {
					names[string(letters[:n])] = 0 // jui is June or July
				} else if !taken {
					names[string(letters[:n])] = i + 1
				}
			}
		}
	}
	return names
}

// The ways to write a date, in figures and with the month's name. A year has four digits.
var (
	aboutDate  = regexp.MustCompile(`^(?:about|around|approximately|approx\.?|circa|ca\.?|c\.|~|environ|vers|etwa|um) ?(\d.*|\pL.*\d{4})$`)
	isoDate    = regexp.MustCompile(`^(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?:[t ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:z|[-+]\d{2}:?\d{2})?)?$`)
	compact    = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})$`)
	monthYear  = regexp.MustCompile(`^(\d{1,2})[-/.](\d{4})$`)
	threeParts = regexp.MustCompile(`^(\d{1,2})([-/.]) ?(\d{1,2})[-/.] ?(\d{4})(?: \d{2}:\d{2}(?::\d{2})?)?$`)
	named      = regexp.MustCompile(`^(?:(\d{1,2})(?:st|nd|rd|th|er|\.)? ?[-/]?(?:of|de|ב|ל)? ?)?(\pL+)\.?,? ?[-/]? ?(?:(\d{1,2})(?:st|nd|rd|th|,)*,? )?(\d{4})$`)
)

// Date reads a date. Its error says what is accepted, or is an Ambiguous.
func Date(s string, order Order) (period.Date, error) {
	if len(s) > longest {
		return period.Date{}, fmt.Errorf("found %.20q… of %d bytes; %s", s, len(s), acceptedDates)
	}
	if d, err := period.ParseDate(s); err == nil { // the commonest way, which isoDate has, too
		return d, nil
	}
	p := unaccented.Replace(plain(s))
	if m := aboutDate.FindStringSubmatch(p); m != nil {
		p = m[1]
	}
	bad := fmt.Errorf("found %q; %s", s, acceptedDates)
	switch {
	case isoDate.MatchString(p):
		m := isoDate.FindStringSubmatch(p)
		return date(bad, m[1], m[2], m[3])
	case compact.MatchString(p):
		m := compact.FindStringSubmatch(p)
		return date(bad, m[1], m[2], m[3])
	case monthYear.MatchString(p):
		m := monthYear.FindStringSubmatch(p)
		return date(bad, m[2], m[1], "")
	case threeParts.MatchString(p):
		m := threeParts.FindStringSubmatch(p)
		return figures(s, bad, m[1], m[3], m[4], m[2] == ".", order)
	case named.MatchString(p):
		m := named.FindStringSubmatch(p)
		month := months[m[2]]
		if month == 0 && m[2] == "sept" {
			month = 9
		}
		if month == 0 || m[1] != "" && m[3] != "" {
			return period.Date{}, bad
		}
		return date(bad, m[4], strconv.Itoa(month), m[1]+m[3])
	}
	return period.Date{}, bad
}

// figures reads 3/6/2024. With points between them the day is first.
func figures(s string, bad error, first, second, year string, points bool, order Order) (period.Date, error) {
	byDay, errDay := date(bad, year, second, first)
	byMonth, errMonth := date(bad, year, first, second)
	switch {
	case points || order == DayFirst:
		return byDay, errDay
	case order == MonthFirst:
		return byMonth, errMonth
	case errMonth != nil || byDay == byMonth:
		return byDay, errDay
	case errDay != nil:
		return byMonth, nil
	}
	return period.Date{}, &Ambiguous{Found: s, Readings: [2]string{byDay.String(), byMonth.String()}, Ask: "say whether the day or the month is first in this column"}
}

// date puts a date together; month and day may be "".
func date(bad error, year, month, day string) (period.Date, error) {
	text := year
	for _, part := range []string{month, day} {
		if part != "" {
			text += "-" + strings.Repeat("0", 2-len(part)) + part
		}
	}
	d, err := period.ParseDate(text)
	if err != nil {
		return period.Date{}, bad
	}
	return d, nil
}

// OrderOf tells which order a date proves by itself: 13/6/2024 has its day first. Asked is that it proves nothing.
func OrderOf(s string) Order {
	m := threeParts.FindStringSubmatch(plain(s))
	if m == nil || m[2] == "." {
		return Asked
	}
	first, _ := strconv.Atoi(m[1]) // two digits
	second, _ := strconv.Atoi(m[3])
	switch {
	case first > 12 && second <= 12:
		return DayFirst
	case second > 12 && first <= 12:
		return MonthFirst
	}
	return Asked
}

// Serial reads a date that a workbook holds as a number: a year, or the days since the last of 1899 (or, from1904, since the first of 1904).
func Serial(s string, from1904 bool) (period.Date, error) {
	whole, _, _ := strings.Cut(s, ".") // what is after it is the time of day
	n, err := strconv.Atoi(whole)
	switch {
	case err != nil:
	case n >= 1900 && n <= 2199 && whole == s:
		return period.ParseDate(s)
	case n >= 20_000 && n <= 80_000:
		day := period.Of(1899, 12, 30) + period.Day(n)
		if from1904 {
			day += 1462
		}
		return period.Date{First: day, Precision: period.ToDay}, nil
	}
	return period.Date{}, fmt.Errorf("found the number %s; accepted are a year, and a cell that is a date", s)
}
