package catalog

import (
	"context"
	"fmt"
	"time"

	"holdfast/engine/repo"
)

// ChildrenOptions says what Children returns; the zero value is what a folder holds
// now, without contents.
type ChildrenOptions struct {
	Content bool      // fill Content, for files, of the version returned
	At      time.Time // as of this moment; zero: now
	Deleted bool      // add what was gone at that moment, in its newest version until then
}

// Children lists a folder in no order.
func (c *Catalog) Children(ctx context.Context, dir EntryID, o ChildrenOptions) ([]Entry, error) {
	var list []Entry
	err := c.read(ctx, func(s *session) (err error) {
		list, err = c.children(ctx, s, int64(dir), o)
		return err
	})
	return list, err
}

func (c *Catalog) children(ctx context.Context, s *session, dir int64, o ChildrenOptions) ([]Entry, error) {
	device, found, err := s.number("SELECT device FROM entry WHERE id = ?", dir)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("entry %d: %w", dir, ErrNotFound)
	}
	k := &collector{c: c, s: s, o: o}
	if k.device, err = c.deviceName(s, device); err != nil {
		return nil, err
	}
	if o.At.IsZero() {
		query := presentChildren
		if o.Deleted {
			query = allChildren
		}
		err = s.each(ctx, k.add, query, dir)
	} else {
		err = k.asOf(ctx, device, dir)
	}
	if err == nil && o.Content {
		err = k.fill()
	}
	return k.list, err
}

const (
	entryColumns = `e.id, e.parent, n.bytes, e.kind, e.mode, e.size, e.mtime, e.ctime, e.inode, e.content, e.since, e.gone`

	presentChildren = `SELECT ` + entryColumns + ` FROM entry e JOIN name n ON n.id = e.name WHERE e.parent = ? AND e.gone = 0`
	allChildren     = `SELECT ` + entryColumns + ` FROM entry e JOIN name n ON n.id = e.name
		WHERE e.parent = ? AND (e.gone = 0 OR e.gone > e.since)`
	oneEntry = `SELECT ` + entryColumns + ` FROM entry e JOIN name n ON n.id = e.name WHERE e.id = ?`

	// What the present row does not answer for a moment: versions of before it.
	oldChildren = `SELECT e.id, e.parent, n.bytes, o.kind, o.mode, o.size, o.mtime, 0, 0, o.content, o.since, o.until
		FROM entry e JOIN name n ON n.id = e.name JOIN old o ON o.entry = e.id
		WHERE e.parent = ?1 AND e.since > ?2 AND o.since <= ?2 AND o.until > o.since ORDER BY o.entry, o.since DESC`
)

// A collector gathers the entries of one listing.
type collector struct {
	c        *Catalog
	s        *session
	o        ChildrenOptions
	device   string
	list     []Entry
	contents [][]byte
}

func (k *collector) add(r row) error {
	e, content := entryOf(r)
	e.Device = k.device
	k.list = append(k.list, e)
	if k.o.Content {
		k.contents = append(k.contents, content)
	}
	return nil
}

func entryOf(r row) (Entry, []byte) {
	e := Entry{
		ID: EntryID(r.int(0)), Parent: EntryID(max(r.int(1), 0)), Name: string(r.bytes(2)), Kind: Kind(r.int(3)),
		Mode: uint32(r.int(4)), Size: r.int(5), ModTime: r.int(6), ChangeTime: r.int(7), Inode: uint64(r.int(8)),
		Since: r.int(10), Gone: r.int(11),
	}
	content := r.bytes(9)
	if e.Kind == Dir && len(content) == len(e.Subtree) {
		copy(e.Subtree[:], content)
	}
	return e, content
}

