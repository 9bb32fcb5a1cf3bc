package removal_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
	"holdfast/engine/server/removal"
	"holdfast/engine/server/session"
	"holdfast/engine/server/store"
	"holdfast/engine/server/store/storetest"
	"holdfast/engine/storage"
)

// world is a server with Ann, her laptop and some others.
type world struct {
	t          *testing.T
	db         *database.DB
	s          *removal.Service
	handler    http.Handler
	moment     time.Time
	ann        people.Person
	laptop     computers.Computer
	credential string
}

func each(t *testing.T, run func(t *testing.T, w *world)) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) { run(t, newWorld(t, db)) })
}

func newWorld(t *testing.T, db *database.DB) *world {
	w := &world{t: t, db: db, moment: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	now := func() time.Time { return w.moment }
	objects := storetest.Beside(t, db.Kind)
	p := people.New(db, people.Defaults{Seats: 9}, now)
	w.s = &removal.Service{
		People: p, Computers: computers.New(db, p, computers.Options{Grace: time.Hour}, now), Audit: audit.New(db, now),
		Mail: mail.New(db, mail.Options{Address: "127.0.0.1:9", From: "backup@college.edu", TLS: "none", Name: "College"}, now),
		Now:  now, Hold: 30 * 24 * time.Hour,
	}
	w.s.Store = store.New(db, objects, store.Options{Usual: store.Usual{Bytes: 1000}, Frozen: func(ctx context.Context, tx *sql.Tx, r store.Removal) error {
		return w.s.Froze(ctx, tx, r)
	}}, now)
	var err error
	w.handler, err = access.Handler(w.s.Store.Routes(), access.Options{Sessions: session.New(db, now), Computers: w.s.Computers, People: p, Removals: w.s.Store, Now: now})
	w.must(err)
	w.ann = w.person("ann", people.Member)
	w.laptop, w.credential = w.computer(w.ann, "laptop")
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) person(name string, role people.Role) people.Person {
	w.t.Helper()
	_, token, err := w.s.People.Invite(w.t.Context(), name+"@college.edu", name, role, "test")
	w.must(err)
	p, err := w.s.People.Accept(w.t.Context(), token)
	w.must(err)
	return p
}

func (w *world) computer(p people.Person, name string) (computers.Computer, string) {
	w.t.Helper()
	c, credential, err := w.s.Computers.Register(w.t.Context(), p.ID, computers.Registration{Name: name, Owner: computers.Institution})
	w.must(err)
	return c, credential
}

// ask makes a request of the laptop, with a right when it is not "".
func (w *world) ask(method, path, right string, body []byte) int {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, bytes.NewReader(body))
	id, secret, _ := strings.Cut(w.credential, ":")
	r.SetBasicAuth(id, secret)
	if right != "" {
		r.Header.Set(access.RightHeader, right)
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer.Code
}

// packs stores some of a size.
func (w *world) packs(n, size int) (paths []string) {
	w.t.Helper()
	for i := range n {
		content := make([]byte, size)
		copy(content, fmt.Sprint("part ", i))
		sum := sha256.Sum256(content)
		path := "/storage/data/" + hex.EncodeToString(sum[:])
		if code := w.ask("POST", path, "", content); code != 200 {
			w.t.Fatalf("POST: %d", code)
		}
		paths = append(paths, path)
	}
	return paths
}

func (w *world) open() (store.Removal, string) {
	w.t.Helper()
	r, right, err := w.s.Open(w.t.Context(), w.ann, w.laptop.ID, "192.0.2.7")
	w.must(err)
	return r, right
}

// removes expects an answer to the removal of each.
func (w *world) removes(right string, want int, paths ...string) {
	w.t.Helper()
	for _, path := range paths {
		if code := w.ask("DELETE", path, right, nil); code != want {
			w.t.Errorf("DELETE: %d, want %d", code, want)
		}
	}
}

// letters are those to somebody since the last call.
func (w *world) letters(to string) (list []string) {
	w.t.Helper()
	rows, err := w.db.QueryContext(w.t.Context(), "SELECT subject, body FROM outbox WHERE recipient = $1 ORDER BY created", to+"@college.edu")
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		var subject, body string
		w.must(rows.Scan(&subject, &body))
		list = append(list, subject+"\n"+body)
	}
	w.must(rows.Err())
	w.must(rows.Close())
	_, err = w.db.ExecContext(w.t.Context(), "DELETE FROM outbox WHERE recipient = $1", to+"@college.edu")
	w.must(err)
	return list
}

