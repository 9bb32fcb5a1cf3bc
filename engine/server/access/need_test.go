package access_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"holdfast/engine/server/access"
)

// Each row is who asks, each column what a route needs: the code of the answer, "" for
// one that is let through.
func TestWhoMayUseARoute(t *testing.T) {
	needs := []access.Need{access.Anyone, access.SignedIn, access.Fresh, access.Administrator, access.FreshAdministrator, access.Computer, access.ComputerOrPerson, access.Removing}
	var routes []access.Route
	for i, need := range needs {
		routes = append(routes, access.Route{Method: "POST", Pattern: "/api/" + string('a'+rune(i)), Need: need, Handle: done})
	}
	h := handler(t, options(), routes...)
	const (
		un, unk, forb, fresh = "unauthenticated", "unknown_computer", "forbidden", "fresh_sign_in_needed"
	)
	all := func(code string) []string { return []string{"", code, code, code, code, code, code, code} }
	for name, c := range map[string]struct {
		who  as
		want []string // in the order of needs
	}{
		"nobody":                          {nobody, []string{"", un, un, un, un, un, un, un}},
		"a member":                        {browser("member"), []string{"", "", "", forb, forb, forb, "", forb}},
		"a member for some time":          {browser("member-stale"), []string{"", "", fresh, forb, forb, forb, "", forb}},
		"a member's app":                  {app("member-app"), []string{"", "", "", forb, forb, forb, "", forb}},
		"an administrator":                {browser("administrator"), []string{"", "", "", "", "", forb, "", forb}},
		"an administrator for some time":  {browser("administrator-stale"), []string{"", "", fresh, "", fresh, forb, "", forb}},
		"an owner":                        {browser("owner"), []string{"", "", "", "", "", forb, "", forb}},
		"a blocked person":                {browser("blocked"), []string{"", un, un, un, un, un, un, un}},
		"a removed person":                {browser("removed"), []string{"", un, un, un, un, un, un, un}},
		"a removed person's app":          {app("removed-app"), []string{"", un, un, un, un, un, un, un}},
		"somebody who is only invited":    {browser("invited"), []string{"", un, un, un, un, un, un, un}},
		"somebody who is not there":       {browser("nobody"), []string{"", un, un, un, un, un, un, un}},
		"a wrong cookie":                  {browser("x"), []string{"", un, un, un, un, un, un, un}},
		"a wrong token":                   {app("x"), []string{"", un, un, un, un, un, un, un}},
		"an app's token in a cookie":      {browser("owner-app"), []string{"", un, un, un, un, un, un, un}},
		"a cookie's token as a bearer":    {app("owner"), []string{"", un, un, un, un, un, un, un}},
		"a computer":                      {computer("laptop", "secret"), []string{"", forb, forb, forb, forb, "", "", forb}},
		"a computer with a right":         {right("laptop", "right"), []string{"", forb, forb, forb, forb, "", "", ""}},
		"a computer with a wrong right":   {right("laptop", "x"), []string{"", forb, forb, forb, forb, "", "", "removal_over"}},
		"a computer with no right in it":  {right("laptop", ""), []string{"", forb, forb, forb, forb, "", "", "removal_over"}},
		"a blocked computer with a right": {right("blocked", "right"), all("blocked")},
		"a computer with two rights": {func(r *http.Request) {
			right("laptop", "right")(r)
			r.Header.Add(access.RightHeader, "right")
		}, []string{"", forb, forb, forb, forb, "", "", forb}},
		"a right alone": {func(r *http.Request) { r.Header.Set(access.RightHeader, "right") }, []string{"", un, un, un, un, un, un, un}},
		"a person with a right": {func(r *http.Request) {
			app("owner-app")(r)
			r.Header.Set(access.RightHeader, "right")
		}, []string{"", "", "", "", "", forb, "", forb}},
		"a computer with a wrong secret":  {computer("laptop", "Secret"), all(unk)},
		"a computer that is unknown":      {computer("other", "secret"), all(unk)},
		"a computer without a secret":     {computer("laptop", ""), all(unk)},
		"a computer that was replaced":    {computer("replaced", "secret"), all("replaced")},
		"a computer signed out":           {computer("deauthorized", "secret"), all("deauthorized")},
		"a computer that was removed":     {computer("removed", "secret"), all("removed")},
		"a blocked computer":              {computer("blocked", "secret"), all("blocked")},
		"a computer of a blocked person":  {computer("of-blocked", "secret"), all("blocked")},
		"a computer of a removed person":  {computer("of-removed", "secret"), all("removed")},
		"Basic credentials not in base64": {func(r *http.Request) { r.Header.Set("Authorization", "Basic !!!") }, all(unk)},
		"another scheme":                  {func(r *http.Request) { r.Header.Set("Authorization", "Digest x") }, all(un)},
		"an empty header": {func(r *http.Request) {
			r.Header.Set("Authorization", "")
			browser("owner")(r)
		}, all(un)},
		"a wrong token and a right cookie": {func(r *http.Request) { app("x")(r); browser("owner")(r) }, all(un)},
		"two headers": {func(r *http.Request) {
			r.Header["Authorization"] = []string{"Bearer owner-app", "Bearer owner-app"}
		}, all(un)},
		"two cookies": {func(r *http.Request) { browser("owner")(r); browser("member")(r) }, []string{"", un, un, un, un, un, un, un}},
	} {
		for i, want := range c.want {
			w := ask(h, "POST", routes[i].Pattern, c.who)
			if got := code(w); got != want || (want == "") != (w.Code == http.StatusNoContent) {
				t.Errorf("%s, where the route needs %q: %d %s, want %q", name, needs[i], w.Code, got, want)
			}
			if challenge := w.Header().Get("WWW-Authenticate"); (w.Code == http.StatusUnauthorized) != (challenge != "") {
				t.Errorf("%s, where the route needs %q: %d with the challenge %q", name, needs[i], w.Code, challenge)
			} else if challenge != "" && strings.HasPrefix(challenge, "Basic ") != (i >= 5) {
				t.Errorf("a route that needs %q asks for %s", needs[i], challenge)
			}
		}
	}
}

