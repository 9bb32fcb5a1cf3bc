package selection_test

import (
	"errors"
	"strings"
	"testing"

	"holdfast/engine"
	"holdfast/engine/selection"
)

const home = "/home/ada"

func in(path string) engine.Choice {
	return engine.Choice{Path: path, Include: true, NewItems: true}
}

func out(path string) engine.Choice { return engine.Choice{Path: path} }

func listed(path string) engine.Choice { return engine.Choice{Path: path, Include: true} }

func preset(name string) engine.Exclusion {
	return engine.Exclusion{Kind: engine.ExcludePreset, Pattern: name}
}

func wildcard(pattern string) engine.Exclusion {
	return engine.Exclusion{Kind: engine.ExcludeWildcard, Pattern: pattern}
}

func ending(pattern string) engine.Exclusion {
	return engine.Exclusion{Kind: engine.ExcludeExtension, Pattern: pattern}
}

func expression(pattern string) engine.Exclusion {
	return engine.Exclusion{Kind: engine.ExcludeRegexp, Pattern: pattern}
}

func compile(t testing.TB, env selection.Env, parts ...any) *selection.Rules {
	t.Helper()
	var s engine.Selection
	for _, p := range parts {
		switch p := p.(type) {
		case engine.Choice:
			s.Choices = append(s.Choices, p)
		case engine.Exclusion:
			s.Exclusions = append(s.Exclusions, p)
		case engine.Selection:
			s = p
		}
	}
	r, err := selection.Compile(s, env)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestMark(t *testing.T) {
	tests := []struct {
		name  string
		parts []any
		path  string
		dir   bool
		want  engine.Mark
	}{
		{"a chosen folder is checked", []any{in(home)}, home, true, engine.MarkCheck},
		{"a file in a chosen folder is checked", []any{in(home)}, home + "/a/b", false, engine.MarkCheck},
		{"a folder above a chosen one has a dash", []any{in(home)}, "/home", true, engine.MarkDash},
		{"the top above a chosen folder has a dash", []any{in(home)}, "/", true, engine.MarkDash},
		{"a folder beside a chosen one is empty", []any{in(home)}, "/home/bob", true, engine.MarkEmpty},
		{"a folder whose name begins like a chosen one is empty", []any{in(home)}, "/home/adamant", true, engine.MarkEmpty},
		{"nothing is chosen in an empty selection", nil, "/", true, engine.MarkEmpty},
		{"the top may be chosen", []any{in("/")}, "/", true, engine.MarkCheck},
		{"everything below a chosen top is checked", []any{in("/")}, "/srv/x", true, engine.MarkCheck},
		{"a checked folder with something taken out has a dash", []any{in(home), out(home + "/Music")}, home, true, engine.MarkDash},
		{"what is taken out is empty", []any{in(home), out(home + "/Music")}, home + "/Music", true, engine.MarkEmpty},
		{"what is in something taken out is empty", []any{in(home), out(home + "/Music")}, home + "/Music/x", false, engine.MarkEmpty},
		{"something chosen in what is taken out gives a dash", []any{in(home), out(home + "/Music"), in(home + "/Music/own")}, home + "/Music", true, engine.MarkDash},
		{"and is checked itself", []any{in(home), out(home + "/Music"), in(home + "/Music/own")}, home + "/Music/own", true, engine.MarkCheck},
		{"a folder without new items has a dash", []any{listed(home), in(home + "/a")}, home, true, engine.MarkDash},
		{"what came to it later is empty", []any{listed(home), in(home + "/a")}, home + "/b", true, engine.MarkEmpty},
		{"what was listed in it is checked", []any{listed(home), in(home + "/a")}, home + "/a", true, engine.MarkCheck},
		{"an exclusion below does not make a check a dash", []any{in(home), preset("caches")}, home, true, engine.MarkCheck},
		{"an excluded folder is empty", []any{in(home), preset("caches")}, home + "/.cache", true, engine.MarkEmpty},
		{"a choice of something excluded is empty", []any{in(home + "/.cache/x"), preset("caches")}, home + "/.cache/x", true, engine.MarkEmpty},
		{"a choice of something excluded gives no dash above", []any{in(home + "/.cache/x"), preset("caches")}, home, true, engine.MarkEmpty},
		{"taking out what is excluded anyway leaves the check", []any{in(home), out(home + "/.cache"), wildcard(".cache")}, home, true, engine.MarkCheck},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := compile(t, selection.Env{Home: home}, tt.parts...)
			if got := r.Mark(tt.path, tt.dir); got != tt.want {
				t.Errorf("Mark(%s) = %d, want %d", tt.path, got, tt.want)
			}
		})
	}
}

