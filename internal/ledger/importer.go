package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// importer decides an import, draft by draft.
type importer struct {
	*bulk
	w        Write
	before   *State // the import
	known    *matcher
	source   string            // of the drafts, until one has another
	seen     map[[2]string]int // places in the answer, by source and key
	changed  map[string]bool   // the ids of grants, recorded before, that the import has changed
	waiting  []int             // of done.Grants: those whose grants are in changes, to be admitted and put together
	changes  []*grant.Grant
	accounts accounts
	tellers  []teller
	answers  map[string][]int        // places in the answer, by the id of the grant that is there
	touched  map[string]*grant.Grant // grants whose links, or what is remembered of them, change
	past     func(id string, revision int64) (*grant.Grant, error)
	done     Imported
	whole    bool // all drafts are taken
}

func newImporter(ctx context.Context, d *draft, w Write) *importer {
	im := &importer{bulk: newBulk(d, w), w: w, before: d.pending.flush(), known: newMatcher(d.registry), seen: map[[2]string]int{}, changed: map[string]bool{}, touched: map[string]*grant.Grant{}}
	im.past = func(id string, revision int64) (*grant.Grant, error) {
		e, err := d.ledger.read(ctx, im.before, grantKey(id), revision) // what a revision left never changes
		if err != nil {
			return nil, err
		}
		return e.(*grant.Grant), nil
	}
	return im
}

// run takes every draft of a file, and seals what they make. Its error is that of the reader or the store, or Invalid if grants are refused that must not be.
func (im *importer) run(ctx context.Context, from *ahead, partial bool, taken func(drafts int)) error {
	for n := 0; ; {
		drafts, err := from.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		for _, d := range drafts {
			if err := ctx.Err(); err != nil {
				return err
			}
			if n++; n > maxDrafts {
				return fault.New(fault.Exhausted, "%s: the file has more than %d grants; import it in pieces", d.Place, maxDrafts)
			}
			if err := im.take(d.Draft, d.identified); err != nil {
				return err
			}
			taken(n)
		}
	}
	im.whole, im.done.Totals, im.done.Problems = true, im.accounts.totals(), from.rest
	if n := im.done.Count(GrantRefused); n > 0 && !partial && !im.w.ValidateOnly {
		return im.done.refusal(n)
	}
	return im.end()
}

// take decides what becomes of one draft. identified are the ids of the grants that had its key before the import. Its error is of the store: what is wrong with the draft is in the answer.
func (im *importer) take(from *exchange.Draft, identified []string) error {
	// What the file is cut from must not be kept for the sake of these few words.
	if from.Source != im.source {
		im.source = strings.Clone(from.Source)
	}
	from.Source, from.Key, from.Grant.Title = im.source, strings.Clone(from.Key), strings.Clone(from.Grant.Title)
	for i := range from.Related {
		r := &from.Related[i]
		r.Key, r.Grant, r.Reason = strings.Clone(r.Key), strings.Clone(r.Grant), strings.Clone(r.Reason)
	}
	out := ImportedGrant{Place: from.Place, Key: from.Key, Title: from.Grant.Title, Problems: slices.Clone(from.Problems)}
	im.known.begin()
	g, before, err := im.decide(from, identified, &out)
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
		out.Outcome, out.ID = GrantCreated, g.ID
		im.hears(from, g, &out)
	default:
		after, err := encode(g)
		if err != nil {
			return err
		}
		out.Outcome, out.ID = GrantUnchanged, g.ID
		if !bytes.Equal(before, after.Body) {
			out.Outcome, im.changed[g.ID] = GrantUpdated, true
		}
		im.hears(from, g, &out)
	}
	im.done.Grants = append(im.done.Grants, out)
	im.accounts.add(from.Money, &out)
	if out.Outcome == GrantCreated || out.Outcome == GrantUpdated {
		return im.keep(g)
	}
	return nil
}

// decide makes the grant of a draft as the revision leaves it. before is its encoding as it stands, nil if it is new. Its error is Invalid if the draft is refused.
func (im *importer) decide(from *exchange.Draft, identified []string, out *ImportedGrant) (g *grant.Grant, before []byte, err error) {
	if from.Refused() {
		return nil, nil, fault.New(fault.Invalid, "it cannot be read")
	}
	if from.Key != "" {
		key := [2]string{from.Source, from.Key}
		if first, twice := im.seen[key]; twice {
			return nil, nil, fault.Field("key", "%q is in the file already, at %s", from.Key, im.done.Grants[first].Place)
		}
		im.seen[key] = len(im.done.Grants)
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
	if g, err = im.recorded(from, identified); err != nil {
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
func (im *importer) recorded(from *exchange.Draft, identified []string) (*grant.Grant, error) {
	if from.Key == "" {
		return nil, nil
	}
	var imported, named []*grant.Grant
	for _, id := range identified {
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
	if im.changed[id] {
		if err := im.admit(); err != nil {
			return nil, err
		}
		if err := im.settle(); err != nil {
			return nil, err
		}
	}
	e, err := im.get(grantKey(id))
	if err != nil {
		return nil, err
	}
	return e.(*grant.Grant), nil
}

// keep makes the grant of the last draft one of those that the import changes.
func (im *importer) keep(g *grant.Grant) error {
	im.waiting, im.changes = append(im.waiting, len(im.done.Grants)-1), append(im.changes, g)
	if len(im.changes) < admittedAtOnce {
		return nil
	}
	return im.admit()
}

// admittedAtOnce is how many grants wait for one another at most.
const admittedAtOnce = 64

// admit makes the grants that wait part of the revision, and tells of new ones which of those that were recorded before the import are likely the same. They wait
// for one another because a registry with what was made for them is not made for one grant.
func (im *importer) admit() error {
	im.registry = im.registry.With(im.known.fresh()...)
	index, sees := im.before.Index.With(im.registry), im.before.sees(im.w.Principal)
	var v fault.List
	for i, g := range im.changes {
		v.Merge(g.Key().String(), im.registry.Admit(g))
		if out := &im.done.Grants[im.waiting[i]]; out.Outcome == GrantCreated {
			out.Similar = index.Similar(g, sees, maxSimilar)
		}
	}
	if err := v.Err(); err != nil {
		return err
	}
	for _, g := range im.changes {
		if err := im.put(g); err != nil {
			return err
		}
	}
	im.waiting, im.changes = im.waiting[:0], im.changes[:0]
	return nil
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

// end makes the grants that wait, and the organisations and terms of the import, part of the revision, and ends it.
func (im *importer) end() error {
	if err := im.admit(); err != nil {
		return err
	}
	if err := im.relate(); err != nil {
		return err
	}
	var v fault.List
	others := im.known.changed()
	registry := im.registry.With(others...)
	for _, e := range others {
		v.Merge(e.Key().String(), registry.Admit(e))
	}
	if err := v.Err(); err != nil {
		return err
	}
	for _, e := range others {
		im.done.Others = append(im.done.Others, e.Key())
		if err := im.put(e); err != nil {
			return err
		}
	}
	if err := im.seal(); err != nil || im.sealed == nil {
		return err
	}
	im.done.Revision = im.revision
	return nil
}

func isTransaction(part string) bool { return strings.HasPrefix(part, "transactions/") }
