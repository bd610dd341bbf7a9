package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// refuse writes the error of a call as google.rpc.Status in JSON, whatever format was asked for, or the 304 of a conditional read.
func (s *Server) refuse(ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	h := w.Header()
	md, called := runtime.ServerMetadataFromContext(ctx)
	for key, name := range map[string]string{requestIDKey: "X-Request-Id", retryAfterKey: "Retry-After"} {
		for _, v := range md.HeaderMD.Get(key) {
			h.Set(name, v)
		}
	}
	if err == errNotModified {
		h.Set("ETag", md.HeaderMD.Get(etagKey)[0])
		w.WriteHeader(http.StatusNotModified)
		return
	}
	code := 0
	var routed *runtime.HTTPStatusError
	if errors.As(err, &routed) {
		code, err = routed.HTTPStatus, routed.Err
	}
	st := status.Convert(err)
	if code == 0 {
		code = runtime.HTTPStatusFromCode(st.Code())
	}
	if !called || len(md.HeaderMD) == 0 {
		// It never became a call, so that the interceptors did not log it.
		s.config.Log.LogAttrs(ctx, slog.LevelInfo, "request refused", slog.String("path", r.URL.Path), slog.Int("status", code), slog.String("reason", st.Message()))
		st = readable(ctx, st)
	}
	writeStatus(w, code, st)
}

// refuseRoute answers for paths and methods that are not in the contract.
func (s *Server) refuseRoute(ctx context.Context, mux *runtime.ServeMux, m runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
	s.refuse(ctx, mux, m, w, r, &runtime.HTTPStatusError{HTTPStatus: code, Err: noRoute(r, code)})
}

// noRoute says why there is nothing at a path.
func noRoute(r *http.Request, code int) error {
	switch code {
	case http.StatusMethodNotAllowed:
		return status.Errorf(codes.Unimplemented, "%s is not for %s; /docs tells what is", r.URL.Path, r.Method)
	case http.StatusNotFound:
		return status.Errorf(codes.NotFound, "there is nothing at %s; /docs tells what there is", r.URL.Path)
	}
	return status.Errorf(codes.InvalidArgument, "the path %q cannot be read", r.URL.Path)
}

// writeStatus writes a status as JSON.
func writeStatus(w http.ResponseWriter, code int, st *status.Status) {
	body, err := jsonMarshaler.Marshal(st.Proto())
	if err != nil {
		code, body = http.StatusInternalServerError, []byte(`{"code":13,"message":"the error cannot be written","details":[]}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Del("ETag")
	if code == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="tandem"`)
	}
	w.WriteHeader(code)
	_, _ = w.Write(body) // the caller may be gone, which is no concern of ours
}

// fieldOfQuery matches the messages in which the gateway names the query parameter at fault.
var fieldOfQuery = regexp.MustCompile(`(?:parsing (?:field|list)|unknown parameter|duplicate field|too many values for field) "([^"]+)"`)

// readable makes a status that a person can act on of one by which the gateway refuses a body or a query.
func readable(ctx context.Context, st *status.Status) *status.Status {
	if st.Code() != codes.InvalidArgument || len(st.Details()) > 0 {
		return st
	}
	text := plain(st.Message())
	if field, says, ok := faultInBody(ctx, text); ok {
		return status.Convert(invalid(field, "%s", says))
	}
	if m := fieldOfQuery.FindStringSubmatch(text); m != nil {
		return status.Convert(invalid(camel(m[1]), "%s", text))
	}
	return status.New(codes.InvalidArgument, text)
}

// plain takes out of a message what the protobuf library puts in so that nobody matches it.
func plain(text string) string {
	text = strings.ReplaceAll(text, "\u00a0", " ")
	return strings.TrimPrefix(strings.TrimPrefix(text, "proto: "), "proto:")
}

// camel makes the name of a field in JSON of its name in the contract.
func camel(name string) string {
	parts := strings.Split(name, "_")
	for i, p := range parts[1:] {
		if p != "" {
			parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "")
}

// invalid makes an InvalidArgument status of one field, or of none.
func invalid(field, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if field == "" {
		return status.Error(codes.InvalidArgument, text)
	}
	st := status.New(codes.InvalidArgument, field+": "+text)
	if detailed, err := st.WithDetails(&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: field, Description: text}}}); err == nil {
		st = detailed
	}
	return st.Err()
}
