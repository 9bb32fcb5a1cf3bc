//go:build linux

package backup_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/backup"
	. "holdfast/engine/backup/backuptest"
)

// some is a computer with a little of everything that people have.
func some() Tree {
	return Tree{
		"home/ann/letter.txt":        File("Dear Bob"),
		"home/ann/empty":             File(""),
		"home/ann/folder":            Dir(),
		"home/ann/pictures/one.jpg":  Random(1, 100_000),
		"home/ann/pictures/two.jpg":  Random(2, 700_000),
		"home/ann/work/report.txt":   File("A report"),
		"home/ann/work/old/notes":    File("Notes"),
		"home/ann/work/latest":       Symlink("old"),
		"home/bob/letter.txt":        File("Dear Ann"),
		"home/bob/work/plan/1/2/3/4": File("A plan"),
	}
}

func TestWhatWasCapturedComesBack(t *testing.T) {
	b := New(t, some())
	r := b.Capture()
	if r.New != 9 || r.Snapshot == "" || len(r.Skipped) != 0 {
		t.Errorf("%+v", r)
	}
	b.Check()
	if out := b.Restic("check", "--read-data"); !strings.Contains(out, "no errors were found") {
		t.Error(out)
	}
}

func TestACaptureWithoutChangesWritesNothing(t *testing.T) {
	b := New(t, some())
	time.Sleep(30 * time.Millisecond) // so that no file is so young that it is read again
	b.Capture()
	before, written := b.Last(), b.Store.Written()
	r := b.Capture()
	if r.Snapshot != "" || r.Stored != 0 || r.Read != 0 || r.Unchanged != 9 {
		t.Errorf("%+v", r)
	}
	if b.Last().ID != before.ID || b.Store.Written() != written {
		t.Error("something was written")
	}
	r = b.Capture(func(o *backup.Options) { o.Always = true })
	if r.Snapshot == "" || r.Stored != 0 || b.Last().Tree != before.Tree {
		t.Errorf("with Always: %+v", r)
	}
	b.Check()
}

func TestAFileSoYoungThatAChangeCouldHideIsReadAgain(t *testing.T) {
	b := New(t, some())
	b.Write(Tree{"home/ann/letter.txt": File("Dear Eve")})
	info, err := os.Stat(b.Path("home/ann/letter.txt"))
	if err != nil {
		t.Fatal(err)
	}
	soon := info.ModTime().Add(5 * time.Millisecond)
	b.Capture(func(o *backup.Options) { o.Now = func() time.Time { return soon } })
	time.Sleep(30 * time.Millisecond)
	first := b.Capture()
	second := b.Capture()
	if first.Read == 0 || first.Snapshot != "" || second.Read != 0 || second.Snapshot != "" {
		t.Errorf("first %+v, second %+v", first, second)
	}
	b.Check()
}

