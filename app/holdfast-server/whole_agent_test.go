package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/account"
	"holdfast/engine/agent"
	"holdfast/engine/keychain"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/operations"
	"holdfast/engine/server/people"
	"holdfast/engine/server/session"
	"holdfast/engine/storage"
	"holdfast/engine/storage/rest"
)

// college is a server in this process with one person, and the computers of that
// person. Whatever it and they say is looked through for secrets at the end.
type college struct {
	t       *testing.T
	data    string
	listen  string
	v       *server
	person  string
	stop    func()
	said    *sayings
	secrets *secrets
	set     func(*settings) // before each start; nil: nothing more
	clock   clock
}

// clock is that of the server and of the computers. It goes on by itself.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

// pass lets time go by.
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// sayings are log lines, and errors as they are printed.
type sayings struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sayings) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sayings) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// secrets are what must not be said, and what each is.
type secrets struct {
	mu  sync.Mutex
	all map[string]string
}

func (s *secrets) add(what, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(secret) > 7 {
		s.all[secret] = what
	}
}

// heard notes what a request proves itself with.
func (s *secrets) heard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization := r.Header.Get("Authorization")
		if token, ok := strings.CutPrefix(authorization, "Bearer "); ok {
			s.add("a token", token)
		} else if _, password, ok := r.BasicAuth(); ok {
			s.add("a credential", password)
			s.add("a credential in Base64", strings.TrimPrefix(authorization, "Basic "))
		}
		s.add("the right of a removal", r.Header.Get(rest.HeaderRemoval))
		next.ServeHTTP(w, r)
	})
}

func newCollege(t *testing.T) *college {
	t.Helper()
	return newCollegeWith(t, nil)
}

// newCollegeWith is newCollege with other settings.
func newCollegeWith(t *testing.T, set func(*settings)) *college {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &college{t: t, data: t.TempDir(), listen: l.Addr().String(), said: new(sayings), secrets: &secrets{all: map[string]string{}}, set: set}
	l.Close()
	c.start()
	t.Cleanup(c.end)
	return c
}

// start serves the data folder at the address; a person is made in a new one.
func (c *college) start() {
	c.t.Helper()
	log := slog.New(operations.Log(c.said, slog.LevelDebug))
	s := &settings{Data: c.data, Name: "The College", Listen: c.listen, newcomers: newcomers{Seats: 4}}
	if c.set != nil {
		c.set(s)
	}
	v, err := s.openAt(c.t.Context(), log, c.clock.now)
	if err != nil {
		c.t.Fatal(err)
	}
	handler, err := v.handler(c.data, operations.NewMetrics("test"))
	if err != nil {
		c.t.Fatal(err)
	}
	cert, _, err := s.certificate(time.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	l, err := net.Listen("tcp", c.listen)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serveTLS(ctx, l, c.secrets.heard(handler), cert, log) }()
	c.v = v
	c.stop = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-served, v.close()); err != nil {
			c.t.Error(err)
		}
	})
	p, err := v.people.ByEmail(c.t.Context(), "ann@college.edu")
	if errors.Is(err, people.ErrNotFound) {
		var token string
		if p, token, err = v.people.Invite(c.t.Context(), "ann@college.edu", "Ann", people.Member, "the test"); err == nil {
			p, err = v.people.Accept(c.t.Context(), token)
		}
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.person = p.ID
}

// end stops the server, and looks for secrets in all that was said.
func (c *college) end() {
	c.stop()
	c.nothingIsSaid()
}

func (c *college) nothingIsSaid() {
	c.t.Helper()
	text := c.said.text()
	for secret, what := range c.secrets.all {
		if at := strings.Index(text, secret); at >= 0 {
			c.t.Errorf("%s was said: …%s…", what, text[max(0, at-200):at])
		}
	}
}

