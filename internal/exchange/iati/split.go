package iati

import (
	"math/big"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/codelist"
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
	all := of.all("sector")
	if len(all) == 0 {
		return nil
	}
	vocabulary := func(e *element) string {
		if v := e.attr("vocabulary"); v != "" {
			return v
		}
		return "1" // as the standard says
	}
	chosen := vocabulary(all[0])
	for _, v := range []string{"2", "1"} {
		if slices.ContainsFunc(all, func(e *element) bool { return vocabulary(e) == v && e.attr("code") != "" }) {
			chosen = v
		}
	}
	var ps []portion
	for _, e := range all {
		if vocabulary(e) != chosen {
			continue
		}
		if term := a.sector(e, chosen); term != "" {
			ps = append(ps, portion{e, term, a.percent(e)})
		}
	}
	return ps
}

func (a *activity) sector(e *element, vocabulary string) string {
	code, name := oneLine(e.attr("code")), a.cut(e, "sector", a.line(e), maxName)
	t := exchange.Term{Of: grant.Themes, Name: name}
	switch vocabulary {
	case "1":
		entry, known := codelist.Sector.Find(code)
		category, _ := codelist.SectorCategory.Find(entry.Category)
		t.Code = code
		if known {
			t.Name = entry.Name
			t.Broader = &exchange.Term{Of: grant.Themes, Code: category.Code, Name: category.Name}
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
	return a.term(e, t)
}

// places returns the portions of the countries and regions of an activity or a transaction, which divide it together.
func (a *activity) places(of *element) []portion {
	var ps []portion
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
		if term := a.term(c, t); term != "" {
			ps = append(ps, portion{c, term, a.percent(c)})
		}
	}
	return countriesFirst(ps)
}

// countriesFirst leaves the regions out where the countries make up the whole without them: many publishers name the region of a country beside it.
func countriesFirst(ps []portion) []portion {
	var countries []portion
	sum := new(big.Rat)
	for _, p := range ps {
		if p.e.name != "recipient-country" {
			continue
		}
		countries = append(countries, p)
		if p.percent != nil {
			sum.Add(sum, p.percent)
		}
	}
	said := slices.ContainsFunc(ps, func(p portion) bool { return p.percent != nil })
	if len(countries) > 0 && (!said || sum.Cmp(hundred) == 0) {
		return countries
	}
	return ps
}

var hundred = big.NewRat(100, 1)

// term returns the reference to a term, "" if nothing tells which it is.
func (a *activity) term(e *element, t exchange.Term) string {
	if t.Code == "" && t.Name == "" {
		a.tell(e, exchange.LeftOut, e.name+"/@code", "is missing, and there is no name; it is left out")
		return ""
	}
	key := string(t.Of) + "/" + t.Code
	if t.Code == "" {
		key += "/" + strings.ToLower(t.Name)
	}
	i, there := a.terms[key]
	if !there {
		i = len(a.Terms)
		a.terms[key] = i
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
func (a *activity) classify(part, field string, portions func(*element) []portion) []grant.Split {
	for c := a.e.first; c != nil; c = c.next {
		if c.name == field || field == "recipient-country" && c.name == "recipient-region" {
			a.keep(part, c)
		}
	}
	if ps := portions(a.e); len(ps) > 0 {
		return a.cutWhole(field, a.weigh(ps), ps[0].e)
	}
	return a.classifyMoney(field, portions)
}

// share is how much of a whole is a term's.
type share struct {
	term   string
	weight *big.Rat
}

func add(shares []share, term string, weight *big.Rat) []share {
	i := slices.IndexFunc(shares, func(s share) bool { return s.term == term })
	if i < 0 {
		return append(shares, share{term, new(big.Rat).Set(weight)})
	}
	shares[i].weight.Add(shares[i].weight, weight)
	return shares
}

// weigh gives those whose percentage is not said the rest, in equal parts, and makes one of those of a term.
func (a *activity) weigh(ps []portion) []share {
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
	var shares []share
	for _, p := range ps {
		percent := p.percent
		if percent == nil {
			percent = rest
		}
		shares = add(shares, p.term, percent)
	}
	return shares
}

// cutWhole makes percentages of shares, whose sum should be 100.
func (a *activity) cutWhole(field string, shares []share, at *element) []grant.Split {
	if a.sum(field, shares, at).Sign() == 0 {
		return nil
	}
	return cut(shares)
}

// sum adds percentages up, and tells if they are not the whole.
func (a *activity) sum(field string, shares []share, at *element) *big.Rat {
	sum := new(big.Rat)
	for _, s := range shares {
		sum.Add(sum, s.weight)
	}
	if sum.Sign() == 0 {
		a.tell(at, exchange.LeftOut, field+"/@percentage", "are all 0; they are left out")
	} else if s := sum.FloatString(6); s != "100.000000" { // closer than a percentage is kept is close enough
		a.tell(at, exchange.Repaired, field+"/@percentage", "sum to %s; accepted is 100; rescaled", strings.TrimRight(strings.TrimRight(s, "0"), "."))
	}
	return sum
}

// cut divides the whole by the one law of rounding.
func cut(shares []share) []grant.Split {
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
func (a *activity) classifyMoney(field string, portions func(*element) []portion) []grant.Split {
	var shares []share
	without, currencies := 0, map[money.Currency]bool{}
	for _, kinds := range [][]grant.TransactionType{{grant.Commitment}, {grant.Disbursement, grant.Expenditure}, {grant.Pledge}} {
		of := slices.DeleteFunc(slices.Clone(a.money), func(f flow) bool { return !slices.Contains(kinds, f.kind) })
		for _, f := range of {
			ps := portions(f.e)
			if len(ps) == 0 {
				without++
				continue
			}
			parts := a.weigh(ps)
			sum := a.sum("transaction/"+ps[0].e.name, parts, ps[0].e)
			if sum.Sign() == 0 {
				without++
				continue
			}
			if sum.Cmp(hundred) != 0 {
				for i, s := range cut(parts) { // to as many digits as a percentage has, or the fractions would grow with every transaction
					parts[i].weight.SetFrac64(int64(s.Percent), int64(grant.Whole)/100)
				}
			}
			currencies[f.currency] = true
			for _, s := range parts {
				shares = add(shares, s.term, s.weight.Mul(s.weight, big.NewRat(f.minor, 100)))
			}
		}
		if len(of) > 0 {
			break
		}
	}
	if len(shares) == 0 {
		return nil
	}
	if len(shares) == 1 {
		return []grant.Split{{ID: shares[0].term, Percent: grant.Whole}}
	}
	shares = slices.DeleteFunc(shares, func(s share) bool { return s.weight.Sign() == 0 })
	if len(shares) == 0 || len(currencies) > 1 || slices.ContainsFunc(shares, func(s share) bool { return s.weight.Sign() < 0 }) {
		a.tell(a.e, exchange.LeftOut, "transaction/"+field, "the transactions differ in it, and their amounts, in several currencies or less than 0, do not tell how much is for which; it is left out")
		return nil
	}
	if without > 0 {
		a.tell(a.e, exchange.Repaired, "transaction/"+field, "%d transactions have none; the grant is divided as the others are", without)
	}
	return cut(shares)
}
