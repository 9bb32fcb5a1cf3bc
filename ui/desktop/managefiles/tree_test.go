package managefiles

import (
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
