package analysis

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// Offer is money that looks for a place.
type Offer struct {
	Currency   money.Currency
	Minor      int64 // above 0
	From, To   period.Date
	DonorState string // who would give it; "" when that is open, which counts as someone new
	// Where it may go, by id: themes with those under them, locations with those under them, and members. No themes means the top ones, no locations
	// anywhere, no members all of the coalition.
	Themes, Locations, Members []string
	Weights                    Weights
	Principal                  grant.Principal
}

// Weights are how much each reason for a placement counts, in proportion. One of them at least is above 0.
type Weights struct{ UnmetTarget, Cliff, Dependency, OverlapAvoided int }

// Placement is a member and a cell that money could go to, and how much it would add there.
type Placement struct {
	Member, Theme string // ids
	Location      string // an id; "" is anywhere
	// Names for people.
	MemberLabel, ThemeLabel, LocationLabel string
	Score                                  *big.Rat
	Components                             []Component // one for each reason, in the order of Weights
}

// Component is one reason for a placement: how far it holds, from 0 to 1, the money that it speaks of, and a sentence.
type Component struct {
	Kind   string
	Value  *big.Rat
	Money  money.Sum // minor units of the offer's currency
	Reason string
}

// maxPlacements is how many placements are weighed at most.
const maxPlacements = 100_000

// Place ranks where an offer would add most, the best first: each allowed member with each allowed theme and location. The score is the weighted mean of
//
//   - unmet_target: the part of the money that a target of the cell still wants in its period, the best one if there are several;
//   - cliff: the part of the first twelve months' money that fills the fall of the member's allocation from the twelve months before;
//   - dependency: by how much the largest donor state's share of the member's allocation would fall;
//   - overlap_avoided: the part of the money that does not meet other donor states' money for the member and the cell in the same days.
//
// Allocations are central figures. Errors: Invalid for what is not recorded; Exhausted when there are more than 100,000 places to weigh.
func (s *Snapshot) Place(o Offer) (Ranking, error) {
	p := &placing{Offer: o, snapshot: s, span: period.Span{First: o.From.First, Last: o.To.Last()}}
	if err := p.places(); err != nil {
		return Ranking{}, err
	}
	if err := p.reckon(); err != nil {
		return Ranking{}, err
	}
	ranked := make([]Placement, 0, len(p.Members)*len(p.Themes)*len(p.Locations))
	for _, member := range p.Members {
		cliff, dependency := p.cliff(member), p.dependency(member)
		for _, theme := range p.Themes {
			for _, location := range p.Locations {
				ranked = append(ranked, p.weigh(Placement{
					Member: member, Theme: theme, Location: location,
					Components: []Component{p.unmetTarget(theme, location), cliff, dependency, p.overlapAvoided(member, theme, location)},
				}))
			}
		}
	}
	slices.SortFunc(ranked, func(a, b Placement) int {
		return cmp.Or(b.Score.Cmp(a.Score), cmp.Compare(a.Member, b.Member), cmp.Compare(a.Theme, b.Theme), cmp.Compare(a.Location, b.Location))
	})
	p.ranking.Placements = ranked
	return p.ranking, nil
}

// Ranking is where an offer would add most.
type Ranking struct {
	Placements  []Placement // the best first
	Provisional bool        // as of Result
	Unconverted []string    // ids of targets whose currency had no rate, and which therefore weigh nothing
}

// placing is an offer at work.
type placing struct {
	Offer
	ranking       Ranking
	snapshot      *Snapshot
	span          period.Span
	before, after map[string]money.Sum            // of each member in the twelve months before and from the first day
	donors        map[string]map[string]money.Sum // of each member by donor state in the days of the offer
	others        []cellMoney                     // of other donor states in the days of the offer
	wanted        []want
}

// cellMoney is money of a member for a theme in a location.
type cellMoney struct {
	member, theme, location string
	sum                     money.Sum
}

// want is what a target still lacks.
type want struct {
	target *grant.Target
	lacks  int64
}

