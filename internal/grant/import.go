package grant

import (
	"crypto/sha256"
	"encoding/base64"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/allmep/tandem/internal/period"
)

// Import is what a source's file told of a grant when it was last imported. It is the base that the next import of the file is held against, and has what an
// export gives back. A grant has at most one for each format, source and key.
type Import struct {
	Format string      `json:"format"`           // such as IATI
	Source string      `json:"source,omitempty"` // who published the file, as the file calls it
	Key    string      `json:"key"`              // under which the source knows the grant
	Date   period.Date `json:"date,omitzero"`    // of what day the file is, as far as it says
	Report string      `json:"report,omitempty"` // the id of the report that it left
	Made   bool        `json:"made,omitzero"`    // the grant was recorded by it, and not by people
	// Said has the fingerprint of each part of the record of which the file told something, as it was told.
	Said []Said `json:"said,omitempty"`
	Kept []Kept `json:"kept,omitempty"`
}

// Said is the fingerprint of a part of a grant: see Grant.Fingerprint.
type Said struct {
	Part  string `json:"part"` // a field, such as "start", or a transaction, such as "transactions/3"
	Print string `json:"print"`
}

// Kept is what a file has, word for word, that the record does not hold, or holds less of.
type Kept struct {
	// Part is what the pieces are of: "" for what the record has no place for, else a part as of Said. An export gives back the first always, and the others for as
	// long as the part still has the fingerprint that it was imported with, in the place of what it would write of that part.
	Part string `json:"part,omitempty"`
	Text string `json:"text"`
}

// part is a field of a grant that files tell of.
type part struct {
	name  string
	print func(*Grant) string // see Grant.Fingerprint
	set   func(to, from *Grant)
}

// field is the part that a field is.
func field[T any](name string, of func(*Grant) *T) part {
	write := penOf(reflect.TypeFor[T]())
	return part{name, func(g *Grant) string { return fingerprint(write, reflect.ValueOf(of(g)).Elem()) }, func(to, from *Grant) { *of(to) = *of(from) }}
}

// parts are the fields that files tell of. Transactions are parts of their own.
var parts = []part{
	field("title", func(g *Grant) *string { return &g.Title }),
	field("description", func(g *Grant) *string { return &g.Description }),
	field("funders", func(g *Grant) *[]Participation { return &g.Funders }),
	field("recipients", func(g *Grant) *[]Participation { return &g.Recipients }),
	field("partners", func(g *Grant) *[]Partner { return &g.Partners }),
	field("programme", func(g *Grant) *string { return &g.Programme }),
	field("status", func(g *Grant) *Status { return &g.Status }),
	field("start", func(g *Grant) *period.Date { return &g.Start }),
	field("end", func(g *Grant) *period.Date { return &g.End }),
	field("durationMonths", func(g *Grant) *int { return &g.DurationMonths }),
	field("themes", func(g *Grant) *[]Split { return &g.Themes }),
	field("locations", func(g *Grant) *[]Split { return &g.Locations }),
	field("populations", func(g *Grant) *[]Split { return &g.Populations }),
	field("identifiers", func(g *Grant) *[]string { return &g.Identifiers }),
	field("budgets", func(g *Grant) *[]Budget { return &g.Budgets }),
	field("sources", func(g *Grant) *[]Source { return &g.Sources }),
	field("note", func(g *Grant) *string { return &g.Note }),
}

// transactionPart is the name of a transaction as a part.
const transactionPart = "transactions/"

// Fingerprint returns a short hash of a part of the grant, "" if the record says nothing of it.
func (g *Grant) Fingerprint(name string) string {
	if id, is := strings.CutPrefix(name, transactionPart); is {
		for i := range g.Transactions {
			if g.Transactions[i].ID == id {
				return g.Transactions[i].fingerprint()
			}
		}
		return ""
	}
	for _, p := range parts {
		if p.name == name {
			return p.print(g)
		}
	}
	return ""
}

// fingerprint of a transaction leaves its id out, which is the record's, and where it came from.
func (t *Transaction) fingerprint() string {
	return fingerprint(printOfTransaction, reflect.ValueOf(t).Elem())
}

var printOfTransaction = penOfStruct(reflect.TypeFor[Transaction](), "ID", "Origin")

// fingerprint is a short hash of what Encode writes of a value, "" if that is nothing.
func fingerprint(write pen, v reflect.Value) string {
	if v.IsZero() {
		return "" // most parts of most grants are
	}
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room)
	body, ok := write((*room)[:0], v)
	*room = body
	if !ok || string(body) == `""` || string(body) == "[]" || string(body) == "0" {
		return "" // no value of a grant fails to be written
	}
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// rooms are where fingerprints are taken.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

// Imported returns what a source's file last told of what it knows by a key, nil if none did.
func (g *Grant) Imported(format, source, key string) *Import {
	for i := range g.Imports {
		if im := &g.Imports[i]; im.Format == format && im.Source == source && im.Key == key {
			return im
		}
	}
	return nil
}

