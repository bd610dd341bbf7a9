// Package fault is how Tandem says what went wrong: an error with a kind, which decides how a caller may react, and with the fields at fault, so that a
// person can mend them.
//
// It may not know where errors go: not gRPC's codes, not HTTP's, not the database's.
package fault

import (
	"errors"
	"fmt"
)

// Kind is what an error means to the one who asked.
type Kind uint8

// The kinds of errors.
const (
	Internal        Kind = iota // a defect of Tandem; its text is for the log, not for the caller
	Invalid                     // what was asked makes no sense; asking again will not help
	NotFound                    // there is no such thing, or the caller may not see it
	Exists                      // the id or the request id is taken
	Conflict                    // someone else wrote meanwhile: read again, then ask again
	Denied                      // the caller may not do it
	Unauthenticated             // nobody knows who is asking
	Precondition                // something else must be done first
	Exhausted                   // too much was asked, or there is no room
	Unavailable                 // it may work in a moment
)

// Violation is one field at fault. Field is its path in the JSON of the request, such as grant.funders[0].sharePercent; Problem says what was found
// and what is accepted.
type Violation struct {
	Field, Problem string
}

// Error is an error of a kind.
type Error struct {
	Kind       Kind
	Message    string
	Violations []Violation
	Err        error // what caused it, if anything
}

// Error returns the message, and the cause if there is one.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Field makes an Invalid error of one field.
func Field(field, format string, args ...any) *Error {
	var l List
	l.Add(field, format, args...)
	return l.error()
}

// KindOf returns the kind of an error; one that is not of this package is Internal. Nil has no kind: ask only when there is an error, or compare with
// a kind that is not Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// List collects the fields at fault, so that all of them are told at once. The zero List is empty.
type List struct {
	violations []Violation
	other      error
}

// Add adds a field.
func (l *List) Add(field, format string, args ...any) {
	l.violations = append(l.violations, Violation{Field: field, Problem: fmt.Sprintf(format, args...)})
}

// Merge adds the fields of an Invalid error, each under a prefix. Another error is kept as it is, and Err returns the first such. A nil error adds nothing.
func (l *List) Merge(prefix string, err error) {
	if err == nil {
		return
	}
	var e *Error
	if !errors.As(err, &e) || e.Kind != Invalid || len(e.Violations) == 0 {
		if l.other == nil {
			l.other = err
		}
		return
	}
	for _, v := range e.Violations {
		switch {
		case prefix == "":
		case v.Field == "":
			v.Field = prefix
		default:
			v.Field = prefix + "." + v.Field
		}
		l.violations = append(l.violations, v)
	}
}

// Err returns nil for an empty list, else an Invalid error with every field, whose message tells the first and how many more there are.
func (l *List) Err() error {
	if l.other != nil {
		return l.other
	}
	if len(l.violations) == 0 {
		return nil
	}
	return l.error()
}

func (l *List) error() *Error {
	first := l.violations[0]
	message := first.Problem
	if first.Field != "" {
		message = first.Field + ": " + first.Problem
	}
	if more := len(l.violations) - 1; more > 0 {
		message = fmt.Sprintf("%s (and %d more)", message, more)
	}
	return &Error{Kind: Invalid, Message: message, Violations: l.violations}
}
