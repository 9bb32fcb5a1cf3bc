package getfiles

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
)

var monday = time.Date(2026, 11, 23, 18, 30, 0, 0, time.UTC)

func TestPathsOfAnyComputer(t *testing.T) {
	for _, c := range []struct{ path, parent, base string }{
		{"/home/ann/Documents", "/home/ann", "Documents"},
		{"/home/", "/", "home"},
		{"/", "/", ""},
		{"", "/", ""},
		{`C:\Users\ann`, `C:\Users`, "ann"},
		{`C:`, "/", "C:"},
	} {
		if got := parent(c.path); got != c.parent {
			t.Errorf("parent(%q) = %q, want %q", c.path, got, c.parent)
		}
		if got := base(c.path); got != c.base {
			t.Errorf("base(%q) = %q, want %q", c.path, got, c.base)
		}
	}
	if within("/home/anna", "/home/ann") || !within("/home/ann/x", "/home/ann") || !within("/a", "/") {
		t.Error("within looks at whole names")
	}
	if got := way("/", "/home/ann"); !slices.Equal(got, []string{"/", "/home", "/home/ann"}) {
		t.Errorf("way = %q", got)
	}
	if way("/home/ann", "/etc") != nil {
		t.Error("there is no way down to a folder elsewhere")
	}
	if got := shown("a\nb\xff"); got != "a\uFFFDb\uFFFD" {
		t.Errorf("shown = %q", got)
	}
}

func TestCrumbsAreElidedInTheMiddle(t *testing.T) {
	all := []crumb{{"Home of ann", "/h"}, {"a", "/h/a"}, {"b", "/h/a/b"}, {"c", "/h/a/b/c"}, {"last", "/h/a/b/c/last"}}
	measure := func(s string) float32 { return float32(len([]rune(s))) }
	names := func(width float32) string {
		var out []string
		for _, c := range elide(all, width, measure, 1) {
			out = append(out, c.name)
		}
		return strings.Join(out, ">")
	}
	for width, want := range map[float32]string{
		100: "Home of ann>a>b>c>last",
		21:  "Home of ann>…>c>last",
		19:  "Home of ann>…>last",
		8:   "…>last",
	} {
		if got := names(width); got != want {
			t.Errorf("at %v: %s, want %s", width, got, want)
		}
	}
}

func TestNamesSortAsPeopleReadThem(t *testing.T) {
	want := []string{"1", "Page 2", "page 9", "page 10", "PAGE 11", "äpfel"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, natural)
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	items := []engine.Item{
		{Name: "b", Size: 1, Kind: engine.KindFile}, {Name: "z", Kind: engine.KindFolder},
		{Name: "a", Size: 9, Kind: engine.KindFile}, {Name: "c", Size: 9, Kind: engine.KindFile},
	}
	for o, want := range map[order]string{{}: "zabc", {by: bySize, down: true}: "zacb", {down: true}: "zcba"} {
		out := ""
		for _, item := range o.sorted(items) {
			out += item.Name
		}
		if out != want {
			t.Errorf("%+v sorts to %s, want %s", o, out, want)
		}
	}
}

func FuzzNaturalIsAnOrder(f *testing.F) {
	f.Add("a10", "a9", "a09")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if natural(a, b) != -natural(b, a) {
			t.Errorf("%q and %q", a, b)
		}
		if natural(a, b) <= 0 && natural(b, c) <= 0 && natural(a, c) > 0 {
			t.Errorf("%q %q %q", a, b, c)
		}
	})
}

