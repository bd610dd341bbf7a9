package ledger

import (
	"context"
	"fmt"
	"io"
	"math/big"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/search"
)

// Outcome is what an import does to a grant.
type Outcome uint8

// The outcomes.
const (
	GrantUnchanged Outcome = 1 // it was recorded already, and the file says nothing new
	GrantCreated   Outcome = 2
	GrantUpdated   Outcome = 3
	GrantRefused   Outcome = 4
)

// ImportedGrant is what an import did, or would do, with one draft.
type ImportedGrant struct {
	Place    exchange.Place
	Key      string // under which the source knows it
	Title    string
	Outcome  Outcome
	ID       string   // of the grant, "" if it is refused or would be created
	Held     []string // the parts in which the file disagrees with what people have recorded, which stays
	Problems []exchange.Problem
	Similar  search.Matches // grants, recorded before the import, that are likely the same as a created one
	grant    *grant.Grant
	reported bool // its money stands in a report only
	relates  bool // what the file says of its links counts: it is not our own, nor older than what is recorded
}

// ImportTotal is what became of the money of one type and currency, in the source's words. Recorded, Reported, Kept and Refused sum to what the file has.
type ImportTotal struct {
	Type, Currency string
	Transactions   int
	Unread         int      // how many of them have no value that can be read; their grants are refused
	Recorded       *big.Rat // among the grants' own
	Reported       *big.Rat // it is in the report that the file left only: the grant has transactions from another source, or from a later file
	Kept           *big.Rat // no money that the grant gives; kept word for word
	Refused        *big.Rat
}

// Imported is what an import did, or would do.
type Imported struct {
	Revision int64           // that it wrote, 0 if there was nothing to write
	Grants   []ImportedGrant // in the order of the file
	Others   []grant.Key     // the organisations and terms that it made or completed, in order
	Totals   []ImportTotal   // in the order of the file
}

// Count returns how many grants have an outcome.
func (im *Imported) Count(o Outcome) int {
	n := 0
	for i := range im.Grants {
		if im.Grants[i].Outcome == o {
			n++
		}
	}
	return n
}

// maxSimilar is how many likely same grants are told of each.
const maxSimilar = 3

// maxDrafts is how many grants one import takes: it is decided in memory, as one revision.
const maxDrafts = 100_000

// Import records what a file tells, as one revision: all of it or, unless partial, nothing if a grant is refused. read is told how many drafts have been read.
//
// A draft's grant is the one that the source's files gave before or, else, one that has its key among its identifiers; else it is created. See Grant.Take for what
// becomes of one that is there: the same file twice changes nothing. Organisations are known by an identifier, then by a name; terms by code, then by name; those
// that are missing are made. An import needs no request id to be repeated safely.
//
// Errors: Denied if the principal may not write grants; those of the reader; Invalid if a grant is refused, unless partial or ValidateOnly: the Imported then tells
// which, and nothing is written.
func (l *Ledger) Import(ctx context.Context, w Write, from exchange.Reader, partial bool, read func(drafts int)) (*Imported, error) {
	if err := mayWrite(w.Principal, grant.Grants); err != nil {
		return nil, err
	}
	var drafts []*exchange.Draft
	for {
		d, err := from.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(drafts) == maxDrafts {
			return nil, fault.New(fault.Exhausted, "%s: the file has more than %d grants; import it in pieces", d.Place, maxDrafts)
		}
		drafts = append(drafts, d)
		read(len(drafts))
	}
	var im *importer
	err := l.commit(ctx, w, func(d *draft) error {
		im = newImporter(ctx, d, w)
		for _, draft := range drafts {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := im.take(draft); err != nil {
				return err
			}
		}
		if n := im.done.Count(GrantRefused); n > 0 && !partial && !w.ValidateOnly {
			return im.done.refusal(n)
		}
		return im.put()
	}, func([]grant.Entity) error { return nil })
	if im == nil {
		return nil, err
	}
	im.done.Totals = totals(drafts, im.done.Grants)
	if err == nil {
		im.tellAlike()
	}
	if err != nil || w.ValidateOnly {
		im.done.forget()
	}
	return &im.done, err
}

// forget takes the ids off what was not written: it will have others.
func (im *Imported) forget() {
	im.Revision = 0
	for i := range im.Grants {
		if im.Grants[i].Outcome == GrantCreated {
			im.Grants[i].ID = ""
		}
	}
}

// maxViolations is how many problems are told of in the error of an import; the Imported has all.
const maxViolations = 100

// refusal is the error of an import of which n grants are refused.
func (im *Imported) refusal(n int) error {
	err := fault.New(fault.Invalid, "%d of %d grants are refused, and nothing was written; mend the file, or import it in part", n, len(im.Grants))
	told := 0
	for _, g := range im.Grants {
		for _, p := range g.Problems {
			if p.Severity != exchange.Refused {
				continue
			}
			if told++; told <= maxViolations {
				err.Violations = append(err.Violations, fault.Violation{Field: strings.TrimSpace(p.Place.String() + " " + p.Field), Problem: p.Text})
			}
		}
	}
	if told > maxViolations {
		err.Message += fmt.Sprintf("; the first %d of %d problems are told here", maxViolations, told)
	}
	return err
}

// tellAlike tells of each new grant which of those that were recorded before the import are likely the same.
func (im *importer) tellAlike() {
	index := im.before.Index.With(im.before.Registry.With(im.known.changed()...))
	sees := im.before.sees(im.w.Principal)
	for i := range im.done.Grants {
		if g := &im.done.Grants[i]; g.Outcome == GrantCreated {
			g.Similar = index.Similar(g.grant, sees, maxSimilar)
		}
	}
}

// totals accounts for the money of a file.
func totals(drafts []*exchange.Draft, grants []ImportedGrant) []ImportTotal {
	type key struct{ kind, currency string }
	at := map[key]int{}
	var all []ImportTotal
	for i, d := range drafts {
		if i == len(grants) {
			break // of an import that was given up
		}
		for _, m := range d.Money {
			k := key{m.Type, m.Currency}
			if _, there := at[k]; !there {
				at[k] = len(all)
				all = append(all, ImportTotal{Type: m.Type, Currency: m.Currency, Recorded: new(big.Rat), Reported: new(big.Rat), Kept: new(big.Rat), Refused: new(big.Rat)})
			}
			t := &all[at[k]]
			t.Transactions++
			value, ok := new(big.Rat).SetString(m.Value)
			switch {
			case !ok:
				t.Unread++
			case grants[i].Outcome == GrantRefused:
				t.Refused.Add(t.Refused, value)
			case m.Use == exchange.Kept:
				t.Kept.Add(t.Kept, value)
			case grants[i].reported:
				t.Reported.Add(t.Reported, value)
			default:
				t.Recorded.Add(t.Recorded, value)
			}
		}
	}
	return all
}
