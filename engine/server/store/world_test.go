package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/people"
	"holdfast/engine/server/session"
	"holdfast/engine/server/store"
	"holdfast/engine/server/store/disk"
	"holdfast/engine/server/store/s3"
	"holdfast/engine/server/store/storetest"
	"holdfast/engine/storage"
)

const (
	ann = "a0000000000000000000000000000000"
	bob = "b0000000000000000000000000000000"

	annLaptop  = "1a000000000000000000000000000000"
	annBlocked = "2a000000000000000000000000000000"
	bobLaptop  = "1b000000000000000000000000000000"
)

// world is the service behind a real server, with two people and three computers.
type world struct {
	t       testing.TB
	db      *database.DB
	bytes   store.Bytes
	service *store.Service
	server  *httptest.Server

	mu    sync.Mutex
	clock time.Time
	quota int64
	may   error
	told  []string // snapshots that Stored was told of

	leases func() time.Time

	stopped []string // removals that Frozen was told of
}

// each runs a test on both databases and both places of bytes.
func each(t *testing.T, run func(t *testing.T, w *world)) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		t.Run("disk", func(t *testing.T) { run(t, newWorld(t, db, onDisk(t))) })
		t.Run("S3", func(t *testing.T) {
			if _, err := db.ExecContext(t.Context(), "DELETE FROM object"); err != nil {
				t.Fatal(err)
			}
			if _, err := db.ExecContext(t.Context(), "DELETE FROM object_usage"); err != nil {
				t.Fatal(err)
			}
			if _, err := db.ExecContext(t.Context(), "DELETE FROM removal"); err != nil {
				t.Fatal(err)
			}
			run(t, newWorld(t, db, onS3(t)))
		})
	})
}

func onDisk(t testing.TB) store.Bytes {
	s, err := disk.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func onS3(t testing.TB) store.Bytes {
	address, options := storetest.S3(t)
	s, err := s3.Open(t.Context(), address, options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newWorld(t testing.TB, db *database.DB, at store.Bytes) *world {
	w := &world{t: t, db: db, bytes: at, clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	w.leases = w.now
	return w.serve()
}

// newNode is a server among others, whose clock goes wrong by so much, and whose leases go
// by what they have in common.
func newNode(t testing.TB, db *database.DB, at store.Bytes, wrong time.Duration) *world {
	w := &world{t: t, db: db, bytes: at, clock: time.Now().Add(wrong)}
	return w.serve()
}

func (w *world) serve() *world {
	t := w.t
	w.service = w.newService()
	handler, err := access.Handler(w.service.Routes(), access.Options{Sessions: w, Computers: w, People: knownPeople{}, Removals: w.service, Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	w.server = httptest.NewUnstartedServer(handler)
	w.server.Config.ErrorLog = log.New(io.Discard, "", 0) // of connections that the tests cut
	w.server.StartTLS()
	t.Cleanup(w.server.Close)
	return w
}

func (w *world) newService() *store.Service {
	return store.New(w.db, w.bytes, store.Options{
		Quota: func(context.Context, string) (int64, error) { w.mu.Lock(); defer w.mu.Unlock(); return w.quota, nil },
		MayUpload: func(context.Context, access.Caller) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.may
		},
		Stored: func(_ context.Context, c access.Caller, k storage.Kind, name string, at time.Time) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.told = append(w.told, c.Computer.ID+" "+string(k)+" "+name+" "+at.Format(time.RFC3339))
		},
		Frozen: func(_ context.Context, _ *sql.Tx, r store.Removal) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.stopped = append(w.stopped, r.ID)
			return nil
		},
		Usual:  store.Usual{Bytes: 500_000},
		Leases: w.leases,
	}, w.now)
}

func (w *world) now() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.clock }

func (w *world) pass(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.clock = w.clock.Add(d) }

func (w *world) setQuota(n int64) { w.mu.Lock(); defer w.mu.Unlock(); w.quota = n }

// Find has no sessions.
func (w *world) Find(context.Context, string) (session.Session, error) {
	return session.Session{}, session.ErrNone
}

// Identify knows the computers by any secret.
func (w *world) Identify(_ context.Context, id, _ string) (computers.Computer, error) {
	owners := map[string]string{annLaptop: ann, annBlocked: ann, bobLaptop: bob}
	if owners[id] == "" {
		return computers.Computer{}, computers.ErrUnknown
	}
	c := computers.Computer{ID: id, Person: owners[id], State: computers.Active}
	if id == annBlocked {
		c.State = computers.Blocked
	}
	return c, nil
}

type knownPeople struct{}

func (knownPeople) Get(_ context.Context, id string) (people.Person, error) {
	return people.Person{ID: id, State: people.Active}, nil
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
	code   string // of a problem
}

// do sends a request of a computer, "" for nobody's, and reads the answer.
func (w *world) do(computer, method, path string, body []byte, header ...string) answer {
	w.t.Helper()
	var from io.Reader
	if body != nil {
		from = bytes.NewReader(body)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+path, from)
	if err != nil {
		w.t.Fatal(err)
	}
	if computer != "" {
		r.SetBasicAuth(computer, "secret")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return w.send(r)
}

func (w *world) send(r *http.Request) answer {
	w.t.Helper()
	response, err := w.server.Client().Do(r)
	if err != nil {
		w.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		return answer{}
	}
	defer response.Body.Close()
	a := answer{status: response.StatusCode, header: response.Header}
	if a.body, err = io.ReadAll(response.Body); err != nil {
		w.t.Error(err)
	}
	if a.status >= 400 && r.Method != http.MethodHead {
		var problem struct {
			Error struct{ Code, Message string }
		}
		if err := json.Unmarshal(a.body, &problem); err != nil || !strings.HasSuffix(strings.TrimSuffix(problem.Error.Message, ")"), ".") && !strings.Contains(problem.Error.Message, ".") {
			w.t.Errorf("%s %s: %d is not told in a sentence: %q", r.Method, r.URL.Path, a.status, a.body)
		}
		a.code = problem.Error.Code
	}
	return a
}

// want holds an answer against what it should be.
func (a answer) want(t testing.TB, what string, status int, code string) {
	t.Helper()
	if a.status != status || a.code != code {
		t.Errorf("%s: %d %q, want %d %q; %.200s", what, a.status, a.code, status, code, a.body)
	}
}

func nameOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// post stores content and gives its path.
func (w *world) post(computer string, k storage.Kind, content []byte) string {
	w.t.Helper()
	path := "/storage/" + string(k)
	if k != storage.Config {
		path += "/" + nameOf(content)
	}
	w.do(computer, http.MethodPost, path, content).want(w.t, "POST "+path, 200, "")
	return path
}

func (w *world) used(account string) store.Usage {
	w.t.Helper()
	u, err := w.service.Usage(w.t.Context(), account)
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}
