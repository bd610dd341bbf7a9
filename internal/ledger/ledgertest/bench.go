package ledgertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
)

// The benchmarks' log: so many records, with so many versions each, of about so many bytes.
const (
	benchRecords  = 100_000
	benchVersions = 3
	benchBody     = 1_000
)

// BenchmarkStore measures a store that it fills first. open returns a store that holds nothing.
func BenchmarkStore(b *testing.B, open func(b *testing.B) ledger.Store) {
	s := open(b)
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	keys := fillBench(b, s)
	ctx, cancel := context.WithCancel(b.Context()) // as a server's are: they may end at any moment
	defer cancel()
	for _, at := range []int64{0, benchRecords / 1000} {
		b.Run(fmt.Sprintf("LoadAt%d", at), func(b *testing.B) {
			n := 0
			for b.Loop() {
				err := s.Load(ctx, at, func(ledger.Version) error {
					n++
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
		})
	}
	b.Run("Get", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Get(ctx, keys[rand.N(len(keys))], 0); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("GetParallel", func(b *testing.B) {
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := s.Get(ctx, keys[rand.N(len(keys))], 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	for _, n := range []int{1, 50, 1000} {
		b.Run(fmt.Sprintf("GetAll%d", n), func(b *testing.B) {
			for b.Loop() {
				start := rand.N(len(keys) - n)
				if _, err := s.GetAll(ctx, keys[start:start+n], 0); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
	for _, changes := range []int{1, 1000} {
		b.Run(fmt.Sprintf("Append%d", changes), func(b *testing.B) {
			for b.Loop() {
				if err := appendBench(ctx, s, keys[:changes]); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(changes*b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// fillBench writes every record benchVersions times, a thousand in each revision, and returns the keys in order.
func fillBench(b *testing.B, s ledger.Store) []grant.Key {
	b.Helper()
	keys := make([]grant.Key, benchRecords)
	for i := range keys {
		keys[i] = key(fmt.Sprintf("g%06d", i))
	}
	for range benchVersions {
		for start := 0; start < len(keys); start += 1000 {
			if err := appendBench(b.Context(), s, keys[start:start+1000]); err != nil {
				b.Fatal(err)
			}
		}
	}
	return keys
}

var benchText = []byte(`{"title":"` + strings.Repeat("x", benchBody) + `"}`)

func appendBench(ctx context.Context, s ledger.Store, keys []grant.Key) error {
	return s.Commit(ctx, func(tx ledger.Tx) error {
		r := revision(tx.Head() + 1)
		for _, k := range keys {
			r.Changes = append(r.Changes, ledger.Version{Key: k, Revision: r.Number, Created: 1, Updated: r.At, Body: benchText})
		}
		return tx.Append(r)
	})
}
