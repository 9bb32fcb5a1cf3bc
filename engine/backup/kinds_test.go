//go:build linux

package backup_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/engine/backup"
	. "holdfast/engine/backup/backuptest"
)

func root(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may do this")
	}
}

func TestEveryKindOfEntryComesBackAsItWas(t *testing.T) {
	b := New(t, Tree{
		"dir":          Dir().Mode(fs.ModeSticky | 0o777).At(time.Unix(1_000_000_000, 123456789)),
		"dir/set":      File("set ids").Mode(fs.ModeSetuid | fs.ModeSetgid | 0o755),
		"read only":    Dir().Mode(0o555),
		"read only/f":  File("x").Mode(0o400),
		"no mode":      File("y").Mode(0),
		"old":          File("from before the epoch").At(time.Unix(-1000, 5)),
		"future":       File("from 2100").At(time.Unix(4_102_444_800, 999_999_999)),
		"link":         Symlink("dir/set").At(time.Unix(1_100_000_000, 0)),
		"broken":       Symlink("nowhere/\xff\xfe"),
		"loop":         Symlink("loop"),
		"long link":    Symlink(strings.Repeat("x/", 1500)),
		"fifo":         FIFO().Mode(0o620),
		"socket":       Socket(),
		"first":        File("three names"),
		"dir/second":   Hard("first"),
		"third":        Hard("first"),
		"other":        File("two names"),
		"other again":  Hard("other"),
		"attributes":   File("z").Attr("user.colour", "blue\x00green").Attr("user.empty", ""),
		"dir/labelled": Dir().Attr("user.label", "a folder"),
		"hole":         Sparse(3 << 20),
	})
	b.Capture()
	b.Check()
	if out := b.Restic("check", "--read-data"); !strings.Contains(out, "no errors were found") {
		t.Error(out)
	}
}

func TestOwnersAndDevicesComeBackToRoot(t *testing.T) {
	root(t)
	b := New(t, Tree{
		"theirs":       File("x").Owner(1234, 5678).Mode(fs.ModeSetuid | 0o4755),
		"their folder": Dir().Owner(1234, 5678).Mode(0o700),
		"their link":   Symlink("x").Owner(4, 5),
		"their fifo":   FIFO().Owner(6, 7),
		"null":         CharDevice(1, 3).Mode(0o666),
		"capable":      File("y").Attr("security.capability", "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00").Owner(8, 9),
	})
	b.Capture()
	b.Check()
}

func TestAccessControlListsComeBack(t *testing.T) {
	setfacl, err := exec.LookPath("setfacl")
	if err != nil {
		t.Skip("setfacl is not installed")
	}
	b := New(t, Tree{"file": File("x"), "folder": Dir()})
	for _, args := range [][]string{{"-m", "u:1234:rwx,g:5678:r", b.Path("file")}, {"-m", "u:1234:rwx,d:u:1234:rx", b.Path("folder")}} {
		if out, err := exec.Command(setfacl, args...).CombinedOutput(); err != nil {
			t.Skipf("%v: %s", err, out)
		}
	}
	b.Capture()
	b.Check()
}

func TestNamesAreBytes(t *testing.T) {
	files := Tree{}
	for i := 1; i < 256; i++ {
		if i != '/' {
			files[fmt.Sprintf("one %c/%s", i, string([]byte{byte(i)}))] = File("a name of one byte")
			files["all/x"+string([]byte{byte(i)})+"y"] = File("a byte inside")
		}
	}
	delete(files, "one ./.")
	files[strings.Repeat("n", 255)] = File("the longest name")
	files["ümlaut"], files["u\u0308mlaut"] = File("composed"), File("decomposed")
	files["\"quoted\" \\ \n\t"] = Dir()
	files["..."], files[".. "], files["-rf"] = File("dots"), File("dots and a space"), File("a switch")
	b := New(t, files)
	b.Capture()
	b.Check()
	time.Sleep(25 * time.Millisecond)
	b.Capture()
	if r := b.Capture(); r.Snapshot != "" || r.Read != 0 {
		t.Errorf("the second time: %+v", r)
	}
	b.Restic("check")
}

