package main

import (
	"fmt"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type grantMerge struct {
	Survivor string `arg:"" help:"The grant that is to stand for both."`
	Other    string `arg:"" help:"The grant that is merged into it."`
	Leave    bool   `help:"Leave the other's transactions behind: it recorded the same money once more."`
	DryRun   bool   `help:"Show what would be done, and store nothing."`
}

// Run merges a grant into another and tells what became of its transactions.
func (c *grantMerge) Run(s *session) error {
	q := &tandemv1.MergeGrantRequest{Name: full("grants", c.Survivor), Other: full("grants", c.Other), ValidateOnly: c.DryRun}
	if c.Leave {
		q.Transactions = tandemv1.MergeGrantRequest_LEAVE
	}
	m, err := s.Grants.MergeGrant(s, q)
	if err != nil {
		return err
	}
	if s.output != "table" {
		return s.show(m)
	}
	did := "Merged"
	if c.DryRun {
		did = "Nothing was stored. It would merge"
	}
	fmt.Fprintf(s.out, "%s %s into %s\n", did, q.Other, m.Grant.Name)
	t := &table{head: []string{"TRANSACTION", "TYPE", "DATE", "AMOUNT", "FROM"}, right: map[int]bool{3: true}}
	for _, x := range m.Grant.Transactions {
		t.add(bare(x.Name), x.Type.String(), x.Date, showAmount(x.Amount), x.Origin)
	}
	for _, name := range m.Same {
		t.notes = append(t.notes, name+" is there already and counts once.")
	}
	for _, name := range m.Left {
		t.notes = append(t.notes, name+" stays behind and counts no more.")
	}
	for _, w := range m.Warnings {
		t.notes = append(t.notes, "Look at this: "+w+".")
	}
	return s.write(m, t)
}

type grantUnmerge struct {
	Grant string `arg:"" help:"The grant that was merged into another."`
}

// Run undoes a merge.
func (c *grantUnmerge) Run(s *session) error {
	g, err := s.Grants.UnmergeGrant(s, &tandemv1.UnmergeGrantRequest{Name: full("grants", c.Grant)})
	if err != nil {
		return err
	}
	return s.did("Stands again:", g.Name, g)
}

type grantRestore struct {
	Grant    string `arg:"" help:"The grant's id."`
	Revision int64  `help:"The revision whose state is wanted; 'tandem history' has their numbers." required:""`
}

// Run takes a grant back to an earlier state.
func (c *grantRestore) Run(s *session) error {
	g, err := s.Grants.RestoreGrant(s, &tandemv1.RestoreGrantRequest{Name: full("grants", c.Grant), Revision: c.Revision})
	if err != nil {
		return err
	}
	return s.did(fmt.Sprintf("As it was after revision %d:", c.Revision), g.Name, g)
}

type orgMerge struct {
	Survivor string `arg:"" help:"The organisation that is to stand for both."`
	Other    string `arg:"" help:"The organisation that is merged into it."`
}

// Run merges an organisation into another.
func (c *orgMerge) Run(s *session) error {
	q := &tandemv1.MergeOrganisationRequest{Name: full("organisations", c.Survivor), Other: full("organisations", c.Other)}
	o, err := s.Organisations.MergeOrganisation(s, q)
	if err != nil {
		return err
	}
	return s.did("Merged "+q.Other+" into", o.Name, o)
}

type orgUnmerge struct {
	ID string `arg:"" help:"The organisation that was merged into another."`
}

// Run undoes a merge.
func (c *orgUnmerge) Run(s *session) error {
	o, err := s.Organisations.UnmergeOrganisation(s, &tandemv1.UnmergeOrganisationRequest{Name: full("organisations", c.ID)})
	if err != nil {
		return err
	}
	return s.did("Stands again:", o.Name, o)
}

type orgRestore struct {
	ID       string `arg:"" help:"The organisation's id."`
	Revision int64  `help:"The revision whose state is wanted; 'tandem history' has their numbers." required:""`
}

// Run takes an organisation back to an earlier state.
func (c *orgRestore) Run(s *session) error {
	o, err := s.Organisations.RestoreOrganisation(s, &tandemv1.RestoreOrganisationRequest{Name: full("organisations", c.ID), Revision: c.Revision})
	if err != nil {
		return err
	}
	return s.did(fmt.Sprintf("As it was after revision %d:", c.Revision), o.Name, o)
}
