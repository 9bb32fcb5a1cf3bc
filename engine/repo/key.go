package repo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"golang.org/x/crypto/scrypt"

	"holdfast/engine/storage"
)

// keyFile is a file below keys/: what scrypt needs to make a key of the secret,
// and the master key sealed with that. Its name is the SHA-256 of the document.
type keyFile struct {
	Created  time.Time `json:"created"`
	Username string    `json:"username"`
	Hostname string    `json:"hostname"`
	KDF      string    `json:"kdf"`
	N        int       `json:"N"`
	R        int       `json:"r"`
	P        int       `json:"p"`
	Salt     []byte    `json:"salt"`
	Data     []byte    `json:"data"`
}

const (
	saltSize = 64 // other programs refuse any other length
	// What scrypt costs for a secret a person made up: 32 MiB, three times over,
	// and some 250 ms; as strong as 128 MiB once, without the memory.
	costPassphrase, timesPassphrase = 1 << 15, 3
	// For 256 random bits guessing is hopeless at any price; 1 MiB and 3 ms.
	costRandom, timesRandom = 1 << 10, 1

	// A key file comes from the store, so what it may cost us is bounded.
	maxKeyFile      = 64 << 10
	maxScryptMemory = 512 << 20 // bytes, 128·N·r
	maxScryptWork   = 1 << 25   // N·r·p
)

// NewKey describes a key to be added.
type NewKey struct {
	Secret   string
	Hostname string // "": this computer's
	Username string // "": this user's; what the key is for, in our use
	// Random says that Secret is 256 bits of randomness, not something a person
	// made up, so that opening can be fast.
	Random bool
}

// KeyInfo is what a key file says in the open.
type KeyInfo struct {
	ID       string
	Hostname string
	Username string
	Created  time.Time
}

// AddKey lets another secret open the repository.
func (r *Repository) AddKey(ctx context.Context, key NewKey) (KeyInfo, error) {
	if key.Secret == "" {
		return KeyInfo{}, errors.New("repository: a key needs a secret")
	}
	f := keyFile{Created: r.clock.now(), Username: key.Username, Hostname: key.Hostname, KDF: "scrypt", N: costPassphrase, R: 8, P: timesPassphrase}
	if key.Random {
		f.N, f.P = costRandom, timesRandom
	}
	if f.Hostname == "" {
		f.Hostname, _ = os.Hostname()
	}
	if f.Username == "" {
		if u, err := user.Current(); err == nil {
			f.Username = u.Username
		}
	}
	f.Salt = make([]byte, saltSize)
	rand.Read(f.Salt)
	own, err := f.derive(key.Secret)
	if err != nil {
		return KeyInfo{}, err
	}
	master, err := r.material.marshal()
	if err != nil {
		return KeyInfo{}, err
	}
	f.Data = own.seal(nil, master)
	document, err := json.Marshal(f)
	if err != nil {
		return KeyInfo{}, err
	}
	id := Hash(document).String()
	if err := r.store.Put(ctx, storage.Keys, id, document); err != nil {
		return KeyInfo{}, err
	}
	return f.info(id), nil
}

func (f *keyFile) info(id string) KeyInfo {
	return KeyInfo{ID: id, Hostname: f.Hostname, Username: f.Username, Created: f.Created}
}

// Keys lists the key files. One that cannot be understood is listed with nothing
// but its name, so that it can be removed.
func (r *Repository) Keys(ctx context.Context) ([]KeyInfo, error) {
	ids, err := r.ids(ctx, storage.Keys)
	if err != nil {
		return nil, err
	}
	keys := make([]KeyInfo, 0, len(ids))
	for _, id := range ids {
		f, err := loadKey(ctx, r.store, id.String())
		switch {
		case errors.Is(err, storage.ErrNotFound):
			continue // removed meanwhile
		case errors.Is(err, ErrDamaged):
			keys = append(keys, KeyInfo{ID: id.String()})
		case err != nil:
			return nil, err
		default:
			keys = append(keys, f.info(id.String()))
		}
	}
	return keys, nil
}

// RemoveKey takes a key away. The secret opens the repository no more; whoever
// holds the master key already can still read. The key in use is ErrKeyInUse, so
// that one key always remains.
func (r *Repository) RemoveKey(ctx context.Context, id string) error {
	if id == r.keyID {
		return fmt.Errorf("key %s: %w", clip(id), ErrKeyInUse)
	}
	if _, err := ParseID(id); err != nil {
		return err
	}
	return r.store.Remove(ctx, storage.Keys, id)
}

