package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"holdfast/engine"
	"holdfast/engine/catalog"
)

// chosen makes paths absolute, and refuses those of which there is nothing to
// capture: a slip of the keyboard must not look like a backup.
func (a *Agent) chosen(ctx context.Context, paths []string) ([]string, error) {
	const op = "back up"
	c, where, err := a.connected(op)
	if err != nil {
		return nil, err
	}
	if err := a.browsable(ctx, c); err != nil {
		return nil, explain(op, where.Address, err)
	}
	once := a.current().Once
	var out []string
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, invalid(op, p, fmt.Sprintf("%s is not a path on this computer. Nothing was backed up. Check the spelling.", p))
		}
		if within(abs, where.Address) || within(abs, a.Home) {
			return nil, invalid(op, abs, fmt.Sprintf("%s belongs to Holdfast itself and is never backed up. Nothing was backed up. Choose other files or folders.", abs))
		}
		out = append(out, abs)
		if _, err := os.Lstat(abs); !errors.Is(err, fs.ErrNotExist) || slices.Contains(once, abs) {
			continue
		}
		_, err = c.Lookup(ctx, where.Device, filepath.ToSlash(abs))
		if errors.Is(err, catalog.ErrNotFound) {
			return nil, &engine.Error{Op: op, Kind: engine.KindNotFound, Path: abs,
				Message: fmt.Sprintf("%s is not there, and nothing of it is in the backup. Nothing was backed up. Check the spelling, or connect the drive it is on.", abs)}
		}
		if err != nil {
			return nil, explain(op, where.Address, err)
		}
	}
	return out, nil
}

// rememberOnce notes paths that were captured by hand, so that captures of the
// selection keep them. What was removed from the backup there is in it again.
func (a *Agent) rememberOnce(paths []string) error {
	again := func(r removal) bool {
		path := onDisk(r.Path)
		return slices.ContainsFunc(paths, func(p string) bool { return within(p, path) || within(path, p) })
	}
	s := a.current()
	var add []string
	for _, p := range paths {
		if !slices.ContainsFunc(s.Once, func(q string) bool { return within(p, q) }) {
			add = append(add, p)
		}
	}
	if len(add) == 0 && !slices.ContainsFunc(s.Removals, again) {
		return nil
	}
	var ended []removal
	err := a.saveSettings(func(s *settingsFile) {
		s.Once = append(slices.Clone(s.Once), add...)
		ended = s.endRemovals(again)
	})
	if err == nil {
		a.tellEnded(ended)
	}
	return err
}

// keepOnce says which paths outside the selection stay as they were stored.
func keepOnce(once []string, removals []removal) func(string) bool {
	if len(once) == 0 {
		return nil
	}
	removed := removedFrom(removals)
	return func(path string) bool {
		return !removed(path) && slices.ContainsFunc(once, func(p string) bool { return within(path, p) || within(p, path) })
	}
}
