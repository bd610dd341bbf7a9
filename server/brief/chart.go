package brief

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"github.com/go-analyze/charts"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// chart is a drawing with its title.
type chart struct {
	Title string
	SVG   template.HTML
}

const (
	// maxSeries is how many colours a chart has; what is smaller stands together as others.
	maxSeries = 7
	// maxBars is how many bars a chart has; the table beside it has all rows.
	maxBars   = 15
	chartWide = 760
)

// chartsOf draws the breakdowns: over the years, stacked; and the largest of the other side.
func chartsOf(b *tandemv1.Brief) ([]chart, error) {
	var out []chart
	for _, d := range b.Breakdowns {
		var drawn chart
		var err error
		switch {
		case len(d.Rows) == 0:
			continue
		case len(d.GroupBy) == 2:
			drawn, err = stacked(b, d)
		case d.GroupBy[0] == "donor_state" || d.GroupBy[0] == "member":
			drawn, err = bars(b, d)
		default:
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("draw %v: %w", d.GroupBy, err)
		}
		out = append(out, drawn)
	}
	return out, nil
}

// length is the length of a bar. Pixels need no cents.
func length(r *tandemv1.AllocationRow) float64 {
	f, _ := strconv.ParseFloat(r.Central, 64) // it is a decimal number
	return f
}

// stacked draws money by period, a colour for each of the largest labels.
func stacked(b *tandemv1.Brief, d *tandemv1.Brief_Breakdown) (chart, error) {
	var periods []string
	totals := map[string]float64{}
	amounts := map[[2]string]float64{}
	for _, r := range d.Rows {
		if !slices.Contains(periods, r.Labels[0]) {
			periods = append(periods, r.Labels[0])
		}
		totals[r.Labels[1]] += length(r)
		amounts[[2]string{r.Labels[0], r.Labels[1]}] += length(r)
	}
	slices.Sort(periods)
	var names []string
	for name := range totals {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(totals[b], totals[a]), cmp.Compare(a, b)) })
	series := make([][]float64, min(len(names), maxSeries))
	for i, name := range names {
		at := min(i, maxSeries-1)
		if series[at] == nil {
			series[at] = make([]float64, len(periods))
		}
		for j, p := range periods {
			series[at][j] += amounts[[2]string{p, name}]
		}
	}
	if others := len(names) - maxSeries + 1; others > 1 {
		names = append(names[:maxSeries-1:maxSeries-1], fmt.Sprintf("%d others", others))
	}
	option := charts.NewBarChartOptionWithData(series)
	option.CategoryAxis.Labels = periods
	option.Legend.SeriesNames = names
	option.Legend.FontStyle.FontSize = 10
	option.StackSeries = charts.Ptr(true)
	return draw("By "+dimension(d.GroupBy[1])+" and year, "+b.CurrencyCode, option, 340)
}

// bars draws the largest rows.
func bars(b *tandemv1.Brief, d *tandemv1.Brief_Breakdown) (chart, error) {
	rows := slices.Clone(d.Rows)
	slices.SortStableFunc(rows, func(a, b *tandemv1.AllocationRow) int { return cmp.Compare(length(b), length(a)) })
	title := "By " + dimension(d.GroupBy[0]) + ", " + b.CurrencyCode
	if len(rows) > maxBars {
		title += fmt.Sprintf(" (the largest %d of %d)", maxBars, len(rows))
		rows = rows[:maxBars]
	}
	slices.Reverse(rows) // the first stands at the bottom
	values := make([]float64, len(rows))
	labels := make([]string, len(rows))
	for i, r := range rows {
		values[i], labels[i] = length(r), r.Labels[0]
	}
	option := charts.NewBarChartOptionWithData([][]float64{values})
	option.Horizontal = true
	option.ValueAxis = []charts.ValueAxisOption{{LabelCount: 5}}
	option.CategoryAxis.Labels = labels
	option.Legend.Show = charts.Ptr(false)
	return draw(title, option, 60+26*len(rows))
}

func draw(title string, option charts.BarChartOption, high int) (chart, error) {
	option.ValueFormatter = func(v float64) string { return short(v) }
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: chartWide, Height: high})
	if err := p.BarChart(option); err != nil {
		return chart{}, err
	}
	svg, err := p.Bytes()
	if err != nil {
		return chart{}, err
	}
	return chart{title, template.HTML(svg)}, nil //nolint:gosec // the library escapes the text of labels; TestTheTextOfLabelsIsEscaped holds it to that
}

// short writes a number on an axis: 1.5 m.
func short(v float64) string {
	for _, unit := range []struct {
		of   float64
		name string
	}{{1e9, " bn"}, {1e6, " m"}, {1e3, " k"}} {
		if v >= unit.of || v <= -unit.of {
			return strings.TrimSuffix(strconv.FormatFloat(v/unit.of, 'f', 1, 64), ".0") + unit.name
		}
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}
