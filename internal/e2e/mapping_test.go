package e2e

import (
	stdcmp "cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The sheets of one partner in two quarters. In the second the columns have moved, one has another head, and one is gone.
var quarters = map[string]string{
	"first/sida.csv": "Giver;Country;Grantee;Project;Sum;Start;Remarks;Shelf;No\n" +
		"Sida;SE;EcoPeace;Water for all;1.234;3/6/2024;heard by telephone;3;A-1\n",
	"second/sida.csv": "No;Country;Giver;Grantee;Project;Total;Start;Remarks;Phone\n" +
		"A-1;SE;Sida;EcoPeace;Water for all;1.234;3/6/2024;heard by telephone;1\n" +
		"A-2;SE;Sida;Reut;Youth forum;5.000;4/6/2024;;2\n",
}

// A mapping that is corrected once, saved by name, and used for the next sheet, word for word.
func TestCommandLineMappings(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	dir := t.TempDir()
	for name, text := range quarters {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name      string
		revisions int64 // that are written
		line      string
	}{
		{"mapping-save", 1, "import first/sida.csv --dry-run --save-mapping sida --dates day-first --decimals comma --currency SEK --column Giver=donor --column Country=donor_state --column Sum=amount --column No=identifier"},
		{"mapping-list", 0, "mapping list"},
		{"mapping-show", 0, "mapping show sida"},
		{"mapping-import", 1, "import first/sida.csv --mapping sida"},
		{"mapping-missing", 0, "import second/sida.csv --mapping sida"},
		{"mapping-again", 2, "import second/sida.csv --mapping sida --column Total=amount --save-mapping sida"},
		{"mapping-known", 0, "import second/sida.csv --mapping mappings/sida --save-mapping sida"},
		{"mapping-no-sheet", 0, "import testdata/import.xml --mapping sida"},
		{"mapping-none", 0, "import first/sida.csv --mapping norad"},
		{"mapping-no-name", 0, "import first/sida.csv --save-mapping Sida"},
		{"mapping-two-files", 0, "import first/sida.csv second/sida.csv --save-mapping sida"},
		{"mapping-delete", 1, "mapping delete sida"},
		{"mapping-deleted", 0, "import second/sida.csv --mapping sida"},
		{"mapping-saved-anew", 2, "-o csv import first/sida.csv --dry-run --save-mapping sida --column Giver=donor --column Sum=amount"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := newest(t, d)
			args := strings.Split(c.line, " ")
			for i, a := range args {
				if _, is := quarters[a]; is {
					args[i] = filepath.Join(dir, a)
				}
			}
			sayTo(t, d, c.name, args)
			if got := newest(t, d) - before; got != c.revisions {
				t.Errorf("wrote %d revisions, want %d", got, c.revisions)
			}
		})
	}
}

// On every store a mapping is a record as others are: it outlives a restart, is as it was at an earlier revision, goes back to that, and comes with a backup. The mapping that an import
// answers with, recorded, makes the next import what it was with all that had been said.
func TestMappingsAreRecords(t *testing.T) {
	for name, store := range stores {
		t.Run(name, func(t *testing.T) {
			database := store(t)
			d := start(t, database)
			const said = "file_name=sida.csv&date_order=DAY_FIRST&decimal_mark=COMMA&default_currency=SEK&column=Giver%3Ddonor&column=Country%3Ddonor_state&column=Sum%3Damount&column=No%3Didentifier"
			sheet := quarters["first/sida.csv"]
			first := d.must(t, "POST", "/v1/imports?"+said, sheet)["summary"].(map[string]any)
			if first["createdCount"] != 1.0 {
				t.Fatalf("found %v", first)
			}
			m := first["mapping"].(map[string]any)
			m["displayName"] = "Sida, each quarter"
			body, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			made := d.must(t, "POST", "/v1/mappings?mapping_id=sida", string(body))
			again := func(query string) string {
				t.Helper()
				sum := d.must(t, "POST", "/v1/imports?mapping=mappings/sida&"+stdcmp.Or(query, "file_name=sida.csv"), sheet)["summary"].(map[string]any)
				return fmt.Sprint(sum["createdCount"], sum["updatedCount"], sum["unchangedCount"], sum["refusedCount"])
			}
			if got := again(""); got != "0 0 1 0" {
				t.Errorf("the same sheet by the saved mapping: %s", got)
			}
			if got := again("file_name=sida.csv&validate_only=true&decimal_mark=POINT"); got != "0 0 0 1" {
				t.Errorf("what the request says itself: %s", got)
			}
			changed := d.must(t, "PATCH", "/v1/mappings/sida", `{"decimalMark":"POINT","columns":[{"head":"Giver","field":"donor"},{"head":"Sum","field":"amount"},{"head":"No","field":"identifier"}]}`)
			d.kill()
			d = start(t, database)
			if diff := cmp.Diff(changed, d.must(t, "GET", "/v1/mappings/sida", "")); diff != "" {
				t.Errorf("after a restart:\n%s", diff)
			}
			if diff := cmp.Diff(made, d.must(t, "GET", "/v1/mappings/sida?revision="+made["etag"].(string), "")); diff != "" {
				t.Errorf("as it was:\n%s", diff)
			}
			restored := d.must(t, "POST", "/v1/mappings/sida:restore", fmt.Sprintf(`{"revision":%q}`, made["etag"]))
			if diff := cmp.Diff(made["columns"], restored["columns"]); diff != "" {
				t.Errorf("as it was restored:\n%s", diff)
			}
			if got := again(""); got != "0 0 1 0" {
				t.Errorf("the same sheet by the restored mapping: %s", got)
			}
			if got := again("validate_only=true&file_name=sida-q2.csv"); got != "1 0 0 0" {
				t.Errorf("a sheet of another name: %s", got)
			}
			d.must(t, "PATCH", "/v1/mappings/sida", `{"source":"sida"}`)
			if got := again("file_name=sida-q2.csv"); got != "0 0 1 0" {
				t.Errorf("a sheet of another name and the same source: %s", got)
			}
			d.must(t, "DELETE", "/v1/mappings/sida", "")
			if status, text, _ := d.ask(t, adminToken, "POST", "/v1/imports?mapping=mappings/sida", sheet); status != 400 || !strings.Contains(text, "undelete") {
				t.Errorf("by a deleted mapping: %d %s", status, text)
			}
			d.must(t, "POST", "/v1/mappings/sida:undelete", `{}`)
			mappingsComeWithABackup(t, d)
		})
	}
}

