package iati

import (
	"regexp"

	"github.com/allmep/tandem/internal/grant"
)

// What IATI calls money of which it is not known where it goes, and what for.
const (
	unspecifiedRegion = "998"   // bilateral, unspecified
	unspecifiedSector = "99810" // sectors not specified
	ownVocabulary     = "99"    // that of the reporting organisation
)

var (
	country = regexp.MustCompile(`^[A-Z]{2}$`)
	region  = regexp.MustCompile(`^[0-9]{3}$`)
	purpose = regexp.MustCompile(`^[0-9]{5}$`)
)

// coded is a part of a grant by a code.
type coded struct {
	code    string
	percent grant.Percent
}

// byCode adds the parts of a grant up by the first code of the right form that their terms, or the nearest above them, have; what has none is under another.
func (w *writer) byCode(kind grant.Kind, splits []grant.Split, otherwise string, form ...*regexp.Regexp) []coded {
	var parts []coded
	add := func(code string, p grant.Percent) {
		for i := range parts {
			if parts[i].code == code {
				parts[i].percent += p
				return
			}
		}
		parts = append(parts, coded{code, p})
	}
	for _, s := range splits {
		add(w.codeOf(grant.Key{Kind: kind, ID: s.ID}, otherwise, form), s.Percent)
	}
	if len(splits) == 0 {
		add(otherwise, grant.Whole)
	}
	return parts
}

func (w *writer) codeOf(key grant.Key, otherwise string, form []*regexp.Regexp) string {
	const maxDepth = 100 // no circle is recorded
	for range maxDepth {
		t, ok := w.names.Get(key).(*grant.Term)
		if !ok {
			break
		}
		for _, c := range t.Codes {
			for _, f := range form {
				if f.MatchString(c) {
					return c
				}
			}
		}
		key.ID = t.Parent
	}
	return otherwise
}

// recipients writes the countries and then the regions. Together they are 100 %.
func (w *writer) recipients(g *grant.Grant) {
	parts := w.byCode(grant.Locations, g.Locations, unspecifiedRegion, country, region)
	for _, p := range parts {
		if country.MatchString(p.code) {
			w.empty("recipient-country", "code", p.code, "percentage", p.percent.String())
		}
	}
	for _, p := range parts {
		if !country.MatchString(p.code) {
			w.empty("recipient-region", "code", p.code, "vocabulary", "1", "percentage", p.percent.String())
		}
	}
}

// sectors writes the themes: as DAC purposes, and as what they are called here. Each of the two is 100 %.
func (w *writer) sectors(g *grant.Grant) {
	for _, p := range w.byCode(grant.Themes, g.Themes, unspecifiedSector, purpose) {
		w.empty("sector", "vocabulary", "1", "code", p.code, "percentage", p.percent.String())
	}
	for _, s := range g.Themes {
		w.narrative("sector", w.name(grant.Themes, s.ID), "vocabulary", ownVocabulary, "vocabulary-uri", Namespace+"/themes", "code", s.ID, "percentage", s.Percent.String())
	}
}
