package ledger

import (
	"fmt"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/search"
)

// matcher finds the organisations and terms that drafts name among the recorded ones, and makes those that are missing.
type matcher struct {
	base       *grant.Registry
	numbers    map[string]string // identifier -> id of an organisation that the import gave it to
	parties    map[party]string  // as drafts name them, again and again -> id of an organisation
	named      map[term]string   // as drafts name them without a code -> id
	names      map[string]string // of organisations, normalised, and with their state -> id
	codes      map[string]string // kind and code of terms -> id
	terms      map[string]string // kind and normalised name of terms -> id
	programmes map[string]string // normalised name -> id, "" if several are called so
	records    map[grant.Key]grant.Entity
	order      []grant.Key // of records
	kept       []grant.Key // since fresh was asked
	undo       []func()
	touched    []grant.Entity // those of the records that the draft made or completed
}

// party is what a draft tells of an organisation. What is found by it once, and completed by it, is found by it again.
type party struct{ name, state, identifiers string }

// term is what a draft tells of a term without a code.
type term struct {
	of   grant.Kind
	name string
}

func newMatcher(reg *grant.Registry) *matcher {
	m := &matcher{base: reg, numbers: map[string]string{}, parties: map[party]string{}, named: map[term]string{}, names: map[string]string{}, codes: map[string]string{}, terms: map[string]string{}, programmes: map[string]string{}, records: map[grant.Key]grant.Entity{}}
	first := func(to map[string]string, key, id string) {
		if _, taken := to[key]; !taken && key != "" {
			to[key] = id
		}
	}
	organisations := reg.All(grant.Organisations)
	for _, own := range []bool{true, false} { // a name goes before an alias
		for _, e := range organisations {
			o := e.(*grant.Organisation)
			if o.Deleted != 0 {
				continue
			}
			names := o.Aliases
			if own {
				names = []string{o.DisplayName}
			}
			for _, name := range names {
				key := nameKey(name)
				first(m.names, key, o.ID)
				first(m.names, ofState(key, o.State), o.ID)
			}
		}
	}
	for _, e := range reg.All(grant.Programmes) {
		p := e.(*grant.Programme)
		if p.Deleted != 0 {
			continue
		}
		name := nameKey(p.DisplayName)
		if _, twice := m.programmes[name]; twice {
			m.programmes[name] = ""
		} else {
			m.programmes[name] = p.ID
		}
	}
	for _, kind := range []grant.Kind{grant.Themes, grant.Locations, grant.Populations} {
		for _, e := range reg.All(kind) {
			t := e.(*grant.Term)
			if t.Deleted != 0 {
				continue
			}
			for _, code := range t.Codes {
				first(m.codes, string(kind)+"/"+code, t.ID)
			}
			first(m.terms, string(kind)+"/"+nameKey(t.DisplayName), t.ID)
		}
	}
	return m
}

// nameKey is how names are compared: without case, accents and punctuation.
func nameKey(name string) string { return strings.Join(search.Words(name), " ") }

// ofState is the key of a name with a donor state, "" without one.
func ofState(name, state string) string {
	if name == "" || state == "" {
		return ""
	}
	return name + "\n" + state
}

// begin begins a draft; giveUp takes back what was made for it.
func (m *matcher) begin() { m.undo, m.touched = m.undo[:0], nil }

func (m *matcher) giveUp() {
	for _, undo := range slices.Backward(m.undo) {
		undo()
	}
	m.begin()
}

// giveUpBut takes back what was made for the draft, but for what is needed.
func (m *matcher) giveUpBut(needed func(grant.Key) bool) {
	made := m.touched
	m.giveUp()
	for _, e := range made {
		if needed(e.Key()) {
			m.adopt(e)
		}
	}
}

// adopt makes a record one of those of the import, which is found by all that it goes by.
func (m *matcher) adopt(e grant.Entity) {
	switch e := e.(type) {
	case *grant.Organisation:
		for _, n := range e.Identifiers {
			remember(m, m.numbers, n, e.ID)
		}
		m.rememberName(nameKey(e.DisplayName), e.State, e.ID)
	case *grant.Term:
		for _, code := range e.Codes {
			remember(m, m.codes, string(e.Of)+"/"+code, e.ID)
		}
		remember(m, m.terms, string(e.Of)+"/"+nameKey(e.DisplayName), e.ID)
	}
	m.keep(e)
}

func (m *matcher) rememberName(key, state, id string) {
	remember(m, m.names, key, id)
	remember(m, m.names, ofState(key, state), id)
}

// remember remembers what has an id for as long as the draft is not given up.
func remember[K comparable](m *matcher, to map[K]string, key K, id string) {
	var none K
	if _, taken := to[key]; taken || key == none {
		return
	}
	to[key] = id
	m.undo = append(m.undo, func() { delete(to, key) })
}

