package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/allmep/tandem/internal/fault"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type overlapCommands struct {
	List     overlapList     `cmd:"" default:"withargs" help:"List where money of two donors meets, the largest first."`
	Clusters overlapClusters `cmd:"" help:"List where several donor states have money at once, and how many over time."`
	Decide   overlapDecide   `cmd:"" help:"Say what an overlap is."`
}

// lookFlags say how money is looked at.
type lookFlags struct {
	Currency string `help:"Currency of the answer." default:"USD"`
	From     string `help:"First day of the window." placeholder:"DATE"`
	To       string `help:"Last day of the window." placeholder:"DATE"`
	RateDate string `help:"Convert everything at the rates of this day." placeholder:"DAY"`
	Depth    int32  `help:"Level to which themes and locations are rolled up, the top being 1."`
}

type overlapList struct {
	Scope       string `help:"member: in one recipient; cell: for one theme, location and population." default:"member"`
	MinAmount   string `help:"Only overlaps of at least so much, in the currency of the answer." placeholder:"AMOUNT"`
	Undecided   bool   `help:"Only overlaps on which nobody has decided."`
	OrderBy     string `help:"'amount desc' or name."`
	Top         int    `help:"How many to show." default:"100"`
	lookFlags   `embed:""`
	filterFlags `embed:""`
	asOf        `embed:""`
}

// Run lists the first overlaps.
func (c *overlapList) Run(s *session) error {
	q := &tandemv1.QueryOverlapsRequest{
		Currency: c.Currency, From: c.From, To: c.To, RateDate: c.RateDate, Depth: c.Depth, MinAmount: c.MinAmount, Undecided: c.Undecided, OrderBy: c.OrderBy, Revision: c.Revision,
		DonorState: c.DonorState, Donor: fullAll("organisations", c.Donor), Programme: fullAll("programmes", c.InProgram), Member: fullAll("organisations", c.Member),
		Theme: fullAll("themes", c.Theme), Location: fullAll("locations", c.Location), Population: fullAll("populations", c.Population),
	}
	var err error
	if q.Scope, err = word[tandemv1.Overlap_Scope]("scope", c.Scope, tandemv1.Overlap_Scope_value); err != nil {
		return err
	}
	if q.Status, q.Visibility, err = c.words(); err != nil {
		return err
	}
	if q.ReadTime, err = c.readTime(); err != nil {
		return err
	}
	var answer *tandemv1.QueryOverlapsResponse
	err = pages(c.Top, func(size int32, token string) (int, string, error) {
		q.PageSize, q.PageToken = size, token
		page, err := s.Overlaps.QueryOverlaps(s, q)
		if err != nil {
			return 0, "", err
		}
		if answer == nil {
			answer = page
		} else {
			answer.Overlaps, answer.NextPageToken = append(answer.Overlaps, page.Overlaps...), page.NextPageToken
		}
		return len(page.Overlaps), page.NextPageToken, nil
	})
	if err != nil {
		return err
	}
	return s.write(answer, overlapTable(answer))
}

// pages calls ask for page after page until there are enough items, or no more.
func pages(enough int, ask func(size int32, token string) (got int, next string, err error)) error {
	if enough < 1 {
		return usage("--top: found %d; accepted is at least 1", enough)
	}
	for token := ""; enough > 0; {
		got, next, err := ask(int32(min(enough, 1000)), token)
		if err != nil {
			return err
		}
		if enough -= got; next == "" {
			return nil
		}
		token = next
	}
	return nil
}

func overlapTable(a *tandemv1.QueryOverlapsResponse) *table {
	t := &table{head: []string{a.CurrencyCode, "RELATIVE", "DONORS", "RECIPIENTS", "GRANTS", "FROM", "TO", "VERDICT", "NAME"}, right: map[int]bool{0: true, 1: true}}
	for _, o := range a.Overlaps {
		verdict := o.Verdict.String()
		if o.DecidedBy == "" {
			verdict += "?"
		}
		t.add(o.Amount, strconv.FormatFloat(o.Relative, 'f', 3, 64), strings.Join(o.DonorStates, ", "), bares(o.Recipients), bares(o.Grants), o.From, o.To, verdict, bare(o.Name))
	}
	note := func(format string, args ...any) { t.notes = append(t.notes, fmt.Sprintf(format, args...)) }
	note("%d of %s. ?: suggested, nobody has decided.", len(a.Overlaps), fault.Number(a.TotalSize, "overlap"))
	if a.UnknownAmountCount > 0 {
		note("The amount of %s is unknown: there may be more overlaps than shown.", fault.Number(a.UnknownAmountCount, "grant"))
	}
	if a.UnconvertedCount > 0 {
		note("The amount of %s could not be converted for want of a rate.", fault.Number(a.UnconvertedCount, "grant"))
	}
	if a.UndatedCount > 0 {
		note("%s cannot be placed in time: no overlap is found there.", fault.Number(a.UndatedCount, "grant"))
	}
	for _, u := range []struct{ amount, what string }{
		{a.UnspecifiedRecipient, "recipient"}, {a.UnspecifiedTheme, "theme"}, {a.UnspecifiedLocation, "location"}, {a.UnspecifiedPopulation, "population"},
	} {
		if strings.Trim(u.amount, "0.") != "" {
			note("Without a %s: %s %s.", u.what, u.amount, a.CurrencyCode)
		}
	}
	if a.Provisional {
		note("Provisional: some dates lie after the newest exchange rate.")
	}
	for _, d := range a.Defects {
		note("Defect of the data: %s.", d)
	}
	for _, u := range a.Undisclosed {
		place := slices.DeleteFunc([]string{bare(u.Recipient), bare(u.Theme), bare(u.Location), bare(u.Population)}, func(id string) bool { return id == "" })
		note("Another donor, undisclosed, is present: %s.", strings.Join(place, ", "))
	}
	return t
}

