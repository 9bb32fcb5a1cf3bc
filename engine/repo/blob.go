package repo

import (
	"context"
	"fmt"

	"holdfast/engine/storage"
)

// BlobType tells contents of files from folder listings.
type BlobType uint8

const (
	Data BlobType = iota
	Tree
)

// String is the word that index files use.
func (t BlobType) String() string {
	switch t {
	case Data:
		return "data"
	case Tree:
		return "tree"
	}
	return fmt.Sprintf("blob type %d", uint8(t))
}

// Blob says what one stretch of a pack holds.
type Blob struct {
	ID     ID // SHA-256 of the plaintext
	Type   BlobType
	Offset uint32 // bytes from the beginning of the pack
	Length uint32 // bytes in the pack, sealed
	Plain  uint32 // bytes before compression; 0: not compressed
}

// Size is the length of the plaintext in bytes.
func (b Blob) Size() int {
	if b.Plain != 0 {
		return int(b.Plain)
	}
	return max(int(b.Length)-Overhead, 0)
}

// Location says where a blob lies.
type Location struct {
	Pack ID
	Blob Blob
}

// PackInfo is what an index file, or the header of the pack, says of a pack.
type PackInfo struct {
	ID    ID
	Blobs []Blob
}

// Locator knows where blobs are. The bool is false when no known pack holds the
// blob; an error means that the question could not be answered.
type Locator interface {
	Locate(t BlobType, id ID) (Location, bool, error)
}

// ReadBlob reads one blob with one range read, checks it and returns its
// plaintext, which begins at the beginning of buf when buf was large enough.
func (r *Repository) ReadBlob(ctx context.Context, loc Location, buf []byte) ([]byte, error) {
	if err := checkBlob(loc.Blob); err != nil {
		return nil, err
	}
	offset, length := int64(loc.Blob.Offset), int64(loc.Blob.Length)
	if loc.Blob.Plain == 0 {
		sealed, err := r.store.Get(ctx, storage.Packs, loc.Pack.String(), offset, length, grow(buf, int(length)))
		if err != nil {
			return nil, err
		}
		plain, err := r.Unseal(loc.Blob, sealed, nil)
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", loc.Pack.Short(), err)
		}
		return sealed[:copy(sealed, plain)], nil
	}
	scratch := borrow(int(length))
	defer scratch.release()
	sealed, err := r.store.Get(ctx, storage.Packs, loc.Pack.String(), offset, length, scratch.bytes)
	if err != nil {
		return nil, err
	}
	scratch.bytes = sealed
	plain, err := r.Unseal(loc.Blob, sealed, buf)
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", loc.Pack.Short(), err)
	}
	return plain, nil
}

// LoadTree reads, checks and decodes a folder listing. Like DecodeTree it may
// return nodes and a *RefusedError together.
func (r *Repository) LoadTree(ctx context.Context, l Locator, id ID) ([]Node, error) {
	loc, ok, err := l.Locate(Tree, id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("tree %s: %w", id.Short(), ErrNotFound)
	}
	if loc.Blob.ID != id || loc.Blob.Type != Tree {
		return nil, damaged("the index answers with another blob for tree %s", id.Short())
	}
	scratch := borrow(loc.Blob.Size() + slack)
	defer scratch.release()
	plain, err := r.ReadBlob(ctx, loc, scratch.bytes)
	if err != nil {
		return nil, fmt.Errorf("tree %s: %w", id.Short(), err)
	}
	scratch.bytes = plain
	nodes, err := DecodeTree(plain)
	if err != nil {
		return nodes, fmt.Errorf("tree %s: %w", id.Short(), err)
	}
	return nodes, nil
}
