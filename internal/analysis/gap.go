package analysis

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// GapKind is a kind of gap.
type GapKind uint8

// The kinds of gaps.
const (
	UnfundedMember   GapKind = iota + 1 // nothing is recorded for a member in the window
	UnmetTarget                         // less is allocated to a cell in a period than is wanted
	Cliff                               // what a member or a cell has falls from one twelvemonth to the next
	Dependency                          // most of what a member has comes from one donor state
	StalePledge                         // no commitment has followed a pledge
	LateDisbursement                    // less of a grant is disbursed than of its time has run
)

var gapKinds = []string{"", "UNFUNDED_MEMBER", "UNMET_TARGET", "CLIFF", "DEPENDENCY", "STALE_PLEDGE", "LATE_DISBURSEMENT"}

// String returns the word of the contract, such as CLIFF.
func (k GapKind) String() string { return gapKinds[k] }

// Thresholds say from where on something is a gap.
type Thresholds struct {
	Cliff       grant.Percent // by how much of itself an allocation falls, at least
	Dependency  grant.Percent // what share the largest donor state has, at least
	StaleMonths int           // after how many months a pledge without a commitment is stale
	Late        grant.Percent // by how many points of the whole the disbursements lag behind the time, more than
}

// DefaultThresholds are those of DESIGN: 40 %, 60 %, 12 months, 25 points.
func DefaultThresholds() Thresholds {
	return Thresholds{Cliff: 40 * grant.Whole / 100, Dependency: 60 * grant.Whole / 100, StaleMonths: 12, Late: 25 * grant.Whole / 100}
}

// GapQuery says which gaps to find.
type GapQuery struct {
	Kinds    []GapKind  // none: all
	AsOf     period.Day // the day from which it is looked back and ahead
	Currency money.Currency
	From, To period.Date // the window of UNFUNDED_MEMBER and DEPENDENCY, and which targets are looked at; neither: the twelve months up to and with AsOf, and all targets
	RateDate period.Date // as of Query
	Depth    int         // to which the cells of CLIFF are rolled up; 0 is 1
	Filter   Filter      // which money is looked at, and which members
	Thresholds
	MinAmount int64 // in minor units: only gaps of at least as much; kinds without an amount are then left out
	Explain   bool  // say of each gap what makes its figures
	After     *GapCursor
	Limit     int
	Principal grant.Principal
}

// GapCursor is the place of a gap: gaps are in order of their kinds, then the largest first, then by what they are of.
type GapCursor struct {
	Kind   GapKind
	Amount money.Sum
	Of     string
}

func (c GapCursor) compare(d GapCursor) int {
	return cmp.Or(cmp.Compare(c.Kind, d.Kind), d.Amount.Cmp(c.Amount), strings.Compare(c.Of, d.Of))
}

// Gap is money that is missing, or may be. Amounts are the central ones, in minor units of the currency that was asked for. What a kind has no use for is empty.
type Gap struct {
	Kind         GapKind
	Organisation string // the id of the member
	Cell         *GapCell
	Target       string // the id of the target that is unmet
	DonorState   string // on which the member depends; several that give undivided are joined by "+"
	Window       period.Span
	Before       *money.Sum // CLIFF: in the twelve months up to and with the day
	After        *money.Sum // CLIFF: in the twelve months after it
	// UNMET_TARGET: what is wanted, and of it what is allocated. DEPENDENCY: what the member has, and of it what the largest donor state gives. LATE_DISBURSEMENT: what is committed,
	// and of it what is disbursed. STALE_PLEDGE: what was pledged.
	Whole, Part *money.Sum
	Amount      *money.Sum // what is missing: the fall, what is not covered, what is late, what was pledged; of a dependency the part
	Share       *big.Rat   // of the whole that the part is; of a cliff the fall as a fraction of what was before
	HHI         *big.Rat   // DEPENDENCY: see Concentration
	Grants      []string   // behind it, by id: those that matter most first; at most 1,000
	GrantCount  int        // how many there are
	// Where the cell has a location: money for the same in the same window that is booked above it, and without any location. It may be meant for the location.
	ParentLocation, UnspecifiedLocation *money.Sum
	LastUpdate                          int64 // UNFUNDED_MEMBER: when the records of the member last changed, in microseconds since 1970
	Inexact                             bool  // some amount behind it is a bound, or is not all known or converted
	Reason                              string
	Explained                           []ExplainedFigure // when it was asked for
}

// ExplainedFigure is what makes a figure of a gap: its name ("before", "after", "whole" or "part") and the grants, whose amounts sum to it.
type ExplainedFigure struct {
	Figure string
	Grants []Explanation
}

// GapCell is a cell by ids; "" is any, "unspecified" what grants do not say.
type GapCell struct{ Theme, Location, Population string }

