package managefiles

import (
	"strings"

	"holdfast/engine"
)

// node is one row of the tree and its place in it. A path may stand in the tree
// twice, as the home folder and inside its drive, so nodes are not known by path.
type node struct {
	row      engine.SelectRow
	parent   *node
	children []*node
	depth    int
	open     bool
	loaded   bool // children are known
	failed   string
}

// tree is the rows that can be seen, flattened: a closed folder costs one row and
// drawing asks for one index, whatever lies below.
type tree struct {
	roots []*node
	flat  []*node
}

// setRoots takes fresh first rows; what was open stays open.
func (t *tree) setRoots(rows []engine.SelectRow) {
	t.roots = merge(nil, t.roots, rows)
	t.flatten()
}

// setChildren takes the fresh rows of a folder, wherever it stands.
func (t *tree) setChildren(path string, rows []engine.SelectRow) {
	for _, n := range t.all() {
		if n.row.Path == path && n.row.Parent {
			n.children = merge(n, n.children, rows)
			n.loaded, n.failed = true, ""
		}
	}
	t.flatten()
}

// setFailed notes why a folder could not be opened.
func (t *tree) setFailed(path, sentence string) {
	for _, n := range t.all() {
		if n.row.Path == path {
			n.failed, n.loaded = sentence, true
		}
	}
}

// setSize notes what a folder was counted at.
func (t *tree) setSize(path string, bytes int64) {
	for _, n := range t.all() {
		if n.row.Path == path {
			n.row.Size = bytes
		}
	}
}

// merge keeps the nodes that are still there, with what is open below them and
// with a size that was counted before.
func merge(parent *node, old []*node, rows []engine.SelectRow) []*node {
	known := make(map[string]*node, len(old))
	for _, n := range old {
		known[n.row.Path] = n
	}
	depth := 0
	if parent != nil {
		depth = parent.depth + 1
	}
	fresh := make([]*node, len(rows))
	for i, row := range rows {
		n := known[row.Path]
		if n == nil {
			n = &node{parent: parent, depth: depth}
		} else if row.Size < 0 {
			row.Size = n.row.Size
		}
		n.row = row
		if !row.Parent {
			n.open, n.children = false, nil
		}
		fresh[i] = n
	}
	return fresh
}

// all lists every node that is loaded, parents first.
func (t *tree) all() []*node {
	var list []*node
	var walk func([]*node)
	walk = func(nodes []*node) {
		for _, n := range nodes {
			list = append(list, n)
			walk(n.children)
		}
	}
	walk(t.roots)
	return list
}

func (t *tree) flatten() {
	t.flat = t.flat[:0]
	var walk func([]*node)
	walk = func(nodes []*node) {
		for _, n := range nodes {
			t.flat = append(t.flat, n)
			if n.open {
				walk(n.children)
			}
		}
	}
	walk(t.roots)
}

// toggle opens or closes a folder and reports whether its children are wanted.
func (t *tree) toggle(n *node) (want bool) {
	if !n.row.Parent {
		return false
	}
	n.open = !n.open
	t.flatten()
	return n.open
}

// openPaths are the folders whose rows have to be asked for again after a change,
// in the order in which they are seen, each once.
func (t *tree) openPaths() []string {
	var paths []string
	seen := map[string]bool{}
	for _, n := range t.flat {
		if n.open && !seen[n.row.Path] {
			seen[n.row.Path] = true
			paths = append(paths, n.row.Path)
		}
	}
	return paths
}

// index finds a node among the rows, -1 when it is inside a closed folder.
func (t *tree) index(n *node) int {
	for i, m := range t.flat {
		if m == n {
			return i
		}
	}
	return -1
}

// find is the first row of a path.
func (t *tree) find(path string) *node {
	for _, n := range t.flat {
		if n.row.Path == path {
			return n
		}
	}
	return nil
}

// expect shows the marks that a click will most likely lead to until the engine
// has answered: the row and what is loaded below follow, folders above become a
// dash when they no longer agree.
func (t *tree) expect(path string, mark engine.Mark) {
	for _, n := range t.all() {
		switch {
		case n.row.Path == path || inside(n.row.Path, path):
			if !excluded(n.row) {
				n.row.Mark = mark
			}
		case inside(path, n.row.Path) && n.row.Mark != mark:
			n.row.Mark = engine.MarkDash
		}
	}
}

// excluded says whether an exclusion keeps a row out, so that its box cannot
// simply be checked.
func excluded(r engine.SelectRow) bool {
	return r.Mark == engine.MarkEmpty && strings.HasPrefix(r.State, "Excluded")
}