// asOf adds the versions that a moment shows.
func (k *collector) asOf(ctx context.Context, device, dir int64) error {
	at, err := snapshotTime(k.s, device, nanos(k.o.At))
	if err != nil || at == 0 {
		return err // before the first snapshot there was nothing
	}
	err = k.s.each(ctx, func(r row) error {
		since, gone := r.int(10), r.int(11)
		switch {
		case since > at || gone == since && gone != 0:
			return nil // an older version, below
		case gone != 0 && gone <= at && !k.o.Deleted:
			return nil
		}
		return k.add(r)
	}, allChildren, dir)
	if err != nil {
		return err
	}
	last := int64(0)
	return k.s.each(ctx, func(r row) error {
		if r.int(0) == last {
			return nil // the newest until then has been seen
		}
		last = r.int(0)
		if r.int(11) <= at && !k.o.Deleted {
			return nil
		}
		return k.add(r)
	}, oldChildren, dir, at)
}

// fill turns the stored contents of files into ids.
func (k *collector) fill() error {
	for i := range k.list {
		if k.list[i].Kind == Dir {
			continue
		}
		ids, err := idsOf(k.s, k.contents[i])
		if err != nil {
			return err
		}
		k.list[i].Content = ids
	}
	return nil
}

func (c *Catalog) entry(s *session, id int64, content bool) (Entry, error) {
	k := &collector{c: c, s: s, o: ChildrenOptions{Content: content}}
	device := int64(0)
	found, err := s.first(func(r row) { k.add(r) }, oneEntry, id)
	if err == nil && !found {
		err = fmt.Errorf("entry %d: %w", id, ErrNotFound)
	}
	if err == nil {
		device, _, err = s.number("SELECT device FROM entry WHERE id = ?", id)
	}
	if err == nil {
		k.list[0].Device, err = c.deviceName(s, device)
	}
	if err == nil && content {
		err = k.fill()
	}
	if err != nil {
		return Entry{}, err
	}
	return k.list[0], nil
}

// Versions lists the versions of an entry, the newest first. Of folders there is one
// for each time they existed.
func (c *Catalog) Versions(ctx context.Context, id EntryID) ([]Version, error) {
	var versions []Version
	err := c.read(ctx, func(s *session) error {
		device, found, err := s.number("SELECT device FROM entry WHERE id = ?", int64(id))
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("entry %d: %w", id, ErrNotFound)
		}
		err = s.each(ctx, func(r row) error {
			v := Version{
				Since: timeOf(r.int(0)), Until: timeOf(r.int(1)), Kind: Kind(r.int(2)), Mode: uint32(r.int(3)),
				Size: r.int(4), ModTime: time.Unix(0, r.int(5)), Current: r.int(1) == 0, Snapshot: idOf(r.bytes(6)),
			}
			if !v.Snapshot.IsZero() {
				versions = append(versions, v)
			}
			return nil
		}, versionsOf, int64(id), device)
		return err
	})
	return versions, err
}

// A version without a snapshot belongs to one that was being read in when the program
// ended, and is not shown.
const versionsOf = `SELECT v.since, v.until, v.kind, v.mode, v.size, v.mtime,
		(SELECT hash FROM snapshot WHERE device = ?2 AND time >= v.since AND (v.until = 0 OR time < v.until) ORDER BY time LIMIT 1)
	FROM (
		SELECT since, gone AS until, kind, mode, size, mtime FROM entry WHERE id = ?1
		UNION ALL
		SELECT since, until, kind, mode, size, mtime FROM old WHERE entry = ?1
	) v ORDER BY v.since DESC`

// Content returns the blobs of the version of an entry that was there at a moment,
// such as a Version's Since; zero is now, or the last version when it is gone.
func (c *Catalog) Content(ctx context.Context, id EntryID, at time.Time) ([]repo.ID, error) {
	var ids []repo.ID
	err := c.read(ctx, func(s *session) error {
		moment := nanos(at)
		var content []byte
		found, err := s.first(func(r row) { content = r.bytes(0) }, `SELECT content FROM entry
			WHERE id = ?1 AND kind <> ?3 AND (?2 = 0 OR since <= ?2 AND (gone = 0 OR gone > ?2))
			UNION ALL
			SELECT content FROM old WHERE entry = ?1 AND kind <> ?3 AND since <= ?2 AND until > ?2`,
			int64(id), moment, int64(Dir))
		if err == nil && !found {
			err = fmt.Errorf("entry %d at %v: %w", id, at, ErrNotFound)
		}
		if err == nil {
			ids, err = idsOf(s, content)
		}
		return err
	})
	return ids, err
}
