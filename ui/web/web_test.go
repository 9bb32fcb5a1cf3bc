package web_test

import (
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/session"
)

func TestAnInvitedPersonSetsUpAndSignsInWithBothSteps(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		v, secret, codes := b.join("ann@college.edu")
		v.get("/computers").want(t, 200, "No computer yet")
		v.post("/sign-out").want(t, 200, "Request access")
		v.get("/computers").want(t, 200, "Sign in")

		v.post("/sign-in", "email", "Ann@College.edu", "password", password, "next", "/security").want(t, 200, "Second step")
		v.get("/computers").want(t, 200, `name="password"`) // not in yet
		v.post("/sign-in/second", "code", "000000").want(t, 422, "That code is wrong")
		if in := v.post("/sign-in/second", "code", b.code(secret)).want(t, 200, "Where you are signed in"); in.path != "/security" {
			t.Errorf("signed in to %s", in.path)
		}
		v.post("/sign-out")
		v.post("/sign-in", "email", "ann@college.edu", "password", password)
		v.post("/sign-in/second", "recovery", codes[0]).want(t, 200, "My computers")
		v.get("/security").want(t, 200, "9 codes left")
		v.post("/sign-out")
		v.post("/sign-in", "email", "ann@college.edu", "password", password)
		v.post("/sign-in/second", "recovery", codes[0]).want(t, 422, "used already")
	})
}

func TestKnownAndUnknownNamesGetTheSameAnswer(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		b.join("ann@college.edu")
		known := b.visitor().post("/sign-in", "email", "ann@college.edu", "password", "not the password")
		unknown := b.visitor().post("/sign-in", "email", "bob@college.edu", "password", "not the password")
		if known.status != unknown.status || strings.ReplaceAll(known.text, "ann@", "bob@") != unknown.text {
			t.Error("the answers differ")
		}
		here := b.visitor().post("/request", "name", "Ann", "email", "ann@college.edu", "reason", "x").want(t, 200, "Request received")
		there := b.visitor().post("/request", "name", "Bob", "email", "bob@college.edu", "reason", "x").want(t, 200, "Request received")
		if here.text != there.text {
			t.Error("asking for access tells who has an account")
		}
	})
}

func TestTriesAreSlowedDownAndNobodyElseIsLockedOut(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		_, secret, _ := b.join("ann@college.edu")
		last := shown{}
		for range 11 {
			last = b.visitor().post("/sign-in", "email", "ann@college.edu", "password", "wrong wrong wrong")
		}
		last.want(t, 429, "Too many tries")
		if last.header.Get("Retry-After") == "" {
			t.Error("nobody says when to try again")
		}
		// Another name from the same place still works, and this one does later.
		b.visitor().post("/sign-in", "email", "bob@college.edu", "password", "wrong").want(t, 422, "wrong")
		b.pass(time.Minute)
		v := b.visitor()
		v.post("/sign-in", "email", "ann@college.edu", "password", password)
		for range 5 {
			v.post("/sign-in/second", "code", "000000")
		}
		v.post("/sign-in/second", "code", b.code(secret)).want(t, 422, "too many tries")
	})
}

