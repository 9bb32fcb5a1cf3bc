package escrow

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// ErrKeyFile says that a key file, or that of the credential, cannot be used.
var ErrKeyFile = errors.New("the file cannot be used")

// OpenKeyFile is a master key in a file, which is made, for its owner only, when it is
// missing. One that others can read is refused, because then they may have read it.
// Errors name the file and not what it is for: the server keeps another one of the kind.
// The file is three lines:
//
//	holdfast master key 1
//	<id: 16 hex digits, from the key>
//	<key: 64 hex digits>
//
// Without it nothing in the key store opens: it belongs in a backup, apart from that
// of the database.
func OpenKeyFile(path string) (Wrapper, error) {
	text, err := readOrMake(path, func() string {
		key := make([]byte, 32)
		rand.Read(key) // never fails: crypto/rand
		return keyFileTitle + "\n" + keyID(key) + "\n" + hex.EncodeToString(key) + "\n"
	})
	if err != nil {
		return nil, fmt.Errorf("the key file: %w", err)
	}
	id, key, err := parseKeyFile(text)
	if err != nil {
		return nil, fmt.Errorf("the key file %s: %w", path, err)
	}
	return newEmbedded(id, key)
}

const keyFileTitle = "holdfast master key 1"

// keyID is a hash of the key, which has 256 random bits and so is not found from it.
func keyID(key []byte) string {
	sum := sha256.Sum256(append([]byte("holdfast master key id\n"), key...))
	return hex.EncodeToString(sum[:8])
}

func parseKeyFile(text string) (id string, key []byte, err error) {
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")), "\n")
	if len(lines) != 3 || lines[0] != keyFileTitle {
		return "", nil, fmt.Errorf("%w: it is not a key file", ErrKeyFile)
	}
	key, err = hex.DecodeString(lines[2])
	if err != nil || len(key) != 32 || keyID(key) != lines[1] {
		return "", nil, fmt.Errorf("%w: the key in it is damaged", ErrKeyFile) // err would tell a part of it
	}
	return lines[1], key, nil
}

// readCredential reads the credential of the key store, at least 32 characters in one
// line, and makes it when it is missing.
func readCredential(path string) (string, error) {
	text, err := readOrMake(path, func() string { return rand.Text() + rand.Text() + "\n" })
	if err != nil {
		return "", err
	}
	text = strings.TrimSpace(text)
	if len(text) < 32 || strings.ContainsAny(text, "\r\n") {
		return "", fmt.Errorf("%w: %s is not one line of at least 32 characters", ErrKeyFile, path)
	}
	return text, nil
}

// readOrMake reads a small file that only its owner may read. When it is missing it
// is made: complete or not at all, durable, and never in place of another.
func readOrMake(path string, fresh func() string) (string, error) {
	text, err := readPrivate(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	if err := writeNew(path, fresh()); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return readPrivate(path) // perhaps that of a server which started at the same moment
}

func readPrivate(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%w: %s is not a file", ErrKeyFile, path)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 { // Windows has no such bits
		return "", fmt.Errorf("%w: %s can be read by others than its owner (mode %04o); take it for known to them, or correct it with chmod 600", ErrKeyFile, path, info.Mode().Perm())
	}
	const most = 4096
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return "", err
	}
	if len(text) > most {
		return "", fmt.Errorf("%w: %s is too long", ErrKeyFile, path)
	}
	return string(text), nil
}

func writeNew(path, text string) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil { // a rename could replace another
		return err
	}
	return syncFolder(dir)
}

func syncFolder(dir string) error {
	if runtime.GOOS == "windows" { // folders cannot be flushed there
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
