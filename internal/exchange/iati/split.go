package iati

import (
	"math/big"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/codelist"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
)

// portion is a part of an activity, or of a transaction, that an element gives to a term. A nil percent is not said.
type portion struct {
	e       *element
	term    string
	percent *big.Rat
}

// sectors returns the portions of the sectors of an activity or a transaction. Each vocabulary divides the whole once more: the OECD's purposes are taken and, where
// there are none, its categories, else the first that there is.
func (a *activity) sectors(of *element) []portion {
	vocabulary := func(e *element) string {
		if v := e.attr("vocabulary"); v != "" {
			return v
		}
		return "1" // as the standard says
	}
	chosen, rank := "", 0
	for e := range of.all("sector") {
		v, r := vocabulary(e), 1
		if v == "1" && e.attr("code") != "" {
			r = 3
		} else if v == "2" && e.attr("code") != "" {
			r = 2
		}
		if r > rank {
			chosen, rank = v, r
		}
	}
	a.portions = a.portions[:0]
	for e := range of.all("sector") {
		if vocabulary(e) == chosen {
			a.portion(e, a.sector(e, chosen))
		}
	}
	return a.portions
}

func (a *activity) sector(e *element, vocabulary string) (ref string) {
	code, name := oneLine(e.attr("code")), a.cut(e, "sector", a.line(e), maxName)
	t := exchange.Term{Of: grant.Themes, Name: name}
	category := ""
	switch vocabulary {
	case "1":
		t.Code = code
		if entry, known := codelist.Sector.Find(code); known {
			t.Name, category = entry.Name, entry.Category
		} else {
			a.tell(e, exchange.Noted, "sector/@code", "found %q, which is not among the OECD's purpose codes; it is recorded as it is", short(code))
		}
	case "2":
		t.Code = code
		if entry, known := codelist.SectorCategory.Find(code); known {
			t.Name = entry.Name
		} else {
			a.tell(e, exchange.Noted, "sector/@code", "found %q, which is not among the OECD's categories; it is recorded as it is", short(code))
		}
	default: // a code of another vocabulary is another thing than the OECD's of the same number
		if t.Name == "" && code != "" {
			t.Name = "Sector " + code + " of vocabulary " + vocabulary
		}
	}
	return a.term(e, t, category)
}

// places returns the portions of the countries and regions of an activity or a transaction, which divide it together.
func (a *activity) places(of *element) []portion {
	a.portions = a.portions[:0]
	for c := of.first; c != nil; c = c.next {
		list := codelist.Country
		switch c.name {
		case "recipient-country":
		case "recipient-region":
			if v := c.attr("vocabulary"); v != "" && v != "1" {
				continue // it divides the whole once more
			}
			list = codelist.Region
		default:
			continue
		}
		code := oneLine(c.attr("code"))
		t := exchange.Term{Of: grant.Locations, Code: code, Name: a.cut(c, c.name, a.line(c), maxName)}
		if entry, known := list.Find(code); known {
			t.Name = entry.Name
		} else if code != "" {
			a.tell(c, exchange.Noted, c.name+"/@code", "found %q, which is not in the codelist %s; it is recorded as it is", short(code), list)
		}
		a.portion(c, a.term(c, t, ""))
	}
	return countriesFirst(a.portions)
}

// countriesFirst leaves the regions out where the countries make up the whole without them: many publishers name the region of a country beside it.
func countriesFirst(ps []portion) []portion {
	isRegion := func(p portion) bool { return p.e.name != "recipient-country" }
	said := func(p portion) bool { return p.percent != nil }
	if !slices.ContainsFunc(ps, isRegion) {
		return ps
	}
	countries, sum := 0, new(big.Rat)
	for _, p := range ps {
		if isRegion(p) {
			continue
		}
		countries++
		if said(p) {
			sum.Add(sum, p.percent)
		}
	}
	if countries > 0 && (!slices.ContainsFunc(ps, said) || sum.Cmp(hundred) == 0) {
		return slices.DeleteFunc(ps, isRegion)
	}
	return ps
}

var hundred = big.NewRat(100, 1) // nobody changes a weight: another takes its place

