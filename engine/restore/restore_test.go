//go:build linux

package restore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast/engine"
	. "holdfast/engine/backup/backuptest"
	"holdfast/engine/repo"
	"holdfast/engine/restore"
)

var (
	long = time.Unix(1_000_000_000, 5000)
	ages = Tree{
		"folder":          Dir().Mode(0o750).At(long),
		"folder/file":     File("text").Mode(0o640).At(long),
		"folder/run":      File("#!").Mode(fs.ModeSetuid | 0o755).At(long),
		"folder/link":     Symlink("file").At(long),
		"folder/fifo":     FIFO().Mode(0o600),
		"folder/socket":   Socket(),
		"folder/again":    Hard("folder/file"),
		"other/also":      Hard("folder/file"),
		"other/tagged":    File("x").Attr("user.tag", "t"),
		"other/read only": File("y").Mode(0o400),
		"other/hole":      Sparse(8 << 20),
		"empty folder":    Dir().Mode(0o700).At(long),
		"empty file":      File(""),
		"large":           Random(1, 3<<20),
	}
)

func captured(t *testing.T, files Tree) *Bench {
	t.Helper()
	b := New(t, files)
	b.Capture()
	return b
}

func TestOriginalPermissionsGiveEverythingBack(t *testing.T) {
	b := captured(t, ages)
	prepare(t, b).last().works().is()
}

func TestMinePermissionsGiveContentTimesAndModesWithoutRights(t *testing.T) {
	b := captured(t, ages)
	r := prepare(t, b)
	r.options.Permissions = engine.PermissionsMine
	r.last().works()
	Same(t, "contents", Contents(t, r.target), Contents(t, b.Dir))
	for name, want := range map[string]fs.FileMode{"folder": fs.ModeDir | 0o750, "folder/file": 0o640, "folder/run": 0o755, "empty folder": fs.ModeDir | 0o700} {
		info, err := os.Stat(filepath.Join(r.target, name))
		if err != nil || info.Mode() != want || !info.ModTime().Equal(long) {
			t.Errorf("%s: %v %v %v", name, info.Mode(), info.ModTime(), err)
		}
	}
}

func TestHolesStayHoles(t *testing.T) {
	b := captured(t, Tree{"hole": Sparse(64 << 20), "short hole": Sparse(1 << 20)})
	r := prepare(t, b).last().works().is()
	for name, most := range map[string]int64{"hole": 200, "short hole": 100} {
		info, err := os.Stat(filepath.Join(r.target, name))
		if err != nil || info.Sys().(*syscall.Stat_t).Blocks*512 > most<<10 {
			t.Errorf("%s takes %d bytes, %v", name, info.Sys().(*syscall.Stat_t).Blocks*512, err)
		}
	}
}

func TestWhatExistsIsTreatedAsChosen(t *testing.T) {
	const mark = " (before restore 3 Jul 2026)"
	stored := Tree{"a.txt": File("stored"), "link": Symlink("a.txt"), "same": File("same"), "sub/b": File("stored b")}
	present := map[string]string{"a.txt": "present", "same": "same", "sub/b": "present b", "mine": "mine"}
	tests := []struct {
		name    string
		exists  engine.Existing
		answers map[string]engine.Existing
		want    map[string]string
		items   map[string]engine.ItemState
	}{
		{"renamed", engine.ExistingRename, nil,
			map[string]string{"a.txt": "stored", "a" + mark + ".txt": "present", "same": "same", "same" + mark: "same", "sub/b": "stored b",
				"sub/b" + mark: "present b", "mine": "mine", "link": "→ a.txt", "link" + mark: "→ elsewhere"},
			map[string]engine.ItemState{"/a.txt": engine.ItemRestored, "/same": engine.ItemRestored, "/sub/b": engine.ItemRestored, "/link": engine.ItemRestored}},
		{"overwritten", engine.ExistingOverwrite, nil,
			map[string]string{"a.txt": "stored", "same": "same", "sub/b": "stored b", "mine": "mine", "link": "→ a.txt"}, nil},
		{"asked about", engine.ExistingSkip, nil,
			map[string]string{"a.txt": "present", "same": "same", "sub/b": "present b", "mine": "mine", "link": "→ elsewhere"},
			map[string]engine.ItemState{"/a.txt": engine.ItemAsking, "/same": engine.ItemSkipped, "/sub/b": engine.ItemAsking, "/link": engine.ItemAsking}},
		{"answered", engine.ExistingSkip, map[string]engine.Existing{"a.txt": engine.ExistingOverwrite, "sub/b": engine.ExistingKeep, "link": engine.ExistingRename},
			map[string]string{"a.txt": "stored", "same": "same", "sub/b": "present b", "mine": "mine", "link": "→ a.txt", "link" + mark: "→ elsewhere"},
			map[string]engine.ItemState{"/same": engine.ItemSkipped, "/sub/b": engine.ItemSkipped, "/link": engine.ItemRestored}},
	}
	b := captured(t, stored)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := prepare(t, b)
			r.options.Exists = test.exists
			r.options.Answers = map[string]engine.Existing{}
			for p, a := range test.answers {
				r.options.Answers[filepath.Join(r.target, p)] = a
			}
			for p, text := range present {
				Tree{p: File(text)}.Write(t, r.target)
			}
			os.Symlink("elsewhere", filepath.Join(r.target, "link"))
			if r.last(); r.err != nil {
				t.Fatal(r.err)
			}
			r.has(test.want)
			for p, state := range test.items {
				if r.items[p].State != state {
					t.Errorf("%s is %q, want %q", p, r.items[p].State, state)
				}
			}
			if len(r.items) != len(test.items) {
				t.Errorf("reports: %+v", r.items)
			}
		})
	}
}

