package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// importer decides an import on a draft of the revision.
type importer struct {
	*draft
	w       Write
	before  *State // the import
	known   *matcher
	seen    map[string]exchange.Place // by source and key
	grants  []grant.Entity            // to be put
	places  map[string]int            // of grants in them, by id
	tellers []teller
	answers map[string][]int // places in the answer, by the id of the grant that is there
	past    func(id string, revision int64) (*grant.Grant, error)
	done    Imported
}

func newImporter(ctx context.Context, d *draft, w Write) *importer {
	im := &importer{draft: d, w: w, before: d.pending.flush(), known: newMatcher(d.registry), seen: map[string]exchange.Place{}, places: map[string]int{}}
	im.past = func(id string, revision int64) (*grant.Grant, error) {
		e, err := d.ledger.read(ctx, im.before, grantKey(id), revision) // what a revision left never changes
		if err != nil {
			return nil, err
		}
		return e.(*grant.Grant), nil
	}
	return im
}

// take decides what becomes of one draft. Its error is of the store: what is wrong with the draft is in the answer.
func (im *importer) take(from *exchange.Draft) error {
	out := ImportedGrant{Place: from.Place, Key: from.Key, Title: from.Grant.Title, Problems: slices.Clone(from.Problems)}
	im.known.begin()
	g, before, err := im.decide(from, &out)
	var f *fault.Error
	switch {
	case errors.As(err, &f) && f.Kind == fault.Invalid:
		im.known.giveUp()
		out.Outcome, out.ID, out.Held = GrantRefused, "", nil
		for _, v := range f.Violations {
			out.Problems = append(out.Problems, exchange.Problem{Place: from.Place, Severity: exchange.Refused, Field: v.Field, Text: v.Problem})
		}
		if len(f.Violations) == 0 && !from.Refused() {
			out.Problems = append(out.Problems, exchange.Problem{Place: from.Place, Severity: exchange.Refused, Text: f.Message})
		}
	case err != nil:
		return err
	case before == nil:
		out.Outcome, out.ID, out.grant = GrantCreated, g.ID, g
		im.keep(g)
		im.hears(from, g, &out)
	default:
		after, err := encode(g)
		if err != nil {
			return err
		}
		out.Outcome, out.ID = GrantUnchanged, g.ID
		if !bytes.Equal(before, after.Body) {
			out.Outcome = GrantUpdated
			im.keep(g)
		}
		im.hears(from, g, &out)
	}
	im.done.Grants = append(im.done.Grants, out)
	return nil
}

// decide makes the grant of a draft as the revision leaves it. before is its encoding as it stands, nil if it is new. Its error is Invalid if the draft is refused.
func (im *importer) decide(from *exchange.Draft, out *ImportedGrant) (g *grant.Grant, before []byte, err error) {
	if from.Refused() {
		return nil, nil, fault.New(fault.Invalid, "it cannot be read")
	}
	if from.Key != "" {
		key := from.Source + "\n" + from.Key
		if first, twice := im.seen[key]; twice {
			return nil, nil, fault.Field("key", "%q is in the file already, at %s", from.Key, first)
		}
		im.seen[key] = from.Place
	}
	if g, err = im.own(from); err != nil {
		return nil, nil, err
	}
	if g != nil {
		if before, err = bodyOf(g); err == nil {
			err = im.edit(from, g, out)
		}
		if err != nil {
			return nil, nil, err
		}
		return g, before, im.check(g)
	}
	if g, err = im.recorded(from); err != nil {
		return nil, nil, err
	}
	said, reporter, err := im.known.resolve(from, false)
	if err != nil {
		return nil, nil, err
	}
	im.hear(from, said, reporter, out)
	status, date := grant.Status(0), said.StatusDate
	if g == nil {
		g = &grant.Grant{ID: im.ledger.NewID(), Visibility: said.Visibility, Shadow: said.Shadow, StatusDate: said.StatusDate}
	} else {
		if before, err = bodyOf(g); err != nil {
			return nil, nil, err
		}
		status, date = g.Status, g.StatusDate
	}
	if base := g.Imported(string(from.Format), from.Source, from.Key); base != nil && !from.Date.IsZero() && from.Date.First < base.Date.First {
		im.reportOlder(g, said, from, reporter, out)
		return g, before, g.Validate()
	}
	out.relates = true
	out.Held = g.Take(said, grant.Import{Format: string(from.Format), Source: from.Source, Key: from.Key, Date: from.Date, Kept: from.Kept})
	out.reported = slices.ContainsFunc(out.Held, isTransaction)
	if before != nil {
		dateStatus(g, status, date, im.at)
	}
	im.report(g, said, from, reporter, out)
	return g, before, im.check(g)
}

