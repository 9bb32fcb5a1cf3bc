package backup

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/source"
)

// absentees knows which folders were mount points when they were looked at last.
// A folder that was one and is none any more belongs to a drive that is absent:
// what is seen there now is the empty folder below it, and says nothing about the
// files. (st_dev of a folder differs from its parent's on a mount point.)
type absentees struct {
	then map[string]bool // mount points at the last capture
	now  map[string]bool // and at this one
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
	if !a.then[path] || folder.Device != parent.Device {
		return false
	}
	a.now[path] = true // still expected
	return true
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

// save remembers the mount points seen now. Those outside of what was looked at
// stay known.
func (a absentees) save(ctx context.Context, c *catalog.Catalog) error {
	for p := range a.then {
		a.now[p] = true
	}
	if len(a.now) == 0 {
		return nil
	}
	paths := make([]string, 0, len(a.now))
	for p := range a.now {
		paths = append(paths, p)
	}
	text, err := json.Marshal(paths)
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
