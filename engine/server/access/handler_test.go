package access_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast/engine/server/access"
)

func failing(err error) access.Route {
	return access.Route{Method: "POST", Pattern: "/api/x", Need: access.Anyone, Handle: func(http.ResponseWriter, *http.Request, access.Caller) error { return err }}
}

func TestAnErrorBecomesAnAnswerWithAStableCode(t *testing.T) {
	seats := access.Problem{Status: 409, Code: "seat_limit", Message: "All four seats are taken."}
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"a problem":             {seats, 409, "seat_limit"},
		"a pointer to one":      {&seats, 409, "seat_limit"},
		"a problem wrapped":     {fmt.Errorf("register: %w", seats), 409, "seat_limit"},
		"a full disk":           {fmt.Errorf("write: %w", syscall.ENOSPC), 507, "full"},
		"a body that is large":  {fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 5}), 413, "bad_request"},
		"anything else":         {errors.New("/var/lib/x: permission denied"), 500, "internal"},
		"a stop of the server":  {context.Canceled, 500, "internal"},
		"a status that is none": {access.Problem{Code: "internal", Message: "Nothing."}, 500, "internal"},
	} {
		w := ask(handler(t, options(), failing(c.err)), "POST", "/api/x", nobody)
		if w.Code != c.status || code(w) != c.code || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), "permission denied") {
			t.Errorf("%s: the answer tells what is inside: %s", name, w.Body)
		}
	}
}

func TestSomebodyTooFastIsToldWhenToComeBack(t *testing.T) {
	for wait, want := range map[time.Duration]string{time.Millisecond: "1", 1500 * time.Millisecond: "2", time.Minute: "60"} {
		p := access.Problem{Status: 429, Code: "rate_limited", Message: "Wait a little.", RetryAfter: wait}
		if w := ask(handler(t, options(), failing(p)), "POST", "/api/x", nobody); w.Header().Get("Retry-After") != want {
			t.Errorf("%v: %q", wait, w.Header().Get("Retry-After"))
		}
	}
}

func TestTheNumberOfAFailureIsInTheLogToo(t *testing.T) {
	o := options()
	log := logged(&o)
	w := ask(handler(t, o, failing(errors.New("the disk is on fire"))), "POST", "/api/x", nobody)
	id := w.Header().Get("X-Request-Id")
	if id == "" || !strings.Contains(w.Body.String(), id) || !strings.Contains(log.String(), id) || !strings.Contains(log.String(), "on fire") {
		t.Errorf("%q: %s\n%s", id, w.Body, log)
	}
}

func TestAPageIsToldOfAProblemAsAPage(t *testing.T) {
	o := options()
	o.RenderProblem = func(w http.ResponseWriter, _ *http.Request, p access.Problem) {
		w.WriteHeader(p.Status)
		fmt.Fprintf(w, "<p>%s</p>", p.Message)
	}
	h := handler(t, o, access.Route{Method: "GET", Pattern: "/computers", Need: access.Anyone, Page: true, Handle: failing(errors.New("x")).Handle}, failing(nil))
	for target, page := range map[string]bool{"/computers": true, "/nowhere": true, "/api": false, "/api/nowhere": false, "/storage/nowhere": false, "/oauth/x": false} {
		w := ask(h, "GET", target, nobody)
		if got := strings.HasPrefix(w.Body.String(), "<p>"); got != page || w.Code < 400 {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}

func TestAPanicIsAFailureOfOneRequestOnly(t *testing.T) {
	o := options()
	log := logged(&o)
	panics := failing(nil)
	panics.Handle = func(http.ResponseWriter, *http.Request, access.Caller) error { panic("a bug") }
	h := handler(t, o, panics)
	if w := ask(h, "POST", "/api/x", nobody); w.Code != 500 || code(w) != "internal" || strings.Contains(w.Body.String(), "a bug") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "a bug") || !strings.Contains(log.String(), "handler_test.go") {
		t.Errorf("the log does not say where: %s", log)
	}
}

func TestAClientThatWentAwayIsNotedAsSuch(t *testing.T) {
	o := options()
	log := logged(&o)
	h := handler(t, o, failing(fmt.Errorf("look it up: %w", context.Canceled)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	func() {
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("the connection is not cut: %v", p)
			}
		}()
		ask(h, "POST", "/api/x", func(r *http.Request) { *r = *r.WithContext(ctx) })
	}()
	if !strings.Contains(log.String(), `"status":499`) || strings.Contains(log.String(), "ERROR") {
		t.Errorf("the log says %s", log)
	}
}

func TestHalfAnAnswerIsNeverTakenForAWholeOne(t *testing.T) {
	for name, end := range map[string]func() error{
		"an error": func() error { return errors.New("the disk is gone") },
		"a panic":  func() error { panic("a bug") },
	} {
		half := access.Route{Method: "GET", Pattern: "/api/x", Need: access.Anyone, Handle: func(w http.ResponseWriter, r *http.Request, _ access.Caller) error {
			if _, err := io.WriteString(w, `{"first":1}`+"\n"); err != nil {
				return err
			}
			if err := http.NewResponseController(w).Flush(); err != nil {
				return err
			}
			return end()
		}}
		o := options()
		log := logged(&o)
		server := httptest.NewServer(handler(t, o, half))
		resp, err := http.Get(server.URL + "/api/x")
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("%s: read %q to its end", name, body)
		}
		resp.Body.Close()
		server.Close()
		if !strings.Contains(log.String(), `"status":200`) || !strings.Contains(log.String(), `"cut":true`) {
			t.Errorf("%s: the log says %s", name, log)
		}
	}
}

