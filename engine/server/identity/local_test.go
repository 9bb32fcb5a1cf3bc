package identity_test

import (
	"bytes"
	"errors"
	"image/png"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/identity"
)

func TestAPasswordIsKnownAgainHoweverItsLettersWereComposed(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, db *database.DB, _ *clock) {
		ctx := t.Context()
		setPassword(t, s, ann, "caf\u00e9 au lait, deux")
		for _, c := range []struct {
			person, password string
			right            bool
		}{
			{ann, "caf\u00e9 au lait, deux", true},
			{ann, "cafe\u0301 au lait, deux", true},
			{ann, "cafe au lait, deux", false},
			{ann, "", false},
			{ann, strings.Repeat("x", 1<<20), false},
			{bea, "caf\u00e9 au lait, deux", false},
			{"", "caf\u00e9 au lait, deux", false},
			{"", "", false},
		} {
			ok, err := s.CheckPassword(ctx, c.person, c.password)
			if err != nil || ok != c.right {
				t.Errorf("%.40q of %q: %v, %v", c.password, c.person, ok, err)
			}
		}
		var kept string
		must(t, db.QueryRowContext(ctx, "SELECT hash FROM identity_password").Scan(&kept))
		if !strings.HasPrefix(kept, "$argon2id$v=19$m=65536,t=3,p=2$") {
			t.Errorf("kept as %.40s", kept)
		}
	})
}

func TestAWeakPasswordIsRefusedWithASentence(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, _ *database.DB, _ *clock) {
		for _, password := range []string{"", "short", "elevenchars", strings.Repeat("long", 100), "aaaaaaaaaaaaaaaa", "abababababab",
			"password1234", "Password123!", "Hill College 2026", "hill college!", "qwertyuiop123", "123456789012", "caf\xff au lait, deux"} {
			_, err := s.NewPassword(t.Context(), password)
			if !errors.Is(err, identity.ErrWeak) {
				t.Errorf("%.40q: %v", password, err)
			}
		}
		want(t, s.SetPassword(t.Context(), ann, identity.Password{}), identity.ErrRefused)
		if has, err := s.HasPassword(t.Context(), ann); has || err != nil {
			t.Error("one was kept", err)
		}
	})
}

// enrol gives ann an authenticator app and its secret.
func enrol(t *testing.T, s *identity.Service, c *clock) (secret string) {
	t.Helper()
	app, err := s.BeginTOTP(t.Context(), ann, "ann@college.edu")
	must(t, err)
	must(t, s.ConfirmTOTP(t.Context(), ann, code(t, app.Secret, c.now())))
	return app.Secret
}

func code(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	must(t, err)
	return code
}

func TestACodeOfTheAppCountsOnce(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, _ *database.DB, c *clock) {
		secret := enrol(t, s, c)
		first := code(t, secret, c.now())
		check := func(code string, right bool) {
			t.Helper()
			if ok, err := s.CheckTOTP(t.Context(), ann, code); err != nil || ok != right {
				t.Fatalf("%v, %v", ok, err)
			}
		}
		check(first, false) // used to confirm
		c.pass(2 * time.Minute)
		present := code(t, secret, c.now())
		check(present[:3]+" "+present[3:], true)
		check(present, false)
		check(code(t, secret, c.now().Add(-30*time.Second)), false) // before the last one
		check(code(t, secret, c.now().Add(30*time.Second)), true)   // a clock that is ahead
		check(code(t, secret, c.now().Add(60*time.Second)), false)
		check("", false)
		check("abcdef", false)
		c.pass(5 * time.Minute)
		racing := code(t, secret, c.now())
		if n := winners(t, 10, func() (bool, error) { return s.CheckTOTP(t.Context(), ann, racing) }); n != 1 {
			t.Fatalf("%d of 10 at once were let in with one code", n)
		}
	})
}

func TestANewAppCountsOnlyAfterItsFirstCode(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, _ *database.DB, c *clock) {
		ctx := t.Context()
		want(t, s.ConfirmTOTP(ctx, ann, "123456"), identity.ErrCeremony)
		old := enrol(t, s, c)
		app, err := s.BeginTOTP(ctx, ann, "ann@college.edu")
		must(t, err)
		if !strings.HasPrefix(app.URL, "otpauth://totp/Hill%20College:ann@college.edu?") || !strings.Contains(app.URL, app.Secret) {
			t.Error(app.URL)
		}
		if _, err := png.Decode(bytes.NewReader(app.PNG)); err != nil {
			t.Error(err)
		}
		c.pass(time.Minute)
		want(t, s.ConfirmTOTP(ctx, ann, code(t, old, c.now())), identity.ErrRefused)
		if ok, err := s.CheckTOTP(ctx, ann, code(t, old, c.now())); !ok || err != nil {
			t.Fatal("the old app ended", err)
		}
		must(t, s.ConfirmTOTP(ctx, ann, code(t, app.Secret, c.now())))
		c.pass(time.Minute)
		if ok, _ := s.CheckTOTP(ctx, ann, code(t, old, c.now())); ok {
			t.Fatal("the old app counts")
		}
		if ok, err := s.CheckTOTP(ctx, ann, code(t, app.Secret, c.now())); !ok || err != nil {
			t.Fatal("the new app does not count", err)
		}
		late, err := s.BeginTOTP(ctx, ann, "ann@college.edu")
		must(t, err)
		c.pass(2 * time.Hour)
		want(t, s.ConfirmTOTP(ctx, ann, code(t, late.Secret, c.now())), identity.ErrCeremony)
	})
}

