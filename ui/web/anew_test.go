package web_test

import (
	"testing"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
)

func TestALinkToSetUpASignInAnewEndsWhenItsPersonSignsInWithoutIt(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		_, secret, _ := b.join("ann@college.edu")
		ann, err := b.People.ByEmail(t.Context(), "ann@college.edu")
		if err != nil {
			t.Fatal(err)
		}
		_, token, err := b.People.Renew(t.Context(), ann.ID, "command")
		if err != nil {
			t.Fatal(err)
		}
		v, at := b.visitor(), "/invitation/"+token
		v.get(at).want(t, 200, "Welcome back")
		b.clock.pass(time.Minute) // to another code than the one that was used
		v.post("/sign-in", "email", "ann@college.edu", "password", password)
		v.post("/sign-in/second", "code", b.code(secret)).want(t, 200, "My computers")
		finder := b.visitor() // whoever else has the link
		finder.get(at).want(t, 404, "not good any more")
		finder.post(at, "step", "password", "password", "four words of somebody else").want(t, 404, "not good any more")
		again := b.visitor()
		b.clock.pass(time.Minute)
		again.post("/sign-in", "email", "ann@college.edu", "password", password)
		again.post("/sign-in/second", "code", b.code(secret)).want(t, 200, "My computers")
	})
}

func TestAPersonWhoLostAllSecondStepsSetsThemUpAnewWithALink(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		before, secret, codes := b.join("ann@college.edu")
		ann, err := b.People.ByEmail(t.Context(), "ann@college.edu")
		if err != nil {
			t.Fatal(err)
		}
		_, token, err := b.People.Renew(t.Context(), ann.ID, "command")
		if err == nil {
			err = b.Identity.Reset(t.Context(), ann.ID)
		}
		if err == nil {
			err = b.Sessions.EndAll(t.Context(), ann.ID, "")
		}
		if err != nil {
			t.Fatal(err)
		}
		before.get("/security").want(t, 200, `name="password"`) // signed out
		before.post("/sign-in", "email", "ann@college.edu", "password", password).want(t, 422, "wrong")

		v, at := b.visitor(), "/invitation/"+token
		v.get(at).want(t, 200, "Welcome back, Ann").want(t, 200, "Set up anew how you sign in")
		const other = "another four unlikely words"
		setup, fresh := v.post(at, "step", "password", "password", other).want(t, 200, "Authenticator app").setup(t)
		if fresh == secret {
			t.Error("the secret of the lost app is shown")
		}
		// The new password alone is not enough, nor is what was lost.
		v.post("/sign-in", "email", "ann@college.edu", "password", other).want(t, 403, "A second step is missing")
		v.post("/sign-in/second", "recovery", codes[0]).want(t, 403, "A second step is missing")
		v.post(at, "step", "code", "code", b.code(secret), "setup", setup).want(t, 422, "That code is wrong")
		var since int64
		b.logged(&since)
		code := b.code(fresh)
		v.whole(db, true, "setting up anew", func() shown { return v.post(at, "step", "code", "code", code, "setup", setup) }).
			want(t, 200, "Your recovery codes").want(t, 200, `href="/computers"`)
		if all := b.logged(&since); actions(all) != "sign_in.set_anew sign_in.password_totp" || all[0].Person != ann.ID {
			t.Errorf("the log has %+v", all)
		}
		v.get("/security").want(t, 200, "10 codes left")
		v.get(at).want(t, 404, "not good any more")
	})
}
