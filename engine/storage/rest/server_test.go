package rest

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const testUser, testPassword = "1f", "correct horse"

// server speaks the protocol from memory, over TLS. A plain one does so as rest-server
// does: it knows no If-None-Match, calls a taken name forbidden and tells no times.
type server struct {
	*httptest.Server
	plain bool

	mu     sync.Mutex
	made   bool // ?create=true was asked
	files  map[string]file
	before func(w http.ResponseWriter, r *http.Request) bool // true: it has answered
	asked  []string
}

type file struct {
	data []byte
	time time.Time
}

func serve(t testing.TB, plain bool) *server {
	s := &server{plain: plain, files: map[string]file{}}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// fault sets what is done before a request is looked at.
func (s *server) fault(before func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.asked = before, nil
}

// requests are those since the last fault was set.
func (s *server) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// open makes a store with a short patience.
func (s *server) open(t testing.TB, retry time.Duration) *Store {
	t.Helper()
	store, err := Open(Options{
		URL: s.URL + "/storage/", User: testUser, Password: testPassword, Retry: retry, Transport: s.transport(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

func (s *server) transport() *http.Transport {
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return NewTransport(&tls.Config{RootCAs: roots})
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	before := s.before
	s.asked = append(s.asked, r.Method+" "+r.URL.Path)
	s.mu.Unlock()
	if before != nil && before(w, r) {
		return
	}
	if user, password, ok := r.BasicAuth(); !ok || user != testUser || password != testPassword {
		problem(w, http.StatusUnauthorized, "unknown_computer", "The server does not know this computer.")
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/storage/")
	kind, name, _ := strings.Cut(path, "/")
	switch {
	case !ok:
		http.NotFound(w, r)
	case path == "":
		s.root(w, r)
	case name == "" && kind != "config":
		s.list(w, r, kind)
	case r.Method == http.MethodPost:
		s.post(w, r, path)
	case r.Method == http.MethodDelete:
		s.remove(w, path)
	default:
		s.get(w, r, path)
	}
}

func problem(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"code":%q,"message":%q}}`, code, message)
}

func (s *server) root(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.Method == http.MethodPost && r.URL.RawQuery == "create=true":
		s.made = true
	case r.Method == http.MethodHead && !s.plain:
		w.Header().Set("Holdfast-Free", "12345")
	default:
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	}
}

func (s *server) list(w http.ResponseWriter, r *http.Request, kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	type entry struct {
		Name string    `json:"name"`
		Size int       `json:"size"`
		Time time.Time `json:"time,omitzero"`
	}
	list := []entry{}
	for path, f := range s.files {
		if name, ok := strings.CutPrefix(path, kind+"/"); ok {
			e := entry{Name: name, Size: len(f.data), Time: f.time}
			if s.plain {
				e.Time = time.Time{}
			}
			list = append(list, e)
		}
	}
	if s.plain && !s.made && len(s.files) == 0 {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	if r.Header.Get("Accept") != typeV2 {
		http.Error(w, "version 1 is not spoken here", http.StatusNotAcceptable)
		return
	}
	w.Header().Set("Content-Type", typeV2)
	json.NewEncoder(w).Encode(list)
}

func (s *server) post(w http.ResponseWriter, r *http.Request, path string) {
	data, err := io.ReadAll(r.Body)
	if err != nil || int64(len(data)) != r.ContentLength {
		http.Error(w, "broken", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.files[path]; taken {
		if s.plain {
			http.Error(w, "Forbidden", http.StatusForbidden)
			return
		}
		if r.Header.Get("If-None-Match") != "*" {
			panic("no If-None-Match")
		}
		problem(w, http.StatusPreconditionFailed, "exists", "The file is there already.")
		return
	}
	s.files[path] = file{data, time.Now()}
}

func (s *server) remove(w http.ResponseWriter, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.files[path]; !ok {
		http.Error(w, "Not Found", http.StatusNotFound)
		return
	}
	delete(s.files, path)
}

func (s *server) get(w http.ResponseWriter, r *http.Request, path string) {
	s.mu.Lock()
	f, ok := s.files[path]
	s.mu.Unlock()
	if !ok {
		http.Error(w, "Not Found", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", f.time, bytes.NewReader(f.data))
}
