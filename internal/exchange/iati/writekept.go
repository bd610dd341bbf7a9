package iati

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/grant"
)

// given is what the file that a grant was imported from had of it, word for word, as far as it still holds.
type given struct {
	key        string              // the identifier of the activity
	attributes []string            // of the activity, names and values in turn
	pieces     map[string][]string // elements that the record has no place for, by their names
	names      []string            // those names, in the order of the file
	parts      map[string]string   // elements of parts of the record that are as they were imported
	left       []grant.Kept        // elements, and attributes of the activity, that the schema does not take
	bare       []string            // parts with a value that says no currency
	inMoney    map[string]bool     // parts that are as they were imported, and of which the transactions have the elements
}

// givenOf returns what is given back of a grant: of the first file, if several told of it.
func givenOf(g *grant.Grant) (given, error) {
	i := slices.IndexFunc(g.Imports, func(im grant.Import) bool { return im.Format == string(exchange.IATI) })
	if i < 0 {
		return given{}, nil
	}
	im := &g.Imports[i]
	back := given{key: im.Key, pieces: map[string][]string{}, parts: map[string]string{}, inMoney: map[string]bool{}}
	asImported := func(part string) bool {
		print := g.Fingerprint(part)
		return slices.Contains(im.Said, grant.Said{Part: part, Print: print}) ||
			print == "" && !slices.ContainsFunc(im.Said, func(s grant.Said) bool { return s.Part == part })
	}
	for _, k := range im.Kept {
		if k.Part == "" {
			if err := back.split(k.Text); err != nil {
				return given{}, err
			}
		} else if asImported(k.Part) {
			back.parts[k.Part] = k.Text
		}
	}
	for _, part := range []string{"themes", "locations"} { // which stand with the activity or with its transactions, never with both
		back.inMoney[part] = back.parts[part] == "" && asImported(part)
	}
	return back, back.sift()
}

// sift takes what the schema of IATI does not take out of what is given back: an export is valid, whatever was imported. A part that loses its elements is written from the record.
func (b *given) sift() error {
	var room trees
	activity := ruleOf("iati-activity", "")
	attributes := b.attributes
	b.attributes = nil
	for i := 0; i < len(attributes); i += 2 {
		if name, value := attributes[i], attributes[i+1]; activity.takesAttribute(name, value) {
			b.attributes = append(b.attributes, name, value)
		} else {
			b.left = append(b.left, grant.Kept{Text: "<iati-activity " + name + `="` + escaper.Replace(value) + `"/>`})
		}
	}
	for _, name := range b.names {
		most := len(b.pieces[name])
		if i := slices.IndexFunc(activity.children, func(o occurs) bool { return o.name == name && !o.many }); i >= 0 {
			most = 1
		}
		var taken []string
		for _, piece := range b.pieces[name] {
			good, err := b.taken(&room, "", piece)
			if err != nil {
				return err
			}
			if good != "" && len(taken) == most {
				b.left = append(b.left, grant.Kept{Text: good})
			} else if good != "" {
				taken = append(taken, good)
			}
		}
		b.pieces[name] = taken
	}
	for _, part := range slices.Sorted(maps.Keys(b.parts)) {
		good, err := b.taken(&room, part, b.parts[part])
		if err != nil {
			return err
		}
		if b.parts[part] = good; good == "" {
			delete(b.parts, part)
		}
	}
	return nil
}

// taken are the elements of a text that the schema takes.
func (b *given) taken(room *trees, part, text string) (string, error) {
	var good strings.Builder
	for text = strings.TrimSpace(text); text != ""; {
		e, n, err := room.tree(text)
		if err != nil {
			return "", err
		}
		if n == 0 {
			break // it was read before, and ends where an element does
		}
		if takes(e, "iati-activity") {
			good.WriteString(text[:n])
			if value := e.child("value"); value != nil && value.attr("currency") == "" {
				b.bare = append(b.bare, part)
			}
		} else {
			b.left = append(b.left, grant.Kept{Part: part, Text: text[:n]})
		}
		text = strings.TrimSpace(text[n:])
	}
	return good.String(), nil
}

// split takes text apart into the attributes of the activity, which its first element has, and the elements that follow.
func (b *given) split(text string) error {
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict = false // it was read before, and its entities are those of the file
	depth, from, name := 0, int64(0), ""
	for first := true; ; {
		at := d.InputOffset()
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth++; depth == 1 {
				from, name = at, qualified(token.Name)
			}
			if first {
				for _, a := range token.Attr {
					b.attributes = append(b.attributes, qualified(a.Name), a.Value)
				}
			}
		case xml.EndElement:
			depth--
			if depth == 0 && !first {
				if _, known := b.pieces[name]; !known {
					b.names = append(b.names, name)
				}
				b.pieces[name] = append(b.pieces[name], text[from:d.InputOffset()])
			}
			first = first && depth > 0
		}
	}
}

func qualified(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// has tells whether there is an element of a name.
func (b *given) has(name string) bool { return len(b.pieces[name]) > 0 }

// mentions tells whether an element of a name has a text in it.
func (b *given) mentions(name, text string) bool {
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(text)) // a buffer takes everything
	return slices.ContainsFunc(b.pieces[name], func(piece string) bool {
		return strings.Contains(piece, text) || strings.Contains(piece, escaped.String())
	})
}

// back gives elements of these names back.
func (w *writer) back(b given, names ...string) {
	for _, name := range names {
		for _, piece := range b.pieces[name] {
			w.put(piece, "\n")
		}
	}
}

// part gives a part of the record back as it was imported or, if it is not as it was, writes it.
func (w *writer) part(b given, name string, write func()) {
	if text, ok := b.parts[name]; ok {
		w.put(text, "\n")
		return
	}
	if !b.inMoney[name] {
		write()
	}
}

// placed tells whether an element has a place in the order of the schema; others come last.
func placed(name string) bool {
	for _, names := range [][]string{afterDates, afterCountries, afterSectors, afterTransactions, {"capital-spend", "document-link", "related-activity"}} {
		if slices.Contains(names, name) {
			return true
		}
	}
	return modelled(name)
}

// The elements of which the record holds nothing, in the order of the schema.
var (
	afterDates        = []string{"contact-info", "activity-scope"}
	afterCountries    = []string{"location"}
	afterSectors      = []string{"tag", "country-budget-items", "humanitarian-scope", "policy-marker", "collaboration-type", "default-flow-type", "default-finance-type", "default-aid-type", "default-tied-status"}
	afterTransactions = []string{"legacy-data", "conditions", "result", "crs-add", "fss"}
)

// others gives back the elements that the schema does not name.
func (w *writer) others(b given) {
	for _, name := range b.names {
		if !placed(name) {
			w.back(b, name)
		}
	}
}
