package source_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"holdfast/engine"
	"holdfast/engine/repo"
	"holdfast/engine/source"
)

func open(t testing.TB, path string) source.Dir {
	t.Helper()
	d, err := source.System().OpenDir(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func entries(t testing.TB, d source.Dir) map[string]source.Entry {
	t.Helper()
	list, err := d.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m := make(map[string]source.Entry)
	for _, e := range list {
		m[e.Name] = e
	}
	return m
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadListsEveryKind(t *testing.T) {
	root := t.TempDir()
	at := func(name string) string { return filepath.Join(root, name) }
	must(t, os.WriteFile(at("file"), []byte("hello"), 0o640))
	must(t, os.Chtimes(at("file"), time.Unix(1, 2), time.Unix(1234567890, 987654321)))
	must(t, os.Link(at("file"), at("hard")))
	must(t, os.Mkdir(at("folder"), 0o750))
	must(t, os.Symlink("no where", at("link")))
	must(t, unix.Mkfifo(at("fifo"), 0o600))
	must(t, unix.Mknod(at("socket"), unix.S_IFSOCK|0o600, 0))
	want := map[string]source.Kind{
		"file": source.KindFile, "hard": source.KindFile, "folder": source.KindDir, "link": source.KindSymlink,
		"fifo": source.KindFIFO, "socket": source.KindSocket,
	}
	if unix.Mknod(at("char"), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))) == nil {
		must(t, unix.Mknod(at("block"), unix.S_IFBLK|0o600, int(unix.Mkdev(7, 99))))
		want["char"], want["block"] = source.KindCharDevice, source.KindBlockDevice
	}
	d := open(t, root)
	got := entries(t, d)
	for name, kind := range want {
		if got[name].Kind != kind {
			t.Errorf("%s is of kind %d, want %d", name, got[name].Kind, kind)
		}
		fi, err := os.Lstat(at(name))
		must(t, err)
		if got[name].Mode != fi.Mode() {
			t.Errorf("%s has mode %v, want %v", name, got[name].Mode, fi.Mode())
		}
		if kind != source.KindFile {
			if _, err := d.Open(name); !errors.Is(err, source.ErrNotRegular) {
				t.Errorf("opening %s: %v", name, err)
			}
		}
		if kind != source.KindDir {
			if _, err := d.Dir(name); !errors.Is(err, source.ErrNotDir) {
				t.Errorf("opening %s as a folder: %v", name, err)
			}
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d entries, want %d", len(got), len(want))
	}
	f := got["file"]
	if f.Size != 5 || f.ModTime != 1234567890987654321 || f.Links != 2 || !f.SameFile(got["hard"]) {
		t.Errorf("file: %+v", f)
	}
	if want["char"] != 0 && got["char"].RDev != unix.Mkdev(1, 3) {
		t.Errorf("device number %x", got["char"].RDev)
	}
}

func TestReadSortsByBytesAndTakesAnyName(t *testing.T) {
	root := t.TempDir()
	var want []string
	for _, name := range []string{"z", "a", "Z", "ä", "a\xff\xfe", "new\nline", " ", "...", `back\slash`, "a.b", strings.Repeat("n", 255), "\x01"} {
		must(t, os.WriteFile(filepath.Join(root, name), nil, 0o600))
		want = append(want, name)
	}
	for i := range 400 { // more than are examined in the order of their names
		name := fmt.Sprint("many", rand.Uint32(), i)
		must(t, os.WriteFile(filepath.Join(root, name), nil, 0o600))
		want = append(want, name)
	}
	slices.Sort(want)
	d := open(t, root)
	for range 2 { // a second reading begins at the beginning
		list, err := d.Read(t.Context())
		must(t, err)
		var got []string
		for _, e := range list {
			got = append(got, e.Name)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	for _, name := range want[:20] {
		f, err := d.Open(name)
		must(t, err)
		must(t, f.Close())
	}
}

func TestPathsLongerThanTheSystemAllows(t *testing.T) {
	root := t.TempDir()
	at, err := unix.Open(root, unix.O_DIRECTORY, 0)
	must(t, err)
	long, name := root, strings.Repeat("deep", 50)
	for len(long) < 9000 {
		must(t, unix.Mkdirat(at, name, 0o700))
		next, err := unix.Openat(at, name, unix.O_DIRECTORY, 0)
		must(t, err)
		unix.Close(at)
		at, long = next, long+"/"+name
	}
	fd, err := unix.Openat(at, "file", unix.O_CREAT|unix.O_WRONLY, 0o600)
	must(t, err)
	_, err = unix.Write(fd, []byte("found"))
	must(t, err)
	unix.Close(fd)
	unix.Close(at)

	d := open(t, long)
	if len(d.Path()) < 9000 {
		t.Errorf("path of %d bytes", len(d.Path()))
	}
	e := entries(t, d)["file"]
	if n, errs := d.Node(e); len(errs) > 0 || n.Size != 5 {
		t.Errorf("node %+v, %v", n, errs)
	}
	f, err := d.Open("file")
	must(t, err)
	defer f.Close()
	if data, err := io.ReadAll(f); err != nil || string(data) != "found" {
		t.Errorf("read %q, %v", data, err)
	}
	n, err := scan(t.Context(), open(t, root))
	if err != nil || n < 40 {
		t.Errorf("scan from the top: %d, %v", n, err)
	}
}

func TestLinksAreNotFollowed(t *testing.T) {
	root, other := t.TempDir(), t.TempDir()
	must(t, os.WriteFile(filepath.Join(other, "secret"), []byte("x"), 0o600))
	must(t, os.Symlink(other, filepath.Join(root, "folder")))
	must(t, os.Symlink(filepath.Join(other, "secret"), filepath.Join(root, "file")))
	d := open(t, root)
	if _, err := d.Dir("folder"); !errors.Is(err, source.ErrNotDir) {
		t.Errorf("Dir: %v", err)
	}
	if _, err := d.Open("file"); !errors.Is(err, source.ErrNotRegular) {
		t.Errorf("Open: %v", err)
	}
	if _, err := source.System().OpenDir(filepath.Join(root, "folder")); !errors.Is(err, source.ErrNotDir) {
		t.Errorf("OpenDir: %v", err)
	}
	for _, name := range []string{"", ".", "..", "a/b", "../x", "a\x00"} {
		if _, err := d.Open(name); err == nil {
			t.Errorf("Open(%q) is no error", name)
		}
		if _, err := d.Dir(name); err == nil {
			t.Errorf("Dir(%q) is no error", name)
		}
	}
	if _, err := source.System().OpenDir("relative"); err == nil {
		t.Error("a relative path is no error")
	}
}

func TestNodeHoldsAllMetadata(t *testing.T) {
	root := t.TempDir()
	at := func(name string) string { return filepath.Join(root, name) }
	must(t, os.WriteFile(at("file"), []byte("hello"), 0o640))
	long := bytes.Repeat([]byte("value "), 200)
	attributes := unix.Setxattr(at("file"), "user.small", []byte("1"), 0) == nil
	if attributes {
		must(t, unix.Setxattr(at("file"), "user.long", long, 0))
		must(t, unix.Setxattr(at("file"), "user.empty", nil, 0))
		for i := range 20 {
			must(t, unix.Setxattr(at("file"), fmt.Sprintf("user.one-of-many-names-%d", i), []byte{0, 1}, 0))
		}
	}
	target := strings.Repeat("t\xffrget/", 100)
	must(t, os.Symlink(target, at("link")))
	must(t, unix.Mkfifo(at("fifo"), 0o600))
	d := open(t, root)
	list := entries(t, d)

	n, errs := d.Node(list["file"])
	if len(errs) > 0 || n.Type != repo.NodeFile || n.Size != 5 || n.Mode != 0o640 || n.Links != 1 || n.Inode == 0 || n.DeviceID == 0 {
		t.Errorf("file: %+v, %v", n, errs)
	}
	if os.Getuid() == 0 && (n.User != "root" || n.Group != "root") {
		t.Errorf("owners %q and %q", n.User, n.Group)
	}
	values := map[string][]byte{}
	for _, a := range n.ExtendedAttributes {
		values[a.Name] = a.Value
	}
	if attributes && (len(values) != 23 || string(values["user.small"]) != "1" || !bytes.Equal(values["user.long"], long) || len(values["user.empty"]) != 0) {
		t.Errorf("attributes %q", values)
	}
	if n, errs := d.Node(list["link"]); len(errs) > 0 || n.LinkTarget != target || n.Type != repo.NodeSymlink {
		t.Errorf("link: %+v, %v", n, errs)
	}
	if n, errs := d.Node(list["fifo"]); len(errs) > 0 || n.Type != repo.NodeFIFO {
		t.Errorf("fifo: %+v, %v", n, errs)
	}
	self, err := d.Stat()
	must(t, err)
	if self.Name != filepath.Base(root) || self.Kind != source.KindDir {
		t.Errorf("the folder itself: %+v", self)
	}
	must(t, os.Remove(at("link")))
	if n, errs := d.Node(list["link"]); n.Name != "link" || len(errs) == 0 {
		t.Errorf("a link that vanished: %+v, %v", n, errs)
	}
}

func TestSparseFilesTellWhatTheyTake(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sparse")
	must(t, os.WriteFile(path, nil, 0o600))
	must(t, os.Truncate(path, 1<<30))
	e := entries(t, open(t, filepath.Dir(path)))["sparse"]
	if e.Size != 1<<30 || e.Allocated >= e.Size {
		t.Errorf("size %d, allocated %d", e.Size, e.Allocated)
	}
}

func TestBigFilesAreReadWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big")
	want := make([]byte, 40<<20+123)
	for i := range want {
		want[i] = byte(i * 7 >> 3)
	}
	must(t, os.WriteFile(path, want, 0o600))
	f, err := open(t, filepath.Dir(path)).Open("big")
	must(t, err)
	defer f.Close()
	before, err := f.Stat()
	must(t, err)
	got, err := io.ReadAll(f)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("read %d bytes, %v", len(got), err)
	}
	if after, err := f.Stat(); err != nil || !after.SameAs(before) {
		t.Error("reading changed the file")
	}
	must(t, os.WriteFile(path, []byte("new"), 0o600))
	if after, err := f.Stat(); err != nil || after.SameAs(before) {
		t.Error("a change was not seen")
	}
}

func TestReadingLeavesTheAccessTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, []byte("x"), 0o600))
	must(t, os.Chtimes(path, time.Unix(1000, 0), time.Unix(2000, 0)))
	f, err := open(t, filepath.Dir(path)).Open("file")
	must(t, err)
	_, err = io.ReadAll(f)
	must(t, err)
	must(t, f.Close())
	var s unix.Stat_t
	must(t, unix.Stat(path, &s))
	if s.Atim.Sec != 1000 {
		t.Errorf("access time is %d", s.Atim.Sec)
	}
}

