package server

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type transactions struct {
	tandemv1.UnimplementedTransactionServiceServer
	l *ledger.Ledger
}

func (s transactions) GetTransaction(ctx context.Context, r *tandemv1.GetTransactionRequest) (*tandemv1.Transaction, error) {
	g, child, err := childOf(ctx, s.l, r, r.Name)
	if err != nil {
		return nil, err
	}
	for i := range g.Transactions {
		if t := &g.Transactions[i]; t.ID == child {
			return writeTransaction(g, etagOf(&g.Meta), t), nil
		}
	}
	return nil, fault.New(fault.NotFound, "%q does not exist", r.Name)
}

func (s transactions) ListTransactions(ctx context.Context, r *tandemv1.ListTransactionsRequest) (*tandemv1.ListTransactionsResponse, error) {
	p, err := listChildren(ctx, s.l, r, func(g *grant.Grant, _ int64) ([]*tandemv1.Transaction, error) { return writeGrant(g).Transactions, nil })
	return &tandemv1.ListTransactionsResponse{Transactions: p.items, NextPageToken: p.next, TotalSize: p.total, Revision: p.revision}, err
}

func (s transactions) CreateTransaction(ctx context.Context, r *tandemv1.CreateTransactionRequest) (*tandemv1.Transaction, error) {
	t, err := read(func(in *reader) grant.Transaction { return readTransaction(in, "transaction", r.Transaction) })
	if err != nil {
		return nil, err
	}
	id, _ := splitName(r.Parent)
	t, g, err := s.l.CreateTransaction(ctx, writeOf(ctx, r, r.Transaction.Etag), id, t)
	return transactionOf(g, t, err)
}

func (s transactions) UpdateTransaction(ctx context.Context, r *tandemv1.UpdateTransactionRequest) (*tandemv1.Transaction, error) {
	if r.Transaction.Name == "" {
		return nil, fault.Field("transaction.name", "is missing")
	}
	id, child := splitName(r.Transaction.Name)
	t, g, err := s.l.UpdateTransaction(ctx, writeOf(ctx, r, r.Transaction.Etag), id, child, func(g *grant.Grant, t *grant.Transaction) error {
		whole := writeTransaction(g, "", t)
		if err := applyMask(whole, r.Transaction, r.UpdateMask); err != nil {
			return err
		}
		changed, err := read(func(in *reader) grant.Transaction { return readTransaction(in, "transaction", whole) })
		changed.ID, changed.Origin = t.ID, t.Origin
		*t = changed
		return err
	})
	return transactionOf(g, t, err)
}

func (s transactions) DeleteTransaction(ctx context.Context, r *tandemv1.DeleteTransactionRequest) (*tandemv1.Transaction, error) {
	id, child := splitName(r.Name)
	t, g, err := s.l.DeleteTransaction(ctx, writeOf(ctx, r, r.Etag), id, child)
	return transactionOf(g, t, err)
}

func transactionOf(g *grant.Grant, t grant.Transaction, err error) (*tandemv1.Transaction, error) {
	if err != nil {
		return nil, err
	}
	return writeTransaction(g, etagOf(&g.Meta), &t), nil
}

// readTransaction reads all of a transaction but its id.
func readTransaction(r *reader, at string, m *tandemv1.Transaction) grant.Transaction {
	return grant.Transaction{
		Type: transactionTypes.in(m.Type), Date: r.date(at+".date", m.Date), ValueDate: r.date(at+".valueDate", m.ValueDate),
		Amount: r.amount(at+".amount", m.Amount), Description: m.Description,
		Provider: r.id(at+".provider", m.Provider, grant.Organisations), Receiver: r.id(at+".receiver", m.Receiver, grant.Organisations), Source: m.Source,
	}
}

func writeTransaction(g *grant.Grant, etag string, t *grant.Transaction) *tandemv1.Transaction {
	return &tandemv1.Transaction{
		Name: g.ChildName("transactions", t.ID), Type: transactionTypes.out(t.Type), Date: t.Date.String(), ValueDate: t.ValueDate.String(),
		Amount: amountOf(t.Amount), Description: t.Description,
		Provider: nameOf(grant.Organisations, t.Provider), Receiver: nameOf(grant.Organisations, t.Receiver), Source: t.Source, Etag: etag, Origin: t.Origin,
	}
}

// childOf returns the grant in a child's name, if it stands, and the child's id. For a grant that was merged it is the one that stands for it, with the id
// that the child has there.
func childOf(ctx context.Context, l *ledger.Ledger, r asOf, name string) (*grant.Grant, string, error) {
	at, err := revisionOf(ctx, l, r)
	if err != nil {
		return nil, "", err
	}
	parts := strings.Split(name, "/")
	g, child, err := l.GetChild(ctx, principalOf(ctx), parts[1], parts[2], parts[3], at)
	if err != nil {
		return nil, "", err
	}
	return g, child, undeleted(g)
}

// parentOf returns the grant whose children are asked for, if it stands.
func parentOf(ctx context.Context, l *ledger.Ledger, r asOf, name string) (*grant.Grant, error) {
	at, err := revisionOf(ctx, l, r)
	if err != nil {
		return nil, err
	}
	id, _ := splitName(name)
	e, err := l.Get(ctx, principalOf(ctx), grant.Key{Kind: grant.Grants, ID: id}, at)
	if err != nil {
		return nil, err
	}
	g := e.(*grant.Grant)
	return g, undeleted(g)
}

func undeleted(g *grant.Grant) error {
	if g.Deleted != 0 {
		return fault.New(fault.NotFound, "%q is deleted", g.Key())
	}
	return nil
}

// childList is what requests for the children of a grant say.
type childList interface {
	proto.Message
	asOf
	GetParent() string
	GetPageSize() int32
	GetPageToken() string
}

// listChildren lists the children of a grant in the order in which they were recorded, and after them those of other grants.
func listChildren[M interface{ GetName() string }](ctx context.Context, l *ledger.Ledger, r childList, children func(g *grant.Grant, at int64) ([]M, error)) (listed[M], error) {
	var out listed[M]
	after, err := readToken(r, r.GetPageToken())
	if err != nil {
		return out, err
	}
	at, err := revisionOf(ctx, l, r)
	if err != nil {
		return out, err
	}
	g, err := parentOf(ctx, l, r, r.GetParent())
	if err != nil {
		return out, err
	}
	all, err := children(g, at)
	if err != nil {
		return out, err
	}
	out.total, out.revision = int32(len(all)), g.Revision
	for after != nil && len(all) > 0 && comparePlaces(placeOf(g, all[0].GetName()), *after) <= 0 {
		all = all[1:]
	}
	if size := pageSize(r.GetPageSize(), defaultPage); len(all) > size {
		all = all[:size]
		out.next = nextToken(r, placeOf(g, all[size-1].GetName()))
	}
	out.items = all
	return out, nil
}

// placeOf is where a child stands in the list of a grant's: by the grant that it is of, its own first, and by the number that this gave it.
func placeOf(g *grant.Grant, name string) token {
	of, child := splitName(name)
	if of == g.ID {
		of = ""
	}
	n, _ := strconv.ParseInt(child, 10, 64) // ids of children are numbers that the grant made
	return token{Value: n, ID: of}
}

func comparePlaces(a, b token) int {
	return cmp.Or(strings.Compare(a.ID, b.ID), cmp.Compare(a.Value, b.Value))
}
