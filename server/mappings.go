package server

import (
	"context"

	"github.com/allmep/tandem/internal/exchange/freeform"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type mappings struct {
	tandemv1.UnimplementedMappingServiceServer
	l *ledger.Ledger
}

func (s mappings) GetMapping(ctx context.Context, r *tandemv1.GetMappingRequest) (*tandemv1.Mapping, error) {
	return get(ctx, s.l, mapping, r)
}

func (s mappings) ListMappings(ctx context.Context, r *tandemv1.ListMappingsRequest) (*tandemv1.ListMappingsResponse, error) {
	p, err := list(ctx, s.l, mapping, r, nil)
	return &tandemv1.ListMappingsResponse{Mappings: p.items, NextPageToken: p.next, TotalSize: p.total, Revision: p.revision}, err
}

func (s mappings) CreateMapping(ctx context.Context, r *tandemv1.CreateMappingRequest) (*tandemv1.Mapping, error) {
	return create(ctx, s.l, mapping, r, r.MappingId, r.Mapping)
}

func (s mappings) UpdateMapping(ctx context.Context, r *tandemv1.UpdateMappingRequest) (*tandemv1.Mapping, error) {
	return update(ctx, s.l, mapping, r, r.Mapping, nil)
}

func (s mappings) DeleteMapping(ctx context.Context, r *tandemv1.DeleteMappingRequest) (*tandemv1.Mapping, error) {
	return remove(ctx, s.l, mapping, r)
}

func (s mappings) UndeleteMapping(ctx context.Context, r *tandemv1.UndeleteMappingRequest) (*tandemv1.Mapping, error) {
	return undelete(ctx, s.l, mapping, r)
}

func (s mappings) RestoreMapping(ctx context.Context, r *tandemv1.RestoreMappingRequest) (*tandemv1.Mapping, error) {
	return restore(ctx, s.l, mapping, r)
}

var mapping = record[*grant.Mapping, *tandemv1.Mapping]{kind: grant.Mappings, field: "mapping", order: byName, read: readMapping, write: writeMapping}

var dateOrderWords = wordList[tandemv1.ImportGrantsRequest_DateOrder, string]{{tandemv1.ImportGrantsRequest_DAY_FIRST, "DAY_FIRST"}, {tandemv1.ImportGrantsRequest_MONTH_FIRST, "MONTH_FIRST"}}

var decimalMarkWords = wordList[tandemv1.ImportGrantsRequest_DecimalMark, string]{{tandemv1.ImportGrantsRequest_POINT, "POINT"}, {tandemv1.ImportGrantsRequest_COMMA, "COMMA"}}

func readMapping(r *reader, at, id string, m *tandemv1.Mapping) *grant.Mapping {
	to := &grant.Mapping{ID: id, DisplayName: m.DisplayName, DateOrder: dateOrderWords.in(m.DateOrder), DecimalMark: decimalMarkWords.in(m.DecimalMark), Sheet: m.Sheet, Source: m.Source}
	if m.DefaultCurrency != "" {
		to.DefaultCurrency = r.currency(at+".defaultCurrency", m.DefaultCurrency)
	}
	for i, c := range m.Columns {
		if _, err := freeform.ParseField(c.Field); err != nil {
			r.Add(index(at+".columns", i)+".field", "%v", err)
		}
		to.Columns = append(to.Columns, grant.MappingColumn{Head: c.Head, Letter: c.Letter, Field: c.Field})
	}
	return to
}

func writeMapping(m *grant.Mapping) *tandemv1.Mapping {
	return &tandemv1.Mapping{
		Name: m.Key().String(), DisplayName: m.DisplayName, Columns: writeMappingColumns(m.Columns), DateOrder: dateOrderWords.out(m.DateOrder), DecimalMark: decimalMarkWords.out(m.DecimalMark),
		DefaultCurrency: string(m.DefaultCurrency), Sheet: m.Sheet, Source: m.Source,
		Etag: etagOf(&m.Meta), CreateTime: timeOf(m.Created), UpdateTime: timeOf(m.Updated), DeleteTime: timeOf(m.Deleted),
	}
}

func writeMappingColumns(columns []grant.MappingColumn) []*tandemv1.Mapping_Column {
	var all []*tandemv1.Mapping_Column
	for _, c := range columns {
		all = append(all, &tandemv1.Mapping_Column{Head: c.Head, Letter: c.Letter, Field: c.Field})
	}
	return all
}
