package server

import (
	"context"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// The metadata that the interceptors read and write. Over HTTP these are headers of the same names.
const (
	requestIDKey = "x-request-id"
	reasonKey    = "tandem-reason"
	ifNoneMatch  = "if-none-match"
	authKey      = "authorization"
	etagKey      = "etag"
)

// layer is a part of the chain that is the same for a call and for a stream. It calls next, at most once, with the context of what lies further inside.
type layer func(ctx context.Context, method string, next func(context.Context) error) error

// chains are what every call and every stream goes through, from the outside in. Recovery stands inside the log and the metrics, so that these see a panic
// as the Internal that it becomes; the mapping of errors stands inside the time limit, so that it can tell a call that took too long from one that failed.
// A stream has no time limit: it may go on for as long as its caller is admitted and the server runs.
func (s *Server) chains() (grpc.UnaryServerInterceptor, grpc.StreamServerInterceptor, error) {
	valid, err := newValidator()
	if err != nil {
		return nil, nil, err
	}
	calls := inTurn(s.identify, s.logCall, s.recoverPanic, s.limitTime, s.mapErrors, s.authenticate, s.limitRate)
	streams := inTurn(s.identify, s.logCall, s.recoverPanic, s.mapErrors, s.authenticate, s.limitRate, s.whileAdmitted)
	unary := chained(s.metrics.calls.UnaryServerInterceptor(), calls.unary, s.conditional.intercept, valid.intercept)
	count := s.metrics.calls.StreamServerInterceptor()
	stream := func(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		return count(service, stream, info, func(service any, stream grpc.ServerStream) error {
			return streams(stream.Context(), info.FullMethod, func(ctx context.Context) error {
				return handler(service, &guarded{ServerStream: stream, ctx: ctx, server: s, valid: valid})
			})
		})
	}
	return unary, stream, nil
}

// inTurn makes one layer of many, the first being the outermost.
func inTurn(layers ...layer) layer {
	return func(ctx context.Context, method string, next func(context.Context) error) error {
		for _, l := range slices.Backward(layers) {
			inner := next
			next = func(ctx context.Context) error { return l(ctx, method, inner) }
		}
		return next(ctx)
	}
}

// unary is the layer as an interceptor of calls.
func (l layer) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (response any, err error) {
	err = l(ctx, info.FullMethod, func(ctx context.Context) error {
		response, err = handler(ctx, request)
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// chained makes one interceptor of many, the first being the outermost.
func chained(interceptors ...grpc.UnaryServerInterceptor) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		for _, i := range slices.Backward(interceptors) {
			inner := handler
			handler = func(ctx context.Context, request any) (any, error) { return i(ctx, request, info, inner) }
		}
		return handler(ctx, request)
	}
}

// public tells whether a method is for those who have not signed in.
func public(method string) bool {
	return strings.HasPrefix(method, "/grpc.health.v1.Health/") || strings.HasPrefix(method, "/grpc.reflection.")
}

// identify starts the record of a call, with the request id that the caller gave or a new one. The answer bears it.
func (s *Server) identify(ctx context.Context, method string, next func(context.Context) error) error {
	c := &call{method: method, id: first(ctx, requestIDKey), format: formatOf(ctx)}
	if !goodRequestID(c.id) {
		c.id = s.ledger.NewID()
	}
	// It fails only when the headers are sent already, and then it is too late for an id.
	_ = grpc.SetHeader(ctx, metadata.Pairs(requestIDKey, c.id))
	return next(context.WithValue(ctx, callKey{}, c))
}

// goodRequestID tells whether an id from outside may go into the log and the answer.
func goodRequestID(id string) bool {
	const longest = 128
	if id == "" || len(id) > longest {
		return false
	}
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c > '~' || c == '"' {
			return false
		}
	}
	return true
}

// first returns the first value of a key in the metadata of a call, or nothing.
func first(ctx context.Context, key string) string {
	if values := metadata.ValueFromIncomingContext(ctx, key); len(values) > 0 {
		return values[0]
	}
	return ""
}

// logCall writes a line for the call. It never has what the call said or was told, nor its token.
func (s *Server) logCall(ctx context.Context, method string, next func(context.Context) error) error {
	if public(method) || !s.config.Log.Enabled(ctx, slog.LevelInfo) {
		return next(ctx)
	}
	start := time.Now()
	err := next(ctx)
	c := callOf(ctx)
	code := status.Code(err)
	level := slog.LevelInfo
	if _, own := ctx.Value(trustedKey{}).(grant.Principal); own && err == nil {
		level = slog.LevelDebug // the program's own start is no news
	}
	if code == codes.Internal || code == codes.Unknown || code == codes.DataLoss {
		level = slog.LevelError
	}
	s.config.Log.LogAttrs(ctx, level, "call", slog.String("method", c.method), slog.String("code", code.String()), slog.Float64("took_ms", float64(time.Since(start).Microseconds())/1000),
		slog.String("principal", c.principal.Name), slog.String("request", c.id))
	return err
}

// recoverPanic logs a panic and makes an Internal answer of it.
func (s *Server) recoverPanic(ctx context.Context, method string, next func(context.Context) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			s.config.Log.ErrorContext(ctx, "panic", "cause", cause, "method", method, "request", callOf(ctx).id, "stack", string(debug.Stack()))
			err = status.Error(codes.Internal, "something went wrong in the server; its log has the details under this request's id")
		}
	}()
	return next(ctx)
}

// limitTime gives the call the time that it may take.
func (s *Server) limitTime(ctx context.Context, _ string, next func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	return next(ctx)
}

// mapErrors makes gRPC's errors of ours, and logs those that say nothing of themselves to the caller.
func (s *Server) mapErrors(ctx context.Context, _ string, next func(context.Context) error) error {
	err := next(ctx)
	if err == nil || err == errNotModified {
		return err
	}
	known, out := toStatus(err)
	if !known && ctx.Err() != nil {
		// What failed was told to stop.
		known, out = toStatus(ctx.Err())
	}
	if !known {
		s.config.Log.ErrorContext(ctx, "call failed", "error", err, "method", callOf(ctx).method, "request", callOf(ctx).id)
	}
	return out
}

// limitRate refuses, as Exhausted, the calls of a principal that makes too many.
func (s *Server) limitRate(ctx context.Context, method string, next func(context.Context) error) error {
	if !public(method) {
		if wait := s.limits.wait(principalOf(ctx).Name, time.Now()); wait > 0 {
			_ = grpc.SetHeader(ctx, metadata.Pairs(retryAfterKey, seconds(wait)))
			return fault.New(fault.Exhausted, "more than %g calls per second; try again in %s seconds", s.config.RateLimit, seconds(wait))
		}
	}
	return next(ctx)
}

// checkReason refuses, as Invalid, a reason that cannot be kept.
func checkReason(reason string) error {
	const longest = 1000
	switch {
	case !utf8.ValidString(reason):
		return fault.Field(reasonKey, "is not UTF-8")
	case utf8.RuneCountInString(reason) > longest:
		return fault.Field(reasonKey, "has %d characters; accepted are %d", utf8.RuneCountInString(reason), longest)
	case strings.ContainsFunc(reason, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }):
		return fault.Field(reasonKey, "has a control character")
	}
	return nil
}
