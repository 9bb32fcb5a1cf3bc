package repo

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"

	"holdfast/engine/storage"
)

// A pack is
//
//	sealed blob 1 || … || sealed blob n || sealed header || length of the sealed header (4 bytes)
//
// and its header has one entry for each blob, in their order:
//
//	type (1 byte) || sealed length (4 bytes) || SHA-256 of the plaintext          types 0 data, 1 tree
//	type (1 byte) || sealed length (4 bytes) || plain length (4 bytes) || SHA-256  types 2 data, 3 tree, compressed
//
// with integers in little endian. There are no offsets: they follow from the
// lengths.
const (
	entrySize           = 1 + 4 + sha256.Size
	compressedEntrySize = entrySize + 4
	headerLengthSize    = 4
	maxHeader           = 16 << 20
	compressedType      = 2 // added to the blob type
)

// eagerTail is what is read of a pack's end at first: a header of some sixty
// entries needs no second request.
const eagerTail = headerLengthSize + Overhead + 64*compressedEntrySize

// Packer builds one pack in memory. It belongs to one goroutine.
type Packer struct {
	repository *Repository
	blobType   BlobType
	buf        []byte
	blobs      []Blob
	header     int // bytes of the header's entries so far
}

// NewPacker begins a pack of one type of blob in buf.
func (r *Repository) NewPacker(t BlobType, buf []byte) *Packer {
	return &Packer{repository: r, blobType: t, buf: buf[:0]}
}

// Add copies a sealed blob into the pack. Blobs of the other type are the
// caller's mistake, which Finish reports.
func (p *Packer) Add(s Sealed) {
	b := s.Blob
	b.Offset = uint32(len(p.buf))
	p.buf = append(p.buf, s.Bytes...)
	p.blobs = append(p.blobs, b)
	p.header += headerEntrySize(b)
}

// Size is the length the pack would have if it were finished now, in bytes.
func (p *Packer) Size() int { return len(p.buf) + p.header + Overhead + headerLengthSize }

// Count is the number of blobs added.
func (p *Packer) Count() int { return len(p.blobs) }

// Finish appends the header and names the pack. The bytes are the Packer's
// buffer; when they are written it can begin the next pack.
func (p *Packer) Finish() (PackInfo, []byte, error) {
	if len(p.blobs) == 0 {
		return PackInfo{}, nil, fmt.Errorf("repository: a pack without blobs")
	}
	if p.header+Overhead > maxHeader || p.Size() > math.MaxUint32 {
		return PackInfo{}, nil, fmt.Errorf("pack of %d bytes with %d blobs: %w", p.Size(), p.Count(), ErrTooLarge)
	}
	start := len(p.buf)
	out := append(p.buf, make([]byte, nonceSize)...)
	for _, b := range p.blobs {
		if b.Type != p.blobType {
			return PackInfo{}, nil, fmt.Errorf("repository: a %v blob in a pack for %v", b.Type, p.blobType)
		}
		out = appendHeaderEntry(out, b)
	}
	sealed := p.repository.master.sealInPlace(out[start:])
	out = append(out[:start], sealed...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(sealed)))
	p.buf = out
	return PackInfo{ID: Hash(out), Blobs: p.blobs}, out, nil
}

func headerEntrySize(b Blob) int {
	if b.Plain != 0 {
		return compressedEntrySize
	}
	return entrySize
}

func appendHeaderEntry(out []byte, b Blob) []byte {
	if b.Plain == 0 {
		out = append(out, byte(b.Type))
		out = binary.LittleEndian.AppendUint32(out, b.Length)
	} else {
		out = append(out, byte(b.Type)+compressedType)
		out = binary.LittleEndian.AppendUint32(out, b.Length)
		out = binary.LittleEndian.AppendUint32(out, b.Plain)
	}
	return append(out, b.ID[:]...)
}

// PackHeader reads from the end of a pack what it holds. A negative size is asked
// of the store. The blobs themselves are not read.
func (r *Repository) PackHeader(ctx context.Context, pack ID, size int64) (PackInfo, error) {
	if size < 0 {
		info, err := r.store.Stat(ctx, storage.Packs, pack.String())
		if err != nil {
			return PackInfo{}, err
		}
		size = info.Size
	}
	blobs, err := r.readHeader(ctx, pack, size)
	if err != nil {
		return PackInfo{}, fmt.Errorf("pack %s: %w", pack.Short(), err)
	}
	return PackInfo{ID: pack, Blobs: blobs}, nil
}

