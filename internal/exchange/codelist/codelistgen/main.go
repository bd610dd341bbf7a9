// Command codelistgen writes the facts of the package codelist from the codelists that the IATI standard publishes as XML.
package main

import (
	"encoding/xml"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
)

var names = []string{"ActivityStatus", "CRSChannelCode", "Country", "OrganisationType", "Region", "Sector", "SectorCategory", "TransactionType"}

type list struct {
	Items []struct {
		Code  string `xml:"code"`
		Names []struct {
			Lang string `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
			Text string `xml:",chardata"`
		} `xml:"name>narrative"`
		Category string `xml:"category"`
	} `xml:"codelist-items>codelist-item"`
}

func main() {
	from := flag.String("from", "", "the folder of the XML files")
	to := flag.String("to", "lists.tsv", "the file to write")
	flag.Parse()
	var out strings.Builder
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(*from, name+".xml"))
		if err != nil {
			log.Fatal(err)
		}
		var l list
		if err := xml.Unmarshal(data, &l); err != nil {
			log.Fatalf("%s: %v", name, err)
		}
		for _, item := range l.Items {
			var english, french string
			for _, n := range item.Names {
				text := strings.Join(strings.Fields(n.Text), " ")
				switch n.Lang {
				case "", "en":
					english = text
				case "fr":
					french = text
				}
			}
			fmt.Fprintf(&out, "%s\t%s\t%s\t%s\t%s\n", name, strings.TrimSpace(item.Code), english, french, strings.TrimSpace(item.Category))
		}
	}
	if err := os.WriteFile(*to, []byte(out.String()), 0o644); err != nil {
		log.Fatal(err)
	}
}