func TestABodyIsTakenUpToItsLimit(t *testing.T) {
	var got int64
	read := func(limit int64) access.Route {
		return access.Route{Method: "POST", Pattern: "/api/" + strconv.FormatInt(limit, 10), Need: access.Anyone, Body: limit, Handle: func(w http.ResponseWriter, r *http.Request, c access.Caller) error {
			var err error
			if got, err = io.Copy(io.Discard, r.Body); err != nil {
				return fmt.Errorf("read: %w", err)
			}
			return done(w, r, c)
		}}
	}
	h := handler(t, options(), read(0), read(-1), read(10))
	for _, c := range []struct {
		target string
		size   int
		want   int
	}{
		{"/api/0", 1 << 20, 204}, {"/api/0", 1<<20 + 1, 413}, {"/api/10", 10, 204}, {"/api/10", 11, 413}, {"/api/-1", 3 << 20, 204},
	} {
		for _, known := range []bool{true, false} {
			r := httptest.NewRequest("POST", c.target, strings.NewReader(strings.Repeat("x", c.size)))
			if !known {
				r.ContentLength = -1
			}
			got = 0
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.want || w.Code == 204 && got != int64(c.size) || known && w.Code == 413 && got != 0 {
				t.Errorf("%d bytes to %s (length told: %v): %d, %d were read", c.size, c.target, known, w.Code, got)
			}
		}
	}
}

func TestAFormOfAnotherSiteIsRefused(t *testing.T) {
	o := options()
	o.Origin = "https://backup.college.edu"
	worked := 0
	route := access.Route{Method: "POST", Pattern: "/sign-out", Need: access.SignedIn, Page: true, Handle: func(w http.ResponseWriter, r *http.Request, c access.Caller) error {
		worked++
		return done(w, r, c)
	}}
	h := handler(t, o, route)
	for _, c := range []struct {
		header, value string
		want          int
	}{
		{"Sec-Fetch-Site", "same-origin", 204}, {"Sec-Fetch-Site", "none", 204}, {"Sec-Fetch-Site", "cross-site", 403}, {"Sec-Fetch-Site", "same-site", 403},
		{"Origin", "http://example.com", 204}, {"Origin", "https://backup.college.edu", 204}, {"Origin", "https://evil.example", 403}, {"Origin", "null", 403},
		{"X-Nothing", "", 204}, // no browser
	} {
		worked = 0
		w := ask(h, "POST", "/sign-out", func(r *http.Request) { browser("member")(r); r.Header.Set(c.header, c.value) })
		if w.Code != c.want || (worked == 1) != (c.want == 204) {
			t.Errorf("%s: %s: %d", c.header, c.value, w.Code)
		}
	}
}

func TestEveryAnswerHasTheHeadersThatBrowsersObey(t *testing.T) {
	h := handler(t, options(), failing(nil))
	for _, target := range []string{"/api/x", "/nowhere", "/storage/..", "/api/x/"} {
		w := ask(h, "POST", target, nobody)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Strict-Transport-Security": "max-age=31536000",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s: %q", target, name, got)
			}
		}
	}
}

