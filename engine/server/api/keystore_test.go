package api_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/escrow"
	"holdfast/engine/server/people"
)

// mayHang is the master key of a key store that hangs or fails when it is told to.
type mayHang struct {
	escrow.Wrapper
	mu      sync.Mutex
	entered chan struct{} // gets one for each that hangs; nil: none does
	over    chan struct{}
	broken  error
}

// hang makes everything that is to be wrapped wait until over is closed.
func (m *mayHang) hang() (entered <-chan struct{}, over chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entered, m.over = make(chan struct{}, 10), make(chan struct{})
	return m.entered, m.over
}

func (m *mayHang) Wrap(ctx context.Context, plain, binding []byte) ([]byte, error) {
	m.mu.Lock()
	entered, over := m.entered, m.over
	m.mu.Unlock()
	if entered != nil {
		entered <- struct{}{}
		select {
		case <-over:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return m.Wrapper.Wrap(ctx, plain, binding)
}

func (m *mayHang) Unwrap(ctx context.Context, wrapped, binding []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return nil, m.broken
	}
	return m.Wrapper.Unwrap(ctx, wrapped, binding)
}

const keepOne = `{"secret":"c2VjcmV0","key_file":"pending"}`

func TestAKeyStoreThatHangsDelaysNobodyWhoDoesNotNeedIt(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann, ben := v.person("ann@college.edu", people.Member), v.person("ben@college.edu", people.Member)
		me, bens := v.signIn(ann), v.signIn(ben)
		laptop, c := v.computer(ben, "laptop")
		v.s.Escrow = v.s.Escrow.WithPatience(time.Hour)
		v.serve()
		entered, over := v.master.hang()
		kept := make(chan answer, 1)
		go func() { kept <- v.ask(me, "PUT", "/api/v1/keys/escrow", keepOne) }()
		<-entered
		v.put(c, "data", "a pack")
		v.want(v.ask(bens, "POST", "/api/v1/computers/"+laptop.ID+"/deauthorize", ""), 204, "") // in the log, and told
		v.signIn(v.person("eve@college.edu", people.Member))
		select {
		case a := <-kept:
			t.Errorf("the key store did not hang: %d %s", a.status, a.body)
		default:
		}
		close(over)
		v.want(<-kept, 204, "")
	})
}

func TestAKeyStoreThatDoesNotAnswerIsToldInTime(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann := v.person("ann@college.edu", people.Member)
		me := v.signIn(ann)
		_, c := v.computer(ann, "laptop")
		spare := v.keyFile(c, "holdfast:passphrase")
		v.keyFile(c, "holdfast:recovery")
		v.s.Escrow = v.s.Escrow.WithPatience(100 * time.Millisecond)
		v.serve()
		entries := v.entries()
		away := func(method, path, body string) {
			t.Helper()
			a := v.ask(me, method, path, body)
			v.want(a, 503, "internal")
			if !strings.Contains(string(a.body), "backup goes on") {
				t.Errorf("%s %s: %s", method, path, a.body)
			}
		}
		v.master.hang()
		away("PUT", "/api/v1/keys/escrow", keepOne)
		if db, kind := v.keyStore(), v.db.Kind; kind == database.PostgreSQL { // what reads an SQLite file waits for nobody
			tx, err := db.BeginTx(t.Context(), nil)
			v.must(err)
			defer tx.Rollback()
			_, err = tx.ExecContext(t.Context(), "LOCK TABLE kept_key IN ACCESS EXCLUSIVE MODE")
			v.must(err)
			away("GET", "/api/v1/account", "")
			away("DELETE", "/api/v1/keys/"+spare, "")
			away("DELETE", "/api/v1/keys/escrow", "")
			away("POST", "/api/v1/keys/release", "")
		}
		if v.entries() != entries {
			t.Errorf("%d entries tell of what was not done", v.entries()-entries)
		}
		v.put(c, "data", "a pack")
	})
}

