package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/allmep/tandem/internal/backup"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

var admin = grant.Principal{Name: "root", Role: grant.Admin}

// backedUp is a backup of a ledger.
func backedUp(t *testing.T, l *ledger.Ledger) []byte {
	t.Helper()
	end, log, err := l.Log(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := backup.Write(&b, "test", end, log); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// history is everything that a ledger's store holds.
func history(t *testing.T, l *ledger.Ledger) (log []ledger.Revision) {
	t.Helper()
	err := l.Store.Since(t.Context(), 0, func(r ledger.Revision) error {
		log = append(log, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// signIn makes the token of a first start.
func signIn(t *testing.T, l *ledger.Ledger, id string) {
	t.Helper()
	token := &grant.Token{ID: id, DisplayName: id, Access: grant.Principal{Role: grant.Admin}, Hash: "hash of " + id}
	if _, err := ledger.Create(t.Context(), l, ledger.Write{Principal: admin}, "token", token); err != nil {
		t.Fatal(err)
	}
}

// What one store backs up another restores, whichever they are; the servers that are running answer from it at once, and go on from its end.
func TestRestoreLog(t *testing.T) {
	for from, source := range stores {
		for to, target := range stores {
			t.Run(from+" to "+to, func(t *testing.T) {
				one := open(t, source(t))
				signIn(t, one, "first")
				field(t, one)
				for i := range 5 {
					create(t, one, award(fmt.Sprint("g", i), int64(100*i+1)))
				}
				if _, err := one.Delete(t.Context(), staff, key("g4")); err != nil {
					t.Fatal(err)
				}
				file := backedUp(t, one)

				dsn := target(t)
				two, beside := open(t, dsn), open(t, dsn)
				signIn(t, two, "second")
				end, err := two.RestoreLog(t.Context(), admin, backup.Read(bytes.NewReader(file)), false)
				if err != nil || end.Number != one.State().Revision || end.Hash != one.State().Hash {
					t.Fatalf("got %v, %+v", err, end)
				}
				if diff := cmp.Diff(history(t, one), history(t, two)); diff != "" {
					t.Fatalf("(-backed up +restored):\n%s", diff)
				}
				if got, want := total(t, two, 0), total(t, one, 0); got != want {
					t.Errorf("the total is %s, and was %s", got, want)
				}
				if got, want := total(t, two, 5), total(t, one, 5); got != want {
					t.Errorf("the total at revision 5 is %s, and was %s", got, want)
				}
				for _, l := range []*ledger.Ledger{two, beside} { // each notices before it writes
					create(t, l, award("", 7))
					if l.State().Registry.TokenByHash("hash of second") != nil || l.State().Registry.TokenByHash("hash of first") == nil {
						t.Error("the tokens are not those of the backup")
					}
				}
				if end, err := two.VerifyDatabase(t.Context(), admin, ledger.Anchor{Number: end.Number, Hash: end.Hash}, func(_, _ int64) error { return nil }); err != nil || end.Number != one.State().Revision+2 {
					t.Errorf("got %v, %+v", err, end)
				}
			})
		}
	}
}

// A backup that is refused, for whatever reason, leaves everything as it was.
func TestRestoreLogRefuses(t *testing.T) {
	for name, dsn := range stores {
		source := open(t, dsn(t))
		signIn(t, source, "first")
		field(t, source)
		log := history(t, source)
		lost := errors.New("the network is gone")
		for what, c := range map[string]struct {
			principal grant.Principal
			before    func(l *ledger.Ledger)
			log       func(yield func(ledger.Revision, error) bool)
			kind      fault.Kind
			want      string
		}{
			"staff": {principal: staff.Principal, kind: fault.Denied, want: "may not restore"},
			"more":  {before: func(l *ledger.Ledger) { field(t, l) }, kind: fault.Precondition, want: "nothing but tokens"},
			"an error": {log: func(yield func(ledger.Revision, error) bool) {
				_ = yield(log[0], nil) && yield(log[1], nil) && yield(ledger.Revision{}, lost)
			}, want: "the network is gone"},
			"nothing":   {log: func(func(ledger.Revision, error) bool) {}, kind: fault.Precondition, want: "no revision"},
			"a gap":     {log: func(yield func(ledger.Revision, error) bool) { _ = yield(log[0], nil) && yield(log[2], nil) }, kind: fault.Precondition, want: "revision 2 is missing"},
			"a rewrite": {log: func(yield func(ledger.Revision, error) bool) { r := log[0]; r.Reason = "other"; _ = yield(r, nil) }, kind: fault.Precondition, want: "revision 1 is not as it was written"},
			"no record": {log: func(yield func(ledger.Revision, error) bool) {
				r := ledger.Revision{Number: 1, At: 1, Changes: []ledger.Version{{Key: grant.Key{Kind: "novelties", ID: "a"}, Revision: 1, Updated: 1, Body: []byte("{}")}}}
				r.Hash = r.Chained("")
				_ = yield(r, nil)
			}, kind: fault.Precondition, want: "revision 1 holds a record that this program cannot read"},
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				l := open(t, dsn(t))
				signIn(t, l, "second")
				if c.before != nil {
					c.before(l)
				}
				if c.log == nil {
					c.log = allOf(log)
				}
				if c.principal.Name == "" {
					c.principal = admin
				}
				before := history(t, l)
				_, err := l.RestoreLog(t.Context(), c.principal, c.log, false)
				if err == nil || fault.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
				if diff := cmp.Diff(before, history(t, l)); diff != "" {
					t.Errorf("(-before +after):\n%s", diff)
				}
				create(t, l, &grant.Organisation{ID: "another", DisplayName: "Another"})
			})
		}
	}
}

func allOf(log []ledger.Revision) iter.Seq2[ledger.Revision, error] {
	return func(yield func(ledger.Revision, error) bool) {
		for _, r := range log {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// A backup is checked on any server, and changes nothing there.
func TestRestoreLogValidateOnly(t *testing.T) {
	l := open(t, stores["SQLite"](t))
	field(t, l)
	before := history(t, l)
	file := backedUp(t, l)
	if end, err := l.RestoreLog(t.Context(), admin, backup.Read(bytes.NewReader(file)), true); err != nil || end.Number != 3 {
		t.Errorf("got %v, %+v", err, end)
	}
	if _, err := l.RestoreLog(t.Context(), admin, backup.Read(bytes.NewReader(file[:len(file)-1])), true); fault.KindOf(err) != fault.Invalid {
		t.Errorf("one that was cut off: %v", err)
	}
	if diff := cmp.Diff(before, history(t, l)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// A log that does not fit its chain is not backed up as if it did.
func TestLogIsHeldAgainstTheChain(t *testing.T) {
	dsn := stores["SQLite"](t)
	l := open(t, dsn)
	field(t, l)
	if _, err := behind(t, dsn).ExecContext(t.Context(), `UPDATE revision SET reason = 'other' WHERE number = 2`); err != nil {
		t.Fatal(err)
	}
	end, log, err := l.Log(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	if err := backup.Write(&bytes.Buffer{}, "test", end, log); fault.KindOf(err) != fault.Precondition || !strings.Contains(err.Error(), "revision 2") {
		t.Errorf("got %v", err)
	}
	if _, _, err := l.Log(t.Context(), staff.Principal); fault.KindOf(err) != fault.Denied {
		t.Errorf("staff: %v", err)
	}
}