// Take brings the grant up to what a source's file says of it now. Part by part, what the file has changed since it was last imported is taken, unless the record
// is not as the file had it: then someone has changed it, and it stays. A part of which the record says nothing is taken from any file.
//
// next has Format, Source, Key, Date and Kept, with the ids of said in it; Take leaves it with the grant, with Said. held are the parts of which the file says something
// new that is not taken. A second Take of the same changes nothing.
func (g *Grant) Take(said *Grant, next Import) (held []string) {
	base := g.Imported(next.Format, next.Source, next.Key)
	var was Import
	if base != nil {
		was = *base
	}
	next.Said = make([]Said, 0, len(parts)+len(said.Transactions)+len(said.Reports))
	for _, p := range parts {
		theirs, before := p.print(said), was.print(p.name)
		if theirs != "" {
			next.Said = append(next.Said, Said{p.name, theirs})
		}
		if theirs == before {
			continue
		}
		switch ours := p.print(g); {
		case ours == theirs:
		case ours == before:
			p.set(g, said)
		case p.name == "identifiers" && !slices.ContainsFunc(said.Identifiers, func(s string) bool { return !slices.Contains(g.Identifiers, s) }):
			// The record has them, and others that people have found.
		default:
			held = append(held, p.name)
		}
	}
	next.Report, next.Made = was.Report, was.Made || base == nil && len(g.Imports) == 0 && g.Revision == 0
	held = append(held, g.takeTransactions(said, &was, &next, base == nil)...)
	g.takeReports(said.Reports, &was, &next)
	next.Said = append(next.Said, was.Links()...)
	if base != nil {
		*base = next
	} else {
		g.Imports = append(g.Imports, next)
	}
	return held
}

// Differences are the parts of which two grants say different things, wherever their transactions have their ids; of those together it is one.
func Differences(a, b *Grant) (names []string) {
	for _, p := range parts {
		if p.print(a) != p.print(b) {
			names = append(names, p.name)
		}
	}
	if fresh, gone := edited(a.Transactions, b.Transactions); len(fresh)+len(gone) > 0 {
		names = append(names, transactionPart+"-")
	}
	return names
}

// TakeEdits takes what someone has edited in a file that was written from a record: was is the record as it was then, told how the file told it, and said how it tells it now. held are
// the edited parts that cannot be taken: those that people have changed in the record since, which stay, and those of which the format tells less than the record. To take the same once
// more changes nothing.
func (g *Grant) TakeEdits(was, told, said *Grant) (held []string) {
	for _, p := range parts {
		theirs, before := p.print(said), p.print(told)
		if theirs == before {
			continue
		}
		switch ours, then := p.print(g), p.print(was); {
		case ours == theirs:
		case ours == then && then == before:
			p.set(g, said)
		default:
			held = append(held, p.name)
		}
	}
	fresh, gone := edited(told.Transactions, said.Transactions)
	if len(fresh)+len(gone) == 0 {
		return held
	}
	if !slices.EqualFunc(told.Transactions, was.Transactions, func(a, b Transaction) bool { return a.fingerprint() == b.fingerprint() }) {
		return append(held, transactionPart+"-")
	}
	return g.takeEdited(was, fresh, gone, held)
}

// edited compares transactions that nobody names: fresh are those that only said has, and gone the places of those that only told has.
func edited(told, said []Transaction) (fresh []Transaction, gone []int) {
	at := map[string][]int{}
	for i, t := range told {
		print := t.fingerprint()
		at[print] = append(at[print], i)
	}
	for _, t := range said {
		print := t.fingerprint()
		if same := at[print]; len(same) > 0 {
			at[print] = same[1:]
			continue
		}
		fresh = append(fresh, t)
	}
	for i, t := range told {
		if slices.Contains(at[t.fingerprint()], i) {
			gone = append(gone, i)
		}
	}
	return fresh, gone
}

// takeEdited is TakeEdits for transactions: gone are their places in was.
func (g *Grant) takeEdited(was *Grant, fresh []Transaction, gone []int, held []string) []string {
	var left []Said // that the file no longer says, and that were not taken before
	for _, i := range gone {
		left = append(left, Said{transactionPart + was.Transactions[i].ID, was.Transactions[i].fingerprint()})
	}
	taken := map[string][]string{} // fingerprint -> ids of what the record has otherwise than it was
	for _, t := range g.Transactions {
		if print := t.fingerprint(); was.Fingerprint(transactionPart+t.ID) != print {
			taken[print] = append(taken[print], t.ID)
		}
	}
	var news []Transaction
	for _, t := range fresh {
		print := t.fingerprint()
		if ids := taken[print]; len(ids) > 0 {
			taken[print] = ids[1:]
			left = slices.DeleteFunc(left, func(s Said) bool { return s.Part == transactionPart+ids[0] })
			continue
		}
		news = append(news, t)
	}
	for _, t := range news {
		_, held = g.takeTransaction(t, &left, false, held)
	}
	for _, s := range left {
		switch g.Fingerprint(s.Part) {
		case "": // somebody has taken it off
		case s.Print:
			g.Transactions = slices.DeleteFunc(g.Transactions, func(t Transaction) bool { return transactionPart+t.ID == s.Part })
		default:
			held = append(held, s.Part)
		}
	}
	return held
}

