package catalog

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"

	"holdfast/engine/repo"
)

// Staged is one result of a running capture: what a path is now, or that it is gone.
type Staged struct {
	Device string
	Dir    string // absolute path of the folder it lies in
	// Entry has Name, Kind, Mode, Size, ModTime, ChangeTime and Inode; Content for a
	// file, Subtree for a folder. The other fields mean nothing here.
	Entry Entry
	Gone  bool // the path is no longer there, nor anything below it
}

// staging collects the failures of stagings that nobody waited for.
type staging struct {
	sync.Mutex
	waiting int
	err     error
}

func (g *staging) finished(err error) {
	g.Lock()
	defer g.Unlock()
	g.waiting--
	if g.err == nil {
		g.err = err
	}
}

// failure returns the first failure since the last clear, and whether all is done.
func (g *staging) failure() (idle bool, err error) {
	g.Lock()
	defer g.Unlock()
	return g.waiting == 0, g.err
}

func (g *staging) clear() {
	g.Lock()
	defer g.Unlock()
	g.err = nil
}

// mostInParcel bounds what reading a parcel takes of memory.
const mostInParcel = 1000

// Stage records what a capture has found, for Commit. Later results for a path
// replace earlier ones. It returns once the batch is queued; the batch belongs to the
// catalog from then on. A failure to write it is returned by a later Stage, by
// StagedChildren or by Commit, and ends with DropStaged.
func (c *Catalog) Stage(ctx context.Context, batch []Staged) error {
	if _, err := c.staging.failure(); err != nil {
		return err
	}
	if len(batch) == 0 {
		return nil
	}
	c.staging.Lock()
	c.staging.waiting++
	c.staging.Unlock()
	err := c.writer.give(ctx, func(s *session) error { return c.stage(s, batch) }, c.staging.finished)
	if err != nil {
		c.staging.Lock()
		c.staging.waiting--
		c.staging.Unlock()
	}
	return err
}

func (c *Catalog) stage(s *session, batch []Staged) error {
	var data []byte
	for start := 0; start < len(batch); {
		device, dir := batch[start].Device, batch[start].Dir
		number, err := c.madeDevice(s, device)
		if err != nil {
			return err
		}
		data = data[:0]
		end := start
		for end < len(batch) && end-start < mostInParcel && batch[end].Device == device && batch[end].Dir == dir {
			name, err := intern(s, batch[end].Entry.Name)
			if err != nil {
				return err
			}
			data = appendStaged(data, name, &batch[end])
			end++
		}
		_, _, err = s.exec("INSERT INTO staged (device, dir, data) VALUES (?, ?, ?)", number, []byte(cleanPath(dir)), data)
		if err != nil {
			return err
		}
		start = end
	}
	return nil
}

// A parcel is a sequence of: a byte of kind and flags, the number of the name, and,
// unless it is gone, mode, size, times, inode, the count of ids and the ids.
const (
	stagedKind = 0x0f
	stagedGone = 0x10
)

func appendStaged(b []byte, name int64, g *Staged) []byte {
	e := &g.Entry
	flags := byte(e.Kind) & stagedKind
	if g.Gone {
		flags |= stagedGone
	}
	b = append(b, flags)
	b = binary.AppendUvarint(b, uint64(name))
	if g.Gone {
		return b
	}
	b = binary.AppendUvarint(b, uint64(e.Mode))
	b = binary.AppendVarint(b, e.Size)
	b = binary.AppendVarint(b, e.ModTime)
	b = binary.AppendVarint(b, e.ChangeTime)
	b = binary.AppendUvarint(b, e.Inode)
	if e.Kind == Dir {
		if e.Subtree.IsZero() {
			return binary.AppendUvarint(b, 0)
		}
		return append(binary.AppendUvarint(b, 1), e.Subtree[:]...)
	}
	b = binary.AppendUvarint(b, uint64(len(e.Content)))
	for i := range e.Content {
		b = append(b, e.Content[i][:]...)
	}
	return b
}

// A parcelReader decodes a parcel. After an error every field reads as zero.
type parcelReader struct {
	data []byte
	bad  bool
}

func (p *parcelReader) uvarint() uint64 {
	v, n := binary.Uvarint(p.data)
	if n <= 0 {
		p.data, p.bad = nil, true
		return 0
	}
	p.data = p.data[n:]
	return v
}

