package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/allmep/tandem/internal/fault"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type importCommand struct {
	Files    []string `arg:"" name:"file" help:"Files of grants, each of which becomes a revision of its own; - is standard input."`
	Format   string   `help:"Their format: iati, threesixty, crs, csv or xlsx. Else it is told from the content." enum:",iati,threesixty,crs,csv,xlsx" default:"" placeholder:"FORMAT"`
	DryRun   bool     `short:"n" help:"Tell what would become of them, and store nothing."`
	Partial  bool     `help:"Record what can be recorded when some grants are refused."`
	Refused  string   `help:"With --partial or --dry-run: write what is refused there as CSV: the rows of a table with the reasons in a last column, to be mended and imported; of IATI and JSON the places and reasons." placeholder:"FILE.csv"`
	All      bool     `name:"all-problems" help:"Tell each problem, where there are many, and not only which kinds there are."`
	Currency string   `help:"The currency of amounts for which a file says none." placeholder:"CODE"`

	Mapping     string `help:"A saved mapping to read a sheet by ('tandem mapping list'); what --column and the flags below say goes before it." placeholder:"ID"`
	SaveMapping string `help:"Save what the columns were taken for under this name, also after a dry run; what was saved under it before is replaced." placeholder:"ID"`

	Sheet    string   `help:"Of a workbook, the sheet to read; else the first that has rows." placeholder:"NAME"`
	Source   string   `help:"Who keeps a sheet, so that the next one, whatever it is called, brings the same grants up to date; else the name of the file." placeholder:"NAME"`
	Column   []string `help:"What a column of a sheet means, by its head or letter, in place of what is guessed (--dry-run shows it): D=title; repeat it." sep:"none" placeholder:"COLUMN=FIELD"`
	Dates    string   `help:"What is first in dates such as 3/6/2024: day-first or month-first." enum:",day-first,month-first" default:"" placeholder:"ORDER"`
	Decimals string   `help:"What stands before decimals, where 1.234 could be either: point or comma." enum:",point,comma" default:"" placeholder:"MARK"`
}

// Run imports the files one after the other, and stops at the first of which nothing was recorded.
func (c *importCommand) Run(s *session) error {
	if err := c.checkRefused(); err != nil {
		return err
	}
	for _, file := range c.Files {
		if err := c.one(s, file); err != nil {
			return err
		}
	}
	return nil
}

func (c *importCommand) one(s *session, file string) error {
	saved, err := c.savedMapping(s)
	if err != nil {
		return err
	}
	name := filepath.Base(file)
	if file == "-" {
		name = ""
	}
	result, err := c.send(s, file, name)
	if result == nil {
		return err
	}
	refused := result.RefusedFile
	result.RefusedFile = "" // it goes into a file of its own
	if shown := c.write(s, name, result); shown != nil {
		return shown
	}
	if err != nil { // the problems are told
		return errors.New(nothingWritten(result.Summary))
	}
	if c.Refused != "" {
		if err := c.writeRefused(s, refused, result.Summary); err != nil {
			return err
		}
	}
	if c.SaveMapping != "" {
		return c.saveMapping(s, saved, name, result.GetSummary().GetMapping())
	}
	return nil
}

func (c *importCommand) request(name string) *tandemv1.ImportGrantsRequest {
	constant := func(flag string) string { return strings.ToUpper(strings.ReplaceAll(flag, "-", "_")) }
	return &tandemv1.ImportGrantsRequest{
		Format: tandemv1.ImportGrantsRequest_Format(tandemv1.ImportGrantsRequest_Format_value[constant(c.Format)]), FileName: name,
		DefaultCurrency: c.Currency, ValidateOnly: c.DryRun, Partial: c.Partial, RefusedFile: c.Refused != "", Mapping: full("mappings", c.Mapping), Sheet: c.Sheet, Source: c.Source, Column: c.Column,
		DateOrder:   tandemv1.ImportGrantsRequest_DateOrder(tandemv1.ImportGrantsRequest_DateOrder_value[constant(c.Dates)]),
		DecimalMark: tandemv1.ImportGrantsRequest_DecimalMark(tandemv1.ImportGrantsRequest_DecimalMark_value[constant(c.Decimals)]),
	}
}

func nothingWritten(sum *tandemv1.ImportSummary) string {
	return fmt.Sprintf("%s %s refused, and nothing was written; mend the file, or record the others with --partial", fault.Number(sum.GetRefusedCount(), "grant"), fault.Are(sum.GetRefusedCount()))
}

