package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/storage"
)

// byCheck is who removed what HoldStray puts into the hold.
const byCheck = "check of the storage"

var (
	// ErrStrayConfig says that a config stays as it lies: the next computer that sets the
	// account up takes it in, and in the hold it would stand in the way of that.
	ErrStrayConfig = errors.New("it is the configuration of a repository, which the next setup takes in")
	// ErrStrayContent says that a file is not what its name says; nobody could use it.
	ErrStrayContent = errors.New("its content is not what its name says")
)

// Stray is a stored file of which the database knows nothing: left by an upload that S3
// finished after the server which made it had died and its row had been undone, or by a
// database that was set back.
type Stray struct {
	Account string
	Kind    storage.Kind
	Name    string
	Size    int64 // bytes
	Since   time.Time
}

// Key is where the bytes lie.
func (r Stray) Key() string { return r.file().key() }

func (r Stray) file() file { return file{r.Account, r.Kind, r.Name} }

// Strays calls fn for each stray, in no order, and stops at its first error. What has no
// key of a repository's file is nothing that a server stored.
func (s *Service) Strays(ctx context.Context, fn func(Stray) error) error {
	return s.bytes.List(ctx, "", func(i Info) error {
		f, ok := parseKey(i.Key)
		if !ok {
			return nil
		}
		_, err := look(ctx, s.db, f)
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		return fn(Stray{f.account, f.kind, f.name, i.Size, i.ModTime})
	})
}

// parseKey is key backwards.
func parseKey(key string) (file, bool) {
	account, rest, _ := strings.Cut(key, "/")
	kind, name := rest, ""
	if at := strings.IndexByte(rest, '/'); at >= 0 {
		kind, name = rest[:at], rest[strings.LastIndexByte(rest, '/')+1:]
	}
	f, err := newFile(account, storage.Kind(kind), name)
	return f, err == nil && f.key() == key
}

// VerifyStray reads a stray and is nil when it is what its name says, and so may be held.
func (s *Service) VerifyStray(ctx context.Context, r Stray) error {
	if r.Kind == storage.Config {
		return ErrStrayConfig
	}
	from, err := s.bytes.Open(ctx, r.Key(), 0, -1)
	if err != nil {
		return err
	}
	defer from.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, from)
	if err != nil {
		return fmt.Errorf("read %s: %w", r.Key(), err)
	}
	if n != r.Size || hex.EncodeToString(sum.Sum(nil)) != r.Name {
		return ErrStrayContent
	}
	return nil
}

// HoldStray puts a verified stray into the hold: clients do not see it, whoever uploads it
// again or brings it back has it, and when the hold is over it is erased. false: it has a
// row by now, of somebody who uploads it.
func (s *Service) HoldStray(ctx context.Context, r Stray) (held bool, err error) {
	now := database.Millis(s.now())
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		held, err = changes(ctx, tx,
			`INSERT INTO object (account, kind, name, size, state, received, computer, changed, work, by_whom)
			 VALUES ($1, $2, $3, $4, 'held', $5, '', $5, '', $6) ON CONFLICT (account, kind, name) DO NOTHING`,
			r.Account, string(r.Kind), r.Name, r.Size, now, byCheck)
		return err
	})
	return held, err
}
