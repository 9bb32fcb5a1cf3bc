package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/server/institutiontest"
	"holdfast/engine/server/store"
	"holdfast/engine/server/store/disk"
)

// While a server that was told to stop ends what is under way, no other one takes it
// for dead.
func TestAServerThatStopsFinishesAnUploadThatAnotherServerSees(t *testing.T) {
	t.Parallel()
	at := large.places(t)
	i := institutiontest.Found(t, at.flags()...)
	var bob struct{ ID string }
	i.Command(&bob, "user", "add", "bob@college.edu")
	var made struct{ User, Password string }
	i.Command(&made, "device", "add", "bob@college.edu", "--name", "server")

	content := bytes.Repeat([]byte("content"), 10_000)
	sum := sha256.Sum256(content)
	to, err := http.NewRequestWithContext(t.Context(), http.MethodPost, i.Origin+"/storage/data/"+hex.EncodeToString(sum[:]), nil)
	if err != nil {
		t.Fatal(err)
	}
	to.SetBasicAuth(made.User, made.Password)
	conn, err := tls.Dial("tcp", i.Address, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the test's own server
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n", to.URL.Path, i.Address, to.Header.Get("Authorization"), len(content))
	if _, err := conn.Write(content[:30_000]); err != nil {
		t.Fatal(err)
	}

	k := &killing{Institution: i, t: t, database: at.database}
	k.until("the server receives", func() bool { return k.objects("state = 'coming'") == 1 })
	if err := i.Process().Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	k.until("the server takes nothing new", func() bool {
		c, err := net.Dial("tcp", i.Address)
		if err == nil {
			c.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
	repairElsewhere(t, at.database)
	if _, err := conn.Write(content[30_000:]); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), to)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("the upload ended with %s", answer.Status)
	}
	conn.Close()
	<-i.Gone()
	if n := k.objects("state = 'stored'"); n != 1 {
		t.Errorf("%d files are stored", n)
	}
}

// repairElsewhere does what another server on the database does at its start.
func repairElsewhere(t *testing.T, address string) {
	t.Helper()
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	none, err := disk.Open(t.TempDir()) // as long as it is not whole, there is nothing
	if err != nil {
		t.Fatal(err)
	}
	if err := store.New(db, none, store.Options{}, time.Now).Repair(t.Context()); err != nil {
		t.Fatal(err)
	}
}
