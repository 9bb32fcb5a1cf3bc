package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/account"
	"holdfast/engine/repo"
	"holdfast/engine/server/access"
	"holdfast/engine/server/api"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/database"
	"holdfast/engine/server/escrow"
	"holdfast/engine/server/identity"
	"holdfast/engine/server/keylog"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
	removals "holdfast/engine/server/removal"
	"holdfast/engine/server/session"
	objects "holdfast/engine/server/store"
	"holdfast/engine/server/store/disk"
	"holdfast/engine/storage"
	"holdfast/engine/storage/rest"
)

// college is an account server with its real parts, and one person.
type college struct {
	t        *testing.T
	sessions *session.Service
	people   *people.Service
	ann      people.Person
	server   *httptest.Server

	refuseLists atomic.Pointer[context.CancelFunc] // of what is stored; called with each that is refused
	asked       atomic.Int64                       // requests
	cut         atomic.Pointer[cut]
	loseAnswer  atomic.Bool // of the next registration
	computers   *computers.Service
	open        *openConns
}

func newCollege(t *testing.T) *college {
	t.Helper()
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := database.Open(t.Context(), filepath.Join(dir, "server.db"))
	must(err)
	t.Cleanup(func() { db.Close() })
	must(db.Migrate(t.Context(), database.Schema()))
	wrapper, err := escrow.OpenKeyFile(filepath.Join(dir, "master.key"))
	must(err)
	keys, err := escrow.Open(t.Context(), filepath.Join(dir, "keys.db"), wrapper, filepath.Join(dir, "credential"))
	must(err)
	t.Cleanup(func() { keys.Close() })
	credential, err := os.ReadFile(filepath.Join(dir, "credential"))
	must(err)
	client, err := keys.Client(strings.TrimSpace(string(credential)))
	must(err)
	bytes, err := disk.Open(filepath.Join(dir, "objects"))
	must(err)
	const origin = "https://backup.college.edu"
	sealer, err := escrow.OpenKeyFile(filepath.Join(dir, "secrets.key"))
	must(err)
	who, err := identity.New(db, identity.Options{Origin: origin, Name: "College", Sealer: sealer}, time.Now)
	must(err)
	p := people.New(db, people.Defaults{Seats: 4}, time.Now)
	s := api.Services{DB: db, People: p, Computers: computers.New(db, p, computers.Options{}, time.Now), Sessions: session.New(db, time.Now), Identity: who,
		Escrow: client, Audit: audit.New(db, time.Now), Mail: mail.New(db, mail.Options{Name: "College", Origin: origin}, time.Now),
		Store: objects.New(db, bytes, objects.Options{}, time.Now), Name: "College", ID: "0123", Version: "1.0", Origin: origin}
	s.KeyLog = &keylog.Service{DB: db, Keys: client, Audit: s.Audit, Mail: s.Mail, People: p, Now: time.Now}
	s.Removals = &removals.Service{Store: s.Store, People: p, Computers: s.Computers, Audit: s.Audit, Mail: s.Mail, Now: time.Now}
	handler, err := access.Handler(append(api.New(s), s.Store.Routes()...), access.Options{Sessions: s.Sessions, Computers: s.Computers, People: p, Removals: s.Store})
	must(err)
	_, token, err := p.Invite(t.Context(), "ann@college.edu", "Ann", people.Member, "test")
	must(err)
	ann, err := p.Accept(t.Context(), token)
	must(err)
	c := &college{t: t, sessions: s.Sessions, people: p, ann: ann, computers: s.Computers}
	c.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refused := c.refuseLists.Load(); refused != nil && (r.URL.Path == "/storage/snapshots/" || r.URL.Path == "/storage/index/") {
			(*refused)()
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		if cut := c.cut.Load(); c.asked.Add(1) > 0 && cut != nil && cut.now(func() { handler.ServeHTTP(httptest.NewRecorder(), r) }) {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		if r.Method == http.MethodPost && r.URL.Path == "/api/v1/computers" && c.loseAnswer.Swap(false) {
			handler.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		handler.ServeHTTP(w, r)
	}))
	c.open = &openConns{Listener: c.server.Listener}
	c.server.Listener = c.open
	c.server.StartTLS()
	t.Cleanup(c.server.Close)
	return c
}

// breakLists lets nobody list what is stored until mendLists. The context ends with the
// first list that is refused, so that nobody waits for one that comes back.
func (c *college) breakLists() context.Context {
	ctx, cancel := context.WithCancel(c.t.Context())
	c.t.Cleanup(cancel)
	c.refuseLists.Store(&cancel)
	return ctx
}

func (c *college) mendLists() { c.refuseLists.Store(nil) }

// openConns counts the connections that both sides still hold.
type openConns struct {
	net.Listener
	count atomic.Int64
}

