package e2e

import (
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Files come in, go out valid, come into another database, and are the same grants and the same money there; what comes in twice changes nothing. Those of the American agencies are
// valid as they are. Those of many donors are not, and what is not valid in them is kept: the other database says the same of it.
func TestIATIThereAndBack(t *testing.T) {
	t.Run("usg", func(t *testing.T) { thereAndBack(t, "usg") })
	t.Run("multidonor", func(t *testing.T) { thereAndBack(t, "multidonor", "--partial", "--currency", "USD") })
}

func thereAndBack(t *testing.T, donors string, flags ...string) {
	dir := os.Getenv("TANDEM_REALDATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "realdata")
	}
	files, err := filepath.Glob(filepath.Join(dir, donors, "*.xml"))
	if err != nil || len(files) == 0 {
		t.Skipf("there is no real data at %s; TANDEM_REALDATA says where it is", dir)
	}
	first := start(t, filepath.Join(t.TempDir(), "first.db"))
	for _, f := range files {
		if out, err := tandem(t, first, append([]string{"import", f}, flags...)...); err != nil {
			t.Fatalf("%s: %v\n%s", f, err, out)
		}
	}
	file := filepath.Join(t.TempDir(), "all.iati.xml")
	said, err := tandem(t, first, "export", file)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if lint, err := exec.LookPath("xmllint"); err == nil {
		xsd := filepath.Join(dir, "iati-schema", "iati-activities-schema.xsd")
		if out, err := exec.Command(lint, "--noout", "--schema", xsd, file).CombinedOutput(); err != nil {
			t.Errorf("it is not valid: %v\n%.2000s", err, out)
		}
	} else {
		t.Log("xmllint is not here: nobody has looked whether the file is valid")
	}
	second := start(t, filepath.Join(t.TempDir(), "second.db"))
	for range 2 {
		if out, err := tandem(t, second, "import", file); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	revision := second.must(t, "GET", "/v1/grants?page_size=1", "")["revision"]
	if out, err := tandem(t, second, "import", file); err != nil || second.must(t, "GET", "/v1/grants?page_size=1", "")["revision"] != revision {
		t.Errorf("the same file once more: %v\n%s", err, out)
	}
	again := filepath.Join(t.TempDir(), "all.iati.xml")
	left, _, _ := strings.Cut(said, "Wrote")
	if out, err := tandem(t, second, "export", again); err != nil || !strings.HasPrefix(out, left) || strings.Contains(left, "no valid IATI") != (donors == "multidonor") {
		t.Errorf("the second export: %v; said is %s, and was of the first %s", err, out, said)
	}
	for _, table := range []struct {
		name string
		of   []string
	}{
		{"grants", []string{"title", "description", "donor_states", "recipient_names", "status", "start", "end", "amount", "currency", "themes", "locations"}},
		{"transactions", []string{"type", "date", "value_date", "amount", "currency", "description", "provider_name", "receiver_name"}},
	} {
		want, got := rowsOf(t, first, table.name, table.of), rowsOf(t, second, table.name, table.of)
		if !slices.Equal(want, got) {
			t.Errorf("%s: %d rows went out, %d came in, and they are not the same; the first that is not: %s", table.name, len(want), len(got), firstOnly(want, got))
		}
	}
}

// rowsOf are the rows of a table of an export in some of its columns, ordered.
func rowsOf(t *testing.T, d *daemon, table string, of []string) []string {
	t.Helper()
	_, text, _ := d.ask(t, adminToken, "GET", "/v1/exports/"+table+".csv", "")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, row := range rows[1:] {
		var cells []string
		for i, head := range rows[0] {
			if slices.Contains(of, head) {
				cells = append(cells, row[i])
			}
		}
		all = append(all, strings.Join(cells, " | "))
	}
	slices.Sort(all)
	return all
}

func firstOnly(want, got []string) string {
	for i, row := range want {
		if i >= len(got) || got[i] != row {
			return row
		}
	}
	return "none"
}
