package ledger_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

// behind opens a database behind its ledger's back.
func behind(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	driver := "sqlite3"
	if strings.HasPrefix(dsn, "postgres:") {
		driver = "pgx"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// rechain reckons the hashes of revisions anew from one on, as somebody would who rewrites the log and knows how it is chained.
func rechain(t *testing.T, l *ledger.Ledger, db *sql.DB, from int64) {
	t.Helper()
	hash := ""
	err := l.Store.Since(t.Context(), 0, func(r ledger.Revision) error {
		if r.Number < from {
			hash = r.Hash
			return nil
		}
		hash = r.Chained(hash)
		_, err := db.ExecContext(t.Context(), fmt.Sprintf(`UPDATE revision SET hash = '%s' WHERE number = %d`, hash, r.Number))
		return err
	})
	if err == nil {
		_, err = db.ExecContext(t.Context(), fmt.Sprintf(`UPDATE tip SET hash = '%s'`, hash))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever is done to the database behind Tandem's back is found: by the chain, or, if all later hashes were reckoned anew, by an anchor.
func TestVerify(t *testing.T) {
	for name, dsn := range stores {
		for what, c := range map[string]struct {
			tamper  []string
			rechain int64  // from which revision on the hashes are reckoned anew, if they are
			want    string // that Verify says without an anchor; empty if it finds nothing
			with    string // that it says with the anchor of revision 5
		}{
			"nothing":               {with: ""},
			"the body of a version": {tamper: []string{`UPDATE version SET body = '{"title":"Other"}' WHERE revision = 4 AND kind = 'grants'`}, want: "revision 4 is not as it was written"},
			"a deleted version":     {tamper: []string{`DELETE FROM version WHERE revision = 4`}, want: "revision 4 is not as it was written"},
			"an added version": {tamper: []string{`INSERT INTO version (kind, id, revision, created, updated, deleted, body) SELECT 'grants', 'new', 4, created, updated, 0, body FROM version WHERE revision = 4`},
				want: "revision 4 is not as it was written"},
			"an undone deletion": {tamper: []string{`UPDATE version SET deleted = 0 WHERE revision = 6`}, want: "revision 6 is not as it was written"},
			"swapped revisions": {tamper: []string{`UPDATE version SET revision = 9 - revision, updated = (SELECT at FROM revision WHERE number = 9 - version.revision) WHERE revision IN (4, 5)`,
				`UPDATE revision SET reason = 'swapped' WHERE number = 9`}, want: "revision 4 is not as it was written"},
			"a rewritten reason":   {tamper: []string{`UPDATE revision SET reason = 'other' WHERE number = 2`}, want: "revision 2 is not as it was written"},
			"another writer":       {tamper: []string{`UPDATE revision SET principal = 'nobody' WHERE number = 1`}, want: "revision 1 is not as it was written"},
			"a deleted revision":   {tamper: []string{`DELETE FROM version WHERE revision = 3`, `DELETE FROM revision WHERE number = 3`}, want: "revision 3 is missing"},
			"an earlier instant":   {tamper: []string{`UPDATE version SET updated = 0 WHERE revision = 5`, `UPDATE revision SET at = 0 WHERE number = 5`}, want: "revision 5 is not later"},
			"the end cut off":      {tamper: []string{`DELETE FROM version WHERE revision >= 5`, `DELETE FROM revision WHERE number >= 5`}, want: "revision 5 is missing"},
			"the end, and the tip": {tamper: []string{`DELETE FROM version WHERE revision >= 5`, `DELETE FROM revision WHERE number >= 5`, `UPDATE tip SET number = 4`}, rechain: 4, with: "revision 5 of the anchor is missing"},
			"a rewritten tail":     {tamper: []string{`UPDATE revision SET reason = 'other' WHERE number = 5`}, rechain: 5, with: "the log was rewritten: revision 5"},
			"a rewritten log":      {tamper: []string{`UPDATE revision SET reason = 'other' WHERE number = 1`}, rechain: 1, with: "the log was rewritten: revision 5"},
			"rewritten after it":   {tamper: []string{`UPDATE revision SET reason = 'other' WHERE number = 6`}, rechain: 6},
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				database := dsn(t)
				l := open(t, database)
				field(t, l) // three revisions
				create(t, l, award("a", 100))
				create(t, l, award("b", 200))
				five, err := l.Revision(t.Context(), staff.Principal, 5)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := l.Delete(t.Context(), staff, key("a")); err != nil {
					t.Fatal(err)
				}
				db := behind(t, database)
				for _, statement := range c.tamper {
					if _, err := db.ExecContext(t.Context(), statement); err != nil {
						t.Fatalf("%s: %v", statement, err)
					}
				}
				if c.rechain > 0 {
					rechain(t, l, db, c.rechain)
				}
				if c.want != "" {
					c.with = c.want
				}
				for anchor, want := range map[ledger.Anchor]string{{}: c.want, {Number: 5, Hash: five.Hash}: c.with} {
					end, err := l.Verify(t.Context(), staff.Principal, anchor)
					switch {
					case want == "" && (err != nil || end.Number < 4 || end.Hash == ""):
						t.Errorf("with the anchor %v: got %v, %+v", anchor, err, end)
					case want != "" && (err == nil || fault.KindOf(err) != fault.Precondition || !strings.Contains(err.Error(), want)):
						t.Errorf("with the anchor %v: got %v, want %q", anchor, err, want)
					}
				}
			})
		}
	}
}

func TestVerifyIsForStaff(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	for _, role := range []grant.Role{grant.Viewer, grant.Donor, grant.Member} {
		if _, err := l.Verify(t.Context(), grant.Principal{Role: role}, ledger.Anchor{}); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s: got %v", role, err)
		}
	}
}
