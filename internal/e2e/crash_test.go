package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/allmep/tandem/client"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// rounds is how often the server is killed.
func rounds() int {
	if testing.Short() {
		return 5
	}
	return 50
}

const batchSize = 20

// writer writes something under the id of a request, and returns the grants that it left.
type writer func(ctx context.Context, c *client.Client, id string) ([]*tandemv1.Grant, error)

// writers are what is written at once.
var writers = []writer{writeOne, writeOne, writeOne, writeOne, writeOne, writeOne, writeOne, writeBatch}

func writeOne(ctx context.Context, c *client.Client, id string) ([]*tandemv1.Grant, error) {
	g, err := c.Grants.CreateGrant(ctx, &tandemv1.CreateGrantRequest{RequestId: id, Grant: newGrant("single " + id)})
	return []*tandemv1.Grant{g}, err
}

func writeBatch(ctx context.Context, c *client.Client, id string) ([]*tandemv1.Grant, error) {
	batch := &tandemv1.BatchCreateGrantsRequest{RequestId: id}
	for i := range batchSize {
		batch.Requests = append(batch.Requests, &tandemv1.CreateGrantRequest{Grant: newGrant(fmt.Sprintf("batch %s %d", id, i))})
	}
	answer, err := c.Grants.BatchCreateGrants(ctx, batch)
	return answer.GetGrants(), err
}

// A server that is killed at any moment, under eight writers, has every write that it acknowledged when it comes back, no part of any other, and a database that is whole.
func TestKill(t *testing.T) {
	for name, db := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := db(t)
			d := start(t, database)
			field(t, d)
			written := newAcknowledged()
			random := rand.New(rand.NewSource(1))
			for round := range rounds() {
				ctx, stop := context.WithCancel(t.Context())
				var running sync.WaitGroup
				for w, write := range writers {
					c := d.client(t)
					running.Go(func() {
						for n := 0; ctx.Err() == nil && written.add(ctx, c, fmt.Sprintf("r%dw%d-%d", round, w, n), write) == nil; n++ {
						}
					})
				}
				timer := time.NewTimer(time.Duration(20+random.Intn(100)) * time.Millisecond) // the moment of the crash is what is drawn
				<-timer.C
				d.kill()
				stop()
				running.Wait()
				d = start(t, database)
				written.check(t, d.client(t))
			}
			if len(written.grants) < rounds() {
				t.Errorf("only %d writes were acknowledged in %d rounds", len(written.grants), rounds())
			}
			t.Logf("%d grants were acknowledged over %d kills", len(written.grants), rounds())
			d.kill()
			sound(t, database)
		})
	}
}

// acknowledged is what the server has said it wrote.
type acknowledged struct {
	mu       sync.Mutex
	grants   map[string]string // titles by name
	requests map[string]string // the name of the grant that a request made
}

func newAcknowledged() *acknowledged {
	return &acknowledged{grants: map[string]string{}, requests: map[string]string{}}
}

func newGrant(title string) *tandemv1.Grant {
	return &tandemv1.Grant{
		Title: title, Funders: []*tandemv1.Grant_Participation{{Organisation: "organisations/usaid"}}, Start: "2023", End: "2024",
		Amount: &tandemv1.Amount{Money: &tandemv1.Money{CurrencyCode: "USD", Amount: "100.00"}},
	}
}

// add writes something and remembers what was acknowledged.
func (a *acknowledged) add(ctx context.Context, c *client.Client, id string, write writer) error {
	made, err := write(ctx, c, id)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, g := range made {
		a.grants[g.Name] = g.Title
	}
	if len(made) == 1 {
		a.requests[id] = made[0].Name
	}
	return nil
}