func (w *world) told(to string, words ...string) {
	w.t.Helper()
	list := w.letters(to)
	if len(list) != 1 {
		w.t.Errorf("%s got %d letters: %q", to, len(list), list)
		return
	}
	for _, word := range words {
		if !strings.Contains(list[0], word) {
			w.t.Errorf("%s was not told %q:\n%s", to, word, list[0])
		}
	}
}

// logged are the entries of an action.
func (w *world) logged(action string) (found []audit.Entry) {
	w.t.Helper()
	list, err := w.s.Audit.List(w.t.Context(), audit.Query{Limit: 1000})
	w.must(err)
	for _, e := range list {
		if e.Action == action {
			found = append(found, e)
		}
	}
	return found
}

func TestAtItsEndARemovalIsToldOnceWithWhatItTook(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		paths := w.packs(3, 100)
		r, right := w.open()
		if e := w.logged("removal.open"); len(e) != 1 || e[0].Actor != w.ann.ID || e[0].Target != r.ID || e[0].Person != w.ann.ID || e[0].Address != "192.0.2.7" {
			t.Errorf("%+v", e)
		}
		w.removes(right, 200, paths[:2]...)
		if list := w.letters("ann"); len(list) != 0 {
			t.Errorf("before its end: %q", list)
		}
		for range 2 {
			_, err := w.s.Close(t.Context(), r.ID, w.laptop.ID)
			w.must(err)
		}
		w.told("ann", "“laptop”", "2 stored parts of 200 bytes", "192.0.2.7", "31 March 2026", r.ID, "If it was not")
		if e := w.logged("removal.close"); len(e) != 1 || e[0].Reason != "2 stored parts of 200 bytes" {
			t.Errorf("%+v", e)
		}
		r, _ = w.open()
		_, err := w.s.Close(t.Context(), r.ID, w.laptop.ID)
		w.must(err)
		if list := w.letters("ann"); len(list) != 0 {
			t.Errorf("of one that took nothing: %q", list)
		}
	})
}

func TestARemovalOnTheServerItselfIsToldWithWhoDidItAndWhy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.packs(3, 100)
		r, right, err := w.s.OpenHere(t.Context(), w.ann, "command", "the disks are full")
		w.must(err)
		if e := w.logged("removal.open"); len(e) != 1 || e[0].Actor != "command" || e[0].Person != w.ann.ID || e[0].Reason != "the disks are full" {
			t.Errorf("%+v", e)
		}
		at, err := w.s.Store.Inside(w.ann.ID, right)
		w.must(err)
		w.must(at.List(t.Context(), storage.Packs, func(i storage.Info) error { return at.Remove(t.Context(), storage.Packs, i.Name) }))
		_, err = w.s.Close(t.Context(), r.ID, "command")
		w.must(err)
		w.told("ann", "Your institution freed space", "3 stored parts of 300 bytes", "31 March 2026", r.ID)
		if e := w.logged("removal.close"); len(e) != 1 || e[0].Actor != "command" {
			t.Errorf("%+v", e)
		}
	})
}

func TestARemovalThatNobodyEndsIsEndedAndToldByTheServer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		paths := w.packs(3, 100)
		_, right := w.open()
		w.removes(right, 200, paths[0])
		w.moment = w.moment.Add(11 * time.Hour)
		w.must(w.s.Sweep(t.Context()))
		if list := w.letters("ann"); len(list) != 0 {
			t.Errorf("before its end: %q", list)
		}
		w.moment = w.moment.Add(time.Hour)
		w.must(w.s.Sweep(t.Context()))
		w.must(w.s.Sweep(t.Context()))
		w.told("ann", "1 stored part of 100 bytes")

		_, right = w.open()
		w.removes(right, 200, paths[1])
		_, second := w.open() // the computer died, and its person begins again
		w.told("ann", "1 stored part of 100 bytes")
		w.removes(right, 403, paths[2])
		w.removes(second, 200, paths[2])
	})
}

