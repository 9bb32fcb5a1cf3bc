// Package databasetest gives tests of the account server real databases: SQLite in
// a folder of the test, and a PostgreSQL cluster that lives as long as the test
// program.
package databasetest

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/server/tooltest"
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
	c := cluster(t)
	name := "test_" + strings.ToLower(rand.Text()[:16])
	admin, err := database.Open(t.Context(), c.address("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return c.address(name)
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

// postgres is a running cluster.
type postgres struct {
	port *tooltest.Port
	life io.Closer // the end of a pipe; when this process lets go of it the cluster ends
}

func (p *postgres) address(name string) string {
	return fmt.Sprintf("postgres://holdfast@%s/%s?sslmode=disable", p.port.Address, name)
}

var cluster = func() func(t testing.TB) *postgres {
	var once sync.Once
	var p *postgres
	var err error
	return func(t testing.TB) *postgres {
		t.Helper()
		once.Do(func() { p, err = start() })
		if err != nil {
			t.Fatalf("PostgreSQL is needed (apt-get install postgresql-15): %v", err)
		}
		return p
	}
}()

// start makes a cluster and starts it below a shell that stops it and removes its
// files when the pipe from this process closes, however this process ends. The
// cluster's files need not outlive it, so nothing is flushed to the disk.
func start() (*postgres, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("there is no /usr/lib/postgresql/*/bin/initdb")
	}
	bin := filepath.Dir(found[len(found)-1])
	dir, err := os.MkdirTemp("", "holdfast-postgres-")
	if err != nil {
		return nil, err
	}
	attr, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	port, err := tooltest.KeepPort() // for as long as this process lives
	if err != nil {
		return nil, err
	}
	_, number, err := net.SplitHostPort(port.Address)
	if err != nil {
		return nil, err
	}
	const script = `set -e
trap 'rm -rf "$2"' EXIT
"$1/initdb" -D "$2/data" -U holdfast -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions >"$2/init" 2>&1 || { cat "$2/init"; exit 1; }
"$1/postgres" -D "$2/data" -h 127.0.0.1 -p "$3" -k "$2" -c fsync=off -c synchronous_commit=off -c shared_buffers=64MB -c max_connections=200 >"$2/log" 2>&1 &
pid=$!
until "$1/pg_isready" -q -h 127.0.0.1 -p "$3"; do kill -0 $pid || { cat "$2/log"; exit 1; }; sleep 0.05; done
echo ready
read -r _ || true
kill -INT $pid; wait $pid || true`
	cmd := exec.Command("/bin/sh", "-c", script, "sh", bin, dir, number)
	cmd.Dir, cmd.SysProcAttr = "/", attr
	cmd.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "HOME=" + dir, "LC_ALL=C.UTF-8"}
	life, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	said := make(chan string, 1)
	go func() {
		var text bytes.Buffer
		b := make([]byte, 4096)
		for {
			n, err := out.Read(b)
			text.Write(b[:n])
			if err != nil || bytes.Contains(text.Bytes(), []byte("ready\n")) {
				said <- text.String()
				return
			}
		}
	}()
	select {
	case text := <-said:
		if !strings.HasSuffix(text, "ready\n") {
			return nil, fmt.Errorf("it did not start: %s", text)
		}
		return &postgres{port, life}, nil
	case <-time.After(5 * time.Minute):
		cmd.Process.Kill()
		return nil, fmt.Errorf("it did not start within five minutes")
	}
}
