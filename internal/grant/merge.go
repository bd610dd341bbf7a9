package grant

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// Merger is what a grant that was merged into another keeps in order to stand again. What moved is with the survivor, and knows where it came from.
type Merger struct {
	Identifiers []string `json:"identifiers,omitempty"` // that the survivor took over, as it did the sources and the budgets
	Sources     []Source `json:"sources,omitempty"`
	Budgets     []Budget `json:"budgets,omitempty"`
	Links       []Link   `json:"links,omitempty"`  // of the survivor to this grant: they say nothing while the two are one
	Passed      []Passed `json:"passed,omitempty"` // what moved on after it had come from yet another grant
}

// Passed is a child that a grant got from another by a merge, and gave to a third by the next.
type Passed struct {
	ID     string `json:"id"` // that it had here
	Origin string `json:"origin"`
}

// maxAliases is how many grants may be merged into one, directly or one through the other.
const maxAliases = 100

// Merge makes g stand for other too. Identifiers and sources that g lacks are added. Unless leave, other's transactions move to g, but for those that
// g has already, and so do budgets that g lacks, if g has budgets in their currency. Reports move, and what other's record held becomes one more of them.
// All else that other says of itself stays its own, for Unmerge. Links move one by one, see TakeLink. by is the name of who merges the two, at when.
func (g *Grant) Merge(other *Grant, leave bool, by string, at int64) {
	held := other.Values()
	m := &Merger{Identifiers: lacking(g.Identifiers, other.Identifiers)}
	for _, s := range other.Sources {
		if !slices.ContainsFunc(g.Sources, func(o Source) bool { return o.URI == s.URI }) {
			m.Sources = append(m.Sources, s)
		}
	}
	if !leave && len(g.Budgets) > 0 && len(other.Budgets) > 0 && g.Budgets[0].Currency == other.Budgets[0].Currency {
		m.Budgets = lacking(g.Budgets, other.Budgets)
	}
	toOther := func(l Link) bool { return l.Target == other.ID || slices.Contains(other.Aliases, l.Target) }
	for _, l := range g.Links {
		if toOther(l) {
			m.Links = append(m.Links, l)
		}
	}
	g.Links = slices.DeleteFunc(g.Links, toOther)
	g.Identifiers, g.Sources, g.Budgets = append(g.Identifiers, m.Identifiers...), append(g.Sources, m.Sources...), append(g.Budgets, m.Budgets...)
	g.Aliases = append(append(g.Aliases, other.ID), other.Aliases...)
	other.Successor, other.Merger = g.ID, m
	if !leave {
		had := counted(g.Transactions, g.sameness)
		move(g, other, "transactions", transactionsOf, func(t *Transaction) bool {
			key := other.sameness(*t)
			had[key]--
			return had[key] < 0
		})
	}
	move(g, other, "reports", reportsOf, func(*Report) bool { return true })
	g.Reports = append(g.Reports, Report{ID: g.NextID(), Kind: RecordHeld, Values: held, By: by, At: at, Origin: other.Key().String(), Of: other.ID})
}

// TakeLink moves one of other's links to g, during a merge of other into g.
func (g *Grant) TakeLink(other *Grant, id string) {
	move(g, other, "links", linksOf, func(l *Link) bool { return l.ID == id })
}

// Unmerge undoes Merge: what moved goes home as it is now, and what g took over is taken back.
func (g *Grant) Unmerge(other *Grant) {
	m := other.Merger
	g.Identifiers = without(g.Identifiers, m.Identifiers)
	g.Sources = slices.DeleteFunc(g.Sources, func(s Source) bool {
		return slices.ContainsFunc(m.Sources, func(o Source) bool { return o.URI == s.URI })
	})
	g.Budgets = without(g.Budgets, m.Budgets)
	g.Links = append(g.Links, m.Links...)
	sortChildren(g.Links)
	bringHome(g, other, transactionsOf)
	bringHome(g, other, linksOf)
	bringHome(g, other, reportsOf)
	g.Reports = slices.DeleteFunc(g.Reports, func(r Report) bool { return r.Origin == other.Key().String() })
	g.Aliases = slices.DeleteFunc(g.Aliases, func(id string) bool { return id == other.ID || slices.Contains(other.Aliases, id) })
	other.Successor, other.Merger = "", nil
}

// sameness is what two transactions have in common that tell of one payment.
type sameness struct {
	kind   TransactionType
	day    period.Day // the effective date: the value date, else the date, else the grant's start
	amount money.Amount
}

// sameness of a rounded amount is that of the exact one: who rounded speaks of the same payment.
func (g *Grant) sameness(t Transaction) sameness {
	if t.Amount.Qualifier == money.Rounded {
		t.Amount.Qualifier = money.Exact
	}
	return sameness{t.Type, cmp.Or(t.ValueDate, t.Date, g.Start).First, t.Amount}
}

// counted counts how often each key is among values.
func counted[T any, K comparable](values []T, key func(T) K) map[K]int {
	n := make(map[K]int, len(values))
	for _, v := range values {
		n[key(v)]++
	}
	return n
}

