package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/identity/dextest"
	"holdfast/engine/server/mail/mailtest"
	"holdfast/engine/server/store/storetest"
)

// institution is a running server with the real parts around it.
type institution struct {
	t           testing.TB
	origin      string
	settings    []string // flags of every command
	server      *exec.Cmd
	fingerprint string
	link        string // for the owner, at the first start
	mail        *mailtest.Server
	browser     context.Context
	home        string
}

var ann = dextest.User{Email: "ann@college.edu", Name: "Ann", Password: "correct horse", ID: "ann-1"}

// found starts an institution on a kind of database, with files on disk or in S3.
func found(t testing.TB, kind database.Kind, s3 bool) *institution {
	t.Helper()
	i := &institution{t: t, mail: mailtest.Sink(t), home: t.TempDir()}
	listen := freeAddress(t)
	_, port, _ := net.SplitHostPort(listen)
	i.origin = "https://localhost:" + port
	dex := dextest.Start(t, i.origin+"/sign-in/return", ann)
	i.settings = []string{
		"--data", filepath.Join(i.home, "server"), "--institution", "The College", "--listen", listen,
		"--smtp-address", i.mail.Address, "--smtp-from", "backup@college.edu", "--smtp-tls", "none",
		"--provider-name", "College sign-on", "--provider-issuer", dex.Issuer, "--provider-client-id", dex.ClientID, "--provider-no-auth-time",
		"--provider-client-secret-file", i.file("dex-secret", dex.ClientSecret),
	}
	if kind == database.PostgreSQL {
		i.settings = append(i.settings, "--database", databasetest.Address(t, kind), "--escrow-database", databasetest.Address(t, kind))
	}
	if s3 {
		address, o := storetest.S3(t)
		i.settings = append(i.settings, "--storage", address, "--s3-access-key", o.AccessKey, "--s3-secret-key-file", i.file("s3-secret", o.SecretKey))
	}
	i.start()
	i.openBrowser()
	return i
}

func (i *institution) file(name, content string) string {
	i.t.Helper()
	path := filepath.Join(i.home, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		i.t.Fatal(err)
	}
	return path
}

// start runs "serve" and reads what it says.
func (i *institution) start() {
	i.t.Helper()
	cmd := exec.Command(program(i.t, "holdfast-server"), append([]string{"serve"}, i.settings...)...)
	log, err := os.Create(filepath.Join(i.home, fmt.Sprintf("server-%d.log", time.Now().UnixNano())))
	if err != nil {
		i.t.Fatal(err)
	}
	said := new(lines)
	cmd.Stdout, cmd.Stderr = said, log
	if err := cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	i.server = cmd
	i.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if i.t.Failed() {
			text, _ := os.ReadFile(log.Name())
			i.t.Logf("the server's log:\n%s", tail(text, 4000))
		}
	})
	host := strings.TrimPrefix(i.origin, "https://")
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial("tcp", host); err == nil {
			c.Close()
			break
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log.Name())
			i.t.Fatalf("the server did not start: %s\n%s", said.text(), text)
		}
	}
	if m := regexp.MustCompile(`\n  ([0-9a-f]{64})\n`).FindStringSubmatch(said.text()); m != nil {
		i.fingerprint = m[1]
	}
	if m := regexp.MustCompile(`(https://\S+/invitation/\S+)`).FindStringSubmatch(said.text()); m != nil {
		i.link = m[1]
	}
}

func tail(text []byte, n int) []byte { return text[max(0, len(text)-n):] }

// command runs holdfast-server and reads its JSON.
func (i *institution) command(into any, args ...string) {
	i.t.Helper()
	args = append(append([]string{"--json"}, args...), i.settings...)
	out, err := exec.Command(program(i.t, "holdfast-server"), args...).Output()
	if err != nil {
		i.t.Fatalf("holdfast-server %s: %v %s", strings.Join(args[:3], " "), err, said(err))
	}
	if err := json.Unmarshal(out, into); err != nil {
		i.t.Fatalf("%v: %s", err, out)
	}
}

func said(err error) []byte {
	if e, ok := err.(*exec.ExitError); ok {
		return e.Stderr
	}
	return nil
}

// step is something that is done in the browser.
type step = chromedp.Action[chromedp.Void]

// steps puts some one after the other.
func steps(parts ...[]step) []step { return slices.Concat(parts...) }

// press clicks on what a selector finds, once it is there.
func press(selector string) []step {
	return []step{chromedp.WaitVisible(selector), chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.querySelector(%q).click()", selector))}
}

// openBrowser starts a Chromium that accepts the server's own certificate.
func (i *institution) openBrowser() {
	i.t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("/usr/bin/chromium"), chromedp.NoSandbox, chromedp.Flag("ignore-certificate-errors", true),
		chromedp.Flag("disable-quic", true), chromedp.UserDataDir(filepath.Join(i.home, "browser")), chromedp.WindowSize(1280, 900))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	i.t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	i.t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 4*time.Minute)
	i.t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil { // starts it
		i.t.Fatal(err)
	}
	i.browser = ctx
}

