package local

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"holdfast/engine/storage"
	"holdfast/engine/storage/storagetest"
)

// mounted makes a repository on a small file system of its own.
func mounted(t *testing.T, options string) (*Store, string) {
	t.Helper()
	point := t.TempDir()
	if err := unix.Mount("tmpfs", point, "tmpfs", 0, options); err != nil {
		t.Skipf("mounting needs more rights: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(point, unix.MNT_DETACH) })
	s, err := Create(filepath.Join(point, "repository"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Put(t.Context(), storage.Config, "", []byte("config")); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), storage.Keys, storagetest.Name(0), []byte("key")); err != nil {
		t.Fatal(err)
	}
	return s, point
}

func TestAFullDiskIsFullAndLeavesNothingHalf(t *testing.T) {
	for name, options := range map[string]string{"no bytes": "size=1m", "no inodes": "nr_inodes=280"} {
		t.Run(name, func(t *testing.T) {
			s, _ := mounted(t, options)
			var err error
			var stored int
			for i := 0; err == nil && i < 100; i++ {
				if err = s.Put(t.Context(), storage.Packs, storagetest.Name(i), storagetest.Bytes(1, 100_000)); err == nil {
					stored++
				}
			}
			if !errors.Is(err, storage.ErrFull) {
				t.Fatal(err)
			}
			if got := storagetest.Names(t, s, storage.Packs); len(got) != stored {
				t.Errorf("%d are listed, %d were stored", len(got), stored)
			}
			left, _ := filepath.Glob(filepath.Join(s.root, "data", "*", ".*"))
			if len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
			if free, err := s.Free(t.Context()); err != nil || name == "no bytes" && (free < 0 || free > 1<<20) {
				t.Errorf("Free: %d, %v", free, err)
			}
			if err := s.Remove(t.Context(), storage.Packs, storagetest.Name(0)); err != nil {
				t.Errorf("making room on a full disk: %v", err)
			}
		})
	}
}

func TestAReadOnlyDiskCanBeRead(t *testing.T) {
	s, point := mounted(t, "size=1m")
	if err := unix.Mount("", point, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), storage.Keys, storagetest.Name(1), nil); !errors.Is(err, storage.ErrReadOnly) {
		t.Errorf("Put: %v", err)
	}
	if err := s.Remove(t.Context(), storage.Keys, storagetest.Name(0)); !errors.Is(err, storage.ErrReadOnly) {
		t.Errorf("Remove: %v", err)
	}
	if got, err := s.Get(t.Context(), storage.Keys, storagetest.Name(0), 0, -1, nil); err != nil || string(got) != "key" {
		t.Errorf("Get: %q, %v", got, err)
	}
	again, err := Open(s.root)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func TestAnUnmountedDriveIsUnreachable(t *testing.T) {
	s, point := mounted(t, "size=1m")
	s.tidied.Wait() // it is not idle before
	if err := unix.Unmount(point, 0); err != nil {
		t.Fatalf("an idle drive cannot be ejected: %v", err)
	}
	for op, err := range everyCall(t.Context(), s) {
		if !errors.Is(err, storage.ErrUnreachable) {
			t.Errorf("%s: %v", op, err)
		}
	}
}

func TestErrorNumbersHaveMeanings(t *testing.T) {
	for number, want := range map[unix.Errno]error{
		unix.ENOSPC: storage.ErrFull, unix.EDQUOT: storage.ErrFull, unix.EROFS: storage.ErrReadOnly,
		unix.EACCES: storage.ErrDenied, unix.EPERM: storage.ErrDenied, unix.ENODEV: storage.ErrUnreachable,
		unix.ESTALE: storage.ErrUnreachable, unix.ENOTCONN: storage.ErrUnreachable, unix.EHOSTDOWN: storage.ErrUnreachable,
	} {
		cause := fmt.Errorf("deeper: %w", &os.PathError{Op: "write", Path: "x", Err: number})
		err := place("writing", "x", cause)
		if !errors.Is(err, want) || !errors.Is(err, number) {
			t.Errorf("%v becomes %v", number, err)
		}
	}
	s := create(t)
	err := s.explain("reading", "x", &os.PathError{Op: "read", Path: "x", Err: unix.EIO})
	if errors.Is(err, storage.ErrUnreachable) || !errors.Is(err, unix.EIO) {
		t.Errorf("a bad sector on a drive that is there: %v", err)
	}
}

// TestAPutThatIsCutShort runs itself under strace, which fails or kills it at one
// system call of a Put, and looks at what that left.
func TestAPutThatIsCutShort(t *testing.T) {
	name, data := storagetest.Name("cut short"), storagetest.Bytes(7, 100_000)
	if dir := os.Getenv("HOLDFAST_TEST_PUT"); dir != "" {
		s, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		s.tidied.Wait()
		if err := s.Put(t.Context(), storage.Index, name, data); err != nil {
			fmt.Println("refused:", err)
		} else {
			fmt.Println("stored")
		}
		return
	}
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	if err := exec.Command(strace, "-qq", "-e", "trace=none", "true").Run(); err != nil {
		t.Skipf("strace does not work here: %v", err)
	}
	for _, c := range []struct {
		name, inject string
		there        bool // a complete file may be, or must not be, under the name
	}{
		{"the flush of the file fails", "fsync:error=EIO:when=1", false},
		{"the flush of the folder fails", "fsync:error=EIO:when=2", true},
		{"killed at the flush of the file", "fsync:signal=KILL:when=1", false},
		{"killed at the naming", "renameat2:error=EIO:signal=KILL", false},
		{"killed after the naming", "fsync:signal=KILL:when=2", true},
		{"the naming fails", "renameat2:error=EACCES", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := create(t)
			s.tidied.Wait()
			run := exec.Command(strace, "-f", "-qq", "-o", filepath.Join(t.TempDir(), "trace"),
				"-e", "trace=fsync,renameat2", "-e", "inject="+c.inject,
				os.Args[0], "-test.run=^TestAPutThatIsCutShort$")
			run.Env = append(os.Environ(), "HOLDFAST_TEST_PUT="+s.root)
			out, _ := run.CombinedOutput()
			if bytes.Contains(out, []byte("stored")) {
				t.Fatalf("it was acknowledged: %s", out)
			}
			got, err := s.Get(t.Context(), storage.Index, name, 0, -1, nil)
			if c.there && (err != nil || !bytes.Equal(got, data)) {
				t.Errorf("%d bytes are there, %v; %s", len(got), err, out)
			}
			if !c.there && !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%d bytes are there, %v; %s", len(got), err, out)
			}
			// The next try finds nothing in its way.
			if err := s.Put(t.Context(), storage.Index, name, data); err != nil && !errors.Is(err, storage.ErrExists) {
				t.Errorf("the next try: %v", err)
			}
		})
	}
}
