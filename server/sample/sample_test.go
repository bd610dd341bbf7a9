package sample

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// fake is the services that Load calls, over a list in memory. A create with a request_id that it has seen returns the first answer.
type fake struct {
	tandemv1.UnimplementedGrantServiceServer
	tandemv1.UnimplementedOrganisationServiceServer
	tandemv1.UnimplementedProgrammeServiceServer
	tandemv1.UnimplementedThemeServiceServer
	tandemv1.UnimplementedLocationServiceServer
	tandemv1.UnimplementedPopulationServiceServer

	records []record                 // in the order in which they were written
	answers map[string]proto.Message // by request_id
	writes  int
	failAt  int // the write that fails; 0 for none
	reasons map[string]bool
}

func start(t *testing.T) (*fake, grpc.ClientConnInterface) {
	t.Helper()
	f := &fake{answers: map[string]proto.Message{}, reasons: map[string]bool{}}
	server := grpc.NewServer()
	tandemv1.RegisterGrantServiceServer(server, f)
	tandemv1.RegisterOrganisationServiceServer(server, f)
	tandemv1.RegisterProgrammeServiceServer(server, f)
	tandemv1.RegisterThemeServiceServer(server, f)
	tandemv1.RegisterLocationServiceServer(server, f)
	tandemv1.RegisterPopulationServiceServer(server, f)
	listener := bufconn.Listen(1 << 20)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:///sample", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return f, conn
}

// write keeps what a request creates.
func (f *fake) write(ctx context.Context, request proto.Message, requestID string, made ...record) error {
	if err := protovalidate.Validate(request); err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	if requestID == "" {
		return status.Error(codes.InvalidArgument, "no request_id")
	}
	if first, seen := f.answers[requestID]; seen {
		if !proto.Equal(first, request) {
			return status.Error(codes.AlreadyExists, "request_id with another body")
		}
		return nil
	}
	if f.writes++; f.writes == f.failAt {
		return status.Error(codes.Unavailable, "the power went")
	}
	f.answers[requestID] = proto.Clone(request)
	f.reasons[strings.Join(metadata.ValueFromIncomingContext(ctx, "tandem-reason"), "|")] = true
	f.records = append(f.records, made...)
	return nil
}

// named returns a record as the server keeps it: with its name, an etag and its times.
func named[M record](m M, name string) M {
	m = proto.CloneOf(m)
	r := m.ProtoReflect()
	fields := r.Descriptor().Fields()
	r.Set(fields.ByName("name"), protoreflect.ValueOfString(name))
	r.Set(fields.ByName("etag"), protoreflect.ValueOfString("7"))
	for _, at := range []protoreflect.Name{"create_time", "update_time"} {
		r.Set(fields.ByName(at), protoreflect.ValueOfMessage(timestamppb.Now().ProtoReflect()))
	}
	return m
}

func held[M record](f *fake) []M {
	var all []M
	for _, r := range f.records {
		if m, ok := r.(M); ok {
			all = append(all, m)
		}
	}
	return all
}

func (f *fake) ListGrants(_ context.Context, r *tandemv1.ListGrantsRequest) (*tandemv1.ListGrantsResponse, error) {
	if !r.ShowDeleted {
		return nil, errors.New("deleted grants were not asked for")
	}
	return &tandemv1.ListGrantsResponse{TotalSize: int32(len(held[*tandemv1.Grant](f)))}, nil
}

func (f *fake) BatchCreateGrants(ctx context.Context, r *tandemv1.BatchCreateGrantsRequest) (*tandemv1.BatchCreateGrantsResponse, error) {
	var made []record
	for _, one := range r.Requests {
		made = append(made, named(one.Grant, "grants/"+one.GrantId))
	}
	return &tandemv1.BatchCreateGrantsResponse{}, f.write(ctx, r, r.RequestId, made...)
}

func (f *fake) ListOrganisations(_ context.Context, r *tandemv1.ListOrganisationsRequest) (*tandemv1.ListOrganisationsResponse, error) {
	if !r.ShowDeleted {
		return nil, errors.New("deleted organisations were not asked for")
	}
	return &tandemv1.ListOrganisationsResponse{Organisations: held[*tandemv1.Organisation](f)}, nil
}

func (f *fake) CreateOrganisation(ctx context.Context, r *tandemv1.CreateOrganisationRequest) (*tandemv1.Organisation, error) {
	m := named(r.Organisation, "organisations/"+r.OrganisationId)
	return m, f.write(ctx, r, r.RequestId, m)
}

func (f *fake) ListProgrammes(context.Context, *tandemv1.ListProgrammesRequest) (*tandemv1.ListProgrammesResponse, error) {
	return &tandemv1.ListProgrammesResponse{Programmes: held[*tandemv1.Programme](f)}, nil
}

func (f *fake) CreateProgramme(ctx context.Context, r *tandemv1.CreateProgrammeRequest) (*tandemv1.Programme, error) {
	m := named(r.Programme, "programmes/"+r.ProgrammeId)
	return m, f.write(ctx, r, r.RequestId, m)
}

