package database_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
)

var errWrong = errors.New("wrong")

func put(ctx context.Context, db *database.DB, name string) error {
	_, err := db.ExecContext(ctx, "INSERT INTO fact VALUES ($1, '')", name)
	return err
}

func putInTx(ctx context.Context, db *database.DB, name string) error {
	return db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO fact VALUES ($1, '')", name)
		return err
	})
}

// facts are the names that somebody sees with this context.
func facts(t *testing.T, ctx context.Context, db *database.DB) []string {
	t.Helper()
	rows, err := db.QueryContext(ctx, "SELECT name FROM fact ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names := []string{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return names
}

func wantFacts(t *testing.T, db *database.DB, want ...string) {
	t.Helper()
	if got := facts(t, t.Context(), db); !slices.Equal(got, want) {
		t.Fatalf("the database holds %q, not %q", got, want)
	}
}

func TestStepsThatShareAContextAreKeptTogetherOrNotAtAll(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		steps := func(end error) error {
			return db.Atomically(t.Context(), func(ctx context.Context) error {
				err := errors.Join(put(ctx, db, "a"), putInTx(ctx, db, "b"),
					db.Atomically(ctx, func(ctx context.Context) error { return put(ctx, db, "c") }))
				if seen := facts(t, ctx, db); err == nil && len(seen) != 3 {
					t.Errorf("inside there are %q", seen)
				}
				if seen := facts(t, t.Context(), db); len(seen) != 0 {
					t.Errorf("outside there are %q before the end", seen)
				}
				return errors.Join(err, end)
			})
		}
		if err := steps(errWrong); !errors.Is(err, errWrong) {
			t.Fatalf("got %v", err)
		}
		wantFacts(t, db)
		if err := steps(nil); err != nil {
			t.Fatal(err)
		}
		wantFacts(t, db, "a", "b", "c")
	})
}

func TestAPartThatFailsIsUndoneAndTheRestStands(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		err := db.Atomically(t.Context(), func(ctx context.Context) error {
			if err := put(ctx, db, "a"); err != nil {
				return err
			}
			err := db.Atomically(ctx, func(ctx context.Context) error {
				return errors.Join(put(ctx, db, "b"), putInTx(ctx, db, "a"))
			})
			if !database.IsTaken(err) {
				t.Errorf("got %v", err)
			}
			return putInTx(ctx, db, "c")
		})
		if err != nil {
			t.Fatal(err)
		}
		wantFacts(t, db, "a", "c")
	})
}

func TestAnErrorThatWasMadeLightOfUndoesTheWhole(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		err := db.Atomically(t.Context(), func(ctx context.Context) error {
			if err := put(ctx, db, "a"); err != nil {
				return err
			}
			_ = put(ctx, db, "a")
			_ = put(ctx, db, "b")
			return nil
		})
		if !database.IsTaken(err) {
			t.Fatalf("got %v", err)
		}
		wantFacts(t, db)
	})
}

func TestAStepAfterTheEndIsRefused(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		var over context.Context
		if err := db.Atomically(t.Context(), func(ctx context.Context) error { over = ctx; return nil }); err != nil {
			t.Fatal(err)
		}
		if err := put(over, db, "a"); !errors.Is(err, sql.ErrTxDone) {
			t.Fatalf("got %v", err)
		}
		wantFacts(t, db)
	})
}

func TestAPanicUndoesTheWholeAndHoldsNobodyUp(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("it did not come out")
				}
			}()
			_ = db.Atomically(t.Context(), func(ctx context.Context) error {
				if err := put(ctx, db, "a"); err != nil {
					t.Error(err)
				}
				panic("a bug")
			})
		}()
		if err := putInTx(t.Context(), db, "b"); err != nil {
			t.Fatal(err)
		}
		wantFacts(t, db, "b")
	})
}

func TestAnotherDatabaseIsNotJoined(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		other := databasetest.Open(t, filepath.Join(t.TempDir(), "other.db"), database.Schema())
		err := db.Atomically(t.Context(), func(ctx context.Context) error {
			return errors.Join(put(ctx, other, "there"), put(ctx, db, "here"), errWrong)
		})
		if !errors.Is(err, errWrong) {
			t.Fatalf("got %v", err)
		}
		wantFacts(t, db)
		wantFacts(t, other, "there")
	})
}

// Each of two takes a row and then the other's, from within a part: PostgreSQL ends
// one of them.
func TestWhatTheDatabaseCouldNotPutInOrderIsRunAgainAsAWhole(t *testing.T) {
	db := databasetest.Open(t, databasetest.Address(t, database.PostgreSQL), database.Schema())
	for _, name := range []string{"x", "y"} {
		if err := put(t.Context(), db, name); err != nil {
			t.Fatal(err)
		}
	}
	take := func(ctx context.Context, name, by string) error {
		return db.Tx(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE fact SET value = value || $1 WHERE name = $2", by, name)
			return err
		})
	}
	var both, group sync.WaitGroup
	both.Add(2)
	var mu sync.Mutex
	runs := 0
	for _, order := range [][2]string{{"x", "y"}, {"y", "x"}} {
		group.Go(func() {
			first := true
			err := db.Atomically(t.Context(), func(ctx context.Context) error {
				mu.Lock()
				runs++
				mu.Unlock()
				if err := take(ctx, order[0], order[0]); err != nil {
					return err
				}
				if first {
					first = false
					both.Done()
					both.Wait()
				}
				return take(ctx, order[1], order[0])
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, name := range []string{"x", "y"} {
		var value string
		if err := db.QueryRowContext(t.Context(), "SELECT value FROM fact WHERE name = $1", name).Scan(&value); err != nil || value != "xy" && value != "yx" {
			t.Errorf("%s was taken by %q, %v", name, value, err)
		}
	}
	if runs < 3 {
		t.Errorf("%d runs: nothing was run again", runs)
	}
}
