package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"holdfast/engine/server/institutiontest"
)

// TestMain lets more of the tests of whole programs run side by side than there are
// processors: most of the time they wait, for a restic that tries again or an agent
// that gives a server a minute.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		flag.Set("test.parallel", "6")
	}
	os.Exit(m.Run())
}

// found starts an institution whose server keeps what it has in a pair of places.
func found(t testing.TB, p pair) *institutiontest.Institution {
	t.Helper()
	return institutiontest.Found(t, p.places(t).flags()...)
}

// write makes some files of all sizes, which cannot be made smaller.
func write(t testing.TB, dir string, n int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for k := range n {
		data := make([]byte, 100+(k%40)*(k%40)*700)
		rand.NewChaCha8(sha256.Sum256([]byte(fmt.Sprint(dir, k)))).Read(data)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("file-%d.dat", k)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// same compares two folders byte for byte.
func same(t testing.TB, want, got string) {
	t.Helper()
	a, b := sums(t, want), sums(t, got)
	for name, sum := range a {
		if b[name] != sum {
			t.Errorf("%s differs or is missing", name)
		}
	}
	if len(a) != len(b) || len(a) == 0 {
		t.Errorf("%d files became %d", len(a), len(b))
	}
}

func sums(t testing.TB, root string) map[string][32]byte {
	t.Helper()
	all := map[string][32]byte{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		all[name] = sha256.Sum256(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
