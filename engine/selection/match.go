package selection

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"holdfast/engine"
)

// rule is one exclusion, or one pattern of a preset, as it is found by a match.
type rule struct {
	order     int // place in the list; the first one that matches decides
	exclusion *engine.Exclusion
	label     string // as in "Virtual disks (.pvm)"
	always    string // instead of an exclusion: the sentence of what is always out
	folders   bool   // matches folders only
}

// matcher holds all patterns, sorted by how they are found: those that are plain names
// and extensions by a look-up each, the others one by one.
type matcher struct {
	fold    bool
	names   map[string][]*rule
	endings map[string][]*rule // extensions in lower case, without the dot
	dots    int                // most dots within an extension, plus one
	longest int                // of the extensions, in bytes
	globs   []globRule
	places  []place
	begin   []uint16 // places to start from at the top
	float   []uint16 // places that a name without any meaning leaves
	regexps []regexpRule
	program int // size of all expressions
	count   int // of rules
}

type globRule struct {
	*glob
	rule *rule
}

type regexpRule struct {
	*regexp.Regexp
	rule *rule
}

// place is one element of a pattern on paths. A path that has come to a place goes on
// to the next one, if the name matches; ** stays where it is, and the place after it
// is reached along with it.
type place struct {
	any  bool // **
	last bool
	text string // when glob is nil
	glob *glob
	rule *rule
}

// step finds the rule that leaves out an entry of the folder s, nil if there is none.
// For a folder it takes the patterns on paths one name further, into next.
func (m *matcher) step(s, next *State, name, key string, dir bool) *rule {
	var best *rule
	take := func(r *rule) {
		if (dir || !r.folders) && (best == nil || r.order < best.order) {
			best = r
		}
	}
	for _, r := range m.names[key] {
		take(r)
	}
	m.extensions(name, take)
	for i := range m.globs {
		if g := &m.globs[i]; (best == nil || g.rule.order < best.order) && g.matches(key) {
			take(g.rule)
		}
	}
	m.advance(s, next, key, dir, take)
	if len(m.regexps) > 0 {
		m.expressions(s, next, name, dir, take)
	}
	return best
}

// extensions looks up the end of the name after each dot that may begin an extension.
// A name that begins with the dot, as .iso, is a hidden file and has no extension.
func (m *matcher) extensions(name string, take func(*rule)) {
	if len(m.endings) == 0 {
		return
	}
	var lower [maxExtension]byte
	end := len(name)
	for range m.dots {
		dot := strings.LastIndexByte(name[:end], '.')
		if dot < 1 || len(name)-dot-1 > m.longest {
			return
		}
		ending := lower[:len(name)-dot-1]
		for i := range ending {
			c := name[dot+1+i]
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			ending[i] = c
		}
		for _, r := range m.endings[string(ending)] {
			take(r)
		}
		end = dot
	}
}

func (m *matcher) advance(s, next *State, key string, dir bool, take func(*rule)) {
	var buf [64]uint16
	to := buf[:0]
	for _, at := range s.active {
		p := &m.places[at]
		switch {
		case p.any:
			if p.last {
				take(p.rule)
			} else if dir {
				to = m.reach(to, at)
			}
		case p.glob == nil && p.text != key || p.glob != nil && !p.glob.matches(key):
		case p.last:
			take(p.rule)
		case dir:
			to = m.reach(to, at+1)
		}
	}
	if slices.Equal(to, m.float) {
		next.active = m.float
	} else {
		next.active = slices.Clone(to)
	}
}

// reach adds a place, and the one after it if it is a ** that may stand for nothing.
// What is added twice was added just before, because places come in order.
func (m *matcher) reach(to []uint16, at uint16) []uint16 {
	for {
		if !slices.Contains(to[max(0, len(to)-8):], at) {
			to = append(to, at)
		}
		if p := &m.places[at]; !p.any || p.last {
			return to
		}
		at++
	}
}

var texts = sync.Pool{New: func() any { return new([]byte) }}

func (m *matcher) expressions(s, next *State, name string, dir bool, take func(*rule)) {
	text := texts.Get().(*[]byte)
	defer texts.Put(text)
	whole := append((*text)[:0], s.path...)
	if s.path != "" || !isVolume(name, m.fold) {
		whole = append(whole, '/')
	}
	whole = append(whole, name...)
	*text = whole
	for i := range m.regexps {
		if x := &m.regexps[i]; x.Match(whole) {
			take(x.rule)
		}
	}
	if dir {
		next.path = string(whole)
	}
}

// isVolume says whether the first name of a path is that of a Windows volume, before
// which no slash stands. Only systems that fold case have such.
func isVolume(name string, fold bool) bool {
	volume, rest := splitVolume(name)
	return fold && volume != "" && rest == "" || strings.HasPrefix(name, "//")
}
