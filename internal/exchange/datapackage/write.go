// Package datapackage writes everything as one Frictionless Data Package (https://specs.frictionlessdata.io): a zip of CSV tables and of what describes them.
//
// It is for values. It may not know how records are stored, nor who asks for them.
package datapackage

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/workbook"
	"github.com/allmep/tandem/internal/fx"
)

// descriptor is datapackage.json.
type descriptor struct {
	Profile     string     `json:"profile"`
	Name        string     `json:"name"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Version     string     `json:"version"`
	Created     string     `json:"created"`
	Licenses    []license  `json:"licenses"`
	Resources   []resource `json:"resources"`
}

type license struct {
	Name  string `json:"name"`
	Title string `json:"title"`
}

type resource struct {
	Profile     string `json:"profile"`
	Name        string `json:"name"`
	Path        string `json:"path"`
	Description string `json:"description"`
	Format      string `json:"format"`
	MediaType   string `json:"mediatype"`
	Encoding    string `json:"encoding"`
	Schema      schema `json:"schema"`
}

type schema struct {
	Fields        []field      `json:"fields"`
	MissingValues []string     `json:"missingValues"`
	PrimaryKey    []string     `json:"primaryKey"`
	ForeignKeys   []foreignKey `json:"foreignKeys,omitempty"`
}

type field struct {
	Name        string       `json:"name"`
	Type        string       `json:"type"`
	Description string       `json:"description,omitempty"`
	Constraints *constraints `json:"constraints,omitempty"`
}

type constraints struct {
	Required bool   `json:"required,omitempty"`
	Pattern  string `json:"pattern,omitempty"`
}

type foreignKey struct {
	Fields    string    `json:"fields"`
	Reference reference `json:"reference"`
}

type reference struct {
	Resource string `json:"resource"` // "" is the table itself
	Fields   string `json:"fields"`
}

// Write writes the package: every table that has rows of these grants, and all of the registry.
func Write(w io.Writer, x exchange.Extract) error {
	at := time.UnixMicro(x.At).UTC()
	archive := zip.NewWriter(w)
	create := func(name string) (io.Writer, error) {
		return archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: at})
	}
	about, err := create("datapackage.json")
	if err != nil {
		return err
	}
	out := json.NewEncoder(about)
	out.SetIndent("", "  ")
	if err := out.Encode(describe(x.Revision, at)); err != nil {
		return err
	}
	for _, t := range workbook.Tables {
		part, err := create(t.Name + ".csv")
		if err != nil {
			return err
		}
		if err := workbook.WriteCSV(part, t, x); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return archive.Close()
}

func describe(revision int64, at time.Time) descriptor {
	d := descriptor{
		Profile: "tabular-data-package", Name: "tandem", Title: "Grants recorded in Tandem",
		Description: fmt.Sprintf("Grants, and all that they refer to, as of revision %d, as the one who exported them may see them. Unknown is empty, never 0. Text that begins with =, +, - or @ "+
			"has an apostrophe before it, so that spreadsheets do not take it for a formula. Amounts are in the currencies in which they were recorded. Those who convert them as Tandem "+
			"does take, through the euro, the last rate on or before the day of each: the euro foreign exchange reference rates of the European Central Bank up to %s "+
			"(https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip), which are not in this package, and what people have recorded beside them, which is in rates.csv.",
			revision, fx.ECB().Newest()),
		Version: fmt.Sprint(revision), Created: at.Format(time.RFC3339),
		// Whoever publishes decides; nothing is licensed by being recorded.
		Licenses: []license{{"other-closed", "No licence is given: each grant is for those whom its visibility names, and as its sources allow"}},
	}
	for _, t := range workbook.Tables {
		d.Resources = append(d.Resources, resource{
			Profile: "tabular-data-resource", Name: t.Name, Path: t.Name + ".csv", Description: t.About, Format: "csv", MediaType: "text/csv", Encoding: "utf-8", Schema: schemaOf(t),
		})
	}
	return d
}

// types are the types of Table Schema. A date may be a year or a month, which its date may not be.
var types = map[workbook.Type]string{
	workbook.Text: "string", workbook.Date: "string", workbook.Money: "number", workbook.Percent: "number", workbook.Number: "number", workbook.Integer: "integer", workbook.Instant: "datetime", workbook.Boolean: "boolean",
}

func schemaOf(t *workbook.Table) schema {
	s := schema{MissingValues: []string{""}, PrimaryKey: t.Key}
	for _, c := range t.Columns {
		f := field{Name: c.Name, Type: types[c.Type], Description: c.About}
		var limits constraints
		for _, k := range t.Key {
			limits.Required = limits.Required || k == c.Name
		}
		if c.Type == workbook.Date {
			limits.Pattern = `[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?`
		}
		if limits != (constraints{}) {
			f.Constraints = &limits
		}
		s.Fields = append(s.Fields, f)
		if c.Refers == "" {
			continue
		}
		to := reference{Resource: c.Refers, Fields: keyOf(c.Refers)}
		if c.Refers == t.Name {
			to.Resource = ""
		}
		s.ForeignKeys = append(s.ForeignKeys, foreignKey{c.Name, to})
	}
	return s
}

// keyOf is the key of a table to which others refer; such a table has one.
func keyOf(name string) string {
	for _, t := range workbook.Tables {
		if t.Name == name {
			return t.Key[0]
		}
	}
	return ""
}
