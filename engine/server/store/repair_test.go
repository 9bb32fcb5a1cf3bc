package store_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/server/store"
	"holdfast/engine/server/store/storetest"
	"holdfast/engine/storage"
)

// crash leaves what a server that was killed in an upload leaves: the row, the count,
// and the bytes if it had come to that.
func (w *world) crash(k storage.Kind, content, there []byte) (path string) {
	w.t.Helper()
	return w.crashOf("dead", k, content, there)
}

// crashOf is crash with the name of the work.
func (w *world) crashOf(work string, k storage.Kind, content, there []byte) (path string) {
	w.t.Helper()
	name, key := nameOf(content), ann+"/"+string(k)+"/"+nameOf(content)
	path = "/storage/" + string(k) + "/" + name
	switch k {
	case storage.Config:
		name, key, path = "", ann+"/config", "/storage/config"
	case storage.Packs:
		key = ann + "/data/" + name[:2] + "/" + name
	}
	for _, statement := range []string{
		fmt.Sprintf("INSERT INTO object (account, kind, name, size, state, received, computer, changed, work, by_whom) VALUES ('%s', '%s', '%s', %d, 'coming', 0, '%s', %d, '%s', '')",
			ann, k, name, len(content), annLaptop, database.Millis(w.now()), work),
		fmt.Sprintf("INSERT INTO object_usage VALUES ('%s', %d, 1, 0) ON CONFLICT (account) DO UPDATE SET bytes = object_usage.bytes + %d, objects = object_usage.objects + 1", ann, len(content), len(content)),
	} {
		if _, err := w.db.ExecContext(w.t.Context(), statement); err != nil {
			w.t.Fatal(err)
		}
	}
	if there != nil {
		if err := w.bytes.Create(w.t.Context(), key, bytes.NewReader(there), int64(len(there))); err != nil {
			w.t.Fatal(err)
		}
	}
	return path
}

func TestWhatACrashLeftIsFinishedOrUndone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		whole := w.crash(storage.Packs, []byte("whole"), []byte("whole"))
		none := w.crash(storage.Packs, []byte("none"), nil)
		config := w.crash(storage.Config, []byte("a config"), []byte("an earlier config"))
		w.do(annLaptop, http.MethodGet, whole, nil).want(t, "GET before", 404, "not_found")
		w.pass(time.Minute) // for another server's sign of life
		if err := w.newService().Repair(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.do(annLaptop, http.MethodGet, whole, nil).want(t, "the whole one", 200, "")
		w.do(annLaptop, http.MethodGet, none, nil).want(t, "the one without bytes", 404, "not_found")
		if got := w.do(annLaptop, http.MethodGet, config, nil); string(got.body) != "an earlier config" {
			t.Errorf("config: %d %q", got.status, got.body)
		}
		if u := w.used(ann); u.Used != 5+17 || u.Objects != 2 {
			t.Errorf("%+v", u)
		}
		w.post(annLaptop, storage.Packs, []byte("none"))
	})
}

func TestAnUploadGoesOnAfterACrashWithoutARepair(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.crash(storage.Packs, []byte("whole"), []byte("whole"))
		w.crash(storage.Packs, []byte("none"), nil)
		w.pass(time.Minute)
		w.post(annLaptop, storage.Packs, []byte("whole"))
		w.post(annLaptop, storage.Packs, []byte("none"))
		if u := w.used(ann); u.Used != 9 || u.Objects != 2 {
			t.Errorf("%+v", u)
		}
	})
}

func TestWhatAnotherServerIsAtWorkOnStays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.db.Kind == database.SQLite {
			return // it has one server
		}
		w.crash(storage.Packs, []byte("none"), nil)
		w.pass(30 * time.Second)
		if err := w.service.Repair(t.Context()); err != nil {
			t.Fatal(err)
		}
		if u := w.used(ann); u.Objects != 1 {
			t.Errorf("%+v", u)
		}
	})
}

// other is another server on the database, as far as it can be seen.
func (w *world) other() *database.Presence {
	w.t.Helper()
	p := w.db.NewPresence()
	if err := p.Appear(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { end(p) })
	return p
}

func end(p *database.Presence) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	p.Stay(ctx, func(error) {})
}

// leave is the end of a server, which PostgreSQL has noticed when it returns.
func (w *world) leave(p *database.Presence) {
	w.t.Helper()
	name := p.Name()
	end(p)
	w.until("nobody sees the server that ended", func() bool {
		there, err := w.db.IsPresent(w.t.Context(), name)
		return err == nil && !there
	})
}

