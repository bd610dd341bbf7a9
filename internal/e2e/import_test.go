package e2e

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file is tried, refused, recorded in part, and recorded once more; word for word.
func TestCommandLineImports(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	field(t, d)
	for _, c := range []struct{ name, line string }{
		{"import-dry-run", "import --dry-run testdata/import.xml"},
		{"import-refused", "import testdata/import.xml"},
		{"import-partial", "import --partial testdata/import.xml"},
		{"import-again", "-o csv import --partial testdata/import.xml"},
		{"import-no-activities", "import testdata/import-no-activities.xml"},
		{"import-no-iati", "import testdata/not-found.txt"},
		{"import-no-file", "import testdata/no-such-file.xml"},
	} {
		sayTo(t, d, c.name, strings.Split(c.line, " "))
	}
}

// A file that was cut off, by whoever sends it, leaves nothing, and the server goes on.
func TestACutOffImportLeavesNothing(t *testing.T) {
	for name, store := range stores {
		t.Run(name, func(t *testing.T) {
			d := start(t, store(t))
			whole, err := os.ReadFile("testdata/import.xml")
			if err != nil {
				t.Fatal(err)
			}
			file := strings.Replace(string(whole), "8,702", "8702", 1)
			file = strings.Replace(file, ` currency="GHC"`, "", 1)
			for cut := 0; cut < len(file); cut += len(file) / 5 {
				conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(conn, "POST /v1/imports?format=IATI HTTP/1.1\r\nHost: tandem\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", adminToken, len(file), file[:cut])
				if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
					t.Fatal(err)
				}
				answer, err := bufio.NewReader(conn).ReadString('\n') // when it comes, the import has ended
				if err == nil && strings.Contains(answer, " 200 ") {
					t.Errorf("a file of %d bytes, cut off at %d, is answered with %s", len(file), cut, answer)
				}
				conn.Close()
			}
			if all := d.must(t, "GET", "/v1/grants", "")["grants"].([]any); len(all) != 0 {
				t.Errorf("found %d grants", len(all))
			}
			sum := d.must(t, "POST", "/v1/imports", file)["summary"].(map[string]any)
			if sum["createdCount"] != 2.0 || sum["revision"] == "" {
				t.Errorf("found %v", sum)
			}
		})
	}
}

// What people edit over REST stays when the file comes again, and what only the file changes is taken.
func TestEditsSurviveTheNextFile(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	whole, err := os.ReadFile("testdata/import.xml")
	if err != nil {
		t.Fatal(err)
	}
	file := string(whole)
	first := d.must(t, "POST", "/v1/imports?partial=true", file)["grants"].([]any)[0].(map[string]any)
	name := first["name"].(string)
	d.must(t, "PATCH", "/v1/"+name, `{"title":"Wells"}`)
	again := d.must(t, "POST", "/v1/imports?partial=true", file)
	if sum := again["summary"].(map[string]any); sum["unchangedCount"] != 1.0 || sum["revision"] != "" {
		t.Errorf("the same file once more: %v", sum)
	}
	file = strings.Replace(file, "Wells in the Jordan Valley", "Wells and cisterns", 1)
	file = strings.Replace(file, `<value value-date="2022-06-01">1000000</value>`, `<value value-date="2022-06-01">2000000</value>`, 1)
	changed := d.must(t, "POST", "/v1/imports?partial=true", file)["grants"].([]any)[0].(map[string]any)
	if held := fmt.Sprint(changed["heldFields"]); changed["outcome"] != "UPDATED" || held != "[title]" {
		t.Errorf("found %v", changed)
	}
	g := d.must(t, "GET", "/v1/"+name, "")
	paid := g["transactions"].([]any)[1].(map[string]any)["amount"].(map[string]any)["money"].(map[string]any)["amount"]
	if g["title"] != "Wells" || paid != "2000000.00" || len(g["reports"].([]any)) != 1 {
		t.Errorf("found %v", g)
	}
}

// importCases are bad requests to import over REST, where the body is a file.
func importCases() map[string]bad {
	const file = `<iati-activities version="2.03"><iati-activity><iati-identifier>X</iati-identifier></iati-activity></iati-activities>`
	post := func(query, body, at string, code int) bad {
		return bad{method: "POST", path: "/v1/imports?" + query, body: body, field: at, status: code}
	}
	return map[string]bad{
		"an import of nothing":                post("format=IATI", "", "", 0),
		"an import of no format":              post("", "nothing of the kind", "format", 0),
		"an import of a sheet of nobody's":    post("", "title,amount\nx,5", "column", 0),
		"an import of another format":         post("format=XML", file, "format", 0),
		"an import with a mistake":            post("dry_run=true", file, "dryRun", 0),
		"an import in no currency":            post("default_currency=EURO", file, "defaultCurrency", 0),
		"an import of a grant of nobody":      post("file_name=x.xml", file, "x.xml:1 funders", 0),
		"an import of too many parts":         post("file_name=x.xml", cutIntoMany(), "x.xml:1 themes", 0),
		"an import of version 1":              post("", `<iati-activities version="1.05"/>`, "", 0),
		"an import of what is cut off":        post("", file[:60], "", 0),
		"an import with a bomb":               post("", `<!DOCTYPE a [<!ENTITY b "bb">]>`+file, "", 0),
		"an import by get":                    {method: "GET", path: "/v1/imports", status: 405},
		"an import by nobody":                 {method: "POST", path: "/v1/imports", body: file, token: "none", status: 401},
		"an import by a viewer":               {method: "POST", path: "/v1/imports", body: file, token: "viewer", status: 403},
		"an import by a viewer that is tried": {method: "POST", path: "/v1/imports?validate_only=true", body: file, token: "viewer", status: 403},
	}
}

// cutIntoMany is a file of one activity with 120 sectors in 119 countries.
func cutIntoMany() string {
	var file strings.Builder
	file.WriteString(`<iati-activities version="2.03"><iati-activity default-currency="SEK"><iati-identifier>SE-0-1</iati-identifier><reporting-org ref="SE-0" type="10"><narrative>Sida</narrative></reporting-org>` +
		`<title><narrative>Everything everywhere</narrative></title><activity-status code="2"/>`)
	for i := range 120 {
		if i > 0 {
			fmt.Fprintf(&file, `<recipient-country code="%c%c" percentage="1"/>`, 'A'+i/26, 'A'+i%26)
		}
		fmt.Fprintf(&file, `<sector vocabulary="99" code="%d" percentage="1"><narrative>Theme %d</narrative></sector>`, i, i)
	}
	return file.String() + "</iati-activity></iati-activities>"
}