func TestDecideSaysWhy(t *testing.T) {
	tests := []struct {
		name  string
		parts []any
		path  string
		dir   bool
		in    bool
		rule  string
	}{
		{"the check on a folder counts for what is in it", []any{in(home + "/Documents")}, home + "/Documents/a/b.txt", false,
			true, "Chosen by the check on Documents."},
		{"the check on the top is named as such", []any{in("/")}, "/srv/x", false, true, "Chosen by the check on /."},
		{"nothing speaks of a path", []any{in(home)}, "/srv/x", false, false, "Not chosen: neither it nor a folder above it is checked."},
		{"a check was taken away", []any{in(home), out(home + "/Downloads")}, home + "/Downloads/x", false,
			false, "Not chosen: the check on Downloads was taken away."},
		{"a folder has chosen things in it", []any{in(home)}, "/home", true, false, "Not chosen itself, but something in it is."},
		{"new items do not join", []any{listed(home), in(home + "/a")}, home + "/b", false,
			false, "Not chosen: it came to ada later, and new items do not join there."},
		{"a preset decides by an extension", []any{in(home), preset("virtualdisks")}, home + "/Win.PVM", true,
			false, "Left out by the exclusion Virtual disks (.pvm)."},
		{"a preset decides by a folder above", []any{in(home), preset("caches")}, home + "/.cache/x/y", false,
			false, "Left out with the folder .cache by the exclusion Caches (~/.cache)."},
		{"an extension of the person's own decides", []any{in(home), ending("*.ISO")}, home + "/a.iso", false,
			false, "Left out by the exclusion .iso."},
		{"a wildcard decides", []any{in(home), wildcard("*.bak")}, home + "/a.bak", false,
			false, "Left out by the exclusion *.bak."},
		{"an expression decides", []any{in(home), expression(`/x\d+$`)}, home + "/x12", false,
			false, `Left out by the exclusion /x\d+$.`},
		{"the first of several exclusions is named", []any{in(home), wildcard("a.*"), ending("iso")}, home + "/a.iso", false,
			false, "Left out by the exclusion a.*."},
		{"an exclusion beats a choice of the very path", []any{in(home + "/a.iso"), ending("iso")}, home + "/a.iso", false,
			false, "Left out by the exclusion .iso."},
		{"an exclusion that is off does nothing", []any{in(home), engine.Exclusion{Kind: engine.ExcludeExtension, Pattern: "iso", Off: true}}, home + "/a.iso", false,
			true, "Chosen by the check on ada."},
		{"the system's folders are always out", []any{in("/")}, "/proc/1/mem", false,
			false, "Left out: it belongs to the running system and holds nothing to keep."},
		{"even when they are chosen", []any{in("/sys/x")}, "/sys/x", true,
			false, "Left out: it belongs to the running system and holds nothing to keep."},
		{"a drive in /run/media can be chosen", []any{in("/run/media/ada/Drive")}, "/run/media/ada/Drive/x", false,
			true, "Chosen by the check on Drive."},
		{"what is beside it stays out", []any{in("/"), in("/run/media/ada/Drive")}, "/run/user/1000/bus", false,
			false, "Left out: it belongs to the running system and holds nothing to keep."},
		{"the program's own files are out", []any{in("/"), in(home + "/.holdfast/x")}, home + "/.holdfast/x", false,
			false, "Left out: Holdfast keeps its own files there."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := compile(t, selection.Env{Home: home, OwnDirs: []string{home + "/.holdfast"}}, tt.parts...)
			d := r.Decide(tt.path, tt.dir)
			if d.Included != tt.in || d.Rule != tt.rule {
				t.Errorf("Decide(%s) = %v, %q; want %v, %q", tt.path, d.Included, d.Rule, tt.in, tt.rule)
			}
		})
	}
}

