//go:build linux

package backup_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/backup"
	. "holdfast/engine/backup/backuptest"
	"holdfast/engine/source/sourcetest"
)

func look(paths ...string) func(*backup.Options) {
	return func(o *backup.Options) {
		o.Look = []backup.Look{}
		for _, p := range paths {
			recursive := strings.HasSuffix(p, "/…")
			o.Look = append(o.Look, backup.Look{Path: strings.TrimSuffix(p, "/…"), Recursive: recursive})
		}
	}
}

func TestACaptureOfSomeFoldersGivesTheTreeThatAFullOneGives(t *testing.T) {
	b := New(t, some())
	b.Capture()
	b.Write(Tree{"home/ann/work/report.txt": File("rewritten"), "home/ann/work/new/deep/file": File("n")})
	b.Remove("home/bob/letter.txt")
	b.Capture(look("/home/ann/work", "/home/bob"))
	partial := b.Last().Tree
	b.Check()
	if n := b.FS.Count(sourcetest.ReadDir, "/home/ann/pictures"); n != 1 {
		t.Errorf("a folder that was not to be looked at was listed %d times", n)
	}
	if r := b.Capture(); b.Last().Tree != partial || r.Snapshot != "" {
		t.Error("a full capture gives another tree")
	}
}

func TestWhatIsNotLookedAtIsCarriedOverUnread(t *testing.T) {
	b := New(t, some())
	b.Capture()
	was := Contents(t, b.Dir)
	b.Write(Tree{"home/bob/work/plan/1/unseen": File("x")})
	for _, l := range [][]string{{}, {"/home/ann"}, {"/nowhere/at/all"}, {"/home/bob/work"}} {
		b.Capture(look(l...))
		b.CheckCatalog()
		Same(t, fmt.Sprint(l), Contents(t, b.Restore(b.Last().Tree)), was)
	}
	b.Capture(look("/home/…"))
	b.Check()
}

func TestRandomChangesAndLooksEndInTheSameTree(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 0))
		b := New(t, some())
		b.Capture()
		name := func() string {
			p := "home"
			for range 1 + r.IntN(3) {
				p += fmt.Sprintf("/%c", 'a'+r.IntN(3))
			}
			return p
		}
		for range 12 {
			looks := []string{}
			for range 1 + r.IntN(4) {
				p := name()
				switch at := b.Path(p); r.IntN(4) {
				case 0:
					os.RemoveAll(at)
				case 1:
					os.RemoveAll(at)
					os.Rename(b.Path(name()), at)
				default:
					if os.MkdirAll(filepath.Dir(at), 0o755) == nil {
						os.WriteFile(at, fmt.Appendf(nil, "text %d", r.Uint64()), 0o644)
					}
				}
				looks = append(looks, "/"+filepath.Dir(p))
			}
			if r.IntN(3) > 0 {
				b.Capture(look(looks...))
				b.CheckCatalog()
				continue
			}
			b.Capture()
			b.Check()
		}
		b.Capture()
		b.Check()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestTakingACheckAwayTakesItOutOfTheTreeUnlessItIsKept(t *testing.T) {
	b := New(t, some())
	b.Capture()
	b.Chosen = engine.Selection{Choices: []engine.Choice{
		{Path: "/", Include: true, NewItems: true}, {Path: "/home/ann/work", Include: false}, {Path: "/home/bob/letter.txt", Include: false}}}
	keep := func(o *backup.Options) {
		o.Keep = func(p string) bool { return strings.HasPrefix(p, "/home/ann/work") }
	}
	r := b.Capture(keep)
	b.CheckCatalog()
	got := strings.Join(Contents(t, b.Restore(b.Last().Tree)), "\n")
	if !strings.Contains(got, "work/old/notes") || strings.Contains(got, "bob/letter.txt") {
		t.Errorf("kept:\n%s\n%+v", got, r)
	}
	b.Remove("home/ann/work") // kept though it is not there any more
	b.Capture(keep)
	b.CheckCatalog()
	if got := strings.Join(Contents(t, b.Restore(b.Last().Tree)), "\n"); !strings.Contains(got, "work/old/notes") {
		t.Errorf("kept after it was deleted:\n%s", got)
	}
	b.Capture()
	b.CheckCatalog()
	if got := strings.Join(Contents(t, b.Restore(b.Last().Tree)), "\n"); strings.Contains(got, "work") && strings.Contains(got, "notes") {
		t.Errorf("not kept:\n%s", got)
	}
}

func TestTheVirtualFolderHoldsTheSettings(t *testing.T) {
	b := New(t, some())
	settings := func(text string) func(*backup.Options) {
		return func(o *backup.Options) {
			o.Extra = []backup.Extra{{Name: "settings.json", Data: []byte(text), ModTime: time.Unix(5, 0)}, {Name: "empty"}}
		}
	}
	b.Capture(settings("one"))
	b.CheckCatalog()
	time.Sleep(25 * time.Millisecond)
	b.Capture(settings("one"))
	if r := b.Capture(settings("one")); r.Snapshot != "" || r.Stored != 0 {
		t.Errorf("the same settings: %+v", r)
	}
	if r := b.Capture(settings("two")); r.Snapshot == "" {
		t.Error("other settings made no snapshot")
	}
	b.CheckCatalog()
	top := b.Restore(b.Last().Tree)
	if data, err := os.ReadFile(top + "/.holdfast/settings.json"); err != nil || string(data) != "two" {
		t.Errorf("%q, %v", data, err)
	}
	os.RemoveAll(top + "/.holdfast")
	Same(t, "files", Describe(t, top), Describe(t, b.Dir))
	b.Restic("check", "--read-data")
}
