package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// sheetWithManyProblems is a sheet of thirty grants: of twenty-five the amount has too many decimals, of five it cannot be read.
func sheetWithManyProblems(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("Donor,Donor state,Recipient,Title,Amount,Currency,Start,End\n")
	for i := range 30 {
		amount := fmt.Sprintf("1200.%02d5", i)
		if i%6 == 5 {
			amount = []string{"a lot", "some"}[i/6%2]
		}
		fmt.Fprintf(&text, "Norad,NO,Recipient %d,Wells of the %dth village,%s,NOK,2024-01-01,2025-12-31\n", i, i, amount)
	}
	file := filepath.Join(t.TempDir(), "many.csv")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Where a file has many problems, their kinds are told, the refused first; all of them are to be had, and the answer for programs has them anyway.
func TestManyProblemsAreToldByKind(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	file := sheetWithManyProblems(t)
	sayTo(t, d, "import-kinds", []string{"import", "--dry-run", file})
	all, err := tandem(t, d, "import", "--dry-run", "--all-problems", file)
	if err != nil {
		t.Fatal(err)
	}
	if refused, noted := strings.Count(all, ": refused: "), strings.Count(all, ": noted: "); refused != 30 || noted != 1 {
		t.Errorf("--all-problems tells of %d refused and %d noted, want 30 and 1:\n%s", refused, noted, all)
	}
	answer, err := tandem(t, d, "import", "--dry-run", "--output", "json", file)
	if err != nil {
		t.Fatal(err)
	}
	told := decoded(t, answer)
	for _, g := range told["grants"].([]any) {
		if n := len(g.(map[string]any)["problems"].([]any)); n == 0 {
			t.Errorf("the answer for programs leaves out the problems of %v", g)
		}
	}
	counted := 0.0
	for _, k := range told["summary"].(map[string]any)["problemKinds"].([]any) {
		counted += k.(map[string]any)["problemCount"].(float64)
	}
	if counted != 31 {
		t.Errorf("the kinds have %v problems, want 31", counted)
	}
}

// The page shows the kinds of many remarks, and each of them when it is asked to.
func TestImportPageShowsKinds(t *testing.T) {
	ctx := browsing(t)
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	var kinds, each string
	if err := chromedp.Run(ctx,
		chromedp.Navigate(d.url+"/signin#"+adminToken), chromedp.WaitVisible("#next"), chromedp.Navigate(d.url+"/import"), chromedp.WaitVisible("#ask"),
		chromedp.SetUploadFiles("#file", []string{sheetWithManyProblems(t)}), chromedp.Click("#check"), chromedp.WaitVisible("#each"), chromedp.Text("main", &kinds),
	); err != nil {
		t.Fatal(err)
	}
	picture(t, ctx, "kinds-narrow", 390)
	picture(t, ctx, "kinds", 1000)
	if err := chromedp.Run(ctx, chromedp.Click("#each"), chromedp.WaitNotPresent("#each"), chromedp.Text("main", &each)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"31 remarks on the file, of 3 kinds", "25 times in 25 grants", "found …, with more decimals than NOK has", "… is \"a lot\" (3 times), \"some\" (2 times)"} {
		if !strings.Contains(kinds, want) {
			t.Errorf("the page does not show %q:\n%s", want, kinds)
		}
	}
	for row := 2; row <= 31; row++ {
		if want := fmt.Sprintf("many.csv:%d\t", row); !strings.Contains(each, want) {
			t.Errorf("the page does not show %q:\n%s", want, each)
		}
	}
}

// Money without a currency is refused, and what the answer says to do about it helps.
func TestACurrencyCanBeSaid(t *testing.T) {
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	file := filepath.Join(t.TempDir(), "bare.xml")
	text := `<iati-activities version="2.03"><iati-activity><iati-identifier>SE-0-1</iati-identifier><reporting-org ref="SE-0" type="10"><narrative>Sida</narrative></reporting-org>
<title><narrative>Wells</narrative></title><activity-status code="2"/><transaction><transaction-type code="2"/><transaction-date iso-date="2024-01-01"/><value>500</value></transaction></iati-activity></iati-activities>`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	const advice = "--currency CODE says it"
	if out, err := tandem(t, d, "import", file); err == nil || !strings.Contains(out, advice) {
		t.Errorf("without a currency: %v\n%s", err, out)
	}
	if out, err := tandem(t, d, "import", "--currency", "SEK", file); err != nil || strings.Contains(out, advice) || !strings.Contains(out, "1 grant created") {
		t.Errorf("in kronor: %v\n%s", err, out)
	}
}
