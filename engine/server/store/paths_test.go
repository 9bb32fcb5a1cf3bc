package store_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"holdfast/engine/server/access"
	"holdfast/engine/server/store"
	"holdfast/engine/storage"
)

func TestAnotherAccountsFilesAreOutOfReach(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		path := w.post(bobLaptop, storage.Packs, []byte("bob's"))
		w.post(bobLaptop, storage.Config, []byte("bob's config"))
		lock := w.post(bobLaptop, storage.Locks, []byte("bob's lock"))
		w.do(annLaptop, http.MethodGet, path, nil).want(t, "GET", 404, "not_found")
		w.do(annLaptop, http.MethodHead, path, nil).want(t, "HEAD", 404, "")
		w.do(annLaptop, http.MethodGet, "/storage/config", nil).want(t, "config", 404, "not_found")
		w.do(annLaptop, http.MethodDelete, lock, nil).want(t, "lock", 404, "not_found")
		if got := w.do("", http.MethodGet, path, nil); got.status != 401 {
			t.Errorf("nobody: %d", got.status)
		}
		w.do("ffffffffffffffffffffffffffffffff", http.MethodGet, path, nil).want(t, "a stranger", 401, "unknown_computer")
		w.post(annLaptop, storage.Packs, []byte("bob's")) // has it too now, counted on its own
		if w.used(ann).Used != 5 || w.used(bob).Used != 5+12 {
			t.Errorf("%+v %+v", w.used(ann), w.used(bob))
		}
	})
}

// TestTricksWithPathsReachNothing writes the request line by hand, because clients
// clean paths before they send them.
func TestTricksWithPathsReachNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		name := nameOf([]byte("content"))
		w.post(annLaptop, storage.Packs, []byte("content"))
		w.post(bobLaptop, storage.Config, []byte("bob's config"))
		w.post(annLaptop, storage.Config, []byte("ann's config"))
		tricks := []string{
			"/storage/data/../config", "/storage/data/%2e%2e/config", "/storage/../storage/config", "/storage/./config",
			"/storage//config", "//storage/config", "/storage/data//" + name, "/storage/data/" + name + "/", "/storage/config/",
			"/storage/data%2F" + name, "/storage%2Fconfig", "/storage/data/..%2Fconfig", "/storage/data/..%2f..%2f" + bob + "%2fconfig",
			"/storage/" + bob + "/config", "/storage/data/" + strings.ToUpper(name), "/storage/DATA/" + name, "/STORAGE/config",
			"/storage/data/%" + fmt.Sprintf("%x", name[0]) + name[1:], "/storage/c%6fnfig", "/storage/data/" + name + "%00", "/storage/data/" + name[:63],
			"/storage/data/" + name + "0", "/storage/data/" + name[:2] + "/" + name, "/storage/keys/..", "/storage/data/..", "/storage/tmp/x",
			"/storage/data/" + name + ";x=1", `/storage/data/..\config`, `/storage/data/..%5Cconfig`, "/storage/data/%c0%ae%c0%ae/config", "/storage/config%20",
			"/storage/data/%252e%252e%252fconfig",
		}
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete} {
			for _, path := range tricks {
				status, body := w.raw(method, path)
				if status != 400 && status != 404 {
					t.Errorf("%s %s: %d %.100s", method, path, status, body)
				}
				if strings.Contains(body, "config\"") || strings.Contains(body, "'s config") {
					t.Errorf("%s %s tells %q", method, path, body)
				}
			}
		}
		want := map[string]bool{bob + "/config": true, ann + "/config": true, ann + "/data/" + name[:2] + "/" + name: true}
		err := w.bytes.List(t.Context(), "", func(i store.Info) error {
			if !want[i.Key] {
				t.Errorf("%s was made", i.Key)
			}
			delete(want, i.Key)
			return nil
		})
		if err != nil || len(want) != 0 {
			t.Errorf("%v are gone, %v", want, err)
		}
	})
}

// raw sends a request whose path is exactly this.
func (w *world) raw(method, path string) (int, string) {
	w.t.Helper()
	conn, err := tls.Dial("tcp", w.server.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the test's own server
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(annLaptop, "secret")
	_, right, err := w.service.OpenRemoval(w.t.Context(), ann, annLaptop, "", untold) // tricks that the right would let through
	if err != nil {
		w.t.Fatal(err)
	}
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: %s\r\n%s: %s\r\nContent-Length: 5\r\n\r\nhello", method, path, r.Header.Get("Authorization"), access.RightHeader, right)
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}
