package server

import (
	"bytes"
	"io"

	files "github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/freeform"
	"github.com/allmep/tandem/internal/exchange/refused"
	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// sendRefused sends the file of what was refused, if anything was. in is the file that was imported, once more.
func sendRefused(stream importStream, in io.Reader, opened files.Reader, asked *tandemv1.ImportGrantsRequest, done *ledger.Imported) error {
	var grants []refused.Grant
	for i := range done.Grants {
		if g := &done.Grants[i]; g.Outcome == ledger.GrantRefused {
			grants = append(grants, refusedGrant(g))
		}
	}
	if len(grants) == 0 {
		return nil
	}
	as := refused.File{Format: importFormats.in(asked.Format), Sheet: asked.Sheet}
	if sheet, is := opened.(*freeform.Reader); is {
		for _, c := range sheet.Mapping().Columns {
			as.Columns = append(as.Columns, refused.Column{Head: c.Head, Field: c.Field})
		}
	}
	out := &refusedLines{stream: stream}
	if err := refused.Write(out, in, as, grants); err != nil {
		return err
	}
	return out.send(len(out.lines))
}

// refusedGrant is a grant with the problems for which it is refused.
func refusedGrant(g *ledger.ImportedGrant) refused.Grant {
	to := refused.Grant{Place: g.Place.String(), Key: g.Key, Title: g.Title}
	for _, p := range g.Problems {
		if p.Severity == files.Refused {
			to.Reasons = append(to.Reasons, refused.Reason{Place: p.Place.String(), Field: p.Field, Text: p.Text})
		}
	}
	return to
}

// refusedLines sends what is written to it by whole lines, so that no letter is cut.
type refusedLines struct {
	stream importStream
	lines  []byte
}

// Write implements io.Writer.
func (r *refusedLines) Write(p []byte) (int, error) {
	r.lines = append(r.lines, p...)
	if len(r.lines) < uploadChunk {
		return len(p), nil
	}
	return len(p), r.send(bytes.LastIndexByte(r.lines, '\n') + 1)
}

func (r *refusedLines) send(n int) error {
	if n == 0 {
		return nil
	}
	err := r.stream.Send(&tandemv1.ImportGrantsResponse{Message: &tandemv1.ImportGrantsResponse_RefusedFile{RefusedFile: string(r.lines[:n])}})
	r.lines = append(r.lines[:0], r.lines[n:]...)
	return err
}
