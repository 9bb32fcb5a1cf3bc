package identity_test

import (
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/escrow"
	"holdfast/engine/server/identity"
)

const (
	ann  = "0123456789abcdef0123456789abcdef"
	bea  = "fedcba9876543210fedcba9876543210"
	good = "correct horse battery staple"
)

// clock is a time that a test moves.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ns.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}
func (c *clock) now() time.Time       { return time.Unix(0, c.ns.Load()).UTC() }
func (c *clock) pass(d time.Duration) { c.ns.Add(int64(d)) }

// each runs a test on a service on both databases.
func each(t *testing.T, run func(t *testing.T, s *identity.Service, db *database.DB, c *clock)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		c := newClock()
		run(t, open(t, db, c, nil), db, c)
	})
}

// sealer is a new key.
func sealer(t *testing.T) identity.Sealer {
	t.Helper()
	key, err := escrow.OpenKeyFile(filepath.Join(t.TempDir(), "secrets.key"))
	must(t, err)
	return key
}

func open(t *testing.T, db *database.DB, c *clock, p *identity.ProviderOptions) *identity.Service {
	t.Helper()
	s, err := identity.New(db, identity.Options{Origin: "https://localhost:8443", Name: "Hill College", Provider: p, Sealer: sealer(t)}, c.now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func setPassword(t *testing.T, s *identity.Service, person, typed string) {
	t.Helper()
	p, err := s.NewPassword(t.Context(), typed)
	must(t, err)
	must(t, s.SetPassword(t.Context(), person, p))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, err, sentinel error) {
	t.Helper()
	if !errors.Is(err, sentinel) {
		t.Fatalf("got %v, want %v", err, sentinel)
	}
}

// winners counts how many of n at once are told yes.
func winners(t *testing.T, n int, try func() (bool, error)) int {
	t.Helper()
	var group sync.WaitGroup
	var yes atomic.Int64
	for range n {
		group.Go(func() {
			ok, err := try()
			if err != nil {
				t.Error(err)
			}
			if ok {
				yes.Add(1)
			}
		})
	}
	group.Wait()
	return int(yes.Load())
}

func TestAnOriginWithMoreThanAnAddressIsRefused(t *testing.T) {
	for _, origin := range []string{"", "backup.college.edu", "https://", "https://backup.college.edu/holdfast", "ftp://backup.college.edu"} {
		if _, err := identity.New(nil, identity.Options{Origin: origin, Sealer: sealer(t)}, time.Now); err == nil {
			t.Errorf("%q was taken", origin)
		}
	}
}

func TestAServerReachedByAnIPAddressHasNoPasskeys(t *testing.T) {
	s, err := identity.New(nil, identity.Options{Origin: "https://127.0.0.1:8443", Sealer: sealer(t)}, time.Now)
	must(t, err)
	if s.Passkeys() {
		t.Error("it offers passkeys")
	}
	_, _, err = s.BeginPasskey(t.Context(), ann, "ann")
	want(t, err, identity.ErrRefused)
	_, _, err = s.BeginPasskeyLogin(t.Context(), "")
	want(t, err, identity.ErrRefused)
}

func TestNobodyRemovesTheLastWayToSignIn(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, _ *database.DB, c *clock) {
		ctx := t.Context()
		setPassword(t, s, ann, good)
		enrol(t, s, c)
		want(t, s.RemoveTOTP(ctx, ann), identity.ErrLastWay)
		want(t, s.RemovePassword(ctx, ann), identity.ErrLastWay)
		must(t, s.Link(ctx, ann, "https://id.college.edu", "7", "ann@college.edu"))
		must(t, s.RemoveTOTP(ctx, ann))
		want(t, s.Unlink(ctx, ann, "https://id.college.edu", "7"), identity.ErrLastWay)
		f, err := s.Factors(ctx, ann)
		must(t, err)
		if !f.Password || f.TOTP || len(f.Links) != 1 || f.Links[0].Email != "ann@college.edu" || !f.Links[0].Created.Equal(c.now()) {
			t.Fatalf("%+v", f)
		}
	})
}

