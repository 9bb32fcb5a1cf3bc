// Package prune thins old snapshots and gives back the space that nothing refers to
// any more.
//
// Its one idea is the order: snapshots, then index, then packs. A blob is used when
// a tree that a remaining snapshot reaches names it; anything in doubt (a tree that
// cannot be read, a blob in no known pack) ends the run before a single pack is
// touched. Packs with nothing used in them go; packs of which little is used, and
// heaps of small ones, are put together in new packs by copying sealed blobs as they
// are. Packs that no index speaks of were left by a run that was killed, and go too:
// catalog.Sync looks for those that it knows before a capture relies on them. New
// packs are durable before the index that names them, the new index before the old
// one goes, and that before any pack does. Whatever moment a run ends at, every
// snapshot that is listed restores.
//
// Which snapshots stay is engine/retention's to say. The exclusive lock of restic's
// protocol keeps other programs away meanwhile, and is asked before every removal.
package prune

import (
	"context"
	"errors"
	"fmt"
	"time"

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// Options is one run.
type Options struct {
	Repo    *repo.Repository
	Catalog *catalog.Catalog
	Devices []Device // whose snapshots are thinned; space is freed for all
	Now     func() time.Time
	// Received: snapshots count by when the store received them, and Now is its clock.
	// A client's clock, wrong or forged, then makes no version old. One of which the
	// store does not say when that was stays.
	Received bool
	// Stored says, with Received, whether the store had a snapshot from the device as which
	// it was made; nil: from whomever. One that it had from another stays, and takes the
	// place of no other.
	Stored func(device string, id repo.ID) bool
	// Replace removes a snapshot in whose place another was stored; nil: as any other.
	Replace func(ctx context.Context, old, by repo.ID) error
}

// Device is what is to become of the snapshots of one device.
type Device struct {
	ID      string
	Policy  engine.Retention
	Removed []Removal
	// Replaced are the moments, by the clocks of the snapshots, up to which the device
	// was another computer. What a computer ended with is a version like the newest
	// one: it stays, however long another has its place.
	Replaced []time.Time
}

// Removal is a path of the device to take out of its snapshots up to a moment. What
// was captured later was chosen anew.
type Removal struct {
	Path   string
	Before time.Time // that moment is the last one
}

// Packs are rewritten when this share of their bytes is unused, or when they are
// small and there are several of them.
const (
	wasteShare   = 0.5
	smallPack    = 2 << 20 // bytes
	fewSmall     = 8
	packSize     = 16 << 20
	packsPerFile = 256
)

// run is a running one.
type run struct {
	Options
	lock   *repo.Lock
	marks  *catalog.Marks
	result engine.MaintainResult
}

// Run thins, sweeps and tidies. Nothing is done while another program holds a lock.
func Run(ctx context.Context, o Options) (engine.MaintainResult, error) {
	r := &run{Options: o, marks: o.Catalog.NewMarks()}
	lock, err := o.Repo.Lock(ctx, true)
	if err != nil {
		return r.result, err
	}
	defer lock.Unlock()
	r.lock = lock
	ctx, cancel := lock.Context(ctx)
	defer cancel()
	err = r.steps(ctx)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(context.Cause(ctx), err)
	}
	return r.result, err
}

// steps are those of a run that has the repository for itself. What others stored
// until then must be known: an index file that is not would go with the old ones.
func (r *run) steps(ctx context.Context) error {
	if err := r.Catalog.Sync(ctx, r.Repo, nil); err != nil {
		return err
	}
	for _, d := range r.Devices {
		if err := r.forget(ctx, d); err != nil {
			return err
		}
		if err := r.remove(ctx, d); err != nil {
			return err
		}
	}
	if err := r.mark(ctx); err != nil {
		return err
	}
	plan, err := r.plan(ctx)
	if err != nil || plan.empty() {
		return err
	}
	return r.sweep(ctx, plan)
}

// discard removes a file of the repository for good, if the lock is still held at this
// very moment: a computer that slept must not go on by what it knew before.
func (r *run) discard(ctx context.Context, remove func(context.Context, repo.ID) error, id repo.ID) error {
	if err := r.lock.Held(); err != nil {
		return err
	}
	if err := remove(ctx, id); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	return nil
}

// forget removes the snapshots that the policy lets go. One that alone holds the
// last version of a deleted file stays for the term of deleted files.
func (r *run) forget(ctx context.Context, d Device) error {
	times, err := r.times(ctx, d.ID)
	if err != nil {
		return err
	}
	keep, err := r.kept(ctx, d, times, r.Now())
	if err != nil {
		return err
	}
	var gone []repo.ID
	for _, s := range times.snapshots {
		if keep[s.ID] {
			continue
		}
		if err := r.discard(ctx, r.Repo.RemoveSnapshot, s.ID); err != nil {
			return errors.Join(fmt.Errorf("remove snapshot %v: %w", s.ID, err), r.Catalog.Forget(ctx, gone))
		}
		gone = append(gone, s.ID)
	}
	r.result.Forgotten += len(gone)
	return r.Catalog.Forget(ctx, gone)
}

// kept are the snapshots that stay.
func (r *run) kept(ctx context.Context, d Device, t times, now time.Time) (map[repo.ID]bool, error) {
	keep := t.keep(now, d.Policy, d.Replaced)
	if len(keep) == len(t.snapshots) {
		return keep, nil
	}
	_, err := r.Catalog.LastHolders(ctx, d.ID, t.goneAfter(now.Add(-d.Policy.Deleted-d.Policy.All)), keep)
	return keep, err
}

// Due counts the snapshots that Run would let go now. It changes nothing and locks
// nothing.
func Due(ctx context.Context, o Options) (int, error) {
	r, due := &run{Options: o}, 0
	for _, d := range o.Devices {
		times, err := r.times(ctx, d.ID)
		if err != nil {
			return 0, err
		}
		keep, err := r.kept(ctx, d, times, Latest(r.Now(), times.received))
		if err != nil {
			return 0, err
		}
		due += len(times.snapshots) - len(keep)
	}
	return due, nil
}

// mark marks every blob that a remaining snapshot, of any computer, reaches. The
// snapshots are listed at the destination, not in the catalog.
func (r *run) mark(ctx context.Context) error {
	ids, err := r.Repo.ListSnapshots(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		s, err := r.Repo.LoadSnapshot(ctx, id)
		if err != nil {
			return fmt.Errorf("read snapshot %v: %w", id, err)
		}
		if err := r.markTree(ctx, s.Tree); err != nil {
			return fmt.Errorf("snapshot %v: %w", id, err)
		}
	}
	return nil
}

func (r *run) markTree(ctx context.Context, id repo.ID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	fresh, err := r.marks.Mark(repo.Tree, id)
	if err != nil || !fresh {
		return err
	}
	nodes, err := r.Repo.LoadTree(ctx, r.Catalog, id)
	if err != nil {
		return fmt.Errorf("read tree %v: %w", id, err)
	}
	for _, n := range nodes {
		for _, c := range n.Content {
			if _, err := r.marks.Mark(repo.Data, c); err != nil {
				return err
			}
		}
		if n.Subtree == nil {
			continue
		}
		if err := r.markTree(ctx, *n.Subtree); err != nil {
			return err
		}
	}
	return nil
}
