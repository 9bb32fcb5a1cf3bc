package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/engine/storage"
	"holdfast/engine/storage/storagetest"
)

func TestConformance(t *testing.T) {
	for name, plain := range map[string]bool{"account server": false, "plain rest-server": true} {
		t.Run(name, func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T) storage.Store { return serve(t, plain).open(t, patience) })
		})
	}
}

// patience is for trouble that goes away. It is long because a loaded machine is slow.
const patience = time.Minute

// cut breaks the connection without an answer.
func cut(http.ResponseWriter) bool { panic(http.ErrAbortHandler) }

func TestAnUploadWhoseAnswerWasLostIsDone(t *testing.T) {
	for _, k := range []storage.Kind{storage.Packs, storage.Config} {
		for _, plain := range []bool{false, true} {
			s := serve(t, plain)
			store := s.open(t, patience)
			name, data := nameFor(k), storagetest.Bytes(1, 100_000)
			var lost atomic.Bool
			s.fault(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodPost && r.URL.RawQuery == "" && lost.CompareAndSwap(false, true) {
					s.post(w, r, label(k, name))
					cut(w)
				}
				return false
			})
			if err := store.Put(t.Context(), k, name, data); err != nil {
				t.Errorf("%s, plain %v: %v", k, plain, err)
			}
			if !lost.Load() {
				t.Error("nothing was lost")
			}
			if err := store.Put(t.Context(), k, name, data); !errors.Is(err, storage.ErrExists) {
				t.Errorf("%s again: %v", k, err)
			}
		}
	}
}

func nameFor(k storage.Kind) string {
	if k == storage.Config {
		return ""
	}
	return storagetest.Name("x")
}

func TestAnotherConfigIsNotTakenForOnesOwnLostUpload(t *testing.T) {
	s := serve(t, false)
	store := s.open(t, patience)
	var tries atomic.Int32
	s.fault(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost && r.URL.RawQuery == "" && tries.Add(1) == 1 {
			s.mu.Lock()
			s.files["config"] = file{[]byte("of another computer"), time.Now()}
			s.mu.Unlock()
			return cut(w)
		}
		return false
	})
	if err := store.Put(t.Context(), storage.Config, "", []byte("mine")); !errors.Is(err, storage.ErrExists) {
		t.Error(err)
	}
}

func TestTroubleThatGoesAwayIsBorne(t *testing.T) {
	s := serve(t, false)
	store := s.open(t, patience)
	name, data := storagetest.Name(1), storagetest.Bytes(1, 300_000)
	calls := map[string]func() error{
		"Put": func() error { return store.Put(t.Context(), storage.Packs, name, data) },
		"Get": func() error {
			got, err := store.Get(t.Context(), storage.Packs, name, 100, 250_000, nil)
			if err == nil && !bytes.Equal(got, data[100:250_100]) {
				return errors.New("other bytes")
			}
			return err
		},
		"Stat": func() error { _, err := store.Stat(t.Context(), storage.Packs, name); return err },
		"List": func() error {
			if got := storagetest.Names(t, store, storage.Packs); !slices.Equal(got, []string{name}) {
				return fmt.Errorf("listed %v", got)
			}
			return nil
		},
		"Remove": func() error { return store.Remove(t.Context(), storage.Packs, name) },
	}
	for _, op := range []string{"Put", "Stat", "Get", "List", "Remove"} {
		var tries atomic.Int32
		s.fault(func(w http.ResponseWriter, r *http.Request) bool {
			switch tries.Add(1) {
			case 1:
				w.Header().Set("Content-Length", "300000")
				w.Header().Set("Content-Range", "bytes 100-250099/300000")
				if r.Header.Get("Range") != "" {
					w.Header().Set("Content-Length", "250000")
					w.WriteHeader(http.StatusPartialContent)
				}
				io.WriteString(w, `[{"name":"`)
				return cut(w) // in the middle of the answer
			case 2:
				problem(w, http.StatusServiceUnavailable, "internal", "Starting.")
				return true
			}
			return false
		})
		if err := calls[op](); err != nil {
			t.Errorf("%s: %v", op, err)
		}
	}
}

