package grant

import (
	"fmt"
	"strings"
)

// Status is where a grant stands in its life; the numbers are IATI's ActivityStatus codes.
type Status uint8

// The statuses of grants.
const (
	Pipeline   Status = 1
	Active     Status = 2
	Finalising Status = 3
	Closed     Status = 4
	Cancelled  Status = 5
	Suspended  Status = 6
)

var statuses = words{"", "PIPELINE", "ACTIVE", "FINALISING", "CLOSED", "CANCELLED", "SUSPENDED"}

// Visibility is who may see a grant.
type Visibility uint8

// The visibilities of grants, from everyone to the few.
const (
	Public     Visibility = 1 // everyone who is signed in
	Coalition  Visibility = 2 // donors, members and staff
	Donors     Visibility = 3 // donors and staff
	Restricted Visibility = 4 // its funders, its recipients and staff
)

var visibilities = words{"", "PUBLIC", "COALITION", "DONORS", "RESTRICTED"}

// PartnerRole is what a partner of a grant does.
type PartnerRole uint8

// The roles of partners.
const (
	Accountable  PartnerRole = 1
	Extending    PartnerRole = 2
	Implementing PartnerRole = 3
)

var partnerRoles = words{"", "ACCOUNTABLE", "EXTENDING", "IMPLEMENTING"}

// TransactionType is the kind of a transaction.
type TransactionType uint8

// The types of transactions.
const (
	Pledge        TransactionType = 1
	Commitment    TransactionType = 2
	Disbursement  TransactionType = 3
	Expenditure   TransactionType = 4
	Reimbursement TransactionType = 5 // money paid back
	Cancellation  TransactionType = 6 // commitment withdrawn
)

var transactionTypes = words{"", "PLEDGE", "COMMITMENT", "DISBURSEMENT", "EXPENDITURE", "REIMBURSEMENT", "CANCELLATION"}

// LinkType is the kind of a link.
type LinkType uint8

// The kinds of links.
const (
	SubGrantOf        LinkType = 1 // the grant passes on money of the other
	CoFundedWith      LinkType = 2 // the two pay for one thing together, and their donors know
	DuplicateOf       LinkType = 3 // the grant is the other, recorded once more: only the other counts
	ConfirmedDistinct LinkType = 4 // the two look alike and are two
)

var linkTypes = words{"", "SUB_GRANT_OF", "CO_FUNDED_WITH", "DUPLICATE_OF", "CONFIRMED_DISTINCT"}

// Role is what a principal may do.
type Role uint8

// The roles of principals, from the least.
const (
	Viewer Role = 1 // sees what is PUBLIC
	Donor  Role = 2 // bound to a donor state
	Member Role = 3 // bound to an organisation
	Staff  Role = 4 // sees and writes everything but tokens
	Admin  Role = 5 // sees and writes everything
)

var roles = words{"", "VIEWER", "DONOR", "MEMBER", "STAFF", "ADMIN"}

// words are the names of the values 1, 2, … of a type; the first is empty and stands for no value.
type words []string

func (w words) name(i uint8) string {
	if int(i) < len(w) {
		return w[i]
	}
	return ""
}

func (w words) parse(text []byte) (uint8, error) {
	for i, s := range w {
		if i > 0 && s == string(text) {
			return uint8(i), nil
		}
	}
	return 0, fmt.Errorf("found %q; accepted are %s", text, strings.Join(w[1:], ", "))
}

// String returns the word of the contract, such as ACTIVE.
func (s Status) String() string { return statuses.name(uint8(s)) }

// MarshalText writes the word.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the word.
func (s *Status) UnmarshalText(text []byte) (err error) {
	*(*uint8)(s), err = statuses.parse(text)
	return err
}

// String returns the word of the contract, such as PUBLIC.
func (v Visibility) String() string { return visibilities.name(uint8(v)) }

// MarshalText writes the word.
func (v Visibility) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads the word.
func (v *Visibility) UnmarshalText(text []byte) (err error) {
	*(*uint8)(v), err = visibilities.parse(text)
	return err
}

// String returns the word of the contract, such as EXTENDING.
func (r PartnerRole) String() string { return partnerRoles.name(uint8(r)) }

// MarshalText writes the word.
func (r PartnerRole) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the word.
func (r *PartnerRole) UnmarshalText(text []byte) (err error) {
	*(*uint8)(r), err = partnerRoles.parse(text)
	return err
}

// String returns the word of the contract, such as COMMITMENT.
func (t TransactionType) String() string { return transactionTypes.name(uint8(t)) }

// MarshalText writes the word.
func (t TransactionType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the word.
func (t *TransactionType) UnmarshalText(text []byte) (err error) {
	*(*uint8)(t), err = transactionTypes.parse(text)
	return err
}

// String returns the word of the contract, such as SUB_GRANT_OF.
func (t LinkType) String() string { return linkTypes.name(uint8(t)) }

// MarshalText writes the word.
func (t LinkType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the word.
func (t *LinkType) UnmarshalText(text []byte) (err error) {
	*(*uint8)(t), err = linkTypes.parse(text)
	return err
}

// String returns the word of the contract, such as STAFF.
func (r Role) String() string { return roles.name(uint8(r)) }

// MarshalText writes the word.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the word.
func (r *Role) UnmarshalText(text []byte) (err error) {
	*(*uint8)(r), err = roles.parse(text)
	return err
}
