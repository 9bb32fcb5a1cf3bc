package backup

import "strings"

// scope is which folders a capture looks at: a tree of names on the way to the
// folders of Options.Look. A nil scope looks at nothing.
type scope struct {
	all      bool
	children map[string]*scope
}

// everything looks at everything.
var everything = &scope{all: true}

func newScope(looks []Look) *scope {
	if looks == nil {
		return everything
	}
	top := &scope{}
	for _, l := range looks {
		s := top
		for _, name := range splitPath(l.Path) {
			if s.all {
				break
			}
			s = s.child(name)
		}
		if l.Recursive {
			s.all = true
		}
	}
	return top
}

func (s *scope) child(name string) *scope {
	if s.children == nil {
		s.children = map[string]*scope{}
	}
	sub := s.children[name]
	if sub == nil {
		sub = &scope{}
		s.children[name] = sub
	}
	return sub
}

func (s *scope) below(name string) *scope {
	if s == nil || s.all {
		return s
	}
	return s.children[name]
}

func splitPath(p string) []string {
	return strings.FieldsFunc(p, func(r rune) bool { return r == '/' })
}

// within says whether a path lies below a folder.
func within(p, folder string) bool {
	return folder == "/" || strings.HasPrefix(p, folder) && len(p) > len(folder) && p[len(folder)] == '/'
}
