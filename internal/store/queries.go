package store

import (
	"fmt"
	"strings"
)

// queries holds the text of every statement as one database wants it. The drivers keep the prepared form of each text for as long as a connection
// lives, so the number of different texts is kept small.
type queries struct {
	begin      string
	lockHead   string
	clear      []string
	setHead    string
	head       string
	revisionAt string
	get        string
	load       string

	revisionsAbove string
	revisionsBelow string
	revisionsOf    string
	revisionsBy    string
	request        string
	changesIn      string
	changesInOf    string

	addRevision string
	seal        string
	addVersions []bulk // from the most rows to the least, each with half of those before
	getAll      []bulk // likewise
}

// bulk is a statement about rows many rows at once.
type bulk struct {
	rows int
	text string
}

// batch is the most rows that one statement is about. A row needs at most 5 parameters, and SQLite takes 32,766 of them, PostgreSQL 65,535.
const batch = 1024

const (
	versionColumns  = `kind, id, ` + bodyColumns
	bodyColumns     = `revision, created, updated, deleted, body`
	revisionColumns = `number, at, principal, reason, request_id, fingerprint, hash, changes`
)

func newQueries(d dialect) *queries {
	sql := func(text string) string { return strings.ReplaceAll(text, "$", d.placeholder) }
	q := &queries{
		begin:      d.begin,
		lockHead:   `SELECT number, at, hash FROM tip` + d.forUpdate,
		clear:      []string{`DELETE FROM version`, `DELETE FROM revision`},
		setHead:    sql(`UPDATE tip SET number = $1, at = $2, hash = $3`),
		head:       `SELECT number FROM tip`,
		revisionAt: sql(`SELECT number FROM revision WHERE at <= $1 ORDER BY at DESC LIMIT 1`),
		get: sql(`SELECT ` + versionColumns + ` FROM version
			WHERE kind = $1 AND id = $2 AND revision <= $3 ORDER BY revision DESC LIMIT 1`),
		// The inner SELECT needs nothing but the index of the primary key, and older bodies are never touched.
		load: sql(`SELECT ` + versionColumns + ` FROM version
			JOIN (SELECT kind AS k, id AS i, max(revision) AS r FROM version WHERE revision <= $1 GROUP BY kind, id) AS latest
			ON kind = k AND id = i AND revision = r`),

		revisionsAbove: sql(`SELECT ` + revisionColumns + ` FROM revision WHERE number > $1 ORDER BY number LIMIT $2`),
		revisionsBelow: sql(`SELECT ` + revisionColumns + ` FROM revision WHERE number < $1 ORDER BY number DESC LIMIT $2`),
		revisionsOf: sql(`SELECT ` + revisionColumns + ` FROM version JOIN revision ON number = version.revision
			WHERE version.revision < $1 AND kind = $3 AND id = $4 ORDER BY version.revision DESC LIMIT $2`),
		revisionsBy: sql(`SELECT ` + revisionColumns + ` FROM revision
			WHERE number < $1 AND principal = $3 ORDER BY number DESC LIMIT $2`),
		request: sql(`SELECT ` + revisionColumns + ` FROM revision
			WHERE principal = $1 AND request_id = $2 AND request_id <> ''`),
		changesIn: sql(`SELECT ` + versionColumns + ` FROM version WHERE revision BETWEEN $1 AND $2`),
		changesInOf: sql(`SELECT ` + versionColumns + ` FROM version WHERE revision IN
			(SELECT revision FROM version WHERE revision BETWEEN $1 AND $2 AND kind = $3 AND id = $4)`),

		addRevision: sql(`INSERT INTO revision (` + revisionColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`),
		seal:        sql(`UPDATE revision SET changes = $2, hash = $3 WHERE number = $1`),
	}
	for n := batch; n > 0; n /= 2 {
		q.addVersions = append(q.addVersions, bulk{n, sql(addVersions(n))})
		q.getAll = append(q.getAll, bulk{n, sql(getAll(n, d.place))})
	}
	return q
}

// addVersions inserts n versions of one revision: $1 is its number and $2 its instant; then come kind, id, created, deleted and body of each. It takes the place
// of what the revision, which nobody has seen yet, wrote of the same record before.
func addVersions(n int) string {
	var b strings.Builder
	b.WriteString(`INSERT INTO version (` + versionColumns + `) VALUES `)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		p := 3 + 5*i
		fmt.Fprintf(&b, `($%d,$%d,$1,$%d,$2,$%d,$%d)`, p, p+1, p+2, p+3, p+4)
	}
	b.WriteString(` ON CONFLICT (kind, id, revision) DO UPDATE SET created = excluded.created, deleted = excluded.deleted, body = excluded.body`)
	return b.String()
}

// getAll reads the versions at revision $1 of n keys, whose kinds and ids follow it. The first column is the number of the key among them. The row that the index leads to is fetched by its place:
// what has found the newest revision need not look for it again.
func getAll(n int, place string) string {
	var b strings.Builder
	b.WriteString(`WITH k (number, k, i) AS (VALUES `)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `(%d,$%d,$%d)`, i, 2+2*i, 3+2*i)
	}
	// CROSS JOIN makes SQLite begin with the keys.
	b.WriteString(`) SELECT number, ` + bodyColumns + ` FROM k CROSS JOIN version WHERE version.` + place + ` =
		(SELECT n.` + place + ` FROM version n WHERE n.kind = k AND n.id = i AND n.revision <= $1 ORDER BY n.revision DESC LIMIT 1)`)
	return b.String()
}