func TestWhatVanishesIsLeftOut(t *testing.T) {
	root := t.TempDir()
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				p := filepath.Join(root, fmt.Sprint("here today ", i%50))
				if os.WriteFile(p, nil, 0o600) == nil {
					os.Remove(p)
				}
			}
		}
	}()
	must(t, os.WriteFile(filepath.Join(root, "stays"), nil, 0o600))
	d := open(t, root)
	for range 300 {
		list, err := d.Read(t.Context())
		must(t, err)
		if !slices.ContainsFunc(list, func(e source.Entry) bool { return e.Name == "stays" }) {
			t.Fatal("a file that stays is missing")
		}
		for _, e := range list {
			if e.Err != nil || e.Kind != source.KindFile {
				t.Fatalf("%+v", e)
			}
		}
	}
	close(stop)
	<-done
}

func TestAFolderThatWasDeletedIsEmptyOrUnknown(t *testing.T) {
	root := filepath.Join(t.TempDir(), "folder")
	must(t, os.Mkdir(root, 0o700))
	d := open(t, root)
	must(t, os.Remove(root))
	if list, err := d.Read(t.Context()); err != nil {
		if kind, _, _ := source.Classify(err); kind != engine.ProblemVanished {
			t.Errorf("%v is %s", err, kind)
		}
	} else if len(list) != 0 {
		t.Errorf("%v", list)
	}
	if _, err := source.System().OpenDir(root); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("OpenDir: %v", err)
	}
}

func TestReadEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(t, t.TempDir()).Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestClassifySpeaksInSentences(t *testing.T) {
	tests := []struct {
		err  error
		kind engine.ProblemKind
	}{
		{syscall.EACCES, engine.ProblemUnreadable},
		{syscall.EPERM, engine.ProblemUnreadable},
		{syscall.EIO, engine.ProblemUnreadable},
		{syscall.EMFILE, engine.ProblemUnreadable},
		{errors.New("odd"), engine.ProblemUnreadable},
		{syscall.ENOENT, engine.ProblemVanished},
		{source.ErrNotRegular, engine.ProblemVanished},
		{syscall.EAGAIN, engine.ProblemLocked},
		{syscall.EBUSY, engine.ProblemLocked},
		{syscall.ENOTCONN, engine.ProblemAbsent},
		{syscall.ENODEV, engine.ProblemAbsent},
		{source.ErrPlaceholder, engine.ProblemCloud},
		{syscall.EISDIR, engine.ProblemSpecial},
	}
	for _, tt := range tests {
		kind, reason, advice := source.Classify(&os.PathError{Op: "read", Path: "/x", Err: tt.err})
		if kind != tt.kind || !strings.HasSuffix(reason, ".") || !strings.HasSuffix(advice, ".") {
			t.Errorf("%v: %s, %q, %q; want %s", tt.err, kind, reason, advice, tt.kind)
		}
	}
}

func TestMountsKnowWhereAPathLies(t *testing.T) {
	all, err := source.Mounts()
	must(t, err)
	if m, ok := source.MountOf(all, "/proc/self"); !ok || m.FSType != "proc" || !m.Virtual {
		t.Errorf("/proc/self lies in %+v", m)
	}
	if m, ok := source.MountOf(all, "/procession"); !ok || m.Path == "/proc" {
		t.Errorf("/procession lies in %+v", m)
	}
}