// bares are the last parts of resource names.
func bares(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = bare(n)
	}
	return strings.Join(out, ", ")
}

type overlapClusters struct {
	Scope       string `help:"member: in one recipient; cell: for one theme, location and population." default:"member"`
	MinDepth    int32  `help:"At least so many donor states at once." default:"2"`
	Top         int    `help:"How many to show." default:"100"`
	lookFlags   `embed:""`
	filterFlags `embed:""`
	asOf        `embed:""`
}

// Run lists the deepest clusters.
func (c *overlapClusters) Run(s *session) error {
	q := &tandemv1.QueryOverlapClustersRequest{
		Currency: c.Currency, From: c.From, To: c.To, RateDate: c.RateDate, Depth: c.Depth, MinDepth: c.MinDepth, Revision: c.Revision,
		DonorState: c.DonorState, Donor: fullAll("organisations", c.Donor), Programme: fullAll("programmes", c.InProgram), Member: fullAll("organisations", c.Member),
		Theme: fullAll("themes", c.Theme), Location: fullAll("locations", c.Location), Population: fullAll("populations", c.Population),
	}
	var err error
	if q.Scope, err = word[tandemv1.Overlap_Scope]("scope", c.Scope, tandemv1.Overlap_Scope_value); err != nil {
		return err
	}
	if q.Status, q.Visibility, err = c.words(); err != nil {
		return err
	}
	if q.ReadTime, err = c.readTime(); err != nil {
		return err
	}
	var answer *tandemv1.QueryOverlapClustersResponse
	err = pages(c.Top, func(size int32, token string) (int, string, error) {
		q.PageSize, q.PageToken = size, token
		page, err := s.Overlaps.QueryOverlapClusters(s, q)
		if err != nil {
			return 0, "", err
		}
		if answer == nil {
			answer = page
		} else {
			answer.Clusters, answer.NextPageToken = append(answer.Clusters, page.Clusters...), page.NextPageToken
		}
		return len(page.Clusters), page.NextPageToken, nil
	})
	if err != nil {
		return err
	}
	t := &table{head: []string{"DEPTH", "RECIPIENT", "THEME", "LOCATION", "POPULATION", "FROM", "TO", "DONORS", "GRANTS"}, right: map[int]bool{0: true}}
	for _, cluster := range answer.Clusters {
		for _, x := range cluster.Segments {
			t.add(fmt.Sprint(x.Depth), bare(cluster.Recipient), bare(cluster.Theme), bare(cluster.Location), bare(cluster.Population), x.From, x.To, strings.Join(x.DonorStates, ", "), bares(x.Grants))
		}
	}
	t.notes = append(t.notes, fmt.Sprintf("%d of %s.", len(answer.Clusters), fault.Number(answer.TotalSize, "cluster")))
	return s.write(answer, t)
}

type overlapDecide struct {
	Name    string `arg:"" help:"The overlap's name, as the list gives it."`
	Verdict string `help:"same-grant, sub-grant, co-funded, overlap or distinct." required:""`
	Why     string `help:"Why."`
}

// Run keeps a verdict.
func (c *overlapDecide) Run(s *session) error {
	verdict, err := word[tandemv1.Overlap_Verdict]("verdict", c.Verdict, tandemv1.Overlap_Verdict_value)
	if err != nil {
		return err
	}
	d, err := s.Overlaps.DecideOverlap(s, &tandemv1.DecideOverlapRequest{Name: full("overlaps", c.Name), Verdict: verdict, Reason: c.Why})
	if err != nil {
		return err
	}
	return s.did("Decided", d.Name, d)
}
