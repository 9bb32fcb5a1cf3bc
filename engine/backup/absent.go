package backup

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"path"
	"slices"
	"time"

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/repo"
	"holdfast/engine/selection"
	"holdfast/engine/source"
)

// absentees knows which folders were mount points when they were looked at last. One
// of them that is an ordinary folder now, and empty, belongs to a drive that is
// absent: what is seen is the folder below the drive, and says nothing about the
// files. (st_dev of a folder differs from its parent's on a mount point.)
type absentees struct {
	then  map[string]bool // mount points at the last capture
	now   map[string]bool // and at this one
	known bool            // then was remembered; a rebuilt catalog remembers nothing
}

const mountsKey = "mount points"

func knownMounts(ctx context.Context, c *catalog.Catalog) (absentees, error) {
	a := absentees{then: map[string]bool{}, now: map[string]bool{}}
	text, err := c.Get(ctx, mountsKey)
	if errors.Is(err, catalog.ErrNotFound) || text == "" {
		return a, nil
	}
	if err != nil {
		return a, err
	}
	var paths []string
	if err := json.Unmarshal([]byte(text), &paths); err != nil {
		return a, err
	}
	for _, p := range paths {
		a.then[p] = true
	}
	a.known = true
	return a, nil
}

// see notes whether a folder is a mount point now.
func (a absentees) see(path string, parent, folder source.Entry) {
	if folder.Device != parent.Device {
		a.now[path] = true
	}
}

// lost says that a folder was a mount point and is an ordinary folder now.
func (a absentees) lost(path string, parent, folder source.Entry) bool {
	return a.then[path] && folder.Device == parent.Device
}

// there forgets a mount point in which something is seen although nothing is mounted:
// it is an ordinary folder from now on.
func (a absentees) there(path string, something bool) {
	if something && a.then[path] && !a.now[path] {
		delete(a.then, path)
	}
}

// isAbsent says whether an empty folder, of which files are stored, is the place of a
// drive that is not there.
func (c *capture) isAbsent(f *folder) (bool, error) {
	if c.absent.known || f.self.Device != f.parent.self.Device {
		return c.absent.lost(f.path, f.parent.self, f.self), nil
	}
	// The catalog is new. The stored nodes tell: beside a mount point lie entries of
	// another device.
	self, ok, err := c.nodeBefore(f.parent, path.Base(f.path))
	if err != nil || !ok {
		return false, err
	}
	for _, n := range f.parent.carried {
		if n.Type != repo.NodeDir && n.DeviceID != self.DeviceID {
			return true, nil
		}
	}
	above, ok, err := c.aboveBefore(f.parent)
	return ok && above.DeviceID != self.DeviceID, err
}

// aboveBefore is the node that a folder itself had.
func (c *capture) aboveBefore(f *folder) (repo.Node, bool, error) {
	if f.parent == nil {
		return repo.Node{}, false, nil
	}
	return c.nodeBefore(f.parent, path.Base(f.path))
}

// carryAbsent keeps what is stored of an absent drive.
func (c *capture) carryAbsent(f *folder) error {
	c.closed(f)
	c.report(absentProblem(f.path, c.time))
	c.absent.now[f.path] = true // still expected
	f.parent.children[f.slot].fate = carried
	return c.let(f.parent)
}

// holds says that a folder which is not there was, or held, a mount point.
func (a absentees) holds(path string) bool {
	for p := range a.then {
		if p == path || within(p, path) {
			a.now[p] = true
			return true
		}
	}
	return false
}

// save remembers the mount points seen now, and those that were known and are still
// on the way to something selected.
func (a absentees) save(ctx context.Context, c *catalog.Catalog, rules *selection.Rules) error {
	for p := range a.then {
		if d := rules.Decide(p, true); d.Included || d.Descend {
			a.now[p] = true
		}
	}
	if len(a.now) == 0 && len(a.then) == 0 && a.known {
		return nil
	}
	text, err := json.Marshal(slices.Sorted(maps.Keys(a.now)))
	if err != nil {
		return err
	}
	return c.Set(ctx, mountsKey, string(text))
}

func absentProblem(path string, now time.Time) engine.Problem {
	return engine.Problem{
		Path: path, Kind: engine.ProblemAbsent, Since: now,
		Reason: "It is not there now. What is stored of it stays.",
		Advice: "Connect the drive or bring the folder back. If it is gone for good, take its check away in Manage Files.",
	}
}
