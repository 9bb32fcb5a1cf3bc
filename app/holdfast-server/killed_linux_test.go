package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/server/institutiontest"
)

// What was acknowledged is there after a kill, and the computer goes on by itself.
func TestAKilledServerLosesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, p pair) {
		at := p.places(t)
		k := newKilling(t, institutiontest.Found(t, at.flags()...), at)
		for round, until := range []string{ // the kind of file of which there is one more
			"kind = 'data'", "kind = 'data' AND state = 'stored'", "kind = 'index'", "kind = 'snapshots' AND state = 'stored'",
		} {
			write(t, filepath.Join(k.files, fmt.Sprint(round)), 45)
			before := k.objects(until)
			backup := k.Begin("backup")
			k.until("one more object with "+until, func() bool { return k.objects(until) > before })
			k.Kill()
			k.Start()
			backup.Wait() // it may have borne the outage, or not
			k.Run("backup")
			k.nothingIsLost()
		}
		k.nothingIsLeft()
	})
}

// killing is an institution whose server dies while Ann backs up.
type killing struct {
	*institutiontest.Institution
	*institutiontest.Computer
	t        *testing.T
	files    string
	database string // the server's own
}

func newKilling(t *testing.T, i *institutiontest.Institution, at places) *killing {
	t.Helper()
	if at.database == "" {
		at.database = filepath.Join(i.Data, "holdfast.db")
	}
	c := i.Member()
	return &killing{i, c, t, filepath.Join(c.User, "Documents"), at.database}
}

// until waits for what has to come.
func (k *killing) until(what string, is func() bool) {
	k.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			k.t.Fatalf("it did not come to that: %s", what)
		}
	}
}

// objects counts what the server knows of files.
func (k *killing) objects(which string) (n int64) {
	k.t.Helper()
	k.scan("SELECT count(*) FROM object WHERE "+which, &n)
	return n
}

// scan asks the database for a number. It is not kept open: what an SQLite file goes
// through when the last who has it open dies is not to be spared the server.
func (k *killing) scan(query string, into *int64) {
	k.t.Helper()
	db, err := database.Open(k.t.Context(), k.database)
	if err != nil {
		k.t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(k.t.Context(), query).Scan(into); err != nil {
		k.t.Fatal(err)
	}
}

// nothingIsLeft says that after another start no upload is half done, and that the
// account is charged for what is stored and for no more.
func (k *killing) nothingIsLeft() {
	k.t.Helper()
	k.Stop()
	k.Start()
	k.until("no upload that is half done", func() bool { return k.objects("state = 'coming'") == 0 })
	var charged, stored int64
	k.scan("SELECT SUM(bytes) FROM object_usage", &charged)
	k.scan("SELECT SUM(size) FROM object WHERE state = 'stored' AND kind <> 'locks'", &stored)
	if charged != stored || stored == 0 {
		k.t.Errorf("%d bytes are charged, %d are stored", charged, stored)
	}
}

// nothingIsLost holds the backup against the files.
func (k *killing) nothingIsLost() {
	k.t.Helper()
	k.Run("check", "--data")
	back := filepath.Join(k.User, "back")
	k.Run("get", k.files, "--to", back)
	same(k.t, k.files, back)
	if err := os.RemoveAll(back); err != nil {
		k.t.Fatal(err)
	}
}

// goesOn backs up new files while something is about to kill the server, starts the
// server again when it died, and expects that the backup ends well by itself.
func (k *killing) goesOn(what string) (died bool) {
	k.t.Helper()
	write(k.t, filepath.Join(k.files, what), 3)
	backup := k.Begin("backup")
	select {
	case <-k.Gone():
	case <-backup.Ended:
	}
	select {
	case <-k.Gone():
		died = true
		k.Start()
	default:
	}
	if err := backup.Wait(); err != nil {
		k.t.Errorf("killed %s, the backup did not go on: %v %s", what, err, backup.Said.Tail())
	}
	return died
}

// The server is killed at each of the steps by which an upload and a snapshot become
// durable.
func TestAServerKilledAtAStepOfAnUploadLosesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, p pair) {
		if p.s3 {
			killedAtServices(t, p)
		} else {
			killedAtDisk(t, p)
		}
	})
}

