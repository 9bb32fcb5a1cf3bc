package escrow_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/escrow"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// place is where a key store lies.
type place struct{ address, keyFile, credentialFile string }

// each runs a test on each kind of database.
func each(t *testing.T, run func(t *testing.T, p place)) {
	t.Helper()
	for _, kind := range []database.Kind{database.SQLite, database.PostgreSQL} {
		t.Run(string(kind), func(t *testing.T) {
			dir := t.TempDir()
			run(t, place{databasetest.Address(t, kind), filepath.Join(dir, "keys", "master.key"), filepath.Join(dir, "keys", "credential")})
		})
	}
}

func (p place) open(t *testing.T) (*escrow.Store, *escrow.Client) {
	t.Helper()
	w, err := escrow.OpenKeyFile(p.keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return p.openWith(t, w)
}

func (p place) openWith(t *testing.T, w escrow.Wrapper) (*escrow.Store, *escrow.Client) {
	t.Helper()
	s, err := escrow.OpenAt(t.Context(), p.address, w, p.credentialFile, func() time.Time { return start })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	c, err := s.Client(p.credential(t))
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func (p place) credential(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(p.credentialFile)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func keep(t *testing.T, c *escrow.Client, account, keyFile, secret string) {
	t.Helper()
	if _, err := c.Keep(t.Context(), account, keyFile, []byte(secret)); err != nil {
		t.Fatal(err)
	}
}

func own(account string) escrow.Release {
	return escrow.Release{By: account, Address: "192.0.2.7"}
}

func TestAKeptSecretComesBackToItsPersonAfterARestart(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		s, c := p.open(t)
		keep(t, c, "ann", "k1", "first secret")
		keep(t, c, "ben", "k9", "secret of ben")
		keep(t, c, "ann", "k2", "second secret") // in place of the first
		s.Close()
		_, c = p.open(t)
		out, err := c.Release(t.Context(), "ann", own("ann"))
		secret, keyFile := out.Secret, out.KeyFile
		if err != nil || string(secret) != "second secret" || keyFile != "k2" {
			t.Fatalf("%q %s %v", secret, keyFile, err)
		}
		kept, keyFile, since, err := c.Mode(t.Context(), "ann")
		if err != nil || !kept || keyFile != "k2" || !since.Equal(start) {
			t.Fatalf("%v %s %v %v", kept, keyFile, since, err)
		}
		if kept, _, _, err := c.Mode(t.Context(), "eve"); kept || err != nil {
			t.Fatalf("%v %v", kept, err)
		}
	})
}

func TestOfSeveralFirstSecretsOneIsKept(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		_, c := p.open(t)
		results := make(chan error, 6)
		for i := range cap(results) {
			go func() {
				_, err := c.KeepFirst(t.Context(), "ann", "pending", []byte{'s', byte('0' + i)})
				results <- err
			}()
		}
		kept := 0
		for range cap(results) {
			if err := <-results; err == nil {
				kept++
			} else if !errors.Is(err, escrow.ErrKept) {
				t.Error(err)
			}
		}
		if kept != 1 {
			t.Fatalf("%d first secrets were taken", kept)
		}
		out, err := c.Release(t.Context(), "ann", own("ann"))
		first := out.Secret
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.KeepFirst(t.Context(), "ann", "pending", []byte("another")); !errors.Is(err, escrow.ErrKept) {
			t.Fatal(err)
		}
		if again, err := c.Release(t.Context(), "ann", own("ann")); err != nil || string(again.Secret) != string(first) {
			t.Fatalf("%q became %q: %v", first, again.Secret, err)
		}
	})
}

