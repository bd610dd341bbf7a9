package adversary

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"pgregory.net/rapid"

	"github.com/allmep/tandem/internal/grant"
	_ "github.com/allmep/tandem/proto/tandem/v1" // the methods of the contract
)

// adversary knows two worlds and asks both.
type adversary struct {
	*rapid.T
	worlds    [2]*world
	hidden    []string // ids of grants that are hidden in one of the worlds
	ids       []string // those that it asks for: hidden, seen and nonexistent
	revisions int      // in either world
}

// nothing is an id that no grant has.
const nothing = "nil"

// A world in which everything hidden is otherwise answers the same: lists, totals, counts, pages, history, the past, errors, ETags and 304s, in JSON and CSV. What may be told of a
// shadow is the same in both. And what the store is asked for is the same, so that time does not tell either.
func TestNothingHiddenShows(t *testing.T) {
	methods := contract()
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom([]grant.Principal{
			{Role: grant.Viewer}, {Role: grant.Donor, State: "SE"}, {Role: grant.Donor, State: "NO"}, {Role: grant.Member, Organisation: "m1"}, {Role: grant.Member, Organisation: "idle"},
		}).Draw(t, "adversary")
		first, later := setting(p)
		teller := teller{T: t, p: p, reg: grant.NewRegistry().With(first.records...).With(later.records...), today: map[string]*grant.Grant{}, hidden: map[string]bool{}}
		real := teller.real()
		other, hidden := teller.false(real)
		a := &adversary{T: t, hidden: hidden, revisions: len(real) + 2}
		for i, s := range []story{real, other} {
			a.worlds[i] = live(t, s)
			defer a.worlds[i].end()
		}
		a.ids = append(a.grants(real), append(slices.Clone(hidden), nothing)...)
		slices.Sort(a.ids)
		a.ids = slices.Compact(a.ids)
		for _, m := range methods {
			for _, q := range a.questions(m) {
				a.ask(q)
			}
		}
		a.hearsWhatIsListed()
	})
}

// hearsWhatIsListed fails if the stream of revisions tells anything else than their list.
func (a *adversary) hearsWhatIsListed() {
	var list struct{ Revisions []any }
	body := a.worlds[0].ask(ask{method: "GET", path: "/v1/revisions?page_size=1000"}).body
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		a.Fatal(err)
	}
	slices.Reverse(list.Revisions)
	stream := a.worlds[0].ask(ask{method: "GET", path: "/v1/revisions:watch?after=0", events: len(list.Revisions)}).body
	var heard []any
	for line := range strings.Lines(stream) {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			var one any
			if err := json.Unmarshal([]byte(data), &one); err != nil {
				a.Fatal(err)
			}
			heard = append(heard, one)
		}
	}
	if diff := cmp.Diff(list.Revisions, heard); diff != "" {
		a.Fatalf("the stream is not what the list is:\n%s", diff)
	}
}

// Every method is in the catalogue, or a write that only staff may make.
func TestCatalogueIsWhole(t *testing.T) {
	known := maps.Clone(catalogue)
	for _, m := range contract() {
		delete(known, m.name)
		if catalogue[m.name] == nil && !overGRPC[m.name] && !m.staffs() {
			t.Errorf("the catalogue has no questions for %s: add a line", m.name)
		}
	}
	for name := range known {
		t.Errorf("the catalogue has questions for %s, which is not in the contract", name)
	}
}

func (a *adversary) grants(s story) []string {
	var ids []string
	for _, c := range s {
		for _, e := range c.records {
			if e.Key().Kind == grant.Grants {
				ids = append(ids, e.Key().ID)
			}
		}
	}
	return ids
}

// method is a method of the contract, and how it is called over HTTP.
type method struct{ name, verb, path string }

// standard are the beginnings of the names of writes that only staff may make.
var standard = regexp.MustCompile(`/(Create|BatchCreate|Update|Delete|Undelete|Restore|Merge|Unmerge|Accept|Decide)`)

func (m method) staffs() bool { return m.verb != "GET" && standard.MatchString(m.name) }

// contract lists the methods of the contract, in order.
func contract() []method {
	var methods []method
	protoregistry.GlobalFiles.RangeFilesByPackage("tandem.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				d := s.Methods().Get(j)
				rule, _ := proto.GetExtension(d.Options(), annotations.E_Http).(*annotations.HttpRule)
				m := method{name: string(s.Name()) + "/" + string(d.Name())}
				for verb, path := range map[string]string{"GET": rule.GetGet(), "POST": rule.GetPost(), "PATCH": rule.GetPatch(), "DELETE": rule.GetDelete()} {
					if path != "" {
						m.verb, m.path = verb, path
					}
				}
				methods = append(methods, m)
			}
		}
		return true
	})
	slices.SortFunc(methods, func(a, b method) int { return strings.Compare(a.name, b.name) })
	return methods
}

var variable = regexp.MustCompile(`\{[a-z_.]+=([^}]*)\}`)

