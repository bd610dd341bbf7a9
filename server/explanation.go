package server

import (
	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

func writeExplanations(c money.Currency, all []analysis.Explanation) []*tandemv1.Explanation {
	var out []*tandemv1.Explanation
	for _, x := range all {
		m := &tandemv1.Explanation{
			Grant: nameOf(grant.Grants, x.Grant), Converted: money.FormatMinor(c, x.Converted), Placed: money.FormatMinor(c, x.Placed), Amount: x.Amount.Decimal(c),
		}
		for _, f := range x.Flows {
			m.Flows = append(m.Flows, writeFlow(c, f))
		}
		for _, p := range x.Pieces {
			m.Pieces = append(m.Pieces, writePiece(c, p))
		}
		out = append(out, m)
	}
	return out
}

func writeFlow(c money.Currency, f analysis.ExplainedFlow) *tandemv1.Explanation_Flow {
	m := &tandemv1.Explanation_Flow{Type: transactionTypes.out(f.Type), Date: f.Date.String()}
	if f.Original != nil {
		m.Original = moneyOf(f.Original.Currency, f.Original.Minor)
	}
	if f.Converted != nil {
		m.Converted = money.FormatMinor(c, *f.Converted)
	}
	for _, r := range f.Rates {
		for _, q := range r.Quotes {
			m.Rates = append(m.Rates, &tandemv1.Explanation_EuroRate{CurrencyCode: string(q.Currency), Date: r.Day.String(), Value: q.Decimal()})
		}
	}
	return m
}

func writePiece(c money.Currency, p analysis.ExplainedPiece) *tandemv1.Explanation_Piece {
	m := &tandemv1.Explanation_Piece{
		Recipient: specified(grant.Organisations, p.Recipient), Theme: specified(grant.Themes, p.Theme), Location: specified(grant.Locations, p.Location),
		Population: specified(grant.Populations, p.Population), Share: p.Share.RatString(), Date: p.Date.String(), Amount: money.FormatMinor(c, p.Amount),
	}
	for _, id := range p.Donors {
		m.Donors = append(m.Donors, nameOf(grant.Organisations, id))
	}
	if p.Time != nil {
		m.Time, m.From, m.To = p.Time.RatString(), p.Window.First.String(), p.Window.Last.String()
	}
	return m
}
