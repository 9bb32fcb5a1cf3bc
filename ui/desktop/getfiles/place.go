package getfiles

import "strings"

// top is the path of "All of this computer".
const top = "/"

// separator is the one a path of any computer is written with: the files browsed
// here may come from a computer of another kind than this one.
func separator(path string) string {
	if !strings.Contains(path, "/") && strings.Contains(path, `\`) {
		return `\`
	}
	return "/"
}

// clean gives a folder's path the one form that the maps here are keyed by.
func clean(path string) string {
	if path == "" {
		return top
	}
	s := separator(path)
	if trimmed := strings.TrimRight(path, s); trimmed != "" {
		return trimmed
	}
	return top
}

// parent is the folder above; the top is its own parent.
func parent(path string) string {
	path = clean(path)
	if path == top {
		return top
	}
	i := strings.LastIndex(path, separator(path))
	if i <= 0 {
		return top
	}
	return path[:i]
}

// base is the last name of a path.
func base(path string) string {
	path = clean(path)
	if i := strings.LastIndex(path, separator(path)); i >= 0 {
		return path[i+1:]
	}
	return path
}

// within says that path is folder or lies below it.
func within(path, folder string) bool {
	path, folder = clean(path), clean(folder)
	if folder == top || path == folder {
		return true
	}
	return strings.HasPrefix(path, folder) && strings.HasPrefix(path[len(folder):], separator(path))
}

// way lists the folders from root down to path, both included. It is empty when
// path does not lie in root.
func way(root, path string) []string {
	root, path = clean(root), clean(path)
	if !within(path, root) {
		return nil
	}
	var up []string
	for path != root {
		up = append(up, path)
		path = parent(path)
	}
	out := make([]string, 0, len(up)+1)
	out = append(out, root)
	for i := len(up) - 1; i >= 0; i-- {
		out = append(out, up[i])
	}
	return out
}

// shown turns the bytes of a name into something to print: names are bytes, and
// neither a broken encoding nor a line break may spoil a row.
func shown(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(name, "\uFFFD"))
}

// crumb is one step of the bread crumbs. The gap "…" leads to the last folder it hides.
type crumb struct {
	name string
	path string
}

// crumbs is the way from the home folder (or the top, for what lies outside) to
// the open folder.
func (s *State) crumbs() []crumb {
	root := top
	if home := s.home(); home != "" && within(s.Folder, home) {
		root = home
	}
	steps := way(root, s.Folder)
	out := make([]crumb, len(steps))
	for i, p := range steps {
		out[i] = crumb{name: s.folderName(p), path: p}
	}
	return out
}

// elide leaves out crumbs of the middle until the rest fits: the first and the
// last two stay as long as there is room for them, the last one always.
func elide(all []crumb, width float32, measure func(string) float32, gap float32) []crumb {
	total := func(cs []crumb) float32 {
		w := float32(0)
		for i, c := range cs {
			if i > 0 {
				w += gap
			}
			w += measure(c.name)
		}
		return w
	}
	if len(all) <= 1 || total(all) <= width {
		return all
	}
	for drop := 1; drop <= len(all)-2; drop++ {
		short := append([]crumb{all[0], {name: "…", path: all[drop].path}}, all[drop+1:]...)
		if total(short) <= width {
			return short
		}
	}
	if last := all[len(all)-1:]; len(all) > 1 {
		short := append([]crumb{{name: "…", path: all[len(all)-2].path}}, last...)
		return short
	}
	return all
}