func TestWhatAServerThatDiedWasReceivingIsTakenOverAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.db.Kind == database.SQLite {
			return // it has one server
		}
		dead := w.other()
		whole := w.crashOf(dead.Name()+".1", storage.Packs, []byte("whole"), []byte("whole"))
		w.crashOf(dead.Name()+".2", storage.Packs, []byte("none"), nil)
		none := w.crashOf(dead.Name()+".3", storage.Packs, []byte("nothing"), nil)
		if err := w.service.Repair(t.Context()); err != nil {
			t.Fatal(err)
		}
		if u := w.used(ann); u.Objects != 3 {
			t.Errorf("while it lives: %+v", u)
		}
		w.leave(dead)
		w.post(annLaptop, storage.Packs, []byte("none"))
		if err := w.service.Repair(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.do(annLaptop, http.MethodGet, whole, nil).want(t, "the whole one", 200, "")
		w.do(annLaptop, http.MethodGet, none, nil).want(t, "the one without bytes", 404, "not_found")
		if u := w.used(ann); u.Used != 9 || u.Objects != 2 {
			t.Errorf("%+v", u)
		}
	})
}

// A server that only lost its connection would go on erasing.
func TestWhatADeadServerWasErasingHasItsLease(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.db.Kind == database.SQLite {
			return // it has one server
		}
		dead := w.other()
		w.crashOf(dead.Name()+".1", storage.Locks, []byte("lock"), []byte("lock"))
		if _, err := w.db.ExecContext(t.Context(), "UPDATE object SET state = 'going'"); err != nil {
			t.Fatal(err)
		}
		w.leave(dead)
		there := func() (n int) {
			if err := w.service.Repair(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := w.bytes.List(t.Context(), "", func(store.Info) error { n++; return nil }); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if there() != 1 {
			t.Error("it is gone already")
		}
		w.pass(time.Minute)
		if there() != 0 {
			t.Error("it is still there")
		}
	})
}

// stolenBytes are found by another server, which takes this one for dead, before this
// one can say that they are stored.
type stolenBytes struct {
	store.Bytes
	steal func()
}

func (b stolenBytes) Create(ctx context.Context, key string, r io.Reader, size int64) error {
	err := b.Bytes.Create(ctx, key, r, size)
	b.steal()
	return err
}

func TestAnUploadThatAnotherServerFinishedIsAcknowledged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		steal := func() {
			if _, err := w.db.ExecContext(t.Context(), "UPDATE object SET state = 'stored', work = ''"); err != nil {
				t.Error(err)
			}
		}
		path := newWorld(t, w.db, stolenBytes{w.bytes, steal}).post(annLaptop, storage.Packs, []byte("content"))
		w.do(annLaptop, http.MethodGet, path, nil).want(t, "GET", 200, "")
		if u := w.used(ann); u.Used != 7 || u.Objects != 1 {
			t.Errorf("%+v", u)
		}
	})
}

// The other way round, the client sends again.
func TestAnUploadThatAnotherServerUndidIsSentAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		steal := func() {
			for _, statement := range []string{"DELETE FROM object", "DELETE FROM object_usage"} {
				if _, err := w.db.ExecContext(t.Context(), statement); err != nil {
					t.Error(err)
				}
			}
		}
		content := []byte("content")
		newWorld(t, w.db, stolenBytes{w.bytes, steal}).
			do(annLaptop, http.MethodPost, "/storage/data/"+nameOf(content), content).want(t, "POST", 409, "conflict")
		path := w.post(annLaptop, storage.Packs, content)
		w.do(annLaptop, http.MethodGet, path, nil).want(t, "GET", 200, "")
		if u := w.used(ann); u.Used != 7 || u.Objects != 1 {
			t.Errorf("%+v", u)
		}
	})
}

func TestBytesWithoutARowAreTakenIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		content := []byte("content")
		name := nameOf(content)
		if err := w.bytes.Create(t.Context(), ann+"/keys/"+name, bytes.NewReader(content), 7); err != nil {
			t.Fatal(err)
		}
		if err := w.bytes.Create(t.Context(), ann+"/config", bytes.NewReader(content), 7); err != nil {
			t.Fatal(err)
		}
		w.do(annLaptop, http.MethodPost, "/storage/keys/"+name, []byte("another")).want(t, "another", 400, "wrong_hash")
		w.post(annLaptop, storage.Keys, content)
		w.do(annLaptop, http.MethodPost, "/storage/config", []byte("new config")).want(t, "config", 403, "exists")
		if got := w.do(annLaptop, http.MethodGet, "/storage/config", nil); string(got.body) != "content" {
			t.Errorf("config: %d %q", got.status, got.body)
		}
		if u := w.used(ann); u.Used != 14 || u.Objects != 2 {
			t.Errorf("%+v", u)
		}
	})
}