func (r *Repository) readHeader(ctx context.Context, pack ID, size int64) ([]Blob, error) {
	if size < headerLengthSize+Overhead+entrySize || size > math.MaxUint32 {
		return nil, damaged("a pack of %d bytes", size)
	}
	tail := min(size, eagerTail)
	scratch := borrow(int(tail))
	defer scratch.release()
	end, err := r.store.Get(ctx, storage.Packs, pack.String(), size-tail, tail, scratch.bytes)
	if err != nil {
		return nil, err
	}
	length, err := headerLength(end, size)
	if err != nil {
		return nil, err
	}
	if need := length + headerLengthSize; need > int64(len(end)) {
		end, err = r.store.Get(ctx, storage.Packs, pack.String(), size-need, need, grow(end, int(need)))
		if err != nil {
			return nil, err
		}
		if again, err := headerLength(end, size); err != nil || again != length {
			return nil, damaged("the header changed while it was read")
		}
	}
	scratch.bytes = end
	end = end[:len(end)-headerLengthSize]
	entries, err := r.master.open(end[int64(len(end))-length:])
	if err != nil {
		return nil, err
	}
	return parseHeader(entries, size-length-headerLengthSize)
}

// headerLength reads the last four bytes of a pack.
func headerLength(end []byte, size int64) (int64, error) {
	if len(end) < headerLengthSize {
		return 0, damaged("the pack ends early")
	}
	length := int64(binary.LittleEndian.Uint32(end[len(end)-headerLengthSize:]))
	if length < Overhead+entrySize || length > maxHeader || length+headerLengthSize > size {
		return 0, damaged("a header of %d bytes in a pack of %d", length, size)
	}
	return length, nil
}

// parseHeader reads the entries of an opened header. Together the blobs have to
// fill the pack up to its header.
func parseHeader(entries []byte, room int64) ([]Blob, error) {
	blobs := make([]Blob, 0, len(entries)/entrySize)
	var offset int64
	for len(entries) > 0 {
		b, size, err := parseHeaderEntry(entries)
		if err != nil {
			return nil, err
		}
		b.Offset = uint32(offset)
		if err := checkBlob(b); err != nil {
			return nil, err
		}
		offset += int64(b.Length)
		if offset > room {
			return nil, damaged("the header lists more bytes than the pack has")
		}
		blobs = append(blobs, b)
		entries = entries[size:]
	}
	if offset != room {
		return nil, damaged("the header lists %d bytes, the pack has %d", offset, room)
	}
	return blobs, nil
}

func parseHeaderEntry(entry []byte) (Blob, int, error) {
	if len(entry) < entrySize {
		return Blob{}, 0, damaged("the header ends inside an entry")
	}
	kind := entry[0]
	b := Blob{Type: BlobType(kind &^ compressedType), Length: binary.LittleEndian.Uint32(entry[1:])}
	switch kind {
	case byte(Data), byte(Tree):
		b.ID = ID(entry[5:entrySize])
		return b, entrySize, nil
	case byte(Data) + compressedType, byte(Tree) + compressedType:
		if len(entry) < compressedEntrySize {
			return Blob{}, 0, damaged("the header ends inside an entry")
		}
		b.Plain = binary.LittleEndian.Uint32(entry[5:])
		b.ID = ID(entry[9:compressedEntrySize])
		return b, compressedEntrySize, nil
	}
	return Blob{}, 0, damaged("a blob of unknown type %d", kind)
}

// SavePack writes what Finish returned.
func (r *Repository) SavePack(ctx context.Context, id ID, data []byte) error {
	return r.store.Put(ctx, storage.Packs, id.String(), data)
}

// ListPacks calls fn for every pack in the store with its size in bytes.
func (r *Repository) ListPacks(ctx context.Context, fn func(id ID, size int64) error) error {
	return r.list(ctx, storage.Packs, fn)
}

// RemovePack removes a pack. The index must not mention it any more.
func (r *Repository) RemovePack(ctx context.Context, id ID) error {
	return r.store.Remove(ctx, storage.Packs, id.String())
}