func TestTroubleThatStaysIsUnreachable(t *testing.T) {
	s := serve(t, false)
	for name, before := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"no answer": func(w http.ResponseWriter, _ *http.Request) bool { return cut(w) },
		"an error of the server": func(w http.ResponseWriter, _ *http.Request) bool {
			problem(w, http.StatusInternalServerError, "internal", "Something is wrong.")
			return true
		},
		"too many requests": func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Retry-After", "100")
			problem(w, http.StatusTooManyRequests, "rate_limited", "Slowly.")
			return true
		},
		"the sign-in page of a hotel": func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			io.WriteString(w, "<html>Welcome!")
			return true
		},
		"a proxy that finds nothing": func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusNotFound)
			return true
		},
		"being sent elsewhere": func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := s.open(t, 300*time.Millisecond)
			s.fault(before)
			for op, err := range everyCall(t.Context(), store) {
				if op == "Get" && name == "the sign-in page of a hotel" {
					continue // the bytes of a file may look like anything
				}
				if !errors.Is(err, storage.ErrUnreachable) {
					t.Errorf("%s: %v", op, err)
				}
				if err != nil && strings.Contains(err.Error(), testPassword) {
					t.Errorf("the password is in %v", err)
				}
			}
		})
	}
}

// everyCall makes each call once and returns what it said.
func everyCall(ctx context.Context, s *Store) map[string]error {
	name := storagetest.Name("new")
	_, get := s.Get(ctx, storage.Keys, name, 0, -1, nil)
	_, stat := s.Stat(ctx, storage.Packs, name)
	return map[string]error{
		"Put": s.Put(ctx, storage.Index, name, []byte("x")), "Get": get, "Stat": stat,
		"List":   s.List(ctx, storage.Packs, func(storage.Info) error { return nil }),
		"Remove": s.Remove(ctx, storage.Locks, name),
	}
}

func TestAServerThatIsDownIsUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	store, err := Open(Options{URL: "https://" + l.Addr().String() + "/storage", Retry: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for op, err := range everyCall(t.Context(), store) {
		if !errors.Is(err, storage.ErrUnreachable) {
			t.Errorf("%s: %v", op, err)
		}
	}
}

func TestWhatTheServerDecidedIsToldOnceAndInItsWords(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   error
	}{
		{http.StatusUnauthorized, "replaced", storage.ErrDenied},
		{http.StatusForbidden, "institution_network", storage.ErrDenied},
		{http.StatusInsufficientStorage, "quota", storage.ErrFull},
		{http.StatusBadRequest, "wrong_hash", nil},
		{http.StatusConflict, "conflict", nil},
	} {
		s := serve(t, false)
		store := s.open(t, patience)
		s.fault(func(w http.ResponseWriter, r *http.Request) bool {
			io.Copy(io.Discard, r.Body)
			problem(w, c.status, c.code, "Because.")
			return true
		})
		for op, err := range everyCall(t.Context(), store) {
			r, ok := errors.AsType[*Refusal](err)
			if !ok || r.Status != c.status || c.want != nil && !errors.Is(err, c.want) || errors.Is(err, storage.ErrUnreachable) {
				t.Errorf("%d at %s: %v", c.status, op, err)
				continue
			}
			if (r.Code != c.code || r.Message != "Because.") && (op != "Stat" || c.want == storage.ErrDenied) {
				t.Errorf("%s lost the words: %+v", op, r)
			}
		}
		if n := len(s.requests()); n > 7 {
			t.Errorf("%d was asked %d times: %v", c.status, n, s.requests())
		}
	}
}

func TestAnUploadAfterARefusedOneIsNotSentInVain(t *testing.T) {
	s := serve(t, false)
	store := s.open(t, patience)
	var full atomic.Bool
	full.Store(true)
	var received atomic.Int64
	s.fault(func(w http.ResponseWriter, r *http.Request) bool {
		if full.Load() && r.Method == http.MethodPost {
			if r.Header.Get("Expect") == "" {
				n, _ := io.Copy(io.Discard, r.Body)
				received.Add(n)
			}
			problem(w, http.StatusInsufficientStorage, "quota", "Full.")
			return true
		}
		return false
	})
	data := storagetest.Bytes(1, 1<<20)
	for range 3 {
		if err := store.Put(t.Context(), storage.Packs, storagetest.Name(1), data); !errors.Is(err, storage.ErrFull) {
			t.Fatal(err)
		}
	}
	if received.Load() != 1<<20 {
		t.Errorf("%d bytes were sent in vain", received.Load())
	}
	full.Store(false)
	if err := store.Put(t.Context(), storage.Packs, storagetest.Name(1), data); err != nil {
		t.Fatal(err)
	}
	if store.refused.Load() {
		t.Error("it still expects a refusal")
	}
}