// session is one of the person that the server made without a browser.
func (c *college) session() *account.Session {
	c.t.Helper()
	token, _, err := c.v.sessions.Create(c.t.Context(), c.person, session.App, "the test", "127.0.0.1")
	if err != nil {
		c.t.Fatal(err)
	}
	c.secrets.add("a token", token)
	found, err := account.Find(c.t.Context(), c.listen, c.fingerprint())
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(found.Close)
	return found.Session(token)
}

func (c *college) fingerprint() string {
	c.t.Helper()
	cert, _, err := c.v.settings.certificate(time.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	return fingerprint(cert)
}

// seats is how many the person has taken.
func (c *college) seats() int {
	c.t.Helper()
	a, err := c.session().Account(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return a.Seats.Used
}

// packs is how many bytes of files the server has of the person.
func (c *college) packs() (sum int64) {
	c.t.Helper()
	list, err := c.v.store.Files(c.t.Context(), c.person, storage.Packs)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, o := range list {
		sum += o.Size
	}
	return sum
}

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

func TestJoiningMakesTheBackupAndASecondComputerOpensItWithTheKeptKey(t *testing.T) {
	c := newCollege(t)
	first := c.computer("laptop")
	content := incompressible(300_000)
	path := first.write("Documents/thesis.dat", content)
	out := first.join()
	if !out.Made || out.RecoveryCode == "" {
		t.Fatalf("made %v, recovery code of %d", out.Made, len(out.RecoveryCode))
	}
	first.backUp()
	second := c.computer("desktop")
	in := second.signIn()
	if in.NeedSecret || len(in.Computers) != 1 || in.Computers[0].Name != "laptop" || in.SeatsUsed != 1 || in.Seats != 4 || in.Email != "ann@college.edu" {
		t.Errorf("signed in: %+v", in)
	}
	if out = second.join(); out.Made || out.RecoveryCode != "" || len(out.Computers) != 2 {
		t.Errorf("the second computer: made %v, %+v", out.Made, out.Computers)
	}
	second.restores(first.id(), path, content)
	if c.seats() != 2 {
		t.Errorf("%d seats are taken", c.seats())
	}
}

// withoutKeptKey joins a computer whose person alone has the key from then on.
func (c *college) withoutKeptKey(passphrase string) (first *pc, path, code string) {
	c.t.Helper()
	first = c.computer("laptop")
	path = first.write("note.txt", "my note")
	code = first.join().RecoveryCode
	first.backUp()
	if passphrase != "" {
		c.secrets.add("the passphrase", passphrase)
		if err := first.SetPassphrase(c.t.Context(), passphrase); err != nil {
			c.t.Fatal(err)
		}
	}
	if err := c.session().ForgetKey(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	return first, path, code
}

func TestWithoutAKeptKeyAComputerNeedsThePassphraseOrTheRecoveryCode(t *testing.T) {
	c := newCollege(t)
	const passphrase = "seven quiet owls at noon"
	first, path, code := c.withoutKeptKey(passphrase)
	first.backUp() // by its own key
	for name, secret := range map[string]string{"by passphrase": passphrase, "by code": code} {
		p := c.computer(name)
		in := p.signIn()
		if !in.NeedSecret {
			t.Errorf("%s: no secret is asked for", name)
		}
		q := engine.JoinRequest{SignIn: in.ID, Computer: name}
		_, err := p.Join(t.Context(), q)
		p.fails(err, engine.KindSecret, "Only you have the key")
		q.Secret = secret
		out, err := p.Join(t.Context(), q)
		if err != nil {
			t.Fatalf("%s: %v (%v)", name, err, errors.Unwrap(err))
		}
		p.joined(out)
		p.restores(first.id(), path, "my note")
	}
}

func TestAWrongSecretTakesOneSeatHoweverOftenItIsTried(t *testing.T) {
	c := newCollege(t)
	first, path, code := c.withoutKeptKey("")
	p := c.computer("desktop")
	q := engine.JoinRequest{SignIn: p.signIn().ID, Computer: p.name}
	for _, wrong := range []string{"", "a wrong passphrase"} {
		q.Secret = wrong
		_, err := p.Join(t.Context(), q)
		p.fails(err, engine.KindSecret, "Nothing was changed")
	}
	q.Secret = code
	if _, err := p.Join(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	if n := c.seats(); n != 2 {
		t.Errorf("%d seats are taken", n)
	}
	p.restores(first.id(), path, "my note")
}

func TestAServerThatIsDownIsSaidAndTheNextBackupGoesOn(t *testing.T) {
	c := newCollege(t)
	p := c.computer("laptop")
	p.write("one.txt", "one")
	p.join()
	p.backUp()
	path := p.write("two.txt", "two")
	c.stop()
	p.reopen()
	p.backUpFails(engine.KindUnreachable, "does not answer")
	c.start()
	if out := p.backUp(); out.New != 1 {
		t.Errorf("backed up: %+v", out)
	}
	p.restores("", path, "two")
}

func TestAnotherCertificateIsAStranger(t *testing.T) {
	c := newCollege(t)
	p := c.computer("laptop")
	p.join()
	p.backUp()
	old := c.fingerprint()
	c.stop()
	if err := os.RemoveAll(filepath.Join(c.data, "tls")); err != nil {
		t.Fatal(err)
	}
	c.start()
	now := c.fingerprint()
	if now == old {
		t.Fatal("the certificate is the same")
	}
	p.backUpFails(engine.KindStranger, "shows another certificate than before ("+now[:4]+" "+now[4:8]) // with the store open
	p.reopen()
	p.backUpFails(engine.KindStranger, "shows another certificate than before ("+now[:4]+" "+now[4:8])
	p.join() // the person has compared it
	p.backUp()
	if c.seats() != 1 {
		t.Errorf("%d seats are taken", c.seats())
	}
}

func TestAnotherServerAtTheSameAddressIsAStranger(t *testing.T) {
	c := newCollege(t)
	p := c.computer("laptop")
	p.join()
	p.backUp()
	before := c.data
	c.stop()
	c.data = t.TempDir() // another one that has got hold of the certificate
	if err := os.CopyFS(filepath.Join(c.data, "tls"), os.DirFS(filepath.Join(before, "tls"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(c.data, "tls", "key.pem"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.start()
	p.reopen()
	p.backUpFails(engine.KindStranger, "Another Holdfast server answers at "+c.v.settings.Origin)
	c.stop()
	c.data = before
	c.start()
	p.backUp()
}

func TestAComputerThatWasSignedOutSignsInAgainAndUploadsNothingTwice(t *testing.T) {
	c := newCollege(t)
	p := c.computer("laptop")
	big := p.write("big.dat", incompressible(2_000_000))
	p.join()
	p.backUp()
	before, id := c.packs(), p.id()
	if err := c.v.computers.Deauthorize(t.Context(), c.person, id); err != nil {
		t.Fatal(err)
	}
	p.write("small.txt", "small")
	p.backUpFails(engine.KindSignIn, "was signed out of its account")
	p.join()
	if status, err := p.Status(t.Context()); err != nil || status.State == engine.StateAttention {
		t.Errorf("the status is %q (%s), %v", status.State, status.Reason, err)
	}
	p.backUp()
	if p.id() != id || c.seats() != 1 {
		t.Errorf("%s became %s, with %d seats", id, p.id(), c.seats())
	}
	if now := c.packs(); now > before+500_000 || now == before {
		t.Errorf("%d bytes became %d", before, now)
	}
	data, _ := os.ReadFile(big)
	p.restores("", big, string(data))
}

func TestSigningOutEndsTheCredentialAndASecondSignInTakesThePlaceAgain(t *testing.T) {
	c := newCollege(t)
	p := c.computer("laptop")
	path := p.write("one.txt", "one")
	p.join()
	p.backUp()
	id := p.id()
	out, err := p.Disconnect(t.Context())
	if err != nil || out.Note != "" {
		t.Fatalf("%+v, %v", out, err)
	}
	if one, err := c.v.computers.Get(t.Context(), c.person, id); err != nil || one.State != computers.Deauthorized {
		t.Errorf("on the server it is %s, %v", one.State, err)
	}
	p.join(func(q *engine.JoinRequest) { q.Replace = id })
	if p.id() != id || c.seats() != 1 {
		t.Errorf("%s became %s, with %d seats", id, p.id(), c.seats())
	}
	p.restores("", path, "one")
}

func TestSigningOutWithoutTheServerIsDoneHereAndSaysWhatIsLeft(t *testing.T) {
	c := newCollege(t)
	p := c.computer("laptop")
	p.join()
	c.stop()
	out, err := p.Disconnect(t.Context())
	if err != nil || !strings.Contains(out.Note, "could not be told") {
		t.Errorf("%+v, %v", out, err)
	}
	if status, err := p.Status(t.Context()); err != nil || status.State != engine.StateSetup {
		t.Errorf("the status is %q, %v", status.State, err)
	}
}

func TestSettingsAreKeptOnTheServerAndMoveToTheHomeOfTheNewComputer(t *testing.T) {
	c := newCollege(t)
	old := c.computer("laptop")
	content := incompressible(50_000)
	path := old.write("Papers/draft.dat", content)
	old.write("Papers/old/skip.txt", "left out")
	old.join()
	chosen := engine.Selection{Choices: []engine.Choice{
		{Path: filepath.Join(old.user, "Papers"), Include: true, NewItems: true}, {Path: filepath.Join(old.user, "Papers", "old")}}}
	if err := old.SaveSelection(t.Context(), chosen); err != nil {
		t.Fatal(err)
	}
	old.backUp()
	id := old.id()
	kept, changed, err := c.v.computers.Settings(t.Context(), id)
	if err != nil || changed.IsZero() || !strings.Contains(string(kept), "Papers") {
		t.Fatalf("the server has the settings %s, %v", kept, err)
	}
	fresh := c.computer("new laptop")
	fresh.join(func(q *engine.JoinRequest) { q.Replace = id })
	got, err := fresh.Selection(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	has := func(path string, include bool) bool {
		return slices.ContainsFunc(got.Choices, func(c engine.Choice) bool { return c.Path == path && c.Include == include })
	}
	if !has(filepath.Join(fresh.user, "Papers"), true) || !has(filepath.Join(fresh.user, "Papers", "old"), false) || len(got.Choices) != 2 {
		t.Errorf("the selection is %+v below %s", got.Choices, fresh.user)
	}
	fresh.restores("", path, content)
	fresh.write("Papers/draft.dat", content)
	fresh.write("Papers/old/skip.txt", "left out")
	if out := fresh.backUp(); out.Stored > 20_000 {
		t.Errorf("%d bytes were uploaded again", out.Stored)
	}
}

func TestAComputerWhosePlaceWasTakenSaysSo(t *testing.T) {
	c := newCollege(t)
	old := c.computer("laptop")
	old.write("one.txt", "one")
	old.join()
	old.backUp()
	id := old.id()
	fresh := c.computer("new laptop")
	fresh.join(func(q *engine.JoinRequest) { q.Replace = id })
	if fresh.id() != id || c.seats() != 1 {
		t.Errorf("%s became %s, with %d seats", id, fresh.id(), c.seats())
	}
	for range 2 { // with the store open, and opened anew
		old.backUpFails(engine.KindReplaced, "took the place of this one")
	}
	if keys, err := fresh.KeyList(t.Context()); err != nil || len(keys) != 3 { // kept, recovery, its own
		t.Errorf("the keys are %+v, %v", keys, err)
	}
	fresh.backUp()
	signsInAgain := func(when string) {
		_, err := old.Join(t.Context(), engine.JoinRequest{SignIn: old.signIn().ID, Computer: old.name})
		if engine.KindOf(err) != engine.KindReplaced {
			t.Errorf("%s: it signed in again: %v", when, err)
		}
	}
	old.here()
	signsInAgain("as it was")
	if err := old.keys.Delete(old.repository() + "-server"); err != nil {
		t.Fatal(err)
	}
	signsInAgain("with an empty keychain") // nothing of the server's is left there that could say so
	fresh.backUp()
}

func TestABlockedComputerBacksUpAndRestoresNothing(t *testing.T) {
	c := newCollege(t)
	p := c.computer("laptop")
	path := p.write("one.txt", "one")
	p.join()
	p.backUp()
	if err := c.v.computers.Block(t.Context(), c.person, p.id()); err != nil {
		t.Fatal(err)
	}
	p.write("two.txt", "two")
	if out := p.backUp(); out.New != 1 {
		t.Errorf("backed up: %+v", out)
	}
	job, got, err := p.restore("", path)
	if got != "" {
		t.Error("a blocked computer got a file back")
	}
	if err != nil {
		p.fails(err, engine.KindRefused, "blocked this computer")
	} else if !strings.Contains(job.Message, "blocked this computer") {
		items, _ := p.JobItems(t.Context(), job.ID)
		t.Errorf("the restore ended %s: %q %+v", job.State, job.Message, items)
	}
	if err := c.v.computers.Unblock(t.Context(), c.person, p.id()); err != nil {
		t.Fatal(err)
	}
	p.restores("", path, "one")
}

func TestAFullAccountIsSaidAndGoesOnWithMoreRoom(t *testing.T) {
	c := newCollege(t)
	p := c.computer("laptop")
	p.write("one.txt", "one")
	p.join()
	p.backUp()
	if err := c.v.people.SetQuota(t.Context(), c.person, 1_000_000); err != nil {
		t.Fatal(err)
	}
	content := incompressible(3_000_000)
	path := p.write("big.dat", content)
	p.backUpFails(engine.KindFull, "Your account is full")
	if err := c.v.people.SetQuota(t.Context(), c.person, 0); err != nil {
		t.Fatal(err)
	}
	p.backUp()
	p.restores("", path, content)
}

// The other tests look for secrets too; this one has the most of them, and looks at
// what lies on the disks.
func TestNoSecretIsSaidOrLiesOpen(t *testing.T) {
	c := newCollege(t)
	p := c.computer("laptop")
	p.write("one.txt", "one")
	p.join()
	p.backUp()
	kept, _, err := c.session().ReleaseKey(t.Context(), "The test")
	if err != nil {
		t.Fatal(err)
	}
	c.secrets.add("the kept key", string(kept))
	q := c.computer("desktop")
	q.join()
	q.backUp()
	if err := c.v.computers.Deauthorize(t.Context(), c.person, p.id()); err != nil {
		t.Fatal(err)
	}
	p.backUpFails(engine.KindSignIn, "Sign in again")
	c.stop()
	q.reopen()
	q.backUpFails(engine.KindUnreachable, "does not answer")
	found := map[string]bool{}
	for _, what := range c.secrets.all {
		found[what] = true
	}
	for _, what := range []string{"a token", "a credential", "the code of a sign-in", "the recovery code", "the key of a computer", "the kept key"} {
		if !found[what] {
			t.Errorf("%s was not looked for", what)
		}
	}
	if text := c.said.text(); !strings.Contains(text, "capture failed") || !strings.Contains(text, "/api/v1/") {
		t.Errorf("agent and server said nothing: %s", text)
	}
	for _, folder := range []string{c.data, p.state, q.state, p.user, q.user} {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			for secret, what := range c.secrets.all {
				if bytes.Contains(data, []byte(secret)) {
					t.Errorf("%s lies in %s", what, path)
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
