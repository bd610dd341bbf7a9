package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// sheetWithABadRow is a sheet as embassies keep them, with an amount that nobody can read.
const sheetWithABadRow = "Donor,Donor state,Recipient,Title,Amount,Currency,Start,End\n" +
	"Norad,NO,EcoPeace,Good water,1200000,NOK,2024-01-01,2025-12-31\n" +
	"Norad,NO,EcoPeace,\"=cmd|'/c calc'!A0\",a lot,NOK,2024-01-01,2025-12-31\n" +
	"Norad,NO,Combatants for Peace,\"Tours, together\",500000,NOK,2024-06-01,2024-12-31\n"

// browsing starts a browser. Where there is none the test is skipped, or fails where CI=true.
func browsing(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatal("no Chromium is here (on Debian: apt-get install chromium)")
	case err != nil:
		t.Skip("no Chromium is here (on Debian: apt-get install chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	at, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, _ := chromedp.NewContext(at)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx) }) // waits for the browser to be gone
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// picture takes a picture of the page for people to look at, if TANDEM_PICTURES says where to put it.
func picture(t *testing.T, ctx context.Context, name string, width int64) {
	t.Helper()
	var png []byte
	if err := chromedp.Run(ctx, chromedp.EmulateViewport(width, 900)); err != nil {
		t.Fatal(err)
	}
	dir := os.Getenv("TANDEM_PICTURES")
	if dir == "" {
		return
	}
	if err := chromedp.Run(ctx, chromedp.FullScreenshot(&png, 100)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A person signs in, has a file checked, is told of the row that is wrong, has it back as a file, imports the others, and sees what became of the money; all of it in a browser, also at the
// width of a telephone.
func TestImportPage(t *testing.T) {
	ctx := browsing(t)
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	dir := t.TempDir()
	file := filepath.Join(dir, "field.csv")
	if err := os.WriteFile(file, []byte(sheetWithABadRow), 0o600); err != nil {
		t.Fatal(err)
	}
	do := func(actions ...chromedp.Action) {
		t.Helper()
		if err := chromedp.Run(ctx, actions...); err != nil {
			t.Fatal(err)
		}
	}
	shows := func(words ...string) {
		t.Helper()
		var text string
		do(chromedp.WaitVisible("#outcome"), chromedp.Text("main", &text))
		for _, want := range words {
			if !strings.Contains(text, want) {
				t.Errorf("the page does not show %q:\n%s", want, text)
			}
		}
	}
	var said string
	do(chromedp.Navigate(d.url+"/import"), chromedp.WaitVisible("#token"), chromedp.SendKeys("#token", "tdm_wrong\r"), chromedp.WaitVisible("#error .error"), chromedp.Text("#error", &said))
	if !strings.Contains(said, "token") {
		t.Errorf("a wrong token: %s", said)
	}
	do(chromedp.Navigate(d.url+"/signin#"+adminToken), chromedp.WaitVisible("#next"), chromedp.Click(`a[href="/import"]`), chromedp.WaitVisible("#ask"))
	picture(t, ctx, "ask", 1000)
	do(chromedp.SetUploadFiles("#file", []string{file}), chromedp.Click("#check"))
	shows("What would happen", "field.csv:3", "a lot", "amount", "Likely recorded already", "1,700,000.00")
	picture(t, ctx, "checked", 1000)
	picture(t, ctx, "checked-narrow", 390)
	if all := d.must(t, "GET", "/v1/grants", "")["grants"].([]any); len(all) != 0 {
		t.Errorf("a check stored %d grants", len(all))
	}
	for _, width := range []int64{390, 870} {
		var wide bool
		do(chromedp.EmulateViewport(width, 900), chromedp.Evaluate(`document.documentElement.scrollWidth > document.documentElement.clientWidth`, &wide))
		if wide {
			t.Errorf("the page is wider than a screen of %d", width)
		}
	}
	loaded := make(chan struct{})
	chromedp.ListenTarget(ctx, func(event any) {
		if p, is := event.(*browser.EventDownloadProgress); is && p.State == browser.DownloadProgressStateCompleted {
			close(loaded)
		}
	})
	do(browser.SetDownloadBehavior(browser.SetDownloadBehaviorBehaviorAllow).WithDownloadPath(dir).WithEventsEnabled(true), chromedp.Click("#refused"))
	select {
	case <-loaded:
	case <-ctx.Done():
		t.Fatal("the refused rows did not come")
	}
	body, err := os.ReadFile(filepath.Join(dir, "field-refused.csv"))
	if err != nil {
		t.Fatal(err)
	}
	refused := string(body)
	if !strings.Contains(refused, "a lot") || strings.Contains(refused, "Good water") || !strings.Contains(refused, "'=cmd") {
		t.Errorf("the file of what is refused is\n%s", refused)
	}
	do(chromedp.Click("#go"), chromedp.WaitNotPresent("#go"))
	shows("Imported", "revision 2", "1,700,000.00", "Created")
	picture(t, ctx, "imported", 1000)
	if all := d.must(t, "GET", "/v1/grants", "")["grants"].([]any); len(all) != 2 {
		t.Errorf("found %d grants, want 2", len(all))
	}
}

// TestImportPageTellsAndCancels sends a file over a slow line: the page tells how far it is, and cancelling leaves nothing.
func TestImportPageTellsAndCancels(t *testing.T) {
	ctx := browsing(t)
	d := start(t, filepath.Join(t.TempDir(), "tandem.db"))
	file := filepath.Join(t.TempDir(), "long.csv")
	if err := os.WriteFile(file, []byte(sheetWithABadRow+strings.Repeat(strings.Split(sheetWithABadRow, "\n")[1]+"\n", 20_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	slow := &network.EmulateNetworkConditionsParams{UploadThroughput: 50 << 10, DownloadThroughput: -1}
	var far, said string
	if err := chromedp.Run(ctx,
		chromedp.Navigate(d.url+"/signin#"+adminToken), chromedp.WaitVisible("#next"), chromedp.Navigate(d.url+"/import"), chromedp.WaitVisible("#ask"), network.Enable(), slow,
		chromedp.SetUploadFiles("#file", []string{file}), chromedp.Click("#check"), chromedp.Poll(`document.getElementById("far").textContent.includes("left")`, nil),
		chromedp.Text("#far", &far), chromedp.Click("#cancel"), chromedp.WaitVisible("#error .error"), chromedp.Text("#error", &said),
	); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(far, "Sending: ") || !strings.Contains(far, " of 1.3 MB, ") || !strings.Contains(far, " a second, ") {
		t.Errorf("how far it is: %s", far)
	}
	if said != "Cancelled. Nothing was stored." {
		t.Errorf("after the cancelling: %s", said)
	}
	if all := d.must(t, "GET", "/v1/grants", "")["grants"].([]any); len(all) != 0 {
		t.Errorf("found %d grants", len(all))
	}
}
