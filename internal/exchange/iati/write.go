package iati

import (
	"bufio"
	"cmp"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/period"
)

// Namespace is that of the element in which an activity has what IATI has no place for.
const Namespace = "https://github.com/allmep/tandem/iati"

// writer writes the activities of one file.
type writer struct {
	*markup
	names    *grant.Registry
	find     func(id string) (*grant.Grant, error)
	reporter string // the id of the organisation that reports all of them; "": each its first funder
	today    period.Day
	seed     maphash.Seed
	taken    map[uint64]bool // fingerprints of the identifiers in the file
	left     map[string]int  // elements of imported files that the schema does not take, by name
}

// Write writes activities of IATI 2.03, one for each grant. They are reported by the organisation with the id reporter or, where that is "", each by its first funder; a file for the
// registry of IATI has one reporter. What is not known to the day is written as its first day, or its last where it is an end. What has no place in an activity is in an element of
// our own at its end (see beyond); an amount that is not known is there only, and so is what a file had from which the grant was imported that the schema does not take: the note says
// how much. What such a file had is given back word for word; white space between elements, of which neither XML nor IATI says anything, may be another. Errors: Precondition if there
// is no grant, for the schema requires one; nothing has been written then.
func Write(out io.Writer, x exchange.Extract, reporter string) (note string, err error) {
	if x.Total == 0 {
		return "", fault.New(fault.Precondition, "a file of IATI holds at least one activity, and no grant matches")
	}
	at := time.UnixMicro(x.At).UTC()
	buffered := bufio.NewWriter(out)
	w := &writer{
		markup: &markup{Writer: buffered}, names: x.Registry, find: x.Find, reporter: reporter, today: period.Of(at.Year(), int(at.Month()), at.Day()),
		seed: maphash.MakeSeed(), taken: map[uint64]bool{}, left: map[string]int{},
	}
	w.put(`<?xml version="1.0" encoding="UTF-8"?>`, "\n")
	w.start("iati-activities", "version", "2.03", "generated-datetime", at.Format("2006-01-02T15:04:05Z"))
	for g, err := range x.Grants {
		if err != nil {
			return "", err
		}
		if err := w.activity(g); err != nil {
			return "", err
		}
	}
	w.end()
	return w.note(), buffered.Flush()
}

// note says what the schema did not take.
func (w *writer) note() string {
	var parts []string
	sum := 0
	for _, name := range slices.Sorted(maps.Keys(w.left)) {
		parts, sum = append(parts, fmt.Sprintf("%d of <%s>", w.left[name], name)), sum+w.left[name]
	}
	if sum == 0 {
		return ""
	}
	return fmt.Sprintf("%s of imported files %s no valid IATI, and stand%s in elements of Tandem only: %s.", fault.Number(sum, "element"), fault.Are(sum), map[bool]string{true: "s"}[sum == 1], strings.Join(parts, ", "))
}

// activity writes a grant. The order of the elements is that of the schema. What the file had that it was imported from is given back in its place.
func (w *writer) activity(g *grant.Grant) error {
	b, err := givenOf(g)
	if err != nil {
		return err
	}
	w.start("iati-activity", w.attributes(g, b)...)
	identifier, written := w.identify(g, b)
	w.part(b, "title", func() { w.narrative("title", g.Title) })
	w.part(b, "description", func() {
		about := g.Description
		if about == "" {
			about = g.Title // the schema requires one
		}
		w.narrative("description", about, "type", "1")
	})
	w.participants(g, b)
	w.part(b, "identifiers", func() {
		for _, id := range g.Identifiers {
			if id != identifier {
				w.empty("other-identifier", "ref", id, "type", "A9")
			}
		}
	})
	w.part(b, "status", func() { w.empty("activity-status", "code", code(uint8(g.Status))) })
	w.dates(g, b)
	w.back(b, afterDates...)
	w.part(b, "locations", func() { w.recipients(g) })
	w.back(b, afterCountries...)
	w.part(b, "themes", func() { w.sectors(g) })
	w.back(b, afterSectors...)
	w.part(b, "budgets", func() { w.budgets(g) })
	w.back(b, "capital-spend", "transaction")
	for i := range g.Transactions {
		t := &g.Transactions[i]
		w.part(b, "transactions/"+t.ID, func() { w.transaction(g, t) })
	}
	w.back(b, "document-link", "related-activity")
	linked, err := w.linked(g)
	if err != nil {
		return err
	}
	w.related(g, b, linked)
	w.back(b, afterTransactions...)
	w.others(b)
	places := map[string]string{} // of transactions: a reader numbers them for itself
	for i := range g.Transactions {
		places[ofTransaction+g.Transactions[i].ID] = ofTransaction + strconv.Itoa(i+1)
	}
	for i, k := range b.left {
		w.left[nameOf(k.Text)]++
		b.left[i].Part = cmp.Or(places[k.Part], k.Part)
	}
	rest, err := beyond(g, w.names, linked, written, b.left)
	if err != nil {
		return err
	}
	w.text("beyond", string(rest), "xmlns", Namespace)
	w.end()
	return nil
}

