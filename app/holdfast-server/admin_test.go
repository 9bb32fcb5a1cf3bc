package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/escrow"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
)

// office is a server that is looked after with commands, and its database.
type office struct {
	*testing.T
	db       *database.DB
	settings []string
	said     string // the file with what the last command complained of
}

func eachOffice(t *testing.T, run func(o *office)) {
	t.Helper()
	for _, kind := range []database.Kind{database.SQLite, database.PostgreSQL} {
		t.Run(string(kind), func(t *testing.T) {
			address := databasetest.Address(t, kind)
			run(&office{T: t, db: databasetest.Open(t, address, database.Schema()),
				settings: []string{"--data", t.TempDir(), "--database", address, "--smtp-address", "127.0.0.1:9", "--smtp-from", "backup@college.edu"}})
		})
	}
}

// refused is a command that ends with a sentence, which it returns.
func (o *office) refused(args ...string) string {
	o.Helper()
	if code := o.command(nil, args...); code != 1 {
		o.Fatalf("%q ended with %d", args, code)
	}
	said, err := os.ReadFile(o.said)
	if err != nil {
		o.Fatal(err)
	}
	return string(said)
}

// command runs one with --json and returns its exit code; what it printed goes into
// out unless that is nil.
func (o *office) command(out any, args ...string) int {
	o.Helper()
	file, err := os.Create(filepath.Join(o.TempDir(), "printed"))
	if err != nil {
		o.Fatal(err)
	}
	defer file.Close()
	o.said = filepath.Join(o.TempDir(), "said")
	complaints, err := os.Create(o.said)
	if err != nil {
		o.Fatal(err)
	}
	defer complaints.Close()
	code := 0
	printedTo(file, complaints, func() { code = run(append(append([]string{"--json"}, args...), o.settings...)) })
	if out != nil && code == 0 {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			o.Fatal(err)
		}
		if err := decode(file, out); err != nil {
			o.Fatalf("%q: %v", args, err)
		}
	}
	return code
}

// printedTo runs something that prints.
func printedTo(out, complaints *os.File, run func()) {
	stdout, stderr := os.Stdout, os.Stderr
	defer func() { os.Stdout, os.Stderr = stdout, stderr }()
	os.Stdout, os.Stderr = out, complaints
	run()
}

// decode reads one value of JSON, or a line of it for each entry.
func decode(r io.Reader, out any) error {
	lines, ok := out.(*[]exported)
	if !ok {
		return json.NewDecoder(r).Decode(out)
	}
	for all := json.NewDecoder(r); ; {
		var e exported
		if err := all.Decode(&e); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
		*lines = append(*lines, e)
	}
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
			return open[slices.IndexFunc(open, func(r people.Request) bool { return r.Email == email })].ID
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
			{"user", "change", "ann@college.edu", "--seats", "2"},
			{"device", "restore", made.ID},
			{"user", "reset-sign-in", "ann@college.edu", "--reason", "her phone is lost"},
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

// printed is a person as "user change" prints one.
type printed struct {
	ID, Email, Name, Role string
	Seats                 int
	Quota                 int64
}

func TestAPersonIsChangedByCommand(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.must(nil, "user", "add", "boss@college.edu", "--role", "owner")
		var link struct{ Link string }
		o.must(&link, "user", "add", "ann@college.edu", "--name", "Ann", "--seats", "3", "--quota", "1.5 GiB", "--role", "owner")
		if _, err := people.New(o.db, people.Defaults{}, time.Now).Accept(o.Context(), filepath.Base(link.Link)); err != nil {
			o.Fatal(err)
		}
		var got printed
		o.must(&got, "user", "change", "ann@college.edu")
		want := printed{got.ID, "ann@college.edu", "Ann", "owner", 3, 3 << 29}
		if got != want {
			o.Errorf("invited as %+v, not %+v", got, want)
		}
		entries, letters := o.traces()
		o.must(&got, "user", "change", "ann@college.edu", "--email", "Anna@college.edu", "--name", "Anna", "--quota", "2TB")
		want.Email, want.Name, want.Quota = "anna@college.edu", "Anna", 2e12
		if got != want {
			o.Errorf("changed into %+v, not %+v", got, want)
		}
		if e, l := o.traces(); e != entries+3 || l != letters+2 {
			o.Errorf("three changes left %d entries, and %d letters to two addresses", e-entries, l-letters)
		}
		// What the institution gives new people is nothing that this person asked for.
		o.Setenv("HOLDFAST_SERVER_SEATS", "9")
		o.Setenv("HOLDFAST_SERVER_NAME", "Somebody")
		o.Setenv("HOLDFAST_SERVER_ROLE", "member")
		file := filepath.Join(o.TempDir(), "settings.toml")
		if err := os.WriteFile(file, []byte("seats = 8\nquota = 5\nowner = \"boss@college.edu\"\n"), 0o600); err != nil {
			o.Fatal(err)
		}
		o.must(&got, "user", "change", "anna@college.edu", "--config", file, "--quota", "none")
		want.Quota = 0
		if got != want {
			o.Errorf("changed into %+v, not %+v", got, want)
		}
		o.must(nil, "device", "add", "anna@college.edu", "--name", "laptop", "--config", file)
		o.must(&got, "user", "add", "eve@college.edu", "--config", file)
		o.must(&got, "user", "change", "eve@college.edu")
		if got.Seats != 9 || got.Quota != 5 || got.Name != "" {
			o.Errorf("a new person is %+v", got)
		}
		for _, refused := range [][]string{
			{"--role", "member"}, // the last owner: the other has not come yet
			{"--email", "boss@college.edu"}, {"--email", "nobody"}, {"--seats", "-1"}, {"--role", "god"},
		} {
			if code := o.command(nil, append([]string{"user", "change", "anna@college.edu", "--name", "X"}, refused...)...); code == 0 {
				o.Errorf("%q is taken", refused)
			}
		}
		o.must(&got, "user", "change", "anna@college.edu")
		if got != want {
			o.Errorf("a change that was refused left %+v", got)
		}
	})
}

func TestSizesAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]size{"none": 0, "0": 0, "1000000": 1e6, "500GB": 5e11, "1.5 TiB": 3 << 39, "20 mb": 2e7, "7B": 7} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%q is %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "GB", "-1", "5X", "1e3", "NaN", "Inf", "5 G", "10000000 TB", "1.2.3GB", "0x10"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
}

func TestAServerWithAnotherKeyThanItsDatabaseDoesNotStart(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.must(nil, "user", "list")
		data, elsewhere := o.settings[1], o.TempDir()
		key := []string{"--escrow-database", filepath.Join(data, "escrow", "escrow.db"), "--escrow-key-file", filepath.Join(data, "escrow", "master.key")}
		o.settings[1] = elsewhere
		o.must(nil, append([]string{"user", "list"}, key...)...) // the key beside the master key
		another := filepath.Join(elsewhere, "another.key")
		named := func(file, says string) {
			o.Helper()
			said := o.refused(append([]string{"user", "list", "--secrets-key-file", file}, key...)...)
			if !strings.Contains(said, file) || !strings.Contains(said, says) || strings.Contains(said, "aster key in") {
				o.Errorf("it said %s", said)
			}
		}
		named(another, "is missing")
		if _, err := os.Stat(another); err == nil {
			o.Error("a key was made that opens nothing")
		}
		if _, err := escrow.OpenKeyFile(another); err != nil {
			o.Fatal(err)
		}
		named(another, "secrets renew")
		if err := os.WriteFile(another, []byte("no key"), 0o600); err != nil {
			o.Fatal(err)
		}
		named(another, "--secrets-key-file")
		if code := o.command(nil, append([]string{"user", "list", "--secrets-key-file", key[3]}, key...)...); code != 1 {
			o.Errorf("with the key store's master key it ended with %d", code)
		}
		key[3] = filepath.Join(elsewhere, "another-master.key")
		if _, err := escrow.OpenKeyFile(key[3]); err != nil {
			o.Fatal(err)
		}
		if said := o.refused(append([]string{"user", "list", "--secrets-key-file", filepath.Join(data, "escrow", "secrets.key")}, key...)...); !strings.Contains(said, "The key in "+key[3]) || !strings.Contains(said, "was made with another master key") {
			o.Errorf("it said %s", said)
		}
	})
}
