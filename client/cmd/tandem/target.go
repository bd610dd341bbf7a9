package main

import (
	"fmt"

	"github.com/allmep/tandem/client"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type targetCommands struct {
	Add      targetAdd       `cmd:"" help:"Record money wanted for a cell and a period."`
	List     targetList      `cmd:"" help:"List the targets."`
	Coverage coverageCommand `cmd:"" help:"How far targets are met by what is allocated."`
	Edit     targetEdit      `cmd:"" help:"Change a target: what is given is set, what is not stays."`
	Delete   targetDelete    `cmd:"" help:"Delete a target."`
}

// targetFields are the flags that say what a target is, beside what every new one needs.
type targetFields struct {
	Theme      string `help:"What for."`
	Location   string `help:"Where."`
	Population string `help:"For whom."`
	Note       string `help:"Anything a colleague should know."`
}

func (f *targetFields) message(start, end, amount, source string) (*tandemv1.Target, error) {
	t := &tandemv1.Target{
		Theme: full("themes", f.Theme), Location: full("locations", f.Location), Population: full("populations", f.Population), Note: f.Note,
		Start: start, End: end, Source: source,
	}
	if amount == "" {
		return t, nil
	}
	a, err := parseAmount(amount)
	if err == nil && a.Qualifier != tandemv1.Amount_EXACT {
		err = fmt.Errorf("found %q; accepted is one figure with its currency", amount)
	}
	if err != nil {
		return nil, usage("--amount: %w", err)
	}
	t.Amount = a.Money
	return t, nil
}

type targetAdd struct {
	ID           string `help:"Its id; made by the server when left out."`
	Start        string `help:"First day of the period." required:"" placeholder:"DATE"`
	End          string `help:"Last day of the period." required:"" placeholder:"DATE"`
	Amount       string `help:"'5000000 USD'." required:""`
	Source       string `help:"The strategy that says so." required:"" placeholder:"URI"`
	targetFields `embed:""`
}

// Run records a target.
func (c *targetAdd) Run(s *session) error {
	t, err := c.message(c.Start, c.End, c.Amount, c.Source)
	if err != nil {
		return err
	}
	if t, err = s.Targets.CreateTarget(s, &tandemv1.CreateTargetRequest{Target: t, TargetId: c.ID}); err != nil {
		return err
	}
	return s.did("Recorded", t.Name, t)
}

type targetList struct {
	cellFlags `embed:""`
	OrderBy   string `help:"create_time, update_time, start or end, with ' desc' to turn it round."`
}

// Run lists the targets.
func (c *targetList) Run(s *session) error {
	q := &tandemv1.ListTargetsRequest{
		PageSize: 1000, OrderBy: c.OrderBy, From: c.From, To: c.To,
		Theme: fullAll("themes", c.Theme), Location: fullAll("locations", c.Location), Population: fullAll("populations", c.Population),
	}
	all := &tandemv1.ListTargetsResponse{}
	t := &table{head: []string{"TARGET", "THEME", "LOCATION", "POPULATION", "START", "END", "AMOUNT", "SOURCE"}, right: map[int]bool{6: true}}
	for x, err := range client.All(s, q, s.Targets.ListTargets, (*tandemv1.ListTargetsResponse).GetTargets) {
		if err != nil {
			return err
		}
		all.Targets = append(all.Targets, x)
		t.add(bare(x.Name), bare(x.Theme), bare(x.Location), bare(x.Population), x.Start, x.End, x.Amount.GetAmount()+" "+x.Amount.GetCurrencyCode(), x.Source)
	}
	return s.write(all, t)
}

type targetEdit struct {
	ID           string `arg:"" help:"The target's id."`
	Start        string `help:"First day of the period." placeholder:"DATE"`
	End          string `help:"Last day of the period." placeholder:"DATE"`
	Amount       string `help:"'5000000 USD'."`
	Source       string `help:"The strategy that says so." placeholder:"URI"`
	targetFields `embed:""`
	Clear        []string `help:"Fields to empty, such as location or note." placeholder:"FIELD"`
}

// Run changes a target, unless someone else does so at the same time.
func (c *targetEdit) Run(s *session) error {
	t, err := c.message(c.Start, c.End, c.Amount, c.Source)
	if err != nil {
		return err
	}
	mask, err := editMask(t, c.Clear, "--amount '5000000 USD'")
	if err != nil {
		return err
	}
	now, err := s.Targets.GetTarget(s, &tandemv1.GetTargetRequest{Name: full("targets", c.ID)})
	if err != nil {
		return err
	}
	t.Name, t.Etag = now.Name, now.Etag
	if t, err = s.Targets.UpdateTarget(s, &tandemv1.UpdateTargetRequest{Target: t, UpdateMask: mask}); err != nil {
		return err
	}
	return s.show(t)
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
