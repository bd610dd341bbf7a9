package ledger_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
	"github.com/allmep/tandem/internal/search"
	"github.com/allmep/tandem/internal/store"
)

// figures are the totals of a moment as staff get them. For others the past shows what today allows, which is the adversary's to hold (internal/e2e/adversary).
type figures struct {
	Revision int64
	Answers  []answer
	Grants   int     // how many there are
	Listed   [][]int // how many records of each other kind, with and without the deleted
}

// answer is an answer with its rows.
type answer struct {
	analysis.Result
	Rows []analysis.Row
}

var questions = []analysis.Query{
	{GroupBy: []analysis.Dimension{analysis.DonorState, analysis.Year}, Currency: "USD"},
	{GroupBy: []analysis.Dimension{analysis.Member, analysis.Theme}, Currency: "EUR", Attribution: analysis.Prime},
	{GroupBy: []analysis.Dimension{analysis.Donor, analysis.Status}, Currency: "ILS", Measure: analysis.Committed},
	{GroupBy: []analysis.Dimension{analysis.Member}, Currency: "USD", Measure: analysis.Disbursed, Filter: analysis.Filter{Themes: []string{"t0"}}},
}

// figuresAt reads the figures at a revision, 0 for the newest.
func figuresAt(t *testing.T, l *ledger.Ledger, at int64) figures {
	t.Helper()
	var out figures
	for _, q := range questions {
		q.Principal = staff.Principal
		result, revision, err := l.Allocations(t.Context(), q, at)
		if err != nil {
			t.Fatal(err)
		}
		rows := slices.Collect(result.Rows.All())
		result.Rows = analysis.Rows{}
		out.Revision, out.Answers = revision, append(out.Answers, answer{result, rows})
	}
	grants, err := l.Grants(t.Context(), analysis.Selection{Principal: staff.Principal, Limit: 1}, search.Query{}, at)
	if err != nil {
		t.Fatal(err)
	}
	out.Grants = grants.Total
	for _, kind := range []grant.Kind{grant.Organisations, grant.Themes, grant.Rates} {
		var listed []int
		for _, deleted := range []bool{false, true} {
			page, err := l.List(t.Context(), staff.Principal, kind, ledger.ListQuery{Limit: 1, ShowDeleted: deleted}, at)
			if err != nil {
				t.Fatal(err)
			}
			listed = append(listed, page.Total)
		}
		out.Listed = append(out.Listed, listed)
	}
	return out
}

var seed = flag.Uint64("seed", rand.Uint64(), "what the random writes begin with")

// At every one of 500 random revisions, what is read as of its time is what was answered at the time, and what a fresh store answers that holds the writes
// up to it and no more.
func TestReadTimeIsAFreshStore(t *testing.T) {
	revisions := int64(500)
	if testing.Short() {
		revisions = 100
	}
	for name, dsn := range stores {
		t.Run(name, func(t *testing.T) {
			l, fresh := open(t, dsn(t)), dsn(t)
			t.Logf("-seed=%d", *seed)
			w := &writer{l: l, random: rand.New(rand.NewPCG(*seed, 0)), done: map[string]int{}}
			w.begin(t)
			known := map[int64]figures{}
			times := map[int64]int64{}
			for w.l.State().Revision < revisions {
				w.write(t.Context())
				now := l.State()
				if times[now.Revision] == 0 {
					known[now.Revision], times[now.Revision] = figuresAt(t, l, 0), now.At
				}
			}
			t.Logf("writes: %v", w.done)
			for _, op := range w.operations() {
				if w.done[op.name] == 0 && !testing.Short() {
					t.Errorf("not one %s came about", op.name)
				}
			}
			compareWithFresh(t, l, fresh, known, times)
		})
	}
}

