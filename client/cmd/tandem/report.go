package main

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/allmep/tandem/client"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type reportCommands struct {
	Add       reportAdd       `cmd:"" help:"Record what a source says of a grant."`
	List      reportList      `cmd:"" help:"List the reports of a grant."`
	Edit      reportEdit      `cmd:"" help:"Change a report: what is given is set, what is not stays."`
	Accept    reportAccept    `cmd:"" help:"Make what a report says the record's own (for staff)."`
	Confirm   reportConfirm   `cmd:"" help:"Say that a report is right."`
	Unconfirm reportUnconfirm `cmd:"" help:"Take a confirmation back."`
	Delete    reportDelete    `cmd:"" help:"Take a report off its grant."`
}

// reportFields are the flags that say what a report says.
type reportFields struct {
	Kind      string   `help:"donor-statement, member-statement, iati-publication, press or staff-call."`
	Org       string   `help:"The organisation that says it; your own when left out." placeholder:"ORG"`
	Date      string   `help:"When it was said." placeholder:"DATE"`
	URI       string   `name:"uri" help:"Link to where it was said." placeholder:"URI"`
	Amount    string   `help:"'2300000 USD', 'at least …', 'up to …', 'about …', '1000..2000 EUR' or 'unknown'."`
	AwardDate string   `help:"When it says that the grant was awarded." placeholder:"DATE"`
	Start     string   `help:"The first day that it gives." placeholder:"DATE"`
	End       string   `help:"The last day that it gives." placeholder:"DATE"`
	Months    int32    `help:"The length that it gives."`
	Status    string   `help:"pipeline, active, finalising, closed, cancelled or suspended."`
	Recipient []string `help:"Who gets the money by it. Repeat for several." placeholder:"ORG"`
	Note      string   `help:"Anything a colleague should know of it."`
}

// message makes a report of the flags, and names the fields that they set.
func (f *reportFields) message() (*tandemv1.Report, *fieldmaskpb.FieldMask, error) {
	r := &tandemv1.Report{
		Organisation: full("organisations", f.Org), Date: f.Date, Uri: f.URI, AwardDate: f.AwardDate, Start: f.Start, End: f.End, DurationMonths: f.Months,
		Recipients: fullAll("organisations", f.Recipient), Note: f.Note,
	}
	var err error
	if r.Kind, err = word[tandemv1.Report_Kind]("kind", f.Kind, tandemv1.Report_Kind_value); err != nil {
		return nil, nil, err
	}
	if r.Status, err = word[tandemv1.Grant_Status]("status", f.Status, tandemv1.Grant_Status_value); err != nil {
		return nil, nil, err
	}
	if f.Amount != "" {
		if r.Amount, err = parseAmount(f.Amount); err != nil {
			return nil, nil, usage("--amount: %w", err)
		}
	}
	return r, maskOf(r), nil
}

type reportAdd struct {
	reportFields `embed:""`
	Grant        string `arg:"" help:"The grant's id."`
}

// Run records a report.
func (c *reportAdd) Run(s *session) error {
	r, _, err := c.message()
	if err != nil {
		return err
	}
	if r, err = s.Reports.CreateReport(s, &tandemv1.CreateReportRequest{Parent: full("grants", c.Grant), Report: r}); err != nil {
		return err
	}
	return s.did("Recorded", r.Name, r)
}

type reportEdit struct {
	reportFields `embed:""`
	Name         string   `arg:"" help:"GRANT/ID, or the whole resource name."`
	Clear        []string `help:"Fields to empty, such as end or note." placeholder:"FIELD"`
}

// Run changes a report.
func (c *reportEdit) Run(s *session) error {
	r, mask, err := c.message()
	if err != nil {
		return err
	}
	if r.Name, err = childName("reports", c.Name); err != nil {
		return err
	}
	if mask.Paths = append(mask.Paths, c.Clear...); len(mask.Paths) == 0 {
		return usage("nothing to change; give the fields to set, such as --amount '2350000 USD', or --clear FIELD")
	}
	if r, err = s.Reports.UpdateReport(s, &tandemv1.UpdateReportRequest{Report: r, UpdateMask: mask}); err != nil {
		return err
	}
	return s.did("Changed", r.Name, r)
}

