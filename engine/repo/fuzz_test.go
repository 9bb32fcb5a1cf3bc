package repo

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"

	"holdfast/engine/storage"
)

// within fails the test when work allocates more than limit bytes: a decoder must
// not take memory out of proportion to what it is given.
func within(t *testing.T, limit uint64, work func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > limit {
		t.Fatalf("allocated %d bytes, more than %d", took, limit)
	}
}

const floor = 4 << 20 // of allocations, for what is made once and for other goroutines

func FuzzDecodeTree(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for size := range 5 {
		f.Add(reference(randomTree(r, size)))
	}
	f.Add([]byte(`{"nodes":[{"name":"\\xe9","linktarget_raw":"AAE=","generic_attributes":{"a":[1,2.5e-3]},"content":["` + ID{1}.String() + `"]}]}`))
	f.Add([]byte(`{"nodes":[{"name":"a","mtime":"2020-02-29T23:59:59.999+13:45"},{"name":"a"},{"name":".."}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var nodes []Node
		var err error
		// The shortest node is 13 bytes long and becomes a Node; a slice that
		// grows takes some three times what it ends with.
		within(t, floor+uint64(len(data))*150, func() { nodes, err = DecodeTree(data) })
		var refused *RefusedError
		if err != nil && !errors.As(err, &refused) {
			if !errors.Is(err, ErrDamaged) || nodes != nil {
				t.Fatalf("%v with %d nodes", err, len(nodes))
			}
			return
		}
		for i, n := range nodes {
			if refuseName(n.Name) != "" || i > 0 && nodes[i-1].Name >= n.Name {
				t.Fatalf("%q came out", n.Name)
			}
			if n.GenericAttributes != nil && !json.Valid(n.GenericAttributes) {
				t.Fatalf("%s is no JSON", n.GenericAttributes)
			}
		}
		encoded, err := EncodeTree(nodes, nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodeTree(encoded)
		if err != nil || len(again) != len(nodes) {
			t.Fatalf("%d of %d nodes are read again, %v", len(again), len(nodes), err)
		}
		if twice, err := EncodeTree(again, nil); err != nil || !bytes.Equal(twice, encoded) {
			t.Fatalf("%v\n%s\n%s", err, encoded, twice)
		}
	})
}

func FuzzPackHeader(f *testing.F) {
	f.Add([]byte{}, uint32(100), false)
	f.Add(appendHeaderEntry(nil, Blob{ID: ID{1}, Length: 60}), uint32(60), true)
	f.Add(appendHeaderEntry(appendHeaderEntry(nil, Blob{ID: ID{1}, Type: Tree, Length: 60, Plain: 80}), Blob{Length: 32}), uint32(92), true)
	r, store := newTestRepository(f)
	f.Fuzz(func(t *testing.T, data []byte, room uint32, authentic bool) {
		pack := make([]byte, room%(1<<16))
		if authentic {
			sealed := r.master.seal(nil, data)
			pack = binary.LittleEndian.AppendUint32(append(pack, sealed...), uint32(len(sealed)))
		} else {
			pack = append(pack, data...)
		}
		id := Hash(pack)
		store.files[storage.Packs] = map[string][]byte{id.String(): pack}
		within(t, floor+uint64(len(pack))*8, func() {
			info, err := r.PackHeader(t.Context(), id, -1)
			if err != nil {
				if !errors.Is(err, ErrDamaged) {
					t.Fatal(err)
				}
				return
			}
			end := uint32(0)
			for _, b := range info.Blobs {
				if b.Offset != end {
					t.Fatalf("%+v", info)
				}
				end += b.Length
			}
			if int(end) > len(pack) {
				t.Fatalf("%+v", info)
			}
		})
	})
}

func FuzzLoadIndex(f *testing.F) {
	f.Add(appendIndex(nil, somePacks(3, 4), []ID{{1}}))
	f.Add([]byte(`{"packs":[{"id":"` + ID{1}.String() + `","blobs":[{"id":"` + ID{2}.String() + `","type":"tree","offset":4294967000,"length":99}]}]}`))
	f.Add([]byte{encodingZstd, 0x28, 0xb5, 0x2f, 0xfd, 4, 0, 1, 0, 0})
	packed := compress(appendIndex(nil, somePacks(1, 4), nil), []byte{encodingZstd})
	f.Add(packed)
	f.Fuzz(func(t *testing.T, data []byte) {
		limit := floor + uint64(len(data))*60
		if len(data) > 0 && data[0] == encodingZstd {
			limit = floor + uint64(len(data))*maxExpansion*60
		}
		within(t, limit, func() {
			document, err := decodeFile(data)
			if err != nil {
				if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) {
					t.Fatal(err)
				}
				return
			}
			var packs []PackInfo
			if err := decodeIndex(document, func(p PackInfo) error { packs = append(packs, p); return nil }); err != nil {
				if !errors.Is(err, ErrDamaged) {
					t.Fatal(err)
				}
				return
			}
			var again []PackInfo
			if err := decodeIndex(appendIndex(nil, packs, nil), func(p PackInfo) error { again = append(again, p); return nil }); err != nil || !reflect.DeepEqual(packs, again) {
				t.Fatalf("%v\n%+v\n%+v", err, packs, again)
			}
		})
	})
}

func FuzzUnseal(f *testing.F) {
	plain := []byte("the harbour lies quiet under a low sun, the harbour lies quiet under a low sun")
	packed := compress(plain, nil)
	f.Add(packed, uint32(len(plain)), true)
	f.Add(plain, uint32(0), true)
	f.Add(packed, uint32(1<<28), true)
	f.Add(make([]byte, 40), uint32(5), false)
	r, _ := newTestRepository(f)
	f.Fuzz(func(t *testing.T, body []byte, size uint32, authentic bool) {
		sealed := bytes.Clone(body)
		if authentic {
			sealed = r.master.seal(nil, body)
		}
		// The right hash for what a correct reader would see, so that all checks
		// but the hash's decide.
		id := Hash(body)
		if size != 0 {
			id = Hash(plain)
		}
		within(t, floor+uint64(len(body))*(maxExpansion+10), func() {
			got, err := r.Unseal(Blob{ID: id, Length: uint32(len(sealed)), Plain: size}, sealed, nil)
			if err != nil {
				if !errors.Is(err, ErrDamaged) {
					t.Fatal(err)
				}
				return
			}
			if Hash(got) != id || !authentic {
				t.Fatalf("%d bytes that are not the blob", len(got))
			}
		})
	})
}

func FuzzKeyFile(f *testing.F) {
	r, store := newTestRepository(f)
	f.Add(store.files[storage.Keys][r.KeyID()])
	f.Add([]byte(`{"kdf":"scrypt","N":2,"r":1,"p":1,"salt":"","data":""}`))
	f.Add([]byte(`{"kdf":"scrypt","N":1048576,"r":8,"p":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := parseKeyFile(data)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		if key.checkCost() == nil && key.N*key.R*key.P > 1<<12 {
			return // allowed, but too slow to be tried here
		}
		within(t, floor+uint64(len(data))*20, func() {
			_, err := key.open(testSecret)
			if err == nil && !bytes.Equal(key.Data, mustKey(t, store.files[storage.Keys][r.KeyID()]).Data) {
				t.Fatal("another file opened")
			}
			if err != nil && !passOver(err) {
				t.Fatal(err)
			}
		})
	})
}

func mustKey(t *testing.T, data []byte) *keyFile {
	t.Helper()
	key, err := parseKeyFile(data)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func FuzzSnapshot(f *testing.F) {
	f.Add([]byte(`{"time":"2015-01-02T18:10:50.895208559+01:00","tree":"` + ID{1}.String() + `","paths":["/tmp"],"hostname":"kasimir","uid":1000,"summary":{"a":1},"x":[null]}`))
	f.Add([]byte(`{"tree":"` + ID{1}.String() + `","parent":"` + ID{2}.String() + `","tags":["a","b"],"Tree":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s *Snapshot
		var err error
		within(t, floor+uint64(len(data))*400, func() { s, err = decodeSnapshot(data) })
		if err != nil {
			if !errors.Is(err, ErrDamaged) || s != nil {
				t.Fatal(err)
			}
			return
		}
		document, err := json.Marshal(s)
		if err != nil {
			t.Fatalf("it cannot be written again: %v", err)
		}
		again, err := decodeSnapshot(document)
		if err != nil || again.Tree != s.Tree || !again.Time.Equal(s.Time) || len(again.Unknown) != len(s.Unknown) {
			t.Fatalf("%v\n%+v\n%+v", err, s, again)
		}
	})
}

func FuzzLock(f *testing.F) {
	f.Add([]byte(`{"time":"2015-06-27T12:18:51.759239612+02:00","exclusive":false,"hostname":"kasimir","username":"fd0","pid":13607,"uid":1000,"gid":100}`))
	r, _ := newTestRepository(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		lock, err := decodeLock(data)
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
		r.isStale(lock)
	})
}