// killedAtDisk kills it when it is about to do one of the system calls: before the
// call, so that all before it was done and nothing after.
func killedAtDisk(t *testing.T, p pair) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Fatal("strace is needed (apt-get install strace)")
	}
	at := p.places(t)
	k := newKilling(t, institutiontest.Found(t, at.flags()...), at)
	var died []string
	for _, call := range []string{"fsync", "fdatasync", "linkat", "renameat", "unlinkat", "pwrite64"} {
		for _, when := range []int{1, 2, 4} {
			what := fmt.Sprintf("at %s number %d", call, when)
			killer := k.killAt(call, when)
			if k.goesOn(what) {
				died = append(died, what)
			} else { // the call is not used that often
				k.Stop()
				k.Start()
			}
			killer.Wait()
		}
	}
	k.nothingIsLost()
	k.nothingIsLeft()
	t.Logf("the server was killed %d times: %s", len(died), strings.Join(died, ", "))
	if len(died) < 5 {
		t.Errorf("the server died %d times only", len(died))
	}
}

// killAt has strace kill the server that runs when it is about to do a system call for
// the n-th time.
func (k *killing) killAt(call string, n int) *exec.Cmd {
	k.t.Helper()
	killer := exec.Command("strace", "-f", "-p", fmt.Sprint(k.Process().Pid), "-o", "/dev/null",
		"-e", "trace="+call, "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, n))
	said := new(institutiontest.Lines)
	killer.Stderr = said
	if err := killer.Start(); err != nil {
		k.t.Fatal(err)
	}
	for deadline := time.Now().Add(3 * time.Minute); !strings.Contains(said.Text(), "attached"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			k.t.Fatalf("strace does not attach: %s", said.Tail())
		}
	}
	return killer
}

// killedAtServices kills it where the durable steps are those of other services: before
// each message by which an upload, a snapshot and the locks around them come about,
// within each body, and after each answer.
func killedAtServices(t *testing.T, p pair) {
	direct := p.places(t)
	w, wired := between(t, direct)
	k := newKilling(t, institutiontest.Found(t, wired.flags()...), direct)
	w.kill = k.Kill
	write(t, k.files, 5)
	k.Run("backup")
	steps := k.steps(w)
	for _, s := range steps {
		w.killAt(&s)
		if !k.goesOn(s.String()) {
			t.Errorf("the server did not die %s", s)
		}
	}
	w.killAt(nil)
	k.nothingIsLost()
	k.nothingIsLeft()
	t.Logf("the server was killed %d times: %q", len(steps), steps)
}

// steps are those of a backup in which nothing happens.
func (k *killing) steps(w *wire) []step {
	k.t.Helper()
	w.killAt(nil)
	if k.goesOn("never") {
		k.t.Fatal("the server died by itself")
	}
	asked := w.asked()
	for _, must := range []string{
		"INSERT INTO object data", "COMMIT of INSERT INTO object data, UPDATE object_usage", "PUT data", "UPDATE object SET stored data",
		"COMMIT of UPDATE object SET stored data", "PUT index", "PUT snapshots", "COMMIT of UPDATE object SET stored snapshots", "PUT locks", "DELETE locks",
	} {
		if !slices.Contains(asked, must) {
			k.t.Errorf("no backup asks for %s", must)
		}
	}
	var steps []step
	for _, a := range asked {
		switch {
		case strings.HasPrefix(a, "UPDATE object ") && !strings.Contains(a, " SET "):
			// a sign of life, which is seen of an upload that takes long and no more then
		case strings.HasPrefix(a, "PUT "):
			steps = append(steps, step{before, a}, step{within, a}, step{after, a})
		case strings.HasPrefix(a, "DELETE FROM ") && !strings.Contains(a, " object"):
			// the server tidies up now and then, whatever a computer does
		case strings.Contains(a, " object") && !strings.HasPrefix(a, "SELECT "), strings.HasPrefix(a, "DELETE "):
			steps = append(steps, step{before, a}, step{after, a})
		}
	}
	return steps
}
