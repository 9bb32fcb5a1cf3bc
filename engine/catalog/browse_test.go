package catalog

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestAFolderIsShownAsItWasAtAnyMoment(t *testing.T) {
	c := open(t)
	capture(t, c, 1, folderAt("/docs"), file("/docs/a", "1", 1), file("/docs/b", "22", 1))
	capture(t, c, 2, file("/docs/a", "333", 2))
	capture(t, c, 3, gone("/docs/b"), file("/docs/c", "4444", 3))
	capture(t, c, 4, gone("/docs"))
	capture(t, c, 5, folderAt("/docs"), file("/docs/b", "22", 5))
	for _, test := range []struct {
		name string
		o    ChildrenOptions
		want string
	}{
		{"now", ChildrenOptions{}, "b:2"},
		{"now with deleted", ChildrenOptions{Deleted: true}, "-a:3 -c:4 b:2"},
		{"before everything", ChildrenOptions{At: at(0)}, ""},
		{"first", ChildrenOptions{At: at(1)}, "a:1 b:2"},
		{"between two captures", ChildrenOptions{At: at(1).Add(time.Minute)}, "a:1 b:2"},
		{"changed", ChildrenOptions{At: at(2)}, "a:3 b:2"},
		{"one is gone", ChildrenOptions{At: at(3)}, "a:3 c:4"},
		{"one is gone and shown", ChildrenOptions{At: at(3), Deleted: true}, "-b:2 a:3 c:4"},
		{"all gone", ChildrenOptions{At: at(4)}, ""},
		{"all gone and shown", ChildrenOptions{At: at(4), Deleted: true}, "-a:3 -b:2 -c:4"},
		{"come back", ChildrenOptions{At: at(9)}, "b:2"},
		{"what comes later is not deleted", ChildrenOptions{At: at(2), Deleted: true}, "a:3 b:2"},
	} {
		equal(t, test.name, list(t, c, "/docs", test.o), test.want)
	}
	equal(t, "top at 4", list(t, c, "/", ChildrenOptions{At: at(4)}), "")
	equal(t, "top at 3", list(t, c, "/", ChildrenOptions{At: at(3)}), "docs/")
	equal(t, "top now", list(t, c, "/", ChildrenOptions{}), "docs/")
}

func TestEveryVersionOfAFileIsInItsClock(t *testing.T) {
	c := open(t)
	capture(t, c, 1, file("/a", "1", 1))
	capture(t, c, 2, file("/a", "22", 2), file("/b", "x", 1))
	capture(t, c, 3, gone("/a"))
	equal(t, "deleted", clock(t, c, "/a"), "2@2 1@1")
	capture(t, c, 4, file("/a", "22", 2))
	equal(t, "deleted and come back", clock(t, c, "/a"), "2@4* 2@2 1@1")
	capture(t, c, 5, file("/a", "333", 5))
	capture(t, c, 6, gone("/a"), folderAt("/a"), file("/a/in", "x", 6))
	equal(t, "a file that became a folder", clock(t, c, "/a"), "0@6* 3@5 2@4 2@2 1@1")
	capture(t, c, 7, file("/a", "7777777", 7))
	equal(t, "and a file again", clock(t, c, "/a"), "7@7* 0@6 3@5 2@4 2@2 1@1")
	equal(t, "what lay in the folder", clock(t, c, "/a/in"), "1@6")

	e, err := c.Lookup(context.Background(), me, "/a")
	must(t, err)
	versions, err := c.Versions(context.Background(), e.ID)
	must(t, err)
	for _, v := range versions {
		n := int(v.Since.Sub(at(0)).Hours())
		equal(t, "snapshot", v.Snapshot, snapshot(n).ID)
	}
	content, err := c.Content(context.Background(), e.ID, at(2))
	must(t, err)
	equal(t, "content at 2", content[0], id("22"))
	_, err = c.Content(context.Background(), e.ID, at(3))
	equal(t, "none while deleted", errors.Is(err, ErrNotFound), true)
}

func TestChangedModesAndStatsMakeNoVersion(t *testing.T) {
	c := open(t)
	capture(t, c, 1, file("/a", "1", 1))
	g := file("/a", "1", 1)
	g.Entry.Mode, g.Entry.ChangeTime, g.Entry.Inode = 0o600, 99, 12
	capture(t, c, 2, g)
	equal(t, "clock", clock(t, c, "/a"), "1@1*")
	e, err := c.Lookup(context.Background(), me, "/a")
	must(t, err)
	equal(t, "mode", e.Mode, 0o600)
	equal(t, "change time", e.ChangeTime, 99)
	equal(t, "inode", e.Inode, 12)
}

func TestARenamedFolderIsGoneUnderTheOldName(t *testing.T) {
	c := open(t)
	capture(t, c, 1, folderAt("/old"), folderAt("/old/deep"), file("/old/deep/a", "1", 1), file("/old/b", "22", 1))
	capture(t, c, 2, gone("/old"), folderAt("/new"), folderAt("/new/deep"), file("/new/deep/a", "1", 1), file("/new/b", "22", 1))
	equal(t, "top", list(t, c, "/", ChildrenOptions{}), "new/")
	equal(t, "old one", list(t, c, "/old/deep", ChildrenOptions{}), "")
	equal(t, "old one as it was", list(t, c, "/old/deep", ChildrenOptions{At: at(1)}), "a:1")
	equal(t, "new one", list(t, c, "/new/deep", ChildrenOptions{}), "a:1")
	d, err := c.Device(context.Background(), me)
	must(t, err)
	equal(t, "files", d.Files, 2)
	equal(t, "bytes", d.Bytes, 3)
	equal(t, "last", d.LastSnapshot, snapshot(2).ID)
}

