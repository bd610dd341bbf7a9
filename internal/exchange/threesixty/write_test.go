package threesixty_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/xuri/excelize/v2"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/exchangetest"
	"github.com/allmep/tandem/internal/exchange/threesixty"
	"github.com/allmep/tandem/internal/fault"
)

func TestWriteJSON(t *testing.T) {
	var out bytes.Buffer
	left, err := threesixty.WriteJSON(&out, exchangetest.Sample())
	if err != nil {
		t.Fatal(err)
	}
	exchangetest.Golden(t, "sample.json", out.Bytes())
	if want := "2 grants are left out, since 360Giving requires more than is known: 2 for want of one known amount."; left != want {
		t.Errorf("left out: %q, want %q", left, want)
	}
}

func TestJSONIsValidBySchema(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	var id string
	for _, name := range []string{"360-giving-schema.json", "360-giving-package-schema.json"} {
		body, err := os.ReadFile(exchangetest.RealData(t, "360giving", name))
		if err != nil {
			t.Fatal(err)
		}
		schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		id = schema.(map[string]any)["$id"].(string)
		for _, as := range []string{id, strings.Replace(id, "/1.4.3/", "/1.4.2/", 1)} { // the package refers to the grants of the version before
			schema.(map[string]any)["$id"] = as
			if err := compiler.AddResource(as, schema); err != nil && !strings.Contains(err.Error(), "exists") {
				t.Fatal(err)
			}
		}
	}
	schema, err := compiler.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := threesixty.WriteJSON(&out, exchangetest.Sample()); err != nil {
		t.Fatal(err)
	}
	body, err := jsonschema.UnmarshalJSON(&out)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(body); err != nil {
		t.Error(err)
	}
}

// The spreadsheet has what the JSON has.
func TestSpreadsheet(t *testing.T) {
	var asJSON, asSheet bytes.Buffer
	if _, err := threesixty.WriteJSON(&asJSON, exchangetest.Sample()); err != nil {
		t.Fatal(err)
	}
	if _, err := threesixty.WriteXLSX(&asSheet, exchangetest.Sample()); err != nil {
		t.Fatal(err)
	}
	var file struct {
		Grants []struct {
			ID        string                  `json:"id"`
			Amount    json.Number             `json:"amountAwarded"`
			Date      string                  `json:"awardDate"`
			Recipient []struct{ Name string } `json:"recipientOrganization"`
			Funder    []struct{ ID string }   `json:"fundingOrganization"`
		} `json:"grants"`
	}
	if err := json.Unmarshal(asJSON.Bytes(), &file); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&asSheet)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	rows, err := book.GetRows("grants", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(file.Grants)+1 {
		t.Fatalf("%d rows, %d grants", len(rows), len(file.Grants))
	}
	of := func(row []string, head string) string {
		for i, h := range rows[0] {
			if h == head && i < len(row) {
				return row[i]
			}
		}
		return ""
	}
	for i, g := range file.Grants {
		amount := strings.TrimSuffix(string(g.Amount), ".00")
		if row := rows[i+1]; of(row, "Identifier") != g.ID || of(row, "Amount Awarded") != amount || of(row, "Recipient Org:Name") != g.Recipient[0].Name || of(row, "Funding Org:Identifier") != g.Funder[0].ID {
			t.Errorf("row %q, grant %+v", row, g)
		}
	}
}

func TestNothingToWrite(t *testing.T) {
	x := exchangetest.Of(exchangetest.Registry(), exchangetest.Grants()[1])
	for name, write := range map[string]func(io.Writer, exchange.Extract) (string, error){"JSON": threesixty.WriteJSON, "XLSX": threesixty.WriteXLSX} {
		var out bytes.Buffer
		if _, err := write(&out, x); fault.KindOf(err) != fault.Precondition || out.Len() > 0 {
			t.Errorf("%s: %v, %d bytes", name, err, out.Len())
		}
	}
}
