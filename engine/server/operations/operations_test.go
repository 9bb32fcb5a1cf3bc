package operations_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/operations"
)

func TestNoSecretReachesTheLog(t *testing.T) {
	secret, id := rand.Text(), "0123456789abcdef0123456789abcdef"
	for name, line := range map[string]string{
		"a computer's credential":  id + ":" + secret,
		"a bearer token":           "Authorization: Bearer " + secret,
		"basic credentials":        "basic " + secret,
		"a cookie":                 "__Host-holdfast=" + secret + "; Path=/",
		"a form":                   "grant_type=x&code=" + secret + "&code_verifier=" + secret,
		"JSON":                     `{"secret":"` + secret + `"}`,
		"an invitation's link":     "https://backup.college.edu/invitation/" + secret,
		"a database's password":    "postgres://holdfast:" + secret + "@db/holdfast",
		"nothing but a token":      secret,
		"a token within a message": "could not read (" + secret + ")",
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			log := slog.New(operations.Log(&out, slog.LevelInfo))
			log.Error("trouble with "+line, "error", errors.New(line), "token", secret, slog.Group("more", "text", line))
			if strings.Contains(out.String(), secret) {
				t.Fatalf("the log holds the secret: %s", &out)
			}
			if !strings.Contains(out.String(), "trouble with") {
				t.Fatalf("the message is gone: %s", &out)
			}
		})
	}
}

func TestWhatIsNoSecretStaysInTheLog(t *testing.T) {
	for _, line := range []string{"request", "/api/v1/computers/{id}/settings", "0123456789abcdef0123456789abcdef", "dial tcp 127.0.0.1:5432: connect: connection refused", "INFO"} {
		if got := operations.Redact(line); got != line {
			t.Errorf("%q became %q", line, got)
		}
	}
}

func TestFiguresAreCountedByPattern(t *testing.T) {
	m := operations.NewMetrics("1.2.3")
	m.Observe("/storage/data/{name}", "POST", 200, time.Second, 100)
	m.Observe("/storage/data/{name}", "POST", 507, time.Second, 1)
	m.Observe("/storage/data/{name}", "GET", 200, time.Second, 50)
	m.Observe("/oauth/token", "POST", 200, time.Second, 50)
	m.Observe("", "GET", 404, time.Second, 0)
	if err := m.Watch("mail_waiting", "Letters that wait.", func() float64 { return 3 }); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`holdfast_request_seconds_count{method="GET",pattern="none",status="404"} 1`,
		`holdfast_storage_bytes_total{direction="up"} 101`, `holdfast_storage_bytes_total{direction="down"} 50`,
		`holdfast_uploads_refused_total{status="507"} 1`, `holdfast_sign_ins_total{status="200"} 1`,
		`holdfast_mail_waiting 3`, `version="1.2.3"`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s is not among the figures", want)
		}
	}
}

func TestReadinessIsWhatTheServerCanDo(t *testing.T) {
	var broken error
	routes := map[string]access.Route{}
	for _, r := range operations.Health(func(context.Context) error { return broken }) {
		routes[r.Pattern] = r
	}
	ask := func(path string) (int, string) {
		w := httptest.NewRecorder()
		if err := routes[path].Handle(w, httptest.NewRequest("GET", path, nil), access.Caller{}); err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(w.Body)
		return w.Code, string(b)
	}
	if code, _ := ask("/readyz"); code != http.StatusOK {
		t.Fatalf("ready is %d", code)
	}
	broken = errors.New("the disk of db.internal is full")
	code, body := ask("/readyz")
	if code != http.StatusServiceUnavailable || strings.Contains(body, "db.internal") {
		t.Fatalf("not ready is %d %s", code, body)
	}
	if code, _ := ask("/healthz"); code != http.StatusOK {
		t.Fatalf("alive is %d while not ready", code)
	}
}
