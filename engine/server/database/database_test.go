package database_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"

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
