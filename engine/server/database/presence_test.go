package database_test

import (
	"context"
	"testing"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
)

// servers are two that share a PostgreSQL database.
func servers(t *testing.T) (one, other *database.DB) {
	t.Helper()
	address := databasetest.Address(t, database.PostgreSQL)
	one, other = databasetest.Open(t, address, database.Schema()), databasetest.Open(t, address, database.Schema())
	other.SetMaxOpenConns(1) // the one that end leaves
	return one, other
}

func present(t *testing.T, db *database.DB, name string) bool {
	t.Helper()
	is, err := db.IsPresent(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return is
}

// until waits for what PostgreSQL does as soon as it notices an end of a connection.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come to that: %s", what)
		}
	}
}

func TestAServerIsPresentForTheOthersUntilItsConnectionEnds(t *testing.T) {
	one, other := servers(t)
	p := one.NewPresence()
	if name := p.Name(); name != "" {
		t.Errorf("it is %q before it has appeared", name)
	}
	if err := p.Appear(t.Context()); err != nil {
		t.Fatal(err)
	}
	name := p.Name()
	if !present(t, other, name) || !present(t, one, name) {
		t.Errorf("%q is not seen", name)
	}
	end(t, other)
	until(t, "the server is gone", func() bool { return !present(t, other, name) })
}

// end ends all connections to the database but one, as a death of their process does.
func end(t *testing.T, survivor *database.DB) {
	t.Helper()
	_, err := survivor.ExecContext(t.Context(),
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	if err != nil {
		t.Fatal(err)
	}
}

func TestAServerThatLostItsConnectionAppearsAgainUnderAnotherName(t *testing.T) {
	one, other := servers(t)
	p := one.NewPresence()
	ctx, stop := context.WithCancel(t.Context())
	stayed := make(chan struct{})
	go func() {
		defer close(stayed)
		p.Stay(ctx, func(err error) { t.Log(err) })
	}()
	until(t, "it appears by itself", func() bool { return p.Name() != "" })
	first := p.Name()
	end(t, other)
	until(t, "it appears again", func() bool { name := p.Name(); return name != "" && name != first })
	second := p.Name()
	if !present(t, other, second) {
		t.Errorf("%q is not seen", second)
	}
	until(t, "the name that it lost is nobody's", func() bool { return !present(t, other, first) })
	stop()
	<-stayed
	until(t, "it is gone when it has ended", func() bool { return !present(t, other, second) })
	if name := p.Name(); name != "" {
		t.Errorf("it is still %q", name)
	}
}

func TestAnSQLiteFileHasNobodyToAppearTo(t *testing.T) {
	db := databasetest.Open(t, databasetest.Address(t, database.SQLite), database.Schema())
	p := db.NewPresence()
	if err := p.Appear(t.Context()); err != nil || p.Name() != "" {
		t.Errorf("%q, %v", p.Name(), err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	p.Stay(ctx, func(err error) { t.Error(err) })
}
