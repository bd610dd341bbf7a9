package main

import (
	"fmt"
	"strings"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type grantConfirm struct {
	Grant string `arg:"" help:"The grant's id."`
	Org   string `help:"The organisation that says so; your own when left out." placeholder:"ORG"`
}

// Run says that the record of a grant is right as it stands.
func (c *grantConfirm) Run(s *session) error {
	r, err := s.Reports.ConfirmGrant(s, &tandemv1.ConfirmGrantRequest{Name: full("grants", c.Grant), Organisation: full("organisations", c.Org)})
	if err != nil {
		return err
	}
	return s.did("Confirmed with", r.Name, r)
}

type grantReconcile struct {
	asOf  `embed:""`
	Grant string `arg:"" help:"The grant's id."`
}

// Run tells who says what of a grant, beside what the record holds.
func (c *grantReconcile) Run(s *session) error {
	at, err := c.readTime()
	if err != nil {
		return err
	}
	answer, err := s.Reports.ReconcileGrant(s, &tandemv1.ReconcileGrantRequest{Name: full("grants", c.Grant), Revision: c.Revision, ReadTime: at})
	if err != nil {
		return err
	}
	// A difference is in the currency of its value.
	t := &table{head: []string{"FIELD", "REPORT", "WHO", "DATE", "VALUE", "DIFFERENCE", "SHARE", "VERDICT"}, right: map[int]bool{5: true, 6: true}}
	for _, f := range answer.Fields {
		from := ""
		if f.CanonicalReport != "" {
			from = "from report " + bare(f.CanonicalReport)
		}
		t.add(f.Field, "", "the record", "", orgText(f.Canonical), "", "", from)
		for _, v := range f.Values {
			t.add(f.Field, bare(v.Report), whoSays(v), v.Date, orgText(v.Value), v.GetDifference().GetMoney().GetAmount(), v.GetDifference().GetShare(), verdict(v))
			t.notes = append(t.notes, reservations(v)...)
		}
	}
	if !answer.Differs {
		t.notes = append(t.notes, "Nothing differs.")
	}
	return s.write(answer, t)
}

func whoSays(v *tandemv1.ReconcileGrantResponse_Value) string {
	kind := strings.ToLower(strings.ReplaceAll(v.Kind.String(), "_", " "))
	if v.Organisation == "" {
		return kind
	}
	return bare(v.Organisation) + ", " + kind
}

func verdict(v *tandemv1.ReconcileGrantResponse_Value) string {
	var words []string
	switch {
	case v.Agrees:
		words = append(words, "agrees")
	case v.Differs:
		words = append(words, "differs")
	}
	if v.Confirmed {
		words = append(words, "confirmed")
	}
	return strings.Join(words, ", ")
}

// reservations are what the figures of a difference do not say.
func reservations(v *tandemv1.ReconcileGrantResponse_Value) (notes []string) {
	d := v.GetDifference()
	if d.GetIncomparable() != "" {
		notes = append(notes, fmt.Sprintf("Report %s cannot be compared: %s.", bare(v.Report), d.Incomparable))
	}
	if d.GetConverted() {
		note := fmt.Sprintf("Report %s is in %s: the record was converted at the rate of its day.", bare(v.Report), d.Money.GetCurrencyCode())
		if d.Provisional {
			note += " That rate is provisional."
		}
		notes = append(notes, note)
	}
	return notes
}

// orgText leaves the collection off the names of recipients.
func orgText(s string) string { return strings.ReplaceAll(s, "organisations/", "") }
