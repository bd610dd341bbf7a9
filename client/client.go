// Package client is the Go client of Tandem: a connection with a token, calls that are safe to retry, and lists without pages.
//
// It knows the contract and nothing of the server.
package client

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"iter"
	"net"
	"net/url"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// Client is a connection to a server. Its fields are the services of the contract. It may be used from many goroutines at once.
type Client struct {
	conn          *grpc.ClientConn
	Organisations tandemv1.OrganisationServiceClient
	Programmes    tandemv1.ProgrammeServiceClient
	Themes        tandemv1.ThemeServiceClient
	Locations     tandemv1.LocationServiceClient
	Populations   tandemv1.PopulationServiceClient
	Grants        tandemv1.GrantServiceClient
	Transactions  tandemv1.TransactionServiceClient
	Links         tandemv1.LinkServiceClient
	Reports       tandemv1.ReportServiceClient
	Targets       tandemv1.TargetServiceClient
	Allocations   tandemv1.AllocationServiceClient
	Scenarios     tandemv1.ScenarioServiceClient
	Briefs        tandemv1.BriefServiceClient
	Overlaps      tandemv1.OverlapServiceClient
	Gaps          tandemv1.GapServiceClient
	Concentration tandemv1.ConcentrationServiceClient
	Rates         tandemv1.RateServiceClient
	Revisions     tandemv1.RevisionServiceClient
	Tokens        tandemv1.TokenServiceClient
	Me            tandemv1.MeServiceClient
	Admin         tandemv1.AdminServiceClient
	Exports       tandemv1.ExportServiceClient
	Imports       tandemv1.ImportServiceClient
	Mappings      tandemv1.MappingServiceClient
}

// Option changes how a Client connects.
type Option func(*options)

type options struct {
	token, reason string
	transport     credentials.TransportCredentials
	dial          []grpc.DialOption
}

// WithToken signs every call in.
func WithToken(token string) Option { return func(o *options) { o.token = token } }

// WithReason says why the writes are made; the history keeps it.
func WithReason(reason string) Option { return func(o *options) { o.reason = reason } }

// WithTLS connects with this TLS configuration. Without it, and without WithPlaintext, TLS with the system's roots is used, except for an address on
// this machine.
func WithTLS(c *tls.Config) Option {
	return func(o *options) { o.transport = credentials.NewTLS(c) }
}

// WithPlaintext connects without TLS. The token can then be read by whoever can read the network.
func WithPlaintext() Option {
	return func(o *options) { o.transport = insecure.NewCredentials() }
}

// WithDialOptions passes options on to gRPC.
func WithDialOptions(d ...grpc.DialOption) Option {
	return func(o *options) { o.dial = append(o.dial, d...) }
}

// retries makes gRPC repeat a call that finds the server unavailable, up to four times with growing pauses. Reads change nothing, and writes carry a
// request id, so the server answers a repeated one as it did the first time. Tokens have no request ids, nor have backups and imports, and are not retried: whoever reads the file begins it anew.
const retries = `{"methodConfig": [
	{"name": [{"service": "tandem.v1.TokenService"}, {"service": "tandem.v1.AdminService"}, {"service": "tandem.v1.ImportService"}]},
	{"name": [{}], "retryPolicy": {"maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "2s", "backoffMultiplier": 3, "retryableStatusCodes": ["UNAVAILABLE"]}}
]}`

// reconnect makes gRPC look for a lost server every few seconds; by itself it would wait for up to two minutes.
var reconnect = grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 2, Jitter: 0.2, MaxDelay: 3 * time.Second}, MinConnectTimeout: 10 * time.Second}

