package operations_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/operations"
	"holdfast/engine/server/people"
	"holdfast/engine/server/session"
)

func TestFiguresAreCountedByPattern(t *testing.T) {
	m := operations.NewMetrics("1.2.3")
	m.Observe("/storage/data/{name}", "POST", 200, time.Second, 100)
	m.Observe("/storage/data/{name}", "POST", 507, time.Second, 1)
	m.Observe("/storage/data/{name}", "GET", 206, time.Second, 50)
	m.Observe("/oauth/token", "POST", 200, time.Second, 50)
	m.Observe("", "GET", 404, time.Second, 0)
	m.Observe("", "INVENTED", 7, time.Second, -1)
	if err := m.Watch("mail_waiting", "Letters that wait.", func() float64 { return 3 }); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`holdfast_requests_total{method="POST",pattern="/storage/data/{name}",status="2xx"} 1`,
		`holdfast_requests_total{method="POST",pattern="/storage/data/{name}",status="5xx"} 1`,
		`holdfast_requests_total{method="GET",pattern="none",status="4xx"} 1`,
		`holdfast_requests_total{method="other",pattern="none",status="other"} 1`,
		`holdfast_request_seconds_count{method="POST",pattern="/storage/data/{name}"} 2`,
		`holdfast_request_bytes_total{method="POST",pattern="/storage/data/{name}"} 101`,
		`holdfast_storage_bytes_total{direction="up"} 101`, `holdfast_storage_bytes_total{direction="down"} 50`,
		`holdfast_uploads_refused_total{status="507"} 1`, `holdfast_sign_ins_total{status="2xx"} 1`,
		`holdfast_mail_waiting 3`, `version="1.2.3"`, "go_goroutines",
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s is not among the figures", want)
		}
	}
}

// nobody is known: supervisors ask without credentials.
type nobody struct{}

func (nobody) Find(context.Context, string) (session.Session, error) {
	return session.Session{}, session.ErrNone
}

func (nobody) Identify(context.Context, string, string) (computers.Computer, error) {
	return computers.Computer{}, computers.ErrUnknown
}

func (nobody) Get(context.Context, string) (people.Person, error) {
	return people.Person{}, people.ErrNotFound
}

// gate is the routes behind the server's real gate, and what it logs.
func gate(t *testing.T, ready func(context.Context) error) (http.Handler, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	h, err := access.Handler(operations.Health(ready), access.Options{
		Sessions: nobody{}, Computers: nobody{}, People: nobody{}, Now: time.Now, Log: slog.New(operations.Log(&out, slog.LevelInfo)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return h, &out
}

func ask(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

func TestReadinessIsWhatTheServerCanDo(t *testing.T) {
	var broken error
	h, log := gate(t, func(context.Context) error { return broken })
	if w := ask(h, "/readyz"); w.Code != http.StatusOK {
		t.Fatalf("ready is %d %s", w.Code, w.Body)
	}
	broken = errors.New("postgres://holdfast:hunter2@db.internal is full")
	w := ask(h, "/readyz")
	if w.Code != http.StatusServiceUnavailable || !strings.HasPrefix(w.Body.String(), `{"error":{"code":`) || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("not ready is %d %s", w.Code, w.Body)
	}
	if strings.Contains(w.Body.String(), "db.internal") {
		t.Fatalf("the answer tells details: %s", w.Body)
	}
	if !strings.Contains(log.String(), "db.internal") || strings.Contains(log.String(), "hunter2") {
		t.Fatalf("the log tells too little or too much: %s", log)
	}
	if w := ask(h, "/healthz"); w.Code != http.StatusOK {
		t.Fatalf("alive is %d while not ready", w.Code)
	}
}

func TestAPanicOfTheQuestionIsNotReady(t *testing.T) {
	h, _ := gate(t, func(context.Context) error { panic("no") })
	if w := ask(h, "/readyz"); w.Code != http.StatusServiceUnavailable {
		t.Fatalf("it is %d", w.Code)
	}
}

func TestADiskThatHangsIsNotReadyAndAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, asked := make(chan struct{}), atomic.Int32{}
		route := operations.Health(func(context.Context) error { asked.Add(1); <-release; return nil })[1]
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				err := route.Handle(httptest.NewRecorder(), httptest.NewRequest("GET", "/readyz", nil), access.Caller{})
				if p, ok := errors.AsType[access.Problem](err); !ok || p.Status != http.StatusServiceUnavailable {
					t.Errorf("a disk that hangs is %v", err)
				}
			})
		}
		all.Wait()
		close(release)
		if n := asked.Load(); n != 1 {
			t.Errorf("%d questions were put", n)
		}
	})
}