func (l *openConns) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.count.Add(1)
	return &countedConn{Conn: conn, closed: sync.OnceFunc(func() { l.count.Add(-1) })}, nil
}

type countedConn struct {
	net.Conn
	closed func()
}

func (c *countedConn) Close() error {
	c.closed()
	return c.Conn.Close()
}

// signIn is what the browser would bring a computer.
func (c *college) signIn(w *world) string {
	c.t.Helper()
	sum := sha256.Sum256(c.server.Certificate().Raw)
	server, err := account.Find(c.t.Context(), c.server.URL, hex.EncodeToString(sum[:]))
	if err != nil {
		c.t.Fatal(err)
	}
	token, _, err := c.sessions.Create(c.t.Context(), c.ann.ID, session.App, "test", "192.0.2.1")
	if err != nil {
		c.t.Fatal(err)
	}
	s := &signIn{id: newID(), computer: "laptop", device: newID(), server: server, cancel: func() {}, done: make(chan struct{}), session: server.Session(token)}
	close(s.done)
	w.mu.Lock()
	w.signing = s
	w.mu.Unlock()
	return s.id
}

func (c *college) join(w *world, replace string) (engine.Connected, error) {
	return w.Join(c.t.Context(), engine.JoinRequest{SignIn: c.signIn(w), Replace: replace})
}

func TestOfTwoFirstComputersBothBackUpAndTheKeptKeyOpensIt(t *testing.T) {
	c := newCollege(t)
	one := newWorld(t)
	two := one.another()
	both := []*world{one, two}
	codes := make([]string, len(both))
	var tasks sync.WaitGroup
	for i, w := range both {
		id := c.signIn(w)
		tasks.Go(func() {
			out, err := w.Join(t.Context(), engine.JoinRequest{SignIn: id, Computer: "laptop"})
			if err != nil {
				t.Error(err)
			}
			codes[i] = out.RecoveryCode
		})
	}
	tasks.Wait()
	if t.Failed() {
		return
	}
	if (codes[0] == "") == (codes[1] == "") {
		t.Errorf("of two computers one makes the recovery code: %v %v", codes[0] != "", codes[1] != "")
	}
	if one.where.Repository != two.where.Repository {
		t.Error("they do not share a repository")
	}
	if _, err := c.join(one.another(), ""); err != nil {
		t.Errorf("a third computer, with the kept key: %v", err)
	}
}

