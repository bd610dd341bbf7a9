package grant

import "slices"

// seen are the values that a list has had so far. Most lists have one or two, which need no map.
type seen[K comparable] struct {
	few   [4]K
	many  map[K]int
	count int
}

// add adds the next value of the list, and returns the place at which it stands already, -1 if it stands nowhere.
func (s *seen[K]) add(k K) (first int) {
	at := s.count
	s.count++
	if at < len(s.few) {
		s.few[at] = k
		if first = slices.Index(s.few[:], k); first < at {
			return first
		}
		return -1
	}
	if s.many == nil {
		s.many = map[K]int{}
		for i, k := range slices.Backward(s.few[:]) {
			s.many[k] = i
		}
	}
	if first, twice := s.many[k]; twice {
		return first
	}
	s.many[k] = at
	return -1
}
