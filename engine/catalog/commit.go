package catalog

import (
	"context"
	"fmt"
	"strings"

	"holdfast/engine/repo"
)

// Commit makes everything staged for a device its acknowledged state, in one
// transaction: present versions that changed become past ones, what is gone is marked
// with everything below it, and the snapshot is recorded. The snapshot must be
// durable, and later than the last one of the device (ErrOutOfOrder; see NextTime).
// A staged content that names a blob in no known pack is ErrMissingBlob with the path
// and changes nothing. Committing a snapshot that is recorded already only drops what
// is staged.
func (c *Catalog) Commit(ctx context.Context, n Snapshot) error {
	c.applying.Lock()
	defer c.applying.Unlock()
	if err := c.settled(ctx); err != nil {
		return err
	}
	err := c.write(ctx, func(s *session) error { return c.commit(s, n) })
	if err != nil {
		return fmt.Errorf("commit of snapshot %s: %w", n.ID, err)
	}
	c.indexNames()
	return nil
}

func (c *Catalog) commit(s *session, n Snapshot) error {
	device, err := c.madeDevice(s, n.Device)
	if err != nil {
		return err
	}
	_, known, err := s.number("SELECT id FROM snapshot WHERE hash = ?", n.ID[:])
	if err != nil {
		return err
	}
	if !known {
		last, _, err := s.number("SELECT max(time) FROM snapshot WHERE device = ?", device)
		if err != nil {
			return err
		}
		if nanos(n.Time) <= last {
			return ErrOutOfOrder
		}
		k := &commit{c: c, change: change{s: s, device: device, now: nanos(n.Time)}}
		if err := k.run(n); err != nil {
			return err
		}
		if err := putSnapshot(s, device, n); err != nil {
			return err
		}
	}
	_, _, err = s.exec("DELETE FROM staged WHERE device = ?", device)
	return err
}

func putSnapshot(s *session, device int64, n Snapshot) error {
	_, _, err := s.exec("INSERT INTO snapshot (hash, device, time, tree, partial) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		n.ID[:], device, nanos(n.Time), n.Tree[:], n.Partial)
	return err
}

// A commit applies parcels folder by folder, those above before those below.
type commit struct {
	change
	c    *Catalog
	root int64
	dirs map[string]int64 // entries of folders; withered when not in the new state
}

const (
	withered  = -1
	knownDirs = 4096
)

func (k *commit) run(n Snapshot) error {
	if err := k.begin(); err != nil {
		return err
	}
	root, err := madeRoot(k.s, k.device)
	if err != nil {
		return err
	}
	k.root, k.dirs = root, make(map[string]int64)
	if _, _, err := k.s.exec("UPDATE entry SET content = ? WHERE id = ?", n.Tree[:], root); err != nil {
		return err
	}
	err = k.s.each(context.Background(), func(r row) error {
		return k.parcel(string(r.bytes(0)), r.bytes(1))
	}, "SELECT dir, data FROM staged WHERE device = ? ORDER BY dir, id", k.device)
	if err != nil {
		return err
	}
	return k.finish()
}

func (k *commit) parcel(dir string, data []byte) error {
	parent, err := k.dir(dir)
	if err != nil || parent == withered {
		return err
	}
	p := parcelReader{data: data}
	for {
		name, g, ok, err := p.next()
		if err != nil || !ok {
			return err
		}
		if g.Gone {
			err = k.gone(parent, name)
		} else {
			err = k.result(parent, dir, name, &g.Entry)
		}
		if err != nil {
			return err
		}
	}
}

func (k *commit) gone(parent, name int64) error {
	st, found, err := k.find(parent, name)
	if err != nil || !found || st.gone != 0 {
		return err
	}
	return k.remove(st.id, st.kind, st.size)
}

func (k *commit) result(parent int64, dir string, name int64, e *Entry) error {
	it := item{
		name: name, kind: e.Kind, mode: e.Mode, size: e.Size, mtime: e.ModTime, ctime: e.ChangeTime, inode: e.Inode,
	}
	if e.Kind == Dir {
		if !e.Subtree.IsZero() {
			it.content = e.Subtree[:]
		}
	} else {
		content, err := numbersOf(k.s, e.Content, func(id repo.ID) (int64, error) {
			text, err := nameOf(k.s, name)
			if err != nil {
				return 0, err
			}
			return 0, fmt.Errorf("%s: blob %s: %w", joinPath(dir, text), id, ErrMissingBlob)
		})
		if err != nil {
			return err
		}
		it.content = content
	}
	_, err := k.put(parent, &it)
	return err
}

// dir finds the entry of a folder in the new state, making it and those above when
// they were never staged themselves. What lies in a folder that this very change
// removed, or that is a file now, was staged before that was found: it is withered.
func (k *commit) dir(path string) (int64, error) {
	if path == "/" {
		return k.root, nil
	}
	if id, ok := k.dirs[path]; ok {
		return id, nil
	}
	cut := strings.LastIndexByte(path, '/')
	parent, err := k.dir(cleanPath(path[:cut]))
	if err != nil {
		return 0, err
	}
	id := int64(withered)
	if parent != withered {
		if id, err = k.subfolder(parent, path[cut+1:]); err != nil {
			return 0, err
		}
	}
	if len(k.dirs) >= knownDirs {
		clear(k.dirs)
	}
	k.dirs[path] = id
	return id, nil
}

func (k *commit) subfolder(parent int64, name string) (int64, error) {
	number, err := intern(k.s, name)
	if err != nil {
		return 0, err
	}
	st, found, err := k.find(parent, number)
	if err != nil {
		return 0, err
	}
	switch {
	case found && st.kind == Dir && st.gone == 0:
		return st.id, nil
	case found && (st.gone == k.now || st.gone == 0 && st.since == k.now):
		return withered, nil
	}
	const directory = 1 << 31 // os.ModeDir
	return k.put(parent, &item{name: number, kind: Dir, mode: directory | 0o755})
}
