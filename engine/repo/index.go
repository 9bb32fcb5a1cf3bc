package repo

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"holdfast/engine/storage"
)

// An index file is a JSON document:
//
//	{"supersedes":[id,…],"packs":[{"id":id,"blobs":[{"id":id,"type":"data","offset":0,"length":38,"uncompressed_length":511},…]},…]} newline
//
// supersedes is left out when empty, uncompressed_length when the blob is not
// compressed. Writers keep the file below 8 MiB: at most IndexBlobs blobs.

// IndexBlobs is how many blobs one index file should list at most.
const IndexBlobs = 50_000

// SaveIndex writes an index file that lists the packs, which have to be durable
// already, and returns its name. The files it supersedes are the caller's to
// remove afterwards.
func (r *Repository) SaveIndex(ctx context.Context, packs []PackInfo, supersedes []ID) (ID, error) {
	scratch := borrow(64 << 10)
	defer scratch.release()
	scratch.bytes = appendIndex(scratch.bytes, packs, supersedes)
	return r.saveFile(ctx, storage.Index, scratch.bytes)
}

func appendIndex(b []byte, packs []PackInfo, supersedes []ID) []byte {
	b = append(b, '{')
	if len(supersedes) > 0 {
		b = append(b, `"supersedes":[`...)
		for i, id := range supersedes {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendID(b, id)
		}
		b = append(b, `],`...)
	}
	b = append(b, `"packs":[`...)
	for i := range packs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"id":`...)
		b = appendID(b, packs[i].ID)
		b = append(b, `,"blobs":[`...)
		for j := range packs[i].Blobs {
			if j > 0 {
				b = append(b, ',')
			}
			b = appendIndexBlob(b, &packs[i].Blobs[j])
		}
		b = append(b, `]}`...)
	}
	return append(b, "]}\n"...)
}

func appendIndexBlob(b []byte, blob *Blob) []byte {
	b = append(b, `{"id":`...)
	b = appendID(b, blob.ID)
	b = append(b, `,"type":"`...)
	b = append(b, blob.Type.String()...)
	b = append(b, `","offset":`...)
	b = strconv.AppendUint(b, uint64(blob.Offset), 10)
	b = append(b, `,"length":`...)
	b = strconv.AppendUint(b, uint64(blob.Length), 10)
	b = appendUint(b, `,"uncompressed_length":`, uint64(blob.Plain))
	return append(b, '}')
}

// LoadIndex reads an index file and calls fn for each pack in it, in order. An
// error of fn ends the reading and is returned. The PackInfo is fn's to keep.
func (r *Repository) LoadIndex(ctx context.Context, id ID, fn func(PackInfo) error) error {
	document, err := r.loadFile(ctx, storage.Index, id)
	if err != nil {
		return err
	}
	if err := decodeIndex(document, fn); err != nil {
		return fmt.Errorf("index file %s: %w", id.Short(), err)
	}
	return nil
}

// ListIndexes lists the index files.
func (r *Repository) ListIndexes(ctx context.Context) ([]ID, error) {
	return r.ids(ctx, storage.Index)
}

// RemoveIndex removes an index file. What it lists has to be listed elsewhere, or
// be meant to be forgotten.
func (r *Repository) RemoveIndex(ctx context.Context, id ID) error {
	return r.store.Remove(ctx, storage.Index, id.String())
}

func decodeIndex(document []byte, fn func(PackInfo) error) error {
	d := indexDecoder{scanner: scanner{data: document}}
	var failed error
	if d.peek() != '{' {
		d.fail("expected an object")
	}
	d.object(func(key []byte) {
		if string(key) != "packs" {
			d.skip()
			return
		}
		d.array(func() {
			pack := d.pack()
			if d.err != nil {
				return
			}
			if failed = fn(pack); failed != nil {
				d.fail("stopped")
			}
		})
	})
	d.end()
	if failed != nil {
		return failed
	}
	return d.err
}

type indexDecoder struct {
	scanner
	blobs []Blob
}

func (d *indexDecoder) pack() PackInfo {
	var pack PackInfo
	d.blobs = d.blobs[:0]
	d.object(func(key []byte) {
		switch string(key) {
		case "id":
			d.id(&pack.ID)
		case "blobs":
			d.blobs = d.blobs[:0]
			d.array(func() {
				if b, ok := d.blob(); ok {
					d.blobs = append(d.blobs, b)
				}
			})
		default:
			d.skip()
		}
	})
	if d.err == nil && pack.ID.IsZero() {
		d.fail("a pack without an id")
	}
	if d.err == nil {
		pack.Blobs = append(make([]Blob, 0, len(d.blobs)), d.blobs...)
	}
	return pack
}

func (d *indexDecoder) blob() (Blob, bool) {
	var b Blob
	typed := false
	d.object(func(key []byte) {
		switch string(key) {
		case "id":
			d.id(&b.ID)
		case "type":
			typed = true
			switch string(d.string()) {
			case "data":
				b.Type = Data
			case "tree":
				b.Type = Tree
			default:
				d.fail("a blob of unknown type")
			}
		case "offset":
			b.Offset = uint32(d.uint(math.MaxUint32))
		case "length":
			b.Length = uint32(d.uint(math.MaxUint32))
		case "uncompressed_length":
			b.Plain = uint32(d.uint(math.MaxUint32))
		default:
			d.skip()
		}
	})
	switch {
	case d.err != nil:
		return Blob{}, false
	case !typed || b.ID.IsZero():
		d.fail("a blob without id or type")
		return Blob{}, false
	}
	if err := checkBlob(b); err != nil {
		d.err = err
		d.pos = len(d.data)
		return Blob{}, false
	}
	return b, true
}