// check holds a grant against its rules.
func (im *importer) check(g *grant.Grant) error {
	var v fault.List
	v.Merge("", g.Validate())
	im.known.checkFunders(&v, g)
	return v.Err()
}

func bodyOf(g *grant.Grant) ([]byte, error) {
	v, err := encode(g)
	return v.Body, err
}

// hear signs the reports of others that a draft tells of, without that which the file itself leaves, and tells of a programme that is not here.
func (im *importer) hear(from *exchange.Draft, said *grant.Grant, reporter string, out *ImportedGrant) {
	said.Reports = slices.DeleteFunc(said.Reports, func(r grant.Report) bool {
		return r.Organisation == reporter && r.Kind == from.Kind && r.Equal(said.Values())
	})
	for i := range said.Reports {
		said.Reports[i].By, said.Reports[i].At = im.w.Principal.Name, im.at
	}
	if i, ok := exchange.Index(from.Grant.Programme); ok && said.Programme == "" {
		out.Problems = append(out.Problems, exchange.Problem{Place: from.Place, Severity: exchange.LeftOut, Field: "programme",
			Text: fmt.Sprintf("found %q, and no programme, or more than one, is called so; record it, and import the file again", from.Terms[i].Name)})
	}
}

// recorded returns the grant that a draft tells of, as it stands, nil if there is none.
func (im *importer) recorded(from *exchange.Draft) (*grant.Grant, error) {
	if from.Key == "" {
		return nil, nil
	}
	var imported, named []*grant.Grant
	for _, id := range im.before.Index.Identified(from.Key) {
		g, err := im.grant(id)
		if err != nil {
			return nil, err
		}
		made := func(i grant.Import) bool { return i.Made }
		same := func(i grant.Import) bool { return i.Key == from.Key }
		switch {
		case g.Imported(string(from.Format), from.Source, from.Key) != nil:
			imported = append(imported, g)
		case !slices.Contains(g.Identifiers, from.Key):
			// It only looks alike.
		case !slices.ContainsFunc(g.Imports, made) || slices.ContainsFunc(g.Imports, same):
			// What a file made is known by its key: files name the identifiers of other activities, too, those that they are a part of.
			named = append(named, g)
		}
	}
	return im.standingOf(from, imported, named)
}

// grant returns a grant as the import leaves it so far, for the caller to change.
func (im *importer) grant(id string) (*grant.Grant, error) {
	if i, changed := im.places[id]; changed {
		v, err := encode(im.grants[i])
		if err != nil {
			return nil, err
		}
		e, err := decode(v)
		if err != nil {
			return nil, err
		}
		return e.(*grant.Grant), nil
	}
	e, err := im.get(grantKey(id))
	if err != nil {
		return nil, err
	}
	return e.(*grant.Grant), nil
}

// keep makes a grant one of those that the import changes.
func (im *importer) keep(g *grant.Grant) {
	if i, there := im.places[g.ID]; there {
		im.grants[i] = g
		return
	}
	im.places[g.ID] = len(im.grants)
	im.grants = append(im.grants, g)
}

