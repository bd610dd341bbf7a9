package main

import (
	"github.com/allmep/tandem/client"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type programmeCommands struct {
	Add    programmeAdd       `cmd:"" help:"Record a programme."`
	List   programmeList      `cmd:"" help:"List the programmes."`
	Show   programmeShow      `cmd:"" help:"Show one programme whole."`
	Edit   programmeEdit      `cmd:"" help:"Change a programme: what is given is set, what is not stays. Envelopes are replaced all together."`
	Use    utilisationCommand `cmd:"" name:"utilisation" help:"How far the envelopes of a programme, or of all, are used."`
	Delete programmeDelete    `cmd:"" help:"Delete a programme that nothing refers to."`
}

// programmeFields are the flags that say what a programme is, beside its name.
type programmeFields struct {
	Owner    string   `help:"The organisation whose instrument it is." placeholder:"ORG"`
	Envelope []string `help:"A ceiling: 'START/END AMOUNT', such as '2021/2025 up to 250000000 USD'. Repeat for several." sep:"none"`
	Website  string   `help:"Its web page." placeholder:"URI"`
	Note     string   `help:"Anything a colleague should know."`
}

func (f *programmeFields) message(name string) (*tandemv1.Programme, error) {
	p := &tandemv1.Programme{DisplayName: name, Owner: full("organisations", f.Owner), Website: f.Website, Note: f.Note}
	for _, e := range f.Envelope {
		envelope, err := parseEnvelope(e)
		if err != nil {
			return nil, err
		}
		p.Envelopes = append(p.Envelopes, envelope)
	}
	return p, nil
}

type programmeAdd struct {
	ID              string `arg:"" help:"The last part of its name."`
	Name            string `help:"Its name." required:""`
	programmeFields `embed:""`
}

// Run records a programme.
func (c *programmeAdd) Run(s *session) error {
	p, err := c.message(c.Name)
	if err != nil {
		return err
	}
	p, err = s.Programmes.CreateProgramme(s, &tandemv1.CreateProgrammeRequest{Programme: p, ProgrammeId: c.ID})
	if err != nil {
		return err
	}
	return s.did("Recorded", p.Name, p)
}

type programmeEdit struct {
	ID              string `arg:"" help:"The programme's id."`
	Name            string `help:"Its name."`
	programmeFields `embed:""`
	Clear           []string `help:"Fields to empty, such as envelopes or note." placeholder:"FIELD"`
}

// Run changes a programme, unless someone else does so at the same time.
func (c *programmeEdit) Run(s *session) error {
	p, err := c.message(c.Name)
	if err != nil {
		return err
	}
	mask, err := editMask(p, c.Clear, "--envelope '2021/2025 up to 250000000 USD'")
	if err != nil {
		return err
	}
	now, err := s.Programmes.GetProgramme(s, &tandemv1.GetProgrammeRequest{Name: full("programmes", c.ID)})
	if err != nil {
		return err
	}
	p.Name, p.Etag = now.Name, now.Etag
	if p, err = s.Programmes.UpdateProgramme(s, &tandemv1.UpdateProgrammeRequest{Programme: p, UpdateMask: mask}); err != nil {
		return err
	}
	return s.show(p)
}

type programmeList struct{}

// Run lists the programmes.
func (*programmeList) Run(s *session) error {
	all := &tandemv1.ListProgrammesResponse{}
	for m, err := range client.All(s, &tandemv1.ListProgrammesRequest{PageSize: 1000}, s.Programmes.ListProgrammes, (*tandemv1.ListProgrammesResponse).GetProgrammes) {
		if err != nil {
			return err
		}
		all.Programmes = append(all.Programmes, m)
	}
	return listTerms(s, all, all.Programmes, "owner")
}

type programmeShow struct {
	ID string `arg:"" help:"The programme's id."`
}

// Run shows a programme.
func (c *programmeShow) Run(s *session) error {
	p, err := s.Programmes.GetProgramme(s, &tandemv1.GetProgrammeRequest{Name: full("programmes", c.ID)})
	if err != nil {
		return err
	}
	return s.show(p)
}

type programmeDelete struct {
	ID string `arg:"" help:"The programme's id."`
}

// Run deletes a programme.
func (c *programmeDelete) Run(s *session) error {
	p, err := s.Programmes.DeleteProgramme(s, &tandemv1.DeleteProgrammeRequest{Name: full("programmes", c.ID)})
	if err != nil {
		return err
	}
	return s.did("Deleted", p.Name, p)
}
