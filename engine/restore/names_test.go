//go:build linux

package restore_test

import (
	"os"
	"path/filepath"
	"testing"

	"holdfast/engine"
	. "holdfast/engine/backup/backuptest"
	"holdfast/engine/repo"
	"holdfast/engine/restore"
)

func TestAFileThatSomebodyMadeMeanwhileIsTreatedAsChosen(t *testing.T) {
	const mark = " (before restore 3 Jul 2026)"
	tests := map[string]struct {
		exists engine.Existing
		answer engine.Existing
		text   string
		want   map[string]string
		state  engine.ItemState
		files  int64
	}{
		"renamed": {engine.ExistingRename, "", "somebody's", map[string]string{"a": "stored", "a" + mark: "somebody's"}, engine.ItemRestored, 1},
		"set aside, as only what was there before is overwritten": {engine.ExistingOverwrite, "", "somebody's", map[string]string{"a": "stored", "a" + mark: "somebody's"}, engine.ItemRestored, 1},
		"overwritten, as was answered":                            {engine.ExistingSkip, engine.ExistingOverwrite, "somebody's", map[string]string{"a": "stored"}, "", 1},
		"asked about":                                             {engine.ExistingSkip, "", "somebody's", map[string]string{"a": "somebody's"}, engine.ItemAsking, 0},
		"kept":                                                    {engine.ExistingKeep, "", "somebody's", map[string]string{"a": "somebody's"}, engine.ItemSkipped, 0},
		"identical":                                               {engine.ExistingSkip, "", "stored", map[string]string{"a": "stored"}, engine.ItemSkipped, 0},
	}
	b := captured(t, Tree{"a": File("stored")})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := prepare(t, b)
			r.options.Exists = test.exists
			if test.answer != "" {
				r.options.Answers = map[string]engine.Existing{filepath.Join(r.target, "a"): test.answer}
			}
			r.meanwhile("a", test.text)
			if r.last(); r.err != nil {
				t.Fatal(r.err)
			}
			r.has(test.want)
			if r.items["/a"].State != test.state {
				t.Errorf("%+v", r.items)
			}
			if n, bytes := r.counts.Files.Load(), r.counts.Bytes.Load(); n != test.files || bytes != 6*test.files {
				t.Errorf("%d files of %d bytes counted", n, bytes)
			}
		})
	}
}

func TestAFolderThatSomebodyMadeMeanwhileIsSetAside(t *testing.T) {
	const mark = " (before restore 3 Jul 2026)"
	b := captured(t, Tree{"a": File("stored")})
	r := prepare(t, b)
	r.options.Exists = engine.ExistingOverwrite
	Tree{"a": File("present")}.Write(t, r.target)
	r.options.Locator = &noticing{Locator: r.options.Locator, id: repo.Hash([]byte("stored")), do: func() {
		must(t, os.Remove(filepath.Join(r.target, "a")))
		Tree{"a/precious": File("precious")}.Write(t, r.target)
	}}
	if r.last(); r.err != nil || r.failed() != "" {
		t.Fatal(r.err, r.items)
	}
	r.has(map[string]string{"a": "stored", "a" + mark + "/precious": "precious"})
}

func TestWhatIsToBeSetAsideMayBeGoneByThen(t *testing.T) {
	b := captured(t, Tree{"a": File("stored")})
	r := prepare(t, b)
	Tree{"a": File("present")}.Write(t, r.target)
	r.options.Locator = &noticing{Locator: r.options.Locator, id: repo.Hash([]byte("stored")), do: func() {
		must(t, os.Remove(filepath.Join(r.target, "a")))
	}}
	r.last().works().has(map[string]string{"a": "stored"})
}

// Two stored files that meet under one name are what README and Readme are to a file
// system that takes them for the same.
func TestTwoStoredFilesThatMeetUnderOneNameAreBothKept(t *testing.T) {
	const mark = " (before restore 3 Jul 2026)"
	b := New(t, Tree{})
	one, two := forge(t, b, node("x", "file", "text", "one")), forge(t, b, node("x", "file", "text", "two"))
	contents := func(id *repo.ID, path string) restore.Source {
		return restore.Source{Node: repo.Node{Type: repo.NodeDir, Subtree: id}, Path: path}
	}
	for _, exists := range []engine.Existing{engine.ExistingRename, engine.ExistingOverwrite, engine.ExistingSkip} {
		r := prepare(t, b)
		r.options.Exists, r.options.Workers = exists, 1
		r.sources(contents(&one, "/1"), contents(&two, "/2"))
		if r.err != nil || r.failed() != "" {
			t.Fatal(r.err, r.items)
		}
		switch {
		case exists == engine.ExistingSkip:
			if r.items["/2/x"].State != engine.ItemAsking && r.items["/1/x"].State != engine.ItemAsking {
				t.Errorf("not asked: %+v", r.items)
			}
		default:
			found := map[string]bool{}
			for _, name := range []string{"x", "x" + mark} {
				data, _ := os.ReadFile(filepath.Join(r.target, name))
				found[string(data)] = true
			}
			if !found["one"] || !found["two"] {
				t.Errorf("%s: found %v", exists, found)
			}
		}
	}
}
