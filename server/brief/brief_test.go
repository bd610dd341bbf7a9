package brief

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

func row(keys, labels []string, central string) *tandemv1.AllocationRow {
	return &tandemv1.AllocationRow{Keys: keys, Labels: labels, Lower: central, Central: central, Upper: central, GrantCount: 1}
}

// hostile is a brief whose names are made to break out of a document.
func hostile() *tandemv1.Brief {
	const name = `<script>alert("1")</script> & | *x* ](`
	return &tandemv1.Brief{
		SubjectLabel: name, AsOf: "2026-11-25", From: "2024", To: "2028", CurrencyCode: "USD", Revision: 7,
		Totals: []*tandemv1.Brief_Total{{Measure: "allocated", Figures: row(nil, nil, "1234567.80")}},
		Breakdowns: []*tandemv1.Brief_Breakdown{
			{GroupBy: []string{"year", "donor_state"}, Rows: []*tandemv1.AllocationRow{row([]string{"2024", "US"}, []string{"2024", name}, "1234567.80"), row([]string{"2025", "SE"}, []string{"2025", "Sweden"}, "-5.00")}},
			{GroupBy: []string{"donor_state"}, Rows: []*tandemv1.AllocationRow{row([]string{"US"}, []string{name}, "1234567.80")}},
		},
		Endings: []*tandemv1.Brief_Ending{{Grant: "grants/a", Title: name, End: "2027-01-31"}}, EndingCount: 3,
		Remarks: []*tandemv1.Brief_Remark{{Kind: "DEFECT", Text: name}},
	}
}

func TestTheTextOfLabelsIsEscaped(t *testing.T) {
	page, err := HTML(hostile())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(page), "<script") {
		t.Error("a name became a script")
	}
	if n := strings.Count(string(page), "<svg"); n != 2 {
		t.Errorf("found %d charts, want 2", n)
	}
	for _, part := range strings.SplitAfter(string(page), "</svg>") {
		_, svg, drawn := strings.Cut(part, "<svg")
		if !drawn {
			continue
		}
		for d := xml.NewDecoder(strings.NewReader("<svg" + svg)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("a chart is not XML: %v", err)
			}
		}
	}
	for _, want := range []string{"1,234,567.80", "These are the first of 3.", "unknown"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestMarkdownKeepsItsTables(t *testing.T) {
	text, err := Markdown(hostile())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, `| \<script>`) && strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") != 4 {
			t.Errorf("a name broke a table: %s", line)
		}
	}
	if strings.Contains(string(text), "\n<script") || !strings.Contains(string(text), `\<script>`) {
		t.Error("marks in names are not taken for text")
	}
}

func TestWhatIsUnknownIsNotNothing(t *testing.T) {
	for want, r := range map[string]*tandemv1.AllocationRow{
		"unknown": {Central: "0.00", GrantCount: 2, UnknownAmountCount: 2}, "≥ 1,000.00 and 1 unknown": {Central: "1000.00", UpperOpen: true, GrantCount: 2, UnknownAmountCount: 1},
		"0.00": {Central: "0.00", GrantCount: 1},
	} {
		if got := figure(r); got != want {
			t.Errorf("found %q, want %q", got, want)
		}
	}
}

func TestNumbersAreGrouped(t *testing.T) {
	for in, want := range map[string]string{"0": "0", "999": "999", "1000": "1,000", "-1234567.80": "-1,234,567.80", "12.5": "12.5", "100000": "100,000"} {
		if got := grouped(in); got != want {
			t.Errorf("%s: found %s, want %s", in, got, want)
		}
	}
}
