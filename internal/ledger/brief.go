package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// BriefQuery says what a brief is about: a donor state, a member (an organisation's id), or, with neither, the whole coalition.
type BriefQuery struct {
	DonorState, Member string
	Currency           money.Currency
	From, To           period.Date // the window; no date: two years back, and two ahead, of AsOf
	AsOf               period.Day
	Principal          grant.Principal
}

// Brief is what a roundtable needs to know, as known at a revision.
type Brief struct {
	BriefQuery
	Label        string // of what it is about
	Totals       []BriefTotal
	Breakdowns   []BriefBreakdown
	Endings      []BriefGrant // at most maxBriefGrants
	EndingCount  int
	Stale        []BriefGrant // at most maxBriefGrants
	StaleCount   int
	Overlaps     []analysis.Overlap // at most maxBriefItems, on which nobody has decided
	OverlapCount int
	Gaps         []analysis.Gap // at most maxBriefItems
	GapCount     int
	Remarks      []Remark
	Provisional  bool
	Revision     int64
}

// BriefTotal is the money of a measure in the window.
type BriefTotal struct {
	Measure analysis.Measure
	Row     analysis.Row
}

// BriefBreakdown is what was allocated in the window by some dimensions.
type BriefBreakdown struct {
	GroupBy []analysis.Dimension
	Rows    []analysis.Row
}

// BriefGrant is a grant in a list of a brief.
type BriefGrant struct {
	Grant               *grant.Grant
	Funders, Recipients string          // names for people
	Ending              analysis.Ending // of one that ends soon
}

// Remark is something that the figures of a brief do not say.
type Remark struct {
	Kind   string
	Text   string
	Grants []string // ids, at most maxBriefGrants
	Count  int
}

// maxBriefItems is how many overlaps and how many gaps a brief names; how many there are is said beside them.
const maxBriefItems = 50

// maxBriefGrants is how many grants a list of a brief names; how many there are is said beside it.
const maxBriefGrants = 100

// Brief puts a brief together, as known at a revision (0: the newest). Errors: Invalid if a member or a donor state was never recorded; those of Allocations.
func (l *Ledger) Brief(ctx context.Context, q BriefQuery, at int64) (Brief, error) {
	state, err := l.StateAt(ctx, at)
	if err != nil {
		return Brief{}, err
	}
	year, _, _ := q.AsOf.Civil()
	if q.From.IsZero() {
		q.From = period.Date{First: period.Of(year-2, 1, 1), Precision: period.ToYear}
	}
	if q.To.IsZero() {
		q.To = period.Date{First: period.Of(year+2, 1, 1), Precision: period.ToYear}
	}
	b := &briefing{Brief: Brief{BriefQuery: q, Revision: state.Revision}, state: state}
	if err := b.subject(); err != nil {
		return Brief{}, err
	}
	if err := b.figures(); err != nil {
		return Brief{}, err
	}
	if err := b.overlaps(ctx, l); err != nil {
		return Brief{}, err
	}
	if err := b.gaps(); err != nil {
		return Brief{}, err
	}
	review := state.Snapshot.Review(b.query(), q.AsOf)
	b.remarks(review)
	if err := b.grants(ctx, l.Store, review); err != nil {
		return Brief{}, err
	}
	return b.Brief, nil
}

// briefing is a brief that is being put together.
type briefing struct {
	Brief
	state       *State
	undisclosed bool // see analysis.Row
}

// subject names what the brief is about.
func (b *briefing) subject() error {
	switch {
	case b.DonorState != "":
		b.Label = grant.StateName(b.DonorState)
	case b.Member != "":
		k := grant.Key{Kind: grant.Organisations, ID: b.Member}
		if b.state.Registry.Get(k) == nil {
			return fault.Field("member", "%q does not exist", k)
		}
		b.Member = b.state.Registry.Survivor(b.Member)
		b.Label = b.state.Registry.Label(grant.Key{Kind: grant.Organisations, ID: b.Member})
	default:
		b.Label = "The coalition"
	}
	return nil
}