func (f *fake) ListThemes(context.Context, *tandemv1.ListThemesRequest) (*tandemv1.ListThemesResponse, error) {
	return &tandemv1.ListThemesResponse{Themes: held[*tandemv1.Theme](f)}, nil
}

func (f *fake) CreateTheme(ctx context.Context, r *tandemv1.CreateThemeRequest) (*tandemv1.Theme, error) {
	m := named(r.Theme, "themes/"+r.ThemeId)
	return m, f.write(ctx, r, r.RequestId, m)
}

func (f *fake) ListLocations(context.Context, *tandemv1.ListLocationsRequest) (*tandemv1.ListLocationsResponse, error) {
	return &tandemv1.ListLocationsResponse{Locations: held[*tandemv1.Location](f)}, nil
}

func (f *fake) CreateLocation(ctx context.Context, r *tandemv1.CreateLocationRequest) (*tandemv1.Location, error) {
	m := named(r.Location, "locations/"+r.LocationId)
	return m, f.write(ctx, r, r.RequestId, m)
}

func (f *fake) ListPopulations(context.Context, *tandemv1.ListPopulationsRequest) (*tandemv1.ListPopulationsResponse, error) {
	return &tandemv1.ListPopulationsResponse{Populations: held[*tandemv1.Population](f)}, nil
}

func (f *fake) CreatePopulation(ctx context.Context, r *tandemv1.CreatePopulationRequest) (*tandemv1.Population, error) {
	m := named(r.Population, "populations/"+r.PopulationId)
	return m, f.write(ctx, r, r.RequestId, m)
}

// collections returns the collections of the records in the order in which they were written, each once for each run of it.
func (f *fake) collections() []string {
	var order []string
	for _, r := range f.records {
		c, _, _ := strings.Cut(r.GetName(), "/")
		if len(order) == 0 || order[len(order)-1] != c {
			order = append(order, c)
		}
	}
	return order
}

func mustLoad(t *testing.T, conn grpc.ClientConnInterface) Loaded {
	t.Helper()
	done, err := Load(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func TestLoadOnceInOrder(t *testing.T) {
	f, conn := start(t)
	done := mustLoad(t, conn)
	if done.LeftAlone != "" || done.Grants != 48 || done.Records+done.Grants != len(f.records) {
		t.Errorf("found %+v with %d records written", done, len(f.records))
	}
	if want := []string{"organisations", "programmes", "themes", "locations", "populations", "grants"}; !slices.Equal(f.collections(), want) {
		t.Errorf("written in the order %q, want %q", f.collections(), want)
	}
	if len(f.reasons) != 1 || !f.reasons[Reason] {
		t.Errorf("the reasons are %v, want %q alone", f.reasons, Reason)
	}
	writes := f.writes
	if again := mustLoad(t, conn); again.LeftAlone == "" || f.writes != writes {
		t.Errorf("the second load answered %q and wrote %d times", again, f.writes-writes)
	}
}

// TestLoadGoesOnAfterACrash cuts the first load short at its last write, which is that of the grants, and at every tenth before.
func TestLoadGoesOnAfterACrash(t *testing.T) {
	f, conn := start(t)
	mustLoad(t, conn)
	for n := f.writes; n > 0; n -= 10 {
		f.records, f.answers, f.writes, f.failAt = nil, map[string]proto.Message{}, 0, n
		if _, err := Load(t.Context(), conn); status.Code(err) != codes.Unavailable {
			t.Fatalf("cut short at write %d: %v", n, err)
		}
		if len(held[*tandemv1.Grant](f)) > 0 {
			t.Fatalf("cut short at write %d, grants are there", n)
		}
		f.failAt = 0
		if done := mustLoad(t, conn); done.LeftAlone != "" || len(f.records) != done.Records+done.Grants {
			t.Fatalf("cut short at write %d, then: %s; %d records", n, done, len(f.records))
		}
	}
}

func TestLoadLeavesRealDataAlone(t *testing.T) {
	files := readFiles(t)
	edited := proto.CloneOf(files.organisations.Organisations[0])
	edited.Note = "Ours."
	deleted := proto.CloneOf(files.organisations.Organisations[1])
	deleted.DeleteTime = timestamppb.Now()
	for name, theirs := range map[string]record{
		"a grant":                               &tandemv1.Grant{Name: "grants/theirs"},
		"an organisation":                       &tandemv1.Organisation{Name: "organisations/theirs", DisplayName: "Theirs"},
		"a deleted organisation":                &tandemv1.Organisation{Name: "organisations/gone", DeleteTime: timestamppb.Now()},
		"an organisation with a name of ours":   edited,
		"an organisation of ours, but deleted":  deleted,
		"a theme":                               &tandemv1.Theme{Name: "themes/theirs", DisplayName: "Theirs"},
		"a theme of theirs with a name of ours": &tandemv1.Theme{Name: "themes/water", DisplayName: "Theirs"},
	} {
		t.Run(name, func(t *testing.T) {
			f, conn := start(t)
			f.records = []record{theirs}
			if done := mustLoad(t, conn); done.LeftAlone == "" || f.writes > 0 {
				t.Errorf("answered %q and wrote %d times", done, f.writes)
			}
		})
	}
}