func TestFilesAndFoldersInEachOthersWayAreSetAside(t *testing.T) {
	const mark = " (before restore 3 Jul 2026)"
	for _, exists := range []engine.Existing{engine.ExistingRename, engine.ExistingOverwrite} {
		b := captured(t, Tree{"x/inside": File("stored"), "x": Dir().Mode(0o755).At(long), "y": File("a file")})
		r := prepare(t, b)
		r.options.Exists, r.options.Permissions = exists, engine.PermissionsMine
		Tree{"x": File("in the way"), "y/precious": File("precious")}.Write(t, r.target)
		if r.last(); r.err != nil {
			t.Fatal(r.err)
		}
		r.has(map[string]string{"x/inside": "stored", "x" + mark: "in the way", "y": "a file", "y" + mark + "/precious": "precious"})
		if info, err := os.Stat(filepath.Join(r.target, "x")); err != nil || info.Mode().Perm() != 0o755 || !info.ModTime().Equal(long) {
			t.Errorf("the folder is %v of %v", info.Mode(), info.ModTime())
		}
	}
}

func TestTheNameOfWhatIsSetAsideFitsAndIsFree(t *testing.T) {
	now := time.Date(2026, 7, 3, 0, 0, 0, 0, time.UTC)
	for _, name := range []string{strings.Repeat("n", 255), "a." + strings.Repeat("x", 253), "." + strings.Repeat("h", 254), strings.Repeat("n", 240) + ".tar.gz"} {
		if to := restore.BeforeRestore(name, now, 12); len(to) > 255 || to == name {
			t.Errorf("%d bytes: %s", len(to), to)
		}
	}
	b := captured(t, Tree{"a." + strings.Repeat("x", 253): File("stored")})
	for range 3 {
		r := prepare(t, b)
		for range 3 {
			if r.last(); r.err != nil || r.failed() != "" {
				t.Fatal(r.err, r.items)
			}
		}
		if list, _ := os.ReadDir(r.target); len(list) != 3 {
			t.Errorf("%d files", len(list))
		}
	}
}

func TestAFurtherNameIsNeverLinkedToSomebodyElsesFile(t *testing.T) {
	b := captured(t, Tree{"a": File("stored"), "b": Hard("a")})
	for _, answer := range []engine.Existing{engine.ExistingSkip, engine.ExistingKeep} {
		r := prepare(t, b)
		r.options.Exists = answer
		Tree{"a": File("someone else's")}.Write(t, r.target)
		if r.last(); r.err != nil {
			t.Fatal(r.err)
		}
		r.has(map[string]string{"a": "someone else's", "b": "stored"})
	}
}

