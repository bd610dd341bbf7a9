package ledger

import (
	"fmt"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// own returns the grant that a draft was written from, as it stands, nil if this ledger has not written it: an id may be another ledger's as well, but not with the same instant.
func (im *importer) own(from *exchange.Draft) (*grant.Grant, error) {
	r := from.Record
	if r == nil || r.Key != from.Key || !im.exists(grantKey(r.Grant)) {
		return nil, nil
	}
	g, err := im.grant(r.Grant)
	if err != nil || g.Created != r.Created {
		return nil, err
	}
	for g.Successor != "" {
		if g, err = im.grant(g.Successor); err != nil {
			return nil, err
		}
	}
	if g.Deleted != 0 {
		return nil, fault.Field("key", "%q is %q, which was deleted; undelete it, or take it out of the file", from.Key, g.Key())
	}
	return g, nil
}

// edit takes what someone has edited in a draft that was written from g, which is left as it is by one that nobody has edited. What cannot be taken is left as a report.
func (im *importer) edit(from *exchange.Draft, g *grant.Grant, out *ImportedGrant) error {
	// Reports and links of our own are here already.
	out.Problems = slices.DeleteFunc(out.Problems, func(p exchange.Problem) bool { return strings.HasPrefix(p.Field, "beyond/") })
	was, err := im.past(from.Record.Grant, from.Record.Revision)
	if err != nil {
		return err
	}
	again, err := from.Record.Again(was, im.before.Registry)
	if err != nil {
		return fault.New(fault.Invalid, "%q as of revision %d cannot be held against the file: %v", was.Key(), from.Record.Revision, err)
	}
	edited := grant.Differences(inWords(again, again.Grant, was), inWords(from, from.Grant, was))
	if from.Record.Plain != nil && again.Record.Plain != nil {
		im.tellOverridden(from, again, was, edited, out)
	}
	if again.Refused() || len(edited) == 0 {
		return nil
	}
	told, _, err := im.known.resolve(again, true)
	im.known.giveUp() // what is told less well than it is recorded may name what is not
	if err != nil {
		return err
	}
	said, reporter, err := im.known.resolve(from, true)
	if err != nil {
		return err
	}
	told.Identifiers, said.Identifiers = identifiers(again, was), identifiers(from, was)
	status, date := g.Status, g.StatusDate
	out.Held = g.TakeEdits(was, told, said)
	dateStatus(g, status, date, im.at)
	if len(out.Held) > 0 {
		out.reported = slices.ContainsFunc(out.Held, isTransaction)
		out.Problems = append(out.Problems, exchange.Problem{Place: from.Place, Severity: exchange.Noted, Field: strings.Join(out.Held, ", "),
			Text: "was edited in the file, and in the record since the file was written, or the format tells less of it than the record; the record stays, and what the file says is in a report"})
		im.leave(g, said, from, reporter)
	}
	needed := map[grant.Key]bool{}
	for ref := range g.References() {
		needed[ref.Key] = true
	}
	im.known.giveUpBut(func(k grant.Key) bool { return needed[k] })
	return nil
}

// leave leaves what a file says as a report of its day, once.
func (im *importer) leave(g, said *grant.Grant, from *exchange.Draft, reporter string) {
	r := grant.Report{Kind: from.Kind, Organisation: reporter, Date: from.Date, Values: said.Values(), By: im.w.Principal.Name, At: im.at}
	known := func(o grant.Report) bool {
		return o.Organisation == r.Organisation && o.Kind == r.Kind && o.Date == r.Date && o.Equal(r.Values)
	}
	if reporter != "" && !slices.ContainsFunc(g.Reports, known) {
		r.ID = g.NextID()
		g.Reports = append(g.Reports, r)
	}
}

// tellOverridden tells of what someone has edited in fields of the format while others of our own, which say more and stand, are as they were.
func (im *importer) tellOverridden(from, again *exchange.Draft, was *grant.Grant, edited []string, out *ImportedGrant) {
	var lost []string
	for _, part := range grant.Differences(inWords(again, again.Record.Plain, was), inWords(from, from.Record.Plain, was)) {
		if !slices.Contains(edited, part) {
			lost = append(lost, part)
		}
	}
	if len(lost) > 0 {
		out.Problems = append(out.Problems, exchange.Problem{Place: from.Place, Severity: exchange.LeftOut, Field: strings.Join(lost, ", "),
			Text: "was edited where the format has it, and not in the element of our own, which says more and stands; edit it there, or in the record"})
	}
}

// inWords is a grant of a draft with what it refers to in the draft's own words.
func inWords(d *exchange.Draft, of, was *grant.Grant) *grant.Grant {
	g := renamed(of, func(ref string) string {
		if i, ok := exchange.Index(ref); ok {
			return fmt.Sprint(d.Parties[i].Identifiers, d.Parties[i].Name)
		}
		return ref
	}, func(ref string) string {
		if i, ok := exchange.Index(ref); ok {
			return fmt.Sprint(d.Terms[i].ID, d.Terms[i].Code, d.Terms[i].Name)
		}
		return ref
	})
	g.Identifiers = identifiers(d, was)
	return g
}

// identifiers are those of a draft without the key that it was written under, unless the record has that among its own.
func identifiers(d *exchange.Draft, was *grant.Grant) []string {
	if slices.Contains(was.Identifiers, d.Key) {
		return d.Grant.Identifiers
	}
	return slices.DeleteFunc(slices.Clone(d.Grant.Identifiers), func(id string) bool { return id == d.Key })
}
