package ledger

import (
	"context"
	"fmt"
	"math/big"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
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
	reported bool           // its money stands in a report only
	relates  bool           // what the file says of its links counts: it is not our own, nor older than what is recorded
}

// ImportTotal is what became of the money of one type and currency, in the source's words. Recorded, Reported, Kept, Refused and Rounding sum to what the file
// has, exactly.
type ImportTotal struct {
	Type, Currency string
	Transactions   int
	Unread         int      // how many of them have no value that can be read; if it is the grant's, the grant is refused
	Recorded       *big.Rat // among the grants' own, in minor units
	Reported       *big.Rat // it is in the report that the file left only: the grant has transactions from another source, or from a later file; in minor units
	Kept           *big.Rat // no money that the grant gives; kept word for word
	Refused        *big.Rat
	Rounding       *big.Rat // by how much what is recorded and reported is less than what the file has of it, below 0 if it is more: the file's decimals beyond the minor unit
}

// Imported is what an import did, or would do.
type Imported struct {
	Revision int64              // that it wrote, 0 if there was nothing to write
	Grants   []ImportedGrant    // in the order of the file
	Others   []grant.Key        // the organisations and terms that it made or completed, in order
	Totals   []ImportTotal      // in the order of the file
	Problems []exchange.Problem // of the file, told with none of its grants
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

// maxDrafts is how many grants one import takes: it tells of each, and others wait for it to be decided.
const maxDrafts = 100_000

// MayImport tells whether a principal may import at all. Its error is Denied.
func MayImport(p grant.Principal) error { return mayWrite(p, grant.Grants) }

// Import records what a file tells, as one revision: all of it or, unless partial, nothing if a grant is refused. open opens the file from its beginning: others
// cannot write while it is read, so it has to be at hand, and it may be opened more than once. taken is told, from other goroutines, how many drafts are decided; it
// must not wait for anything.
//
// A draft's grant is the one that the source's files gave before or, else, one that has its key among its identifiers; else it is created. See Grant.Take for what
// becomes of one that is there: the same file twice changes nothing. Organisations are known by an identifier, then by a name; terms by code, then by name; those
// that are missing are made. An import needs no request id to be repeated safely.
//
// Errors: as of MayImport; those of the reader; Invalid if a grant is refused, unless partial or ValidateOnly: the Imported then tells which, and nothing is written.
func (l *Ledger) Import(ctx context.Context, w Write, open func() (exchange.Reader, error), partial bool, taken func(drafts int)) (*Imported, error) {
	if err := MayImport(w.Principal); err != nil {
		return nil, err
	}
	var im *importer
	err := l.commitAlone(ctx, w, func(d *draft) error {
		im = nil
		file, err := open()
		if err != nil {
			return err
		}
		from := readAhead(file, d.pending.flush().Index)
		defer from.stop()
		im = newImporter(ctx, d, w)
		defer im.stop()
		return im.run(ctx, from, partial, taken)
	})
	if im == nil || !im.whole {
		return nil, err
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
	err := fault.New(fault.Invalid, "%d of %s %s refused, and nothing was written; mend the file, or import it in part", n, fault.Number(len(im.Grants), "grant"), fault.Are(n))
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

// accounts account for the money of a file.
type accounts struct {
	all []account         // in the order of the file
	at  map[[2]string]int // by type and currency
}

// account accounts for the money of one type and currency.
type account struct {
	ImportTotal                               // without its sums, but for the rounding
	recorded, reported, kept, refused balance // its sums
}

// balance is an exact sum: of amounts in minor units, which nearly all are, and of what is no such amount.
type balance struct {
	minor money.Sum
	rest  big.Rat
}

// add adds the money of a draft, by what became of it.
func (a *accounts) add(amounts []exchange.Money, of *ImportedGrant) {
	if a.at == nil {
		a.at = map[[2]string]int{}
	}
	for i := range amounts {
		m := &amounts[i]
		k := [2]string{m.Type, m.Currency}
		at, there := a.at[k]
		if !there {
			at = len(a.all)
			k = [2]string{strings.Clone(m.Type), strings.Clone(m.Currency)}
			a.at[k] = at
			a.all = append(a.all, account{ImportTotal: ImportTotal{Type: k[0], Currency: k[1], Rounding: new(big.Rat)}})
		}
		a.all[at].add(m, of)
	}
}

func (a *account) add(m *exchange.Money, of *ImportedGrant) {
	a.Transactions++
	to, rounds := &a.recorded, true
	switch {
	case of.Outcome == GrantRefused:
		to, rounds = &a.refused, false
	case m.Use == exchange.Kept:
		to, rounds = &a.kept, false
	case of.reported:
		to = &a.reported
	}
	currency := money.Currency(a.Currency)
	if amount, err := money.Parse(currency, m.Value); err == nil {
		to.minor.Add(amount.Minor)
		return
	}
	value, ok := new(big.Rat).SetString(m.Value)
	if !ok {
		a.Unread++
		return
	}
	if amount, ok := money.Round(currency, value); ok && rounds { // a reader refuses what is beyond bounds
		to.minor.Add(amount.Minor)
		a.Rounding.Add(a.Rounding, value.Sub(value, amount.Rat()))
		return
	}
	to.rest.Add(&to.rest, value)
}

// totals returns what became of the money.
func (a *accounts) totals() []ImportTotal {
	var all []ImportTotal
	for i := range a.all {
		of := &a.all[i]
		unit := money.Money{Currency: money.Currency(of.Currency), Minor: 1}.Rat()
		sum := func(b *balance) *big.Rat {
			minor := b.minor.Rat()
			return minor.Add(minor.Mul(minor, unit), &b.rest)
		}
		t := of.ImportTotal
		t.Recorded, t.Reported, t.Kept, t.Refused = sum(&of.recorded), sum(&of.reported), sum(&of.kept), sum(&of.refused)
		all = append(all, t)
	}
	return all
}