func TestARecoveryCodeCountsOnceHoweverItIsTyped(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, db *database.DB, _ *clock) {
		ctx := t.Context()
		old, err := s.NewRecoveryCodes(ctx, ann)
		must(t, err)
		codes, err := s.NewRecoveryCodes(ctx, ann)
		must(t, err)
		if len(codes) != 10 {
			t.Fatalf("%d codes", len(codes))
		}
		check := func(person, code string, right bool) {
			t.Helper()
			if ok, err := s.UseRecoveryCode(ctx, person, code); err != nil || ok != right {
				t.Fatalf("%v, %v", ok, err)
			}
		}
		check(ann, old[0], false)
		check(bea, codes[0], false)
		check(ann, "", false)
		check(ann, strings.ToLower(strings.ReplaceAll(codes[0], "-", " ")), true)
		check(ann, codes[0], false)
		check(ann, strings.NewReplacer("O", "0", "I", "1", "B", "8").Replace(codes[1]), true)
		if n := winners(t, 10, func() (bool, error) { return s.UseRecoveryCode(ctx, ann, codes[2]) }); n != 1 {
			t.Fatalf("%d of 10 at once were let in with one code", n)
		}
		if f, err := s.Factors(ctx, ann); err != nil || f.RecoveryCodes != 7 {
			t.Fatalf("%d left, %v", f.RecoveryCodes, err)
		}
		var n int
		must(t, db.QueryRowContext(ctx, "SELECT count(*) FROM identity_recovery WHERE hash = $1", codes[3]).Scan(&n))
		if n != 0 {
			t.Error("codes are kept as they are")
		}
	})
}

func TestASignInBetweenItsStepsHasFiveTries(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, _ *database.DB, c *clock) {
		ctx := t.Context()
		token, err := s.BeginPending(ctx, ann, "/computers")
		must(t, err)
		person, next, err := s.Pending(ctx, token)
		if err != nil || person != ann || next != "/computers" {
			t.Fatal(person, next, err)
		}
		_, _, err = s.Pending(ctx, token+"x")
		want(t, err, identity.ErrCeremony)
		tries := winners(t, 20, func() (bool, error) {
			err := s.FailPending(ctx, token)
			if errors.Is(err, identity.ErrCeremony) {
				return false, nil
			}
			return err == nil, err
		})
		if tries != 5 {
			t.Fatalf("%d tries", tries)
		}
		_, _, err = s.Pending(ctx, token)
		want(t, err, identity.ErrCeremony)
	})
}

func TestASignInBetweenItsStepsEndsOnceAndInTime(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, db *database.DB, c *clock) {
		ctx := t.Context()
		token, err := s.BeginPending(ctx, ann, "/")
		must(t, err)
		ended := winners(t, 10, func() (bool, error) {
			err := s.EndPending(ctx, token)
			if errors.Is(err, identity.ErrCeremony) {
				return false, nil
			}
			return err == nil, err
		})
		if ended != 1 {
			t.Fatalf("%d of 10 at once went on", ended)
		}
		late, err := s.BeginPending(ctx, ann, "/")
		must(t, err)
		c.pass(16 * time.Minute)
		_, _, err = s.Pending(ctx, late)
		want(t, err, identity.ErrCeremony)
		want(t, s.FailPending(ctx, late), identity.ErrCeremony)
		_, err = s.BeginPending(ctx, bea, "/")
		must(t, err)
		var n int
		must(t, db.QueryRowContext(ctx, "SELECT count(*) FROM identity_ceremony").Scan(&n))
		if n != 1 {
			t.Errorf("%d rows: old ones stay", n)
		}
	})
}

// rows of a version that knew no key, with a secret that counts and one that is
// pending.
const rows = "INSERT INTO identity_totp (person, secret, step, pending, made, created) VALUES ($1, $2, 0, $3, $4, 1), ($5, '', 0, $6, $4, 0)"