func TestAnAddressAnswersOnlyToItsMethods(t *testing.T) {
	h := handler(t, options(),
		access.Route{Method: "GET", Pattern: "/api/x", Need: access.Anyone, Handle: done},
		access.Route{Method: "DELETE", Pattern: "/api/x", Need: access.Anyone, Handle: done},
		access.Route{Method: "GET", Pattern: "/api/tree/", Need: access.Anyone, Handle: done})
	for _, c := range []struct {
		method, target string
		want           int
	}{
		{"GET", "/api/x", 204}, {"HEAD", "/api/x", 204}, {"DELETE", "/api/x", 204}, {"POST", "/api/x", 405}, {"OPTIONS", "/api/x", 405}, {"BREW", "/api/x", 405},
		{"GET", "/api/y", 404}, {"GET", "/api/x/", 404}, {"GET", "/api/tree", 404}, {"GET", "/api/tree/a", 204}, {"CONNECT", "/api/x", 405},
	} {
		w := ask(h, c.method, c.target, nobody)
		if w.Code != c.want {
			t.Errorf("%s %s: %d", c.method, c.target, w.Code)
		}
		if allow := w.Header().Get("Allow"); w.Code == 405 && allow != "DELETE, GET, HEAD" {
			t.Errorf("%s %s: allows %q", c.method, c.target, allow)
		}
	}
}

func TestTheClientsAddressIsBelievedFromTrustedProxiesOnly(t *testing.T) {
	o := options()
	o.TrustedProxies = prefixes("10.0.0.0/8", "2001:db8:1::/48")
	var got string
	route := failing(nil)
	route.Handle = func(_ http.ResponseWriter, _ *http.Request, c access.Caller) error {
		got = c.Address.String()
		return nil
	}
	h := handler(t, o, route)
	for _, c := range []struct {
		remote    string
		forwarded []string
		want      string
	}{
		{"192.0.2.1:5", nil, "192.0.2.1"},
		{"192.0.2.1:5", []string{"198.51.100.1"}, "192.0.2.1"},
		{"10.0.0.1:5", nil, "10.0.0.1"},
		{"10.0.0.1:5", []string{"198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1:5", []string{"203.0.113.9, 198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1:5", []string{"203.0.113.9, 198.51.100.1, 10.2.3.4"}, "198.51.100.1"},
		{"10.0.0.1:5", []string{"203.0.113.9", "198.51.100.1", "10.2.3.4"}, "198.51.100.1"},
		{"10.0.0.1:5", []string{"198.51.100.1, rubbish"}, "10.0.0.1"},
		{"10.0.0.1:5", []string{""}, "10.0.0.1"},
		{"10.0.0.1:5", []string{"198.51.100.1:443"}, "198.51.100.1"},
		{"[2001:db8:1::1]:5", []string{"2001:db8:2::1"}, "2001:db8:2::1"},
		{"[2001:db8:1::1]:5", []string{"[2001:db8:2::1]:443"}, "2001:db8:2::1"},
		{"[::ffff:10.0.0.1]:5", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"[fe80::1%eth0]:5", nil, "fe80::1"},
		{"@", []string{"198.51.100.1"}, "invalid IP"}, // a Unix socket is no address
	} {
		ask(h, "POST", "/api/x", func(r *http.Request) {
			r.RemoteAddr = c.remote
			r.Header["X-Forwarded-For"] = c.forwarded
		})
		if got != c.want {
			t.Errorf("%s with %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
}

func TestEachAnswerIsCountedWithItsPattern(t *testing.T) {
	o := options()
	var got []string
	o.Observe = func(pattern, method string, status int, _ time.Duration, bytes int64) {
		got = append(got, fmt.Sprintf("%s %q %d %d", method, pattern, status, bytes))
	}
	h := handler(t, o, access.Route{Method: "POST", Pattern: "/api/{name}", Need: access.Anyone, Handle: func(w http.ResponseWriter, r *http.Request, _ access.Caller) error {
		_, err := io.Copy(w, r.Body)
		return err
	}})
	r := httptest.NewRequest("POST", "/api/x", strings.NewReader("12345"))
	h.ServeHTTP(httptest.NewRecorder(), r)
	ask(h, "BREW", "/c0ffee", nobody)
	if len(got) != 2 || got[0] != `POST "/api/{name}" 200 10` || !strings.HasPrefix(got[1], `other "" 404 `) {
		t.Errorf("%q", got)
	}
}
