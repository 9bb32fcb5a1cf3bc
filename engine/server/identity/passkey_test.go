package identity_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/server/identity"
)

// register gives the person a passkey.
func register(t *testing.T, s *identity.Service, person string) *authenticator {
	t.Helper()
	a := newAuthenticator(t)
	options, ceremony, err := s.BeginPasskey(t.Context(), person, "ann@college.edu")
	must(t, err)
	must(t, s.FinishPasskey(t.Context(), person, ceremony, "  My\x00 key ", a.create(t, options)))
	return a
}

func TestAPasskeySignsInAloneAndAsASecondFactor(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, _ *database.DB, c *clock) {
		ctx := t.Context()
		a := register(t, s, ann)
		register(t, s, bea)
		for _, asked := range []string{"", ann} {
			c.pass(time.Minute)
			options, ceremony, err := s.BeginPasskeyLogin(ctx, asked)
			must(t, err)
			var o requestOptions
			must(t, json.Unmarshal(options, &o))
			if o.PublicKey.UserVerification != "required" || o.PublicKey.RPID != "localhost" || (len(o.PublicKey.AllowCredentials) == 1) != (asked == ann) {
				t.Errorf("%s", options)
			}
			answer := a.get(t, options)
			if person, err := s.FinishPasskeyLogin(ctx, ceremony, answer); err != nil || person != ann {
				t.Fatalf("asked %q: %q, %v", asked, person, err)
			}
			_, err = s.FinishPasskeyLogin(ctx, ceremony, answer)
			want(t, err, identity.ErrCeremony)
		}
		f, err := s.Factors(ctx, ann)
		must(t, err)
		if len(f.Passkeys) != 1 || f.Passkeys[0].Name != "My key" || !f.Passkeys[0].Used.Equal(c.now()) {
			t.Fatalf("%+v", f.Passkeys)
		}
	})
}

func TestAPasskeysAnswerThatDoesNotHoldIsRefused(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, _ *database.DB, c *clock) {
		ctx := t.Context()
		for _, test := range []struct {
			name  string
			asked string
			spoil func(a *authenticator)
		}{
			{"of another page", "", func(a *authenticator) { a.origin = "https://evil.example" }},
			{"of another port", "", func(a *authenticator) { a.origin = "https://localhost:9" }},
			{"without the person's finger or PIN", ann, func(a *authenticator) { a.flags = present }},
			{"signed by another key", "", func(a *authenticator) { a.key = newAuthenticator(t).key }},
			{"with another's handle", "", func(a *authenticator) { a.handle = encode([]byte(bea)) }},
			{"from an unknown passkey", "", func(a *authenticator) { a.id = []byte("unknown") }},
			{"when another person was asked", bea, func(a *authenticator) {}},
			{"from a copy whose counter is behind", "", func(a *authenticator) { a.counter = 0 }},
		} {
			t.Run(test.name, func(t *testing.T) {
				must(t, s.Forget(ctx, ann))
				must(t, s.Forget(ctx, bea))
				a := register(t, s, ann)
				register(t, s, bea)
				options, ceremony, err := s.BeginPasskeyLogin(ctx, "")
				must(t, err)
				a.counter = 9
				_, err = s.FinishPasskeyLogin(ctx, ceremony, a.get(t, options))
				must(t, err)
				options, ceremony, err = s.BeginPasskeyLogin(ctx, test.asked)
				must(t, err)
				test.spoil(a)
				_, err = s.FinishPasskeyLogin(ctx, ceremony, a.get(t, options))
				want(t, err, identity.ErrRefused)
			})
		}
	})
}

func TestAPasskeyIsRegisteredOnceByItsOwner(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, _ *database.DB, c *clock) {
		ctx := t.Context()
		a := register(t, s, ann)
		options, ceremony, err := s.BeginPasskey(ctx, ann, "ann")
		must(t, err)
		if !strings.Contains(string(options), encode(a.id)) {
			t.Error("the browser is not told to leave out the passkey that is there")
		}
		want(t, s.FinishPasskey(ctx, ann, ceremony, "", a.create(t, options)), identity.ErrRefused)

		options, ceremony, err = s.BeginPasskey(ctx, ann, "ann")
		must(t, err)
		want(t, s.FinishPasskey(ctx, bea, ceremony, "", newAuthenticator(t).create(t, options)), identity.ErrRefused)
		want(t, s.FinishPasskey(ctx, ann, ceremony, "", newAuthenticator(t).create(t, options)), identity.ErrCeremony)

		options, ceremony, err = s.BeginPasskey(ctx, ann, "ann")
		must(t, err)
		c.pass(time.Hour)
		want(t, s.FinishPasskey(ctx, ann, ceremony, "", newAuthenticator(t).create(t, options)), identity.ErrCeremony)

		_, ceremony, err = s.BeginPasskeyLogin(ctx, "")
		must(t, err)
		want(t, s.FinishPasskey(ctx, ann, ceremony, "", a.create(t, options)), identity.ErrCeremony) // one kind is not the other
	})
}

func TestTheLastPasskeyStaysWhenThereIsNothingElse(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, _ *database.DB, c *clock) {
		ctx := t.Context()
		a, b := register(t, s, ann), register(t, s, ann)
		if err := s.RemovePasskey(ctx, bea, encode(a.id)); err == nil {
			t.Error("bea was told that ann's passkey is gone")
		}
		must(t, s.RemovePasskey(ctx, ann, encode(a.id)))
		want(t, s.RemovePasskey(ctx, ann, encode(b.id)), identity.ErrLastWay)
		_, ceremony, err := s.BeginPasskeyLogin(ctx, "")
		must(t, err)
		options, _, err := s.BeginPasskeyLogin(ctx, "")
		must(t, err)
		_, err = s.FinishPasskeyLogin(ctx, ceremony, a.get(t, options))
		want(t, err, identity.ErrRefused)
	})
}