func TestChosenFolderMeansAllInIt(t *testing.T) {
	p := newPicks()
	p.add(pick{path: "/h/thesis/a"})
	folder := engine.Item{Path: "/h/thesis", Kind: engine.KindFolder}
	file := engine.Item{Path: "/h/thesis/b", Kind: engine.KindFile}
	gone := engine.Item{Path: "/h/thesis/old", Kind: engine.KindFile, Deleted: monday}
	if p.mark(folder) != engine.MarkDash || p.mark(file) != engine.MarkEmpty {
		t.Fatal("a folder with a chosen file in it has a dash")
	}
	p.add(pick{path: "/h/thesis", folder: true})
	if p.len() != 1 || p.mark(folder) != engine.MarkCheck || p.mark(file) != engine.MarkCheck {
		t.Fatal("a chosen folder holds what was chosen in it")
	}
	if p.mark(gone) != engine.MarkEmpty {
		t.Error("as of now, a folder does not hold what was deleted from it")
	}
	cover, folders := p.levels("/h/thesis/chapters/1.tex")
	if cover.path != "/h/thesis" || !slices.Equal(folders, []string{"/h/thesis", "/h/thesis/chapters"}) {
		t.Fatalf("levels = %v %q", cover, folders)
	}
	p.split(cover, "/h/thesis/chapters/1.tex", [][]engine.Item{
		{{Path: "/h/thesis/chapters", Kind: engine.KindFolder}, {Path: "/h/thesis/b", Kind: engine.KindFile}},
		{{Path: "/h/thesis/chapters/1.tex"}, {Path: "/h/thesis/chapters/2.tex"}},
	})
	var paths []string
	for _, one := range p.list() {
		paths = append(paths, one.path)
	}
	if !slices.Equal(paths, []string{"/h/thesis/b", "/h/thesis/chapters/2.tex"}) {
		t.Errorf("left chosen: %q", paths)
	}
}

func TestTheBarSaysWhatIsNotAsOfToday(t *testing.T) {
	p := newPicks()
	p.add(pick{path: "/a", name: "a"})
	if p.note(monday) != "" {
		t.Error("nothing to say of today")
	}
	p.add(pick{path: "/b", name: "b.txt", version: "1", when: monday.Add(-7 * time.Hour)})
	if got := p.note(monday); got != "b.txt as of Today 11:30" {
		t.Errorf("note = %q", got)
	}
	p.add(pick{path: "/c", name: "c", at: monday.AddDate(0, 0, -1)})
	if got := p.note(monday); got != "2 as of other times" {
		t.Errorf("note = %q", got)
	}
}

func TestTreeOpensWhatIsAskedAndKeepsItOverAReload(t *testing.T) {
	tr := newTree(treeRow{path: "/h", name: "Home of h"}, treeRow{path: "/", name: "All"})
	rows := func() string {
		var out []string
		for _, r := range tr.rows {
			out = append(out, fmt.Sprintf("%d%s", r.depth, r.name))
		}
		return strings.Join(out, " ")
	}
	tr.setOpen("/h", true)
	if got := tr.wanted(""); !slices.Equal(got, []string{"/h"}) || tr.wanted("") != nil {
		t.Fatalf("wanted %q, then nothing", got)
	}
	tr.set("/h", []engine.Item{
		{Path: "/h/b", Name: "b", Kind: engine.KindFolder}, {Path: "/h/a", Name: "a", Kind: engine.KindFolder},
		{Path: "/h/file", Name: "file", Kind: engine.KindFile},
	})
	if got := rows(); got != "0Home of h 1a 1b 0All" {
		t.Fatalf("rows: %s", got)
	}
	tr.reveal("/h/b/deep/er")
	if got := rows(); got != "0Home of h 1a 1b 2deep 3er 0All" {
		t.Fatalf("rows: %s", got)
	}
	tr.stale()
	if got := tr.wanted("/h/b"); !slices.Equal(got, []string{"/h", "/h/b/deep"}) {
		t.Fatalf("wanted again: %q", got)
	}
	tr.set("/h", nil)
	if got := rows(); got != "0Home of h 0All" {
		t.Fatalf("rows: %s", got)
	}
}

func TestMonthHasTheDaysWithCaptures(t *testing.T) {
	m := monthOf([]time.Time{monday, monday.Add(-time.Hour), monday.AddDate(0, -1, 0)}, monday)
	if m.length() != 30 || m.blanks() != 6 { // 1 November 2026 is a Sunday
		t.Errorf("%d days after %d blanks", m.length(), m.blanks())
	}
	if len(m.days) != 1 || len(m.days[23]) != 2 {
		t.Errorf("days: %v", m.days)
	}
	if m.next().Month() != time.December || m.previous().Month() != time.October {
		t.Error("months follow one another")
	}
}

func TestDatesAreSaidInWords(t *testing.T) {
	for at, want := range map[time.Time]string{
		monday:                    "today",
		monday.AddDate(0, 0, -1):  "yesterday",
		monday.AddDate(0, 0, -19): "4 Nov",
		monday.AddDate(-1, 0, 0):  "23 Nov 2025",
	} {
		if got := shortDay(at, monday); got != want {
			t.Errorf("%v: %q, want %q", at, got, want)
		}
	}
	if asOf(time.Time{}, monday) != "Today" {
		t.Error("no moment is today")
	}
}