// write writes what became of a file: what was found wrong, then the money, then the sums.
func (c *importCommand) write(s *session, name string, r *tandemv1.ImportResult) error {
	if s.output == "json" {
		return s.writeJSON(r)
	}
	told := s.aside()
	for _, c := range r.GetSummary().GetColumns() {
		fmt.Fprintf(told, "%s: column %s %q: %s (%d%%: %s)\n", name, c.Letter, c.Head, takenFor(c.Field), c.Confidence, c.Reason)
	}
	tellProblems(told, r, c.All)
	tellSimilar(told, r, c.All)
	t := &table{head: []string{"TYPE", "CURRENCY", "TRANSACTIONS", "RECORDED", "REPORTED", "KEPT", "REFUSED", "ROUNDING"}, right: map[int]bool{2: true, 3: true, 4: true, 5: true, 6: true, 7: true}}
	for _, sum := range r.GetSummary().GetTotals() {
		t.add(sum.Type, sum.CurrencyCode, strconv.Itoa(int(sum.TransactionCount)), sum.Recorded, sum.Reported, sum.Kept, sum.Refused, sum.Rounding)
		if sum.UnreadCount > 0 {
			t.notes = append(t.notes, fmt.Sprintf("Of the type %s, %s cannot be read and %s in no sum.", sum.Type, fault.Number(sum.UnreadCount, "amount"), fault.Are(sum.UnreadCount)))
		}
	}
	if slices.ContainsFunc(r.GetSummary().GetTotals(), func(sum *tandemv1.ImportSummary_Total) bool { return sum.CurrencyCode == "" && sum.Refused != "0.00" }) {
		t.notes = append(t.notes, "Of some money that is refused the file does not say the currency; --currency CODE says it.")
	}
	t.notes = append(t.notes, inSum(name, r.GetSummary()))
	return s.write(r, t)
}

// takenFor says what a column is taken for.
func takenFor(field string) string {
	if field == "" {
		return "not used"
	}
	return field
}

// inSum says what became of a file in a sentence.
func inSum(name string, sum *tandemv1.ImportSummary) string {
	words := []any{fault.Number(int(sum.GetCreatedCount()), "grant"), "created", sum.GetUpdatedCount(), "updated", sum.GetUnchangedCount(), sum.GetRefusedCount(), "made or completed", len(sum.GetRecords())}
	if sum.GetRevision() == "" { // it is what would be
		words[1], words[3], words[6] = "to create", "to update", "to make or complete"
	}
	said := fmt.Sprintf("%s %s, %d %s, %d unchanged, %d refused; organisations and terms %s: %d", words...)
	if name != "" {
		said = name + ": " + said
	}
	switch {
	case sum.GetValidateOnly():
		return said + ". This was a dry run; nothing was stored."
	case sum.GetRevision() == "":
		return said + ". Nothing was written."
	}
	return said + "; revision " + bare(sum.GetRevision()) + "."
}

// importBar shows how far a file has been sent and, after that, how far it is recorded: as a bar on a terminal, else as a line now and then.
type importBar struct {
	to    io.Writer
	name  string
	size  int64
	all   *mpb.Progress
	bar   *mpb.Bar
	doing string
	told  int64
}

func newImportBar(s *session, name string, size int64) *importBar {
	b := &importBar{to: s.err, name: name, size: size}
	if isTerminal(s.err) && size > 0 {
		b.all = mpb.NewWithContext(s, mpb.WithOutput(s.err), mpb.WithWidth(40))
		b.begin("sent")
	}
	return b
}

// begin begins a part of the work.
func (b *importBar) begin(doing string) {
	b.doing, b.told = doing, 0
	if b.all == nil {
		return
	}
	if b.bar != nil {
		b.bar.Abort(true)
	}
	b.bar = b.all.AddBar(b.size, mpb.PrependDecorators(decor.Name(b.name+" "+doing+" "), decor.CountersKibiByte("% .1f / % .1f ")),
		mpb.AppendDecorators(decor.AverageSpeed(decor.SizeB1024(0), "% .1f "), decor.AverageETA(decor.ET_STYLE_GO)), mpb.BarRemoveOnComplete())
}

// tell tells how far the server is. Without a terminal it says so at every tenth of a file, or every ten megabytes of one of unknown size.
func (b *importBar) tell(p *tandemv1.ImportProgress) {
	doing, done := "sent", p.Bytes
	if p.ReadBytes > 0 {
		doing, done = "recorded", p.ReadBytes
	}
	if doing != b.doing {
		b.begin(doing)
	}
	if b.bar != nil {
		b.bar.SetCurrent(done)
		return
	}
	step := b.size / 10
	if step == 0 {
		step = 10 << 20
	}
	if done/step > b.told && (b.size == 0 || done < b.size) {
		b.told = done / step
		of, grants := "", ""
		if b.size > 0 {
			of = fmt.Sprintf(" of %d", b.size)
		}
		if doing == "recorded" {
			grants = ", " + fault.Number(int(p.Grants), "grant")
		}
		fmt.Fprintf(b.to, "%s: %d%s bytes%s\n", doing, done, of, grants)
	}
}

func (b *importBar) end() {
	if b.bar != nil {
		b.bar.Abort(true)
		b.all.Wait()
	}
}
