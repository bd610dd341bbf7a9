package client_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/allmep/tandem/client"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// flaky is a server that is unavailable at first, and lists three grants, one to a page.
type flaky struct {
	tandemv1.UnimplementedGrantServiceServer
	calls    atomic.Int32
	requests []string // the request ids that came
	signed   string
}

func (f *flaky) CreateGrant(ctx context.Context, r *tandemv1.CreateGrantRequest) (*tandemv1.Grant, error) {
	f.requests = append(f.requests, r.RequestId)
	md, _ := metadata.FromIncomingContext(ctx)
	f.signed = md.Get("authorization")[0] + " " + md.Get("tandem-reason")[0]
	if f.calls.Add(1) < 3 {
		return nil, status.Error(codes.Unavailable, "in a moment")
	}
	return r.Grant, nil
}

func (f *flaky) ListGrants(_ context.Context, r *tandemv1.ListGrantsRequest) (*tandemv1.ListGrantsResponse, error) {
	next := map[string]string{"": "1", "1": "2", "2": ""}
	if r.PageSize == 7 && r.PageToken == "2" {
		return nil, status.Error(codes.InvalidArgument, "no more")
	}
	return &tandemv1.ListGrantsResponse{Grants: []*tandemv1.Grant{{Name: "grants/" + r.PageToken}}, NextPageToken: next[r.PageToken]}, nil
}

func dial(t *testing.T, f *flaky) *client.Client {
	t.Helper()
	l := bufconn.Listen(1 << 20)
	s := grpc.NewServer()
	tandemv1.RegisterGrantServiceServer(s, f)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	c, err := client.New("passthrough:///flaky", client.WithToken("secret"), client.WithReason("a call, née"), client.WithPlaintext(), client.WithDialOptions(
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) })))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// A write that finds the server unavailable is made again under the same request id, signed in, and the caller's message stays as it was.
func TestRetries(t *testing.T) {
	f := &flaky{}
	request := &tandemv1.CreateGrantRequest{Grant: &tandemv1.Grant{Title: "x"}}
	g, err := dial(t, f).Grants.CreateGrant(t.Context(), request)
	if err != nil || g.Title != "x" {
		t.Fatalf("found %v, %v", g, err)
	}
	if len(f.requests) != 3 || f.requests[0] == "" || f.requests[0] != f.requests[2] {
		t.Errorf("the request ids were %q", f.requests)
	}
	if request.RequestId != "" {
		t.Errorf("the caller's message got the request id %q", request.RequestId)
	}
	if want := "Bearer secret a%20call%2C%20n%C3%A9e"; f.signed != want {
		t.Errorf("found %q, want %q", f.signed, want)
	}
}

// A list is read to its end over all its pages; an error ends it, and is told.
func TestAll(t *testing.T) {
	c := dial(t, &flaky{})
	list := func(size int32) (names []string, last error) {
		for g, err := range client.All(t.Context(), &tandemv1.ListGrantsRequest{PageSize: size}, c.Grants.ListGrants, (*tandemv1.ListGrantsResponse).GetGrants) {
			if err != nil {
				return names, err
			}
			names = append(names, g.Name)
		}
		return names, nil
	}
	if names, err := list(1); len(names) != 3 || err != nil {
		t.Errorf("found %q, %v", names, err)
	}
	if names, err := list(7); len(names) != 2 || status.Code(err) != codes.InvalidArgument {
		t.Errorf("found %q, %v", names, err)
	}
}

// Every call that is retried is either a read or a write that can carry a request id: none could be done twice.
func TestWritesCarryRequestIDs(t *testing.T) {
	protoregistry.GlobalFiles.RangeFilesByPackage("tandem.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				m := service.Methods().Get(j)
				http, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
				reads := http.GetGet() != "" || m.Options().(*descriptorpb.MethodOptions).GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS
				if service.Name() != "TokenService" && service.Name() != "AdminService" && service.Name() != "ImportService" && !reads && m.Input().Fields().ByName("request_id") == nil {
					t.Errorf("%s writes, is retried, and has no request id", m.FullName())
				}
			}
		}
		return true
	})
}
