package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// errNotModified tells a reader that what it has is still so. The gateway makes a 304 of it; gRPC has no code of that meaning, so that a caller that
// sends if-none-match gets FailedPrecondition, which is what its condition did, with the etag in the answer's metadata.
var errNotModified = status.Error(codes.FailedPrecondition, "not modified: if-none-match has the etag of what there is")

// conditional gives every answer to a read an ETag, and spares the work when the caller has that answer already. The ETag is made of what an answer
// depends on beside the request: the newest revision, who asks, the build, the format and, where an answer is as of today, the day. Revisions move for everyone, so that it gives nothing away.
type conditional struct {
	ledger *ledger.Ledger
	build  string
	reads  sync.Map // from the full name of a method to whether it reads
}

func (c *conditional) intercept(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if !c.isRead(info.FullMethod) {
		return handler(ctx, request)
	}
	// The state may move on before the handler reads it. The answer is then newer than its etag, which costs a reader one more answer and nothing else.
	etag := c.etag(ctx, request)
	_ = grpc.SetHeader(ctx, metadata.Pairs(etagKey, etag))
	if matches(first(ctx, ifNoneMatch), etag) {
		return nil, errNotModified
	}
	return handler(ctx, request)
}

// etag is that of the answer to a request at the moment. An answer as of today holds for the day.
func (c *conditional) etag(ctx context.Context, request any) string {
	call := callOf(ctx)
	p := call.principal
	day := ""
	if r, ok := request.(*tandemv1.RenderBriefRequest); ok {
		request = r.GetBrief()
	}
	if r, ok := request.(interface{ GetAsOf() string }); ok && r.GetAsOf() == "" {
		day = today(c.ledger).String()
	}
	sum := sha256.Sum256([]byte(c.build + "\x00" + call.format + "\x00" + p.Name + "\x00" + p.DisplayName + "\x00" + p.Fingerprint() + "\x00" + day))
	return `"` + strconv.FormatInt(c.ledger.State().Revision, 10) + "-" + hex.EncodeToString(sum[:8]) + `"`
}

// matches tells whether an If-None-Match header has an etag. Its comparison is the weak one.
func matches(header, etag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		if candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/"); candidate == etag {
			return true
		}
	}
	return false
}

// isRead tells whether a method reads: over HTTP it is a GET. One that verifies does more: what it looks for is damage that no revision tells of.
func (c *conditional) isRead(method string) bool {
	if known, ok := c.reads.Load(method); ok {
		return known.(bool)
	}
	read := ruleOf(method).GetGet() != "" && !strings.Contains(method, "/Verify")
	c.reads.Store(method, read)
	return read
}

// ruleOf returns how a method is called over HTTP, nil if it is not.
func ruleOf(method string) *annotations.HttpRule {
	name := strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", ".")
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return nil
	}
	rule, _ := proto.GetExtension(d.Options(), annotations.E_Http).(*annotations.HttpRule)
	return rule
}
