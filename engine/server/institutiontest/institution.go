// Package institutiontest founds institutions for tests: the built holdfast-server as
// a process of its own, a real single sign-on and mail server beside it, the person Ann
// with her browser, and computers on which the built holdfast command runs.
//
// Where the server keeps what it has is for the test to say, in its flags. Nothing in
// here waits for a time to pass; it waits for what has to happen, and says what did
// not.
package institutiontest

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"holdfast/engine/server/browsertest"
	"holdfast/engine/server/identity/dextest"
	"holdfast/engine/server/mail/mailtest"
	"holdfast/engine/server/tooltest"
)

// Ann can prove who she is at the single sign-on. She is no member yet.
var Ann = dextest.User{Email: "ann@college.edu", Name: "Ann", Password: "correct horse", ID: "ann-1"}

// Institution is a server with the parts around it.
type Institution struct {
	Address string // host:port
	Origin  string // https:// and that
	Flags   []string
	Mail    *mailtest.Server
	Home    string // folder of the test
	Data    string // the server's own, below it
	t       testing.TB
	browser func() *browsertest.Browser
	process *exec.Cmd
	gone    chan struct{} // closed when the process has ended
	said    *Lines        // on its standard output
}

// patience ends a wait for what never comes. Half a dozen institutions may be starting at
// once on two processors.
const patience = 3 * time.Minute

// Found starts an institution that lasts until the test ends. The flags are those of
// every command of the server, beside the ones about the parts.
func Found(t testing.TB, flags ...string) *Institution {
	t.Helper()
	i := &Institution{t: t, Mail: mailtest.Sink(t), Home: t.TempDir()}
	i.browser = sync.OnceValue(func() *browsertest.Browser { return browsertest.Open(t) })
	listen := tooltest.Address(t)
	_, port, _ := net.SplitHostPort(listen)
	i.Address = "localhost:" + port
	i.Origin = "https://" + i.Address
	i.Data = filepath.Join(i.Home, "server")
	dex := dextest.Start(t, i.Origin+"/sign-in/return", Ann)
	i.Flags = append([]string{
		"--data", i.Data, "--institution", "The College", "--listen", listen,
		"--smtp-address", i.Mail.Address, "--smtp-from", "backup@college.edu", "--smtp-tls", "none",
		"--provider-name", "College sign-on", "--provider-issuer", dex.Issuer, "--provider-client-id", dex.ClientID, "--provider-no-auth-time",
		"--provider-client-secret-file", i.File("dex-secret", dex.ClientSecret),
	}, flags...)
	i.Start()
	return i
}

// File makes a file that nobody else may read.
func (i *Institution) File(name, content string) string {
	i.t.Helper()
	path := filepath.Join(i.Home, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		i.t.Fatal(err)
	}
	return path
}

// Start runs "serve" until the test ends, and returns when it answers.
func (i *Institution) Start() {
	i.t.Helper()
	said, log := new(Lines), new(Lines)
	cmd := exec.Command(tooltest.Path(i.t, tooltest.Server), append([]string{"serve"}, i.Flags...)...)
	cmd.Stdout, cmd.Stderr = said, log
	if err := cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { cmd.Wait(); close(gone) }()
	i.process, i.gone, i.said = cmd, gone, said
	i.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		<-gone
		if i.t.Failed() && i.gone == gone { // the last one
			i.t.Logf("the server's log:\n%s", log.Tail())
		}
	})
	for deadline := time.Now().Add(patience); !i.serves(); time.Sleep(20 * time.Millisecond) {
		select {
		case <-gone:
		default:
			if time.Now().Before(deadline) {
				continue
			}
		}
		i.t.Fatalf("the server did not start: %s\n%s", said.Tail(), log.Tail())
	}
}

// serves says whether the server answers requests; it listens a while before it does.
func (i *Institution) serves() bool {
	client := &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}, //nolint:gosec // the test's own server
		Timeout:   patience,
	}
	answer, err := client.Get(i.Origin + "/healthz")
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// Process is that of the running server.
func (i *Institution) Process() *os.Process { return i.process.Process }

// Gone is closed when the server that runs now has ended.
func (i *Institution) Gone() <-chan struct{} { return i.gone }

// Kill ends the server without a warning, and returns when it is gone.
func (i *Institution) Kill() { i.end(syscall.SIGKILL) }

// Stop ends the server as its administrator does.
func (i *Institution) Stop() { i.end(syscall.SIGTERM) }

func (i *Institution) end(by os.Signal) {
	process, gone := i.process.Process, i.gone // another may start as soon as it is gone
	process.Signal(by)
	<-gone
}

var fingerprint = regexp.MustCompile(`\n  ([0-9a-f]{64})\n`)

// Fingerprint is that of the server's certificate, as it says when it starts.
func (i *Institution) Fingerprint() string {
	i.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if m := fingerprint.FindStringSubmatch(i.said.Text()); m != nil {
			return m[1]
		}
		if time.Now().After(deadline) {
			i.t.Fatalf("the server does not say its fingerprint: %s", i.said.Tail())
		}
	}
}

// Command runs holdfast-server and reads its JSON.
func (i *Institution) Command(into any, args ...string) {
	i.t.Helper()
	all := append(append([]string{"--json"}, args...), i.Flags...)
	out, err := exec.Command(tooltest.Path(i.t, tooltest.Server), all...).Output()
	if err != nil {
		i.t.Fatalf("holdfast-server %s: %v %s", strings.Join(args, " "), err, complaint(err))
	}
	if err := json.Unmarshal(out, into); err != nil {
		i.t.Fatalf("%v: %s", err, out)
	}
}

// complaint is what a program that failed said.
func complaint(err error) []byte {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return e.Stderr
	}
	return nil
}

// Lines keeps what a program says while it runs.
type Lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *Lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// Text is everything that was said.
func (l *Lines) Text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Tail is what was said last, for a failure.
func (l *Lines) Tail() string {
	text := l.Text()
	return text[max(0, len(text)-4000):]
}
