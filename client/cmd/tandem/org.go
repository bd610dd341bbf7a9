package main

import (
	"github.com/allmep/tandem/client"
	"github.com/allmep/tandem/internal/fault"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type orgCommands struct {
	Add      orgAdd      `cmd:"" help:"Record an organisation."`
	List     orgList     `cmd:"" help:"List organisations."`
	Show     orgShow     `cmd:"" help:"Show one organisation whole."`
	Edit     orgEdit     `cmd:"" help:"Change an organisation: what is given is set, what is not stays."`
	Delete   orgDelete   `cmd:"" help:"Delete an organisation that nothing refers to. It can be undeleted."`
	Undelete orgUndelete `cmd:"" help:"Bring a deleted organisation back."`
	Restore  orgRestore  `cmd:"" help:"Take an organisation back to an earlier state, as a new revision."`
	Merge    orgMerge    `cmd:"" help:"Merge an organisation into another, which then has the money and the names of both."`
	Unmerge  orgUnmerge  `cmd:"" help:"Undo the merge of an organisation into another."`
}

// orgFields are the flags that say what an organisation is.
type orgFields struct {
	Name       string   `help:"Its name."`
	State      string   `help:"What its money rolls up to: an ISO 3166 code, EU, UN or PRIVATE. Needed of a donor."`
	Member     bool     `help:"It is a member of the coalition."`
	Alias      []string `help:"Another name. Repeat for several." placeholder:"NAME" sep:"none"`
	Identifier []string `help:"Identifier in a register, such as GB-CHC-202918. Repeat for several." placeholder:"ID" sep:"none"`
	Parent     string   `help:"The organisation that it is part of." placeholder:"ORG"`
	Successor  string   `help:"The organisation that it was merged into; 'tandem org merge' takes over the names too." placeholder:"ORG"`
	Website    string   `help:"Its web page." placeholder:"URI"`
	Note       string   `help:"Anything a colleague should know."`
}

func (f *orgFields) message() *tandemv1.Organisation {
	return &tandemv1.Organisation{
		DisplayName: f.Name, State: f.State, Member: f.Member, Aliases: f.Alias, Identifiers: f.Identifier,
		Parent: full("organisations", f.Parent), Successor: full("organisations", f.Successor), Website: f.Website, Note: f.Note,
	}
}

type orgAdd struct {
	ID        string `arg:"" help:"The last part of its name: lower-case letters, digits and hyphens."`
	orgFields `embed:""`
}

// Run records an organisation.
func (c *orgAdd) Run(s *session) error {
	o, err := s.Organisations.CreateOrganisation(s, &tandemv1.CreateOrganisationRequest{Organisation: c.message(), OrganisationId: c.ID})
	if err != nil {
		return err
	}
	return s.did("Recorded", o.Name, o)
}

type orgList struct {
	asOf    `embed:""`
	Member  bool     `help:"Members of the coalition only."`
	State   []string `help:"Of these donor states only."`
	Search  string   `help:"With these words in names or identifiers; the nearest first." placeholder:"WORDS"`
	OrderBy string   `help:"create_time, update_time or display_name, with ' desc' to turn it round."`
	Deleted bool     `help:"Deleted ones too."`
}

// Run lists organisations.
func (c *orgList) Run(s *session) error {
	at, err := c.readTime()
	if err != nil {
		return err
	}
	q := &tandemv1.ListOrganisationsRequest{PageSize: 1000, Member: c.Member, DonorState: c.State, ShowDeleted: c.Deleted, OrderBy: c.OrderBy, Search: c.Search, Revision: c.Revision, ReadTime: at}
	all := &tandemv1.ListOrganisationsResponse{}
	t := &table{head: []string{"ORGANISATION", "NAME", "STATE", "MEMBER", "ALIASES", "MERGED INTO"}}
	for o, err := range client.All(s, q, s.Organisations.ListOrganisations, (*tandemv1.ListOrganisationsResponse).GetOrganisations) {
		if err != nil {
			return err
		}
		all.Organisations = append(all.Organisations, o)
		member := ""
		if o.Member {
			member = "yes"
		}
		t.add(bare(o.Name), o.DisplayName, o.State, member, text(o, "aliases"), bare(o.Successor))
	}
	all.TotalSize = int32(len(all.Organisations))
	t.notes = append(t.notes, fault.Number(len(all.Organisations), "organisation"))
	return s.write(all, t)
}

type orgShow struct {
	asOf `embed:""`
	ID   string `arg:"" help:"The organisation's id."`
}

// Run shows an organisation.
func (c *orgShow) Run(s *session) error {
	at, err := c.readTime()
	if err != nil {
		return err
	}
	o, err := s.Organisations.GetOrganisation(s, &tandemv1.GetOrganisationRequest{Name: full("organisations", c.ID), Revision: c.Revision, ReadTime: at})
	if err != nil {
		return err
	}
	return s.show(o)
}

type orgEdit struct {
	ID        string `arg:"" help:"The organisation's id."`
	orgFields `embed:""`
	Clear     []string `help:"Fields to empty, such as parent or member." placeholder:"FIELD"`
}

// Run changes an organisation, unless someone else does so at the same time.
func (c *orgEdit) Run(s *session) error {
	o := c.message()
	mask, err := editMask(o, c.Clear, "--state US")
	if err != nil {
		return err
	}
	now, err := s.Organisations.GetOrganisation(s, &tandemv1.GetOrganisationRequest{Name: full("organisations", c.ID)})
	if err != nil {
		return err
	}
	o.Name, o.Etag = now.Name, now.Etag
	o, err = s.Organisations.UpdateOrganisation(s, &tandemv1.UpdateOrganisationRequest{Organisation: o, UpdateMask: mask})
	if err != nil {
		return err
	}
	return s.show(o)
}

type orgDelete struct {
	ID string `arg:"" help:"The organisation's id."`
}

// Run deletes an organisation.
func (c *orgDelete) Run(s *session) error {
	o, err := s.Organisations.DeleteOrganisation(s, &tandemv1.DeleteOrganisationRequest{Name: full("organisations", c.ID)})
	if err != nil {
		return err
	}
	return s.did("Deleted", o.Name, o)
}

type orgUndelete struct {
	ID string `arg:"" help:"The organisation's id."`
}

// Run brings an organisation back.
func (c *orgUndelete) Run(s *session) error {
	o, err := s.Organisations.UndeleteOrganisation(s, &tandemv1.UndeleteOrganisationRequest{Name: full("organisations", c.ID)})
	if err != nil {
		return err
	}
	return s.did("Brought back", o.Name, o)
}
