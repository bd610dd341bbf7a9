package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/fault"
)

// laws are statements that each return a row for every breach of what the log promises, in words.
var laws = []string{
	`SELECT 'there are ' || count(*) || ' revisions, numbered from ' || min(number) || ' to ' || max(number) FROM revision
		HAVING count(*) > 0 AND (min(number) <> 1 OR max(number) <> count(*))`,
	`SELECT 'the head is revision ' || tip.number || ' at ' || tip.at || ' and the newest is ' || newest.number || ' at ' || newest.at
		FROM tip, (SELECT coalesce(max(number), 0) AS number, coalesce(max(at), 0) AS at FROM revision) AS newest
		WHERE tip.number <> newest.number OR tip.at <> newest.at`,
	`SELECT 'the head has another hash than revision ' || revision.number FROM tip JOIN revision ON revision.number = tip.number
		WHERE tip.hash <> revision.hash`,
	`SELECT 'there are ' || count(*) || ' heads' FROM tip HAVING count(*) <> 1`,
	`SELECT 'revision ' || later.number || ' is not later than the one before' FROM revision AS later
		JOIN revision AS earlier ON earlier.number = later.number - 1 WHERE later.at <= earlier.at`,
	`SELECT 'a version of ' || kind || '/' || id || ' is of revision ' || revision || ', which is missing or of another instant' FROM version
		WHERE NOT EXISTS (SELECT 1 FROM revision WHERE number = version.revision AND at = version.updated)`,
	`SELECT 'revision ' || number || ' has ' || count(kind) || ' changes and should have ' || changes FROM revision
		LEFT JOIN version ON version.revision = number GROUP BY number, changes HAVING count(kind) <> changes`,
}

// Check implements ledger.Store. On SQLite it also looks whether the file is sound.
func (s *Store) Check(ctx context.Context) error {
	// One picture for all: SQLite's transactions always have it.
	tx, err := s.readers.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return s.fail(ctx, err, "begin to check")
	}
	defer tx.Rollback()
	r := reader{from: tx, fail: s.fail}
	var found []string
	for _, law := range slices.Concat(laws, s.dialect.laws) {
		err := r.each(ctx, "check", law+" LIMIT 20", nil, func(rows *sql.Rows) error {
			var finding string
			if err := rows.Scan(&finding); err != nil {
				return err
			}
			found = append(found, finding)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if len(found) > 0 {
		return fault.New(fault.Precondition, "the database is damaged: %s", strings.Join(found, "; "))
	}
	return nil
}
