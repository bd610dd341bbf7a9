package bench_test

import (
	"database/sql"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/bench"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
)

// grants is how many grants the analysis is measured on: TANDEM_BENCH_GRANTS, or a million.
func grants(b *testing.B) int {
	s := os.Getenv("TANDEM_BENCH_GRANTS")
	if s == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

var staff = grant.Principal{Role: grant.Staff}

func build(n int) *analysis.Snapshot {
	w := bench.Field(n)
	reg := grant.NewRegistry().With(w.Registry()...)
	builder := analysis.NewSnapshot(nil, nil).Builder()
	for g := range w.All() {
		builder.Add(g)
	}
	return builder.Snapshot(reg, fx.ECB())
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkDonorStateByYear holds the allocations by donor state and year against SQLite's GROUP BY over the same facts: one row for each part of a grant and year, with the
// amount that the product reckons for it. Both answers are compared row by row.
func BenchmarkDonorStateByYear(b *testing.B) {
	fx.ECB()
	before := heap()
	s := build(grants(b))
	q := analysis.Query{GroupBy: []analysis.Dimension{analysis.DonorState, analysis.Year}, Currency: "USD", Principal: staff}
	res, err := s.Allocate(q)
	if err != nil {
		b.Fatal(err)
	}
	after := heap()
	facts, peer := sqliteGroupBy(b, res)
	b.ResetTimer()
	for b.Loop() {
		res, err := s.Allocate(q)
		if err != nil {
			b.Fatal(err)
		}
		for range res.Rows.All() { // each is made when it is asked for
		}
	}
	own := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(float64(peer)/float64(own), "times-SQLite")
	b.ReportMetric(float64(after-before)/float64(facts), "heap-B/fact")
	b.ReportMetric(float64(facts), "facts")
}

// sqliteGroupBy puts the facts into a table and returns how many there are and how long its GROUP BY takes.
func sqliteGroupBy(b *testing.B, want analysis.Result) (facts int, took time.Duration) {
	b.Helper()
	db, err := sql.Open("sqlite3", "file:"+b.TempDir()+"/facts.db?_sync=OFF&_journal=OFF&_cache_size=-1000000")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	must := func(_ any, err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	must(db.Exec("CREATE TABLE fact (grant_id INTEGER, donor_state TEXT, year INTEGER, member TEXT, theme TEXT, location TEXT, amount INTEGER)"))
	tx, err := db.Begin()
	if err != nil {
		b.Fatal(err)
	}
	const rows = 100
	insert, err := tx.Prepare("INSERT INTO fact VALUES (?,?,?,?,?,?,?)" + strings.Repeat(",(?,?,?,?,?,?,?)", rows-1))
	must(nil, err)
	args := make([]any, 0, rows*7)
	w := bench.Field(grants(b))
	reg := grant.NewRegistry().With(w.Registry()...)
	number := 0
	for g := range w.All() {
		number++
		for f := range bench.Facts(reg, g) {
			facts++
			args = append(args, number, f.DonorState, f.Year, f.Member, f.Theme, f.Location, f.Minor)
			if len(args) == cap(args) {
				must(insert.Exec(args...))
				args = args[:0]
			}
		}
	}
	for ; len(args) > 0; args = args[7:] {
		must(tx.Exec("INSERT INTO fact VALUES (?,?,?,?,?,?,?)", args[:7]...))
	}
	must(nil, tx.Commit())
	got := map[string]int64{}
	took = time.Hour
	for range 2 { // the second time everything is in its cache
		start := time.Now()
		result, err := db.Query("SELECT donor_state, year, sum(amount) FROM fact GROUP BY donor_state, year")
		must(nil, err)
		for result.Next() {
			var state, year string
			var sum int64
			must(nil, result.Scan(&state, &year, &sum))
			got[state+year] = sum
		}
		must(nil, result.Err())
		took = min(took, time.Since(start))
	}
	for r := range want.Rows.All() {
		sum, _ := r.Central.Int64()
		if have := got[r.Keys[0]+r.Keys[1]]; have != sum {
			b.Fatalf("%v: SQLite has %d, the product %d", r.Keys, have, sum)
		}
	}
	if len(got) != want.Rows.Len() {
		b.Fatalf("SQLite has %d rows, the product %d", len(got), want.Rows.Len())
	}
	return facts, took
}

// BenchmarkNext moves snapshots of three sizes forward by one changed grant. What it costs does not grow with the number of grants.
func BenchmarkNext(b *testing.B) {
	for _, n := range []int{10_000, 100_000, grants(b)} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s := build(n)
			reg, rates := grant.NewRegistry().With(bench.Field(n).Registry()...), fx.ECB()
			var one *grant.Grant
			for one = range bench.Field(n).All() {
				break
			}
			for b.Loop() {
				s = s.Next(reg, rates, []*grant.Grant{one})
			}
		})
	}
}
