package threesixty

import (
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/table"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// Table reads the standard's flattened spreadsheet: a grant in each row, under heads that are titles ("Recipient Org:Name") or paths ("recipientOrganization/0/name"). It is an
// exchange.Reader.
type Table struct {
	in    *table.Table
	file  string
	heads []string // as the file has them
	paths []string
	notes []string
}

// titles are the standard's titles of properties, by where they stand: those of the grant itself under "".
var titles = map[string]map[string]string{
	"": {"identifier": "id", "title": "title", "description": "description", "currency": "currency", "amount applied for": "amountAppliedFor", "amount awarded": "amountAwarded", "amount disbursed": "amountDisbursed",
		"award date": "awardDate", "url": "url", "from an open call?": "fromOpenCall", "related activity": "relatedActivity", "last modified": "dateModified", "data source": "dataSource",
		"for regrant type": "regrantType", "location scope": "locationScope"},
	"organisation": {"identifier": "id", "name": "name", "department": "department", "contact name": "contactName", "charity number": "charityNumber", "company number": "companyNumber", "street address": "streetAddress",
		"city": "addressLocality", "county": "addressRegion", "country": "addressCountry", "postal code": "postalCode", "phone number": "telephone", "alternate name": "alternateName", "email": "email",
		"description": "description", "organisation type": "organisationType", "web address": "url", "last modified": "dateModified"},
	"event":          {"title": "title", "start date": "startDate", "end date": "endDate", "duration (months)": "duration", "description": "description", "last modified": "dateModified"},
	"location":       {"identifier": "id", "name": "name", "country code": "countryCode", "latitude": "latitude", "longitude": "longitude", "description": "description", "geographic code": "geoCode", "geographic code type": "geoCodeType", "last modified": "dateModified"},
	"classification": {"vocabulary": "vocabulary", "code": "code", "title": "title", "description": "description", "url": "url", "last modified": "dateModified"},
	"document":       {"identifier": "id", "title": "title", "web address": "url", "description": "description", "document type": "documentType", "last modified": "dateModified"},
	"person":         {"identifier": "id", "name": "name"},
}

// lists are the titles of the standard's lists and objects: the property, the properties of its members, and whether it is a list.
var lists = map[string]struct {
	path, of string
	list     bool
}{
	"recipient org": {"recipientOrganization", "organisation", true}, "funding org": {"fundingOrganization", "organisation", true}, "recipient ind": {"recipientIndividual", "person", false},
	"planned dates": {"plannedDates", "event", true}, "actual dates": {"actualDates", "event", true}, "beneficiary location": {"beneficiaryLocation", "location", true},
	"grant programme": {"grantProgramme", "classification", true}, "funding type": {"fundingType", "classification", true}, "classifications": {"classifications", "classification", true},
	"related document": {"relatedDocument", "document", true},
}

// pathOf returns the path that a head means, "" if it is none of the standard's.
func pathOf(head string) string {
	if h, _, is := strings.Cut(head, "/"); is && properties[h] || properties[head] {
		return head
	}
	parts := strings.Split(strings.ToLower(strings.Join(strings.Fields(head), " ")), ":")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	if len(parts) == 1 {
		return titles[""][parts[0]]
	}
	l, known := lists[parts[0]]
	n, rest := "0", parts[1:]
	if strings.IndexFunc(rest[0], func(r rune) bool { return !unicode.IsDigit(r) }) < 0 && rest[0] != "" && len(rest) > 1 {
		n, rest = rest[0], rest[1:]
	}
	property := titles[l.of][rest[0]]
	switch {
	case !known || len(rest) != 1 || property == "":
		return ""
	case l.list:
		return l.path + "/" + n + "/" + property
	}
	return l.path + "/" + property
}

// properties are the names of the grant's properties, by which a head can be a path.
var properties = func() map[string]bool {
	names := map[string]bool{"disbursementTransaction": true, "commitmentTransaction": true, "applicationTransaction": true, "toIndividualsDetails": true}
	for _, p := range titles[""] {
		names[p] = true
	}
	for _, l := range lists {
		names[l.path] = true
	}
	return names
}()

// Recognises tells whether heads are those of the standard's spreadsheet: it names at least a grant's identifier, its funder and the amount.
func Recognises(heads []string) bool {
	found := map[string]bool{}
	for _, h := range heads {
		p, _, _ := strings.Cut(pathOf(h), "/")
		found[p] = true
	}
	return found["id"] && found["amountAwarded"] && found["fundingOrganization"]
}

// NewTable returns a reader of a table. Errors: Invalid, if its first row does not have the standard's heads; those of the table.
func NewTable(in *table.Table, file string) (*Table, error) {
	head, err := in.Read()
	for err == nil && head.Empty() {
		head, err = in.Read()
	}
	if err != nil && err != io.EOF {
		return nil, err
	}
	t := &Table{in: in, file: file}
	taken := map[string]string{}
	for _, c := range head.Cells {
		path := pathOf(c.Text)
		if first := taken[path]; first != "" {
			t.notes = append(t.notes, `the heads "`+first+`" and "`+c.Text+`" mean the same: the second is kept as it is`)
			path = ""
		}
		taken[path] = c.Text
		if path == "" {
			taken[""] = ""
		}
		t.heads, t.paths = append(t.heads, c.Text), append(t.paths, path)
	}
	if !Recognises(t.heads) {
		return nil, fault.New(fault.Invalid, "the first row has not the heads of a 360Giving spreadsheet; accepted are at least Identifier, Amount Awarded and Funding Org:Name or Funding Org:Identifier, or their paths")
	}
	if len(in.Others) > 0 {
		t.notes = append(t.notes, "only the sheet "+in.Sheet+" is read, not "+strings.Join(in.Others, ", "))
	}
	return t, nil
}

// Read returns the draft of the next row.
func (t *Table) Read() (*exchange.Draft, error) {
	row, err := t.in.Read()
	for err == nil && row.Empty() {
		row, err = t.in.Read()
	}
	if err != nil {
		return nil, err
	}
	d := t.draft(row)
	d.Problems = append(d.Problems, t.Rest()...)
	return d, nil
}

// Rest implements exchange.Reader.
func (t *Table) Rest() []exchange.Problem {
	notes := append(t.notes, t.in.Notes()...)
	t.notes = nil
	return exchange.Notes(exchange.Place{File: t.file, Sheet: t.in.Sheet}, notes)
}

// draft makes a draft of a row.
func (t *Table) draft(row table.Row) *exchange.Draft {
	r := newRecord(exchange.Place{File: t.file, Sheet: t.in.Sheet, Line: row.Line})
	r.date1904, r.again = t.in.Date1904, t.again
	for i, c := range row.Cells {
		if c.Text == "" {
			continue
		}
		path, head := "", table.Letter(i)
		if i < len(t.paths) {
			path, head = t.paths[i], t.heads[i]
		}
		if path == "" {
			path = head // no path of the standard
		}
		if !r.put(path, c) {
			r.put(path+" "+table.Letter(i), c)
		}
		r.names[path] = head
	}
	return r.draft()
}

// again tells a state of a record under the heads of the table, as of exchange.Record.
func (t *Table) again(g *grant.Grant, names *grant.Registry) (*exchange.Draft, error) {
	a, lacks := awardOf(g, names)
	if lacks != "" {
		return nil, lacking{lacks: 1}.refusal()
	}
	written := a.row()
	row := table.Row{Cells: make([]table.Cell, len(t.heads))}
	for i, head := range t.heads {
		if at := slices.Index(heads, head); at >= 0 {
			row.Cells[i].Text = written[at].Text
		}
	}
	return t.draft(row), nil
}
