package store

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

// crashDSN in the environment makes the test binary a writer that is there to be killed.
const crashDSN = "TANDEM_TEST_CRASH_DSN"

// writeUntilKilled writes with eight goroutines and says each revision's number and how many changes it has when it is acknowledged.
func writeUntilKilled(dsn string) {
	s, err := Open(context.Background(), dsn)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for range 8 {
		go func() {
			for {
				var r ledger.Revision
				err := s.Commit(context.Background(), func(tx ledger.Tx) error {
					ids := make([]string, 1+rand.N(40))
					for i := range ids {
						ids[i] = fmt.Sprintf("r%d-%02d", tx.Head()+1, i)
					}
					r = next(tx, ids...)
					return tx.Append(r)
				})
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				fmt.Printf("%d %d\n", r.Number, len(r.Changes))
			}
		}()
	}
	select {}
}

// testCrash kills a writer at any moment, again and again on one database: all that it had acknowledged is there, and nothing is there in part.
func testCrash(t *testing.T, dsn string) {
	acknowledged := map[int64]int{}
	for range 10 {
		output := crash(t, dsn)
		for line := range strings.Lines(output) {
			var number int64
			var changes int
			if _, err := fmt.Sscanf(line, "%d %d\n", &number, &changes); err == nil { // the last line may be torn
				acknowledged[number] = changes
			}
		}
		checkCrashed(t, dsn, acknowledged)
	}
	if len(acknowledged) < 10 {
		t.Fatalf("only %d writes were acknowledged", len(acknowledged))
	}
}

// crash starts a writer, waits for its first acknowledgement and a random time, kills it and returns what it said.
func crash(t *testing.T, dsn string) string {
	t.Helper()
	writer := exec.Command(os.Args[0], "-test.run=^$")
	writer.Env = append(os.Environ(), crashDSN+"="+dsn)
	writer.Stderr = os.Stderr
	pipe, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(pipe)
	first, err := out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(rand.N(150*time.Millisecond), func() { _ = writer.Process.Kill() })
	var rest strings.Builder
	_, _ = out.WriteTo(&rest)
	_ = writer.Wait()
	return first + rest.String()
}

func checkCrashed(t *testing.T, dsn string, acknowledged map[int64]int) {
	t.Helper()
	s := open(t, dsn)
	defer s.Close()
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	found := map[int64]int{}
	err := s.Since(t.Context(), 0, func(r ledger.Revision) error {
		found[r.Number] = len(r.Changes)
		if want := (grant.Key{Kind: grant.Grants, ID: fmt.Sprintf("r%d-00", r.Number)}); r.Changes[0].Key != want {
			t.Errorf("revision %d begins with %s", r.Number, r.Changes[0].Key)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for number, changes := range acknowledged {
		if found[number] != changes {
			t.Errorf("revision %d was acknowledged with %d changes and has %d", number, changes, found[number])
		}
	}
}