// places fills in where the money may go.
func (p *placing) places() error {
	var v fault.List
	reg := p.snapshot.reg
	for _, list := range []struct {
		field string
		kind  grant.Kind
		ids   []string
	}{{"theme", grant.Themes, p.Themes}, {"location", grant.Locations, p.Locations}, {"member", grant.Organisations, p.Members}} {
		for i, id := range list.ids {
			if k := (grant.Key{Kind: list.kind, ID: id}); !reg.Has(k) {
				v.Add(fmt.Sprintf("%s[%d]", list.field, i), "%q does not exist", k)
			}
		}
	}
	if err := v.Err(); err != nil {
		return err
	}
	if len(p.Themes) == 0 {
		for _, e := range reg.All(grant.Themes) {
			if t := e.(*grant.Term); t.Deleted == 0 && t.Parent == "" {
				p.Themes = append(p.Themes, t.ID)
			}
		}
	}
	if len(p.Locations) == 0 {
		p.Locations = []string{""}
	}
	members := p.Members
	if len(members) == 0 {
		for _, e := range reg.All(grant.Organisations) {
			if o := e.(*grant.Organisation); o.Deleted == 0 && o.Member {
				members = append(members, o.ID)
			}
		}
	}
	p.Members = nil
	for _, id := range members {
		if id = reg.Survivor(id); !slices.Contains(p.Members, id) {
			p.Members = append(p.Members, id)
		}
	}
	if n := len(p.Members) * len(p.Themes) * len(p.Locations); n > maxPlacements {
		return fault.New(fault.Exhausted, "there are %d places to weigh (%d members, %d themes, %d locations); accepted are %d: name fewer", n, len(p.Members), len(p.Themes), len(p.Locations), maxPlacements)
	}
	return nil
}

// reckon asks for the allocations that the weighing needs.
func (p *placing) reckon() error {
	first := p.span.First
	var err error
	if p.before, err = p.byMember(first.AddMonths(-12), first-1); err != nil {
		return err
	}
	if p.after, err = p.byMember(first, first.AddMonths(12)-1); err != nil {
		return err
	}
	p.donors = map[string]map[string]money.Sum{}
	rows, err := p.allocate(p.span, Filter{Members: p.Members}, Member, DonorState)
	if err != nil {
		return err
	}
	for _, r := range rows {
		member := idOf(r.Keys[0])
		if p.donors[member] == nil {
			p.donors[member] = map[string]money.Sum{}
		}
		p.donors[member][r.Keys[1]] = r.Central
	}
	if err := p.reckonOthers(); err != nil {
		return err
	}
	return p.reckonTargets()
}

func (p *placing) byMember(from, to period.Day) (map[string]money.Sum, error) {
	rows, err := p.allocate(period.Span{First: from, Last: to}, Filter{Members: p.Members}, Member)
	sums := make(map[string]money.Sum, len(rows))
	for _, r := range rows {
		sums[idOf(r.Keys[0])] = r.Central
	}
	return sums, err
}

func (p *placing) allocate(days period.Span, f Filter, by ...Dimension) ([]Row, error) {
	r, err := p.snapshot.Allocate(Query{
		GroupBy: by, Currency: p.Currency, Filter: f, Principal: p.Principal,
		From: period.Date{First: days.First, Precision: period.ToDay}, To: period.Date{First: days.Last, Precision: period.ToDay},
	})
	p.ranking.Provisional = p.ranking.Provisional || r.Provisional
	if len(by) == 0 {
		return []Row{r.Total}, err
	}
	return slices.Collect(r.Rows.All()), err
}

