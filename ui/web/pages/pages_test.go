package pages_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"

	"holdfast/ui/web/pages"
)

var moment = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const (
	sum  = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	long = "A-very-long-name-without-a-single-place-to-break-it-in-two-as-some-computers-have.example.edu"
)

// samples are pages with made-up data: as they are every day, and very full.
func samples() map[string]struct {
	frame pages.Frame
	page  pages.Page
} {
	type sample = struct {
		frame pages.Frame
		page  pages.Page
	}
	out := func(p pages.Page) sample { return sample{pages.Frame{Site: "College of the Sea"}, p} }
	in := func(here string, p pages.Page) sample {
		return sample{pages.Frame{Site: "College of the Sea", Person: "Ann Example", Here: here}, p}
	}
	here := func(p pages.Page) sample {
		return sample{pages.Frame{Site: "College of the Sea", Here: "/download"}, p}
	}
	qr := template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><path d="M0 0h2v1h1v2h-2z"/></svg>`)))
	many := pages.Computers{Grace: 60, Seats: 4, Used: 912e9, Quota: 1e12, Said: "Ann’s laptop has a new name.", Active: []pages.Computer{
		{ID: "1", Name: "Ann’s laptop", OS: "Windows 11", Asset: "CS-01432", State: "active", LastBackup: moment.Add(-12 * time.Minute), Seen: moment, Files: 128402, Bytes: 214e9, Report: "Protected"},
		{ID: "2", Name: "Lab desktop", OS: "Debian 12", Asset: "CS-00871", State: "active", LastBackup: moment.Add(-50 * time.Hour), Seen: moment.Add(-50 * time.Hour), Files: 1, Bytes: 20},
		{ID: "3", Name: long, OS: "macOS 15", Personal: true, State: "blocked", LastBackup: moment.Add(-12 * time.Minute), Seen: moment, Files: 12, Bytes: 1e6},
		{ID: "4", Name: "Home", OS: "Windows 10", Personal: true, State: "deauthorized", Seen: moment.AddDate(0, -2, 0)},
	}, Removed: []pages.Computer{{ID: "5", Name: "Old laptop", Until: moment.AddDate(0, 1, 0)}}}
	security := pages.Security{
		Name: "Ann Example", Email: "ann@college.edu", Password: true, TOTP: true, Recovery: 9, CanAdd: true, Provider: "College SSO",
		Passkeys: []pages.Passkey{{ID: "1", Name: "Phone", Created: moment, Used: moment}, {ID: "2", Name: long, Created: moment}},
		Links:    []pages.Link{{Issuer: "https://sso.college.edu/", Subject: "1", Email: "ann@college.edu", Created: moment}},
		Sessions: []pages.Session{
			{ID: "1", Name: "Firefox on Linux", Address: "192.0.2.17", This: true, Created: moment, Seen: moment},
			{ID: "2", Name: "Holdfast on Ann’s laptop", Address: "2001:db8:1234:5678:9abc:def0:1234:5678", App: true, Created: moment, Seen: moment.Add(-3 * time.Hour)},
		},
	}
	file := func(name, kind string, size int64) pages.File {
		return pages.File{Name: name, Kind: kind, Size: size, SHA256: sum}
	}
	otp := "otpauth://totp/College:ann@college.edu?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=College"
	return map[string]sample{
		"start":          out(pages.Start{}),
		"request":        out(pages.Request{}),
		"request-wrong":  out(pages.Request{Name: "Ann", Email: "ann", Reason: "My thesis", Wrong: "“ann” is not an e-mail address."}),
		"requested":      out(pages.Requested{}),
		"signin":         out(pages.SignIn{Provider: "College SSO", Password: true, Passkey: true, Next: "/computers"}),
		"signin-local":   out(pages.SignIn{Password: true, Email: "ann@college.edu", Wrong: "The e-mail or the password is wrong. Check both and try again."}),
		"signin-again":   in("", pages.SignIn{Again: true, Password: true, Passkey: true, Email: "ann@college.edu"}),
		"second":         out(pages.Second{TOTP: true, Passkey: true, Recovery: true}),
		"second-wrong":   out(pages.Second{Recovery: true, Wrong: "That code is wrong or was used already."}),
		"anew":           out(pages.Invitation{Action: "/invitation/x", Name: "Ann Example", Email: "ann@college.edu", Anew: true}),
		"invitation":     out(pages.Invitation{Action: "/invitation/x", Name: "Ann Example", Email: "ann@college.edu", Provider: "College SSO"}),
		"authenticator":  out(pages.Authenticator{Action: "/invitation/x", Secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", URL: otp, QR: qr, Invited: true}),
		"codes":          out(pages.Codes{Codes: strings.Fields(strings.Repeat("bcdf-ghjk-mnpq ", 10)), Next: "/computers"}),
		"consent":        in("", pages.Consent{Computer: "Ann’s laptop", Email: "ann@college.edu", Action: "/oauth/authorize"}),
		"consent-device": in("", pages.Consent{Computer: long, Email: "ann@college.edu", Address: "2001:db8:1234:5678:9abc:def0:1234:5678", Action: "/device", Code: "BCDF-GHJK"}),
		"leaving":        out(pages.Leaving{Title: "Back to the program", To: "http://[::1]:1234/?code=x"}),
		"device":         in("", pages.Device{Wrong: "No computer waits with this code. Look at the code again; it is good for ten minutes."}),
		"decided":        in("", pages.Decided{Computer: "Lab server", Allowed: true}),
		"computers":      in("/computers", many),
		"computers-none": in("/computers", pages.Computers{Seats: 4}),
		"security":       in("/security", security),
		"security-bare":  in("/security", pages.Security{Email: "ann@college.edu", Provider: "College SSO", Wrong: "This is your only way to sign in, so it cannot be removed."}),
		"download": here(pages.Download{System: "Windows", First: []pages.File{file("Holdfast-1.2.0.exe", "Installer", 31e6), file("Holdfast-1.2.0.msi", "Package for administrators", 30e6)},
			Others: []pages.System{{Name: "macOS", Files: []pages.File{file("Holdfast-1.2.0.dmg", "Disk image", 38e6)}}, {Name: "Linux", Files: []pages.File{file("holdfast_1.2.0_amd64.deb", "Debian, Ubuntu", 29e6), file(long+".rpm", "Fedora, RHEL", 29e6)}}}}),
		"download-none": out(pages.Download{}),
		"problem":       out(pages.Problem{Title: "This link is not good any more", Message: "An invitation works once, for 14 days. Ask an administrator for another one.", Links: []pages.Action{{Label: "Request access", Path: "/request"}, {Label: "Sign in", Path: "/sign-in"}}}),
	}
}

func set(t *testing.T) *pages.Set {
	t.Helper()
	s, err := pages.New(func() time.Time { return moment })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPagesHaveNothingInlineAndNothingForeign(t *testing.T) {
	s := set(t)
	for name, sample := range samples() {
		var b strings.Builder
		if err := s.Draw(&b, sample.frame, sample.page); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		html := b.String()
		for _, bad := range []string{"style=", "<style", "onclick", "javascript:", "ZgotmplZ", `src="http`, "<no value>", "<script>"} {
			if strings.Contains(html, bad) {
				t.Errorf("%s contains %s", name, bad)
			}
		}
		if strings.Count(html, "<h1") != 1 {
			t.Errorf("%s has %d headings of the first rank", name, strings.Count(html, "<h1"))
		}
		if n := strings.Count(html, "button main"); n > 1 {
			t.Errorf("%s has %d main buttons", name, n)
		}
	}
}

