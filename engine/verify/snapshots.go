package verify

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// deviceTag is how a snapshot says which computer it is of, whatever that is called.
const deviceTag = "device="

// snapshot is what a check keeps of one.
type snapshot struct {
	id, tree         repo.ID
	time             time.Time
	computer, device string
}

func summary(s *repo.Snapshot) snapshot {
	short := snapshot{id: s.ID, tree: s.Tree, time: s.Time, computer: s.Hostname}
	for _, tag := range s.Tags {
		if device, ok := strings.CutPrefix(tag, deviceTag); ok {
			short.device = device
		}
	}
	return short
}

// readSnapshots loads all snapshots, newest first. bad is called, by one goroutine at
// a time, for each that cannot be read.
func readSnapshots(ctx context.Context, r *repo.Repository, workers int, bad func(repo.ID, error)) ([]snapshot, error) {
	ids, err := r.ListSnapshots(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]snapshot, len(ids))
	faults := make([]error, len(ids))
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i, id := range ids {
		group.Go(func() error {
			s, err := r.LoadSnapshot(running, id)
			switch {
			case err == nil:
				all[i] = summary(s)
			case fatal(running, err):
				return err
			default:
				faults[i] = err
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i, err := range faults {
		if err != nil {
			bad(ids[i], err)
		}
	}
	all = slices.DeleteFunc(all, func(s snapshot) bool { return s.id.IsZero() })
	slices.SortFunc(all, func(a, b snapshot) int {
		if n := b.time.Compare(a.time); n != 0 {
			return n
		}
		return a.id.Compare(b.id)
	})
	return all, nil
}

func (c *check) loadSnapshots(ctx context.Context) error {
	var err error
	c.snapshots, err = readSnapshots(ctx, c.Repo, c.Workers, func(id repo.ID, err error) {
		c.fault("The backup in the file snapshots/%v cannot be read (%s). Versions that only it held cannot be given back; those of other backups are not affected.", id, reason(err))
	})
	return err
}

// checkKeys looks at the files without which nothing can be opened. The repository
// was opened with one key; the others may be somebody's only one.
func (c *check) checkKeys(ctx context.Context) error {
	if info, err := c.Repo.Store().Stat(ctx, storage.Config, ""); err != nil || info.Size == 0 {
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		c.fault("The file config is missing or empty. Nothing can be opened without it once this program has ended; put it back from another copy of the backup.")
	}
	keys, err := c.Repo.Keys(ctx)
	if err != nil {
		return err
	}
	for _, k := range keys {
		data, err := c.Repo.Store().Get(ctx, storage.Keys, k.ID, 0, -1, nil)
		switch {
		case errors.Is(err, storage.ErrNotFound):
			continue // revoked meanwhile
		case err != nil && fatal(ctx, err):
			return err
		case err == nil && repo.Hash(data).String() == k.ID:
			continue
		}
		whose := ""
		if k.Hostname != "" {
			whose = " (made on " + k.Hostname + " for " + k.Username + ")"
		}
		c.fault("The key in the file keys/%s%s is damaged. Whoever has only this key cannot open the backup; make a new one.", k.ID, whose)
	}
	return nil
}
