package verify_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/verify"
)

// drilled is a folder of this computer and a backup of it by restic.
func drilled(t *testing.T) (p *place, home string) {
	t.Helper()
	home = filepath.Join(t.TempDir(), "home")
	dir := filepath.Join(t.TempDir(), "repository")
	fill(t, home, files{"thesis/one.tex": noise("one", 5000), "thesis/two.tex": noise("two", 5000), "film": noise("film", 2_000_000), "empty": "", "pictures/cats/cat.jpg": noise("cat", 100)})
	restic(t, dir, "init")
	restic(t, dir, "backup", "--host", "laptop", home)
	fill(t, home, files{"thesis/one.tex": noise("draft", 5000)})
	restic(t, dir, "backup", "--host", "laptop", home)
	return openPlace(t, dir), home
}

func (p *place) drill(o verify.DrillOptions) engine.Proof {
	p.t.Helper()
	o.Repo, o.Scratch = p.r, filepath.Join(p.t.TempDir(), "scratch")
	proof, err := verify.Drill(p.t.Context(), o)
	p.must(err)
	if left, err := os.ReadDir(o.Scratch); err != nil || len(left) != 0 {
		p.t.Errorf("left behind: %v, %v", left, err)
	}
	return proof
}

func TestADrillProvesThatFilesComeBack(t *testing.T) {
	t.Parallel()
	p, home := drilled(t)
	t.Run("all of a small backup", func(t *testing.T) {
		proof := p.drill(verify.DrillOptions{Device: "host:laptop"})
		// Five files, one of them or two again as a folder, and the old draft.
		if n := proof.Amount.Files; len(proof.Failed) != 0 || n < 7 || n > 8 || proof.Time.IsZero() || proof.Took <= 0 {
			t.Errorf("%+v", proof)
		}
	})
	t.Run("a few files", func(t *testing.T) {
		proof := p.drill(verify.DrillOptions{Device: "host:laptop", Files: 2, Bytes: 20_000})
		if n := proof.Amount.Files; len(proof.Failed) != 0 || n < 4 || n > 5 || proof.Amount.Bytes > 20_000 {
			t.Errorf("%+v", proof)
		}
	})
	t.Run("a file that changed since is no failure", func(t *testing.T) {
		fill(t, home, files{"film": noise("another film", 2_000_000)})
		if proof := p.drill(verify.DrillOptions{Device: "host:laptop"}); len(proof.Failed) != 0 {
			t.Errorf("%+v", proof)
		}
	})
	t.Run("a file that differs and pretends not to is one", func(t *testing.T) {
		cat := filepath.Join(home, "pictures/cats/cat.jpg")
		info, err := os.Stat(cat)
		p.must(err)
		fill(t, home, files{"pictures/cats/cat.jpg": noise("dog", 100)})
		p.must(os.Chtimes(cat, time.Now(), info.ModTime()))
		proof := p.drill(verify.DrillOptions{Device: "host:laptop"})
		if len(proof.Failed) == 0 || !strings.HasPrefix(proof.Failed[0], filepath.ToSlash(cat)+" ") {
			t.Errorf("%+v", proof)
		}
		if proof := p.drill(verify.DrillOptions{}); len(proof.Failed) != 0 {
			t.Errorf("nothing was to be compared: %+v", proof)
		}
	})
}

func TestADrillNamesWhatDoesNotComeBack(t *testing.T) {
	p, _, now, _ := example(t)
	if proof := p.drill(verify.DrillOptions{Device: "id-laptop"}); len(proof.Failed) != 0 || proof.Amount.Files < 9 {
		t.Fatalf("%+v", proof)
	}
	p.flipBlob(p.find(now, "/home/anna/letter.txt"))
	p.flipBlob(p.find(now, "/home/anna/thesis/figures"))
	proof := p.drill(verify.DrillOptions{Device: "id-laptop"})
	said := strings.Join(proof.Failed, "\n")
	for _, name := range []string{"/home/anna/letter.txt did not come back", "/home/anna/letter copy.txt did not", "in /home/anna/thesis/figures/ cannot be read"} {
		if !strings.Contains(said, name) {
			t.Errorf("%q does not say %q", proof.Failed, name)
		}
	}
	if len(proof.Failed) != 3 || proof.Amount.Files == 0 {
		t.Errorf("%+v", proof)
	}
}

func TestADrillWithoutABackupCannotBeTried(t *testing.T) {
	p, _, _, _ := example(t)
	_, err := verify.Drill(t.Context(), verify.DrillOptions{Repo: p.r, Device: "id-unknown", Scratch: t.TempDir()})
	if engine.KindOf(err) != engine.KindNotFound {
		t.Errorf("%v", err)
	}
}

func TestADrillWithADamagedListFails(t *testing.T) {
	p, _, _, _ := example(t)
	ids, err := p.r.ListIndexes(t.Context())
	p.must(err)
	flip(t, p.path("index", ids[0]), 60)
	proof, err := verify.Drill(t.Context(), verify.DrillOptions{Repo: p.r, Device: "id-laptop", Scratch: t.TempDir()})
	if err != nil || len(proof.Failed) != 1 {
		t.Errorf("%+v, %v", proof, err)
	}
}

func TestADrillRestoresAsManyAsItIsTold(t *testing.T) {
	p := newPlace(t)
	f := files{}
	for i := range 40 {
		name := "/" + string(rune('a'+i%4)) + "/" + noiseName(i)
		f[name] = name
	}
	p.backUp("laptop", day, f)
	proof := p.drill(verify.DrillOptions{Files: 10, Rand: rand.New(rand.NewPCG(1, 2))})
	if proof.Amount.Files != 20 { // ten files, and a folder of ten
		t.Errorf("%+v", proof)
	}
}
