package grant

import "github.com/allmep/tandem/internal/fault"

// Validate implements Entity.
func (g *Grant) Validate() error {
	var v fault.List
	checkID(&v, "name", g.ID)
	checkName(&v, "title", g.Title, 500)
	checkText(&v, "description", g.Description, maxText)
	checkText(&v, "note", g.Note, maxText)
	if g.Status.String() == "" {
		v.Add("status", "is missing")
	}
	if g.Visibility.String() == "" {
		v.Add("visibility", "is missing")
	}
	if g.Shadow && g.Visibility != Restricted {
		v.Add("shadow", "is for RESTRICTED grants only; found the visibility %s", g.Visibility)
	}
	if len(g.Funders) == 0 {
		v.Add("funders", "is empty; a grant has at least one funder")
	}
	for _, list := range []struct {
		field string
		n     int
	}{
		{"funders", len(g.Funders)}, {"recipients", len(g.Recipients)}, {"partners", len(g.Partners)}, {"themes", len(g.Themes)}, {"locations", len(g.Locations)}, {"populations", len(g.Populations)},
	} {
		if list.n > maxList {
			v.Add(list.field, "found %d; accepted are at most %d", list.n, maxList)
		}
	}
	checkParticipations(&v, "funders", g.Funders)
	checkParticipations(&v, "recipients", g.Recipients)
	checkPartners(&v, g.Partners)
	checkSplits(&v, "themes", g.Themes)
	checkSplits(&v, "locations", g.Locations)
	checkSplits(&v, "populations", g.Populations)
	g.checkParts(&v)
	g.checkDates(&v)
	checkNames(&v, "identifiers", g.Identifiers, maxName)
	for i, s := range g.Sources {
		var of fault.List
		checkName(&of, "uri", s.URI, maxLine)
		checkText(&of, "title", s.Title, maxLine)
		mergeAt(&v, "sources", i, &of)
	}
	g.checkBudgets(&v)
	g.checkTransactions(&v)
	g.checkLinks(&v)
	g.checkReports(&v)
	if len(g.Aliases) > maxAliases {
		v.Add("aliases", "%d grants were merged into one; accepted are at most %d", len(g.Aliases), maxAliases)
	}
	return v.Err()
}

// maxList is how many funders, recipients, partners, themes, locations or populations a grant may have. One that is published has 109 locations.
const maxList = 200

// maxParts is how many parts a grant may be cut into: each analysis reckons every one of them, and keeps it. One that is published has 560; a list of 200 by two others would be
// 8,000,000, and take gigabytes.
const maxParts = 10_000

// checkParts checks how many parts the lists of a grant cut it into. Funders without shares give one, undivided.
func (g *Grant) checkParts(v *fault.List) {
	funders := len(g.Funders)
	if funders > 0 && g.Funders[0].Share == nil {
		funders = 1
	}
	parts, longest, most := 1, "", 0
	for _, list := range []struct {
		field string
		n     int
	}{{"funders", funders}, {"recipients", len(g.Recipients)}, {"themes", len(g.Themes)}, {"locations", len(g.Locations)}, {"populations", len(g.Populations)}} {
		if list.n > maxList {
			return // which is told
		}
		if parts *= max(list.n, 1); list.n > most {
			longest, most = list.field, list.n
		}
	}
	if parts > maxParts {
		v.Add(longest, "found %d, which with the other lists cut the grant into %d parts, one for each funder with a share, recipient, theme, location and population; accepted are at most %d parts: name fewer, or "+
			"what is broader, or record several grants", most, parts, maxParts)
	}
}

// checkParticipations checks that each organisation stands in the list once, and that the shares are all there and sum to 100, or are all left out.
func checkParticipations(v *fault.List, field string, ps []Participation) {
	var seen seen[string]
	var sum Percent
	said := 0
	for i, p := range ps {
		var of fault.List
		if p.Organisation == "" {
			of.Add("organisation", "is missing")
		}
		if first := seen.add(p.Organisation); first >= 0 {
			of.Add("organisation", "%q stands in the list already, at %s", p.Organisation, index(field, first))
		}
		if p.Share != nil {
			said++
			sum += checkPercent(&of, "sharePercent", *p.Share)
		}
		mergeAt(v, field, i, &of)
	}
	switch {
	case said == 0:
	case said < len(ps):
		for i, p := range ps {
			if p.Share == nil {
				v.Add(index(field, i)+".sharePercent", "is missing while others are given; accepted are shares for all or for none")
			}
		}
	case sum != Whole:
		v.Add(field, "the shares sum to %s; accepted is 100", sum)
	}
}

