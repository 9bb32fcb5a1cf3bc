package identity_test

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/identity"
)

// eachIssuer runs a test on a service with a provider, on both databases.
func eachIssuer(t *testing.T, change func(*identity.ProviderOptions), run func(t *testing.T, s *identity.Service, i *issuer, c *clock)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		c := newClock()
		i := newIssuer(t, c)
		o := i.options()
		if change != nil {
			change(o)
		}
		run(t, open(t, db, c, o), i, c)
	})
}

func begin(t *testing.T, s *identity.Service, intent identity.Intent) (redirect, ceremony string) {
	t.Helper()
	redirect, ceremony, err := s.BeginProvider(t.Context(), intent, "")
	must(t, err)
	return redirect, ceremony
}

func TestASignInAtTheProviderTellsWhoItIsAndWhatItWasFor(t *testing.T) {
	eachIssuer(t, nil, func(t *testing.T, s *identity.Service, i *issuer, _ *clock) {
		ctx := t.Context()
		if name, ok := s.Provider(); name != "College SSO" || !ok {
			t.Error(name, ok)
		}
		intent := identity.Intent{Next: "/computers", Invitation: "token"}
		redirect, ceremony, err := s.BeginProvider(ctx, intent, "ann@college.edu")
		must(t, err)
		if !strings.Contains(redirect, "login_hint=ann%40college.edu") || strings.Contains(redirect, ceremony) || strings.Contains(redirect, "geheim") {
			t.Error(redirect)
		}
		o, err := s.FinishProvider(ctx, ceremony, i.signIn(redirect))
		must(t, err)
		if o.Intent != intent || o.Issuer != i.server.URL || o.Subject != "7" || o.Email != "ann@college.edu" || o.Name != "Ann" || o.Person != "" {
			t.Fatalf("%+v", o)
		}
		must(t, s.Link(ctx, ann, o.Issuer, o.Subject, o.Email))
		redirect, ceremony = begin(t, s, identity.Intent{})
		if o, err = s.FinishProvider(ctx, ceremony, i.signIn(redirect)); err != nil || o.Person != ann {
			t.Fatalf("%+v, %v", o, err)
		}
	})
}

func TestTheSameEMailFromAnotherSubjectIsSomebodyElse(t *testing.T) {
	eachIssuer(t, nil, func(t *testing.T, s *identity.Service, i *issuer, _ *clock) {
		must(t, s.Link(t.Context(), ann, i.server.URL, "7", "ann@college.edu"))
		must(t, s.Link(t.Context(), bea, "https://other.example", "8", "ann@college.edu"))
		i.set(func() { i.claims = map[string]any{"sub": "8"} })
		redirect, ceremony := begin(t, s, identity.Intent{})
		if o, err := s.FinishProvider(t.Context(), ceremony, i.signIn(redirect)); err != nil || o.Person != "" {
			t.Fatalf("%+v, %v", o, err)
		}
	})
}

