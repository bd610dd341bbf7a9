package main

import (
	"cmp"
	"fmt"
	"io"
	"os"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/freeform"
	"github.com/allmep/tandem/internal/exchange/refused"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// checkRefused finds out, before anything is recorded, whether the refused rows of the file can be written: it is read again for them.
func (c *importCommand) checkRefused() error {
	switch {
	case c.Refused == "":
		return nil
	case !c.Partial && !c.DryRun:
		return usage("--refused goes with --partial or --dry-run; else nothing is recorded when a grant is refused")
	case c.Refused == "-":
		return usage("--refused needs the name of a file; standard output tells what became of the import")
	case len(c.Files) != 1:
		return usage("--refused is for one file at a time: each has its own heads")
	case c.Files[0] == "-":
		return usage("--refused reads the file again, and standard input cannot be; give a file")
	}
	in, err := os.Stat(c.Files[0])
	if err != nil {
		return err
	}
	if !in.Mode().IsRegular() {
		return usage("--refused reads the file again, and %s cannot be; give a file", c.Files[0])
	}
	if out, err := os.Stat(c.Refused); err == nil && os.SameFile(in, out) {
		return usage("--refused would replace %s itself; give another name", c.Files[0])
	}
	return nil
}

// writeRefused writes what was refused of a file, if anything was.
func (c *importCommand) writeRefused(s *session, file string, r *tandemv1.ImportResult) error {
	told := s.aside()
	grants := refusedGrants(r)
	if len(grants) == 0 {
		fmt.Fprintf(told, "Nothing is refused; %s was not written.\n", c.Refused)
		return nil
	}
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	as := refused.File{Sheet: cmp.Or(r.GetSummary().GetMapping().GetSheet(), c.Sheet)}
	if f := c.request("").Format; f != tandemv1.ImportGrantsRequest_FORMAT_UNSPECIFIED {
		as.Format = exchange.Format(f.String())
	}
	for _, col := range r.GetSummary().GetColumns() {
		as.Columns = append(as.Columns, refused.Column{Head: col.Head, Field: freeform.Field(col.Field)})
	}
	if err := writeWhole(c.Refused, func(to io.Writer) error { return refused.Write(to, in, as, grants) }); err != nil {
		return fmt.Errorf("%s was not written: %w", c.Refused, err)
	}
	fmt.Fprintf(told, "Wrote %s: %s, with the reasons.\n", c.Refused, number(len(grants), "refused grant"))
	return nil
}

// refusedGrants are the grants of an answer that are refused, each with the problems for which it is.
func refusedGrants(r *tandemv1.ImportResult) []refused.Grant {
	var grants []refused.Grant
	for _, g := range r.Grants {
		if g.Outcome != tandemv1.ImportedGrant_REFUSED {
			continue
		}
		to := refused.Grant{Place: g.Place, Key: g.Key, Title: g.Title}
		for _, p := range g.Problems {
			if p.Severity == tandemv1.ImportProblem_REFUSED {
				to.Reasons = append(to.Reasons, refused.Reason{Place: p.Place, Field: p.Field, Text: p.Description})
			}
		}
		grants = append(grants, to)
	}
	return grants
}
