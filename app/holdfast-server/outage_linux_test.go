package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/institutiontest"
	"holdfast/engine/server/store/storetest"
)

// services are a PostgreSQL and an S3 service of the test's own, and the server that
// keeps what it has in them and is never started again.
type services struct {
	*killing
	cluster *databasetest.Cluster
	gateway *storetest.Gateway
}

func newServices(t *testing.T, settings ...string) *services {
	t.Helper()
	s := &services{cluster: databasetest.StartCluster(t, settings...), gateway: storetest.StartGateway(t, t.TempDir())}
	at := on(t, s.cluster, s.gateway)
	s.killing = newKilling(t, institutiontest.Found(t, at.flags()...), at)
	return s
}

// outages are the ways in which a service goes and comes back.
func (s *services) outages() map[string]func() {
	return map[string]func(){
		"the database stops and starts again": func() { s.cluster.Stop(); s.cluster.Start(s.t) },
		"the storage stops and starts again":  func() { s.gateway.Stop(); s.gateway.Start(s.t) },
		"the database cuts every connection":  s.cut,
	}
}

// cut ends every connection that the server has to its database.
func (s *services) cut() {
	s.t.Helper()
	u, err := url.Parse(s.database)
	if err != nil {
		s.t.Fatal(err)
	}
	s.cluster.Do(s.t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+path.Base(u.Path)+"'")
}

// A backup bears that what the server stands on goes away for a moment: it ends well, or
// where that took longer than it waits, it says so and the next one goes on.
func TestABackupBearsThatAServiceStopsAndStartsAgain(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	for what, outage := range s.outages() {
		for _, until := range []string{"kind = 'data'", "kind = 'data' AND state = 'stored'", "kind = 'snapshots'"} {
			write(t, filepath.Join(s.files, fmt.Sprint(what, until)), 20)
			before := s.objects(until)
			backup := s.Begin("backup")
			s.until("one more object with "+until, func() bool { return s.objects(until) > before })
			outage()
			if err := backup.Wait(); err != nil {
				t.Logf("%s at one more with %s: %v %s", what, until, err, backup.Said.Tail())
				s.Run("backup")
			}
		}
	}
	s.nothingIsLost()
	select {
	case <-s.Gone():
		t.Error("the server ended")
	default:
	}
	s.nothingIsLeft()
}

// While a service is away the server says so, to computers and to supervisors, and goes
// on by itself when it is back.
func TestAServiceThatIsAwayIsToldAndGoneOnWithoutARestart(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	write(t, filepath.Join(s.files, "early"), 5)
	s.Run("backup")
	for _, c := range []struct {
		name        string
		stop, start func()
	}{
		{"database", s.cluster.Stop, func() { s.cluster.Start(t) }},
		{"storage", s.gateway.Stop, func() { s.gateway.Start(t) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.stop()
			s.answers(t, "/readyz", http.StatusServiceUnavailable, "its database or its storage does not answer")
			s.answers(t, "/healthz", http.StatusOK, "ok")
			write(t, filepath.Join(s.files, "while the "+c.name+" is away"), 3)
			s.isTold("backup")
			c.start()
			s.answers(t, "/readyz", http.StatusOK, "ok")
			s.Run("backup")
			s.nothingIsLost()
		})
	}
}

// A person who signs in while the database is away is told so, and signs in on the same
// page when it is back.
func TestASignInOutlastsTheDatabase(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	second := s.Institution.Computer("second")
	call := second.Begin("sign-in", s.Origin, "--name", "second", "--fingerprint", s.Fingerprint())
	link := second.Wanted(call)
	s.cluster.Stop()
	s.Browser().Do("opening the page that asks", chromedp.Navigate(link))
	s.Browser().Says("The server cannot reach its database just now")
	s.cluster.Start(t)
	s.cut()
	s.Connect(link)
	if err := call.Wait(); err != nil {
		t.Fatalf("signing in: %v %s", err, call.Said.Tail())
	}
	write(t, filepath.Join(second.User, "Documents"), 1)
	second.Run("backup")
}

// A PostgreSQL that runs out of room for its log panics and may not come up again before
// there is some. The server outlasts it.
func TestADatabaseThatPanicsOnAFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, "128m")
	cluster := databasetest.StartClusterIn(t, disk, "autovacuum=off", "min_wal_size=2MB")
	at := on(t, cluster, nil)
	i := institutiontest.Found(t, at.flags()...)
	k := newKilling(t, i, at)
	write(t, filepath.Join(k.files, "early"), 5)
	k.Run("backup")
	fill(t, disk)
	panics(t, at.database)
	cluster.Stop() // whether it came up again for a moment or not
	k.answers(t, "/readyz", http.StatusServiceUnavailable, "its database or its storage does not answer")
	write(t, filepath.Join(k.files, "late"), 5)
	k.isTold("backup")
	makeRoom(t, disk)
	cluster.Start(t)
	k.answers(t, "/readyz", http.StatusOK, "ok")
	k.Run("backup")
	k.nothingIsLost()
}

// panics writes into the database's log until there is no room for it.
func panics(t *testing.T, address string) {
	t.Helper()
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(), "DO $$ BEGIN LOOP PERFORM pg_logical_emit_message(false, 'ballast', repeat('x', 100000)); END LOOP; END $$")
	if err == nil || database.IsFull(err) {
		t.Fatalf("it did not panic: %v", err)
	}
	t.Logf("the database said: %v", err)
}

// isTold makes a call that fails because something that the server needs is away, and
// says so.
func (k *killing) isTold(args ...string) {
	k.t.Helper()
	call := k.Begin(args...)
	if err := call.Wait(); err == nil || !strings.Contains(call.Said.Text(), "The server cannot ") {
		k.t.Errorf("holdfast %s: %v %s", strings.Join(args, " "), err, call.Said.Tail())
	}
}

// answers waits until a page of the server is answered as it should.
func (k *killing) answers(t *testing.T, at string, status int, says string) {
	t.Helper()
	client := &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}, //nolint:gosec // the test's own server
		Timeout:   time.Minute,
	}
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		answer, err := client.Get(k.Origin + at)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err == nil && answer.StatusCode == status && strings.Contains(string(body), says) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is answered %d (%v):\n%s", at, answer.StatusCode, err, body)
		}
	}
}
