package iati

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

// own returns the element in which an activity that Tandem wrote has what IATI has no place for, nil if there is none.
func (a *activity) own() *element {
	if e := a.e.child("beyond"); e != nil && e.attr("xmlns") == Namespace {
		return e
	}
	return nil
}

// restore reads what an activity that Tandem wrote has in an element of its own. Organisations are those of the elements of IATI, and terms go by their names, so that another server
// understands them as well. Reports and links are taken with who said what and when; who has confirmed them elsewhere has not done so here, and is named in the note. What merges have
// left is not taken: who has it, keeps it.
func (a *activity) restore() {
	e := a.own()
	if e == nil {
		return
	}
	var rest struct {
		grant.Grant
		Names       map[string]string `json:"names"`
		DonorStates map[string]string `json:"donorStates"`
		Record      string            `json:"record"`
		Left        []grant.Kept      `json:"left"`
	}
	// What it does not say stays as the elements of IATI have it.
	rest.Title, rest.Description, rest.Visibility, rest.Start, rest.End = a.g.Title, a.g.Description, a.g.Visibility, a.g.Start, a.g.End
	if err := json.Unmarshal([]byte(e.text), &rest); err != nil {
		a.tell(e, exchange.LeftOut, "beyond", "cannot be read, and is left out: %v", err)
		return
	}
	g := &rest.Grant
	if a.Record = exchange.ParseRecord(rest.Record); a.Record != nil {
		plain := *a.g
		a.Record.Plain, a.Record.Again = &plain, again(a.file.file)
		a.g.Funders, a.g.Recipients, a.g.Partners = slices.Clone(plain.Funders), slices.Clone(plain.Recipients), slices.Clone(plain.Partners)
	}
	a.orderIdentifiers(g.Identifiers)
	a.g.Title, a.g.Description, a.g.Visibility, a.g.Shadow, a.g.StatusDate, a.g.Start, a.g.End = g.Title, g.Description, g.Visibility, g.Shadow, g.StatusDate, g.Start, g.End
	a.g.DurationMonths, a.g.Note, a.g.Sources = g.DurationMonths, g.Note, g.Sources
	if len(g.Budgets) > 0 {
		a.g.Budgets = g.Budgets
	}
	a.share(a.g.Funders, g.Funders)
	a.g.Themes = a.named(grant.Themes, g.Themes, rest.Names)
	a.g.Locations = a.named(grant.Locations, g.Locations, rest.Names)
	a.g.Populations = a.named(grant.Populations, g.Populations, rest.Names)
	a.restorePartners(g.Partners)
	if len(g.Recipients) == 0 {
		a.g.Recipients = nil // whoever receives a transaction is none by that
	}
	a.share(a.g.Recipients, g.Recipients)
	if len(g.Transactions) > 0 {
		a.restoreTransactions(g.Transactions, rest.Names, rest.Left)
	}
	if g.Programme != "" {
		a.g.Programme = exchange.Ref(len(a.Terms))
		a.Terms = append(a.Terms, exchange.Term{ID: g.Programme, Of: grant.Programmes, Name: rest.Names[grant.Key{Kind: grant.Programmes, ID: g.Programme}.String()]})
	}
	a.restoreReports(e, g.Reports, rest.Names)
	a.restoreLinks(e, g.Links, rest.Names)
	a.organisations(rest.Names, rest.DonorStates)
	a.restoreLeft(e, rest.Left)
}

// restoreLeft keeps what the schema did not take of an earlier file, word for word as that had it.
func (a *activity) restoreLeft(at *element, left []grant.Kept) {
	var room trees
	for _, k := range left {
		e, n, err := room.tree(k.Text)
		switch {
		case err != nil || n == 0:
			a.tell(at, exchange.LeftOut, "beyond/left", "found %q, which is no element of XML; it is left out", short(k.Text))
		case !isPart(k.Part):
			a.tell(at, exchange.LeftOut, "beyond/left", "found an element of the part %q, of which none are kept; it is left out", short(k.Part))
		default:
			a.keep(k.Part, &element{raw: e.raw, gaps: slices.Clone(e.gaps)}) // the room is for the next one
		}
	}
}

