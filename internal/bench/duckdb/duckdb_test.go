// Package duckdb_test holds the analysis against DuckDB on the same prejoined facts, in the same run. Answers are compared row by row.
package duckdb_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/bench"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

// world is the grants twice: as a snapshot and as facts in DuckDB.
type world struct {
	snapshot *analysis.Snapshot
	db       *sql.DB
	facts    int
}

// size is how many grants there are: TANDEM_BENCH_GRANTS, or a million.
func size() (int, error) {
	s := os.Getenv("TANDEM_BENCH_GRANTS")
	if s == "" {
		return 1_000_000, nil
	}
	return strconv.Atoi(s)
}

// field makes the world once.
var field = sync.OnceValues(func() (*world, error) {
	grants, err := size()
	if err != nil {
		return nil, err
	}
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, err
	}
	w := &world{db: sql.OpenDB(connector)}
	if _, err := w.db.Exec("CREATE TABLE fact (grant_id BIGINT, donor_state VARCHAR, year INTEGER, member VARCHAR, theme VARCHAR, location VARCHAR, amount BIGINT)"); err != nil {
		return nil, err
	}
	conn, err := connector.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	return w, w.fill(grants, conn)
})

func (w *world) fill(grants int, conn driver.Conn) error {
	appender, err := duckdb.NewAppenderFromConn(conn, "", "fact")
	if err != nil {
		return err
	}
	f := bench.Field(grants)
	reg := grant.NewRegistry().With(f.Registry()...)
	builder := analysis.NewSnapshot(nil, nil).Builder()
	number := int64(0)
	for g := range f.All() {
		builder.Add(g)
		number++
		for fact := range bench.Facts(reg, g) {
			if err := appender.AppendRow(number, fact.DonorState, int32(fact.Year), fact.Member, fact.Theme, fact.Location, fact.Minor); err != nil {
				return err
			}
			w.facts++
		}
	}
	w.snapshot = builder.Snapshot(reg, fx.ECB())
	return appender.Close()
}

func BenchmarkDonorStateByYear(b *testing.B) {
	hold(b, analysis.Query{GroupBy: []analysis.Dimension{analysis.DonorState, analysis.Year}}, "")
}

func BenchmarkMemberByThemeAndYear(b *testing.B) {
	hold(b, analysis.Query{GroupBy: []analysis.Dimension{analysis.Member, analysis.Theme, analysis.Year}}, "")
}

// One organisation's page: who funds it, year by year.
func BenchmarkOneMember(b *testing.B) {
	hold(b, analysis.Query{GroupBy: []analysis.Dimension{analysis.DonorState, analysis.Year}, Filter: analysis.Filter{Members: []string{"o1000"}}}, "WHERE member = 'o1000'")
}

// hold measures a query against the same one of DuckDB; where is its condition.
func hold(b *testing.B, q analysis.Query, where string) {
	w, err := field()
	if err != nil {
		b.Fatal(err)
	}
	q.Currency, q.Principal = "USD", grant.Principal{Role: grant.Staff}
	res, err := w.snapshot.Allocate(q) // the first time works out the views
	if err != nil {
		b.Fatal(err)
	}
	peer := w.compare(b, q, where, res)
	own := time.Hour // the least, as of the peer
	for b.Loop() {
		start := time.Now()
		res, err := w.snapshot.Allocate(q)
		if err != nil {
			b.Fatal(err)
		}
		var sum money.Sum
		for row := range res.Rows.All() {
			sum.AddSum(row.Central)
		}
		if sum != res.Total.Central {
			b.Fatal("the rows do not sum to the total")
		}
		own = min(own, time.Since(start))
	}
	b.ReportMetric(float64(own)/float64(peer), "of-DuckDB's-time")
	b.ReportMetric(float64(peer.Microseconds())/1000, "DuckDB-ms")
}

// compare runs the query in DuckDB, holds its rows against the product's, and returns the least time of five in which they are only read.
func (w *world) compare(b *testing.B, q analysis.Query, where string, want analysis.Result) time.Duration {
	b.Helper()
	var columns []string
	for _, d := range q.GroupBy {
		columns = append(columns, d.String())
	}
	by := strings.Join(columns, ", ")
	query := fmt.Sprintf("SELECT %s, sum(amount)::BIGINT FROM fact %s GROUP BY %s", by, where, by)
	least := time.Hour
	got := map[string]int64{}
	for run := range 6 {
		start := time.Now()
		rows, err := w.db.Query(query)
		if err != nil {
			b.Fatal(err)
		}
		keys := make([]string, len(columns))
		var sum int64
		into := []any{}
		for i := range keys {
			into = append(into, &keys[i])
		}
		into = append(into, &sum)
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				b.Fatal(err)
			}
			if run == 0 { // which is not timed
				got[strings.Join(keys, " ")] = sum
			}
		}
		if err := rows.Err(); err != nil {
			b.Fatal(err)
		}
		if run == 0 {
			continue
		}
		least = min(least, time.Since(start))
	}
	for r := range want.Rows.All() {
		keys := make([]string, len(r.Keys))
		for i, k := range r.Keys {
			keys[i] = k[strings.LastIndexByte(k, '/')+1:]
		}
		if sum, _ := r.Central.Int64(); got[strings.Join(keys, " ")] != sum {
			b.Fatalf("%v: DuckDB has %d, the product %d", r.Keys, got[strings.Join(keys, " ")], sum)
		}
	}
	if len(got) != want.Rows.Len() {
		b.Fatalf("DuckDB has %d rows, the product %d", len(got), want.Rows.Len())
	}
	return least
}
