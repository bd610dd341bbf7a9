package grant

import (
	"iter"
	"strconv"

	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// Grant is one award by one or more funders to one or more recipients: the canonical record.
type Grant struct {
	Meta           `json:"-"`
	ID             string          `json:"id"`
	Title          string          `json:"title"`
	Description    string          `json:"description,omitempty"`
	Funders        []Participation `json:"funders"`
	Recipients     []Participation `json:"recipients,omitempty"`
	Partners       []Partner       `json:"partners,omitempty"`
	Programme      string          `json:"programme,omitempty"` // a programme's id
	Status         Status          `json:"status"`
	StatusDate     period.Date     `json:"statusDate,omitzero"`
	Start          period.Date     `json:"start,omitzero"`
	End            period.Date     `json:"end,omitzero"`
	DurationMonths int             `json:"durationMonths,omitzero"`
	Themes         []Split         `json:"themes,omitempty"`
	Locations      []Split         `json:"locations,omitempty"`
	Populations    []Split         `json:"populations,omitempty"`
	Identifiers    []string        `json:"identifiers,omitempty"`
	Sources        []Source        `json:"sources,omitempty"`
	Visibility     Visibility      `json:"visibility"`
	Shadow         bool            `json:"shadow,omitzero"`     // restricted, but others may know that there is another donor
	Successor      string          `json:"successor,omitempty"` // the id of the grant that this one was merged into
	Merger         *Merger         `json:"merger,omitzero"`     // what undoes that
	Aliases        []string        `json:"aliases,omitempty"`   // the ids of the grants that were merged into this one, directly or one through the other
	Transactions   []Transaction   `json:"transactions,omitempty"`
	Budgets        []Budget        `json:"budgets,omitempty"`
	Links          []Link          `json:"links,omitempty"`
	Reports        []Report        `json:"reports,omitempty"`
	Accepted       []Acceptance    `json:"accepted,omitempty"` // at most one for each field
	Imports        []Import        `json:"imports,omitempty"`
	Note           string          `json:"note,omitempty"`
	Serial         int             `json:"serial,omitzero"` // the last number that was given to a transaction, a link or a report
}

// Participation is an organisation's part in a grant. A nil Share is not said, which is not the same as 0.
type Participation struct {
	Organisation string   `json:"organisation"`
	Share        *Percent `json:"share,omitempty"`
}

// Partner is an organisation that takes part without giving or getting the money.
type Partner struct {
	Organisation string      `json:"organisation"`
	Role         PartnerRole `json:"role"`
}

// Split gives a part of a grant to a theme, a location or a population.
type Split struct {
	ID      string  `json:"id"`
	Percent Percent `json:"percent"`
}

// Source is where something was said.
type Source struct {
	URI   string      `json:"uri"`
	Title string      `json:"title,omitempty"`
	Date  period.Date `json:"date,omitzero"`
}

// Budget is money planned for a period. Its amount is not negative.
type Budget struct {
	Start    period.Date    `json:"start"`
	End      period.Date    `json:"end"`
	Currency money.Currency `json:"currency"`
	Minor    int64          `json:"minor"`
}

// Key implements Entity.
func (g *Grant) Key() Key { return Key{Grants, g.ID} }

// NextID returns an id for a new transaction, link or report. No id is given twice, whatever is deleted meanwhile.
func (g *Grant) NextID() string {
	g.Serial++
	return strconv.Itoa(g.Serial)
}

// Span returns the days over which the grant runs, both ends included: from its start to its end, or for its duration from its start, or, when
// these do not say, over its budgets. ok is false when it cannot be placed in time.
func (g *Grant) Span() (span period.Span, ok bool) {
	switch {
	case !g.Start.IsZero() && !g.End.IsZero():
		return period.Span{First: g.Start.First, Last: g.End.Last()}, true
	case !g.Start.IsZero() && g.DurationMonths > 0:
		return period.Span{First: g.Start.First, Last: g.Start.PlusMonths(g.DurationMonths)}, true
	}
	for i, b := range g.Budgets {
		if i == 0 || b.Start.First < span.First {
			span.First = b.Start.First
		}
		if i == 0 || b.End.Last() > span.Last {
			span.Last = b.End.Last()
		}
	}
	return span, len(g.Budgets) > 0
}

// Award returns the transaction by which the grant was awarded: its first commitment or, if it has none, its first pledge. It is nil if there is neither.
func (g *Grant) Award() *Transaction {
	var pledge *Transaction
	for i := range g.Transactions {
		switch t := &g.Transactions[i]; t.Type {
		case Commitment:
			return t
		case Pledge:
			if pledge == nil {
				pledge = t
			}
		}
	}
	return pledge
}

// References implements Entity. The targets of links are among them.
func (g *Grant) References() iter.Seq[Reference] {
	return refer(func(to *references) {
		for i, p := range g.Funders {
			to.addIn("funders", i, "organisation", Organisations, p.Organisation)
		}
		for i, p := range g.Recipients {
			to.addIn("recipients", i, "organisation", Organisations, p.Organisation)
		}
		for i, p := range g.Partners {
			to.addIn("partners", i, "organisation", Organisations, p.Organisation)
		}
		to.add("programme", Programmes, g.Programme)
		for i, s := range g.Themes {
			to.addIn("themes", i, "name", Themes, s.ID)
		}
		for i, s := range g.Locations {
			to.addIn("locations", i, "name", Locations, s.ID)
		}
		for i, s := range g.Populations {
			to.addIn("populations", i, "name", Populations, s.ID)
		}
		for i := range g.Transactions {
			t := &g.Transactions[i]
			to.addIn("transactions", i, "provider", Organisations, t.Provider)
			to.addIn("transactions", i, "receiver", Organisations, t.Receiver)
		}
		for i, l := range g.Links {
			to.addIn("links", i, "target", Grants, l.Target)
		}
		for i := range g.Reports {
			for ref := range g.Reports[i].References() {
				to.addIn("reports", i, ref.Field(), ref.Key.Kind, ref.Key.ID)
			}
		}
	})
}
