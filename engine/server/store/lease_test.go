package store_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/server/store"
	"holdfast/engine/storage"
)

// pausedBytes do something else before they are written or erased.
type pausedBytes struct {
	store.Bytes
	meanwhile func()
}

func (b pausedBytes) Create(ctx context.Context, key string, content io.Reader, size int64) error {
	b.meanwhile()
	return b.Bytes.Create(ctx, key, content, size)
}

func (b pausedBytes) Remove(ctx context.Context, key string) error {
	b.meanwhile()
	return b.Bytes.Remove(ctx, key)
}

func TestServersWhoseClocksAreMinutesApartLeaveEachOthersWorkAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.db.Kind == database.SQLite {
			return // it has one server
		}
		for _, wrong := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
			other := newNode(t, w.db, w.bytes, wrong)
			met := 0
			look := func() {
				met++
				before := rowsUnderWay(t, w.db)
				if err := other.service.Repair(t.Context()); err != nil {
					t.Error(err)
				}
				if after := rowsUnderWay(t, w.db); len(before) != 1 || after[0] != before[0] {
					t.Errorf("a server whose clock is wrong by %v made %q of %q", wrong, after, before)
				}
			}
			at := newNode(t, w.db, pausedBytes{w.bytes, look}, 0)
			lock := at.post(annLaptop, storage.Locks, []byte("lock"))
			at.do(annLaptop, http.MethodDelete, lock, nil).want(t, "DELETE", 200, "")
			at.post(annLaptop, storage.Packs, []byte("pack of "+wrong.String()))
			if met != 3 {
				t.Errorf("the other server looked %d times", met)
			}
		}
	})
}

func TestAServerWhoseClockIsWrongFindsWhatADeadOneLeft(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, wrong := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
			pack := "pack of " + wrong.String()
			path := newNode(t, w.db, w.bytes, 0).crashOf("dead", storage.Packs, []byte(pack), []byte(pack))
			for _, ago := range []time.Duration{0, 50 * time.Second} {
				if _, err := w.db.ExecContext(t.Context(), "UPDATE object SET changed = $1 WHERE state = 'coming'", commonNow(t, w.db).Add(-ago).UnixMilli()); err != nil {
					t.Fatal(err)
				}
				other := newNode(t, w.db, w.bytes, wrong)
				if err := other.service.Repair(t.Context()); err != nil {
					t.Fatal(err)
				}
				status := 404
				if ago > 0 || w.db.Kind == database.SQLite {
					status = 200
				}
				if got := other.do(annLaptop, http.MethodGet, path, nil); got.status != status {
					t.Errorf("%v after its last sign of life, by a clock that is wrong by %v, it is answered %d", ago, wrong, got.status)
				}
			}
		}
	})
}

// commonNow is the moment by the clock that all servers on a database have in common.
func commonNow(t *testing.T, db *database.DB) time.Time {
	t.Helper()
	if db.Kind == database.SQLite {
		return time.Now()
	}
	var now time.Time
	if err := db.QueryRowContext(t.Context(), "SELECT clock_timestamp()").Scan(&now); err != nil {
		t.Fatal(err)
	}
	return now
}

// rowsUnderWay are those that somebody is at work on, each as one text.
func rowsUnderWay(t *testing.T, db *database.DB) (all []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT kind || ' ' || name || ' ' || state || ' ' || work FROM object WHERE state IN ('coming', 'going')")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