// standingOf chooses among the grants that a draft may tell of: first those that the source's file gave before, and of merged ones those that they were merged into.
func (im *importer) standingOf(from *exchange.Draft, imported, named []*grant.Grant) (*grant.Grant, error) {
	for _, found := range [][]*grant.Grant{imported, named} {
		standing := map[string]*grant.Grant{}
		var deleted string
		for _, g := range found {
			for g.Successor != "" {
				var err error
				if g, err = im.grant(g.Successor); err != nil {
					return nil, err
				}
			}
			if g.Deleted != 0 {
				deleted = g.Key().String()
				continue
			}
			standing[g.ID] = g
		}
		switch {
		case len(standing) > 1:
			var names []string
			for _, g := range standing {
				names = append(names, g.Key().String())
			}
			slices.Sort(names)
			return nil, fault.Field("key", "%q is an identifier of %s; merge them first, or take it off all but one", from.Key, strings.Join(names, " and "))
		case len(standing) == 1:
			for _, g := range standing {
				return g, nil
			}
		case deleted != "":
			return nil, fault.Field("key", "%q is an identifier of %q, which was deleted; undelete it, or take it out of the file", from.Key, deleted)
		}
	}
	return nil, nil
}

// report leaves what the file says beside the record, as the report of who published it.
func (im *importer) report(g, said *grant.Grant, from *exchange.Draft, reporter string, out *ImportedGrant) {
	if len(out.Held) > 0 {
		out.Problems = append(out.Problems, exchange.Problem{Place: from.Place, Severity: exchange.Noted, Field: strings.Join(out.Held, ", "),
			Text: "the file says otherwise than the record, in which people have written; the record stays, and what the file says is in its report"})
	}
	if reporter == "" {
		return
	}
	base := g.Imported(string(from.Format), from.Source, from.Key)
	values := said.Values()
	r := g.Report(base.Report)
	switch {
	case base.Report == "":
		g.Reports = append(g.Reports, grant.Report{ID: g.NextID(), Kind: from.Kind, Organisation: reporter})
		r = &g.Reports[len(g.Reports)-1]
		base.Report = r.ID
	case r == nil: // someone took it off
		return
	case r.Equal(values) && len(out.Held) == 0:
		return
	}
	if !r.Equal(values) {
		r.ConfirmedBy, r.Confirmed = "", 0
	}
	r.Values, r.Date = values, from.Date
	r.By, r.At = im.w.Principal.Name, im.at
	if len(out.Held) > 0 {
		r.Note = fmt.Sprintf("In the file and not in the record, as of this date: %s.", strings.Join(out.Held, ", "))
	}
}

// reportOlder leaves what a file says that is older than what was imported of the same source: the record stays, and the file's word is a report of its day.
func (im *importer) reportOlder(g, said *grant.Grant, from *exchange.Draft, reporter string, out *ImportedGrant) {
	out.reported = true
	out.Problems = append(out.Problems, exchange.Problem{Place: from.Place, Severity: exchange.Noted, Field: "last-updated",
		Text: fmt.Sprintf("the file is of %s, and a later one of %s was imported before; the record stays, and what this one says is a report", from.Date, g.Imported(string(from.Format), from.Source, from.Key).Date)})
	im.leave(g, said, from, reporter)
}

// put makes everything that the import changed part of the revision.
func (im *importer) put() error {
	if err := im.relate(); err != nil {
		return err
	}
	others := im.known.changed()
	for _, e := range others {
		im.done.Others = append(im.done.Others, e.Key())
	}
	if len(others) > 0 {
		if err := im.draft.put(func(i int) string { return others[i].Key().String() }, others...); err != nil {
			return err
		}
	}
	if len(im.grants) > 0 {
		if err := im.draft.put(func(i int) string { return im.grants[i].Key().String() }, im.grants...); err != nil {
			return err
		}
	}
	if len(others)+len(im.grants) > 0 {
		im.done.Revision = im.revision
	}
	return nil
}

func isTransaction(part string) bool { return strings.HasPrefix(part, "transactions/") }
