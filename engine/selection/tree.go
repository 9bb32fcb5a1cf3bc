package selection

import (
	"slices"
	"strings"

	"holdfast/engine"
)

// node is a name in the tree of all paths that have a choice or are the program's own.
type node struct {
	children   map[string]*node
	choice     *engine.Choice
	own        bool
	takenBelow bool // a choice below includes something that no exclusion leaves out
	lessBelow  bool // a choice below keeps something out of an included folder
}

func (n *node) child(key string) *node {
	if n.children == nil {
		return nil
	}
	return n.children[key]
}

// grow finds the node of a path and makes what is missing on the way.
func (n *node) grow(keys []string) *node {
	for _, key := range keys {
		c := n.child(key)
		if c == nil {
			c = &node{}
			if n.children == nil {
				n.children = make(map[string]*node)
			}
			n.children[key] = c
		}
		n = c
	}
	return n
}

// settle works out, from the leaves up, what the marks and Descend ask of a node. A
// choice that an exclusion leaves out counts for nothing.
//
// What a choice stands on may be a file or a folder. Where nothing tells, the answer
// errs towards looking: such a folder may then get a dash for something that an
// exclusion of folders leaves out.
func (n *node) settle(s *State) {
	for key, c := range n.children {
		next, d := s.Child(key, len(c.children) > 0)
		if next.out != nil {
			continue
		}
		c.settle(&next)
		n.takenBelow = n.takenBelow || c.takenBelow || c.choice != nil && d.Included
		n.lessBelow = n.lessBelow || c.lessBelow || c.choice != nil && !next.covers
	}
}

// drives is where removable drives appear on many Linux systems, inside a folder that
// is out otherwise.
var drives = []string{"run", "media"}

// plant puts the choices into the tree. It returns the folders of the system that are
// out: all of them, but for /run where a drive below it is chosen. Then a choice that
// nobody made stands there instead, which the deeper one overrules.
func (r *Rules) plant(s engine.Selection) []string {
	drive := slices.ContainsFunc(s.Choices, func(c engine.Choice) bool {
		return c.Include && len(split(c.Path)) > len(drives) && within(split(c.Path), drives)
	})
	for i := range s.Choices {
		c := s.Choices[i]
		segments := split(c.Path)
		if within(segments, drives[:1]) && !within(segments, drives) {
			continue
		}
		// Of two choices on one path the later one counts.
		r.top.grow(r.keys(segments)).choice = &c
	}
	system := []string{"/proc", "/sys", "/dev", "/run"}
	if drive {
		r.system = &engine.Choice{Path: "/run"}
		r.top.grow(drives[:1]).choice = r.system
		system = system[:3]
	}
	return system
}

func (r *Rules) keys(segments []string) []string {
	if !r.fold {
		return segments
	}
	keys := make([]string, len(segments))
	for i, s := range segments {
		keys[i] = strings.ToLower(s)
	}
	return keys
}

func (r *Rules) findRoots() []string {
	var roots []string
	var visit func(n *node, s State, d Decision)
	visit = func(n *node, s State, d Decision) {
		if n.choice != nil && d.Included {
			roots = append(roots, n.choice.Path)
			return
		}
		for key, c := range n.children {
			if next, d := s.Child(key, len(c.children) > 0); next.out == nil {
				visit(c, next, d)
			}
		}
	}
	s, d := r.start()
	visit(r.top, s, d)
	slices.Sort(roots)
	return roots
}

// split takes a path apart. The first element of a Windows path is its volume, as in
// "C:" or "//server/share"; only there a backslash separates. Empty elements and "."
// mean nothing.
func split(path string) []string {
	var segments []string
	if volume, rest := splitVolume(path); volume != "" {
		segments = append(segments, volume)
		path = strings.ReplaceAll(rest, `\`, "/")
	}
	for s := range strings.SplitSeq(path, "/") {
		if s != "" && s != "." {
			segments = append(segments, s)
		}
	}
	return segments
}

func splitVolume(path string) (volume, rest string) {
	if len(path) >= 2 && path[1] == ':' && (path[0]|0x20) >= 'a' && (path[0]|0x20) <= 'z' &&
		(len(path) == 2 || path[2] == '\\' || path[2] == '/') {
		return path[:2], path[2:]
	}
	if !strings.HasPrefix(path, `\\`) {
		return "", path
	}
	path = strings.ReplaceAll(path, `\`, "/")
	server := strings.IndexByte(path[2:], '/')
	if server < 0 {
		return path, ""
	}
	server += 3
	if share := strings.IndexByte(path[server:], '/'); share >= 0 {
		return path[:server+share], path[server+share:]
	}
	return path, ""
}

// within says whether a path is the other one or lies below it.
func within(path, above []string) bool {
	return len(path) >= len(above) && slices.Equal(path[:len(above)], above)
}
