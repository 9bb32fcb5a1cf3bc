package main

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast/engine"
)

func TestJoiningMakesTheBackupAndASecondComputerOpensItWithTheKeptKey(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		first := c.computer("laptop")
		content := incompressible(300_000)
		path := first.write("Documents/thesis.dat", content)
		out := first.join()
		if !out.Made || out.RecoveryCode == "" {
			t.Fatalf("made %v, recovery code of %d", out.Made, len(out.RecoveryCode))
		}
		first.backUp()
		second := c.computer("desktop")
		in := second.signIn()
		if in.NeedSecret || len(in.Computers) != 1 || in.Computers[0].Name != "laptop" || in.SeatsUsed != 1 || in.Seats != 4 || in.Email != "ann@college.edu" {
			t.Errorf("signed in: %+v", in)
		}
		if out = second.join(); out.Made || out.RecoveryCode != "" || len(out.Computers) != 2 {
			t.Errorf("the second computer: made %v, %+v", out.Made, out.Computers)
		}
		second.restores(first.id(), path, content)
		if c.seats() != 2 {
			t.Errorf("%d seats are taken", c.seats())
		}
	})
}

// withoutKeptKey joins a computer whose person alone has the key from then on.
func (c *college) withoutKeptKey(passphrase string) (first *pc, path, code string) {
	c.t.Helper()
	first = c.computer("laptop")
	path = first.write("note.txt", "my note")
	code = first.join().RecoveryCode
	first.backUp()
	if passphrase != "" {
		c.secrets.add("the passphrase", passphrase)
		if err := first.SetPassphrase(c.t.Context(), passphrase); err != nil {
			c.t.Fatal(err)
		}
	}
	if err := c.session().ForgetKey(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	return first, path, code
}

func TestWithoutAKeptKeyAComputerNeedsThePassphraseOrTheRecoveryCode(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		const passphrase = "seven quiet owls at noon"
		first, path, code := c.withoutKeptKey(passphrase)
		first.backUp() // by its own key
		for name, secret := range map[string]string{"by passphrase": passphrase, "by code": code} {
			p := c.computer(name)
			in := p.signIn()
			if !in.NeedSecret {
				t.Errorf("%s: no secret is asked for", name)
			}
			q := engine.JoinRequest{SignIn: in.ID, Computer: name}
			_, err := p.Join(t.Context(), q)
			p.fails(err, engine.KindSecret, "Only you have the key")
			q.Secret = secret
			out, err := p.Join(t.Context(), q)
			if err != nil {
				t.Fatalf("%s: %v (%v)", name, err, errors.Unwrap(err))
			}
			p.joined(out)
			p.restores(first.id(), path, "my note")
		}
	})
}

func TestAWrongSecretTakesOneSeatHoweverOftenItIsTried(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		first, path, code := c.withoutKeptKey("")
		p := c.computer("desktop")
		q := engine.JoinRequest{SignIn: p.signIn().ID, Computer: p.name}
		for _, wrong := range []string{"", "a wrong passphrase"} {
			q.Secret = wrong
			_, err := p.Join(t.Context(), q)
			p.fails(err, engine.KindSecret, "Nothing was changed")
		}
		q.Secret = code
		if _, err := p.Join(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		if n := c.seats(); n != 2 {
			t.Errorf("%d seats are taken", n)
		}
		p.restores(first.id(), path, "my note")
	})
}

func TestSettingsAreKeptOnTheServerAndMoveToTheHomeOfTheNewComputer(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		old := c.computer("laptop")
		content := incompressible(50_000)
		path := old.write("Papers/draft.dat", content)
		old.write("Papers/old/skip.txt", "left out")
		old.join()
		chosen := engine.Selection{Choices: []engine.Choice{
			{Path: filepath.Join(old.user, "Papers"), Include: true, NewItems: true}, {Path: filepath.Join(old.user, "Papers", "old")}}}
		if err := old.SaveSelection(t.Context(), chosen); err != nil {
			t.Fatal(err)
		}
		old.backUp()
		id := old.id()
		kept, changed, err := c.v.computers.Settings(t.Context(), id)
		if err != nil || changed.IsZero() || !strings.Contains(string(kept), "Papers") {
			t.Fatalf("the server has the settings %s, %v", kept, err)
		}
		fresh := c.computer("new laptop")
		fresh.join(func(q *engine.JoinRequest) { q.Replace = id })
		got, err := fresh.Selection(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		has := func(path string, include bool) bool {
			return slices.ContainsFunc(got.Choices, func(c engine.Choice) bool { return c.Path == path && c.Include == include })
		}
		if !has(filepath.Join(fresh.user, "Papers"), true) || !has(filepath.Join(fresh.user, "Papers", "old"), false) || len(got.Choices) != 2 {
			t.Errorf("the selection is %+v below %s", got.Choices, fresh.user)
		}
		fresh.restores("", path, content)
		fresh.write("Papers/draft.dat", content)
		fresh.write("Papers/old/skip.txt", "left out")
		if out := fresh.backUp(); out.Stored > 20_000 {
			t.Errorf("%d bytes were uploaded again", out.Stored)
		}
	})
}

func TestAComputerWhosePlaceWasTakenSaysSo(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		old := c.computer("laptop")
		old.write("one.txt", "one")
		old.join()
		old.backUp()
		id := old.id()
		fresh := c.computer("new laptop")
		fresh.join(func(q *engine.JoinRequest) { q.Replace = id })
		if fresh.id() != id || c.seats() != 1 {
			t.Errorf("%s became %s, with %d seats", id, fresh.id(), c.seats())
		}
		for range 2 { // with the store open, and opened anew
			old.backUpFails(engine.KindReplaced, "took the place of this one")
		}
		if keys, err := fresh.KeyList(t.Context()); err != nil || len(keys) != 3 { // kept, recovery, its own
			t.Errorf("the keys are %+v, %v", keys, err)
		}
		fresh.backUp()
		signsInAgain := func(when string) {
			_, err := old.Join(t.Context(), engine.JoinRequest{SignIn: old.signIn().ID, Computer: old.name})
			if engine.KindOf(err) != engine.KindReplaced {
				t.Errorf("%s: it signed in again: %v", when, err)
			}
		}
		old.here()
		signsInAgain("as it was")
		if err := old.keys.Delete(old.repository() + "-server"); err != nil {
			t.Fatal(err)
		}
		signsInAgain("with an empty keychain") // nothing of the server's is left there that could say so
		fresh.backUp()
	})
}
