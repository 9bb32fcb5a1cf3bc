package web_test

import (
	"testing"
	"time"

	"holdfast/engine/server/computers"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/people"
)

// whole tries something while the log cannot be written and, where the person is told
// by mail, while no letter can: it fails and leaves all as it was. Then it succeeds. A
// try of a second step is counted whatever comes of it.
func (v *visitor) whole(db *database.DB, told bool, what string, try func() shown) shown {
	v.Helper()
	v.noted(db)
	before := databasetest.Contents(v.T, db, "identity_ceremony")
	for _, gone := range []string{"audit", "outbox"} {
		if gone == "outbox" && !told {
			continue
		}
		databasetest.Without(v.T, db, gone, func() {
			if got := try(); got.status != 500 {
				v.Errorf("%s without %s: %d", what, gone, got.status)
			}
		})
		if after := databasetest.Contents(v.T, db, "identity_ceremony"); after != before {
			v.Errorf("%s: without %s it changed\n%s\ninto\n%s", what, gone, before, after)
		}
	}
	return try()
}

// noted opens a page until it is noted that the session is in use, for which a busy
// database is not waited for long.
func (v *visitor) noted(db *database.DB) {
	v.Helper()
	since := database.Millis(v.now().Add(-time.Minute))
	deadline := time.Now().Add(patience)
	for old := 1; old > 0; {
		if time.Now().After(deadline) {
			v.Fatal("it is not noted that the session is in use")
		}
		v.get("/computers")
		if err := db.QueryRowContext(v.Context(), "SELECT count(*) FROM session WHERE seen <= $1", since).Scan(&old); err != nil {
			v.Fatal(err)
		}
	}
}

func TestNothingChangesThatCannotBeLoggedOrTold(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		v, _, codes := b.join("ann@college.edu")
		ann, err := b.People.ByEmail(t.Context(), "ann@college.edu")
		if err != nil {
			t.Fatal(err)
		}
		one, _, err := b.Computers.Register(t.Context(), ann.ID, computers.Registration{Name: "Laptop", Owner: computers.Institution})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ path, done string }{
			{"/computers/" + one.ID + "/remove", "Bring back"},
			{"/computers/" + one.ID + "/restore", "The computer is back"},
			{"/computers/" + one.ID + "/deauthorize", "Signed out"},
			{"/security/password", "Your password is changed"},
		} {
			v.whole(db, true, c.path, func() shown { return v.post(c.path, "password", password) }).want(t, 200, c.done)
		}
		setup, secret := v.post("/security/totp").want(t, 200, "Authenticator app").setup(t)
		code := b.code(secret)
		v.whole(db, true, "a new authenticator app", func() shown { return v.post("/security/totp/confirm", "code", code, "setup", setup) }).want(t, 200, "The authenticator app is on")
		v.post("/sign-out")
		v.post("/sign-in", "email", "ann@college.edu", "password", password)
		v.whole(db, true, "signing in with a recovery code", func() shown { return v.post("/sign-in/second", "recovery", codes[0]) }).want(t, 200, "My computers")
		v.whole(db, true, "new recovery codes", func() shown { return v.post("/security/recovery") }).want(t, 200, "Your recovery codes")
	})
}

func TestAnInvitationIsAcceptedWithItsTraceOrNotAtAll(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		_, token, err := b.People.Invite(t.Context(), "ann@college.edu", "Ann", people.Member, "server")
		if err != nil {
			t.Fatal(err)
		}
		v, at := b.visitor(), "/invitation/"+token
		setup, secret := v.post(at, "step", "password", "password", password).want(t, 200, "Authenticator app").setup(t)
		code := b.code(secret)
		v.whole(db, false, "accepting", func() shown { return v.post(at, "step", "code", "code", code, "setup", setup) }).want(t, 200, "Your recovery codes")
		v.get("/security").want(t, 200, "10 codes left")
	})
}
