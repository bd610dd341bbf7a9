// Command tandem is Tandem's command line: it logs grants, lists them, and asks who funds whom. It is a client of the service like any other.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"
	"golang.org/x/term"

	"github.com/allmep/tandem/client"
)

// commands is the command line.
type commands struct {
	Server    string `help:"Address of the server's gRPC, host:port." env:"TANDEM_SERVER" placeholder:"HOST:PORT"`
	Token     string `help:"Token to sign in with; else the one of 'tandem login'." env:"TANDEM_TOKEN" placeholder:"TOKEN"`
	Plaintext bool   `help:"Connect without TLS to a server that is not on this machine." env:"TANDEM_PLAINTEXT"`
	CA        string `name:"ca" help:"PEM file of the authority that vouches for the server, where the system does not know it." env:"TANDEM_CA" type:"existingfile" placeholder:"FILE"`
	Output    string `help:"How to write answers: table, json or csv." short:"o" enum:"table,json,csv" default:"table" env:"TANDEM_OUTPUT"`
	Color     string `help:"Colours: auto (on a terminal), always or never." enum:"auto,always,never" default:"auto"`
	Reason    string `help:"Why you write; the history keeps it." placeholder:"TEXT"`

	Grant         grantCommands             `cmd:"" help:"Log grants and look at them."`
	Org           orgCommands               `cmd:"" help:"Organisations: donors, members and others."`
	Programme     programmeCommands         `cmd:"" help:"Funding instruments of donors."`
	Theme         themeCommands             `cmd:"" help:"What money is for."`
	Location      locationCommands          `cmd:"" help:"Where money goes."`
	Population    populationCommands        `cmd:"" help:"Whom money is for."`
	Transaction   transactionCommands       `cmd:"" help:"Commitments, disbursements and other transactions of a grant."`
	Link          linkCommands              `cmd:"" help:"Relations between grants."`
	Report        reportCommands            `cmd:"" help:"What sources say of a grant."`
	Target        targetCommands            `cmd:"" help:"Money wanted for a cell and a period."`
	Export        exportCommand             `cmd:"" help:"Write grants into a file: CSV, a workbook, IATI, 360Giving, or everything."`
	Import        importCommand             `cmd:"" help:"Take in what others have published: IATI, 360Giving, the OECD's CRS, and sheets with any heads."`
	Mapping       mappingCommands           `cmd:"" aliases:"mappings" help:"What columns of sheets mean, saved by 'tandem import --save-mapping'."`
	Allocations   allocationsCommand        `cmd:"" help:"Who funds whom, for what, where and when."`
	Overlaps      overlapCommands           `cmd:"" help:"Where money of two donors meets."`
	Gaps          gapsCommand               `cmd:"" help:"Where money is missing."`
	Concentration concentrationCommand      `cmd:"" help:"How concentrated and how fragmented funding is."`
	WhatIf        whatIfCommand             `cmd:"" help:"What would change if donors withdrew, or grants were added, delayed or scaled."`
	Place         placeCommand              `cmd:"" help:"Where money would add most."`
	Brief         briefCommand              `cmd:"" help:"Everything about a donor state, a member or the coalition, to print for a roundtable."`
	History       historyCommands           `cmd:"" help:"Who changed what, when and why."`
	Watch         watchCommand              `cmd:"" help:"What changes, as it does."`
	Rate          rateCommands              `cmd:"" aliases:"rates" help:"Exchange rates."`
	Admin         databaseCommands          `cmd:"" help:"Back the database up, restore it, look for damage (for administrators)."`
	Tokens        tokenCommands             `cmd:"" name:"token" help:"Tokens to sign in with (for administrators)."`
	Me            meCommand                 `cmd:"" help:"Who you are to the server."`
	Login         loginCommand              `cmd:"" help:"Keep a server and a token for later commands."`
	Completion    kongcompletion.Completion `cmd:"" help:"Shell completion: prints what your shell's profile needs."`
}

// session is what a command works with.
type session struct {
	context.Context
	*client.Client
	in       io.Reader
	out, err io.Writer
	output   string
	color    bool
	terminal bool   // someone sits at both ends
	command  string // the command itself, to be given again
}

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is main with its surroundings given. It returns the exit code: 0, 1 for what failed, 2 for a command that makes no sense.
func run(args []string, in io.Reader, out, errs io.Writer) int {
	var c commands
	code := -1
	parser, err := kong.New(&c, kong.Name("tandem"), kong.Description("Donor grants and funding coordination: who funds whom, where it overlaps and where it is missing."),
		kong.UsageOnError(), kong.Writers(out, errs), kong.Exit(func(n int) { code = n }), kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}))
	if err != nil {
		fmt.Fprintln(errs, "tandem:", err)
		return 2
	}
	kongcompletion.Register(parser)
	k, err := parser.Parse(args)
	if code >= 0 {
		return code // --help
	}
	if err != nil {
		fmt.Fprintf(errs, "tandem: %v\nTry 'tandem --help'.\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s := &session{Context: ctx, in: in, out: out, err: errs, output: c.Output, terminal: isTerminal(in) && isTerminal(out)}
	s.command = commandOf(args, c.Token)
	s.color = c.Color == "always" || c.Color == "auto" && isTerminal(out) && os.Getenv("NO_COLOR") == ""
	if err := c.connect(s); err != nil {
		fmt.Fprintln(errs, "tandem:", err)
		return 1
	}
	if s.Client != nil {
		defer s.Close()
	}
	if err := k.Run(s, &c); err != nil {
		return explain(errs, err, c.Server)
	}
	return 0
}

// connect makes the session's client, of the flags or of what 'tandem login' kept.
func (c *commands) connect(s *session) error {
	kept, err := readConfig()
	if err != nil {
		return err
	}
	if c.Server == "" {
		c.Server = kept.Server
	}
	if c.Server == "" {
		c.Server = "127.0.0.1:9090"
	}
	if c.Token == "" && c.Server == kept.Server {
		c.Token = kept.Token
	}
	s.Client, err = c.client()
	return err
}

func (c *commands) client() (*client.Client, error) {
	opts := []client.Option{client.WithToken(c.Token), client.WithReason(c.Reason)}
	switch {
	case c.Plaintext:
		opts = append(opts, client.WithPlaintext())
	case c.CA != "":
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--ca: %s holds no certificate in PEM", c.CA)
		}
		opts = append(opts, client.WithTLS(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}))
	}
	return client.New(c.Server, opts...)
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// usageError is a command that makes no sense.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func isUsage(err error) bool {
	var u usageError
	return errors.As(err, &u)
}
