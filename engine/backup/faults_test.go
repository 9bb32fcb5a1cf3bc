//go:build linux

package backup_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"holdfast/engine"
	. "holdfast/engine/backup/backuptest"
	"holdfast/engine/source/sourcetest"
)

// only expects one problem.
func only(t *testing.T, r engine.CaptureResult, path string, kind engine.ProblemKind) {
	t.Helper()
	if len(r.Skipped) != 1 || r.Skipped[0].Path != path || r.Skipped[0].Kind != kind || r.Skipped[0].Reason == "" {
		t.Errorf("problems %+v, want one of kind %s about %s", r.Skipped, kind, path)
	}
}

const letter = "/home/ann/letter.txt"

func TestAFileThatChangesOnceWhileItIsReadIsReadAgain(t *testing.T) {
	b := New(t, some())
	b.FS.Add(sourcetest.Fault{Op: sourcetest.Read, Path: letter, Nth: 1, Do: sourcetest.Grow(b.Path(letter), []byte(" and more"))})
	if r := b.Capture(); len(r.Skipped) != 0 {
		t.Errorf("%+v", r.Skipped)
	}
	b.Check()
}

func TestAFileThatKeepsChangingIsTakenAndMarkedAndReadAgainNextTime(t *testing.T) {
	for _, p := range []string{letter, "/home/ann/pictures/two.jpg"} {
		b := New(t, some())
		b.FS.Add(sourcetest.Fault{Op: sourcetest.Read, Path: p, Do: sourcetest.Grow(b.Path(p), []byte("."))})
		r := b.Capture()
		only(t, r, p, engine.ProblemVolatile)
		b.FS.Clear()
		b.CheckCatalog()
		time.Sleep(25 * time.Millisecond)
		if r := b.Capture(); r.Read == 0 || len(r.Skipped) != 0 {
			t.Errorf("the next time %+v", r)
		}
		b.Check()
	}
}

func TestAFileThatGrowsFromSmallToLargeWhileItIsReadIsWhole(t *testing.T) {
	b := New(t, some())
	b.FS.Add(sourcetest.Fault{Op: sourcetest.Read, Path: letter, Nth: 1, Do: sourcetest.Grow(b.Path(letter), Bytes(7, 900_000))})
	b.Capture()
	b.Check()
}

func TestWhatCannotBeReadKeepsItsLastVersion(t *testing.T) {
	faults := map[string]sourcetest.Fault{
		"opening is refused":     {Op: sourcetest.Open, Path: letter, Err: syscall.EACCES},
		"reading fails":          {Op: sourcetest.Read, Path: letter, Err: syscall.EIO},
		"it cannot be looked at": {Op: sourcetest.Examine, Path: letter, Err: syscall.EACCES},
		"fstat fails":            {Op: sourcetest.StatFile, Path: letter, Err: syscall.EIO},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			b := New(t, some())
			b.Capture()
			was := Describe(t, b.Dir)
			b.Write(Tree{letter: File("Dear Eve, this cannot be read")})
			b.FS.Add(fault)
			only(t, b.Capture(), letter, engine.ProblemUnreadable)
			b.CheckCatalog()
			b.CheckRestore(was)
			b.Write(Tree{"home/ann/other": File("beside it")})
			only(t, b.Capture(), letter, engine.ProblemUnreadable)
			b.CheckCatalog()
			if got := Describe(t, b.Restore(b.Last().Tree)); len(got) != len(was)+1 {
				t.Errorf("%d entries", len(got))
			}
			b.FS.Clear()
			b.Capture()
			b.Check()
		})
	}
}

func TestANewFileThatCannotBeReadIsReportedAndLeftOut(t *testing.T) {
	b := New(t, some())
	want := Describe(t, b.Dir)
	b.Write(Tree{"home/bob/secret": File("x").Mode(0)})
	b.FS.Add(sourcetest.Fault{Op: sourcetest.Open, Path: "/home/bob/secret", Err: syscall.EACCES})
	only(t, b.Capture(), "/home/bob/secret", engine.ProblemUnreadable)
	b.CheckCatalog()
	if got := Describe(t, b.Restore(b.Last().Tree)); len(got) != len(want) {
		t.Errorf("%d entries, want %d", len(got), len(want))
	}
	b.FS.Clear()
	b.Capture()
	b.Check()
}

func TestAFileThatVanishesWhileItIsReadIsGone(t *testing.T) {
	for _, known := range []bool{false, true} {
		for _, op := range []sourcetest.Op{sourcetest.Open, sourcetest.OpenDir} {
			b := New(t, some())
			if known {
				b.Capture()
				b.Write(Tree{letter: File("Dear Eve")})
			}
			p := letter
			if op == sourcetest.OpenDir {
				p = "/home/ann/work"
			}
			b.FS.Add(sourcetest.Fault{Op: op, Path: p, Do: func() { b.Remove(p) }})
			b.Capture()
			b.FS.Clear()
			b.CheckCatalog()
			Same(t, "what is left", Contents(t, b.Restore(b.Last().Tree)), Contents(t, b.Dir))
			b.Capture()
			b.Check()
		}
	}
}