// reckonOthers finds the money of other donor states: all of it, less what the donor has a part in.
func (p *placing) reckonOthers() error {
	filter := Filter{Members: p.Members}
	rows, err := p.allocate(p.span, filter, Member, Theme, Location)
	if err != nil {
		return err
	}
	own := map[string]money.Sum{}
	if p.DonorState != "" {
		filter.DonorStates = []string{p.DonorState}
		mine, err := p.allocate(p.span, filter, Member, Theme, Location)
		if err != nil {
			return err
		}
		for _, r := range mine {
			own[strings.Join(r.Keys, " ")] = r.Central
		}
	}
	for _, r := range rows {
		c := cellMoney{idOf(r.Keys[0]), idOf(r.Keys[1]), idOf(r.Keys[2]), r.Central.Minus(own[strings.Join(r.Keys, " ")])}
		p.others = append(p.others, c)
	}
	return nil
}

// reckonTargets finds what targets still lack, in the currency of the offer.
func (p *placing) reckonTargets() error {
	for _, e := range p.snapshot.reg.All(grant.Targets) {
		t := e.(*grant.Target)
		days := period.Span{First: t.Start.First, Last: t.End.Last()}
		if _, meet := days.Intersect(p.span); t.Deleted != 0 || !meet {
			continue
		}
		wanted, ok := p.snapshot.rates.Convert(t.Minor, t.Currency, p.Currency, t.Start.First)
		if !ok {
			p.ranking.Unconverted = append(p.ranking.Unconverted, t.ID)
			continue
		}
		rows, err := p.allocate(days, Filter{Themes: given(t.Theme), Locations: given(t.Location), Populations: given(t.Population)})
		if err != nil {
			return err
		}
		p.ranking.Provisional = p.ranking.Provisional || wanted.Provisional
		if lacks, fits := money.SumOf(wanted.Minor).Minus(rows[0].Central).Int64(); fits && lacks > 0 {
			p.wanted = append(p.wanted, want{t, lacks})
		}
	}
	return nil
}

func given(id string) []string {
	if id == "" {
		return nil
	}
	return []string{id}
}

// in returns how much of the money falls into some days.
func (p *placing) in(days period.Span) int64 {
	both, meet := days.Intersect(p.span)
	if !meet {
		return 0
	}
	return money.Share(p.Minor, uint64(both.Last-p.span.First+1), uint64(p.span.Days())) - money.Share(p.Minor, uint64(both.First-p.span.First), uint64(p.span.Days()))
}

// weigh names a placement and scores it: the mean of its components by the weights.
func (p *placing) weigh(at Placement) Placement {
	sum, whole := new(big.Rat), int64(0)
	for i, weight := range [...]int{p.Weights.UnmetTarget, p.Weights.Cliff, p.Weights.Dependency, p.Weights.OverlapAvoided} {
		sum.Add(sum, new(big.Rat).Mul(big.NewRat(int64(weight), 1), at.Components[i].Value))
		whole += int64(weight)
	}
	at.MemberLabel, at.ThemeLabel = p.label(grant.Organisations, at.Member), p.label(grant.Themes, at.Theme)
	if at.Location != "" {
		at.LocationLabel = p.label(grant.Locations, at.Location)
	}
	at.Score = sum.Quo(sum, big.NewRat(whole, 1))
	return at
}

// unmetTarget is how much of the money a target of the cell still wants. A target is of the cell if its theme and location are those of the cell, or above them.
func (p *placing) unmetTarget(theme, location string) Component {
	best := Component{Kind: "unmet_target", Value: new(big.Rat), Reason: "No target is recorded for this cell and these days that is not met."}
	for _, w := range p.wanted {
		if w.target.Theme != "" && !p.within(grant.Themes, theme, w.target.Theme) ||
			w.target.Location != "" && (location == "" || !p.within(grant.Locations, location, w.target.Location)) {
			continue
		}
		falls := p.in(period.Span{First: w.target.Start.First, Last: w.target.End.Last()})
		meets := min(falls, w.lacks)
		value := big.NewRat(meets, p.Minor)
		if meets == 0 || value.Cmp(best.Value) <= 0 {
			continue
		}
		best.Value, best.Money = value, money.SumOf(meets)
		best.Reason = fmt.Sprintf("The target of %s (%s to %s) lacks %s; %s of the money would go towards it.", w.target.Source, w.target.Start, w.target.End, p.text(money.SumOf(w.lacks)), p.text(best.Money))
	}
	return best
}