func TestTwoSourcesOfOneNameKeepBoth(t *testing.T) {
	b := New(t, Tree{})
	one, two, three := forge(t, b, node("f", "file", "text", "one")), forge(t, b, node("f", "file", "text", "two")), forge(t, b, node("f", "file", "text", "three"))
	file := func(text string) repo.Node {
		return repo.Node{Name: "a.txt", Type: repo.NodeFile, Mode: 0o644, Size: uint64(len(text)), Content: []repo.ID{repo.Hash([]byte(text))}}
	}
	folder := func(id repo.ID) repo.Node {
		return repo.Node{Name: "d", Type: repo.NodeDir, Mode: fs.ModeDir | 0o755, Subtree: &id}
	}
	for _, exists := range []engine.Existing{engine.ExistingRename, engine.ExistingOverwrite, engine.ExistingSkip} {
		r := prepare(t, b)
		r.options.Exists = exists
		for range 2 { // the second run finds what the first one did
			r.sources(restore.Source{Node: file("one"), Path: "/1/a.txt"}, restore.Source{Node: file("two"), Path: "/2/a.txt", As: "a.txt"},
				restore.Source{Node: folder(one), Path: "/1/d", As: "d"}, restore.Source{Node: folder(two), Path: "/2/d", As: "d"}, restore.Source{Node: folder(three), Path: "/3/d", As: "d"})
			r.works()
			r.has(map[string]string{"a.txt": "one", "a (2).txt": "two", "d/f": "one", "d (2)/f": "two", "d (3)/f": "three"})
			r.options.Again = true
		}
	}
}

func TestTheTargetMayLieInsideTheSource(t *testing.T) {
	b := captured(t, ages)
	r := prepare(t, b)
	r.target = b.Path("folder/restored here")
	r.options.Target = r.target
	want := Describe(t, b.Dir)
	r.last().works()
	Same(t, "restored files", Describe(t, r.target), want)
}

func TestManyFilesAndFoldersNeedFewHandles(t *testing.T) {
	files := Tree{}
	for i := range 3000 {
		files[fmt.Sprintf("one folder/%d", i)] = File(fmt.Sprint(i % 50))
	}
	for i := range 1500 {
		files[fmt.Sprintf("folders/%d/%d/f", i%40, i)] = File(fmt.Sprint(i % 50))
	}
	files[strings.Repeat("d/", 300)+"f"] = File("deep")
	b := captured(t, files)
	WriteDeep(t, b.Dir, 20, "at the bottom of long names")
	b.Capture()
	var was syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was)
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was)
	r := prepare(t, b)
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 1024, Max: was.Max})
	r.last().works().is()
}

func TestATargetThatCannotBeUsedIsRefusedWithItsReason(t *testing.T) {
	b := captured(t, Tree{"f": File("x")})
	file := filepath.Join(t.TempDir(), "a file")
	os.WriteFile(file, nil, 0o644)
	for target, kind := range map[string]engine.Kind{file: engine.KindInvalid, file + "/below": engine.KindInvalid, "/proc/nothing here": engine.KindOther} {
		r := prepare(t, b)
		r.options.Target = target
		var e *engine.Error
		if r.last(); !errors.As(r.err, &e) || e.Kind != kind && kind != engine.KindOther || e.Message == "" {
			t.Errorf("%s: %v", target, r.err)
		}
	}
}

