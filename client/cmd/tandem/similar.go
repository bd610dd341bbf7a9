package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/allmep/tandem/internal/fault"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type grantSimilar struct {
	asOf  `embed:""`
	Grant string `arg:"" optional:"" help:"The grant's id."`
	Query string `help:"What is said of it: title, number, names of donor or recipient." placeholder:"TEXT"`
	Limit int32  `help:"At most so many, 100 at most." default:"10"`
}

// Run finds grants that are likely the same.
func (c *grantSimilar) Run(s *session) error {
	if (c.Grant == "") == (c.Query == "") {
		return usage("accepted is a grant's id or --query TEXT")
	}
	at, err := c.readTime()
	if err != nil {
		return err
	}
	q := &tandemv1.FindSimilarGrantsRequest{Query: c.Query, PageSize: c.Limit, Revision: c.Revision, ReadTime: at}
	if c.Grant != "" {
		q.Grant = &tandemv1.Grant{Name: full("grants", c.Grant)}
	}
	found, err := s.Grants.FindSimilarGrants(s, q)
	if err != nil {
		return err
	}
	t := &table{head: []string{"GRANT", "TITLE", "SCORE", "BECAUSE"}, right: map[int]bool{2: true}}
	for _, g := range found.Similar {
		t.add(bare(g.Name), g.Title, fmt.Sprintf("%.3f", g.Score), because(g))
	}
	t.notes = append(t.notes, fault.Number(int(found.TotalSize), "grant")+" likely the same")
	return s.write(found, t)
}

// because tells the parts of a score.
func because(g *tandemv1.SimilarGrant) string {
	parts := make([]string, len(g.Parts))
	for i, p := range g.Parts {
		parts[i] = fmt.Sprintf("%+.3f %s", p.Points, p.Reason)
	}
	return strings.Join(parts, "; ")
}

// warnSimilar tells which grants are likely the same as one.
func warnSimilar(w io.Writer, similar []*tandemv1.SimilarGrant) {
	for _, g := range similar {
		fmt.Fprintf(w, "Likely the same: %s  %s  %.3f (%s)\n", bare(g.Name), g.Title, g.Score, because(g))
	}
}

// heedSimilar looks for grants that are likely the same as one that is to be saved. If there are any it asks whether to go on; where it may not, or nobody is there to answer, it refuses.
func (s *session) heedSimilar(g *tandemv1.Grant, refuse bool) error {
	found, err := s.Grants.FindSimilarGrants(s, &tandemv1.FindSimilarGrantsRequest{Grant: g})
	if err != nil || found.TotalSize == 0 {
		return err
	}
	warnSimilar(s.err, found.Similar)
	if more := int(found.TotalSize) - len(found.Similar); more > 0 {
		fmt.Fprintf(s.err, "… and %d more\n", more)
	}
	if refuse {
		return errors.New("a grant on record is likely the same; nothing was stored. Without --refuse-similar it is stored beside it")
	}
	t, restore, err := openTerminal()
	if err != nil {
		return err
	}
	defer restore()
	return confirm(t, "Save anyway? (y/n) ")
}
