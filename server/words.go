package server

import (
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// wordList pairs the values of an enum of the contract with those of the domain. What is in neither is the zero value.
type wordList[M, D comparable] []struct {
	message M
	domain  D
}

func (w wordList[M, D]) in(m M) (d D) {
	for _, pair := range w {
		if pair.message == m {
			return pair.domain
		}
	}
	return d
}

func (w wordList[M, D]) out(d D) (m M) {
	for _, pair := range w {
		if pair.domain == d {
			return pair.message
		}
	}
	return m
}

// all reads a list of values.
func (w wordList[M, D]) all(ms []M) []D {
	var ds []D
	for _, m := range ms {
		ds = append(ds, w.in(m))
	}
	return ds
}

var qualifiers = wordList[tandemv1.Amount_Qualifier, money.Qualifier]{
	{tandemv1.Amount_EXACT, money.Exact},
	{tandemv1.Amount_ROUNDED, money.Rounded},
	{tandemv1.Amount_AT_LEAST, money.AtLeast},
	{tandemv1.Amount_UP_TO, money.UpTo},
	{tandemv1.Amount_RANGE, money.Range},
	{tandemv1.Amount_UNKNOWN, money.Unknown},
}

var statuses = wordList[tandemv1.Grant_Status, grant.Status]{
	{tandemv1.Grant_PIPELINE, grant.Pipeline},
	{tandemv1.Grant_ACTIVE, grant.Active},
	{tandemv1.Grant_FINALISING, grant.Finalising},
	{tandemv1.Grant_CLOSED, grant.Closed},
	{tandemv1.Grant_CANCELLED, grant.Cancelled},
	{tandemv1.Grant_SUSPENDED, grant.Suspended},
}

var visibilities = wordList[tandemv1.Grant_Visibility, grant.Visibility]{
	{tandemv1.Grant_PUBLIC, grant.Public},
	{tandemv1.Grant_COALITION, grant.Coalition},
	{tandemv1.Grant_DONORS, grant.Donors},
	{tandemv1.Grant_RESTRICTED, grant.Restricted},
}

var partnerRoles = wordList[tandemv1.Grant_Partner_Role, grant.PartnerRole]{
	{tandemv1.Grant_Partner_ACCOUNTABLE, grant.Accountable},
	{tandemv1.Grant_Partner_EXTENDING, grant.Extending},
	{tandemv1.Grant_Partner_IMPLEMENTING, grant.Implementing},
}

var transactionTypes = wordList[tandemv1.Transaction_Type, grant.TransactionType]{
	{tandemv1.Transaction_PLEDGE, grant.Pledge},
	{tandemv1.Transaction_COMMITMENT, grant.Commitment},
	{tandemv1.Transaction_DISBURSEMENT, grant.Disbursement},
	{tandemv1.Transaction_EXPENDITURE, grant.Expenditure},
	{tandemv1.Transaction_REIMBURSEMENT, grant.Reimbursement},
	{tandemv1.Transaction_CANCELLATION, grant.Cancellation},
}

var linkTypes = wordList[tandemv1.Link_Type, grant.LinkType]{
	{tandemv1.Link_SUB_GRANT_OF, grant.SubGrantOf},
	{tandemv1.Link_CO_FUNDED_WITH, grant.CoFundedWith},
	{tandemv1.Link_DUPLICATE_OF, grant.DuplicateOf},
	{tandemv1.Link_CONFIRMED_DISTINCT, grant.ConfirmedDistinct},
}

var roles = wordList[tandemv1.Role, grant.Role]{
	{tandemv1.Role_VIEWER, grant.Viewer},
	{tandemv1.Role_DONOR, grant.Donor},
	{tandemv1.Role_MEMBER, grant.Member},
	{tandemv1.Role_STAFF, grant.Staff},
	{tandemv1.Role_ADMIN, grant.Admin},
}