type reportList struct {
	asOf  `embed:""`
	Grant string `arg:"" help:"The grant's id."`
}

// Run lists the reports of a grant.
func (c *reportList) Run(s *session) error {
	at, err := c.readTime()
	if err != nil {
		return err
	}
	q := &tandemv1.ListReportsRequest{Parent: full("grants", c.Grant), PageSize: 1000, Revision: c.Revision, ReadTime: at}
	all := &tandemv1.ListReportsResponse{}
	t := &table{head: []string{"ID", "KIND", "ORGANISATION", "DATE", "AMOUNT", "START", "END", "MONTHS", "STATUS", "CONFIRMED"}, right: map[int]bool{4: true, 7: true}}
	for r, err := range client.All(s, q, s.Reports.ListReports, (*tandemv1.ListReportsResponse).GetReports) {
		if err != nil {
			return err
		}
		all.Reports = append(all.Reports, r)
		months, status, confirmed := "", "", ""
		if r.DurationMonths != 0 {
			months = strconv.Itoa(int(r.DurationMonths))
		}
		if r.Status != tandemv1.Grant_STATUS_UNSPECIFIED {
			status = r.Status.String()
		}
		if r.ConfirmTime != nil {
			confirmed = "yes"
		}
		t.add(bare(r.Name), r.Kind.String(), bare(r.Organisation), r.Date, showAmount(r.Amount), r.Start, r.End, months, status, confirmed)
	}
	return s.write(all, t)
}

type reportAccept struct {
	Name  string   `arg:"" help:"GRANT/ID, or the whole resource name."`
	Field []string `help:"Which: amount, award-date, start, end, duration-months, status or recipients. Repeat for several." required:""`
}

// Run makes values of a report the record's own.
func (c *reportAccept) Run(s *session) error {
	name, err := childName("reports", c.Name)
	if err != nil {
		return err
	}
	q := &tandemv1.AcceptReportRequest{Name: name}
	for _, f := range c.Field {
		q.Fields = append(q.Fields, strings.ReplaceAll(f, "-", "_"))
	}
	g, err := s.Reports.AcceptReport(s, q)
	if err != nil {
		return err
	}
	return s.did("Accepted into", g.Name, g)
}

type reportConfirm struct {
	Name string `arg:"" help:"GRANT/ID, or the whole resource name."`
}

// Run confirms a report.
func (c *reportConfirm) Run(s *session) error {
	name, err := childName("reports", c.Name)
	if err != nil {
		return err
	}
	r, err := s.Reports.ConfirmReport(s, &tandemv1.ConfirmReportRequest{Name: name})
	if err != nil {
		return err
	}
	return s.did("Confirmed", r.Name, r)
}

type reportUnconfirm struct {
	Name string `arg:"" help:"GRANT/ID, or the whole resource name."`
}

// Run takes a confirmation back.
func (c *reportUnconfirm) Run(s *session) error {
	name, err := childName("reports", c.Name)
	if err != nil {
		return err
	}
	r, err := s.Reports.UnconfirmReport(s, &tandemv1.UnconfirmReportRequest{Name: name})
	if err != nil {
		return err
	}
	return s.did("No longer confirmed:", r.Name, r)
}

type reportDelete struct {
	Name string `arg:"" help:"GRANT/ID, or the whole resource name."`
}

// Run takes a report off its grant.
func (c *reportDelete) Run(s *session) error {
	name, err := childName("reports", c.Name)
	if err != nil {
		return err
	}
	r, err := s.Reports.DeleteReport(s, &tandemv1.DeleteReportRequest{Name: name})
	if err != nil {
		return err
	}
	return s.did("Deleted", r.Name, r)
}
