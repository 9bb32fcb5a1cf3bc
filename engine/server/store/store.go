// Package store keeps the repositories of the accounts: one for each person, spoken to
// with restic's REST protocol, version 2 (restic, doc/REST_backend.rst).
//
// Its one idea is that a file is two things: bytes, which lie in a folder or in S3
// (Bytes), and a row in the database, which says whose they are, how large, since when
// and whether they are there. An upload first takes its place in the row and in the
// account's quota, then streams its bytes, then says in the row that they are stored.
// So the quota holds under parallel uploads, two of one name do not meet, and whatever
// a crash interrupts is finished or undone by looking at the bytes (Repair).
//
// Promises: an answer of 200 means that bytes and row are durable. Bytes whose SHA-256
// is not their name are refused before the last of them is written. Nothing is ever
// overwritten. A computer's credential adds and reads; it removes locks and nothing
// else, unless its person has opened a removal for it (Removal), which is for hours,
// counted, and stops by itself far outside the usual. What is removed, by that or by
// the server itself, is invisible at once and comes back on demand for as long as the
// hold lasts. A full disk serves reads.
//
// The account comes from the credential, never from the path. Who may come at all is
// decided by package access. Nothing here can decrypt what it keeps.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/database"
	"holdfast/engine/storage"
)

// Info is what Bytes know about a file.
type Info struct {
	Key     string
	Size    int64 // bytes
	ModTime time.Time
}

// Bytes is where the bytes lie: write-once files under keys of slash-separated words
// such as "ab12…/data/0f/0f3c…" and "ab12…/config". All methods are safe for use by
// several goroutines. storetest.Run holds every implementation to this.
type Bytes interface {
	// Create writes the size bytes of r under a key that is not taken: durable when
	// it returns nil, visible only complete. A taken key is ErrExists, with r read or
	// not, and what is there is durable and untouched. An error of r is returned and
	// leaves nothing; r reports it before the last byte is out.
	Create(ctx context.Context, key string, r io.Reader, size int64) error
	// Open reads length bytes from offset on, to the end when length is negative.
	// ErrNotFound when there is no such key. The caller closes it.
	Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)
	// Stat tells about one key, or ErrNotFound.
	Stat(ctx context.Context, key string) (Info, error)
	// Remove takes a key away for good, or says ErrNotFound.
	Remove(ctx context.Context, key string) error
	// List calls fn for each key below a prefix that ends at a slash or is empty, in
	// no order, and stops at its first error.
	List(ctx context.Context, prefix string, fn func(Info) error) error
	// Ready is nil when something can be written now.
	Ready(ctx context.Context) error
}

// What can be wrong with a file or with the place of the bytes.
var (
	ErrExists   = errors.New("the file is stored already")
	ErrNotFound = errors.New("no such file is stored")
	ErrFull     = errors.New("no space is left where the files are stored")
	ErrAway     = errors.New("the place where the files are stored does not answer")
)

// Options say what the service asks of others. Nil functions ask nobody.
type Options struct {
	// Quota is how many bytes an account may store, 0 for no limit.
	Quota func(ctx context.Context, account string) (int64, error)
	// MayUpload is asked before each upload, locks apart, which reading needs too.
	MayUpload func(ctx context.Context, c access.Caller) error
	// Stored is told of each snapshot that has arrived.
	Stored func(ctx context.Context, c access.Caller, kind storage.Kind, name string, at time.Time)
	// Frozen is told, in the same transaction, of a removal that was stopped.
	Frozen func(ctx context.Context, tx *sql.Tx, r Removal) error
	// Usual is below which amounts no removal is unusual. Zero values stand for 32 MiB
	// and three months.
	Usual Usual
	// Hold is how long removed files can come back. 0 stands for 30 days.
	Hold time.Duration
	// Name is under which this server shows the others on the database that it lives
	// (database.Presence), "" while it does not; then they go by its lease alone.
	Name func() string
	// Leases is the clock by which a server that died is known. Nil stands for the one that
	// all servers have in common: PostgreSQL's, or with SQLite that of the one server.
	Leases func() time.Time
	Log    *slog.Logger
}

// Service keeps the repositories.
type Service struct {
	db    *database.DB
	bytes Bytes
	o     Options
	now   func() time.Time

	// patience is how long an upload waits for another one of the same name.
	patience time.Duration

	mu    sync.Mutex
	works map[string]bool // names of the work under way in this process
}

// New returns the service on migrated tables. Call Repair at start and now and then.
func New(db *database.DB, bytes Bytes, o Options, now func() time.Time) *Service {
	if o.Quota == nil {
		o.Quota = func(context.Context, string) (int64, error) { return 0, nil }
	}
	if o.MayUpload == nil {
		o.MayUpload = func(context.Context, access.Caller) error { return nil }
	}
	if o.Stored == nil {
		o.Stored = func(context.Context, access.Caller, storage.Kind, string, time.Time) {}
	}
	if o.Frozen == nil {
		o.Frozen = func(context.Context, *sql.Tx, Removal) error { return nil }
	}
	if o.Usual.Bytes == 0 {
		o.Usual.Bytes = 32 << 20
	}
	if o.Usual.Months == 0 {
		o.Usual.Months = 3
	}
	if o.Name == nil {
		o.Name = func() string { return "" }
	}
	if o.Leases == nil && db.Kind == database.SQLite {
		o.Leases = now
	}
	if o.Hold == 0 {
		o.Hold = 30 * 24 * time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{db: db, bytes: bytes, o: o, now: now, patience: 10 * time.Second, works: map[string]bool{}}
}

// Ready is nil when files can be written now.
func (s *Service) Ready(ctx context.Context) error { return s.bytes.Ready(ctx) }

// file names one file of one account.
type file struct {
	account string
	kind    storage.Kind
	name    string
}

func newFile(account string, kind storage.Kind, name string) (file, error) {
	if !isAccount(account) {
		return file{}, fmt.Errorf("%q is not the id of an account", account)
	}
	return file{account, kind, name}, storage.CheckName(kind, name)
}

// key is where the bytes lie: the layout of restic's repositories, a folder for each
// account.
func (f file) key() string {
	switch f.kind {
	case storage.Config:
		return f.account + "/config"
	case storage.Packs:
		return f.account + "/data/" + f.name[:2] + "/" + f.name
	}
	return f.account + "/" + string(f.kind) + "/" + f.name
}

// isAccount holds an id against its form, so that no other word becomes part of a path.
func isAccount(id string) bool {
	if len(id) != 32 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// workSeparator stands between the name of a server and that of its work.
const workSeparator = "."

// begin names a piece of work of this process, so that nobody takes its row for one
// that a crash left; end lets go of it.
func (s *Service) begin() string {
	work := rand.Text()
	if name := s.o.Name(); name != "" {
		work = name + workSeparator + work
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.works[work] = true
	return work
}

func (s *Service) end(work string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.works, work)
}

func (s *Service) working(work string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.works[work]
}
