package threesixty

import (
	"fmt"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/build"
	"github.com/allmep/tandem/internal/exchange/table"
	"github.com/allmep/tandem/internal/exchange/written"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// record is a grant as a flat list: paths of the standard, such as recipientOrganization/0/name, with what stands there.
type record struct {
	place    exchange.Place
	paths    []string // in the order of the file
	values   map[string]table.Cell
	names    map[string]string // what the file calls a path, where that is something else
	used     map[string]bool
	date1904 bool
	again    func(*grant.Grant, *grant.Registry) (*exchange.Draft, error) // as of exchange.Record
}

func newRecord(at exchange.Place) *record {
	return &record{place: at, values: map[string]table.Cell{}, names: map[string]string{}, used: map[string]bool{}}
}

// put adds a value; the first at a path counts, ok tells whether this was it.
func (r *record) put(path string, c table.Cell) (ok bool) {
	if _, twice := r.values[path]; twice {
		return false
	}
	r.paths = append(r.paths, path)
	r.values[path] = c
	return true
}

// take returns a value, which then is not kept beside the record.
func (r *record) take(path string) string {
	r.used[path] = true
	return r.values[path].Text
}

// name is how a problem names a path.
func (r *record) name(path string) string {
	if n := r.names[path]; n != "" {
		return n
	}
	return path
}

// each visits the members of a list, by the beginning of their paths: recipientOrganization/0.
func (r *record) each(list string, visit func(at string)) {
	seen := map[string]bool{}
	for _, p := range r.paths {
		rest, is := strings.CutPrefix(p, list+"/")
		if !is {
			continue
		}
		n, _, _ := strings.Cut(rest, "/")
		if at := list + "/" + n; !seen[at] {
			seen[at] = true
			visit(at)
		}
	}
}

// draft makes a draft of a grant.
func (r *record) draft() *exchange.Draft {
	g := &giving{Builder: build.New(exchange.ThreeSixty, r.place, grant.Public), r: r}
	g.Key = build.Line(r.take("id"))
	g.Identify(r.name("id"), g.Key)
	if g.Key == "" {
		g.Say(exchange.Refused, r.name("id"), "is missing; a grant of the standard has an identifier such as 360G-ABCT-1")
	}
	g.Title(r.name("title"), r.take("title"))
	g.Describe(r.name("description"), r.take("description"))
	g.takePart()
	g.classify()
	g.setDates()
	g.setMoney()
	for _, path := range []string{"url", "dataSource"} {
		g.Cite(r.take(path))
	}
	r.each("relatedDocument", func(at string) { g.Cite(r.values[at+"/url"].Text) })
	if g.Record = exchange.ParseRecord(r.take("tandem/record") + r.take(recordHead)); g.Record != nil { // a file has the one or the other
		g.Record.Again = r.again
	}
	for _, p := range r.paths {
		if c := r.values[p]; !r.used[p] && c.Text != "" {
			g.Keep(p, c.Text)
		}
	}
	return g.Finish()
}

// giving is a record on its way to a draft.
type giving struct {
	*build.Builder
	r *record
}

func (g *giving) takePart() {
	g.r.each("fundingOrganization", func(at string) {
		ref := g.organisation(at)
		g.Fund(ref)
		if g.Reporter == "" {
			i, _ := exchange.Index(ref) // it is one
			g.Reporter, g.Kind = ref, grant.DonorStatement
			if p := g.Parties[i]; len(p.Identifiers) > 0 {
				g.Source = p.Identifiers[0]
			} else {
				g.Source = p.Name
			}
		}
	})
	if len(g.Grant.Funders) == 0 {
		g.Say(exchange.Refused, g.r.name("fundingOrganization"), "is missing; a grant has at least one funder")
	}
	g.r.each("recipientOrganization", func(at string) { g.Receive(g.organisation(at)) })
	individual := false
	g.r.each("recipientIndividual", func(string) { individual = true })
	if _, is := g.r.values["recipientIndividual/id"]; is || individual {
		g.Say(exchange.Noted, g.r.name("recipientIndividual"), "the grant is to a person, who is not recorded")
		for _, p := range g.r.paths {
			if strings.HasPrefix(p, "recipientIndividual/") {
				g.r.used[p] = true
			}
		}
	}
	if s := g.r.values["dateModified"]; s.Text != "" {
		g.Date, _ = g.read("dateModified")
	}
}

// organisation names the organisation at a path. Its registered numbers are identifiers, too.
func (g *giving) organisation(at string) string {
	p := exchange.Party{Name: g.r.take(at + "/name")}
	add := func(id string) {
		if id = build.Line(id); id != "" && !slices.Contains(p.Identifiers, id) {
			p.Identifiers = append(p.Identifiers, id)
		}
	}
	id := g.r.take(at + "/id")
	if own, is := strings.CutPrefix(id, prefix); is {
		p.ID = own
	}
	add(id)
	if n := g.r.take(at + "/charityNumber"); n != "" && !strings.HasPrefix(id, "GB-CHC-") && !strings.HasPrefix(id, "GB-SC-") && !strings.HasPrefix(id, "GB-NIC-") {
		add(charity(n))
	}
	if n := g.r.take(at + "/companyNumber"); n != "" && !strings.HasPrefix(id, "GB-COH-") {
		add("GB-COH-" + n)
	}
	if p.Name == "" && len(p.Identifiers) == 0 {
		g.Say(exchange.Refused, g.r.name(at), "has neither an identifier nor a name; accepted is either or both")
	}
	switch {
	case strings.HasPrefix(id, "GB-GOR-"), strings.HasPrefix(id, "GB-LAE-"), strings.HasPrefix(id, "GB-LAS-"), strings.HasPrefix(id, "GB-PLA-"):
		p.State = "GB"
	case strings.HasPrefix(at, "fundingOrganization") && (strings.HasPrefix(id, "GB-CHC-") || strings.HasPrefix(id, "GB-COH-") || strings.HasPrefix(id, "GB-SC-")):
		p.State = grant.Private
	}
	return g.Party(g.r.name(at), p)
}

// charity returns the identifier of a charity by its number in the register of England and Wales, of Scotland or of Northern Ireland.
func charity(number string) string {
	switch {
	case strings.HasPrefix(number, "SC"):
		return "GB-SC-" + number
	case strings.HasPrefix(number, "NIC"):
		return "GB-NIC-" + strings.TrimPrefix(number, "NIC")
	}
	return "GB-CHC-" + number
}

func (g *giving) classify() {
	g.r.each("classifications", func(at string) {
		vocabulary, code, title := g.r.values[at+"/vocabulary"].Text, g.r.values[at+"/code"].Text, g.r.take(at+"/title")
		if strings.Contains(strings.ToUpper(vocabulary), "DAC") {
			g.Theme(g.r.take(at+"/code"), title)
			return
		}
		if title == "" {
			title = code
		}
		if title != "" {
			g.Theme("", title)
		}
	})
	g.r.each("beneficiaryLocation", func(at string) {
		code, name := strings.ToUpper(g.r.take(at+"/countryCode")), g.r.take(at+"/name")
		if name != "" || code == "" {
			code = "" // the name is of a place in the country
		} else {
			name = grant.StateName(code)
		}
		if name != "" {
			g.Location(code, name)
		}
	})
}

// read reads the date at a path.
func (g *giving) read(path string) (period.Date, bool) {
	c := g.r.values[path]
	if g.r.used[path] = true; c.Text == "" {
		return period.Date{}, true
	}
	var d period.Date
	var err error
	if c.Number {
		d, err = written.Serial(c.Text, g.r.date1904)
	} else {
		d, err = written.Date(c.Text, written.Asked)
	}
	if err != nil {
		g.Say(exchange.Refused, g.r.name(path), "%v", err)
	}
	return d, err == nil
}

// setDates takes the dates of the work: the actual ones before those that were planned, of several events from the first to the last.
func (g *giving) setDates() {
	for _, list := range []string{"actualDates", "plannedDates"} {
		g.r.each(list, func(at string) {
			start, _ := g.read(at + "/startDate")
			end, _ := g.read(at + "/endDate")
			if list == "plannedDates" && g.r.used["actual"] {
				return
			}
			if !start.IsZero() && (g.Grant.Start.IsZero() || start.First < g.Grant.Start.First) {
				g.Grant.Start = start
			}
			if !end.IsZero() && (g.Grant.End.IsZero() || end.Last() > g.Grant.End.Last()) {
				g.Grant.End = end
			}
			months := g.r.take(at + "/duration")
			if n, err := written.Decimal(months); months != "" && (err != nil || !n.IsInt() || !n.Num().IsInt64() || n.Sign() < 0) {
				g.Say(exchange.Refused, g.r.name(at+"/duration"), "found %q; accepted is a whole number of months", months)
			} else if months != "" && g.Grant.DurationMonths == 0 {
				g.Grant.DurationMonths = int(n.Num().Int64())
			}
		})
		g.r.used["actual"] = !g.Grant.Start.IsZero() || !g.Grant.End.IsZero()
	}
}

// setMoney takes what was awarded as the commitment, and what was paid as disbursements.
func (g *giving) setMoney() {
	currency := strings.ToUpper(g.r.take("currency"))
	award, _ := g.read("awardDate")
	if _, is := g.r.values["amountAwarded"]; !is {
		g.Say(exchange.Noted, g.r.name("amountAwarded"), "is missing: the amount of the grant is unknown")
	}
	g.pay(grant.Commitment, "amountAwarded", currency, award)
	paid := false
	g.r.each("disbursementTransaction", func(at string) {
		own := strings.ToUpper(g.r.take(at + "/currency"))
		if own == "" {
			own = currency
		}
		date, _ := g.read(at + "/transactionDate")
		g.pay(grant.Disbursement, at+"/value", own, date)
		paid = true
	})
	if !paid {
		g.pay(grant.Disbursement, "amountDisbursed", currency, period.Date{})
	}
}

// pay adds a transaction with the amount at a path, if there is one.
func (g *giving) pay(t grant.TransactionType, path, currency string, date period.Date) {
	text := g.r.take(path)
	if text == "" {
		return
	}
	what := strings.Split(path, "/")[0]
	value, err := written.Decimal(text)
	if err != nil {
		g.Say(exchange.Refused, g.r.name(path), "%v", err)
		g.Count(what, currency, nil)
		return
	}
	g.Count(what, currency, value)
	c, err := money.ParseCurrency(currency)
	if err != nil {
		g.Say(exchange.Refused, g.r.name("currency"), "%v", err)
		return
	}
	minor, exact, err := build.Minor(c, value)
	if err == nil && !exact {
		err = fmt.Errorf("found %s, with more decimals than %s has, which is %d", text, c, c.Exponent())
	}
	if err != nil {
		g.Say(exchange.Refused, g.r.name(path), "%v", err)
		return
	}
	g.Pay(t, money.Amount{Currency: c, Minor: minor}, date)
}
