//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"holdfast/engine/server/identity/dextest"
	"holdfast/engine/server/mail/mailtest"
)

var ann = dextest.User{Email: "ann@college.edu", Name: "Ann", Password: "correct horse", ID: "ann-1"}

// institution is a running server with a sign-on, a mail server and a browser.
type institution struct {
	t           *testing.T
	address     string // host:port
	fingerprint string
	program     string
	settings    []string
	mail        *mailtest.Server
	browser     context.Context
	dir         string
}

// found starts all of it.
func found(t *testing.T) *institution {
	t.Helper()
	i := &institution{t: t, dir: t.TempDir(), mail: mailtest.Sink(t), program: built(t, "HOLDFAST_SERVER", "holdfast-server")}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(listen)
	i.address = "localhost:" + port
	dex := dextest.Start(t, "https://"+i.address+"/sign-in/return", ann)
	secret := filepath.Join(i.dir, "dex-secret")
	keep(t, secret, []byte(dex.ClientSecret))
	i.settings = []string{
		"--data", filepath.Join(i.dir, "server"), "--institution", "The College", "--listen", listen,
		"--smtp-address", i.mail.Address, "--smtp-from", "backup@college.edu", "--smtp-tls", "none",
		"--provider-name", "College sign-on", "--provider-issuer", dex.Issuer, "--provider-client-id", dex.ClientID,
		"--provider-no-auth-time", "--provider-client-secret-file", secret,
	}
	i.serve()
	i.openBrowser()
	return i
}

// built is the program that a variable names, or one that is built now.
func built(t *testing.T, variable, name string) string {
	t.Helper()
	if path := os.Getenv(variable); path != "" {
		return path
	}
	path := filepath.Join(t.TempDir(), name)
	cmd := exec.Command("go", "build", "-o", path, "holdfast/app/"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", name, err, out)
	}
	return path
}

// serve runs the server until the test ends, and reads its fingerprint.
func (i *institution) serve() {
	i.t.Helper()
	said, log := new(lines), new(lines)
	cmd := exec.Command(i.program, append([]string{"serve"}, i.settings...)...)
	cmd.Stdout, cmd.Stderr = said, log
	if err := cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if i.t.Failed() {
			i.t.Logf("the server's log:\n%s", log.tail())
		}
	})
	print := regexp.MustCompile(`\n  ([0-9a-f]{64})\n`)
	for deadline := time.Now().Add(soon); ; time.Sleep(50 * time.Millisecond) {
		c, err := net.Dial("tcp", i.address)
		if err == nil {
			c.Close()
			if m := print.FindStringSubmatch(said.tail()); m != nil {
				i.fingerprint = m[1]
				return
			}
		}
		if time.Now().After(deadline) {
			i.t.Fatalf("the server did not start: %s\n%s", said.tail(), log.tail())
		}
	}
}

// lines keeps what a program says while it runs.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.b.String()
	return text[max(0, len(text)-4000):]
}

// invite adds a person by command, reads the letter and accepts what it holds.
func (i *institution) invite(u dextest.User) {
	i.t.Helper()
	args := append([]string{"--json", "user", "add", u.Email, "--name", u.Name}, i.settings...)
	out, err := exec.Command(i.program, args...).Output()
	if err != nil {
		i.t.Fatalf("holdfast-server user add: %v\n%s", err, stderr(err))
	}
	var invited struct{ Link string }
	if err := json.Unmarshal(out, &invited); err != nil {
		i.t.Fatalf("%v: %s", err, out)
	}
	if letter := i.mail.Wait(i.t, 1)[0]; letter.To != u.Email || !strings.Contains(letter.Text, invited.Link) {
		i.t.Fatalf("the letter to %s does not hold %s:\n%s", letter.To, invited.Link, letter.Text)
	}
	i.do("accepting the invitation", slices.Concat(
		[]step{chromedp.Navigate(invited.Link)}, press(`form[action="/sign-in/provider"] button`),
		[]step{
			chromedp.WaitVisible("#login"), chromedp.SendKeys("#login", u.Email), chromedp.SendKeys("#password", u.Password),
			chromedp.Evaluate[chromedp.Void](`document.querySelector("form").submit()`),
			chromedp.WaitVisible(`a[href="/security"]`),
		})...)
}

func stderr(err error) []byte {
	if e, ok := err.(*exec.ExitError); ok {
		return e.Stderr
	}
	return nil
}

// step is something that is done in the browser.
type step = chromedp.Action[chromedp.Void]

// press clicks on what a selector finds, once it is there.
func press(selector string) []step {
	return []step{chromedp.WaitVisible(selector), chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.querySelector(%q).click()", selector))}
}

// openBrowser starts a Chromium that accepts the server's own certificate.
func (i *institution) openBrowser() {
	i.t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("/usr/bin/chromium"), chromedp.NoSandbox, chromedp.Flag("ignore-certificate-errors", true),
		chromedp.Flag("disable-quic", true), chromedp.UserDataDir(filepath.Join(i.dir, "browser")), chromedp.WindowSize(1280, 900))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	i.t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	i.t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil { // starts it
		i.t.Fatal(err)
	}
	i.browser = ctx
}

// do runs steps in the browser; a failure shows the page.
func (i *institution) do(what string, steps ...step) {
	i.t.Helper()
	ctx, stop := context.WithTimeout(i.browser, 25*time.Second)
	defer stop()
	err := chromedp.Do(ctx, steps...)
	if err == nil {
		return
	}
	show, stop := context.WithTimeout(i.browser, 5*time.Second)
	defer stop()
	at, _ := chromedp.Run(show, chromedp.Location())
	text, _ := chromedp.Run(show, chromedp.Text("body"))
	i.t.Fatalf("%s: %v\nat %s:\n%s", what, err, at, text)
}

// connect opens the page that a program wants opened and lets the program in.
func (i *institution) connect(link string) {
	i.t.Helper()
	if !strings.HasPrefix(link, "https://"+i.address+"/oauth/authorize") {
		i.t.Fatalf("the page to be opened is %s", link)
	}
	i.do("connecting a computer", append([]step{chromedp.Navigate(link)}, press(`button[value="allow"]`)...)...)
}

// pageSays waits for words in the browser.
func (i *institution) pageSays(words string) {
	i.t.Helper()
	var text string
	for deadline := time.Now().Add(soon); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		text, _ = chromedp.Run(i.browser, chromedp.Text("body")) // fails while a page is left
		if strings.Contains(text, words) {
			return
		}
	}
	i.t.Fatalf("the page does not say %q:\n%s", words, text)
}
