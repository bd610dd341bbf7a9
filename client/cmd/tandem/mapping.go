package main

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/allmep/tandem/client"
	"github.com/allmep/tandem/internal/fault"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type mappingCommands struct {
	List   mappingList   `cmd:"" help:"List the mappings."`
	Show   mappingShow   `cmd:"" help:"Show what a mapping takes columns for."`
	Delete mappingDelete `cmd:"" help:"Delete a mapping."`
}

type mappingList struct{}

// Run lists the mappings.
func (*mappingList) Run(s *session) error {
	all := &tandemv1.ListMappingsResponse{}
	t := &table{head: []string{"ID", "NAME", "COLUMNS"}, right: map[int]bool{2: true}}
	for m, err := range client.All(s, &tandemv1.ListMappingsRequest{PageSize: 1000}, s.Mappings.ListMappings, (*tandemv1.ListMappingsResponse).GetMappings) {
		if err != nil {
			return err
		}
		all.Mappings = append(all.Mappings, m)
		t.add(bare(m.Name), m.DisplayName, strconv.Itoa(len(m.Columns)))
	}
	t.notes = append(t.notes, fmt.Sprintf("%d in all", len(all.Mappings)))
	return s.write(all, t)
}

type mappingShow struct {
	ID string `arg:"" help:"The mapping's id."`
}

// Run shows a mapping.
func (c *mappingShow) Run(s *session) error {
	m, err := s.Mappings.GetMapping(s, &tandemv1.GetMappingRequest{Name: full("mappings", c.ID)})
	if err != nil {
		return err
	}
	t := &table{head: []string{"HEAD", "LETTER", "FIELD"}}
	for _, c := range m.Columns {
		t.add(c.Head, c.Letter, takenFor(c.Field))
	}
	said := m.DisplayName
	for _, f := range []struct{ flag, value string }{{"--dates", flagOf(m.DateOrder)}, {"--decimals", flagOf(m.DecimalMark)}, {"--currency", m.DefaultCurrency}, {"--sheet", m.Sheet}, {"--source", m.Source}} {
		if f.value != "" {
			said += " " + f.flag + " " + f.value
		}
	}
	t.notes = append(t.notes, said)
	return s.write(m, t)
}

// flagOf writes a word of the contract as flags have it; nothing for the word that says nothing.
func flagOf(word interface {
	protoreflect.Enum
	String() string
}) string {
	if word.Number() == 0 {
		return ""
	}
	return strings.ToLower(strings.ReplaceAll(word.String(), "_", "-"))
}

type mappingDelete struct {
	ID string `arg:"" help:"The mapping's id."`
}

// Run deletes a mapping.
func (c *mappingDelete) Run(s *session) error {
	m, err := s.Mappings.DeleteMapping(s, &tandemv1.DeleteMappingRequest{Name: full("mappings", c.ID)})
	if err != nil {
		return err
	}
	return s.did("Deleted", m.Name, m)
}

// savedMapping returns the mapping under the name to save by, deleted or not, nil if there is none. It is asked for before anything is imported, so that a name that cannot be is told in time.
func (c *importCommand) savedMapping(s *session) (*tandemv1.Mapping, error) {
	switch {
	case c.SaveMapping == "":
		return nil, nil
	case len(c.Files) != 1:
		return nil, usage("--save-mapping is for one file at a time: each has its own heads")
	}
	m, err := s.Mappings.GetMapping(s, &tandemv1.GetMappingRequest{Name: full("mappings", c.SaveMapping)})
	if status.Code(err) == codes.NotFound {
		return nil, nil
	}
	return m, err
}

// saveMapping records the mapping by which a file was read, in place of what was there under its name, if anything was. What people call that stays.
func (c *importCommand) saveMapping(s *session, was *tandemv1.Mapping, file string, m *tandemv1.Mapping) (err error) {
	switch {
	case m == nil:
		return errors.New("there is no mapping to save: the format of the file says what its columns mean")
	case was == nil:
		m.DisplayName = "Columns of " + cmp.Or(file, "standard input")
		m, err = s.Mappings.CreateMapping(s, &tandemv1.CreateMappingRequest{Mapping: m, MappingId: bare(c.SaveMapping)})
	default:
		if was.DeleteTime != nil {
			if was, err = s.Mappings.UndeleteMapping(s, &tandemv1.UndeleteMappingRequest{Name: was.Name, Etag: was.Etag}); err != nil {
				return err
			}
		}
		m.Name, m.Etag = was.Name, was.Etag
		mask := &fieldmaskpb.FieldMask{Paths: []string{"columns", "date_order", "decimal_mark", "default_currency", "sheet"}}
		m, err = s.Mappings.UpdateMapping(s, &tandemv1.UpdateMappingRequest{Mapping: m, UpdateMask: mask})
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.aside(), "Saved %s: what %s were taken for.\n", m.Name, fault.Number(len(m.Columns), "column"))
	return nil
}
