package server

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/money"
)

// defaultPage is how many records a list answers with when it is not told.
const defaultPage = 100

func pageSize(asked int32, otherwise int) int {
	if asked == 0 {
		return otherwise
	}
	return int(asked)
}

// token is where a page ended. It is a place in the order of the list, not a number of records, so pages stay right while others write.
type token struct {
	Value int64  `json:"v,omitempty"`
	Text  string `json:"t,omitempty"`
	ID    string `json:"i,omitempty"`
	// Of an analysis: the keys of its last row, and that row's figure.
	Keys    []string  `json:"k,omitempty"`
	Central money.Sum `json:"c,omitzero"`
	Query   string    `json:"q"` // digest of everything else that was asked
}

// nextToken writes a token for the query.
func nextToken(query proto.Message, t token) string {
	t.Query = digest(query)
	b, _ := json.Marshal(t) // a struct of strings and numbers cannot fail
	return base64.RawURLEncoding.EncodeToString(b)
}

// readToken reads the token of a query; it is nil on the first page. Errors: Invalid, also if the token is of another query.
func readToken(query proto.Message, s string) (*token, error) {
	if s == "" {
		return nil, nil
	}
	var t token
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || json.Unmarshal(b, &t) != nil {
		return nil, fault.Field("pageToken", "is not a token that this service gave; send back nextPageToken as it came, or nothing for the first page")
	}
	if t.Query != digest(query) {
		return nil, fault.Field("pageToken", "belongs to another query; send it with the filters and the order of the first page, or leave it out")
	}
	return &t, nil
}

func (t *token) cursor() *analysis.Cursor {
	if t == nil {
		return nil
	}
	return &analysis.Cursor{Value: t.Value, Text: t.Text, ID: t.ID}
}

// digest identifies a query by all but its page.
func digest(query proto.Message) string {
	q := proto.Clone(query).ProtoReflect()
	for _, name := range []protoreflect.Name{"page_token", "page_size"} {
		if f := q.Descriptor().Fields().ByName(name); f != nil {
			q.Clear(f)
		}
	}
	sum := sha256.Sum256(canonical(q.Interface()))
	return hex.EncodeToString(sum[:8])
}

// canonical is the encoding of a message by which requests are told apart.
func canonical(m proto.Message) []byte {
	b, _ := proto.MarshalOptions{Deterministic: true}.Marshal(m) // what was received can be sent
	return append([]byte(m.ProtoReflect().Descriptor().FullName()), b...)
}
