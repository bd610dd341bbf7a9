package iati

import (
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/codelist"
	"github.com/allmep/tandem/internal/grant"
)

// registered tells whether an identifier of an organisation has the prefix of a register, as GB-CHC-202918 has. Others are the publisher's own: a 13 of one is not that of
// another.
func registered(ref string) bool {
	n := 0
	for n < len(ref) && ref[n] >= 'A' && ref[n] <= 'Z' {
		n++
	}
	if n < 2 || n > 3 || len(ref) < n+2 || ref[n] != '-' || len(ref) > maxName || strings.IndexByte(ref, ' ') >= 0 {
		return false
	}
	c := ref[n+1]
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
}

// party returns the reference to the organisation of an element, "" if the element names none. It is known by its identifier in a register or, if it has none, by its name.
func (a *activity) party(e *element) string {
	ref, name := oneLine(e.attr("ref")), a.cut(e, e.name, a.line(e), maxName)
	var i int
	var there bool
	switch {
	case registered(ref):
		if i, there = a.byRef[ref]; !there {
			i = len(a.Parties)
			a.byRef[ref] = i
			a.Parties = append(a.Parties, exchange.Party{Identifiers: []string{strings.Clone(ref)}}) // it is remembered for longer than the text that it stands in
		}
	case name == "":
		return ""
	default:
		if i, there = a.byName[name]; there { // as it is written
			break
		}
		folded := strings.ToLower(name)
		if i, there = a.byName[folded]; !there {
			i = len(a.Parties)
			a.byName[folded] = i
			a.Parties = append(a.Parties, exchange.Party{})
		}
		a.byName[name] = i
	}
	p := &a.Parties[i]
	if p.Name == "" {
		p.Name = strings.Clone(name)
	}
	if p.Type == "" {
		p.Type = e.attr("type")
	}
	return exchange.Ref(i)
}

// takePart reads the participating organisations.
func (a *activity) takePart() {
	seen := map[[2]string]bool{} // in a role
	for e := range a.e.all("participating-org") {
		role, part := e.attr("role"), ""
		switch role {
		case "1":
			part = "funders"
		case "2", "3":
			part = "partners"
		case "4":
			part = "recipients"
		}
		a.keep(part, e)
		if part == "" {
			a.tell(e, exchange.LeftOut, "participating-org/@role", "found %q; accepted are 1 to 4", short(role))
			continue
		}
		ref := a.party(e)
		if ref == "" {
			a.tell(e, exchange.LeftOut, "participating-org", "has neither a name nor an identifier in a register (found the ref %q); nobody can tell who it is", short(e.attr("ref")))
			continue
		}
		if seen[[2]string{role, ref}] {
			continue
		}
		seen[[2]string{role, ref}] = true
		switch role {
		case "1":
			a.fund(ref, e.attr("ref"))
		case "2":
			a.g.Partners = append(a.g.Partners, grant.Partner{Organisation: ref, Role: grant.Accountable})
		case "3":
			a.g.Partners = append(a.g.Partners, grant.Partner{Organisation: ref, Role: grant.Extending})
		case "4":
			a.g.Recipients = append(a.g.Recipients, grant.Participation{Organisation: ref})
		}
	}
	if len(a.g.Funders) == 0 && a.Reporter != "" {
		a.fund(a.Reporter, a.reporter.attr("ref"))
		a.tell(a.reporter, exchange.Repaired, "participating-org", "there is no funding organisation (role 1); the reporting organisation stands for it")
	}
}

// fund makes a party a funder. ref is what the file calls it by.
func (a *activity) fund(party, ref string) {
	a.g.Funders = append(a.g.Funders, grant.Participation{Organisation: party})
	p := a.partyOf(party)
	if p.State == "" {
		p.State = stateOf(ref, p.Type)
	}
	if p.State == "" && p.Type == "10" && len(p.Name) > len("NL") { // a government that is called as its country
		p.State = grant.FindState(strings.TrimPrefix(p.Name, "The "))
	}
	if p.State != "" || a.reporter == nil || p.Type != "" && p.Type != "10" {
		return
	}
	// A ministry goes by a number of its government's own.
	if kind := a.reporter.attr("type"); kind == "" || kind == "10" || kind == "15" {
		if state := stateOf(a.reporter.attr("ref"), kind); state != grant.Private {
			p.State = state
		}
	}
}

func (a *activity) partyOf(ref string) *exchange.Party {
	i, _ := exchange.Index(ref)
	return &a.Parties[i]
}

// private are the types of organisations that no state stands behind.
var private = map[string]bool{"21": true, "22": true, "23": true, "24": true, "60": true, "70": true, "71": true, "72": true, "73": true, "80": true}

// stateOf tells the donor state of an organisation by its identifier and its IATI type, "" if they do not.
func stateOf(ref, kind string) string {
	country, rest, _ := strings.Cut(ref, "-")
	if oecd, is := strings.CutPrefix(ref, "XM-DAC-"); is {
		country, rest = "", oecd
	}
	entry, known := codelist.Country.Find(country)
	number, _, _ := strings.Cut(rest, "-")
	switch {
	case country == "EU" || strings.HasPrefix(ref, "XI-IATI-EC"):
		return "EU"
	case country == "" && codelist.DonorState(number) != "":
		return codelist.DonorState(number)
	case len(ref) == len("41122") && codelist.DonorState(ref) != "": // a channel of aid, without its prefix
		return codelist.DonorState(ref)
	case known && (number == "GOV" || isDigits(number)): // GB-GOV-1, and GB-1 as they were before
		return entry.Code
	case known && (kind == "10" || kind == "11" || kind == "15" || rest == "" && !private[kind]): // NL alone is the country itself
		return entry.Code
	case private[kind]:
		return grant.Private
	case known && kind == "" && rest != "": // of a register of companies or charities
		return grant.Private
	}
	return ""
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
