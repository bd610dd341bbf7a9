// Package grant holds the records that Tandem keeps and the rules that each must obey: organisations, programmes, themes, locations, populations,
// grants with their transactions and links, targets, tokens, rates and mappings. A record refers to another by its bare id ("ecopeace").
//
// It is for values and invariants. It may not know where records are stored, who asks for them, or what time it is.
package grant

import (
	"fmt"
	"iter"

	"github.com/go-json-experiment/json" // what encoding/json is to become; it reads a grant in half the time

	"github.com/allmep/tandem/internal/fault"
)

// Kind is a collection of records. Its text is the first part of their resource names.
type Kind string

// The kinds of records.
const (
	Organisations Kind = "organisations"
	Programmes    Kind = "programmes"
	Themes        Kind = "themes"
	Locations     Kind = "locations"
	Populations   Kind = "populations"
	Grants        Kind = "grants"
	Targets       Kind = "targets"
	Tokens        Kind = "tokens"
	Rates         Kind = "rates"
	Decisions     Kind = "decisions" // on overlaps
	Mappings      Kind = "mappings"  // of the columns of sheets
)

// Key names one record.
type Key struct {
	Kind Kind
	ID   string
}

// String returns the resource name, such as "grants/0k3".
func (k Key) String() string { return string(k.Kind) + "/" + k.ID }

// Meta is what the ledger knows of a record beside its content. Instants are microseconds since 1970; 0 is never.
type Meta struct {
	Revision int64 // the revision that last changed the record
	Created  int64
	Updated  int64
	Deleted  int64 // when it was deleted, if it is
}

// Ledgered returns m itself; it is how code that handles every kind reaches the Meta of one.
func (m *Meta) Ledgered() *Meta { return m }

// Entity is a record: a pointer to Organisation, Programme, Term, Grant, Target, Token, RateDay, Decision or Mapping.
type Entity interface {
	Key() Key
	// Ledgered returns the record's Meta, for reading and for setting.
	Ledgered() *Meta
	// Validate checks the invariants that need nothing but the record. Its error is Invalid and names each field by its path in the contract's JSON.
	Validate() error
	// References lists the records that must exist for this one to be kept.
	References() iter.Seq[Reference]
}

// Reference is a field of a record that names another record.
type Reference struct {
	Key  Key
	List string // that the field is in, "" if it is in none
	At   int    // of its place in the list
	Name string // of the field, "" if it is the place itself
}

// Field returns the path of the field in the contract's JSON, such as funders[0].organisation. It is asked of few.
func (r Reference) Field() string {
	switch {
	case r.List == "":
		return r.Name
	case r.Name == "":
		return index(r.List, r.At)
	}
	return index(r.List, r.At) + "." + r.Name
}

// references are visited one by one, since those of an import's grants would fill much memory.
type references struct {
	visit func(Reference) bool
	done  bool
}

// refer is the references that a record adds.
func refer(add func(to *references)) iter.Seq[Reference] {
	return func(visit func(Reference) bool) { add(&references{visit: visit}) }
}

// add adds a reference, unless id is empty.
func (r *references) add(field string, kind Kind, id string) { r.addIn("", 0, field, kind, id) }

// addIn is add for a field in a list.
func (r *references) addIn(list string, at int, field string, kind Kind, id string) {
	if id != "" && !r.done {
		r.done = !r.visit(Reference{Key: Key{kind, id}, List: list, At: at, Name: field})
	}
}

// checkID adds a violation when id cannot be the last part of a resource name.
func checkID(v *fault.List, field, id string) {
	if !isID(id) {
		v.Add(field, "found %q; accepted are 1 to 63 lower-case letters, digits and inner hyphens", id)
	}
}

func isID(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case c == '-' && i > 0 && i < len(s)-1:
		default:
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 63
}

// New returns an empty record of a kind with an id.
func New(key Key) (Entity, error) {
	switch key.Kind {
	case Organisations:
		return &Organisation{ID: key.ID}, nil
	case Programmes:
		return &Programme{ID: key.ID}, nil
	case Themes, Locations, Populations:
		return &Term{Of: key.Kind, ID: key.ID}, nil
	case Grants:
		return &Grant{ID: key.ID}, nil
	case Targets:
		return &Target{ID: key.ID}, nil
	case Tokens:
		return &Token{ID: key.ID}, nil
	case Rates:
		return &RateDay{ID: key.ID}, nil
	case Decisions:
		return &Decision{ID: key.ID}, nil
	case Mappings:
		return &Mapping{ID: key.ID}, nil
	}
	return nil, fault.New(fault.Internal, "there is no kind of record %q", key.Kind)
}

// Encode returns the content of a record as JSON, which is how the ledger stores it and the history shows it. Equal records have equal encodings.
func Encode(e Entity) ([]byte, error) {
	if g, is := e.(*Grant); is { // grants come in numbers
		if body, ok := g.write(); ok {
			return body, nil
		}
	}
	return json.Marshal(e)
}

// Decode is the inverse of Encode. The record's Meta is not in the encoding: the ledger sets it.
func Decode(key Key, body []byte) (Entity, error) {
	if g := (&Grant{ID: key.ID}); key.Kind == Grants && g.read(body) { // grants come in numbers
		return g, nil
	}
	e, err := New(key)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(body, e); err != nil {
		return nil, fmt.Errorf("decode %s: %w", key, err)
	}
	return e, nil
}
