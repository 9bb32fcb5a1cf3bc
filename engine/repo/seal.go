package repo

import (
	"fmt"
	"math"
)

const (
	// maxData and maxTree are the largest plaintexts of a blob. Chunks end at 8
	// MiB with the usual parameters; a tree grows by some 400 bytes an entry.
	maxData = 256 << 20
	maxTree = 1 << 30
)

// Sealed is a blob that is ready for a pack. Its Offset is not set yet.
type Sealed struct {
	Blob  Blob
	Bytes []byte
}

// Seal compresses and encrypts a blob whose plaintext hashes to id. What does not
// shrink is stored as it is. The sealed bytes are in buf when they fit there;
// plain is left alone and must not overlap buf.
func (r *Repository) Seal(t BlobType, id ID, plain, buf []byte) (Sealed, error) {
	if len(plain) > largest(t) {
		return Sealed{}, fmt.Errorf("%s blob of %d bytes: %w", t, len(plain), ErrTooLarge)
	}
	blob := Blob{ID: id, Type: t}
	buf = append(grow(buf, len(plain)+Overhead+slack), make([]byte, nonceSize)...)
	if r.config.Version >= 2 && len(plain) > 0 {
		buf = compress(plain, buf)
		if len(buf)-nonceSize < len(plain) {
			blob.Plain = uint32(len(plain))
		}
	}
	if blob.Plain == 0 {
		buf = append(buf[:nonceSize], plain...)
	}
	buf = r.master.sealInPlace(buf)
	blob.Length = uint32(len(buf))
	return Sealed{Blob: blob, Bytes: buf}, nil
}

// Unseal gives back the plaintext of a blob after checking all of it: length,
// authentication code, size and SHA-256. It decrypts inside sealed, which is of
// no use afterwards; the result lies in sealed or in buf.
func (r *Repository) Unseal(b Blob, sealed, buf []byte) ([]byte, error) {
	if err := checkBlob(b); err != nil {
		return nil, err
	}
	if len(sealed) != int(b.Length) {
		return nil, fmt.Errorf("blob %s: %w", b.ID.Short(), damaged("%d bytes in place of %d", len(sealed), b.Length))
	}
	plain, err := r.master.open(sealed)
	if err == nil && b.Plain != 0 {
		plain, err = decompressBlob(plain, int(b.Plain), buf)
	}
	if err == nil && Hash(plain) != b.ID {
		err = damaged("the contents do not have the hash they are named by")
	}
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", b.ID.Short(), err)
	}
	return plain, nil
}

// checkBlob holds the lengths of a blob, which come from a file, against limits.
func checkBlob(b Blob) error {
	most := largest(b.Type)
	switch {
	case b.Type != Data && b.Type != Tree:
		return damaged("%v", b.Type)
	case b.Length < Overhead || int64(b.Length) > int64(most)+Overhead+int64(most)/128:
		return damaged("blob %s has an impossible length of %d bytes", b.ID.Short(), b.Length)
	case int64(b.Plain) > int64(most):
		return damaged("blob %s has an impossible size of %d bytes", b.ID.Short(), b.Plain)
	case uint64(b.Offset)+uint64(b.Length) > math.MaxUint32:
		return damaged("blob %s has an impossible place in its pack", b.ID.Short())
	}
	return nil
}

func largest(t BlobType) int {
	if t == Tree {
		return maxTree
	}
	return maxData
}
