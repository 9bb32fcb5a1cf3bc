package databasetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"holdfast/engine/server/database"
)

// Contents is every row of a database but those of some tables, in an order that is
// always the same: a change that was undone leaves it as it was.
func Contents(t testing.TB, db *database.DB, except ...string) string {
	t.Helper()
	tables := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
	if db.Kind == database.PostgreSQL {
		tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
	}
	var all []string
	for _, row := range rows(t, db, tables) {
		table := fmt.Sprint(row[0])
		if slices.Contains(except, table) {
			continue
		}
		for _, values := range rows(t, db, "SELECT * FROM "+table) {
			all = append(all, fmt.Sprintf("%s: %q", table, values))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// rows are those of a query, each value as text.
func rows(t testing.TB, db *database.DB, query string) (all [][]string) {
	t.Helper()
	found, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for found.Next() {
		values, into := make([]string, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := found.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, values)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// Without runs something while one table is not there, so that whatever reads or
// writes it fails.
func Without(t testing.TB, db *database.DB, table string, run func()) {
	t.Helper()
	rename := func(from, to string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), "ALTER TABLE "+from+" RENAME TO "+to); err != nil {
			t.Fatal(err)
		}
	}
	rename(table, "away")
	run()
	rename("away", table)
}
