package server

import (
	"io"
	"math/big"
	"strconv"

	"google.golang.org/grpc"

	files "github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/formats"
	"github.com/allmep/tandem/internal/exchange/freeform"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type imports struct {
	tandemv1.UnimplementedImportServiceServer
	l *ledger.Ledger
}

// maxImport is how long a file may be. It is read in pieces, but what it says becomes one revision, which is decided in memory.
const maxImport = 256 << 20

// importProgressEvery is after how many bytes it is told how far a file is read.
const importProgressEvery = 256 << 10

var severities = wordList[tandemv1.ImportProblem_Severity, files.Severity]{
	{tandemv1.ImportProblem_NOTED, files.Noted},
	{tandemv1.ImportProblem_REPAIRED, files.Repaired},
	{tandemv1.ImportProblem_LEFT_OUT, files.LeftOut},
	{tandemv1.ImportProblem_REFUSED, files.Refused},
}

var importOutcomes = wordList[tandemv1.ImportedGrant_Outcome, ledger.Outcome]{
	{tandemv1.ImportedGrant_UNCHANGED, ledger.GrantUnchanged},
	{tandemv1.ImportedGrant_CREATED, ledger.GrantCreated},
	{tandemv1.ImportedGrant_UPDATED, ledger.GrantUpdated},
	{tandemv1.ImportedGrant_REFUSED, ledger.GrantRefused},
}

type importStream = grpc.BidiStreamingServer[tandemv1.ImportGrantsRequest, tandemv1.ImportGrantsResponse]

func (s imports) ImportGrants(stream importStream) error {
	ctx := stream.Context()
	asked, err := stream.Recv()
	if err == io.EOF {
		return fault.New(fault.Invalid, "nothing was sent; the first message says what is asked, and the chunks of the file follow")
	}
	if err != nil {
		return err
	}
	options, err := s.sheetOptions(ctx, asked)
	if err != nil {
		return err
	}
	w := ledger.Write{Principal: principalOf(ctx), Reason: reasonOf(ctx), ValidateOnly: asked.ValidateOnly}
	up := &uploaded{stream: stream, rest: asked.Chunk}
	file := &opened{source: up, file: asked.FileName, format: importFormats.in(asked.Format), options: options}
	done, err := s.l.Import(ctx, w, file, asked.Partial, func(drafts int) { up.drafts = drafts })
	if done == nil {
		return err
	}
	summary := writeSummary(done, asked.ValidateOnly)
	summary.Columns, summary.Mapping = writeColumns(file.reader, asked)
	if sent := sendImported(stream, done, summary); sent != nil {
		return sent
	}
	return err
}

// uploaded is the file of an import, as it comes in.
type uploaded struct {
	stream importStream
	rest   []byte // of the last chunk
	read   int64
	told   int64 // of how much of it the caller knows
	drafts int
}

// Read implements io.Reader.
func (u *uploaded) Read(p []byte) (int, error) {
	for len(u.rest) == 0 {
		m, err := u.stream.Recv()
		if err == io.EOF {
			return 0, u.tell()
		}
		if err != nil {
			return 0, err
		}
		u.rest = m.Chunk
	}
	n := copy(p, u.rest)
	u.rest = u.rest[n:]
	if u.read += int64(n); u.read > maxImport {
		return 0, fault.New(fault.Exhausted, "the file is longer than %d MB; import it in pieces", maxImport>>20)
	}
	if u.read-u.told >= importProgressEvery {
		if err := u.send(); err != nil {
			return n, err
		}
	}
	return n, nil
}

// tell tells of the end of the file, which it returns.
func (u *uploaded) tell() error {
	if err := u.send(); err != nil {
		return err
	}
	return io.EOF
}

func (u *uploaded) send() error {
	u.told = u.read
	progress := &tandemv1.ImportProgress{Bytes: u.read, Grants: int32(u.drafts)}
	return u.stream.Send(&tandemv1.ImportGrantsResponse{Message: &tandemv1.ImportGrantsResponse_Progress{Progress: progress}})
}

// opened reads a file in the format that it has. It opens it at the first draft: by then the ledger has asked whether the caller may import at all.
type opened struct {
	source  io.Reader
	file    string
	format  files.Format
	options freeform.Options
	reader  files.Reader
}

// Read implements exchange.Reader.
func (o *opened) Read() (_ *files.Draft, err error) {
	if o.reader == nil {
		if o.reader, err = formats.Open(o.source, o.file, o.format, o.options); err != nil {
			return nil, err
		}
	}
	return o.reader.Read()
}

// sendImported tells of every grant, then of the sums.
func sendImported(stream importStream, done *ledger.Imported, summary *tandemv1.ImportSummary) error {
	for i := range done.Grants {
		if err := stream.Send(&tandemv1.ImportGrantsResponse{Message: &tandemv1.ImportGrantsResponse_Grant{Grant: writeImported(&done.Grants[i])}}); err != nil {
			return err
		}
	}
	return stream.Send(&tandemv1.ImportGrantsResponse{Message: &tandemv1.ImportGrantsResponse_Summary{Summary: summary}})
}

func writeImported(g *ledger.ImportedGrant) *tandemv1.ImportedGrant {
	m := &tandemv1.ImportedGrant{
		Name: nameOf(grant.Grants, g.ID), Key: g.Key, Title: g.Title, Outcome: importOutcomes.out(g.Outcome), Place: g.Place.String(), HeldFields: g.Held, Similar: writeSimilar(g.Similar),
	}
	for _, p := range g.Problems {
		m.Problems = append(m.Problems, &tandemv1.ImportProblem{Place: p.Place.String(), Severity: severities.out(p.Severity), Field: p.Field, Description: p.Text})
	}
	return m
}

func writeSummary(done *ledger.Imported, dry bool) *tandemv1.ImportSummary {
	m := &tandemv1.ImportSummary{
		CreatedCount: int32(done.Count(ledger.GrantCreated)), UpdatedCount: int32(done.Count(ledger.GrantUpdated)), UnchangedCount: int32(done.Count(ledger.GrantUnchanged)),
		RefusedCount: int32(done.Count(ledger.GrantRefused)), ValidateOnly: dry,
	}
	if done.Revision != 0 && !dry {
		m.Revision = "revisions/" + strconv.FormatInt(done.Revision, 10)
	}
	for _, key := range done.Others {
		m.Records = append(m.Records, key.String())
	}
	for _, t := range done.Totals {
		m.Totals = append(m.Totals, &tandemv1.ImportSummary_Total{
			Type: t.Type, CurrencyCode: t.Currency, TransactionCount: int32(t.Transactions), UnreadCount: int32(t.Unread),
			Recorded: decimalOf(t.Recorded), Reported: decimalOf(t.Reported), Kept: decimalOf(t.Kept), Refused: decimalOf(t.Refused),
		})
	}
	return m
}

// decimalOf writes a sum of decimal numbers, whole.
func decimalOf(r *big.Rat) string {
	digits, _ := r.FloatPrec()
	return r.FloatString(max(digits, 2))
}
