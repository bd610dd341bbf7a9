package search

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/grant"
)

// A score is that of the pair alone: it is the same from either side, whatever else is there and in whichever order it came. What the postings offer is all that a look at every pair finds.
func TestScoresAreOfPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := world(random{t}, rapid.IntRange(2, 12).Draw(t, "grants"))
		x := f.index()
		all := pairs(x, f.grants)
		for k, score := range all {
			if all[[2]string{k[1], k[0]}] != score {
				t.Fatalf("%v: %d, the other way round %d", k, score, all[[2]string{k[1], k[0]}])
			}
		}
		slow := map[[2]string]int{}
		for _, g := range f.grants {
			for i := range x.grants.size {
				b := x.grants.at(int32(i))
				j := x.judge(g)
				other := f.grants[slices.IndexFunc(f.grants, func(o *grant.Grant) bool { return o.ID == b.id })]
				if b.id == g.ID || linksTo(g, other) || linksTo(other, g) {
					continue
				}
				if p, ok := j.compare(b); ok && p.sum() >= Likely {
					slow[[2]string{g.ID, b.id}] = p.sum()
				}
			}
		}
		if !maps.Equal(all, slow) {
			t.Fatalf("found %v, want %v", all, slow)
		}
		less := *f
		less.grants = rapid.Permutation(f.grants[:len(f.grants)-1]).Draw(t, "order")
		for k, score := range pairs(less.index(), less.grants) {
			if all[k] != score {
				t.Fatalf("%v: %d among fewer, %d among more", k, score, all[k])
			}
			delete(all, k)
		}
		last := f.grants[len(f.grants)-1].ID
		for k := range all {
			if k[0] != last && k[1] != last {
				t.Fatalf("%v is alike only where %s is", k, last)
			}
		}
	})
}

// linksTo tells whether a grant has a link to another.
func linksTo(g, other *grant.Grant) bool {
	return slices.ContainsFunc(g.Links, func(l grant.Link) bool { return l.Target == other.ID })
}

// An index that was moved forward revision by revision answers as one that was built of what stands; and an earlier index goes on to answer as it did.
func TestMovedIsBuilt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := random{t}
		f := world(d, 6)
		queries := []string{phrase(d), vocabulary[d.upTo(len(vocabulary))][:2], "SIS70020GR0124", "GOV"}
		answer := func(x *Index, grants []*grant.Grant) string {
			s := fmt.Sprint(pairs(x, grants))
			for _, text := range queries {
				q, err := ParseQuery("search", text)
				if err != nil {
					t.Fatal(err)
				}
				found := append(x.Grants(q), x.Organisations(q)...)
				slices.SortFunc(found, func(a, b Hit) int { return strings.Compare(a.ID, b.ID) })
				s += fmt.Sprint(found, x.SimilarText(q, everything, 100))
			}
			return s
		}
		x := New(f.reg).Next(f.reg, f.records)
		for _, g := range f.grants[:3] {
			x = x.Next(f.reg, []grant.Entity{g})
		}
		x.Next(f.reg, []grant.Entity{f.grants[4], f.grants[5]}) // a revision that is given up
		x = x.Next(f.reg, []grant.Entity{f.grants[3], f.grants[4], f.grants[5]})
		before, had := x, slices.Clone(f.grants)
		then := answer(before, had)
		for range rapid.IntRange(1, 6).Draw(t, "changes") {
			if d.upTo(3) == 0 {
				i := 3 + d.upTo(6)
				o := *f.records[i].(*grant.Organisation)
				o.DisplayName, o.Successor = phrase(d), ""
				if i < 8 && d.upTo(2) == 0 {
					o.Successor = "o8"
				}
				if o.Successor == "o8" && f.reg.Survivor("o8") != "o8" {
					o.Successor = ""
				}
				f.records[i] = &o
				f.reg = f.reg.With(&o)
				x = x.Next(f.reg, []grant.Entity{&o})
				continue
			}
			i := d.upTo(len(f.grants))
			f.grants[i] = someGrant(d, f.grants[i].ID)
			f.grants[i].Deleted = int64(d.upTo(2))
			x = x.Next(f.reg, []grant.Entity{f.grants[i]})
		}
		if moved, built := answer(x, f.grants), answer(f.index(), f.grants); moved != built {
			t.Fatalf("moved:\n%s\nbuilt:\n%s", moved, built)
		}
		if now := answer(before, had); now != then {
			t.Fatalf("an earlier index now says\n%s\nand said\n%s", now, then)
		}
	})
}

// What is found is what a look at every record finds, and what is hidden from a principal is not offered.
func TestFoundIsWhatMatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := random{t}
		f := world(d, 10)
		x := f.index()
		words := Words(phrase(d))[:1]
		if d.upTo(2) == 0 {
			words = append(words, Words(phrase(d))[0])
		}
		for i, w := range words {
			words[i] = string([]rune(w)[:1+d.upTo(len([]rune(w)))])
		}
		want := map[string]bool{}
		for _, g := range f.grants {
			if f.has(g, words) {
				want[g.ID] = true
			}
		}
		got := hits(t, x, strings.Join(words, " "))
		if len(got) != len(want) {
			t.Fatalf("%q: found %v, want %v", words, got, want)
		}
		for id := range got {
			if !want[id] {
				t.Fatalf("%q: found %s", words, id)
			}
		}
		hidden := f.grants[0].ID
		sees := func(id string) bool { return id != hidden }
		q, _ := ParseQuery("search", strings.Join(words, " "))
		for _, m := range append(x.Similar(f.grants[1], sees, 100).First, x.SimilarText(q, sees, 100).First...) {
			if m.ID == hidden {
				t.Fatalf("%s is offered", hidden)
			}
		}
	})
}

// has tells, by looking at everything, whether every word begins some word of a grant.
func (f *field) has(g *grant.Grant, words []string) bool {
	texts := append([]string{g.Title, g.Description, f.reg.Label(grant.Key{Kind: grant.Programmes, ID: g.Programme})}, g.Identifiers...)
	for _, p := range append(slices.Clone(g.Funders), g.Recipients...) {
		for _, e := range f.reg.All(grant.Organisations) {
			if o := e.(*grant.Organisation); f.reg.Survivor(o.ID) == f.reg.Survivor(p.Organisation) {
				texts = append(append(texts, o.DisplayName), o.Aliases...)
			}
		}
	}
	all := Words(strings.Join(texts, " "))
	for _, w := range words {
		if !slices.ContainsFunc(all, func(s string) bool { return strings.HasPrefix(s, w) }) {
			return false
		}
	}
	return true
}

// Readers of an index are not disturbed by those that follow it.
func TestReadersWhileItMoves(t *testing.T) {
	f := world(new(steady), 40)
	x := f.index()
	q, err := ParseQuery("search", "water pe")
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprint(hits(t, x, "water pe"), x.SimilarText(q, everything, 100), pairs(x, f.grants))
	done := make(chan struct{})
	go func() {
		defer close(done)
		next, d := x, new(steady)
		for i := range 300 {
			next = next.Next(f.reg, []grant.Entity{someGrant(d, fmt.Sprintf("n%d", i)), someGrant(d, fmt.Sprintf("g%d", i%40))})
		}
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		if got := fmt.Sprint(hits(t, x, "water pe"), x.SimilarText(q, everything, 100), pairs(x, f.grants)); got != want {
			t.Fatalf("found %s, want %s", got, want)
		}
	}
}
