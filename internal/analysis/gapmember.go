package analysis

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// partsOf calls f for each part of a member.
func (f *gapFinder) partsOf(member string, each func(*part)) {
	if code, ok := f.codes[member]; ok {
		for _, i := range f.byRecipient[code] {
			each(&f.holdings.parts[i])
		}
	}
}

// unfunded finds the members for whom nothing is recorded in the window, a grant of unknown amount included.
func (f *gapFinder) unfunded() (gaps []*found) {
	recorded, undated := map[int32]bool{}, map[int32]map[int32]bool{}
	for _, parts := range [2][]part{f.holdings.parts, f.holdings.silent} {
		for i := range parts {
			p := &parts[i]
			if _, any := p.run.Intersect(f.window); any {
				recorded[p.recipient] = true
			}
			if p.run.Days() == 0 {
				if undated[p.recipient] == nil {
					undated[p.recipient] = map[int32]bool{}
				}
				undated[p.recipient][p.number] = true
			}
		}
	}
	for _, id := range f.members {
		code, given := f.codes[id]
		if given && recorded[code] {
			continue
		}
		g := &found{Gap: Gap{Kind: UnfundedMember, Organisation: id, Window: f.window}}
		g.finish = func() {
			g.LastUpdate = f.lastUpdate(id)
			g.Reason = fmt.Sprintf("Nothing is recorded for %s %s; its records last changed on %s.", f.label(id), spanInText(f.window), dayInText(dayOf(g.LastUpdate)))
			if n := len(undated[code]); given && n > 0 {
				g.Reason += " " + capital(counted(n, "grant to it has no dates", "grants to it have no dates")) + "."
			}
		}
		gaps = append(gaps, g)
	}
	return gaps
}

// lastUpdate returns when a member or a grant to it that the principal sees last changed.
func (f *gapFinder) lastUpdate(member string) int64 {
	last := f.snapshot.reg.Organisation(member).Updated
	sieve := f.snapshot.newSieve(Filter{Members: []string{member}}, f.Principal)
	f.snapshot.each(func(r *record) {
		if r.updated > last && !r.deleted && sieve.passes(r) && sieve.holds(r) {
			last = r.updated
		}
	})
	return last
}

// dayOf returns the day of an instant, in UTC.
func dayOf(instant int64) period.Day { return period.Day(instant / (24 * 60 * 60 * 1_000_000)) }

func (f *gapFinder) label(member string) string {
	return f.snapshot.reg.Label(grant.Key{Kind: grant.Organisations, ID: member})
}

// dependencies finds the members whose largest donor state gives at least so much of what they have in the window.
func (f *gapFinder) dependencies() (gaps []*found) {
	for _, id := range f.members {
		shares := map[int32]money.Sum{}
		inexact := false
		f.partsOf(id, func(p *part) {
			sum := shares[p.states]
			sum.Add(f.holdings.in(p, f.window, nil))
			shares[p.states] = sum
			inexact = inexact || p.inexact
		})
		amounts := map[string]money.Sum{}
		for code, sum := range shares {
			amounts[f.holdings.donors.names[0][code].key] = sum
		}
		c := concentrationOf(amounts)
		if c.Total.Cmp(money.Sum{}) <= 0 || c.Share.Cmp(asRat(f.Dependency)) < 0 {
			continue
		}
		g := &found{Gap: Gap{
			Kind: Dependency, Organisation: id, DonorState: c.Largest, Window: f.window, Whole: &c.Total, Part: &c.LargestAmount, Amount: &c.LargestAmount, Share: c.Share, HHI: c.HHI, Inexact: inexact,
		}}
		g.finish = func() {
			grants := weighed{}
			f.partsOf(id, func(p *part) {
				if f.holdings.donors.names[0][p.states].key == c.Largest {
					grants[p.number] += f.holdings.in(p, f.window, nil)
				}
			})
			g.Grants = grants.ids(f.snapshot)
			g.Reason = capital(fmt.Sprintf("%s gives %s of the %s that are recorded for %s %s; the concentration (HHI) is %s of 10,000.", donorsInText(c.Largest), percentInText(c.Share),
				sumInText(f.Currency, c.Total), f.label(id), spanInText(f.window), separated(c.HHI.FloatString(0))))
		}
		g.explain = func() error {
			// A donor whose amounts are below nothing is in no share.
			of := func(p *ExplainedPiece) string { return f.snapshot.donorStateKey(strings.Join(p.Donors, joint)).key }
			if err := f.explained(g, "whole", f.window, func(p *ExplainedPiece) bool { return f.isOf(p, id) && amounts[of(p)].Cmp(money.Sum{}) > 0 }); err != nil {
				return err
			}
			return f.explained(g, "part", f.window, func(p *ExplainedPiece) bool { return f.isOf(p, id) && of(p) == c.Largest })
		}
		gaps = append(gaps, g)
	}
	return gaps
}