// keep makes a record, new or changed, one of those of the import.
func (m *matcher) keep(e grant.Entity) {
	key := e.Key()
	old, there := m.records[key]
	m.records[key] = e
	m.kept = append(m.kept, key)
	m.touched = append(m.touched, e)
	if !there {
		m.order = append(m.order, key)
	}
	m.undo = append(m.undo, func() {
		if there {
			m.records[key] = old
			return
		}
		delete(m.records, key)
		m.order = m.order[:len(m.order)-1]
	})
}

// changed returns the records of the import, in the order in which they came up.
func (m *matcher) changed() []grant.Entity {
	all := make([]grant.Entity, len(m.order))
	for i, key := range m.order {
		all[i] = m.records[key]
	}
	return all
}

// fresh returns the records of the import that are new or changed since it was asked last.
func (m *matcher) fresh() []grant.Entity {
	var all []grant.Entity
	for _, key := range m.kept {
		if e := m.records[key]; e != nil { // it was not given up
			all = append(all, e)
		}
	}
	m.kept = m.kept[:0]
	return all
}

// resolve returns the grant of a draft with ids in the place of its references, and the id of who reports it. own tells that the draft was written from a record of this ledger, so that
// the ids in it are those of this one. Errors: Invalid with the field if an organisation or a term has to be made and cannot be.
func (m *matcher) resolve(from *exchange.Draft, own bool) (g *grant.Grant, reporter string, err error) {
	var v fault.List
	ids, known := make([]string, len(from.Parties)), make([]bool, len(from.Parties))
	organisation := func(ref string) string {
		i, ok := exchange.Index(ref)
		if !ok {
			return ref
		}
		if !known[i] {
			id := from.Parties[i].ID
			if !own || m.base.Organisation(id) == nil {
				id, err = m.organisation(&from.Parties[i])
				v.Merge("organisation", err)
			}
			ids[i], known[i] = id, true
		}
		return ids[i]
	}
	term := func(ref string) string {
		i, ok := exchange.Index(ref)
		if !ok {
			return ref
		}
		t := &from.Terms[i]
		if own && m.base.Get(grant.Key{Kind: t.Of, ID: t.ID}) != nil {
			return t.ID
		}
		id, err := m.term(t)
		v.Merge(string(t.Of), err)
		return id
	}
	g = renamed(from.Grant, organisation, term)
	return g, organisation(from.Reporter), v.Err()
}

// organisation returns the id of the organisation that a party is.
func (m *matcher) organisation(p *exchange.Party) (string, error) {
	said := party{p.Name, p.State, strings.Join(p.Identifiers, "\n")}
	if id, known := m.parties[said]; known {
		return id, nil
	}
	p = ownParty(p)
	key := nameKey(p.Name)
	o := m.find(p, key)
	if o == nil {
		name := p.Name
		if name == "" {
			name = p.Identifiers[0]
		}
		o = &grant.Organisation{ID: m.newID(grant.Organisations, name), DisplayName: name, Identifiers: p.Identifiers, State: p.State}
		if err := o.Validate(); err != nil {
			return "", err
		}
		m.keep(o)
	} else if completed := m.completed(o, p); completed != nil {
		m.keep(completed)
	}
	for _, n := range p.Identifiers {
		remember(m, m.numbers, n, o.ID)
	}
	m.rememberName(key, p.State, o.ID)
	remember(m, m.parties, party{p.Name, p.State, strings.Join(p.Identifiers, "\n")}, o.ID)
	return o.ID, nil
}

// ownParty is a copy of a party that does not keep in memory what the file is cut from.
func ownParty(p *exchange.Party) *exchange.Party {
	own := exchange.Party{Name: strings.Clone(p.Name), State: strings.Clone(p.State)}
	for _, n := range p.Identifiers {
		own.Identifiers = append(own.Identifiers, strings.Clone(n))
	}
	return &own
}

// find returns the organisation that a party is, by its identifiers or the key of its name, nil if it is not known. A name is not enough where the two are of different states: every country has
// a ministry of health.
func (m *matcher) find(p *exchange.Party, name string) *grant.Organisation {
	for _, n := range p.Identifiers {
		if id, ok := m.numbers[n]; ok {
			return m.get(id)
		}
		if o := m.base.Identified(n); o != nil && o.Deleted == 0 {
			return m.get(o.ID)
		}
	}
	if id, ok := m.names[ofState(name, p.State)]; ok {
		return m.get(m.base.Survivor(id))
	}
	if id, ok := m.names[name]; ok {
		o := m.get(m.base.Survivor(id))
		if o != nil && (p.State == "" || o.State == "" || p.State == o.State) {
			return o
		}
	}
	return nil
}