// GapResult is the answer to a GapQuery.
type GapResult struct {
	Gaps                                         []Gap // a page
	Next                                         *GapCursor
	Count                                        int // on all pages
	UnknownCount, UnconvertedCount, UndatedCount int // grants that are looked at, whose amount is not known, or not converted, or not placed in time, at least in part
	Provisional                                  bool
	Defects                                      []string // of the data, that the figures had to work around
}

// Gaps finds where money is missing (DESIGN, "Gaps"). Members are the organisations in the coalition, and those that the filter names. Allocations are those of Allocate, as
// FINAL attribution has them; joint donors are one. Nothing recorded is not the same as no money, and is never said to be.
//
// A pledge is followed by a commitment under the same grant that is dated on its day or later, and by the day that is asked about, or not at all. The time and the money of
// LATE_DISBURSEMENT are those of grants that are ACTIVE, FINALISING or CLOSED and have run for half their days; what is not all known is not late.
//
// Errors: Exhausted when there would be too much to explain.
func (s *Snapshot) Gaps(q GapQuery) (GapResult, error) {
	f := &gapFinder{GapQuery: q, snapshot: s}
	f.start()
	all := []struct {
		kind GapKind
		find func() []*found
	}{
		{UnfundedMember, f.unfunded}, {UnmetTarget, f.unmet}, {Cliff, f.cliffs}, {Dependency, f.dependencies}, {StalePledge, f.stale}, {LateDisbursement, f.late},
	}
	var gaps []*found
	for _, k := range all {
		if len(q.Kinds) == 0 || slices.Contains(q.Kinds, k.kind) {
			gaps = append(gaps, k.find()...)
		}
	}
	gaps = slices.DeleteFunc(gaps, func(g *found) bool {
		return q.MinAmount > 0 && (g.Amount == nil || g.Amount.Cmp(money.SumOf(q.MinAmount)) < 0)
	})
	slices.SortFunc(gaps, func(a, b *found) int { return a.place().compare(b.place()) })
	r := f.holdings.remarks
	out := GapResult{Count: len(gaps), UnknownCount: r.unknown, UnconvertedCount: r.unconverted, UndatedCount: r.undated, Provisional: r.provisional, Defects: append(r.defects, f.defects...)}
	if q.After != nil {
		from, here := slices.BinarySearchFunc(gaps, *q.After, func(g *found, c GapCursor) int { return g.place().compare(c) })
		if here {
			from++
		}
		gaps = gaps[from:]
	}
	if len(gaps) > q.Limit {
		gaps = gaps[:q.Limit]
		last := gaps[q.Limit-1].place()
		out.Next = &last
	}
	for _, g := range gaps {
		g.finish()
		g.GrantCount = len(g.Grants)
		g.Grants = g.Grants[:min(len(g.Grants), maxListed)]
		if q.Explain && g.explain != nil {
			if err := g.explain(); err != nil {
				return GapResult{}, err
			}
		}
		out.Gaps = append(out.Gaps, g.Gap)
	}
	return out, nil
}

// maxListed is how many grants stand by name behind one gap or one segment of a cluster.
const maxListed = 1000

// found is a gap that was found. finish adds what takes longer, once it is known to be on the page, and explain what makes its figures; it is nil when there is nothing to explain.
type found struct {
	Gap
	finish  func()
	explain func() error
}

// explained explains a figure of a gap as far as keep wants it.
func (f *gapFinder) explained(g *found, figure string, w period.Span, keep func(*ExplainedPiece) bool) error {
	only := map[int]bool{}
	for i := range f.holdings.parts {
		p := &f.holdings.parts[i]
		if _, any := p.run.Intersect(w); any && (g.Organisation == "" || f.holdings.recipientID(p.recipient) == g.Organisation) {
			only[int(p.number)] = true
		}
	}
	q := Query{Measure: Allocated, Currency: f.Currency, RateDate: f.RateDate, Filter: f.Filter, Principal: f.Principal}
	q.From, q.To = period.Date{First: w.First, Precision: period.ToDay}, period.Date{First: w.Last, Precision: period.ToDay}
	all, err := f.snapshot.explainOnly(q, only, keep)
	g.Explained = append(g.Explained, ExplainedFigure{figure, all})
	return err
}

// place is where a gap stands among all.
func (g *Gap) place() GapCursor {
	c := GapCursor{Kind: g.Kind}
	if g.Amount != nil {
		c.Amount = *g.Amount
	}
	switch {
	case g.Target != "":
		c.Of = g.Target
	case g.Cell != nil:
		c.Of = g.Cell.Theme + " " + g.Cell.Location + " " + g.Cell.Population
	case g.Kind == StalePledge || g.Kind == LateDisbursement:
		c.Of = g.Grants[0]
	default:
		c.Of = g.Organisation
	}
	return c
}

