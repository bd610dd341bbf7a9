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
func toStatus(err error) (known bool, _ error) {
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, context.Canceled):
		return true, status.Error(codes.Canceled, "the call was cancelled")
	case errors.Is(err, context.DeadlineExceeded):
		return true, status.Error(codes.DeadlineExceeded, "the call took longer than it may; ask for less at once")
	}
	if _, ok := status.FromError(err); ok {
		return true, err
	}
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind == fault.Internal {
		return false, status.Error(codes.Internal, "something went wrong in the server; its log has the details under this request's id")
	}
	st := status.New(codeOf[f.Kind], f.Message)
	if len(f.Violations) == 0 {
		return true, st.Err()
	}
	bad := &errdetails.BadRequest{}
	for _, v := range f.Violations {
		bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: v.Field, Description: v.Problem})
	}
	if detailed, err := st.WithDetails(bad); err == nil {
		st = detailed
	}
	return true, st.Err()
}
