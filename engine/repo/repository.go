package repo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/restic/chunker"

	"holdfast/engine/storage"
)

const (
	oldestVersion = 1
	newestVersion = 2
)

// Config is what the repository's config file says.
type Config struct {
	Version    uint        `json:"version"`
	ID         string      `json:"id"`
	Polynomial chunker.Pol `json:"chunker_polynomial"`
}

// Repository is an opened repository.
type Repository struct {
	store    storage.Store
	config   Config
	keyID    string
	material keyMaterial
	master   *sealer
	clock    clock
}

// clock is what locks and keys know of time and of this computer.
type clock struct {
	now       func() time.Time
	sleep     func(ctx context.Context, d time.Duration) error
	hostname  func() (string, error)
	alive     func(pid int) bool
	lockWait  time.Duration // between writing a lock and looking for others
	lockTick  time.Duration // between two looks at the clock
	lockRenew time.Duration // between two renewals
}

// InitOptions say how to make a repository.
type InitOptions struct {
	Key        NewKey      // the first key
	Polynomial chunker.Pol // 0: a random one
}

// Init makes a repository in an empty place and opens it. Where there is a config
// file already it refuses with ErrExists and changes nothing.
func Init(ctx context.Context, store storage.Store, options InitOptions) (*Repository, error) {
	switch _, err := store.Stat(ctx, storage.Config, ""); {
	case err == nil:
		return nil, fmt.Errorf("%s: %w", store.Location(), ErrExists)
	case !errors.Is(err, storage.ErrNotFound):
		return nil, err
	}
	pol := options.Polynomial
	if pol == 0 {
		random, err := chunker.RandomPolynomial()
		if err != nil {
			return nil, err
		}
		pol = random
	}
	var id ID
	rand.Read(id[:])
	r, err := newRepository(store, newKeyMaterial())
	if err != nil {
		return nil, err
	}
	r.config = Config{Version: newestVersion, ID: hex.EncodeToString(id[:]), Polynomial: pol}
	if err := checkConfig(r.config); err != nil {
		return nil, err
	}
	key, err := r.AddKey(ctx, options.Key)
	if err != nil {
		return nil, err
	}
	r.keyID = key.ID
	plain, err := json.Marshal(r.config)
	if err != nil {
		return nil, err
	}
	// The config file comes last: whatever stops Init before it leaves a place
	// that Init accepts again.
	if err := store.Put(ctx, storage.Config, "", r.master.seal(nil, plain)); err != nil {
		_ = store.Remove(context.WithoutCancel(ctx), storage.Keys, key.ID)
		if errors.Is(err, storage.ErrExists) {
			return nil, fmt.Errorf("%s: %w", store.Location(), ErrExists)
		}
		return nil, err
	}
	return r, nil
}

func newRepository(store storage.Store, material keyMaterial) (*Repository, error) {
	master, err := newSealer(material)
	if err != nil {
		return nil, err
	}
	return &Repository{store: store, material: material, master: master, clock: systemClock()}, nil
}

// Open opens a repository with whichever of its keys the secret fits. The error is
// ErrNotRepository, ErrSecret, ErrNewer, ErrDamaged or the store's.
func Open(ctx context.Context, store storage.Store, secret string) (*Repository, error) {
	return OpenHinted(ctx, store, "", secret)
}

// OpenHinted is Open trying one key first, which saves the work of trying others.
// A hint that is wrong does no harm.
func OpenHinted(ctx context.Context, store storage.Store, keyID, secret string) (*Repository, error) {
	switch _, err := store.Stat(ctx, storage.Config, ""); {
	case errors.Is(err, storage.ErrNotFound):
		return nil, fmt.Errorf("%s: %w", store.Location(), ErrNotRepository)
	case err != nil:
		return nil, err
	}
	sealed, err := store.Get(ctx, storage.Config, "", 0, -1, nil)
	if err != nil {
		return nil, err
	}
	id, material, err := findKey(ctx, store, keyID, secret, func(material keyMaterial) bool {
		master, err := newSealer(material)
		if err == nil {
			_, err = master.open(slices.Clone(sealed)) // which opens in place
		}
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	r, err := newRepository(store, material)
	if err != nil {
		return nil, err
	}
	r.keyID = id
	if r.config, err = r.openConfig(sealed); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return r, nil
}

func (r *Repository) openConfig(sealed []byte) (Config, error) {
	plain, err := r.master.open(sealed)
	if err != nil {
		return Config{}, err
	}
	var c Config
	if err := json.Unmarshal(plain, &c); err != nil {
		return Config{}, damaged("%v", err)
	}
	return c, checkConfig(c)
}

func checkConfig(c Config) error {
	if c.Version > newestVersion {
		return fmt.Errorf("version %d: %w", c.Version, ErrNewer)
	}
	if c.Version < oldestVersion {
		return damaged("version %d", c.Version)
	}
	if _, err := ParseID(c.ID); err != nil {
		return damaged("%v", err)
	}
	if !c.Polynomial.Irreducible() {
		return damaged("the chunker polynomial is not irreducible")
	}
	return nil
}

// Config says what kind of repository this is.
func (r *Repository) Config() Config { return r.config }

// Store is where the repository lies.
func (r *Repository) Store() storage.Store { return r.store }

// On is the same repository, opened already, by way of another store: one that may
// remove, say. Closing either store is the caller's.
func (r *Repository) On(store storage.Store) *Repository {
	other := *r
	other.store = store
	return &other
}

// KeyID names the key file the repository was opened with.
func (r *Repository) KeyID() string { return r.keyID }
