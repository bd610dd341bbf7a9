package server

import (
	"context"
	"math/big"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/money"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type scenarios struct {
	tandemv1.UnimplementedScenarioServiceServer
	l *ledger.Ledger
}

// defaultChanged is how many changed rows, and how many placements, an answer has when it is not told.
const defaultChanged = 100

func (s scenarios) SimulateScenario(ctx context.Context, r *tandemv1.SimulateScenarioRequest) (*tandemv1.SimulateScenarioResponse, error) {
	at, err := revisionOf(ctx, s.l, r)
	if err != nil {
		return nil, err
	}
	scenario, err := read(func(in *reader) ledger.Scenario { return readScenario(in, r) })
	if err != nil {
		return nil, err
	}
	scenario.Query.Principal, scenario.Today = principalOf(ctx), today(s.l)
	outcome, err := s.l.Simulate(ctx, scenario, at)
	if err != nil {
		return nil, err
	}
	c := scenario.Query.Currency
	out := &tandemv1.SimulateScenarioResponse{
		AllocationCount: int32(len(outcome.Rows)), Total: writeDifference(c, outcome.Total), Notes: outcome.Notes, CurrencyCode: string(c), Provisional: outcome.Provisional, Revision: outcome.Revision,
	}
	size := pageSize(r.PageSize, defaultChanged)
	for _, d := range outcome.Rows[:min(len(outcome.Rows), size)] {
		out.Allocations = append(out.Allocations, writeDifference(c, d))
	}
	out.AsOf, out.OverlapCount, out.GapCount = outcome.AsOf.String(), int32(len(outcome.Overlaps)), int32(len(outcome.Gaps))
	for _, o := range outcome.Overlaps[:min(len(outcome.Overlaps), size)] {
		m := &tandemv1.SimulateScenarioResponse_OverlapChange{Difference: money.FormatMinor(c, o.Change())}
		if o.Before != nil {
			m.Before = writeOverlap(c, *o.Before)
		}
		if o.After != nil {
			m.After = writeOverlap(c, *o.After)
		}
		out.Overlaps = append(out.Overlaps, m)
	}
	for _, g := range outcome.Gaps[:min(len(outcome.Gaps), size)] {
		m := &tandemv1.SimulateScenarioResponse_GapChange{}
		if g.Before != nil {
			m.Before = writeGap(c, *g.Before)
		}
		if g.After != nil {
			m.After = writeGap(c, *g.After)
		}
		out.Gaps = append(out.Gaps, m)
	}
	return out, nil
}

func readScenario(in *reader, r *tandemv1.SimulateScenarioRequest) ledger.Scenario {
	groupBy := r.GroupBy
	if len(groupBy) == 0 {
		groupBy = []string{analysis.Member.String()}
	}
	s := ledger.Scenario{Query: readQuery(in, &tandemv1.QueryAllocationsRequest{GroupBy: groupBy, From: r.From, To: r.To})}
	if r.CurrencyCode != "" {
		s.Query.Currency = in.currency("currencyCode", r.CurrencyCode)
	}
	s.AsOf = in.dayOr(0, "asOf", r.AsOf)
	for i, m := range r.Changes {
		s.Changes = append(s.Changes, readChange(in, index("changes", i), m))
	}
	return s
}

func readChange(in *reader, at string, m *tandemv1.Change) analysis.Change {
	switch c := m.Change.(type) {
	case *tandemv1.Change_Withdraw_:
		d := in.date(at+".withdraw.date", c.Withdraw.Date)
		return analysis.Change{Kind: analysis.Withdrawal, Of: readOf(in, at+".withdraw", c.Withdraw), Date: d.First}
	case *tandemv1.Change_Delay_:
		return analysis.Change{Kind: analysis.Delay, Of: readOf(in, at+".delay", c.Delay), Months: int(c.Delay.Months)}
	case *tandemv1.Change_Scale_:
		return analysis.Change{Kind: analysis.Scaling, Of: readOf(in, at+".scale", c.Scale), Percent: in.scale(at+".scale.percent", c.Scale.Percent)}
	case *tandemv1.Change_Add_:
		id := ""
		if c.Add.Grant.Name != "" {
			id, _ = splitName(c.Add.Grant.Name)
		}
		return analysis.Change{Kind: analysis.Addition, Grant: readNewGrant(in, at+".add.grant", id, c.Add.Grant)}
	}
	return analysis.Change{}
}

// scale reads a percentage that may be above 100.
func (r *reader) scale(field string, percent float64) grant.Percent {
	hundreds := int(percent) / 100
	p := r.percent(field, percent-float64(hundreds*100))
	return grant.Percent(hundreds)*grant.Whole + p
}

