package exchange

import (
	"iter"

	"github.com/allmep/tandem/internal/grant"
)

// Extract is what a writer writes: grants, one after the other, and the registry that has the names of what they refer to.
type Extract struct {
	Registry *grant.Registry
	// Grants may be gone through more than once and are the same each time. A grant is shared and must not be changed. After an error there is no more.
	Grants iter.Seq2[*grant.Grant, error]
	// Find returns a grant that is linked to one of these, nil if it cannot be seen.
	Find     func(id string) (*grant.Grant, error)
	Total    int   // how many grants there are
	Revision int64 // as of which they are
	At       int64 // when that was written, in microseconds since 1970
}
