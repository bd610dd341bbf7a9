package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/allmep/tandem/client"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// event is a server-sent event.
type event struct{ id, kind, data string }

// events reads the stream of revisions over REST as a browser does, until yield has enough. It connects again with the id of the last event, for as long as
// there is no server, and reports the answer that is no stream.
func events(ctx context.Context, url, token, query string, yield func(event) bool) error {
	last := ""
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/v1/revisions:watch"+query, nil)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Accept", "text/event-stream")
		if last != "" {
			r.Header.Set("Last-Event-ID", last)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			continue // there is no server yet
		}
		if res.StatusCode != http.StatusOK {
			res.Body.Close()
			return fmt.Errorf("status %d", res.StatusCode)
		}
		more := readEvents(res, &last, yield)
		res.Body.Close()
		if !more {
			return nil
		}
	}
}

// readEvents reads one answer, and keeps the id of the last event.
func readEvents(res *http.Response, last *string, yield func(event) bool) bool {
	var e event
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			e.id = value
		case "event":
			e.kind = value
		case "data":
			e.data = value
		case "": // the end of an event, or a heartbeat
			if e.id != "" {
				*last = e.id
			}
			if e.data != "" && !yield(e) {
				return false
			}
			e = event{}
		}
	}
	return true
}

// restart starts the server again where it was.
func (d *daemon) restart(t *testing.T, db string) *daemon {
	t.Helper()
	return start(t, db, "--grpc-addr", d.grpc, "--http-addr", strings.TrimPrefix(d.url, "http://"))
}

func (d *daemon) revision(t *testing.T) int64 {
	t.Helper()
	r, err := d.client(t).Revisions.ListRevisions(t.Context(), &tandemv1.ListRevisionsRequest{PageSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	return number(r.Revisions[0].Name)
}

func number(name string) int64 {
	n, _ := strconv.ParseInt(strings.TrimPrefix(name, "revisions/"), 10, 64)
	return n
}

// dense checks that someone heard n revisions after one of them, each once and in order.
func dense(t *testing.T, who string, heard []int64, after int64, n int) {
	t.Helper()
	for i, got := range heard {
		if got != after+int64(i)+1 {
			t.Errorf("%s heard %d where %d comes", who, got, after+int64(i)+1)
			return
		}
	}
	if len(heard) != n {
		t.Errorf("%s heard %d revisions of %d", who, len(heard), n)
	}
}

// Watchers with the Go client, over REST and with the command line outlive three crashes of the server: of 200 writes they miss none and hear none twice.
func TestWatchOutlivesTheServer(t *testing.T) {
	const writes, crashes = 200, 3
	for name, db := range stores {
		t.Run(name, func(t *testing.T) {
			database := db(t)
			d := start(t, database)
			field(t, d)
			after := d.revision(t)
			c := d.client(t)
			var browser, line []int64
			var watching sync.WaitGroup
			watching.Go(func() {
				err := events(t.Context(), d.url, adminToken, fmt.Sprint("?after=", after), func(e event) bool {
					n, _ := strconv.ParseInt(e.id, 10, 64)
					browser = append(browser, n)
					return len(browser) < writes
				})
				if err != nil {
					t.Error(err)
				}
			})
			watching.Go(func() { line = watchByCommand(t, d, after, writes) })
			watching.Go(func() {
				for i := range writes {
					q := &tandemv1.CreateGrantRequest{RequestId: fmt.Sprint("write ", i), Grant: newGrant(fmt.Sprint("G", i))}
					for _, err := c.Grants.CreateGrant(t.Context(), q); err != nil; _, err = c.Grants.CreateGrant(t.Context(), q) {
						if t.Context().Err() != nil {
							return
						}
					}
				}
			})
			var heard []int64
			for r, err := range d.client(t).Watch(t.Context(), &tandemv1.WatchRevisionsRequest{After: &after}) {
				if err != nil {
					t.Fatal(err)
				}
				heard = append(heard, number(r.Name))
				if len(heard)%(writes/(crashes+1)) == 0 && len(heard) < writes {
					d.kill()
					d = d.restart(t, database)
				}
				if len(heard) == writes {
					break
				}
			}
			watching.Wait()
			dense(t, "the Go client", heard, after, writes)
			dense(t, "the browser", browser, after, writes)
			dense(t, "the command line", line, after, writes)
			if newest := d.revision(t); newest != after+writes {
				t.Errorf("%d writes made %d revisions", writes, newest-after)
			}
		})
	}
}

// watchByCommand hears of n revisions with the command line.
func watchByCommand(t *testing.T, d *daemon, after int64, n int) (heard []int64) {
	cmd := exec.Command(filepath.Join(programs, "tandem"), "-o", "json", "watch", "--after", fmt.Sprint(after))
	cmd.Env = []string{"TANDEM_SERVER=" + d.grpc, "TANDEM_TOKEN=" + adminToken, "HOME=" + t.TempDir()}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return nil
	}
	lines := bufio.NewScanner(out)
	for len(heard) < n && lines.Scan() {
		var r struct{ Name string }
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Errorf("%q: %v", lines.Text(), err)
		}
		heard = append(heard, number(r.Name))
	}
	_ = cmd.Process.Signal(os.Interrupt)
	if err := cmd.Wait(); err != nil {
		t.Errorf("the command line did not leave in peace: %v", err)
	}
	return heard
}