func TestExclusions(t *testing.T) {
	tests := []struct {
		name string
		x    engine.Exclusion
		yes  []string // paths, folders with a slash at the end
		no   []string
	}{
		{"an extension is the end of the name, in any case", ending("iso"),
			[]string{"/a.iso", "/x/B.ISO", "/a.b.iso", "/bundle.iso/", "/bundle.iso/inside"},
			[]string{"/a.isox", "/aiso", "/.iso", "/iso", "/a.iso.txt"}},
		{"an extension may have a dot in it", ending(".tar.gz"), []string{"/a.tar.gz", "/a.b.TAR.gz"}, []string{"/a.gz", "/tar.gz"}},
		{"a plain name is the whole name, anywhere", wildcard("core"), []string{"/core", "/a/core", "/a/core/b"}, []string{"/score", "/core2", "/Core"}},
		{"a star stands for any part of a name", wildcard("a*z"), []string{"/az", "/a.b.z", "/x/aaz/y"}, []string{"/a", "/azb", "/a/z"}},
		{"stars may be many", wildcard("*a*b*"), []string{"/ab", "/xaybz"}, []string{"/ba", "/a"}},
		{"a question mark is one character of any length", wildcard("?x"), []string{"/ax", "/äx", "/\xffx"}, []string{"/x", "/aax"}},
		{"a class is one of its characters", wildcard("[a-cx]1"), []string{"/a1", "/c1", "/x1"}, []string{"/d1", "/1", "/-1"}},
		{"a class may be turned round", wildcard("[!a-c]1"), []string{"/d1", "/ä1"}, []string{"/a1", "/1"}},
		{"a class may be turned round the other way", wildcard("[^a]1"), []string{"/d1"}, []string{"/a1"}},
		{"a bracket may be in a class", wildcard("[]]"), []string{"/]"}, []string{"/["}},
		{"a backslash takes the meaning away", wildcard(`\*\[`), []string{"/*["}, []string{"/a["}},
		{"a slash at the end means folders only", wildcard("build/"), []string{"/build/", "/x/build/a"}, []string{"/build"}},
		{"a slash at the beginning means from the top", wildcard("/a/b"), []string{"/a/b", "/a/b/c"}, []string{"/x/a/b", "/a", "/a/c"}},
		{"a slash inside means from any folder", wildcard("a/b"), []string{"/a/b", "/x/y/a/b"}, []string{"/a/x/b", "/b"}},
		{"a tilde stands for the home folder", wildcard("~/a*"), []string{home + "/abc", home + "/a/b"}, []string{home + "/x/a", "/abc"}},
		{"a star does not cross a slash", wildcard("/a/*/c"), []string{"/a/b/c"}, []string{"/a/c", "/a/b/b/c"}},
		{"two stars stand for any folders", wildcard("/a/**/c"), []string{"/a/c", "/a/b/c", "/a/b/b/c/d"}, []string{"/c", "/a/b"}},
		{"two stars may stand twice", wildcard("/**/a/**/b"), []string{"/a/b", "/x/a/y/a/b"}, []string{"/b/a", "/a"}},
		{"two stars at the end leave the folder itself", wildcard("/a/**"), []string{"/a/b", "/a/b/c"}, []string{"/a", "/a/"}},
		{"three stars are no more than two", wildcard("/a/**/**/c"), []string{"/a/c", "/a/b/c"}, []string{"/c"}},
		{"stars inside a name are one star", wildcard("a**b"), []string{"/ab", "/axb"}, []string{"/a/b"}},
		{"an expression is about the whole path", expression(`^/a/.*\.x$`), []string{"/a/b.x", "/a/b/c.x"}, []string{"/b/a/c.x", "/a/b.xy"}},
		{"an expression may match in the middle of a path", expression(`cache`), []string{"/a/mycaches/b"}, []string{"/a/CACHE"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := compile(t, selection.Env{Home: home}, in("/"), tt.x)
			for _, p := range append(tt.yes, tt.no...) {
				want := len(tt.yes) > 0
				if d := r.Decide(strings.TrimSuffix(p, "/"), strings.HasSuffix(p, "/")); d.Included == want {
					t.Errorf("%s: included %v, want %v", p, d.Included, !want)
				}
				if len(tt.yes) > 0 {
					tt.yes = tt.yes[1:]
				}
			}
		})
	}
}