func TestSecretsOfAuthenticatorAppsAreSealedTheOldOnesToo(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, db *database.DB, c *clock) {
		ctx := t.Context()
		now := []string{"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}
		_, err := db.ExecContext(ctx, rows, ann, now[0], now[1], database.Millis(c.now()), bea, now[2])
		must(t, err)
		right(t, s, ann, code(t, now[0], c.now())) // before they are sealed
		for i := range 9 {                         // rows on the same page that stay where they are
			_, err := db.ExecContext(ctx, rows, strings.Repeat("c", 30+i), "", "", 0, strings.Repeat("d", 30+i), "")
			must(t, err)
		}
		for range 2 {
			must(t, s.Seal(ctx))
		}
		holdsNone(t, db, now...)
		c.pass(time.Minute)
		right(t, s, ann, code(t, now[0], c.now()))
		must(t, s.ConfirmTOTP(ctx, ann, code(t, now[1], c.now())))
		must(t, s.ConfirmTOTP(ctx, bea, code(t, now[2], c.now())))
		c.pass(time.Minute)
		right(t, s, ann, code(t, now[1], c.now()))
		right(t, s, bea, code(t, now[2], c.now()))
		app, err := s.BeginTOTP(ctx, ann, "ann@college.edu")
		must(t, err)
		holdsNone(t, db, app.Secret)
		// A secret that was moved to somebody else does not open.
		_, err = db.ExecContext(ctx, "UPDATE identity_totp SET secret = (SELECT secret FROM identity_totp WHERE person = $1) WHERE person = $2", ann, bea)
		must(t, err)
		if ok, err := s.CheckTOTP(ctx, bea, code(t, now[1], c.now())); ok || err == nil {
			t.Error("Bea comes in with Ann's app")
		}
	})
}

func right(t *testing.T, s *identity.Service, person, code string) {
	t.Helper()
	if ok, err := s.CheckTOTP(t.Context(), person, code); !ok || err != nil {
		t.Fatalf("the code is not taken: %v", err)
	}
}

func holdsNone(t *testing.T, db *database.DB, secrets ...string) {
	t.Helper()
	held := databasetest.Contents(t, db)
	if db.Kind == database.SQLite {
		held += files(t, db)
	}
	for _, secret := range secrets {
		if strings.Contains(held, secret) {
			t.Errorf("the database holds %s", secret)
		}
	}
}

// files are the bytes of an SQLite database.
func files(t *testing.T, db *database.DB) string {
	t.Helper()
	var n int
	var name, path string
	must(t, db.QueryRowContext(t.Context(), "PRAGMA database_list").Scan(&n, &name, &path))
	all := ""
	for _, end := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + end)
		must(t, err)
		all += string(b)
	}
	return all
}

func TestAnotherKeyThanThatOfTheDatabaseIsRefused(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, db *database.DB, c *clock) {
		must(t, s.Seal(t.Context()))
		want(t, open(t, db, c, nil).Seal(t.Context()), identity.ErrSealer)
		must(t, s.Seal(t.Context()))
	})
}

func TestAppsEndThatALostKeySealedAndOthersAreSetUpWithTheNewOne(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, db *database.DB, c *clock) {
		ctx := t.Context()
		must(t, s.Seal(ctx))
		_, err := s.SealAnew(ctx)
		want(t, err, identity.ErrSameKey)
		setPassword(t, s, ann, good)
		lost := enrol(t, s, c)
		_, err = s.NewRecoveryCodes(ctx, ann)
		must(t, err)
		half, err := s.BeginTOTP(ctx, bea, "bea@college.edu")
		must(t, err)
		if n, err := identity.Sealed(ctx, db); err != nil || n != 1 {
			t.Errorf("%d apps are sealed, %v", n, err)
		}

		renewed := open(t, db, c, nil)
		people, err := renewed.SealAnew(ctx)
		must(t, err)
		if len(people) != 1 || people[0] != (identity.Unopened{Person: ann}) {
			t.Errorf("%+v lost their app", people)
		}
		must(t, renewed.Seal(ctx))
		want(t, s.Seal(ctx), identity.ErrSealer)
		c.pass(time.Minute)
		if right, err := renewed.CheckTOTP(ctx, ann, code(t, lost, c.now())); err != nil || right {
			t.Errorf("a code of the app that ended: %v, %v", right, err)
		}
		want(t, renewed.ConfirmTOTP(ctx, bea, code(t, half.Secret, c.now())), identity.ErrCeremony)
		if f, err := renewed.Factors(ctx, ann); err != nil || !f.Password || f.TOTP || f.RecoveryCodes != 10 {
			t.Errorf("%+v, %v", f, err)
		}
		_, err = s.BeginTOTP(ctx, ann, "ann@college.edu") // a server that was not started again
		want(t, err, identity.ErrSealer)
		enrol(t, renewed, c)
	})
}

func TestThereIsNoServiceWithoutAKey(t *testing.T) {
	if _, err := identity.New(nil, identity.Options{Origin: "https://localhost"}, time.Now); err == nil {
		t.Error("it was made")
	}
}
