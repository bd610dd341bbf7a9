package ledgertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

func testEmpty(t *testing.T, f fixture) {
	f.head(0)
	number, err := f.RevisionAt(f.ctx, instant(1))
	f.equal("RevisionAt", number, int64(0), err)
	_, err = f.Get(f.ctx, key("a"), 0)
	f.kind("Get", err, fault.NotFound)
	versions, err := f.GetAll(f.ctx, []grant.Key{key("a")}, 0)
	f.equal("GetAll", len(versions), 0, err)
	f.equal("Load", len(f.load(0)), 0, nil)
	f.equal("Since", len(f.since(0)), 0, nil)
	page, err := f.Revisions(f.ctx, 0, grant.Key{}, 10)
	f.equal("Revisions", len(page), 0, err)
	err = f.Commit(f.ctx, func(tx ledger.Tx) error {
		f.equal("Tx.Head", tx.Head(), int64(0), nil)
		f.equal("Tx.At", tx.At(), int64(0), nil)
		f.equal("Tx.Hash", tx.Hash(), "", nil)
		_, err := tx.Get(key("a"))
		f.kind("Tx.Get", err, fault.NotFound)
		_, err = tx.Request("tokens/staff", "1")
		f.kind("Tx.Request", err, fault.NotFound)
		return nil
	})
	f.equal("Commit of nothing", nil, nil, err)
	f.head(0)
}

// load returns what Load yields, in order of keys.
func (f fixture) load(at int64) []ledger.Version {
	f.t.Helper()
	versions := []ledger.Version{}
	err := f.Load(f.ctx, at, func(v ledger.Version) error {
		versions = append(versions, v)
		return nil
	})
	if err != nil {
		f.t.Fatalf("Load at %d: %v", at, err)
	}
	slices.SortFunc(versions, compare)
	return versions
}

// since returns what Since yields.
func (f fixture) since(after int64) []ledger.Revision {
	f.t.Helper()
	revisions := []ledger.Revision{}
	err := f.Since(f.ctx, after, func(r ledger.Revision) error {
		revisions = append(revisions, r)
		return nil
	})
	if err != nil {
		f.t.Fatalf("Since %d: %v", after, err)
	}
	return revisions
}

func testContent(_ *testing.T, f fixture) {
	odd := "«' \" \\ % $1 ?1 \n\t السلام שלום 🕊 \u202e\u00e9e\u0301"
	r := ledger.Revision{Number: 1, At: 1, Principal: odd, Reason: odd, RequestID: odd, Fingerprint: odd, Hash: odd}
	for _, k := range []grant.Key{{Kind: "Z", ID: "z"}, {Kind: "a", ID: ""}, {Kind: "a", ID: "A"}, {Kind: "a", ID: "a"}, {Kind: "a", ID: "a-b"}, {Kind: "a", ID: "ab"}, {Kind: "a", ID: odd}} {
		r.Changes = append(r.Changes, ledger.Version{Key: k, Revision: 1, Created: -1, Updated: 1, Deleted: 1 << 60, Body: []byte(odd)})
	}
	r.Changes[0].Body = []byte(strings.Repeat("{} ", 1<<20))
	r.Changes[1].Body = []byte{}
	f.commit(r, ledger.Revision{Number: 2, At: 1 << 60, Principal: ""})
	f.equal("Since", f.since(0)[0], r, nil)
	for _, want := range r.Changes {
		got, err := f.Get(f.ctx, want.Key, 0)
		f.equal("Get", got, want, err)
	}
	f.equal("Load", f.load(0), r.Changes, nil)
	f.equal("a revision without changes", len(f.since(1)[0].Changes), 0, nil)
}

func testAtRevision(_ *testing.T, f fixture) {
	r := f.history()
	for _, c := range []struct {
		id   string
		at   int64
		want int64
	}{{"a", 1, 1}, {"a", 2, 1}, {"a", 3, 3}, {"a", 4, 3}, {"a", 5, 5}, {"a", 0, 5}, {"a", 99, 5}, {"b", 1, 0}, {"b", 2, 2}, {"b", 0, 3}, {"c", 3, 0}, {"c", 0, 4}} {
		got, err := f.Get(f.ctx, key(c.id), c.at)
		if c.want == 0 {
			f.kind(fmt.Sprintf("Get %s at %d", c.id, c.at), err, fault.NotFound)
			continue
		}
		want := r[c.want-1].Changes
		f.equal(fmt.Sprintf("Get %s at %d", c.id, c.at), got, want[slices.IndexFunc(want, func(v ledger.Version) bool { return v.Key == key(c.id) })], err)
	}
}

