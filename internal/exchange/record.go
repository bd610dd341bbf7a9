package exchange

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/allmep/tandem/internal/grant"
)

// Record says which record a grant of a file was written from, if Tandem wrote the file. The ledger that wrote it knows its own grant again by that, whatever has been edited in the
// file meanwhile; any other ledger has no such record.
type Record struct {
	Grant    string // its id
	Created  int64  // when it was recorded, in microseconds since 1970: no two records have both in common
	Revision int64  // the revision that left it as it was written
	Key      string // under which the file knows it: a copy that got another is another grant
	// Plain is what the fields of the format say by themselves, where others of our own say more and stand.
	Plain *grant.Grant
	// Again tells a state of the record as this file would have told it: what the file says otherwise, someone has edited there.
	Again func(g *grant.Grant, names *grant.Registry) (*Draft, error)
}

// instant is how a record writes when it was recorded, to the microsecond.
const instant = "2006-01-02T15:04:05.000000Z"

// RecordText says which record a grant is written from, in one line; "" if it is none of a ledger's. key is what the file calls it by.
func RecordText(g *grant.Grant, key string) string {
	if g.Revision == 0 || g.Created == 0 {
		return ""
	}
	return fmt.Sprintf("%s %d %s %s", g.ID, g.Revision, time.UnixMicro(g.Created).UTC().Format(instant), key)
}

// ParseRecord reads what RecordText wrote; nil if it is not that.
func ParseRecord(text string) *Record {
	const fields = 4 // the last of which may have spaces
	f := strings.SplitN(text, " ", fields)
	if len(f) != fields {
		return nil
	}
	revision, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil {
		return nil
	}
	at, err := time.Parse(instant, f[2])
	if err != nil {
		return nil
	}
	return &Record{Grant: f[0], Created: at.UnixMicro(), Revision: revision, Key: f[3]}
}
