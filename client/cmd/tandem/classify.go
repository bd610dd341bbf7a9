package main

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/allmep/tandem/client"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// termFields are the flags that say what a theme, location or population is, beside its name.
type termFields struct {
	Parent      string   `help:"What it is a part of."`
	Code        []string `help:"DAC purpose code of a theme; ISO 3166 or IATI code of a location." placeholder:"CODE"`
	Description string   `help:"What belongs to it."`
}

// termAdd are the flags of a new one.
type termAdd struct {
	ID         string `arg:"" help:"The last part of its name."`
	Name       string `help:"Its name." required:""`
	termFields `embed:""`
}

// termEdit are the flags of a change of one.
type termEdit struct {
	ID         string `arg:"" help:"Its id."`
	Name       string `help:"Its name."`
	termFields `embed:""`
	Clear      []string `help:"Fields to empty, such as parent or description." placeholder:"FIELD"`
}

// listTerms writes a list of programmes, themes, locations or populations.
func listTerms[M interface {
	proto.Message
	GetName() string
	GetDisplayName() string
}](s *session, answer proto.Message, items []M, other ...string) error {
	t := &table{head: []string{"ID", "NAME"}}
	for _, column := range other {
		t.head = append(t.head, map[string]string{"parent": "PARENT", "dac_codes": "DAC CODES", "codes": "CODES", "owner": "OWNER"}[column])
	}
	for _, m := range items {
		row := []string{bare(m.GetName()), m.GetDisplayName()}
		for _, column := range other {
			value := text(m, column)
			if column == "parent" || column == "owner" {
				value = bare(value)
			}
			row = append(row, value)
		}
		t.add(row...)
	}
	t.notes = append(t.notes, fmt.Sprintf("%d in all", len(items)))
	return s.write(answer, t)
}

type themeCommands struct {
	Add    themeAdd    `cmd:"" help:"Record a theme."`
	List   themeList   `cmd:"" help:"List the themes."`
	Edit   themeEdit   `cmd:"" help:"Change a theme: what is given is set, what is not stays."`
	Delete themeDelete `cmd:"" help:"Delete a theme that nothing refers to."`
}

type themeAdd struct{ termAdd }

// Run records a theme.
func (c *themeAdd) Run(s *session) error {
	m := &tandemv1.Theme{DisplayName: c.Name, Parent: full("themes", c.Parent), DacCodes: c.Code, Description: c.Description}
	m, err := s.Themes.CreateTheme(s, &tandemv1.CreateThemeRequest{Theme: m, ThemeId: c.ID})
	if err != nil {
		return err
	}
	return s.did("Recorded", m.Name, m)
}

type themeList struct{}

// Run lists the themes.
func (*themeList) Run(s *session) error {
	all := &tandemv1.ListThemesResponse{}
	for m, err := range client.All(s, &tandemv1.ListThemesRequest{PageSize: 1000}, s.Themes.ListThemes, (*tandemv1.ListThemesResponse).GetThemes) {
		if err != nil {
			return err
		}
		all.Themes = append(all.Themes, m)
	}
	return listTerms(s, all, all.Themes, "parent", "dac_codes")
}

type themeEdit struct{ termEdit }

// Run changes a theme, unless someone else does so at the same time.
func (c *themeEdit) Run(s *session) error {
	m := &tandemv1.Theme{DisplayName: c.Name, Parent: full("themes", c.Parent), DacCodes: c.Code, Description: c.Description}
	mask, err := editMask(m, c.Clear, "--parent")
	if err != nil {
		return err
	}
	now, err := s.Themes.GetTheme(s, &tandemv1.GetThemeRequest{Name: full("themes", c.ID)})
	if err != nil {
		return err
	}
	m.Name, m.Etag = now.Name, now.Etag
	if m, err = s.Themes.UpdateTheme(s, &tandemv1.UpdateThemeRequest{Theme: m, UpdateMask: mask}); err != nil {
		return err
	}
	return s.show(m)
}

type themeDelete struct {
	ID string `arg:"" help:"The theme's id."`
}

// Run deletes a theme.
func (c *themeDelete) Run(s *session) error {
	m, err := s.Themes.DeleteTheme(s, &tandemv1.DeleteThemeRequest{Name: full("themes", c.ID)})
	if err != nil {
		return err
	}
	return s.did("Deleted", m.Name, m)
}

type locationCommands struct {
	Add    locationAdd    `cmd:"" help:"Record a location."`
	List   locationList   `cmd:"" help:"List the locations."`
	Edit   locationEdit   `cmd:"" help:"Change a location: what is given is set, what is not stays."`
	Delete locationDelete `cmd:"" help:"Delete a location that nothing refers to."`
}

type locationAdd struct{ termAdd }

