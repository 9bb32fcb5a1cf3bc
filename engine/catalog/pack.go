package catalog

import (
	"context"
	"fmt"

	"holdfast/engine/repo"
)

// AddPack records a durable pack. indexed says that an index file of the repository
// lists it. It returns when a kill could not undo it; doing it again changes nothing
// but indexed, and that only from false to true.
func (c *Catalog) AddPack(ctx context.Context, p repo.PackInfo, size int64, indexed bool) error {
	err := c.write(ctx, func(s *session) error { return c.addPack(s, p, size, indexed) })
	return wrapPack(err, p.ID)
}

// AddPacks is AddPack for many at once; their sizes follow from what they hold.
func (c *Catalog) AddPacks(ctx context.Context, packs []repo.PackInfo, indexed bool) error {
	return c.write(ctx, func(s *session) error {
		for _, p := range packs {
			if err := c.addPack(s, p, packSize(p), indexed); err != nil {
				return wrapPack(err, p.ID)
			}
		}
		return nil
	})
}

func wrapPack(err error, id repo.ID) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("pack %s: %w", id, err)
}

// packSize computes the length of a pack file: its blobs, an encrypted header with 37
// bytes for each of them (41 when compressed), and the length of that header.
func packSize(p repo.PackInfo) int64 {
	const headerFrame, plainEntry, compressedEntry = 32 + 4, 37, 41
	size := int64(headerFrame)
	for _, b := range p.Blobs {
		size += int64(b.Length) + plainEntry
		if b.Plain != 0 {
			size += compressedEntry - plainEntry
		}
	}
	return size
}

func (c *Catalog) addPack(s *session, p repo.PackInfo, size int64, indexed bool) error {
	_, known, err := s.number("SELECT id FROM pack WHERE hash = ?", p.ID[:])
	if err != nil {
		return err
	}
	if known {
		if !indexed {
			return nil
		}
		_, _, err := s.exec("UPDATE pack SET indexed = 1 WHERE hash = ?", p.ID[:])
		return err
	}
	pack, _, err := s.exec(`INSERT INTO pack (hash, size, blobs, first, last, indexed) VALUES (?, ?, ?, 0, -1, ?)`,
		p.ID[:], size, len(p.Blobs), indexed)
	if err != nil {
		return err
	}
	var first, last int64 = 0, -1
	for i := range p.Blobs {
		b := &p.Blobs[i]
		n, err := c.addBlob(s, pack, b)
		if err != nil {
			return err
		}
		if n != 0 && first == 0 {
			first = n
		}
		if n != 0 {
			last = n
		}
	}
	if first != 0 {
		_, _, err = s.exec("UPDATE pack SET first = ?, last = ? WHERE id = ?", first, last, pack)
	}
	return err
}

// addBlob records one blob of a pack and returns its number if it was new.
func (c *Catalog) addBlob(s *session, pack int64, b *repo.Blob) (int64, error) {
	if c.filter.mayHave(b.Type, b.ID) {
		number, at, found, err := blobAt(s, b.Type, b.ID)
		if err != nil {
			return 0, err
		}
		if found {
			return 0, addCopy(s, pack, number, at, b)
		}
	}
	number, _, err := s.exec(`INSERT INTO blob (hash, type, pack, offset, length, plain) VALUES (?, ?, ?, ?, ?, ?)`,
		b.ID[:], int64(b.Type), pack, int64(b.Offset), int64(b.Length), int64(b.Plain))
	if err != nil {
		return 0, err
	}
	c.filter.add(b.Type, b.ID)
	return number, nil
}

