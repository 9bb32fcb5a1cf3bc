package main

import (
	"slices"
	"testing"

	"holdfast/engine"
	"holdfast/engine/account"
	"holdfast/engine/server/people"
	"holdfast/engine/storage"
)

// keyKinds are the kinds of the keys that the computer sees, in order.
func (p *pc) keyKinds() (kinds []engine.KeyKind) {
	p.t.Helper()
	keys, err := p.KeyList(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	for _, k := range keys {
		kinds = append(kinds, k.Kind)
	}
	slices.Sort(kinds)
	return kinds
}

// keyOf is the id of the one key of a kind.
func (p *pc) keyOf(kind engine.KeyKind) string {
	p.t.Helper()
	keys, err := p.KeyList(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	for _, k := range keys {
		if k.Kind == kind {
			return k.ID
		}
	}
	p.t.Fatalf("there is no key of the kind %q", kind)
	return ""
}

func (c *college) keptAs(want string) {
	c.t.Helper()
	a, err := c.session().Account(c.t.Context())
	if err != nil || a.Key.Mode != want {
		c.t.Errorf("the key is kept as %q, not %q (%v)", a.Key.Mode, want, err)
	}
}

const words = "seven quiet owls at noon"

func TestHowTheKeyIsKeptChangesAfterAFreshSignInWithoutUploadingAgain(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		c.secrets.add("the passphrase", words)
		first := c.computer("laptop")
		content := incompressible(300_000)
		path := first.write("thesis.dat", content)
		first.join()
		first.backUp()
		stored := c.packs()
		first.reopen() // the sign-in with which it joined is forgotten
		ctx := t.Context()
		for what, change := range map[string]func() error{
			"a passphrase":        func() error { return first.SetPassphrase(ctx, words) },
			"back to standard":    func() error { return first.SetPassphrase(ctx, "") },
			"a new recovery code": func() error { _, err := first.NewRecoveryCode(ctx); return err },
			"revoking":            func() error { return first.RevokeKey(ctx, first.keyOf(engine.KeyRecovery)) },
		} {
			before := first.keyKinds()
			first.fails(change(), engine.KindFresh, "Nothing was changed")
			if after := first.keyKinds(); !slices.Equal(before, after) {
				t.Errorf("%s without a sign-in: %v became %v", what, before, after)
			}
		}
		c.keptAs(account.KeyStandard)

		first.signIn()
		if err := first.SetPassphrase(ctx, words); err != nil {
			t.Fatal(err)
		}
		c.keptAs(account.KeyPassphrase)
		if kinds := first.keyKinds(); !slices.Equal(kinds, []engine.KeyKind{engine.KeyComputer, engine.KeyPassphrase, engine.KeyRecovery}) {
			t.Errorf("with a passphrase there are %v", kinds)
		}
		second := c.computer("desktop")
		second.join(func(q *engine.JoinRequest) { q.Secret = words })
		second.restores(first.id(), path, content)

		code, err := first.NewRecoveryCode(ctx)
		if err != nil {
			t.Fatal(err)
		}
		c.secrets.add("the new recovery code", code)
		if err := first.SetPassphrase(ctx, ""); err != nil {
			t.Fatal(err)
		}
		c.keptAs(account.KeyStandard)
		third := c.computer("tower")
		third.join()
		third.restores(first.id(), path, content)
		if now := c.packs(); now != stored {
			t.Errorf("%d bytes of files became %d", stored, now)
		}
	})
}

func TestTheLastKeyOfThePersonIsNotRevoked(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		c.secrets.add("the passphrase", words)
		p := c.computer("laptop")
		p.join()
		ctx := t.Context()
		p.fails(p.RevokeKey(ctx, p.keyOf(engine.KeyInstitution)), engine.KindInvalid, "keeps this key for you")
		if err := p.SetPassphrase(ctx, words); err != nil {
			t.Fatal(err)
		}
		if err := p.RevokeKey(ctx, p.keyOf(engine.KeyRecovery)); err != nil {
			t.Fatal(err)
		}
		p.fails(p.RevokeKey(ctx, p.keyOf(engine.KeyPassphrase)), engine.KindInvalid, "on a new computer")
		if err := p.SetPassphrase(ctx, ""); err != nil { // the institution keeps a key first
			t.Fatal(err)
		}
		if kinds := p.keyKinds(); !slices.Equal(kinds, []engine.KeyKind{engine.KeyComputer, engine.KeyInstitution}) {
			t.Errorf("there are %v", kinds)
		}
		c.computer("desktop").join()
	})
}

func TestAKeyThatTheInstitutionForgotIsNotListedAsItsOwn(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		p.join()
		kept := p.keyOf(engine.KeyInstitution)
		if err := c.session().ForgetKey(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.v.store.Unhold(t.Context(), c.person, storage.Keys, kept); err != nil { // as after a step that broke off
			t.Fatal(err)
		}
		if kinds := p.keyKinds(); slices.Contains(kinds, engine.KeyInstitution) || len(kinds) != 3 {
			t.Errorf("there are %v", kinds)
		}
		if err := p.RevokeKey(t.Context(), kept); err != nil {
			t.Error(err)
		}
	})
}

func TestTheSignInOfSomebodyElseChangesNoKeys(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		c.secrets.add("the passphrase", words)
		laptop := c.computer("laptop")
		laptop.join()
		ann := c.person
		c.person = c.another("ben@college.edu")
		c.computer("ben’s").join()

		laptop.signIn() // as Ben
		before := laptop.keyKinds()
		laptop.fails(laptop.SetPassphrase(t.Context(), words), engine.KindInvalid, "ann@college.edu")
		laptop.fails(laptop.SetPassphrase(t.Context(), words), engine.KindFresh, "Sign in again")
		if after := laptop.keyKinds(); !slices.Equal(before, after) {
			t.Errorf("%v became %v", before, after)
		}
		c.keptAs(account.KeyStandard) // Ben's
		c.person = ann
		c.keptAs(account.KeyStandard)
	})
}

// another makes a second person.
func (c *college) another(email string) string {
	c.t.Helper()
	_, token, err := c.v.people.Invite(c.t.Context(), email, "Ben", people.Member, "the test")
	var p people.Person
	if err == nil {
		p, err = c.v.people.Accept(c.t.Context(), token)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return p.ID
}
