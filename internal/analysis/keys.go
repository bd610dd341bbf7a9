package analysis

import (
	"cmp"
	"slices"
	"strings"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/period"
)

// key is the codes of a row, one for each dimension.
type key [3]int32

// undated is the code of a period that cannot be told.
const undated int32 = -1 << 31

// compareKeys orders rows as the words of their keys do: "undated" comes after every number, and "unspecified" after all that is named.
func compareKeys(a, b key) int {
	for i := range a {
		if a[i] != b[i] {
			return cmp.Compare(uint32(a[i]), uint32(b[i]))
		}
	}
	return 0
}

// keyring turns codes into the keys and labels of rows. What rolls up to the same key has the same code, and codes are in the order of keys.
type keyring struct {
	snapshot *Snapshot
	dims     []Dimension
	calendar period.Calendar
	finest   Dimension      // the dimension of time with the shortest periods, if there is one
	timed    bool           // there is one
	roll     [3][]int32     // of each dimension but those of time: the code in names of a code in its dictionary
	names    [3][]nameOfKey // of each dimension, by code; of those of time see times
	first    [3]int32       // of each dimension of time: the number of the period that names begins with
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
		case Status:
			k.table(i, statuses, func(word string) nameOfKey { return nameOfKey{word, word} })
		case Theme, Location, Population:
			list := map[Dimension]int{Theme: themes, Location: locations, Population: populations}[d]
			k.table(i, s.line.terms[list].all(), func(id string) nameOfKey { return s.recordKey(kinds[list], id) })
		}
	}
	return k
}

// statuses are the words of statuses, by their numbers.
var statuses = func() (words []string) {
	for status := range grant.Suspended + 1 {
		words = append(words, status.String())
	}
	return words
}()

// table fills the i-th dimension's tables from a dictionary.
func (k *keyring) table(i int, ids []string, name func(id string) nameOfKey) {
	named := make([]nameOfKey, len(ids))
	for code, id := range ids {
		named[code] = name(id)
	}
	names := slices.Clone(named)
	slices.SortStableFunc(names, func(a, b nameOfKey) int { return strings.Compare(a.key, b.key) })
	k.names[i] = slices.CompactFunc(names, func(a, b nameOfKey) bool { return a.key == b.key })
	codes := make(map[string]int32, len(k.names[i]))
	for code, n := range k.names[i] {
		codes[n.key] = int32(code)
	}
	k.roll[i] = make([]int32, len(ids))
	for code, n := range named {
		k.roll[i][code] = codes[n.key]
	}
}

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
			code = int32(r.status)
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

// times gives names to the periods from the first of the shortest that are asked for up to the end, and returns the codes of time of each, and of what is undated.
func (k *keyring) times(first, end int) (times []key, unknown key) {
	times = make([]key, max(0, end-first))
	shortest, _ := k.finest.unit()
	for i, d := range k.dims {
		unit, timed := d.unit()
		if !timed {
			continue
		}
		unknown[i], k.names[i] = undated, nil
		for n := range times {
			number := k.calendar.Index(unit, k.calendar.Span(shortest, first+n).First)
			if n == 0 {
				k.first[i] = int32(number)
			}
			if number == int(k.first[i])+len(k.names[i]) {
				name := k.calendar.Key(unit, number)
				k.names[i] = append(k.names[i], nameOfKey{name, name})
			}
			times[n][i] = int32(number)
		}
	}
	return times, unknown
}

// row returns the keys and the labels of a row, which it puts into names: there is room for both.
func (k *keyring) row(codes key, names []string) (keys, labels []string) {
	keys, labels = names[:0:len(k.dims)], names[len(k.dims):][:0]
	for i, code := range codes[:len(k.dims)] {
		n := nameOfKey{grant.Unspecified, "Unspecified"}
		switch code {
		case none:
		case undated:
			n = nameOfKey{grant.Undated, "Undated"}
		default:
			n = k.names[i][code-k.first[i]]
		}
		keys, labels = append(keys, n.key), append(labels, n.label)
	}
	return keys, labels
}
