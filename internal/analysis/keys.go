package analysis

import (
	"math"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/period"
)

// key is the codes of a row, one for each dimension.
type key [3]int32

// undated is the code of a period that cannot be told.
const undated int32 = -1 << 31

// keyring turns codes into the keys and labels of rows. What rolls up to the same key has the same code.
type keyring struct {
	snapshot *Snapshot
	dims     []Dimension
	calendar period.Calendar
	finest   Dimension      // the dimension of time with the shortest periods, if there is one
	timed    bool           // there is one
	roll     [3][]int32     // of each dimension: the code in names of a code in its dictionary; nil when they are the same
	names    [3][]nameOfKey // of each dimension, by code
	places   [3][]int32     // of each dimension: where a code comes in the order of keys, that of none first
	periods  map[[2]int]string
}

type nameOfKey struct{ key, label string }

func (s *Snapshot) newKeyring(q Query) *keyring {
	k := &keyring{snapshot: s, dims: q.GroupBy, calendar: q.Calendar}
	for i, d := range q.GroupBy {
		if unit, ok := d.unit(); ok {
			if current, _ := k.finest.unit(); !k.timed || unit > current {
				k.finest = d
			}
			k.timed = true
			continue
		}
		switch d {
		case DonorState:
			k.table(i, s.line.donors.all(), s.donorStateKey)
		case Donor:
			k.table(i, s.line.donors.all(), s.donorKey)
		case Member:
			k.table(i, s.line.organisations.all(), func(id string) nameOfKey { return s.recordKey(grant.Organisations, s.reg.Survivor(id)) })
		case Programme:
			k.table(i, s.line.programmes.all(), func(id string) nameOfKey { return s.recordKey(grant.Programmes, id) })
		case Theme, Location, Population:
			list := map[Dimension]int{Theme: themes, Location: locations, Population: populations}[d]
			k.table(i, s.line.terms[list].all(), func(id string) nameOfKey { return s.recordKey(kinds[list], id) })
		}
	}
	return k
}

// table fills the i-th dimension's tables from a dictionary.
func (k *keyring) table(i int, ids []string, name func(id string) nameOfKey) {
	seen := make(map[string]int32, len(ids))
	k.roll[i] = make([]int32, len(ids))
	for code, id := range ids {
		n := name(id)
		c, ok := seen[n.key]
		if !ok {
			c = int32(len(k.names[i]))
			seen[n.key] = c
			k.names[i] = append(k.names[i], n)
		}
		k.roll[i][code] = c
	}
	k.sort(i)
}

// sort finds out in which order the keys of the i-th dimension come.
func (k *keyring) sort(i int) {
	codes := make([]int32, len(k.names[i])+1)
	for j := range codes {
		codes[j] = int32(j) - 1
	}
	name := func(code int32) string {
		if code == none {
			return grant.Unspecified
		}
		return k.names[i][code].key
	}
	slices.SortFunc(codes, func(a, b int32) int { return strings.Compare(name(a), name(b)) })
	k.places[i] = make([]int32, len(codes))
	for place, code := range codes {
		k.places[i][code+1] = int32(place)
	}
}

// order returns where codes come in the order of their keys.
func (k *keyring) order(codes key) (places key) {
	for i, d := range k.dims {
		_, timed := d.unit()
		switch {
		case timed && codes[i] == undated:
			places[i] = math.MaxInt32 // the word comes after every number
		case timed:
			places[i] = codes[i]
		case d == Status:
			places[i] = statusOrder[codes[i]]
		default:
			places[i] = k.places[i][codes[i]+1]
		}
	}
	return places
}

// statusOrder is where statuses come in the order of their words.
var statusOrder = func() (places [8]int32) {
	for a := range places {
		for b := range places {
			if grant.Status(b).String() < grant.Status(a).String() {
				places[a]++
			}
		}
	}
	return places
}()

func (s *Snapshot) recordKey(kind grant.Kind, id string) nameOfKey {
	k := grant.Key{Kind: kind, ID: id}
	return nameOfKey{k.String(), s.reg.Label(k)}
}

func (s *Snapshot) donorKey(donor string) nameOfKey {
	return s.joined(donor, func(id string) nameOfKey { return s.recordKey(grant.Organisations, s.reg.Survivor(id)) })
}

func (s *Snapshot) donorStateKey(donor string) nameOfKey {
	return s.joined(donor, func(id string) nameOfKey {
		state := s.reg.DonorState(id)
		if state == "" {
			return nameOfKey{grant.Unspecified, "Unspecified"}
		}
		return nameOfKey{state, grant.StateName(state)}
	})
}

// joined names the donors that give undivided by all of them: CH+DK.
func (s *Snapshot) joined(donor string, name func(id string) nameOfKey) nameOfKey {
	var all []nameOfKey
	for _, id := range donorIDs(donor) {
		if n := name(id); !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	slices.SortFunc(all, func(a, b nameOfKey) int { return strings.Compare(a.key, b.key) })
	var keys, labels []string
	for _, n := range all {
		keys, labels = append(keys, n.key), append(labels, n.label)
	}
	return nameOfKey{strings.Join(keys, joint), strings.Join(labels, " + ") + ", undivided"}
}

// of returns the codes of a part. Those of time are left for when.
func (k *keyring) of(r *record, part [lists]int32) (codes key) {
	for i, d := range k.dims {
		var code int32
		switch d {
		case DonorState, Donor:
			code = part[funders]
		case Programme:
			code = r.programme
		case Member:
			code = part[recipients]
		case Theme:
			code = part[themes]
		case Location:
			code = part[locations]
		case Population:
			code = part[populations]
		case Status:
			codes[i] = int32(r.status)
			continue
		default:
			continue
		}
		if code != none {
			code = k.roll[i][code]
		}
		codes[i] = code
	}
	return codes
}

// when sets the codes of time: those of the periods in which a day lies.
func (k *keyring) when(codes *key, day period.Day) {
	for i, d := range k.dims {
		if unit, ok := d.unit(); ok {
			codes[i] = undated
			if day != noDay {
				codes[i] = int32(k.calendar.Index(unit, day))
			}
		}
	}
}

// row appends the keys and the labels of a row.
func (k *keyring) row(codes key, keys, labels []string) (_, _ []string) {
	for i, d := range k.dims {
		n := nameOfKey{grant.Unspecified, "Unspecified"}
		unit, timed := d.unit()
		switch {
		case timed && codes[i] == undated:
			n = nameOfKey{grant.Undated, "Undated"}
		case timed:
			name := k.period(unit, int(codes[i]))
			n = nameOfKey{name, name}
		case d == Status:
			name := grant.Status(codes[i]).String()
			n = nameOfKey{name, name}
		case codes[i] != none:
			n = k.names[i][codes[i]]
		}
		keys, labels = append(keys, n.key), append(labels, n.label)
	}
	return keys, labels
}

// period names a period. There are few of them and many rows.
func (k *keyring) period(unit period.Unit, number int) string {
	at := [2]int{int(unit), number}
	name, ok := k.periods[at]
	if !ok {
		if k.periods == nil {
			k.periods = map[[2]int]string{}
		}
		name = k.calendar.Key(unit, number)
		k.periods[at] = name
	}
	return name
}