// Run records a location.
func (c *locationAdd) Run(s *session) error {
	m := &tandemv1.Location{DisplayName: c.Name, Parent: full("locations", c.Parent), Codes: c.Code, Description: c.Description}
	m, err := s.Locations.CreateLocation(s, &tandemv1.CreateLocationRequest{Location: m, LocationId: c.ID})
	if err != nil {
		return err
	}
	return s.did("Recorded", m.Name, m)
}

type locationList struct{}

// Run lists the locations.
func (*locationList) Run(s *session) error {
	all := &tandemv1.ListLocationsResponse{}
	for m, err := range client.All(s, &tandemv1.ListLocationsRequest{PageSize: 1000}, s.Locations.ListLocations, (*tandemv1.ListLocationsResponse).GetLocations) {
		if err != nil {
			return err
		}
		all.Locations = append(all.Locations, m)
	}
	return listTerms(s, all, all.Locations, "parent", "codes")
}

type locationEdit struct{ termEdit }

// Run changes a location, unless someone else does so at the same time.
func (c *locationEdit) Run(s *session) error {
	m := &tandemv1.Location{DisplayName: c.Name, Parent: full("locations", c.Parent), Codes: c.Code, Description: c.Description}
	mask, err := editMask(m, c.Clear, "--parent")
	if err != nil {
		return err
	}
	now, err := s.Locations.GetLocation(s, &tandemv1.GetLocationRequest{Name: full("locations", c.ID)})
	if err != nil {
		return err
	}
	m.Name, m.Etag = now.Name, now.Etag
	if m, err = s.Locations.UpdateLocation(s, &tandemv1.UpdateLocationRequest{Location: m, UpdateMask: mask}); err != nil {
		return err
	}
	return s.show(m)
}

type locationDelete struct {
	ID string `arg:"" help:"The location's id."`
}

// Run deletes a location.
func (c *locationDelete) Run(s *session) error {
	m, err := s.Locations.DeleteLocation(s, &tandemv1.DeleteLocationRequest{Name: full("locations", c.ID)})
	if err != nil {
		return err
	}
	return s.did("Deleted", m.Name, m)
}

type populationCommands struct {
	Add    populationAdd    `cmd:"" help:"Record a population."`
	List   populationList   `cmd:"" help:"List the populations."`
	Edit   populationEdit   `cmd:"" help:"Change a population: what is given is set, what is not stays."`
	Delete populationDelete `cmd:"" help:"Delete a population that nothing refers to."`
}

type populationAdd struct{ termAdd }

// Run records a population.
func (c *populationAdd) Run(s *session) error {
	if len(c.Code) > 0 {
		return usage("--code: populations have no codes")
	}
	m := &tandemv1.Population{DisplayName: c.Name, Parent: full("populations", c.Parent), Description: c.Description}
	m, err := s.Populations.CreatePopulation(s, &tandemv1.CreatePopulationRequest{Population: m, PopulationId: c.ID})
	if err != nil {
		return err
	}
	return s.did("Recorded", m.Name, m)
}

type populationList struct{}

// Run lists the populations.
func (*populationList) Run(s *session) error {
	all := &tandemv1.ListPopulationsResponse{}
	for m, err := range client.All(s, &tandemv1.ListPopulationsRequest{PageSize: 1000}, s.Populations.ListPopulations, (*tandemv1.ListPopulationsResponse).GetPopulations) {
		if err != nil {
			return err
		}
		all.Populations = append(all.Populations, m)
	}
	return listTerms(s, all, all.Populations, "parent")
}

type populationEdit struct{ termEdit }

// Run changes a population, unless someone else does so at the same time.
func (c *populationEdit) Run(s *session) error {
	if len(c.Code) > 0 {
		return usage("--code: populations have no codes")
	}
	m := &tandemv1.Population{DisplayName: c.Name, Parent: full("populations", c.Parent), Description: c.Description}
	mask, err := editMask(m, c.Clear, "--parent")
	if err != nil {
		return err
	}
	now, err := s.Populations.GetPopulation(s, &tandemv1.GetPopulationRequest{Name: full("populations", c.ID)})
	if err != nil {
		return err
	}
	m.Name, m.Etag = now.Name, now.Etag
	if m, err = s.Populations.UpdatePopulation(s, &tandemv1.UpdatePopulationRequest{Population: m, UpdateMask: mask}); err != nil {
		return err
	}
	return s.show(m)
}

type populationDelete struct {
	ID string `arg:"" help:"The population's id."`
}

// Run deletes a population.
func (c *populationDelete) Run(s *session) error {
	m, err := s.Populations.DeletePopulation(s, &tandemv1.DeletePopulationRequest{Name: full("populations", c.ID)})
	if err != nil {
		return err
	}
	return s.did("Deleted", m.Name, m)
}
