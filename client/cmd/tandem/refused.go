package main

import (
	"fmt"
	"io"
	"os"

	"github.com/allmep/tandem/internal/fault"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// checkRefused finds out, before anything is recorded, whether it makes sense to write what is refused.
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
	}
	out, err := os.Stat(c.Refused)
	if err != nil || c.Files[0] == "-" {
		return nil
	}
	if in, err := os.Stat(c.Files[0]); err == nil && os.SameFile(in, out) {
		return usage("--refused would replace %s itself; give another name", c.Files[0])
	}
	return nil
}

// writeRefused writes the file of what was refused, if anything was.
func (c *importCommand) writeRefused(s *session, file string, sum *tandemv1.ImportSummary) error {
	if file == "" {
		fmt.Fprintf(s.aside(), "Nothing is refused; %s was not written.\n", c.Refused)
		return nil
	}
	err := writeWhole(c.Refused, func(to io.Writer) error {
		_, err := io.WriteString(to, file)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s was not written: %w", c.Refused, err)
	}
	fmt.Fprintf(s.aside(), "Wrote %s: %s, with the reasons.\n", c.Refused, fault.Number(int(sum.GetRefusedCount()), "refused grant"))
	return nil
}