// restoreReports takes the reports of others.
func (a *activity) restoreReports(e *element, reports []grant.Report, names map[string]string) {
	left, unsure := 0, 0
	for _, r := range reports {
		who := r.Organisation
		r.Organisation, r.Recipients = a.partyNamed(who, names), slices.Clone(r.Recipients)
		for i, id := range r.Recipients {
			r.Recipients[i] = a.partyNamed(id, names)
		}
		if r.Kind == grant.RecordHeld || who != "" && r.Organisation == "" || slices.Contains(r.Recipients, "") {
			left++
			continue
		}
		if r.ConfirmedBy != "" {
			unsure++
		}
		r.Note = a.cut(e, "beyond", strings.TrimSpace(r.Note+"\n"+elsewhere("Recorded", r.By, r.At)+elsewhere("Confirmed", r.ConfirmedBy, r.Confirmed)), maxDescription)
		r.By, r.At, r.ConfirmedBy, r.Confirmed, r.Origin, r.Of = "", 0, "", 0, "", ""
		a.g.Reports = append(a.g.Reports, r)
	}
	if left > 0 {
		a.tell(e, exchange.LeftOut, "beyond/reports", "%s %s left out: what a merged record held, or what one said whom the file does not name", fault.Number(left, "report"), fault.Are(left))
	}
	if unsure > 0 {
		a.tell(e, exchange.Noted, "beyond/reports", "%s had been confirmed where the file was written, which the notes say; nobody here has done so", fault.Number(unsure, "report"))
	}
}

// restoreLinks takes the links to grants of which the file has the identifiers.
func (a *activity) restoreLinks(e *element, links []grant.Link, names map[string]string) {
	a.linked = map[string]bool{}
	for _, l := range links {
		key := names[grant.Key{Kind: grant.Grants, ID: l.Target}.String()]
		if key == "" || l.Type.String() == "" {
			a.tell(e, exchange.LeftOut, "beyond/links", "the link %s is left out: the file does not name the grant that it leads to", l.Type)
			continue
		}
		a.linked[key] = true
		a.Related = append(a.Related, exchange.Relation{
			Type: l.Type, Key: key, Grant: l.Target, Reason: a.cut(e, "beyond/links", strings.TrimSpace(l.Reason+" "+elsewhere("Linked", l.By, l.At)), maxLine),
			Place: a.placeOf(e), Field: "beyond/links",
		})
	}
}

// elsewhere says who did something in another record, and when.
func elsewhere(did, by string, at int64) string {
	if by == "" {
		return ""
	}
	return fmt.Sprintf("%s elsewhere by %s on %s. ", did, by, time.UnixMicro(at).UTC().Format(time.DateOnly))
}

// again tells a state of a record as a file would have told it.
func again(file string) func(*grant.Grant, *grant.Registry) (*exchange.Draft, error) {
	return func(g *grant.Grant, names *grant.Registry) (*exchange.Draft, error) {
		var told bytes.Buffer
		one := exchange.Extract{Registry: names, Total: 1, Find: func(string) (*grant.Grant, error) { return nil, nil }}
		one.Grants = func(yield func(*grant.Grant, error) bool) { yield(g, nil) }
		if _, err := Write(&told, one, ""); err != nil {
			return nil, err
		}
		return NewReader(&told, file, "").Read()
	}
}

// orderIdentifiers puts the identifiers into the order of the record, if they are its; that of the activity, where the record has it not, comes first.
func (a *activity) orderIdentifiers(record []string) {
	ordered := record
	if !slices.Contains(record, a.Key) {
		ordered = append([]string{a.Key}, record...)
	}
	if slices.Equal(slices.Sorted(slices.Values(ordered)), slices.Sorted(slices.Values(a.g.Identifiers))) {
		a.g.Identifiers = slices.Clone(ordered)
	}
}

// organisations tells which organisations of the record the parties are: those that the file calls by their names there, or that are in no register and go by their ids. The donor states
// of some are known.
func (a *activity) organisations(names, states map[string]string) {
	ids := map[string]string{} // by name; "" if several have it
	for key, name := range names {
		if id, is := strings.CutPrefix(key, string(grant.Organisations)+"/"); is {
			if _, twice := ids[name]; twice {
				id = ""
			}
			ids[name] = id
		}
	}
	for i := range a.Parties {
		p := &a.Parties[i]
		p.ID = ids[p.Name]
		if len(p.Identifiers) > 0 && strings.HasPrefix(p.Identifiers[0], unregistered) {
			p.ID = strings.TrimPrefix(p.Identifiers[0], unregistered)
		}
		if state := states[p.ID]; state != "" {
			p.State = state
		}
	}
}