// New returns a client of the server at an address, host:port. It does not connect before the first call.
func New(addr string, opts ...Option) (*Client, error) {
	var o options
	if isLocal(addr) {
		o.transport = insecure.NewCredentials()
	} else {
		o.transport = credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	}
	for _, set := range opts {
		set(&o)
	}
	dial := append([]grpc.DialOption{
		grpc.WithTransportCredentials(o.transport), grpc.WithDefaultServiceConfig(retries), grpc.WithUnaryInterceptor(o.intercept), grpc.WithStreamInterceptor(o.interceptStream), grpc.WithUserAgent("tandem-go"),
		grpc.WithConnectParams(reconnect), grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 15 * time.Second}),
	}, o.dial...)
	conn, err := grpc.NewClient(addr, dial...)
	if err != nil {
		return nil, err
	}
	return &Client{
		conn:          conn,
		Organisations: tandemv1.NewOrganisationServiceClient(conn), Programmes: tandemv1.NewProgrammeServiceClient(conn), Themes: tandemv1.NewThemeServiceClient(conn),
		Locations: tandemv1.NewLocationServiceClient(conn), Populations: tandemv1.NewPopulationServiceClient(conn), Grants: tandemv1.NewGrantServiceClient(conn),
		Transactions: tandemv1.NewTransactionServiceClient(conn), Links: tandemv1.NewLinkServiceClient(conn), Targets: tandemv1.NewTargetServiceClient(conn),
		Allocations: tandemv1.NewAllocationServiceClient(conn), Scenarios: tandemv1.NewScenarioServiceClient(conn),
		Briefs: tandemv1.NewBriefServiceClient(conn), Rates: tandemv1.NewRateServiceClient(conn), Revisions: tandemv1.NewRevisionServiceClient(conn),
		Tokens: tandemv1.NewTokenServiceClient(conn), Reports: tandemv1.NewReportServiceClient(conn), Me: tandemv1.NewMeServiceClient(conn), Admin: tandemv1.NewAdminServiceClient(conn),
		Overlaps: tandemv1.NewOverlapServiceClient(conn), Gaps: tandemv1.NewGapServiceClient(conn), Concentration: tandemv1.NewConcentrationServiceClient(conn),
		Exports: tandemv1.NewExportServiceClient(conn),
		Imports: tandemv1.NewImportServiceClient(conn), Mappings: tandemv1.NewMappingServiceClient(conn),
	}, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }

func isLocal(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// sign says who calls and why.
func (o *options) sign(ctx context.Context) context.Context {
	if o.token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+o.token)
	}
	if o.reason != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "tandem-reason", url.PathEscape(o.reason))
	}
	return ctx
}

// interceptStream signs a stream in.
func (o *options) interceptStream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	return next(o.sign(ctx), desc, cc, method, opts...)
}

// intercept signs a call in, says why, and gives a write that has no request id one.
func (o *options) intercept(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	ctx = o.sign(ctx)
	if m, ok := req.(proto.Message); ok {
		req = withRequestID(m)
	}
	return next(ctx, method, req, reply, cc, opts...)
}

func withRequestID(m proto.Message) proto.Message {
	f := m.ProtoReflect().Descriptor().Fields().ByName("request_id")
	if f == nil || m.ProtoReflect().Has(f) {
		return m
	}
	with := m.ProtoReflect().New() // a shallow copy: the caller's message stays as it is, and a batch is not copied whole
	m.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		with.Set(f, v)
		return true
	})
	with.Set(f, protoreflect.ValueOfString(rand.Text()))
	return with.Interface()
}

// listing is a request for a list, page an answer to it.
type listing interface {
	proto.Message
	GetPageToken() string
}

type page interface{ GetNextPageToken() string }

// All returns everything on all pages of a list. call is the method of a service, items takes the records out of an answer. It ends after the first error.
//
//	for g, err := range client.All(ctx, &tandemv1.ListGrantsRequest{}, c.Grants.ListGrants, (*tandemv1.ListGrantsResponse).GetGrants) {
func All[Q listing, P page, T any](ctx context.Context, q Q, call func(context.Context, Q, ...grpc.CallOption) (P, error), items func(P) []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		next := proto.Clone(q).(Q)
		token := next.ProtoReflect().Descriptor().Fields().ByName("page_token")
		for {
			p, err := call(ctx, next)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range items(p) {
				if !yield(item, nil) {
					return
				}
			}
			if p.GetNextPageToken() == "" {
				return
			}
			next.ProtoReflect().Set(token, protoreflect.ValueOfString(p.GetNextPageToken()))
		}
	}
}
