package getfiles

import (
	"slices"

	"holdfast/engine"
)

// tree is the folders on the left: which are known, which are open, and the flat
// list of rows that result. It does no I/O: loads asks for what is missing.
type tree struct {
	roots   []string
	folders map[string]*folder
	rows    []treeRow
	deepest int // depth of the deepest row
}

// folder is what is known of one folder.
type folder struct {
	name     string
	children []string // paths, sorted
	loaded   bool
	loading  bool
	failed   bool
	open     bool
	deleted  bool
}

// treeRow is one visible row.
type treeRow struct {
	path    string
	name    string
	depth   int
	open    bool
	leaf    bool // known to have no folders inside
	deleted bool
}

// newTree starts with closed roots.
func newTree(roots ...treeRow) tree {
	t := tree{folders: map[string]*folder{}}
	for _, r := range roots {
		t.roots = append(t.roots, r.path)
		t.folders[r.path] = &folder{name: r.name}
	}
	t.flatten()
	return t
}

// stale forgets what is inside the folders but not which are open: after a change
// of the moment or of what is included, the same ones are asked for again.
func (t *tree) stale() {
	for _, f := range t.folders {
		f.loaded, f.loading, f.failed = false, false, false
	}
}

// setOpen opens or closes a folder.
func (t *tree) setOpen(path string, open bool) {
	if f := t.folders[path]; f != nil {
		f.open = open
		if open {
			f.failed = false
		}
		t.flatten()
	}
}

// reveal opens all folders above path, so that its row shows.
func (t *tree) reveal(path string) {
	for _, root := range t.roots {
		steps := way(root, path)
		if steps == nil {
			continue
		}
		for i, step := range steps {
			f := t.folders[step]
			if f == nil {
				f = &folder{name: shown(base(step))}
				t.folders[step] = f
			}
			if i == len(steps)-1 {
				break
			}
			f.open = true
			if !slices.Contains(f.children, steps[i+1]) {
				f.children = append(f.children, steps[i+1])
			}
		}
		break
	}
	t.flatten()
}

// wanted lists open folders whose content is not known, and marks them as being
// loaded. One folder may be left out, because its content is on its way anyhow.
func (t *tree) wanted(except string) []string {
	var out []string
	for _, r := range t.rows {
		f := t.folders[r.path]
		if r.path != except && f.open && !f.loaded && !f.loading && !f.failed {
			f.loading = true
			out = append(out, r.path)
		}
	}
	return out
}

// set stores the content of a folder; only its folders matter here.
func (t *tree) set(path string, items []engine.Item) {
	f := t.folders[path]
	if f == nil {
		return
	}
	f.loaded, f.loading, f.failed = true, false, false
	f.children = f.children[:0]
	for _, item := range (order{}).sorted(only(items, engine.KindFolder)) {
		child := clean(item.Path)
		f.children = append(f.children, child)
		if t.folders[child] == nil {
			t.folders[child] = &folder{}
		}
		t.folders[child].name = shown(item.Name)
		t.folders[child].deleted = !item.Deleted.IsZero()
	}
	t.flatten()
}

// fail marks a folder that could not be read; opening it again retries.
func (t *tree) fail(path string) {
	if f := t.folders[path]; f != nil {
		f.loading, f.failed = false, true
		t.flatten()
	}
}

// index is the row of a path, -1 when it does not show.
func (t *tree) index(path string) int {
	return slices.IndexFunc(t.rows, func(r treeRow) bool { return r.path == path })
}

// flatten rebuilds the rows.
func (t *tree) flatten() {
	t.rows, t.deepest = t.rows[:0], 0
	for _, root := range t.roots {
		t.add(root, 0)
	}
}

func (t *tree) add(path string, depth int) {
	f := t.folders[path]
	t.deepest = max(t.deepest, depth)
	t.rows = append(t.rows, treeRow{
		path: path, name: f.name, depth: depth, open: f.open,
		leaf: f.loaded && len(f.children) == 0, deleted: f.deleted,
	})
	if !f.open {
		return
	}
	for _, child := range f.children {
		// The home folder has its own row at the top and is not listed twice.
		if !slices.Contains(t.roots, child) {
			t.add(child, depth+1)
		}
	}
}

// only keeps the items of one kind.
func only(items []engine.Item, kind engine.FileKind) []engine.Item {
	var out []engine.Item
	for _, item := range items {
		if item.Kind == kind {
			out = append(out, item)
		}
	}
	return out
}
