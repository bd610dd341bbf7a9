package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/allmep/tandem/internal/fault"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type gapsCommand struct {
	Kind        []string `help:"unfunded-member, unmet-target, cliff, dependency, stale-pledge, late-disbursement; all when left out." placeholder:"KIND"`
	AsOf        string   `name:"as-of" help:"The day from which it is looked back and ahead; today when left out." placeholder:"DAY"`
	Cliff       *float64 `help:"By how many per cent an allocation falls at least to be a cliff (40)." placeholder:"PERCENT"`
	Dependency  *float64 `help:"How many per cent the largest donor state gives at least for a dependency (60)." placeholder:"PERCENT"`
	StaleMonths *int32   `help:"After how many months a pledge is stale (12)." placeholder:"MONTHS"`
	Late        *float64 `help:"By more than how many points disbursements lag behind the time (25)." placeholder:"POINTS"`
	MinAmount   string   `help:"Only gaps of at least so much, in the currency of the answer." placeholder:"AMOUNT"`
	Top         int      `help:"How many to show." default:"100"`
	lookFlags   `embed:""`
	filterFlags `embed:""`
	asOf        `embed:""`
}

// Run lists the first gaps.
func (c *gapsCommand) Run(s *session) error {
	q := &tandemv1.QueryGapsRequest{
		AsOf: c.AsOf, Currency: c.Currency, From: c.From, To: c.To, RateDate: c.RateDate, Depth: c.Depth, CliffPercent: c.Cliff, DependencyPercent: c.Dependency, StaleMonths: c.StaleMonths,
		LatePoints: c.Late, MinAmount: c.MinAmount, Revision: c.Revision,
		DonorState: c.DonorState, Donor: fullAll("organisations", c.Donor), Programme: fullAll("programmes", c.InProgram), Member: fullAll("organisations", c.Member),
		Theme: fullAll("themes", c.Theme), Location: fullAll("locations", c.Location), Population: fullAll("populations", c.Population),
	}
	for _, k := range c.Kind {
		kind, err := word[tandemv1.Gap_Kind]("kind", k, tandemv1.Gap_Kind_value)
		if err != nil {
			return err
		}
		q.Kind = append(q.Kind, kind)
	}
	var err error
	if q.Status, q.Visibility, err = c.words(); err != nil {
		return err
	}
	if q.ReadTime, err = c.readTime(); err != nil {
		return err
	}
	var answer *tandemv1.QueryGapsResponse
	err = pages(c.Top, func(size int32, token string) (int, string, error) {
		q.PageSize, q.PageToken = size, token
		page, err := s.Gaps.QueryGaps(s, q)
		if err != nil {
			return 0, "", err
		}
		if answer == nil {
			answer = page
		} else {
			answer.Gaps, answer.NextPageToken = append(answer.Gaps, page.Gaps...), page.NextPageToken
		}
		return len(page.Gaps), page.NextPageToken, nil
	})
	if err != nil {
		return err
	}
	return s.write(answer, gapTable(answer))
}

func gapTable(a *tandemv1.QueryGapsResponse) *table {
	t := &table{head: []string{"KIND", a.CurrencyCode, "SHARE", "GRANTS", "REASON"}, right: map[int]bool{1: true, 2: true, 3: true}}
	for _, g := range a.Gaps {
		share := ""
		if g.Share != nil {
			share = strconv.FormatFloat(g.GetShare(), 'f', 3, 64)
		}
		t.add(g.Kind.String(), g.Amount, share, fmt.Sprint(g.GrantCount), g.Reason)
	}
	note := func(format string, args ...any) { t.notes = append(t.notes, fmt.Sprintf(format, args...)) }
	note("%d of %s as of %s.", len(a.Gaps), fault.Number(a.TotalSize, "gap"), a.AsOf)
	if a.UnknownAmountCount > 0 {
		note("The amount of %s is unknown: gaps may be smaller than shown.", fault.Number(a.UnknownAmountCount, "grant"))
	}
	if a.UnconvertedCount > 0 {
		note("The amount of %s could not be converted for want of a rate.", fault.Number(a.UnconvertedCount, "grant"))
	}
	if a.UndatedCount > 0 {
		note("%s cannot be placed in time.", fault.Number(a.UndatedCount, "grant"))
	}
	if a.Provisional {
		note("Provisional: some dates lie after the newest exchange rate.")
	}
	for _, d := range a.Defects {
		note("Defect of the data: %s.", d)
	}
	return t
}

type concentrationCommand struct {
	By          string `help:"member or theme: over donor states; donor-state: over recipients." default:"member"`
	Currency    string `help:"Currency of the answer." default:"USD"`
	From        string `help:"First day of the window." placeholder:"DATE"`
	To          string `help:"Last day of the window." placeholder:"DATE"`
	RateDate    string `help:"Convert everything at the rates of this day." placeholder:"DAY"`
	filterFlags `embed:""`
	asOf        `embed:""`
}

// Run shows how money is distributed, all pages of it.
func (c *concentrationCommand) Run(s *session) error {
	q := &tandemv1.QueryConcentrationRequest{
		By: strings.ReplaceAll(c.By, "-", "_"), Currency: c.Currency, From: c.From, To: c.To, RateDate: c.RateDate, PageSize: 10000, Revision: c.Revision,
		DonorState: c.DonorState, Donor: fullAll("organisations", c.Donor), Programme: fullAll("programmes", c.InProgram), Member: fullAll("organisations", c.Member),
		Theme: fullAll("themes", c.Theme), Location: fullAll("locations", c.Location), Population: fullAll("populations", c.Population),
	}
	var err error
	if q.Status, q.Visibility, err = c.words(); err != nil {
		return err
	}
	if q.ReadTime, err = c.readTime(); err != nil {
		return err
	}
	answer, err := s.Concentration.QueryConcentration(s, q)
	if err != nil {
		return err
	}
	for next := answer.NextPageToken; next != ""; {
		q.PageToken = next
		more, err := s.Concentration.QueryConcentration(s, q)
		if err != nil {
			return err
		}
		answer.Rows, next = append(answer.Rows, more.Rows...), more.NextPageToken
	}
	answer.NextPageToken = ""
	t := &table{
		head:  []string{strings.ToUpper(strings.NewReplacer("_", " ", "-", " ").Replace(c.By)), answer.CurrencyCode, "RELATIONS", "SIGNIFICANT", "LARGEST", "SHARE", "HHI", "FRAGMENTATION"},
		right: map[int]bool{1: true, 2: true, 3: true, 5: true, 6: true, 7: true},
	}
	add := func(label string, r *tandemv1.ConcentrationRow) {
		t.add(label, r.Total, fmt.Sprint(r.RelationCount), fmt.Sprint(r.SignificantCount), r.LargestLabel, strconv.FormatFloat(r.LargestShare, 'f', 3, 64),
			strconv.FormatFloat(r.Hhi, 'f', 0, 64), strconv.FormatFloat(r.FragmentationRatio, 'f', 3, 64))
	}
	for _, r := range answer.Rows {
		add(r.Label, r)
	}
	if s.output == "table" {
		add("All, over donors", answer.Whole)
	}
	if strings.Trim(answer.Unspecified, "0.") != "" {
		t.notes = append(t.notes, fmt.Sprintf("In no relation, since a recipient or a theme is not said: %s %s.", answer.Unspecified, answer.CurrencyCode))
	}
	for _, d := range answer.Defects {
		t.notes = append(t.notes, fmt.Sprintf("Defect of the data: %s.", d))
	}
	return s.write(answer, t)
}
