//go:build linux

package interop

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// manifest says all that can be compared of a tree: one line for each path below
// its root.
type manifest map[string]string

func manifestOf(t *testing.T, root string) manifest {
	t.Helper()
	m := manifest{}
	first := map[uint64]string{} // path that was met first, by inode
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		line, err := describe(path, rel, first)
		m[rel] = line
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func describe(path, rel string, first map[uint64]string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	stat := info.Sys().(*syscall.Stat_t)
	line := fmt.Sprintf("%v owner %d:%d time %d", info.Mode(), stat.Uid, stat.Gid, info.ModTime().UnixNano())
	switch {
	case info.Mode().IsRegular():
		sum, err := hashOf(path)
		if err != nil {
			return "", err
		}
		line += fmt.Sprintf(" size %d sha256 %x", info.Size(), sum)
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		line += fmt.Sprintf(" to %q", target)
	}
	if !info.IsDir() && stat.Nlink > 1 {
		if other, ok := first[stat.Ino]; ok {
			line += fmt.Sprintf(" same as %q", other)
		} else {
			first[stat.Ino] = rel
			line += fmt.Sprintf(" of %d links", stat.Nlink)
		}
	}
	attributes, err := attributesOf(path)
	return line + attributes, err
}

func hashOf(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return h.Sum(nil), err
}

// attributesOf lists the extended attributes, ACLs among them.
func attributesOf(path string) (string, error) {
	names := make([]byte, 64<<10)
	n, err := unix.Llistxattr(path, names)
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EPERM) {
		return "", nil
	}
	if err != nil {
		return "", &fs.PathError{Op: "llistxattr", Path: path, Err: err}
	}
	var line string
	list := strings.Split(strings.TrimRight(string(names[:n]), "\x00"), "\x00")
	slices.Sort(list)
	for _, name := range list {
		if name == "" || strings.HasPrefix(name, "security.") {
			continue // a label that the kernel gives
		}
		value := make([]byte, 64<<10)
		n, err := unix.Lgetxattr(path, name, value)
		if err != nil {
			return "", &fs.PathError{Op: "lgetxattr " + name, Path: path, Err: err}
		}
		line += fmt.Sprintf(" %s=%q", name, value[:n])
	}
	return line, nil
}

