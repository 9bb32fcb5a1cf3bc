package restore

import (
	"context"
	"errors"
	"sync"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// moved is what a restore knows of packs that are no longer where the Locator said. A
// restore of a large computer takes hours, in which another computer may put packs
// together: their blobs are in others then.
type moved struct {
	mu   sync.Mutex
	gone map[repo.ID]bool // packs for which the Locator has learned anew
	vain int              // times in a row that this found nothing
}

// mostVain bounds how often is looked in vain: from then on what is gone counts as lost,
// so that a damaged destination is not listed once for every pack that it lacks.
const mostVain = 3

// relocate finds the wants of a pack that is gone in other packs; those that are in none
// come back as lost.
func (j *job) relocate(ctx context.Context, pack repo.ID, wants []want) (found, lost []want, err error) {
	j.moved.mu.Lock()
	defer j.moved.mu.Unlock()
	if err := j.learn(ctx, pack); err != nil {
		return nil, nil, err
	}
	for _, w := range wants {
		loc, ok, err := j.Locator.Locate(w.loc.Blob.Type, w.loc.Blob.ID)
		switch {
		case err != nil:
			return nil, nil, err
		case ok && !j.moved.gone[loc.Pack]:
			w.loc = loc
			found = append(found, w)
		default:
			lost = append(lost, w)
		}
	}
	j.moved.looked(len(found) > 0)
	return found, lost, nil
}

// looked counts how often in a row nothing was found elsewhere.
func (m *moved) looked(found bool) {
	m.vain++
	if found {
		m.vain = 0
	}
}

// learn makes the Locator learn anew, once for each pack that is gone.
func (j *job) learn(ctx context.Context, pack repo.ID) error {
	if j.moved.gone[pack] {
		return nil
	}
	if j.moved.gone == nil {
		j.moved.gone = map[repo.ID]bool{}
	}
	j.moved.gone[pack] = true
	if j.Relocate == nil || j.moved.vain >= mostVain {
		return nil
	}
	return j.Relocate(ctx)
}

// fetchElsewhere gets the blobs of a span whose pack is gone.
func (w *worker) fetchElsewhere(ctx context.Context, s span, cause error) error {
	found, lost, err := w.job.relocate(ctx, s.pack, s.wants)
	if err != nil {
		return err
	}
	for _, l := range lost {
		if err := l.task.miss(cause); err != nil {
			return err
		}
	}
	for _, s := range spansOf(found) {
		if err := w.fetch(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// loadTree is repo.LoadTree, also of a tree that is elsewhere by now.
func (j *job) loadTree(ctx context.Context, id repo.ID) ([]repo.Node, error) {
	was, _, err := j.Locator.Locate(repo.Tree, id)
	if err != nil {
		return nil, err
	}
	nodes, err := j.Repo.LoadTree(ctx, j.Locator, id)
	if !errors.Is(err, storage.ErrNotFound) || j.Relocate == nil {
		return nodes, err
	}
	j.moved.mu.Lock()
	defer j.moved.mu.Unlock()
	if err := j.learn(ctx, was.Pack); err != nil {
		return nil, err
	}
	nodes, err = j.Repo.LoadTree(ctx, j.Locator, id)
	j.moved.looked(err == nil)
	return nodes, err
}
