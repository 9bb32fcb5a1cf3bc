package selection_test

import (
	"fmt"
	"math/rand/v2"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	"holdfast/engine"
	"holdfast/engine/selection"
)

// tree is a made-up disk: paths, with whether they are folders.
type tree struct {
	paths []string
	dir   map[string]bool
}

var someNames = []string{"a", "b", "c", "d.iso", "e.bak", "cache", "build", "Übung", "x\xff"}

func randomTree(r *rand.Rand) tree {
	t := tree{paths: []string{"/"}, dir: map[string]bool{"/": true}}
	for range 30 {
		parent := t.paths[r.IntN(len(t.paths))]
		p := path.Join(parent, someNames[r.IntN(len(someNames))])
		if _, there := t.dir[p]; there || !t.dir[parent] {
			continue
		}
		t.paths = append(t.paths, p)
		t.dir[p] = r.IntN(3) > 0
	}
	return t
}

func (t tree) children(folder string) []string {
	var list []string
	for _, p := range t.paths {
		if p != "/" && path.Dir(p) == folder {
			list = append(list, p)
		}
	}
	return list
}

var someExclusions = []engine.Exclusion{
	ending("iso"), wildcard("*.bak"), wildcard("cache"), wildcard("a/b"), wildcard("/a/**/c"), wildcard("b/**"), wildcard("~/c"),
	expression(`/c/.*a`), preset("downloading"), preset("trash"),
}

// clicks makes a selection as a person does, one click after the other.
func clicks(r *rand.Rand, t tree, n int) engine.Selection {
	var s engine.Selection
	for range n {
		p := t.paths[r.IntN(len(t.paths))]
		switch r.IntN(5) {
		case 0, 1:
			s = selection.Check(s, p)
		case 2, 3:
			s = selection.Uncheck(s, p)
		default:
			if t.dir[p] {
				s = selection.SetNewItems(s, p, r.IntN(2) == 0, t.children(p))
			}
		}
	}
	for _, x := range someExclusions {
		if r.IntN(4) == 0 {
			s.Exclusions = append(s.Exclusions, x)
		}
	}
	return s
}

func everyTree(t *testing.T, check func(t *testing.T, r *rand.Rand, disk tree, s engine.Selection, rules *selection.Rules)) {
	t.Helper()
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 7))
		disk := randomTree(r)
		s := clicks(r, disk, 1+r.IntN(6))
		env := selection.Env{Home: "/a"}
		if r.IntN(3) == 0 {
			env.OwnDirs = []string{disk.paths[r.IntN(len(disk.paths))]}
		}
		rules, err := selection.Compile(s, env)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { check(t, r, disk, s, rules) })
		if t.Failed() {
			t.Fatalf("selection %+v", s)
		}
	}
}

func TestTheWalkerDecidesAsDecideDoes(t *testing.T) {
	everyTree(t, func(t *testing.T, _ *rand.Rand, disk tree, _ engine.Selection, rules *selection.Rules) {
		var walk func(s selection.State, folder string)
		walk = func(s selection.State, folder string) {
			for _, p := range disk.children(folder) {
				next, got := s.Child(path.Base(p), disk.dir[p])
				want := rules.Decide(p, disk.dir[p])
				want.Rule = ""
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%s: walker %+v, Decide %+v", p, got, want)
				}
				walk(next, p)
			}
		}
		s, _ := rules.Walker("/")
		walk(s, "/")
	})
}

// TestAScanFindsAllThatIsIncluded holds Descend and Roots to their word: a scan that
// goes only where it is told finds every path that Decide includes.
func TestAScanFindsAllThatIsIncluded(t *testing.T) {
	everyTree(t, func(t *testing.T, _ *rand.Rand, disk tree, _ engine.Selection, rules *selection.Rules) {
		found := map[string]bool{}
		var walk func(s selection.State, d selection.Decision, p string)
		walk = func(s selection.State, d selection.Decision, p string) {
			if d.Included {
				found[p] = true
			}
			if !d.Included && !d.Descend {
				return
			}
			for _, child := range disk.children(p) {
				next, d := s.Child(path.Base(child), disk.dir[child])
				walk(next, d, child)
			}
		}
		for _, root := range rules.Roots() {
			if disk.dir[root] {
				s, d := rules.Walker(root)
				walk(s, d, root)
			} else if rules.Decide(root, false).Included {
				found[root] = true
			}
		}
		for _, p := range disk.paths {
			if got := rules.Decide(p, disk.dir[p]).Included; got != found[p] {
				t.Errorf("%s: included %v, found by the scan %v", p, got, found[p])
			}
		}
	})
}

