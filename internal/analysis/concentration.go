package analysis

import (
	"math/big"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// ConcentrationQuery asks how the allocations of each member, theme or donor state are distributed.
type ConcentrationQuery struct {
	By        Dimension // Member or Theme: over donor states; DonorState: over recipients
	Currency  money.Currency
	From, To  period.Date
	RateDate  period.Date
	Filter    Filter
	Principal grant.Principal
}

// Concentration is how the money of one member, theme or donor state is distributed over the others. Each pair of a donor state (or several that give undivided) and a recipient or
// theme that has money is a relation.
type Concentration struct {
	Key, Label string
	Shares
	LargestLabel string
	// Significant is how many of the relations are significant in the sense of the OECD's reports on the division of labour ("Addressing Fragmentation and Concentration of Aid
	// across Countries", 2009, and "Addressing Cross-Country Fragmentation of Aid", 2011): the donor's share of the recipient's money is above its share of all money, or it is among
	// the largest donors that together give 90 % of the recipient's money. The donors' concentration ratio is significant/all relations; the recipients' fragmentation ratio is
	// the rest/all.
	Significant int
	Inexact     bool // some amount behind it is a bound, or is not known or not converted
}

// ConcentrationRatio is the share of the relations that are significant; nil when there are none.
func (c *Concentration) ConcentrationRatio() *big.Rat { return c.ratio(c.Significant) }

// FragmentationRatio is the share of the relations that are not significant; nil when there are none.
func (c *Concentration) FragmentationRatio() *big.Rat { return c.ratio(c.Count - c.Significant) }

func (c *Concentration) ratio(of int) *big.Rat {
	if c.Count == 0 {
		return nil
	}
	return big.NewRat(int64(of), int64(c.Count))
}

// ConcentrationResult is the answer to a ConcentrationQuery.
type ConcentrationResult struct {
	Rows        []Concentration // in order of their keys
	Whole       Concentration   // of all money: its distribution over donor states, and all relations. Its key is empty
	Unspecified money.Sum       // money without a recipient, or a theme, which is in no relation. It is in the donors' shares of all money
	Provisional bool
	Defects     []string
}

// relation is what a donor gives to a recipient or for a theme.
type relation struct {
	donor, other string
	amount       money.Sum
	inexact      bool
	significant  bool
}

// Concentration tells how concentrated and how fragmented the allocations are. Errors as of Allocate.
func (s *Snapshot) Concentration(q ConcentrationQuery) (ConcentrationResult, error) {
	other := Member
	if q.By == Theme {
		other = Theme
	}
	res, err := s.Allocate(Query{
		GroupBy: []Dimension{DonorState, other}, Currency: q.Currency, From: q.From, To: q.To, RateDate: q.RateDate, Filter: q.Filter, Principal: q.Principal,
	})
	if err != nil {
		return ConcentrationResult{}, err
	}
	out := ConcentrationResult{Provisional: res.Provisional, Defects: res.Defects}
	labels, donors := map[string]string{}, map[string]money.Sum{}
	var relations []*relation
	for r := range res.Rows.All() {
		if r.Central.Cmp(money.Sum{}) <= 0 {
			continue
		}
		addTo(donors, r.Keys[0], r.Central)
		labels[r.Keys[0]], labels[r.Keys[1]] = r.Labels[0], r.Labels[1]
		if r.Keys[1] == grant.Unspecified {
			out.Unspecified.AddSum(r.Central)
			continue
		}
		inexact := r.Lower != r.Upper || r.UpperOpen || r.UnknownCount > 0 || r.UnconvertedCount > 0
		relations = append(relations, &relation{donor: r.Keys[0], other: r.Keys[1], amount: r.Central, inexact: inexact})
	}
	out.Whole.Shares = concentrationOf(donors)
	markSignificant(relations, donors, out.Whole.Total)
	out.Whole.Count = len(relations)
	byKey := map[string][]*relation{}
	for _, r := range relations {
		key := r.other
		if q.By == DonorState {
			key = r.donor
		}
		byKey[key] = append(byKey[key], r)
		if r.significant {
			out.Whole.Significant++
		}
		out.Whole.Inexact = out.Whole.Inexact || r.inexact
	}
	for key, rs := range byKey {
		c := Concentration{Key: key, Label: labels[key]}
		amounts := map[string]money.Sum{}
		for _, r := range rs {
			with := r.donor
			if q.By == DonorState {
				with = r.other
			}
			amounts[with] = r.amount
			if r.significant {
				c.Significant++
			}
			c.Inexact = c.Inexact || r.inexact
		}
		c.Shares = concentrationOf(amounts)
		c.LargestLabel = labels[c.Largest]
		out.Rows = append(out.Rows, c)
	}
	out.Whole.LargestLabel = labels[out.Whole.Largest]
	slices.SortFunc(out.Rows, func(a, b Concentration) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}

func addTo(sums map[string]money.Sum, key string, v money.Sum) {
	sum := sums[key]
	sum.AddSum(v)
	sums[key] = sum
}

// markSignificant marks the relations that are significant. donors are what each gives in all, whole what all give. Donors who give the same to someone are significant together.
func markSignificant(relations []*relation, donors map[string]money.Sum, whole money.Sum) {
	byOther := map[string][]*relation{}
	for _, r := range relations {
		byOther[r.other] = append(byOther[r.other], r)
	}
	for _, rs := range byOther {
		var total money.Sum
		for _, r := range rs {
			total.AddSum(r.amount)
		}
		slices.SortFunc(rs, func(a, b *relation) int { return b.amount.Cmp(a.amount) })
		enough := new(big.Rat).Mul(total.Rat(), big.NewRat(9, 10))
		var larger, sum money.Sum // what those give who give more than the one at hand, and those before it
		for i, r := range rs {
			if i > 0 && rs[i-1].amount != r.amount {
				larger = sum
			}
			sum.AddSum(r.amount)
			r.significant = larger.Rat().Cmp(enough) < 0 || quotient(r.amount, total).Cmp(quotient(donors[r.donor], whole)) > 0
		}
	}
}

// Shares say how money is distributed over those who give it, or get it.
type Shares struct {
	Total         money.Sum
	Count         int    // of those with more than nothing
	Largest       string // the key of the largest; of several the first
	LargestAmount money.Sum
	Share         *big.Rat // of the largest in the total; nil when the total is nothing
	// HHI is the Herfindahl-Hirschman index, the sum of the squared shares in per cent: 10,000 when all is in one hand, 10,000/n when n have the same (A. O. Hirschman,
	// "The Paternity of an Index", American Economic Review 54, 1964; the scale is that of the US Department of Justice's Merger Guidelines). nil when the total is nothing.
	HHI *big.Rat
}

// concentrationOf reckons how concentrated amounts are. What is not above nothing has no share.
func concentrationOf(amounts map[string]money.Sum) Shares {
	var s Shares
	var keys []string
	for key, amount := range amounts {
		if amount.Cmp(money.Sum{}) > 0 {
			keys = append(keys, key)
			s.Total.AddSum(amount)
		}
	}
	if s.Count = len(keys); s.Count == 0 {
		return s
	}
	slices.SortFunc(keys, func(a, b string) int {
		if c := amounts[b].Cmp(amounts[a]); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	s.Largest, s.LargestAmount = keys[0], amounts[keys[0]]
	s.Share = quotient(s.LargestAmount, s.Total)
	s.HHI = new(big.Rat)
	for _, key := range keys {
		percent := new(big.Rat).Mul(quotient(amounts[key], s.Total), big.NewRat(100, 1))
		s.HHI.Add(s.HHI, percent.Mul(percent, percent))
	}
	return s
}