func TestCaseFoldTakesNamesThatDifferInCaseForOne(t *testing.T) {
	r := compile(t, selection.Env{Home: `C:\Users\Ada`, OwnDirs: []string{`C:\Users\Ada\AppData\Local\Holdfast`}, CaseFold: true},
		in(`C:\Users\Ada`), out(`C:\Users\Ada\Music`), wildcard("Thumbs.DB"), wildcard("[A-C]1"), wildcard(`~/Old/*.Txt`), wildcard(`C:\Users\*\Temp\`), expression(`^c:/users/.*/x$`))
	for path, want := range map[string]bool{
		`c:\users\ada\documents\a`:                 true,
		`C:\USERS\ADA\MUSIC\a`:                     false,
		`C:\Users\Bob\a`:                           false,
		`C:\Users\Ada\thumbs.db`:                   false,
		`C:\Users\Ada\b1`:                          false,
		`C:\Users\Ada\old\A.TXT`:                   false,
		`C:\Users\Ada\TEMP\a`:                      false,
		`C:\Users\Ada\deep\X`:                      false,
		`C:\Users\Ada\appdata\local\holdfast\x.db`: false,
	} {
		if d := r.Decide(path, false); d.Included != want {
			t.Errorf("%s: %v (%s)", path, d.Included, d.Rule)
		}
	}
	if got := r.Roots(); len(got) != 1 || got[0] != `C:\Users\Ada` {
		t.Errorf("Roots() = %q", got)
	}
	if compile(t, selection.Env{}, in("/a")).Decide("/A", true).Included {
		t.Error("without CaseFold, /A is not /a")
	}
}

func TestDefaultKeepsWhatPeopleMade(t *testing.T) {
	for _, home := range []string{"/home/ada", "/tmp/test/home", "/Users/ada", `C:\Users\Ada`} {
		r := compile(t, selection.Env{Home: home}, selection.Default(home))
		slash := func(p string) string {
			if strings.HasPrefix(home, "C:") {
				return strings.ReplaceAll(p, "/", `\`)
			}
			return p
		}
		for _, kept := range []string{
			"", "/Documents/thesis.docx", "/Desktop/a.txt", "/Pictures/2024/a.jpg", "/Music/song.mp3", "/.config/app/settings.json",
			"/Documents/Cache/notes.txt", "/work/target/plan.txt", "/work/dist/a", "/vm/disk.vdi", "/.ssh/id_ed25519", "/.bashrc",
			"/Downloads/installer.iso", "/.local/share/app/data.db", "/src/node_modules/x/index.js", "/.git/HEAD",
		} {
			if d := r.Decide(slash(home+kept), kept == ""); !d.Included {
				t.Errorf("%s is left out: %s", home+kept, d.Rule)
			}
		}
		for _, left := range []string{
			"/.cache/x", "/.local/share/Trash/files/a", "/.Trash/a", "/Library/Caches/x", "/AppData/Local/Temp/x", "/Documents/~$thesis.docx",
			"/Documents/.~lock.a.odt#", "/Downloads/film.mp4.part", "/Downloads/a.crdownload", "/a.tmp", "/Documents/.DS_Store",
			"/.config/chromium/Default/Cache/data_0", "/.mozilla/firefox/p/cache2/entries/1",
		} {
			if d := r.Decide(slash(home+left), false); d.Included {
				t.Errorf("%s is taken: %s", home+left, d.Rule)
			}
		}
	}
}

func TestEveryPresetCompilesAndIsDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range selection.Presets() {
		if p.Title == "" || p.Description == "" || seen[p.Name] {
			t.Errorf("preset %+v", p)
		}
		seen[p.Name] = true
		compile(t, selection.Env{Home: home}, preset(p.Name))
		compile(t, selection.Env{}, preset(p.Name))
	}
	r := compile(t, selection.Env{Home: home}, in("/"))
	for _, p := range []string{"/proc", "/sys/x", "/dev", "/run", "/.fseventsd", "/private/var/vm"} {
		if r.Decide(p, true).Included {
			t.Errorf("%s is taken", p)
		}
	}
}

func TestTemporaryFoldersAreTakenWhenSomethingInThemIsChosen(t *testing.T) {
	r := compile(t, selection.Env{Home: home}, in("/"), preset("temporary"))
	if r.Decide("/tmp/x", false).Included {
		t.Error("/tmp is temporary")
	}
	r = compile(t, selection.Env{Home: home}, in("/tmp/work"), preset("temporary"))
	if !r.Decide("/tmp/work/x", false).Included {
		t.Error("/tmp/work was chosen")
	}
}

func TestCompileNamesTheBadPattern(t *testing.T) {
	tests := []struct {
		x    engine.Exclusion
		want error
	}{
		{wildcard(""), selection.ErrEmpty},
		{wildcard("//"), selection.ErrEmpty},
		{wildcard("[a"), selection.ErrClass},
		{wildcard("x/[a"), selection.ErrClass},
		{wildcard(`a\`), selection.ErrBackslash},
		{wildcard("a\x00"), selection.ErrNUL},
		{wildcard(strings.Repeat("a", 5000)), selection.ErrTooLong},
		{ending(""), selection.ErrEmpty},
		{ending("a/b"), selection.ErrExtension},
		{ending(strings.Repeat("a", 100)), selection.ErrTooLong},
		{expression(""), selection.ErrEmpty},
		{expression("(a{30}b){30}" + strings.Repeat("c{900}", 20)), selection.ErrComplex},
		{expression("("), nil},
		{preset("nonsense"), selection.ErrPreset},
		{engine.Exclusion{Kind: "mood", Pattern: "x"}, selection.ErrKind},
	}
	for _, tt := range tests {
		err := selection.Validate(tt.x)
		var p *selection.PatternError
		if !errors.As(err, &p) || p.Exclusion != tt.x || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%+.50v: %v, want %v", tt.x, err, tt.want)
		}
	}
	if err := selection.Validate(wildcard("~/x")); err != nil {
		t.Error(err)
	}
}

func TestRootsAreTheTopmostChoices(t *testing.T) {
	r := compile(t, selection.Env{Home: home, OwnDirs: []string{"/own"}},
		in(home), in(home+"/a"), out(home+"/b"), in(home+"/b/c"), in("/srv/x"), out("/srv"), in("/own/z"), in("/proc/1"), listed("/list"), in("/list/a"))
	got := strings.Join(r.Roots(), " ")
	if want := home + " /list /srv/x"; got != want {
		t.Errorf("Roots() = %s, want %s", got, want)
	}
}