// portion adds a portion of a term, if there is one.
func (a *activity) portion(e *element, term string) {
	if term != "" {
		a.portions = append(a.portions, portion{e, term, a.percent(e)})
	}
}

// term returns the reference to a term, "" if nothing tells which it is. category is the code of that of a purpose.
func (a *activity) term(e *element, t exchange.Term, category string) string {
	if t.Code == "" && t.Name == "" {
		a.tell(e, exchange.LeftOut, e.name+"/@code", "is missing, and there is no name; it is left out")
		return ""
	}
	key := exchange.Term{Of: t.Of, Code: t.Code}
	if t.Code == "" {
		key.Name = strings.ToLower(t.Name)
	}
	i, there := a.terms[key]
	if !there {
		if c, known := codelist.SectorCategory.Find(category); known {
			t.Broader = &exchange.Term{Of: t.Of, Code: c.Code, Name: c.Name}
		}
		i = len(a.Terms)
		a.terms[key] = i
		t.Code, t.Name = strings.Clone(t.Code), strings.Clone(t.Name) // they are remembered for longer than the text that they stand in
		a.Terms = append(a.Terms, t)
	}
	return exchange.Ref(i)
}

func (a *activity) percent(e *element) *big.Rat {
	s := e.attr("percentage")
	if s == "" {
		return nil
	}
	if len(s) <= 20 && isNumber(s) {
		if p, ok := new(big.Rat).SetString(s); ok && p.Sign() >= 0 {
			return p
		}
	}
	a.tell(e, exchange.Repaired, e.name+"/@percentage", "found %q; accepted are 0 to 100; read as not said", short(s))
	return nil
}

// classify returns what the elements of an activity divide it into or, where there are none, what those of its transactions do.
func (a *activity) classify(part, field string, portions func(*activity, *element) []portion) []grant.Split {
	for c := a.e.first; c != nil; c = c.next {
		if c.name == field || field == "recipient-country" && c.name == "recipient-region" {
			a.keep(part, c)
		}
	}
	if ps := portions(a, a.e); len(ps) > 0 {
		return a.cutWhole(field, a.weigh(ps), ps[0].e)
	}
	return a.classifyMoney(field, portions)
}

// share is how much of a whole is a term's. Money that is all for the term is added up apart from weight: nearly all is, and fractions take their time.
type share struct {
	term   string
	weight *big.Rat // nil if there is none
	money  money.Sum
}

// division is how a whole is divided: a share of each term, in the order in which they came.
type division struct {
	shares []share
	places map[string]int // of these, by their terms
}

func (d *division) add(s share) {
	i, there := d.places[s.term]
	if !there {
		d.places[s.term] = len(d.shares)
		d.shares = append(d.shares, s)
		return
	}
	to := &d.shares[i]
	to.money.AddSum(s.money)
	if to.weight == nil {
		to.weight = s.weight
	} else if s.weight != nil {
		to.weight = new(big.Rat).Add(to.weight, s.weight)
	}
}

// weigh gives those whose percentage is not said the rest, in equal parts, and makes one of those of a term.
func (a *activity) weigh(ps []portion) []share {
	if len(ps) == 1 && ps[0].percent == nil {
		a.whole[0] = share{term: ps[0].term, weight: hundred}
		return a.whole[:]
	}
	rest, unsaid := new(big.Rat).Set(hundred), 0
	for _, p := range ps {
		if p.percent == nil {
			unsaid++
		} else {
			rest.Sub(rest, p.percent)
		}
	}
	if rest.Sign() < 0 {
		rest.SetInt64(0)
	}
	if unsaid > 1 {
		a.tell(ps[0].e, exchange.Repaired, ps[0].e.name+"/@percentage", "%d of %d are not said; they share the rest, %s, equally", unsaid, len(ps), rest.FloatString(2))
	}
	if unsaid > 0 {
		rest.Quo(rest, big.NewRat(int64(unsaid), 1))
	}
	all := division{places: map[string]int{}}
	for _, p := range ps {
		percent := p.percent
		if percent == nil {
			percent = rest
		}
		all.add(share{term: p.term, weight: percent})
	}
	return all.shares
}

