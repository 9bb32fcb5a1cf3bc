package catalog

import (
	"context"
)

// StagedDirs lists the folders of which results are staged: of a running capture,
// or of one that was killed.
func (c *Catalog) StagedDirs(ctx context.Context, device string) ([]string, error) {
	if err := c.settled(ctx); err != nil {
		return nil, err
	}
	var dirs []string
	err := c.read(ctx, func(s *session) error {
		number, err := c.device(s, device)
		if err != nil {
			return ignoreNotFound(err)
		}
		return s.each(ctx, func(r row) error {
			dirs = append(dirs, string(r.bytes(0)))
			return nil
		}, "SELECT DISTINCT dir FROM staged WHERE device = ?", number)
	})
	return dirs, err
}

// DropStagedDirs forgets what is staged of some folders.
func (c *Catalog) DropStagedDirs(ctx context.Context, device string, dirs []string) error {
	if len(dirs) == 0 {
		return nil
	}
	return c.write(ctx, func(s *session) error {
		number, err := c.device(s, device)
		if err != nil {
			return ignoreNotFound(err)
		}
		for _, dir := range dirs {
			if _, _, err := s.exec("DELETE FROM staged WHERE device = ? AND dir = ?", number, []byte(dir)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Refresh takes over what is staged when the new tree is that of the last snapshot,
// so that there is nothing to commit: only stats differ, such as the change time of
// a file that had to be read again. Without it the same files would be read again
// at every capture.
func (c *Catalog) Refresh(ctx context.Context, device string) error {
	c.applying.Lock()
	defer c.applying.Unlock()
	if err := c.settled(ctx); err != nil {
		return err
	}
	return c.write(ctx, func(s *session) error {
		number, err := c.madeDevice(s, device)
		if err != nil {
			return err
		}
		var last Snapshot
		var at int64
		found, err := s.first(func(r row) {
			last.Tree, at = idOf(r.bytes(0)), r.int(1)
		}, "SELECT tree, time FROM snapshot WHERE device = ? ORDER BY time DESC LIMIT 1", number)
		if err != nil || !found {
			return err
		}
		k := &commit{c: c, change: change{s: s, device: number, now: at}}
		if err := k.run(last); err != nil {
			return err
		}
		_, _, err = s.exec("DELETE FROM staged WHERE device = ?", number)
		return err
	})
}
