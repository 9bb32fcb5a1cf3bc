package escrow_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/escrow"
)

func TestAMissingKeyFileIsMadeForItsOwnerOnlyAndStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "master.key")
	first, err := escrow.OpenKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("%v %v", info.Mode(), err)
	}
	again, err := escrow.OpenKeyFile(path)
	if err != nil || again.ID() != first.ID() {
		t.Fatalf("%v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Fatalf("%v %v", left, err)
	}
}

func TestServersThatStartAtOnceAgreeOnOneKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	var group sync.WaitGroup
	ids := make([]string, 16)
	for i := range ids {
		group.Go(func() {
			w, err := escrow.OpenKeyFile(path)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = w.ID()
		})
	}
	group.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("%v", ids)
		}
	}
}

func TestAKeyFileThatOthersCanReadOrThatIsDamagedIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	if _, err := escrow.OpenKeyFile(path); err != nil {
		t.Fatal(err)
	}
	good := string(read(t, path))
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o620, 0o601} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := escrow.OpenKeyFile(path); !errors.Is(err, escrow.ErrKeyFile) || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("%o: %v", mode, err)
		}
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(good, "\n")
	key := lines[2]
	for name, text := range map[string]string{
		"empty": "", "another title": strings.Replace(good, "key 1", "key 2", 1), "without its end": good[:len(good)-9],
		"another digit": strings.Replace(good, key[:8], "00000000", 1), "too long": good + strings.Repeat("\n", 5000), "another id": strings.Replace(good, lines[1], "0123456789abcdef", 1),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := escrow.OpenKeyFile(path)
		if !errors.Is(err, escrow.ErrKeyFile) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), key[8:24]) {
			t.Errorf("%s: the error tells of the key: %v", name, err)
		}
		if string(read(t, path)) != text {
			t.Errorf("%s: the file was replaced", name)
		}
	}
	if _, err := escrow.OpenKeyFile(filepath.Dir(path)); err == nil {
		t.Error("a folder was taken")
	}
}

func TestACredentialThatOthersCanReadOrThatIsShortIsRefused(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		s, _ := p.open(t)
		s.Close()
		w, err := escrow.OpenKeyFile(p.keyFile)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(p.credentialFile, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := escrow.Open(t.Context(), p.address, w, p.credentialFile); !errors.Is(err, escrow.ErrKeyFile) {
			t.Error(err)
		}
		if err := errors.Join(os.WriteFile(p.credentialFile, []byte("short\n"), 0o600), os.Chmod(p.credentialFile, 0o600)); err != nil {
			t.Fatal(err)
		}
		if _, err := escrow.Open(t.Context(), p.address, w, p.credentialFile); !errors.Is(err, escrow.ErrKeyFile) {
			t.Error(err)
		}
	})
}

func TestTheServersOwnDatabaseIsNotTakenForTheKeyStore(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		address := mainAddress(t, db)
		dir := t.TempDir()
		w, err := escrow.OpenKeyFile(filepath.Join(dir, "k"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = escrow.Open(t.Context(), address, w, filepath.Join(dir, "c"))
		if err == nil || !strings.Contains(err.Error(), "one of its own") {
			t.Fatal(err)
		}
	})
}

// mainAddress is where an open database lies.
func mainAddress(t *testing.T, db *database.DB) string {
	t.Helper()
	var number int
	var name, file string
	if db.Kind == database.SQLite {
		if err := db.QueryRowContext(t.Context(), "PRAGMA database_list").Scan(&number, &name, &file); err != nil {
			t.Fatal(err)
		}
		return file
	}
	if err := db.QueryRowContext(t.Context(), "SELECT current_database(), inet_server_port()").Scan(&name, &number); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("postgres://holdfast@127.0.0.1:%d/%s?sslmode=disable", number, name)
}

func FuzzAKeyFileIsReadOrRefused(f *testing.F) {
	f.Add("holdfast master key 1\n0123456789abcdef\n" + strings.Repeat("00", 32) + "\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		id, key, err := escrow.Parse(text)
		if err == nil && (len(key) != 32 || len(id) != 16) {
			t.Fatalf("%q %d", id, len(key))
		}
		if err != nil && !errors.Is(err, escrow.ErrKeyFile) {
			t.Fatal(err)
		}
	})
}