// Two servers on one database tell of each other's writes, and what one tells of it answers with: its pictures follow. Watchers on both hear the same.
func TestTwoServers(t *testing.T) {
	const writes = 100 // on each
	database := stores["PostgreSQL"](t)
	a := start(t, database)
	field(t, a)
	b := start(t, database)
	after := a.revision(t)
	watcher := b.client(t).Watch(t.Context(), &tandemv1.WatchRevisionsRequest{After: &after})
	total := func(d *daemon) (string, string) {
		_, text, head := d.ask(t, adminToken, "GET", "/v1/allocations?currency=USD&group_by=donor_state", "")
		var answer struct {
			Total    struct{ Central string }
			Revision string
		}
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatal(err)
		}
		return answer.Revision + " " + answer.Total.Central, head.Get("ETag")
	}
	_, etag := total(b)
	a.must(t, "POST", "/v1/grants?grant_id=late", `{"title":"Late","funders":[{"organisation":"organisations/usaid"}],"start":"2023","end":"2023",
		"amount":{"money":{"currencyCode":"USD","amount":"1.00"}}}`)
	written := time.Now()
	for r, err := range watcher {
		if err != nil || number(r.Name) != after+1 || len(r.Changes) != 1 || r.Changes[0].Resource != "grants/late" {
			t.Fatalf("found %v, %v", r, err)
		}
		break
	}
	t.Logf("the other server told of a write after %v", time.Since(written).Round(time.Millisecond))
	fromA, _ := total(a)
	fromB, newer := total(b)
	if fromA != fromB || newer == etag {
		t.Errorf("one server answers %s, the other %s with the etag %s, before %s", fromA, fromB, newer, etag)
	}

	after++
	var running sync.WaitGroup
	heard := make([][]int64, 2)
	for i, d := range []*daemon{a, b} {
		c := d.client(t)
		running.Go(func() {
			for r, err := range c.Watch(t.Context(), &tandemv1.WatchRevisionsRequest{After: &after}) {
				if err != nil {
					t.Error(err)
					return
				}
				if heard[i] = append(heard[i], number(r.Name)); len(heard[i]) == 2*writes {
					return
				}
			}
		})
		running.Go(func() {
			for n := range writes {
				if _, err := c.Grants.CreateGrant(t.Context(), &tandemv1.CreateGrantRequest{Grant: newGrant(fmt.Sprint("G", i, n))}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	dense(t, "a watcher on the one", heard[0], after, 2*writes)
	dense(t, "a watcher on the other", heard[1], after, 2*writes)
	fromA, _ = total(a)
	if fromB, _ = total(b); fromA != fromB {
		t.Errorf("one server answers %s, the other %s", fromA, fromB)
	}
}

// Of what is restricted, a watcher that has no part in it hears that something was written and when, and nothing else.
func TestWatchersHearNothingOfWhatIsRestricted(t *testing.T) {
	d := start(t, stores["SQLite"](t))
	field(t, d)
	after := d.revision(t)
	// Each of these concerns the secret alone. The names, titles and reasons have a word in common that must not get out.
	secret := func(method, path, body string) {
		t.Helper()
		if status, text, _ := d.ask(t, adminToken, method, path, body, "Tandem-Reason", "hush"); status != http.StatusOK {
			t.Fatalf("%s %s: %d %s", method, path, status, text)
		}
	}
	secret("POST", "/v1/grants?grant_id=hush", `{"title":"hush","visibility":"RESTRICTED","funders":[{"organisation":"organisations/usaid"}],
		"recipients":[{"organisation":"organisations/ecopeace"}],"amount":{"money":{"currencyCode":"USD","amount":"7.00"}}}`)
	secret("PATCH", "/v1/grants/hush?update_mask=title", `{"name":"grants/hush","title":"hush hush"}`)
	secret("POST", "/v1/grants/hush/transactions", `{"type":"DISBURSEMENT","date":"2023-01-01","amount":{"money":{"currencyCode":"USD","amount":"7.00"}}}`)
	secret("POST", "/v1/grants/hush/links", `{"type":"SUB_GRANT_OF","target":"grants/us"}`)
	secret("DELETE", "/v1/grants/hush", "")
	secret("POST", "/v1/grants/hush:undelete", "{}")
	d.must(t, "PATCH", "/v1/grants/hush?update_mask=visibility", `{"name":"grants/hush","visibility":"PUBLIC"}`)
	d.must(t, "PATCH", "/v1/grants/hush?update_mask=visibility", `{"name":"grants/hush","visibility":"RESTRICTED"}`)
	end := d.must(t, "POST", "/v1/organisations?organisation_id=end", `{"displayName":"End"}`)["etag"].(string)
	last, _ := strconv.ParseInt(end, 10, 64)
	for _, role := range []string{`"VIEWER"`, `"DONOR","donorState":"SE"`, `"MEMBER","organisation":"organisations/office"`, `"DONOR","donorState":"US"`} {
		token := d.must(t, "POST", "/v1/tokens", fmt.Sprintf(`{"displayName":"x","role":%s}`, role))["secret"].(string)
		takesPart := strings.Contains(role, "US")
		var heard []int64
		err := events(t.Context(), d.url, token, fmt.Sprint("?after=", after), func(e event) bool {
			var r struct {
				Name, CreateTime, Principal, Reason string
				Changes                             []json.RawMessage
			}
			if err := json.Unmarshal([]byte(e.data), &r); err != nil {
				t.Fatal(err)
			}
			heard = append(heard, number(r.Name))
			switch {
			case e.id == end:
			case takesPart && !strings.Contains(e.data, "hush"):
				t.Errorf("%s, who pays for it, hears only %s", role, e.data)
			case !takesPart && (strings.Contains(e.data, "hush") || r.Principal != "" || len(r.Changes) > 0 || r.CreateTime == ""):
				t.Errorf("%s hears %s", role, e.data)
			}
			return e.id != end
		})
		if err != nil {
			t.Error(err)
		}
		dense(t, role, heard, after, int(last-after))
		if takesPart {
			continue
		}
		if err := events(t.Context(), d.url, token, "?resource=grants/hush", func(event) bool { return false }); err == nil || err.Error() != "status 404" {
			t.Errorf("%s may watch the secret: %v", role, err)
		}
	}
}

// A token's end is the end of what is watched with it.
func TestWatchEndsWithItsToken(t *testing.T) {
	d := start(t, stores["SQLite"](t))
	made := d.must(t, "POST", "/v1/tokens", `{"displayName":"x","role":"STAFF"}`)
	heard := 0
	err := events(t.Context(), d.url, made["secret"].(string), "?after=0", func(event) bool {
		if heard++; heard == 2 {
			d.must(t, "DELETE", "/v1/"+made["name"].(string), "")
		}
		return true
	})
	if err == nil || err.Error() != "status 401" || heard != 2 {
		t.Errorf("heard %d revisions, and then %v", heard, err)
	}
	c := d.client(t, client.WithToken(made["secret"].(string)))
	for r, err := range c.Watch(t.Context(), &tandemv1.WatchRevisionsRequest{}) {
		if status.Code(err) != codes.Unauthenticated {
			t.Errorf("with the ended token: found %v, %v", r, err)
		}
	}
}

// A thousand watchers on one server hear all that is written. What it took is in the test's log.
func TestThousandWatchers(t *testing.T) {
	watchers, writes := 1000, 100
	if testing.Short() {
		watchers = 100
	}
	d := start(t, stores["SQLite"](t))
	field(t, d)
	after := d.revision(t)
	idle := d.memory(t)
	var ready, watching sync.WaitGroup
	late := make([]atomic.Int64, writes) // when the last of them heard of a write, in nanoseconds since 1970
	ready.Add(watchers)
	for i := range watchers {
		hear := func(got []int64) { // a half over gRPC, a half over REST
			now := time.Now().UnixNano()
			if n := got[len(got)-1] - after - 1; n >= 0 && n < int64(writes) {
				for old := late[n].Load(); old < now && !late[n].CompareAndSwap(old, now); old = late[n].Load() {
				}
			}
		}
		var heard []int64
		from := after - 1 // one is there already, which shows that the stream is open
		add := func(n int64) bool {
			if heard = append(heard, n); len(heard) == 1 {
				ready.Done()
			}
			hear(heard)
			return len(heard) <= writes
		}
		if i%2 == 0 {
			watching.Go(func() {
				err := events(t.Context(), d.url, adminToken, fmt.Sprint("?after=", from), func(e event) bool {
					n, _ := strconv.ParseInt(e.id, 10, 64)
					return add(n)
				})
				if err != nil {
					t.Error(err)
				}
				dense(t, "a browser", heard, from, writes+1)
			})
			continue
		}
		c := d.client(t)
		watching.Go(func() {
			for r, err := range c.Watch(t.Context(), &tandemv1.WatchRevisionsRequest{After: proto.Int64(from)}) {
				if err != nil {
					t.Error(err)
					return
				}
				if !add(number(r.Name)) {
					break
				}
			}
			dense(t, "a client", heard, from, writes+1)
		})
	}
	ready.Wait()
	open, used := d.memory(t), d.processor(t)
	c := d.client(t)
	written := make([]time.Time, writes)
	for i := range writes {
		if _, err := c.Grants.CreateGrant(t.Context(), &tandemv1.CreateGrantRequest{Grant: newGrant(fmt.Sprint("G", i))}); err != nil {
			t.Fatal(err)
		}
		written[i] = time.Now()
	}
	watching.Wait()
	var delays []time.Duration
	for i := range writes {
		delays = append(delays, time.Unix(0, late[i].Load()).Sub(written[i]))
	}
	slices.Sort(delays)
	t.Logf("%d watchers: %d MB more than without (%d KB each), %v of processor a write, from a write's answer to the last of them %v in the median, %v at most",
		watchers, (open-idle)>>10, (open-idle)/int64(watchers), ((d.processor(t) - used) / time.Duration(writes)).Round(10*time.Microsecond),
		delays[writes/2].Round(time.Millisecond), delays[writes-1].Round(time.Millisecond))
}

// memory is what the server holds, in KB.
func (d *daemon) memory(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid))
	if err != nil {
		t.Skip("needs Linux: ", err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return n
}

// processor is how much of it the server has used.
func (d *daemon) processor(t *testing.T) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.cmd.Process.Pid))
	if err != nil {
		t.Skip("needs Linux: ", err)
	}
	fields := strings.Fields(string(text))
	user, _ := strconv.ParseInt(fields[13], 10, 64)
	system, _ := strconv.ParseInt(fields[14], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond
}