// query is the brief's question of allocations.
func (b *briefing) query(by ...analysis.Dimension) analysis.Query {
	q := analysis.Query{GroupBy: by, Currency: b.Currency, From: b.From, To: b.To, Principal: b.Principal}
	if b.DonorState != "" {
		q.Filter.DonorStates = []string{b.DonorState}
	}
	if b.Member != "" {
		q.Filter.Members = []string{b.Member}
	}
	return q
}

// figures reckons the totals and the breakdowns.
func (b *briefing) figures() error {
	for _, m := range []analysis.Measure{analysis.Allocated, analysis.Committed, analysis.Disbursed, analysis.Pledged} {
		q := b.query()
		q.Measure = m
		r, err := b.state.Snapshot.Allocate(q)
		if err != nil {
			return err
		}
		b.Provisional, b.undisclosed = b.Provisional || r.Provisional, b.undisclosed || r.Total.Undisclosed
		b.Totals = append(b.Totals, BriefTotal{m, r.Total})
		if m == analysis.Allocated {
			for _, d := range r.Defects {
				b.Remarks = append(b.Remarks, Remark{Kind: "DEFECT", Text: "Defect of the data: " + d + "."})
			}
		}
	}
	from := analysis.DonorState // whose money it is, seen from the other side
	if b.DonorState != "" {
		from = analysis.Member
	}
	by := [][]analysis.Dimension{{analysis.Year, from}, {analysis.Year}, {from}, {analysis.Theme}, {analysis.Location}}
	if b.DonorState == "" && b.Member == "" {
		by = append(by, []analysis.Dimension{analysis.Member})
	}
	for _, dimensions := range by {
		r, err := b.state.Snapshot.Allocate(b.query(dimensions...))
		if err != nil {
			return err
		}
		rows := r.Rows
		if dimensions[0] != analysis.Year {
			rows = rows.ByCentral(true)
		}
		b.Breakdowns = append(b.Breakdowns, BriefBreakdown{dimensions, slices.Collect(rows.All())})
	}
	return nil
}

// overlaps finds what is to be talked about.
func (b *briefing) overlaps(ctx context.Context, l *Ledger) error {
	res, err := b.state.Snapshot.Overlaps(analysis.OverlapQuery{
		Scope: grant.MemberScope, Currency: b.Currency, From: b.From, To: b.To, Filter: b.query().Filter, Undecided: true, Limit: maxBriefItems, Principal: b.Principal,
	})
	if err != nil {
		return err
	}
	b.Overlaps, b.OverlapCount, b.Provisional = res.Overlaps, res.Count, b.Provisional || res.Provisional
	return l.suggest(ctx, b.Overlaps, b.Revision)
}

// gaps finds where money is missing. What a donor state does not give to members that it has nothing to do with is no gap of its own; that targets are not met is everybody's.
func (b *briefing) gaps() error {
	filter := b.query().Filter
	queries := []analysis.GapQuery{{Filter: filter}}
	if b.DonorState != "" {
		queries = []analysis.GapQuery{{Kinds: []analysis.GapKind{analysis.UnmetTarget}}, {Kinds: []analysis.GapKind{analysis.Cliff, analysis.StalePledge, analysis.LateDisbursement}, Filter: filter}}
	}
	for _, q := range queries {
		q.AsOf, q.Currency, q.Thresholds, q.Principal = b.AsOf, b.Currency, analysis.DefaultThresholds(), b.Principal
		q.Limit = maxBriefItems - len(b.Gaps)
		res, err := b.state.Snapshot.Gaps(q)
		if err != nil {
			return err
		}
		b.Gaps, b.GapCount, b.Provisional = append(b.Gaps, res.Gaps...), b.GapCount+res.Count, b.Provisional || res.Provisional
	}
	return nil
}

