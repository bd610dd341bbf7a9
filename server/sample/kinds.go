package sample

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// kind is one kind of record that grants refer to, with the sample's records of it.
type kind struct {
	// foreign names a record of the ledger, deleted or not, that is not exactly as in the sample; "" means that there is none.
	foreign func(context.Context) (string, error)
	// load writes the sample's records, each after those that it refers to, and returns how many there are.
	load func(context.Context) (int, error)
}

// pageSize is the most that a list may return at once. One page is enough to find a foreign record: the sample has fewer records of any kind.
const pageSize = 1000

// kindsOf returns the kinds in the order in which they are to be written.
func kindsOf(conn grpc.ClientConnInterface) ([]kind, error) {
	var (
		organisations tandemv1.ListOrganisationsResponse
		programmes    tandemv1.ListProgrammesResponse
		themes        tandemv1.ListThemesResponse
		locations     tandemv1.ListLocationsResponse
		populations   tandemv1.ListPopulationsResponse
	)
	for _, f := range []struct {
		name string
		into proto.Message
	}{
		{"organisations.json", &organisations}, {"programmes.json", &programmes},
		{"themes.json", &themes}, {"locations.json", &locations}, {"populations.json", &populations},
	} {
		if err := parse(f.name, f.into); err != nil {
			return nil, err
		}
	}
	o, p := tandemv1.NewOrganisationServiceClient(conn), tandemv1.NewProgrammeServiceClient(conn)
	t, l, q := tandemv1.NewThemeServiceClient(conn), tandemv1.NewLocationServiceClient(conn), tandemv1.NewPopulationServiceClient(conn)
	return []kind{
		kindOf(organisations.Organisations, func(ctx context.Context) ([]*tandemv1.Organisation, error) {
			r, err := o.ListOrganisations(ctx, &tandemv1.ListOrganisationsRequest{PageSize: pageSize, ShowDeleted: true})
			return r.GetOrganisations(), err
		}, func(ctx context.Context, request, id string, m *tandemv1.Organisation) error {
			_, err := o.CreateOrganisation(ctx, &tandemv1.CreateOrganisationRequest{RequestId: request, OrganisationId: id, Organisation: m})
			return err
		}),
		kindOf(programmes.Programmes, func(ctx context.Context) ([]*tandemv1.Programme, error) {
			r, err := p.ListProgrammes(ctx, &tandemv1.ListProgrammesRequest{PageSize: pageSize, ShowDeleted: true})
			return r.GetProgrammes(), err
		}, func(ctx context.Context, request, id string, m *tandemv1.Programme) error {
			_, err := p.CreateProgramme(ctx, &tandemv1.CreateProgrammeRequest{RequestId: request, ProgrammeId: id, Programme: m})
			return err
		}),
		kindOf(themes.Themes, func(ctx context.Context) ([]*tandemv1.Theme, error) {
			r, err := t.ListThemes(ctx, &tandemv1.ListThemesRequest{PageSize: pageSize, ShowDeleted: true})
			return r.GetThemes(), err
		}, func(ctx context.Context, request, id string, m *tandemv1.Theme) error {
			_, err := t.CreateTheme(ctx, &tandemv1.CreateThemeRequest{RequestId: request, ThemeId: id, Theme: m})
			return err
		}),
		kindOf(locations.Locations, func(ctx context.Context) ([]*tandemv1.Location, error) {
			r, err := l.ListLocations(ctx, &tandemv1.ListLocationsRequest{PageSize: pageSize, ShowDeleted: true})
			return r.GetLocations(), err
		}, func(ctx context.Context, request, id string, m *tandemv1.Location) error {
			_, err := l.CreateLocation(ctx, &tandemv1.CreateLocationRequest{RequestId: request, LocationId: id, Location: m})
			return err
		}),
		kindOf(populations.Populations, func(ctx context.Context) ([]*tandemv1.Population, error) {
			r, err := q.ListPopulations(ctx, &tandemv1.ListPopulationsRequest{PageSize: pageSize, ShowDeleted: true})
			return r.GetPopulations(), err
		}, func(ctx context.Context, request, id string, m *tandemv1.Population) error {
			_, err := q.CreatePopulation(ctx, &tandemv1.CreatePopulationRequest{RequestId: request, PopulationId: id, Population: m})
			return err
		}),
	}, nil
}

// record is a message of a record that a grant can refer to.
type record interface {
	proto.Message
	GetName() string
	GetDeleteTime() *timestamppb.Timestamp
}

func kindOf[M record](records []M, list func(context.Context) ([]M, error), create func(ctx context.Context, request, id string, m M) error) kind {
	return kind{
		foreign: func(ctx context.Context) (string, error) {
			held, err := list(ctx)
			if err != nil {
				return "", fmt.Errorf("look for records: %w", err)
			}
			sample := make(map[string]M, len(records))
			for _, m := range records {
				sample[m.GetName()] = m
			}
			for _, m := range held {
				if own, ok := sample[m.GetName()]; !ok || m.GetDeleteTime() != nil || !proto.Equal(said(m), own) {
					return m.GetName(), nil
				}
			}
			return "", nil
		},
		load: func(ctx context.Context) (int, error) {
			for _, m := range records {
				bare := proto.CloneOf(m)
				clearFields(bare, "name")
				if err := create(ctx, requestID(m.GetName()), idOf(m.GetName()), bare); err != nil {
					return 0, fmt.Errorf("create %s: %w", m.GetName(), err)
				}
			}
			return len(records), nil
		},
	}
}

// said returns what people say in a record, without what the server adds.
func said[M proto.Message](m M) M {
	bare := proto.CloneOf(m)
	clearFields(bare, "etag", "create_time", "update_time")
	return bare
}

func clearFields(m proto.Message, names ...protoreflect.Name) {
	r := m.ProtoReflect()
	for _, f := range names {
		r.Clear(r.Descriptor().Fields().ByName(f))
	}
}
