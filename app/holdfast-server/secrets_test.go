package main

import (
	"bytes"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"holdfast/engine"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/store"
	"holdfast/engine/server/store/s3"
	"holdfast/engine/storage/rest"
)

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

func (c *college) nothingIsSaid() {
	c.t.Helper()
	text := c.said.text()
	for secret, what := range c.secrets.all {
		if at := strings.Index(text, secret); at >= 0 {
			c.t.Errorf("%s was said: …%s…", what, text[max(0, at-200):at])
		}
	}
}

// The other tests look for secrets too; this one has the most of them, and looks at
// what lies on the disks.
func TestNoSecretIsSaidOrLiesOpen(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
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
				c.nothingLiesIn(path, data)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
		c.nothingLiesOutside()
	})
}

// nothingLiesIn looks for the secrets as they are, in hexadecimal, and as databasetest
// writes what is no text.
func (c *college) nothingLiesIn(place string, data []byte) {
	c.t.Helper()
	for secret, what := range c.secrets.all {
		for _, form := range []string{secret, hex.EncodeToString([]byte(secret)), strings.Trim(strconv.Quote(secret), `"`)} {
			if bytes.Contains(data, []byte(form)) {
				c.t.Errorf("%s lies in %s", what, place)
			}
		}
	}
}

// nothingLiesOutside looks at what the server keeps outside of its folder.
func (c *college) nothingLiesOutside() {
	c.t.Helper()
	for address, known := range map[string]string{c.at.database: "ann@college.edu", c.at.escrow: c.person} {
		if address == "" {
			continue
		}
		db, err := database.Open(c.t.Context(), address)
		if err != nil {
			c.t.Fatal(err)
		}
		rows := databasetest.Contents(c.t, db)
		db.Close()
		c.nothingLiesIn("a database", []byte(rows))
		if !strings.Contains(rows, known) {
			c.t.Errorf("the rows of the database were not read: there is no %s among them", known)
		}
	}
	if c.at.storage == "" {
		return
	}
	secret, err := secretIn(c.at.s3SecretKey)
	if err != nil {
		c.t.Fatal(err)
	}
	bucket, err := s3.Open(c.t.Context(), c.at.storage, s3.Options{AccessKey: c.at.s3AccessKey, SecretKey: secret})
	if err != nil {
		c.t.Fatal(err)
	}
	n := 0
	err = bucket.List(c.t.Context(), "", func(i store.Info) error {
		r, err := bucket.Open(c.t.Context(), i.Key, 0, -1)
		if err != nil {
			return err
		}
		defer r.Close()
		data, err := io.ReadAll(r)
		c.nothingLiesIn(i.Key, data)
		n++
		return err
	})
	if err != nil || n < 5 { // config, keys, a pack, an index, a snapshot
		c.t.Errorf("%d files are in the bucket, %v", n, err)
	}
}