func testGetAll(_ *testing.T, f fixture) {
	r := f.history()
	got, err := f.GetAll(f.ctx, []grant.Key{key("c"), key("none"), key("a"), {Kind: grant.Organisations, ID: "a"}, key("c"), {}}, 0)
	f.equal("GetAll", got, []ledger.Version{r[3].Changes[0], r[4].Changes[0], r[3].Changes[1], r[3].Changes[0]}, err)
	got, err = f.GetAll(f.ctx, []grant.Key{key("c"), key("b"), key("a")}, 2)
	f.equal("GetAll at 2", got, []ledger.Version{r[1].Changes[0], r[0].Changes[0]}, err)
	got, err = f.GetAll(f.ctx, nil, 0)
	f.equal("GetAll of nothing", len(got), 0, err)

	// More keys than one statement takes, and every number of them around the sizes that statements may have.
	ids := make([]string, 5000)
	keys := make([]grant.Key, len(ids))
	for i := range ids {
		ids[i] = fmt.Sprintf("m%04d", i)
		keys[i] = key(ids[i])
	}
	many := f.commit(revision(6, ids...))[0].Changes
	for _, n := range []int{2, 15, 16, 17, 127, 129, 1000, 1024, 1025, 1153, 5000} {
		got, err = f.GetAll(f.ctx, keys[:n], 0)
		f.equal("GetAll of many", got, many[:n], err)
	}
	got, err = f.GetAll(f.ctx, keys, 5)
	f.equal("GetAll before they were", len(got), 0, err)
}

func testLoad(t *testing.T, f fixture) {
	r := f.history()
	a, b := func(n int) ledger.Version { return r[n-1].Changes[0] }, r[2].Changes[1]
	f.equal("Load at 1", f.load(1), []ledger.Version{a(1)}, nil)
	f.equal("Load at 2", f.load(2), []ledger.Version{a(1), r[1].Changes[0]}, nil)
	f.equal("Load at 3", f.load(3), []ledger.Version{a(3), b}, nil)
	f.equal("Load at 5", f.load(5), []ledger.Version{a(5), b, r[3].Changes[0], r[3].Changes[1]}, nil)
	f.equal("Load", f.load(0), f.load(5), nil)
	calls, own := 0, errors.New("enough")
	err := f.Load(f.ctx, 0, func(ledger.Version) error {
		calls++
		return own
	})
	if err != own || calls != 1 {
		t.Fatalf("Load: got %v after %d calls, want the error of the first", err, calls)
	}
}

// A load in progress sees its revision whole, while others write.
func testLoadBeside(_ *testing.T, f fixture) {
	r := f.history()
	next := int64(6)
	got := []ledger.Version{}
	err := f.Load(f.ctx, 0, func(v ledger.Version) error {
		got = append(got, v)
		f.commit(revision(next, "a", "b", "c", fmt.Sprint("d", next)))
		next++
		return nil
	})
	slices.SortFunc(got, compare)
	f.equal("Load", got, []ledger.Version{r[4].Changes[0], r[2].Changes[1], r[3].Changes[0], r[3].Changes[1]}, err)
}

func testSince(t *testing.T, f fixture) {
	r := f.history()
	for after := range int64(6) {
		f.equal(fmt.Sprintf("Since %d", after), f.since(after), r[after:], nil)
	}
	f.equal("Since later", len(f.since(99)), 0, nil)
	calls, own := 0, errors.New("enough")
	err := f.Since(f.ctx, 0, func(ledger.Revision) error {
		calls++
		return own
	})
	if err != own || calls != 1 {
		t.Fatalf("Since: got %v after %d calls, want the error of the first", err, calls)
	}
}

