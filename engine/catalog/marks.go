package catalog

import (
	"context"
	"fmt"

	"holdfast/engine/repo"
)

// Marks is a set of blobs: a bit for each number, so that a million blobs take 125
// KB. It is used by one goroutine.
type Marks struct {
	c    *Catalog
	bits []uint64
}

// NewMarks makes an empty set.
func (c *Catalog) NewMarks() *Marks { return &Marks{c: c} }

// Mark adds a stored blob and says whether it was new. A blob that no known pack
// holds is ErrMissingBlob.
func (m *Marks) Mark(t repo.BlobType, id repo.ID) (fresh bool, err error) {
	number, err := m.number(t, id)
	if err != nil {
		return false, err
	}
	word, bit := int(number/64), uint64(1)<<(number%64)
	for len(m.bits) <= word {
		m.bits = append(m.bits, make([]uint64, max(64, len(m.bits)/2))...)
	}
	fresh = m.bits[word]&bit == 0
	m.bits[word] |= bit
	return fresh, nil
}

// Has says whether a blob was marked.
func (m *Marks) Has(t repo.BlobType, id repo.ID) (bool, error) {
	number, err := m.number(t, id)
	if err != nil {
		return false, err
	}
	word := int(number / 64)
	return word < len(m.bits) && m.bits[word]&(1<<(number%64)) != 0, nil
}

func (m *Marks) number(t repo.BlobType, id repo.ID) (number int64, err error) {
	stored := false
	err = m.c.read(context.Background(), func(s *session) (err error) {
		number, stored, err = blobNumber(s, t, id)
		return err
	})
	if err == nil && !stored {
		err = fmt.Errorf("blob %s: %w", id, ErrMissingBlob)
	}
	return number, err
}

// LastHolders returns snapshots of a device that must stay although the tiers would
// let them go: for each file that went away after a moment, the newest snapshot that
// holds its last version, when no snapshot in keep does.
func (c *Catalog) LastHolders(ctx context.Context, device string, goneAfter int64, keep map[repo.ID]bool) ([]repo.ID, error) {
	snapshots, err := c.Snapshots(ctx, device)
	if err != nil {
		return nil, err
	}
	var spans [][2]int64
	err = c.read(ctx, func(s *session) error {
		number, err := c.device(s, device)
		if err != nil {
			return ignoreNotFound(err)
		}
		return s.each(ctx, func(r row) error {
			spans = append(spans, [2]int64{r.int(0), r.int(1)})
			return nil
		}, "SELECT DISTINCT since, gone FROM entry WHERE device = ? AND gone > ? AND gone > since AND kind <> 1", number, goneAfter)
	})
	if err != nil {
		return nil, err
	}
	var holders []repo.ID
	for _, span := range spans {
		if id, ok := holderOf(snapshots, span, keep); ok {
			keep[id] = true
			holders = append(holders, id)
		}
	}
	return holders, nil
}

// holderOf finds the newest snapshot in a span unless one that stays anyway is in it.
func holderOf(newestFirst []Snapshot, span [2]int64, keep map[repo.ID]bool) (repo.ID, bool) {
	var holder repo.ID
	found := false
	for _, n := range newestFirst {
		at := nanos(n.Time)
		if at < span[0] || at >= span[1] {
			continue
		}
		if keep[n.ID] {
			return repo.ID{}, false
		}
		if !found {
			holder, found = n.ID, true
		}
	}
	return holder, found
}
