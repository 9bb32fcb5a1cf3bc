package managefiles

import (
	"context"
	"strings"
	"testing"

	"holdfast/engine"
)

func folder(path string, mark engine.Mark) engine.SelectRow {
	return engine.SelectRow{Path: path, Name: base(path), Kind: engine.RowFolder, Mark: mark, Size: -1, Parent: true}
}

func file(path string, mark engine.Mark) engine.SelectRow {
	return engine.SelectRow{Path: path, Name: base(path), Kind: engine.RowFile, Mark: mark, Size: 10}
}

// drawn is the tree as a person sees it.
func drawn(t *tree) string {
	var b strings.Builder
	for _, n := range t.flat {
		b.WriteString(strings.Repeat(" ", n.depth) + "o-x"[n.row.Mark:n.row.Mark+1] + n.row.Name + "\n")
	}
	return strings.TrimSpace(b.String())
}

func sample() *tree {
	t := &tree{}
	t.setRoots([]engine.SelectRow{folder("/a", engine.MarkCheck), folder("/d", engine.MarkEmpty)})
	t.toggle(t.find("/a"))
	t.setChildren("/a", []engine.SelectRow{folder("/a/b", engine.MarkCheck), file("/a/f", engine.MarkCheck)})
	t.toggle(t.find("/a/b"))
	t.setChildren("/a/b", []engine.SelectRow{file("/a/b/g", engine.MarkCheck)})
	return t
}

func TestTreeShowsOnlyWhatIsOpen(t *testing.T) {
	tr := sample()
	if got, want := drawn(tr), "xa\n xb\n  xg\n xf\nod"; got != want {
		t.Errorf("open:\n%s", got)
	}
	tr.toggle(tr.find("/a"))
	if got, want := drawn(tr), "xa\nod"; got != want {
		t.Errorf("closed:\n%s", got)
	}
	tr.toggle(tr.find("/a"))
	if got, want := drawn(tr), "xa\n xb\n  xg\n xf\nod"; got != want {
		t.Errorf("what was open below should be open again:\n%s", got)
	}
}

func TestFreshRowsKeepWhatIsOpenAndCounted(t *testing.T) {
	tr := sample()
	tr.setSize("/a/b", 77)
	tr.setChildren("/a", []engine.SelectRow{folder("/a/aa", engine.MarkEmpty), folder("/a/b", engine.MarkDash)})
	if got, want := drawn(tr), "xa\n oaa\n -b\n  xg\nod"; got != want {
		t.Errorf("got:\n%s", got)
	}
	if got := tr.find("/a/b").row.Size; got != 77 {
		t.Errorf("the size was forgotten: %d", got)
	}
	if got := strings.Join(tr.openPaths(), " "); got != "/a /a/b" {
		t.Errorf("open: %s", got)
	}
}

func TestAPathMayStandInTheTreeTwice(t *testing.T) {
	tr := &tree{}
	tr.setRoots([]engine.SelectRow{folder("/a/b", engine.MarkCheck), folder("/a", engine.MarkDash)})
	tr.toggle(tr.flat[1])
	tr.setChildren("/a", []engine.SelectRow{folder("/a/b", engine.MarkCheck)})
	tr.toggle(tr.flat[2])
	tr.setChildren("/a/b", []engine.SelectRow{file("/a/b/g", engine.MarkCheck)})
	if got, want := drawn(tr), "xb\n-a\n xb\n  xg"; got != want {
		t.Errorf("got:\n%s", got)
	}
}

func TestExpectShowsTheLikelyMarksAtOnce(t *testing.T) {
	tr := sample()
	tr.expect("/a/b", engine.MarkEmpty)
	if got, want := drawn(tr), "-a\n ob\n  og\n xf\nod"; got != want {
		t.Errorf("unchecked:\n%s", got)
	}
	tr.expect("/a", engine.MarkCheck)
	if got, want := drawn(tr), "xa\n xb\n  xg\n xf\nod"; got != want {
		t.Errorf("checked:\n%s", got)
	}
	tr.find("/a/f").row.Mark = engine.MarkEmpty
	tr.find("/a/f").row.State = "Excluded: caches"
	tr.expect("/a", engine.MarkCheck)
	if tr.find("/a/f").row.Mark != engine.MarkEmpty {
		t.Error("an excluded file looks as if it were backed up")
	}
}

func TestSizesCountWhatIsSeenLastFirst(t *testing.T) {
	started := make(chan string, 10)
	release := make(chan struct{})
	applied := make(chan func(), 10)
	got := map[string]int64{}
	s := newSizes(
		func(ctx context.Context, path string) (engine.Amount, error) {
			started <- path
			select {
			case <-release:
			case <-ctx.Done():
			}
			return engine.Amount{Bytes: int64(len(path))}, ctx.Err()
		},
		func(f func()) { applied <- f },
		func(path string, a engine.Amount, err error) { got[path] = a.Bytes },
	)
	s.show(1, "/a")
	s.show(2, "/bb")
	s.show(3, "/ccc")
	s.show(4, "/dddd")
	first := map[string]bool{<-started: true, <-started: true}
	if !first["/a"] || !first["/bb"] || len(s.queue) != 2 {
		t.Fatalf("started %v, queued %v", first, s.queue)
	}
	s.show(1, "") // scrolled away: its count ends, and the newest in the queue starts
	(<-applied)()
	if p := <-started; p != "/dddd" {
		t.Errorf("then came %s", p)
	}
	s.show(3, "/bb")
	if len(s.queue) != 0 {
		t.Errorf("still queued: %v", s.queue)
	}
	close(release)
	(<-applied)()
	(<-applied)()
	if len(got) != 2 || got["/bb"] != 3 || got["/dddd"] != 5 {
		t.Errorf("counted %v", got)
	}
}
