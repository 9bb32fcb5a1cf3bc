package access_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/people"
	"holdfast/engine/server/session"
)

func TestWhoCallsIsKnownFromTheDatabaseAtEveryRequest(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		moment := now
		clock := func() time.Time { return moment }
		persons := people.New(db, people.Defaults{Seats: 4}, clock)
		machines := computers.New(db, persons, computers.Options{Grace: time.Hour, BacksUpWithin: time.Hour}, clock)
		sessions := session.New(db, clock)
		o := access.Options{Now: clock, Sessions: sessions, People: persons, Computers: machines}
		var seen access.Caller
		tell := func(w http.ResponseWriter, r *http.Request, c access.Caller) error {
			seen = c
			return done(w, r, c)
		}
		h := handler(t, o,
			access.Route{Method: "GET", Pattern: "/api/mine", Need: access.ComputerOrPerson, Handle: tell},
			access.Route{Method: "POST", Pattern: "/api/weaken", Need: access.Fresh, Handle: tell})

		_, invitation, err := persons.Invite(t.Context(), "ann@college.edu", "Ann", people.Member, "test")
		if err != nil {
			t.Fatal(err)
		}
		ann, err := persons.Accept(t.Context(), invitation)
		if err != nil {
			t.Fatal(err)
		}
		token, made, err := sessions.Create(t.Context(), ann.ID, session.Browser, "Firefox", "192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		laptop, credential, err := machines.Register(t.Context(), ann.ID, computers.Registration{Name: "laptop", Owner: computers.Institution})
		if err != nil {
			t.Fatal(err)
		}
		id, secret, _ := strings.Cut(credential, ":")
		hasCode := func(when, want string, who as, method, target string) {
			t.Helper()
			w := ask(h, method, target, who)
			if got := code(w); got != want || want == "" && w.Code != http.StatusNoContent {
				t.Errorf("%s: %d %q, want %q", when, w.Code, got, want)
			}
		}

		hasCode("signed in", "", browser(token), "POST", "/api/weaken")
		if seen.Person == nil || seen.Person.ID != ann.ID || seen.Session == nil || seen.Session.ID != made.ID || seen.Computer != nil {
			t.Errorf("%+v", seen)
		}
		hasCode("from the laptop", "", computer(id, secret), "GET", "/api/mine")
		if seen.Person == nil || seen.Person.ID != ann.ID || seen.Session != nil || seen.Computer == nil || seen.Computer.ID != laptop.ID {
			t.Errorf("%+v", seen)
		}
		moment = moment.Add(access.FreshFor + time.Second)
		hasCode("a while later", "fresh_sign_in_needed", browser(token), "POST", "/api/weaken")
		if err := sessions.Freshen(t.Context(), made.ID); err != nil {
			t.Fatal(err)
		}
		hasCode("afresh", "", browser(token), "POST", "/api/weaken")

		if err := persons.Block(t.Context(), ann.ID, "test"); err != nil {
			t.Fatal(err)
		}
		hasCode("blocked", "unauthenticated", browser(token), "GET", "/api/mine")
		hasCode("the laptop of one blocked", "blocked", computer(id, secret), "GET", "/api/mine")
		if err := persons.Unblock(t.Context(), ann.ID, "test"); err != nil {
			t.Fatal(err)
		}
		_, second, err := machines.Replace(t.Context(), ann.ID, laptop.ID, computers.Registration{Name: "new laptop"})
		if err != nil {
			t.Fatal(err)
		}
		hasCode("the laptop that was replaced", "replaced", computer(id, secret), "GET", "/api/mine")
		id, secret, _ = strings.Cut(second, ":")
		hasCode("the laptop that replaced it", "", computer(id, secret), "GET", "/api/mine")
		if err := sessions.End(t.Context(), ann.ID, made.ID); err != nil {
			t.Fatal(err)
		}
		hasCode("signed out", "unauthenticated", browser(token), "GET", "/api/mine")
	})
}
