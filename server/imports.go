package server

import (
	"io"
	"math/big"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	files "github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/formats"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type imports struct {
	tandemv1.UnimplementedImportServiceServer
	l *ledger.Ledger
}

// maxImport is how long a file may be: what it says becomes one revision, and others wait for it to be decided.
const maxImport = 256 << 20

// importProgressBytes is after how many bytes it is told how far a file has come in, and importProgressEvery how often it is told how far it is recorded.
const (
	importProgressBytes = 256 << 10
	importProgressEvery = 250 * time.Millisecond
)

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
	if err := ledger.MayImport(w.Principal); err != nil {
		return err
	}
	file, err := receive(stream, asked.Chunk)
	if err != nil {
		return err
	}
	defer file.Close()
	var opened files.Reader
	open := func() (_ files.Reader, err error) {
		opened, err = formats.Open(file.again(), asked.FileName, importFormats.in(asked.Format), options)
		return opened, err
	}
	done, err := s.record(stream, file, func() (*ledger.Imported, error) { return s.l.Import(ctx, w, open, asked.Partial, file.taken) })
	if done == nil {
		return err
	}
	summary := writeSummary(done, asked.ValidateOnly)
	summary.Columns, summary.Mapping = writeColumns(opened, asked)
	if sent := sendImported(stream, done); sent != nil {
		return sent
	}
	if asked.RefusedFile {
		if failed := sendRefused(stream, file.again(), opened, asked, done); failed != nil {
			return failed
		}
	}
	if sent := stream.Send(&tandemv1.ImportGrantsResponse{Message: &tandemv1.ImportGrantsResponse_Summary{Summary: summary}}); sent != nil {
		return sent
	}
	return err
}

// record imports, and tells meanwhile how far that is: not from where it is done, since nobody else can write until then.
func (s imports) record(stream importStream, file *received, run func() (*ledger.Imported, error)) (done *ledger.Imported, err error) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		done, err = run()
	}()
	ticker := time.NewTicker(importProgressEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ended:
			return done, err
		case <-ticker.C:
			if sent := stream.Send(file.progress()); sent != nil {
				<-ended // its context is over
				return nil, sent
			}
		}
	}
}

// received is a file that has come in. It is kept outside of the memory, in a temporary file without a name.
type received struct {
	*os.File
	size   int64
	read   atomic.Int64 // how much of it is read again
	drafts atomic.Int64 // how many grants of it are decided
}

