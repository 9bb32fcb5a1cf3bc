package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/institutiontest"
	"holdfast/engine/server/store/storetest"
)

// A server whose disk is full says so, goes on giving files back, and takes backups
// again as soon as there is room, without anybody doing anything on the computers.
func TestAFullDiskLosesNothingAndBackupGoesOnWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	for what, flag := range map[string]string{
		"everything is on the full disk": "--data", "the files are": "--storage", "the database is": "--database", // the last of a kind counts
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			disk := smallDisk(t, "64m")
			fullDisk(t, institutiontest.Found(t, flag, filepath.Join(disk, "here")), func() { fill(t, disk) }, func() { makeRoom(t, disk) })
		})
	}
}

// So does one whose services have the full disk, at whichever of them.
func TestAServiceWithAFullDiskLosesNothingAndBackupGoesOnWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	t.Run("S3", func(t *testing.T) {
		t.Parallel()
		disk := smallDisk(t, "64m")
		mayHoldAttributes(t, disk)
		at := on(t, nil, storetest.StartGateway(t, disk))
		fullDisk(t, institutiontest.Found(t, at.flags()...), func() { fill(t, disk) }, func() { makeRoom(t, disk) })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		disk := smallDisk(t, "64m")
		cluster := databasetest.StartCluster(t, "autovacuum=off") // which would make room
		at := on(t, cluster, nil)
		at.database = withPassword(t, cluster.AddressIn(t, disk))
		full := func() {
			fill(t, disk)
			fillTable(t, at.database)
		}
		fullDisk(t, institutiontest.Found(t, at.flags()...), full, func() { makeRoom(t, disk) })
	})
}

// fillTable takes what room is left within the pages of the table that has a row for
// each stored file, and of its index, by uploads that nobody sends.
func fillTable(t *testing.T, address string) {
	t.Helper()
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(), `DO $$
		DECLARE failed INTEGER := 0;
		BEGIN
			WHILE failed < 500 LOOP
				BEGIN
					INSERT INTO object SELECT account, (ARRAY['data', 'index', 'snapshots', 'locks'])[1 + floor(4 * random())],
						md5(random()::text) || md5(random()::text), 1, 'coming', 0, '', 1000 * extract(epoch FROM now())::bigint, 'ballast', ''
						FROM object WHERE kind = 'config';
					failed := 0;
				EXCEPTION WHEN disk_full THEN
					failed := failed + 1;
				END;
				COMMIT;
			END LOOP;
		END $$`)
	if err != nil {
		t.Fatalf("filling the table: %v", err)
	}
}

// mayHoldAttributes skips the test where the S3 service cannot keep what it has to on
// a small disk.
func mayHoldAttributes(t *testing.T, disk string) {
	t.Helper()
	if err := syscall.Setxattr(disk, "user.test", []byte("x"), 0); err != nil {
		t.Skipf("versitygw keeps what it knows of files in extended attributes, which a tmpfs of this kernel has not: %v", err)
	}
}

func fullDisk(t *testing.T, i *institutiontest.Institution, fill, makeRoom func()) {
	c := i.Member()
	files := filepath.Join(c.User, "Documents")
	early := filepath.Join(files, "early")
	write(t, early, 20)
	c.Run("backup")
	getsBack := func(path, to string) {
		t.Helper()
		to = filepath.Join(c.User, to)
		c.Run("get", path, "--to", to)
		same(t, path, to)
	}

	fill()
	write(t, filepath.Join(files, "late"), 20)
	runAgent(t, c)
	comesTo(t, c, engine.StateAttention, "The server has no space left. What is stored is safe and can be got back; new changes wait and go on by themselves.")
	getsBack(early, "back while it is full")
	i.Stop()
	fill() // what ended with the server
	i.Start()
	getsBack(early, "back after a start on a full disk")

	makeRoom()
	comesTo(t, c, engine.StateProtected, "")
	getsBack(files, "all")
	c.Run("check", "--data")
}

// runAgent starts the computer's agent, until the test ends.
func runAgent(t *testing.T, c *institutiontest.Computer) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	agent, said := c.CmdContext(ctx, "agent"), new(institutiontest.Lines)
	agent.Stdout = said
	agent.Cancel = func() error { return agent.Process.Signal(syscall.SIGTERM) }
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { agent.Wait(); close(ended) }()
	t.Cleanup(func() { stop(); <-ended })
	for !strings.Contains(said.Text(), "socket") { // from then on it answers for the computer
		select {
		case <-ended:
			t.Fatal("the agent did not start")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// comesTo waits until the computer says of itself that it is in a state. After a failure
// it tries again in a minute, and after another in two.
func comesTo(t *testing.T, c *institutiontest.Computer, state engine.State, reason string) {
	t.Helper()
	var s engine.Status
	for deadline := time.Now().Add(10 * time.Minute); time.Now().Before(deadline); time.Sleep(500 * time.Millisecond) {
		if err := json.Unmarshal([]byte(c.Run("status", "--json")), &s); err != nil {
			t.Fatal(err)
		}
		if s.State == state && strings.Contains(s.Reason, reason) {
			return
		}
	}
	t.Fatalf("it is %s: %s", s.State, s.Reason)
}

// smallDisk mounts a file system of a size until the test ends.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "holdfast-small-") // where other users come to, as PostgreSQL's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(dir) })
	err = syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size)
	if errors.Is(err, syscall.EPERM) {
		t.Skip("a small file system, to be filled, can be mounted by root only")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill writes until there is not a byte left on a file system.
func fill(t *testing.T, disk string) {
	t.Helper()
	f, err := os.CreateTemp(disk, "ballast-")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err = io.Copy(f, endless{}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("filling the disk: %v", err)
	}
}

// makeRoom takes away what fill wrote.
func makeRoom(t *testing.T, disk string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(disk, "ballast-*"))
	if err != nil || len(all) == 0 {
		t.Fatalf("nothing fills the disk: %v", err)
	}
	for _, name := range all {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
