package catalog

import (
	"context"
	"fmt"
	"sort"
	"time"

	"holdfast/engine"
	"holdfast/engine/repo"
)

// below selects what a folder held at a moment (?2, in nanoseconds), all the way
// down: the present version where that was there already, a past one otherwise. What
// was not there has no kind.
const below = `WITH RECURSIVE below (id, kind, size) AS (
		SELECT ?1, 1, 0
		UNION ALL
		SELECT e.id,
			CASE WHEN e.since <= ?2 AND (e.gone = 0 OR e.gone > ?2) THEN e.kind
				ELSE (SELECT kind FROM old WHERE entry = e.id AND since <= ?2 AND until > ?2) END,
			CASE WHEN e.since <= ?2 AND (e.gone = 0 OR e.gone > ?2) THEN e.size
				ELSE (SELECT size FROM old WHERE entry = e.id AND since <= ?2 AND until > ?2) END
		FROM below b JOIN entry e ON e.parent = b.id WHERE b.kind = 1
	) `

// AmountAt counts the files and bytes below a path at a moment.
func (c *Catalog) AmountAt(ctx context.Context, device, path string, at time.Time) (engine.Amount, error) {
	var sum engine.Amount
	err := c.read(ctx, func(s *session) error {
		id, err := c.entryAt(s, device, path)
		if err != nil {
			return err
		}
		number, err := c.device(s, device)
		if err != nil {
			return err
		}
		moment, err := snapshotTime(s, number, nanos(at))
		if err != nil {
			return err
		}
		_, err = s.first(func(r row) { sum = engine.Amount{Files: r.int(0), Bytes: r.int(1)} },
			below+`SELECT count(*), coalesce(sum(CASE kind WHEN 0 THEN size ELSE 0 END), 0) FROM below WHERE kind <> 1`, id, moment)
		return err
	})
	return sum, err
}

// Space counts what each child of a folder takes now, the largest first. Nothing,
// and no error, for a folder that is not known.
func (c *Catalog) Space(ctx context.Context, device, folder string) ([]engine.SpaceItem, error) {
	const mostItems = 60
	top, err := c.Lookup(ctx, device, folder)
	if err != nil {
		return nil, ignoreNotFound(err)
	}
	children, err := c.Children(ctx, top.ID, ChildrenOptions{})
	if err != nil {
		return nil, err
	}
	items := make([]engine.SpaceItem, 0, len(children))
	for _, e := range children {
		item := engine.SpaceItem{Path: joinPath(folder, e.Name), Bytes: e.Size, Files: 1}
		if e.Kind == Dir {
			amount, err := c.AmountAt(ctx, device, item.Path, time.Unix(0, 1<<62))
			if err != nil {
				return nil, err
			}
			item.Bytes, item.Files = amount.Bytes, amount.Files
		}
		if item.Bytes > 0 {
			items = append(items, item)
		}
	}
	sort.Slice(items, func(i, j int) bool { return items[i].Bytes > items[j].Bytes })
	return items[:min(len(items), mostItems)], nil
}

// StoredBytes is what the packs take at the destination. It reads a row for each
// pack, of which there are some 60 in a GB.
func (c *Catalog) StoredBytes(ctx context.Context) (int64, error) {
	var n int64
	err := c.read(ctx, func(s *session) error {
		_, err := s.first(func(r row) { n = r.int(0) }, "SELECT coalesce(sum(size), 0) FROM pack")
		return err
	})
	return n, err
}

// Sizes are sums over the whole destination, in bytes.
type Sizes struct {
	Stored   int64 // packs as they lie there
	Unique   int64 // every blob once, before compression
	Original int64 // what the present files of all computers add up to
}

// Sizes adds up what is stored. It reads every blob's row.
func (c *Catalog) Sizes(ctx context.Context) (Sizes, error) {
	var z Sizes
	err := c.read(ctx, func(s *session) error {
		_, err := s.first(func(r row) { z.Stored = r.int(0) }, "SELECT coalesce(sum(size), 0) FROM pack")
		if err != nil {
			return err
		}
		const overhead = 32 // IV and MAC of a blob
		_, err = s.first(func(r row) { z.Unique = r.int(0) },
			"SELECT coalesce(sum(CASE plain WHEN 0 THEN length - ? ELSE plain END), 0) FROM blob WHERE pack <> 0", overhead)
		if err != nil {
			return err
		}
		_, err = s.first(func(r row) { z.Original = r.int(0) }, "SELECT coalesce(sum(bytes), 0) FROM device")
		return err
	})
	return z, err
}

// Snapshot finds one by its id.
func (c *Catalog) Snapshot(ctx context.Context, id repo.ID) (Snapshot, error) {
	var n Snapshot
	err := c.read(ctx, func(s *session) error {
		found, err := s.first(func(r row) { n = snapshotOf(r) }, snapshotColumns+"WHERE n.hash = ?", id[:])
		if err == nil && !found {
			err = fmt.Errorf("snapshot %s: %w", id, ErrNotFound)
		}
		return err
	})
	return n, err
}

// ClearItems forgets the items of a job.
func (c *Catalog) ClearItems(ctx context.Context, job int64) error {
	return c.write(ctx, func(s *session) error {
		_, _, err := s.exec("DELETE FROM restore_item WHERE job = ?", job)
		return err
	})
}
