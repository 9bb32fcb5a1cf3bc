package catalog

import (
	"context"

	"holdfast/engine/repo"
)

// Locate says where a blob lies. Most that are not stored are known as such by the
// filter in memory. It implements repo.Locator.
func (c *Catalog) Locate(t repo.BlobType, id repo.ID) (repo.Location, bool, error) {
	if !c.filter.mayHave(t, id) {
		return repo.Location{}, false, nil
	}
	var (
		location repo.Location
		found    bool
	)
	err := c.read(context.Background(), func(s *session) error {
		return s.each(context.Background(), func(r row) error {
			location = repo.Location{
				Pack: idOf(r.bytes(0)),
				Blob: repo.Blob{ID: id, Type: t, Offset: uint32(r.int(1)), Length: uint32(r.int(2)), Plain: uint32(r.int(3))},
			}
			found = true
			return errStop
		}, `SELECT p.hash, b.offset, b.length, b.plain FROM blob b JOIN pack p ON p.id = b.pack
			WHERE substr(b.hash, 1, 6) = ? AND b.hash = ? AND b.type = ?`, id[:6], id[:], int64(t))
	})
	return location, found, err
}

// Has says whether a durable pack holds a blob.
func (c *Catalog) Has(t repo.BlobType, id repo.ID) (bool, error) {
	if !c.filter.mayHave(t, id) {
		return false, nil
	}
	stored := false
	err := c.read(context.Background(), func(s *session) (err error) {
		_, stored, err = blobNumber(s, t, id)
		return err
	})
	return stored, err
}

// blobAt finds the number of a blob and the number of its pack, 0 for none.
func blobAt(s *session, t repo.BlobType, id repo.ID) (number, pack int64, found bool, err error) {
	found, err = s.first(func(r row) { number, pack = r.int(0), r.int(1) },
		"SELECT id, pack FROM blob WHERE substr(hash, 1, 6) = ? AND hash = ? AND type = ?", id[:6], id[:], int64(t))
	return number, pack, found, err
}

// blobNumber finds the number of a blob and whether a pack holds it.
func blobNumber(s *session, t repo.BlobType, id repo.ID) (number int64, stored bool, err error) {
	number, pack, found, err := blobAt(s, t, id)
	return number, found && pack != 0, err
}

// namedBlob gives a number to a blob that no known pack holds, so that a content can
// name it all the same.
func (c *Catalog) namedBlob(s *session, id repo.ID) (int64, error) {
	number, _, found, err := blobAt(s, repo.Data, id)
	if err != nil || found {
		return number, err
	}
	number, _, err = s.exec("INSERT INTO blob (hash, type, pack, offset, length, plain) VALUES (?, 0, 0, 0, 0, 0)", id[:])
	if err == nil {
		c.filter.add(repo.Data, id)
	}
	return number, err
}
