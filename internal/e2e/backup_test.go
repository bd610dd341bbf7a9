package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/allmep/tandem/client"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// tandem runs the command line as a token's owner.
func (d *daemon) tandem(t *testing.T, token string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs, "tandem"), args...)
	cmd.Env = []string{"TANDEM_SERVER=" + d.grpc, "TANDEM_TOKEN=" + token, "HOME=" + t.TempDir()}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

const otherToken = "tdm_fedcba9876543210fedcba9876543210"

// execute changes a database behind its server's back.
func execute(t *testing.T, database, statement string) {
	t.Helper()
	driver := "sqlite3"
	if strings.HasPrefix(database, "postgres:") {
		driver = "pgx"
	}
	db, err := sql.Open(driver, database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// A backup that is taken while others write has all that was acknowledged before it began, and gives, restored on any store, the same revisions.
func TestBackupWhileWriting(t *testing.T) {
	for from, source := range stores {
		t.Run(from, func(t *testing.T) {
			d := start(t, source(t))
			field(t, d)
			before, during := newAcknowledged(), newAcknowledged()
			for i := range 20 {
				if err := before.add(t.Context(), d.client(t), fmt.Sprint("before-", i), writers[i%len(writers)]); err != nil {
					t.Fatal(err)
				}
			}
			ctx, stop := context.WithCancel(t.Context())
			var running sync.WaitGroup
			for w, write := range writers {
				c := d.client(t)
				running.Go(func() {
					for n := 0; ctx.Err() == nil; n++ {
						if err := during.add(ctx, c, fmt.Sprintf("w%d-%d", w, n), write); err != nil && ctx.Err() == nil {
							t.Error(err)
						}
					}
				})
			}
			file := filepath.Join(t.TempDir(), "tandem.backup")
			out, err := d.tandem(t, adminToken, "admin", "backup", file)
			stop()
			running.Wait()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if out, err := d.tandem(t, adminToken, "admin", "verify", file); err != nil || !strings.Contains(out, "The backup is whole") {
				t.Errorf("%v: %s", err, out)
			}
			if out, err := d.tandem(t, adminToken, "admin", "restore", file); err == nil || !strings.Contains(out, "nothing but tokens") {
				t.Errorf("restored over what there is: %v: %s", err, out)
			}
			for to, target := range stores {
				r := startWith(t, otherToken, target(t))
				if out, err := r.tandem(t, otherToken, "admin", "restore", file); err != nil {
					t.Fatalf("restore on %s: %v: %s", to, err, out)
				}
				before.check(t, r.client(t))
				if status, _, _ := r.ask(t, otherToken, "GET", "/v1/me", ""); status != 401 {
					t.Errorf("a token that is not the backup's still signs in: %d", status)
				}
				for revision, err := range client.All(t.Context(), &tandemv1.ListRevisionsRequest{PageSize: 1000}, r.client(t).Revisions.ListRevisions, (*tandemv1.ListRevisionsResponse).GetRevisions) {
					if err != nil {
						t.Fatal(err)
					}
					original, err := d.client(t).Revisions.GetRevision(t.Context(), &tandemv1.GetRevisionRequest{Name: revision.Name})
					if err != nil || original.Hash != revision.Hash || original.Hash == "" || !original.CreateTime.AsTime().Equal(revision.CreateTime.AsTime()) {
						t.Fatalf("%s is %v and was %v (%v)", revision.Name, revision, original, err)
					}
				}
				if out, err := r.tandem(t, adminToken, "admin", "verify"); err != nil || !strings.Contains(out, "The database is sound.") {
					t.Errorf("%v: %s", err, out)
				}
			}
		})
	}
}

// A server that is killed while it restores has, when it comes back, what it had before or all of the backup.
func TestKillWhileRestoring(t *testing.T) {
	source := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	field(t, source)
	for batch := range 8 {
		requests := &tandemv1.BatchCreateGrantsRequest{}
		for i := range 1000 {
			requests.Requests = append(requests.Requests, &tandemv1.CreateGrantRequest{Grant: newGrant(fmt.Sprint("grant ", batch, i))})
		}
		if _, err := source.client(t).Grants.BatchCreateGrants(t.Context(), requests); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "tandem.backup")
	if out, err := source.tandem(t, adminToken, "admin", "backup", file); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	whole := source.must(t, "GET", "/v1/revisions:verify", "")
	for name, db := range stores {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewSource(1))
			undisturbed := startWith(t, otherToken, db(t))
			begun := time.Now()
			if out, err := undisturbed.tandem(t, otherToken, "admin", "restore", file); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			took := time.Since(begun) // from which the moments of the crashes are drawn
			database := db(t)
			before, after := 0, 0
			for range rounds()/5 + 4 {
				d := startWith(t, otherToken, database)
				timer := time.AfterFunc(time.Duration(random.Int63n(int64(took))), d.kill)
				_, _ = d.tandem(t, otherToken, "admin", "restore", file) // it may have ended before
				timer.Stop()
				d.kill()
				d = startWith(t, otherToken, database)
				token, want := adminToken, whole
				if status, _, _ := d.ask(t, adminToken, "GET", "/v1/me", ""); status != 200 {
					token, want = otherToken, map[string]any{"revisionCount": "1"}
				}
				_, text, _ := d.ask(t, token, "GET", "/v1/revisions:verify", "")
				got := decoded(t, text)
				if token == otherToken {
					before++
					delete(got, "anchor")
					delete(got, "createTime")
				} else {
					after++
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("(-want +got):\n%s", diff)
				}
				if out, err := d.tandem(t, token, "admin", "verify"); err != nil {
					t.Errorf("%v: %s", err, out)
				}
				d.kill()
				if token == adminToken {
					database = db(t)
				}
			}
			t.Logf("a restore of %v was killed %d times: %d times nothing had changed, %d times all was there", took.Round(time.Millisecond), before+after, before, after)
		})
	}
}

