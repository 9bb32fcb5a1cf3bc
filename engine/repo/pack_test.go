package repo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"testing"

	"holdfast/engine/storage"
)

func TestAPackSaysAtItsEndWhatItHolds(t *testing.T) {
	r, store := newTestRepository(t)
	for _, count := range []int{1, 2, 64, 65, 500} { // on both sides of what is read at first
		var plains [][]byte
		for i := range count {
			if i%2 == 0 {
				plains = append(plains, text(200+i))
			} else {
				plains = append(plains, noise(200+i))
			}
		}
		pack := storePack(t, r, Tree, plains...)
		data := store.files[storage.Packs][pack.ID.String()]
		if Hash(data) != pack.ID {
			t.Fatal("the pack is not named by its hash")
		}
		for _, size := range []int64{-1, int64(len(data))} {
			got, err := r.PackHeader(t.Context(), pack.ID, size)
			if err != nil || !reflect.DeepEqual(got, pack) {
				t.Fatalf("%d blobs: %v", count, err)
			}
		}
	}
}

func TestAPackerKnowsItsSizeBeforeItIsFinished(t *testing.T) {
	r, _ := newTestRepository(t)
	p := r.NewPacker(Data, make([]byte, 100, 4<<20))
	for range 3 { // the buffer serves again
		for i := range 20 {
			p.Add(seal(t, r, Data, text(1000*i)))
		}
		size, count := p.Size(), p.Count()
		info, data, err := p.Finish()
		if err != nil || len(data) != size || len(info.Blobs) != count {
			t.Fatalf("%d bytes in place of %d, %v", len(data), size, err)
		}
		for _, b := range info.Blobs {
			if _, err := r.Unseal(b, bytes.Clone(data[b.Offset:b.Offset+b.Length]), nil); err != nil {
				t.Fatal(err)
			}
		}
		p = r.NewPacker(Data, data)
	}
}

func TestAPackIsNeverEmptyOrMixed(t *testing.T) {
	r, _ := newTestRepository(t)
	if _, _, err := r.NewPacker(Data, nil).Finish(); err == nil {
		t.Error("a pack without blobs was finished")
	}
	p := r.NewPacker(Data, nil)
	p.Add(seal(t, r, Data, text(10)))
	p.Add(seal(t, r, Tree, text(10)))
	if _, _, err := p.Finish(); err == nil {
		t.Error("trees and data came into one pack")
	}
}

func TestADamagedPackHeaderIsNoticed(t *testing.T) {
	r, store := newTestRepository(t)
	pack := storePack(t, r, Data, text(1000), noise(1000))
	good := store.files[storage.Packs][pack.ID.String()]
	length := binary.LittleEndian.Uint32(good[len(good)-4:])
	withLength := func(n uint32) []byte { return binary.LittleEndian.AppendUint32(bytes.Clone(good[:len(good)-4]), n) }
	// withHeader replaces the header by one that is authentic.
	withHeader := func(entries []byte) []byte {
		body := bytes.Clone(good[:len(good)-4-int(length)])
		sealed := r.master.seal(nil, entries)
		return binary.LittleEndian.AppendUint32(append(body, sealed...), uint32(len(sealed)))
	}
	entry := func(kind byte, length uint32) []byte {
		return append(binary.LittleEndian.AppendUint32([]byte{kind}, length), make([]byte, 32)...)
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)-10] ^= 1
	for name, data := range map[string][]byte{
		"no bytes":                 {},
		"too few bytes":            good[:50],
		"only zeros":               make([]byte, 1000),
		"cut at the end":           good[:len(good)-1],
		"cut at the beginning":     good[1:],
		"a flipped bit":            flipped,
		"a header of no length":    withLength(0),
		"a header below the least": withLength(31),
		"a header one byte short":  withLength(length - 1),
		"a header one byte long":   withLength(length + 1),
		"a header beyond the file": withLength(uint32(len(good))),
		"a header of 4 GiB":        withLength(1<<32 - 1),
		"an empty header":          withHeader(nil),
		"an unknown type":          withHeader(entry(4, 100)),
		"half an entry":            withHeader(entry(0, 100)[:20]),
		"half a compressed entry":  withHeader(entry(2, 100)),
		"a blob beyond the pack":   withHeader(entry(0, 1<<20)),
		"a blob of no length":      withHeader(entry(0, 0)),
		"blobs that leave a gap":   withHeader(entry(0, 100)),
		"lengths that overflow":    withHeader(append(entry(0, 1<<28), entry(0, 1<<28)...)),
	} {
		id := Hash(data)
		store.files[storage.Packs][id.String()] = data
		if _, err := r.PackHeader(t.Context(), id, -1); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.PackHeader(t.Context(), pack.ID, int64(len(good))+1); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file shorter than said: %v", err)
	}
	if _, err := r.PackHeader(t.Context(), ID{7}, -1); !errors.Is(err, ErrNotFound) {
		t.Errorf("no file: %v", err)
	}
}