func TestOnlyAComputerOfThePersonThatIsInUseGetsTheRight(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, _, err := w.s.Open(t.Context(), w.person("ben", people.Owner), w.laptop.ID, "")
		if !errors.Is(err, computers.ErrNotFound) {
			t.Errorf("of somebody else: %v", err)
		}
		for what, c := range map[string]struct {
			change func(ctx context.Context, person, id string) error
			want   error
		}{
			"blocked": {w.s.Computers.Block, computers.ErrBlocked}, "signed out": {w.s.Computers.Deauthorize, computers.ErrNotFound}, "removed": {w.s.Computers.Remove, computers.ErrNotFound},
		} {
			other, _ := w.computer(w.ann, what)
			w.must(c.change(t.Context(), w.ann.ID, other.ID))
			if _, _, err := w.s.Open(t.Context(), w.ann, other.ID, ""); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestAStoppedRemovalIsToldToThePersonAndEveryAdministratorAndDecided(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("ben", people.Member)
		w.person("adm", people.Administrator)
		w.person("own", people.Owner)
		gone := w.person("gone", people.Administrator)
		w.must(w.s.People.Block(t.Context(), gone.ID, "test"))
		paths := w.packs(30, 100)
		r, right := w.open()
		w.removes(right, 200, paths[:15]...)
		w.removes(right, 403, paths[15:18]...)
		why := "1600 of 3000 bytes would be gone"
		w.told("ann", "was stopped", why, "15 stored parts of 1.5 KB", r.ID)
		for _, to := range []string{"adm", "own"} {
			w.told(to, "ann@college.edu", why, "holdfast-server removal allow "+r.ID)
		}
		for _, to := range []string{"ben", "gone"} {
			if list := w.letters(to); len(list) != 0 {
				t.Errorf("%s got %q", to, list)
			}
		}
		if e := w.logged("removal.freeze"); len(e) != 1 || !strings.Contains(e[0].Reason, why) {
			t.Errorf("%+v", e)
		}

		_, err := w.s.Allow(t.Context(), r.ID, "command", "she asked for it")
		w.must(err)
		w.told("ann", "lets it go on")
		again, right := w.open()
		w.removes(right, 200, paths[15:20]...)
		_, err = w.s.Close(t.Context(), again.ID, w.laptop.ID)
		w.must(err)
		w.told("ann", "20 stored parts of 2 KB")
		_, back, err := w.s.Undo(t.Context(), r.ID, "command", "she did not")
		w.must(err)
		w.told("ann", "brings back")
		if back != 20 || w.ask("GET", paths[0], "", nil) != 200 {
			t.Errorf("%d are back", back)
		}

		r, right = w.open()
		w.removes(right, 200, paths[0])
		_, err = w.s.Refuse(t.Context(), r.ID, "command", "enough")
		w.must(err)
		w.told("ann", "has ended it")
		w.removes(right, 403, paths[1])
		for action, reason := range map[string]string{"removal.allow": "she asked for it", "removal.undo": "she did not", "removal.refuse": "enough"} {
			if e := w.logged(action); len(e) != 1 || e[0].Actor != "command" || e[0].Reason != reason {
				t.Errorf("%s: %+v", action, e)
			}
		}
		w.must(w.s.Audit.Verify(t.Context()))
	})
}

// An administrator decides once, however often the computer has to begin.
func TestAnAllowedRemovalGoesOnAfterALostAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		paths := w.packs(30, 100)
		r, right := w.open()
		w.removes(right, 200, paths[:15]...)
		w.removes(right, 403, paths[15])
		_, err := w.s.Allow(t.Context(), r.ID, "command", "")
		w.must(err)
		_, lost := w.open()
		w.moment = w.moment.Add(time.Hour)
		again, right := w.open()
		if again.ID != r.ID || !again.Allowed || !again.Expires.Equal(w.moment.Add(11*time.Hour)) {
			t.Errorf("%+v", again)
		}
		w.removes(lost, 403, paths[15])
		w.removes(right, 200, paths[15:20]...)
		w.moment = w.moment.Add(11 * time.Hour)
		w.letters("ann")
		if next, _ := w.open(); next.ID == r.ID || next.Allowed {
			t.Errorf("after its hours: %+v", next)
		}
		w.told("ann", "20 stored parts")
	})
}

func TestWhatCannotBeLoggedOrToldIsNotDone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		paths := w.packs(30, 100)
		r, right := w.open()
		w.removes(right, 200, paths[:15]...)
		for _, gone := range []string{"audit", "outbox"} {
			databasetest.Without(t, w.db, gone, func() {
				w.removes(right, 403, paths[15]) // it cannot be frozen either, and still does not go
				if _, err := w.s.Close(t.Context(), r.ID, w.laptop.ID); err == nil {
					t.Errorf("without %s it ended", gone)
				}
				if _, err := w.s.Refuse(t.Context(), r.ID, "command", ""); err == nil {
					t.Errorf("without %s it was refused", gone)
				}
				if _, _, err := w.s.Undo(t.Context(), r.ID, "command", ""); err == nil {
					t.Errorf("without %s it was undone", gone)
				}
			})
			if open, err := w.s.Store.OpenRemovals(t.Context(), w.ann.ID, w.laptop.ID); err != nil || len(open) != 1 {
				t.Errorf("without %s: %+v, %v", gone, open, err)
			}
		}
		if w.ask("GET", paths[15], "", nil) != 200 || w.ask("GET", paths[0], "", nil) == 200 {
			t.Error("what was there and what was gone has changed")
		}
		w.removes(right, 403, paths[15])
		w.told("ann", "was stopped")
	})
}