func TestPutReturnsOnlyWhenNothingReadsTheBytes(t *testing.T) {
	s := serve(t, false)
	store := s.open(t, 100*time.Millisecond)
	s.fault(func(w http.ResponseWriter, r *http.Request) bool {
		problem(w, http.StatusForbidden, "institution_network", "Not from here.") // before the body was read
		return true
	})
	data := storagetest.Bytes(1, 32<<20)
	for range 3 {
		err := store.Put(t.Context(), storage.Packs, storagetest.Name(1), data)
		if err == nil {
			t.Fatal("stored")
		}
		clear(data) // the race detector sees a reader that is left
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	over := make(chan struct{})
	defer close(over)
	s.fault(func(http.ResponseWriter, *http.Request) bool {
		<-over // takes nothing and answers nothing
		return true
	})
	if err := store.Put(ctx, storage.Packs, storagetest.Name(1), data); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	clear(data)
}

// In a bubble, whose clock stands still while anything waits for the network: the
// transport gives up a connection that was not told within 50 ms of a clock that its
// request has gone out, as happens on a loaded machine after the answer is there.
func TestConnectionsAreUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, false)
		var opened atomic.Int32
		transport := s.transport()
		dial := transport.DialContext
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			opened.Add(1)
			return dial(ctx, network, address)
		}
		store, err := Open(Options{URL: s.URL + "/storage/", User: testUser, Password: testPassword, Transport: transport})
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 0, 1<<20)
		for i := range 20 {
			if err := store.Put(t.Context(), storage.Packs, storagetest.Name(i), storagetest.Bytes(1, 1<<20)); err != nil {
				t.Fatal(err)
			}
			if _, err := store.Get(t.Context(), storage.Packs, storagetest.Name(i), 0, -1, buf); err != nil {
				t.Fatal(err)
			}
			if _, err := store.Stat(t.Context(), storage.Packs, storagetest.Name("none")); !errors.Is(err, storage.ErrNotFound) {
				t.Fatal(err)
			}
		}
		if n := opened.Load(); n > 1 {
			t.Errorf("%d connections", n)
		}
	})
}

func TestTheRightToRemoveGoesWithWhatIsRemovedAlone(t *testing.T) {
	s := serve(t, false)
	store, err := Open(Options{URL: s.URL + "/storage/", User: testUser, Password: testPassword, Transport: s.transport(), Removal: "let me"})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	old, by := strings.Repeat("a", 64), strings.Repeat("b", 64)
	var heard []string
	s.fault(func(w http.ResponseWriter, r *http.Request) bool {
		heard = append(heard, r.Method+" "+r.Header.Get(HeaderRemoval)+" "+r.Header.Get(headerSuperseded))
		return r.Method == http.MethodDelete
	})
	for name, err := range everyCall(t.Context(), store) {
		if err != nil && !errors.Is(err, storage.ErrNotFound) && !errors.Is(err, storage.ErrExists) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := store.ReplaceSnapshot(t.Context(), old, by); err != nil {
		t.Error(err)
	}
	for _, line := range heard {
		method, right, _ := strings.Cut(line, " ")
		if with := strings.HasPrefix(right, "let me"); with != (method == http.MethodDelete) {
			t.Errorf("%q", line)
		}
	}
	if last := heard[len(heard)-1]; last != "DELETE let me "+by {
		t.Errorf("the last is %q", last)
	}
	if err := store.ReplaceSnapshot(t.Context(), old, "../config"); !errors.Is(err, storage.ErrName) {
		t.Errorf("by what is no snapshot: %v", err)
	}
}

func TestAddressesThatWouldGiveTheCredentialAwayAreRefused(t *testing.T) {
	for _, address := range []string{
		"http://backup.college.edu/", "ftp://host/", "https://user:" + testPassword + "@host/", "host", "", "https:///x", "https://host/?x", ":",
	} {
		if _, err := Open(Options{URL: address}); err == nil {
			t.Errorf("%q was opened", address)
		} else if strings.Contains(err.Error(), testPassword) {
			t.Error(err)
		}
	}
	for _, address := range []string{"https://host", "https://host/a/b", "http://127.0.0.1:8000/", "http://[::1]:8000/x"} {
		if s, err := Open(Options{URL: address}); err != nil || !strings.HasSuffix(s.Location(), "/") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestFreeIsWhatTheServerSays(t *testing.T) {
	if free, err := serve(t, false).open(t, patience).Free(t.Context()); free != 12345 || err != nil {
		t.Error(free, err)
	}
	if free, err := serve(t, true).open(t, patience).Free(t.Context()); free != -1 || err != nil {
		t.Error(free, err)
	}
}

func TestAClosedStoreRefuses(t *testing.T) {
	store := serve(t, false).open(t, patience)
	store.Close()
	for op, err := range everyCall(t.Context(), store) {
		if !errors.Is(err, errClosed) {
			t.Errorf("%s: %v", op, err)
		}
	}
}
