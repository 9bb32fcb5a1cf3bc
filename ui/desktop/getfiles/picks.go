package getfiles

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// pick is one chosen file or folder. A folder means everything in it.
type pick struct {
	path    string
	name    string
	folder  bool
	deleted bool
	at      time.Time // the moment it was chosen at; zero: now
	version string    // a version of its own, from the clock
	when    time.Time // of that version
}

// ref is the pick as the engine wants it.
func (p pick) ref(computer string) engine.Ref {
	return engine.Ref{Computer: computer, Path: p.path, At: p.at, Version: p.version}
}

// picks are what is chosen on one computer. No pick lies in another one, except
// that a deleted file may be chosen beside the present folder it was in: as of
// now that folder does not hold it.
type picks struct {
	byPath map[string]pick
	below  map[string]int // how many picks lie below a folder
}

func newPicks() *picks {
	return &picks{byPath: map[string]pick{}, below: map[string]int{}}
}

func (p *picks) len() int { return len(p.byPath) }

// add chooses. What was chosen below a folder is part of it from then on.
func (p *picks) add(n pick) {
	n.path = clean(n.path)
	p.remove(n.path)
	if n.folder && p.below[n.path] > 0 {
		for path, old := range p.byPath {
			if within(path, n.path) && (!old.deleted || n.deleted) {
				p.remove(path)
			}
		}
	}
	p.byPath[n.path] = n
	p.count(n.path, 1)
}

// remove takes back the choice of exactly this path.
func (p *picks) remove(path string) {
	path = clean(path)
	if _, ok := p.byPath[path]; ok {
		delete(p.byPath, path)
		p.count(path, -1)
	}
}

func (p *picks) count(path string, by int) {
	for path != top {
		path = parent(path)
		p.below[path] += by
	}
}

// cover is the pick that holds path: its own, or the folder above that is chosen.
func (p *picks) cover(path string, deleted bool) (pick, bool) {
	if len(p.byPath) == 0 {
		return pick{}, false
	}
	path = clean(path)
	if own, ok := p.byPath[path]; ok {
		return own, true
	}
	for path != top {
		path = parent(path)
		if up, ok := p.byPath[path]; ok && up.folder && (!deleted || up.deleted) {
			return up, true
		}
	}
	return pick{}, false
}

// mark is the state of a row's check box.
func (p *picks) mark(item engine.Item) engine.Mark {
	if _, ok := p.cover(item.Path, !item.Deleted.IsZero()); ok {
		return engine.MarkCheck
	}
	if item.Kind == engine.KindFolder && p.below[clean(item.Path)] > 0 {
		return engine.MarkDash
	}
	return engine.MarkEmpty
}

// list is all picks in the order of their paths.
func (p *picks) list() []pick {
	out := make([]pick, 0, len(p.byPath))
	for _, one := range p.byPath {
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b pick) int { return strings.Compare(a.path, b.path) })
	return out
}

// refs is what to ask the engine for.
func (p *picks) refs(computer string) []engine.Ref {
	var out []engine.Ref
	for _, one := range p.list() {
		out = append(out, one.ref(computer))
	}
	return out
}

// note says which picks are not as of now: "chapter-3.docx as of Today 11:20".
func (p *picks) note(now time.Time) string {
	var old []pick
	for _, one := range p.list() {
		if one.version != "" || !one.at.IsZero() {
			old = append(old, one)
		}
	}
	if len(old) == 0 {
		return ""
	}
	at := func(one pick) time.Time {
		if one.version != "" {
			return one.when
		}
		return one.at
	}
	if len(old) == 1 {
		return shown(old[0].name) + " as of " + look.When(at(old[0]), now)
	}
	for _, one := range old[1:] {
		if !at(one).Equal(at(old[0])) {
			return fmt.Sprintf("%d as of other times", len(old))
		}
	}
	if len(old) == p.len() {
		return "as of " + look.When(at(old[0]), now)
	}
	return fmt.Sprintf("%d as of %s", len(old), look.When(at(old[0]), now))
}

// levels lists the folders from the chosen folder that covers path down to the
// parent of path: these have to be listed to take path out of what is chosen.
func (p *picks) levels(path string) (cover pick, folders []string) {
	path = clean(path)
	cover, ok := p.cover(path, false)
	if !ok || cover.path == path {
		return cover, nil
	}
	return cover, way(cover.path, parent(path))
}

// split replaces a chosen folder by all that it holds except path. contents is
// the listing of every folder named by levels, in that order.
func (p *picks) split(cover pick, path string, contents [][]engine.Item) {
	path = clean(path)
	p.remove(cover.path)
	for _, items := range contents {
		for _, item := range items {
			if within(path, clean(item.Path)) {
				continue
			}
			p.add(pick{
				path: item.Path, name: item.Name, folder: item.Kind == engine.KindFolder,
				deleted: !item.Deleted.IsZero(), at: cover.at,
			})
		}
	}
}
