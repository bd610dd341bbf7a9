package client

import (
	"context"
	"io"
	"strings"

	"google.golang.org/protobuf/proto"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// importChunk is how much of a file is sent at once.
const importChunk = 256 << 10

// Import sends a file and returns what became of it. q says what is asked; its chunk is not looked at. progress is told how far the server is; it may be nil.
//
// When grants are refused, so that nothing was written, there is both a result, which tells which, and an error. An import that was cut off may be made again: what
// was recorded already changes nothing.
func (c *Client) Import(ctx context.Context, q *tandemv1.ImportGrantsRequest, from io.Reader, progress func(*tandemv1.ImportProgress)) (*tandemv1.ImportResult, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stream, err := c.Imports.ImportGrants(ctx)
	if err != nil {
		return nil, err
	}
	go func() {
		if err := sendFile(stream, proto.CloneOf(q), from); err != nil {
			cancel(err) // a file that cannot be read to its end is not to be taken for a whole one
		}
	}()
	var result *tandemv1.ImportResult
	var refused strings.Builder
	for {
		m, err := stream.Recv()
		if err == io.EOF {
			return result, nil
		}
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return result, err
		}
		if result == nil && m.GetProgress() == nil {
			result = &tandemv1.ImportResult{}
		}
		switch {
		case m.GetProgress() != nil && progress != nil:
			progress(m.GetProgress())
		case m.GetGrant() != nil:
			result.Grants = append(result.Grants, m.GetGrant())
		case m.GetSummary() != nil:
			result.Summary, result.RefusedFile = m.GetSummary(), refused.String()
		default:
			refused.WriteString(m.GetRefusedFile())
		}
	}
}

// sendFile sends a file to its end, or until the server wants no more of it. Its error is that of the file.
func sendFile(stream tandemv1.ImportService_ImportGrantsClient, m *tandemv1.ImportGrantsRequest, from io.Reader) error {
	chunk := make([]byte, importChunk)
	for {
		n, err := io.ReadFull(from, chunk)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return err
		}
		m.Chunk = chunk[:n]
		if stream.Send(m) != nil {
			return nil // its answer says why
		}
		if err != nil {
			return stream.CloseSend()
		}
		m = &tandemv1.ImportGrantsRequest{}
	}
}