func TestAReleaseNeedsThePersonOrAnAdministratorsReason(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		s, c := p.open(t)
		keep(t, c, "ann", "k", "secret of ann")
		for _, refused := range []struct {
			r    escrow.Release
			want error
		}{
			{escrow.Release{}, escrow.ErrReason},
			{escrow.Release{Administrator: true, Reason: "lost laptop"}, escrow.ErrReason},
			{escrow.Release{By: "root", Administrator: true}, escrow.ErrReason},
			{escrow.Release{By: "root", Administrator: true, Reason: " \n"}, escrow.ErrReason},
			{escrow.Release{By: "eve"}, escrow.ErrNotTheirs},
			{escrow.Release{By: "eve", Reason: "lost laptop"}, escrow.ErrNotTheirs},
		} {
			if out, err := c.Release(t.Context(), "ann", refused.r); out.Secret != nil || !errors.Is(err, refused.want) {
				t.Errorf("%+v: %q %v", refused.r, out.Secret, err)
			}
		}
		if out, err := c.Release(t.Context(), "eve", own("eve")); out.Secret != nil || !errors.Is(err, escrow.ErrNotFound) {
			t.Errorf("%q %v", out.Secret, err)
		}
		out, err := c.Release(t.Context(), "ann", escrow.Release{By: "root", Administrator: true, Reason: "lost laptop", Address: "192.0.2.1"})
		secret := out.Secret
		if err != nil || string(secret) != "secret of ann" {
			t.Fatalf("%q %v", secret, err)
		}
		log, err := c.Log(t.Context(), audit.Query{Person: "ann"})
		if err != nil || len(log) != 2 {
			t.Fatalf("%+v %v", log, err)
		}
		want := audit.Entry{Actor: "root", Action: "key.release", Target: "ann", Reason: "lost laptop", Address: "192.0.2.1", Number: 2, At: start, Hash: out.Entry.Hash}
		if log[0] != want || want.Hash == "" {
			t.Errorf("got %+v, and it was told as %+v", log[0], out.Entry)
		}
		if err := s.Log().Verify(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// watching is a master key that looks at the log when it is asked to unwrap.
type watching struct {
	escrow.Wrapper
	unwrap func() error
}

func (w *watching) Unwrap(ctx context.Context, wrapped, context []byte) ([]byte, error) {
	if err := w.unwrap(); err != nil {
		return nil, err
	}
	return w.Wrapper.Unwrap(ctx, wrapped, context)
}

func TestAReleaseIsInTheLogBeforeTheSecretIsUnwrapped(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		master, err := escrow.OpenKeyFile(p.keyFile)
		if err != nil {
			t.Fatal(err)
		}
		w := &watching{Wrapper: master}
		_, c := p.openWith(t, w)
		keep(t, c, "ann", "k", "secret of ann")
		seen := 0
		w.unwrap = func() error {
			other := databasetest.Open(t, p.address, os.DirFS(filepath.Join("schema"))) // another connection: what is committed
			log, err := audit.New(other, time.Now).List(t.Context(), audit.Query{})
			if err != nil || log[0].Action != "key.release" {
				t.Errorf("%+v %v", log, err)
			}
			seen++
			return nil
		}
		if _, err := c.Release(t.Context(), "ann", own("ann")); err != nil || seen != 1 {
			t.Fatal(seen, err)
		}
		down := errors.New("the key management service is down")
		w.unwrap = func() error { return down }
		if out, err := c.Release(t.Context(), "ann", own("ann")); out.Secret != nil || !errors.Is(err, down) {
			t.Fatalf("%q %v", out.Secret, err)
		}
		log, err := c.Log(t.Context(), audit.Query{Limit: 1})
		if err != nil || log[0].Action != "key.release_failed" {
			t.Fatalf("%+v %v", log, err)
		}
	})
}

func TestASecretDoesNotLeaveWhenItsReleaseCannotBeLogged(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		s, c := p.open(t)
		keep(t, c, "ann", "k", "secret of ann")
		if _, err := s.Database().ExecContext(t.Context(), "DROP TABLE audit"); err != nil {
			t.Fatal(err)
		}
		if out, err := c.Release(t.Context(), "ann", own("ann")); out.Secret != nil || err == nil {
			t.Fatalf("%q %v", out.Secret, err)
		}
	})
}

