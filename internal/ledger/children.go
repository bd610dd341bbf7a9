package ledger

import (
	"context"
	"slices"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// CreateTransaction adds a transaction to a grant, gives it an id, and returns it with the grant. Errors as of Update.
func (l *Ledger) CreateTransaction(ctx context.Context, w Write, id string, t grant.Transaction) (grant.Transaction, *grant.Grant, error) {
	g, err := l.updateGrant(ctx, w, id, func(g *grant.Grant) error {
		t.ID = g.NextID()
		g.Transactions = append(g.Transactions, t)
		return nil
	})
	if err != nil {
		return t, nil, err
	}
	// A repeated request answers with the grant of its first time, where the new transaction is the last.
	return g.Transactions[len(g.Transactions)-1], g, nil
}

// UpdateTransaction changes a transaction and returns it with the grant. Errors as of Update; NotFound also if the grant has no such transaction.
func (l *Ledger) UpdateTransaction(ctx context.Context, w Write, id, transaction string, change func(*grant.Grant, *grant.Transaction) error) (grant.Transaction, *grant.Grant, error) {
	var changed grant.Transaction
	g, err := l.updateGrant(ctx, w, id, func(g *grant.Grant) error {
		i, err := findTransaction(g, transaction)
		if err != nil {
			return err
		}
		return change(g, &g.Transactions[i])
	})
	if err == nil {
		i, _ := findTransaction(g, transaction)
		changed = g.Transactions[i]
	}
	return changed, g, err
}

// DeleteTransaction takes a transaction off its grant and returns both. Errors as of UpdateTransaction.
func (l *Ledger) DeleteTransaction(ctx context.Context, w Write, id, transaction string) (grant.Transaction, *grant.Grant, error) {
	removed := grant.Transaction{ID: transaction}
	g, err := l.updateGrant(ctx, w, id, func(g *grant.Grant) error {
		i, err := findTransaction(g, transaction)
		if err != nil {
			return err
		}
		removed = g.Transactions[i]
		g.Transactions = slices.Delete(g.Transactions, i, i+1)
		return nil
	})
	return removed, g, err
}

// CreateLink relates a grant to another, gives the link an id and signs it, and returns it with the grant. A link to a grant that was merged leads to
// the survivor. Errors as of Update; Invalid also if the link leads in a circle, is there already, or denies another between the two.
func (l *Ledger) CreateLink(ctx context.Context, w Write, id string, link grant.Link) (grant.Link, *grant.Grant, error) {
	g, err := l.updateGrant(ctx, w, id, func(g *grant.Grant) error {
		link.ID = g.NextID()
		g.Links = append(g.Links, link)
		return nil
	})
	if err != nil {
		return link, nil, err
	}
	return g.Links[len(g.Links)-1], g, nil
}

// DeleteLink takes a link off its grant and returns both. Errors as of Update; NotFound also if the grant has no such link.
func (l *Ledger) DeleteLink(ctx context.Context, w Write, id, link string) (grant.Link, *grant.Grant, error) {
	removed := grant.Link{ID: link}
	g, err := l.updateGrant(ctx, w, id, func(g *grant.Grant) error {
		i := slices.IndexFunc(g.Links, func(l grant.Link) bool { return l.ID == link })
		if i < 0 {
			return fault.New(fault.NotFound, "%q does not exist", "grants/"+id+"/links/"+link)
		}
		removed = g.Links[i]
		g.Links = slices.Delete(g.Links, i, i+1)
		return nil
	})
	return removed, g, err
}

func (l *Ledger) updateGrant(ctx context.Context, w Write, id string, change func(*grant.Grant) error) (*grant.Grant, error) {
	e, err := l.Update(ctx, w, "grant", grant.Key{Kind: grant.Grants, ID: id}, func(e grant.Entity) (grant.Entity, error) { return e, change(e.(*grant.Grant)) })
	if err != nil {
		return nil, err
	}
	return e.(*grant.Grant), nil
}

func findTransaction(g *grant.Grant, id string) (int, error) {
	i := slices.IndexFunc(g.Transactions, func(t grant.Transaction) bool { return t.ID == id })
	if i < 0 {
		return 0, fault.New(fault.NotFound, "%q does not exist", g.Key().String()+"/transactions/"+id)
	}
	return i, nil
}
