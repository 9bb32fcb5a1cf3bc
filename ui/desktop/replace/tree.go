package replace

import (
	"path"
	"sort"
	"strings"

	"holdfast/engine"
)

// node is a file or folder of the old computer.
type node struct {
	path, name string
	folder     bool
	size       int64 // -1: not counted yet
	depth      int
	parent     *node
	children   []*node
	loaded     bool
	loading    bool
	failed     string
	open       bool
	chosen     bool // it, and everything in it unless its children say otherwise
	group      bool // stands for its children, as the home folder does: hidden files are not among them
}

// tree is what can be brought to this computer.
type tree struct {
	roots []*node
	flat  []*node
}

// newTree begins with the folders at the top, the home folder first.
func newTree(roots ...*node) tree {
	t := tree{roots: roots}
	t.flatten()
	return t
}

// group is a folder at the top, open from the beginning.
func group(at, name string) *node {
	return &node{path: at, name: name, folder: true, size: -1, group: true, open: true, chosen: true}
}

// set stores what a folder holds; what lies in a chosen folder is chosen.
func (t *tree) set(n *node, items []engine.Item, roots map[string]bool) {
	n.loaded, n.loading, n.failed = true, false, ""
	n.children = nil
	for _, item := range items {
		if item.Kind != engine.KindFile && item.Kind != engine.KindFolder || roots[item.Path] || leadsToRoot(item.Path, roots) {
			continue
		}
		c := &node{path: item.Path, name: item.Name, folder: item.Kind == engine.KindFolder, size: item.Size, depth: n.depth + 1, parent: n, chosen: n.chosen}
		if c.folder {
			c.size = -1
		}
		n.children = append(n.children, c)
	}
	t.flatten()
}

// leadsToRoot says that a folder is only the way to one that stands at the top.
func leadsToRoot(folder string, roots map[string]bool) bool {
	for root := range roots {
		if strings.HasPrefix(root, strings.TrimSuffix(folder, "/")+"/") && root != folder {
			return true
		}
	}
	return false
}

// sizes fills in what folders were counted at.
func (t *tree) sizes(n *node, items []engine.Item) {
	bytes := map[string]int64{}
	for _, item := range items {
		bytes[item.Path] = item.Size
	}
	for _, c := range n.children {
		if size, ok := bytes[c.path]; ok {
			c.size = size
		}
	}
}

// find is the node of a path among the loaded ones.
func (t *tree) find(at string) *node {
	var in func([]*node) *node
	in = func(list []*node) *node {
		for _, n := range list {
			if n.path == at {
				return n
			}
			if found := in(n.children); found != nil {
				return found
			}
		}
		return nil
	}
	return in(t.roots)
}

func (t *tree) flatten() {
	t.flat = t.flat[:0]
	var add func([]*node)
	add = func(list []*node) {
		for _, n := range list {
			t.flat = append(t.flat, n)
			if n.open {
				add(n.children)
			}
		}
	}
	add(t.roots)
}

// toggle turns the box of a row: a dash and an empty box become a check.
func (t *tree) toggle(n *node) {
	n.choose(n.mark() != engine.MarkCheck)
	for up := n.parent; up != nil; up = up.parent {
		up.chosen = up.mark() == engine.MarkCheck
	}
}

func (n *node) choose(on bool) {
	n.chosen = on
	for _, c := range n.children {
		c.choose(on)
	}
}

// mark is the box of a row.
func (n *node) mark() engine.Mark {
	if len(n.children) == 0 {
		if n.chosen {
			return engine.MarkCheck
		}
		return engine.MarkEmpty
	}
	checks, empties := 0, 0
	for _, c := range n.children {
		switch c.mark() {
		case engine.MarkCheck:
			checks++
		case engine.MarkEmpty:
			empties++
		}
	}
	switch len(n.children) {
	case checks:
		return engine.MarkCheck
	case empties:
		return engine.MarkEmpty
	}
	return engine.MarkDash
}

// picks are the paths to bring: as few as say it.
func (t *tree) picks() []string {
	var out []string
	var from func(list []*node)
	from = func(list []*node) {
		for _, n := range list {
			switch mark := n.mark(); {
			case mark == engine.MarkEmpty:
			case mark == engine.MarkCheck && !n.group:
				out = append(out, n.path)
			default:
				from(n.children)
			}
		}
	}
	from(t.roots)
	sort.Strings(out)
	return out
}

// amount is how many bytes that is, and whether all of it is counted.
func (t *tree) amount() (bytes int64, counted bool) {
	counted = true
	var sum func(list []*node)
	sum = func(list []*node) {
		for _, n := range list {
			switch mark := n.mark(); {
			case mark == engine.MarkEmpty:
			case mark == engine.MarkCheck && !n.group:
				if n.size < 0 {
					counted = false
				} else {
					bytes += n.size
				}
			default:
				counted = counted && n.loaded
				sum(n.children)
			}
		}
	}
	sum(t.roots)
	return bytes, counted
}

// weight is the size that a row shows: a group is what its rows are.
func (n *node) weight() int64 {
	if !n.group {
		return n.size
	}
	sum := int64(0)
	for _, c := range n.children {
		if c.size < 0 {
			return -1
		}
		sum += c.size
	}
	if !n.loaded {
		return -1
	}
	return sum
}

// base is the last part of a path, whatever system it comes from.
func base(p string) string { return path.Base(strings.ReplaceAll(p, `\`, "/")) }