func TestAFirstComputerThatDiedAndAnotherAreNoTrouble(t *testing.T) {
	c := newCollege(t)
	w := newWorld(t)
	id := c.signIn(w)
	s, err := w.signedIn(t.Context(), "test", id)
	if err != nil {
		t.Fatal(err)
	}
	// One died after its repository was there and before it said which key opens it;
	// another, which began before that, comes too late.
	if err := w.takeSeat(t.Context(), s, engine.JoinRequest{}, nil); err != nil {
		t.Fatal(err)
	}
	st, err := s.server.Device(s.seat.credential).Store()
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := s.session.KeepKey(t.Context(), keyPending, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if _, err := repo.Init(t.Context(), st, repo.InitOptions{Key: repo.NewKey{Secret: "first", Random: true}}); err != nil {
		t.Fatal(err)
	}
	if _, code, err := makeEscrowed(t.Context(), s.session, st); err != nil || code != "" {
		t.Errorf("the one that came too late: %v", err)
	}
	if _, err := c.join(w.another(), ""); err != nil {
		t.Errorf("a later one: %v", err)
	}
}

func TestAReplacedComputerDoesNotTakeItsPlaceBackBySigningIn(t *testing.T) {
	c := newCollege(t)
	old := newWorld(t)
	if _, err := c.join(old, ""); err != nil {
		t.Fatal(err)
	}
	fresh := old.another()
	if _, err := c.join(fresh, old.where.Device); err != nil {
		t.Fatal(err)
	}
	_, err := c.join(old, "")
	if e, ok := errors.AsType[*engine.Error](err); !ok || e.Kind != engine.KindReplaced {
		t.Errorf("the old computer signed in again: %v", err)
	}
	d, err := fresh.asDevice(t.Context(), fresh.where)
	if err == nil {
		_, err = d.Account(t.Context())
	}
	if err != nil {
		t.Errorf("the new computer: %v", err)
	}
}

func TestAComputerThatDidNotHearThatItHasASeatTakesNoSecondOne(t *testing.T) {
	c := newCollege(t)
	w := newWorld(t)
	id := c.signIn(w)
	c.loseAnswer.Store(true)
	if _, err := w.Join(t.Context(), engine.JoinRequest{SignIn: id}); engine.KindOf(err) != engine.KindUnreachable {
		t.Errorf("without an answer: %v", err)
	}
	if _, err := w.Join(t.Context(), engine.JoinRequest{SignIn: id}); err != nil {
		t.Fatal(err)
	}
	list, err := c.computers.List(t.Context(), c.ann.ID)
	if err != nil || len(list) != 1 || list[0].ID != w.where.Device {
		t.Errorf("the account has %+v, %v", list, err)
	}
}

func TestSettingsAreTakenOverEvenWhenTheBackupCannotBeReadYet(t *testing.T) {
	c := newCollege(t)
	old := newWorld(t)
	if _, err := c.join(old, ""); err != nil {
		t.Fatal(err)
	}
	letters := filepath.Join(old.user, "Letters")
	chosen := engine.Selection{Choices: []engine.Choice{{Path: letters, Include: true}}}
	if err := old.saveSettings(func(s *settingsFile) { s.Selection, s.Changed = chosen, old.Now() }); err != nil {
		t.Fatal(err)
	}
	old.report(t.Context())
	ctx := c.breakLists() // nothing that is stored can be listed
	fresh := old.another()
	_, err := fresh.Join(ctx, engine.JoinRequest{SignIn: c.signIn(fresh), Replace: old.where.Device})
	if err == nil {
		t.Fatal("nothing broke")
	}
	if got := fresh.current().Selection.Choices; len(got) != 1 || got[0].Path != letters {
		t.Errorf("after %v it chooses %v", err, got)
	}
}

func TestWhatAServerDoesIsToldAsItIs(t *testing.T) {
	_, address := account.Find(context.Background(), "ann@college.edu", "")
	for _, c := range []struct {
		err  error
		kind engine.Kind
	}{
		{account.ErrTimeout, engine.KindSignIn},
		{address, engine.KindInvalid},
		{account.ErrCertificate, engine.KindStranger},
	} {
		e, ok := errors.AsType[*engine.Error](explainServer("sign in", "backup.college.edu", c.err))
		if !ok || e.Kind != c.kind || strings.Contains(e.Message, "does not answer") {
			t.Errorf("%v: %v", c.err, e)
		}
	}
}

func TestTroubleOfAServerIsNoRefusal(t *testing.T) {
	for _, c := range []struct{ code, message, says string }{
		{"internal", "The server cannot reach its database just now.", "The server cannot reach its database just now."},
		{"", "", "What is stored is safe"}, // to HEAD, which has no body
	} {
		r := rest.NewRefusal(503, c.code, c.message)
		for name, err := range map[string]error{
			"the storage": explain("back up", "backup.college.edu", fmt.Errorf("%w (%w)", storage.ErrUnreachable, r)),
			"the account": explainServer("sign in", "backup.college.edu", fmt.Errorf("%w (%w)", account.ErrUnreachable, r)),
		} {
			if engine.KindOf(err) != engine.KindUnreachable || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s, %q: %s, %v", name, c.code, engine.KindOf(err), err)
			}
		}
	}
}

func TestAComputerWithoutItsKeySignsInAgainWithWhatOnlyThePersonHas(t *testing.T) {
	c := newCollege(t)
	w := newWorld(t)
	if _, err := c.join(w, ""); err != nil {
		t.Fatal(err)
	}
	w.write("letter.txt", "dear")
	w.backUp()
	c.signInAfresh(w)
	const phrase = "correct horse battery staple"
	if err := w.SetPassphrase(t.Context(), phrase); err != nil {
		t.Fatal(err)
	}
	if err := w.Keychain.Delete(w.where.Repository); err != nil { // and not what it shows to the server
		t.Fatal(err)
	}
	w.reopen()
	if _, err := w.BackUp(t.Context(), nil); engine.KindOf(err) != engine.KindSecret {
		t.Errorf("without its key: %v", err)
	}
	if s, err := w.Status(t.Context()); err != nil || !s.SignIn {
		t.Errorf("it is not offered to sign in again: %+v, %v", s.Reason, err)
	}
	id := c.signIn(w)
	for _, typed := range []string{"", "correct hose"} {
		if _, err := w.Join(t.Context(), engine.JoinRequest{SignIn: id, Secret: typed}); engine.KindOf(err) != engine.KindSecret {
			t.Errorf("with %q: %v", typed, err)
		}
	}
	if _, err := w.Join(t.Context(), engine.JoinRequest{SignIn: id, Secret: phrase}); err != nil {
		t.Fatal(err)
	}
	w.reopen()
	w.write("another.txt", "dear")
	w.backUp()
}