func TestForeignTextStaysText(t *testing.T) {
	var b strings.Builder
	evil := `"><script>alert(1)</script>`
	if err := set(t).Draw(&b, pages.Frame{Site: evil}, pages.Consent{Computer: evil, Hidden: []pages.Field{{Name: "x", Value: evil}}}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "<script>") {
		t.Error("what a computer calls itself became a script")
	}
}

func TestStaticFilesAreKeptForEverAndPacked(t *testing.T) {
	static := set(t).Static()
	at, err := static.Path("style.css")
	if err != nil {
		t.Fatal(err)
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", at, nil)
	r.Header.Set("Accept-Encoding", "gzip")
	if !static.Serve(w, r) || w.Header().Get("Content-Encoding") != "gzip" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%v", w.Header())
	}
	if static.Serve(httptest.NewRecorder(), httptest.NewRequest("GET", "/static/style.css", nil)) {
		t.Error("a file without its hash is served")
	}
}

// serve answers /NAME with a sample, under the policy of the server.
func serve(t *testing.T) *httptest.Server {
	s := set(t)
	all := samples()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Static().Serve(w, r) {
			return
		}
		sample, ok := all[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", pages.Policy(""))
		if err := s.Draw(w, sample.frame, sample.page); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// TestNoPageIsWiderThanAPhone opens each page in Chromium, narrow and wide, light and
// dark. Where HOLDFAST_PICTURES names a folder, pictures are left there.
func TestNoPageIsWiderThanAPhone(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a browser")
	}
	server := serve(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WSURLReadTimeout(3*time.Minute))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	defer stop()
	ctx, done := chromedp.NewContext(allocator)
	defer done()
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var complaints []string
	if err := chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*cdplog.EventEntryAdded); ok && !strings.Contains(e.Entry.URL, "favicon") {
			mu.Lock()
			defer mu.Unlock()
			complaints = append(complaints, e.Entry.Text)
		}
	}); err != nil {
		t.Fatal(err)
	}
	for name := range samples() {
		if name == "leaving" {
			continue // it leaves
		}
		for _, width := range []int64{390, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				look(t, ctx, server.URL+"/"+name, fmt.Sprintf("%s-%d-%s", name, width, scheme), width, scheme)
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(complaints) > 0 {
		t.Error(complaints)
	}
}

func look(t *testing.T, ctx context.Context, url, name string, width int64, scheme string) {
	t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	setMedia := func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, media)
		return chromedp.Void{}, err
	}
	err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 844), setMedia, chromedp.Navigate(url),
		chromedp.Evaluate[chromedp.Void](`document.fonts.ready.then(() => document.querySelectorAll("details").forEach((d) => d.open = true))`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth - window.innerWidth`))
	if err != nil || wide > 0 {
		t.Errorf("%s is %d pixels wider than its window, %v", name, wide, err)
	}
	styled, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.styleSheets.length === 1 && document.fonts.check("14px Inter")`))
	if err != nil || !styled {
		t.Errorf("%s came without its style sheet or its type, %v", name, err)
	}
	dir := os.Getenv("HOLDFAST_PICTURES")
	if dir == "" {
		return
	}
	if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach((d, i) => d.open = i === 0 && !d.classList.contains("fold"))`)); err != nil {
		t.Fatal(err)
	}
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600); err != nil {
		t.Fatal(err)
	}
}
