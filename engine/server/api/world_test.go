package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"holdfast/engine/server/access"
	"holdfast/engine/server/api"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/escrow"
	"holdfast/engine/server/identity"
	"holdfast/engine/server/keylog"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
	"holdfast/engine/server/removal"
	"holdfast/engine/server/session"
	"holdfast/engine/server/store"
	"holdfast/engine/server/store/storetest"
)

const origin = "https://backup.college.edu"

// world is a server with its real parts.
type world struct {
	t       *testing.T
	s       api.Services
	db      *database.DB
	routes  []access.Route
	doc     *openapi3.T
	handler http.Handler
	mu      sync.Mutex
	moment  time.Time
	master  *mayHang // key of the key store
	keysAt  string   // address of the key store's database
}

func (v *world) now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.moment
}

func (v *world) pass(d time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.moment = v.moment.Add(d)
}

func newWorld(t *testing.T, db *database.DB) *world {
	t.Helper()
	v := &world{t: t, db: db, moment: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	dir := t.TempDir()
	wrapper, err := escrow.OpenKeyFile(filepath.Join(dir, "keys", "master.key"))
	v.must(err)
	v.master = &mayHang{Wrapper: wrapper}
	v.keysAt = databasetest.Address(t, db.Kind)
	keys, err := escrow.Open(t.Context(), v.keysAt, v.master, filepath.Join(dir, "keys", "credential"))
	v.must(err)
	t.Cleanup(func() { _ = keys.Close() })
	client, err := keys.Client(readLine(t, filepath.Join(dir, "keys", "credential")))
	v.must(err)
	bytesOf := storetest.Beside(t, db.Kind)
	sealer, err := escrow.OpenKeyFile(filepath.Join(dir, "keys", "secrets.key"))
	v.must(err)
	who, err := identity.New(db, identity.Options{Origin: origin, Name: "College", Sealer: sealer}, v.now)
	v.must(err)
	p := people.New(db, people.Defaults{Seats: 4}, v.now)
	c := computers.New(db, p, computers.Options{}, v.now)
	v.s = api.Services{DB: db, People: p, Computers: c, Sessions: session.New(db, v.now), Identity: who, Escrow: client, Audit: audit.New(db, v.now),
		Mail:  mail.New(db, mail.Options{Address: "127.0.0.1:9", From: "Holdfast <backup@college.edu>", TLS: "none", Name: "College", Origin: origin}, v.now),
		Store: store.New(db, bytesOf, store.Options{Quota: quotaOf(p)}, v.now), Name: "College", ID: "0123", Version: "1.0", Origin: origin, Now: v.now}
	v.s.KeyLog = &keylog.Service{DB: db, Keys: client, Audit: v.s.Audit, Mail: v.s.Mail, People: p, Now: time.Now}
	v.must(v.s.KeyLog.Sweep(t.Context())) // as a server that starts
	v.s.Removals = &removal.Service{Store: v.s.Store, People: p, Computers: c, Audit: v.s.Audit, Mail: v.s.Mail, Now: v.now, Hold: 30 * 24 * time.Hour}
	v.serve()
	return v
}

func quotaOf(p *people.Service) func(context.Context, string) (int64, error) {
	return func(ctx context.Context, account string) (int64, error) {
		who, err := p.Get(ctx, account)
		return who.Quota, err
	}
}

// serve makes the routes anew, after a change of the services.
func (v *world) serve() {
	v.routes = api.New(v.s)
	v.doc = described(v.t, v.routes)
	h, err := access.Handler(append(v.routes, v.s.Store.Routes()...), access.Options{Sessions: v.s.Sessions, Computers: v.s.Computers, People: v.s.People, Removals: v.s.Store, Now: v.now})
	v.must(err)
	v.handler = h
}

func (v *world) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

// person makes one with a role who is active.
func (v *world) person(email string, role people.Role) people.Person {
	v.t.Helper()
	_, token, err := v.s.People.Invite(v.t.Context(), email, strings.Split(email, "@")[0], role, "test")
	v.must(err)
	p, err := v.s.People.Accept(v.t.Context(), token)
	v.must(err)
	return p
}

// who is how somebody says who they are.
type who func(*http.Request)

func nobody(*http.Request) {}

func (v *world) signIn(p people.Person) who {
	v.t.Helper()
	token, _, err := v.s.Sessions.Create(v.t.Context(), p.ID, session.App, "Holdfast on a laptop", "192.0.2.1")
	v.must(err)
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func (v *world) computer(p people.Person, name string) (computers.Computer, who) {
	v.t.Helper()
	c, credential, err := v.s.Computers.Register(v.t.Context(), p.ID, computers.Registration{Name: name, OS: "linux", Owner: computers.Institution})
	v.must(err)
	return c, basic(credential)
}

func basic(credential string) who {
	id, secret, _ := strings.Cut(credential, ":")
	return func(r *http.Request) { r.SetBasicAuth(id, secret) }
}

// answer is what came back.
type answer struct {
	status int
	code   string // of a problem
	body   []byte
}

func (a answer) into(t *testing.T, out any) {
	t.Helper()
	if err := json.Unmarshal(a.body, out); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
}

// ask makes one request of a route and holds the answer against the description.
func (v *world) ask(by who, method, path, body string) answer {
	v.t.Helper()
	req := httptest.NewRequestWithContext(v.t.Context(), method, origin+path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(path, "/oauth/") {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	by(req)
	w := httptest.NewRecorder()
	v.handler.ServeHTTP(w, req)
	a := answer{status: w.Code, body: bytes.Clone(w.Body.Bytes())}
	var p struct {
		Error json.RawMessage `json:"error"`
	}
	if w.Code >= 400 && json.Unmarshal(a.body, &p) == nil {
		var in struct{ Code string }
		if json.Unmarshal(p.Error, &in) == nil {
			a.code = in.Code
		} else {
			_ = json.Unmarshal(p.Error, &a.code)
		}
	}
	if route := v.routeOf(method, path); route != nil {
		holdTo(v.t, v.doc, *route, req, w.Code, w.Header(), a.body)
	}
	return a
}

func (v *world) want(a answer, status int, code string) answer {
	v.t.Helper()
	if a.status != status || a.code != code {
		v.t.Fatalf("the answer is %d %q %s, not %d %q", a.status, a.code, a.body, status, code)
	}
	return a
}

func (v *world) routeOf(method, path string) *access.Route {
	mux := http.NewServeMux()
	for _, r := range v.routes {
		mux.Handle(r.Method+" "+r.Pattern, http.NotFoundHandler())
	}
	_, pattern := mux.Handler(httptest.NewRequest(method, path, nil))
	for _, r := range v.routes {
		if r.Method+" "+r.Pattern == pattern {
			return &r
		}
	}
	return nil
}

// put stores a file through the storage routes and returns its name.
func (v *world) put(by who, kind, content string) string {
	v.t.Helper()
	sum := sha256.Sum256([]byte(content))
	name := hex.EncodeToString(sum[:])
	path := "/storage/" + kind + "/" + name
	if kind == "config" {
		path = "/storage/config"
	}
	if a := v.ask(by, "POST", path, content); a.status != http.StatusOK {
		v.t.Fatalf("storing %s: %d %s", kind, a.status, a.body)
	}
	return name
}

// letters is how many wait in the outbox.
func (v *world) letters() int {
	v.t.Helper()
	q, err := v.s.Mail.Queue(v.t.Context())
	v.must(err)
	return q.Waiting
}

func (v *world) logged(action string) int {
	v.t.Helper()
	list, err := v.s.Audit.List(v.t.Context(), audit.Query{Limit: 1000})
	v.must(err)
	n := 0
	for _, e := range list {
		if e.Action == action {
			n++
		}
	}
	v.must(v.s.Audit.Verify(context.WithoutCancel(v.t.Context())))
	return n
}

func each(t *testing.T, run func(t *testing.T, v *world)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) { run(t, newWorld(t, db)) })
}

func readLine(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}