func (m *matcher) get(id string) *grant.Organisation {
	key := grant.Key{Kind: grant.Organisations, ID: id}
	if e, ok := m.records[key]; ok {
		return e.(*grant.Organisation)
	}
	return m.base.Organisation(id)
}

// completed returns the organisation with what the party tells and the record lacks: an identifier in a register, and the donor state of a funder. It is nil if it
// lacks nothing.
func (m *matcher) completed(o *grant.Organisation, p *exchange.Party) *grant.Organisation {
	missing := slices.DeleteFunc(slices.Clone(p.Identifiers), func(n string) bool {
		_, ours := m.numbers[n]
		return ours || m.base.Identified(n) != nil
	})
	state := o.State
	if p.State != "" && m.donorState(o.ID) == "" {
		state = p.State
	}
	if len(missing) == 0 && state == o.State {
		return nil
	}
	next := *o
	next.Identifiers, next.State = slices.Concat(o.Identifiers, missing), state
	if next.Validate() != nil {
		return nil
	}
	return &next
}

// donorState is Registry.DonorState with the records of the import.
func (m *matcher) donorState(id string) string {
	if o, ok := m.records[grant.Key{Kind: grant.Organisations, ID: id}].(*grant.Organisation); ok && o.State != "" {
		return o.State
	}
	return m.base.DonorState(id)
}

// checkFunders refuses funders without a donor state in the words of a file.
func (m *matcher) checkFunders(v *fault.List, g *grant.Grant) {
	for i, f := range g.Funders {
		if m.donorState(f.Organisation) == "" {
			o, do := m.get(f.Organisation), "record it first, under this name, with its state"
			if m.base.Organisation(o.ID) != nil {
				do = fmt.Sprintf("give %s its state", o.Key())
			}
			v.Add(fmt.Sprintf("funders[%d]", i), "nobody knows the donor state of %q, and neither its identifiers nor the reporting organisation tell; %s: the code of a country, EU, UN or PRIVATE", o.DisplayName, do)
		}
	}
}

// term returns the id of a programme by its name, "" if there is none or several; or that of a theme, location or population: the one with the code, else with the broader code, else of the name.
func (m *matcher) term(t *exchange.Term) (string, error) {
	if t.Code != "" {
		return m.findTerm(t)
	}
	if id, known := m.named[term{t.Of, t.Name}]; known {
		return id, nil
	}
	own := exchange.Term{Of: t.Of, Name: strings.Clone(t.Name)}
	id, err := m.findTerm(&own)
	if err == nil {
		remember(m, m.named, term{own.Of, own.Name}, id)
	}
	return id, err
}

func (m *matcher) findTerm(t *exchange.Term) (string, error) {
	if t.Of == grant.Programmes {
		return m.programmes[nameKey(t.Name)], nil
	}
	for _, of := range []*exchange.Term{t, t.Broader} {
		if of == nil || of.Code == "" {
			continue
		}
		if id, ok := m.codes[string(of.Of)+"/"+of.Code]; ok {
			return id, nil
		}
	}
	if t.Broader != nil && t.Broader.Code != "" {
		t = t.Broader
	}
	name := t.Name
	if name == "" {
		name = t.Code
	}
	byName := string(t.Of) + "/" + nameKey(name)
	if id, ok := m.terms[byName]; ok {
		if t.Code != "" { // where the file has the code without the name, it means the same
			remember(m, m.codes, string(t.Of)+"/"+t.Code, id)
		}
		return id, nil
	}
	made := &grant.Term{Of: t.Of, ID: m.newID(t.Of, name), DisplayName: name}
	if t.Code != "" {
		made.Codes = []string{t.Code}
	}
	if err := made.Validate(); err != nil {
		return "", err
	}
	m.adopt(made)
	return made.ID, nil
}

// newID makes an id of a name: its words with hyphens, as many as fit, with a number behind them where the id is taken.
func (m *matcher) newID(kind grant.Kind, name string) string {
	const most = 50
	var b strings.Builder
	for _, word := range search.Words(name) {
		plain := strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, word)
		if plain == "" || b.Len()+1+len(plain) > most {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('-')
		}
		b.WriteString(plain)
	}
	id := b.String()
	if id == "" { // a name in another script
		id = strings.TrimSuffix(string(kind), "s") + "-1"
	}
	taken := func(id string) bool {
		key := grant.Key{Kind: kind, ID: id}
		return m.records[key] != nil || m.base.Get(key) != nil || id == grant.Unspecified || id == grant.Undated
	}
	next := id
	for n := 2; taken(next); n++ {
		next = fmt.Sprintf("%s-%d", id, n)
	}
	return next
}
