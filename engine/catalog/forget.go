package catalog

import (
	"context"
	"fmt"
	"strings"

	"holdfast/engine/repo"
)

// Forget records that snapshots were removed from the repository: versions that no
// remaining snapshot holds vanish. When the newest of a device is among them, what is
// present can be told from the repository alone; the next Sync reads that device anew
// and until then it is shown as it was.
func (c *Catalog) Forget(ctx context.Context, ids []repo.ID) error {
	if len(ids) == 0 {
		return nil
	}
	c.applying.Lock()
	defer c.applying.Unlock()
	some := false
	err := c.write(ctx, func(s *session) error {
		devices := make(map[int64]int64) // newest time before
		for _, id := range ids {
			var device, newest int64
			found, err := s.first(func(r row) { device, newest = r.int(0), r.int(1) }, `SELECT n.device,
				(SELECT max(time) FROM snapshot WHERE device = n.device) FROM snapshot n WHERE n.hash = ?`, id[:])
			if err != nil {
				return err
			}
			if !found {
				continue
			}
			some = true
			if _, seen := devices[device]; !seen {
				devices[device] = newest
			}
			if _, _, err := s.exec("DELETE FROM snapshot WHERE hash = ?", id[:]); err != nil {
				return err
			}
		}
		for device, newest := range devices {
			if err := c.afterForget(s, device, newest); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || !some {
		return err
	}
	return c.sweepVersions(ctx)
}

// hostPrefix begins the ids of devices that are hosts of another program.
const hostPrefix = "host:"

// afterForget marks a device that must be read anew. Snapshots of a host are of
// different folders: which of them holds a version is not told by time alone.
func (c *Catalog) afterForget(s *session, device, newest int64) error {
	left, _, err := s.number("SELECT max(time) FROM snapshot WHERE device = ?", device)
	if err != nil {
		return err
	}
	uid, err := c.deviceName(s, device)
	if err != nil {
		return err
	}
	if left < newest || strings.HasPrefix(uid, hostPrefix) {
		_, _, err = s.exec("UPDATE device SET reload = 1 WHERE id = ?", device)
	}
	return err
}

// sweepStep is how many entries one transaction looks through.
const sweepStep = 50_000

// sweepVersions removes the versions and entries that no snapshot holds. From the
// last entry to the first, so that a folder comes after what lies in it.
func (c *Catalog) sweepVersions(ctx context.Context) error {
	var upper int64
	err := c.read(ctx, func(s *session) (err error) {
		upper, _, err = s.number("SELECT max(id) FROM entry")
		return err
	})
	for ; err == nil && upper > 0; upper -= sweepStep {
		err = c.write(ctx, func(s *session) error { return sweepRange(s, upper-sweepStep, upper) })
	}
	if err != nil {
		return fmt.Errorf("forgetting versions: %w", err)
	}
	return nil
}

func sweepRange(s *session, above, upto int64) error {
	_, _, err := s.exec(`DELETE FROM old WHERE entry > ? AND entry <= ? AND NOT EXISTS (
		SELECT 1 FROM entry e JOIN snapshot n ON n.device = e.device
		WHERE e.id = old.entry AND n.time >= old.since AND n.time < old.until)`, above, upto)
	if err != nil {
		return err
	}
	var unheld []int64
	err = s.each(context.Background(), func(r row) error {
		unheld = append(unheld, r.int(0))
		return nil
	}, `SELECT id FROM entry WHERE id > ? AND id <= ? AND gone <> 0 AND NOT EXISTS (
		SELECT 1 FROM snapshot n WHERE n.device = entry.device AND n.time >= entry.since AND n.time < entry.gone)
		ORDER BY id DESC`, above, upto)
	for _, id := range unheld {
		if err == nil {
			err = stepBack(s, id)
		}
	}
	return err
}

// stepBack lets the newest past version take the place of one that is gone and that
// no snapshot holds, or removes the entry when there is none.
func stepBack(s *session, id int64) error {
	_, changed, err := s.exec(`UPDATE entry SET (since, gone, kind, mode, size, mtime, content, ctime, inode) =
		(SELECT since, until, kind, mode, size, mtime, content, 0, 0 FROM old WHERE entry = ?1 ORDER BY since DESC LIMIT 1)
		WHERE id = ?1 AND EXISTS (SELECT 1 FROM old WHERE entry = ?1)`, id)
	if err != nil {
		return err
	}
	if changed > 0 {
		_, _, err = s.exec("DELETE FROM old WHERE entry = ?1 AND since = (SELECT since FROM entry WHERE id = ?1)", id)
		return err
	}
	_, _, err = s.exec("DELETE FROM entry WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM entry WHERE parent = ?1)", id)
	return err
}

// clearDevice removes all that is known of a device's tree, so that it can be read
// from its snapshots. Cut short, it is done again.
func (c *Catalog) clearDevice(ctx context.Context, device int64) error {
	var upper int64
	err := c.write(ctx, func(s *session) error {
		if _, _, err := s.exec("UPDATE device SET reload = 1, files = 0, bytes = 0 WHERE id = ?", device); err != nil {
			return err
		}
		if _, _, err := s.exec("DELETE FROM snapshot WHERE device = ?", device); err != nil {
			return err
		}
		var err error
		upper, _, err = s.number("SELECT max(id) FROM entry")
		return err
	})
	for ; err == nil && upper > 0; upper -= sweepStep {
		err = c.write(ctx, func(s *session) error {
			_, _, err := s.exec(`DELETE FROM old WHERE entry > ?1 AND entry <= ?2
				AND entry IN (SELECT id FROM entry WHERE id > ?1 AND id <= ?2 AND device = ?3)`, upper-sweepStep, upper, device)
			if err == nil {
				_, _, err = s.exec("DELETE FROM entry WHERE id > ? AND id <= ? AND device = ?", upper-sweepStep, upper, device)
			}
			return err
		})
	}
	if err != nil {
		return err
	}
	return c.write(ctx, func(s *session) error {
		_, _, err := s.exec("UPDATE device SET reload = 0 WHERE id = ?", device)
		return err
	})
}
