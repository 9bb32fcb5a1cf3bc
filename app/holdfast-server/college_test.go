package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"holdfast/engine/account"
	"holdfast/engine/server/operations"
	"holdfast/engine/server/people"
	"holdfast/engine/server/session"
	"holdfast/engine/server/tooltest"
	"holdfast/engine/storage"
)

// college is a server in this process with one person, and the computers of that
// person. Whatever it and they say is looked through for secrets at the end.
type college struct {
	t       *testing.T
	pair    pair
	data    string
	at      places
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

// inEachCollege runs a test with one on each pair, one after the other: a computer's
// home folder is that of this process.
func inEachCollege(t *testing.T, run func(t *testing.T, c *college)) {
	for _, p := range []pair{small, large} {
		t.Run(p.name, func(t *testing.T) { run(t, newCollege(t, p)) })
	}
}

func newCollege(t *testing.T, p pair) *college {
	t.Helper()
	return newCollegeWith(t, p, nil)
}

// newCollegeWith is newCollege with other settings.
func newCollegeWith(t *testing.T, p pair, set func(*settings)) *college {
	t.Helper()
	c := &college{t: t, pair: p, listen: tooltest.Address(t), said: new(sayings), secrets: &secrets{all: map[string]string{}}, set: set}
	c.settle()
	c.start()
	t.Cleanup(c.end)
	return c
}

// settle gives the server new places for what it keeps.
func (c *college) settle() {
	c.t.Helper()
	c.data, c.at = c.t.TempDir(), c.pair.places(c.t)
	if c.at.s3SecretKey == "" {
		return
	}
	secret, err := secretIn(c.at.s3SecretKey)
	if err != nil {
		c.t.Fatal(err)
	}
	c.secrets.add("the secret key of the storage", secret)
	c.secrets.add("the password of the database", databasePassword)
}

// start serves what lies in the places at the address; a person is made in new ones.
func (c *college) start() {
	c.t.Helper()
	log := slog.New(operations.Log(c.said, slog.LevelDebug))
	s := &settings{
		Data: c.data, Name: "The College", Listen: c.listen, newcomers: newcomers{Seats: 4},
		Database: c.at.database, EscrowDatabase: c.at.escrow, Storage: c.at.storage,
		S3AccessKey: c.at.s3AccessKey, S3SecretKeyFile: c.at.s3SecretKey,
	}
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