func TestAnAccountIsItsPersonsWhateverTheEmailIs(t *testing.T) {
	c := newCollege(t)
	w := newWorld(t)
	if _, err := c.join(w, ""); err != nil {
		t.Fatal(err)
	}
	rename := func(id, email string) {
		t.Helper()
		if _, _, err := c.people.Change(t.Context(), id, people.Change{Email: &email}, "test"); err != nil {
			t.Fatal(err)
		}
	}
	rename(c.ann.ID, "ann.smith@college.edu") // she married
	c.signInAfresh(w)
	if _, _, err := w.freshSession(t.Context(), "test"); err != nil {
		t.Errorf("under another e-mail: %v", err)
	}
	if _, err := c.join(w, ""); err != nil || w.where.Account.Email != "ann.smith@college.edu" {
		t.Errorf("signed in again as %s: %v", w.where.Account.Email, err)
	}
	_, token, err := c.people.Invite(t.Context(), "other@college.edu", "Ann", people.Member, "test")
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.people.Accept(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	rename(c.ann.ID, "a.smith@college.edu")
	rename(other.ID, "ann.smith@college.edu") // and somebody else has hers now
	c.ann = other
	if _, err := c.join(w, ""); engine.KindOf(err) != engine.KindInvalid {
		t.Errorf("somebody else signed in to her account: %v", err)
	}
}

func TestAComputerWhoseKeychainWasEmptiedSignsInAgainAndGoesOn(t *testing.T) {
	c := newCollege(t)
	w := newWorld(t)
	if _, err := c.join(w, ""); err != nil {
		t.Fatal(err)
	}
	before := *w.where
	for _, name := range []string{before.Repository, credentialName(before.Repository)} {
		if err := w.Keychain.Delete(name); err != nil {
			t.Fatal(err)
		}
	}
	w.reopen()
	if _, _, err := w.repository(t.Context(), "test"); engine.KindOf(err) != engine.KindSignIn {
		t.Errorf("without a keychain: %v", err)
	}
	if _, err := c.join(w, ""); err != nil {
		t.Fatal(err)
	}
	w.reopen()
	_, done, err := w.repository(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	done()
	if w.where.Device != before.Device || w.where.Repository != before.Repository || w.where.Key == before.Key {
		t.Errorf("%+v became %+v", before, *w.where)
	}
}

func TestTheScheduleRemovesNothingFromAnAccountAndAsksNobody(t *testing.T) {
	c := newCollege(t)
	w := newWorld(t)
	if _, err := c.join(w, ""); err != nil {
		t.Fatal(err)
	}
	w.must(w.saveSettings(func(s *settingsFile) {
		s.Settings.Retention = engine.Retention{All: time.Hour, Monthly: time.Hour}
	}))
	for _, text := range []string{"one", "two"} {
		w.write("note.txt", text)
		w.backUp()
		w.clock.jump(24 * time.Hour)
	}
	before, err := w.Events(w.ctx(), engine.EventQuery{Limit: 100})
	w.must(err)
	if out, err := w.maintain(w.ctx(), false); err != nil || out != (engine.MaintainResult{}) {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := w.Maintain(w.ctx()); engine.KindOf(err) != engine.KindFresh {
		t.Errorf("asked by somebody who has not signed in: %v", err)
	}
	if after, err := w.Events(w.ctx(), engine.EventQuery{Limit: 100}); err != nil || len(after) != len(before) {
		t.Errorf("the history has %d lines more, %v", len(after)-len(before), err)
	}
	w.versions("note.txt", 2)
}

func TestSigningOutLeavesNoConnectionOpen(t *testing.T) {
	c := newCollege(t)
	w := newWorld(t)
	if _, err := c.join(w, ""); err != nil {
		t.Fatal(err)
	}
	w.write("letter.txt", "dear")
	w.backUp()
	w.report(t.Context())
	if _, err := w.Computers(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.open.count.Load() == 0 {
		t.Fatal("there is no connection that could stay")
	}
	w.disconnect()
	for deadline := time.Now().Add(time.Minute); c.open.count.Load() > 0; time.Sleep(10 * time.Millisecond) { // less than one that idles lasts
		if time.Now().After(deadline) {
			t.Fatalf("%d connections stay", c.open.count.Load())
		}
	}
}

func TestSigningOutEndsASignInThatWaits(t *testing.T) {
	c := newCollege(t)
	w := newWorld(t)
	if _, err := c.join(w, ""); err != nil {
		t.Fatal(err)
	}
	begun, err := w.SignIn(t.Context(), engine.SignInRequest{}) // the browser is open
	if err != nil {
		t.Fatal(err)
	}
	waits := make(chan error)
	go func() {
		_, err := w.WaitSignIn(t.Context(), begun.ID)
		waits <- err
	}()
	s := w.signing
	w.disconnect()
	<-s.done
	if err := <-waits; err == nil {
		t.Error("it waits for a person whose computer is signed out")
	}
}