// receive keeps the file that a stream sends, of which there is a first chunk.
func receive(stream importStream, chunk []byte) (*received, error) {
	f, err := os.CreateTemp("", "tandem-import-*")
	if err != nil {
		return nil, unkept(err)
	}
	r := &received{File: f}
	err = os.Remove(f.Name()) // it lasts for as long as it is open
	if err == nil {
		err = r.fill(stream, chunk)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

func unkept(err error) error {
	return &fault.Error{Kind: fault.Exhausted, Message: "the server cannot keep the file while it comes in: " + err.Error(), Err: err}
}

// fill keeps chunks to the last, and tells how far that is.
func (r *received) fill(stream importStream, chunk []byte) error {
	for told := int64(0); ; {
		if r.size += int64(len(chunk)); r.size > maxImport {
			return fault.New(fault.Exhausted, "the file is longer than %d MiB; import it in pieces", maxImport>>20)
		}
		if _, err := r.Write(chunk); err != nil {
			return unkept(err)
		}
		m, err := stream.Recv()
		if over := err == io.EOF; over || r.size-told >= importProgressBytes {
			told = r.size
			if err := stream.Send(r.progress()); err != nil || over {
				return err
			}
		}
		if err != nil {
			return err
		}
		chunk = m.Chunk
	}
}

func (r *received) progress() *tandemv1.ImportGrantsResponse {
	progress := &tandemv1.ImportProgress{Bytes: r.size, ReadBytes: r.read.Load(), Grants: int32(r.drafts.Load())}
	return &tandemv1.ImportGrantsResponse{Message: &tandemv1.ImportGrantsResponse_Progress{Progress: progress}}
}

// again reads the file from its beginning.
func (r *received) again() io.Reader {
	r.read.Store(0)
	return &rereading{r, io.NewSectionReader(r.File, 0, r.size)}
}

// taken is told how many grants are decided.
func (r *received) taken(drafts int) { r.drafts.Store(int64(drafts)) }

// rereading counts what is read.
type rereading struct {
	of *received
	*io.SectionReader
}

func (r *rereading) Read(p []byte) (int, error) {
	n, err := r.SectionReader.Read(p)
	r.of.read.Add(int64(n))
	return n, err
}

// sendImported tells of every grant.
func sendImported(stream importStream, done *ledger.Imported) error {
	for i := range done.Grants {
		if err := stream.Send(&tandemv1.ImportGrantsResponse{Message: &tandemv1.ImportGrantsResponse_Grant{Grant: writeImported(&done.Grants[i])}}); err != nil {
			return err
		}
	}
	return nil
}

func writeImported(g *ledger.ImportedGrant) *tandemv1.ImportedGrant {
	m := &tandemv1.ImportedGrant{
		Name: nameOf(grant.Grants, g.ID), Key: g.Key, Title: g.Title, Outcome: importOutcomes.out(g.Outcome), Place: g.Place.String(), HeldFields: g.Held, Similar: writeSimilar(g.Similar),
	}
	m.Problems = writeProblems(g.Problems)
	return m
}

func writeProblems(all []files.Problem) []*tandemv1.ImportProblem {
	var out []*tandemv1.ImportProblem
	for _, p := range all {
		out = append(out, &tandemv1.ImportProblem{Place: p.Place.String(), Severity: severities.out(p.Severity), Field: p.Field, Description: p.Text})
	}
	return out
}

// writeProblemKinds writes the kinds of all problems of an import.
func writeProblemKinds(done *ledger.Imported) []*tandemv1.ImportProblemKind {
	ofGrants := make([][]files.Problem, len(done.Grants))
	for i := range done.Grants {
		ofGrants[i] = done.Grants[i].Problems
	}
	var out []*tandemv1.ImportProblemKind
	for _, k := range files.Kinds(ofGrants, done.Problems) {
		m := &tandemv1.ImportProblemKind{
			Severity: severities.out(k.Severity), Field: k.Field, Description: k.Text, ProblemCount: int32(k.Problems), GrantCount: int32(k.Grants), OtherCount: int32(k.Others),
		}
		for _, p := range k.Places {
			m.Places = append(m.Places, p.String())
		}
		for _, f := range k.Found {
			m.Found = append(m.Found, &tandemv1.ImportProblemKind_Found{Value: f.Value, ProblemCount: int32(f.Times)})
		}
		out = append(out, m)
	}
	return out
}

func writeSummary(done *ledger.Imported, dry bool) *tandemv1.ImportSummary {
	m := &tandemv1.ImportSummary{
		CreatedCount: int32(done.Count(ledger.GrantCreated)), UpdatedCount: int32(done.Count(ledger.GrantUpdated)), UnchangedCount: int32(done.Count(ledger.GrantUnchanged)),
		RefusedCount: int32(done.Count(ledger.GrantRefused)), ValidateOnly: dry, Problems: writeProblems(done.Problems),
		ProblemKinds: writeProblemKinds(done),
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
			Recorded: decimalOf(t.Recorded), Reported: decimalOf(t.Reported), Kept: decimalOf(t.Kept), Refused: decimalOf(t.Refused), Rounding: decimalOf(t.Rounding),
		})
	}
	return m
}

// decimalOf writes a sum of decimal numbers, whole.
func decimalOf(r *big.Rat) string {
	digits, _ := r.FloatPrec()
	return r.FloatString(max(digits, 2))
}
