package account

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/engine/storage/rest"

	"holdfast/engine/storage"
)

const (
	testServer     = `{"id":"s1","name":"Example College","version":"1.0","sign_in":{"provider":"College SSO","password":true}}`
	testCredential = "0a1b:a secret of the computer"
)

// serve answers over TLS with exact JSON, a text for each "METHOD /path".
func serve(t *testing.T, routes map[string]http.HandlerFunc) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	for pattern, handle := range routes {
		mux.HandleFunc(pattern, handle)
	}
	s := httptest.NewUnstartedServer(mux)
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func says(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, text)
	}
}

// known opens a test server with its certificate pinned.
func known(t *testing.T, s *httptest.Server) *Server {
	t.Helper()
	server, err := Open(s.URL, fingerprint(s.Certificate()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

func TestAServerOfAnUnknownCertificateIsFoundByItsFingerprint(t *testing.T) {
	s := serve(t, map[string]http.HandlerFunc{"GET /api/v1/server": says(200, testServer)})
	_, err := Find(t.Context(), s.URL, "")
	untrusted, ok := errors.AsType[*Untrusted](err)
	if !ok || untrusted.Fingerprint != fingerprint(s.Certificate()) {
		t.Fatalf("without a pin: %v", err)
	}
	server, err := Find(t.Context(), strings.TrimPrefix(s.URL, "https://"), strings.ToUpper(untrusted.Fingerprint))
	if err != nil {
		t.Fatal(err)
	}
	want := Info{"s1", "Example College", "1.0", "College SSO", true, s.URL, untrusted.Fingerprint}
	if server.Info() != want {
		t.Errorf("%+v", server.Info())
	}
	_, err = Find(t.Context(), s.URL, strings.Repeat("0", 64))
	changed, ok := errors.AsType[*Changed](err)
	if !ok || changed.Fingerprint != untrusted.Fingerprint {
		t.Errorf("with another pin: %v", err)
	}
}

func TestAServerThatStartsAnewIsAskedAgainForAWhile(t *testing.T) {
	var asked atomic.Int32
	s := serve(t, map[string]http.HandlerFunc{"GET /api/v1/server": func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		says(200, testServer)(w, r)
	}})
	server, err := FindAgain(t.Context(), s.URL, fingerprint(s.Certificate()))
	if err != nil || server.Info().ID != "s1" || asked.Load() != 3 {
		t.Errorf("after %d requests: %v", asked.Load(), err)
	}
	asked.Store(-1000)
	if _, err := findWithin(t.Context(), s.URL, fingerprint(s.Certificate()), 2*firstPause); !errors.Is(err, ErrUnreachable) {
		t.Errorf("one that does not come: %v", err)
	}
	if _, err := FindAgain(t.Context(), s.URL, strings.Repeat("0", 64)); !errors.As(err, new(*Changed)) {
		t.Errorf("another one: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := FindAgain(ctx, s.URL, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}

func TestAQuestionIsAskedAgainWhileTheServerCannotAnswerAndAChangeIsNot(t *testing.T) {
	var asked, changed atomic.Int64
	away := says(503, `{"error":{"code":"internal","message":"The server cannot reach its database just now."}}`)
	s := serve(t, map[string]http.HandlerFunc{
		"GET /api/v1/account": func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) < 3 {
				away(w, r)
				return
			}
			says(200, `{"email":"ann@college.edu"}`)(w, r)
		},
		"POST /api/v1/change": func(w http.ResponseWriter, r *http.Request) { changed.Add(1); away(w, r) },
	})
	server := known(t, s)
	var out struct{ Email string }
	if err := server.call(t.Context(), nil, http.MethodGet, "/api/v1/account", nil, &out); err != nil || out.Email != "ann@college.edu" {
		t.Errorf("%+v, %v after %d tries", out, err, asked.Load())
	}
	if err := server.call(t.Context(), nil, http.MethodPost, "/api/v1/change", struct{}{}, nil); !errors.Is(err, ErrUnreachable) || changed.Load() != 1 {
		t.Errorf("a change: %v after %d tries", err, changed.Load())
	}
}

func TestAServerTheSystemTrustsHasNoFingerprint(t *testing.T) {
	s := serve(t, map[string]http.HandlerFunc{"GET /api/v1/server": says(200, testServer)})
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	server, err := open(s.URL, "", roots)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.ask(t.Context()); err != nil || server.Info().Fingerprint != "" {
		t.Error(err, server.Info())
	}
	other, err := open(strings.Replace(s.URL, "127.0.0.1", "localhost", 1), "", roots)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.ask(t.Context()); !errors.Is(err, ErrCertificate) {
		t.Errorf("under a name that is not its own: %v", err)
	}
}

func TestAPinnedCertificateThatTheSystemTrustsForTheServerNeedsNoPin(t *testing.T) {
	s := serve(t, map[string]http.HandlerFunc{"GET /api/v1/server": says(200, testServer)})
	known := x509.NewCertPool()
	known.AddCert(s.Certificate())
	for _, row := range []struct {
		address, pin string
		roots        *x509.CertPool
		needs        bool
	}{
		{s.URL, fingerprint(s.Certificate()), known, false},
		{s.URL, "", known, false},
		{s.URL, fingerprint(s.Certificate()), x509.NewCertPool(), true},
		{strings.Replace(s.URL, "127.0.0.1", "localhost", 1), fingerprint(s.Certificate()), known, true}, // it is for another name
	} {
		server, err := open(row.address, row.pin, row.roots)
		if err != nil {
			t.Fatal(err)
		}
		if err := server.ask(t.Context()); err != nil || server.NeedsPin() != row.needs {
			t.Errorf("%s, pinned to %q: %v, %v", row.address, row.pin, server.NeedsPin(), err)
		}
		server.Close()
	}
}

func TestWhatAnswersButIsNoServerIsSaid(t *testing.T) {
	for name, handle := range map[string]http.HandlerFunc{
		"a page":         func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>Hello") },
		"nothing":        http.NotFound,
		"sent elsewhere": http.RedirectHandler("https://example.com/", http.StatusFound).ServeHTTP,
		"other JSON":     says(200, `{"hello":1}`),
		"a list":         says(200, `[]`),
	} {
		s := serve(t, map[string]http.HandlerFunc{"/": handle})
		if _, err := Find(t.Context(), s.URL, fingerprint(s.Certificate())); !errors.Is(err, ErrNotHoldfast) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := serve(t, nil)
	server := known(t, s)
	s.Close()
	if err := server.ask(t.Context()); !errors.Is(err, ErrUnreachable) || !errors.Is(err, storage.ErrUnreachable) {
		t.Errorf("a server that is down: %v", err)
	}
}

func TestAddressesAsPeopleTypeThem(t *testing.T) {
	for typed, want := range map[string]string{
		"backup.college.edu": "https://backup.college.edu", " Backup.College.EDU/ ": "https://backup.college.edu",
		"host:8443": "https://host:8443", "https://host:443": "https://host", "https://[::1]:8443/": "https://[::1]:8443",
		"[::1]:443": "https://[::1]", "10.0.0.1": "https://10.0.0.1",
	} {
		if got, err := parseAddress(typed); got != want || err != nil {
			t.Errorf("%q is %q, %v", typed, got, err)
		}
	}
	for _, typed := range []string{"", "http://host", "ann@college.edu", "https://ann:secret@host", "ftp://host", "host/path", "host?x", "a b", "https://"} {
		if got, err := parseAddress(typed); !errors.Is(err, ErrAddress) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q is %q, %v", typed, got, err)
		}
	}
}

// browser follows the server's redirect as one would, with the query changed first.
func browser(t *testing.T, change func(url.Values)) func(string) error {
	return func(address string) error {
		u, err := url.Parse(address)
		if err != nil {
			return err
		}
		q := u.Query()
		for name, want := range map[string]string{
			"response_type": "code", "client_id": "holdfast", "code_challenge_method": "S256", "name": "Ann's laptop", "login_hint": "ann@college.edu",
		} {
			if q.Get(name) != want {
				t.Errorf("%s is %q", name, q.Get(name))
			}
		}
		back := url.Values{"code": {"the code"}, "state": {q.Get("state")}}
		change(back)
		resp, err := http.Get(q.Get("redirect_uri") + "?" + back.Encode())
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		page, _ := io.ReadAll(resp.Body)
		if !strings.Contains(string(page), "You can close this page") || resp.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("the page: %s", page)
		}
		return nil
	}
}

func TestSigningInWithTheBrowserGivesASession(t *testing.T) {
	var form url.Values
	s := serve(t, map[string]http.HandlerFunc{"POST /oauth/token": func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		form = r.PostForm
		says(200, `{"access_token":"tok","token_type":"Bearer","expires_in":3600}`)(w, r)
	}})
	var asked string
	open := browser(t, func(url.Values) {})
	session, err := known(t, s).SignIn(t.Context(), SignIn{Name: "Ann's laptop", Email: "ann@college.edu", Open: func(u string) error {
		asked = u
		return open(u)
	}})
	if err != nil || session.Token() != "tok" || !session.Fresh() {
		t.Fatal(session, err)
	}
	u, _ := url.Parse(asked)
	if challenge(form.Get("code_verifier")) != u.Query().Get("code_challenge") || form.Get("code") != "the code" ||
		form.Get("redirect_uri") != u.Query().Get("redirect_uri") || form.Get("grant_type") != "authorization_code" {
		t.Errorf("exchanged %v", form)
	}
	if known(t, s).Session("kept").Fresh() {
		t.Error("a kept token is fresh")
	}
}

func TestAReturnThatDoesNotKnowTheStateChangesNothing(t *testing.T) {
	s := serve(t, map[string]http.HandlerFunc{"POST /oauth/token": func(w http.ResponseWriter, _ *http.Request) {
		t.Error("the code was exchanged")
		w.WriteHeader(http.StatusBadRequest)
	}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	visit := browser(t, func(q url.Values) { q.Set("state", "guessed") })
	visited := false
	_, err := known(t, s).SignIn(ctx, SignIn{Name: "Ann's laptop", Email: "ann@college.edu", Open: func(address string) error {
		defer cancel() // nobody else comes
		err := visit(address)
		visited = err == nil
		return err
	}})
	if !errors.Is(err, context.Canceled) || !visited {
		t.Error(err, visited)
	}
}

func TestSayingNoInTheBrowserIsARefusal(t *testing.T) {
	s := serve(t, nil)
	_, err := known(t, s).SignIn(t.Context(), SignIn{Name: "Ann's laptop", Email: "ann@college.edu",
		Open: browser(t, func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") })})
	if !hasCode(err, "access_denied") {
		t.Error(err)
	}
}

func TestSigningInByCodeWaitsForThePerson(t *testing.T) {
	answers := []http.HandlerFunc{
		says(400, `{"error":"authorization_pending"}`), says(200, `{"access_token":"tok","token_type":"Bearer"}`),
	}
	s := serve(t, map[string]http.HandlerFunc{
		"POST /oauth/device": says(200, `{"device_code":"d","user_code":"BCDF-GHJK","verification_uri":"https://h/device","expires_in":600,"interval":1}`),
		"POST /oauth/token": func(w http.ResponseWriter, r *http.Request) {
			answers[0](w, r)
			answers = answers[1:]
		},
	})
	var shown Code
	session, err := known(t, s).SignInByCode(t.Context(), "server room", func(c Code) { shown = c })
	if err != nil || session.Token() != "tok" || shown.UserCode != "BCDF-GHJK" {
		t.Error(session, shown, err)
	}
}

func TestCallsCarryWhoAsksAndTellWhatWasRefused(t *testing.T) {
	computer := `{"id":"0a1b","name":"Laptop","owner":"institution","asset":"A1","os":"linux","state":"active","created":"2026-11-23T12:00:00Z","files":3,"bytes":9,"this":true}`
	check := func(who string, next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.Header.Get("Authorization"), who) {
				t.Errorf("%s by %q", r.URL.Path, r.Header.Get("Authorization"))
			}
			next(w, r)
		}
	}
	var kept json.RawMessage
	s := serve(t, map[string]http.HandlerFunc{
		"GET /api/v1/account":                   check("B", says(200, `{"person":{"id":"p","email":"ann@college.edu"},"seats":{"limit":4,"used":1},"storage":{"used":5,"quota":0},"key":{"mode":"standard","key_file":"ff","since":"2026-11-23T12:00:00Z"},"repository":true}`)),
		"GET /api/v1/computers":                 check("B", says(200, `{"computers":[`+computer+`]}`)),
		"POST /api/v1/computers":                check("Bearer tok", says(201, `{"computer":`+computer+`,"credential":"`+testCredential+`"}`)),
		"POST /api/v1/computers/0a1b/replace":   check("Bearer tok", says(409, `{"error":{"code":"seat_limit","message":"All four seats are taken."}}`)),
		"POST /api/v1/computers/0a1b/authorize": check("Bearer tok", says(500, `{"error":{"code":"internal","message":"Oh."}}`)),
		"POST /api/v1/keys/release":             check("Bearer tok", says(200, `{"secret":"AAEC","key_file":"ff"}`)),
		"POST /api/v1/report":                   check("Basic ", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }),
		"PUT /api/v1/computers/0a1b/settings": check("Basic ", func(w http.ResponseWriter, r *http.Request) {
			kept, _ = io.ReadAll(r.Body)
			w.WriteHeader(204)
		}),
		"POST /api/v1/removals": check("Bearer tok", func(w http.ResponseWriter, r *http.Request) {
			asked, _ := io.ReadAll(r.Body)
			if string(asked) != `{"computer":"0a1b"}` {
				t.Errorf("asked for a removal of %s", asked)
			}
			says(201, `{"id":"r","right":"let me","expires":"2026-11-24T00:00:00Z","now":"2026-11-23T12:00:00Z"}`)(w, r)
		}),
		"DELETE /api/v1/removal": check("Basic ", func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get(rest.HeaderRemoval); got != "let me" {
				t.Errorf("the right is %q", got)
			}
			w.WriteHeader(204)
		}),
		"DELETE /api/v1/session": check("Bearer tok", says(401, `{"error":{"code":"unauthenticated","message":"Sign in."}}`)),
	})
	server := known(t, s)
	session, device := server.Session("tok"), server.Device(testCredential)
	for name, ask := range map[string]func(context.Context) (Account, error){"session": session.Account, "device": device.Account} {
		if a, err := ask(t.Context()); err != nil || a.Person.ID != "p" || a.Seats.Limit != 4 || a.Key.Mode != KeyStandard || a.Key.Since.IsZero() || !a.Repository {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	if list, err := device.Computers(t.Context()); err != nil || len(list) != 1 || !list[0].This || list[0].Created.IsZero() || list[0].Bytes != 9 {
		t.Error(list, err)
	}
	c, credential, err := session.Register(t.Context(), NewComputer{Name: "Laptop"})
	if err != nil || credential != testCredential || c.ID != "0a1b" {
		t.Error(c, err)
	}
	if _, _, err := session.Replace(t.Context(), "0a1b", NewComputer{}); !hasCode(err, "seat_limit") {
		t.Error(err)
	}
	if _, _, err := session.Authorize(t.Context(), "0a1b", 1); !errors.Is(err, ErrUnreachable) {
		t.Error(err)
	}
	if secret, keyFile, err := session.ReleaseKey(t.Context(), "new computer"); err != nil || string(secret) != "\x00\x01\x02" || keyFile != "ff" {
		t.Error(err)
	}
	if err := session.End(t.Context()); !hasCode(err, "unauthenticated") {
		t.Error(err)
	}
	if err := device.Report(t.Context(), Report{State: "protected"}); err != nil {
		t.Error(err)
	}
	if err := device.SaveSettings(t.Context(), []byte(`{"a":1}`)); err != nil || string(kept) != `{"a":1}` {
		t.Error(string(kept), err)
	}
	removal, err := session.BeginRemoval(t.Context(), "0a1b")
	if err != nil || removal.Right != "let me" || !removal.Now.Equal(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)) || removal.Expires.IsZero() {
		t.Errorf("%+v, %v", removal, err)
	}
	if err := device.EndRemoval(t.Context(), removal); err != nil {
		t.Error(err)
	}
	if _, err := server.Device("nonsense").Account(t.Context()); err == nil {
		t.Error("a credential that is none was sent")
	}
}

func TestTheStoreOfAnotherCertificateIsUnreachableAndSaysWhy(t *testing.T) {
	var connections atomic.Int32
	s := httptest.NewUnstartedServer(nil)
	s.Config.ErrorLog = nil
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.StartTLS()
	defer s.Close()
	server, err := Open(s.URL, strings.Repeat("0", 64))
	if err != nil {
		t.Fatal(err)
	}
	store, err := server.Device(testCredential).Store()
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Stat(t.Context(), storage.Config, "")
	if _, ok := errors.AsType[*Changed](err); !ok || !errors.Is(err, storage.ErrUnreachable) {
		t.Error(err)
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("it was tried %d times, and another certificate does not go away by itself", n)
	}
}
