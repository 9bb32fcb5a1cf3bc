package session_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"holdfast/engine/server/session"
)

// The verifier and the challenge of RFC 7636, appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	redirect  = "http://127.0.0.1:49152/done"
)

func authorize() session.Authorize {
	return session.Authorize{Client: session.Client, RedirectURI: redirect, State: "xyz", Challenge: challenge, Name: "Ann's laptop"}
}

func isOAuth(err error, code string) bool {
	e, ok := errors.AsType[session.OAuthError](err)
	return ok && e.Code == code && e.Status >= 400 && e.Description != ""
}

func TestARequestOfTheAppIsReadAndWrittenTheSameWay(t *testing.T) {
	a, err := session.ParseAuthorize(authorize().Query())
	if err != nil || a != authorize() {
		t.Fatalf("%+v, %v", a, err)
	}
	if got := a.Answer("c0de"); got != redirect+"?code=c0de&state=xyz" {
		t.Errorf("answers at %s", got)
	}
	if got := a.Redirect(session.Refused); got != redirect+"?error=access_denied&error_description=The+person+said+no.&state=xyz" {
		t.Errorf("refuses at %s", got)
	}
	if got := a.Redirect(errors.New("the disk /secret is gone")); !strings.Contains(got, "error=server_error") || strings.Contains(got, "secret") {
		t.Errorf("fails at %s", got)
	}
}

func TestTheBrowserIsSentNowhereButToAPortOfThisComputer(t *testing.T) {
	for _, address := range []string{redirect, "http://[::1]:1/", "http://127.0.0.1:65535/a/b-c_d.e~f"} {
		q := authorize().Query()
		q.Set("redirect_uri", address)
		if a, err := session.ParseAuthorize(q); err != nil || a.RedirectURI != address {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{
		"", "/done", "https://127.0.0.1:1/", "http://127.0.0.1/", "http://127.0.0.1:80", "http://127.0.0.1:0/", "http://127.0.0.1:65536/",
		"http://127.0.0.1:080/", "http://127.0.0.1:+80/", "http://127.0.0.1:/", "http://localhost:80/", "http://127.0.0.2:80/", "http://127.1:80/",
		"http://2130706433:80/", "http://0:80/", "http://[::]:80/", "http://[::ffff:127.0.0.1]:80/", "http://127.0.0.1.evil.example:80/",
		"http://127.0.0.1:80@evil.example/", "http://ann@127.0.0.1:80/", "http://evil.example:80/", "http://127.0.0.1:80\\@evil.example/",
		"http://127.0.0.1:80/?x=y", "http://127.0.0.1:80/#x", "http://127.0.0.1:80/%0d%0aX:y", "http://127.0.0.1:80/\r\nX: y", "HTTP://127.0.0.1:80/",
		" http://127.0.0.1:80/", "javascript:alert(1)", "http://127.0.0.1:80/" + strings.Repeat("a", 600),
	} {
		q := authorize().Query()
		q.Set("redirect_uri", address)
		if a, err := session.ParseAuthorize(q); !errors.Is(err, session.ErrRedirect) || a != (session.Authorize{}) {
			t.Errorf("%q: %+v, %v", address, a, err)
		}
	}
}

func TestARequestThatIsNotRightIsToldToTheAppOrToThePerson(t *testing.T) {
	for name, c := range map[string]struct {
		change func(q url.Values)
		code   string // "" is ErrRedirect
	}{
		"another client":         {func(q url.Values) { q.Set("client_id", "evil") }, ""},
		"two clients":            {func(q url.Values) { q.Add("client_id", "evil") }, ""},
		"two redirects":          {func(q url.Values) { q.Add("redirect_uri", "http://evil.example") }, ""},
		"two states":             {func(q url.Values) { q.Add("state", "b") }, "invalid_request"},
		"no state":               {func(q url.Values) { q.Del("state") }, "invalid_request"},
		"an endless state":       {func(q url.Values) { q.Set("state", strings.Repeat("x", 513)) }, "invalid_request"},
		"a token at once":        {func(q url.Values) { q.Set("response_type", "token") }, "unsupported_response_type"},
		"no challenge":           {func(q url.Values) { q.Del("code_challenge") }, "invalid_request"},
		"a plain challenge":      {func(q url.Values) { q.Set("code_challenge_method", "plain") }, "invalid_request"},
		"no method":              {func(q url.Values) { q.Del("code_challenge_method") }, "invalid_request"},
		"a short challenge":      {func(q url.Values) { q.Set("code_challenge", challenge[:42]) }, "invalid_request"},
		"a challenge not base64": {func(q url.Values) { q.Set("code_challenge", strings.Repeat("+", 43)) }, "invalid_request"},
	} {
		q := authorize().Query()
		c.change(q)
		a, err := session.ParseAuthorize(q)
		if c.code == "" {
			if !errors.Is(err, session.ErrRedirect) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !isOAuth(err, c.code) || a.RedirectURI != redirect {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func FuzzParseAuthorize(f *testing.F) {
	f.Add(authorize().Query().Encode())
	f.Add("client_id=holdfast&redirect_uri=http://[::1]:8/&x=1&x=2")
	f.Add("client_id=holdfast&redirect_uri=http://127.0.0.1:8/%2e%2e")
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		a, err := session.ParseAuthorize(q)
		if errors.Is(err, session.ErrRedirect) {
			return
		}
		u, parseErr := url.Parse(a.Redirect(session.Refused))
		if parseErr != nil || u.Scheme != "http" || u.User != nil || u.Port() == "" || u.Hostname() != "127.0.0.1" && u.Hostname() != "::1" {
			t.Fatalf("sent to %v, %v", u, parseErr)
		}
		if err == nil && (len(a.Challenge) != 43 || a.State == "" || u.Query().Get("state") != a.State) {
			t.Fatalf("accepted %+v", a)
		}
	})
}
