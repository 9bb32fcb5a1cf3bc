//go:build linux

package restore_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
	. "holdfast/engine/backup/backuptest"
	"holdfast/engine/repo"
	"holdfast/engine/storage/faulty"
)

func TestAFurtherNameHasTheStoredBytesWhateverHappensToTheFirst(t *testing.T) {
	b := captured(t, Tree{"a": File("stored"), "z/b": Hard("a"), "z/c": Hard("a")})
	tests := map[string]func(first string) error{
		"it is written to": func(first string) error { return os.WriteFile(first, []byte("edited by somebody"), 0o644) },
		"it is written to, as long as before": func(first string) error {
			return os.WriteFile(first, []byte("edited"), 0o644)
		},
		"it is removed": os.Remove,
		"it is replaced": func(first string) error {
			if err := os.WriteFile(first+" new", []byte("edited"), 0o644); err != nil {
				return err
			}
			return os.Rename(first+" new", first)
		},
		"it is a link now": func(first string) error {
			if err := os.Remove(first); err != nil {
				return err
			}
			return os.Symlink("/etc/hostname", first)
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			r := prepare(t, b)
			r.options.All = true
			r.seen = func(i engine.JobItem) {
				if i.Path == "/a" {
					must(t, change(filepath.Join(r.target, "a")))
				}
			}
			if r.last(); r.err != nil || r.failed() != "" {
				t.Fatal(r.err, r.items)
			}
			for _, further := range []string{"z/b", "z/c"} {
				if data, err := os.ReadFile(filepath.Join(r.target, further)); err != nil || string(data) != "stored" {
					t.Errorf("%s is %q, %v", further, data, err)
				}
			}
			one, _ := os.Lstat(filepath.Join(r.target, "z/b"))
			two, _ := os.Lstat(filepath.Join(r.target, "z/c"))
			if !os.SameFile(one, two) {
				t.Error("the further names are not one file any more")
			}
			if n := r.counts.Files.Load(); n != 3 {
				t.Errorf("%d files counted", n)
			}
			if l := leftovers(t, r.target); len(l) > 0 {
				t.Errorf("left over: %v", l)
			}
		})
	}
}

func TestAFurtherNameWhereNoLinkIsPossibleIsAFileOfItsOwn(t *testing.T) {
	b := captured(t, Tree{"a": File("stored"), "other/b": Hard("a"), "other/c": Hard("a")})
	for _, exists := range []engine.Existing{engine.ExistingRename, engine.ExistingOverwrite, engine.ExistingSkip} {
		r := prepare(t, b)
		r.options.Exists = exists
		mount(t, filepath.Join(r.target, "other"), 0, "size=1m")
		if r.last(); r.err != nil || r.failed() != "" {
			t.Fatal(r.err, r.items)
		}
		want := map[string]string{"a": "stored", "other/b": "stored", "other/c": "stored"}
		r.has(want)
		r.options.Again = true
		if r.last(); r.err != nil || r.failed() != "" {
			t.Fatal(r.err, r.items)
		}
		r.has(map[string]string{"a": "stored", "other/b": "stored", "other/c": "stored"})
		if n := r.counts.Files.Load(); n != 3 {
			t.Errorf("%d files counted by the second run", n)
		}
	}
}

func TestAFurtherNameWhoseNameIsTakenIsTreatedAsChosen(t *testing.T) {
	const mark = " (before restore 3 Jul 2026)"
	b := captured(t, Tree{"a": File("stored"), "b": Hard("a")})
	tests := map[engine.Existing]struct {
		want  map[string]string
		state engine.ItemState
	}{
		engine.ExistingRename:    {map[string]string{"a": "stored", "b": "stored", "b" + mark: "present"}, engine.ItemRestored},
		engine.ExistingOverwrite: {map[string]string{"a": "stored", "b": "stored"}, ""},
		engine.ExistingSkip:      {map[string]string{"a": "stored", "b": "present"}, engine.ItemAsking},
		engine.ExistingKeep:      {map[string]string{"a": "stored", "b": "present"}, engine.ItemSkipped},
	}
	for exists, test := range tests {
		t.Run(string(exists), func(t *testing.T) {
			r := prepare(t, b)
			r.options.Exists = exists
			Tree{"b": File("present")}.Write(t, r.target)
			if r.last(); r.err != nil {
				t.Fatal(r.err)
			}
			r.has(test.want)
			if r.items["/b"].State != test.state {
				t.Errorf("%+v", r.items)
			}
		})
	}
}

