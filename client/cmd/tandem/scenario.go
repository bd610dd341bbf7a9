package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type whatIfCommand struct {
	Withdraw []string `help:"Stop the money of a donor state, a programme or a grant on a day: US@2025-02-01, programmes/x@2025, grants/x@2025-06." placeholder:"WHAT@DATE" sep:"none"`
	Delay    []string `help:"Move grants by months: grants/x@6, SE@-3." placeholder:"WHAT@MONTHS" sep:"none"`
	Scale    []string `help:"Make grants larger or smaller: SE@80%." placeholder:"WHAT@PERCENT" sep:"none"`
	File     string   `help:"Scenario as JSON, as POST /v1/scenarios:simulate takes it; for grants that are added. Changes of the flags come after its own." type:"existingfile" placeholder:"FILE"`
	By       []string `help:"By which dimensions allocations are compared (member when left out); as of 'tandem allocations'." placeholder:"DIMENSION"`
	Currency string   `help:"Currency of the answer (USD when left out)."`
	From     string   `help:"First day of the window." placeholder:"DATE"`
	To       string   `help:"Last day of the window." placeholder:"DATE"`
	AsOf     string   `help:"Day that gaps look from (the day before the first withdrawal, or today)." placeholder:"DAY"`
	Limit    int32    `help:"At most so many changed rows, overlaps and gaps." default:"100"`
	asOf     `embed:""`
}

// Run supposes changes and shows what they would do. Nothing is stored.
func (c *whatIfCommand) Run(s *session) error {
	q := &tandemv1.SimulateScenarioRequest{}
	if c.File != "" {
		body, err := os.ReadFile(c.File)
		if err != nil {
			return err
		}
		if err := protojson.Unmarshal(body, q); err != nil {
			return usage("--file: %s: %w", c.File, err)
		}
	}
	q.PageSize, q.Revision = c.Limit, c.Revision
	for to, flag := range map[*string]string{&q.CurrencyCode: c.Currency, &q.From: c.From, &q.To: c.To, &q.AsOf: c.AsOf} {
		if flag != "" {
			*to = flag
		}
	}
	for _, d := range c.By {
		q.GroupBy = append(q.GroupBy, strings.ReplaceAll(d, "-", "_"))
	}
	if err := c.changes(q); err != nil {
		return err
	}
	var err error
	if q.ReadTime, err = c.readTime(); err != nil {
		return err
	}
	answer, err := s.Scenarios.SimulateScenario(s, q)
	if err != nil {
		return err
	}
	return s.write(answer, scenarioTable(answer))
}

// changes adds the changes of the flags.
func (c *whatIfCommand) changes(q *tandemv1.SimulateScenarioRequest) error {
	for _, text := range c.Withdraw {
		what, date, ok := strings.Cut(text, "@")
		if !ok {
			return usage("--withdraw: found %q; accepted is WHAT@DATE, such as US@2025-02-01", text)
		}
		w := &tandemv1.Change_Withdraw{Date: date}
		switch collection(what) {
		case "programmes":
			w.Of = &tandemv1.Change_Withdraw_Programme{Programme: what}
		case "grants":
			w.Of = &tandemv1.Change_Withdraw_Grant{Grant: what}
		default:
			w.Of = &tandemv1.Change_Withdraw_DonorState{DonorState: what}
		}
		q.Changes = append(q.Changes, &tandemv1.Change{Change: &tandemv1.Change_Withdraw_{Withdraw: w}})
	}
	for _, text := range c.Delay {
		what, number, _ := strings.Cut(text, "@")
		months, err := strconv.ParseInt(number, 10, 32)
		if err != nil {
			return usage("--delay: found %q; accepted is WHAT@MONTHS, such as grants/x@6", text)
		}
		d := &tandemv1.Change_Delay{Months: int32(months)}
		switch collection(what) {
		case "programmes":
			d.Of = &tandemv1.Change_Delay_Programme{Programme: what}
		case "grants":
			d.Of = &tandemv1.Change_Delay_Grant{Grant: what}
		default:
			d.Of = &tandemv1.Change_Delay_DonorState{DonorState: what}
		}
		q.Changes = append(q.Changes, &tandemv1.Change{Change: &tandemv1.Change_Delay_{Delay: d}})
	}
	for _, text := range c.Scale {
		what, number, _ := strings.Cut(text, "@")
		percent, err := strconv.ParseFloat(strings.TrimSuffix(number, "%"), 64)
		if err != nil {
			return usage("--scale: found %q; accepted is WHAT@PERCENT, such as SE@80%%", text)
		}
		x := &tandemv1.Change_Scale{Percent: percent}
		switch collection(what) {
		case "programmes":
			x.Of = &tandemv1.Change_Scale_Programme{Programme: what}
		case "grants":
			x.Of = &tandemv1.Change_Scale_Grant{Grant: what}
		default:
			x.Of = &tandemv1.Change_Scale_DonorState{DonorState: what}
		}
		q.Changes = append(q.Changes, &tandemv1.Change{Change: &tandemv1.Change_Scale_{Scale: x}})
	}
	return nil
}

