package repo

import (
	"context"
	"fmt"

	"holdfast/engine/storage"
)

// Index files, snapshots and locks are JSON documents. In version 1 the document
// is sealed as it is. In version 2 one byte before it says how it is encoded:
//
//	'{' or '['   the byte is the beginning of the document itself
//	2            a Zstandard frame of the document follows
const encodingZstd = 2

// saveFile seals a document and stores it under its name.
func (r *Repository) saveFile(ctx context.Context, k storage.Kind, document []byte) (ID, error) {
	if len(document) > maxUnpacked {
		return ID{}, fmt.Errorf("%s file of %d bytes: %w", k, len(document), ErrTooLarge)
	}
	scratch := borrow(len(document)/2 + Overhead + slack)
	defer scratch.release()
	message := append(scratch.bytes, make([]byte, nonceSize)...)
	if r.config.Version >= 2 {
		message = compress(document, append(message, encodingZstd))
	} else {
		message = append(message, document...)
	}
	message = r.master.sealInPlace(message)
	scratch.bytes = message
	id := Hash(message)
	return id, r.store.Put(ctx, k, id.String(), message)
}

// loadFile reads a document back and checks it.
func (r *Repository) loadFile(ctx context.Context, k storage.Kind, id ID) ([]byte, error) {
	sealed, err := r.store.Get(ctx, k, id.String(), 0, -1, nil)
	if err != nil {
		return nil, err
	}
	document, err := r.openFile(id, sealed)
	if err != nil {
		return nil, fmt.Errorf("%s file %s: %w", k, id.Short(), err)
	}
	return document, nil
}

func (r *Repository) openFile(id ID, sealed []byte) ([]byte, error) {
	if Hash(sealed) != id {
		return nil, damaged("the file does not have the hash it is named by")
	}
	plain, err := r.master.open(sealed)
	if err != nil {
		return nil, err
	}
	return decodeFile(plain)
}

func decodeFile(plain []byte) ([]byte, error) {
	if len(plain) == 0 {
		return nil, damaged("the file is empty")
	}
	switch plain[0] {
	case '{', '[':
		return plain, nil
	case encodingZstd:
		return decompressFile(plain[1:])
	}
	return nil, fmt.Errorf("file encoding %d: %w", plain[0], ErrNewer)
}

// list calls fn for the files of a kind.
func (r *Repository) list(ctx context.Context, k storage.Kind, fn func(id ID, size int64) error) error {
	return r.store.List(ctx, k, func(info storage.Info) error {
		id, err := ParseID(info.Name)
		if err != nil {
			return nil // foreign, and nothing the format knows
		}
		return fn(id, info.Size)
	})
}

func (r *Repository) ids(ctx context.Context, k storage.Kind) ([]ID, error) {
	var ids []ID
	err := r.list(ctx, k, func(id ID, _ int64) error {
		ids = append(ids, id)
		return nil
	})
	return ids, err
}
