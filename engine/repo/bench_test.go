package repo

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"
)

// What is measured is the plaintext: bytes of files for Seal and Unseal, bytes of
// JSON for trees and index files.

func benchBlobs() map[string][]byte {
	return map[string][]byte{"text 1 MiB": text(1 << 20), "noise 1 MiB": noise(1 << 20), "text 4 KiB": text(4 << 10)}
}

func BenchmarkSeal(b *testing.B) {
	r, _ := newTestRepository(b)
	for name, plain := range benchBlobs() {
		b.Run(name, func(b *testing.B) {
			id, buf := Hash(plain), []byte(nil)
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				s, err := r.Seal(Data, id, plain, buf)
				if err != nil {
					b.Fatal(err)
				}
				buf = s.Bytes
			}
		})
	}
}

func BenchmarkUnseal(b *testing.B) {
	r, _ := newTestRepository(b)
	for name, plain := range benchBlobs() {
		b.Run(name, func(b *testing.B) {
			s := seal(b, r, Data, plain)
			sealed, buf := make([]byte, len(s.Bytes)), make([]byte, 0, len(plain)+slack)
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				copy(sealed, s.Bytes)
				if _, err := r.Unseal(s.Blob, sealed, buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// ordinaryTree is a folder as most are: files of one blob, all of one person.
func ordinaryTree(size int) []Node {
	var nodes []Node
	zone := time.FixedZone("", 3600)
	for i := range size {
		at := time.Unix(1_700_000_000+int64(i)*977, int64(i)*123_457).In(zone)
		n := Node{Name: fmt.Sprintf("IMG_%06d.jpg", i), Type: NodeFile, Mode: 0o644, ModTime: at, AccessTime: at, ChangeTime: at, UID: 1000, GID: 1000,
			User: "anna", Group: "anna", Inode: uint64(9_000_000 + i), DeviceID: 65024, Size: uint64(2_000_000 + i), Links: 1, Content: []ID{Hash([]byte{byte(i), byte(i >> 8)})}}
		if i%10 == 0 {
			subtree := n.Content[0]
			n.Type, n.Mode, n.Content, n.Subtree = NodeDir, os.ModeDir|0o755, nil, &subtree
		}
		nodes = append(nodes, n)
	}
	return nodes
}

func BenchmarkEncodeTree(b *testing.B) {
	nodes := ordinaryTree(1000)
	buf, err := EncodeTree(nodes, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		if buf, err = EncodeTree(nodes, buf); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/node")
}

func BenchmarkDecodeTree(b *testing.B) {
	data, err := EncodeTree(ordinaryTree(1000), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("here", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := DecodeTree(data); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/node")
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			var tree struct {
				Nodes []referenceNode `json:"nodes"`
			}
			if err := json.Unmarshal(data, &tree); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDecodeIndex(b *testing.B) {
	data := appendIndex(nil, somePacks(100, 200), nil)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := decodeIndex(data, func(PackInfo) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20_000, "ns/blob")
}

func BenchmarkFinishPack(b *testing.B) {
	r, _ := newTestRepository(b)
	s := seal(b, r, Data, noise(256<<10))
	var buf []byte
	b.SetBytes(16 << 20)
	b.ReportAllocs()
	for b.Loop() {
		p := r.NewPacker(Data, buf)
		for p.Size() < 16<<20 {
			p.Add(s)
		}
		_, data, err := p.Finish()
		if err != nil {
			b.Fatal(err)
		}
		buf = data
	}
}

func BenchmarkMemoryIndex(b *testing.B) {
	m := new(MemoryIndex)
	packs := somePacks(500, 200)
	for _, p := range packs {
		m.Add(p)
	}
	i := 0
	for b.Loop() {
		p := &packs[i%len(packs)]
		blob := &p.Blobs[i%len(p.Blobs)]
		if _, ok, _ := m.Locate(blob.Type, blob.ID); !ok {
			b.Fatal("not found")
		}
		i++
	}
}