// remarks says what the figures do not.
func (b *briefing) remarks(r analysis.Review) {
	for _, m := range []struct {
		kind, one, many string
		ids             []string
	}{
		{"UNKNOWN_AMOUNT", "The amount of 1 grant is unknown: there is more money than shown.", "The amount of %d grants is unknown: there is more money than shown.", r.Unknown},
		{"UNCONVERTED", "Money of 1 grant could not be converted for want of a rate, and is not in the figures.", "Money of %d grants could not be converted for want of a rate, and is not in the figures.", r.Unconverted},
		{"UNCONFIRMED", "Of 1 grant nobody has confirmed what is recorded.", "Of %d grants nobody has confirmed what is recorded.", r.Unconfirmed},
		{"UNDATED", "1 grant cannot be placed in time, and is in no window.", "%d grants cannot be placed in time, and are in no window.", r.Undated},
		{"UNSPECIFIED", "1 grant names no recipient.", "%d grants name no recipient.", r.NoRecipient},
		{"UNSPECIFIED", "1 grant names no theme.", "%d grants name no theme.", r.NoTheme},
		{"UNSPECIFIED", "1 grant names no location.", "%d grants name no location.", r.NoLocation},
	} {
		remark := Remark{Kind: m.kind, Text: m.one, Count: len(m.ids), Grants: m.ids[:min(len(m.ids), maxBriefGrants)]}
		switch {
		case remark.Count == 0:
			continue
		case remark.Count > 1:
			remark.Text = fmt.Sprintf(m.many, remark.Count)
		}
		b.Remarks = append(b.Remarks, remark)
	}
	if b.undisclosed {
		b.Remarks = append(b.Remarks, Remark{Kind: "UNDISCLOSED", Text: "Another donor, undisclosed, is present."})
	}
	if b.Provisional {
		b.Remarks = append(b.Remarks, Remark{Kind: "PROVISIONAL", Text: "Some dates lie after the newest exchange rate; their money was converted at that one."})
	}
}

// grants reads the grants of the lists.
func (b *briefing) grants(ctx context.Context, store Store, r analysis.Review) error {
	b.EndingCount, b.StaleCount = len(r.Ending), len(r.Stale)
	var ending, stale []string
	for _, e := range r.Ending[:min(len(r.Ending), maxBriefGrants)] {
		ending = append(ending, e.ID)
	}
	for _, s := range r.Stale[:min(len(r.Stale), maxBriefGrants)] {
		stale = append(stale, s.ID)
	}
	var err error
	if b.Stale, err = b.read(ctx, store, stale); err != nil {
		return err
	}
	b.Endings, err = b.read(ctx, store, ending)
	for i := range b.Endings {
		b.Endings[i].Ending = r.Ending[i]
	}
	return err
}

func (b *briefing) read(ctx context.Context, store Store, ids []string) ([]BriefGrant, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	keys := make([]grant.Key, len(ids))
	for i, id := range ids {
		keys[i] = grant.Key{Kind: grant.Grants, ID: id}
	}
	versions, err := store.GetAll(ctx, keys, b.Revision)
	if err != nil {
		return nil, err
	}
	out := make([]BriefGrant, len(versions))
	for i, v := range versions {
		e, err := decode(v)
		if err != nil {
			return nil, err
		}
		g := e.(*grant.Grant)
		out[i] = BriefGrant{Grant: g, Funders: b.names(g.Funders), Recipients: b.names(g.Recipients)}
	}
	return out, nil
}

// names are the names of those who take part.
func (b *briefing) names(ps []grant.Participation) string {
	names := make([]string, len(ps))
	for i, p := range ps {
		names[i] = b.state.Registry.Label(grant.Key{Kind: grant.Organisations, ID: b.state.Registry.Survivor(p.Organisation)})
	}
	return strings.Join(names, ", ")
}