// linkPart begins the parts of an import that are links. They are whole names, since the link may be the other grant's, and an import keeps them until somebody sets others: which
// links a file tells of is known when all its grants are.
const linkPart = string(Grants) + "/"

// Links returns the links of which a file told.
func (im *Import) Links() (links []Said) {
	for _, s := range im.Said {
		if strings.HasPrefix(s.Part, linkPart) {
			links = append(links, s)
		}
	}
	return links
}

// SetLinks sets the links of which a file told.
func (im *Import) SetLinks(links []Said) {
	im.Said = append(slices.DeleteFunc(slices.Clone(im.Said), func(s Said) bool { return strings.HasPrefix(s.Part, linkPart) }), links...)
}

func (im *Import) print(part string) string {
	for _, s := range im.Said {
		if s.Part == part {
			return s.Print
		}
	}
	return ""
}

// takeTransactions is Take for transactions, which files do not name: one is known again by what it says. One that changed is known by its type and date.
func (g *Grant) takeTransactions(said *Grant, was, next *Import, first bool) (held []string) {
	known := map[string][]string{} // fingerprint -> ids of the record that are still free for it
	if first {
		for i := range g.Transactions {
			print := g.Transactions[i].fingerprint()
			known[print] = append(known[print], g.Transactions[i].ID)
		}
	}
	for _, s := range was.Said {
		if id, is := strings.CutPrefix(s.Part, transactionPart); is {
			known[s.Print] = append(known[s.Print], id)
		}
	}
	ids := make([]string, len(said.Transactions)) // in the record
	prints := make([]string, len(said.Transactions))
	for i := range said.Transactions {
		prints[i] = said.Transactions[i].fingerprint()
		if free := known[prints[i]]; len(free) > 0 {
			ids[i], known[prints[i]] = free[0], free[1:]
		}
	}
	var gone []Said // what the file no longer says, or says otherwise
	for _, s := range was.Said {
		if id, is := strings.CutPrefix(s.Part, transactionPart); is && slices.Contains(known[s.Print], id) {
			gone = append(gone, s)
		}
	}
	others := first && len(g.Transactions) > 0 // somebody else's: adding to them would count money twice
	if len(g.Transactions) == 0 {
		g.Transactions = slices.Grow(g.Transactions, len(said.Transactions))
	}
	for i, t := range said.Transactions {
		if ids[i] == "" {
			ids[i], held = g.takeTransaction(t, &gone, others, held)
		}
	}
	for _, s := range gone {
		if g.Fingerprint(s.Part) == s.Print {
			g.Transactions = slices.DeleteFunc(g.Transactions, func(t Transaction) bool { return transactionPart+t.ID == s.Part })
		}
	}
	renamed := map[string]string{} // those of new grants have the ids of the file
	for i := range said.Transactions {
		part := transactionPart + ids[i]
		next.Said = append(next.Said, Said{part, prints[i]})
		if id := said.Transactions[i].ID; id != ids[i] {
			renamed[transactionPart+id] = part
		}
	}
	if len(renamed) == 0 {
		return held
	}
	next.Kept = slices.Clone(next.Kept)
	for i, k := range next.Kept {
		if to, is := renamed[k.Part]; is {
			next.Kept[i].Part = to
		}
	}
	return held
}

// takeTransaction takes one that the file did not have before, or had otherwise, and returns its id in the record. One that is held has an id, too, under which the
// file is known to have said it.
func (g *Grant) takeTransaction(t Transaction, gone *[]Said, others bool, held []string) (string, []string) {
	for i, s := range *gone {
		at := slices.IndexFunc(g.Transactions, func(o Transaction) bool { return transactionPart+o.ID == s.Part })
		if at < 0 || g.Transactions[at].Type != t.Type || g.Transactions[at].Date != t.Date {
			continue
		}
		*gone = slices.Delete(*gone, i, i+1)
		t.ID, t.Origin = g.Transactions[at].ID, g.Transactions[at].Origin
		if g.Transactions[at].fingerprint() != s.Print {
			return t.ID, append(held, s.Part)
		}
		g.Transactions[at] = t
		return t.ID, held
	}
	t.ID = g.NextID()
	if others {
		return t.ID, append(held, transactionPart+t.ID)
	}
	g.Transactions = append(g.Transactions, t)
	return t.ID, held
}
