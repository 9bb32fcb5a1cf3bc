package web_test

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/identity"
	"holdfast/engine/server/identity/dextest"
	"holdfast/engine/server/people"
)

// An invitation is used up by somebody else between the look at it and its use, which
// a trigger of the database stands for here.
func TestAnInvitationThatIsUsedUpMeanwhileLinksNothing(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, func(origin string) *identity.ProviderOptions {
			p := dextest.Start(t, origin+"/sign-in/return", dextest.User{Email: "ann@college.edu", Name: "ann", Password: "dex password"})
			return &identity.ProviderOptions{Name: "College SSO", Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: p.ClientSecret, NoAuthTime: true}
		})
		_, token, err := b.People.Invite(t.Context(), "ann@college.edu", "Ann", people.Member, "server")
		if err != nil {
			t.Fatal(err)
		}
		before := databasetest.Contents(t, db, "identity_ceremony")
		steal, stop := "CREATE TRIGGER steal AFTER INSERT ON identity_link BEGIN DELETE FROM invitation; END", "DROP TRIGGER steal"
		if db.Kind == database.PostgreSQL {
			steal = "CREATE FUNCTION steal() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM invitation; RETURN NULL; END'; CREATE TRIGGER steal AFTER INSERT ON identity_link FOR EACH ROW EXECUTE FUNCTION steal()"
			stop += " ON identity_link"
		}
		exec(t, db, steal)
		b.visitor().joinAtProvider("ann@college.edu", token).want(t, 400, "This invitation was used a moment ago")
		if after := databasetest.Contents(t, db, "identity_ceremony"); after != before {
			t.Errorf("it changed\n%s\ninto\n%s", before, after)
		}
		exec(t, db, stop)
		b.visitor().joinAtProvider("ann@college.edu", token).want(t, 200, "Nothing to download here")
	})
}

func exec(t *testing.T, db *database.DB, query string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}

var (
	onward = regexp.MustCompile(`<a class="button main wide" href="([^"]+)"`)
	login  = regexp.MustCompile(`<form[^>]* action="([^"]+)"`)
)

// joinAtProvider accepts an invitation with the institution's sign-in, by filling in
// its form.
func (v *visitor) joinAtProvider(email, invitation string) shown {
	v.Helper()
	to := onward.FindStringSubmatch(v.post("/sign-in/provider", "invitation", invitation).text)
	if to == nil {
		v.Fatal("nobody is sent to the provider")
	}
	answer, err := v.client.Get(html.UnescapeString(to[1]))
	if err != nil {
		v.Fatal(err)
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil {
		v.Fatal(err)
	}
	action := login.FindSubmatch(page)
	if action == nil {
		v.Fatalf("no form to sign in with: %s", page)
	}
	at, err := answer.Request.URL.Parse(html.UnescapeString(string(action[1])))
	if err != nil {
		v.Fatal(err)
	}
	back, err := v.client.PostForm(at.String(), url.Values{"login": {email}, "password": {"dex password"}})
	if err != nil {
		v.Fatal(err)
	}
	defer back.Body.Close()
	text, err := io.ReadAll(back.Body)
	if err != nil {
		v.Fatal(err)
	}
	return shown{back.StatusCode, back.Request.URL.Path, string(text), http.Header{}}
}
