// Package brief makes documents of briefs: a page that prints well, complete in one file with its charts, and Markdown.
//
// It knows the message of a brief and nothing else: every figure and every sentence is there already. Amounts become floating numbers for the lengths of bars only.
package brief

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	texttemplate "text/template"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

//go:embed brief.html
var page string

//go:embed brief.md
var text string

var (
	asHTML     = template.Must(template.New("brief.html").Funcs(template.FuncMap(helpers)).Parse(page))
	asMarkdown = texttemplate.Must(texttemplate.New("brief.md").Funcs(helpers).Parse(text))
)

// document is a brief with what its templates need beside it.
type document struct {
	*tandemv1.Brief
	Charts []chart
}

// HTML returns the brief as a page.
func HTML(b *tandemv1.Brief) ([]byte, error) {
	charts, err := chartsOf(b)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = asHTML.Execute(&out, document{b, charts})
	return out.Bytes(), err
}

// Markdown returns the brief as text with marks.
func Markdown(b *tandemv1.Brief) ([]byte, error) {
	var out bytes.Buffer
	err := asMarkdown.Execute(&out, document{Brief: b})
	return out.Bytes(), err
}

var helpers = texttemplate.FuncMap{
	"figure":    figure,
	"grouped":   grouped,
	"dimension": dimension,
	"tables":    tables,
	"cell":      cell,
	"verdict": func(v tandemv1.Overlap_Verdict) string {
		return strings.ToLower(strings.ReplaceAll(v.String(), "_", " "))
	},
	"measure": func(m string) string { return measures[m] },
}

var measures = map[string]string{
	"allocated": "Allocated: commitments, spread over the days of the grants", "committed": "Committed, by date", "disbursed": "Disbursed, by date", "pledged": "Pledged, by date",
}

// figure writes the money of a row. What is not known is said, and never written as nothing.
func figure(r *tandemv1.AllocationRow) string {
	said := grouped(r.Central)
	if r.UpperOpen {
		said = "≥ " + said
	}
	switch {
	case r.UnknownAmountCount == 0:
		return said
	case r.UnknownAmountCount == r.GrantCount && strings.Trim(r.Central, "0.") == "":
		return "unknown"
	}
	return fmt.Sprintf("%s and %d unknown", said, r.UnknownAmountCount)
}

// grouped writes a decimal number with commas between thousands.
func grouped(number string) string {
	number, negative := strings.CutPrefix(number, "-")
	whole, decimals, point := strings.Cut(number, ".")
	var b strings.Builder
	if negative {
		b.WriteByte('-')
	}
	for i, digit := range []byte(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(digit)
	}
	if point {
		b.WriteString("." + decimals)
	}
	return b.String()
}

// dimension names a dimension for people.
func dimension(d string) string {
	if d == "member" {
		return "Recipient"
	}
	d = strings.ReplaceAll(d, "_", " ")
	return strings.ToUpper(d[:1]) + d[1:]
}

// tables are the breakdowns by one dimension; those by two are for charts.
func tables(b *tandemv1.Brief) []*tandemv1.Brief_Breakdown {
	var out []*tandemv1.Brief_Breakdown
	for _, d := range b.Breakdowns {
		if len(d.GroupBy) == 1 && len(d.Rows) > 0 {
			out = append(out, d)
		}
	}
	return out
}

// cell keeps text from ending a cell of a Markdown table, or from being taken for marks.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "_", `\_`, "<", `\<`, "[", `\[`, "`", "\\`", "\n", " ").Replace(s)
}