// findKey tries the hinted key first and then all others. Damaged key files are
// passed over, and so are those that the secret opens but whose master key does not fit
// the repository: an Init that came too late may have left one. When nothing else is
// found such a key is better than none: what it does not fit may be what is damaged.
func findKey(ctx context.Context, store storage.Store, hint, secret string, fits func(keyMaterial) bool) (string, keyMaterial, error) {
	var bad error
	var other keyMaterial
	otherID := ""
	try := func(name string) (keyMaterial, bool, error) {
		material, err := openKey(ctx, store, name, secret)
		switch {
		case err == nil && fits(material):
			return material, true, nil
		case err == nil:
			if otherID == "" {
				otherID, other = name, material
			}
		case !passOver(err):
			return material, false, err
		case !errors.Is(err, ErrSecret) && name != hint:
			bad = err
		}
		return material, false, nil
	}
	var names []string
	if _, err := ParseID(hint); err == nil {
		if material, found, err := try(hint); found || err != nil {
			return hint, material, err
		}
	}
	err := store.List(ctx, storage.Keys, func(info storage.Info) error {
		if info.Name != hint {
			names = append(names, info.Name)
		}
		return nil
	})
	if err != nil {
		return "", keyMaterial{}, err
	}
	for _, name := range names {
		if material, found, err := try(name); found || err != nil {
			return name, material, err
		}
	}
	switch {
	case otherID != "":
		return otherID, other, nil
	case bad != nil:
		return "", keyMaterial{}, fmt.Errorf("%w (and one could not be used: %v)", ErrSecret, bad)
	}
	return "", keyMaterial{}, ErrSecret
}

func passOver(err error) bool {
	return errors.Is(err, ErrSecret) || errors.Is(err, ErrDamaged) || errors.Is(err, ErrNewer) || errors.Is(err, storage.ErrNotFound)
}

func openKey(ctx context.Context, store storage.Store, name, secret string) (keyMaterial, error) {
	if err := ctx.Err(); err != nil {
		return keyMaterial{}, err
	}
	f, err := loadKey(ctx, store, name)
	if err != nil {
		return keyMaterial{}, err
	}
	return f.open(secret)
}

func loadKey(ctx context.Context, store storage.Store, name string) (*keyFile, error) {
	data, err := store.Get(ctx, storage.Keys, name, 0, -1, nil)
	if err != nil {
		return nil, err
	}
	f, err := parseKeyFile(data)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", clip(name), err)
	}
	return f, nil
}

func parseKeyFile(data []byte) (*keyFile, error) {
	if len(data) > maxKeyFile {
		return nil, damaged("%d bytes", len(data))
	}
	var f keyFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, damaged("%v", err)
	}
	return &f, nil
}

// open takes the master key out of the file.
func (f *keyFile) open(secret string) (keyMaterial, error) {
	own, err := f.derive(secret)
	if err != nil {
		return keyMaterial{}, err
	}
	if len(f.Data) < Overhead {
		return keyMaterial{}, damaged("the key file holds no key")
	}
	plain, err := own.open(append([]byte(nil), f.Data...))
	if err != nil {
		return keyMaterial{}, ErrSecret
	}
	return parseKeyMaterial(plain)
}

// derive makes the key that seals the master key in this file.
func (f *keyFile) derive(secret string) (*sealer, error) {
	if f.KDF != "scrypt" {
		return nil, fmt.Errorf("key derivation %q: %w", clip(f.KDF), ErrNewer)
	}
	if err := f.checkCost(); err != nil {
		return nil, err
	}
	const size = 64
	bytes, err := scrypt.Key([]byte(secret), f.Salt, f.N, f.R, f.P, size)
	if err != nil {
		return nil, damaged("%v", err)
	}
	var m keyMaterial
	copy(m.encrypt[:], bytes[:32])
	copy(m.k[:], bytes[32:48])
	copy(m.r[:], bytes[48:])
	return newSealer(m)
}

func (f *keyFile) checkCost() error {
	const most = 1 << 30 // keeps the products below from overflowing
	n, r, p := int64(f.N), int64(f.R), int64(f.P)
	if n < 2 || r < 1 || p < 1 || n > most || r > 1<<10 || p > 1<<10 {
		return damaged("scrypt with N=%d r=%d p=%d", n, r, p)
	}
	if 128*n*r > maxScryptMemory || n*r*p > maxScryptWork {
		return damaged("scrypt with N=%d r=%d p=%d would take too much", n, r, p)
	}
	return nil
}
