package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

const (
	exportsPath = "/v1/exports/"
	// noteTrailer tells what the format of a file has no place for, which is known at its end.
	noteTrailer = "Tandem-Note"
	// chunkDeadline is how long a reader may take for a part of a file.
	chunkDeadline = time.Minute
)

// downloads serves ExportGrants as files, through the local connection like all that the gateway serves. The gateway's own streams are of JSON.
func (s *Server) downloads(gateway *runtime.ServeMux) http.Handler {
	client := tandemv1.NewExportServiceClient(s.local)
	return readOnly(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context()) // ends the stream, whatever of it was read
		defer cancel()
		w.Header().Set("Cache-Control", "private, no-cache")
		w.Header().Set("Vary", "Authorization")
		request := &tandemv1.ExportGrantsRequest{File: strings.TrimPrefix(r.URL.Path, exportsPath)}
		ctx, stream, err := openDownload(ctx, gateway, client, r, request)
		if err != nil {
			s.refuse(ctx, gateway, jsonMarshaler, w, r, err)
			return
		}
		head, _ := stream.Header() // where there is none, Recv tells why
		part, err := stream.Recv()
		if err != nil {
			s.refuse(runtime.NewServerMetadataContext(ctx, runtime.ServerMetadata{HeaderMD: head}), gateway, jsonMarshaler, w, r, err)
			return
		}
		tellOfFile(w.Header(), head, request.File)
		if r.Method == http.MethodHead {
			return
		}
		if err := sendFile(w, part, stream); err != nil {
			panic(http.ErrAbortHandler) // so that the reader does not take a part for the whole
		}
	}))
}

// openDownload makes the call of an HTTP request.
func openDownload(ctx context.Context, gateway *runtime.ServeMux, client tandemv1.ExportServiceClient, r *http.Request, request *tandemv1.ExportGrantsRequest,
) (context.Context, grpc.ServerStreamingClient[tandemv1.ExportGrantsResponse], error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return ctx, nil, invalid("", "the query of the address cannot be read: %v", err)
	}
	if query.Has("file") {
		return ctx, nil, invalid("file", "is given by the path")
	}
	if err := (queryParser{}).Parse(request, query, utilities.NewDoubleArray(nil)); err != nil {
		return ctx, nil, status.Error(codes.InvalidArgument, err.Error())
	}
	ctx, err = runtime.AnnotateContext(ctx, gateway, r, tandemv1.ExportService_ExportGrants_FullMethodName)
	if err != nil {
		return ctx, nil, err
	}
	stream, err := client.ExportGrants(ctx, request)
	return ctx, stream, err
}

// tellOfFile sets the headers of a file.
func tellOfFile(h http.Header, head metadata.MD, file string) {
	for key, name := range map[string]string{contentTypeKey: "Content-Type", etagKey: "ETag", requestIDKey: "X-Request-Id", leftOutKey: leftOutHeader, revisionKey: "Tandem-Revision"} {
		for _, v := range head.Get(key) {
			h.Set(name, v)
		}
	}
	h.Set("Trailer", noteTrailer)
	name := file
	for _, revision := range head.Get(revisionKey) {
		name = "tandem-" + revision + "-" + file
	}
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name)) // formatOfFile has seen to it that it is a plain name
}

// sendFile writes the parts of a file, and what its format has no place for as a trailer.
func sendFile(w http.ResponseWriter, part *tandemv1.ExportGrantsResponse, stream grpc.ServerStreamingClient[tandemv1.ExportGrantsResponse]) error {
	control := http.NewResponseController(w)
	for {
		_ = control.SetWriteDeadline(time.Now().Add(chunkDeadline))
		if _, err := w.Write(part.Chunk); err != nil {
			return err
		}
		if part.Note != "" {
			w.Header().Set(noteTrailer, part.Note)
		}
		var err error
		part, err = stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
