package server

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

const (
	linesType = "application/x-ndjson"
	// uploadChunk is how much of a body is handed on at once, at most.
	uploadChunk = 256 << 10
	// uploadDeadline is how long the other side may leave a chunk unsent, or an answer unread. A whole file may take as long as it takes.
	uploadDeadline = time.Minute
)

// upload serves ImportGrants with the file as the body, through the local connection like all that the gateway serves. The gateway's own handler would have it in
// JSON, and whole.
func (s *Server) upload(gateway *runtime.ServeMux) http.Handler {
	client := tandemv1.NewImportServiceClient(s.local)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", "POST")
			writeStatus(w, http.StatusMethodNotAllowed, status.Convert(noRoute(r, http.StatusMethodNotAllowed)))
			return
		}
		asked := &tandemv1.ImportGrantsRequest{}
		if err := (queryParser{}).Parse(asked, r.URL.Query(), utilities.NewDoubleArray([][]string{{"chunk"}})); err != nil {
			s.refuse(r.Context(), gateway, jsonMarshaler, w, r, status.Error(codes.InvalidArgument, err.Error()))
			return
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		ctx, err := runtime.AnnotateContext(ctx, gateway, withReason(r), tandemv1.ImportService_ImportGrants_FullMethodName)
		if err != nil {
			s.refuse(ctx, gateway, jsonMarshaler, w, r, err)
			return
		}
		stream, err := client.ImportGrants(ctx)
		if err != nil {
			s.refuse(ctx, gateway, jsonMarshaler, w, r, err)
			return
		}
		control := http.NewResponseController(w)
		body := &body{from: r.Body, control: control}
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			if body.send(stream, asked) != nil {
				cancel() // a file that was cut off is not to be taken for a whole one
			}
		}()
		defer func() {
			cancel()
			body.leave()
			<-sent
		}()
		answer := &importAnswer{w: w, control: control, lines: acceptsLines(r.Header.Values("Accept"))}
		if err := answer.receive(stream.Recv); err != nil {
			header, _ := stream.Header() // where there is none, err tells why
			if !body.over.Load() {
				w.Header().Set("Connection", "close") // what is left of the file is in the way of another request
			}
			answer.refuse(err, func() {
				s.refuse(runtime.NewServerMetadataContext(ctx, runtime.ServerMetadata{HeaderMD: header}), gateway, jsonMarshaler, w, r, err)
			})
		}
	})
}

// acceptsLines tells whether an answer is wanted line by line.
func acceptsLines(accept []string) bool {
	return strings.Contains(strings.ToLower(strings.Join(accept, ",")), linesType)
}

// body is the body of a request on its way to the stream.
type body struct {
	from    io.Reader
	control *http.ResponseController
	over    atomic.Bool // nothing more of it will come
}

// send hands the body on in chunks. What the caller said of it goes with the first. Its error is that of the body: what the other side does not want, its answer tells.
func (b *body) send(stream tandemv1.ImportService_ImportGrantsClient, m *tandemv1.ImportGrantsRequest) error {
	chunk := make([]byte, uploadChunk)
	for {
		n, err := b.fill(chunk)
		if err != nil && err != io.EOF {
			return err
		}
		m.Chunk = bytes.Clone(chunk[:n]) // a message that is sent belongs to who takes it
		if stream.Send(m) != nil {
			return nil
		}
		if err == io.EOF {
			return stream.CloseSend()
		}
		m = &tandemv1.ImportGrantsRequest{}
	}
}

// fill reads until a chunk is full. Unlike io.ReadFull it tells a body that was cut off from one that has ended.
func (b *body) fill(chunk []byte) (n int, err error) {
	for n < len(chunk) && err == nil {
		_ = b.control.SetReadDeadline(time.Now().Add(uploadDeadline))
		var more int
		more, err = b.from.Read(chunk[n:])
		n += more
	}
	if err != nil {
		b.over.Store(true)
		_ = b.control.SetReadDeadline(time.Time{}) // nothing more is expected while the file is worked on
	}
	return n, err
}

// leave makes send return, though the body may not be over: the answer is given.
func (b *body) leave() {
	if !b.over.Load() {
		_ = b.control.SetReadDeadline(time.Now())
	}
}

// importAnswer is the answer to an import over HTTP: one result, or a line for each message.
type importAnswer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	lines   bool
	begun   bool
	result  tandemv1.ImportResult
	refused strings.Builder
}

// receive writes what the stream says, to its end.
func (a *importAnswer) receive(next func() (*tandemv1.ImportGrantsResponse, error)) error {
	for {
		m, err := next()
		switch {
		case err == io.EOF && a.lines:
			return nil
		case err == io.EOF:
			a.result.RefusedFile = a.refused.String()
			return a.write("application/json", &a.result)
		case err != nil:
			return err
		case a.lines:
			if err := a.write(linesType, m); err != nil {
				return err
			}
		case m.GetGrant() != nil:
			a.result.Grants = append(a.result.Grants, m.GetGrant())
		case m.GetSummary() != nil:
			a.result.Summary = m.GetSummary()
		default:
			a.refused.WriteString(m.GetRefusedFile())
		}
	}
}

func (a *importAnswer) write(mediaType string, m any) error {
	data, err := jsonMarshaler.Marshal(m)
	if err != nil {
		return err
	}
	if !a.begun {
		a.begun = true
		a.w.Header().Set("Content-Type", mediaType)
		a.w.Header().Set("Cache-Control", "no-store")
	}
	_ = a.control.SetWriteDeadline(time.Now().Add(uploadDeadline))
	if _, err := a.w.Write(append(data, '\n')); err != nil {
		return err
	}
	_ = a.control.Flush() // what cannot be flushed goes out at the end
	return nil
}

// refuse tells of an error: as the answer or, where that has begun, as its last line.
func (a *importAnswer) refuse(err error, whole func()) {
	_ = a.control.SetWriteDeadline(time.Now().Add(uploadDeadline))
	if !a.begun {
		whole()
		return
	}
	body, failed := jsonMarshaler.Marshal(status.Convert(err).Proto())
	if failed == nil {
		_, _ = a.w.Write(append(append([]byte(`{"error":`), body...), "}\n"...)) // the caller may be gone
	}
}
