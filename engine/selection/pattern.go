package selection

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"holdfast/engine"
)

// builder compiles exclusions into a matcher.
type builder struct {
	env  Env
	home []string
	m    *matcher
}

// maxExtension bounds an extension in bytes, maxPlaces the elements of all patterns on
// paths, maxProgram the size of a regular expression when all its repetitions are
// written out.
const (
	maxExtension = 64
	maxPlaces    = 1 << 14
	maxProgram   = 4_000
)

func newBuilder(env Env) *builder {
	return &builder{
		env:  env,
		home: split(env.Home),
		m: &matcher{
			fold:    env.CaseFold,
			names:   make(map[string][]*rule),
			endings: make(map[string][]*rule),
		},
	}
}

// always adds what is out on every computer. Its rules come before all exclusions.
func (b *builder) always(system []string) {
	r := &rule{order: -1, always: "Left out: it belongs to the running system and holds nothing to keep."}
	for _, pattern := range slices.Concat(system, systemFiles) {
		// These patterns are our own, and a test compiles them.
		_ = b.wildcard(pattern, r)
	}
}

// systemFiles are those of other systems, which may stand on any drive.
var systemFiles = []string{
	"/?:/pagefile.sys", "/?:/hiberfil.sys", "/?:/swapfile.sys", "/?:/System Volume Information/",
	"/private/var/vm/", ".Spotlight-V100/", ".fseventsd/", ".DocumentRevisions-V100/",
}

func (b *builder) add(x *engine.Exclusion, s engine.Selection) error {
	r := &rule{order: b.order(), exclusion: x, label: x.Pattern}
	switch x.Kind {
	case engine.ExcludePreset:
		return b.preset(x, s)
	case engine.ExcludeExtension:
		ending, err := extension(x.Pattern)
		r.label = "." + ending
		if err == nil {
			b.ending(ending, r)
		}
		return err
	case engine.ExcludeWildcard:
		return b.wildcard(x.Pattern, r)
	case engine.ExcludeRegexp:
		return b.regexp(x.Pattern, r)
	}
	return ErrKind
}

// order numbers the rules as they come.
func (b *builder) order() int {
	b.m.count++
	return b.m.count
}

func (b *builder) preset(x *engine.Exclusion, s engine.Selection) error {
	p, ok := presetNamed(x.Pattern)
	if !ok {
		return ErrPreset
	}
	for _, e := range p.Extensions {
		b.ending(e, &rule{order: b.order(), exclusion: x, label: p.Title + " (." + e + ")"})
	}
	for _, pattern := range p.Patterns {
		if strings.HasPrefix(pattern, "~/") && len(b.home) == 0 || b.wanted(pattern, s) {
			continue
		}
		r := &rule{order: b.order(), exclusion: x, label: p.Title + " (" + strings.TrimSuffix(pattern, "/") + ")"}
		if err := b.wildcard(pattern, r); err != nil {
			return err
		}
	}
	return nil
}

// wanted says whether a folder that a preset names by its whole path, as /tmp, holds
// the home folder or something that was chosen: then it is not what the preset means.
func (b *builder) wanted(pattern string, s engine.Selection) bool {
	if !strings.HasPrefix(pattern, "/") {
		return false
	}
	folder := split(pattern)
	if within(b.home, folder) {
		return true
	}
	return slices.ContainsFunc(s.Choices, func(c engine.Choice) bool {
		return c.Include && within(split(c.Path), folder)
	})
}

// extension takes what people write for an extension: iso, .iso or *.iso.
func extension(pattern string) (string, error) {
	e := strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(pattern), "*"), "."))
	switch {
	case e == "":
		return "", ErrEmpty
	case len(e) > maxExtension:
		return "", ErrTooLong
	case strings.ContainsAny(e, "/\\*?[]\x00") || strings.HasPrefix(e, ".") || strings.HasSuffix(e, "."):
		return "", ErrExtension
	}
	return e, nil
}

func (b *builder) ending(e string, r *rule) {
	b.m.endings[e] = append(b.m.endings[e], r)
	b.m.dots = max(b.m.dots, strings.Count(e, ".")+1)
	b.m.longest = max(b.m.longest, len(e))
}