// questions are those of the catalogue or, for a write, one for each of some grants that it could be about, with a body that says nothing.
func (a *adversary) questions(m method) []ask {
	if questions := catalogue[m.name]; questions != nil {
		return questions(a)
	}
	if overGRPC[m.name] {
		return nil
	}
	var asks []ask
	for _, id := range first(3, a.few()) {
		path := variable.ReplaceAllStringFunc(m.path, func(v string) string {
			pattern := variable.FindStringSubmatch(v)[1]
			return strings.Replace(strings.Replace(pattern, "*", id, 1), "*", "1", 1)
		})
		asks = append(asks, ask{method: m.verb, path: "/v1" + strings.TrimPrefix(path, "/v1"), body: "{}"})
		if !strings.Contains(m.path, "{") {
			break
		}
	}
	return asks
}

// instant is when the n-th revision was written.
func instant(n int) string {
	return time.UnixMicro(epoch + int64(n)*second).UTC().Format(time.RFC3339)
}

// maxPages is how many pages of an answer are looked at.
const maxPages = 4

// ask asks both worlds a question in every form, and for all its pages.
func (a *adversary) ask(q ask) {
	for range maxPages {
		answer := a.same(q)
		if q.method != "GET" {
			return
		}
		if answer.head["Etag"] != "" {
			a.same(q, "If-None-Match", answer.head["Etag"])
		}
		if rapid.IntRange(0, 3).Draw(a.T, "other forms") == 0 {
			a.same(q, "Accept", "text/csv")
			a.same(ask{method: "HEAD", path: q.path})
		}
		var page struct{ NextPageToken string }
		if json.Unmarshal([]byte(answer.body), &page) != nil || page.NextPageToken == "" {
			return
		}
		path, query, _ := strings.Cut(q.path, "?")
		values, _ := url.ParseQuery(query)
		values.Set("page_token", page.NextPageToken)
		q.path = path + "?" + values.Encode()
	}
}

// answer is all that comes back, and what the store was asked for.
type answer struct {
	status int
	head   map[string]string
	body   string
	calls  []string
}

// same asks both worlds, and fails if the answers differ; so it does if a hidden grant is told from one that does not exist.
func (a *adversary) same(q ask, head ...string) answer {
	got, other := a.worlds[0].ask(q, head...), a.worlds[1].ask(q, head...)
	if strings.Contains(q.path, "resource=grants") && got.status == 200 {
		// Changes of a grant that were not seen are passed over, which takes its time. That there is the grant is no secret.
		got.calls, other.calls = nil, nil
	}
	if diff := cmp.Diff(got, other, cmp.AllowUnexported(answer{})); diff != "" {
		a.Fatalf("%s %s %v %s tells the worlds apart:\n%s", q.method, q.path, head, q.body, diff)
	}
	for _, id := range a.hidden {
		names := strings.NewReplacer("/"+id, "/"+nothing, "~"+id+"~", "~"+nothing+"~")
		none := q
		none.path, none.body = names.Replace(q.path), names.Replace(q.body)
		if none == q {
			continue
		}
		missing := a.worlds[0].ask(none, head...)
		missing.body = strings.NewReplacer("/"+nothing, "/"+id, "~"+nothing+"~", "~"+id+"~", "+"+nothing, "+"+id).Replace(missing.body)
		want := got
		want.head = maps.Clone(got.head)
		if slices.Contains(got.calls, "Load") {
			want.calls, missing.calls = nil, nil // it was the first to ask of that day, which is kept for the next
		}
		for _, h := range []map[string]string{want.head, missing.head} {
			delete(h, "Content-Length") // the ids are not of one length
		}
		if diff := cmp.Diff(missing, want, cmp.AllowUnexported(answer{})); diff != "" {
			a.Fatalf("%s %s %v %s tells a hidden grant from none:\n%s", q.method, q.path, head, q.body, diff)
		}
	}
	return got
}

// ask asks a world as the adversary.
func (w *world) ask(q ask, head ...string) answer {
	var got answer
	path, query, _ := strings.Cut(q.path, "?")
	r := httptest.NewRequest(q.method, path, strings.NewReader(q.body))
	r.URL.RawQuery = query
	ctx, end := context.WithTimeout(context.WithValue(r.Context(), callsKey{}, &got.calls), patience)
	defer end()
	r = r.WithContext(ctx)
	r.Header.Set("Authorization", "Bearer "+secret)
	r.Header.Set("X-Request-Id", "same")
	for i := 0; i < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	rec := &listener{ResponseRecorder: httptest.NewRecorder(), left: q.events, end: end}
	w.http.ServeHTTP(rec, r)
	if strings.Contains(path, ":watch") {
		got.calls = nil // those who watch share what they read
	}
	got.status, got.body, got.head = rec.Code, rec.Body.String(), map[string]string{}
	for name, values := range rec.Header() {
		got.head[name] = fmt.Sprint(values)
	}
	got.head["Etag"] = rec.Header().Get("Etag")
	return got
}

// patience is how long an answer may take. None takes so long that is right.
const patience = 20 * time.Second

// listener records an answer. When it is a stream it hears where it begins and so many events, and leaves.
type listener struct {
	*httptest.ResponseRecorder
	left int
	end  context.CancelFunc
}

// Write implements io.Writer.
func (l *listener) Write(b []byte) (int, error) {
	if l.left < 0 {
		return 0, context.Canceled
	}
	return l.ResponseRecorder.Write(b)
}

// Flush implements http.Flusher.
func (l *listener) Flush() {
	l.ResponseRecorder.Flush()
	if l.left--; l.left < 0 {
		l.end()
	}
}