// nameOf is the name of the element that a text begins with.
func nameOf(text string) string {
	return text[1 : 1+strings.IndexAny(text[1:], space+"/>")]
}

// attributes are those of the activity: as they were imported, or ours.
func (w *writer) attributes(g *grant.Grant, b given) []string {
	if b.attributes != nil {
		return append(b.attributes, b.currency(g)...)
	}
	return []string{"xml:lang", "en", "last-updated-datetime", stamp(g.Updated)}
}

// currency is the attribute that an activity lacks where whoever imported it had to say in which currency its money is.
func (b *given) currency(g *grant.Grant) []string {
	if slices.Contains(b.attributes, "default-currency") {
		return nil
	}
	for _, part := range b.bare {
		for i := range g.Transactions {
			if t := &g.Transactions[i]; part == ofTransaction+t.ID {
				return []string{"default-currency", string(t.Amount.Currency)}
			}
		}
		if part == "budgets" && len(g.Budgets) > 0 {
			return []string{"default-currency", string(g.Budgets[0].Currency)}
		}
	}
	return nil
}

// identify writes by what the activity is known and who reports it, and returns the first, also as it is written. An activity that was imported keeps both, unless another is to
// report it.
func (w *writer) identify(g *grant.Grant, b given) (identifier, written string) {
	if b.key != "" && w.reporter == "" && len(b.pieces["reporting-org"]) == 1 {
		written = w.unique(b.key, g.ID)
		w.text("iati-identifier", written)
		w.back(b, "reporting-org")
		return b.key, written
	}
	reporter := w.reporterOf(g)
	identifier = w.identifierOf(g, w.reference(reporter))
	written = w.unique(identifier, g.ID)
	w.text("iati-identifier", written)
	w.report(g, reporter)
	return identifier, written
}

// reporterOf is the id of the organisation that reports a grant.
func (w *writer) reporterOf(g *grant.Grant) string {
	if w.reporter != "" {
		return w.reporter
	}
	return g.Funders[0].Organisation
}

// report writes who reports. One that does not take part in the grant is a secondary reporter, in IATI's words.
func (w *writer) report(g *grant.Grant, id string) {
	secondary := "1"
	for ref := range g.References() {
		if ref.Key == (grant.Key{Kind: grant.Organisations, ID: id}) && (ref.List == "funders" || ref.List == "recipients" || ref.List == "partners") {
			secondary = ""
		}
	}
	w.narrative("reporting-org", w.name(grant.Organisations, id), "ref", w.reference(id), "type", w.typeOf(id), "secondary-reporter", secondary)
}

// typeOf is the OrganisationType of one who reports, as far as its donor state tells: 10 government, 40 multilateral, 90 other.
func (w *writer) typeOf(id string) string {
	switch w.names.DonorState(id) {
	case "", grant.Private:
		return "90"
	case "EU", "UN":
		return "40"
	}
	return "10"
}

// inRegister matches an identifier as IATI takes it: it begins with a register, or with the country of a government.
var inRegister = regexp.MustCompile(`^[A-Z]{2,3}-[A-Za-z0-9][^/&|?\s]*$`)

// registration is the identifier of an organisation in a register, "" if none is known.
func (w *writer) registration(id string) string {
	if o := w.names.Organisation(id); o != nil {
		for _, n := range o.Identifiers {
			if inRegister.MatchString(n) {
				return n
			}
		}
	}
	return ""
}

// unregistered begins the identifiers of organisations that are in no register.
const unregistered = "XX-TANDEM-"

// reference is the identifier of an organisation where IATI requires one. One that is in no register has an identifier under XX, a code that ISO 3166 leaves to its users.
func (w *writer) reference(id string) string {
	if n := w.registration(id); n != "" {
		return n
	}
	return unregistered + id
}

// identifierOf is what an activity is called: the identifier of the grant that begins with that of the reporter, as the standard has it, or else one made of both.
func (w *writer) identifierOf(g *grant.Grant, reporter string) string {
	for _, id := range g.Identifiers {
		if strings.HasPrefix(id, reporter+"-") && inRegister.MatchString(id) {
			return id
		}
	}
	return reporter + "-TANDEM-" + g.ID
}