// wildcard compiles a wildcard pattern. Without a slash it is about the name, wherever
// it stands; with one about the path: from the top if it begins with a slash or a
// volume, from the home folder with ~/, else from any folder. ** stands for any number
// of folders. A slash at the end means folders only.
func (b *builder) wildcard(pattern string, r *rule) error {
	switch {
	case strings.IndexByte(pattern, 0) >= 0:
		return ErrNUL
	case len(pattern) > longest:
		return ErrTooLong
	}
	if volume, _ := splitVolume(pattern); volume != "" {
		segments := split(pattern)
		return b.path(append([]string{escape(segments[0])}, segments[1:]...), r, strings.HasSuffix(pattern, `\`))
	}
	body := strings.TrimRight(pattern, "/")
	folders := body != pattern
	if body == "" {
		return ErrEmpty
	}
	if !strings.Contains(body, "/") && body != "**" {
		return b.name(body, r, folders)
	}
	var segments []string
	switch rest, home := strings.CutPrefix(body, "~/"); {
	case home && len(b.home) == 0:
		return ErrNoHome
	case home:
		for _, s := range b.home {
			segments = append(segments, escape(s))
		}
		body = rest
	case !strings.HasPrefix(body, "/"):
		segments = append(segments, "**")
	}
	for s := range strings.SplitSeq(body, "/") {
		if s != "" && s != "." {
			segments = append(segments, s)
		}
	}
	return b.path(segments, r, folders)
}

// escape makes a name a pattern that matches it alone.
func escape(name string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(name)
}

func only(r *rule, folders bool) *rule {
	if folders {
		copied := *r
		copied.folders = true
		return &copied
	}
	return r
}

func (b *builder) name(pattern string, r *rule, folders bool) error {
	g, err := compileGlob(pattern, b.m.fold)
	if err != nil {
		return err
	}
	r = only(r, folders)
	if text, ok := g.literal(); ok {
		b.m.names[text] = append(b.m.names[text], r)
		return nil
	}
	if len(b.m.globs) == maxPlaces {
		return ErrTooMany
	}
	b.m.globs = append(b.m.globs, globRule{g, r})
	return nil
}

func (b *builder) path(segments []string, r *rule, folders bool) error {
	segments = slices.CompactFunc(segments, func(a, b string) bool { return a == "**" && b == "**" })
	if len(segments) == 0 {
		return ErrEmpty
	}
	if len(b.m.places)+len(segments) > maxPlaces {
		return ErrTooMany
	}
	r = only(r, folders)
	places := make([]place, len(segments))
	for i, s := range segments {
		p := place{any: s == "**", last: i == len(segments)-1, rule: r}
		if !p.any {
			g, err := compileGlob(s, b.m.fold)
			if err != nil {
				return err
			}
			if text, ok := g.literal(); ok {
				p.text = text
			} else {
				p.glob = g
			}
		}
		places[i] = p
	}
	first := len(b.m.places)
	b.m.places = append(b.m.places, places...)
	b.m.begin = b.m.reach(b.m.begin, uint16(first))
	return nil
}

func (b *builder) regexp(pattern string, r *rule) error {
	switch {
	case pattern == "":
		return ErrEmpty
	case len(pattern) > longest:
		return ErrTooLong
	}
	if b.m.fold {
		pattern = "(?i:" + pattern + ")"
	}
	// The size is bounded before the program is made, which could take much memory.
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return err
	}
	b.m.program += size(parsed)
	if b.m.program > maxProgram {
		return ErrComplex
	}
	x, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	b.m.regexps = append(b.m.regexps, regexpRule{x, r})
	return nil
}

// size is about the number of instructions of an expression.
func size(x *syntax.Regexp) int {
	n := 1 + len(x.Rune)/2
	for _, sub := range x.Sub {
		n = min(n+size(sub), maxProgram+1)
	}
	if x.Op == syntax.OpRepeat {
		n *= max(1, x.Min, x.Max)
	}
	return min(n, maxProgram+1)
}

// done works out what a name that matches nothing leaves of the places.
func (b *builder) done() *matcher {
	for _, at := range b.m.begin {
		if b.m.places[at].any && !b.m.places[at].last {
			b.m.float = b.m.reach(b.m.float, at)
		}
	}
	return b.m
}
