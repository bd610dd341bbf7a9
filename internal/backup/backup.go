// Package backup is the format of a backup: a file that holds the log of revisions, which is all that Tandem knows, and that any store can be restored from.
//
// The file is gzip (RFC 1952) of lines of JSON. The first is the header:
//
//	{"format":"tandem backup","version":2,"program":"…","head":112,"hash":"…"}
//
// where head and hash are the number and the hash of the last revision. Then comes every revision from 1 to head, in order, each followed by its changes, a
// line for each, ordered by kind and id:
//
//	{"revision":112,"at":1764034669270751,"principal":"…","reason":"…","requestId":"…","fingerprint":"…","hash":"…","changes":2}
//	{"kind":"grants","id":"…","created":1764034669270751,"deleted":0,"body":"{…}"}
//
// Instants are microseconds since 1970; body is the record's JSON as text, byte for byte as it is hashed. The last line is the trailer, without which the
// file was cut off:
//
//	{"end":112,"hash":"…"}
//
// It is for values and bytes. It may not know where they come from or go, nor how revisions are chained.
package backup

import (
	"github.com/allmep/tandem/internal/ledger"
)

// What the header says of the format. A version that a reader does not know is refused. The first is the same, but all its hashes are of the first form, which is
// all that its programs know.
const (
	format  = "tandem backup"
	first   = 1
	version = 2
)

// The most that is written and read, so that a reader's memory has a bound: bytes of a line, and of a revision's bodies.
const (
	maxLine     = 64 << 20
	maxRevision = 1 << 30
)

type header struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Program string `json:"program"`
	Head    int64  `json:"head"`
	Hash    string `json:"hash"`
}

type revision struct {
	Number      int64  `json:"revision"`
	At          int64  `json:"at"`
	Principal   string `json:"principal"`
	Reason      string `json:"reason"`
	RequestID   string `json:"requestId"`
	Fingerprint string `json:"fingerprint"`
	Hash        string `json:"hash"`
	Changes     int    `json:"changes"`
}

type change struct {
	Kind    string `json:"kind"`
	ID      string `json:"id"`
	Created int64  `json:"created"`
	Deleted int64  `json:"deleted"`
	Body    string `json:"body"`
}

type trailer struct {
	End  int64  `json:"end"`
	Hash string `json:"hash"`
}

// size is how many bytes of bodies a revision has.
func size(r ledger.Revision) (n int) {
	for _, v := range r.Changes {
		n += len(v.Body)
	}
	return n
}