func TestWhatOnlyTheKeyStoreKnowsOfIsToldOnceByTheNextSweep(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann, adm := v.person("ann@college.edu", people.Member), v.person("adm@college.edu", people.Administrator)
		me := v.signIn(ann)
		sweeps := func(entries, letters int64) {
			t.Helper()
			beforeE, beforeL := v.entries(), v.letters()
			v.sweepAll()
			if e, l := v.entries()-beforeE, int64(v.letters()-beforeL); e != entries || l != letters {
				t.Errorf("%d entries and %d letters in place of %d and %d", e, l, entries, letters)
			}
		}
		v.want(v.ask(me, "PUT", "/api/v1/keys/escrow", keepOne), 204, "")
		v.want(v.ask(me, "POST", "/api/v1/keys/release", ""), 200, "")
		later := func() time.Time { return time.Now().Add(time.Hour) }
		v.s.KeyLog.Now = later
		sweeps(0, 0) // it was told of

		// The server dies, or its database fails, when the key store has done its part.
		databasetest.Without(t, v.db, "key_entry_told", func() {
			v.want(v.ask(me, "PUT", "/api/v1/keys/escrow", keepOne), 500, "internal")
		})
		v.s.KeyLog.Now = time.Now
		sweeps(0, 0) // perhaps somebody is about to tell
		v.s.KeyLog.Now = later
		sweeps(1, 1)
		sweeps(0, 0)

		_, err := v.s.Escrow.Release(t.Context(), ann.ID, escrow.Release{By: adm.ID, Administrator: true, Reason: "a court asked", Address: "192.0.2.9"})
		v.must(err)
		sweeps(1, 1)
		v.master.mu.Lock()
		v.master.broken = errors.New("the master key is away")
		v.master.mu.Unlock()
		if _, err := v.s.Escrow.Release(t.Context(), ann.ID, escrow.Release{By: ann.ID}); err == nil {
			t.Error("a key was released without the master key")
		}
		sweeps(2, 0) // nobody is told that a key was released which was not

		list, err := v.s.Audit.List(t.Context(), audit.Query{Person: ann.ID})
		v.must(err)
		found := slices.DeleteFunc(list, func(e audit.Entry) bool { return !strings.HasPrefix(e.Reason, "found as entry") })
		if len(found) != 4 || found[3].Action != "key.keep" || found[2].Action != "key.release" || found[2].Actor != adm.ID ||
			found[2].Address != "192.0.2.9" || !strings.HasSuffix(found[2].Reason, ": a court asked") || found[0].Action != "key.release_failed" {
			t.Errorf("the log has %+v", found)
		}
	})
}

func TestTheLetterAboutAReleaseSaysToWhomTheKeyWent(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann, adm := v.person("ann@college.edu", people.Member), v.person("adm@college.edu", people.Administrator)
		me, boss := v.signIn(ann), v.signIn(adm)
		v.want(v.ask(me, "PUT", "/api/v1/keys/escrow", keepOne), 204, "")
		v.s.KeyLog.Now = func() time.Time { return time.Now().Add(time.Hour) }
		untold := func(by string) func() {
			return func() {
				_, err := v.s.Escrow.Release(t.Context(), ann.ID, escrow.Release{By: by, Administrator: by != ann.ID, Reason: "a reason"})
				v.must(err)
				v.must(v.s.KeyLog.Sweep(t.Context()))
			}
		}
		for _, c := range []struct {
			what    string
			release func()
			to      string
		}{
			{"by the person", func() { v.want(v.ask(me, "POST", "/api/v1/keys/release", ""), 200, "") }, "released to you "},
			{"by an administrator", func() {
				v.want(v.ask(boss, "POST", "/api/v1/admin/people/"+ann.ID+"/keys/release", `{"reason":"a reason"}`), 200, "")
			}, "released to the administrator " + adm.Name + " "},
			{"by the person, told later", untold(ann.ID), "released to you "},
			{"by an administrator, told later", untold(adm.ID), "released to the administrator " + adm.Name + " "},
			{"by command, told later", untold("command"), "released to the administrator who works on the server itself "},
		} {
			_, err := v.db.ExecContext(t.Context(), "DELETE FROM outbox")
			v.must(err)
			c.release()
			var text string
			v.must(v.db.QueryRowContext(t.Context(), "SELECT body FROM outbox WHERE recipient = 'ann@college.edu'").Scan(&text))
			if !strings.Contains(text, c.to) {
				t.Errorf("%s: %q does not say %q", c.what, text, c.to)
			}
		}
	})
}

func TestAKeyStoreThatWasSetBackIsNotedOnce(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		me := v.signIn(v.person("ann@college.edu", people.Member))
		for range 3 {
			v.want(v.ask(me, "PUT", "/api/v1/keys/escrow", keepOne), 204, "")
		}
		v.s.KeyLog.Now = func() time.Time { return time.Now().Add(time.Hour) }
		v.must(v.s.KeyLog.Sweep(t.Context()))
		entries := v.entries()
		db := v.keyStore()
		for _, statement := range []string{
			"DELETE FROM audit WHERE number > 1", "UPDATE audit_head SET number = 1, hash = (SELECT hash FROM audit WHERE number = 1)",
		} {
			_, err := db.ExecContext(t.Context(), statement)
			v.must(err)
		}
		for range 2 {
			v.sweepAll()
			if v.entries() != entries+1 {
				t.Errorf("%d entries tell of it", v.entries()-entries)
			}
		}
		list, err := v.s.Audit.List(t.Context(), audit.Query{Limit: 1})
		v.must(err)
		if list[0].Action != "key_log.changed" || list[0].Target != "3" {
			t.Errorf("the log has %+v", list[0])
		}
		v.want(v.ask(me, "PUT", "/api/v1/keys/escrow", keepOne), 204, "") // with a number that was told of before
		if v.entries() != entries+2 {
			t.Errorf("%d entries after another key", v.entries()-entries)
		}
	})
}

// sweepAll lets several servers look through the key store's log at once.
func (v *world) sweepAll() {
	v.t.Helper()
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if err := v.s.KeyLog.Sweep(v.t.Context()); err != nil {
				v.t.Error(err)
			}
		})
	}
	all.Wait()
}

// keyStore is the database of the key store.
func (v *world) keyStore() *database.DB {
	v.t.Helper()
	db, err := database.Open(v.t.Context(), v.keysAt)
	v.must(err)
	v.t.Cleanup(func() { db.Close() })
	return db
}
