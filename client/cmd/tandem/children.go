package main

import (
	"fmt"
	"strings"

	"github.com/allmep/tandem/client"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type transactionCommands struct {
	Add    transactionAdd    `cmd:"" help:"Record a transaction on a grant."`
	List   transactionList   `cmd:"" help:"List the transactions of a grant."`
	Delete transactionDelete `cmd:"" help:"Take a transaction off its grant."`
}

type transactionAdd struct {
	Grant       string `arg:"" help:"The grant's id."`
	Type        string `help:"pledge, commitment, disbursement, expenditure, reimbursement or cancellation." required:""`
	Amount      string `help:"'100000 USD', 'at least …', 'up to …', 'about …', '1000..2000 EUR' or 'unknown'." required:""`
	Date        string `help:"When it happened."`
	ValueDate   string `help:"The day whose exchange rate holds, where it is another." placeholder:"DATE"`
	Description string `help:"What it was for."`
	Source      string `help:"Where it was said." placeholder:"URI"`
}

// Run records a transaction.
func (c *transactionAdd) Run(s *session) error {
	kind, err := word[tandemv1.Transaction_Type]("type", c.Type, tandemv1.Transaction_Type_value)
	if err != nil {
		return err
	}
	amount, err := parseAmount(c.Amount)
	if err != nil {
		return usage("--amount: %w", err)
	}
	t := &tandemv1.Transaction{Type: kind, Amount: amount, Date: c.Date, ValueDate: c.ValueDate, Description: c.Description, Source: c.Source}
	if t, err = s.Transactions.CreateTransaction(s, &tandemv1.CreateTransactionRequest{Parent: full("grants", c.Grant), Transaction: t}); err != nil {
		return err
	}
	return s.did("Recorded", t.Name, t)
}

type transactionList struct {
	Grant string `arg:"" help:"The grant's id."`
}

// Run lists the transactions of a grant.
func (c *transactionList) Run(s *session) error {
	q := &tandemv1.ListTransactionsRequest{Parent: full("grants", c.Grant), PageSize: 1000}
	all := &tandemv1.ListTransactionsResponse{}
	t := &table{head: []string{"ID", "TYPE", "DATE", "AMOUNT", "DESCRIPTION"}, right: map[int]bool{3: true}}
	for x, err := range client.All(s, q, s.Transactions.ListTransactions, (*tandemv1.ListTransactionsResponse).GetTransactions) {
		if err != nil {
			return err
		}
		all.Transactions = append(all.Transactions, x)
		t.add(bare(x.Name), x.Type.String(), x.Date, showAmount(x.Amount), x.Description)
	}
	return s.write(all, t)
}

type transactionDelete struct {
	Name string `arg:"" help:"GRANT/ID, or the whole resource name."`
}

// Run takes a transaction off its grant.
func (c *transactionDelete) Run(s *session) error {
	name, err := childName("transactions", c.Name)
	if err != nil {
		return err
	}
	t, err := s.Transactions.DeleteTransaction(s, &tandemv1.DeleteTransactionRequest{Name: name})
	if err != nil {
		return err
	}
	return s.did("Deleted", t.Name, t)
}

// childName makes a resource name of "GRANT/ID".
func childName(collection, s string) (string, error) {
	parts := strings.Split(s, "/")
	switch {
	case len(parts) == 4:
		return s, nil
	case len(parts) == 2:
		return fmt.Sprintf("grants/%s/%s/%s", parts[0], collection, parts[1]), nil
	}
	return "", usage("found %q; accepted is GRANT/ID, such as 01m86/1", s)
}

type linkCommands struct {
	Add    linkAdd    `cmd:"" help:"Relate a grant to another."`
	List   linkList   `cmd:"" help:"List the links of a grant."`
	Delete linkDelete `cmd:"" help:"Take a link off its grant."`
}

type linkAdd struct {
	Grant  string `arg:"" help:"The grant's id."`
	Target string `arg:"" help:"The other grant's id."`
	Type   string `help:"sub-grant-of: it passes on money of the other; co-funded-with: the two pay for one thing together; duplicate-of: it records the other once more and does not count; confirmed-distinct: the two look alike and are two." default:"sub-grant-of"`
	Why    string `help:"Why. Needed of duplicate-of and confirmed-distinct."`
}

// Run relates a grant to another.
func (c *linkAdd) Run(s *session) error {
	kind, err := word[tandemv1.Link_Type]("type", c.Type, tandemv1.Link_Type_value)
	if err != nil {
		return err
	}
	l, err := s.Links.CreateLink(s, &tandemv1.CreateLinkRequest{
		Parent: full("grants", c.Grant), Link: &tandemv1.Link{Type: kind, Target: full("grants", c.Target), Reason: c.Why},
	})
	if err != nil {
		return err
	}
	return s.did("Recorded", l.Name, l)
}

type linkList struct {
	Grant string `arg:"" help:"The grant's id."`
}

// Run lists the links of a grant.
func (c *linkList) Run(s *session) error {
	q := &tandemv1.ListLinksRequest{Parent: full("grants", c.Grant), PageSize: 1000}
	all := &tandemv1.ListLinksResponse{}
	t := &table{head: []string{"LINK", "TYPE", "TARGET", "REASON", "BY"}}
	for l, err := range client.All(s, q, s.Links.ListLinks, (*tandemv1.ListLinksResponse).GetLinks) {
		if err != nil {
			return err
		}
		all.Links = append(all.Links, l)
		parts := strings.Split(l.Name, "/")
		t.add(parts[1]+"/"+parts[3], l.Type.String(), bare(l.Target), l.Reason, l.Creator)
	}
	return s.write(all, t)
}

type linkDelete struct {
	Name string `arg:"" help:"GRANT/ID, or the whole resource name."`
}

// Run takes a link off its grant.
func (c *linkDelete) Run(s *session) error {
	name, err := childName("links", c.Name)
	if err != nil {
		return err
	}
	l, err := s.Links.DeleteLink(s, &tandemv1.DeleteLinkRequest{Name: name})
	if err != nil {
		return err
	}
	return s.did("Deleted", l.Name, l)
}