// do runs steps in the browser; a failure shows the page.
func (i *institution) do(what string, steps ...step) {
	i.t.Helper()
	i.t.Log(what)
	ctx, stop := context.WithTimeout(i.browser, 25*time.Second)
	defer stop()
	err := chromedp.Do(ctx, steps...)
	if err == nil {
		return
	}
	show, stop := context.WithTimeout(context.WithoutCancel(i.browser), 5*time.Second)
	defer stop()
	at, _ := chromedp.Run(show, chromedp.Location())
	text, _ := chromedp.Run(show, chromedp.Text("body"))
	i.t.Fatalf("%s: %v\nat %s:\n%s", what, err, at, text)
}

// proveAtProvider types a password on dex's own page.
func proveAtProvider(u dextest.User) []step {
	return []step{
		chromedp.WaitVisible("#login"), chromedp.SendKeys("#login", u.Email), chromedp.SendKeys("#password", u.Password),
		chromedp.Evaluate[chromedp.Void](`document.querySelector("form").submit()`),
	}
}

// member is a computer of somebody, as the command sees it.
type member struct {
	i          *institution
	user, home string
}

func (i *institution) computer(name string) *member {
	i.t.Helper()
	m := &member{i, filepath.Join(i.home, name, "user"), filepath.Join(i.home, name, "state")}
	if err := os.MkdirAll(m.user, 0o700); err != nil {
		i.t.Fatal(err)
	}
	return m
}

func (m *member) cmd(args ...string) *exec.Cmd {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	m.i.t.Cleanup(stop)
	cmd := exec.CommandContext(ctx, program(m.i.t, "holdfast"), args...)
	cmd.Env = append(os.Environ(), "HOME="+m.user, "HOLDFAST_HOME="+m.home, "XDG_CONFIG_HOME=", "DBUS_SESSION_BUS_ADDRESS=disabled:", "BROWSER=/bin/true")
	return cmd
}

func (m *member) run(args ...string) string {
	m.i.t.Helper()
	out, err := m.cmd(args...).Output()
	if err != nil {
		m.i.t.Fatalf("holdfast %s: %v\n%s%s", strings.Join(args, " "), err, out, said(err))
	}
	return string(out)
}

// signIn runs a command that signs in to the server.
func (m *member) signIn(args ...string) string {
	m.i.t.Helper()
	return m.withBrowser(append(args, "--fingerprint", m.i.fingerprint)...)
}

// withBrowser runs a command that opens the browser, which does what the person would.
func (m *member) withBrowser(args ...string) string {
	t := m.i.t
	t.Helper()
	cmd := m.cmd(args...)
	out, progress := new(bytes.Buffer), new(lines)
	cmd.Stdout, cmd.Stderr = out, progress
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var link string
	for deadline := time.Now().Add(20 * time.Second); link == "" && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		link = regexp.MustCompile(`https://\S+/oauth/authorize\S*`).FindString(progress.text())
	}
	if link == "" {
		t.Fatalf("no page was to be opened: %s", progress.text())
	}
	m.i.do("connecting", chromedp.Navigate(link))
	m.i.confirm()
	select {
	case err := <-ended:
		if err != nil {
			t.Fatalf("holdfast %s: %v\n%s", strings.Join(args, " "), err, progress.text())
		}
	case <-time.After(60 * time.Second):
		cmd.Process.Kill()
		t.Fatalf("holdfast %s goes on and on: %s", strings.Join(args, " "), progress.text())
	}
	return out.String()
}

// confirm says yes on the page that asks whether to connect a computer, after a
// sign-in when that is wanted first.
func (i *institution) confirm() {
	i.t.Helper()
	const consent, provider = `button[value="allow"]`, `form[action="/sign-in/provider"] button`
	i.do("the page that asks", chromedp.WaitVisible(consent+", "+provider))
	asks, err := chromedp.Run(i.browser, chromedp.Evaluate[bool](fmt.Sprintf("document.querySelector(%q) !== null", consent)))
	if err != nil {
		i.t.Fatal(err)
	}
	if !asks {
		i.do("signing in", steps(press(provider), proveAtProvider(ann), []step{chromedp.WaitVisible(consent)})...)
	}
	i.do("saying yes", append(press(consent), chromedp.Sleep(300*time.Millisecond))...)
}