func checkPercent(v *fault.List, field string, p Percent) Percent {
	if p < 0 || p > Whole {
		v.Add(field, "found %s; accepted are 0 to 100", p)
		return 0
	}
	return p
}

func checkPartners(v *fault.List, ps []Partner) {
	var seen seen[Partner]
	for i, p := range ps {
		var of fault.List
		if p.Organisation == "" {
			of.Add("organisation", "is missing")
		}
		if p.Role.String() == "" {
			of.Add("role", "is missing; accepted are ACCOUNTABLE, EXTENDING and IMPLEMENTING")
		}
		if seen.add(p) >= 0 {
			of.Add("", "%q is %s twice", p.Organisation, p.Role)
		}
		mergeAt(v, "partners", i, &of)
	}
}

func checkSplits(v *fault.List, field string, splits []Split) {
	var seen seen[string]
	var sum Percent
	for i, s := range splits {
		var of fault.List
		if s.ID == "" {
			of.Add("name", "is missing")
		}
		if seen.add(s.ID) >= 0 {
			of.Add("name", "%q stands in the list twice", s.ID)
		}
		sum += checkPercent(&of, "percent", s.Percent)
		mergeAt(v, field, i, &of)
	}
	if len(splits) > 0 && sum != Whole {
		v.Add(field, "the percentages sum to %s; accepted is 100", sum)
	}
}

// MaxDays is the longest that a grant may run: 100 years.
const MaxDays = 36525

func (g *Grant) checkDates(v *fault.List) {
	if !g.Start.IsZero() && !g.End.IsZero() && g.End.Last() < g.Start.First {
		v.Add("end", "%s is before the start, %s", g.End, g.Start)
	}
	if g.DurationMonths < 0 || g.DurationMonths > 1200 {
		v.Add("durationMonths", "found %d; accepted are 0 to 1200", g.DurationMonths)
		return
	}
	if span, ok := g.Span(); ok && span.Days() > MaxDays {
		v.Add("end", "the grant runs for %d days; accepted are at most %d", span.Days(), MaxDays)
	}
}

func (g *Grant) checkBudgets(v *fault.List) {
	total := int64(0)
	for i, b := range g.Budgets {
		var of fault.List
		checkPeriod(&of, b.Start, b.End)
		if b.Currency == "" {
			of.Add("money", "is missing")
		} else if b.Currency != g.Budgets[0].Currency {
			of.Add("money.currencyCode", "found %s where the first budget has %s; accepted is one currency for all budgets of a grant", b.Currency, g.Budgets[0].Currency)
		}
		if b.Minor < 0 {
			of.Add("money.amount", "is negative; a budget is at least 0")
		}
		total += max(b.Minor, 0)
		mergeAt(v, "budgets", i, &of)
	}
	if len(g.Budgets) > 0 && total == 0 {
		v.Add("budgets", "are all 0; leave them out to spread the grant evenly over its days")
	}
}

// maxTransactions keeps the sum of a grant's amounts within 64 bits (see money.MaxMinor).
const maxTransactions = 1000

func (g *Grant) checkTransactions(v *fault.List) {
	if len(g.Transactions) > maxTransactions {
		v.Add("transactions", "found %d; accepted are at most %d", len(g.Transactions), maxTransactions)
	}
	var seen seen[string]
	for i := range g.Transactions {
		t := &g.Transactions[i]
		var of fault.List
		t.check(&of)
		if seen.add(t.ID) >= 0 {
			of.Add("name", "%q stands in the list twice", t.ID)
		}
		mergeAt(v, "transactions", i, &of)
	}
}
