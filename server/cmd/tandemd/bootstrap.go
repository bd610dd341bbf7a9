package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"

	"github.com/allmep/tandem/internal/authn"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/server"
	"github.com/allmep/tandem/server/sample"
)

// self is the program at its own start: who the history says made the first token and loaded the sample.
var self = grant.Principal{Name: "tandemd", DisplayName: "tandemd", Role: grant.Admin}

// shortestBootstrap is the length from which a token that a person chose is taken: what is shorter can be guessed.
const shortestBootstrap = 24

// admit sees to it that somebody can sign in, and that nobody else can reach a server whose only token was just made. A server without an administrator
// takes the token of TANDEM_BOOTSTRAP_TOKEN; without that one, and without an identity provider, it makes one, and shows it once in a link to web, the
// server's own address.
func admit(ctx context.Context, l *ledger.Ledger, o options, config server.Config, web string, out io.Writer) error {
	secret := o.BootstrapToken
	switch {
	case hasAdmin(l):
		if secret != "" && l.State().Registry.TokenByHash(authn.Hash(secret)) == nil {
			fmt.Fprintln(out, "TANDEM_BOOTSTRAP_TOKEN is not used: there is an administrator already, and the token is none that is known here.")
		}
		return nil
	case secret != "":
		if len(secret) < shortestBootstrap {
			return fmt.Errorf("TANDEM_BOOTSTRAP_TOKEN has %d characters; it takes at least %d, chosen at random", len(secret), shortestBootstrap)
		}
		return keep(ctx, l, secret, "the token of TANDEM_BOOTSTRAP_TOKEN")
	case config.OIDC != nil:
		return nil
	}
	for _, flag := range []struct{ name, addr string }{{"--grpc-addr", o.GRPCAddr}, {"--http-addr", o.HTTPAddr}} {
		if !loopback(flag.addr) {
			return fmt.Errorf("%s %s is open to others and no administrator is configured: set TANDEM_BOOTSTRAP_TOKEN or --oidc-issuer, or listen on 127.0.0.1",
				flag.name, flag.addr)
		}
	}
	secret = config.NewSecret()
	if err := keep(ctx, l, secret, "the first administrator"); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "Nobody could sign in yet, so an administrator's token was made. This link is shown once; keep it:\n  %s/signin#%s\n",
		web, secret)
	return err
}

// hasAdmin tells whether some administrator's token holds.
func hasAdmin(l *ledger.Ledger) bool {
	for _, e := range l.State().Registry.All(grant.Tokens) {
		t := e.(*grant.Token)
		if t.Deleted == 0 && t.Access.Role == grant.Admin && (t.Expires == 0 || t.Expires > l.Now()) {
			return true
		}
	}
	return false
}

// keep records an administrator's token.
func keep(ctx context.Context, l *ledger.Ledger, secret, name string) error {
	token := &grant.Token{DisplayName: name, Access: grant.Principal{Role: grant.Admin}, Hash: authn.Hash(secret)}
	_, err := ledger.Create(ctx, l, ledger.Write{Principal: self, Reason: "the server's first start"}, "token", token)
	if err != nil {
		return fmt.Errorf("the first token: %w", err)
	}
	return nil
}

// loopback tells whether an address is reached from this machine only.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// loadSample loads the sample into a database that nobody else has used.
func loadSample(ctx context.Context, s *server.Server, log *slog.Logger) error {
	loaded, err := sample.Load(ctx, s.As(self))
	if err != nil {
		return fmt.Errorf("the sample: %w", err)
	}
	log.Info(loaded.String())
	return nil
}