func TestAPathLongerThanTheSystemTakesComesBack(t *testing.T) {
	b := New(t, Tree{})
	WriteDeep(t, b.Dir, 20, "at the bottom")
	b.Capture()
	b.Check()
	if lines := Describe(t, b.Dir); len(lines) != 21 {
		t.Errorf("%d lines", len(lines))
	}
}

func TestFilesOfEverySizeAtTheBoundariesOfChunks(t *testing.T) {
	const kib = 1 << 10
	files := Tree{}
	for i, size := range []int{0, 1, 4095, 4096, 512*kib - 1, 512 * kib, 512*kib + 1, 1024 * kib, 1024*kib + 1, 3*1024*kib + 17, 9 << 20} {
		files[fmt.Sprint("random ", size)] = Random(uint64(i+1), size)
		files[fmt.Sprint("zeros ", size)] = File(string(make([]byte, size)))
	}
	b := New(t, files)
	b.Capture()
	b.Check()
	b.Restic("check", "--read-data")
}

func TestContentIsStoredOnceHoweverOftenItIsThere(t *testing.T) {
	files := Tree{}
	for i := range 20 {
		files[fmt.Sprintf("%d/small", i)] = Random(1, 50_000)
		files[fmt.Sprintf("%d/large", i)] = Random(2, 2<<20)
	}
	b := New(t, files)
	if r := b.Capture(); r.Stored > 50_000+2<<20+100_000 {
		t.Errorf("%d bytes stored", r.Stored)
	}
	b.Check()
	b.Write(Tree{"again": Random(2, 2<<20)})
	if r := b.Capture(); r.Stored > 100_000 {
		t.Errorf("%d bytes stored for a copy", r.Stored)
	}
	b.Check()
}

func TestLargeFilesWaitAndAllArriveAtLast(t *testing.T) {
	later := func(o *backup.Options) { o.Large = 1 << 20 }
	b := New(t, Tree{"a/large": Random(1, 3<<20), "a/small": File("x"), "b/large": Random(2, 2<<20), "c/d/small": File("y")})
	b.Capture(later)
	if list, _ := b.Catalog.Snapshots(t.Context(), b.Device); len(list) != 2 || !list[1].Partial || list[0].Partial {
		t.Errorf("snapshots %+v", list)
	}
	b.Check()
	changes := []struct {
		name   string
		change func()
	}{
		{"one large file", func() { Grow(b, "a/large", "more") }},
		{"a large file is new", func() { b.Write(Tree{"c/large": Random(3, 2<<20)}) }},
		{"a large file and a deleted folder", func() { Grow(b, "a/large", "more"); b.Remove("c/d") }},
		{"a large file and a folder's mode", func() { Grow(b, "a/large", "more"); os.Chmod(b.Path("b"), 0o700) }},
		{"a small file becomes large", func() { b.Write(Tree{"a/small": Random(4, 2<<20)}) }},
		{"a folder becomes a large file", func() { b.Remove("b"); b.Write(Tree{"b": Random(5, 2<<20)}) }},
		{"a large file is replaced by a folder", func() { b.Remove("b"); b.Write(Tree{"b/x": File("x"), "a/huge": Random(6, 4<<20)}) }},
		{"a large file and a small one, far away", func() { Grow(b, "a/large", "more"); b.Write(Tree{"q/r/s": File("t")}) }},
	}
	for _, x := range changes {
		x.change()
		b.Capture(later)
		if t.Failed() {
			t.Fatal(x.name)
		}
		b.Check()
		if t.Failed() {
			t.Fatal(x.name)
		}
	}
}

func TestALongCaptureIsCommittedOnTheWay(t *testing.T) {
	files := Tree{}
	for i := range 60 {
		files[fmt.Sprintf("%02d/file", i)] = Random(uint64(i), 1000)
	}
	b := New(t, files)
	start, asked := time.Now(), new(atomic.Int64)
	b.Capture(func(o *backup.Options) {
		o.Now = func() time.Time { return start.Add(time.Duration(asked.Add(1)) * time.Second) }
		o.Commit, o.Workers = 20*time.Second, 1
	})
	if list, _ := b.Catalog.Snapshots(t.Context(), b.Device); len(list) < 3 || list[0].Partial {
		t.Errorf("%d snapshots", len(list))
	}
	b.Check()
}
