package search

import "hash/maphash"

// table finds the codes of texts, which stand elsewhere, by their hashes. It is a map of Go's without the texts: a code takes 11 to 21 bytes, growing reads no text, and the collector has
// nothing to follow.
type table struct {
	slots []slot // a power of two of them, at least a quarter of them free; a code stands in the first that was free from that of its hash on
	size  int
}

// slot holds a hash, and a code. The zero slot is free.
type slot struct {
	hash uint32
	code int32 // and one
}

var seed = maphash.MakeSeed()

func hashOf(text string) uint32      { return uint32(maphash.String(seed, text)) }
func hashOfBytes(text []byte) uint32 { return uint32(maphash.Bytes(seed, text)) }

// lookUp returns the code of a text, none if the table does not have it. texts are by code.
func lookUp[T string | []byte](t *table, hash uint32, text T, texts []string) int32 {
	if t.size == 0 {
		return none
	}
	for i := hash; ; i++ {
		s := t.slots[int(i)&(len(t.slots)-1)]
		if s.code == 0 {
			return none
		}
		if s.hash == hash && texts[s.code-1] == string(text) {
			return s.code - 1
		}
	}
}

// add adds a code, which the table must not have.
func (t *table) add(hash uint32, code int32) {
	if 4*(t.size+1) > 3*len(t.slots) {
		old := t.slots
		t.slots = make([]slot, max(8, 2*len(old)))
		for _, s := range old {
			if s.code != 0 {
				t.put(s)
			}
		}
	}
	t.put(slot{hash, code + 1})
	t.size++
}

func (t *table) put(s slot) {
	i := int(s.hash) & (len(t.slots) - 1)
	for t.slots[i].code != 0 {
		i = (i + 1) & (len(t.slots) - 1)
	}
	t.slots[i] = s
}