// collection returns the collection of a resource name; a donor state has none.
func collection(name string) string {
	before, _, found := strings.Cut(name, "/")
	if !found {
		return ""
	}
	return before
}

func scenarioTable(a *tandemv1.SimulateScenarioResponse) *table {
	t := &table{head: []string{"WHAT", "BEFORE", "AFTER", "DIFFERENCE", "SHARE"}, right: map[int]bool{1: true, 2: true, 3: true, 4: true}}
	add := func(label string, d *tandemv1.SimulateScenarioResponse_Difference) {
		share := ""
		if d.Share != "" {
			share = percentOf(d.Share) + " %"
		}
		t.add(label, d.Before, d.After, d.Difference, share)
	}
	for _, d := range a.Allocations {
		add(strings.Join(d.Labels, ", "), d)
	}
	add("All, "+a.CurrencyCode, a.Total)
	if left := int(a.AllocationCount) - len(a.Allocations); left > 0 {
		t.notes = append(t.notes, fmt.Sprintf("%d more rows change; --limit shows more.", left))
	}
	for _, g := range a.Gaps {
		switch {
		case g.Before == nil:
			t.notes = append(t.notes, "A gap opens: "+g.After.Reason)
		case g.After == nil:
			t.notes = append(t.notes, "A gap closes: "+g.Before.Reason)
		default:
			t.notes = append(t.notes, "A gap changes: "+g.After.Reason)
		}
	}
	if left := int(a.GapCount) - len(a.Gaps); left > 0 {
		t.notes = append(t.notes, fmt.Sprintf("%d more gaps change; --limit shows more.", left))
	}
	for _, o := range a.Overlaps {
		switch {
		case o.Before == nil:
			t.notes = append(t.notes, "An overlap begins: "+o.After.Reason)
		case o.After == nil:
			t.notes = append(t.notes, "An overlap ends: "+o.Before.Reason)
		default:
			t.notes = append(t.notes, fmt.Sprintf("An overlap changes by %s %s: %s", o.Difference, a.CurrencyCode, o.After.Reason))
		}
	}
	if left := int(a.OverlapCount) - len(a.Overlaps); left > 0 {
		t.notes = append(t.notes, fmt.Sprintf("%d more overlaps change; --limit shows more.", left))
	}
	t.notes = append(t.notes, a.Notes...)
	if a.Provisional {
		t.notes = append(t.notes, "Provisional: some dates lie after the newest exchange rate.")
	}
	return t
}

// percentOf writes a fraction with four digits, such as -0.4231, in percent: -42.31.
func percentOf(fraction string) string {
	digits, negative := strings.CutPrefix(strings.ReplaceAll(fraction, ".", ""), "-")
	if negative {
		return "-" + hundredths(digits)
	}
	return hundredths(digits)
}

