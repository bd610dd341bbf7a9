package e2e

import (
	"context"
	"fmt"
	"math/rand"
	"sync"
	"testing"
	"time"

	"github.com/allmep/tandem/client"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// pair is two records of one award, which a writer merges, parts again, edits and restores, over and over.
type pair struct {
	survivor, other string
	first           int64 // the revision that recorded the survivor
	done            int   // how many steps were acknowledged
}

// states are what there is after each step: how many transactions the survivor has, and its title. No two that follow each other are the same.
var states = []string{"1 single", "2 single", "1 single", "1 edited"}

func (p *pair) step(ctx context.Context, c *client.Client) (err error) {
	switch p.done % len(states) {
	case 0:
		_, err = c.Grants.MergeGrant(ctx, &tandemv1.MergeGrantRequest{Name: p.survivor, Other: p.other})
	case 1:
		_, err = c.Grants.UnmergeGrant(ctx, &tandemv1.UnmergeGrantRequest{Name: p.other})
	case 2:
		_, err = c.Grants.UpdateGrant(ctx, &tandemv1.UpdateGrantRequest{Grant: &tandemv1.Grant{Name: p.survivor, Title: "edited"}})
	case 3:
		_, err = c.Grants.RestoreGrant(ctx, &tandemv1.RestoreGrantRequest{Name: p.survivor, Revision: p.first})
	}
	if err == nil {
		p.done++
	}
	return err
}

// look holds the pair against the step that was acknowledged last, or the one after it, whose answer the crash may have cut off, and brings it to where it began.
func (p *pair) look(t *testing.T, c *client.Client) {
	t.Helper()
	read := func(name string) *tandemv1.Grant {
		g, err := c.Grants.GetGrant(t.Context(), &tandemv1.GetGrantRequest{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	g, other := read(p.survivor), read(p.other)
	is := fmt.Sprint(len(g.Transactions), " ", g.Title)
	if last, next := states[p.done%len(states)], states[(p.done+1)%len(states)]; is != last && is != next {
		t.Errorf("after %d steps %s has %q, where %q or %q was written", p.done, p.survivor, is, last, next)
	}
	if merged := len(g.Transactions) == 2; merged != (other.Name == p.survivor) || !merged && len(other.Transactions) != 1 {
		t.Errorf("%s is answered with %s, which has %d transactions, while %s has %d", p.other, other.Name, len(other.Transactions), p.survivor, len(g.Transactions))
	}
	if is == states[(p.done+1)%len(states)] {
		p.done++
	}
	for p.done%len(states) != 0 { // on to where a round begins
		if err := p.step(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}

// A server that is killed while grants are merged, parted and restored has each of these whole or not at all when it comes back, and all that it acknowledged.
func TestKillDuringMerges(t *testing.T) {
	for name, db := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := db(t)
			d := start(t, database)
			field(t, d)
			c := d.client(t)
			pairs := make([]*pair, len(writers))
			for i := range pairs {
				a, b := newGrant("single"), newGrant("other")
				b.Amount.Money.Amount = "7.00"
				p := &pair{}
				for _, g := range []*tandemv1.Grant{b, a} {
					made, err := c.Grants.CreateGrant(t.Context(), &tandemv1.CreateGrantRequest{Grant: g})
					if err != nil {
						t.Fatal(err)
					}
					p.survivor, p.other = made.Name, p.survivor
					_, _ = fmt.Sscan(made.Etag, &p.first)
				}
				pairs[i] = p
			}
			random := rand.New(rand.NewSource(2))
			steps := 0
			for range rounds() / 2 {
				ctx, stop := context.WithCancel(t.Context())
				var running sync.WaitGroup
				for _, p := range pairs {
					c := d.client(t)
					running.Go(func() {
						for p.step(ctx, c) == nil {
							continue
						}
					})
				}
				timer := time.NewTimer(time.Duration(20+random.Intn(80)) * time.Millisecond) // the moment of the crash is what is drawn
				<-timer.C
				d.kill()
				stop()
				running.Wait()
				d = start(t, database)
				for _, p := range pairs {
					p.look(t, d.client(t))
					steps += p.done
					p.done = 0
				}
			}
			if steps < rounds() {
				t.Errorf("only %d steps were acknowledged", steps)
			}
			t.Logf("%d merges, partings, edits and restores were acknowledged over %d kills", steps, rounds()/2)
		})
	}
}
