package ledger

import (
	"context"
	"slices"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
)

// MergeOrganisations merges an organisation into another as one revision, and returns the survivor. From then on the survivor's are the money and the
// names of both. otherEtag is the other's, as Write.Etag is the survivor's.
//
// Errors: Denied, NotFound and Conflict as of Update; Invalid if the two are one or successors would go in a circle; Precondition if the other was merged already.
func (l *Ledger) MergeOrganisations(ctx context.Context, w Write, id, otherID, otherEtag string) (*grant.Organisation, error) {
	if id == otherID {
		return nil, fault.Field("other", "is the organisation itself")
	}
	return l.joinOrganisations(ctx, w, func(d *draft) (*grant.Organisation, *grant.Organisation, error) {
		o, err := d.standingOrganisation(w, id)
		if err != nil {
			return nil, nil, err
		}
		other, err := d.standingOrganisation(Write{Principal: w.Principal}, otherID)
		if err != nil {
			return nil, nil, err
		}
		if err := checkEtagOf(other, otherEtag, "otherEtag"); err != nil {
			return nil, nil, err
		}
		for _, x := range []*grant.Organisation{other, o} {
			if x.Successor != "" {
				return nil, nil, fault.New(fault.Precondition, "%q was merged into %q; merge that one, or undo the merge", x.Key(), organisationKey(x.Successor))
			}
		}
		o.Merge(other)
		return o, other, nil
	}, id)
}

// UnmergeOrganisation undoes the merge of an organisation into another as one revision, and returns it as it stands again.
//
// Errors: Denied, NotFound and Conflict as of Update; Precondition if it was not merged, or if the survivor was itself merged.
func (l *Ledger) UnmergeOrganisation(ctx context.Context, w Write, id string) (*grant.Organisation, error) {
	return l.joinOrganisations(ctx, w, func(d *draft) (*grant.Organisation, *grant.Organisation, error) {
		again, err := d.standingOrganisation(w, id)
		if err != nil {
			return nil, nil, err
		}
		if again.Successor == "" {
			return nil, nil, fault.New(fault.Precondition, "%q was not merged into another organisation", again.Key())
		}
		o, err := d.standingOrganisation(Write{Principal: w.Principal}, again.Successor)
		if err != nil {
			return nil, nil, err
		}
		if o.Successor != "" {
			return nil, nil, fault.New(fault.Precondition, "%q was itself merged into %q; undo that first", o.Key(), organisationKey(o.Successor))
		}
		o.Unmerge(again)
		return o, again, nil
	}, id)
}

// joinOrganisations writes the two organisations that decide returns, the survivor first, and returns the one with an id.
func (l *Ledger) joinOrganisations(ctx context.Context, w Write, decide func(*draft) (o, other *grant.Organisation, err error), id string) (*grant.Organisation, error) {
	if err := mayWrite(w.Principal, grant.Organisations); err != nil {
		return nil, err
	}
	var written []grant.Entity
	err := l.commit(ctx, w, func(d *draft) error {
		o, other, err := decide(d)
		if err != nil {
			return err
		}
		written = []grant.Entity{o, other}
		var v fault.List
		at := func(i int) string { return []string{"organisation", "other"}[i] }
		for i, e := range written {
			v.Merge(at(i), e.Validate())
		}
		if err := v.Err(); err != nil {
			return err
		}
		return d.put(at, written...)
	}, func(earlier []grant.Entity) error {
		written = earlier
		return nil
	})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(written, func(e grant.Entity) bool { return e.Key().ID == id })
	return written[i].(*grant.Organisation), nil
}

func organisationKey(id string) grant.Key { return grant.Key{Kind: grant.Organisations, ID: id} }

func (d *draft) standingOrganisation(w Write, id string) (*grant.Organisation, error) {
	e, err := d.standing(w, organisationKey(id))
	if err != nil {
		return nil, err
	}
	return e.(*grant.Organisation), nil
}