func TestAFurtherNameOfALostFileIsLostByName(t *testing.T) {
	b := captured(t, Tree{"a": File("stored"), "b": Hard("a"), "z/c": Hard("a"), "good": File("good")})
	r := prepare(t, b)
	l := packsOf(t, r, []repo.ID{repo.Hash([]byte("stored"))})[0]
	flip(t, b, l.Pack, int64(l.Blob.Offset))
	r.last()
	if got := r.failed(); got != "/a /b /z/c" {
		t.Errorf("failed: %s", got)
	}
	r.has(map[string]string{"good": "good"})
}

func TestAFurtherNameOfAFileThatIsAskedAboutMeanwhileIsAFileOfItsOwn(t *testing.T) {
	b := captured(t, Tree{"a": File("stored"), "b": Hard("a"), "z/c": Hard("a")})
	for _, exists := range []engine.Existing{engine.ExistingSkip, engine.ExistingKeep} {
		r := prepare(t, b)
		r.options.Exists = exists
		r.meanwhile("a", "somebody's")
		if r.last(); r.err != nil || r.failed() != "" {
			t.Fatal(r.err, r.items)
		}
		r.has(map[string]string{"a": "somebody's", "b": "stored", "z/c": "stored"})
		if n := r.counts.Files.Load(); n != 2 {
			t.Errorf("%d files counted", n)
		}
	}
}

func TestLinkedFilesAreFetchedAgainOnlyWhenTheyMustBe(t *testing.T) {
	b := captured(t, Tree{"a": Random(1, 100_000), "b": Hard("a"), "c": Hard("a")})
	r := prepare(t, b)
	before := b.Store.Calls(faulty.Get)
	r.last().works().is()
	if n := b.Store.Calls(faulty.Get) - before; n > 2 { // the tree and the one file
		t.Errorf("%d reads", n)
	}
}

// meanwhile lets somebody make a file when the one of this name has been planned and
// is not there yet.
func (r *run) meanwhile(name, text string) {
	content := func() repo.ID {
		nodes, err := r.b.Repo.LoadTree(r.t.Context(), r.b.Catalog, r.b.Last().Tree)
		must(r.t, err)
		for _, n := range nodes {
			if n.Name == name {
				return n.Content[0]
			}
		}
		r.t.Fatalf("no %s", name)
		return repo.ID{}
	}()
	r.options.Locator = &noticing{Locator: r.options.Locator, id: content, do: func() {
		path := filepath.Join(r.target, name)
		must(r.t, os.WriteFile(path, []byte(text), 0o644))
		must(r.t, os.Chtimes(path, time.Time{}, long))
	}}
}

// noticing is a locator that does something when a blob is asked for the first time.
type noticing struct {
	repo.Locator
	id repo.ID
	do func()
}

func (n *noticing) Locate(t repo.BlobType, id repo.ID) (repo.Location, bool, error) {
	if id == n.id && n.do != nil {
		n.do()
		n.do = nil
	}
	return n.Locator.Locate(t, id)
}

func TestManyNamesOfOneFileComeBackAsOne(t *testing.T) {
	files := Tree{"a": File("stored")}
	for i := range 50 {
		files[strings.Repeat("d/", i%7)+"name "+string(rune('A'+i))] = Hard("a")
	}
	b := captured(t, files)
	r := prepare(t, b)
	r.last().works().is()
	r.options.Again = true
	r.last().works().is()
}
