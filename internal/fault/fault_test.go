package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/allmep/tandem/internal/fault"
	"github.com/google/go-cmp/cmp"
)

func TestKindOf(t *testing.T) {
	stale := fault.New(fault.Conflict, "%s has changed", "grants/a")
	for name, c := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"ours":                 {stale, fault.Conflict},
		"ours, wrapped":        {fmt.Errorf("update: %w", stale), fault.Conflict},
		"ours, among others":   {errors.Join(io.EOF, stale), fault.Conflict},
		"the outermost counts": {&fault.Error{Kind: fault.Unavailable, Message: "busy", Err: stale}, fault.Unavailable},
		"a field":              {fault.Field("title", "is missing"), fault.Invalid},
		"another's":            {io.EOF, fault.Internal},
		"none":                 {nil, fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fault.KindOf(c.err); got != c.want {
				t.Errorf("found kind %d; want %d", got, c.want)
			}
		})
	}
}

func TestErrorTellsItsCause(t *testing.T) {
	err := &fault.Error{Kind: fault.Unavailable, Message: "the database is away", Err: io.EOF}
	if got, want := err.Error(), "the database is away: EOF"; got != want {
		t.Errorf("found %q; want %q", got, want)
	}
	if !errors.Is(err, io.EOF) {
		t.Error("the cause cannot be found in the error")
	}
	if got, want := fault.New(fault.NotFound, "no grant %q", "a").Error(), `no grant "a"`; got != want {
		t.Errorf("found %q; want %q", got, want)
	}
}

// An error value that is nil must compare equal to nil, which a nil *Error in an error does not.
func TestAnEmptyListIsNoError(t *testing.T) {
	var l fault.List
	l.Merge("grant", nil)
	if err := l.Err(); err != nil {
		t.Errorf("found %v; want nil", err)
	}
}

func TestListTellsEveryField(t *testing.T) {
	var inner fault.List
	inner.Add("", "is upside down")
	inner.Add("funders[0].sharePercent", "found %d; accepted are 0 to 100", 101)
	var outer fault.List
	outer.Add("mask", "is empty")
	outer.Merge("grant", fmt.Errorf("wrapped: %w", inner.Err()))
	outer.Merge("", fault.Field("reason", "is missing"))

	err := outer.Err()
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != fault.Invalid {
		t.Fatalf("found %v; want an Invalid error", err)
	}
	want := []fault.Violation{
		{Field: "mask", Problem: "is empty"},
		{Field: "grant", Problem: "is upside down"},
		{Field: "grant.funders[0].sharePercent", Problem: "found 101; accepted are 0 to 100"},
		{Field: "reason", Problem: "is missing"},
	}
	if diff := cmp.Diff(want, e.Violations); diff != "" {
		t.Error(diff)
	}
	if got, want := err.Error(), "mask: is empty (and 3 more)"; got != want {
		t.Errorf("found %q; want %q", got, want)
	}
	if inner.Err().(*fault.Error).Violations[0].Field != "" {
		t.Error("Merge has changed the list that it merged")
	}
}

// What is no fault of a field must not be lost among faults of fields.
func TestAnotherErrorComesFirst(t *testing.T) {
	denied := fault.New(fault.Denied, "not for you")
	var l fault.List
	l.Add("title", "is missing")
	l.Merge("grant", denied)
	l.Merge("grant", io.EOF)
	if err := l.Err(); !errors.Is(err, denied) || fault.KindOf(err) != fault.Denied {
		t.Errorf("found %v; want %v", err, denied)
	}
}

func TestAProblemOfNoFieldIsTheMessage(t *testing.T) {
	if got, want := fault.Field("", "the body is empty").Error(), "the body is empty"; got != want {
		t.Errorf("found %q; want %q", got, want)
	}
}