func TestAClientThatDiesGivesItsPlaceBackAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.setQuota(1 << 20)
		content := storetest.Content(1, 1<<20)
		path := "/storage/data/" + nameOf(content)
		conn, err := tls.Dial("tcp", w.server.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the test's own server
		if err != nil {
			t.Fatal(err)
		}
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth(annLaptop, "secret")
		out := bufio.NewWriter(conn)
		fmt.Fprintf(out, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n", path, r.Header.Get("Authorization"), len(content))
		out.Write(content[:len(content)/2])
		out.Flush()
		w.until("the place is taken", func() bool { return w.used(ann).Used == 1<<20 })
		conn.NetConn().Close()
		w.until("the place is free", func() bool { return w.used(ann).Used == 0 })
		w.post(annLaptop, storage.Packs, content)
	})
}

func (w *world) until(what string, is func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("it did not come to that: %s", what)
		}
	}
}

// fullBytes has no room.
type fullBytes struct{ store.Bytes }

func (fullBytes) Create(_ context.Context, _ string, r io.Reader, size int64) error {
	io.CopyN(io.Discard, r, size/2)
	return fmt.Errorf("write: %w", store.ErrFull)
}

func TestAFullDiskIsToldAndServesReads(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		path := w.post(annLaptop, storage.Packs, []byte("content"))
		full := newWorld(t, w.db, fullBytes{w.bytes})
		content := storetest.Content(1, 1<<20)
		full.do(annLaptop, http.MethodPost, "/storage/data/"+nameOf(content), content).want(t, "POST", 507, "full")
		full.do(annLaptop, http.MethodGet, path, nil).want(t, "GET", 200, "")
		full.do(annLaptop, http.MethodGet, "/storage/data/", nil).want(t, "list", 200, "")
		if u := full.used(ann); u.Used != 7 {
			t.Errorf("%+v", u)
		}
	})
}

// stuckBytes cannot erase.
type stuckBytes struct{ store.Bytes }

func (stuckBytes) Remove(context.Context, string) error { return errors.New("not now") }

func TestAnErasureThatFailsIsFinishedLater(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		lock := w.post(annLaptop, storage.Locks, []byte("lock"))
		stuck := newWorld(t, w.db, stuckBytes{w.bytes})
		stuck.do(annLaptop, http.MethodDelete, lock, nil).want(t, "DELETE", 500, "internal")
		w.do(annLaptop, http.MethodGet, lock, nil).want(t, "GET", 404, "not_found")
		w.pass(time.Minute)
		if err := w.service.Repair(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := w.bytes.List(t.Context(), "", func(i store.Info) error { return errors.New(i.Key) }); err != nil {
			t.Errorf("%v is still there", err)
		}
		w.post(annLaptop, storage.Locks, []byte("lock"))
	})
}

// slowBytes take their time to erase.
type slowBytes struct {
	store.Bytes
	meanwhile func(ctx context.Context)
}

func (b slowBytes) Remove(ctx context.Context, key string) error {
	b.meanwhile(ctx)
	return b.Bytes.Remove(ctx, key)
}

// Otherwise the file could be stored anew, and the first erasure take that away.
func TestAnErasureThatTakesLongIsGivenUpBeforeAnotherServerGoesOnWithIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		erased := 0
		slow := newWorld(t, w.db, slowBytes{w.bytes, func(ctx context.Context) {
			erased++
			if end, is := ctx.Deadline(); !is || time.Until(end) > 30*time.Second {
				t.Errorf("it goes on until %v", end)
			}
		}})
		slow.do(annLaptop, http.MethodDelete, slow.post(annLaptop, storage.Locks, []byte("lock")), nil).want(t, "DELETE", 200, "")
		w.crashOf("dead", storage.Locks, []byte("another"), []byte("another"))
		if _, err := w.db.ExecContext(t.Context(), "UPDATE object SET state = 'going'"); err != nil {
			t.Fatal(err)
		}
		slow.pass(time.Minute)
		if err := slow.service.Repair(t.Context()); err != nil || erased != 2 {
			t.Errorf("%d are erased, %v", erased, err)
		}
	})
}

func TestOneServerGoesOnWithAnErasureThatAnotherLeft(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.db.Kind == database.SQLite {
			return // it has one server
		}
		w.crashOf("dead", storage.Locks, []byte("lock"), []byte("lock"))
		if _, err := w.db.ExecContext(t.Context(), "UPDATE object SET state = 'going'"); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Minute)
		one := newWorld(t, w.db, slowBytes{w.bytes, func(context.Context) {
			if err := w.service.Repair(t.Context()); err != nil {
				t.Error(err)
			}
			if err := w.bytes.List(t.Context(), "", func(store.Info) error { return errThere }); !errors.Is(err, errThere) {
				t.Errorf("another server erased it meanwhile: %v", err)
			}
		}})
		one.pass(time.Minute)
		if err := one.service.Repair(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := w.bytes.List(t.Context(), "", func(i store.Info) error { return errors.New(i.Key) }); err != nil {
			t.Errorf("%v is still there", err)
		}
	})
}

var errThere = errors.New("it is there")
