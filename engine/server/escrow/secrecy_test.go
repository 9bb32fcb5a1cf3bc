package escrow_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/engine/server/database"
	"holdfast/engine/server/escrow"
)

const canary = "canary-7f1d secret of ann \x00\x01\xfe"

// forms are the ways in which a secret could lie in a dump.
func forms(secret []byte) map[string][]byte {
	h := hex.EncodeToString(secret)
	return map[string][]byte{
		"plain": secret, "hex": []byte(h), "HEX": []byte(strings.ToUpper(h)),
		"base64": []byte(strings.TrimRight(base64.StdEncoding.EncodeToString(secret), "=")),
	}
}

func TestTheDatabaseOfTheKeyStoreHoldsNoPlaintextSecret(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		s, c := p.open(t)
		keep(t, c, "ann", "k", canary)
		if _, err := c.Release(t.Context(), "ann", own("ann")); err != nil {
			t.Fatal(err)
		}
		_, master, err := escrow.Parse(string(read(t, p.keyFile)))
		if err != nil {
			t.Fatal(err)
		}
		for where, dump := range dumps(t, s, p) {
			if !bytes.Contains(dump, []byte("ann")) {
				t.Errorf("%s does not show the rows, and so proves nothing", where)
			}
			for what, secret := range map[string][]byte{"the secret": []byte(canary), "the master key": master, "the credential": []byte(p.credential(t))} {
				for form, text := range forms(secret) {
					if bytes.Contains(dump, text) {
						t.Errorf("%s holds %s (%s)", where, what, form)
					}
				}
			}
		}
	})
}

// dumps are every table as text, and for SQLite the files themselves.
func dumps(t *testing.T, s *escrow.Store, p place) map[string][]byte {
	t.Helper()
	tables := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if s.Database().Kind == database.PostgreSQL {
		tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
	}
	var all bytes.Buffer
	for _, table := range rows(t, s, tables) {
		for _, row := range rows(t, s, "SELECT * FROM "+table) {
			fmt.Fprintln(&all, row)
		}
	}
	found := map[string][]byte{"the dump of the tables": all.Bytes()}
	if s.Database().Kind == database.SQLite {
		var files []byte
		for _, end := range []string{"", "-wal"} {
			files = append(files, read(t, p.address+end)...)
		}
		found["the files of the database"] = files
	}
	return found
}

// rows gives each row as its values one after another, blobs as they are.
func rows(t *testing.T, s *escrow.Store, query string) []string {
	t.Helper()
	found, err := s.Database().QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for found.Next() {
		values, into := make([][]byte, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := found.Scan(into...); err != nil {
			t.Fatal(err)
		}
		list = append(list, string(bytes.Join(values, nil)))
	}
	return list
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNothingOpensWithoutTheKeyFile(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		s, c := p.open(t)
		keep(t, c, "ann", "k", canary)
		var wrapped []byte
		if err := s.Database().QueryRowContext(t.Context(), "SELECT wrapped FROM kept_key").Scan(&wrapped); err != nil {
			t.Fatal(err)
		}
		right, err := escrow.OpenKeyFile(p.keyFile)
		if err != nil {
			t.Fatal(err)
		}
		other, err := escrow.OpenKeyFile(filepath.Join(t.TempDir(), "other.key"))
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := right.Unwrap(t.Context(), wrapped, escrow.Binding("ann", "k")); err != nil || string(plain) != canary {
			t.Fatalf("%q %v", plain, err)
		}
		if plain, err := other.Unwrap(t.Context(), wrapped, escrow.Binding("ann", "k")); plain != nil || !errors.Is(err, escrow.ErrDamaged) {
			t.Errorf("%q %v", plain, err)
		}
		s.Close()
		if _, err := escrow.Open(t.Context(), p.address, other, p.credentialFile); !errors.Is(err, escrow.ErrMasterKey) ||
			!strings.Contains(err.Error(), right.ID()) || !strings.Contains(err.Error(), other.ID()) {
			t.Errorf("with another key file: %v", err)
		}
		// One who can write to the database makes it believe that the other key is its own.
		db, err := database.Open(t.Context(), p.address)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, table := range []string{"key_store", "kept_key"} {
			if _, err := db.ExecContext(t.Context(), "UPDATE "+table+" SET wrapper = $1", other.ID()); err != nil {
				t.Fatal(err)
			}
		}
		_, c = p.openWith(t, other)
		if out, err := c.Release(t.Context(), "ann", own("ann")); out.Secret != nil || !errors.Is(err, escrow.ErrDamaged) {
			t.Errorf("%q %v", out.Secret, err)
		}
	})
}

func TestASecretThatWasMovedOrChangedDoesNotOpen(t *testing.T) {
	for name, how := range map[string]string{
		"to another account":  "UPDATE kept_key SET wrapped = (SELECT wrapped FROM kept_key WHERE account = 'ben') WHERE account = 'ann'",
		"to another key file": "UPDATE kept_key SET key_file = 'other' WHERE account = 'ann'",
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, p place) {
				s, c := p.open(t)
				keep(t, c, "ann", "k", "secret of ann")
				keep(t, c, "ben", "k", "secret of ben")
				if _, err := s.Database().ExecContext(t.Context(), how); err != nil {
					t.Fatal(err)
				}
				if out, err := c.Release(t.Context(), "ann", own("ann")); out.Secret != nil || !errors.Is(err, escrow.ErrDamaged) {
					t.Errorf("%q %v", out.Secret, err)
				}
			})
		})
	}
	w, err := escrow.OpenKeyFile(filepath.Join(t.TempDir(), "k"))
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := w.Wrap(t.Context(), []byte("secret"), []byte("context"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range wrapped {
		changed := bytes.Clone(wrapped)
		changed[i] ^= 1
		if _, err := w.Unwrap(t.Context(), changed, []byte("context")); !errors.Is(err, escrow.ErrDamaged) {
			t.Errorf("byte %d: %v", i, err)
		}
		if _, err := w.Unwrap(t.Context(), wrapped[:i], []byte("context")); !errors.Is(err, escrow.ErrDamaged) {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
}

func TestTheSameSecretIsNeverWrappedTheSame(t *testing.T) {
	w, err := escrow.OpenKeyFile(filepath.Join(t.TempDir(), "k"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 100 {
		wrapped, err := w.Wrap(t.Context(), []byte("secret"), nil)
		if err != nil || seen[string(wrapped)] {
			t.Fatal(err, "or seen before")
		}
		seen[string(wrapped)] = true
	}
}

func TestNamesCannotBeMistakenForOneAnother(t *testing.T) {
	if bytes.Equal(escrow.Binding("ab", "c"), escrow.Binding("a", "bc")) {
		t.Fatal("the same context")
	}
}
