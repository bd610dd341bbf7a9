package server

import (
	"bufio"
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/exchange/datapackage"
	"github.com/allmep/tandem/internal/exchange/iati"
	"github.com/allmep/tandem/internal/exchange/threesixty"
	"github.com/allmep/tandem/internal/exchange/workbook"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/search"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// The metadata with which a file begins.
const (
	contentTypeKey = "tandem-content-type"
	leftOutKey     = "tandem-left-out"
)

type exports struct {
	tandemv1.UnimplementedExportServiceServer
	l    *ledger.Ledger
	etag func(ctx context.Context, request any) string
}

// exportFormat is a kind of file. Its write returns what the format has no place for.
type exportFormat struct {
	contentType string
	write       func(w io.Writer, x ledger.Extract, reporter string) (note string, err error)
}

// exportFormats are the files of grants by their names; those of single tables are added to them.
var exportFormats = map[string]exportFormat{
	"grants.xlsx": {xlsxType, func(w io.Writer, x ledger.Extract, _ string) (string, error) { return "", workbook.WriteXLSX(w, x) }},
	"all.zip":     {"application/zip", func(w io.Writer, x ledger.Extract, _ string) (string, error) { return "", datapackage.Write(w, x) }},
	"grants.iati.xml": {"application/xml", func(w io.Writer, x ledger.Extract, reporter string) (string, error) {
		return iati.Write(w, x, reporter)
	}},
	"grants.360.json": {"application/json", func(w io.Writer, x ledger.Extract, _ string) (string, error) { return threesixty.WriteJSON(w, x) }},
	"grants.360.xlsx": {xlsxType, func(w io.Writer, x ledger.Extract, _ string) (string, error) { return threesixty.WriteXLSX(w, x) }},
}

const xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// formatOfFile returns the format of a file by its name.
func formatOfFile(name string) (exportFormat, error) {
	if f, ok := exportFormats[name]; ok {
		return f, nil
	}
	var tables []string
	for _, t := range workbook.Tables {
		if name == t.Name+".csv" {
			return exportFormat{csvMarshaler{}.ContentType(nil), func(w io.Writer, x ledger.Extract, _ string) (string, error) { return "", workbook.WriteCSV(w, t, x) }}, nil
		}
		tables = append(tables, t.Name+".csv")
	}
	for n := range exportFormats {
		tables = append(tables, n)
	}
	slices.Sort(tables)
	return exportFormat{}, fault.Field("file", "found %q; accepted are %s", name, strings.Join(tables, ", "))
}

func (s exports) ExportGrants(r *tandemv1.ExportGrantsRequest, stream grpc.ServerStreamingServer[tandemv1.ExportGrantsResponse]) error {
	ctx := stream.Context()
	etag := s.etag(ctx, r)
	_ = stream.SetHeader(metadata.Pairs(etagKey, etag)) // nothing has been sent yet
	if matches(first(ctx, ifNoneMatch), etag) {
		return errNotModified
	}
	format, err := formatOfFile(r.File)
	if err != nil {
		return err
	}
	x, out, reporter, err := s.extract(ctx, r)
	if err != nil {
		return err
	}
	head := metadata.Pairs(contentTypeKey, format.contentType, revisionKey, strconv.FormatInt(x.Revision, 10))
	if words := leftOutOf(out); words != "" {
		head.Set(leftOutKey, words)
	}
	_ = stream.SetHeader(head)
	w := bufio.NewWriterSize(exportWriter{stream}, chunkSize)
	note, err := format.write(w, x, reporter)
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return stream.Send(&tandemv1.ExportGrantsResponse{Note: note})
}

// extract reads what is asked for, and the id of the organisation that reports it.
func (s exports) extract(ctx context.Context, r *tandemv1.ExportGrantsRequest) (x ledger.Extract, out analysis.LeftOut, reporter string, err error) {
	at, err := revisionOf(ctx, s.l, r)
	if err != nil {
		return x, out, "", err
	}
	list := asList(r)
	var words search.Query
	q, err := read(func(in *reader) analysis.Selection {
		q := readSelection(in, list)
		_, words = readOrder(in, list, nil) // a file is in the order of creation
		reporter = in.id("reportingOrg", r.ReportingOrg, grant.Organisations)
		if reporter != "" && r.File != "grants.iati.xml" {
			in.Add("reportingOrg", "is for grants.iati.xml only; leave it out for %s", r.File)
		}
		return q
	})
	if err != nil {
		return x, out, "", err
	}
	if q.Filter, err = readFilter(list); err != nil {
		return x, out, "", err
	}
	q.Principal = principalOf(ctx)
	if x, out, err = s.l.Export(ctx, q, words, at); err != nil {
		return x, out, "", err
	}
	if reporter != "" && !x.Registry.Has(grant.Key{Kind: grant.Organisations, ID: reporter}) {
		return x, out, "", fault.Field("reportingOrg", "%q does not exist", r.ReportingOrg)
	}
	return x, out, reporter, nil
}

// asList is the list of what an export asks for: the two have the same filters under the same names.
func asList(r *tandemv1.ExportGrantsRequest) *tandemv1.ListGrantsRequest {
	list := &tandemv1.ListGrantsRequest{}
	to := list.ProtoReflect()
	r.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if same := to.Descriptor().Fields().ByName(f.Name()); same != nil {
			to.Set(same, v)
		}
		return true
	})
	return list
}

// exportWriter sends what is written to it.
type exportWriter struct {
	stream grpc.ServerStreamingServer[tandemv1.ExportGrantsResponse]
}

// Write implements io.Writer. What is longer than a message may be goes in several.
func (w exportWriter) Write(p []byte) (int, error) {
	for part := range slices.Chunk(p, chunkSize) {
		// A message that was sent is not ours any more, and p is the caller's.
		if err := w.stream.Send(&tandemv1.ExportGrantsResponse{Chunk: slices.Clone(part)}); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