// unique is the identifier, or one with the grant's own id behind it if another activity of the file has it already.
func (w *writer) unique(identifier, id string) string {
	print := maphash.String(w.seed, identifier)
	if w.taken[print] {
		return identifier + "-" + id
	}
	w.taken[print] = true
	return identifier
}

func (w *writer) name(kind grant.Kind, id string) string {
	return w.names.Label(grant.Key{Kind: kind, ID: id})
}

// The OrganisationRole codes.
const (
	funding      = "1"
	accountable  = "2"
	extending    = "3"
	implementing = "4"
)

// participants writes who takes part. A recipient implements, in IATI's words.
func (w *writer) participants(g *grant.Grant, b given) {
	put := func(id, role string) {
		w.narrative("participating-org", w.name(grant.Organisations, id), "ref", w.registration(id), "role", role)
	}
	w.part(b, "funders", func() {
		for _, p := range g.Funders {
			put(p.Organisation, funding)
		}
	})
	w.part(b, "partners", func() {
		for _, p := range g.Partners {
			if p.Role != grant.Implementing {
				put(p.Organisation, map[grant.PartnerRole]string{grant.Accountable: accountable, grant.Extending: extending}[p.Role])
			}
		}
	})
	w.part(b, "recipients", func() {
		for _, p := range g.Recipients {
			put(p.Organisation, implementing)
		}
		for _, p := range g.Partners { // after the recipients, by which they are known again
			if p.Role == grant.Implementing {
				put(p.Organisation, implementing)
			}
		}
	})
	w.back(b, "participating-org")
}

// dates writes when the grant runs. Those that have come are actual dates (2, 4), others planned ones (1, 3). The schema requires one: where no start is known it is the first day that
// is, and says so.
func (w *writer) dates(g *grant.Grant, b given) {
	w.part(b, "start", func() {
		kind := "1"
		switch {
		case !g.Start.IsZero():
			if g.Status != grant.Pipeline && g.Start.First <= w.today {
				kind = "2"
			}
			w.empty("activity-date", "type", kind, "iso-date", g.Start.First.String())
		case b.parts["end"] == "" && !b.has("activity-date"):
			w.narrative("activity-date", "The start is not known. This is the first date that is.", "type", kind, "iso-date", w.firstKnown(g).String())
		}
	})
	w.part(b, "end", func() {
		if g.End.IsZero() {
			return
		}
		kind := "3"
		if g.Status == grant.Closed && g.End.Last() <= w.today {
			kind = "4"
		}
		w.empty("activity-date", "type", kind, "iso-date", g.End.Last().String())
	})
	w.back(b, "activity-date")
}

// firstKnown is the first day on which something of a grant is known to be: when it begins, else its earliest transaction, else the last of its days, else when it was recorded.
func (w *writer) firstKnown(g *grant.Grant) period.Day {
	if span, ok := g.Span(); ok {
		return span.First
	}
	var first period.Date
	for i := range g.Transactions {
		if d := g.Transactions[i].Date; !d.IsZero() && (first.IsZero() || d.First < first.First) {
			first = d
		}
	}
	switch {
	case !first.IsZero() && (g.End.IsZero() || first.First <= g.End.Last()):
		return first.First
	case !g.End.IsZero():
		return g.End.First
	case g.Created != 0:
		at := time.UnixMicro(g.Created).UTC()
		return period.Of(at.Year(), int(at.Month()), at.Day())
	}
	return w.today
}

// linked are the identifiers of the grants to which a grant has links, by their ids.
func (w *writer) linked(g *grant.Grant) (map[string]string, error) {
	ids := map[string]string{}
	for _, l := range g.Links {
		other, err := w.find(l.Target)
		if err != nil {
			return nil, err
		}
		if other == nil {
			continue
		}
		ids[l.Target] = w.identifierOf(other, w.reference(w.reporterOf(other)))
		if before, err := givenOf(other); err == nil && before.key != "" && w.reporter == "" {
			ids[l.Target] = before.key
		}
	}
	return ids, nil
}

// related writes the links for which IATI has a word.
func (w *writer) related(g *grant.Grant, b given, linked map[string]string) {
	for _, l := range g.Links {
		kind, ref := map[grant.LinkType]string{grant.SubGrantOf: "1", grant.CoFundedWith: "4"}[l.Type], linked[l.Target]
		if kind != "" && ref != "" && !b.mentions("related-activity", ref) {
			w.empty("related-activity", "ref", ref, "type", kind)
		}
	}
}

// stamp is an instant as XML has it, "" for never.
func stamp(micros int64) string {
	if micros == 0 {
		return ""
	}
	return time.UnixMicro(micros).UTC().Format("2006-01-02T15:04:05Z")
}

func code(n uint8) string { return string('0' + rune(n)) }