func TestAProgramIsLetInOnlyWhenThePersonSaysSo(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		v, _, _ := b.join("ann@college.edu")
		query := url.Values{"response_type": {"code"}, "client_id": {"holdfast"}, "redirect_uri": {"http://127.0.0.1:4567/back"}, "state": {"s"},
			"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, "name": {"Ann's laptop"}}
		page := v.get("/oauth/authorize?"+query.Encode()).want(t, 200, "Connect Ann's laptop to your account?")
		if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' http://127.0.0.1:4567;") {
			t.Errorf("policy %s", policy)
		}
		fields := []string{}
		for _, found := range regexp.MustCompile(`type="hidden" name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(page.text, -1) {
			fields = append(fields, found[1], html.UnescapeString(found[2]))
		}
		to := func(answer string) url.Values {
			at, err := url.Parse(v.post("/oauth/authorize", append(fields, "answer", answer)...).want(t, 303, "").header.Get("Location"))
			if err != nil || at.Host != "127.0.0.1:4567" || at.Query().Get("state") != "s" {
				t.Fatalf("sent to %v, %v", at, err)
			}
			return at.Query()
		}
		if q := to("refuse"); q.Get("error") != "access_denied" || q.Get("code") != "" {
			t.Errorf("refused: %v", q)
		}
		code := to("allow").Get("code")
		form := url.Values{"grant_type": {"authorization_code"}, "client_id": {"holdfast"}, "code": {code}, "redirect_uri": {"http://127.0.0.1:4567/back"}, "code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}}
		if _, s, err := b.Sessions.Exchange(t.Context(), form, "192.0.2.1"); err != nil || s.Kind != session.App {
			t.Errorf("the code opens %v, %v", s, err)
		}
		query.Set("redirect_uri", "https://evil.example/")
		v.get("/oauth/authorize?"+query.Encode()).want(t, 400, "nothing was connected")

		b.pass(16 * time.Minute) // what is made here counts as fresh, so it needs to be
		v.get("/oauth/authorize?"+query.Encode()).want(t, 200, "Confirm that it is you")
	})
}

func TestAComputerWithoutABrowserIsConnectedByItsCode(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		v, _, _ := b.join("ann@college.edu")
		grant, err := b.Sessions.StartDevice(t.Context(), "Lab server", "192.0.2.9")
		if err != nil {
			t.Fatal(err)
		}
		v.get("/device").want(t, 200, "Type the code")
		v.get("/device?user_code=BBBB-BBBB").want(t, 404, "No computer waits")
		v.get("/device?user_code="+grant.UserCode).want(t, 200, "192.0.2.9")
		v.post("/device", "user_code", grant.UserCode, "answer", "allow").want(t, 200, "Lab server is connected")
		v.post("/device", "user_code", grant.UserCode, "answer", "allow").want(t, 404, "No computer waits")
	})
}

func TestComputersAreTheirPersonsOnly(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		v, _, _ := b.join("ann@college.edu")
		other, _, _ := b.join("bob@college.edu")
		ann, err := b.People.ByEmail(t.Context(), "ann@college.edu")
		if err != nil {
			t.Fatal(err)
		}
		one, _, err := b.Computers.Register(t.Context(), ann.ID, computers.Registration{Name: "Laptop", Owner: computers.Institution})
		if err != nil {
			t.Fatal(err)
		}
		at := "/computers/" + one.ID
		for _, action := range []string{"/rename", "/deauthorize", "/remove", "/restore"} {
			other.post(at+action, "name", "mine").want(t, 404, "no such computer")
		}
		v.post(at+"/rename", "name", "Thesis machine").want(t, 200, "Thesis machine")
		v.post(at+"/remove").want(t, 200, "Bring back")
		v.post(at+"/restore").want(t, 200, "The computer is back")
		v.post(at+"/deauthorize").want(t, 200, "Signed out")
		entries, err := b.Audit.List(t.Context(), audit.Query{Person: ann.ID})
		if err != nil || len(entries) < 4 {
			t.Errorf("audit: %v, %v", entries, err)
		}
		b.pass(16 * time.Minute)
		v.post(at+"/remove").want(t, 200, "Confirm that it is you")
	})
}

func TestSecurityChangesNeedAFreshSignInAndAreTold(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		v, secret, _ := b.join("ann@college.edu")
		elsewhere := b.visitor()
		elsewhere.post("/sign-in", "email", "ann@college.edu", "password", password)
		elsewhere.post("/sign-in/second", "code", b.code(secret))
		v.post("/security/totp/remove").want(t, 409, "only way to sign in")
		v.post("/security/recovery").want(t, 200, "Your recovery codes")
		v.post("/security/password", "password", "another four unlikely words").want(t, 200, "Your password is changed")
		elsewhere.get("/security").want(t, 200, `name="password"`)
		b.pass(16 * time.Minute)
		v.post("/security/password", "password", "yet another four words").want(t, 200, "Confirm that it is you")
		v.post("/sign-in/again", "password", "another four unlikely words", "next", "/security").want(t, 200, "Second step")
		v.post("/sign-in/second", "code", b.code(secret)).want(t, 200, "How you sign in")
		v.post("/security/password", "password", "yet another four words").want(t, 200, "Your password is changed")
		if q, err := b.Mail.Queue(t.Context()); err != nil || q.Waiting < 3 {
			t.Errorf("letters: %+v, %v", q, err)
		}
	})
}

func TestNobodyIsSentAwayAfterSigningIn(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		for _, next := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, "javascript:alert(1)", "/%0d%0aX: y\r\n", "evil"} {
			page := b.visitor().get("/sign-in?next=" + url.QueryEscape(next))
			if !strings.Contains(page.text, `name="next" value="/"`) {
				t.Errorf("%q is kept", next)
			}
		}
	})
}

func TestFormsOfOtherSitesDoNothing(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		v, _, _ := b.join("ann@college.edu")
		r, err := http.NewRequest("POST", b.origin+"/security/recovery", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		v.do(r).want(t, 403, "another site")
	})
}

func TestDownloadsAreOfferedForTheVisitorsSystemAndStayInTheirFolder(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, nil)
		for _, name := range []string{"Holdfast-1.exe", "Holdfast-1.dmg", "holdfast_1.deb", "notes.txt", ".hidden.exe"} {
			if err := os.WriteFile(filepath.Join(b.Downloads, name), []byte("program"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink("/etc/passwd", filepath.Join(b.Downloads, "x.exe")); err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest("GET", b.origin+"/download", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130")
		v := b.visitor()
		page := v.do(r).want(t, 200, "Download for Windows").want(t, 200, "1310ca2c8932dbd118668bd97442558a3e1f546b5e15c69699dfbd6024f548d8")
		for _, no := range []string{"notes.txt", ".hidden", "x.exe"} {
			if strings.Contains(page.text, no) {
				t.Errorf("%s is offered", no)
			}
		}
		v.get("/download/Holdfast-1.exe").want(t, 200, "program")
		for _, bad := range []string{"/download/notes.txt", "/download/x.exe", "/download/..%2f..%2fetc%2fpasswd", "/download/.hidden.exe"} {
			if got := v.get(bad); got.status < 400 {
				t.Errorf("%s: %d", bad, got.status)
			}
		}
	})
}