func TestNamesOfAnyBytesAreKeptAndFound(t *testing.T) {
	c := open(t)
	ctx := context.Background()
	names := []string{"caf\xe9", "new\nline", "a\"b'c%_", "Re\u0301sume\u0301.pdf", "RÉSUMÉ.doc", "\xff\xfe", "emoji 🎈", ".hidden resume"}
	var staged []Staged
	for _, n := range names {
		staged = append(staged, file("/"+n, n, 1))
	}
	capture(t, c, 1, staged...)
	for _, n := range names {
		e, err := c.Lookup(ctx, me, "/"+n)
		must(t, err)
		path, err := c.Path(ctx, e.ID)
		must(t, err)
		equal(t, "path", path, "/"+n)
	}
	for _, test := range []struct {
		text string
		want int
	}{{"resume", 2}, {"résumé", 2}, {"caf", 1}, {"🎈", 1}, {"B'C%_", 1}, {"nEw", 1}, {"%", 1}, {"e", 4}, {"xyz", 0}, {"", 0}, {`"`, 1}} {
		found, err := c.Find(ctx, me, test.text, FindOptions{})
		must(t, err)
		equal(t, "found for "+test.text, len(found), test.want)
	}
	found, err := c.Find(ctx, me, "resume", FindOptions{Hidden: true})
	must(t, err)
	equal(t, "with hidden", len(found), 3)
	equal(t, "whole name first", found[2].Name, ".hidden resume")
}

func TestSearchKnowsMomentsAndDeletedFiles(t *testing.T) {
	c := open(t)
	ctx := context.Background()
	capture(t, c, 1, file("/d/thesis.txt", "1", 1), file("/my thesis", "22", 1))
	capture(t, c, 2, file("/d/thesis.txt", "333", 2))
	capture(t, c, 3, gone("/d"), file("/synthesis", "x", 1))
	for _, test := range []struct {
		name string
		o    FindOptions
		want string
	}{
		{"now", FindOptions{}, "/my thesis:2 /synthesis:1"},
		{"with deleted", FindOptions{Deleted: true}, "/d/thesis.txt:3 /my thesis:2 /synthesis:1"},
		{"at 1", FindOptions{At: at(1)}, "/d/thesis.txt:1 /my thesis:2"},
		{"at 2", FindOptions{At: at(2)}, "/d/thesis.txt:3 /my thesis:2"},
		{"at 3", FindOptions{At: at(3)}, "/my thesis:2 /synthesis:1"},
		{"one only", FindOptions{Deleted: true, Limit: 1}, "/d/thesis.txt:3"},
	} {
		found, err := c.Find(ctx, me, "thesis", test.o)
		must(t, err)
		got := ""
		for i, f := range found {
			if i > 0 {
				got += " "
			}
			got += f.Path + ":" + string(rune('0'+f.Size))
		}
		equal(t, test.name, got, test.want)
	}
}

func TestStagedResultsReplaceEarlierOnesAndWitherWithTheirFolder(t *testing.T) {
	c := open(t)
	ctx := context.Background()
	capture(t, c, 1, folderAt("/d"), file("/d/a", "1", 1))
	store(t, c, "22", "333")
	must(t, c.Stage(ctx, []Staged{file("/d/a", "22", 2), file("/d/new", "22", 2)}))
	must(t, c.Stage(ctx, []Staged{file("/d/a", "333", 3), gone("/d/new")}))
	staged, err := c.StagedChildren(ctx, me, "/d/")
	must(t, err)
	equal(t, "staged", len(staged), 2)
	equal(t, "latest", staged[0].Entry.Content[0], id("333"))
	equal(t, "gone again", staged[1].Gone, true)
	equal(t, "acknowledged", list(t, c, "/d", ChildrenOptions{}), "a:1")
	must(t, c.Commit(ctx, snapshot(2)))
	equal(t, "committed", list(t, c, "/d", ChildrenOptions{Deleted: true}), "a:3")
	equal(t, "clock", clock(t, c, "/d/a"), "3@2* 1@1")

	must(t, c.Stage(ctx, []Staged{file("/d/sub/late", "22", 2)}))
	must(t, c.Stage(ctx, []Staged{gone("/d")}))
	must(t, c.Commit(ctx, snapshot(3)))
	equal(t, "top", list(t, c, "/", ChildrenOptions{}), "")
	_, err = c.Lookup(ctx, me, "/d/sub/late")
	equal(t, "withered", errors.Is(err, ErrNotFound), true)
	some, err := c.HasStaged(ctx, me)
	must(t, err)
	equal(t, "left over", some, false)
}

func TestACommitIsRefusedWholeWhenSomethingIsWrong(t *testing.T) {
	c := open(t)
	ctx := context.Background()
	capture(t, c, 2, file("/a", "1", 1))
	must(t, c.Stage(ctx, []Staged{file("/a", "1", 5), file("/b", "not stored", 1)}))
	err := c.Commit(ctx, snapshot(3))
	equal(t, "missing blob", errors.Is(err, ErrMissingBlob), true)
	equal(t, "names the path", err != nil && strings.Contains(err.Error(), "/b"), true)
	equal(t, "nothing changed", list(t, c, "/", ChildrenOptions{}), "a:1")
	err = c.Commit(ctx, snapshot(1))
	equal(t, "out of order", errors.Is(err, ErrOutOfOrder), true)
	store(t, c, "not stored")
	must(t, c.Commit(ctx, snapshot(3)))
	must(t, c.Commit(ctx, snapshot(3)))
	equal(t, "later", list(t, c, "/", ChildrenOptions{}), "a:1 b:10")
	next, err := c.NextTime(ctx, me, at(1))
	must(t, err)
	equal(t, "a clock set back", next.After(at(3)), true)
}
