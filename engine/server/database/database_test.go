package database_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
)

func TestATransactionThatFailsLeavesNothing(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		wrong := errors.New("wrong")
		err := db.Tx(t.Context(), func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(t.Context(), "INSERT INTO fact VALUES ($1, $2)", "a", "b"); err != nil {
				return err
			}
			return wrong
		})
		if !errors.Is(err, wrong) {
			t.Fatalf("got %v", err)
		}
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM fact").Scan(&n); err != nil || n != 0 {
			t.Fatalf("%d rows, %v", n, err)
		}
	})
}

func TestATakenKeyIsRecognised(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		insert := func() error {
			_, err := db.ExecContext(t.Context(), "INSERT INTO fact VALUES ($1, $2)", "a", "b")
			return err
		}
		if err := insert(); err != nil {
			t.Fatal(err)
		}
		if err := insert(); !database.IsTaken(err) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestRacingTransactionsAllCount(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		if _, err := db.ExecContext(t.Context(), "INSERT INTO fact VALUES ('n', '0')"); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for range 40 {
			group.Go(func() {
				err := db.Tx(t.Context(), func(tx *sql.Tx) error {
					_, err := tx.ExecContext(t.Context(), "UPDATE fact SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE name = 'n'")
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		var n string
		if err := db.QueryRowContext(t.Context(), "SELECT value FROM fact WHERE name = 'n'").Scan(&n); err != nil || n != "40" {
			t.Fatalf("%s of 40, %v", n, err)
		}
	})
}

func TestMigratingAgainChangesNothing(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		if err := db.Migrate(t.Context(), database.Schema()); err != nil {
			t.Fatal(err)
		}
	})
}

// upTo are the migrations up to one.
func upTo(t *testing.T, last string) fs.FS {
	t.Helper()
	some := fstest.MapFS{}
	all, err := fs.ReadDir(database.Schema(), ".")
	for _, file := range all {
		if err == nil && file.Name() <= last {
			some[file.Name()] = new(fstest.MapFile)
			some[file.Name()].Data, err = fs.ReadFile(database.Schema(), file.Name())
		}
	}
	if err != nil || some[last] == nil {
		t.Fatalf("the migrations up to %s: %v", last, err)
	}
	return some
}

func TestADatabaseOfAnEarlierServerIsBroughtUpToDateWithWhatIsInIt(t *testing.T) {
	databasetest.EachWith(t, upTo(t, "00009_removals.sql"), func(t *testing.T, db *database.DB) {
		lent := []struct {
			id, successor             string
			lent, removed, unfinished int64
		}{
			{"its own", "", 0, 0, 0},
			{"still lent", "", 9, 0, 0},
			{"over", "", 5, 5, 2}, // told by nobody then, and long ago
			{"removed in time", "", 9, 5, 0},
			{"given up", "its own", 5, 5, 0},
		}
		for _, c := range lent {
			_, err := db.ExecContext(t.Context(), `INSERT INTO computer (id, person, name, asset, os, owner, credential, generation, created, seen, lent, removed, successor)
				VALUES ($1, 'ann', 'laptop', '', 'linux', 'institution', '', 1, 1, 1, $2, $3, $4)`, c.id, c.lent, c.removed, c.successor)
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Migrate(t.Context(), database.Schema()); err != nil {
			t.Fatal(err)
		}
		for _, c := range lent {
			var unfinished int64
			if err := db.QueryRowContext(t.Context(), "SELECT unfinished FROM computer WHERE id = $1", c.id).Scan(&unfinished); err != nil || unfinished != c.unfinished {
				t.Errorf("%s: %d, not %d, %v", c.id, unfinished, c.unfinished, err)
			}
		}
		var seen int64
		if err := db.QueryRowContext(t.Context(), "SELECT number FROM key_log WHERE one = 1").Scan(&seen); err != nil || seen != -1 {
			t.Errorf("the key store's log was seen up to %d, %v", seen, err)
		}
	})
}

func TestAnErrorNeverTellsThePassword(t *testing.T) {
	for _, address := range []string{
		"postgres://ann:geheim@127.0.0.1:1/x?connect_timeout=1",
		"postgres://ann:geheim@127.0.0.1:port/x",
		"postgres://ann:ge%zzheim@127.0.0.1/x",
	} {
		_, err := database.Open(context.Background(), address)
		if err == nil {
			t.Fatal("opened")
		}
		if strings.Contains(err.Error(), "heim") {
			t.Errorf("%v", err)
		}
	}
}

func TestSQLiteFlushesEveryCommit(t *testing.T) {
	db, err := database.Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var mode, level string
	if err := db.QueryRow("PRAGMA journal_mode").Scan(&mode); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow("PRAGMA synchronous").Scan(&level); err != nil {
		t.Fatal(err)
	}
	if mode != "wal" || level != "2" {
		t.Fatalf("journal_mode %s, synchronous %s", mode, level)
	}
}
