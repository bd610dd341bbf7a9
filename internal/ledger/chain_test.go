package ledger_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

// The encodings must never change: logs are chained with them. The hashes were reckoned with Python's hashlib.
func TestChainedIsFixed(t *testing.T) {
	r := ledger.Revision{
		Number: 2, At: 1_700_000_000_000_000, Principal: "tokens/staff", Reason: "שלום", RequestID: "r", Fingerprint: "f",
		Changes: []ledger.Version{{Key: grant.Key{Kind: grant.Grants, ID: "a"}, Revision: 2, Created: 1, Updated: 1_700_000_000_000_000, Deleted: 3, Body: []byte(`{"id":"a"}`)}},
	}
	const want = "2-e9d1a5d5d36f47fce3763b42a045803ceac967f707cdcebbad656e8ceead4d35"
	if got := r.Chained("00ff"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, hash := range []string{want, "4615c80821cb01fe90d419b45c5116abf093ea0edd3f79b27bb775540f406924"} { // of now, and of the first form
		r.Hash = hash
		c := ledger.Chain{Number: 1, At: 1, Hash: "00ff"}
		if err := c.Add(r); err != nil {
			t.Error(err)
		}
		r.Hash = strings.TrimPrefix(hash, "2-") + "0"
		c = ledger.Chain{Number: 1, At: 1, Hash: "00ff"}
		if err := c.Add(r); fault.KindOf(err) != fault.Precondition {
			t.Errorf("a wrong hash: %v", err)
		}
	}
}

// Whatever is changed in a revision, or before it, changes its hash.
func TestChainedTellsAllApart(t *testing.T) {
	text := rapid.StringN(0, 3, -1)
	version := rapid.Custom(func(t *rapid.T) ledger.Version {
		return ledger.Version{
			Key:     grant.Key{Kind: grant.Kind(text.Draw(t, "kind")), ID: text.Draw(t, "id")},
			Created: rapid.Int64Range(0, 3).Draw(t, "created"), Updated: rapid.Int64Range(0, 3).Draw(t, "updated"), Deleted: rapid.Int64Range(0, 3).Draw(t, "deleted"),
			Body: []byte(text.Draw(t, "body")),
		}
	})
	revision := rapid.Custom(func(t *rapid.T) ledger.Revision {
		return ledger.Revision{
			Number: rapid.Int64Range(1, 3).Draw(t, "number"), At: rapid.Int64Range(1, 3).Draw(t, "at"), Principal: text.Draw(t, "principal"), Reason: text.Draw(t, "reason"),
			RequestID: text.Draw(t, "request"), Fingerprint: text.Draw(t, "fingerprint"), Changes: rapid.SliceOfN(version, 0, 3).Draw(t, "changes"),
		}
	})
	type said struct {
		before   string
		revision ledger.Revision
	}
	seen := map[string]said{}
	rapid.Check(t, func(t *rapid.T) {
		s := said{text.Draw(t, "before"), revision.Draw(t, "revision")}
		hash := s.revision.Chained(s.before)
		if other, ok := seen[hash]; ok && (other.before != s.before || !same(other.revision, s.revision)) {
			t.Fatalf("%+v and %+v hash alike", other, s)
		}
		seen[hash] = s
	})
}

func same(a, b ledger.Revision) bool {
	if a.Number != b.Number || a.At != b.At || a.Principal != b.Principal || a.Reason != b.Reason || a.RequestID != b.RequestID || a.Fingerprint != b.Fingerprint ||
		len(a.Changes) != len(b.Changes) {
		return false
	}
	for i, v := range a.Changes {
		w := b.Changes[i]
		if v.Key != w.Key || v.Created != w.Created || v.Updated != w.Updated || v.Deleted != w.Deleted || string(v.Body) != string(w.Body) {
			return false
		}
	}
	return true
}

func TestChainFindsTheFirstThatDoesNotFit(t *testing.T) {
	log := make([]ledger.Revision, 4)
	hash := ""
	for i := range log {
		log[i] = ledger.Revision{Number: int64(i + 1), At: int64(10 * (i + 1)), Principal: "p"}
		log[i].Hash = log[i].Chained(hash)
		hash = log[i].Hash
	}
	for name, c := range map[string]struct {
		spoil func(log []ledger.Revision) []ledger.Revision
		want  string
	}{
		"nothing":     {func(log []ledger.Revision) []ledger.Revision { return log }, ""},
		"words":       {func(log []ledger.Revision) []ledger.Revision { log[1].Reason = "other"; return log }, "revision 2 is not as it was written"},
		"a hash":      {func(log []ledger.Revision) []ledger.Revision { log[2].Hash = log[1].Hash; return log }, "revision 3 is not as it was written"},
		"one is gone": {func(log []ledger.Revision) []ledger.Revision { return append(log[:1], log[2:]...) }, "revision 2 is missing"},
		"the first":   {func(log []ledger.Revision) []ledger.Revision { return log[1:] }, "revision 1 is missing"},
		"an instant":  {func(log []ledger.Revision) []ledger.Revision { log[2].At = 20; return log }, "revision 3 is not later"},
	} {
		var chain ledger.Chain
		var err error
		for _, r := range c.spoil(append([]ledger.Revision{}, log...)) {
			if err = chain.Add(r); err != nil {
				break
			}
		}
		switch {
		case c.want == "" && (err != nil || chain != ledger.Chain{Number: 4, At: 40, Hash: hash}):
			t.Errorf("%s: got %v, %+v", name, err, chain)
		case c.want != "" && (err == nil || fault.KindOf(err) != fault.Precondition || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