func TestEveryKindOfChangeIsCaptured(t *testing.T) {
	tests := map[string]struct {
		change func(b *Bench)
		want   engine.CaptureResult
	}{
		"a file is changed": {func(b *Bench) { b.Write(Tree{"home/ann/letter.txt": File("Dear Eve, more")}) },
			engine.CaptureResult{Changed: 1}},
		"a file keeps size and time": {func(b *Bench) {
			info, _ := os.Stat(b.Path("home/ann/letter.txt"))
			b.Write(Tree{"home/ann/letter.txt": File("Dear Eve").At(info.ModTime())})
		}, engine.CaptureResult{Changed: 1}},
		"a file is new":                {func(b *Bench) { b.Write(Tree{"home/ann/new/file": File("new")}) }, engine.CaptureResult{New: 1}},
		"a file is deleted":            {func(b *Bench) { b.Remove("home/ann/letter.txt") }, engine.CaptureResult{Deleted: 1}},
		"a folder is new and empty":    {func(b *Bench) { b.Write(Tree{"home/ann/void": Dir()}) }, engine.CaptureResult{}},
		"a folder is deleted":          {func(b *Bench) { b.Remove("home/ann/work") }, engine.CaptureResult{}},
		"a file is renamed":            {move("home/ann/letter.txt", "home/ann/letter to Bob.txt"), engine.CaptureResult{New: 1, Deleted: 1}},
		"a folder is renamed":          {move("home/ann/work", "home/ann/play"), engine.CaptureResult{New: 3}},
		"a file is moved":              {move("home/ann/letter.txt", "home/bob/from Ann.txt"), engine.CaptureResult{New: 1, Deleted: 1}},
		"a file takes another's place": {move("home/ann/letter.txt", "home/ann/work/report.txt"), engine.CaptureResult{Changed: 1, Deleted: 1}},
		"a link is new":                {func(b *Bench) { b.Write(Tree{"home/ann/work/link": Symlink("report.txt")}) }, engine.CaptureResult{New: 1}},
		"a link leads elsewhere": {func(b *Bench) {
			b.Remove("home/ann/work/latest")
			b.Write(Tree{"home/ann/work/latest": Symlink("report.txt")})
		}, engine.CaptureResult{Changed: 1}},
		"a link is deleted": {func(b *Bench) { b.Remove("home/ann/work/latest") }, engine.CaptureResult{Deleted: 1}},
		"a file becomes a folder": {func(b *Bench) {
			b.Remove("home/ann/letter.txt")
			b.Write(Tree{"home/ann/letter.txt/page": File("1")})
		}, engine.CaptureResult{New: 1}},
		"a folder becomes a file": {func(b *Bench) {
			b.Remove("home/ann/work")
			b.Write(Tree{"home/ann/work": File("all of it")})
		}, engine.CaptureResult{Changed: 1}},
		"a file becomes a link": {func(b *Bench) {
			b.Remove("home/ann/letter.txt")
			b.Write(Tree{"home/ann/letter.txt": Symlink("empty")})
		}, engine.CaptureResult{Changed: 1}},
		"a mode changes":              {func(b *Bench) { os.Chmod(b.Path("home/ann/letter.txt"), 0o600) }, engine.CaptureResult{Changed: 1}},
		"the mode of a folder":        {func(b *Bench) { os.Chmod(b.Path("home/ann/work"), 0o700) }, engine.CaptureResult{}},
		"the time of a folder":        {func(b *Bench) { os.Chtimes(b.Path("home/ann/work/old"), time.Unix(1, 0), time.Unix(1, 0)) }, engine.CaptureResult{}},
		"a further name is given":     {func(b *Bench) { os.Link(b.Path("home/ann/letter.txt"), b.Path("home/bob/same")) }, engine.CaptureResult{New: 1, Changed: 1}},
		"everything is deleted":       {func(b *Bench) { b.Remove("home/ann"); b.Remove("home/bob") }, engine.CaptureResult{}},
		"a file is emptied":           {func(b *Bench) { os.Truncate(b.Path("home/ann/letter.txt"), 0) }, engine.CaptureResult{Changed: 1}},
		"a large file grows a little": {func(b *Bench) { Grow(b, "home/ann/pictures/two.jpg", "more") }, engine.CaptureResult{Changed: 1}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := New(t, some())
			time.Sleep(25 * time.Millisecond)
			b.Capture()
			old := b.Last()
			was := Describe(t, b.Dir)
			test.change(b)
			r := b.Capture()
			if r.New != test.want.New || r.Changed != test.want.Changed || r.Deleted != test.want.Deleted || r.Snapshot == "" {
				t.Errorf("%+v, want %+v", r, test.want)
			}
			b.Check()
			Same(t, "the version before", Describe(t, b.Restore(old.Tree)), was)
		})
	}
}

func move(from, to string) func(b *Bench) {
	return func(b *Bench) {
		if err := os.Rename(b.Path(from), b.Path(to)); err != nil {
			b.Fatal(err)
		}
	}
}

func TestTheClockGoingBackKeepsTheOrderOfVersions(t *testing.T) {
	b := New(t, some())
	b.Capture()
	first := b.Last()
	b.Write(Tree{"home/ann/letter.txt": File("Dear Eve")})
	r := b.Capture(func(o *backup.Options) { o.Now = func() time.Time { return first.Time.Add(-1000 * time.Hour) } })
	if !r.Time.After(first.Time) {
		t.Errorf("the second capture is of %v, the first of %v", r.Time, first.Time)
	}
	b.Check()
}

func TestTwoComputersShareADestination(t *testing.T) {
	a := New(t, some())
	b := a.Second(some())
	done := make(chan error)
	go func() { _, err := a.Try(); done <- err }()
	go func() { _, err := b.Try(); done <- err }()
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []*Bench{a, b} {
		if err := x.Catalog.Sync(t.Context(), x.Repo, nil); err != nil {
			t.Fatal(err)
		}
		x.Check()
	}
	b.Write(Tree{"home/ann/copy": Random(1, 100_000), "home/ann/another": Random(2, 700_000)})
	if r := b.Capture(); r.Stored > 10_000 {
		t.Errorf("%d bytes for what was there already", r.Stored)
	}
	b.Check()
	a.Restic("check", "--read-data")
}