// check holds what the server has against what it acknowledged.
func (a *acknowledged) check(t *testing.T, c *client.Client) {
	t.Helper()
	stored := map[string]string{}
	batches := map[string]int{}
	for g, err := range client.All(t.Context(), &tandemv1.ListGrantsRequest{PageSize: 1000}, c.Grants.ListGrants, (*tandemv1.ListGrantsResponse).GetGrants) {
		if err != nil {
			t.Fatal(err)
		}
		stored[g.Name] = g.Title
		if words := strings.Fields(g.Title); words[0] == "batch" {
			batches[words[1]]++
		}
		if len(g.Transactions) != 1 {
			t.Errorf("%s has %d transactions", g.Name, len(g.Transactions))
		}
	}
	for name, title := range a.grants {
		if stored[name] != title {
			t.Errorf("%s was acknowledged as %q and is %q", name, title, stored[name])
		}
	}
	for id, n := range batches {
		if n != batchSize {
			t.Errorf("of batch %s there are %d of %d", id, n, batchSize)
		}
	}
	for id, name := range a.requests { // one of them, repeated, gives the answer of the first time
		g, err := c.Grants.CreateGrant(t.Context(), &tandemv1.CreateGrantRequest{RequestId: id, Grant: newGrant("single " + id)})
		if err != nil || g.Name != name {
			t.Errorf("the repeated request %s gave %v (%v), not %s", id, g.GetName(), err, name)
		}
		break
	}
}

// Restricted grants are there for staff and those who take part, and for nobody else in any list, figure, count, history, link or error.
func TestRestrictedGrantsDoNotShow(t *testing.T) {
	for name, db := range stores {
		t.Run(name, func(t *testing.T) {
			d := start(t, db(t))
			field(t, d)
			tokens := map[string]string{"STAFF": adminToken}
			for role, bound := range map[string]string{"VIEWER": "", "DONOR US": `,"donorState":"US"`, "DONOR SE": `,"donorState":"SE"`, "MEMBER": `,"organisation":"organisations/ecopeace"`, "MEMBER office": `,"organisation":"organisations/office"`} {
				kind, _, _ := strings.Cut(role, " ")
				tokens[role] = d.must(t, "POST", "/v1/tokens", fmt.Sprintf(`{"displayName":%q,"role":%q%s}`, role, kind, bound))["secret"].(string)
			}
			paths := []string{
				"/v1/grants?page_size=1000", "/v1/grants?order_by=update_time+desc&show_deleted=true", "/v1/allocations?group_by=donor_state&group_by=member&group_by=theme",
				"/v1/allocations?measure=committed&attribution=PRIME&group_by=year", "/v1/grants/us", "/v1/grants/us/links", "/v1/grants/secret", "/v1/grants/secret/transactions",
				"/v1/revisions?resource=grants/secret",
			}
			look := func(role string) (seen []string) {
				for _, p := range paths {
					status, text, _ := d.ask(t, tokens[role], "GET", p, "")
					var m map[string]any
					if err := json.Unmarshal([]byte(text), &m); err != nil {
						t.Fatal(err)
					}
					delete(m, "revision") // that something was written is no secret
					clean, _ := json.Marshal(m)
					seen = append(seen, fmt.Sprintf("%s %d %s", p, status, clean))
				}
				return seen
			}
			before := map[string][]string{}
			for role := range tokens {
				before[role] = look(role)
			}
			d.must(t, "POST", "/v1/grants?grant_id=secret", `{"title":"Secret","visibility":"RESTRICTED","funders":[{"organisation":"organisations/usaid"}],
				"recipients":[{"organisation":"organisations/ecopeace"}],"start":"2023","end":"2024","amount":{"money":{"currencyCode":"USD","amount":"7.00"}}}`)
			d.must(t, "POST", "/v1/grants/secret/links", `{"type":"SUB_GRANT_OF","target":"grants/us"}`)
			d.must(t, "POST", "/v1/grants?grant_id=other", `{"title":"Other","visibility":"RESTRICTED","funders":[{"organisation":"organisations/usaid"}]}`)
			for _, role := range []string{"VIEWER", "DONOR SE", "MEMBER office"} {
				for i, now := range look(role) {
					if now != before[role][i] {
						t.Errorf("%s sees a difference:\nbefore %s\nafter  %s", role, before[role][i], now)
					}
				}
			}
			for _, role := range []string{"STAFF", "DONOR US", "MEMBER"} {
				if status, _, _ := d.ask(t, tokens[role], "GET", "/v1/grants/secret", ""); status != 200 {
					t.Errorf("%s does not see the grant: %d", role, status)
				}
			}
			_, missing, _ := d.ask(t, tokens["VIEWER"], "GET", "/v1/grants/nothing", "")
			_, hidden, _ := d.ask(t, tokens["VIEWER"], "GET", "/v1/grants/secret", "")
			if strings.ReplaceAll(missing, "nothing", "secret") != hidden {
				t.Errorf("a hidden grant is told from a missing one: %s, %s", hidden, missing)
			}
		})
	}
}
