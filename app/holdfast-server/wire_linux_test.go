package main

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// wire stands between a server and the PostgreSQL and S3 services in which it keeps
// what it has. It passes everything on, knows what each message asks for, and can end
// the server at one of them. To the services that is a server that dies there: what it
// had asked before was done, and nothing after.
type wire struct {
	t    testing.TB
	kill func() // returns when the server is dead

	mu   sync.Mutex
	seen []string // what was asked, in order
	at   *step    // where to kill next; nil: nowhere
}

// step is a place in the life of a message.
type step struct {
	when  moment
	asked string // as the wire tells it, as in "PUT data" or "COMMIT of UPDATE object SET stored data"
}

func (s step) String() string { return string(s.when) + " " + s.asked }

type moment string

const (
	before moment = "before" // the service does not hear of it
	within moment = "within" // the service gets half of the body
	after  moment = "after"  // the service has done it, and the server does not hear of it
)

// between puts a wire before the places. kill is set when the server runs.
func between(t testing.TB, at places) (*wire, places) {
	t.Helper()
	w := &wire{t: t}
	for _, address := range []*string{&at.database, &at.storage} {
		u, err := url.Parse(*address)
		if err != nil {
			t.Fatal(err)
		}
		listen := w.databaseAt
		if u.Scheme == "s3" {
			listen = w.storageAt
		}
		u.Host = listen(u.Host)
		*address = u.String()
	}
	return w, at
}

// killAt ends the server at the first such step from now on; nil lets it live.
func (w *wire) killAt(at *step) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at, w.seen = at, nil
}

// asked is what was asked since killAt, each once.
func (w *wire) asked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := slices.Clone(w.seen)
	slices.Sort(seen)
	return slices.Compact(seen)
}

// note keeps what is asked, and says at which moment of it the server is to die, if at
// any.
func (w *wire) note(asked string) moment {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, asked)
	if w.at == nil || w.at.asked != asked {
		return ""
	}
	when := w.at.when
	w.at = nil
	return when
}

// kindIn is the kind of file that a message speaks of, with a space before it.
func kindIn(text string) string {
	for _, kind := range []string{"config", "keys", "locks", "snapshots", "index", "data"} {
		if strings.Contains(text, kind) {
			return " " + kind
		}
	}
	return ""
}
