package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// fake is a server with one answer to each call. It keeps the last grant and organisation that came.
type fake struct {
	tandemv1.UnimplementedGrantServiceServer
	tandemv1.UnimplementedOrganisationServiceServer
	tandemv1.UnimplementedAllocationServiceServer
	tandemv1.UnimplementedMeServiceServer
	tandemv1.UnimplementedImportServiceServer
	created *tandemv1.Grant
	updated *tandemv1.UpdateGrantRequest
	back    string
	// imported is all that was sent of files.
	imported []byte
	query    *tandemv1.QueryAllocationsRequest
}

func (f *fake) CreateGrant(_ context.Context, r *tandemv1.CreateGrantRequest) (*tandemv1.Grant, error) {
	if r.Grant.Start == "2024-02-31" {
		st, err := status.New(codes.InvalidArgument, "1 thing is wrong").WithDetails(&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: "grant.start", Description: "no such day"}, {Field: "grant.funders", Description: "nobody gives"},
		}})
		if err != nil {
			return nil, err
		}
		return nil, st.Err()
	}
	f.created = r.Grant
	r.Grant.Name = "grants/g1"
	return r.Grant, nil
}

func (f *fake) GetGrant(context.Context, *tandemv1.GetGrantRequest) (*tandemv1.Grant, error) {
	return &tandemv1.Grant{Name: "grants/g1", Title: "MEPPA", Etag: "7"}, nil
}

func (f *fake) UpdateGrant(_ context.Context, r *tandemv1.UpdateGrantRequest) (*tandemv1.Grant, error) {
	f.updated = r
	return r.Grant, nil
}

func (f *fake) UndeleteOrganisation(_ context.Context, r *tandemv1.UndeleteOrganisationRequest) (*tandemv1.Organisation, error) {
	f.back = r.Name
	return &tandemv1.Organisation{Name: r.Name}, nil
}

// ImportGrants takes a file to its end, and is lost then.
func (f *fake) ImportGrants(stream grpc.BidiStreamingServer[tandemv1.ImportGrantsRequest, tandemv1.ImportGrantsResponse]) error {
	for {
		m, err := stream.Recv()
		if err == io.EOF {
			return status.Error(codes.Unavailable, "in a moment")
		}
		if err != nil {
			return err
		}
		f.imported = append(f.imported, m.Chunk...)
	}
}

func (f *fake) GetMe(context.Context, *tandemv1.GetMeRequest) (*tandemv1.Me, error) {
	return &tandemv1.Me{Principal: "tokens/t", DisplayName: "Ada", Role: tandemv1.Role_STAFF}, nil
}

func (f *fake) QueryAllocations(_ context.Context, r *tandemv1.QueryAllocationsRequest) (*tandemv1.QueryAllocationsResponse, error) {
	f.query = r
	return &tandemv1.QueryAllocationsResponse{
		CurrencyCode: "USD", Provisional: true,
		Rows: []*tandemv1.AllocationRow{
			{Keys: []string{"CH"}, Labels: []string{"=Suisse"}, Lower: "0.00", Central: "100.00", Upper: "100.00", GrantCount: 1, Undisclosed: true},
			{Keys: []string{"US"}, Labels: []string{"United States"}, Lower: "3300000.00", Central: "3300000.00", Upper: "3300000.00", UpperOpen: true, GrantCount: 2, UnknownAmountCount: 1},
		},
		Total: &tandemv1.AllocationRow{
			Undisclosed: true,
			Lower:       "3300000.00", Central: "3300100.00", Upper: "3300100.00", UpperOpen: true, GrantCount: 3, UnknownAmountCount: 1,
			Unconverted: []*tandemv1.Money{{CurrencyCode: "ILS", Amount: "52720.00"}}, UnconvertedCount: 1,
		},
		Undated: &tandemv1.AllocationRow{Lower: "0.00", Central: "0.00", Upper: "0.00", GrantCount: 1, UnknownAmountCount: 1},
	}, nil
}