func (p *parcelReader) varint() int64 {
	v, n := binary.Varint(p.data)
	if n <= 0 {
		p.data, p.bad = nil, true
		return 0
	}
	p.data = p.data[n:]
	return v
}

func (p *parcelReader) ids() []repo.ID {
	n := p.uvarint()
	if n > uint64(len(p.data))/uint64(len(repo.ID{})) {
		p.data, p.bad = nil, true
		return nil
	}
	if n == 0 {
		return nil
	}
	ids := make([]repo.ID, n)
	for i := range ids {
		p.data = p.data[copy(ids[i][:], p.data):]
	}
	return ids
}

// next decodes one result with the number of its name; ok is false at the end.
func (p *parcelReader) next() (name int64, g Staged, ok bool, err error) {
	if len(p.data) == 0 {
		return 0, g, false, nil
	}
	flags := p.data[0]
	p.data = p.data[1:]
	g.Entry.Kind, g.Gone = Kind(flags&stagedKind), flags&stagedGone != 0
	name = int64(p.uvarint())
	if !g.Gone {
		g.Entry.Mode = uint32(p.uvarint())
		g.Entry.Size = p.varint()
		g.Entry.ModTime = p.varint()
		g.Entry.ChangeTime = p.varint()
		g.Entry.Inode = p.uvarint()
		ids := p.ids()
		if g.Entry.Kind == Dir && len(ids) > 0 {
			g.Entry.Subtree = ids[0]
		} else {
			g.Entry.Content = ids
		}
	}
	if p.bad {
		return 0, g, false, fmt.Errorf("%w: staged results", ErrDamaged)
	}
	return name, g, true, nil
}

// settled waits until everything staged so far is readable, or has failed.
func (c *Catalog) settled(ctx context.Context) error {
	if idle, err := c.staging.failure(); idle || err != nil {
		return err
	}
	if err := c.write(ctx, func(*session) error { return nil }); err != nil {
		return err
	}
	_, err := c.staging.failure()
	return err
}

// HasStaged says whether anything is staged for a device: what an earlier capture
// left behind that did not come to its Commit.
func (c *Catalog) HasStaged(ctx context.Context, device string) (bool, error) {
	if err := c.settled(ctx); err != nil {
		return false, err
	}
	some := false
	err := c.read(ctx, func(s *session) error {
		number, err := c.device(s, device)
		if err != nil {
			return ignoreNotFound(err)
		}
		_, some, err = s.number("SELECT id FROM staged WHERE device = ? LIMIT 1", number)
		return err
	})
	return some, err
}

// StagedChildren returns what is staged for the entries of a folder, in no order.
func (c *Catalog) StagedChildren(ctx context.Context, device, dir string) ([]Staged, error) {
	if err := c.settled(ctx); err != nil {
		return nil, err
	}
	dir = cleanPath(dir)
	var all []Staged
	err := c.read(ctx, func(s *session) error {
		number, err := c.device(s, device)
		if err != nil {
			return ignoreNotFound(err)
		}
		var names []int64
		at := make(map[int64]int)
		err = s.each(ctx, func(r row) error {
			p := parcelReader{data: r.bytes(0)}
			for {
				name, g, ok, err := p.next()
				if err != nil || !ok {
					return err
				}
				g.Device, g.Dir = device, dir
				if i, again := at[name]; again {
					all[i] = g
					continue
				}
				at[name] = len(all)
				all, names = append(all, g), append(names, name)
			}
		}, "SELECT data FROM staged WHERE device = ? AND dir = ? ORDER BY id", number, []byte(dir))
		for i := range all {
			if err == nil {
				all[i].Entry.Name, err = nameOf(s, names[i])
			}
		}
		return err
	})
	return all, err
}

// DropStaged forgets everything staged for a device.
func (c *Catalog) DropStaged(ctx context.Context, device string) error {
	return c.write(ctx, func(s *session) error {
		c.staging.clear()
		number, err := c.device(s, device)
		if err != nil {
			return ignoreNotFound(err)
		}
		_, _, err = s.exec("DELETE FROM staged WHERE device = ?", number)
		return err
	})
}