// The whole way: a person asks for access, is approved, signs in with the
// institution's single sign-on, backs up, signs in on a second computer and gets the
// files there; a third one takes the place of the first.
func TestAPersonGetsTheirFilesOnTheirOtherComputers(t *testing.T) {
	for name, run := range map[string]struct {
		kind database.Kind
		s3   bool
	}{"SQLite and disk": {database.SQLite, false}, "PostgreSQL and S3": {database.PostgreSQL, true}} {
		t.Run(name, func(t *testing.T) { theWholeWay(t, found(t, run.kind, run.s3)) })
	}
}

func theWholeWay(t *testing.T, i *institution) {
	i.do("asking for access", steps([]step{chromedp.Navigate(i.origin + "/request"),
		chromedp.SendKeys("#name", "Ann"), chromedp.SendKeys("#email", ann.Email), chromedp.SendKeys("#reason", "My thesis"),
		chromedp.SendKeys("#asset", "A-77")}, press(`form[action="/request"] button`), []step{chromedp.Sleep(500 * time.Millisecond)})...)
	var requests []struct{ ID, Email string }
	i.command(&requests, "request", "list")
	if len(requests) != 1 || requests[0].Email != ann.Email {
		t.Fatalf("requests: %+v", requests)
	}
	var invited struct{ Link string }
	i.command(&invited, "request", "approve", requests[0].ID)
	letter := i.mail.Wait(t, 1)[0]
	if !strings.Contains(letter.Text, invited.Link) {
		t.Fatalf("the letter does not hold %s:\n%s", invited.Link, letter.Text)
	}
	i.accept(invited.Link)

	first := i.computer("laptop")
	thesis := filepath.Join(first.user, "Documents", "thesis")
	write(t, thesis, 30)
	out := first.signIn("sign-in", i.origin, "--name", "Ann's laptop", "--asset", "A-77", "--email", ann.Email)
	if !strings.Contains(out, "Recovery code") {
		t.Fatalf("no recovery code: %s", out)
	}
	first.run("backup")

	second := i.computer("desktop")
	second.signIn("sign-in", i.origin, "--name", "Ann's desktop")
	if list := second.run("computers"); !strings.Contains(list, "Ann's laptop") || !strings.Contains(list, "Ann's desktop") {
		t.Fatalf("computers: %s", list)
	}
	back := filepath.Join(second.user, "back")
	second.run("get", thesis, "--computer", "Ann's laptop", "--to", back)
	same(t, thesis, back)
	second.run("backup")

	phrase := i.file("phrase", "only Ann knows this")
	second.withBrowser("key", "passphrase", "--file", phrase) // the institution cannot open it any more

	third := i.computer("new-laptop")
	third.signIn("replace", "Ann's laptop", "--server", i.origin, "--name", "Ann's new laptop", "--secret-file", phrase)
	again := filepath.Join(third.user, "back")
	third.run("get", thesis, "--to", again) // its own history now
	same(t, thesis, again)
	third.run("backup")
	if out, err := first.cmd("backup").CombinedOutput(); err == nil || !strings.Contains(string(out), "took the place of this one") {
		t.Fatalf("the old computer: %v %s", err, out)
	}
	var list []struct{ Name, State string }
	i.command(&list, "device", "list")
	list = slices.DeleteFunc(list, func(c struct{ Name, State string }) bool { return c.State == "removed" }) // the seat that was lent
	if len(list) != 2 {
		t.Fatalf("computers: %+v", list)
	}
}

// What was acknowledged is there after a kill, and the computer goes on by itself.
func TestAKilledServerLosesNothing(t *testing.T) {
	i := found(t, database.SQLite, false)
	first := i.member("ann@college.edu")
	files := filepath.Join(first.user, "Documents")
	write(t, files, 300)
	for round := range 4 {
		write(t, filepath.Join(files, fmt.Sprint(round)), 60)
		backup := first.cmd("backup")
		if err := backup.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(150+200*round) * time.Millisecond)
		i.server.Process.Kill()
		i.server.Wait()
		i.start()
		backup.Wait() // it may have borne the outage, or not
		first.run("backup")
		first.run("check", "--data")
		back := filepath.Join(first.user, fmt.Sprintf("back-%d", round))
		first.run("get", files, "--to", back)
		same(t, files, back)
		os.RemoveAll(back)
	}
}

