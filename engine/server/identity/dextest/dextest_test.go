package dextest_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/escrow"
	"holdfast/engine/server/identity"
	"holdfast/engine/server/identity/dextest"
)

const (
	person = "0123456789abcdef0123456789abcdef"
	origin = "https://localhost:8443"
)

func TestAPersonSignsInAtARealProvider(t *testing.T) {
	p := dextest.Start(t, origin+"/sign-in/return", dextest.User{Email: "ann@college.edu", Name: "Ann", Password: "ann's password"})
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		key, err := escrow.OpenKeyFile(filepath.Join(t.TempDir(), "secrets.key"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := identity.New(db, identity.Options{Origin: origin, Sealer: key, Provider: &identity.ProviderOptions{
			Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: p.ClientSecret, NoAuthTime: true,
		}}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		first := signIn(t, s, identity.Intent{Invitation: "token"})
		if first.Person != "" || first.Email != "ann@college.edu" || first.Name != "Ann" || first.Issuer != p.Issuer || first.Invitation != "token" {
			t.Fatalf("%+v", first)
		}
		if err := s.Link(ctx, person, first.Issuer, first.Subject, first.Email); err != nil {
			t.Fatal(err)
		}
		if second := signIn(t, s, identity.Intent{Person: person, Again: true}); second.Person != person {
			t.Fatalf("%+v", second)
		}
	})
}

// signIn is a browser without script: it opens the provider's page, fills in the form
// and is sent back.
func signIn(t *testing.T, s *identity.Service, i identity.Intent) identity.Outcome {
	t.Helper()
	redirect, ceremony, err := s.BeginProvider(t.Context(), i, "")
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var back *url.URL
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), origin) {
			back = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	answer, err := browser.Get(redirect)
	page := body(t, answer, err)
	action := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(page)
	if action == nil {
		t.Fatalf("no form on %s", page)
	}
	form, err := answer.Request.URL.Parse(html.UnescapeString(action[1]))
	if err != nil {
		t.Fatal(err)
	}
	answer, err = browser.PostForm(form.String(), url.Values{"login": {"ann@college.edu"}, "password": {"ann's password"}})
	if page := body(t, answer, err); back == nil {
		t.Fatalf("not sent back: %s", page)
	}
	o, err := s.FinishProvider(t.Context(), ceremony, back.Query())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func body(t *testing.T, answer *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