// tandem runs the command line against a fake server.
func tandem(t *testing.T, args ...string) (f *fake, out, errs string, code int) {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	for _, name := range []string{"TANDEM_SERVER", "TANDEM_TOKEN", "TANDEM_OUTPUT", "TANDEM_CA"} {
		t.Setenv(name, "")
		_ = os.Unsetenv(name) // Setenv above brings it back after the test
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f = &fake{}
	server := grpc.NewServer()
	tandemv1.RegisterGrantServiceServer(server, f)
	tandemv1.RegisterOrganisationServiceServer(server, f)
	tandemv1.RegisterAllocationServiceServer(server, f)
	tandemv1.RegisterMeServiceServer(server, f)
	tandemv1.RegisterImportServiceServer(server, f)
	go func() { _ = server.Serve(l) }()
	defer server.Stop()
	var o, e bytes.Buffer
	code = run(append([]string{"--server", l.Addr().String()}, args...), strings.NewReader("Donor,Title\n"), &o, &e)
	return f, o.String(), e.String(), code
}

// A table of allocations says all that its figures leave out, and gives no figure for what is unknown.
func TestAllocationsTable(t *testing.T) {
	f, out, errs, code := tandem(t, "allocations", "--by", "donor-state")
	want := `DONOR STATE         LOWER         USD         UPPER  GRANTS  UNKNOWN  ANOTHER DONOR
=Suisse              0.00      100.00        100.00       1        0  undisclosed
United States  3300000.00  3300000.00  ≥ 3300000.00       2        1
Total          3300000.00  3300100.00  ≥ 3300100.00       3        1  undisclosed
The amount of 1 grant is unknown: there is more money than shown.
≥: some amounts are "at least".
Not converted for want of a rate, and not in the figures: 52720.00 ILS.
Another donor, undisclosed, is present.
Not in the window since they cannot be placed in time: 1 grant (1 of unknown amount).
Provisional: some dates lie after the newest exchange rate.
`
	if code != 0 || out != want || errs != "" {
		t.Errorf("found %d\n%s%s\nwant\n%s", code, out, errs, want)
	}
	if f.query.GroupBy[0] != "donor_state" || f.query.Measure != "allocated" {
		t.Errorf("asked %v", f.query)
	}
}

// In CSV no cell is a formula, and the remarks stand apart from the rows.
func TestAllocationsCSV(t *testing.T) {
	_, out, errs, code := tandem(t, "allocations", "--by", "donor_state", "-o", "csv")
	want := "donor_state,donor_state_label,currency,lower,central,upper,upper_open,grant_count,unknown_amount_count,unconverted_count,undisclosed\n" +
		"CH,'=Suisse,USD,0.00,100.00,100.00,false,1,0,0,true\nUS,United States,USD,3300000.00,3300000.00,3300000.00,true,2,1,0,false\n"
	if code != 0 || out != want || !strings.Contains(errs, "Provisional") {
		t.Errorf("found %d\n%s\n%s", code, out, errs)
	}
}

// A comma parts neither a link nor an identifier; names get their collections.
func TestLog(t *testing.T) {
	f, out, _, code := tandem(t, "grant", "log", "--title", "MEPPA", "--funder", "us-state", "--recipient", "ecopeace", "--amount", "3,300,000 USD",
		"--theme", "water=60", "--theme", "education=40", "--source", "https://example.org/a,b", "--identifier", "US-1,2")
	if want := "Logged grants/g1  MEPPA  3300000 USD\n"; code != 0 || out != want {
		t.Fatalf("found %d %q, want %q", code, out, want)
	}
	g := f.created
	if len(g.Sources) != 1 || g.Sources[0].Uri != "https://example.org/a,b" || len(g.Identifiers) != 1 || g.Funders[0].Organisation != "organisations/us-state" ||
		g.Themes[0].Name != "themes/water" || g.Themes[0].Percent != 60 {
		t.Errorf("sent %v", g)
	}
}

// An edit sets what was given, empties what was named, and holds the etag that was read.
func TestEdit(t *testing.T) {
	f, _, _, code := tandem(t, "grant", "edit", "g1", "--end", "2026", "--clear", "programme")
	if code != 0 || strings.Join(f.updated.UpdateMask.Paths, " ") != "end programme" || f.updated.Grant.Etag != "7" || f.updated.Grant.Title != "" {
		t.Errorf("found %d, sent %v", code, f.updated)
	}
}

func TestUndeleteOrganisation(t *testing.T) {
	if f, out, _, code := tandem(t, "org", "undelete", "sida"); code != 0 || f.back != "organisations/sida" || out != "Brought back organisations/sida\n" {
		t.Errorf("found %d, %q, %q", code, out, f.back)
	}
}

// What fails is told with every field on a line of its own; what makes no sense ends with 2.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"grant log --title x --funder a --amount 5_USD --start 2024-02-31", 2, "--amount: found \"5_USD\""},
		{"grant log --title x --funder a --start 2024-02-31", 1, "tandem: the server refused this:\n  grant.start: no such day\n  grant.funders: nobody gives\n"},
		{"grant log", 2, "at least --title and --funder"},
		{"grant edit g1", 2, "nothing to change"},
		{"grant list --status foo", 2, "accepted are PIPELINE, ACTIVE"},
		{"grant show g1 --read-time yesterday", 2, "--read-time: found \"yesterday\""},
		{"grant log --title x --funder a=half", 2, "found \"a=half\""},
		{"grant log --title x --funder a --theme water --theme education", 2, "water has no percentage"},
		{"nosuch", 2, "unexpected argument nosuch"},
	} {
		if _, out, errs, code := tandem(t, strings.Fields(c.args)...); code != c.code || !strings.Contains(errs, c.says) || out != "" {
			t.Errorf("%s: found %d, %q, %q; want %d, %q", c.args, code, out, errs, c.code, c.says)
		}
	}
}

// A token is kept where only its owner reads it, also when a file that all could read was there.
func TestConfigIsPrivate(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	path, err := configPath()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o644); err != nil { //nolint:gosec // the point of the test
		t.Fatal(err)
	}
	if _, err := writeConfig(config{Server: "a:1", Token: "secret"}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("found %v, %v", info.Mode(), err)
	}
	if kept, err := readConfig(); err != nil || kept.Token != "secret" {
		t.Errorf("found %v, %v", kept, err)
	}
}

// A name that nobody recorded and shares that cannot be are told where they are typed, before the rest is asked.
func TestQuestionsCheck(t *testing.T) {
	var f grantFields
	for _, q := range grantQuestions(&f, map[string]string{"Sida": "sida"}, nil) {
		for answer, fine := range map[string]bool{"Sida": true, "Sida=60, Sida=40": true, "Sidda": false, "Sida=x": false} {
			if strings.HasPrefix(q.prompt, "Funders") && (q.check(answer) == nil) != fine {
				t.Errorf("%s: found %v", answer, q.check(answer))
			}
		}
		for answer, fine := range map[string]bool{"water": true, "water=60, education=40": true, "water, education": false} {
			if strings.HasPrefix(q.prompt, "Themes") && (q.check(answer) == nil) != fine {
				t.Errorf("%s: found %v", answer, q.check(answer))
			}
		}
	}
}