// cutWhole makes percentages of shares, whose sum should be 100.
func (a *activity) cutWhole(field string, shares []share, at *element) []grant.Split {
	if a.sum("", field, shares, at).Sign() == 0 {
		return nil
	}
	return cut(shares)
}

// sum adds percentages up, and tells if they are not the whole. within is as of single.
func (a *activity) sum(within, field string, shares []share, at *element) *big.Rat {
	sum := shares[0].weight
	for _, s := range shares[1:] {
		sum = new(big.Rat).Add(sum, s.weight)
	}
	if sum == hundred {
		return sum
	}
	if sum.Sign() == 0 {
		a.tell(at, exchange.LeftOut, within+field+"/@percentage", "are all 0; they are left out")
	} else if s := sum.FloatString(6); s != "100.000000" { // closer than a percentage is kept is close enough
		a.tell(at, exchange.Repaired, within+field+"/@percentage", "sum to %s; accepted is 100; rescaled", strings.TrimRight(strings.TrimRight(s, "0"), "."))
	}
	return sum
}

// cut divides the whole by the one law of rounding.
func cut(shares []share) []grant.Split {
	if len(shares) == 1 { // whatever it weighs
		return []grant.Split{{ID: shares[0].term, Percent: grant.Whole}}
	}
	weights := make([]*big.Rat, len(shares))
	for i, s := range shares {
		weights[i] = s.weight
	}
	splits := make([]grant.Split, len(shares))
	for i, p := range money.CutRat(int64(grant.Whole), weights) {
		splits[i] = grant.Split{ID: shares[i].term, Percent: grant.Percent(p)}
	}
	return splits
}

// classifyMoney divides an activity as its money is: its commitments or, without any, what was spent, else what was pledged.
func (a *activity) classifyMoney(field string, portions func(*activity, *element) []portion) []grant.Split {
	var kinds []grant.TransactionType
	counts := func(f flow) bool { return slices.Contains(kinds, f.kind) }
	for _, kinds = range [][]grant.TransactionType{{grant.Commitment}, {grant.Disbursement, grant.Expenditure}, {grant.Pledge}} {
		if slices.ContainsFunc(a.money, counts) {
			break
		}
	}
	all := division{places: map[string]int{}}
	without, currencies := 0, map[money.Currency]bool{}
	for _, f := range a.money {
		if !counts(f) {
			continue
		}
		ps := portions(a, f.e)
		if len(ps) == 0 {
			without++
			continue
		}
		parts := a.weigh(ps)
		sum := a.sum("transaction/", ps[0].e.name, parts, ps[0].e)
		if sum.Sign() == 0 {
			without++
			continue
		}
		currencies[f.currency] = true
		if len(parts) == 1 {
			all.add(share{term: parts[0].term, money: money.SumOf(f.minor)})
			continue
		}
		if sum.Cmp(hundred) != 0 {
			for i, s := range cut(parts) { // to as many digits as a percentage has, or the fractions would grow with every transaction
				parts[i].weight = big.NewRat(int64(s.Percent), int64(grant.Whole)/100)
			}
		}
		for _, s := range parts {
			all.add(share{term: s.term, weight: new(big.Rat).Mul(s.weight, big.NewRat(f.minor, 100))})
		}
	}
	shares := all.shares
	switch len(shares) {
	case 0:
		return nil
	case 1:
		return cut(shares)
	}
	for i, s := range shares {
		if shares[i].weight = s.money.Rat(); s.weight != nil {
			shares[i].weight.Add(shares[i].weight, s.weight)
		}
	}
	shares = slices.DeleteFunc(shares, func(s share) bool { return s.weight.Sign() == 0 })
	if len(shares) == 0 || len(currencies) > 1 || slices.ContainsFunc(shares, func(s share) bool { return s.weight.Sign() < 0 }) {
		a.tell(a.e, exchange.LeftOut, "transaction/"+field, "the transactions differ in it, and their amounts, in several currencies or less than 0, do not tell how much is for which; it is left out")
		return nil
	}
	if without > 0 {
		a.tell(a.e, exchange.Repaired, "transaction/"+field, "there is none in %s; the grant is divided as the others are", fault.Number(without, "transaction"))
	}
	return cut(shares)
}
