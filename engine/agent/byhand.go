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
// selection keep them.
func (a *Agent) rememberOnce(paths []string) error {
	s := a.current()
	var add []string
	for _, p := range paths {
		covered := false
		for _, q := range s.Once {
			covered = covered || within(p, q)
		}
		if !covered {
			add = append(add, p)
		}
	}
	if len(add) == 0 {
		return nil
	}
	return a.saveSettings(func(s *settingsFile) { s.Once = append(append([]string{}, s.Once...), add...) })
}

// keepOnce says which paths outside the selection stay as they were stored.
func keepOnce(once []string) func(string) bool {
	if len(once) == 0 {
		return nil
	}
	return func(path string) bool {
		for _, p := range once {
			if within(path, p) || within(p, path) {
				return true
			}
		}
		return false
	}
}
