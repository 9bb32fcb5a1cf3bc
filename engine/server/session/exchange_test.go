package session_test

import (
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/engine/server/session"
)

func codeForm(code string) url.Values {
	return url.Values{"grant_type": {session.GrantCode}, "client_id": {session.Client}, "code": {code}, "code_verifier": {verifier}, "redirect_uri": {redirect}}
}

func (f *fixture) code(t *testing.T) string {
	t.Helper()
	code, err := f.Code(t.Context(), "ann", authorize(), "192.0.2.7")
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestACodeBecomesASessionOfTheApp(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		code, consented := f.code(t), f.now
		f.pass(59 * time.Second)
		token, made, err := f.Exchange(t.Context(), codeForm(code), "192.0.2.8")
		if err != nil {
			t.Fatal(err)
		}
		found, err := f.Find(t.Context(), token)
		if err != nil || found != made || found.Person != "ann" || found.Kind != session.App || found.Name != "Ann's laptop" || found.Address != "192.0.2.8" {
			t.Fatalf("%+v, %v", found, err)
		}
		if !found.Fresh.Equal(consented) || !found.Expires.Equal(f.now.Add(time.Hour)) {
			t.Fatalf("fresh at %v, expires at %v", found.Fresh, found.Expires)
		}
	})
}

func TestASecondUseOfACodeEndsTheSessionOfTheFirst(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		code := f.code(t)
		token, _, err := f.Exchange(t.Context(), codeForm(code), "")
		if err != nil {
			t.Fatal(err)
		}
		other, _ := f.create(t, "ann", session.App)
		f.pass(30 * time.Minute) // long after the code is too old
		if err := f.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := f.Exchange(t.Context(), codeForm(code), ""); !isOAuth(err, "invalid_grant") {
			t.Fatalf("got %v", err)
		}
		if f.lives(t, token) || !f.lives(t, other) {
			t.Fatal("not the one session ended")
		}
	})
}

func TestACodeIsExchangedOnceHoweverManyTry(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		code := f.code(t)
		var group sync.WaitGroup
		var done atomic.Int32
		for range 10 {
			group.Go(func() {
				_, _, err := f.Exchange(t.Context(), codeForm(code), "")
				if err == nil {
					done.Add(1)
				} else if !isOAuth(err, "invalid_grant") {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if done.Load() != 1 {
			t.Fatalf("exchanged %d times", done.Load())
		}
		if list, err := f.List(t.Context(), "ann"); err != nil || len(list) != 0 {
			t.Fatalf("%d sessions are open, %v", len(list), err)
		}
	})
}

func TestACodeIsUsedUpByAWrongTry(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for name, change := range map[string]func(url.Values){
			"another verifier": func(q url.Values) { q.Set("code_verifier", verifier[:42]+"l") },
			"another redirect": func(q url.Values) { q.Set("redirect_uri", "http://127.0.0.1:49153/done") },
			"no redirect":      func(q url.Values) { q.Del("redirect_uri") },
		} {
			code := f.code(t)
			form := codeForm(code)
			change(form)
			if _, _, err := f.Exchange(t.Context(), form, ""); !isOAuth(err, "invalid_grant") {
				t.Errorf("%s: %v", name, err)
			}
			if _, _, err := f.Exchange(t.Context(), codeForm(code), ""); !isOAuth(err, "invalid_grant") {
				t.Errorf("%s: good after it: %v", name, err)
			}
		}
	})
}

func TestACodeIsTooOldAfterAMinute(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		code := f.code(t)
		f.pass(time.Minute)
		if _, _, err := f.Exchange(t.Context(), codeForm(code), ""); !isOAuth(err, "invalid_grant") {
			t.Fatalf("got %v", err)
		}
	})
}

func TestAFormThatIsNotRightIsRefusedWithTheStandardsWord(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		code := f.code(t)
		for name, c := range map[string]struct {
			change func(url.Values)
			code   string
		}{
			"another client":   {func(q url.Values) { q.Set("client_id", "evil") }, "invalid_client"},
			"no client":        {func(q url.Values) { q.Del("client_id") }, "invalid_client"},
			"no grant":         {func(q url.Values) { q.Del("grant_type") }, "invalid_request"},
			"a password":       {func(q url.Values) { q.Set("grant_type", "password") }, "unsupported_grant_type"},
			"two codes":        {func(q url.Values) { q.Add("code", "x") }, "invalid_request"},
			"no code":          {func(q url.Values) { q.Del("code") }, "invalid_request"},
			"no verifier":      {func(q url.Values) { q.Del("code_verifier") }, "invalid_request"},
			"a short verifier": {func(q url.Values) { q.Set("code_verifier", verifier[:42]) }, "invalid_request"},
			"an unknown code":  {func(q url.Values) { q.Set("code", "\x00'") }, "invalid_grant"},
			"no device code":   {func(q url.Values) { q.Set("grant_type", session.GrantDevice) }, "invalid_request"},
		} {
			form := codeForm(code)
			c.change(form)
			if _, _, err := f.Exchange(t.Context(), form, ""); !isOAuth(err, c.code) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, _, err := f.Exchange(t.Context(), codeForm(code), ""); err != nil {
			t.Errorf("none of them asked for this code, but it is used up: %v", err)
		}
	})
}
