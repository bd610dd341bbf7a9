package bench_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/allmep/tandem/client"
	"github.com/allmep/tandem/internal/authn"
	"github.com/allmep/tandem/internal/bench"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/store"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
	"github.com/allmep/tandem/server"
)

const (
	clients = 64
	secret  = "tdm_0123456789abcdef0123456789abcdef"
)

// served is a server on an SQLite file, on loopback, with a world in it.
type served struct {
	ledger    *ledger.Ledger
	server    *server.Server
	grpc, web string
	ids       []string
}

func openLedger(b *testing.B, path string) (l *ledger.Ledger, close func()) {
	b.Helper()
	db, err := store.Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	l, err = ledger.Open(b.Context(), ledger.Config{
		Store: db, Rates: fx.ECB(), Now: func() int64 { return time.Now().UnixMicro() }, NewID: func() string { return strings.ToLower(ulid.Make().String()) },
	})
	if err != nil {
		b.Fatal(err)
	}
	return l, func() {
		l.Close()
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	}
}

var admin = ledger.Write{Principal: grant.Principal{Name: "bench", Role: grant.Admin}}

// fill puts a world's registry, and its grants by the thousand, into a ledger.
func fill(b *testing.B, l *ledger.Ledger, w bench.World) (ids []string) {
	b.Helper()
	if _, err := ledger.CreateAll(b.Context(), l, admin, func(i int) string { return strconv.Itoa(i) }, w.Registry()); err != nil {
		b.Fatal(err)
	}
	var batch []*grant.Grant
	flush := func() {
		if _, err := ledger.CreateAll(b.Context(), l, admin, func(i int) string { return strconv.Itoa(i) }, batch); err != nil {
			b.Fatal(err)
		}
		batch = batch[:0]
	}
	for g := range w.All() {
		ids = append(ids, g.ID)
		if batch = append(batch, g); len(batch) == 1000 {
			flush()
		}
	}
	if len(batch) > 0 {
		flush()
	}
	return ids
}

func serve(b *testing.B, w bench.World) *served {
	b.Helper()
	l, close := openLedger(b, filepath.Join(b.TempDir(), "tandem.db"))
	b.Cleanup(close)
	s := &served{ledger: l}
	s.ids = fill(b, l, w)
	token := &grant.Token{ID: "bench", DisplayName: "bench", Access: grant.Principal{Role: grant.Admin}, Hash: authn.Hash(secret)}
	if _, err := ledger.Create(b.Context(), l, admin, "token", token); err != nil {
		b.Fatal(err)
	}
	var err error
	if s.server, err = server.New(server.Config{Log: slog.New(slog.DiscardHandler), NewSecret: func() string { return secret }}, l); err != nil {
		b.Fatal(err)
	}
	var listeners [2]net.Listener
	for i := range listeners {
		if listeners[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			b.Fatal(err)
		}
	}
	s.grpc, s.web = listeners[0].Addr().String(), "http://"+listeners[1].Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.server.Serve(ctx, listeners[0], listeners[1]) }()
	b.Cleanup(func() {
		stop()
		<-done
	})
	return s
}

// rate is how many calls per second the clients make together. Each is called with the number of its client.
func rate(b *testing.B, calls int, each func(client int, r *rand.Rand) error) float64 {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(calls))
	var failed atomic.Value
	start := time.Now()
	var running sync.WaitGroup
	for c := range clients {
		running.Go(func() {
			r := rand.New(rand.NewSource(int64(c)))
			for left.Add(-1) >= 0 {
				if err := each(c, r); err != nil {
					failed.Store(err)
					return
				}
			}
		})
	}
	running.Wait()
	if err, ok := failed.Load().(error); ok {
		b.Fatal(err)
	}
	return float64(calls) / time.Since(start).Seconds()
}

// ratio measures two things in turn, five times over, and reports the median of the first's rate over the second's.
func ratio(b *testing.B, name string, calls int, own, peer func(int, *rand.Rand) error) {
	b.Helper()
	for b.Loop() {
		rate(b, calls/5, own) // warm up
		rate(b, calls/5, peer)
		var ratios [5]float64
		for i := range ratios {
			ratios[i] = rate(b, calls, own) / rate(b, calls, peer)
		}
		for i := range ratios {
			for j := range i {
				if ratios[i] < ratios[j] {
					ratios[i], ratios[j] = ratios[j], ratios[i]
				}
			}
		}
		b.ReportMetric(ratios[2], name)
	}
}

// world is a hundred thousand grants, or TANDEM_BENCH_GRANTS if that is fewer.
func world(b *testing.B) bench.World { return bench.Field(min(grants(b), 100_000)) }

// BenchmarkReads holds a whole grant over gRPC against an empty call through the same interceptors, the same over REST against the same handler on plain net/http, and a 304 against
// that.
func BenchmarkReads(b *testing.B) {
	s := serve(b, world(b))
	var conns [4]*client.Client
	for i := range conns {
		c, err := client.New(s.grpc, client.WithToken(secret))
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		conns[i] = c
	}
	b.Run("gRPC", func(b *testing.B) {
		ratio(b, "of-empty-call", 40_000, func(c int, r *rand.Rand) error {
			_, err := conns[c%4].Grants.GetGrant(b.Context(), &tandemv1.GetGrantRequest{Name: "grants/" + s.ids[r.Intn(len(s.ids))]})
			return err
		}, func(c int, _ *rand.Rand) error {
			_, err := conns[c%4].Me.GetMe(b.Context(), &tandemv1.GetMeRequest{})
			return err
		})
	})
	plain := plainHTTP(b, s)
	web := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients, MaxConnsPerHost: clients}}
	defer web.CloseIdleConnections()
	get := func(base, etag string, want int) func(int, *rand.Rand) error {
		return func(_ int, r *rand.Rand) error {
			return fetch(web, base+"/v1/grants/"+s.ids[r.Intn(len(s.ids))], etag, want)
		}
	}
	b.Run("REST", func(b *testing.B) {
		ratio(b, "of-plain-HTTP", 20_000, get(s.web, "", http.StatusOK), get(plain, "", http.StatusOK))
	})
	etag := etagOf(b, web, s.web+"/v1/grants/"+s.ids[0])
	b.Run("304", func(b *testing.B) {
		ratio(b, "of-plain-HTTP", 20_000, get(s.web, etag, http.StatusNotModified), get(plain, "", http.StatusOK))
	})
}