// share gives participations, in their order, the shares that the elements have no place for.
func (a *activity) share(to, from []grant.Participation) {
	if len(to) != len(from) {
		return // one of them is not told of
	}
	for i := range to {
		to[i].Share = from[i].Share
	}
}

// restorePartners makes partners of those among the recipients that implement without getting the money.
func (a *activity) restorePartners(partners []grant.Partner) {
	n := 0
	for _, p := range partners {
		if p.Role == grant.Implementing {
			n++
		}
	}
	if n == 0 || n > len(a.g.Recipients) {
		return
	}
	last := len(a.g.Recipients) - n // they are written after the recipients
	for _, p := range a.g.Recipients[last:] {
		a.g.Partners = append(a.g.Partners, grant.Partner{Organisation: p.Organisation, Role: grant.Implementing})
	}
	a.g.Recipients = a.g.Recipients[:last]
	byRole := map[grant.PartnerRole][]grant.Partner{}
	for _, p := range a.g.Partners {
		byRole[p.Role] = append(byRole[p.Role], p)
	}
	var ordered []grant.Partner // as in the record
	for _, p := range partners {
		if same := byRole[p.Role]; len(same) > 0 {
			ordered, byRole[p.Role] = append(ordered, same[0]), same[1:]
		}
	}
	if len(ordered) == len(a.g.Partners) {
		a.g.Partners = ordered
	}
}

// named makes references to terms of splits, by the names that the file has for their ids.
func (a *activity) named(kind grant.Kind, splits []grant.Split, names map[string]string) []grant.Split {
	var all []grant.Split
	for _, s := range splits {
		name := names[grant.Key{Kind: kind, ID: s.ID}.String()]
		if name == "" {
			name = s.ID
		}
		all = append(all, grant.Split{ID: exchange.Ref(len(a.Terms)), Percent: s.Percent})
		a.Terms = append(a.Terms, exchange.Term{ID: s.ID, Of: kind, Name: name})
	}
	return all
}

// restoreTransactions takes transactions in place of those of the elements, which have no place for all of them. Their organisations are those of their elements: those that have a figure
// have one each, in their order, for the refs may be those of an earlier file. Where somebody has added elements or taken some off, none is known to be whose.
// What stands for one that is left is not kept.
func (a *activity) restoreTransactions(all []grant.Transaction, names map[string]string, left []grant.Kept) {
	replaced := map[string]bool{}
	for _, k := range left {
		replaced[k.Part] = true
	}
	figures := 0
	for i := range all {
		if all[i].Amount.Qualifier != money.Unknown {
			figures++
		}
	}
	written := figures == len(a.money)
	a.kept = slices.DeleteFunc(a.kept, func(k kept) bool { return strings.HasPrefix(k.part, ofTransaction) })
	were := a.g.Transactions
	a.g.Transactions, a.g.Serial = nil, 0
	next := 0
	for _, t := range all {
		t.ID, t.Origin = a.g.NextID(), ""
		if written && t.Amount.Qualifier != money.Unknown {
			t.Provider, t.Receiver = were[next].Provider, were[next].Receiver
			if part := ofTransaction + t.ID; !replaced[part] {
				a.keep(part, a.money[next].e)
			}
			next++
		} else {
			t.Provider, t.Receiver = a.partyNamed(t.Provider, names), a.partyNamed(t.Receiver, names)
		}
		a.g.Transactions = append(a.g.Transactions, t)
	}
}

// partyNamed is the reference to an organisation of which the file has the name.
func (a *activity) partyNamed(id string, names map[string]string) string {
	name := names[grant.Key{Kind: grant.Organisations, ID: id}.String()]
	if name == "" {
		return ""
	}
	if a.called == nil {
		a.called = map[string]int{}
		for i, p := range slices.Backward(a.Parties) { // the first that has a name
			a.called[p.Name] = i
		}
	}
	i, there := a.called[name]
	if !there {
		i = len(a.Parties)
		a.called[name] = i
		a.Parties = append(a.Parties, exchange.Party{Name: name})
	}
	return exchange.Ref(i)
}