// isOf tells whether a piece is money of a member.
func (f *gapFinder) isOf(p *ExplainedPiece, member string) bool {
	return f.snapshot.reg.Survivor(p.Recipient) == member
}

// fall is what someone or something has in the twelve months before and after a day, and what it is made of.
type fall struct {
	before, after money.Sum
	inexact       bool
	made          []fallen
}

// fallen is what a part has in a cell before and after.
type fallen struct {
	part          int32
	before, after int64
}

// share is the fall as a fraction of what was before; nil when there was nothing or it does not fall enough.
func (l *fall) share(least grant.Percent) *big.Rat {
	if l == nil || l.before.Cmp(money.Sum{}) <= 0 {
		return nil
	}
	share := quotient(l.before.Minus(l.after), l.before)
	if share.Sign() <= 0 || share.Cmp(asRat(least)) < 0 {
		return nil
	}
	return share
}

// cliffs finds the members and the cells whose allocation falls.
func (f *gapFinder) cliffs() (gaps []*found) {
	members, cells := map[int32]*fall{}, map[[3]int32]*fall{}
	h := f.holdings
	rolled := f.snapshot.newTerms(max(f.Depth, 1), func(list int) []string { return h.termIDs(list - themes) })
	for i := range h.parts {
		p := &h.parts[i]
		before, anyBefore := p.run.Intersect(f.before)
		after, anyAfter := p.run.Intersect(f.after)
		for j := p.from; j < p.to; j++ {
			c, made := &h.cells[j], fallen{part: int32(i)}
			if anyBefore {
				made.before = h.amount(p, c, before)
			}
			if anyAfter {
				made.after = h.amount(p, c, after)
			}
			if made.before != 0 || made.after != 0 {
				addFall(members, p.recipient, made, p.inexact)
				addFall(cells, rolled.rolled(h.codes(c.code)), made, p.inexact)
			}
		}
	}
	for _, id := range f.members {
		code, given := f.codes[id]
		if share := members[code].share(f.Cliff); given && share != nil {
			gaps = append(gaps, f.cliff(Gap{Organisation: id}, members[code], share, f.label(id)))
		}
	}
	for key, l := range cells {
		share := l.share(f.Cliff)
		if share == nil {
			continue
		}
		var ids [3]string
		for i, code := range key {
			ids[i] = grant.Unspecified
			if code != none {
				ids[i] = idOf(rolled.names[i][code].key)
			}
		}
		gaps = append(gaps, f.cliff(Gap{Cell: &GapCell{ids[0], ids[1], ids[2]}}, l, share, f.snapshot.cellInText(ids[0], ids[1], ids[2])))
	}
	return gaps
}

func addFall[K comparable](to map[K]*fall, key K, made fallen, inexact bool) {
	l := to[key]
	if l == nil {
		l = &fall{}
		to[key] = l
	}
	l.before.Add(made.before)
	l.after.Add(made.after)
	l.inexact = l.inexact || inexact
	l.made = append(l.made, made)
}

// rolled rolls the codes of a cell up.
func (k *keyring) rolled(codes [3]int32) (rolled [3]int32) {
	for i, c := range codes {
		if rolled[i] = none; c != none {
			rolled[i] = k.roll[i][c]
		}
	}
	return rolled
}

// cliff makes a gap of a fall.
func (f *gapFinder) cliff(of Gap, l *fall, share *big.Rat, label string) *found {
	amount := l.before.Minus(l.after)
	g := &found{Gap: of}
	g.Kind, g.Window, g.Before, g.After, g.Amount, g.Share, g.Inexact = Cliff, period.Span{First: f.before.First, Last: f.after.Last}, &l.before, &l.after, &amount, share, l.inexact
	g.finish = func() {
		falls, ends := weighed{}, map[int32]bool{}
		for _, m := range l.made {
			p := &f.holdings.parts[m.part]
			falls[p.number] += m.before - m.after
			ends[p.number] = p.run.Last < f.after.Last
		}
		g.Grants = falls.ids(f.snapshot)
		ending := 0
		for n, less := range falls {
			if less > 0 && ends[n] {
				ending++
			}
		}
		g.Reason = capital(fmt.Sprintf("Money for %s falls by %s, from %s in the 12 months up to %s to %s in the 12 months after; %s.", label, percentInText(share), sumInText(f.Currency, l.before),
			dayInText(f.AsOf), sumInText(f.Currency, l.after), counted(ending, "grant ends", "grants end")))
		if g.Cell != nil {
			f.elsewhere(g, f.after)
		}
	}
	g.explain = func() error {
		of := func(p *ExplainedPiece) bool { return f.isOf(p, g.Organisation) }
		if g.Cell != nil {
			of = func(p *ExplainedPiece) bool {
				return f.snapshot.rolledUp(p, max(f.Depth, 1)) == [3]string{g.Cell.Theme, g.Cell.Location, g.Cell.Population}
			}
		}
		if err := f.explained(g, "before", f.before, of); err != nil {
			return err
		}
		return f.explained(g, "after", f.after, of)
	}
	return g
}
