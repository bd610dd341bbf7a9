package server

import (
	"context"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type reports struct {
	tandemv1.UnimplementedReportServiceServer
	l *ledger.Ledger
}

func (s reports) GetReport(ctx context.Context, r *tandemv1.GetReportRequest) (*tandemv1.Report, error) {
	g, child, err := childOf(ctx, s.l, r, r.Name)
	if err != nil {
		return nil, err
	}
	if report := g.Report(child); report != nil {
		return writeReport(g, etagOf(&g.Meta), report), nil
	}
	return nil, fault.New(fault.NotFound, "%q does not exist", r.Name)
}

func (s reports) ListReports(ctx context.Context, r *tandemv1.ListReportsRequest) (*tandemv1.ListReportsResponse, error) {
	p, err := listChildren(ctx, s.l, r, func(g *grant.Grant, _ int64) ([]*tandemv1.Report, error) { return writeGrant(g).Reports, nil })
	return &tandemv1.ListReportsResponse{Reports: p.items, NextPageToken: p.next, TotalSize: p.total, Revision: p.revision}, err
}

func (s reports) CreateReport(ctx context.Context, r *tandemv1.CreateReportRequest) (*tandemv1.Report, error) {
	report, err := read(func(in *reader) grant.Report { return readReport(in, "report", r.Report) })
	if err != nil {
		return nil, err
	}
	id, _ := splitName(r.Parent)
	report, g, err := s.l.CreateReport(ctx, writeOf(ctx, r, r.Report.Etag), id, report)
	return reportOf(g, report, err)
}

func (s reports) UpdateReport(ctx context.Context, r *tandemv1.UpdateReportRequest) (*tandemv1.Report, error) {
	if r.Report.Name == "" {
		return nil, fault.Field("report.name", "is missing")
	}
	id, child := splitName(r.Report.Name)
	report, g, err := s.l.UpdateReport(ctx, writeOf(ctx, r, r.Report.Etag), id, child, func(g *grant.Grant, report *grant.Report) error {
		whole := writeReport(g, "", report)
		if err := applyMask(whole, r.Report, r.UpdateMask); err != nil {
			return err
		}
		said, err := read(func(in *reader) grant.Report { return readReport(in, "report", whole) })
		report.Organisation, report.Kind, report.Date, report.URI, report.Values, report.Note = said.Organisation, said.Kind, said.Date, said.URI, said.Values, said.Note
		return err
	})
	return reportOf(g, report, err)
}

func (s reports) DeleteReport(ctx context.Context, r *tandemv1.DeleteReportRequest) (*tandemv1.Report, error) {
	id, child := splitName(r.Name)
	report, g, err := s.l.DeleteReport(ctx, writeOf(ctx, r, r.Etag), id, child)
	return reportOf(g, report, err)
}

func (s reports) ConfirmReport(ctx context.Context, r *tandemv1.ConfirmReportRequest) (*tandemv1.Report, error) {
	id, child := splitName(r.Name)
	report, g, err := s.l.ConfirmReport(ctx, writeOf(ctx, r, r.Etag), id, child)
	return reportOf(g, report, err)
}

func (s reports) UnconfirmReport(ctx context.Context, r *tandemv1.UnconfirmReportRequest) (*tandemv1.Report, error) {
	id, child := splitName(r.Name)
	report, g, err := s.l.UnconfirmReport(ctx, writeOf(ctx, r, r.Etag), id, child)
	return reportOf(g, report, err)
}

func (s reports) AcceptReport(ctx context.Context, r *tandemv1.AcceptReportRequest) (*tandemv1.Grant, error) {
	fields, err := read(func(in *reader) []grant.Field {
		fields := make([]grant.Field, len(r.Fields))
		for i, name := range r.Fields {
			var err error
			if fields[i], err = grant.ParseField(name); err != nil {
				in.Add(index("fields", i), "%v", err)
			}
		}
		return fields
	})
	if err != nil {
		return nil, err
	}
	id, child := splitName(r.Name)
	g, err := s.l.AcceptReport(ctx, writeOf(ctx, r, r.Etag), id, child, fields)
	if err != nil {
		return nil, err
	}
	return writeGrant(g), nil
}

func (s reports) ConfirmGrant(ctx context.Context, r *tandemv1.ConfirmGrantRequest) (*tandemv1.Report, error) {
	organisation, err := read(func(in *reader) string { return in.id("organisation", r.Organisation, grant.Organisations) })
	if err != nil {
		return nil, err
	}
	id, _ := splitName(r.Name)
	report, g, err := s.l.ConfirmGrant(ctx, writeOf(ctx, r, r.Etag), id, organisation)
	return reportOf(g, report, err)
}

func reportOf(g *grant.Grant, r grant.Report, err error) (*tandemv1.Report, error) {
	if err != nil {
		return nil, err
	}
	return writeReport(g, etagOf(&g.Meta), &r), nil
}

// readReport reads what a report says. Who wrote it and who confirmed it is for the ledger to say.
func readReport(r *reader, at string, m *tandemv1.Report) grant.Report {
	report := grant.Report{
		Organisation: r.id(at+".organisation", m.Organisation, grant.Organisations), Kind: reportKinds.in(m.Kind), Date: r.date(at+".date", m.Date), URI: m.Uri, Note: m.Note,
		Values: grant.Values{
			AwardDate: r.date(at+".awardDate", m.AwardDate), Start: r.date(at+".start", m.Start), End: r.date(at+".end", m.End),
			DurationMonths: int(m.DurationMonths), Status: statuses.in(m.Status),
		},
	}
	if m.Amount != nil {
		amount := r.amount(at+".amount", m.Amount)
		report.Amount = &amount
	}
	if len(m.Recipients) > 0 {
		report.Recipients = r.ids(at+".recipients", m.Recipients, grant.Organisations)
	}
	return report
}

func writeReport(g *grant.Grant, etag string, r *grant.Report) *tandemv1.Report {
	m := &tandemv1.Report{
		Name: nameOfReport(g, r), Organisation: nameOf(grant.Organisations, r.Organisation), Kind: reportKinds.out(r.Kind), Date: r.Date.String(), Uri: r.URI,
		AwardDate: r.AwardDate.String(), Start: r.Start.String(), End: r.End.String(), DurationMonths: int32(r.DurationMonths), Status: statuses.out(r.Status), Note: r.Note,
		RecordedBy: r.By, RecordTime: timeOf(r.At), ConfirmedBy: r.ConfirmedBy, ConfirmTime: timeOf(r.Confirmed), Origin: r.Origin, Etag: etag,
	}
	if r.Amount != nil {
		m.Amount = amountOf(*r.Amount)
	}
	for _, id := range r.Recipients {
		m.Recipients = append(m.Recipients, nameOf(grant.Organisations, id))
	}
	return m
}

// nameOfReport is the resource name of a report, and nothing for no report.
func nameOfReport(g *grant.Grant, r *grant.Report) string {
	if r == nil {
		return ""
	}
	return g.Key().String() + "/reports/" + r.ID
}

var reportKinds = wordList[tandemv1.Report_Kind, grant.ReportKind]{
	{tandemv1.Report_DONOR_STATEMENT, grant.DonorStatement},
	{tandemv1.Report_MEMBER_STATEMENT, grant.MemberStatement},
	{tandemv1.Report_IATI_PUBLICATION, grant.IATIPublication},
	{tandemv1.Report_PRESS, grant.Press},
	{tandemv1.Report_STAFF_CALL, grant.StaffCall},
	{tandemv1.Report_RECORD, grant.RecordHeld},
}
