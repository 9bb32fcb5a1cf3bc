package agent

import (
	"context"
	"encoding/json"
	"errors"

	"holdfast/engine/backup"
	"holdfast/engine/catalog"
	"holdfast/engine/repo"
)

// sync brings the catalog up to what the destination holds: index files and
// snapshots of other computers and programs, and after a rebuild everything. Packs
// that a killed run left without an index are taken over, so that nothing in them is
// uploaded twice.
func (a *Agent) sync(ctx context.Context) error {
	c, _, err := a.connected("read the backup")
	if err != nil {
		return err
	}
	r, err := a.repository(ctx, "read the backup")
	if err != nil {
		return err
	}
	if err := c.Sync(ctx, r, nil); err != nil {
		return err
	}
	if err := a.thisDevice(ctx, c); err != nil {
		return err
	}
	return a.adoptOnce(ctx, c, r)
}

// adoptOnce looks for packs without an index when there may be some: the catalog is
// new, or the last capture was killed.
func (a *Agent) adoptOnce(ctx context.Context, c *catalog.Catalog, r *repo.Repository) error {
	a.mu.Lock()
	device := a.where.Device
	a.mu.Unlock()
	killed, err := c.HasStaged(ctx, device)
	if err != nil {
		return err
	}
	done, err := c.Get(ctx, adoptedKey)
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return err
	}
	if !killed && done != "" {
		return nil
	}
	if err := adoptPacks(ctx, c, r); err != nil {
		return err
	}
	return c.Set(ctx, adoptedKey, "yes")
}

// adoptedKey says that packs without an index were looked for since the catalog was
// made.
const adoptedKey = "packs adopted"

// adoptPacks lists the packs that no index speaks of. A pack whose header cannot be
// read is left alone: it was cut short, or belongs to somebody who is writing it.
func adoptPacks(ctx context.Context, c *catalog.Catalog, r *repo.Repository) error {
	return r.ListPacks(ctx, func(id repo.ID, size int64) error {
		known, err := c.HasPack(ctx, id)
		if err != nil || known {
			return err
		}
		info, err := r.PackHeader(ctx, id, size)
		if errors.Is(err, repo.ErrDamaged) {
			return nil
		}
		if err != nil {
			return err
		}
		return c.AddPack(ctx, info, size, false)
	})
}

// thisDevice keeps the catalog's word for this computer right.
func (a *Agent) thisDevice(ctx context.Context, c *catalog.Catalog) error {
	a.mu.Lock()
	where, name := a.where, a.settings.Settings.Computer
	a.mu.Unlock()
	if where == nil {
		return nil
	}
	return c.PutDevice(ctx, catalog.Device{ID: where.Device, Name: name, This: true, Home: userHome()})
}

// extra is the virtual folder of the tree: what Replace Device needs of this
// computer, so that it works from a bare destination too.
func (a *Agent) extra(s settingsFile) []backup.Extra {
	data, err := json.MarshalIndent(struct {
		Home      string `json:"home"`
		Settings  any    `json:"settings"`
		Selection any    `json:"selection"`
	}{userHome(), s.Settings, s.Selection}, "", "  ")
	if err != nil {
		return nil
	}
	return []backup.Extra{{Name: "settings.json", Data: data, ModTime: s.Changed}}
}
