package databasetest

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/server/tooltest"
)

// Cluster is a PostgreSQL with a folder of its own.
type Cluster struct {
	bin      string // folder of its programs
	dir      string
	port     *tooltest.Port // kept for as long as there is the cluster
	settings []string       // as arguments
	attr     *syscall.SysProcAttr
	life     io.Closer     // the end of a pipe; when this process lets go of it the cluster ends
	ended    chan struct{} // closed when it has ended
}

// shared is the one that lives as long as the test program.
var shared = func() func(t testing.TB) *Cluster {
	var once sync.Once
	var c *Cluster
	var err error
	return func(t testing.TB) *Cluster {
		t.Helper()
		once.Do(func() {
			var dir string
			if dir, err = os.MkdirTemp("", "holdfast-postgres-"); err != nil {
				return
			}
			if c, err = newCluster(dir); err == nil {
				err = c.start(`trap 'rm -rf "$dir"' EXIT`)
			}
		})
		if err != nil {
			t.Fatalf("PostgreSQL is needed (apt-get install postgresql-15): %v", err)
		}
		return c
	}
}()

// StartCluster starts one of the test's own, which it may stop and start again, with
// settings as in "fsync=on".
func StartCluster(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	dir, err := os.MkdirTemp("", "holdfast-postgres-") // the user postgres does not come to t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return StartClusterIn(t, dir, settings...)
}

// StartClusterIn is StartCluster in an empty folder that the user postgres can reach.
func StartClusterIn(t testing.TB, dir string, settings ...string) *Cluster {
	t.Helper()
	c, err := newCluster(dir)
	if err != nil {
		t.Fatalf("PostgreSQL is needed (apt-get install postgresql-15): %v", err)
	}
	// What it has acknowledged has to outlive it, also when it panics or is made to end.
	for _, s := range append([]string{"synchronous_commit=on"}, settings...) {
		c.settings = append(c.settings, "-c", s)
	}
	t.Cleanup(func() { c.port.Close() })
	t.Cleanup(c.Stop)
	c.Start(t)
	return c
}

// Start starts a cluster that has ended, at the address that it had.
func (c *Cluster) Start(t testing.TB) {
	t.Helper()
	if err := c.start(""); err != nil {
		t.Fatal(err)
	}
}

// Stop ends the cluster as a careful administrator does, cutting the connections to it,
// and returns when it is gone.
func (c *Cluster) Stop() {
	if c.life != nil {
		c.life.Close()
		<-c.ended
	}
}

// Address is that of a new, empty database.
func (c *Cluster) Address(t testing.TB) string {
	t.Helper()
	return c.made(t, "")
}

// AddressIn is that of one whose tables and indexes lie in an empty folder.
func (c *Cluster) AddressIn(t testing.TB, dir string) string {
	t.Helper()
	if _, err := unprivileged(dir); err != nil {
		t.Fatal(err)
	}
	space := "space_" + strings.ToLower(rand.Text()[:16])
	c.Do(t, "CREATE TABLESPACE "+space+" LOCATION '"+dir+"'")
	return c.made(t, " TABLESPACE "+space)
}

func (c *Cluster) made(t testing.TB, where string) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text()[:16])
	c.Do(t, "CREATE DATABASE "+name+where)
	return c.address(name)
}

// Do runs a statement as the cluster's administrator.
func (c *Cluster) Do(t testing.TB, statement string) {
	t.Helper()
	admin, err := database.Open(t.Context(), c.address("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func (c *Cluster) address(name string) string {
	return fmt.Sprintf("postgres://holdfast@%s/%s?sslmode=disable", c.port.Address, name)
}

// newCluster is one that does not run yet.
func newCluster(dir string) (*Cluster, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("there is no /usr/lib/postgresql/*/bin/initdb")
	}
	c := &Cluster{bin: filepath.Dir(found[len(found)-1]), dir: dir}
	if c.attr, err = unprivileged(dir); err != nil {
		return nil, err
	}
	c.port, err = tooltest.KeepPort()
	return c, err
}

// start makes the files of a cluster when there are none, and starts it below a shell
// that stops it when the pipe from this process closes, however this process ends. The
// files need not outlive the machine, so nothing is flushed to the disk.
func (c *Cluster) start(first string) error {
	script := `set -e
bin=$1 dir=$2 port=$3
shift 3
` + first + `
[ -e "$dir/data" ] || "$bin/initdb" -D "$dir/data" -U holdfast -A trust -E UTF8 --locale=C.UTF-8 --wal-segsize=1 --no-sync --no-instructions >"$dir/init" 2>&1 || { cat "$dir/init"; exit 1; }
"$bin/postgres" -D "$dir/data" -h 127.0.0.1 -p "$port" -k "$dir" -c fsync=off -c synchronous_commit=off -c shared_buffers=64MB -c max_connections=200 "$@" >>"$dir/log" 2>&1 &
pid=$!
until "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; do kill -0 $pid || { cat "$dir/log"; exit 1; }; sleep 0.05; done
echo ready
read -r _ || true
kill -INT $pid
(sleep 20; kill -QUIT $pid) >/dev/null 2>&1 & # on a full disk it may not come to an end
late=$!
wait $pid || true
kill $late || true`
	_, port, err := net.SplitHostPort(c.port.Address)
	if err != nil {
		return err
	}
	cmd := exec.Command("/bin/sh", append([]string{"-c", script, "sh", c.bin, c.dir, port}, c.settings...)...)
	cmd.Dir, cmd.SysProcAttr = "/", c.attr
	cmd.Env = []string{"PATH=" + c.bin + ":/usr/bin:/bin", "HOME=" + c.dir, "LC_ALL=C.UTF-8"}
	if c.life, err = cmd.StdinPipe(); err != nil {
		return err
	}
	said := &started{ready: make(chan struct{})}
	cmd.Stdout = said
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	c.ended = ended
	select {
	case <-said.ready:
		return nil
	case <-ended:
		return fmt.Errorf("it did not start: %s", said.text.String())
	case <-time.After(5 * time.Minute):
		_ = cmd.Process.Kill()
		return fmt.Errorf("it did not start within five minutes")
	}
}

// started is what the shell says, until it says that the cluster runs.
type started struct {
	text  bytes.Buffer
	ready chan struct{}
}

func (s *started) Write(p []byte) (int, error) {
	s.text.Write(p)
	if bytes.HasSuffix(s.text.Bytes(), []byte("ready\n")) {
		close(s.ready)
	}
	return len(p), nil
}
