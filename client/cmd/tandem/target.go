package main

import (
	"fmt"

	"github.com/allmep/tandem/client"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type targetCommands struct {
	Add    targetAdd    `cmd:"" help:"Record money wanted for a cell and a period."`
	List   targetList   `cmd:"" help:"List the targets."`
	Delete targetDelete `cmd:"" help:"Delete a target."`
}

type targetAdd struct {
	ID         string `help:"Its id; made by the server when left out."`
	Theme      string `help:"What for."`
	Location   string `help:"Where."`
	Population string `help:"For whom."`
	Start      string `help:"First day of the period." required:"" placeholder:"DATE"`
	End        string `help:"Last day of the period." required:"" placeholder:"DATE"`
	Amount     string `help:"'5000000 USD'." required:""`
	Source     string `help:"The strategy that says so." required:"" placeholder:"URI"`
	Note       string `help:"Anything a colleague should know."`
}

// Run records a target.
func (c *targetAdd) Run(s *session) error {
	a, err := parseAmount(c.Amount)
	if err == nil && a.Qualifier != tandemv1.Amount_EXACT {
		err = fmt.Errorf("found %q; accepted is one figure with its currency", c.Amount)
	}
	if err != nil {
		return usage("--amount: %w", err)
	}
	t := &tandemv1.Target{
		Theme: full("themes", c.Theme), Location: full("locations", c.Location), Population: full("populations", c.Population),
		Start: c.Start, End: c.End, Amount: a.Money, Source: c.Source, Note: c.Note,
	}
	if t, err = s.Targets.CreateTarget(s, &tandemv1.CreateTargetRequest{Target: t, TargetId: c.ID}); err != nil {
		return err
	}
	return s.did("Recorded", t.Name, t)
}

type targetList struct{}

// Run lists the targets.
func (*targetList) Run(s *session) error {
	all := &tandemv1.ListTargetsResponse{}
	t := &table{head: []string{"TARGET", "THEME", "LOCATION", "POPULATION", "START", "END", "AMOUNT", "SOURCE"}, right: map[int]bool{6: true}}
	for x, err := range client.All(s, &tandemv1.ListTargetsRequest{PageSize: 1000}, s.Targets.ListTargets, (*tandemv1.ListTargetsResponse).GetTargets) {
		if err != nil {
			return err
		}
		all.Targets = append(all.Targets, x)
		t.add(bare(x.Name), bare(x.Theme), bare(x.Location), bare(x.Population), x.Start, x.End, x.Amount.GetAmount()+" "+x.Amount.GetCurrencyCode(), x.Source)
	}
	return s.write(all, t)
}

type targetDelete struct {
	ID string `arg:"" help:"The target's id."`
}

// Run deletes a target.
func (c *targetDelete) Run(s *session) error {
	t, err := s.Targets.DeleteTarget(s, &tandemv1.DeleteTargetRequest{Name: full("targets", c.ID)})
	if err != nil {
		return err
	}
	return s.did("Deleted", t.Name, t)
}
