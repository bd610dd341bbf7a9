package backup_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/backup"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

// log is a chained log of so many revisions, each of which changes as many records as its number says, up to three.
func log(revisions int) []ledger.Revision {
	var log []ledger.Revision
	hash := ""
	for n := range int64(revisions) {
		r := ledger.Revision{Number: n + 1, At: 1000 * (n + 1), Principal: "tokens/staff", Reason: "«שלום» \"\\\n<&>", RequestID: fmt.Sprint(n), Fingerprint: "f"}
		for i := range min(n, 3) {
			r.Changes = append(r.Changes, ledger.Version{Key: grant.Key{Kind: grant.Grants, ID: fmt.Sprint("g", i)}, Revision: r.Number, Created: -1, Updated: r.At, Deleted: n, Body: []byte(`{"title":"Wasser"}`)})
		}
		r.Hash = r.Chained(hash)
		hash = r.Hash
		log = append(log, r)
	}
	return log
}

func all(log []ledger.Revision) iter.Seq2[ledger.Revision, error] {
	return func(yield func(ledger.Revision, error) bool) {
		for _, r := range log {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func endOf(log []ledger.Revision) ledger.Chain {
	if len(log) == 0 {
		return ledger.Chain{}
	}
	last := log[len(log)-1]
	return ledger.Chain{Number: last.Number, At: last.At, Hash: last.Hash}
}

func written(t interface{ Fatal(...any) }, log []ledger.Revision) []byte {
	var b bytes.Buffer
	if err := backup.Write(&b, "test", endOf(log), all(log)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(file []byte) (log []ledger.Revision, err error) {
	for r, err := range backup.Read(bytes.NewReader(file)) {
		if err != nil {
			return log, err
		}
		log = append(log, r)
	}
	return log, nil
}

// What is written is read, to the byte.
func TestReadIsTheInverseOfWrite(t *testing.T) {
	text := rapid.String().Filter(func(s string) bool { return strings.IndexByte(s, 0) < 0 })
	rapid.Check(t, func(t *rapid.T) {
		var log []ledger.Revision
		for n := range int64(rapid.IntRange(0, 5).Draw(t, "revisions")) {
			r := ledger.Revision{Number: n + 1, At: rapid.Int64().Draw(t, "at"), Principal: text.Draw(t, "principal"), Reason: text.Draw(t, "reason"),
				RequestID: text.Draw(t, "request"), Fingerprint: text.Draw(t, "fingerprint"), Hash: text.Draw(t, "hash")}
			for _, id := range rapid.SliceOfNDistinct(text, 0, 4, rapid.ID).Draw(t, "ids") {
				r.Changes = append(r.Changes, ledger.Version{Key: grant.Key{Kind: grant.Themes, ID: id}, Revision: r.Number, Created: rapid.Int64().Draw(t, "created"), Updated: r.At,
					Deleted: rapid.Int64().Draw(t, "deleted"), Body: []byte(text.Draw(t, "body"))})
			}
			slices.SortFunc(r.Changes, func(a, b ledger.Version) int { return strings.Compare(a.Key.ID, b.Key.ID) })
			log = append(log, r)
		}
		got, err := read(written(t, log))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(log, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// A file that was cut off or changed anywhere is refused, with the revisions before the damage as they were; or the damage is of no consequence.
func TestDamageIsFound(t *testing.T) {
	log := log(8)
	file := written(t, log)
	check := func(what string, file []byte, mayPass bool) {
		got, err := read(file)
		if err == nil && (!mayPass || len(got) != len(log)) {
			t.Fatalf("%s: %d revisions and no error", what, len(got))
		}
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Fatalf("%s: got %v", what, err)
		}
		if !cmp.Equal(got, log[:len(got)]) && err == nil {
			t.Fatalf("%s: other revisions and no error", what)
		}
	}
	for n := range file {
		check(fmt.Sprint("cut off at ", n), file[:n], false)
		changed := slices.Clone(file)
		changed[n] ^= 0x10
		check(fmt.Sprint("changed at ", n), changed, true) // the head of a gzip file has bytes that mean nothing
	}
	check("with more behind", append(slices.Clone(file), 0), false)
	check("twice", append(slices.Clone(file), file...), false)
}

// zipped compresses lines as a backup is.
func zipped(lines string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(lines))
	_ = w.Close()
	return b.Bytes()
}

// unzipped is the text of a backup.
func unzipped(t interface{ Fatal(...any) }, file []byte) string {
	r, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What is wrong is said, and after which revision.
func TestReadSaysWhatIsWrong(t *testing.T) {
	lines := strings.SplitAfter(unzipped(t, written(t, log(4))), "\n") // header, 1, 2 and its change, 3 and its two, 4 and its three, trailer
	without := func(i int) string { return strings.Join(slices.Delete(slices.Clone(lines), i, i+1), "") }
	with := func(i int, old, new string) string {
		changed := slices.Clone(lines)
		if changed[i] = strings.Replace(changed[i], old, new, 1); changed[i] == lines[i] {
			t.Fatalf("line %d has no %s: %s", i, old, lines[i])
		}
		return strings.Join(changed, "")
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"nothing":               {nil, "this is no backup that can be read: it was cut off"},
		"not compressed":        {[]byte(strings.Join(lines, "")), "it is not compressed with gzip"},
		"another file":          {zipped(`{"a":1}` + "\n"), "a line cannot be read"},
		"another format":        {zipped(with(0, "tandem backup", "other")), `the format "other"`},
		"a newer version":       {zipped(with(0, `"version":2`, `"version":3`)), "it is of version 3 of the format"},
		"no trailer":            {zipped(without(len(lines) - 2)), "damaged after revision 4: it was cut off"},
		"another trailer":       {zipped(with(len(lines)-2, `"end":4`, `"end":5`)), "its last line says revision 5"},
		"a revision left out":   {zipped(without(1)), "the next line is of revision 2"},
		"a change left out":     {zipped(without(5)), "after revision 2: revision 3, behind 1 of its 2 changes: a line cannot be read"},
		"a change twice":        {zipped(with(6, `"g1"`, `"g0"`)), `"grants/g0" does not come after "grants/g0"`},
		"fewer than none":       {zipped(with(1, `"changes":0`, `"changes":-1`)), "says that it has -1 changes"},
		"a character zero":      {zipped(with(6, "Wasser", `\u0000`)), `"grants/g1" has a character zero`},
		"a field of the future": {zipped(with(2, `"changes"`, `"new":1,"changes"`)), "damaged after revision 1: a line cannot be read"},
		"a line without end":    {zipped(lines[0] + strings.Repeat("x", 65<<20)), "a line is longer than"},
	} {
		_, err := read(c.file)
		if err == nil || fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// A backup of the version before is read: it says the same.
func TestReadOlder(t *testing.T) {
	older := strings.Replace(unzipped(t, written(t, log(4))), `"version":2`, `"version":1`, 1)
	got, err := read(zipped(older))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(log(4), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWriteRefuses(t *testing.T) {
	whole := log(3)
	own := errors.New("own")
	failing := func(yield func(ledger.Revision, error) bool) { yield(ledger.Revision{}, own) }
	if err := backup.Write(io.Discard, "test", endOf(whole), failing); !errors.Is(err, own) {
		t.Errorf("got %v, want the log's error", err)
	}
	for name, part := range map[string][]ledger.Revision{"the end": whole[:2], "the beginning": whole[1:]} {
		if err := backup.Write(io.Discard, "test", endOf(whole), all(part)); err == nil || !strings.Contains(err.Error(), "is missing") {
			t.Errorf("without %s: got %v", name, err)
		}
	}
}

// Whatever the bytes, reading ends, without a panic, with an Invalid error or with a log that is written and read again as it is.
func FuzzRead(f *testing.F) {
	file := written(f, log(4))
	f.Add(file)
	f.Add([]byte(unzipped(f, file)))
	f.Add([]byte(`{"format":"tandem backup","version":2,"program":"","head":9223372036854775807,"hash":""}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 0 && data[0] == '{' {
			data = zipped(string(data)) // what is behind the compression is seldom reached by chance
		}
		log, err := read(data)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("got %v", err)
			}
			return
		}
		again, err := read(written(t, log))
		if err != nil || !cmp.Equal(log, again) && len(log) > 0 {
			t.Fatalf("%v, %v", err, cmp.Diff(log, again))
		}
	})
}
