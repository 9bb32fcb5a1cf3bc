package backup

import (
	"context"
	"maps"
	"slices"
)

// takeOver prepares for going on where a capture ended that was not committed. What
// it staged is used folder by folder as the walk comes to them, and each folder's is
// replaced by what is true now. So these folders are looked at too, whatever else
// the capture was to look at.
func (c *capture) takeOver(ctx context.Context) error {
	dirs, err := c.Catalog.StagedDirs(ctx, c.Device)
	if err != nil {
		return err
	}
	c.leftover = make(map[string]bool, len(dirs))
	for _, path := range dirs {
		c.leftover[path] = true
		if c.Look != nil {
			c.Look = append(slices.Clip(c.Look), Look{Path: path})
		}
	}
	return nil
}

// dropLeftovers forgets what was staged of folders that the walk did not come to: they
// are gone by now, cannot be read, or are not selected any more. The tree has nothing
// of it, so the catalog must not either.
func (c *capture) dropLeftovers(ctx context.Context) error {
	return c.Catalog.DropStagedDirs(ctx, c.Device, slices.Collect(maps.Keys(c.leftover)))
}
