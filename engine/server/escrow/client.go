package escrow

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/database"
)

// Client uses the key store. It is safe for use by several goroutines.
type Client struct{ store *Store }

// What the key store's log calls what was done.
const (
	actionKeep    = "key.keep"
	actionRelease = "key.release"
	actionFailed  = "key.release_failed"
	actionForget  = "key.forget"
)

const (
	mostSecret = 1024 // bytes; a key management service wraps little more
	mostName   = 200
)

// Keep holds the secret that opens a key file of the account's repository, in place of
// one that was held before. When it returns the secret is durable.
func (c *Client) Keep(ctx context.Context, account, keyFile string, secret []byte) error {
	return c.keep(ctx, account, keyFile, secret, `ON CONFLICT (account) DO UPDATE SET key_file = excluded.key_file,
		wrapper = excluded.wrapper, wrapped = excluded.wrapped, since = excluded.since`)
}

// KeepFirst is Keep for an account of which nothing is kept: ErrKept otherwise, and
// what is kept stays. Of several at once one succeeds.
func (c *Client) KeepFirst(ctx context.Context, account, keyFile string, secret []byte) error {
	return c.keep(ctx, account, keyFile, secret, "ON CONFLICT (account) DO NOTHING")
}

func (c *Client) keep(ctx context.Context, account, keyFile string, secret []byte, conflict string) error {
	switch {
	case account == "" || len(account) > mostName || keyFile == "" || len(keyFile) > mostName:
		return fmt.Errorf("%w: the account or the key file has no proper name", ErrSecret)
	case len(secret) == 0 || len(secret) > mostSecret:
		return fmt.Errorf("%w: a secret has 1 to %d bytes, not %d", ErrSecret, mostSecret, len(secret))
	}
	s := c.store
	wrapped, err := s.wrapper.Wrap(ctx, secret, binding(account, keyFile))
	if err != nil {
		return fmt.Errorf("wrap a key: %w", err)
	}
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "INSERT INTO kept_key (account, key_file, wrapper, wrapped, since) VALUES ($1, $2, $3, $4, $5) "+conflict,
			account, keyFile, s.wrapper.ID(), wrapped, database.Millis(s.now()))
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(ErrKept, err)
		}
		return s.log.Record(ctx, tx, audit.Entry{Actor: account, Action: actionKeep, Target: account, Reason: "key file " + keyFile})
	})
	if err != nil {
		return fmt.Errorf("keep a key: %w", err)
	}
	return nil
}

// Release says who asks for a secret, and why.
type Release struct {
	By            string // the id of a person
	Reason        string // an administrator must give one
	Address       string // the client's
	Administrator bool   // By acts as an administrator, for somebody else's key
}

// Release gives a secret out, and the name of the key file that it opens. The release
// is durable in the log before the secret is unwrapped; one that fails afterwards is
// logged as such.
func (c *Client) Release(ctx context.Context, account string, r Release) (secret []byte, keyFile string, err error) {
	r.Reason = strings.TrimSpace(r.Reason)
	if r.By == "" || r.Administrator && r.Reason == "" {
		return nil, "", ErrReason
	}
	if !r.Administrator && r.By != account {
		return nil, "", ErrNotTheirs
	}
	s := c.store
	entry := audit.Entry{Actor: r.By, Action: actionRelease, Target: account, Reason: r.Reason, Address: r.Address}
	var wrapper string
	var wrapped []byte
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT key_file, wrapper, wrapped FROM kept_key WHERE account = $1", account).Scan(&keyFile, &wrapper, &wrapped)
		if err != nil {
			return err
		}
		return s.log.Record(ctx, tx, entry)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, "", ErrNotFound
	case err != nil:
		return nil, "", fmt.Errorf("release a key: %w", err)
	}
	secret, err = s.unwrap(ctx, wrapper, wrapped, binding(account, keyFile))
	if err != nil {
		entry.Action = actionFailed
		return nil, "", errors.Join(fmt.Errorf("release a key: %w", err), s.log.Record(context.WithoutCancel(ctx), nil, entry))
	}
	return secret, keyFile, nil
}

func (s *Store) unwrap(ctx context.Context, wrapper string, wrapped, context []byte) ([]byte, error) {
	if wrapper != s.wrapper.ID() {
		return nil, fmt.Errorf("%w: this secret needs %s", ErrMasterKey, wrapper)
	}
	return s.wrapper.Unwrap(ctx, wrapped, context)
}

// Forget ends the keeping of an account's secret; that there is none is no error. The
// bytes are overwritten in the database file of SQLite; PostgreSQL drops them when it
// next cleans up, and backups of either database hold them as long as they live.
func (c *Client) Forget(ctx context.Context, account, by string) error {
	if by == "" {
		return ErrReason
	}
	s := c.store
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		var wrapped []byte
		err := tx.QueryRowContext(ctx, "SELECT wrapped FROM kept_key WHERE account = $1", account).Scan(&wrapped)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE kept_key SET wrapped = $1 WHERE account = $2", bytes.Repeat([]byte{0}, len(wrapped)), account); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM kept_key WHERE account = $1", account); err != nil {
			return err
		}
		return s.log.Record(ctx, tx, audit.Entry{Actor: by, Action: actionForget, Target: account})
	})
	if err != nil {
		return fmt.Errorf("forget a key: %w", err)
	}
	return nil
}

// Mode says whether the account's secret is kept, for which key file, since when.
func (c *Client) Mode(ctx context.Context, account string) (kept bool, keyFile string, since time.Time, err error) {
	var at int64
	err = c.store.db.QueryRowContext(ctx, "SELECT key_file, since FROM kept_key WHERE account = $1", account).Scan(&keyFile, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return false, "", time.Time{}, nil
	}
	if err != nil {
		return false, "", time.Time{}, fmt.Errorf("look for a kept key: %w", err)
	}
	return true, keyFile, database.Moment(at), nil
}

// Log lists what was kept, released and forgotten, newest first.
func (c *Client) Log(ctx context.Context, query audit.Query) ([]audit.Entry, error) {
	return c.store.log.List(ctx, query)
}