func TestABlockedComputerUsesOnlyWhatIsMeantForIt(t *testing.T) {
	var seen access.Caller
	h := handler(t, options(),
		access.Route{Method: "POST", Pattern: "/api/report", Need: access.Computer, BlockedMay: true, Handle: func(w http.ResponseWriter, r *http.Request, c access.Caller) error {
			seen = c
			return done(w, r, c)
		}})
	for _, id := range []string{"blocked", "of-blocked"} {
		if w := ask(h, "POST", "/api/report", computer(id, "secret")); w.Code != http.StatusNoContent {
			t.Fatalf("%s: %d %s", id, w.Code, w.Body)
		}
		if seen.Computer.State != "blocked" || seen.Person == nil || seen.Session != nil {
			t.Fatalf("%s: %+v", id, seen)
		}
	}
}

func TestARouteWithoutANeedDoesNotStart(t *testing.T) {
	good := access.Route{Method: "GET", Pattern: "/a/{id}", Need: access.Anyone, Handle: done}
	for name, change := range map[string]func(r *access.Route){
		"no need":              func(r *access.Route) { r.Need = "" },
		"an unknown need":      func(r *access.Route) { r.Need = "any one" },
		"nothing to do":        func(r *access.Route) { r.Handle = nil },
		"no method":            func(r *access.Route) { r.Method = "" },
		"an unknown method":    func(r *access.Route) { r.Method = "get" },
		"no pattern":           func(r *access.Route) { r.Pattern = "" },
		"a host":               func(r *access.Route) { r.Pattern = "evil.example/" },
		"a pattern in pieces":  func(r *access.Route) { r.Pattern = "/{" },
		"a page for computers": func(r *access.Route) { r.Need, r.Page = access.Computer, true },
		"less than no body":    func(r *access.Route) { r.Body = -2 },
	} {
		bad := good
		change(&bad)
		if _, err := access.Handler([]access.Route{bad}, options()); err == nil {
			t.Errorf("%s: it starts", name)
		}
	}
	if _, err := access.Handler([]access.Route{good, good}, options()); err == nil {
		t.Error("the same route twice: it starts")
	}
	twin := good
	twin.Pattern = "/a/{name}"
	if _, err := access.Handler([]access.Route{good, twin}, options()); err == nil {
		t.Error("the same route with another name in it: it starts")
	}
	removing, o := good, options()
	removing.Need, o.Removals = access.Removing, nil
	if _, err := access.Handler([]access.Route{removing}, o); err == nil {
		t.Error("nobody to ask who may remove: it starts")
	}
	if _, err := access.Handler([]access.Route{good}, access.Options{}); err == nil {
		t.Error("nobody to ask who calls: it starts")
	}
}