func TestTwoRemovalsAtOnceLeaveOneWay(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, _ *database.DB, c *clock) {
		ctx := t.Context()
		must(t, s.Link(ctx, ann, "i", "1", ""))
		must(t, s.Link(ctx, ann, "i", "2", ""))
		var turn atomic.Int64
		gone := winners(t, 2, func() (bool, error) {
			err := s.Unlink(ctx, ann, "i", string('0'+rune(turn.Add(1))))
			if errors.Is(err, identity.ErrLastWay) {
				return false, nil
			}
			return err == nil, err
		})
		if f, err := s.Factors(ctx, ann); err != nil || gone != 1 || len(f.Links) != 1 {
			t.Fatalf("%d removed, %+v left, %v", gone, f.Links, err)
		}
	})
}

func TestAnIdentityAtTheProviderIsOnePersons(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, _ *database.DB, c *clock) {
		ctx := t.Context()
		must(t, s.Link(ctx, ann, "i", "1", "ann@college.edu"))
		must(t, s.Link(ctx, ann, "i", "1", "ann@college.edu"))
		want(t, s.Link(ctx, bea, "i", "1", "ann@college.edu"), identity.ErrLinked)
		must(t, s.Link(ctx, bea, "i", "2", "ann@college.edu"))
		want(t, s.Link(ctx, "", "i", "3", ""), identity.ErrRefused)
	})
}

func TestAResetEndsWhatAPersonProvesWithHereAndLeavesWhoTheyAreAtTheProvider(t *testing.T) {
	eachIssuer(t, nil, func(t *testing.T, s *identity.Service, i *issuer, c *clock) {
		ctx := t.Context()
		setPassword(t, s, ann, good)
		enrol(t, s, c)
		_, err := s.NewRecoveryCodes(ctx, ann)
		must(t, err)
		must(t, s.Link(ctx, ann, i.server.URL, "7", "ann@college.edu"))
		setPassword(t, s, bea, good)
		pending, err := s.BeginPending(ctx, ann, "/")
		must(t, err)
		app, err := s.BeginTOTP(ctx, ann, "ann@college.edu")
		must(t, err)
		must(t, s.Reset(ctx, ann))
		f, err := s.Factors(ctx, ann)
		must(t, err)
		if f.Password || f.TOTP || f.RecoveryCodes != 0 || len(f.Links) != 1 {
			t.Fatalf("%+v", f)
		}
		_, _, err = s.Pending(ctx, pending)
		want(t, err, identity.ErrCeremony)
		want(t, s.ConfirmTOTP(ctx, ann, code(t, app.Secret, c.now())), identity.ErrCeremony)
		if right, err := s.CheckPassword(ctx, bea, good); err != nil || !right {
			t.Errorf("another person's password: %v, %v", right, err)
		}
	})
}

func TestWhoSignsInAtTheProviderOnlyIsNotReset(t *testing.T) {
	eachIssuer(t, nil, func(t *testing.T, s *identity.Service, i *issuer, _ *clock) {
		ctx := t.Context()
		must(t, s.Link(ctx, ann, i.server.URL, "7", "ann@college.edu"))
		want(t, s.Reset(ctx, ann), identity.ErrProviderOnly)
		// A provider that is not the institution's any more lets nobody in.
		must(t, s.Link(ctx, bea, "https://before.college.edu", "7", "bea@college.edu"))
		must(t, s.Reset(ctx, bea))
	})
}

func TestForgettingAPersonLeavesNothingOfThemAndAllOfOthers(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, _ *database.DB, c *clock) {
		ctx := t.Context()
		setPassword(t, s, ann, good)
		enrol(t, s, c)
		_, err := s.NewRecoveryCodes(ctx, ann)
		must(t, err)
		must(t, s.Link(ctx, ann, "i", "1", ""))
		must(t, s.Link(ctx, bea, "i", "2", ""))
		token, err := s.BeginPending(ctx, ann, "/")
		must(t, err)
		must(t, s.Forget(ctx, ann))
		f, err := s.Factors(ctx, ann)
		must(t, err)
		if f.Password || f.TOTP || f.RecoveryCodes != 0 || len(f.Links) != 0 {
			t.Fatalf("%+v", f)
		}
		_, _, err = s.Pending(ctx, token)
		want(t, err, identity.ErrCeremony)
		if f, err := s.Factors(ctx, bea); err != nil || len(f.Links) != 1 {
			t.Fatalf("%+v, %v", f, err)
		}
	})
}