func TestAForgottenSecretIsGone(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		_, c := p.open(t)
		keep(t, c, "ann", "k", "secret of ann")
		for range 2 { // the second time there is nothing to do, nor to log
			if err := c.Forget(t.Context(), "ann", "ann"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.Release(t.Context(), "ann", own("ann")); !errors.Is(err, escrow.ErrNotFound) {
			t.Fatal(err)
		}
		log, err := c.Log(t.Context(), audit.Query{})
		if err != nil || len(log) != 2 || log[0].Action != "key.forget" {
			t.Fatalf("%+v %v", log, err)
		}
	})
}

func TestAForgottenSecretIsNotInTheFileOfSQLiteEvenWrapped(t *testing.T) {
	dir := t.TempDir()
	p := place{filepath.Join(dir, "keys.db"), filepath.Join(dir, "master.key"), filepath.Join(dir, "credential")}
	s, c := p.open(t)
	keep(t, c, "ann", "k", strings.Repeat("s", 900))
	var wrapped []byte
	if err := s.Database().QueryRowContext(t.Context(), "SELECT wrapped FROM kept_key").Scan(&wrapped); err != nil {
		t.Fatal(err)
	}
	if err := c.Forget(t.Context(), "ann", "ann"); err != nil {
		t.Fatal(err)
	}
	s.Close() // brings the journal into the file and removes it
	file, err := os.ReadFile(p.address)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(file, wrapped[100:200]) {
		t.Fatal("it is still there")
	}
}

func TestWhatIsNoSecretIsNotKept(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		_, c := p.open(t)
		for _, bad := range []struct{ account, keyFile, secret string }{
			{"", "k", "s"}, {"ann", "", "s"}, {"ann", "k", ""}, {"ann", "k", strings.Repeat("s", 1025)}, {"ann", strings.Repeat("k", 201), "s"},
		} {
			if _, err := c.Keep(t.Context(), bad.account, bad.keyFile, []byte(bad.secret)); !errors.Is(err, escrow.ErrSecret) {
				t.Errorf("%.20v: %v", bad, err)
			}
		}
	})
}

func TestOnlyTheCredentialOpensTheKeyStore(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		s, _ := p.open(t)
		for _, wrong := range []string{"", " ", p.credential(t) + "x", p.credential(t)[1:], strings.ToLower(p.credential(t))} {
			if c, err := s.Client(wrong); c != nil || !errors.Is(err, escrow.ErrCredential) {
				t.Errorf("%q: %v", wrong, err)
			}
		}
		before := p.credential(t)
		s.Close()
		if err := os.Remove(p.credentialFile); err != nil {
			t.Fatal(err)
		}
		s, _ = p.open(t)
		if _, err := s.Client(before); !errors.Is(err, escrow.ErrCredential) {
			t.Errorf("the credential that was removed: %v", err)
		}
	})
}

func TestRacingKeepsAndReleasesKeepOneChainAndWholeSecrets(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		s, c := p.open(t)
		keep(t, c, "ann", "k0", "secret k0")
		var group sync.WaitGroup
		for _, name := range []string{"k1", "k2", "k3", "k4", "k5", "k6"} {
			group.Go(func() {
				if _, err := c.Keep(t.Context(), "ann", name, []byte("secret "+name)); err != nil {
					t.Error(err)
				}
			})
			group.Go(func() {
				out, err := c.Release(t.Context(), "ann", own("ann"))
				secret, keyFile := out.Secret, out.KeyFile
				if err != nil || string(secret) != "secret "+keyFile {
					t.Errorf("%q of %s: %v", secret, keyFile, err)
				}
			})
		}
		group.Wait()
		if err := s.Log().Verify(t.Context()); err != nil {
			t.Error(err)
		}
		if head, err := s.Log().Head(t.Context()); err != nil || head.Number != 13 {
			t.Errorf("%+v %v", head, err)
		}
	})
}
