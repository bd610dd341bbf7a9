package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/allmep/tandem/client"
	"github.com/allmep/tandem/internal/fault"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type historyCommands struct {
	List   historyList   `cmd:"" default:"withargs" help:"Who changed what, when and why."`
	Verify historyVerify `cmd:"" help:"Prove that nobody rewrote the history (for staff)."`
}

type historyList struct {
	Resource string   `arg:"" optional:"" help:"Only what changed this record, such as grants/ID."`
	Limit    int      `help:"How many revisions to show, the newest first." default:"20"`
	By       []string `help:"Only what one of these wrote, such as tokens/ID." placeholder:"WHO"`
	Since    string   `help:"Only what was written then or later: 2024-11-01 or 2024-11-01T09:00:00Z." placeholder:"TIME"`
	Until    string   `help:"Only what was written by then, or by the end of that day." placeholder:"TIME"`
}

// Run shows who changed what.
func (c *historyList) Run(s *session) error {
	q := &tandemv1.ListRevisionsRequest{Resource: c.Resource, Principal: c.By, PageSize: int32(min(max(c.Limit, 1), 1000))}
	if len(c.By) > 0 {
		q.PageSize = 1000 // a page may be short: it is how far the server looks
	}
	var err error
	if q.Since, err = parseTime("since", c.Since, false); err != nil {
		return err
	}
	if q.Until, err = parseTime("until", c.Until, true); err != nil {
		return err
	}
	all := &tandemv1.ListRevisionsResponse{}
	t := &table{head: []string{"REVISION", "TIME", "WHO", "WHAT", "WHY"}}
	for r, err := range client.All(s, q, s.Revisions.ListRevisions, (*tandemv1.ListRevisionsResponse).GetRevisions) {
		if err != nil {
			return err
		}
		if len(all.Revisions) == c.Limit {
			t.notes = append(t.notes, "There are older ones; --limit shows more.")
			break
		}
		all.Revisions = append(all.Revisions, r)
		t.add(bare(r.Name), r.CreateTime.AsTime().Format(time.DateTime), r.Principal, changes(r), r.Reason)
	}
	return s.write(all, t)
}

// changes says in a few words what a revision did.
func changes(r *tandemv1.Revision) string {
	if len(r.Changes) == 0 {
		return "(not for you to see)"
	}
	c := r.Changes[0]
	out := strings.ToLower(c.Action.String()) + " " + c.Resource
	var names []string
	for _, f := range c.Fields {
		names = append(names, f.Field)
	}
	if len(names) > 0 {
		out += " (" + strings.Join(names, ", ") + ")"
	}
	if more := len(r.Changes) - 1; more > 0 {
		out += fmt.Sprintf(" and %d more", more)
	}
	return out
}

type historyVerify struct {
	Anchor string `help:"What an earlier verify printed; proves that nothing before was rewritten since." placeholder:"NUMBER:HASH"`
}

// Run proves that nobody rewrote the history.
func (c *historyVerify) Run(s *session) error {
	v, err := s.Revisions.VerifyRevisions(s, &tandemv1.VerifyRevisionsRequest{Anchor: c.Anchor})
	if err != nil {
		return err
	}
	if s.output != "table" {
		return s.show(v)
	}
	return s.verified(v.RevisionCount, v.Anchor, c.Anchor)
}

// verified tells of a log that is as it was written. held is the anchor that was given.
func (s *session) verified(revisions int64, anchor, held string) error {
	fmt.Fprintf(s.out, "The history is whole: %s, as written.\n", fault.Number(revisions, "revision"))
	if held != "" {
		fmt.Fprintln(s.out, "The anchor holds.")
	}
	if anchor == "" {
		return nil
	}
	_, err := fmt.Fprintf(s.out, "Keep this outside of the database, for --anchor of a later verify:\n%s\n", anchor)
	return err
}
