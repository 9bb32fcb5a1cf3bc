package web_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
)

// logged are the entries since the last time, the oldest first.
func (b *bench) logged(since *int64) []audit.Entry {
	b.Helper()
	all, err := b.Audit.List(b.Context(), audit.Query{Limit: 1000})
	if err != nil {
		b.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(e audit.Entry) bool { return e.Number <= *since })
	slices.Reverse(all)
	if len(all) > 0 {
		*since = all[len(all)-1].Number
	}
	return all
}

func actions(all []audit.Entry) string {
	var names []string
	for _, e := range all {
		names = append(names, e.Action)
	}
	return strings.Join(names, " ")
}

func TestTheLogSaysWhoSignedInHowAndWhere(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		var since int64
		want := func(wanted string) []audit.Entry {
			t.Helper()
			all := b.logged(&since)
			if got := actions(all); got != wanted {
				t.Errorf("the log has %q, not %q", got, wanted)
			}
			return all
		}
		v, secret, codes := b.join("ann@college.edu")
		want("invitation.accept sign_in.password_totp")
		ann, err := b.People.ByEmail(t.Context(), "ann@college.edu")
		if err != nil {
			t.Fatal(err)
		}
		v.post("/sign-in/again", "password", password, "next", "/security")
		v.post("/sign-in/second", "code", b.code(secret)).want(t, 200, "How you sign in")
		want("sign_in_again.password_totp")
		v.post("/sign-out")
		want("sign_out")
		v.post("/sign-out")
		want("")

		v.post("/sign-in", "email", "ann@college.edu", "password", password)
		v.post("/sign-in/second", "code", "000000")
		want("sign_in_failed.password_totp")
		v.post("/sign-in/second", "code", b.code(secret)).want(t, 200, "My computers")
		all := want("sign_in.password_totp")
		sessions, err := b.Sessions.List(t.Context(), ann.ID)
		if err != nil || len(sessions) != 1 || len(all) != 1 {
			t.Fatalf("%d sessions, %v", len(sessions), err)
		}
		if e, one := all[0], sessions[0]; e.Actor != ann.ID || e.Person != ann.ID || e.Target != one.ID || e.Reason != one.Name || one.Name == "" || e.Address != "127.0.0.1" {
			t.Errorf("the entry %+v is not of the session %+v", e, one)
		}
		v.post("/security/sessions/end", "all", "1")
		want("session.end_all")
		v.post("/sign-out")
		v.post("/sign-in", "email", "ann@college.edu", "password", password)
		v.post("/sign-in/second", "recovery", codes[0]).want(t, 200, "My computers")
		want("sign_out recovery_code.use sign_in.recovery_code")
	})
}

func TestWhoIsBlockedBetweenTheStepsIsKeptOutAndInTheLog(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		v, secret, codes := b.join("ann@college.edu")
		ann, err := b.People.ByEmail(t.Context(), "ann@college.edu")
		if err != nil {
			t.Fatal(err)
		}
		v.post("/sign-out")
		v.post("/sign-in", "email", "ann@college.edu", "password", password)
		if err := b.People.Block(t.Context(), ann.ID, "boss"); err != nil {
			t.Fatal(err)
		}
		var since int64
		b.logged(&since)
		v.post("/sign-in/second", "code", b.code(secret)).want(t, 403, "cannot sign in now")
		v.post("/sign-in/second", "recovery", codes[0]).want(t, 403, "cannot sign in now")
		if all := b.logged(&since); actions(all) != "sign_in_failed.password_totp sign_in_failed.recovery_code" || all[0].Person != ann.ID {
			t.Errorf("the log has %+v", all)
		}
		if has, err := b.Identity.Factors(t.Context(), ann.ID); err != nil || has.RecoveryCodes != 10 {
			t.Errorf("%d recovery codes are left, %v", has.RecoveryCodes, err)
		}
	})
}

func TestASignInIsLoggedOrThereIsNone(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		v, secret, _ := b.join("ann@college.edu")
		v.whole(db, false, "signing out", func() shown { return v.post("/sign-out") }).want(t, 200, "Request access")
		v.post("/sign-in", "email", "ann@college.edu", "password", password)
		code := b.code(secret)
		v.whole(db, false, "signing in", func() shown { return v.post("/sign-in/second", "code", code) }).want(t, 200, "My computers")
	})
}

func TestFailedSignInsAreLoggedAndTellNobodyWhichNamesAreKnown(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		b.join("ann@college.edu")
		var since int64
		b.logged(&since)
		for _, email := range []string{"ann@college.edu", "bob@college.edu", "a secret typed into the wrong field"} {
			b.visitor().post("/sign-in", "email", email, "password", "not the password").want(t, 422, "wrong")
		}
		all := b.logged(&since)
		if len(all) != 3 {
			t.Fatalf("the log has %q", actions(all))
		}
		if all[0].Person == "" {
			t.Error("it is not known whose name was tried")
		}
		for i := range all {
			all[i].Person, all[i].Number, all[i].At, all[i].Hash = "", 0, time.Time{}, ""
			if all[i] != all[0] || all[0].Action != "sign_in_failed.password" {
				t.Errorf("%+v is not as %+v", all[i], all[0])
			}
			if text := fmt.Sprint(all[i]); strings.Contains(text, "secret") || strings.Contains(text, "bob") {
				t.Errorf("the log repeats what was typed: %s", text)
			}
		}
	})
}

func TestFailedSignInsDoNotFloodTheLog(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		_, secret, _ := b.join("ann@college.edu")
		var since int64
		b.logged(&since)
		fail := func(name int) {
			t.Helper()
			b.visitor().post("/sign-in", "email", fmt.Sprintf("nobody%d@college.edu", name), "password", "wrong wrong wrong").want(t, 422, "wrong")
		}
		for i := range 12 {
			fail(i)
		}
		if all := b.logged(&since); len(all) != 5 {
			t.Errorf("12 failures left %q", actions(all))
		}
		// What is behind the password has its own room in the log.
		v := b.visitor()
		v.post("/sign-in", "email", "ann@college.edu", "password", password)
		v.post("/sign-in/second", "code", "000000").want(t, 422, "That code is wrong")
		if all := b.logged(&since); actions(all) != "sign_in_failed.password_totp" || all[0].Reason != "and 7 before it that are not in the log" {
			t.Errorf("the log goes on with %+v", all)
		}
		fail(12)
		b.code(secret)
		b.pass(10 * time.Minute)
		fail(13)
		if all := b.logged(&since); len(all) != 1 || all[0].Reason != "and 1 before it that are not in the log" {
			t.Errorf("the log goes on with %+v", all)
		}
	})
}
