package main

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/term"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/allmep/tandem/client"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type rateCommands struct {
	List   rateList   `cmd:"" help:"List the rates of a currency: what one euro is worth."`
	Import rateImport `cmd:"" help:"Record the rates of files that differ from what is known: a revision for each file."`
}

type rateList struct {
	Currency string `arg:"" help:"ISO 4217 code."`
	From     string `help:"First day." placeholder:"DATE"`
	To       string `help:"Last day." placeholder:"DATE"`
	asOf     `embed:""`
}

// Run lists rates.
func (c *rateList) Run(s *session) error {
	at, err := c.readTime()
	if err != nil {
		return err
	}
	q := &tandemv1.ListRatesRequest{Currency: c.Currency, From: c.From, To: c.To, PageSize: 1000, Revision: c.Revision, ReadTime: at}
	all := &tandemv1.ListRatesResponse{}
	t := &table{head: []string{"DATE", "ONE EURO IN " + c.Currency}, right: map[int]bool{1: true}}
	for r, err := range client.All(s, q, s.Rates.ListRates, (*tandemv1.ListRatesResponse).GetRates) {
		if err != nil {
			return err
		}
		all.Rates = append(all.Rates, r)
		t.add(r.Date, r.Value)
	}
	return s.write(all, t)
}

type tokenCommands struct {
	Create tokenCreate `cmd:"" help:"Make a token. Its secret is shown once."`
	List   tokenList   `cmd:"" help:"List the tokens that hold."`
	Delete tokenDelete `cmd:"" help:"End a token at once."`
}

type tokenCreate struct {
	Name  string        `arg:"" help:"Whose it is."`
	Role  string        `help:"viewer, donor, member, staff or admin." required:""`
	State string        `help:"The donor state of a donor."`
	Org   string        `help:"The organisation of a member."`
	For   time.Duration `help:"How long it holds, such as 720h; for ever, when left out."`
}

// Run makes a token.
func (c *tokenCreate) Run(s *session) error {
	role, err := word[tandemv1.Role]("role", c.Role, tandemv1.Role_value)
	if err != nil {
		return err
	}
	t := &tandemv1.Token{DisplayName: c.Name, Role: role, DonorState: c.State, Organisation: full("organisations", c.Org)}
	if c.For > 0 {
		t.ExpireTime = timestamppb.New(time.Now().Add(c.For))
	}
	if t, err = s.Tokens.CreateToken(s, &tandemv1.CreateTokenRequest{Token: t}); err != nil {
		return err
	}
	if s.output != "table" {
		return s.show(t)
	}
	_, err = fmt.Fprintf(s.out, "Made %s for %s. The secret is shown this once:\n%s\n", t.Name, t.DisplayName, t.Secret)
	return err
}

type tokenList struct{}

// Run lists the tokens.
func (*tokenList) Run(s *session) error {
	all := &tandemv1.ListTokensResponse{}
	t := &table{head: []string{"TOKEN", "NAME", "ROLE", "BOUND TO", "EXPIRES"}}
	for x, err := range client.All(s, &tandemv1.ListTokensRequest{PageSize: 1000}, s.Tokens.ListTokens, (*tandemv1.ListTokensResponse).GetTokens) {
		if err != nil {
			return err
		}
		all.Tokens = append(all.Tokens, x)
		expires := ""
		if x.ExpireTime != nil {
			expires = x.ExpireTime.AsTime().Format(time.DateTime)
		}
		t.add(bare(x.Name), x.DisplayName, x.Role.String(), x.DonorState+bare(x.Organisation), expires)
	}
	return s.write(all, t)
}

type tokenDelete struct {
	Token string `arg:"" help:"The token's id."`
}

// Run ends a token.
func (c *tokenDelete) Run(s *session) error {
	t, err := s.Tokens.DeleteToken(s, &tandemv1.DeleteTokenRequest{Name: full("tokens", c.Token)})
	if err != nil {
		return err
	}
	return s.did("Ended", t.Name, t)
}

type meCommand struct{}

// Run says who the caller is.
func (*meCommand) Run(s *session) error {
	me, err := s.Me.GetMe(s, &tandemv1.GetMeRequest{})
	if err != nil {
		return err
	}
	return s.show(me)
}

type loginCommand struct{}

// Run asks for a token, unless one was given, and keeps it with the server's address once the server has taken it.
func (*loginCommand) Run(s *session, c *commands) error {
	if c.Token == "" || s.terminal {
		if !s.terminal {
			return usage("no token; give it with --token or TANDEM_TOKEN, or sign in on a terminal")
		}
		if err := askToken(s, c); err != nil {
			return err
		}
	}
	fresh, err := c.client()
	if err != nil {
		return err
	}
	defer fresh.Close()
	me, err := fresh.Me.GetMe(s, &tandemv1.GetMeRequest{})
	if err != nil {
		return err
	}
	path, err := writeConfig(config{Server: c.Server, Token: c.Token})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "Signed in to %s as %s (%s). Kept in %s.\n", c.Server, me.DisplayName, me.Role, path)
	return err
}

// askToken reads a token from the terminal without showing it; an empty one keeps what was given.
func askToken(s *session, c *commands) error {
	fmt.Fprintf(s.out, "Token for %s: ", c.Server)
	secret, err := term.ReadPassword(0)
	fmt.Fprintln(s.out)
	if err != nil {
		return err
	}
	if len(secret) > 0 {
		c.Token = strings.TrimSpace(string(secret))
	}
	return nil
}
