package duckdb_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/bench"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

// meet joins the cells of grants with those of other donor states to the same member for the same theme while both run, and adds up the lesser of the two amounts in the common days, each
// cut by the one law. Amounts times days fit into 64 bits.
const meet = `
CREATE MACRO rounded(q, r, d) AS q + CASE WHEN 2*r > d OR 2*r = d AND q % 2 = 1 THEN 1 ELSE 0 END;
CREATE MACRO share(m, n, d) AS rounded(m*n // d, m*n % d, d);
CREATE MACRO within(m, first, days, a, b) AS share(m, b - first + 1, days) - share(m, a - first, days);
CREATE VIEW meeting AS
	SELECT a.grant_id AS one, b.grant_id AS other, sum(least(
		within(a.minor, a.first_day, a.days, greatest(a.first_day, b.first_day), least(a.last_day, b.last_day)),
		within(b.minor, b.first_day, b.days, greatest(a.first_day, b.first_day), least(a.last_day, b.last_day))))::BIGINT AS amount
	FROM cell a JOIN cell b ON a.member = b.member AND a.theme = b.theme AND a.donor_state < b.donor_state AND a.first_day <= b.last_day AND b.first_day <= a.last_day
	GROUP BY a.grant_id, b.grant_id HAVING amount > 0`

// BenchmarkOverlaps holds all overlaps of scope MEMBER against DuckDB's self-join of the same prejoined cells: how many there are, what they sum to, and the thousand largest, one by one.
// Grants have no locations here, so that a cell is one amount on either side. One member's overlaps are held against all.
func BenchmarkOverlaps(b *testing.B) {
	n, err := size()
	if err != nil {
		b.Fatal(err)
	}
	snapshot, db := cells(b, n)
	q := analysis.OverlapQuery{Scope: grant.MemberScope, Currency: "USD", Limit: 1000, Principal: grant.Principal{Role: grant.Staff}}
	var res analysis.OverlapResult
	for b.Loop() {
		if res, err = snapshot.Overlaps(q); err != nil {
			b.Fatal(err)
		}
	}
	own := b.Elapsed() / time.Duration(b.N)
	start := time.Now()
	var count, total int64
	if err := db.QueryRow("SELECT count(*), sum(amount)::BIGINT FROM meeting").Scan(&count, &total); err != nil {
		b.Fatal(err)
	}
	peer := time.Since(start)
	if sum, _ := res.PairTotal.Int64(); int64(res.Count) != count || sum != total {
		b.Fatalf("DuckDB has %d overlaps of %d, the product %d of %d", count, total, res.Count, sum)
	}
	compareLargest(b, db, res)
	one := q
	one.Filter.Members = []string{"o1000"}
	start = time.Now()
	if _, err := snapshot.Overlaps(one); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(time.Since(start))/float64(own), "one-member-of-all")
	b.ReportMetric(float64(own)/float64(peer), "of-DuckDB's-time")
	b.ReportMetric(float64(count), "overlaps")
}

// cells makes the world twice: as a snapshot, and as what each grant gives to a member for a theme.
func cells(b *testing.B, n int) (*analysis.Snapshot, *sql.DB) {
	b.Helper()
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		b.Fatal(err)
	}
	db := sql.OpenDB(connector)
	b.Cleanup(func() { db.Close() })
	if _, err := db.Exec("CREATE TABLE cell (grant_id VARCHAR, donor_state VARCHAR, member VARCHAR, theme VARCHAR, first_day BIGINT, last_day BIGINT, days BIGINT, minor BIGINT)"); err != nil {
		b.Fatal(err)
	}
	if _, err := db.Exec(meet); err != nil {
		b.Fatal(err)
	}
	conn, err := connector.Connect(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	appender, err := duckdb.NewAppenderFromConn(conn, "", "cell")
	if err != nil {
		b.Fatal(err)
	}
	f := bench.Field(n)
	reg := grant.NewRegistry().With(f.Registry()...)
	builder := analysis.NewSnapshot(nil, nil).Builder()
	for g := range f.All() {
		g.Locations = nil
		builder.Add(g)
		a, span := g.Transactions[0].Amount, spanOf(g)
		c, _ := fx.ECB().Convert(a.Minor, a.Currency, "USD", g.Transactions[0].Date.First)
		weights := make([]uint64, len(g.Themes))
		for i, t := range g.Themes {
			weights[i] = uint64(t.Percent)
		}
		for i, minor := range money.Cut(c.Minor, weights) {
			if err := appender.AppendRow(g.ID, reg.DonorState(g.Funders[0].Organisation), g.Recipients[0].Organisation, g.Themes[i].ID, span[0], span[1], span[1]-span[0]+1, minor); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := appender.Close(); err != nil {
		b.Fatal(err)
	}
	return builder.Snapshot(reg, fx.ECB()), db
}

func spanOf(g *grant.Grant) [2]int64 {
	span, _ := g.Span()
	return [2]int64{int64(span.First), int64(span.Last)}
}

// compareLargest holds the overlaps that come first against DuckDB's.
func compareLargest(b *testing.B, db *sql.DB, res analysis.OverlapResult) {
	b.Helper()
	rows, err := db.Query(fmt.Sprintf("SELECT one, other, amount FROM meeting ORDER BY amount DESC LIMIT %d", len(res.Overlaps)))
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	want := map[[2]string]int64{}
	for rows.Next() {
		var pair [2]string
		var amount int64
		if err := rows.Scan(&pair[0], &pair[1], &amount); err != nil {
			b.Fatal(err)
		}
		want[pair] = amount
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	least := res.Overlaps[len(res.Overlaps)-1].Amount // of which there may be more than fit in
	for _, o := range res.Overlaps {
		if o.Amount > least && want[o.ID.Grants] != o.Amount {
			b.Fatalf("%s: DuckDB has %d, the product %d", o.ID, want[o.ID.Grants], o.Amount)
		}
	}
}
