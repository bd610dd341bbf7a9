package grant

import (
	"reflect"
	"slices"
	"strings"
)

// reportPart is the name of a report as a part.
const reportPart = "reports/"

// print of a report leaves out its id, and what the record says of it by itself.
func (r *Report) print() string {
	return fingerprint(printOfReport, reflect.ValueOf(r).Elem())
}

var printOfReport = penOfStruct(reflect.TypeFor[Report](), "ID", "By", "At", "ConfirmedBy", "Confirmed", "Origin", "Of")

// sameWord tells whether two reports are of one word of one source.
func (r *Report) sameWord(o *Report) bool {
	return r.Organisation == o.Organisation && r.Kind == o.Kind && r.Date == o.Date && r.URI == o.URI && r.Equal(o.Values)
}

// takeReports is Take for the reports of others that a file tells of. What people have taken off does not come back, and what the file does not tell of any more goes, unless somebody has
// written in it, confirmed it or accepted it.
func (g *Grant) takeReports(said []Report, was, next *Import) {
	known := map[string][]string{} // print -> ids in the record, there or not
	claimed := map[string]bool{}
	for _, s := range was.Said {
		if id, is := strings.CutPrefix(s.Part, reportPart); is {
			known[s.Print] = append(known[s.Print], id)
			claimed[id] = true
		}
	}
	for _, r := range said {
		print, id := r.print(), ""
		if ids := known[print]; len(ids) > 0 {
			id, known[print] = ids[0], ids[1:]
		} else if i := slices.IndexFunc(g.Reports, func(o Report) bool { return !claimed[o.ID] && o.sameWord(&r) }); i >= 0 {
			id = g.Reports[i].ID
		} else {
			id = g.NextID()
			r.ID = id
			g.Reports = append(g.Reports, r)
		}
		claimed[id] = true
		next.Said = append(next.Said, Said{reportPart + id, print})
	}
	for print, ids := range known {
		g.Reports = slices.DeleteFunc(g.Reports, func(r Report) bool {
			accepted := slices.ContainsFunc(g.Accepted, func(a Acceptance) bool { return a.Report == r.ID })
			return slices.Contains(ids, r.ID) && r.print() == print && r.Confirmed == 0 && !accepted
		})
	}
}
