// Package codelist has the lists of codes that files of the field are written in, as the IATI standard publishes them: facts, with their names in English and
// French.
//
// It says what a code is called. What becomes of one is for those who read and write files.
package codelist

import (
	_ "embed"
	"strings"
)

//go:generate go run ./codelistgen -from ../../../../shared/realdata/iati-codelists -to lists.tsv

// List is a codelist, by its name in the IATI standard.
type List string

// The lists that are in use.
const (
	ActivityStatus   List = "ActivityStatus"
	Channel          List = "CRSChannelCode" // the OECD's numbers of organisations that aid goes through
	Country          List = "Country"        // ISO 3166, and XK
	OrganisationType List = "OrganisationType"
	Region           List = "Region"         // the OECD's, such as 589
	Sector           List = "Sector"         // the OECD's purpose codes of five digits
	SectorCategory   List = "SectorCategory" // the first three of them
	TransactionType  List = "TransactionType"
)

// Entry is one code. French is empty where the list has no French name, Category where it has no categories.
type Entry struct {
	Code, Name, French string
	Category           string // of a Sector, the code of its SectorCategory; of a Channel, that of the channels that it is one of
}

//go:embed lists.tsv
var facts string

var lists = read(facts)

func read(facts string) map[List]map[string]Entry {
	all := map[List]map[string]Entry{}
	for line := range strings.Lines(facts) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		l := List(f[0])
		if all[l] == nil {
			all[l] = map[string]Entry{}
		}
		all[l][f[1]] = Entry{Code: f[1], Name: f[2], French: f[3], Category: f[4]}
	}
	return all
}

// Find returns an entry of the list. ok is false when the list has no such code.
func (l List) Find(code string) (e Entry, ok bool) {
	e, ok = lists[l][code]
	return e, ok
}
