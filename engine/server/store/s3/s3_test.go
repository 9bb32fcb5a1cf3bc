package s3_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"holdfast/engine/server/store"
	"holdfast/engine/server/store/s3"
	"holdfast/engine/server/store/storetest"
)

func TestABucketKeepsThePromises(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Bytes {
		address, options := storetest.S3(t)
		s, err := s3.Open(t.Context(), address, options)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestAServiceThatOverwritesIsRefused(t *testing.T) {
	var stored int
	careless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		switch r.Method {
		case http.MethodPut:
			stored++
			w.Header().Set("Etag", `"x"`)
		case http.MethodHead:
			w.Header().Set("Last-Modified", "Sun, 01 Mar 2026 12:00:00 GMT")
			w.Header().Set("Content-Length", "5")
			w.Header().Set("Etag", `"x"`)
		case http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	t.Cleanup(careless.Close)
	address := "s3://" + careless.Listener.Addr().String() + "/bucket?insecure=1"
	_, err := s3.Open(t.Context(), address, s3.Options{AccessKey: "key", SecretKey: "geheim"})
	if !errors.Is(err, s3.ErrOverwrites) || stored != 2 {
		t.Errorf("%v after %d writes", err, stored)
	}
}

// fake answers as a service that honours conditional writes, and with a status of its
// own for as long as it has one.
type fake struct {
	mu      sync.Mutex
	trouble int
	stored  map[string]bool
}

func (f *fake) set(trouble int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trouble = trouble
}

func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.stored)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	key := r.URL.Path
	switch {
	case f.trouble != 0:
		w.WriteHeader(f.trouble)
	case r.Method == http.MethodPut && f.stored[key] && r.Header.Get("If-None-Match") == "*":
		w.WriteHeader(http.StatusPreconditionFailed)
	case r.Method == http.MethodPut:
		f.stored[key] = true
		w.Header().Set("Etag", `"x"`)
	case r.Method == http.MethodDelete:
		delete(f.stored, key)
		w.WriteHeader(http.StatusNoContent)
	case !f.stored[key]:
		w.WriteHeader(http.StatusNotFound)
	default:
		w.Header().Set("Last-Modified", "Sun, 01 Mar 2026 12:00:00 GMT")
		w.Header().Set("Content-Length", "5")
		w.Header().Set("Etag", `"x"`)
	}
}

func serve(t *testing.T, handler http.Handler) (*httptest.Server, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server, "s3://" + server.Listener.Addr().String() + "/bucket?insecure=1"
}

func TestAFullServiceIsOpenedAndTriedOnceItHasRoom(t *testing.T) {
	f := &fake{trouble: http.StatusInsufficientStorage, stored: map[string]bool{}}
	_, address := serve(t, f)
	s, err := s3.Open(t.Context(), address, s3.Options{AccessKey: "key", SecretKey: "geheim"})
	if err != nil {
		t.Fatal(err)
	}
	create := func() error { return s.Create(t.Context(), "a/config", strings.NewReader("12345"), 5) }
	if err := create(); !errors.Is(err, store.ErrFull) {
		t.Errorf("while it is full: %v", err)
	}
	f.set(0)
	if err := create(); err != nil {
		t.Errorf("when it has room: %v", err)
	}
	if err := create(); !errors.Is(err, store.ErrExists) {
		t.Errorf("again: %v", err)
	}
}

func TestAServiceThatWasFullAndOverwritesTakesNothing(t *testing.T) {
	f := &fake{trouble: http.StatusInsufficientStorage, stored: map[string]bool{}}
	_, address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("If-None-Match")
		f.ServeHTTP(w, r)
	}))
	s, err := s3.Open(t.Context(), address, s3.Options{AccessKey: "key", SecretKey: "geheim"})
	if err != nil {
		t.Fatal(err)
	}
	f.set(0)
	if err := s.Create(t.Context(), "a/config", strings.NewReader("12345"), 5); !errors.Is(err, s3.ErrOverwrites) || f.count() != 0 {
		t.Errorf("%v, and it has %d files", err, f.count())
	}
}

func TestAServiceThatIsInTroubleOrGoneIsToldApartFromAMissingFile(t *testing.T) {
	f := &fake{stored: map[string]bool{}}
	server, address := serve(t, f)
	s, err := s3.Open(t.Context(), address, s3.Options{AccessKey: "key", SecretKey: "geheim"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(t.Context(), "a/config"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a missing file: %v", err)
	}
	create := func() error { return s.Create(t.Context(), "a/config", strings.NewReader("12345"), 5) }
	f.set(http.StatusInternalServerError)
	if err := create(); !errors.Is(err, store.ErrAway) {
		t.Errorf("in trouble: %v", err)
	}
	server.Close()
	if err := create(); !errors.Is(err, store.ErrAway) {
		t.Errorf("gone: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Create(ended, "a/config", strings.NewReader("12345"), 5); !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrAway) {
		t.Errorf("given up: %v", err)
	}
}

func TestAnAddressWithAMistakeIsRefusedWithoutBeingRepeated(t *testing.T) {
	for _, address := range []string{"", "http://host/bucket", "s3://host", "s3://key:geheim@host/bucket", "s3://host/bucket?secure=geheim", "s3://ho st/geheim", "s3:///geheim"} {
		_, err := s3.Open(t.Context(), address, s3.Options{})
		if err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
