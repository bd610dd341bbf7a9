package main

import (
	"fmt"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/allmep/tandem/client"
	"github.com/allmep/tandem/internal/fault"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type grantCommands struct {
	Log       grantLog       `cmd:"" help:"Record a grant. Without flags, asks for what it needs."`
	List      grantList      `cmd:"" help:"List grants, or search them."`
	Similar   grantSimilar   `cmd:"" help:"Find grants that are likely the same as one, or as what is said of one."`
	Show      grantShow      `cmd:"" help:"Show one grant whole."`
	Edit      grantEdit      `cmd:"" help:"Change a grant: what is given is set, what is not stays."`
	Reconcile grantReconcile `cmd:"" help:"Who says what of a grant, and where it differs from the record."`
	Confirm   grantConfirm   `cmd:"" help:"Say that the record is right as it stands."`
	Delete    grantDelete    `cmd:"" help:"Delete a grant. It can be undeleted."`
	Undelete  grantUndelete  `cmd:"" help:"Bring a deleted grant back."`
	Restore   grantRestore   `cmd:"" help:"Take a grant back to an earlier state, as a new revision."`
	Merge     grantMerge     `cmd:"" help:"Merge a grant into another: two records of one award become one."`
	Unmerge   grantUnmerge   `cmd:"" help:"Undo the merge of a grant into another."`
}

// grantFields are the flags that say what a grant is.
type grantFields struct {
	Title       string   `help:"What it is called."`
	Funder      []string `help:"Who gives: an organisation's id, with a share if need be (sida=40). Repeat for several." placeholder:"ORG[=PERCENT]"`
	Recipient   []string `help:"Who gets; left out when it is withheld." placeholder:"ORG[=PERCENT]"`
	Amount      string   `help:"'3300000 USD', 'at least 2000000 USD', 'up to …', 'about …', '250000..500000 EUR' or 'unknown'."`
	AwardDate   string   `help:"When it was awarded: 2022, 2022-07 or 2022-07-15." placeholder:"DATE"`
	Start       string   `help:"Its first day." placeholder:"DATE"`
	End         string   `help:"Its last day." placeholder:"DATE"`
	Months      int32    `help:"Its length, when the end was not said."`
	Programme   string   `help:"The programme's id."`
	Theme       []string `help:"What it is for; several with percentages (water=60)." placeholder:"THEME[=PERCENT]"`
	Location    []string `help:"Where it goes." placeholder:"LOCATION[=PERCENT]"`
	Population  []string `help:"Whom it is for." placeholder:"POPULATION[=PERCENT]"`
	Status      string   `help:"pipeline, active, finalising, closed, cancelled or suspended."`
	StatusDate  string   `help:"When that began." placeholder:"DATE"`
	Visibility  string   `help:"public, coalition, donors or restricted."`
	Shadow      bool     `help:"Of a restricted grant: others are told that there is another donor, and nothing else. 'grant edit --clear shadow' takes it back."`
	Identifier  []string `help:"Award number or IATI identifier." placeholder:"ID" sep:"none"`
	Source      []string `help:"Link to where it was said." placeholder:"URI" sep:"none"`
	Note        string   `help:"Anything a colleague should know."`
	Description string   `help:"What it is for, in a few sentences."`
}

// message makes a grant of the flags, and names the fields that they set.
func (f *grantFields) message() (*tandemv1.Grant, *fieldmaskpb.FieldMask, error) {
	g := &tandemv1.Grant{
		Title: f.Title, AwardDate: f.AwardDate, Start: f.Start, End: f.End, DurationMonths: f.Months, Programme: full("programmes", f.Programme),
		StatusDate: f.StatusDate, Shadow: f.Shadow, Identifiers: f.Identifier, Note: f.Note, Description: f.Description,
	}
	var err error
	keep := func(e error) {
		if err == nil {
			err = e
		}
	}
	var e error
	g.Funders, e = participations(f.Funder)
	keep(e)
	g.Recipients, e = participations(f.Recipient)
	keep(e)
	g.Themes, e = splits("themes", f.Theme)
	keep(e)
	g.Locations, e = splits("locations", f.Location)
	keep(e)
	g.Populations, e = splits("populations", f.Population)
	keep(e)
	g.Status, e = word[tandemv1.Grant_Status]("status", f.Status, tandemv1.Grant_Status_value)
	keep(e)
	g.Visibility, e = word[tandemv1.Grant_Visibility]("visibility", f.Visibility, tandemv1.Grant_Visibility_value)
	keep(e)
	if f.Amount != "" {
		g.Amount, e = parseAmount(f.Amount)
		if e != nil {
			e = usage("--amount: %w", e)
		}
		keep(e)
	}
	for _, uri := range f.Source {
		g.Sources = append(g.Sources, &tandemv1.Grant_Source{Uri: uri})
	}
	return g, maskOf(g), err
}

type grantLog struct {
	grantFields   `embed:""`
	ID            string `help:"Its id; made by the server when left out."`
	ValidateOnly  bool   `help:"Check everything and store nothing."`
	RefuseSimilar bool   `help:"Store nothing if a grant on record is likely the same."`
}

// Run records a grant.
func (c *grantLog) Run(s *session) error {
	asked := c.Title == "" && len(c.Funder) == 0
	if asked {
		if !s.terminal {
			return usage("a grant needs at least --title and --funder; on a terminal 'tandem grant log' asks for what it needs")
		}
		if err := s.askGrant(&c.grantFields); err != nil {
			return err
		}
	}
	g, _, err := c.message()
	if err != nil {
		return err
	}
	if (asked || c.RefuseSimilar) && !c.ValidateOnly {
		if err := s.heedSimilar(g, c.RefuseSimilar); err != nil {
			return err
		}
	}
	made, err := s.Grants.CreateGrant(s, &tandemv1.CreateGrantRequest{Grant: g, GrantId: c.ID, ValidateOnly: c.ValidateOnly})
	if err != nil {
		return err
	}
	if !asked {
		warnSimilar(s.err, made.Similar)
	}
	if s.output == "table" {
		did := "Logged"
		if c.ValidateOnly {
			did = "Nothing is wrong with it, and nothing was stored:"
		}
		fmt.Fprintf(s.out, "%s %s  %s  %s\n", did, made.Name, made.Title, showAmount(made.Amount))
		return nil
	}
	return s.show(made)
}

// filterFlags choose grants.
type filterFlags struct {
	DonorState []string `help:"Of these donor states (US, SE, EU, …)." placeholder:"STATE"`
	Donor      []string `help:"Of these organisations." placeholder:"ORG"`
	InProgram  []string `name:"programme" help:"Under these programmes." placeholder:"PROGRAMME"`
	Member     []string `help:"To these organisations." placeholder:"ORG"`
	Theme      []string `help:"For these themes and those under them." placeholder:"THEME"`
	Location   []string `help:"In these locations and those under them." placeholder:"LOCATION"`
	Population []string `help:"For these populations and those under them." placeholder:"POPULATION"`
	Status     []string `help:"With these statuses."`
	Visibility []string `help:"With these visibilities."`
}

// words reads the flags that are words of the contract.
func (f *filterFlags) words() (statuses []tandemv1.Grant_Status, visibilities []tandemv1.Grant_Visibility, err error) {
	for _, s := range f.Status {
		v, err := word[tandemv1.Grant_Status]("status", s, tandemv1.Grant_Status_value)
		if err != nil {
			return nil, nil, err
		}
		statuses = append(statuses, v)
	}
	for _, s := range f.Visibility {
		v, err := word[tandemv1.Grant_Visibility]("visibility", s, tandemv1.Grant_Visibility_value)
		if err != nil {
			return nil, nil, err
		}
		visibilities = append(visibilities, v)
	}
	return statuses, visibilities, nil
}

type grantList struct {
	filterFlags `embed:""`
	asOf        `embed:""`
	Search      string `help:"With these words in titles, identifiers, names of donors and recipients, programmes or descriptions; the nearest first." placeholder:"WORDS"`
	MinAmount   string `help:"Of at least so much, in --currency." placeholder:"FIGURE"`
	MaxAmount   string `help:"Of at most so much." placeholder:"FIGURE"`
	Currency    string `help:"Currency of amounts that are compared." default:"USD"`
	RateDate    string `help:"Convert amounts at the rates of this day." placeholder:"DAY"`
	From        string `help:"That run on or after this day." placeholder:"DATE"`
	To          string `help:"That run on or before this day." placeholder:"DATE"`
	StaleSince  string `help:"Last changed before: 2024-11-01 or 2024-11-01T09:00:00Z." placeholder:"TIME"`
	Unconfirmed bool   `help:"That no confirmed report vouches for."`
	OrderBy     string `help:"create_time, update_time, start, end, title or amount, with ' desc' to turn it round."`
	Deleted     bool   `help:"Deleted ones too."`
}

// Run lists grants, all pages of them.
func (c *grantList) Run(s *session) error {
	q := &tandemv1.ListGrantsRequest{
		PageSize: 1000, OrderBy: c.OrderBy, ShowDeleted: c.Deleted, Revision: c.Revision, Search: c.Search,
		DonorState: c.DonorState, Donor: fullAll("organisations", c.Donor), Programme: fullAll("programmes", c.InProgram), Member: fullAll("organisations", c.Member),
		Theme: fullAll("themes", c.Theme), Location: fullAll("locations", c.Location), Population: fullAll("populations", c.Population),
		Currency: c.Currency, RateDate: c.RateDate, From: c.From, To: c.To, Unconfirmed: c.Unconfirmed,
	}
	var err error
	for _, f := range []struct {
		flag, said string
		to         *string
	}{{"--min-amount", c.MinAmount, &q.MinAmount}, {"--max-amount", c.MaxAmount, &q.MaxAmount}} {
		if f.said == "" {
			continue
		}
		if *f.to, err = parseFigure(f.said); err != nil {
			return usage("%s: %w", f.flag, err)
		}
	}
	if q.StaleSince, err = parseTime("stale-since", c.StaleSince, false); err != nil {
		return err
	}
	if q.Status, q.Visibility, err = c.words(); err != nil {
		return err
	}
	if q.ReadTime, err = c.readTime(); err != nil {
		return err
	}
	all := &tandemv1.ListGrantsResponse{}
	t := &table{head: []string{"GRANT", "TITLE", "FUNDERS", "RECIPIENTS", "AMOUNT", "START", "END", "STATUS"}, right: map[int]bool{4: true}}
	grants := func(page *tandemv1.ListGrantsResponse) []*tandemv1.Grant {
		all.UndatedCount, all.UnknownAmountCount, all.UnconvertedCount = page.UndatedCount, page.UnknownAmountCount, page.UnconvertedCount
		return page.Grants
	}
	for g, err := range client.All(s, q, s.Grants.ListGrants, grants) {
		if err != nil {
			return err
		}
		all.Grants = append(all.Grants, g)
		t.add(bare(g.Name), g.Title, orgs(g.Funders), orgs(g.Recipients), showAmount(g.Amount), g.Start, g.End, g.Status.String())
	}
	all.TotalSize = int32(len(all.Grants))
	t.notes = append([]string{fault.Number(len(all.Grants), "grant")}, leftOut(all)...)
	return s.write(all, t)
}

// leftOut says why grants are not in a list that might be.
func leftOut(a *tandemv1.ListGrantsResponse) []string {
	var notes []string
	for _, r := range []struct {
		count  int32
		reason string
	}{
		{a.UndatedCount, "they cannot be placed in time"}, {a.UnknownAmountCount, "their amount is unknown"}, {a.UnconvertedCount, "there is no rate to convert their amount"},
	} {
		if r.count > 0 {
			notes = append(notes, fmt.Sprintf("Left out since %s: %s.", r.reason, fault.Number(r.count, "grant")))
		}
	}
	return notes
}

func orgs(ps []*tandemv1.Grant_Participation) string {
	out := ""
	for i, p := range ps {
		if i > 0 {
			out += ", "
		}
		out += bare(p.Organisation)
		if p.SharePercent != nil {
			out += fmt.Sprintf(" %g%%", *p.SharePercent)
		}
	}
	return out
}

type grantShow struct {
	asOf  `embed:""`
	Grant string `arg:"" help:"The grant's id."`
}

// Run shows a grant.
func (c *grantShow) Run(s *session) error {
	at, err := c.readTime()
	if err != nil {
		return err
	}
	g, err := s.Grants.GetGrant(s, &tandemv1.GetGrantRequest{Name: full("grants", c.Grant), Revision: c.Revision, ReadTime: at})
	if err != nil {
		return err
	}
	return s.show(g)
}

type grantEdit struct {
	grantFields `embed:""`
	Grant       string   `arg:"" help:"The grant's id."`
	Clear       []string `help:"Fields to empty, such as end or programme." placeholder:"FIELD"`
}

// Run changes a grant, unless someone else does so at the same time.
func (c *grantEdit) Run(s *session) error {
	g, mask, err := c.message()
	if err != nil {
		return err
	}
	mask.Paths = append(mask.Paths, c.Clear...)
	if len(mask.Paths) == 0 {
		return usage("nothing to change; give the fields to set, such as --end 2026-01-31, or --clear FIELD")
	}
	now, err := s.Grants.GetGrant(s, &tandemv1.GetGrantRequest{Name: full("grants", c.Grant)})
	if err != nil {
		return err
	}
	g.Name, g.Etag = now.Name, now.Etag
	g, err = s.Grants.UpdateGrant(s, &tandemv1.UpdateGrantRequest{Grant: g, UpdateMask: mask})
	if err != nil {
		return err
	}
	return s.show(g)
}

type grantDelete struct {
	Grant string `arg:"" help:"The grant's id."`
}

// Run deletes a grant.
func (c *grantDelete) Run(s *session) error {
	g, err := s.Grants.DeleteGrant(s, &tandemv1.DeleteGrantRequest{Name: full("grants", c.Grant)})
	if err != nil {
		return err
	}
	return s.did("Deleted", g.Name, g)
}

type grantUndelete struct {
	Grant string `arg:"" help:"The grant's id."`
}

// Run brings a grant back.
func (c *grantUndelete) Run(s *session) error {
	g, err := s.Grants.UndeleteGrant(s, &tandemv1.UndeleteGrantRequest{Name: full("grants", c.Grant)})
	if err != nil {
		return err
	}
	return s.did("Brought back", g.Name, g)
}
