package selection

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"holdfast/engine"
)

// asExpression writes a wildcard pattern for one name as a regular expression, as a
// second opinion. It knows text, * and ? only.
func asExpression(pattern string) string {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for _, c := range pattern {
		switch c {
		case '*':
			b.WriteString(`.*`)
		case '?':
			b.WriteString(`.`)
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return b.String() + `\z`
}

func FuzzGlob(f *testing.F) {
	for _, s := range []string{"", "*", "a*b?c", "*a*a*a*", "[a-z]*", "[!x", "\\", "é?", "[]-a]", "**.*"} {
		f.Add(s, "abc.iso")
		f.Add(s, "ab\xffc")
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 200 || len(name) > 255 {
			return
		}
		g, err := compileGlob(pattern, false)
		if err != nil {
			return
		}
		got := g.matches(name)
		if strings.ContainsAny(pattern, `[\`) || !utf8.ValidString(pattern) || !utf8.ValidString(name) {
			return
		}
		if want := regexp.MustCompile(asExpression(pattern)).MatchString(name); got != want {
			t.Errorf("%q on %q: %v, want %v", pattern, name, got, want)
		}
	})
}

func FuzzCompile(f *testing.F) {
	for _, kind := range []string{"wildcard", "regexp", "extension"} {
		for _, s := range []string{"", "/", "~/x", "a/**/b/", `C:\x\*`, "(a|b)*", "*.tar.gz", "[", "a{1000}{1000}", `\\server\share\x`} {
			f.Add(kind, s, "/home/ada/x/y.tar.gz")
		}
	}
	f.Fuzz(func(t *testing.T, kind, pattern, path string) {
		if len(path) > 300 {
			return
		}
		s := engine.Selection{
			Choices:    []engine.Choice{{Path: "/", Include: true, NewItems: true}},
			Exclusions: []engine.Exclusion{{Kind: engine.ExclusionKind(kind), Pattern: pattern}},
		}
		for _, fold := range []bool{false, true} {
			r, err := Compile(s, Env{Home: "/home/ada", CaseFold: fold})
			if err != nil {
				continue
			}
			r.Mark(path, true)
			if d := r.Decide(path, false); d.Rule == "" {
				t.Errorf("no rule for %q", path)
			}
		}
	})
}

func TestAPatternOfManyStarsTakesNoTime(t *testing.T) {
	g, err := compileGlob(strings.Repeat("*a", 100)+"b", false)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for range 100 {
		g.matches(strings.Repeat("a", 255) + "cb")
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("100 matches took %v", took)
	}
}
