// Package bench makes synthetic worlds of grants, skewed as in life, for benchmarks that hold Tandem against a peer in the same run. It is no part of the product.
package bench

import (
	"fmt"
	"iter"
	"math"
	"math/rand"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// World says how large a world is. The same World always makes the same records.
type World struct {
	Grants, Organisations, Themes, Locations int
}

// Field is the size of a world with this many grants: 5,000 organisations of 50 donor states, 40 themes, 200 locations, 15 years.
func Field(grants int) World {
	return World{Grants: grants, Organisations: 5000, Themes: 40, Locations: 200}
}

// donors is how many of the organisations give.
const donors = 200

var states = []string{
	"US", "SE", "DE", "GB", "FR", "NO", "NL", "CH", "DK", "CA", "JP", "EU", "IE", "ES", "IT", "BE", "AT", "FI", "AU", "NZ", "PT", "PL", "CZ", "GR", "HU", "RO", "BG", "HR", "SI", "SK",
	"EE", "LV", "LT", "LU", "MT", "CY", "IS", "KR", "CN", "IN", "BR", "MX", "ZA", "TR", "AE", "SA", "QA", "KW", "UN", "PRIVATE",
}

// Registry returns the records that the grants refer to.
func (w World) Registry() []grant.Entity {
	var all []grant.Entity
	for i := range w.Organisations {
		o := &grant.Organisation{ID: organisation(i), DisplayName: fmt.Sprintf("Organisation %d", i), Member: i >= donors}
		if i < donors {
			o.State = states[i%len(states)]
		}
		all = append(all, o)
	}
	for i := range w.Themes {
		all = append(all, &grant.Term{Of: grant.Themes, ID: fmt.Sprintf("t%d", i), DisplayName: fmt.Sprintf("Theme %d", i)})
	}
	for i := range w.Locations {
		all = append(all, &grant.Term{Of: grant.Locations, ID: fmt.Sprintf("l%d", i), DisplayName: fmt.Sprintf("Location %d", i)})
	}
	return all
}

func organisation(i int) string { return fmt.Sprintf("o%d", i) }

// All makes the grants: 1 to 12 transactions, 1 to 3 themes and locations each, one to five years within fifteen, a few currencies.
func (w World) All() iter.Seq[*grant.Grant] {
	return func(yield func(*grant.Grant) bool) {
		r := rand.New(rand.NewSource(1))
		for i := range w.Grants {
			if !yield(w.grant(r, i)) {
				return
			}
		}
	}
}

// few draws from n with a few drawn most.
func few(r *rand.Rand, n int) int { return int(math.Pow(r.Float64(), 3) * float64(n)) }

func (w World) grant(r *rand.Rand, i int) *grant.Grant {
	start := period.Of(2010, 1, 1) + period.Day(r.Intn(10*365))
	g := &grant.Grant{
		ID: fmt.Sprintf("g%08d", i), Title: fmt.Sprintf("Grant %d for peacebuilding", i), Status: grant.Active, Visibility: grant.Coalition,
		Funders:    []grant.Participation{{Organisation: organisation(few(r, donors))}},
		Recipients: []grant.Participation{{Organisation: organisation(donors + few(r, w.Organisations-donors))}},
		Start:      period.Date{First: start, Precision: period.ToDay}, End: period.Date{First: start + period.Day(365+r.Intn(4*365)), Precision: period.ToDay},
		Themes: splits(r, "t", w.Themes), Locations: splits(r, "l", w.Locations), Identifiers: []string{fmt.Sprintf("XX-%d", i)},
	}
	g.Meta = grant.Meta{Revision: int64(i/1000 + 1), Created: int64(i) + 1, Updated: int64(i) + 1}
	currency := []money.Currency{"USD", "USD", "EUR", "EUR", "SEK", "GBP"}[r.Intn(6)]
	for n := range 1 + r.Intn(12) {
		kind := grant.Disbursement
		if n == 0 {
			kind = grant.Commitment
		}
		g.Transactions = append(g.Transactions, grant.Transaction{
			ID: g.NextID(), Type: kind, Date: period.Date{First: start + period.Day(n*60), Precision: period.ToDay},
			Amount: money.Amount{Currency: currency, Minor: int64(r.Intn(500_000_000)) + 1},
		})
	}
	return g
}

func splits(r *rand.Rand, prefix string, n int) []grant.Split {
	weights := [][]grant.Percent{{100_000_000}, {60_000_000, 40_000_000}, {50_000_000, 30_000_000, 20_000_000}}[r.Intn(3)]
	first := few(r, n-3)
	out := make([]grant.Split, len(weights))
	for i, p := range weights {
		out[i] = grant.Split{ID: fmt.Sprintf("%s%d", prefix, first+i), Percent: p}
	}
	return out
}
