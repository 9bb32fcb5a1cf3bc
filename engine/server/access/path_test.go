package access_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"holdfast/engine/server/access"
)

// reached is a server of stored objects that tells what it was asked for.
func reached(t testing.TB) (h http.Handler, last *string) {
	t.Helper()
	last = new(string)
	tell := func(w http.ResponseWriter, r *http.Request, c access.Caller) error {
		*last = r.URL.Path
		return done(w, r, c)
	}
	h, err := access.Handler([]access.Route{
		{Method: "GET", Pattern: "/storage/{$}", Need: access.Anyone, Handle: tell},
		{Method: "GET", Pattern: "/storage/config", Need: access.Anyone, Handle: tell},
		{Method: "GET", Pattern: "/storage/{kind}/{name}", Need: access.Anyone, Handle: tell},
		{Method: "GET", Pattern: "/storage/{kind}/{$}", Need: access.Anyone, Handle: tell},
		{Method: "GET", Pattern: "/download/{file}", Need: access.Anyone, Handle: tell},
	}, options())
	if err != nil {
		t.Fatal(err)
	}
	return h, last
}

func TestAPathOfAStoredObjectMeansOneThingOnly(t *testing.T) {
	h, last := reached(t)
	server := httptest.NewServer(h)
	defer server.Close()
	for target, want := range map[string]int{
		"/storage/": 204, "/storage/config": 204, "/storage/data/": 204, "/storage/data/0fA9": 204, "/storage/config?create=true": 204,
		"/storage": 404, "/storage/config/": 204, "/storage/data/a/b": 404, "/STORAGE/config": 404,

		"/storage/../config": 400, "/storage/..": 400, "/storage/data/../config": 400, "/storage/./config": 400, "/storage/data/.": 400, "/storage/...": 400,
		"/storage//config": 400, "//storage/config": 400, "/storage/data//": 400, "/storage/data//x": 400, "///": 400,
		"/storage/%2e%2e/config": 400, "/storage/%2E%2E%2Fconfig": 400, "/storage/data%2Fx": 400, "/storage/data%2fx": 400, "/storage/data/x%2Fy": 400,
		"/storage/%63onfig": 400, "/%73torage/config": 400, "/%2e%2e/storage/config": 400, "/x/../storage/config": 400, "/%2Fstorage/config": 400, "/storage%2Fconfig": 400,
		"/storage/data/x%00": 400, "/storage/data/x%0a": 400, "/storage/data/x%20": 400, "/storage/data\\x": 400, "/storage/data%5Cx": 400, "/storage/data/x;y": 400,
		"/storage/data/%252e": 400, "/storage/data/\xff": 400, "/storage/data/é": 400, "/storage/data/x.": 400, "/storage/data/x:y": 400, "/storage/data/~x": 400,
		"/STORAGE/%2e%2e/config": 400, "/Storage/data%2Fx": 400, "storage/config": 400, "*": 400, "?": 400,

		"/download/a.deb": 204, "/download/..": 400, "/download/%2e%2e": 400, "/download/..%2fa": 400, "/download/a%2f..": 400, "/download/..%5ca": 400, "/download/a%2Fb": 204,
	} {
		*last = ""
		got := raw(t, server.Listener.Addr().String(), target)
		if got != want || (got == 204) != (*last != "") {
			t.Errorf("%q: %d, want %d; reached %q", target, got, want, *last)
		}
	}
}

// raw asks for exactly the target, which clients of net/http would clean, and says the
// status of the answer.
func raw(t *testing.T, address, target string) int {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n", target); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func FuzzAPathThatReachesStorageIsPlain(f *testing.F) {
	for _, seed := range []string{"/storage/data/0f", "/storage/%2e%2e/x", "/%73torage//x", "/storage/data%2F..", "/x/../storage/\x00"} {
		f.Add(seed)
	}
	h, last := reached(f)
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		*last = ""
		r := httptest.NewRequest("GET", "/", nil)
		r.URL = u
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 300 && w.Code < 400 {
			t.Fatalf("%q is sent to %s", target, w.Header().Get("Location"))
		}
		if !strings.HasPrefix(strings.ToLower(*last), "/storage") {
			return
		}
		if *last != u.EscapedPath() || strings.Contains(*last, "..") || strings.Contains(*last, "//") || strings.Count(*last, "/") > 3 {
			t.Fatalf("%q reached %q", target, *last)
		}
	})
}