// The server is killed when it is about to do one of the system calls by which an
// upload and a snapshot become durable: before the call, so that all before it was done
// and nothing after. The backup that runs bears it and ends well by itself.
func TestAServerKilledAtAStepOfAnUploadLosesNothing(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Fatal("strace is needed (apt-get install strace)")
	}
	i := found(t, database.SQLite, false)
	first := i.member("ann@college.edu")
	files := filepath.Join(first.user, "Documents")
	write(t, files, 5)
	first.run("backup")
	died := 0
	for _, call := range []string{"fsync", "fdatasync", "linkat", "renameat", "unlinkat", "pwrite64"} {
		for _, when := range []int{1, 2, 4} {
			write(t, filepath.Join(files, call, fmt.Sprint(when)), 3)
			killer := exec.Command("strace", "-f", "-p", fmt.Sprint(i.server.Process.Pid), "-o", "/dev/null",
				"-e", "trace="+call, "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, when))
			attached := new(lines)
			killer.Stderr = attached
			if err := killer.Start(); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(5 * time.Second); !strings.Contains(attached.text(), "attached") && time.Now().Before(deadline); {
				time.Sleep(10 * time.Millisecond)
			}
			backup := first.cmd("backup")
			said := new(lines)
			backup.Stderr = said
			if err := backup.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- backup.Wait() }()
			gone := make(chan struct{})
			go func() { i.server.Wait(); close(gone) }()
			select {
			case <-gone:
				died++
				i.start()
				if err := <-ended; err != nil {
					t.Errorf("killed at %s number %d, the backup did not go on: %v %s", call, when, err, said.text())
				}
			case err := <-ended: // the call is not used that often
				if err != nil {
					t.Errorf("%s number %d: %v %s", call, when, err, said.text())
				}
				i.server.Process.Signal(syscall.SIGTERM)
				<-gone
				i.start()
			}
			killer.Wait()
		}
	}
	back := filepath.Join(first.user, "back")
	first.run("get", files, "--to", back)
	same(t, files, back)
	first.run("check", "--data")
	t.Logf("the server was killed %d times", died)
	if died < 5 {
		t.Errorf("the server died %d times only", died)
	}
}

// Plain restic backs up with a computer's credential, and may not forget.
func TestResticUsesACredentialAndMayNotForget(t *testing.T) {
	i := found(t, database.SQLite, false)
	var p struct{ ID string }
	i.command(&p, "user", "add", "bob@college.edu")
	var made struct{ Repository string }
	i.command(&made, "device", "add", "bob@college.edu", "--name", "server")
	source := filepath.Join(i.home, "source")
	write(t, source, 20)
	restic := func(args ...string) ([]byte, error) {
		cmd := exec.Command("restic", append([]string{"--cacert", filepath.Join(i.home, "server", "tls", "cert.pem"), "--no-cache"}, args...)...)
		cmd.Env = append(os.Environ(), "RESTIC_PASSWORD=x", "RESTIC_REPOSITORY="+made.Repository)
		return cmd.CombinedOutput()
	}
	back := filepath.Join(i.home, "restic-back")
	for _, args := range [][]string{{"init"}, {"backup", source}, {"backup", source}, {"check", "--read-data"}, {"restore", "latest", "--target", back}} {
		if out, err := restic(args...); err != nil {
			t.Fatalf("restic %v: %v\n%s", args, err, out)
		}
	}
	same(t, source, filepath.Join(back, source))
	if out, err := restic("forget", "--keep-last", "1"); err == nil || !bytes.Contains(out, []byte("403")) {
		t.Fatalf("restic forgot: %v\n%s", err, out)
	}
	if out, err := restic("snapshots"); err != nil || bytes.Count(out, []byte(source)) != 2 {
		t.Fatalf("snapshots: %v\n%s", err, out)
	}
}

// accept opens the link of an invitation and signs in at the provider.
func (i *institution) accept(link string) {
	i.t.Helper()
	i.do("the invitation", steps([]step{chromedp.Navigate(link)}, press(`form[action="/sign-in/provider"] button`),
		proveAtProvider(ann), []step{chromedp.WaitVisible(`a[href="/security"]`)})...)
}

// member signs a person in who was added by command, on one computer.
func (i *institution) member(email string) *member {
	i.t.Helper()
	var invited struct{ Link string }
	i.command(&invited, "user", "add", email, "--name", "Ann")
	i.accept(invited.Link)
	m := i.computer("laptop")
	m.signIn("sign-in", i.origin, "--name", "laptop")
	return m
}

// write makes some files of all sizes.
func write(t testing.TB, dir string, n int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for k := range n {
		data := make([]byte, 100+(k%40)*(k%40)*700)
		seed := sha256.Sum256([]byte(fmt.Sprint(dir, k)))
		for at := range data {
			data[at] = seed[at%32] ^ byte(at>>5)*byte(at>>13)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("file-%d.dat", k)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// same compares two folders byte for byte.
func same(t testing.TB, want, got string) {
	t.Helper()
	sums := func(root string) map[string][32]byte {
		all := map[string][32]byte{}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			name, _ := filepath.Rel(root, path)
			all[name] = sha256.Sum256(data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	a, b := sums(want), sums(got)
	for name, sum := range a {
		if b[name] != sum {
			t.Errorf("%s differs or is missing", name)
		}
	}
	if len(a) != len(b) || len(a) == 0 {
		t.Errorf("%d files became %d", len(a), len(b))
	}
}
