package catalog

import (
	"bytes"
)

// A change turns the present state of one device into that of its next snapshot,
// path by path, inside the writer. Doing the same thing twice changes nothing, so
// that one which was cut short is simply done again.
type change struct {
	s      *session
	device int64
	now    int64 // time of the snapshot
	fresh  int64 // entries with larger numbers were made by this change
	files  int64 // growth
	bytes  int64
}

// An item is what a path is in the new state.
type item struct {
	name    int64
	kind    Kind
	mode    uint32
	size    int64
	mtime   int64
	ctime   int64
	inode   uint64
	content []byte // stored form: numbers of blobs, or the id of a tree
}

// A stand is what the catalog has of a path.
type stand struct {
	id, since, gone int64
	item
}

func (a *change) begin() error {
	n, _, err := a.s.number("SELECT max(id) FROM entry")
	a.fresh = n
	return err
}

func (a *change) count(kind Kind, size, sign int64) {
	if kind == Dir {
		return
	}
	a.files += sign
	if kind == File {
		a.bytes += sign * size
	}
}

// find reads what there is of a path.
func (a *change) find(parent, name int64) (st stand, found bool, err error) {
	found, err = a.s.first(func(r row) {
		st = stand{id: r.int(0), since: r.int(8), gone: r.int(9), item: item{
			name: name, kind: Kind(r.int(1)), mode: uint32(r.int(2)), size: r.int(3), mtime: r.int(4),
			ctime: r.int(5), inode: uint64(r.int(6)), content: r.bytes(7),
		}}
	}, `SELECT id, kind, mode, size, mtime, ctime, inode, content, since, gone
		FROM entry WHERE parent = ? AND name = ?`, parent, name)
	return st, found, err
}

// put makes a path what it is in the new state and returns its entry.
func (a *change) put(parent int64, it *item) (int64, error) {
	if parent > a.fresh { // a folder made just now: most likely nothing is there
		id, made, err := a.insert(parent, it)
		if err != nil || made {
			return id, err
		}
	}
	st, found, err := a.find(parent, it.name)
	if err != nil {
		return 0, err
	}
	if !found {
		id, _, err := a.insert(parent, it)
		return id, err
	}
	return st.id, a.replace(&st, it)
}

func (a *change) insert(parent int64, it *item) (id int64, made bool, err error) {
	id, changed, err := a.s.exec(`INSERT INTO entry (device, parent, name, kind, mode, size, mtime, ctime, inode, content, since)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (parent, name) DO NOTHING`,
		a.device, parent, it.name, int64(it.kind), int64(it.mode), it.size, it.mtime, it.ctime, int64(it.inode), it.content, a.now)
	if err != nil || changed == 0 {
		return 0, false, err
	}
	a.count(it.kind, it.size, 1)
	return id, true, nil
}

// sameVersion says that a person would call both the same version. Of folders only
// their being there counts, of links and the like only times; modes make no version.
func (it *item) sameVersion(o *item) bool {
	if it.kind != o.kind {
		return false
	}
	return it.kind == Dir || it.mtime == o.mtime && (it.kind != File || it.size == o.size && bytes.Equal(it.content, o.content))
}

// replace gives an entry that exists, present or gone, its new state.
func (a *change) replace(st *stand, it *item) error {
	same := st.sameVersion(it)
	since := st.since
	switch {
	case st.gone != 0 && st.gone != a.now: // it comes back
		if err := a.keep(st, st.gone); err != nil {
			return err
		}
		since = a.now
	case !same:
		if st.since < a.now {
			if err := a.keep(st, a.now); err != nil {
				return err
			}
			since = a.now
		}
		if st.kind == Dir && st.gone == 0 {
			if err := a.removeBelow(st.id); err != nil {
				return err
			}
		}
	case st.gone == 0 && st.mode == it.mode && st.ctime == it.ctime && st.inode == it.inode && st.mtime == it.mtime &&
		st.size == it.size && bytes.Equal(st.content, it.content):
		return nil
	}
	if st.gone == 0 {
		a.count(st.kind, st.size, -1)
	}
	a.count(it.kind, it.size, 1)
	_, _, err := a.s.exec(`UPDATE entry SET kind = ?, mode = ?, size = ?, mtime = ?, ctime = ?, inode = ?, content = ?,
		since = ?, gone = 0 WHERE id = ?`,
		int64(it.kind), int64(it.mode), it.size, it.mtime, it.ctime, int64(it.inode), it.content, since, st.id)
	return err
}

// keep makes what the row of an entry holds a past version.
func (a *change) keep(st *stand, until int64) error {
	if until <= st.since {
		return nil // no snapshot ever held it
	}
	content := st.content
	if st.kind == Dir {
		content = nil
	}
	_, _, err := a.s.exec(`INSERT INTO old (entry, since, until, kind, mode, size, mtime, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET until = excluded.until`,
		st.id, st.since, until, int64(st.kind), int64(st.mode), st.size, st.mtime, content)
	return err
}

// remove marks a present entry gone, with everything below it.
func (a *change) remove(id int64, kind Kind, size int64) error {
	if kind == Dir {
		if err := a.removeBelow(id); err != nil {
			return err
		}
	}
	a.count(kind, size, -1)
	_, _, err := a.s.exec("UPDATE entry SET gone = ? WHERE id = ?", a.now, id)
	return err
}

func (a *change) removeBelow(dir int64) error {
	const below = `WITH RECURSIVE below (id) AS (
			SELECT id FROM entry WHERE parent = ?1 AND gone = 0
			UNION ALL
			SELECT e.id FROM below b JOIN entry e ON e.parent = b.id WHERE e.gone = 0
		) `
	_, err := a.s.first(func(r row) {
		a.files -= r.int(0)
		a.bytes -= r.int(1)
	}, below+`SELECT count(*) FILTER (WHERE kind <> ?2), coalesce(sum(size) FILTER (WHERE kind = ?3), 0)
		FROM entry WHERE id IN below`, dir, int64(Dir), int64(File))
	if err != nil {
		return err
	}
	_, _, err = a.s.exec(below+`UPDATE entry SET gone = ?2 WHERE id IN below`, dir, a.now)
	return err
}

// finish adds the growth to the device.
func (a *change) finish() error {
	if a.files == 0 && a.bytes == 0 {
		return nil
	}
	_, _, err := a.s.exec("UPDATE device SET files = files + ?, bytes = bytes + ? WHERE id = ?", a.files, a.bytes, a.device)
	a.files, a.bytes = 0, 0
	return err
}
