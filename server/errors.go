package server

import (
	"context"
	"errors"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/allmep/tandem/internal/fault"
)

// codeOf is the one table from a kind of fault to a gRPC code; the gateway goes on from there to an HTTP status.
var codeOf = map[fault.Kind]codes.Code{
	fault.Invalid:         codes.InvalidArgument,
	fault.NotFound:        codes.NotFound,
	fault.Exists:          codes.AlreadyExists,
	fault.Conflict:        codes.Aborted,
	fault.Denied:          codes.PermissionDenied,
	fault.Unauthenticated: codes.Unauthenticated,
	fault.Precondition:    codes.FailedPrecondition,
	fault.Exhausted:       codes.ResourceExhausted,
	fault.Unavailable:     codes.Unavailable,
}

// toStatus makes the error of a call out of the error of a use case. What is not a fault, or is an Internal one, says nothing of itself to the
// caller; known tells whether the text went out.
func toStatus(err error) (_ error, known bool) {
	switch {
	case err == nil:
		return nil, true
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, "the call was cancelled"), true
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, "the call took longer than it may; ask for less at once"), true
	}
	if _, ok := status.FromError(err); ok {
		return err, true
	}
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind == fault.Internal {
		return status.Error(codes.Internal, "something went wrong in the server; its log has the details under this request's id"), false
	}
	st := status.New(codeOf[f.Kind], f.Message)
	if len(f.Violations) == 0 {
		return st.Err(), true
	}
	bad := &errdetails.BadRequest{}
	for _, v := range f.Violations {
		bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: v.Field, Description: v.Problem})
	}
	if detailed, err := st.WithDetails(bad); err == nil {
		st = detailed
	}
	return st.Err(), true
}
