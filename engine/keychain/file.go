package keychain

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/scrypt"
)

// records is the content of keys.sealed, as JSON. Version 1:
//
//	{"version": 1, "secrets": {
//	  "NAME": {"place": "system"},
//	  "NAME": {"place": "file", "nonce": BASE64, "sealed": BASE64},
//	  "NAME": {"place": "file", "nonce": …, "sealed": …, "salt": BASE64, "n": 32768, "r": 8, "p": 1}}}
//
// sealed is XChaCha20-Poly1305 with "holdfast keychain 1\x00" and the name as
// additional data, so that nobody can swap two secrets. Its key is the 32 bytes of
// keys.key or, where there is a salt, scrypt(password, salt, n, r, p).
type records struct {
	Version int               `json:"version"`
	Secrets map[string]record `json:"secrets"`
}

type record struct {
	Place  string `json:"place"`
	Nonce  []byte `json:"nonce,omitempty"`
	Sealed []byte `json:"sealed,omitempty"`
	Salt   []byte `json:"salt,omitempty"`
	N      int    `json:"n,omitempty"`
	R      int    `json:"r,omitempty"`
	P      int    `json:"p,omitempty"`
}

const (
	version     = 1
	placeSystem = "system"
	placeFile   = "file"

	maxFile = 1 << 20 // bytes; what is longer is not ours

	// scrypt as its author recommends for passwords that are typed now and then.
	scryptN, scryptR, scryptP = 1 << 15, 8, 1
	// scryptMost keeps a file that was tampered with from taking all memory: 128 N r p bytes.
	scryptMost = 256 << 20
)

// file is the sealed file.
type file struct {
	path     string
	keyPath  string
	lockPath string // another file, because path is replaced while locked
	password string
}

func (f *file) read() (records, error) {
	empty := records{Version: version, Secrets: map[string]record{}}
	data, err := readBounded(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return empty, nil
	}
	if err != nil {
		return records{}, fmt.Errorf("reading the sealed file: %w", err)
	}
	return parse(data)
}

func parse(data []byte) (records, error) {
	var r records
	if err := json.Unmarshal(data, &r); err != nil {
		return records{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if r.Version != version {
		return records{}, fmt.Errorf("%w: version %d is not known", ErrDamaged, r.Version)
	}
	if r.Secrets == nil {
		r.Secrets = map[string]record{}
	}
	return r, nil
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		return nil, fmt.Errorf("%w: it is too long", ErrDamaged)
	}
	return data, err
}

// lock keeps out other programs, and waits for one that is at work.
func (f *file) lock() (unlock func() error, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	lock := flock.New(f.lockPath, flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, 10*time.Millisecond); err != nil {
		return nil, fmt.Errorf("locking the sealed file: %w", err)
	}
	return lock.Unlock, nil
}

// change edits the records under a lock that other programs respect. A file that is
// damaged is set aside first, as it may still be of use to somebody.
func (f *file) change(edit func(*records) error) error {
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	r, err := f.read()
	if errors.Is(err, ErrDamaged) {
		if err := os.Rename(f.path, f.path+".damaged"); err != nil {
			return fmt.Errorf("setting the damaged file aside: %w", err)
		}
		r, err = f.read()
	}
	if err != nil {
		return err
	}
	if err := edit(&r); err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	if err := replace(f.path, append(data, '\n')); err != nil {
		return fmt.Errorf("writing the sealed file: %w", err)
	}
	return nil
}

func additional(name string) []byte { return []byte("holdfast keychain 1\x00" + name) }

func (f *file) seal(name string, secret []byte) (record, error) {
	r := record{Place: placeFile, Nonce: make([]byte, chacha20poly1305.NonceSizeX)}
	rand.Read(r.Nonce)
	if f.password != "" {
		r.Salt, r.N, r.R, r.P = make([]byte, 16), scryptN, scryptR, scryptP
		rand.Read(r.Salt)
	} else if err := f.makeKey(); err != nil {
		return record{}, err
	}
	key, err := f.key(r)
	if err != nil {
		return record{}, err
	}
	box, err := chacha20poly1305.NewX(key)
	if err != nil {
		return record{}, err
	}
	r.Sealed = box.Seal(nil, r.Nonce, secret, additional(name))
	return r, nil
}

func (f *file) unseal(name string, r record) ([]byte, error) {
	if len(r.Nonce) != chacha20poly1305.NonceSizeX {
		return nil, fmt.Errorf("%w: a nonce of %d bytes", ErrDamaged, len(r.Nonce))
	}
	key, err := f.key(r)
	if err != nil {
		return nil, err
	}
	box, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, err
	}
	secret, err := box.Open(nil, r.Nonce, r.Sealed, additional(name))
	if err != nil && r.Salt != nil {
		return nil, ErrPassword
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %q does not open with its key", ErrDamaged, name)
	}
	return secret, nil
}

// key is what a record is sealed with.
func (f *file) key(r record) ([]byte, error) {
	if r.Salt == nil {
		key, err := readBounded(f.keyPath)
		if errors.Is(err, fs.ErrNotExist) || err == nil && len(key) != chacha20poly1305.KeySize {
			return nil, fmt.Errorf("%w: its key %s is missing or short", ErrDamaged, f.keyPath)
		}
		return key, err
	}
	if f.password == "" {
		return nil, fmt.Errorf("%w: none was given", ErrPassword)
	}
	if r.N <= 1 || r.R <= 0 || r.P <= 0 || r.N > scryptMost || r.R > scryptMost || r.P > scryptMost ||
		int64(r.N)*int64(r.R) > scryptMost/128/int64(r.P) {
		return nil, fmt.Errorf("%w: its scrypt would take too much", ErrDamaged)
	}
	key, err := scrypt.Key([]byte(f.password), r.Salt, r.N, r.R, r.P, chacha20poly1305.KeySize)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return key, nil
}

// makeKey makes keys.key when it is missing. Two programs that do so at once agree
// on the one that came first.
func (f *file) makeKey() error {
	if info, err := os.Stat(f.keyPath); err == nil {
		if info.Mode().Perm()&0o077 != 0 {
			return os.Chmod(f.keyPath, 0o600)
		}
		return nil
	}
	key := make([]byte, chacha20poly1305.KeySize)
	rand.Read(key)
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(f.keyPath); err == nil {
		return nil
	}
	if err := replace(f.keyPath, key); err != nil {
		return fmt.Errorf("writing the key of the sealed file: %w", err)
	}
	return nil
}

// replace writes a file so that a power cut leaves the old one or the new one.
func replace(path string, data []byte) error {
	if old, err := readBounded(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp-*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	if runtime.GOOS == "windows" {
		return nil // cannot flush a folder, and logs names by itself
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