// hundredths puts a point before the last two digits.
func hundredths(digits string) string {
	whole := strings.TrimLeft(digits[:len(digits)-2], "0")
	if whole == "" {
		whole = "0"
	}
	return whole + "." + digits[len(digits)-2:]
}

type placeCommand struct {
	Amount     string   `arg:"" help:"Money that looks for a place: '500000 USD'."`
	From       string   `help:"Its first day." placeholder:"DATE" required:""`
	To         string   `help:"Its last day." placeholder:"DATE" required:""`
	DonorState string   `help:"Who would give it." placeholder:"STATE"`
	Theme      []string `help:"Only for these themes (all top ones when left out)." placeholder:"ID"`
	Location   []string `help:"Only in these locations (anywhere when left out)." placeholder:"ID"`
	Member     []string `help:"Only to these members (all of the coalition when left out)." placeholder:"ID"`
	Weights    []int32  `help:"Weights of unmet target, cliff, dependency and overlap avoided." placeholder:"N,N,N,N"`
	Limit      int32    `help:"At most so many placements." default:"20"`
	Why        bool     `help:"Show the reasons."`
	asOf       `embed:""`
}

// Run ranks where money would add most.
func (c *placeCommand) Run(s *session) error {
	amount, err := parseAmount(c.Amount)
	if err != nil {
		return usage("%w", err)
	}
	if amount.Qualifier != tandemv1.Amount_EXACT {
		return usage("found %q; accepted is one figure, such as '500000 USD'", c.Amount)
	}
	q := &tandemv1.RankPlacementsRequest{
		Amount: amount.Money, From: c.From, To: c.To, DonorState: c.DonorState, Theme: fullAll("themes", c.Theme), Location: fullAll("locations", c.Location),
		Member: fullAll("organisations", c.Member), PageSize: c.Limit, Revision: c.Revision,
	}
	if len(c.Weights) > 0 {
		if len(c.Weights) != 4 {
			return usage("--weights: found %d; accepted are four: of unmet target, cliff, dependency and overlap avoided", len(c.Weights))
		}
		q.Weights = &tandemv1.Weights{UnmetTarget: c.Weights[0], Cliff: c.Weights[1], Dependency: c.Weights[2], OverlapAvoided: c.Weights[3]}
	}
	if q.ReadTime, err = c.readTime(); err != nil {
		return err
	}
	answer, err := s.Scenarios.RankPlacements(s, q)
	if err != nil {
		return err
	}
	return s.write(answer, placementTable(answer, c.Why))
}

func placementTable(a *tandemv1.RankPlacementsResponse, why bool) *table {
	t := &table{head: []string{"MEMBER", "THEME", "LOCATION", "SCORE", "UNMET TARGET", "CLIFF", "DEPENDENCY", "OVERLAP AVOIDED"}, right: map[int]bool{3: true, 4: true, 5: true, 6: true, 7: true}}
	for i, p := range a.Placements {
		cells := []string{p.MemberLabel, p.ThemeLabel, p.LocationLabel, p.Score}
		for _, component := range p.Components {
			cells = append(cells, component.Value)
			if why {
				t.notes = append(t.notes, fmt.Sprintf("%d. %s, %s: %s", i+1, p.MemberLabel, p.ThemeLabel, component.Reason))
			}
		}
		t.add(cells...)
	}
	if left := int(a.TotalSize) - len(a.Placements); left > 0 {
		t.notes = append(t.notes, fmt.Sprintf("%d more placements; --limit shows more.", left))
	}
	if n := len(a.UnconvertedTargets); n > 0 {
		t.notes = append(t.notes, fmt.Sprintf("Weighing nothing for want of a rate: %s.", strings.Join(a.UnconvertedTargets, ", ")))
	}
	return t
}
