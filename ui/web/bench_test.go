package web_test

import (
	"context"
	"crypto/tls"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"holdfast/engine/server/access"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/database"
	"holdfast/engine/server/escrow"
	"holdfast/engine/server/identity"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
	"holdfast/engine/server/session"
	"holdfast/engine/server/store"
	"holdfast/ui/web"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// saying keeps what the server logs, which it does after its answers.
type saying struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *saying) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *saying) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

type noUsage struct{}

func (noUsage) Usage(context.Context, string) (store.Usage, error) {
	return store.Usage{Used: 12e9}, nil
}

// bench is a server with all its services, but for the storage.
type bench struct {
	*testing.T
	web.Services
	*clock
	server *httptest.Server
	origin string
	log    *saying
}

const password = "four unlikely words together"

// newBench starts a server; provider, where it is not nil, is asked for the
// institution's sign-in once the address of the server is known.
func newBench(t *testing.T, db *database.DB, provider func(origin string) *identity.ProviderOptions) *bench {
	t.Helper()
	b := &bench{T: t, clock: &clock{at: time.Now()}, log: &saying{}}
	var handler http.Handler
	b.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(b.server.Close)
	b.origin = strings.Replace(b.server.URL, "127.0.0.1", "localhost", 1) // passkeys need a name
	var sso *identity.ProviderOptions
	if provider != nil {
		sso = provider(b.origin)
	}
	who := people.New(db, people.Defaults{Seats: 4}, b.now)
	key, err := escrow.OpenKeyFile(filepath.Join(t.TempDir(), "secrets.key"))
	if err != nil {
		t.Fatal(err)
	}
	ids, err := identity.New(db, identity.Options{Origin: b.origin, Name: "College", Provider: sso, Sealer: key}, b.now)
	if err != nil {
		t.Fatal(err)
	}
	b.Services = web.Services{DB: db, People: who, Computers: computers.New(db, who, computers.Options{}, b.now), Sessions: session.New(db, b.now), Identity: ids,
		Store: noUsage{}, Audit: audit.New(db, b.now), Mail: mail.New(db, mail.Options{Address: "127.0.0.1:1", From: "backup@college.edu"}, b.now), Name: "College of the Sea", Downloads: t.TempDir(), Now: b.now}
	routes, problem, err := web.New(b.Services)
	if err != nil {
		t.Fatal(err)
	}
	handler, err = access.Handler(routes, access.Options{Sessions: b.Sessions, Computers: b.Computers, People: b.People, Now: b.now, RenderProblem: problem,
		Origin: b.origin, Log: slog.New(slog.NewTextHandler(b.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// visitor is a browser without a script.
type visitor struct {
	*bench
	client *http.Client
}

func (b *bench) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	client := http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // the certificate of httptest is for numbers
	client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == "127.0.0.1:4567" {
			return http.ErrUseLastResponse // to a program
		}
		return nil
	}
	return &visitor{b, &client}
}

type shown struct {
	status int
	path   string
	text   string
	header http.Header
}

func (v *visitor) do(r *http.Request) shown {
	v.Helper()
	answer, err := v.client.Do(r)
	if err != nil {
		v.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		v.Fatal(err)
	}
	return shown{answer.StatusCode, answer.Request.URL.RequestURI(), string(body), answer.Header}
}

func (v *visitor) get(path string) shown {
	v.Helper()
	r, err := http.NewRequest("GET", v.origin+path, nil)
	if err != nil {
		v.Fatal(err)
	}
	return v.do(r)
}

func (v *visitor) post(path string, fields ...string) shown {
	v.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r, err := http.NewRequest("POST", v.origin+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Referer", v.origin+"/security")
	return v.do(r)
}

func (s shown) want(t *testing.T, status int, text string) shown {
	t.Helper()
	if s.status != status || !strings.Contains(html.UnescapeString(s.text), text) {
		t.Fatalf("%s: %d, wanted %d with %q:\n%s", s.path, s.status, status, text, s.text)
	}
	return s
}

var setupField = regexp.MustCompile(`name="setup" value="([^"]*)"`)

func (s shown) setup(t *testing.T) (field, secret string) {
	t.Helper()
	found := setupField.FindStringSubmatch(s.text)
	if found == nil {
		t.Fatalf("%s shows no code to scan", s.path)
	}
	field = html.UnescapeString(found[1])
	u, err := url.Parse(field)
	if err != nil {
		t.Fatal(err)
	}
	return field, u.Query().Get("secret")
}

func (b *bench) code(secret string) string {
	b.Helper()
	b.pass(time.Minute) // a code works once
	code, err := totp.GenerateCode(secret, b.now())
	if err != nil {
		b.Fatal(err)
	}
	return code
}

// join invites a person, who accepts with a password and an authenticator app.
func (b *bench) join(email string) (v *visitor, secret string, codes []string) {
	b.Helper()
	_, token, err := b.People.Invite(b.Context(), email, "Ann", people.Member, "server")
	if err != nil {
		b.Fatal(err)
	}
	v = b.visitor()
	at := "/invitation/" + token
	v.get(at).want(b.T, 200, "Welcome, Ann")
	v.post(at, "step", "password", "password", "short").want(b.T, 422, "Choose another password")
	setup, secret := v.post(at, "step", "password", "password", password).want(b.T, 200, "Authenticator app").setup(b.T)
	again, _ := v.post(at, "step", "code", "code", "000000", "setup", setup).want(b.T, 422, "That code is wrong").setup(b.T)
	if again != setup {
		b.Error("after a wrong code there is another picture to scan")
	}
	page := v.post(at, "step", "code", "code", b.code(secret), "setup", setup).want(b.T, 200, "Your recovery codes")
	for _, found := range regexp.MustCompile(`<li>([^<]+)</li>`).FindAllStringSubmatch(page.text, -1) {
		if !strings.Contains(found[1], "College") {
			codes = append(codes, found[1])
		}
	}
	if len(codes) != 10 {
		b.Fatalf("%d recovery codes: %q", len(codes), codes)
	}
	v.get(at).want(b.T, 404, "not good any more")
	return v, secret, codes
}
