package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// The formats of answers.
const (
	formatJSON  = "json"
	formatCSV   = "csv"
	formatProto = "proto"
)

// jsonMarshaler writes and reads JSON as the contract has it: lowerCamelCase, what is empty too, and nothing that it does not know.
var jsonMarshaler = &runtime.JSONPb{
	MarshalOptions:   protojson.MarshalOptions{EmitUnpopulated: true},
	UnmarshalOptions: protojson.UnmarshalOptions{DiscardUnknown: false},
}

// exchange is what the gateway must remember of an HTTP request until its answer is written. It is in the request's context.
type exchange struct {
	format  string
	columns []string // the dimensions of an analysis, which name the columns of its keys
	body    []byte   // what came, for errors to tell where in it
}

type exchangeKey struct{}

// formatOf tells how the answer to a call will be written.
func formatOf(ctx context.Context) string {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return e.format
	}
	return formatProto
}

// gateway makes calls of HTTP requests under /v1, by the annotations of the contract, and sends them down the local connection.
func (s *Server) gateway() (*runtime.ServeMux, error) {
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, &runtime.HTTPBodyMarshaler{Marshaler: jsonMarshaler}), // documents go out as they are,
		runtime.WithMarshalerOption(csvType, csvMarshaler{jsonMarshaler}),
		runtime.WithIncomingHeaderMatcher(only(map[string]string{"If-None-Match": ifNoneMatch, "X-Request-Id": requestIDKey, "Tandem-Reason": reasonKey})),
		runtime.WithOutgoingHeaderMatcher(only(map[string]string{etagKey: "ETag", requestIDKey: "X-Request-Id", retryAfterKey: "Retry-After"})),
		runtime.WithErrorHandler(s.refuse),
		runtime.WithRoutingErrorHandler(s.refuseRoute),
		runtime.SetQueryParameterParser(queryParser{}),
		runtime.WithForwardResponseRewriter(asTable),
		runtime.WithForwardResponseOption(tellBeside),
		runtime.WithWriteContentLength(),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithDisableHTTPMethodOverride(),
	)
	// The mux tries the last one first, and grants are what is most asked for.
	err := errors.Join(
		join(mux, s.local, tandemv1.NewOrganisationServiceClient, tandemv1.RegisterOrganisationServiceHandlerClient),
		join(mux, s.local, tandemv1.NewProgrammeServiceClient, tandemv1.RegisterProgrammeServiceHandlerClient),
		join(mux, s.local, tandemv1.NewThemeServiceClient, tandemv1.RegisterThemeServiceHandlerClient),
		join(mux, s.local, tandemv1.NewLocationServiceClient, tandemv1.RegisterLocationServiceHandlerClient),
		join(mux, s.local, tandemv1.NewPopulationServiceClient, tandemv1.RegisterPopulationServiceHandlerClient),
		join(mux, s.local, tandemv1.NewTargetServiceClient, tandemv1.RegisterTargetServiceHandlerClient),
		join(mux, s.local, tandemv1.NewLinkServiceClient, tandemv1.RegisterLinkServiceHandlerClient),
		join(mux, s.local, tandemv1.NewTransactionServiceClient, tandemv1.RegisterTransactionServiceHandlerClient),
		join(mux, s.local, tandemv1.NewMappingServiceClient, tandemv1.RegisterMappingServiceHandlerClient),
		join(mux, s.local, tandemv1.NewRateServiceClient, tandemv1.RegisterRateServiceHandlerClient),
		join(mux, s.local, tandemv1.NewRevisionServiceClient, tandemv1.RegisterRevisionServiceHandlerClient),
		join(mux, s.local, tandemv1.NewTokenServiceClient, tandemv1.RegisterTokenServiceHandlerClient),
		join(mux, s.local, tandemv1.NewMeServiceClient, tandemv1.RegisterMeServiceHandlerClient),
		join(mux, s.local, tandemv1.NewBriefServiceClient, tandemv1.RegisterBriefServiceHandlerClient),
		join(mux, s.local, tandemv1.NewScenarioServiceClient, tandemv1.RegisterScenarioServiceHandlerClient),
		join(mux, s.local, tandemv1.NewOverlapServiceClient, tandemv1.RegisterOverlapServiceHandlerClient),
		join(mux, s.local, tandemv1.NewGapServiceClient, tandemv1.RegisterGapServiceHandlerClient),
		join(mux, s.local, tandemv1.NewConcentrationServiceClient, tandemv1.RegisterConcentrationServiceHandlerClient),
		join(mux, s.local, tandemv1.NewAllocationServiceClient, tandemv1.RegisterAllocationServiceHandlerClient),
		join(mux, s.local, tandemv1.NewGrantServiceClient, tandemv1.RegisterGrantServiceHandlerClient),
		// After the grants, whose GET would else take "grants/x:reconcile" for the name of one.
		join(mux, s.local, tandemv1.NewReportServiceClient, tandemv1.RegisterReportServiceHandlerClient),
	)
	if err != nil {
		return nil, fmt.Errorf("the gateway: %w", err)
	}
	return mux, nil
}