// mount makes a file system of its own at the target; that needs root.
func mount(t *testing.T, target string, flags uintptr, options string) {
	t.Helper()
	os.MkdirAll(target, 0o755)
	if err := syscall.Mount("tmpfs", target, "tmpfs", flags, options); err != nil {
		t.Skipf("mounting is not possible here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(target, syscall.MNT_DETACH) })
}

func TestAReadOnlyTargetIsRefused(t *testing.T) {
	b := captured(t, Tree{"f": File("x")})
	r := prepare(t, b)
	mount(t, r.target, syscall.MS_RDONLY, "size=1m")
	var e *engine.Error
	if r.last(); !errors.As(r.err, &e) || e.Kind != engine.KindReadOnly {
		t.Error(r.err)
	}
}

func TestAFullTargetEndsTheJobAndWhatIsThereIsCompleteAndItCanGoOn(t *testing.T) {
	files := Tree{}
	for i := range 40 {
		files[fmt.Sprintf("%02d/f", i)] = Random(uint64(i), 100_000)
	}
	files["99 large"] = Random(99, 3<<20)
	b := captured(t, files)
	r := prepare(t, b)
	mount(t, r.target, 0, "size=2m")
	var e *engine.Error
	if r.last(); !errors.As(r.err, &e) || e.Kind != engine.KindFull {
		t.Fatal(r.err)
	}
	if l := leftovers(t, r.target); len(l) > 0 {
		t.Errorf("left over: %v", l)
	}
	want := strings.Join(Contents(t, b.Dir), "\n")
	for _, line := range Contents(t, r.target) {
		if !strings.Contains(want, line) {
			t.Errorf("not as stored: %s", line)
		}
	}
	syscall.Mount("tmpfs", r.target, "tmpfs", syscall.MS_REMOUNT, "size=20m")
	r.options.Again = true
	r.last().works().is()
}

func TestARestoreThatIsInterruptedGoesOnAndLeavesNothingBehind(t *testing.T) {
	files := Tree{}
	for i := range 300 {
		files[fmt.Sprintf("%02d/%d", i%23, i)] = Random(uint64(i), 30_000)
	}
	for p, item := range ages {
		files[p] = item
	}
	b := captured(t, files)
	for name, permissions := range map[string]engine.Permissions{"mine": engine.PermissionsMine, "original": engine.PermissionsOriginal} {
		r := prepare(t, b)
		r.options.Permissions = permissions
		tree := b.Last().Tree
		source := restore.Source{Node: repo.Node{Type: repo.NodeDir, Subtree: &tree}, Path: "/"}
		random := rand.New(rand.NewPCG(3, 3))
		for range 8 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(40))*time.Millisecond)
			r.with(ctx, source)
			cancel()
			if len(r.items) != 0 {
				t.Fatalf("%s: %+v", name, r.items)
			}
			r.options.Again = true
		}
		r.last().works()
		if l := leftovers(t, r.target); len(l) > 0 {
			t.Errorf("left over: %v", l)
		}
		if name == "original" {
			r.is()
			continue
		}
		Same(t, "contents", Contents(t, r.target), Contents(t, b.Dir))
		if info, _ := os.Stat(filepath.Join(r.target, "folder")); info.Mode() != fs.ModeDir|0o750 || !info.ModTime().Equal(long) {
			t.Errorf("folder is %v of %v", info.Mode(), info.ModTime())
		}
	}
}

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	where := os.Getenv("HOLDFAST_TEST_RESTORE")
	if where == "" {
		os.Exit(m.Run())
	}
	p := strings.Split(where, "\n")
	b := At(&child{}, p[0], p[1], p[2])
	index, err := repo.LoadMemoryIndex(context.Background(), b.Repo)
	tree := b.Last().Tree
	if err == nil {
		o := restore.Options{Repo: b.Repo, Locator: index, Target: p[3], Permissions: engine.PermissionsOriginal, Again: p[4] == "again"}
		err = restore.Run(context.Background(), o, []restore.Source{{Node: repo.Node{Type: repo.NodeDir, Subtree: &tree}, Path: "/"}})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child is what a bench needs of a test, in a process that is none.
type child struct{ testing.TB }

func (*child) Helper()        {}
func (*child) Cleanup(func()) {}
func (*child) Fatal(args ...any) {
	fmt.Fprintln(os.Stderr, args...)
	os.Exit(2)
}

func TestARestoreThatIsKilledGoesOnAndLeavesNothingBehind(t *testing.T) {
	files := Tree{}
	for i := range 1500 {
		files[fmt.Sprintf("%02d/%d", i%23, i)] = Random(uint64(i), 10_000)
	}
	for p, item := range ages {
		files[p] = item
	}
	b := captured(t, files)
	b.Catalog.Close()
	r := prepare(t, b)
	random := rand.New(rand.NewPCG(4, 4))
	again := "first"
	for range 8 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "HOLDFAST_TEST_RESTORE="+strings.Join([]string{b.Dir, b.Where, b.File, r.target, again}, "\n"))
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(30+random.IntN(250)) * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait()
		if _, err := os.Stat(r.target); err == nil {
			again = "again"
		}
	}
	b.Reopen()
	r.options.Again = true
	r.last().works().is()
	if l := leftovers(t, r.target); len(l) > 0 {
		t.Errorf("left over: %v", l)
	}
}
