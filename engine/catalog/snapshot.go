package catalog

import (
	"context"
	"fmt"
	"time"
)

const snapshotColumns = `SELECT n.hash, d.uid, n.time, n.tree, n.partial FROM snapshot n JOIN device d ON d.id = n.device `

func snapshotOf(r row) Snapshot {
	return Snapshot{
		ID: idOf(r.bytes(0)), Device: r.text(1), Time: timeOf(r.int(2)), Tree: idOf(r.bytes(3)), Partial: r.int(4) != 0,
	}
}

// Snapshots lists the snapshots of a device, the newest first; "" means every device.
func (c *Catalog) Snapshots(ctx context.Context, device string) ([]Snapshot, error) {
	var list []Snapshot
	add := func(r row) error {
		list = append(list, snapshotOf(r))
		return nil
	}
	err := c.read(ctx, func(s *session) error {
		if device == "" {
			return s.each(ctx, add, snapshotColumns+"ORDER BY n.time DESC, n.id DESC")
		}
		return s.each(ctx, add, snapshotColumns+"WHERE d.uid = ? ORDER BY n.time DESC, n.id DESC", device)
	})
	return list, err
}

// SnapshotAt is the newest snapshot of a device that is not after a moment; the zero
// time means the newest of all. ErrNotFound when there is none.
func (c *Catalog) SnapshotAt(ctx context.Context, device string, at time.Time) (Snapshot, error) {
	var n Snapshot
	err := c.read(ctx, func(s *session) error {
		found, err := s.first(func(r row) { n = snapshotOf(r) },
			snapshotColumns+"WHERE d.uid = ?1 AND (?2 = 0 OR n.time <= ?2) ORDER BY n.time DESC, n.id DESC LIMIT 1", device, nanos(at))
		if err == nil && !found {
			err = fmt.Errorf("snapshot of %s: %w", device, ErrNotFound)
		}
		return err
	})
	return n, err
}

// snapshotTime is the time of the newest snapshot not after a moment, 0 for none.
// What a moment shows is what that snapshot holds, whatever was forgotten since.
func snapshotTime(s *session, device, at int64) (int64, error) {
	n, _, err := s.number("SELECT time FROM snapshot WHERE device = ? AND time <= ? ORDER BY time DESC LIMIT 1", device, at)
	return n, err
}

// NextTime is the time to give a new snapshot of a device: now, or just after the
// last one when the clock was set back since. Commit accepts no earlier one, because
// the order of times is the order of versions.
func (c *Catalog) NextTime(ctx context.Context, device string, now time.Time) (time.Time, error) {
	last, err := c.SnapshotAt(ctx, device, time.Time{})
	if err != nil {
		return now, ignoreNotFound(err)
	}
	if next := last.Time.Add(time.Millisecond); now.Before(next) {
		return next, nil
	}
	return now, nil
}