// More revisions than a store may read at once, and more changes.
func testSinceLong(t *testing.T, f fixture) {
	want := []ledger.Revision{}
	ids := make([]string, 9000)
	for i := range ids {
		ids[i] = fmt.Sprintf("m%04d", i)
	}
	err := f.Commit(f.ctx, func(tx ledger.Tx) error {
		want = want[:0]
		for n := int64(1); n <= 700; n++ {
			r := revision(n, fmt.Sprintf("a%d", n%7))
			if n%300 == 0 {
				r = revision(n, ids...)
			}
			if n > 400 && n < 410 {
				r = revision(n, ids[:1500]...)
			}
			want = append(want, r)
			if err := tx.Append(r); err != nil {
				return err
			}
		}
		return nil
	})
	f.equal("Commit", nil, nil, err)
	got := f.since(0)
	if len(got) != len(want) {
		t.Fatalf("got %d revisions, want %d", len(got), len(want))
	}
	for i := range got {
		f.equal("Since", got[i], want[i], nil)
	}
	page, err := f.Revisions(f.ctx, 0, grant.Key{}, 500)
	slices.Reverse(page)
	f.equal("Revisions", page, want[200:], err)
}

func testRevisions(_ *testing.T, f fixture) {
	r := f.history()
	pick := func(numbers ...int64) []ledger.Revision {
		var page []ledger.Revision
		for _, n := range numbers {
			page = append(page, r[n-1])
		}
		return page
	}
	for _, c := range []struct {
		before int64
		key    grant.Key
		limit  int
		want   []ledger.Revision
	}{
		{0, grant.Key{}, 10, pick(5, 4, 3, 2, 1)},
		{0, grant.Key{}, 2, pick(5, 4)},
		{4, grant.Key{}, 2, pick(3, 2)},
		{2, grant.Key{}, 2, pick(1)},
		{1, grant.Key{}, 2, nil},
		{99, grant.Key{}, 1, pick(5)},
		{0, grant.Key{}, 0, nil},
		{0, key("a"), 10, pick(5, 3, 1)},
		{5, key("a"), 1, pick(3)},
		{3, key("a"), 9, pick(1)},
		{1, key("a"), 9, nil},
		{0, key("b"), 1, pick(3)},
		{0, key("none"), 9, nil},
		{0, grant.Key{Kind: grant.Organisations, ID: "a"}, 9, pick(4)},
	} {
		got, err := f.Revisions(f.ctx, c.before, c.key, c.limit)
		if len(got) == 0 {
			got = nil
		}
		f.equal(fmt.Sprintf("Revisions before %d of %s, %d", c.before, c.key, c.limit), got, c.want, err)
	}
}

func testRevisionsBy(_ *testing.T, f fixture) {
	one, two, three := revision(1, "a"), revision(2, "b"), revision(3, "a", "b")
	two.Principal = "tokens/other"
	r := f.commit(one, two, three, revision(4))
	for _, c := range []struct {
		before    int64
		principal string
		limit     int
		want      []ledger.Revision
	}{
		{0, "tokens/staff", 9, []ledger.Revision{r[3], r[2], r[0]}},
		{0, "tokens/staff", 2, []ledger.Revision{r[3], r[2]}},
		{3, "tokens/staff", 9, []ledger.Revision{r[0]}},
		{0, "tokens/other", 9, []ledger.Revision{r[1]}},
		{2, "tokens/other", 9, nil},
		{0, "tokens/sta", 9, nil},
		{0, "", 9, nil},
		{0, "tokens/staff", 0, nil},
	} {
		got, err := f.RevisionsBy(f.ctx, c.before, c.principal, c.limit)
		if len(got) == 0 {
			got = nil
		}
		f.equal(fmt.Sprintf("RevisionsBy %s before %d, %d", c.principal, c.before, c.limit), got, c.want, err)
	}
}

func testRevisionAt(_ *testing.T, f fixture) {
	f.history()
	for _, c := range []struct{ instant, want int64 }{
		{0, 0}, {instant(1) - 1, 0}, {instant(1), 1}, {instant(3) - 1, 2}, {instant(3), 3}, {instant(3) + 1, 3}, {instant(5), 5}, {instant(9), 5},
	} {
		got, err := f.RevisionAt(f.ctx, c.instant)
		f.equal(fmt.Sprintf("RevisionAt %d", c.instant), got, c.want, err)
	}
}

func testBefore(_ *testing.T, f fixture) {
	r := f.history()
	for i, want := range [][]ledger.Version{
		{{Key: key("a")}},
		{{Key: key("b")}},
		{r[0].Changes[0], r[1].Changes[0]},
		{{Key: key("c")}, {Key: grant.Key{Kind: grant.Organisations, ID: "a"}}},
		{r[2].Changes[0]},
	} {
		got, err := f.Before(f.ctx, r[i])
		f.equal(fmt.Sprintf("Before %d", i+1), got, want, err)
	}
}
