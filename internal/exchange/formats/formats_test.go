package formats_test

import (
	"io"
	"strings"
	"testing"

	"github.com/allmep/tandem/internal/exchange"
	"github.com/allmep/tandem/internal/exchange/formats"
	"github.com/allmep/tandem/internal/exchange/sheet"
)

// The format is told from the content: by how a file begins, or by its heads.
func TestTold(t *testing.T) {
	for text, want := range map[string]exchange.Format{
		`[{"id":"x","title":"y","fundingOrganization":[{"name":"f"}]}]`:                                                         exchange.ThreeSixty,
		"Identifier,Title,Amount Awarded,Currency,Funding Org:Name\nx,y,5,GBP,f\n":                                              exchange.ThreeSixty,
		"Year|DonorCode|DonorName|PurposeCode|USD_Commitment|ProjectTitle\n2021|10|Sweden|15220|1|x\n":                          exchange.CRS,
		"Donor;Title;Amount (USD)\nSweden;x;5\n":                                                                                exchange.CSV,
		`<iati-activities version="2.03"><iati-activity><iati-identifier>x</iati-identifier></iati-activity></iati-activities>`: exchange.IATI,
	} {
		r, err := formats.Open(strings.NewReader(text), "x", "", sheet.Options{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		d, err := r.Read()
		if err != nil || d.Format != want {
			t.Errorf("%s: found %v, want %s", text, err, want)
			continue
		}
		if _, err := r.Read(); err != io.EOF {
			t.Errorf("%s: found %v at the end", text, err)
		}
	}
	for text, format := range map[string]exchange.Format{"": "", "Donor;Title\nA;B\n": exchange.XLSX, "Donor;Title\nC;D\n": exchange.CRS, "Donor;Title\nE;F\n": exchange.ThreeSixty} {
		if _, err := formats.Open(strings.NewReader(text), "x", format, sheet.Options{}); err == nil {
			t.Errorf("%q was taken for %q", text, format)
		}
	}
}