// of is what a change is about.
type of interface {
	GetDonorState() string
	GetProgramme() string
	GetGrant() string
}

func readOf(in *reader, at string, m of) analysis.Of {
	return analysis.Of{
		DonorState: m.GetDonorState(), Programme: in.id(at+".programme", m.GetProgramme(), grant.Programmes), Grant: in.id(at+".grant", m.GetGrant(), grant.Grants),
	}
}

func writeDifference(c money.Currency, d analysis.Difference) *tandemv1.SimulateScenarioResponse_Difference {
	m := &tandemv1.SimulateScenarioResponse_Difference{
		Keys: d.Keys, Labels: d.Labels, Before: d.Before.Central.Decimal(c), After: d.After.Central.Decimal(c), Difference: d.Change().Decimal(c),
		GrantsBefore: int32(d.Before.GrantCount), GrantsAfter: int32(d.After.GrantCount),
	}
	if before := d.Before.Central.Big(); before.Sign() != 0 {
		m.Share = new(big.Rat).SetFrac(d.Change().Big(), before).FloatString(4)
	}
	return m
}

func (s scenarios) RankPlacements(ctx context.Context, r *tandemv1.RankPlacementsRequest) (*tandemv1.RankPlacementsResponse, error) {
	at, err := revisionOf(ctx, s.l, r)
	if err != nil {
		return nil, err
	}
	offer, err := read(func(in *reader) analysis.Offer { return readOffer(in, r) })
	if err != nil {
		return nil, err
	}
	offer.Principal = principalOf(ctx)
	ranking, revision, err := s.l.Place(ctx, offer, at)
	if err != nil {
		return nil, err
	}
	w := offer.Weights
	out := &tandemv1.RankPlacementsResponse{
		TotalSize: int32(len(ranking.Placements)), CurrencyCode: string(offer.Currency), Provisional: ranking.Provisional, Revision: revision,
		Weights: &tandemv1.Weights{UnmetTarget: int32(w.UnmetTarget), Cliff: int32(w.Cliff), Dependency: int32(w.Dependency), OverlapAvoided: int32(w.OverlapAvoided)},
	}
	for _, id := range ranking.Unconverted {
		out.UnconvertedTargets = append(out.UnconvertedTargets, nameOf(grant.Targets, id))
	}
	for _, p := range ranking.Placements[:min(len(ranking.Placements), pageSize(r.PageSize, defaultChanged))] {
		out.Placements = append(out.Placements, writePlacement(offer.Currency, p))
	}
	return out, nil
}

func readOffer(in *reader, r *tandemv1.RankPlacementsRequest) analysis.Offer {
	amount := in.money("amount", r.Amount)
	o := analysis.Offer{
		Currency: amount.Currency, Minor: amount.Minor, DonorState: r.DonorState,
		Themes: in.ids("theme", r.Theme, grant.Themes), Locations: in.ids("location", r.Location, grant.Locations), Members: in.ids("member", r.Member, grant.Organisations),
		Weights: analysis.Weights{UnmetTarget: 1, Cliff: 1, Dependency: 1, OverlapAvoided: 1},
	}
	if amount.Currency != "" && amount.Minor <= 0 {
		in.Add("amount.amount", "found %s; accepted is more than 0", r.Amount.Amount)
	}
	o.From, o.To = in.window(r.From, r.To)
	if w := r.Weights; w != nil {
		o.Weights = analysis.Weights{UnmetTarget: int(w.UnmetTarget), Cliff: int(w.Cliff), Dependency: int(w.Dependency), OverlapAvoided: int(w.OverlapAvoided)}
		if o.Weights == (analysis.Weights{}) {
			in.Add("weights", "are all 0; accepted is one above 0 at least, or no weights for 1 each")
		}
	}
	return o
}

func writePlacement(c money.Currency, p analysis.Placement) *tandemv1.RankPlacementsResponse_Placement {
	m := &tandemv1.RankPlacementsResponse_Placement{
		Member: nameOf(grant.Organisations, p.Member), MemberLabel: p.MemberLabel, Theme: nameOf(grant.Themes, p.Theme), ThemeLabel: p.ThemeLabel,
		Location: nameOf(grant.Locations, p.Location), LocationLabel: p.LocationLabel, Score: p.Score.FloatString(4),
	}
	for _, component := range p.Components {
		m.Components = append(m.Components, &tandemv1.RankPlacementsResponse_Component{
			Kind: component.Kind, Value: component.Value.FloatString(4), Amount: component.Money.Decimal(c), Reason: component.Reason,
		})
	}
	return m
}