// TestMarkSaysWhatDecideDoes: a check means that whatever is below is included unless
// an exclusion speaks, empty means that nothing is.
func TestMarkSaysWhatDecideDoes(t *testing.T) {
	everyTree(t, func(t *testing.T, _ *rand.Rand, disk tree, s engine.Selection, rules *selection.Rules) {
		for _, p := range disk.paths {
			mark := rules.Mark(p, disk.dir[p])
			below := []string{p}
			if disk.dir[p] {
				// Something that nobody has seen yet stands for all that may come.
				below = append(below, path.Join(p, "new"), path.Join(p, "new/new"))
				for _, q := range disk.paths {
					if strings.HasPrefix(q, strings.TrimSuffix(p, "/")+"/") {
						below = append(below, q)
						if disk.dir[q] {
							below = append(below, path.Join(q, "new"))
						}
					}
				}
			}
			some, all := false, true
			for _, q := range below {
				d := rules.Decide(q, disk.dir[q])
				excluded := strings.HasPrefix(d.Rule, "Left out")
				some = some || d.Included
				all = all && (d.Included || excluded && q != p)
			}
			want := engine.MarkDash
			switch {
			case !some:
				want = engine.MarkEmpty
			case all:
				want = engine.MarkCheck
			}
			if mark != want {
				t.Errorf("%s: mark %d, want %d", p, mark, want)
			}
		}
	})
}

func TestCheckThenUncheckReturnsToTheStart(t *testing.T) {
	everyTree(t, func(t *testing.T, r *rand.Rand, disk tree, s engine.Selection, _ *selection.Rules) {
		s.Exclusions = nil
		rules := compile(t, selection.Env{}, s)
		for _, p := range disk.paths {
			there := slices.ContainsFunc(s.Choices, func(c engine.Choice) bool {
				return c.Path == p || strings.HasPrefix(c.Path, strings.TrimSuffix(p, "/")+"/")
			})
			if there {
				continue
			}
			var back engine.Selection
			switch rules.Mark(p, disk.dir[p]) {
			case engine.MarkEmpty:
				back = selection.Uncheck(selection.Check(s, p), p)
			case engine.MarkCheck:
				back = selection.Check(selection.Uncheck(s, p), p)
			}
			if !slices.Equal(back.Choices, s.Choices) {
				t.Errorf("%s: %+v became %+v", p, s.Choices, back.Choices)
			}
		}
	})
}

func TestAClickGivesTheMarkThatWasAskedFor(t *testing.T) {
	everyTree(t, func(t *testing.T, _ *rand.Rand, disk tree, s engine.Selection, _ *selection.Rules) {
		s.Exclusions = nil
		before := slices.Clone(s.Choices)
		for _, p := range disk.paths {
			if got := compile(t, selection.Env{}, selection.Check(s, p)).Mark(p, disk.dir[p]); got != engine.MarkCheck {
				t.Errorf("%s: mark %d after Check", p, got)
			}
			if got := compile(t, selection.Env{}, selection.Uncheck(s, p)).Mark(p, disk.dir[p]); got != engine.MarkEmpty {
				t.Errorf("%s: mark %d after Uncheck", p, got)
			}
		}
		if !slices.Equal(before, s.Choices) {
			t.Error("the given selection was changed")
		}
	})
}

// TestSetNewItemsChangesNothingThatIsThere: only what comes later is decided anew.
func TestSetNewItemsChangesNothingThatIsThere(t *testing.T) {
	everyTree(t, func(t *testing.T, _ *rand.Rand, disk tree, s engine.Selection, _ *selection.Rules) {
		s.Exclusions = nil
		rules := compile(t, selection.Env{}, s)
		for _, p := range disk.paths {
			children := disk.children(p)
			if !disk.dir[p] || rules.Mark(p, true) == engine.MarkEmpty || len(children) == 0 {
				continue
			}
			for _, join := range []bool{true, false} {
				after := compile(t, selection.Env{}, selection.SetNewItems(s, p, join, children))
				for _, q := range disk.paths {
					if q == p || strings.HasPrefix(p, strings.TrimSuffix(q, "/")+"/") {
						continue // the folder itself and those above it are there for what is in them
					}
					if was, is := rules.Decide(q, disk.dir[q]).Included, after.Decide(q, disk.dir[q]).Included; was != is {
						t.Errorf("new items %v in %s: %s was %v, is %v", join, p, q, was, is)
					}
				}
				some := slices.ContainsFunc(children, func(q string) bool { return rules.Mark(q, disk.dir[q]) != engine.MarkEmpty })
				if (join || some) && after.NewItems(p) != join {
					t.Errorf("new items in %s: %v, want %v", p, after.NewItems(p), join)
				}
			}
		}
	})
}

func BenchmarkWalker(b *testing.B) {
	rules := compile(b, selection.Env{Home: "/home/ada", OwnDirs: []string{"/home/ada/.local/share/holdfast"}}, selection.Default("/home/ada"))
	names := make([]string, 64)
	for i := range names {
		names[i] = fmt.Sprintf("holiday picture %d.jpeg", i)
	}
	folder, _ := rules.Walker("/home/ada/Pictures/2024/July")
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		s, _ := folder.Child("somewhere", true)
		for _, name := range names {
			if _, d := s.Child(name, false); !d.Included {
				b.Fatal("left out")
			}
		}
		n += len(names) + 1
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "decisions/s")
}
