package prune

import (
	"context"
	"time"

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/repo"
	"holdfast/engine/retention"
	"holdfast/engine/storage"
)

// times are the snapshots of a device, the newest first, and the moments by which they
// count: their own, or those at which the store received them.
type times struct {
	snapshots []catalog.Snapshot
	received  map[repo.ID]time.Time // nil: their own; one that is not in it does not count
}

func (r *run) times(ctx context.Context, device string) (times, error) {
	snapshots, err := r.Catalog.Snapshots(ctx, device)
	if err != nil || !r.Received {
		return times{snapshots: snapshots}, err
	}
	received, err := Received(ctx, r.Repo)
	for _, s := range snapshots {
		if r.Stored != nil && !r.Stored(device, s.ID) {
			delete(received, s.ID)
		}
	}
	return times{snapshots, received}, err
}

// Received is when the store of a repository received each snapshot, as far as it says.
func Received(ctx context.Context, r *repo.Repository) (map[repo.ID]time.Time, error) {
	received := map[repo.ID]time.Time{}
	err := r.Store().List(ctx, storage.Snapshots, func(info storage.Info) error {
		if id, err := repo.ParseID(info.Name); err == nil && !info.ModTime.IsZero() {
			received[id] = info.ModTime
		}
		return nil
	})
	return received, err
}

// Latest is a clock, or what was received last where that is later: the clock of a
// computer may be behind that of the store.
func Latest(now time.Time, received map[repo.ID]time.Time) time.Time {
	for _, at := range received {
		if at.After(now) {
			now = at
		}
	}
	return now
}

// of is the moment by which a snapshot counts, false when nobody knows it.
func (t times) of(s catalog.Snapshot) (time.Time, bool) {
	if t.received == nil {
		return s.Time, true
	}
	at, ok := t.received[s.ID]
	return at, ok
}

// Series parts the snapshots of a device into those of each computer that had its
// place, which are thinned for themselves. A computer had it up to a moment in
// replaced, and the last one has it still.
func Series(snapshots []catalog.Snapshot, replaced []time.Time) [][]catalog.Snapshot {
	series := make([][]catalog.Snapshot, len(replaced)+1)
	for _, s := range snapshots {
		before := 0
		for _, end := range replaced {
			if s.Time.After(end) {
				before++
			}
		}
		series[before] = append(series[before], s)
	}
	return series
}

// keep are the snapshots that a policy wants.
func (t times) keep(now time.Time, policy engine.Retention, replaced []time.Time) map[repo.ID]bool {
	keep := map[repo.ID]bool{}
	for _, series := range Series(t.snapshots, replaced) {
		t.keepOf(series, now, policy, keep)
	}
	return keep
}

// keepOf adds those of one computer. The last that it made stays in any case: one that
// a run which was cut short wrote anew may have been received later.
func (t times) keepOf(series []catalog.Snapshot, now time.Time, policy engine.Retention, keep map[repo.ID]bool) {
	if len(series) > 0 {
		keep[series[0].ID] = true
	}
	var versions []retention.Version
	var ids []repo.ID
	for _, s := range series {
		at, ok := t.of(s)
		if !ok {
			keep[s.ID] = true
			continue
		}
		versions, ids = append(versions, retention.Version{Time: at, ID: s.ID.String()}), append(ids, s.ID)
	}
	for i, stays := range retention.Keep(versions, now, policy) {
		if stays {
			keep[ids[i]] = true
		}
	}
}

// goneAfter translates a moment into the snapshots' own time, in which the catalog
// notes when a file went away: Unix nanoseconds. A file counts as gone when the next
// snapshot after that was received, so that none does too early; and where the order
// of receipt is not that of the snapshots, the earlier bound holds.
func (t times) goneAfter(moment time.Time) int64 {
	if t.received == nil {
		return moment.UnixNano()
	}
	after := int64(0)
	for i := len(t.snapshots) - 1; i >= 0; i-- {
		at, ok := t.of(t.snapshots[i])
		if !ok || at.After(moment) {
			break
		}
		after = t.snapshots[i].Time.UnixNano()
	}
	return after
}