// lacking returns those of wanted that there are more of than in has, in their order.
func lacking[T comparable](has, wanted []T) []T {
	had := counted(has, func(v T) T { return v })
	var out []T
	for _, v := range wanted {
		if had[v]--; had[v] < 0 {
			out = append(out, v)
		}
	}
	return out
}

// without takes each of taken off values once, from the end of it, where it was put.
func without[T comparable](values, taken []T) []T {
	off := counted(taken, func(v T) T { return v })
	var out []T
	for _, v := range slices.Backward(values) {
		if off[v]--; off[v] < 0 {
			out = append(out, v)
		}
	}
	slices.Reverse(out)
	return out
}

// child is what moves from one grant to another: it has an id in its grant, and an origin if it came from another.
type child[T any] interface {
	*T
	place() (id, origin *string)
}

func (t *Transaction) place() (id, origin *string) { return &t.ID, &t.Origin }
func (l *Link) place() (id, origin *string)        { return &l.ID, &l.Origin }

func (r *Report) place() (id, origin *string) { return &r.ID, &r.Origin }

func transactionsOf(g *Grant) *[]Transaction { return &g.Transactions }
func linksOf(g *Grant) *[]Link               { return &g.Links }
func reportsOf(g *Grant) *[]Report           { return &g.Reports }

// move gives children of a list new ids in another grant. collection is their part of a resource name.
func move[T any, C child[T]](to, from *Grant, collection string, list func(*Grant) *[]T, goes func(C) bool) {
	var stay []T
	for _, c := range *list(from) {
		if !goes(&c) {
			stay = append(stay, c)
			continue
		}
		id, origin := C(&c).place()
		if *origin != "" {
			from.Merger.Passed = append(from.Merger.Passed, Passed{*id, *origin})
		}
		*origin = from.ChildName(collection, *id)
		*id = to.NextID()
		*list(to) = append(*list(to), c)
	}
	*list(from) = stay
}

// bringHome gives children that a merge moved back to the grant that they came from, under the ids that they had.
func bringHome[T any, C child[T]](from, to *Grant, list func(*Grant) *[]T) {
	var stay []T
	for _, c := range *list(from) {
		id, origin := C(&c).place()
		if !strings.HasPrefix(*origin, to.Key().String()+"/") {
			stay = append(stay, c)
			continue
		}
		*id = (*origin)[strings.LastIndexByte(*origin, '/')+1:]
		*origin = ""
		for _, p := range to.Merger.Passed {
			if p.ID == *id {
				*origin = p.Origin
			}
		}
		*list(to) = append(*list(to), c)
	}
	*list(from) = stay
	sortChildren[T, C](*list(to))
}

// sortChildren puts children in the order in which they were recorded, which is that of the numbers that are their ids.
func sortChildren[T any, C child[T]](children []T) {
	number := func(c T) int {
		id, _ := C(&c).place()
		n, _ := strconv.Atoi(*id)
		return n
	}
	slices.SortStableFunc(children, func(a, b T) int { return cmp.Compare(number(a), number(b)) })
}

// ChildName is the resource name of a child of g.
func (g *Grant) ChildName(collection, id string) string {
	return g.Key().String() + "/" + collection + "/" + id
}

// Heir returns the name in g of a child that had another name in a grant which was merged into g: "" when it did not move, or is no more.
func (g *Grant) Heir(name string) string {
	collection := strings.Split(name, "/")[2]
	if g.Merger != nil {
		for _, p := range g.Merger.Passed {
			if p.Origin == name {
				return g.ChildName(collection, p.ID)
			}
		}
	}
	id := cmp.Or(heir(g.Transactions, name), heir(g.Links, name), heir(g.Reports, name))
	if id == "" {
		return ""
	}
	return g.ChildName(collection, id)
}

func heir[T any, C child[T]](children []T, name string) string {
	for _, c := range children {
		if id, origin := C(&c).place(); *origin == name {
			return *id
		}
	}
	return ""
}

// Forget takes out of g, without touching what it shares with others, what tells of the merged grants that are unknown: their names, what their records held, and what was accepted
// from that.
func (g *Grant) Forget(unknown func(id string) bool) {
	g.Aliases = slices.DeleteFunc(slices.Clone(g.Aliases), unknown)
	g.Transactions, g.Links, g.Reports = forget(g.Transactions, unknown), forget(g.Links, unknown), forget(g.Reports, unknown)
	held := func(r *Report) bool { return r != nil && r.Kind == RecordHeld && unknown(r.Of) }
	g.Accepted = slices.DeleteFunc(slices.Clone(g.Accepted), func(a Acceptance) bool { return held(g.Report(a.Report)) })
	g.Reports = slices.DeleteFunc(g.Reports, func(r Report) bool { return held(&r) })
}

func forget[T any, C child[T]](children []T, unknown func(id string) bool) []T {
	out := slices.Clone(children)
	for i := range out {
		if _, origin := C(&out[i]).place(); *origin != "" && unknown(strings.Split(*origin, "/")[1]) {
			*origin = ""
		}
	}
	return out
}