// compareWithFresh puts the revisions of a ledger into a store one by one, and at each that is known compares what was known, what is read as of then, and
// what a ledger says that has just opened the store.
func compareWithFresh(t *testing.T, l *ledger.Ledger, dsn string, known map[int64]figures, times map[int64]int64) {
	db, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = l.Store.Since(t.Context(), 0, func(r ledger.Revision) error {
		if err := db.Commit(t.Context(), func(tx ledger.Tx) error { return tx.Append(r) }); err != nil {
			return err
		}
		want, there := known[r.Number]
		if !there {
			return nil
		}
		copied, err := ledger.Open(t.Context(), ledger.Config{Store: db, Rates: fx.ECB(), Now: l.Now, NewID: l.NewID})
		if err != nil {
			return err
		}
		defer copied.Close()
		at, err := l.RevisionAt(t.Context(), times[r.Number])
		if err != nil {
			return err
		}
		for what, got := range map[string]figures{"as of its time": figuresAt(t, l, at), "a fresh store": figuresAt(t, copied, 0)} {
			if !reflect.DeepEqual(want, got) {
				return fmt.Errorf("revision %d (-at the time +%s):\n%s", r.Number, what, cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })))
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// writer makes random writes.
type writer struct {
	l      *ledger.Ledger
	random *rand.Rand
	grants []string
	day    period.Day // of the last rates
	done   map[string]int
}

const some = 4 // of everything that grants refer to

func (w *writer) begin(t *testing.T) {
	for i := range some {
		create(t, w.l, &grant.Organisation{ID: fmt.Sprint("d", i), DisplayName: "Donor", State: []string{"US", "SE", "NO", "EU"}[i]})
		create(t, w.l, &grant.Organisation{ID: fmt.Sprint("r", i), DisplayName: "Recipient", Member: i%2 == 0})
		create(t, w.l, &grant.Term{Of: grant.Themes, ID: fmt.Sprint("t", i), DisplayName: "Theme"})
	}
	w.day = fx.ECB().Newest()
}

type operation struct {
	name  string
	often int
	write func(context.Context) error
}

func (w *writer) operations() []operation {
	return []operation{
		{"grant", 4, w.newGrant}, {"batch", 1, w.newBatch}, {"change of a grant", 6, w.changeGrant}, {"deletion", 2, w.remove}, {"return", 2, w.bringBack},
		{"transaction", 6, w.newTransaction}, {"transaction taken off", 1, w.takeOffTransaction}, {"link", 4, w.newLink}, {"link taken off", 1, w.takeOffLink},
		{"day of rates", 1, w.newRates}, {"change of an organisation", 2, w.changeOrganisation}, {"change of a theme", 1, w.changeTheme},
	}
}

// write makes one write at random. It may be refused, and then leaves nothing.
func (w *writer) write(ctx context.Context) {
	all := w.operations()
	sum := 0
	for _, op := range all {
		sum += op.often
	}
	n := w.random.IntN(sum)
	for _, op := range all {
		if n -= op.often; n < 0 {
			if op.write(ctx) == nil {
				w.done[op.name]++
			}
			return
		}
	}
}

func pick[T any](w *writer, from []T) T { return from[w.random.IntN(len(from))] }

func (w *writer) id(prefix string) string { return fmt.Sprint(prefix, w.random.IntN(some)) }

func (w *writer) date() period.Date {
	d, _ := period.ParseDate(fmt.Sprintf("%d-%02d", 2020+w.random.IntN(7), 1+w.random.IntN(12)))
	return d
}

func (w *writer) amount() money.Amount {
	a := money.Amount{Currency: pick(w, []money.Currency{"USD", "EUR", "SEK", "ILS", "JPY"}), Minor: w.random.Int64N(1e9) + 1}
	switch w.random.IntN(6) {
	case 0:
		return money.Amount{Qualifier: money.Unknown}
	case 1:
		a.Qualifier = money.AtLeast
	}
	return a
}

func (w *writer) anyGrant() *grant.Grant {
	g := &grant.Grant{Title: "G", Status: grant.Status(1 + w.random.IntN(6)), Visibility: grant.Visibility(1 + w.random.IntN(4)), Start: w.date()}
	g.End = period.Date{First: g.Start.First + period.Day(31+w.random.IntN(1000)), Precision: period.ToDay}
	g.Funders = []grant.Participation{{Organisation: "d0"}, {Organisation: w.id("d")}}[w.random.IntN(2):]
	if len(g.Funders) == 2 && g.Funders[1].Organisation == "d0" {
		g.Funders = g.Funders[:1]
	}
	g.Recipients = []grant.Participation{{Organisation: w.id("r")}}
	if share := grant.Percent(w.random.IntN(4)) * grant.Whole / 4; share > 0 {
		g.Themes = []grant.Split{{ID: "t0", Percent: share}, {ID: fmt.Sprint("t", 1+w.random.IntN(some-1)), Percent: grant.Whole - share}}
	}
	_ = g.SetAward(w.amount(), w.date())
	return g
}

func (w *writer) newGrant(ctx context.Context) error {
	g, err := ledger.Create(ctx, w.l, staff, "grant", w.anyGrant())
	if err == nil {
		w.grants = append(w.grants, g.ID)
	}
	return err
}

func (w *writer) newBatch(ctx context.Context) error {
	made, err := ledger.CreateAll(ctx, w.l, staff, func(int) string { return "grant" }, []*grant.Grant{w.anyGrant(), w.anyGrant(), w.anyGrant()})
	for _, g := range made {
		w.grants = append(w.grants, g.ID)
	}
	return err
}

// some returns one of the grants, deleted or not; before there are any, one that is not there.
func (w *writer) some() grant.Key {
	if len(w.grants) == 0 {
		return key("none")
	}
	return key(pick(w, w.grants))
}

// one returns one of the grants for which something holds, if it comes upon one, or an empty one.
func (w *writer) one(ctx context.Context, holds func(*grant.Grant) bool) *grant.Grant {
	for range 20 {
		if e, err := w.l.Get(ctx, staff.Principal, w.some(), 0); err == nil && holds(e.(*grant.Grant)) {
			return e.(*grant.Grant)
		}
	}
	return &grant.Grant{}
}

func (w *writer) changeGrant(ctx context.Context) error {
	changed := w.anyGrant()
	_, err := w.l.Update(ctx, staff, "grant", w.some(), func(e grant.Entity) (grant.Entity, error) {
		g := e.(*grant.Grant)
		switch w.random.IntN(4) {
		case 0:
			g.Status = changed.Status
		case 1:
			g.Visibility = changed.Visibility
		case 2:
			g.Themes, g.Funders, g.Recipients = changed.Themes, changed.Funders, changed.Recipients
		case 3:
			g.Start, g.End = changed.Start, changed.End
		}
		return g, nil
	})
	return err
}

func (w *writer) remove(ctx context.Context) error {
	_, err := w.l.Delete(ctx, staff, w.some())
	return err
}

func (w *writer) bringBack(ctx context.Context) error {
	g := w.one(ctx, func(g *grant.Grant) bool { return g.Deleted != 0 })
	_, err := w.l.Undelete(ctx, staff, key(g.ID))
	return err
}

func (w *writer) newTransaction(ctx context.Context) error {
	_, _, err := w.l.CreateTransaction(ctx, staff, w.some().ID, grant.Transaction{Type: grant.TransactionType(1 + w.random.IntN(6)), Date: w.date(), Amount: w.amount()})
	return err
}

func (w *writer) takeOffTransaction(ctx context.Context) error {
	g := w.one(ctx, func(g *grant.Grant) bool { return g.Deleted == 0 && len(g.Transactions) > 0 })
	if g.ID == "" {
		return errors.New("there is none")
	}
	_, _, err := w.l.DeleteTransaction(ctx, staff, g.ID, pick(w, g.Transactions).ID)
	return err
}

func (w *writer) newLink(ctx context.Context) error {
	_, _, err := w.l.CreateLink(ctx, staff, w.some().ID, grant.Link{Type: grant.SubGrantOf, Target: w.some().ID})
	return err
}

func (w *writer) takeOffLink(ctx context.Context) error {
	g := w.one(ctx, func(g *grant.Grant) bool { return g.Deleted == 0 && len(g.Links) > 0 })
	if g.ID == "" {
		return errors.New("there is none")
	}
	_, _, err := w.l.DeleteLink(ctx, staff, g.ID, g.Links[0].ID)
	return err
}

func (w *writer) newRates(ctx context.Context) error {
	w.day++
	return w.l.PutRates(ctx, staff, []*grant.RateDay{{ID: w.day.String(), Quotes: []fx.Quote{{Currency: "USD", Mantissa: 1 + w.random.Int64N(300), Decimals: 2}}}})
}

func (w *writer) changeOrganisation(ctx context.Context) error {
	kind := pick(w, []string{"d", "r"})
	k := grant.Key{Kind: grant.Organisations, ID: w.id(kind)}
	_, err := w.l.Update(ctx, staff, "organisation", k, func(e grant.Entity) (grant.Entity, error) {
		o := e.(*grant.Organisation)
		o.Successor = ""
		switch w.random.IntN(3) {
		case 0:
			o.Successor = w.id(kind) // a circle, or itself, is refused
		case 1:
			o.Member = !o.Member
		case 2:
			if kind == "d" {
				o.State = pick(w, []string{"US", "SE", "NO", "EU"})
			}
		}
		return o, nil
	})
	return err
}

func (w *writer) changeTheme(ctx context.Context) error {
	k := grant.Key{Kind: grant.Themes, ID: w.id("t")}
	_, err := w.l.Update(ctx, staff, "theme", k, func(e grant.Entity) (grant.Entity, error) {
		e.(*grant.Term).Parent = pick(w, []string{"", "t0", "t1", "t2"})
		return e, nil
	})
	return err
}
