package repo

import (
	"context"
	"encoding/binary"
	"slices"
)

// MemoryIndex is a Locator that holds where every blob lies, at some 60 bytes a
// blob: for a bare computer that has no catalog, and for tests. Once filled it is
// safe for use by many goroutines.
type MemoryIndex struct {
	packs []ID
	types [2]blobTable
}

// entry is a blob in the table. The pack is a number, and all zero is no blob.
type entry struct {
	id                          ID
	pack, offset, length, plain uint32
}

// blobTable is a hash table with open addressing. Ids are hashes already, so their
// first bytes serve as the slot.
type blobTable struct {
	entries []entry
	slots   []uint32 // number of the entry plus one; 0 is free; a power of two long
}

// LoadMemoryIndex reads all index files.
func LoadMemoryIndex(ctx context.Context, r *Repository) (*MemoryIndex, error) {
	files, err := r.ListIndexes(ctx)
	if err != nil {
		return nil, err
	}
	// Whatever order the store lists in, the same copy of a blob is found.
	slices.SortFunc(files, ID.Compare)
	m := new(MemoryIndex)
	for _, id := range files {
		err := r.LoadIndex(ctx, id, func(p PackInfo) error {
			m.Add(p)
			return ctx.Err()
		})
		if err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Add records a pack. A blob that is known already keeps its place.
func (m *MemoryIndex) Add(p PackInfo) {
	number := uint32(len(m.packs))
	m.packs = append(m.packs, p.ID)
	for _, b := range p.Blobs {
		m.types[b.Type&1].add(entry{b.ID, number, b.Offset, b.Length, b.Plain})
	}
}

// Locate implements Locator.
func (m *MemoryIndex) Locate(t BlobType, id ID) (Location, bool, error) {
	if t > Tree {
		return Location{}, false, nil
	}
	e := m.types[t].find(id)
	if e == nil {
		return Location{}, false, nil
	}
	return m.location(t, e), true, nil
}

// Len is the number of distinct blobs.
func (m *MemoryIndex) Len() int { return len(m.types[Data].entries) + len(m.types[Tree].entries) }

// All calls yield for every blob, until it says false.
func (m *MemoryIndex) All(yield func(Location) bool) {
	for t := range m.types {
		for i := range m.types[t].entries {
			if !yield(m.location(BlobType(t), &m.types[t].entries[i])) {
				return
			}
		}
	}
}

func (m *MemoryIndex) location(t BlobType, e *entry) Location {
	return Location{Pack: m.packs[e.pack], Blob: Blob{ID: e.id, Type: t, Offset: e.offset, Length: e.length, Plain: e.plain}}
}

func (t *blobTable) find(id ID) *entry {
	if len(t.slots) == 0 {
		return nil
	}
	for i := t.slot(id); ; i = (i + 1) & (len(t.slots) - 1) {
		n := t.slots[i]
		if n == 0 {
			return nil
		}
		if e := &t.entries[n-1]; e.id == id {
			return e
		}
	}
}

func (t *blobTable) slot(id ID) int {
	return int(binary.LittleEndian.Uint64(id[:]) & uint64(len(t.slots)-1))
}

func (t *blobTable) add(e entry) {
	if t.find(e.id) != nil {
		return
	}
	t.entries = append(t.entries, e)
	if len(t.entries)*4 > len(t.slots)*3 {
		t.slots = make([]uint32, max(64, 2*len(t.slots)))
		for n := range t.entries {
			t.place(n)
		}
		return
	}
	t.place(len(t.entries) - 1)
}

func (t *blobTable) place(n int) {
	i := t.slot(t.entries[n].id)
	for t.slots[i] != 0 {
		i = (i + 1) & (len(t.slots) - 1)
	}
	t.slots[i] = uint32(n + 1)
}