// addCopy records that a pack holds a blob that has a number already, and lets the
// blob be read from there if it is nowhere else.
func addCopy(s *session, pack, number, at int64, b *repo.Blob) error {
	if at == pack {
		return nil // twice in one pack
	}
	_, _, err := s.exec(`INSERT INTO extra (pack, blob, offset, length, plain) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, pack, number, int64(b.Offset), int64(b.Length), int64(b.Plain))
	if err != nil || at != 0 {
		return err
	}
	_, _, err = s.exec("UPDATE blob SET pack = ?, offset = ?, length = ?, plain = ? WHERE id = ?",
		pack, int64(b.Offset), int64(b.Length), int64(b.Plain), number)
	return err
}

// UnindexedPacks lists the durable packs that no index file lists, oldest first: what
// a capture left behind that was killed.
func (c *Catalog) UnindexedPacks(ctx context.Context) ([]repo.PackInfo, error) {
	var packs []repo.PackInfo
	err := c.read(ctx, func(s *session) error {
		err := s.each(ctx, func(r row) error {
			packs = append(packs, repo.PackInfo{ID: idOf(r.bytes(0))})
			return nil
		}, "SELECT hash FROM pack WHERE indexed = 0 ORDER BY id")
		for i := range packs {
			if err == nil {
				packs[i].Blobs, err = packBlobs(ctx, s, packs[i].ID)
			}
		}
		return err
	})
	return packs, err
}

// MarkIndexed records that an index file lists these packs.
func (c *Catalog) MarkIndexed(ctx context.Context, ids []repo.ID) error {
	return c.eachPack(ctx, ids, "UPDATE pack SET indexed = 1 WHERE hash = ?")
}

// markUnindexed records that no index file lists these packs for sure.
func (c *Catalog) markUnindexed(ctx context.Context, ids []repo.ID) error {
	return c.eachPack(ctx, ids, "UPDATE pack SET indexed = 0 WHERE hash = ?")
}

func (c *Catalog) eachPack(ctx context.Context, ids []repo.ID, query string) error {
	if len(ids) == 0 {
		return nil
	}
	return c.write(ctx, func(s *session) error {
		for _, id := range ids {
			if _, _, err := s.exec(query, id[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// HasPack says whether a pack is recorded.
func (c *Catalog) HasPack(ctx context.Context, id repo.ID) (bool, error) {
	var has bool
	err := c.read(ctx, func(s *session) (err error) {
		_, has, err = s.number("SELECT id FROM pack WHERE hash = ?", id[:])
		return err
	})
	return has, err
}

// Packs calls fn for every pack with its size in bytes and its count of blobs.
func (c *Catalog) Packs(ctx context.Context, fn func(id repo.ID, size int64, blobs int) error) error {
	const page = 1000 // so that no read lasts while fn works
	type pack struct {
		number, size int64
		blobs        int
		id           repo.ID
	}
	var packs []pack
	for after := int64(0); ; after = packs[len(packs)-1].number {
		packs = packs[:0]
		err := c.read(ctx, func(s *session) error {
			return s.each(ctx, func(r row) error {
				packs = append(packs, pack{r.int(0), r.int(2), int(r.int(3)), idOf(r.bytes(1))})
				return nil
			}, "SELECT id, hash, size, blobs FROM pack WHERE id > ? ORDER BY id LIMIT ?", after, page)
		})
		if err != nil || len(packs) == 0 {
			return err
		}
		for _, p := range packs {
			if err := fn(p.id, p.size, p.blobs); err != nil {
				return err
			}
		}
	}
}

// PackBlobs lists what a pack holds by offset, ErrNotFound when it is not recorded.
func (c *Catalog) PackBlobs(ctx context.Context, id repo.ID) ([]repo.Blob, error) {
	var blobs []repo.Blob
	err := c.read(ctx, func(s *session) (err error) {
		blobs, err = packBlobs(ctx, s, id)
		return err
	})
	return blobs, err
}

func packBlobs(ctx context.Context, s *session, id repo.ID) ([]repo.Blob, error) {
	var pack, first, last int64
	found, err := s.first(func(r row) { pack, first, last = r.int(0), r.int(1), r.int(2) },
		"SELECT id, first, last FROM pack WHERE hash = ?", id[:])
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, wrapPack(ErrNotFound, id)
	}
	var blobs []repo.Blob
	err = s.each(ctx, func(r row) error {
		blobs = append(blobs, repo.Blob{
			ID: idOf(r.bytes(0)), Type: repo.BlobType(r.int(1)),
			Offset: uint32(r.int(2)), Length: uint32(r.int(3)), Plain: uint32(r.int(4)),
		})
		return nil
	}, `SELECT hash, type, offset, length, plain FROM blob WHERE id BETWEEN ?1 AND ?2 AND pack = ?3
		UNION ALL
		SELECT b.hash, b.type, e.offset, e.length, e.plain FROM extra e JOIN blob b ON b.id = e.blob WHERE e.pack = ?3
		ORDER BY 3`, first, last, pack)
	return blobs, err
}

// RemovePacks forgets packs that are no longer at the destination. A blob of theirs
// that another pack holds is found there from now on.
func (c *Catalog) RemovePacks(ctx context.Context, ids []repo.ID) error {
	return c.write(ctx, func(s *session) error {
		for _, id := range ids {
			if err := removePack(s, id); err != nil {
				return wrapPack(err, id)
			}
		}
		return nil
	})
}

func removePack(s *session, id repo.ID) error {
	var pack, first, last int64
	found, err := s.first(func(r row) { pack, first, last = r.int(0), r.int(1), r.int(2) },
		"SELECT id, first, last FROM pack WHERE hash = ?", id[:])
	if err != nil || !found {
		return err
	}
	var homeless []int64
	err = s.each(context.Background(), func(r row) error {
		homeless = append(homeless, r.int(0))
		return nil
	}, `SELECT id FROM blob WHERE id BETWEEN ?1 AND ?2 AND pack = ?3
		UNION SELECT b.id FROM extra e JOIN blob b ON b.id = e.blob WHERE e.pack = ?3 AND b.pack = ?3`, first, last, pack)
	if err != nil {
		return err
	}
	if _, _, err := s.exec("DELETE FROM extra WHERE pack = ?", pack); err != nil {
		return err
	}
	for _, blob := range homeless {
		_, _, err := s.exec("UPDATE blob SET pack = 0, offset = 0, length = 0, plain = 0 WHERE id = ?", blob)
		if err == nil {
			_, _, err = s.exec(`UPDATE blob SET (pack, offset, length, plain) =
				(SELECT pack, offset, length, plain FROM extra WHERE blob = ?1 ORDER BY pack DESC LIMIT 1)
				WHERE id = ?1 AND EXISTS (SELECT 1 FROM extra WHERE blob = ?1)`, blob)
		}
		if err != nil {
			return err
		}
	}
	_, _, err = s.exec("DELETE FROM pack WHERE id = ?", pack)
	return err
}