func mappingsComeWithABackup(t *testing.T, d *daemon) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "backup")
	if out, err := d.tandem(t, adminToken, "admin", "backup", file); err != nil {
		t.Fatal(out)
	}
	into := startWith(t, otherToken, stores["SQLite"](t))
	if out, err := into.tandem(t, otherToken, "admin", "restore", file); err != nil {
		t.Fatal(out)
	}
	if diff := cmp.Diff(d.must(t, "GET", "/v1/mappings", ""), into.must(t, "GET", "/v1/mappings", "")); diff != "" {
		t.Errorf("after a restore of a backup:\n%s", diff)
	}
}

// Mappings are for those who import. Others do not learn that there are any: not by a name, nor from the history.
func TestMappingsAreForStaff(t *testing.T) {
	d := start(t, stores["SQLite"](t))
	field(t, d)
	d.must(t, "POST", "/v1/mappings?mapping_id=sida", `{"displayName":"Sida"}`)
	for role, bound := range map[string]string{"VIEWER": "", "DONOR": `,"donorState":"SE"`, "MEMBER": `,"organisation":"organisations/ecopeace"`, "STAFF": ""} {
		token := d.must(t, "POST", "/v1/tokens", fmt.Sprintf(`{"displayName":%q,"role":%q%s}`, role, role, bound))["secret"].(string)
		want := 403
		if role == "STAFF" {
			want = 200
		}
		for _, path := range []string{"/v1/mappings", "/v1/mappings/sida", "/v1/revisions?resource=mappings/sida"} {
			if status, text, _ := d.ask(t, token, "GET", path, ""); status != want {
				t.Errorf("%s: %s: found %d %s", role, path, status, text)
			}
		}
		known, said, _ := d.ask(t, token, "POST", "/v1/imports?validate_only=true&mapping=mappings/sida", "Donor,Title\nA,B\n")
		unknown, otherwise, _ := d.ask(t, token, "POST", "/v1/imports?validate_only=true&mapping=mappings/none", "Donor,Title\nA,B\n")
		if same := known == unknown && said == otherwise; same == (role == "STAFF") {
			t.Errorf("%s imports by a mapping that is there: %d %s; by one that is not: %d %s", role, known, said, unknown, otherwise)
		}
		_, all, _ := d.ask(t, token, "GET", "/v1/revisions?page_size=1000", "")
		if strings.Contains(all, "mappings/") != (role == "STAFF") {
			t.Errorf("%s: the history is %s", role, all)
		}
	}
}

// mappingCases are bad requests about mappings.
func mappingCases() map[string]bad {
	mapping := func(id, body, at string) bad { return made("mappings", "mapping", "Mapping", id, body, at, 0) }
	columns := func(columns, at string) bad {
		return mapping("new", `{"displayName":"x","columns":[`+columns+`]}`, "mapping.columns"+at)
	}
	cases := map[string]bad{
		"a mapping of no name":            mapping("new", `{}`, "mapping.displayName"),
		"a mapping in capitals":           mapping("SIDA", `{"displayName":"x"}`, "mappingId"),
		"a mapping in no currency":        mapping("new", `{"displayName":"x","defaultCurrency":"EURO"}`, "mapping.defaultCurrency"),
		"a column for nothing known":      columns(`{"head":"A","field":"colour"}`, "[0].field"),
		"a column without head or letter": columns(`{"head":"A","field":"donor"},{"field":"title"}`, "[1].head"),
		"a column by a number":            columns(`{"letter":"4","field":"title"}`, "[0].letter"),
		"a column twice":                  columns(`{"head":"A","field":"donor"},{"head":"A","field":"title"}`, "[1]"),
		"a head turned round":             columns(`{"head":"A\u202e","field":"donor"}`, "[0].head"),
		"no such mapping":                 {method: "GET", path: "/v1/mappings/none", status: 404, rpc: "MappingService/GetMapping", message: `{"name":"mappings/none"}`},
	}
	for query, at := range map[string]string{"mapping=mappings/none": "mapping", "mapping=sida": "mapping", "mapping=programmes/x": "mapping"} {
		cases["an import with "+query] = bad{method: "POST", path: "/v1/imports?" + query, body: "Donor,Title\nA,B\n", field: at}
	}
	return cases
}