// same fails the test with the first differences between what a tree was and
// what it became.
func same(t *testing.T, what string, want, got manifest) {
	t.Helper()
	var differences []string
	for _, path := range slices.Sorted(maps.Keys(want)) {
		line, ok := got[path]
		switch {
		case !ok:
			differences = append(differences, fmt.Sprintf("%q is missing", path))
		case line != want[path]:
			differences = append(differences, fmt.Sprintf("%q\n    was %s\n    is  %s", path, want[path], line))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[path]; !ok {
			differences = append(differences, fmt.Sprintf("%q should not be there", path))
		}
	}
	if len(differences) > 0 {
		t.Fatalf("%s: %d of %d paths differ:\n  %s", what, len(differences), len(want),
			strings.Join(differences[:min(len(differences), 15)], "\n  "))
	}
}

// linkToBytes is a link to a name that is not UTF-8.
const linkToBytes = "link to bytes"

// garden makes a folder with one of everything that a home folder can hold.
func garden(t *testing.T, root string, r *rand.Rand) {
	t.Helper()
	for _, dir := range []string{"Documents/thesis/chapters", "Pictures", "empty folder", strings.Repeat("deep/", 40), "sticky"} {
		must(t, os.MkdirAll(filepath.Join(root, dir), 0o755))
	}
	for i := range 300 {
		put(t, filepath.Join(root, "Documents", fmt.Sprintf("note %03d.txt", i)), prose(r, r.IntN(20_000)), 0o644)
	}
	put(t, filepath.Join(root, "Pictures", "photo.jpg"), noise(r, 9<<20), 0o640)
	put(t, filepath.Join(root, "Pictures", "copy of photo.jpg"), mustRead(t, filepath.Join(root, "Pictures", "photo.jpg")), 0o600)
	put(t, filepath.Join(root, "Documents", "table.csv"), prose(r, 3<<20), 0o644)
	put(t, filepath.Join(root, "empty"), nil, 0o644)
	put(t, filepath.Join(root, "nobody reads"), []byte("secret"), 0o000)
	put(t, filepath.Join(root, "tool"), []byte("#!/bin/sh\n"), 0o755|fs.ModeSetuid|fs.ModeSetgid)
	must(t, os.Chmod(filepath.Join(root, "sticky"), 0o777|fs.ModeSticky))
	put(t, filepath.Join(root, strings.Repeat("deep/", 40), "bottom"), []byte("bottom"), 0o644)
	for _, name := range []string{"caf\xe9 (Latin-1)", "café", "cafe\u0301", "two\nlines", "quote\"back\\slash", "-rf", " spaces ",
		"emoji 🌊", strings.Repeat("n", 255), "*?[a]", "\x01\x7f"} {
		put(t, filepath.Join(root, "names", name), []byte(name), 0o644)
	}
	sparse := filepath.Join(root, "sparse.img")
	put(t, sparse, noise(r, 4096), 0o644)
	must(t, os.Truncate(sparse, 5<<20))

	must(t, os.Symlink("Documents/thesis", filepath.Join(root, "link")))
	must(t, os.Symlink("link", filepath.Join(root, "sticky", "link")))
	must(t, os.Symlink("/nowhere/at all", filepath.Join(root, "broken link")))
	must(t, os.Symlink("caf\xe9", filepath.Join(root, linkToBytes)))
	must(t, os.Link(filepath.Join(root, "Documents/note 001.txt"), filepath.Join(root, "hard link")))
	must(t, os.Link(filepath.Join(root, "Pictures/photo.jpg"), filepath.Join(root, "Documents/photo.jpg")))
	must(t, unix.Mkfifo(filepath.Join(root, "fifo"), 0o620))

	attribute(t, filepath.Join(root, "Documents/table.csv"), "user.origin", "https://example.org/table")
	attribute(t, filepath.Join(root, "Documents"), "user.color", "\x00\x01\xff")
	own(t, filepath.Join(root, "Documents/note 002.txt"), 1234, 5678)
	own(t, filepath.Join(root, "broken link"), 1234, 5678)
	when(t, filepath.Join(root, "Documents/note 003.txt"), time.Date(1965, 3, 1, 4, 5, 6, 789, time.UTC))
	when(t, filepath.Join(root, "Documents/note 004.txt"), time.Date(2201, 3, 1, 4, 5, 6, 123456789, time.UTC))
	when(t, filepath.Join(root, "link"), time.Date(2001, 3, 1, 4, 5, 6, 1, time.UTC))
	when(t, filepath.Join(root, "empty folder"), time.Date(2002, 3, 1, 4, 5, 6, 2, time.UTC))
}

// change does what a person does to files in a day.
func change(t *testing.T, root string, r *rand.Rand, day int) {
	t.Helper()
	documents := filepath.Join(root, "Documents")
	for range 10 {
		put(t, filepath.Join(documents, fmt.Sprintf("note %03d.txt", 10+r.IntN(200))), prose(r, r.IntN(30_000)), 0o644)
	}
	for range 3 {
		must(t, os.RemoveAll(filepath.Join(documents, fmt.Sprintf("note %03d.txt", 210+r.IntN(80)))))
	}
	table, err := os.OpenFile(filepath.Join(documents, "table.csv"), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = table.Write(prose(r, 50_000))
	must(t, errors.Join(err, table.Close()))
	put(t, filepath.Join(documents, fmt.Sprintf("day %d", day), "new.bin"), noise(r, 2<<20), 0o644)
	switch day {
	case 3:
		must(t, os.Rename(filepath.Join(root, "Pictures"), filepath.Join(root, "Photographs")))
	case 4:
		must(t, os.RemoveAll(filepath.Join(root, "names")))
	case 5:
		must(t, os.Remove(filepath.Join(root, "empty")))
		must(t, os.Mkdir(filepath.Join(root, "empty"), 0o750))
	case 6:
		must(t, os.Chmod(filepath.Join(documents, "note 005.txt"), 0o400))
		attribute(t, filepath.Join(documents, "note 006.txt"), "user.read", "yes")
	case 7:
		must(t, os.RemoveAll(filepath.Join(documents, "day 2")))
	case 8:
		// A link alone changes in its folder, and a FIFO joins another.
		must(t, os.Remove(filepath.Join(root, "sticky", "link")))
		must(t, os.Symlink("../Documents", filepath.Join(root, "sticky", "link")))
		must(t, unix.Mkfifo(filepath.Join(root, "empty folder", "fifo"), 0o600))
	}
}

func put(t *testing.T, path string, data []byte, mode fs.FileMode) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, data, 0o600))
	must(t, os.Chmod(path, mode))
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return data
}

// attribute sets one where the file system has any.
func attribute(t *testing.T, path, name, value string) {
	t.Helper()
	if err := unix.Lsetxattr(path, name, []byte(value), 0); errors.Is(err, unix.ENOTSUP) {
		t.Logf("no extended attributes here: %s", path)
	} else {
		must(t, err)
	}
}

// own gives a file to somebody else, where we may.
func own(t *testing.T, path string, uid, gid int) {
	t.Helper()
	if os.Geteuid() == 0 {
		must(t, os.Lchown(path, uid, gid))
	}
}

func when(t *testing.T, path string, at time.Time) {
	t.Helper()
	spec := unix.NsecToTimespec(at.UnixNano())
	must(t, unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{spec, spec}, unix.AT_SYMLINK_NOFOLLOW))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// prose can be compressed, noise cannot.
func prose(r *rand.Rand, n int) []byte {
	words := []string{"holdfast", "the", "kelp", "anchor", "rock", "and", "a", "tide", "goes", "out"}
	var b []byte
	for len(b) < n {
		b = append(append(b, words[r.IntN(len(words))]...), ' ')
	}
	return b[:n]
}

func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := 0; i < n; i += 8 {
		v := r.Uint64()
		for j := i; j < min(i+8, n); j++ {
			b[j] = byte(v)
			v >>= 8
		}
	}
	return b
}