func fetch(web *http.Client, url, etag string, want int) error {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	if etag != "" {
		r.Header.Set("If-None-Match", etag)
	}
	res, err := web.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != want {
		return fmt.Errorf("%s: %s", url, res.Status)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

func etagOf(b *testing.B, web *http.Client, url string) string {
	b.Helper()
	r, _ := http.NewRequest(http.MethodGet, url, nil) // the address is the server's own
	r.Header.Set("Authorization", "Bearer "+secret)
	res, err := web.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	return res.Header.Get("ETag")
}

// plainHTTP serves a whole grant by hand: the token looked up, the ledger asked through the service, the message as JSON, and nothing else.
func plainHTTP(b *testing.B, s *served) string {
	b.Helper()
	service := tandemv1.NewGrantServiceClient(s.server.As(grant.Principal{Name: "bench", Role: grant.Admin}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	web := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if s.ledger.State().Registry.TokenByHash(authn.Hash(token)) == nil {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		g, err := service.GetGrant(r.Context(), &tandemv1.GetGrantRequest{Name: strings.TrimPrefix(r.URL.Path, "/v1/")})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		body, err := protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(g)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})}
	go func() { _ = web.Serve(l) }()
	b.Cleanup(func() { _ = web.Close() })
	return "http://" + l.Addr().String()
}

// BenchmarkSingleCreates holds durable creates of single grants by 64 writers, which share flushes, against the same one after the other, each with a flush of its own.
func BenchmarkSingleCreates(b *testing.B) {
	l, close := openLedger(b, filepath.Join(b.TempDir(), "tandem.db"))
	b.Cleanup(close)
	fill(b, l, bench.Field(1000))
	var turn sync.Mutex
	create := func(r *rand.Rand) error {
		g := &grant.Grant{Title: "single", Status: grant.Active, Visibility: grant.Coalition, Funders: []grant.Participation{{Organisation: "o" + strconv.Itoa(r.Intn(100))}}}
		_, err := ledger.Create(b.Context(), l, admin, "grant", g)
		return err
	}
	ratio(b, "of-one-by-one", 5_000, func(_ int, r *rand.Rand) error { return create(r) }, func(_ int, r *rand.Rand) error {
		turn.Lock()
		defer turn.Unlock()
		return create(r)
	})
}

// BenchmarkBatchCreate holds batches of 1,000 grants over gRPC against bare prepared inserts of the same rows, a transaction for each thousand, through the same driver and with the
// same tables and flushes. Both are reported in rows per second.
func BenchmarkBatchCreate(b *testing.B) {
	s := serve(b, bench.Field(10_000))
	c, err := client.New(s.grpc, client.WithToken(secret))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	const batches = 10
	var requests [batches][]*tandemv1.CreateGrantRequest // different ones: what is the same over and over has more and more that is like it
	service := tandemv1.NewGrantServiceClient(s.server.As(grant.Principal{Name: "bench", Role: grant.Admin}))
	for i, id := range s.ids {
		g, err := service.GetGrant(b.Context(), &tandemv1.GetGrantRequest{Name: "grants/" + id})
		if err != nil {
			b.Fatal(err)
		}
		g.Name, g.Amount, g.AwardDate = "", nil, ""
		for _, t := range g.Transactions {
			t.Name = ""
		}
		requests[i/1000] = append(requests[i/1000], &tandemv1.CreateGrantRequest{Grant: g})
	}
	for b.Loop() {
		start := time.Now()
		var running sync.WaitGroup
		for half := range 2 { // two clients, so that one batch is read while the other is written
			running.Go(func() {
				for i := range batches / 2 {
					if _, err := c.Grants.BatchCreateGrants(b.Context(), &tandemv1.BatchCreateGrantsRequest{Requests: requests[2*i+half]}); err != nil {
						b.Error(err)
					}
				}
			})
		}
		running.Wait()
		own := time.Since(start)
		peer := bareInserts(b, s, batches)
		b.ReportMetric(peer.Seconds()/own.Seconds(), "of-bare-inserts")
		b.ReportMetric(batches*1000/own.Seconds(), "grants/s")
	}
}

// bareInserts writes the newest thousand rows that the server wrote, again and again, into the same tables of another database, and returns how long it took.
func bareInserts(b *testing.B, s *served, batches int) time.Duration {
	b.Helper()
	path := filepath.Join(b.TempDir(), "bare.db")
	db, err := store.Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	versions, err := s.ledger.Store.Revisions(b.Context(), 0, grant.Key{}, 1)
	if err != nil {
		b.Fatal(err)
	}
	return insertBare(b, "file:"+path+"?_journal=WAL&_sync=FULL&_fk=1&_txlock=immediate", versions[0], batches)
}