func TestFilesAndFoldersVanishAtOnce(t *testing.T) {
	files := Tree{}
	for _, n := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		files["folder/file "+n] = File(n)
		files["folder/sub "+n+"/x"] = File(n)
	}
	b := New(t, files)
	b.Capture()
	for _, n := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		b.Write(Tree{"folder/file " + n: File("changed")})
		f, d := "/folder/file "+n, "/folder/sub "+n
		b.FS.Add(sourcetest.Fault{Op: sourcetest.Open, Path: f, Do: func() { b.Remove(f) }},
			sourcetest.Fault{Op: sourcetest.OpenDir, Path: d, Do: func() { b.Remove(d) }})
	}
	b.Capture()
	b.CheckCatalog()
	Same(t, "what is left", Contents(t, b.Restore(b.Last().Tree)), Contents(t, b.Dir))
}

func TestAFolderThatCannotBeReadKeepsEverythingInIt(t *testing.T) {
	for name, fault := range map[string]sourcetest.Fault{
		"opening is refused":     {Op: sourcetest.OpenDir, Path: "/home/ann/work", Err: syscall.EACCES},
		"listing fails":          {Op: sourcetest.ReadDir, Path: "/home/ann/work", Err: syscall.EIO},
		"it cannot be looked at": {Op: sourcetest.Examine, Path: "/home/ann/work", Err: syscall.EACCES},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(t, some())
			b.Capture()
			was := Describe(t, b.Restore(b.Last().Tree))
			b.FS.Add(fault)
			os.Chmod(b.Path("home/ann/work"), 0o700)
			b.Write(Tree{"home/ann/work/unseen": File("x")})
			only(t, b.Capture(), "/home/ann/work", engine.ProblemUnreadable)
			b.CheckCatalog()
			b.CheckRestore(was)
			b.Write(Tree{"home/ann/seen": File("y")})
			b.Capture()
			b.CheckCatalog()
			if got := Describe(t, b.Restore(b.Last().Tree)); len(got) != len(was)+1 {
				t.Errorf("%d entries", len(got))
			}
			b.FS.Clear()
			b.Capture()
			b.Check()
		})
	}
}

func TestAFolderThatWasNeverReadableIsListedAndEmpty(t *testing.T) {
	b := New(t, some())
	b.FS.Add(sourcetest.Fault{Op: sourcetest.OpenDir, Path: "/home/ann/work", Err: syscall.EACCES})
	only(t, b.Capture(), "/home/ann/work", engine.ProblemUnreadable)
	b.CheckCatalog()
	b.FS.Clear()
	b.Capture()
	b.Check()
}

func TestADriveThatIsAbsentIsNotDeleted(t *testing.T) {
	for name, gone := range map[string]func(b *Bench){
		"its folder is empty":  func(b *Bench) { os.Mkdir(b.Path("media/usb"), 0o755) },
		"its folder is gone":   func(b *Bench) {},
		"folders above it too": func(b *Bench) { b.Remove("media") },
	} {
		t.Run(name, func(t *testing.T) {
			files := some()
			files["media/usb/photos/one"], files["media/usb/readme"] = Random(5, 1000), File("x")
			b := New(t, files)
			b.Disk.Mount("/media/usb", 77)
			b.Capture()
			var was []string
			b.Disk.Unmount("/media/usb")
			aside := t.TempDir() + "/usb"
			if err := os.Rename(b.Path("media/usb"), aside); err != nil {
				t.Fatal(err)
			}
			gone(b)
			for i := range 3 {
				r := b.Capture()
				if len(r.Skipped) != 1 || r.Skipped[0].Kind != engine.ProblemAbsent || r.Deleted != 0 {
					t.Errorf("%+v", r)
				}
				b.CheckCatalog()
				now := Contents(t, b.Restore(b.Last().Tree))
				if i > 0 && len(now) != len(was) || len(now) < 18 {
					t.Errorf("%d entries, then %d", len(was), len(now))
				}
				was = now
				b.Reopen()
			}
			b.Remove("media/usb")
			os.MkdirAll(b.Path("media"), 0o755)
			if err := os.Rename(aside, b.Path("media/usb")); err != nil {
				t.Fatal(err)
			}
			b.Disk.Mount("/media/usb", 78)
			b.Remove("media/usb/readme")
			if r := b.Capture(); len(r.Skipped) != 0 || r.Deleted != 1 {
				t.Errorf("back again: %+v", r)
			}
			b.Check()
		})
	}
}

func TestAChosenFolderThatIsMissingIsAbsent(t *testing.T) {
	b := New(t, some())
	b.Chosen = engine.Selection{Choices: []engine.Choice{
		{Path: "/home/ann/work", Include: true, NewItems: true}, {Path: "/home/bob/letter.txt", Include: true, NewItems: true}}}
	b.Capture()
	was := Contents(t, b.Restore(b.Last().Tree))
	aside := t.TempDir() + "/work"
	os.Rename(b.Path("home/ann/work"), aside)
	only(t, b.Capture(), "/home/ann/work", engine.ProblemAbsent)
	b.CheckCatalog()
	Same(t, "stored files", Contents(t, b.Restore(b.Last().Tree)), was)
	os.Rename(aside, b.Path("home/ann/work"))
	b.Remove("home/bob/letter.txt")
	if r := b.Capture(); len(r.Skipped) != 0 || r.Deleted != 1 {
		t.Errorf("a chosen file that is deleted: %+v", r)
	}
	b.CheckCatalog()
}
