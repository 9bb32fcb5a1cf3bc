package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"holdfast/engine/repo"
)

// ErrIncomplete says that Sync has brought in what could be read and that something
// else could not: index files, snapshots or trees are damaged or missing.
var ErrIncomplete = errors.New("catalog: parts of the repository could not be read")

// Tags of snapshots that mean something here.
const (
	tagDevice  = "device="
	tagPartial = "partial"
)

// settingsName is the folder at the top of a snapshot of ours that holds settings,
// not files.
const settingsName = ".holdfast"

// Sync brings in the index files and snapshots that are not known yet, oldest first
// for each device, and drops what has vanished from the repository: packs that no
// index file lists any more, and those without one that are not at the destination.
// What Has knows after a Sync under a lock is stored for as long as the lock is held.
// It is what fills a Fresh catalog. progress, which may be nil, is told of steps: an index file or a
// snapshot each.
//
// The device of a snapshot is told by its tag "device=…"; for those of other programs
// it is "host:" and the host's name. A snapshot of ours is all there is of its device;
// one of another program says nothing of what lies outside its own paths.
//
// Cut short it goes on where it was. Damage in one place does not keep the rest from
// being read: it is reported, as ErrIncomplete, when all else is done.
func (c *Catalog) Sync(ctx context.Context, r *repo.Repository, progress func(done, total int)) error {
	c.syncing.Lock()
	defer c.syncing.Unlock()
	y := &syncing{c: c, repo: r, progress: progress}
	if err := y.syncIndexes(ctx); err != nil {
		return fmt.Errorf("reading index files: %w", err)
	}
	if err := y.sweepUnindexed(ctx); err != nil {
		return fmt.Errorf("looking for packs without an index: %w", err)
	}
	if err := y.syncSnapshots(ctx); err != nil {
		return fmt.Errorf("reading snapshots: %w", err)
	}
	c.indexNames()
	if len(y.missed) > 0 {
		return fmt.Errorf("%w: %w", ErrIncomplete, errors.Join(y.missed...))
	}
	return nil
}

// syncing is one run of Sync.
type syncing struct {
	c           *Catalog
	repo        *repo.Repository
	progress    func(done, total int)
	done, total int

	mutex  sync.Mutex
	missed []error
}

func (y *syncing) expect(n int) {
	y.total += n
	y.tell()
}

func (y *syncing) step() {
	y.done++
	y.tell()
}

func (y *syncing) tell() {
	if y.progress != nil {
		y.progress(y.done, y.total)
	}
}

// miss notes, once, something that could not be read.
func (y *syncing) miss(err error) {
	const most = 20
	y.mutex.Lock()
	defer y.mutex.Unlock()
	known := slices.ContainsFunc(y.missed, func(m error) bool { return m.Error() == err.Error() })
	if len(y.missed) < most && !known {
		y.missed = append(y.missed, err)
	}
}

// passable says that an error concerns one object only, so that others may be read.
func passable(err error) bool {
	return errors.Is(err, repo.ErrDamaged) || errors.Is(err, repo.ErrNotFound)
}

func (y *syncing) syncSnapshots(ctx context.Context) error {
	recorded, err := y.c.Snapshots(ctx, "") // before listing: what is recorded later is not gone
	if err != nil {
		return err
	}
	listed, err := y.repo.ListSnapshots(ctx)
	if err != nil {
		return err
	}
	known := make([]repo.ID, len(recorded))
	device := make(map[repo.ID]string)
	for i, n := range recorded {
		known[i], device[n.ID] = n.ID, n.Device
	}
	fresh, gone := difference(listed, known)
	y.expect(len(fresh))
	loaded, err := y.loadSnapshots(ctx, fresh)
	if err != nil {
		return err
	}
	byDevice := make(map[string][]*repo.Snapshot)
	for _, n := range loaded {
		uid := deviceOf(n)
		byDevice[uid] = append(byDevice[uid], n)
	}
	for uid, list := range byDevice {
		if err := y.syncDevice(ctx, uid, list); err != nil {
			return fmt.Errorf("device %s: %w", uid, err)
		}
	}
	// Last, so that a snapshot rewritten with other tags is never missing meanwhile.
	if err := y.c.Forget(ctx, gone); err != nil {
		return err
	}
	return y.reloadDevices(ctx)
}

