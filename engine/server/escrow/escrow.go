// Package escrow is the institution's key store: it keeps, for people who chose so,
// the secret that opens a key file of their repository, and gives it out only with a
// trace.
//
// Its one idea is that no single thing gives a secret away. The secrets lie in a
// database of their own, apart from people, computers and stored objects, each wrapped
// by a master key that is not in it (Wrapper: a key file here, a key management
// service elsewhere). The rest of the server reaches them only as a Client, for which
// it needs a credential of its own. And before a secret leaves, the release is in the
// key store's own log, a hash chain (engine/server/audit), whatever becomes of the
// caller.
//
// Wrapping binds a secret to its account and key file: a row moved to another account
// does not open.
//
// Who may ask (a fresh session, a role) and who is told (mail, the server's audit log)
// is for the caller to see to; this package insists on a name, on an administrator's
// reason, and that nobody else gets a person's secret.
package escrow

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/database"
)

var (
	// ErrCredential says that the caller may not use the key store.
	ErrCredential = errors.New("this is not the credential of the key store")
	// ErrMasterKey says that the database was made with another master key.
	ErrMasterKey = errors.New("the key store was made with another master key")
	// ErrNotFound says that the key store keeps nothing for this account.
	ErrNotFound = errors.New("the key store keeps no key of this account")
	// ErrKept says that the key store keeps a secret of this account already.
	ErrKept = errors.New("the key store keeps a key of this account already")
	// ErrReason says that a release lacks who asks or, of an administrator, why.
	ErrReason = errors.New("a key is released only to somebody who is named, and to an administrator only with a reason")
	// ErrNotTheirs says that somebody asked for the key of somebody else.
	ErrNotTheirs = errors.New("this key is somebody else's")
	// ErrDamaged says that a wrapped secret is not what was stored for this account.
	ErrDamaged = errors.New("the kept key is damaged, or was moved from another account")
	// ErrAway says that the key store did not answer, or not in time. What was asked may
	// have been done all the same; then its log has it.
	ErrAway = errors.New("the key store does not answer")
	// ErrSecret says that what is to be kept is no secret: empty, too long, or without
	// the name of a key file.
	ErrSecret = errors.New("this cannot be kept as a key")
)

//go:embed schema/*.sql
var schema embed.FS

// Store is an open key store. Only a Client of it gives secrets out.
type Store struct {
	db         *database.DB
	wrapper    Wrapper
	log        *audit.Log
	credential [sha256.Size]byte
	now        func() time.Time
}

// Open opens the key store in a database of its own (as database.Open takes it), with
// its tables made or brought up to date. The credential is read from its file, which
// is made when it is missing; to change it, remove the file and start again. A
// database that was made with another master key is ErrMasterKey: its secrets would
// not open.
func Open(ctx context.Context, address string, w Wrapper, credentialFile string) (*Store, error) {
	return open(ctx, address, w, credentialFile, time.Now)
}

func open(ctx context.Context, address string, w Wrapper, credentialFile string, now func() time.Time) (*Store, error) {
	credential, err := readCredential(credentialFile)
	if err != nil {
		return nil, fmt.Errorf("the credential of the key store: %w", err)
	}
	db, err := database.Open(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("the key store: %w", err)
	}
	s := &Store{db, w, audit.New(db, now), sha256.Sum256([]byte(credential)), now}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("the key store in %s: %w", database.Printable(address), err), db.Close())
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context) error {
	migrations, err := fs.Sub(schema, "schema")
	if err != nil {
		return err
	}
	if err := s.db.Migrate(ctx, migrations); err != nil {
		return err
	}
	var made string
	read := func() error {
		return s.db.QueryRowContext(ctx, "SELECT wrapper FROM key_store WHERE one = 1").Scan(&made)
	}
	err = read()
	if errors.Is(err, sql.ErrNoRows) {
		_, err = s.db.ExecContext(ctx, "INSERT INTO key_store (one, wrapper, created) VALUES (1, $1, $2)", s.wrapper.ID(), database.Millis(s.now()))
		if err == nil || database.IsTaken(err) { // by a server that started at the same moment
			err = read()
		}
	}
	if err != nil {
		return fmt.Errorf("this database holds something else (the key store needs one of its own): %w", err)
	}
	if made != s.wrapper.ID() {
		return fmt.Errorf("%w: it needs %s, and was given %s", ErrMasterKey, made, s.wrapper.ID())
	}
	return nil
}

// Close closes the database; clients fail afterwards.
func (s *Store) Close() error { return s.db.Close() }

// Log is the key store's own, to be read and verified.
func (s *Store) Log() *audit.Log { return s.log }

// Client is the way to the secrets, for whoever has the credential; others get
// ErrCredential.
func (s *Store) Client(credential string) (*Client, error) {
	given := sha256.Sum256([]byte(credential))
	if subtle.ConstantTimeCompare(given[:], s.credential[:]) != 1 {
		return nil, ErrCredential
	}
	return &Client{s, usualPatience}, nil
}
