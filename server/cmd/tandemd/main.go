// Command tandemd is Tandem's server. It turns flags and environment into configuration, wires the rooms together, and does nothing else.
package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/oklog/ulid/v2"

	"github.com/allmep/tandem/internal/authn"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/store"
	"github.com/allmep/tandem/server"
)

// options are the flags. Each is also an environment variable: TANDEM_ and its name in capitals.
type options struct {
	DB       string `name:"db" default:"tandem.db" help:"The database: a path of an SQLite file, or a postgres:// URL."`
	GRPCAddr string `name:"grpc-addr" default:"127.0.0.1:9090" help:"Where to listen for gRPC."`
	HTTPAddr string `name:"http-addr" default:"127.0.0.1:8080" help:"Where to listen for HTTP."`

	TLSCert string `name:"tls-cert" placeholder:"FILE" help:"The certificate chain, in PEM, of both listeners."`
	TLSKey  string `name:"tls-key" placeholder:"FILE" help:"The key of the certificate, in PEM."`

	OIDCIssuer            string `name:"oidc-issuer" placeholder:"URL" help:"An identity provider whose tokens are accepted beside Tandem's own."`
	OIDCAudience          string `name:"oidc-audience" help:"What its tokens must be made out to: the client id."`
	OIDCRoleClaim         string `name:"oidc-role-claim" default:"tandem_role" help:"The claim with the role, or with a list of roles; dots lead into claims."`
	OIDCStateClaim        string `name:"oidc-state-claim" default:"tandem_state" help:"The claim with the donor state of a DONOR."`
	OIDCOrganisationClaim string `name:"oidc-organisation-claim" default:"tandem_organisation" help:"The claim with the organisation of a MEMBER."`

	LogFormat string  `name:"log-format" enum:"text,json" default:"text" help:"How the log is written: text or json."`
	LogLevel  string  `name:"log-level" enum:"debug,info,warn,error" default:"info" help:"What the log leaves out: all below debug, info, warn or error."`
	RateLimit float64 `name:"rate-limit" default:"1000" help:"Calls per second that one principal may make in the long run, and twice as many at once; 0 sets no limit."`
	Sample    bool    `name:"sample" help:"Load the sample, real public grants, into a database that is empty."`

	// BootstrapToken is for the environment only: what stands in a command line is there for all to see.
	BootstrapToken string `kong:"-"`
}

func main() {
	o := options{BootstrapToken: os.Getenv("TANDEM_BOOTSTRAP_TOKEN")}
	kong.Parse(&o, kong.Name("tandemd"), kong.Description("Tandem's server: donor grants and funding coordination, over gRPC and HTTP."),
		kong.DefaultEnvars("TANDEM"), kong.UsageOnError())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "tandemd:", err)
		os.Exit(1)
	}
}

// run serves until ctx is done. What people are to read goes to out, the log to logTo.
func run(ctx context.Context, o options, out, logTo io.Writer) (err error) {
	tuneMemory()
	log := newLog(o, logTo)
	config := server.Config{RateLimit: o.RateLimit, Log: log, Build: build(), NewSecret: func() string { return authn.NewSecret(rand.Reader) }}
	if config.TLS, err = loadTLS(o); err != nil {
		return err
	}
	if o.OIDCIssuer != "" {
		config.OIDC, err = authn.NewOIDC(ctx, authn.OIDCConfig{Issuer: o.OIDCIssuer, Audience: o.OIDCAudience, RoleClaim: o.OIDCRoleClaim,
			StateClaim: o.OIDCStateClaim, OrganisationClaim: o.OIDCOrganisationClaim, Now: time.Now})
		if err != nil {
			return err
		}
	}
	db, err := store.Open(ctx, o.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	l, err := ledger.Open(ctx, ledger.Config{Store: db, Rates: fx.ECB(), Now: func() int64 { return time.Now().UnixMicro() },
		NewID: func() string { return strings.ToLower(ulid.Make().String()) }})
	if err != nil {
		return err
	}
	defer l.Close()
	s, err := server.New(config, l)
	if err != nil {
		return err
	}
	// The listeners come first, so that a token is never made and shown by a server that then cannot serve.
	grpcListener, httpListener, err := listen(ctx, o)
	if err != nil {
		return err
	}
	defer grpcListener.Close()
	defer httpListener.Close()
	web := origin(o, httpListener.Addr().String())
	if err := admit(ctx, l, o, config, web, out); err != nil {
		return err
	}
	if o.Sample {
		if err := loadSample(ctx, s, log); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "Tandem is ready: gRPC on %s, HTTP on %s, database %s\n", grpcListener.Addr(), web, shownDB(o.DB))
	return s.Serve(ctx, grpcListener, httpListener)
}

// listen opens both listeners.
func listen(ctx context.Context, o options) (grpcListener, httpListener net.Listener, err error) {
	var c net.ListenConfig
	if grpcListener, err = c.Listen(ctx, "tcp", o.GRPCAddr); err != nil {
		return nil, nil, fmt.Errorf("--grpc-addr %s: %w", o.GRPCAddr, err)
	}
	if httpListener, err = c.Listen(ctx, "tcp", o.HTTPAddr); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("--http-addr %s: %w", o.HTTPAddr, err), grpcListener.Close())
	}
	return grpcListener, httpListener, nil
}

// shownDB is the database without the password that its URL may have.
func shownDB(dsn string) string {
	scheme, rest, ok := strings.Cut(dsn, "://")
	if !ok {
		return dsn
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	rest, _, _ = strings.Cut(rest, "?")
	return scheme + "://" + rest
}

// origin is how a browser calls an address.
func origin(o options, addr string) string {
	if o.TLSCert != "" {
		return "https://" + addr
	}
	return "http://" + addr
}

func newLog(o options, to io.Writer) *slog.Logger {
	var level slog.Level
	// kong has checked that it is one of the names.
	_ = level.UnmarshalText([]byte(o.LogLevel))
	handlerOptions := &slog.HandlerOptions{Level: level}
	if o.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(to, handlerOptions))
	}
	return slog.New(slog.NewTextHandler(to, handlerOptions))
}

func loadTLS(o options) (*tls.Config, error) {
	if o.TLSCert == "" && o.TLSKey == "" {
		return nil, nil
	}
	if o.TLSCert == "" || o.TLSKey == "" {
		return nil, errors.New("--tls-cert and --tls-key go together")
	}
	pair, err := tls.LoadX509KeyPair(o.TLSCert, o.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert %s: %w", o.TLSCert, err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}, nil
}

// tuneMemory trades memory for time, unless the environment says otherwise: most of what is allocated lives for one call only, and the collector need
// not run after every few of them. The limit makes it run in time where memory is short.
func tuneMemory() {
	const softLimit = 2 << 30 // bytes
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softLimit)
	}
}

// build names this program: its version control revision if it was built with one.
func build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	name := info.Main.Version
	for _, s := range info.Settings {
		if strings.HasPrefix(s.Key, "vcs.") {
			name += " " + s.Value
		}
	}
	return name
}