// Only administrators copy the database, put another in its place, or look at all of it.
func TestAdminIsForAdministrators(t *testing.T) {
	d := start(t, stores["SQLite"](t))
	staff := d.must(t, "POST", "/v1/tokens", `{"displayName":"s","role":"STAFF"}`)["secret"].(string)
	for token, want := range map[string]codes.Code{staff: codes.PermissionDenied, "": codes.Unauthenticated, "wrong": codes.Unauthenticated} {
		c := d.client(t, client.WithToken(token))
		backup, err := c.Admin.Backup(t.Context(), &tandemv1.BackupRequest{})
		if err == nil {
			_, err = backup.Recv()
		}
		if status.Code(err) != want {
			t.Errorf("backup as %q: %v", token, err)
		}
		verify, err := c.Admin.VerifyDatabase(t.Context(), &tandemv1.VerifyDatabaseRequest{})
		if err == nil {
			_, err = verify.Recv()
		}
		if status.Code(err) != want {
			t.Errorf("verify as %q: %v", token, err)
		}
		restore, err := c.Admin.Restore(t.Context())
		if err == nil {
			_ = restore.Send(&tandemv1.RestoreRequest{Chunk: []byte("x"), ValidateOnly: true}) // the answer says why
			_, err = restore.CloseAndRecv()
		}
		if status.Code(err) != want {
			t.Errorf("restore as %q: %v", token, err)
		}
	}
}

// A database whose schema is of a newer program is refused by this one, which says so and what to do, and ends.
func TestNewerSchema(t *testing.T) {
	for name, db := range stores {
		t.Run(name, func(t *testing.T) {
			database := db(t)
			start(t, database).kill()
			execute(t, database, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)`)
			cmd := exec.Command(filepath.Join(programs, "tandemd"), "--db", database, "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0")
			cmd.Env = append(os.Environ(), "TANDEM_BOOTSTRAP_TOKEN="+adminToken)
			out, err := cmd.CombinedOutput()
			const want = "the schema of the database is version 99 and this program knows up to version 4: run the program that last used the database, or a newer one"
			if err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), want) {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// Damage behind Tandem's back is named by the command line.
func TestVerifyNamesTheRevision(t *testing.T) {
	for name, db := range stores {
		t.Run(name, func(t *testing.T) {
			database := db(t)
			d := start(t, database)
			field(t, d)
			execute(t, database, `UPDATE version SET body = '{"id":"water","displayName":"Fire"}' WHERE kind = 'themes' AND id = 'water'`)
			for _, args := range [][]string{{"history", "verify"}, {"admin", "verify"}, {"admin", "backup", filepath.Join(t.TempDir(), "x")}} {
				if out, err := d.tandem(t, adminToken, args...); err == nil || !strings.Contains(out, "revision 5 is not as it was written") {
					t.Errorf("%q: %v: %s", args, err, out)
				}
			}
			execute(t, database, `DELETE FROM version WHERE kind = 'themes' AND id = 'water'`)
			if out, err := d.tandem(t, adminToken, "admin", "verify"); err == nil || !strings.Contains(out, "the database is damaged: revision 5 has 0 changes and should have 1") {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
