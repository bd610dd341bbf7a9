package grant

import (
	"iter"

	"github.com/allmep/tandem/internal/fault"
)

// Token lets someone sign in. Its secret is not kept, only the hash.
type Token struct {
	Meta        `json:"-"`
	ID          string    `json:"id"`
	DisplayName string    `json:"displayName"`
	Access      Principal `json:"access"`
	Expires     int64     `json:"expires,omitzero"` // microseconds since 1970; 0 is never
	Hash        string    `json:"hash"`             // SHA-256 of the secret, in hexadecimal
}

// Key implements Entity.
func (t *Token) Key() Key { return Key{Tokens, t.ID} }

// Validate implements Entity.
func (t *Token) Validate() error {
	var v fault.List
	checkID(&v, "name", t.ID)
	checkName(&v, "displayName", t.DisplayName, maxName)
	if t.Hash == "" {
		v.Add("secret", "is missing")
	}
	v.Merge("", t.Access.Validate())
	return v.Err()
}

// References implements Entity.
func (t *Token) References() iter.Seq[Reference] {
	return refer(func(to *references) { to.add("organisation", Organisations, t.Access.Organisation) })
}
