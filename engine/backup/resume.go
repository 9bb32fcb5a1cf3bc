package backup

import (
	"context"
	"errors"
	"io/fs"
)

// dropVanished prepares for going on where a killed capture ended. What it staged
// is used folder by folder as the walk comes to them; of folders that are gone by
// now nobody would ever say so, and theirs is dropped here.
func (c *capture) dropVanished(ctx context.Context) error {
	dirs, err := c.Catalog.StagedDirs(ctx, c.Device)
	if err != nil {
		return err
	}
	c.resume = len(dirs) > 0
	var gone []string
	for _, path := range dirs {
		dir, err := c.FS.OpenDir(path)
		if err == nil {
			dir.Close()
			continue
		}
		if errors.Is(err, fs.ErrNotExist) {
			gone = append(gone, path)
		}
	}
	return c.Catalog.DropStagedDirs(ctx, c.Device, gone)
}
