package store

import (
	"bytes"
	"database/sql"
	"fmt"

	"github.com/klauspost/compress/s2"
)

// SQLite writes a page first to its log and then to the file, and keeps texts as they are, so the body of a record that is not short is packed there: a BLOB in the block
// format of S2, a third as long, while what is plain is TEXT. PostgreSQL packs long texts by itself.

// packFrom is from how many bytes on a body is packed. Of shorter ones less would be saved than is read and written anyway.
const packFrom = 1024

// packer packs the bodies that one statement writes, all into the same memory.
type packer struct{ room []byte }

// packed returns a body as SQLite stores it. It is overwritten after reset.
func (p *packer) packed(body []byte) any {
	if len(body) < packFrom {
		return string(body)
	}
	if need := s2.MaxEncodedLen(len(body)); cap(p.room)-len(p.room) < need {
		p.room = make([]byte, 0, max(2*cap(p.room), need)) // what is in the old is kept by those who have it
	}
	start := len(p.room)
	out := s2.Encode(p.room[start:cap(p.room)], body)
	p.room = p.room[:start+len(out)]
	return out
}

func (p *packer) reset() { p.room = p.room[:0] }

// body scans a body, packed or plain.
type body []byte

var _ sql.Scanner = (*body)(nil)

// Scan implements sql.Scanner. What cannot be unpacked is left as it is, so that its damage is told as that of a plain body is: by its revision's hash, and by whoever decodes it.
func (b *body) Scan(stored any) error {
	switch stored := stored.(type) {
	case string:
		*b = body(stored)
	case []byte:
		plain, err := s2.Decode(nil, stored)
		if err != nil {
			plain = bytes.Clone(stored)
		}
		*b = plain
	default:
		return fmt.Errorf("found a body of the type %T", stored)
	}
	return nil
}
