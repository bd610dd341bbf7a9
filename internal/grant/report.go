package grant

import (
	"iter"
	"slices"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// Report is what one source says of a grant. Reports never add up to anything: the grant has the amount that its own transactions say, whoever told of it.
type Report struct {
	ID           string      `json:"id"`
	Organisation string      `json:"organisation,omitempty"` // the id of the organisation that says it
	Kind         ReportKind  `json:"kind"`
	Date         period.Date `json:"date,omitzero"` // when it was said
	URI          string      `json:"uri,omitempty"` // where
	Values                   // as reported
	Note         string      `json:"note,omitempty"`
	By           string      `json:"by,omitempty"`          // the name of the principal who last wrote it
	At           int64       `json:"at,omitzero"`           // when, in microseconds since 1970
	ConfirmedBy  string      `json:"confirmedBy,omitempty"` // the name of the principal who says that it is right
	Confirmed    int64       `json:"confirmed,omitzero"`    // when, in microseconds since 1970; 0 is never
	Origin       string      `json:"origin,omitempty"`      // its resource name on the grant that it was first recorded on, when that was merged into this one
	Of           string      `json:"of,omitempty"`          // of what a record held: the id of the grant that it was the record of
}

// Acceptance says from which report a field of the grant was taken. It holds for as long as the two still say the same: see AcceptedFrom.
type Acceptance struct {
	Field  Field  `json:"field"`
	Report string `json:"report"` // its id
}

// ReportKind is who says what a report says, and how.
type ReportKind uint8

// The kinds of reports.
const (
	DonorStatement  ReportKind = 1 // a funder says it
	MemberStatement ReportKind = 2 // a recipient says it
	IATIPublication ReportKind = 3 // a file or page of the IATI registry says it
	Press           ReportKind = 4 // a newspaper or a press release says it
	StaffCall       ReportKind = 5 // staff heard it from someone
	RecordHeld      ReportKind = 6 // a record that was merged into this one held it; nobody but a merge makes one
)

var reportKinds = words{"", "DONOR_STATEMENT", "MEMBER_STATEMENT", "IATI_PUBLICATION", "PRESS", "STAFF_CALL", "RECORD"}

// String returns the word of the contract, such as PRESS.
func (k ReportKind) String() string { return reportKinds.name(uint8(k)) }

// MarshalText writes the word.
func (k ReportKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the word.
func (k *ReportKind) UnmarshalText(text []byte) (err error) {
	*(*uint8)(k), err = reportKinds.parse(text)
	return err
}

// Validate checks the invariants of a report by itself. Its error is Invalid and names each field by its path in the report.
func (r *Report) Validate() error {
	var v fault.List
	checkID(&v, "name", r.ID)
	if r.Kind.String() == "" {
		v.Add("kind", "is missing; accepted are DONOR_STATEMENT, MEMBER_STATEMENT, IATI_PUBLICATION, PRESS and STAFF_CALL")
	}
	switch {
	case r.Organisation != "" || r.Kind == RecordHeld:
	case r.Kind != Press:
		v.Add("organisation", "is missing; a report names the organisation that says it, unless it is of the kind PRESS")
	case r.URI == "":
		v.Add("uri", "is missing; a report of the kind PRESS names its organisation or says where it stands")
	}
	if r.URI != "" {
		checkName(&v, "uri", r.URI, maxLine)
	}
	checkText(&v, "note", r.Note, maxText)
	r.check(&v)
	return v.Err()
}

func (v Values) check(list *fault.List) {
	if v.Equal(Values{}) {
		list.Add("amount", "is missing, as is all else; a report states at least one of %v", Fields)
	}
	if v.Amount != nil {
		list.Merge("amount", v.Amount.Validate())
	}
	if !v.Start.IsZero() && !v.End.IsZero() && v.End.Last() < v.Start.First {
		list.Add("end", "%s is before the start, %s", v.End, v.Start)
	}
	if v.DurationMonths < 0 || v.DurationMonths > 1200 {
		list.Add("durationMonths", "found %d; accepted are 0 to 1200", v.DurationMonths)
	}
	if v.Status != 0 && v.Status.String() == "" {
		list.Add("status", "found %d; accepted are 1 to 6", v.Status)
	}
	var seen seen[string]
	for i, id := range v.Recipients {
		switch first := seen.add(id); {
		case id == "":
			list.Add(index("recipients", i), "is empty")
		case first >= 0:
			list.Add(index("recipients", i), "%q stands in the list already, at %s", id, index("recipients", first))
		}
	}
}

// References lists the organisations that a report names, by their paths in it.
func (r *Report) References() iter.Seq[Reference] {
	return refer(func(to *references) {
		to.add("organisation", Organisations, r.Organisation)
		for i, id := range r.Recipients {
			to.addIn("recipients", i, "", Organisations, id)
		}
	})
}

// maxReports keeps a grant to a size that can be read and written whole.
const maxReports = 500

func (g *Grant) checkReports(v *fault.List) {
	if len(g.Reports) > maxReports {
		v.Add("reports", "found %d; accepted are at most %d", len(g.Reports), maxReports)
	}
	var seen seen[string]
	for i := range g.Reports {
		r := &g.Reports[i]
		var of fault.List
		of.Merge("", r.Validate())
		if seen.add(r.ID) >= 0 {
			of.Add("name", "%q stands in the list twice", r.ID)
		}
		mergeAt(v, "reports", i, &of)
	}
}

// Report returns the report with an id, nil if the grant has none. It is the grant's own, not a copy.
func (g *Grant) Report(id string) *Report {
	for i := range g.Reports {
		if g.Reports[i].ID == id {
			return &g.Reports[i]
		}
	}
	return nil
}

// Confirmed tells whether somebody said of a report of the grant that it is right. What a merged record held is not asked: not everyone who sees the grant may know of it.
func (g *Grant) Confirmed() bool {
	return slices.ContainsFunc(g.Reports, func(r Report) bool { return r.Confirmed != 0 && r.Kind != RecordHeld })
}

// AcceptedFrom returns the report from which the record's value of a field was taken, nil if it was taken from none, or if the record or the report has said otherwise since.
func (g *Grant) AcceptedFrom(f Field) *Report {
	for _, a := range g.Accepted {
		if r := g.Report(a.Report); a.Field == f && r != nil && r.States(f) && r.Only(f).Equal(g.Values().Only(f)) {
			return r
		}
	}
	return nil
}

// Accept makes what a report states of these fields the record's own, and remembers that it came from there. A status takes the report's date with it. Recipients that are not
// those of the record take their place and share equally. Errors: Invalid if the report does not state a field, or if nobody can tell which of several commitments its amount is.
func (g *Grant) Accept(r *Report, fields []Field) error {
	var v fault.List
	for i, f := range fields {
		if !r.States(f) {
			v.Add(index("fields", i), "%q is not stated by the report", f)
		}
	}
	if err := v.Err(); err != nil {
		return err
	}
	was := g.Values()
	takes := func(f Field) bool { return slices.Contains(fields, f) && !r.Only(f).Equal(was.Only(f)) }
	if takes(StatusField) { // before the amount, which is a pledge or a commitment by it
		g.Status = r.Status
		if !r.Date.IsZero() {
			g.StatusDate = r.Date
		}
	}
	if takes(StartField) {
		g.Start = r.Start
	}
	if takes(EndField) {
		g.End = r.End
	}
	if takes(DurationField) {
		g.DurationMonths = r.DurationMonths
	}
	if takes(RecipientsField) {
		g.Recipients = make([]Participation, len(r.Recipients))
		for i, id := range r.Recipients {
			g.Recipients[i] = Participation{Organisation: id}
		}
	}
	if err := g.acceptAward(r, takes(AmountField), takes(AwardDateField)); err != nil {
		return err
	}
	for _, f := range fields {
		g.Accepted = slices.DeleteFunc(g.Accepted, func(a Acceptance) bool { return a.Field == f })
		g.Accepted = append(g.Accepted, Acceptance{Field: f, Report: r.ID})
	}
	return nil
}

// acceptAward writes the award with what a report says of it, and leaves the rest as it is.
func (g *Grant) acceptAward(r *Report, amount, date bool) error {
	if !amount && !date {
		return nil
	}
	award := Transaction{Amount: money.Amount{Qualifier: money.Unknown}}
	if t := g.Award(); t != nil {
		award = *t
	}
	if amount {
		award.Amount = *r.Amount
	}
	if date {
		award.Date = r.AwardDate
	}
	return g.SetAward(award.Amount, award.Date)
}