func TestAnIDTokenThatDoesNotHoldIsRefused(t *testing.T) {
	forger, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	eachIssuer(t, nil, func(t *testing.T, s *identity.Service, i *issuer, c *clock) {
		now := c.now().Unix()
		for _, test := range []struct {
			name   string
			claims map[string]any
			want   error
		}{
			{"with another sign-in's nonce", map[string]any{"nonce": "another"}, identity.ErrRefused},
			{"without a nonce", map[string]any{"nonce": nil}, identity.ErrRefused},
			{"of another issuer", map[string]any{"iss": "https://evil.example"}, identity.ErrProvider},
			{"for another program", map[string]any{"aud": "mail"}, identity.ErrProvider},
			{"for several programs and issued to another", map[string]any{"aud": []string{"holdfast", "mail"}, "azp": "mail"}, identity.ErrRefused},
			{"for several programs and issued to nobody", map[string]any{"aud": []string{"holdfast", "mail"}}, identity.ErrRefused},
			{"that is too old", map[string]any{"exp": now - 1}, identity.ErrProvider},
			{"that names nobody", map[string]any{"sub": ""}, identity.ErrProvider},
			{"that names somebody too long", map[string]any{"sub": strings.Repeat("x", 256)}, identity.ErrProvider},
			{"that names somebody with a NUL", map[string]any{"sub": "7\x00"}, identity.ErrProvider},
			{"with claims of wrong kinds", map[string]any{"acr": 7}, identity.ErrProvider},
			{"for another access token", map[string]any{"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, identity.ErrProvider},
		} {
			i.set(func() { i.claims = test.claims })
			redirect, ceremony := begin(t, s, identity.Intent{})
			o, err := s.FinishProvider(t.Context(), ceremony, i.signIn(redirect))
			if !errors.Is(err, test.want) || o != (identity.Outcome{}) {
				t.Errorf("%s: %+v, %v", test.name, o, err)
			}
		}
		i.set(func() { i.claims, i.forger = nil, forger })
		redirect, ceremony := begin(t, s, identity.Intent{})
		_, err := s.FinishProvider(t.Context(), ceremony, i.signIn(redirect))
		want(t, err, identity.ErrProvider)
	})
}

func TestAnAnswerThatDoesNotBelongToTheCeremonyIsRefused(t *testing.T) {
	eachIssuer(t, nil, func(t *testing.T, s *identity.Service, i *issuer, c *clock) {
		for _, test := range []struct {
			name   string
			change func(q url.Values)
			want   error
		}{
			{"wrong state", func(q url.Values) { q.Set("state", "another") }, identity.ErrCeremony},
			{"no state", func(q url.Values) { q.Del("state") }, identity.ErrCeremony},
			{"another issuer's", func(q url.Values) { q.Set("iss", "https://evil.example") }, identity.ErrRefused},
			{"no code", func(q url.Values) { q.Del("code") }, identity.ErrProvider},
			{"a code nobody gave", func(q url.Values) { q.Set("code", "guess") }, identity.ErrRefused},
			{"cancelled", func(q url.Values) { q.Set("error", "access_denied") }, identity.ErrRefused},
			{"not strong enough", func(q url.Values) { q.Set("error", "unmet_authentication_requirements") }, identity.ErrAssurance},
			{"trouble", func(q url.Values) { q.Set("error", "server_error") }, identity.ErrProvider},
		} {
			redirect, ceremony := begin(t, s, identity.Intent{})
			q := i.signIn(redirect)
			right := url.Values{"code": q["code"], "state": q["state"]}
			test.change(q)
			_, err := s.FinishProvider(t.Context(), ceremony, q)
			if !errors.Is(err, test.want) {
				t.Errorf("%s: %v", test.name, err)
			}
			if _, err := s.FinishProvider(t.Context(), ceremony, right); !errors.Is(err, identity.ErrCeremony) {
				t.Errorf("%s: the ceremony goes on: %v", test.name, err)
			}
		}
		// Another browser's code, with that browser's state put right: PKCE refuses it.
		redirect, _ := begin(t, s, identity.Intent{})
		stolen := i.signIn(redirect)
		redirect, ceremony := begin(t, s, identity.Intent{})
		own := i.signIn(redirect)
		stolen.Set("state", own.Get("state"))
		_, err := s.FinishProvider(t.Context(), ceremony, stolen)
		want(t, err, identity.ErrRefused)

		redirect, ceremony = begin(t, s, identity.Intent{})
		late := i.signIn(redirect)
		c.pass(time.Hour)
		_, err = s.FinishProvider(t.Context(), ceremony, late)
		want(t, err, identity.ErrCeremony)
	})
}

func TestOneAnswerOfTheProviderIsOneSignIn(t *testing.T) {
	eachIssuer(t, nil, func(t *testing.T, s *identity.Service, i *issuer, _ *clock) {
		redirect, ceremony := begin(t, s, identity.Intent{})
		q := i.signIn(redirect)
		n := winners(t, 8, func() (bool, error) {
			_, err := s.FinishProvider(t.Context(), ceremony, q)
			if errors.Is(err, identity.ErrCeremony) {
				return false, nil
			}
			return err == nil, err
		})
		if n != 1 {
			t.Fatalf("%d sign-ins", n)
		}
		redirect, ceremony = begin(t, s, identity.Intent{})
		again := i.signIn(redirect)
		again.Set("code", q.Get("code")) // used
		_, err := s.FinishProvider(t.Context(), ceremony, again)
		want(t, err, identity.ErrRefused)
	})
}

func TestTheAssuranceThatTheInstitutionAsksForIsThere(t *testing.T) {
	ask := func(o *identity.ProviderOptions) { o.ACR, o.AMR = []string{"gold", "silver"}, []string{"otp", "hwk"} }
	eachIssuer(t, ask, func(t *testing.T, s *identity.Service, i *issuer, _ *clock) {
		for _, test := range []struct {
			name   string
			claims map[string]any
			want   error
		}{
			{"nothing said", nil, identity.ErrAssurance},
			{"no method said", map[string]any{"acr": "gold"}, identity.ErrAssurance},
			{"no class said", map[string]any{"amr": []string{"otp"}}, identity.ErrAssurance},
			{"a lower class", map[string]any{"acr": "bronze", "amr": []string{"otp"}}, identity.ErrAssurance},
			{"a password only", map[string]any{"acr": "gold", "amr": []string{"pwd"}}, identity.ErrAssurance},
			{"enough", map[string]any{"acr": "silver", "amr": []string{"pwd", "otp"}}, nil},
			{"enough, written as a string", map[string]any{"acr": "gold", "amr": "hwk"}, nil},
		} {
			i.set(func() { i.claims = test.claims })
			redirect, ceremony := begin(t, s, identity.Intent{})
			if !strings.Contains(redirect, "acr_values=gold+silver") {
				t.Error(redirect)
			}
			if _, err := s.FinishProvider(t.Context(), ceremony, i.signIn(redirect)); !errors.Is(err, test.want) {
				t.Errorf("%s: %v", test.name, err)
			}
		}
	})
}

func TestSigningInAfreshIsFreshAndTheSamePersons(t *testing.T) {
	eachIssuer(t, nil, func(t *testing.T, s *identity.Service, i *issuer, c *clock) {
		must(t, s.Link(t.Context(), ann, i.server.URL, "7", ""))
		must(t, s.Link(t.Context(), bea, i.server.URL, "8", ""))
		now := c.now().Unix()
		for _, test := range []struct {
			name   string
			claims map[string]any
			want   error
		}{
			{"no time said", nil, identity.ErrAssurance},
			{"yesterday's", map[string]any{"auth_time": now - 86400}, identity.ErrAssurance},
			{"tomorrow's", map[string]any{"auth_time": now + 86400}, identity.ErrAssurance},
			{"somebody else", map[string]any{"auth_time": now, "sub": "8"}, identity.ErrRefused},
			{"somebody unknown", map[string]any{"auth_time": now, "sub": "9"}, identity.ErrRefused},
			{"fresh", map[string]any{"auth_time": now + 5}, nil},
		} {
			i.set(func() { i.claims = test.claims })
			redirect, ceremony := begin(t, s, identity.Intent{Person: ann, Again: true})
			if !strings.Contains(redirect, "prompt=login") || !strings.Contains(redirect, "max_age=0") {
				t.Error(redirect)
			}
			if _, err := s.FinishProvider(t.Context(), ceremony, i.signIn(redirect)); !errors.Is(err, test.want) {
				t.Errorf("%s: %v", test.name, err)
			}
		}
	})
}

func TestAProviderThatIsDownIsFoundOnceItIsBackAndTellsNoSecret(t *testing.T) {
	eachIssuer(t, nil, func(t *testing.T, s *identity.Service, i *issuer, _ *clock) {
		i.set(func() { i.down = true })
		_, _, err := s.BeginProvider(t.Context(), identity.Intent{}, "")
		want(t, err, identity.ErrProvider)
		i.set(func() { i.down = false })
		redirect, ceremony := begin(t, s, identity.Intent{})
		q := i.signIn(redirect)
		i.set(func() { i.down = true })
		_, err = s.FinishProvider(t.Context(), ceremony, q)
		want(t, err, identity.ErrProvider)
		for _, secret := range []string{"geheim", q.Get("code"), ceremony} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%v", err)
			}
		}
		i.set(func() { i.down = false })
		redirect, ceremony = begin(t, s, identity.Intent{})
		_, err = s.FinishProvider(t.Context(), ceremony, i.signIn(redirect))
		must(t, err)
	})
}

func TestWithoutAProviderNobodySignsInThere(t *testing.T) {
	each(t, func(t *testing.T, s *identity.Service, _ *database.DB, _ *clock) {
		if _, ok := s.Provider(); ok {
			t.Error("there is one")
		}
		_, _, err := s.BeginProvider(t.Context(), identity.Intent{}, "")
		want(t, err, identity.ErrRefused)
		_, err = s.FinishProvider(t.Context(), "", nil)
		want(t, err, identity.ErrRefused)
	})
}

func TestAProviderWithoutTLSOrNameIsRefused(t *testing.T) {
	for _, o := range []identity.ProviderOptions{{}, {Issuer: "https://id.college.edu"}, {Issuer: "http://id.college.edu", ClientID: "x"}, {Issuer: "id.college.edu", ClientID: "x"}} {
		if _, err := identity.New(nil, identity.Options{Origin: "https://localhost", Provider: &o, Sealer: sealer(t)}, time.Now); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}
