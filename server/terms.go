package server

import (
	"context"

	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type themes struct {
	tandemv1.UnimplementedThemeServiceServer
	l *ledger.Ledger
}

func (s themes) GetTheme(ctx context.Context, r *tandemv1.GetThemeRequest) (*tandemv1.Theme, error) {
	return get(ctx, s.l, theme, r)
}

func (s themes) ListThemes(ctx context.Context, r *tandemv1.ListThemesRequest) (*tandemv1.ListThemesResponse, error) {
	p, err := list(ctx, s.l, theme, r, nil)
	return &tandemv1.ListThemesResponse{Themes: p.items, NextPageToken: p.next, TotalSize: p.total, Revision: p.revision}, err
}

func (s themes) CreateTheme(ctx context.Context, r *tandemv1.CreateThemeRequest) (*tandemv1.Theme, error) {
	return create(ctx, s.l, theme, r, r.ThemeId, r.Theme)
}

func (s themes) UpdateTheme(ctx context.Context, r *tandemv1.UpdateThemeRequest) (*tandemv1.Theme, error) {
	return update(ctx, s.l, theme, r, r.Theme, nil)
}

func (s themes) DeleteTheme(ctx context.Context, r *tandemv1.DeleteThemeRequest) (*tandemv1.Theme, error) {
	return remove(ctx, s.l, theme, r)
}

func (s themes) UndeleteTheme(ctx context.Context, r *tandemv1.UndeleteThemeRequest) (*tandemv1.Theme, error) {
	return undelete(ctx, s.l, theme, r)
}

func (s themes) RestoreTheme(ctx context.Context, r *tandemv1.RestoreThemeRequest) (*tandemv1.Theme, error) {
	return restore(ctx, s.l, theme, r)
}

var theme = record[*grant.Term, *tandemv1.Theme]{
	kind: grant.Themes, field: "theme", order: byName,
	read: func(r *reader, at, id string, m *tandemv1.Theme) *grant.Term {
		return &grant.Term{Of: grant.Themes, ID: id, DisplayName: m.DisplayName, Parent: r.id(at+".parent", m.Parent, grant.Themes), Codes: m.DacCodes, Description: m.Description}
	},
	write: func(t *grant.Term) *tandemv1.Theme {
		return &tandemv1.Theme{
			Name: t.Key().String(), DisplayName: t.DisplayName, Parent: nameOf(grant.Themes, t.Parent), DacCodes: t.Codes, Description: t.Description,
			Etag: etagOf(&t.Meta), CreateTime: timeOf(t.Created), UpdateTime: timeOf(t.Updated), DeleteTime: timeOf(t.Deleted),
		}
	},
}

type locations struct {
	tandemv1.UnimplementedLocationServiceServer
	l *ledger.Ledger
}

func (s locations) GetLocation(ctx context.Context, r *tandemv1.GetLocationRequest) (*tandemv1.Location, error) {
	return get(ctx, s.l, location, r)
}

func (s locations) ListLocations(ctx context.Context, r *tandemv1.ListLocationsRequest) (*tandemv1.ListLocationsResponse, error) {
	p, err := list(ctx, s.l, location, r, nil)
	return &tandemv1.ListLocationsResponse{Locations: p.items, NextPageToken: p.next, TotalSize: p.total, Revision: p.revision}, err
}

func (s locations) CreateLocation(ctx context.Context, r *tandemv1.CreateLocationRequest) (*tandemv1.Location, error) {
	return create(ctx, s.l, location, r, r.LocationId, r.Location)
}

func (s locations) UpdateLocation(ctx context.Context, r *tandemv1.UpdateLocationRequest) (*tandemv1.Location, error) {
	return update(ctx, s.l, location, r, r.Location, nil)
}

func (s locations) DeleteLocation(ctx context.Context, r *tandemv1.DeleteLocationRequest) (*tandemv1.Location, error) {
	return remove(ctx, s.l, location, r)
}

func (s locations) UndeleteLocation(ctx context.Context, r *tandemv1.UndeleteLocationRequest) (*tandemv1.Location, error) {
	return undelete(ctx, s.l, location, r)
}

func (s locations) RestoreLocation(ctx context.Context, r *tandemv1.RestoreLocationRequest) (*tandemv1.Location, error) {
	return restore(ctx, s.l, location, r)
}

var location = record[*grant.Term, *tandemv1.Location]{
	kind: grant.Locations, field: "location", order: byName,
	read: func(r *reader, at, id string, m *tandemv1.Location) *grant.Term {
		return &grant.Term{Of: grant.Locations, ID: id, DisplayName: m.DisplayName, Parent: r.id(at+".parent", m.Parent, grant.Locations), Codes: m.Codes, Description: m.Description}
	},
	write: func(t *grant.Term) *tandemv1.Location {
		return &tandemv1.Location{
			Name: t.Key().String(), DisplayName: t.DisplayName, Parent: nameOf(grant.Locations, t.Parent), Codes: t.Codes, Description: t.Description,
			Etag: etagOf(&t.Meta), CreateTime: timeOf(t.Created), UpdateTime: timeOf(t.Updated), DeleteTime: timeOf(t.Deleted),
		}
	},
}

type populations struct {
	tandemv1.UnimplementedPopulationServiceServer
	l *ledger.Ledger
}

func (s populations) GetPopulation(ctx context.Context, r *tandemv1.GetPopulationRequest) (*tandemv1.Population, error) {
	return get(ctx, s.l, population, r)
}

func (s populations) ListPopulations(ctx context.Context, r *tandemv1.ListPopulationsRequest) (*tandemv1.ListPopulationsResponse, error) {
	p, err := list(ctx, s.l, population, r, nil)
	return &tandemv1.ListPopulationsResponse{Populations: p.items, NextPageToken: p.next, TotalSize: p.total, Revision: p.revision}, err
}

func (s populations) CreatePopulation(ctx context.Context, r *tandemv1.CreatePopulationRequest) (*tandemv1.Population, error) {
	return create(ctx, s.l, population, r, r.PopulationId, r.Population)
}

func (s populations) UpdatePopulation(ctx context.Context, r *tandemv1.UpdatePopulationRequest) (*tandemv1.Population, error) {
	return update(ctx, s.l, population, r, r.Population, nil)
}

func (s populations) DeletePopulation(ctx context.Context, r *tandemv1.DeletePopulationRequest) (*tandemv1.Population, error) {
	return remove(ctx, s.l, population, r)
}

func (s populations) UndeletePopulation(ctx context.Context, r *tandemv1.UndeletePopulationRequest) (*tandemv1.Population, error) {
	return undelete(ctx, s.l, population, r)
}

func (s populations) RestorePopulation(ctx context.Context, r *tandemv1.RestorePopulationRequest) (*tandemv1.Population, error) {
	return restore(ctx, s.l, population, r)
}

var population = record[*grant.Term, *tandemv1.Population]{
	kind: grant.Populations, field: "population", order: byName,
	read: func(r *reader, at, id string, m *tandemv1.Population) *grant.Term {
		return &grant.Term{Of: grant.Populations, ID: id, DisplayName: m.DisplayName, Parent: r.id(at+".parent", m.Parent, grant.Populations), Description: m.Description}
	},
	write: func(t *grant.Term) *tandemv1.Population {
		return &tandemv1.Population{
			Name: t.Key().String(), DisplayName: t.DisplayName, Parent: nameOf(grant.Populations, t.Parent), Description: t.Description,
			Etag: etagOf(&t.Meta), CreateTime: timeOf(t.Created), UpdateTime: timeOf(t.Updated), DeleteTime: timeOf(t.Deleted),
		}
	},
}