func TestAPageSendsPeopleToSignInAndBack(t *testing.T) {
	h := handler(t, options(),
		access.Route{Method: "GET", Pattern: "/security", Need: access.SignedIn, Page: true, Handle: done},
		access.Route{Method: "GET", Pattern: "/oauth/authorize", Need: access.Fresh, Page: true, Handle: done},
		access.Route{Method: "POST", Pattern: "/security/password", Need: access.Fresh, Page: true, Handle: done},
		access.Route{Method: "GET", Pattern: "/console", Need: access.Administrator, Page: true, Handle: done},
	)
	from := func(who as, referer string) as {
		return func(r *http.Request) { who(r); r.Header.Set("Referer", referer) }
	}
	for _, c := range []struct {
		method, target string
		who            as
		path, next     string
	}{
		{"GET", "/security?a=b&c=d", nobody, "/sign-in", "/security?a=b&c=d"},
		{"GET", "/security", app("member-app"), "/sign-in", "/security"}, // pages are for browsers
		{"GET", "/oauth/authorize?state=x%26y", browser("member-stale"), "/sign-in/again", "/oauth/authorize?state=x%26y"},
		{"POST", "/security/password", from(browser("member-stale"), "http://example.com/security?x"), "/sign-in/again", "/security?x"},
		{"POST", "/security/password", from(nobody, "http://evil.example/security"), "/sign-in", "/"},
		{"POST", "/security/password", from(nobody, "http://example.com//evil.example/"), "/sign-in", "/"},
		{"POST", "/security/password", nobody, "/sign-in", "/"},
	} {
		w := ask(h, c.method, c.target, c.who)
		to, err := url.Parse(w.Header().Get("Location"))
		if err != nil || w.Code != http.StatusSeeOther || to.Path != c.path || to.Query().Get("next") != c.next || to.Host != "" {
			t.Errorf("%s %s: %d to %v", c.method, c.target, w.Code, to)
		}
	}
	if w := ask(h, "GET", "/console", browser("member")); w.Code != http.StatusForbidden {
		t.Errorf("signing in again would not help, but: %d", w.Code)
	}
}

func TestAServerThatCannotLookItUpLetsNobodyInButThoseWhoNeedNot(t *testing.T) {
	h := handler(t, options(),
		access.Route{Method: "GET", Pattern: "/api/a", Need: access.SignedIn, Handle: done},
		access.Route{Method: "GET", Pattern: "/api/b", Need: access.Computer, Handle: done},
		access.Route{Method: "GET", Pattern: "/api/c", Need: access.Anyone, Handle: done})
	for target, c := range map[string]struct {
		who  as
		want int
	}{"/api/a": {browser("down"), 500}, "/api/b": {computer("down", "secret"), 500}, "/api/c": {browser("down"), 204}} {
		if w := ask(h, "GET", target, c.who); w.Code != c.want {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}

func TestTheCookieStaysWithThisServer(t *testing.T) {
	w := httptest.NewRecorder()
	access.KeepSession(w, "t0ken")
	if got := w.Header().Get("Set-Cookie"); got != "__Host-holdfast=t0ken; Path=/; HttpOnly; Secure; SameSite=Lax" {
		t.Error(got)
	}
	w = httptest.NewRecorder()
	access.DropSession(w)
	if got := w.Header().Get("Set-Cookie"); got != "__Host-holdfast=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax" {
		t.Error(got)
	}
}