// cliff is how much of a fall of the member's allocation the money of the first twelve months fills.
func (p *placing) cliff(member string) Component {
	c := Component{Kind: "cliff", Value: new(big.Rat), Reason: "What is recorded for the member does not fall in these twelve months."}
	first := p.span.First
	falls := p.in(period.Span{First: first, Last: first.AddMonths(12) - 1})
	loss := p.before[member].Minus(p.after[member])
	if loss.Cmp(money.Sum{}) <= 0 || falls == 0 {
		return c
	}
	fills := falls
	if l, fits := loss.Int64(); fits {
		fills = min(falls, l)
	}
	c.Value, c.Money = big.NewRat(fills, falls), money.SumOf(fills)
	c.Reason = fmt.Sprintf("What is recorded for %s falls by %s in the twelve months from %s; %s of the money would fill it.", p.label(grant.Organisations, member), p.text(loss), first, p.text(c.Money))
	return c
}

// dependency is by how much the share of the member's largest donor state falls.
func (p *placing) dependency(member string) Component {
	c := Component{Kind: "dependency", Value: new(big.Rat), Reason: "No allocation to the member is recorded in these days: it depends on nobody that is known."}
	giver := p.DonorState
	if giver == "" {
		giver = "new" // no donor state is called that
	}
	before := p.donors[member]
	largest, share := largestShare(before)
	if largest == "" {
		return c
	}
	after := maps.Clone(before)
	given := after[giver]
	given.Add(p.Minor)
	after[giver] = given
	_, then := largestShare(after)
	c.Money = before[largest]
	c.Reason = fmt.Sprintf("%s of what is recorded for %s in these days is of %s; the largest share would be %s.", percentInText(share), p.label(grant.Organisations, member), donorsInText(largest), percentInText(then))
	if share.Cmp(then) > 0 {
		c.Value = share.Sub(share, then)
	}
	return c
}

// largestShare returns the donor state with the largest share, the first by name of equal ones, and that share. Without money there is none; what was taken back is no share.
func largestShare(by map[string]money.Sum) (state string, share *big.Rat) {
	whole := new(big.Int)
	for _, s := range slices.Sorted(maps.Keys(by)) {
		if state == "" || by[s].Cmp(by[state]) > 0 {
			state = s
		}
		if by[s].Big().Sign() > 0 {
			whole.Add(whole, by[s].Big())
		}
	}
	if state == "" || whole.Sign() <= 0 || by[state].Big().Sign() <= 0 {
		return "", new(big.Rat)
	}
	return state, new(big.Rat).SetFrac(by[state].Big(), whole)
}

// overlapAvoided is how much of the money does not meet that of other donor states.
func (p *placing) overlapAvoided(member, theme, location string) Component {
	var others money.Sum
	for _, c := range p.others {
		if c.member == member && p.within(grant.Themes, c.theme, theme) && (location == "" || p.within(grant.Locations, c.location, location)) {
			others.AddSum(c.sum)
		}
	}
	meets := p.Minor
	if o, fits := others.Int64(); fits {
		meets = min(p.Minor, max(o, 0))
	}
	c := Component{Kind: "overlap_avoided", Value: big.NewRat(p.Minor-meets, p.Minor), Money: money.SumOf(p.Minor - meets)}
	c.Reason = fmt.Sprintf("%s of other donors is recorded for %s there in these days; %s of the money would not meet it.", p.text(others), p.label(grant.Organisations, member), p.text(c.Money))
	return c
}

// within tells whether a term is another, or below it.
func (p *placing) within(kind grant.Kind, id, of string) bool {
	return p.snapshot.reg.Within(grant.Key{Kind: kind, ID: id}, []string{of})
}

func (p *placing) label(kind grant.Kind, id string) string {
	return p.snapshot.reg.Label(grant.Key{Kind: kind, ID: id})
}

func (p *placing) text(s money.Sum) string { return sumInText(p.Currency, s) }
