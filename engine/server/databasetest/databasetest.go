// Package databasetest gives tests of the account server real databases: SQLite in
// a folder of the test, and a PostgreSQL cluster that lives as long as the test
// program.
package databasetest

import (
	"io/fs"
	"path/filepath"
	"testing"

	"holdfast/engine/server/database"
)

// Each runs a test on each kind of database, with the tables of the account server
// in it.
func Each(t *testing.T, run func(t *testing.T, db *database.DB)) {
	t.Helper()
	EachWith(t, database.Schema(), run)
}

// EachWith is Each with other tables.
func EachWith(t *testing.T, migrations fs.FS, run func(t *testing.T, db *database.DB)) {
	t.Helper()
	for _, kind := range []database.Kind{database.SQLite, database.PostgreSQL} {
		t.Run(string(kind), func(t *testing.T) {
			run(t, Open(t, Address(t, kind), migrations))
		})
	}
}

// Address is that of a new, empty database.
func Address(t testing.TB, kind database.Kind) string {
	t.Helper()
	if kind == database.SQLite {
		return filepath.Join(t.TempDir(), "test.db")
	}
	return shared(t).Address(t)
}

// Open opens a database until the test ends.
func Open(t testing.TB, address string, migrations fs.FS) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(t.Context(), migrations); err != nil {
		t.Fatal(err)
	}
	return db
}
