package datapackage_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/allmep/tandem/internal/exchange/datapackage"
	"github.com/allmep/tandem/internal/exchange/exchangetest"
)

// descriptor is what the specification has the tests check.
type descriptor struct {
	Name      string
	Resources []struct {
		Name, Path string
		Schema     struct {
			Fields []struct {
				Name, Type  string
				Constraints struct {
					Required bool
					Pattern  string
				}
			}
			PrimaryKey  []string
			ForeignKeys []struct {
				Fields    string
				Reference struct{ Resource, Fields string }
			}
		}
	}
}

// Every table is as its schema says: heads, types, constraints, primary and foreign keys.
func TestTablesAreAsTheirSchemasSay(t *testing.T) {
	var out bytes.Buffer
	if err := datapackage.Write(&out, exchangetest.Sample()); err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		f, err := archive.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		body, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	exchangetest.Golden(t, "datapackage.json", read("datapackage.json"))
	var d descriptor
	if err := json.Unmarshal(read("datapackage.json"), &d); err != nil {
		t.Fatal(err)
	}
	if len(archive.File) != len(d.Resources)+1 {
		t.Errorf("%d files, %d resources", len(archive.File), len(d.Resources))
	}
	named := regexp.MustCompile(`^[-a-z0-9._/]+$`)
	columns := map[string]map[string][]string{} // of each table, by their heads
	for _, r := range d.Resources {
		if !named.MatchString(r.Name) {
			t.Errorf("%q is no name for a resource", r.Name)
		}
		rows, err := csv.NewReader(bytes.NewReader(read(r.Path))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		columns[r.Name] = map[string][]string{}
		if len(r.Schema.Fields) != len(rows[0]) {
			t.Fatalf("%s has %d fields and %d columns", r.Name, len(r.Schema.Fields), len(rows[0]))
		}
		for i, f := range r.Schema.Fields {
			if rows[0][i] != f.Name {
				t.Errorf("%s: the column %q, the field %q", r.Name, rows[0][i], f.Name)
			}
			for _, row := range rows[1:] {
				columns[r.Name][f.Name] = append(columns[r.Name][f.Name], row[i])
				if !isOf(f.Type, row[i]) || f.Constraints.Required && row[i] == "" || row[i] != "" && !regexp.MustCompile(`^(?:`+f.Constraints.Pattern+`)$`).MatchString(row[i]) && f.Constraints.Pattern != "" {
					t.Errorf("%s.%s: %q is not as %+v", r.Name, f.Name, row[i], f)
				}
			}
		}
	}
	for _, r := range d.Resources {
		for _, key := range r.Schema.ForeignKeys {
			to := key.Reference.Resource
			if to == "" {
				to = r.Name
			}
			for _, v := range columns[r.Name][key.Fields] {
				if v != "" && !slices.Contains(columns[to][key.Reference.Fields], v) {
					t.Errorf("%s.%s: %s has no %q", r.Name, key.Fields, to, v)
				}
			}
		}
		if len(r.Schema.PrimaryKey) == 0 {
			t.Errorf("%s has no key", r.Name)
		}
	}
}

// isOf tells whether a value is of a type of Table Schema. Nothing is of every type.
func isOf(kind, v string) bool {
	if v == "" {
		return true
	}
	var err error
	switch kind {
	case "integer":
		_, err = strconv.Atoi(v)
	case "number":
		_, err = strconv.ParseFloat(v, 64)
	case "boolean":
		_, err = strconv.ParseBool(v)
	case "datetime":
		_, err = time.Parse(time.RFC3339Nano, v)
	case "string":
	default:
		return false
	}
	return err == nil
}
