package search

// postings are the places of each code, in the order in which they came. A place may stand there twice. Most codes have one place, which takes no list.
type postings struct {
	first []int32   // by code: its first place, none as long as there is none
	list  []int32   // by code: one more than where its places stand in lists, 0 for what has one at most
	lists [][]int32 // of all places of the codes that have more than one
}

// grow makes room for the next code.
func (p *postings) grow() { p.first, p.list = append(p.first, none), append(p.list, 0) }

// post adds a place to those of a code, if it is not its last one.
func (p *postings) post(code, place int32) {
	switch at := p.list[code]; {
	case p.first[code] == none:
		p.first[code] = place
	case at > 0:
		if places := p.lists[at-1]; places[len(places)-1] != place {
			p.lists[at-1] = append(places, place)
		}
	case p.first[code] != place:
		p.lists = append(p.lists, []int32{p.first[code], place})
		p.list[code] = int32(len(p.lists))
	}
}

// of returns the places of a code. They are never changed.
func (p *postings) of(code int32) []int32 {
	switch {
	case code < 0 || p.first[code] == none:
		return nil
	case p.list[code] > 0:
		return p.lists[p.list[code]-1]
	}
	return p.first[code : code+1 : code+1]
}
