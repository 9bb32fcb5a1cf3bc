package access_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/people"
	"holdfast/engine/server/session"
)

var now = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

var errDown = errors.New("the database is down")

// Sessions, people and computers as plain tables, found by token or name.

type sessions map[string]session.Session

func (s sessions) Find(_ context.Context, token string) (session.Session, error) {
	if token == "down" {
		return session.Session{}, errDown
	}
	if found, ok := s[token]; ok {
		return found, nil
	}
	return session.Session{}, session.ErrNone
}

type persons map[string]people.Person

func (p persons) Get(_ context.Context, id string) (people.Person, error) {
	if found, ok := p[id]; ok {
		return found, nil
	}
	return people.Person{}, people.ErrNotFound
}

type machines struct{}

func (machines) Identify(_ context.Context, id, secret string) (computers.Computer, error) {
	if secret != "secret" {
		return computers.Computer{}, computers.ErrUnknown
	}
	c := computers.Computer{ID: id, Person: "member", State: computers.Active}
	switch id {
	case "laptop":
	case "blocked":
		c.State = computers.Blocked
	case "of-blocked", "of-removed":
		c.Person = strings.TrimPrefix(id, "of-")
	case "replaced":
		return computers.Computer{}, computers.ErrReplaced
	case "deauthorized":
		return computers.Computer{}, computers.ErrDeauthorized
	case "removed":
		return computers.Computer{}, computers.ErrRemoved
	case "down":
		return computers.Computer{}, errDown
	default:
		return computers.Computer{}, computers.ErrUnknown
	}
	return c, nil
}

// rights knows one right.
type rights struct{}

func (rights) Removing(_ context.Context, _ computers.Computer, right string) (string, error) {
	if right != "right" {
		return "", access.Problem{Status: http.StatusForbidden, Code: "removal_over", Message: "It is over."}
	}
	return "a removal", nil
}

// options are those of a server with somebody of each sort. Tokens are called
// "<person>", "<person>-stale" and "<person>-app".
func options() access.Options {
	o := access.Options{Computers: machines{}, Removals: rights{}, Now: func() time.Time { return now }}
	p, s := persons{}, sessions{}
	for _, person := range []people.Person{
		{ID: "member", Role: people.Member, State: people.Active},
		{ID: "administrator", Role: people.Administrator, State: people.Active},
		{ID: "owner", Role: people.Owner, State: people.Active},
		{ID: "blocked", Role: people.Administrator, State: people.Blocked},
		{ID: "removed", Role: people.Administrator, State: people.Removed},
		{ID: "invited", Role: people.Administrator, State: people.Invited},
	} {
		p[person.ID] = person
		s[person.ID] = session.Session{ID: "s", Person: person.ID, Kind: session.Browser, Fresh: now.Add(-access.FreshFor)}
		s[person.ID+"-stale"] = session.Session{ID: "s", Person: person.ID, Kind: session.Browser, Fresh: now.Add(-access.FreshFor - time.Second)}
		s[person.ID+"-app"] = session.Session{ID: "s", Person: person.ID, Kind: session.App, Fresh: now}
	}
	s["nobody"] = session.Session{ID: "s", Person: "never was", Kind: session.Browser, Fresh: now}
	o.People, o.Sessions = p, s
	return o
}

func handler(t *testing.T, o access.Options, routes ...access.Route) http.Handler {
	t.Helper()
	h, err := access.Handler(routes, o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// done is a route's work that always succeeds.
func done(w http.ResponseWriter, _ *http.Request, _ access.Caller) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// as makes requests of somebody.
type as func(r *http.Request)

func nobody(*http.Request) {}

// right is a computer with the right of a removal.
func right(id, right string) as {
	return func(r *http.Request) {
		computer(id, "secret")(r)
		r.Header.Set(access.RightHeader, right)
	}
}

func browser(token string) as {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: access.CookieName, Value: token}) }
}

func app(token string) as {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func computer(id, secret string) as {
	return func(r *http.Request) { r.SetBasicAuth(id, secret) }
}

func ask(h http.Handler, method, target string, who as) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	who(r)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// code is that of a JSON problem, "" when it is none.
func code(w *httptest.ResponseRecorder) string {
	var said struct {
		Error struct{ Code, Message string }
	}
	if json.Unmarshal(w.Body.Bytes(), &said) != nil || !strings.HasSuffix(said.Error.Message, ".") {
		return ""
	}
	return said.Error.Code
}

func logged(o *access.Options) *bytes.Buffer {
	var b bytes.Buffer
	o.Log = slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return &b
}

func prefixes(list ...string) (p []netip.Prefix) {
	for _, s := range list {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}