// loadSnapshots reads snapshots, several at a time: each costs a round trip.
func (y *syncing) loadSnapshots(ctx context.Context, ids []repo.ID) ([]*repo.Snapshot, error) {
	loaded := make([]*repo.Snapshot, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for i, id := range ids {
		group.Go(func() error {
			n, err := y.repo.LoadSnapshot(ctx, id)
			if passable(err) {
				y.miss(fmt.Errorf("snapshot %s: %w", id, err))
				return nil
			}
			if err != nil {
				return err
			}
			n.ID = id
			loaded[i] = n
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(loaded, func(n *repo.Snapshot) bool { return n == nil }), nil
}

func deviceOf(n *repo.Snapshot) string {
	for _, tag := range n.Tags {
		if uid, ok := strings.CutPrefix(tag, tagDevice); ok && uid != "" {
			return uid
		}
	}
	return hostPrefix + n.Hostname
}

func inOrder(a, b *repo.Snapshot) int {
	if order := a.Time.Compare(b.Time); order != 0 {
		return order
	}
	return a.ID.Compare(b.ID)
}

// syncDevice brings in new snapshots of a device. One that is older than what is in
// already, and holds something else than its neighbour, means reading them all anew.
func (y *syncing) syncDevice(ctx context.Context, uid string, fresh []*repo.Snapshot) error {
	slices.SortFunc(fresh, inOrder)
	for i, n := range fresh {
		late, err := y.late(ctx, uid, n)
		if err != nil {
			return err
		}
		if late {
			err = y.c.write(ctx, func(s *session) error {
				_, _, err := s.exec("UPDATE device SET reload = 1 WHERE uid = ?", uid)
				return err
			})
			for range fresh[i:] {
				y.step() // reloadDevices has them
			}
			return err
		}
		if err := y.bringIn(ctx, uid, n); err != nil {
			return err
		}
		y.step()
	}
	return nil
}

// late says that a snapshot cannot be brought in after those that are.
func (y *syncing) late(ctx context.Context, uid string, n *repo.Snapshot) (bool, error) {
	last, err := y.c.SnapshotAt(ctx, uid, zeroTime)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil || n.Time.After(last.Time) {
		return false, err
	}
	before, err := y.c.SnapshotAt(ctx, uid, n.Time)
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	return before.Tree != n.Tree, err
}

// bringIn makes the next snapshot of a device its present state.
func (y *syncing) bringIn(ctx context.Context, uid string, n *repo.Snapshot) error {
	y.c.applying.Lock()
	defer y.c.applying.Unlock()
	var device, root int64
	err := y.c.write(ctx, func(s *session) (err error) {
		if device, err = y.c.madeDevice(s, uid); err != nil {
			return err
		}
		if n.Hostname != "" {
			_, _, err = s.exec("UPDATE device SET name = ? WHERE id = ? AND (name = '' OR this = 0)", n.Hostname, device)
		}
		if err == nil {
			root, err = madeRoot(s, device)
		}
		return err
	})
	if err != nil {
		return err
	}
	last, err := y.c.SnapshotAt(ctx, uid, zeroTime)
	if err = ignoreNotFound(err); err != nil {
		return err
	}
	if n.Time.After(last.Time) && (last.Tree != n.Tree || strings.HasPrefix(uid, hostPrefix)) {
		w := newWalk(y, device, n)
		if err := w.run(ctx, root, n.Tree); err != nil {
			return err
		}
	}
	return y.c.write(ctx, func(s *session) error {
		return putSnapshot(s, device, Snapshot{
			ID: n.ID, Time: n.Time, Tree: n.Tree, Partial: slices.Contains(n.Tags, tagPartial),
		})
	})
}

// reloadDevices reads the devices anew whose present state cannot be told otherwise,
// and forgets those of other programs and computers that have no snapshot left.
func (y *syncing) reloadDevices(ctx context.Context) error {
	type device struct {
		number int64
		uid    string
	}
	var stale []device
	err := y.c.read(ctx, func(s *session) error {
		return s.each(ctx, func(r row) error {
			stale = append(stale, device{r.int(0), r.text(1)})
			return nil
		}, "SELECT id, uid FROM device WHERE reload <> 0")
	})
	if err != nil || len(stale) == 0 {
		return err
	}
	listed, err := y.repo.ListSnapshots(ctx)
	if err != nil {
		return err
	}
	all, err := y.loadSnapshots(ctx, listed)
	if err != nil {
		return err
	}
	for _, d := range stale {
		mine := slices.DeleteFunc(slices.Clone(all), func(n *repo.Snapshot) bool { return deviceOf(n) != d.uid })
		slices.SortFunc(mine, inOrder)
		y.c.applying.Lock()
		err := y.c.clearDevice(ctx, d.number)
		y.c.applying.Unlock()
		if err != nil {
			return err
		}
		y.expect(len(mine))
		if len(mine) == 0 {
			err = y.c.write(ctx, func(s *session) error {
				_, _, err := s.exec("UPDATE device SET name = '', home = '' WHERE id = ? AND this = 0", d.number)
				return err
			})
			if err != nil {
				return err
			}
		}
		for _, n := range mine {
			if err := y.bringIn(ctx, d.uid, n); err != nil {
				return err
			}
			y.step()
		}
	}
	return nil
}
