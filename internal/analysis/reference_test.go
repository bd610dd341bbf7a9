package analysis_test

import (
	"math/big"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// The reference is Allocate written slowly: exact rationals, one part at a time, one day at a time, nothing remembered. It shares with the product only the values that it is
// given, the registry and the table of rates.

type refRow struct {
	sums        [3]*big.Int
	open        bool
	grants      map[string]bool
	unknown     map[string]bool
	noRate      map[string]bool
	unconverted map[money.Currency]*big.Int
	undisclosed bool
}

func newRefRow() *refRow {
	return &refRow{
		sums: [3]*big.Int{new(big.Int), new(big.Int), new(big.Int)}, grants: map[string]bool{}, unknown: map[string]bool{}, noRate: map[string]bool{},
		unconverted: map[money.Currency]*big.Int{},
	}
}

type reference struct {
	q     analysis.Query
	reg   *grant.Registry
	every map[string]*grant.Grant // that the principal may see
	all   map[string]*grant.Grant // those of them that count
	rows  map[string]*refRow
	total *refRow
	out   *refRow       // undated, where a window was asked for
	but   []period.Span // days that do not count
	// sink, when not nil, is told in place of the rows what the k-th part of a grant has on a day, in a currency.
	sink func(r *refGrant, k int, p refPart, c money.Currency, day *period.Day, v [3]*big.Int)
}

// round is half to even.
func round(r *big.Rat) *big.Int {
	double := new(big.Int).Mul(r.Num(), big.NewInt(2))
	floor := new(big.Int).Div(double.Add(double, r.Denom()), new(big.Int).Mul(r.Denom(), big.NewInt(2))) // floor(x + 1/2)
	half := new(big.Rat).Sub(new(big.Rat).SetInt(floor), r)
	if half.Cmp(big.NewRat(1, 2)) == 0 && floor.Bit(0) == 1 {
		floor.Sub(floor, big.NewInt(1))
	}
	return floor
}

// cut cuts m by weights that sum to 1.
func cut(m *big.Int, weights []*big.Rat) []*big.Int {
	var parts []*big.Int
	sum, before := new(big.Rat), new(big.Int)
	for _, w := range weights {
		sum.Add(sum, w)
		with := round(new(big.Rat).Mul(new(big.Rat).SetInt(m), sum))
		parts = append(parts, new(big.Int).Sub(with, before))
		before = with
	}
	return parts
}

// money3 is lower, central, upper of one currency at one day; noDay is nil.
type refFlow struct {
	day      *period.Day
	currency money.Currency
	v        [3]*big.Int
	unknown  bool
}

type refGrant struct {
	g       *grant.Grant
	funders []grant.Participation
	flows   []refFlow
	counts  bool
	unknown bool
	open    bool
	// what of the sum of flows in the asked currency is placed under this grant; nil: all of it
	placed *[3]*big.Int
	// placed on the days that it keeps, since it was worked out from these
	keptOnly bool
	noOther  bool // unconverted money is the parent's
}

func (ref *reference) look(g *grant.Grant) *refGrant {
	r := &refGrant{g: g, funders: g.Funders}
	commitment := false
	for _, t := range g.Transactions {
		sign := int64(1)
		switch t.Type {
		case grant.Commitment, grant.Cancellation:
			if ref.q.Measure != analysis.Allocated && ref.q.Measure != analysis.Committed {
				continue
			}
			commitment = commitment || t.Type == grant.Commitment
			if t.Type == grant.Cancellation {
				sign = -1
			}
		case grant.Disbursement, grant.Expenditure, grant.Reimbursement:
			if ref.q.Measure != analysis.Disbursed {
				continue
			}
			if t.Type == grant.Reimbursement {
				sign = -1
			}
		case grant.Pledge:
			if ref.q.Measure != analysis.Pledged {
				continue
			}
		}
		r.counts = true
		flow := refFlow{currency: ref.q.Currency}
		for _, d := range []period.Date{t.ValueDate, t.Date, g.Start} {
			if !d.IsZero() {
				day := d.First
				flow.day = &day
				break
			}
		}
		if t.Amount.Qualifier == money.Unknown {
			r.unknown, flow.unknown = true, true
			flow.v = [3]*big.Int{new(big.Int), new(big.Int), new(big.Int)}
			r.flows = append(r.flows, flow)
			continue
		}
		var low, mid, high int64
		switch a := t.Amount; a.Qualifier {
		case money.Range:
			low, high = a.Low, a.High
			mid = round(big.NewRat(a.Low+a.High, 2)).Int64()
		case money.UpTo:
			low, mid, high = 0, a.Minor, a.Minor
		default:
			low, mid, high = a.Minor, a.Minor, a.Minor
		}
		if sign < 0 && mid > 0 {
			low, mid, high = -high, -mid, -low
		}
		if sign > 0 && t.Amount.Qualifier == money.AtLeast {
			r.open = true
		}
		on := flow.day
		if !ref.q.RateDate.IsZero() {
			on = &ref.q.RateDate.First
		}
		flow.currency = t.Amount.Currency
		vs := [3]int64{low, mid, high}
		if conv, ok := convert(vs, t.Amount.Currency, ref.q.Currency, on); ok {
			vs, flow.currency = conv, ref.q.Currency
		}
		flow.v = [3]*big.Int{big.NewInt(vs[0]), big.NewInt(vs[1]), big.NewInt(vs[2])}
		r.flows = append(r.flows, flow)
	}
	if (ref.q.Measure == analysis.Allocated || ref.q.Measure == analysis.Committed) && !commitment && g.Status != grant.Pipeline {
		r.counts, r.unknown = true, true
		r.flows = append(r.flows, refFlow{currency: ref.q.Currency, unknown: true, v: [3]*big.Int{new(big.Int), new(big.Int), new(big.Int)}})
	}
	return r
}

func convert(vs [3]int64, from, to money.Currency, on *period.Day) (out [3]int64, ok bool) {
	if from == to {
		return vs, true
	}
	if on == nil {
		return out, false
	}
	for i, v := range vs {
		c, ok := fx.ECB().Convert(v, from, to, *on)
		if !ok {
			return out, false
		}
		out[i] = c.Minor
	}
	return out, true
}

func (ref *reference) sees(g *grant.Grant) bool {
	p := ref.q.Principal
	switch g.Visibility {
	case grant.Public:
		return true
	case grant.Coalition:
		return p.Role != grant.Viewer
	case grant.Donors:
		return p.Role == grant.Donor || p.Role >= grant.Staff
	}
	if p.Role >= grant.Staff {
		return true
	}
	for _, f := range g.Funders {
		if p.Role == grant.Donor && ref.reg.DonorState(f.Organisation) == p.State || p.Role == grant.Member && ref.reg.Survivor(f.Organisation) == ref.reg.Survivor(p.Organisation) {
			return true
		}
	}
	for _, f := range g.Recipients {
		if p.Role == grant.Member && ref.reg.Survivor(f.Organisation) == ref.reg.Survivor(p.Organisation) {
			return true
		}
	}
	return false
}

// refPart is one part: its ids and its weight.
type refPart struct {
	donors                                  []string
	recipient, theme, location, populations string
	weight                                  *big.Rat
}

func refParts(g *grant.Grant, funders []grant.Participation) []refPart {
	type choice struct {
		ids    []string
		weight *big.Rat
	}
	participations := func(ps []grant.Participation) (out []choice) {
		for _, p := range ps {
			w := big.NewRat(1, int64(len(ps)))
			if p.Share != nil {
				w = big.NewRat(int64(*p.Share), int64(grant.Whole))
			}
			out = append(out, choice{[]string{p.Organisation}, w})
		}
		return out
	}
	splits := func(ss []grant.Split) (out []choice) {
		for _, s := range ss {
			out = append(out, choice{[]string{s.ID}, big.NewRat(int64(s.Percent), int64(grant.Whole))})
		}
		return out
	}
	donors := participations(funders)
	if len(funders) > 1 && funders[0].Share == nil {
		c := choice{nil, big.NewRat(1, 1)}
		for _, f := range funders {
			c.ids = append(c.ids, f.Organisation)
		}
		donors = []choice{c}
	}
	nest := [][]choice{donors, participations(g.Recipients), splits(g.Themes), splits(g.Locations), splits(g.Populations)}
	parts := []refPart{{weight: big.NewRat(1, 1)}}
	for i, list := range nest {
		if len(list) == 0 {
			list = []choice{{[]string{""}, big.NewRat(1, 1)}}
		}
		var next []refPart
		for _, p := range parts {
			for _, c := range list {
				n := p
				n.weight = new(big.Rat).Mul(p.weight, c.weight)
				switch i {
				case 0:
					n.donors = c.ids
				case 1:
					n.recipient = c.ids[0]
				case 2:
					n.theme = c.ids[0]
				case 3:
					n.location = c.ids[0]
				case 4:
					n.populations = c.ids[0]
				}
				next = append(next, n)
			}
		}
		parts = next
	}
	return parts
}

// days returns the weight of each day on which a grant's money lies; none means undated. kept tells the last day that keeps it.
func refDays(g *grant.Grant, keptOnly bool) (first period.Day, weights []*big.Rat, kept period.Day) {
	type part struct {
		span  period.Span
		minor int64
	}
	var planned []part
	for _, b := range g.Budgets {
		planned = append(planned, part{period.Span{First: b.Start.First, Last: b.End.Last()}, b.Minor})
	}
	span, ok := g.Span()
	if len(planned) == 0 && !ok {
		return 0, nil, 0
	}
	even := []part{{span, 1}}
	cancelled, stop := period.Day(-1<<31), period.Day(1<<30)
	if g.Status == grant.Cancelled || g.Status == grant.Suspended {
		for _, t := range g.Transactions {
			if t.Type == grant.Cancellation && !t.Date.IsZero() && ok {
				cancelled = max(cancelled, t.Date.First)
			}
		}
		switch {
		case cancelled > -1<<31:
			stop = max(cancelled, span.First)
		case ok && !g.StatusDate.IsZero():
			kept = g.StatusDate.First - 1
		}
	}
	if kept == 0 {
		kept = 1 << 30
	}
	if keptOnly {
		stop = min(stop, kept)
	}
	if len(planned) == 0 {
		planned = even
	}
	for range 2 {
		first, weights = planned[0].span.First, nil
		last := planned[0].span.Last
		for _, p := range planned {
			first, last = min(first, p.span.First), max(last, p.span.Last)
		}
		last = min(last, stop)
		whole := new(big.Rat)
		for d := first; d <= last; d++ {
			w := new(big.Rat)
			for _, p := range planned {
				if p.span.Contains(d) {
					w.Add(w, big.NewRat(p.minor, int64(p.span.Days())))
				}
			}
			whole.Add(whole, w)
			weights = append(weights, w)
		}
		if whole.Sign() == 0 {
			planned = even
			continue
		}
		for _, w := range weights {
			w.Quo(w, whole)
		}
		break
	}
	return first, weights, kept
}

func (ref *reference) under(kind grant.Kind, id string, asked []string) bool {
	if len(asked) == 0 {
		return true
	}
	if id == "" {
		return slices.Contains(asked, grant.Unspecified)
	}
	for ; id != ""; id = ref.reg.TermParent(grant.Key{Kind: kind, ID: id}) {
		if slices.Contains(asked, id) {
			return true
		}
	}
	return false
}

func (ref *reference) partPasses(p refPart) bool {
	f := ref.q.Filter
	if len(f.DonorStates) > 0 || len(f.Donors) > 0 {
		if !slices.ContainsFunc(p.donors, func(id string) bool {
			same := slices.ContainsFunc(f.Donors, func(d string) bool { return ref.reg.Survivor(d) == ref.reg.Survivor(id) })
			return (len(f.DonorStates) == 0 || slices.Contains(f.DonorStates, ref.reg.DonorState(id))) && (len(f.Donors) == 0 || same)
		}) {
			return false
		}
	}
	if len(f.Members) > 0 && !slices.ContainsFunc(f.Members, func(m string) bool {
		return p.recipient == "" && m == grant.Unspecified || p.recipient != "" && ref.reg.Survivor(m) == ref.reg.Survivor(p.recipient)
	}) {
		return false
	}
	return ref.under(grant.Themes, p.theme, f.Themes) && ref.under(grant.Locations, p.location, f.Locations) && ref.under(grant.Populations, p.populations, f.Populations)
}

func (ref *reference) grantPasses(g *grant.Grant) bool {
	f := ref.q.Filter
	return (len(f.Statuses) == 0 || slices.Contains(f.Statuses, g.Status)) && (len(f.Visibilities) == 0 || slices.Contains(f.Visibilities, g.Visibility)) &&
		(len(f.Programmes) == 0 || slices.Contains(f.Programmes, g.Programme) || g.Programme == "" && slices.Contains(f.Programmes, grant.Unspecified))
}

// keys names the row of a part on a day; nil is undated.
func (ref *reference) keys(g *grant.Grant, p refPart, day *period.Day) string {
	name := func(kind grant.Kind, id string) string {
		if id == "" {
			return grant.Unspecified
		}
		return string(kind) + "/" + id
	}
	var keys []string
	for _, d := range ref.q.GroupBy {
		var set []string
		unit := map[analysis.Dimension]period.Unit{analysis.Year: period.Year, analysis.Quarter: period.Quarter, analysis.Month: period.Month}
		switch d {
		case analysis.DonorState:
			for _, id := range p.donors {
				set = append(set, ref.reg.DonorState(id))
			}
		case analysis.Donor:
			for _, id := range p.donors {
				set = append(set, name(grant.Organisations, ref.reg.Survivor(id)))
			}
		case analysis.Programme:
			set = []string{name(grant.Programmes, g.Programme)}
		case analysis.Member:
			set = []string{name(grant.Organisations, ref.reg.Survivor(p.recipient))}
		case analysis.Theme:
			set = []string{name(grant.Themes, p.theme)}
		case analysis.Location:
			set = []string{name(grant.Locations, p.location)}
		case analysis.Population:
			set = []string{name(grant.Populations, p.populations)}
		case analysis.Status:
			set = []string{g.Status.String()}
		default:
			if day == nil {
				set = []string{grant.Undated}
			} else {
				set = []string{ref.q.Calendar.Key(unit[d], ref.q.Calendar.Index(unit[d], *day))}
			}
		}
		slices.Sort(set)
		keys = append(keys, strings.Join(slices.Compact(set), "+"))
	}
	return strings.Join(keys, " ")
}