// join makes the gateway call a service through a connection.
func join[C any](mux *runtime.ServeMux, conn grpc.ClientConnInterface, client func(grpc.ClientConnInterface) C,
	register func(context.Context, *runtime.ServeMux, C) error,
) error {
	return register(context.Background(), mux, client(conn))
}

// only lets a few headers through.
func only(names map[string]string) runtime.HeaderMatcherFunc {
	return func(name string) (string, bool) {
		to, ok := names[name]
		return to, ok
	}
}

// queryParser reads query parameters into a message. Unlike the gateway's own it refuses those that the message does not have: a filter with a
// spelling mistake must not answer as if there were none.
type queryParser struct{ runtime.DefaultQueryParser }

// Parse implements runtime.QueryParameterParser.
func (p queryParser) Parse(m proto.Message, values url.Values, filter *utilities.DoubleArray) error {
	for _, name := range slices.Sorted(maps.Keys(values)) { // an error is the same every time
		if !hasParameter(m.ProtoReflect().Descriptor(), name) {
			return fmt.Errorf("unknown parameter %q", name)
		}
	}
	return p.DefaultQueryParser.Parse(m, values, filter)
}

// hasParameter tells whether a message has the field that a query parameter names by its name in the contract or in JSON, with dots between levels.
func hasParameter(d protoreflect.MessageDescriptor, name string) bool {
	for part := range strings.SplitSeq(name, ".") {
		if d == nil {
			return false
		}
		field := d.Fields().ByTextName(part)
		if field == nil {
			field = d.Fields().ByJSONName(part)
		}
		if field == nil {
			return false
		}
		d = field.Message()
	}
	return true
}

// withExchange reads the body, finds out how the answer is to be written, and takes what says so away from the gateway, which would take it for a filter.
func withExchange(r *http.Request) (*http.Request, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	e := &exchange{format: formatJSON, body: body}
	if prefersCSV(r.Header.Values("Accept")) {
		e.format = formatCSV
	}
	if r.URL.RawQuery != "" {
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return nil, invalid("", "the query of the address cannot be read: %v", err)
		}
		if format, ok := query["format"]; ok {
			if len(format) != 1 || format[0] != formatJSON && format[0] != formatCSV {
				return nil, invalid("format", "found %q; accepted are json and csv", strings.Join(format, ","))
			}
			e.format = format[0]
			query.Del("format")
		}
		if e.format == formatCSV {
			e.columns = append(query["group_by"], query["groupBy"]...)
		}
		r.URL.RawQuery = query.Encode()
	}
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, e))
	r.Header.Del("Accept")
	if e.format == formatCSV {
		r.Header.Set("Accept", csvType)
	}
	return r, nil
}

// prefersCSV tells whether an Accept header names CSV before any of what the gateway writes else.
func prefersCSV(accept []string) bool {
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		media, _, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(media)) {
		case csvType:
			return true
		case "application/json", "*/*":
			return false
		}
	}
	return false
}
