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

// Client uses the key store. It is safe for use by several goroutines. A key store that
// does not answer within its patience is ErrAway, so that whoever asks can be told.
type Client struct {
	store    *Store
	patience time.Duration
}

// usualPatience is for a key management service far away that has much to do.
const usualPatience = 10 * time.Second

// WithPatience is the client with another bound on how long an answer may take.
func (c *Client) WithPatience(d time.Duration) *Client { return &Client{c.store, d} }

// within does something that the key store has to answer in time.
func (c *Client) within(ctx context.Context, what string, do func(ctx context.Context) error) error {
	bound, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	err := do(bound)
	switch {
	case err == nil:
		return nil
	case bound.Err() != nil && ctx.Err() == nil, database.IsAway(err):
		return fmt.Errorf("%s: %w (%w)", what, ErrAway, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// What the key store's log calls what was done. A failed release comes after the entry
// of the release.
const (
	ActionKeep    = "key.keep"
	ActionRelease = "key.release"
	ActionFailed  = "key.release_failed"
	ActionForget  = "key.forget"
)

const (
	mostSecret = 1024 // bytes; a key management service wraps little more
	mostName   = 200
)

// Keep holds the secret that opens a key file of the account's repository, in place of
// one that was held before. When it returns the secret is durable, and so is its entry
// in the key store's log.
func (c *Client) Keep(ctx context.Context, account, keyFile string, secret []byte) (audit.Entry, error) {
	return c.keep(ctx, account, keyFile, secret, `ON CONFLICT (account) DO UPDATE SET key_file = excluded.key_file,
		wrapper = excluded.wrapper, wrapped = excluded.wrapped, since = excluded.since`)
}

// KeepFirst is Keep for an account of which nothing is kept: ErrKept otherwise, and
// what is kept stays. Of several at once one succeeds.
func (c *Client) KeepFirst(ctx context.Context, account, keyFile string, secret []byte) (audit.Entry, error) {
	return c.keep(ctx, account, keyFile, secret, "ON CONFLICT (account) DO NOTHING")
}

func (c *Client) keep(ctx context.Context, account, keyFile string, secret []byte, conflict string) (entry audit.Entry, err error) {
	switch {
	case account == "" || len(account) > mostName || keyFile == "" || len(keyFile) > mostName:
		return entry, fmt.Errorf("%w: the account or the key file has no proper name", ErrSecret)
	case len(secret) == 0 || len(secret) > mostSecret:
		return entry, fmt.Errorf("%w: a secret has 1 to %d bytes, not %d", ErrSecret, mostSecret, len(secret))
	}
	s := c.store
	err = c.within(ctx, "keep a key", func(ctx context.Context) error {
		wrapped, err := s.wrapper.Wrap(ctx, secret, binding(account, keyFile))
		if err != nil {
			return fmt.Errorf("wrap it: %w", err)
		}
		return s.db.Tx(ctx, func(tx *sql.Tx) error {
			done, err := tx.ExecContext(ctx, "INSERT INTO kept_key (account, key_file, wrapper, wrapped, since) VALUES ($1, $2, $3, $4, $5) "+conflict,
				account, keyFile, s.wrapper.ID(), wrapped, database.Millis(s.now()))
			if err != nil {
				return err
			}
			if n, err := done.RowsAffected(); err != nil || n == 0 {
				return errors.Join(ErrKept, err)
			}
			entry, err = s.log.Append(ctx, tx, audit.Entry{Actor: account, Action: ActionKeep, Target: account, Reason: "key file " + keyFile})
			return err
		})
	})
	return entry, err
}

// Release says who asks for a secret, and why.
type Release struct {
	By            string // the id of a person
	Reason        string // an administrator must give one
	Address       string // the client's
	Administrator bool   // By acts as an administrator, for somebody else's key
}

// Released is a secret that was given out.
type Released struct {
	Secret  []byte
	KeyFile string      // that it opens
	Entry   audit.Entry // in the key store's log
}

// Release gives a secret out. The release is durable in the log before the secret is
// unwrapped; one that fails afterwards is logged as such.
func (c *Client) Release(ctx context.Context, account string, r Release) (out Released, err error) {
	r.Reason = strings.TrimSpace(r.Reason)
	if r.By == "" || r.Administrator && r.Reason == "" {
		return out, ErrReason
	}
	if !r.Administrator && r.By != account {
		return out, ErrNotTheirs
	}
	err = c.within(ctx, "release a key", func(ctx context.Context) (err error) {
		out, err = c.release(ctx, account, r)
		return err
	})
	return out, err
}

func (c *Client) release(ctx context.Context, account string, r Release) (out Released, err error) {
	s := c.store
	var wrapper string
	var wrapped []byte
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT key_file, wrapper, wrapped FROM kept_key WHERE account = $1", account).Scan(&out.KeyFile, &wrapper, &wrapped)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		out.Entry, err = s.log.Append(ctx, tx, audit.Entry{Actor: r.By, Action: ActionRelease, Target: account, Reason: r.Reason, Address: r.Address})
		return err
	})
	if err != nil {
		return Released{}, err
	}
	out.Secret, err = s.unwrap(ctx, wrapper, wrapped, binding(account, out.KeyFile))
	if err != nil {
		failed := out.Entry
		failed.Action = ActionFailed
		return Released{}, errors.Join(err, s.noteFailed(ctx, failed))
	}
	return out, nil
}

// noteFailed logs a release that came to nothing, also when nobody waits for it any more.
func (s *Store) noteFailed(ctx context.Context, e audit.Entry) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), usualPatience)
	defer cancel()
	return s.log.Record(ctx, nil, e)
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
	return c.within(ctx, "forget a key", func(ctx context.Context) error { return c.forget(ctx, account, by) })
}

func (c *Client) forget(ctx context.Context, account, by string) error {
	s := c.store
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
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
		return s.log.Record(ctx, tx, audit.Entry{Actor: by, Action: ActionForget, Target: account})
	})
}

// Mode says whether the account's secret is kept, for which key file, since when.
func (c *Client) Mode(ctx context.Context, account string) (kept bool, keyFile string, since time.Time, err error) {
	err = c.within(ctx, "look for a kept key", func(ctx context.Context) error {
		var at int64
		err := c.store.db.QueryRowContext(ctx, "SELECT key_file, since FROM kept_key WHERE account = $1", account).Scan(&keyFile, &at)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		kept, since = err == nil, database.Moment(at)
		return err
	})
	return kept, keyFile, since, err
}

// Log lists what was kept, released and forgotten, newest first.
func (c *Client) Log(ctx context.Context, query audit.Query) ([]audit.Entry, error) {
	var list []audit.Entry
	err := c.within(ctx, "read the key store's log", func(ctx context.Context) (err error) {
		list, err = c.store.log.List(ctx, query)
		return err
	})
	return list, err
}

// Since lists entries of the log from after one of a number on, the oldest first, at
// most so many.
func (c *Client) Since(ctx context.Context, number int64, most int) ([]audit.Entry, error) {
	var list []audit.Entry
	err := c.within(ctx, "read the key store's log", func(ctx context.Context) error {
		return c.store.log.Each(ctx, audit.Query{After: number, Limit: most}, func(e audit.Entry) error {
			list = append(list, e)
			return nil
		})
	})
	return list, err
}

// Head is the end of the log.
func (c *Client) Head(ctx context.Context) (head audit.Head, err error) {
	err = c.within(ctx, "read the key store's log", func(ctx context.Context) error {
		head, err = c.store.log.Head(ctx)
		return err
	})
	return head, err
}
