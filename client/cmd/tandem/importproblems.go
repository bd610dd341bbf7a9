package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/fault"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// toldEach is how many problems of a file, and grants that are likely recorded already, are told one by one. Of more problems the kinds are told.
const toldEach = 20

// tellProblems writes what was found wrong with a file, the worst first.
func tellProblems(to io.Writer, r *tandemv1.ImportResult, all bool) {
	var each []*tandemv1.ImportProblem
	for _, g := range r.Grants {
		each = append(each, g.Problems...)
	}
	each = append(each, r.GetSummary().GetProblems()...)
	if all || len(each) <= toldEach {
		slices.SortStableFunc(each, func(a, b *tandemv1.ImportProblem) int { return int(b.Severity - a.Severity) })
		for _, p := range each {
			fmt.Fprintf(to, "%s: %s: %s\n", p.Place, severityWord(p.Severity), inField(p.Field, p.Description))
		}
		return
	}
	kinds := r.GetSummary().GetProblemKinds()
	for _, k := range kinds {
		tellKind(to, k)
	}
	fmt.Fprintf(to, "These are %s of %s; --all-problems tells each.\n", fault.Number(len(each), "problem"), fault.Number(len(kinds), "kind"))
}

// tellKind writes problems that are alike: what is wrong, where first, and what it is that differs.
func tellKind(to io.Writer, k *tandemv1.ImportProblemKind) {
	what := severityWord(k.Severity) + ": " + inField(k.Field, k.Description)
	if k.ProblemCount == 1 {
		fmt.Fprintf(to, "%s: %s\n", k.Places[0], what)
		return
	}
	of := ""
	if k.GrantCount > 0 {
		of = " in " + fault.Number(k.GrantCount, "grant")
	}
	fmt.Fprintf(to, "%s\n    %d times%s, first at %s\n", what, k.ProblemCount, of, strings.Join(k.Places, ", "))
	if len(k.Found) == 0 {
		return
	}
	var found []string
	for _, f := range k.Found {
		times := ""
		if f.ProblemCount > 1 {
			times = fmt.Sprintf(" (%d times)", f.ProblemCount)
		}
		found = append(found, f.Value+times)
	}
	others := ""
	if k.OtherCount > 0 {
		others = ", and " + fault.Number(k.OtherCount, "other")
	}
	fmt.Fprintf(to, "    … is %s%s\n", strings.Join(found, ", "), others)
}

// tellSimilar writes which grants of a file are likely recorded already.
func tellSimilar(to io.Writer, r *tandemv1.ImportResult, all bool) {
	likely := 0
	for _, g := range r.Grants {
		if len(g.Similar) == 0 {
			continue
		}
		if likely++; likely > toldEach && !all {
			continue
		}
		like, more := g.Similar[0], ""
		if n := len(g.Similar) - 1; n > 0 {
			more = fmt.Sprintf(", and %d more", n)
		}
		fmt.Fprintf(to, "%s: likely the same: %s and %s (%.3f, %s)%s\n", g.Place, g.Key, like.Name, like.Score, like.Title, more)
	}
	if more := likely - toldEach; more > 0 && !all {
		fmt.Fprintf(to, "%d more %s likely the same as recorded ones; --all-problems tells each.\n", more, fault.Are(more))
	}
}

func inField(field, description string) string {
	if field == "" {
		return description
	}
	return field + ": " + description
}

func severityWord(s tandemv1.ImportProblem_Severity) string {
	return strings.ToLower(strings.ReplaceAll(s.String(), "_", " "))
}