// gapFinder is a GapQuery at work.
type gapFinder struct {
	GapQuery
	snapshot      *Snapshot
	holdings      *holdings
	window        period.Span
	before, after period.Span // the twelve months up to and with AsOf, and those after it
	young         period.Day  // from which on a pledge is too young to be stale
	members       []string    // by id
	codes         map[string]int32
	byRecipient   map[int32][]int32 // indices of parts
	defects       []string
}

func (f *gapFinder) start() {
	s := f.snapshot
	f.holdings = s.newHoldings(grant.CellScope, maxTree, Filter{}, f.Principal)
	f.holdings.hold(Query{Measure: Allocated, Currency: f.Currency, RateDate: f.RateDate, Filter: f.Filter, Principal: f.Principal})
	tomorrow := period.Date{First: f.AsOf + 1, Precision: period.ToDay}
	f.before = period.Span{First: tomorrow.PlusMonths(-12) + 1, Last: f.AsOf}
	f.after = period.Span{First: f.AsOf + 1, Last: tomorrow.PlusMonths(12)}
	f.young = f.AsOf + 1
	for (period.Date{First: f.young - 1, Precision: period.ToDay}).PlusMonths(f.StaleMonths) >= f.AsOf {
		f.young--
	}
	windowed := false
	if f.window, windowed = (Query{From: f.From, To: f.To}).window(); !windowed {
		f.window = f.before
	}
	asked := s.survivors(f.Filter.Members)
	for _, e := range s.reg.All(grant.Organisations) {
		o := e.(*grant.Organisation)
		if o.Deleted == 0 && o.Successor == "" && (len(asked) == 0 && o.Member || asked[o.ID]) {
			f.members = append(f.members, o.ID)
		}
	}
	f.codes = map[string]int32{}
	for code := range f.holdings.donors.names[1] {
		f.codes[f.holdings.recipientID(int32(code))] = int32(code)
	}
	f.byRecipient = map[int32][]int32{}
	for i := range f.holdings.parts {
		code := f.holdings.parts[i].recipient
		f.byRecipient[code] = append(f.byRecipient[code], int32(i))
	}
}

// in is what a part has in a window, in all cells or in those that are accepted.
func (h *holdings) in(p *part, w period.Span, accepts func(code uint64) bool) (sum int64) {
	w, any := p.run.Intersect(w)
	if !any {
		return 0
	}
	for i := p.from; i < p.to; i++ {
		if c := &h.cells[i]; accepts == nil || accepts(c.code) {
			sum += h.amount(p, c, w)
		}
	}
	return sum
}

// weighed is a grant with what it counts for.
type weighed map[int32]int64

// ids returns the ids of the grants that count for more than nothing, the one that counts most first.
func (w weighed) ids(s *Snapshot) []string {
	var numbers []int32
	for n, v := range w {
		if v > 0 {
			numbers = append(numbers, n)
		}
	}
	id := func(n int32) string { return s.chunks[n/chunkSize].records[n%chunkSize].id }
	slices.SortFunc(numbers, func(a, b int32) int { return cmp.Or(cmp.Compare(w[b], w[a]), strings.Compare(id(a), id(b))) })
	ids := make([]string, len(numbers))
	for i, n := range numbers {
		ids[i] = id(n)
	}
	return ids
}

// quotient returns a/b.
func quotient(a, b money.Sum) *big.Rat { return new(big.Rat).Quo(a.Rat(), b.Rat()) }

// asRat returns a percentage as a fraction of 1.
func asRat(p grant.Percent) *big.Rat { return big.NewRat(int64(p), int64(grant.Whole)) }

// percentInText writes a fraction in per cent, with a decimal where there is one: 60 %, 33.3 %.
func percentInText(r *big.Rat) string {
	text := new(big.Rat).Mul(r, big.NewRat(100, 1)).FloatString(1)
	return strings.TrimSuffix(text, ".0") + " %"
}

func sumInText(c money.Currency, s money.Sum) string {
	return separated(s.Decimal(c)) + " " + string(c)
}

// spanInText writes a window in a sentence. An end that was not given is not spoken of.
func spanInText(w period.Span) string {
	var parts []string
	if w.First > MinDay {
		parts = append(parts, "from "+dayInText(w.First))
	}
	if w.Last < MaxDay {
		parts = append(parts, "to "+dayInText(w.Last))
	}
	if len(parts) == 0 {
		return "at any time"
	}
	return strings.Join(parts, " ")
}

func counted(n int, one, many string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, one)
	}
	return fmt.Sprintf("%d %s", n, many)
}
