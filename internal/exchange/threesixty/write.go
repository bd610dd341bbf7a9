package threesixty

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/workbook"
	"github.com/allmep/tandem/internal/fault"
)

// lacking counts the grants that cannot be written, by what they lack.
type lacking map[string]int

// reasons are what grants can lack, in the order in which it is told.
var reasons = []string{"one known amount", "a date of award", "a recipient"}

// String says how many grants are not in a file, and why.
func (l lacking) String() string {
	var parts []string
	sum := 0
	for _, r := range reasons {
		if n := l[r]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d for want of %s", n, r))
			sum += n
		}
	}
	if sum == 0 {
		return ""
	}
	return fmt.Sprintf("%s %s left out, since 360Giving requires more than is known: %s.", fault.Number(sum, "grant"), fault.Are(sum), strings.Join(parts, ", "))
}

// refusal is the error of a file of which there would be nothing.
func (l lacking) refusal() error {
	return fault.New(fault.Precondition, "a file of 360Giving holds at least one grant, and there is none to write. %s", l)
}

// awards calls yield with every grant that can be written. Errors: Precondition if there is none, for the schema requires one.
func awards(x exchange.Extract, yield func(award) error) (lacking, error) {
	out, written := lacking{}, false
	for g, err := range x.Grants {
		if err != nil {
			return nil, err
		}
		a, lacks := awardOf(g, x.Registry)
		if lacks != "" {
			out[lacks]++
			continue
		}
		written = true
		if err := yield(a); err != nil {
			return nil, err
		}
	}
	if !written {
		return nil, out.refusal()
	}
	return out, nil
}

// WriteJSON writes a package of 360Giving. What could not be written its description says, and leftOut. Errors: Precondition if that is everything; nothing has been written then.
func WriteJSON(w io.Writer, x exchange.Extract) (leftOut string, err error) {
	out := bufio.NewWriter(w)
	before := `{"version":"` + version + `","grants":[` + "\n"
	lacks, err := awards(x, func(a award) error {
		body, err := json.Marshal(a)
		if err != nil {
			return err
		}
		if _, err := out.WriteString(before); err != nil {
			return err
		}
		before = ",\n"
		_, err = out.Write(body)
		return err
	})
	if err != nil {
		return "", err
	}
	said := lacks.String()
	about, err := json.Marshal(strings.TrimSpace(fmt.Sprintf("Grants as of revision %d. What begins with \"tandem\" is beyond the schema. %s", x.Revision, said)))
	if err != nil {
		return "", err
	}
	fmt.Fprintf(out, "\n],\n\"title\":\"Grants recorded in Tandem\",\"issued\":%q,\"description\":%s}\n", time.UnixMicro(x.At).UTC().Format(time.DateOnly), about)
	return said, out.Flush()
}

// heads are the columns of the spreadsheet, by the titles of the schema.
var heads = []string{
	"Identifier", "Title", "Description", "Currency", "Amount Awarded", "Award Date", "Planned Dates:Start Date", "Planned Dates:End Date", "Planned Dates:Duration (months)",
	"Recipient Org:Identifier", "Recipient Org:Name", "Recipient Org:Charity Number", "Recipient Org:Company Number", "Recipient Org:Web Address", "Funding Org:Identifier", "Funding Org:Name",
	"Grant Programme:Code", "Grant Programme:Title", "Beneficiary Location:Name", "Beneficiary Location:Country Code", "Last Modified", "Amount Qualifier", "Award Date As Known", recordHead,
}

// recordHead is the head of the column that says which record a row was written from.
const recordHead = "Tandem Record"

// moreHeads are those of a second sheet, for what a grant has more than one of. Who reads it puts together what has the same identifier, as 360Giving's own tool does.
var moreHeads = []string{"Identifier", "Recipient Org:Identifier", "Recipient Org:Name", "Funding Org:Identifier", "Funding Org:Name", "Beneficiary Location:Name", "Beneficiary Location:Country Code"}

// WriteXLSX writes the spreadsheet of 360Giving. leftOut and errors as of WriteJSON.
func WriteXLSX(w io.Writer, x exchange.Extract) (leftOut string, err error) {
	book := workbook.NewBook()
	defer func() {
		if e := book.Close(); err == nil {
			err = e
		}
	}()
	main, err := book.Sheet("grants", heads)
	if err != nil {
		return "", err
	}
	more, err := book.Sheet("more", moreHeads)
	if err != nil {
		return "", err
	}
	lacks, err := awards(x, func(a award) error {
		if err := main.Add(a.row()); err != nil {
			return err
		}
		for _, row := range a.more() {
			if err := more.Add(row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return lacks.String(), book.Write(w, main, more)
}

func text(s string) workbook.Cell { return workbook.Cell{Text: s} }

func (a *award) row() []workbook.Cell {
	var dates event
	if len(a.PlannedDates) > 0 {
		dates = a.PlannedDates[0]
	}
	var under programme
	if len(a.Programme) > 0 {
		under = a.Programme[0]
	}
	duration := workbook.Cell{Type: workbook.Integer}
	if dates.Duration != 0 {
		duration.Text = fmt.Sprint(dates.Duration)
	}
	to, by, at := first(a.Recipients), first(a.Funders), first(a.Locations)
	return []workbook.Cell{
		text(a.ID), text(a.Title), text(a.Description), text(string(a.Currency)), {Type: workbook.Money, Text: string(a.AmountAwarded), Currency: a.Currency},
		{Type: workbook.Date, Text: a.AwardDate}, {Type: workbook.Date, Text: dates.Start}, {Type: workbook.Date, Text: dates.End}, duration,
		text(to.ID), text(to.Name), text(to.CharityNumber), text(to.CompanyNumber), text(to.URL), text(by.ID), text(by.Name), text(under.Code), text(under.Title),
		text(at.Name), text(at.CountryCode), text(a.DateModified), text(a.Tandem.Qualifier.String()), text(a.Tandem.AwardDate), text(a.Tandem.Record),
	}
}

// more are the rows of what does not fit into the first.
func (a *award) more() (rows [][]workbook.Cell) {
	for i := 1; i < max(len(a.Recipients), len(a.Funders), len(a.Locations)); i++ {
		to, by, at := first(a.Recipients[min(i, len(a.Recipients)):]), first(a.Funders[min(i, len(a.Funders)):]), first(a.Locations[min(i, len(a.Locations)):])
		rows = append(rows, []workbook.Cell{text(a.ID), text(to.ID), text(to.Name), text(by.ID), text(by.Name), text(at.Name), text(at.CountryCode)})
	}
	return rows
}

// first is the first of some, or an empty one.
func first[T any](all []T) (one T) {
	if len(all) > 0 {
		one = all[0]
	}
	return one
}
