package server

import (
	"context"
	"fmt"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type programmes struct {
	tandemv1.UnimplementedProgrammeServiceServer
	l *ledger.Ledger
}

func (s programmes) GetProgramme(ctx context.Context, r *tandemv1.GetProgrammeRequest) (*tandemv1.Programme, error) {
	return get(ctx, s.l, programme, r)
}

func (s programmes) ListProgrammes(ctx context.Context, r *tandemv1.ListProgrammesRequest) (*tandemv1.ListProgrammesResponse, error) {
	p, err := list(ctx, s.l, programme, r, nil)
	return &tandemv1.ListProgrammesResponse{Programmes: p.items, NextPageToken: p.next, TotalSize: p.total, Revision: p.revision}, err
}

func (s programmes) CreateProgramme(ctx context.Context, r *tandemv1.CreateProgrammeRequest) (*tandemv1.Programme, error) {
	return create(ctx, s.l, programme, r, r.ProgrammeId, r.Programme)
}

func (s programmes) UpdateProgramme(ctx context.Context, r *tandemv1.UpdateProgrammeRequest) (*tandemv1.Programme, error) {
	return update(ctx, s.l, programme, r, r.Programme, nil)
}

func (s programmes) DeleteProgramme(ctx context.Context, r *tandemv1.DeleteProgrammeRequest) (*tandemv1.Programme, error) {
	return remove(ctx, s.l, programme, r)
}

func (s programmes) UndeleteProgramme(ctx context.Context, r *tandemv1.UndeleteProgrammeRequest) (*tandemv1.Programme, error) {
	return undelete(ctx, s.l, programme, r)
}

func (s programmes) RestoreProgramme(ctx context.Context, r *tandemv1.RestoreProgrammeRequest) (*tandemv1.Programme, error) {
	return restore(ctx, s.l, programme, r)
}

var programme = record[*grant.Programme, *tandemv1.Programme]{kind: grant.Programmes, field: "programme", order: byName, read: readProgramme, write: writeProgramme}

func readProgramme(r *reader, at, id string, m *tandemv1.Programme) *grant.Programme {
	p := &grant.Programme{ID: id, DisplayName: m.DisplayName, Owner: r.id(at+".owner", m.Owner, grant.Organisations), Website: m.Website, Note: m.Note}
	for i, e := range m.Envelopes {
		at := fmt.Sprintf("%s.envelopes[%d]", at, i)
		p.Envelopes = append(p.Envelopes, grant.Envelope{
			Start: r.date(at+".start", e.Start), End: r.date(at+".end", e.End), Amount: r.amount(at+".amount", e.Amount), Source: e.Source,
		})
	}
	return p
}

func writeProgramme(p *grant.Programme) *tandemv1.Programme {
	m := &tandemv1.Programme{
		Name: p.Key().String(), DisplayName: p.DisplayName, Owner: nameOf(grant.Organisations, p.Owner), Website: p.Website, Note: p.Note,
		Etag: etagOf(&p.Meta), CreateTime: timeOf(p.Created), UpdateTime: timeOf(p.Updated), DeleteTime: timeOf(p.Deleted),
	}
	for _, e := range p.Envelopes {
		m.Envelopes = append(m.Envelopes, &tandemv1.Programme_Envelope{Start: e.Start.String(), End: e.End.String(), Amount: amountOf(e.Amount), Source: e.Source})
	}
	return m
}
