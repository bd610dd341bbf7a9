package main

import (
	"encoding/csv"
	"fmt"
	"time"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type watchCommand struct {
	Resource string `arg:"" optional:"" help:"Only what changes this record, such as grants/ID, or one of a collection, such as grants."`
	After    *int64 `help:"Begin after this revision, 0 for the first; else with what is to come." placeholder:"REVISION"`
}

// Run writes a line for each revision until it is stopped.
func (c *watchCommand) Run(s *session) error {
	write := s.line()
	for r, err := range s.Watch(s, &tandemv1.WatchRevisionsRequest{After: c.After, Resource: c.Resource}) {
		if s.Err() != nil {
			return nil // that is how one leaves
		}
		if err != nil {
			return err
		}
		if err := write(r); err != nil {
			return err
		}
	}
	return nil
}

// line writes revisions one by one as 'tandem history' does. Who comes next is not known, so that the columns have widths of their own.
func (s *session) line() func(*tandemv1.Revision) error {
	head := []string{"REVISION", "TIME", "WHO", "WHAT", "WHY"}
	cells := func(r *tandemv1.Revision) []string {
		return []string{bare(r.Name), r.CreateTime.AsTime().Format(time.DateTime), r.Principal, changes(r), r.Reason}
	}
	switch s.output {
	case "json":
		return func(r *tandemv1.Revision) error { return s.writeJSON(r) }
	case "csv":
		out := csv.NewWriter(s.out)
		return func(r *tandemv1.Revision) error {
			if head != nil {
				_ = out.Write(head) // Flush tells
				head = nil
			}
			row := cells(r)
			for i, cell := range row {
				row[i] = harmless(cell)
			}
			_ = out.Write(row)
			out.Flush()
			return out.Error()
		}
	}
	const columns = "%-8s  %-19s  %-33s  %s"
	text := func(cells []string) string {
		line := fmt.Sprintf(columns, cells[0], cells[1], cells[2], cells[3])
		if cells[4] != "" {
			line += "  " + cells[4]
		}
		return line
	}
	return func(r *tandemv1.Revision) error {
		if head != nil {
			fmt.Fprintln(s.out, text(head))
			head = nil
		}
		_, err := fmt.Fprintln(s.out, text(cells(r)))
		return err
	}
}
