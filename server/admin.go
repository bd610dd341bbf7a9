package server

import (
	"bufio"
	"errors"
	"io"
	"iter"
	"slices"
	"strconv"

	"google.golang.org/grpc"

	"github.com/allmep/tandem/internal/backup"
	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type admin struct {
	tandemv1.UnimplementedAdminServiceServer
	l       *ledger.Ledger
	program string // what backups say who wrote them
}

// chunkSize is how many bytes of a backup one message has at most.
const chunkSize = 256 << 10

func (s admin) Backup(_ *tandemv1.BackupRequest, stream grpc.ServerStreamingServer[tandemv1.BackupResponse]) error {
	ctx := stream.Context()
	end, log, err := s.l.Log(ctx, principalOf(ctx))
	if err != nil {
		return err
	}
	out := &chunkWriter{stream: stream, total: end.Number}
	buffered := bufio.NewWriterSize(out, chunkSize)
	if err := backup.Write(buffered, s.program, end, out.counting(log)); err != nil {
		return err
	}
	return buffered.Flush()
}

// chunkWriter sends what is written to it.
type chunkWriter struct {
	stream      grpc.ServerStreamingServer[tandemv1.BackupResponse]
	read, total int64 // revisions
}

// counting counts the revisions that are read from a log.
func (w *chunkWriter) counting(log iter.Seq2[ledger.Revision, error]) iter.Seq2[ledger.Revision, error] {
	return func(yield func(ledger.Revision, error) bool) {
		for r, err := range log {
			if err == nil {
				w.read = r.Number
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// Write implements io.Writer.
func (w *chunkWriter) Write(p []byte) (int, error) {
	// A message that was sent is not ours any more, and p is the caller's.
	err := w.stream.Send(&tandemv1.BackupResponse{Chunk: slices.Clone(p), RevisionCount: w.read, TotalRevisions: w.total})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

func (s admin) Restore(stream grpc.ClientStreamingServer[tandemv1.RestoreRequest, tandemv1.RestoreResponse]) error {
	ctx := stream.Context()
	first, err := stream.Recv()
	if errors.Is(err, io.EOF) {
		first, err = &tandemv1.RestoreRequest{}, nil
	}
	if err != nil {
		return err
	}
	in := &chunkReader{stream: stream, chunk: first.Chunk}
	end, err := s.l.RestoreLog(ctx, principalOf(ctx), backup.Read(in), first.ValidateOnly)
	switch {
	case in.err != nil: // what the backup seems to lack was not sent
		return in.err
	case err != nil:
		return err
	}
	return stream.SendAndClose(&tandemv1.RestoreResponse{RevisionCount: end.Number, CreateTime: timeOf(end.At), Anchor: anchorOf(end)})
}

// chunkReader reads what is sent.
type chunkReader struct {
	stream grpc.ClientStreamingServer[tandemv1.RestoreRequest, tandemv1.RestoreResponse]
	chunk  []byte
	err    error // why no more came, if it is not that all is there
}

// Read implements io.Reader.
func (r *chunkReader) Read(p []byte) (int, error) {
	for len(r.chunk) == 0 {
		m, err := r.stream.Recv()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				r.err = err
			}
			return 0, err
		}
		r.chunk = m.Chunk
	}
	n := copy(p, r.chunk)
	r.chunk = r.chunk[n:]
	return n, nil
}

// progressEvery is after how many revisions VerifyDatabase tells how far it is.
const progressEvery = 10_000

func (s admin) VerifyDatabase(r *tandemv1.VerifyDatabaseRequest, stream grpc.ServerStreamingServer[tandemv1.VerifyDatabaseResponse]) error {
	anchor, err := readAnchor(r.Anchor)
	if err != nil {
		return err
	}
	ctx := stream.Context()
	end, err := s.l.VerifyDatabase(ctx, principalOf(ctx), anchor, func(number, of int64) error {
		if number%progressEvery != 0 {
			return nil
		}
		return stream.Send(&tandemv1.VerifyDatabaseResponse{RevisionCount: number, TotalRevisions: of})
	})
	if err != nil {
		return err
	}
	return stream.Send(&tandemv1.VerifyDatabaseResponse{RevisionCount: end.Number, TotalRevisions: end.Number, Anchor: anchorOf(end)})
}

// anchorOf is how the contract writes where a log ends; nothing, where it has no revision.
func anchorOf(end ledger.Chain) string {
	if end.Number == 0 {
		return ""
	}
	return strconv.FormatInt(end.Number, 10) + ":" + end.Hash
}
