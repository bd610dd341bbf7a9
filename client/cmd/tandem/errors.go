package main

import (
	"errors"
	"fmt"
	"io"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// explain writes an error for a person, with every field at fault on a line of its own, and returns the exit code.
func explain(w io.Writer, err error, server string) int {
	// The command line's library wraps errors; the status is inside, with its own words.
	var answer interface{ GRPCStatus() *status.Status }
	if !errors.As(err, &answer) {
		fmt.Fprintln(w, "tandem:", err)
		if isUsage(err) {
			return 2
		}
		return 1
	}
	st := answer.GRPCStatus()
	var fields []*errdetails.BadRequest_FieldViolation
	for _, d := range st.Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			fields = append(fields, bad.FieldViolations...)
		}
	}
	switch {
	case st.Code() == codes.Unavailable:
		fmt.Fprintf(w, "tandem: no answer from %s: %s\n", server, st.Message())
	case len(fields) > 0 && st.Code() == codes.InvalidArgument:
		fmt.Fprintln(w, "tandem: the server refused this:")
	default:
		fmt.Fprintln(w, "tandem:", st.Message())
	}
	for _, f := range fields {
		fmt.Fprintf(w, "  %s: %s\n", f.Field, f.Description)
	}
	switch st.Code() {
	case codes.Unauthenticated:
		fmt.Fprintln(w, "Sign in with 'tandem login', or give a token with --token or TANDEM_TOKEN.")
	case codes.Unavailable:
		fmt.Fprintln(w, "Is the server running there ('make run' starts one)? Another is named with --server or TANDEM_SERVER; one on this machine that speaks TLS needs --ca.")
	}
	return 1
}
