package main

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"holdfast/engine"
	"holdfast/engine/agent"
	"holdfast/engine/keychain"
	"holdfast/engine/server/session"
)

// pc is a computer: a home folder and a state folder.
type pc struct {
	*college
	*agent.Agent
	name, user, state string
	keys              keychain.Keychain
	fast              time.Duration // how far its clock is ahead of the server's, when it is opened
}

func (c *college) computer(name string) *pc {
	c.t.Helper()
	root := c.t.TempDir()
	p := &pc{college: c, name: name, user: filepath.Join(root, "home"), state: filepath.Join(root, "state")}
	if err := os.MkdirAll(p.user, 0o700); err != nil {
		c.t.Fatal(err)
	}
	p.open()
	c.t.Cleanup(p.close)
	return p
}

// here makes its home folder the one of this process.
func (p *pc) here() {
	p.t.Setenv("HOME", p.user)
	p.t.Setenv("USERPROFILE", p.user)
	p.t.Setenv("XDG_CONFIG_HOME", "")
}

func (p *pc) open() {
	p.t.Helper()
	p.here()
	var err error
	if p.keys, err = keychain.Open(keychain.Options{Folder: filepath.Join(p.state, "keys"), FileOnly: true}); err != nil {
		p.t.Fatal(err)
	}
	fast := p.fast
	now := func() time.Time { return p.clock.now().Add(fast) }
	log := slog.New(slog.NewTextHandler(p.said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if p.Agent, err = agent.Open(p.t.Context(), agent.Options{Home: p.state, Keychain: p.keys, Log: log, Now: now}); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pc) close() {
	if err := p.Agent.Close(); err != nil {
		p.t.Errorf("the engine did not end well: %v", err)
	}
}

func (p *pc) reopen() {
	p.t.Helper()
	p.close()
	p.open()
}

func (p *pc) write(name, content string) string {
	p.t.Helper()
	path := filepath.Join(p.user, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// signIn signs in as the person does whose browser says yes at once.
func (p *pc) signIn() engine.SignedIn {
	p.t.Helper()
	ctx := p.t.Context()
	begun, err := p.SignIn(ctx, engine.SignInRequest{Address: p.v.settings.Origin, Fingerprint: p.fingerprint(), Email: "ann@college.edu", Computer: p.name})
	if err != nil {
		p.t.Fatal(err)
	}
	u, err := url.Parse(begun.URL)
	if err != nil {
		p.t.Fatal(err)
	}
	asked, err := session.ParseAuthorize(u.Query())
	if err != nil {
		p.t.Fatal(err)
	}
	code, err := p.v.sessions.Code(ctx, p.person, asked, "127.0.0.1")
	if err != nil {
		p.t.Fatal(err)
	}
	p.secrets.add("the code of a sign-in", code)
	p.secrets.add("the state of a sign-in", asked.State)
	answer, err := http.Get(asked.Answer(code))
	if err != nil {
		p.t.Fatal(err)
	}
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	in, err := p.WaitSignIn(ctx, begun.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	return in
}

// join signs in and joins; the changes are to the request.
func (p *pc) join(changes ...func(*engine.JoinRequest)) engine.Connected {
	p.t.Helper()
	p.here()
	q := engine.JoinRequest{SignIn: p.signIn().ID, Computer: p.name}
	for _, change := range changes {
		change(&q)
	}
	out, err := p.Join(p.t.Context(), q)
	if err != nil {
		p.t.Fatalf("join: %v (%v)", err, errors.Unwrap(err))
	}
	p.joined(out)
	return out
}

// joined notes what the computer now has to keep to itself.
func (p *pc) joined(out engine.Connected) {
	p.t.Helper()
	p.secrets.add("the recovery code", out.RecoveryCode)
	if key, err := p.keys.Get(p.repository()); err == nil {
		p.secrets.add("the key of a computer", string(key))
	} else {
		p.t.Errorf("the computer has no key: %v", err)
	}
}

// repository is the id that the computer has noted.
func (p *pc) repository() string {
	p.t.Helper()
	data, err := os.ReadFile(filepath.Join(p.state, "destination.json"))
	if err != nil {
		p.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), `"repository": "`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

func (p *pc) id() string {
	p.t.Helper()
	list, err := p.v.computers.List(p.t.Context(), p.person)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, c := range list {
		if c.Name == p.name {
			return c.ID
		}
	}
	p.t.Fatalf("the server knows no %s", p.name)
	return ""
}

func (p *pc) backUp() engine.CaptureResult {
	p.t.Helper()
	p.here()
	out, err := p.BackUp(p.t.Context(), nil)
	if err != nil {
		p.t.Fatalf("back up: %v (%v)", err, errors.Unwrap(err))
	}
	return out
}

// backUpFails expects an error of a kind, and a sentence with some words.
func (p *pc) backUpFails(want engine.Kind, words string) {
	p.t.Helper()
	p.here()
	_, err := p.BackUp(p.t.Context(), nil)
	p.fails(err, want, words)
	status, err := p.Status(p.t.Context())
	if err != nil || status.State != engine.StateAttention && want != engine.KindUnreachable {
		p.t.Errorf("the status is %q (%s), %v", status.State, status.Reason, err)
	}
}

func (p *pc) fails(err error, want engine.Kind, words string) {
	p.t.Helper()
	e, ok := errors.AsType[*engine.Error](err)
	if !ok {
		p.t.Fatalf("the error is %v, not one with a sentence", err)
	}
	io.WriteString(p.said, e.Message+"\n")
	for cause := e.Err; cause != nil; cause = errors.Unwrap(cause) {
		io.WriteString(p.said, cause.Error()+"\n")
	}
	if e.Kind != want || !strings.Contains(e.Message, words) || !strings.HasSuffix(e.Message, ".") || !strings.Contains(e.Message, ". ") {
		p.t.Errorf("it is %q, not %q with %q: %s (%v)", e.Kind, want, words, e.Message, e.Err)
	}
}

// restore gets a file of a computer to a new folder.
func (p *pc) restore(computer, path string) (engine.Job, string, error) {
	p.t.Helper()
	p.here()
	folder := p.t.TempDir()
	id, err := p.Get(p.t.Context(), engine.GetRequest{
		Refs: []engine.Ref{{Computer: computer, Path: path}}, To: engine.ToFolder, Folder: folder})
	if err != nil {
		return engine.Job{}, "", err
	}
	job, err := p.WaitJob(p.t.Context(), id)
	if err != nil {
		return job, "", err
	}
	data, err := os.ReadFile(filepath.Join(folder, filepath.Base(path)))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return job, string(data), err
}

func (p *pc) restores(computer, path, want string) {
	p.t.Helper()
	job, got, err := p.restore(computer, path)
	if err != nil || job.State != engine.JobDone || job.Failed > 0 || got != want {
		p.t.Errorf("restored %d bytes, not %d: %s, %d failed: %s, %v", len(got), len(want), job.State, job.Failed, job.Message, err)
	}
}

func incompressible(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return string(b)
}
