package bench_test

import (
	"database/sql"
	"fmt"
	"math/rand"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/allmep/tandem/internal/bench"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/search"
)

// sizes are the worlds in which searches are held against each other.
func sizes(b *testing.B) []int { return []int{min(grants(b), 100_000) / 10, min(grants(b), 100_000)} }

func buildIndex(n int) (*search.Index, []*grant.Grant) {
	w := bench.Field(n)
	reg := w.Registry()
	builder := search.New(nil).Builder()
	for _, e := range reg {
		builder.Add(e)
	}
	r := rand.New(rand.NewSource(2))
	var some []*grant.Grant // drawn evenly, to be asked for
	i := 0
	for g := range w.All() {
		builder.Add(g)
		if i++; len(some) < 1000 {
			some = append(some, g)
		} else if at := r.Intn(i); at < len(some) {
			some[at] = g
		}
	}
	return builder.Index(grant.NewRegistry().With(reg...)), some
}

// each is how long something takes, in the mean over many.
func each(n int, f func(i int)) time.Duration {
	for i := range n / 10 {
		f(i)
	}
	start := time.Now()
	for i := range n {
		f(i)
	}
	return time.Since(start) / time.Duration(n)
}

// BenchmarkSimilar holds the search for likely same grants against SQLite's look-up, by an index, of the grants of a donor state and a recipient, which are then only read. It is
// measured among 10,000 and 100,000 grants.
func BenchmarkSimilar(b *testing.B) {
	for _, n := range sizes(b) {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			before := heap()
			x, some := buildIndex(n)
			size := heap() - before
			peer := newSearchPeer(b, n)
			reg := grant.NewRegistry().With(bench.Field(n).Registry()...)
			everything := func(string) bool { return true }
			for b.Loop() {
				found := 0
				own := each(len(some), func(i int) { found += x.Similar(some[i], everything, 10).Total })
				block := 0
				theirs := each(len(some), func(i int) {
					block += peer.block(b, reg.DonorState(some[i].Funders[0].Organisation), some[i].Recipients[0].Organisation)
				})
				b.ReportMetric(float64(size)/float64(n), "heap-B/grant")
				b.ReportMetric(float64(own.Nanoseconds())/1e3, "µs/draft")
				b.ReportMetric(float64(theirs)/float64(own), "times-SQLite")
				b.ReportMetric(float64(block)/1.1/float64(len(some)), "grants/block")
			}
		})
	}
}

// BenchmarkSearch holds a search for two words, the second of them begun, against SQLite's look-up of the same in an indexed table of words. The answers are compared.
func BenchmarkSearch(b *testing.B) {
	for _, n := range sizes(b) {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			x, some := buildIndex(n)
			peer := newSearchPeer(b, n)
			ask := make([]string, len(some))
			for i, g := range some {
				number := strings.Fields(g.Title)[1]
				ask[i] = "peace " + number[:max(1, len(number)-1)]
			}
			own := func(i int) (hits int) {
				q, err := search.ParseQuery("search", ask[i])
				if err != nil {
					b.Fatal(err)
				}
				return len(x.Grants(q))
			}
			for i := range 20 {
				if a, c := own(i), peer.words(b, ask[i]); a != c {
					b.Fatalf("%q: %d, SQLite %d", ask[i], a, c)
				}
			}
			for b.Loop() {
				mine := each(len(some), func(i int) { own(i) })
				theirs := each(len(some)/10, func(i int) { peer.words(b, ask[i]) })
				b.ReportMetric(float64(mine.Nanoseconds())/1e3, "µs/query")
				b.ReportMetric(float64(theirs)/float64(mine), "times-SQLite")
			}
		})
	}
}

// BenchmarkIndexNext moves an index forward by one changed grant. What it costs does not grow with the number of grants.
func BenchmarkIndexNext(b *testing.B) {
	for _, n := range sizes(b) {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			x, some := buildIndex(n)
			reg := grant.NewRegistry().With(bench.Field(n).Registry()...)
			for b.Loop() {
				took := each(len(some), func(i int) { x = x.Next(reg, []grant.Entity{some[i]}) })
				b.ReportMetric(float64(took.Nanoseconds())/1e3, "µs/write")
			}
		})
	}
}

// searchPeer is what is searched, in SQLite: a row for each grant, and one for each word of one. (Its FTS5 is not compiled in.)
type searchPeer struct{ byBlock, byWords *sql.Stmt }

func newSearchPeer(b *testing.B, n int) searchPeer {
	b.Helper()
	db, err := sql.Open("sqlite3", "file:"+b.TempDir()+"/search.db?_sync=OFF&_journal=OFF&_cache_size=-1000000")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	must := func(_ any, err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	must(db.Exec("CREATE TABLE award (id INTEGER PRIMARY KEY, name TEXT, title TEXT, donor_state TEXT, recipient TEXT, currency TEXT, amount INTEGER)"))
	must(db.Exec("CREATE TABLE word (word TEXT, id INTEGER, PRIMARY KEY (word, id)) WITHOUT ROWID"))
	tx, err := db.Begin()
	must(nil, err)
	w := bench.Field(n)
	reg := grant.NewRegistry().With(w.Registry()...)
	id := 0
	for g := range w.All() {
		id++
		must(tx.Exec("INSERT INTO award VALUES (?,?,?,?,?,?,?)", id, g.ID, g.Title, reg.DonorState(g.Funders[0].Organisation), g.Recipients[0].Organisation,
			string(g.Transactions[0].Amount.Currency), g.Transactions[0].Amount.Minor))
		text := []string{g.Title, reg.Label(grant.Key{Kind: grant.Organisations, ID: g.Funders[0].Organisation}), reg.Label(grant.Key{Kind: grant.Organisations, ID: g.Recipients[0].Organisation})}
		for _, word := range search.Words(strings.Join(append(text, g.Identifiers...), " ")) {
			must(tx.Exec("INSERT OR IGNORE INTO word VALUES (?,?)", word, id))
		}
	}
	must(nil, tx.Commit())
	must(db.Exec("CREATE INDEX award_block ON award (donor_state, recipient)"))
	must(db.Exec("CREATE INDEX word_id ON word (id, word)"))
	var p searchPeer
	p.byBlock, err = db.Prepare("SELECT name, title, currency, amount FROM award WHERE donor_state = ? AND recipient = ?")
	must(nil, err)
	// The rarer word is looked up first, as the product does.
	p.byWords, err = db.Prepare(`SELECT name, title FROM award WHERE id IN (SELECT DISTINCT b.id FROM word b CROSS JOIN word a ON a.id = b.id AND a.word >= ?1 AND a.word < ?1 || '{'
		WHERE b.word >= ?2 AND b.word < ?2 || '{')`)
	must(nil, err)
	return p
}

func (p searchPeer) block(b *testing.B, state, recipient string) (n int) {
	rows, err := p.byBlock.Query(state, recipient)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, title, currency string
		var amount int64
		if err := rows.Scan(&name, &title, &currency, &amount); err != nil {
			b.Fatal(err)
		}
		n++
	}
	return n
}

func (p searchPeer) words(b *testing.B, ask string) (n int) {
	var first, second string
	if _, err := fmt.Sscan(ask, &first, &second); err != nil {
		b.Fatal(err)
	}
	rows, err := p.byWords.Query(first, second)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, title string
		if err := rows.Scan(&name, &title); err != nil {
			b.Fatal(err)
		}
		n++
	}
	return n
}
