// Package sample is what a new server can begin with: the public grants of the field, with the organisations, programmes and terms that they name,
// so that whoever starts it for the first time has something true to look at. The files beside this one hold it, in the form of the REST bodies.
//
// The package writes through the contract's services, as any client does. It may not know the ledger or the store, and it never writes over, or
// beside, what somebody else recorded.
package sample

import (
	"context"
	"embed"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/allmep/tandem/internal/fault"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

//go:embed *.json
var files embed.FS

// Reason is what the history says of the sample's revisions.
const Reason = "sample of public grants"

// Loaded is what Load did.
type Loaded struct {
	// LeftAlone says why nothing was written; empty when the sample was loaded.
	LeftAlone string
	// Records and Grants are how many were written: organisations, programmes and terms, and the grants. Those that an interrupted start had written count.
	Records, Grants int
}

// String says it in a sentence.
func (l Loaded) String() string {
	if l.LeftAlone != "" {
		return "the sample was left out: " + l.LeftAlone
	}
	return fmt.Sprintf("the sample was loaded: %d grants, and %d organisations, programmes and terms", l.Grants, l.Records)
}

// Load writes the sample through conn, whose caller must be allowed to write, unless the ledger holds anything of its own.
//
// The grants go last and in one batch, so that a ledger with a grant, deleted or not, is either in use or has the sample whole. One without grants may
// have been left by a start that was cut short: Load goes on with it if all that it holds is word for word the sample's. The fixed request_ids make the
// records that are there already come back as they are, provided that the caller is the same principal each time. Errors are those of the services.
func Load(ctx context.Context, conn grpc.ClientConnInterface) (Loaded, error) {
	batch, err := grants()
	if err != nil {
		return Loaded{}, err
	}
	kinds, err := kindsOf(conn)
	if err != nil {
		return Loaded{}, err
	}
	service := tandemv1.NewGrantServiceClient(conn)
	held, err := service.ListGrants(ctx, &tandemv1.ListGrantsRequest{PageSize: 1, ShowDeleted: true})
	if err != nil {
		return Loaded{}, fmt.Errorf("look for grants: %w", err)
	}
	if held.TotalSize > 0 {
		return Loaded{LeftAlone: "the ledger holds " + fault.Number(held.TotalSize, "grant")}, nil
	}
	for _, k := range kinds {
		foreign, err := k.foreign(ctx)
		if err != nil {
			return Loaded{}, err
		}
		if foreign != "" {
			return Loaded{LeftAlone: fmt.Sprintf("the ledger holds %s, which is not of the sample or was changed", foreign)}, nil
		}
	}
	ctx = metadata.AppendToOutgoingContext(ctx, "tandem-reason", Reason)
	done := Loaded{Grants: len(batch.Requests)}
	for _, k := range kinds {
		n, err := k.load(ctx)
		if err != nil {
			return Loaded{}, err
		}
		done.Records += n
	}
	if _, err := service.BatchCreateGrants(ctx, batch); err != nil {
		return Loaded{}, fmt.Errorf("create the grants: %w", err)
	}
	return done, nil
}

// grants reads the grants as one batch.
func grants() (*tandemv1.BatchCreateGrantsRequest, error) {
	var file tandemv1.ListGrantsResponse
	if err := parse("grants.json", &file); err != nil {
		return nil, err
	}
	batch := &tandemv1.BatchCreateGrantsRequest{RequestId: requestID("grants")}
	for _, g := range file.Grants {
		id := idOf(g.Name)
		g.Name = ""
		batch.Requests = append(batch.Requests, &tandemv1.CreateGrantRequest{GrantId: id, Grant: g})
	}
	return batch, nil
}

// parse reads a file of the sample, which has the form of an answer to a list request. A field that the contract does not know is an error.
func parse(file string, into proto.Message) error {
	text, err := files.ReadFile(file)
	if err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	if err := protojson.Unmarshal(text, into); err != nil {
		return fmt.Errorf("sample: %s: %w", file, err)
	}
	return nil
}

// idOf takes the collection off a name: "themes/water" gives "water".
func idOf(name string) string {
	_, id, _ := strings.Cut(name, "/")
	return id
}

// requestID is the same at every start, so that what was written before a crash is not written again.
func requestID(name string) string { return "sample/" + name }
