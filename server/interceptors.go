package server

import (
	"context"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
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

// chain is what every call goes through, from the outside in. Recovery stands inside the log and the metrics, so that these see a panic as the Internal
// that it becomes; the mapping of errors stands inside the time limit, so that it can tell a call that took too long from one that failed.
func (s *Server) chain() (grpc.UnaryServerInterceptor, error) {
	valid, err := newValidator()
	if err != nil {
		return nil, err
	}
	cond := &conditional{ledger: s.ledger, build: s.config.Build}
	return chained(
		s.identify,
		s.logCall,
		s.metrics.calls.UnaryServerInterceptor(),
		recovery.UnaryServerInterceptor(recovery.WithRecoveryHandlerContext(s.recovered)),
		s.limitTime,
		s.mapErrors,
		s.authenticate,
		s.limitRate,
		cond.intercept,
		valid.intercept,
	), nil
}

// streamChain is what streams go through. There are only those of health and reflection yet, which are public; any other is refused until it is
// given interceptors of its own.
func (s *Server) streamChain() []grpc.StreamServerInterceptor {
	return []grpc.StreamServerInterceptor{
		s.metrics.calls.StreamServerInterceptor(),
		recovery.StreamServerInterceptor(recovery.WithRecoveryHandlerContext(s.recovered)),
		func(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			if !public(info.FullMethod) {
				return status.Error(codes.Unauthenticated, "streams of this service are not served")
			}
			return handler(service, stream)
		},
	}
}

// chained makes one interceptor of many, the first being the outermost.
func chained(interceptors ...grpc.UnaryServerInterceptor) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		var next func(i int) grpc.UnaryHandler
		next = func(i int) grpc.UnaryHandler {
			if i == len(interceptors) {
				return handler
			}
			return func(ctx context.Context, request any) (any, error) {
				return interceptors[i](ctx, request, info, next(i+1))
			}
		}
		return next(0)(ctx, request)
	}
}

// public tells whether a method is for those who have not signed in.
func public(method string) bool {
	return strings.HasPrefix(method, "/grpc.health.v1.Health/") || strings.HasPrefix(method, "/grpc.reflection.")
}

// identify starts the record of a call, with the request id that the caller gave or a new one. The answer bears it.
func (s *Server) identify(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	c := &call{method: info.FullMethod, id: first(ctx, requestIDKey), format: formatOf(ctx)}
	if !goodRequestID(c.id) {
		c.id = s.ledger.NewID()
	}
	// It fails only when the headers are sent already, and then it is too late for an id.
	_ = grpc.SetHeader(ctx, metadata.Pairs(requestIDKey, c.id))
	return handler(context.WithValue(ctx, callKey{}, c), request)
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
func (s *Server) logCall(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if public(info.FullMethod) || !s.config.Log.Enabled(ctx, slog.LevelInfo) {
		return handler(ctx, request)
	}
	start := time.Now()
	response, err := handler(ctx, request)
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
	return response, err
}

// recovered logs a panic and makes an Internal answer of it.
func (s *Server) recovered(ctx context.Context, cause any) error {
	s.config.Log.ErrorContext(ctx, "panic", "cause", cause, "method", callOf(ctx).method, "request", callOf(ctx).id, "stack", string(debug.Stack()))
	return status.Error(codes.Internal, "something went wrong in the server; its log has the details under this request's id")
}

// limitTime gives the call the time that it may take.
func (s *Server) limitTime(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	return handler(ctx, request)
}

// mapErrors makes gRPC's errors of ours, and logs those that say nothing of themselves to the caller.
func (s *Server) mapErrors(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	response, err := handler(ctx, request)
	if err == nil || err == errNotModified {
		return response, err
	}
	known, out := toStatus(err)
	if !known && ctx.Err() != nil {
		// What failed was told to stop.
		known, out = toStatus(ctx.Err())
	}
	if !known {
		s.config.Log.ErrorContext(ctx, "call failed", "error", err, "method", callOf(ctx).method, "request", callOf(ctx).id)
	}
	return nil, out
}

// limitRate refuses, as Exhausted, the calls of a principal that makes too many.
func (s *Server) limitRate(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if !public(info.FullMethod) {
		if wait := s.limits.wait(principalOf(ctx).Name, time.Now()); wait > 0 {
			_ = grpc.SetHeader(ctx, metadata.Pairs(retryAfterKey, seconds(wait)))
			return nil, fault.New(fault.Exhausted, "more than %g calls per second; try again in %s seconds", s.config.RateLimit, seconds(wait))
		}
	}
	return handler(ctx, request)
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
