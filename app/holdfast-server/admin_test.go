package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
)

// office is a server that is looked after with commands, and its database.
type office struct {
	*testing.T
	db       *database.DB
	settings []string
}

func eachOffice(t *testing.T, run func(o *office)) {
	for _, kind := range []database.Kind{database.SQLite, database.PostgreSQL} {
		t.Run(string(kind), func(t *testing.T) {
			address := databasetest.Address(t, kind)
			run(&office{t, databasetest.Open(t, address, database.Schema()),
				[]string{"--data", t.TempDir(), "--database", address, "--smtp-address", "127.0.0.1:9", "--smtp-from", "backup@college.edu"}})
		})
	}
}

// command runs one with --json and returns its exit code; what it printed goes into
// out unless that is nil.
func (o *office) command(out any, args ...string) int {
	o.Helper()
	printed, err := os.Create(filepath.Join(o.TempDir(), "printed"))
	if err != nil {
		o.Fatal(err)
	}
	defer printed.Close()
	before := os.Stdout
	os.Stdout = printed
	code := run(append(append([]string{"--json"}, args...), o.settings...))
	os.Stdout = before
	if out != nil && code == 0 {
		if _, err := printed.Seek(0, io.SeekStart); err != nil {
			o.Fatal(err)
		}
		if err := json.NewDecoder(printed).Decode(out); err != nil {
			o.Fatalf("%q: %v", args, err)
		}
	}
	return code
}

func (o *office) must(out any, args ...string) {
	o.Helper()
	if code := o.command(out, args...); code != 0 {
		o.Fatalf("%q ended with %d", args, code)
	}
}

// traces are how many entries the log has, and how many letters wait.
func (o *office) traces() (entries int64, letters int) {
	o.Helper()
	head, err := audit.New(o.db, time.Now).Head(o.Context())
	if err != nil {
		o.Fatal(err)
	}
	queue, err := mail.New(o.db, mail.Options{}, time.Now).Queue(o.Context())
	if err != nil {
		o.Fatal(err)
	}
	return head.Number, queue.Waiting
}

func TestACommandChangesNothingThatCannotBeLoggedOrTold(t *testing.T) {
	eachOffice(t, func(o *office) {
		var made struct{ ID string }
		service := people.New(o.db, people.Defaults{Seats: 4}, time.Now)
		ask := func(email string) string {
			if err := service.Request(o.Context(), people.Request{Name: "Dee", Email: email, Reason: "why not"}); err != nil {
				o.Fatal(err)
			}
			open, err := service.Requests(o.Context(), false)
			if err != nil {
				o.Fatal(err)
			}
			return open[len(open)-1].ID
		}
		o.must(nil, "user", "add", "boss@college.edu", "--role", "owner")
		var link struct{ Link string }
		o.must(&link, "user", "add", "ann@college.edu")
		if _, err := service.Accept(o.Context(), filepath.Base(link.Link)); err != nil {
			o.Fatal(err)
		}
		o.must(&made, "device", "add", "ann@college.edu", "--name", "laptop")
		for _, args := range [][]string{
			{"request", "approve", ask("dee@college.edu")},
			{"request", "refuse", ask("eve@college.edu"), "--reason", "nobody knows her"},
			{"user", "add", "new@college.edu"},
			{"user", "block", "ann@college.edu"},
			{"user", "unblock", "ann@college.edu"},
			{"device", "add", "ann@college.edu", "--name", "another"},
			{"device", "block", made.ID},
			{"device", "unblock", made.ID},
			{"device", "deauthorize", made.ID},
			{"device", "remove", made.ID},
			{"device", "restore", made.ID},
			{"user", "remove", "ann@college.edu"},
		} {
			before := databasetest.Contents(o, o.db)
			for _, gone := range []string{"audit", "outbox"} {
				databasetest.Without(o, o.db, gone, func() {
					if code := o.command(nil, args...); code != 1 {
						o.Errorf("%q without %s ended with %d", args, gone, code)
					}
				})
				if after := databasetest.Contents(o, o.db); after != before {
					o.Errorf("%q: without %s it changed\n%s\ninto\n%s", args, gone, before, after)
				}
			}
			entries, letters := o.traces()
			o.must(nil, args...)
			if e, l := o.traces(); e != entries+1 || l != letters+1 {
				o.Errorf("%q left %d entries and %d letters", args, e-entries, l-letters)
			}
		}
	})
}
