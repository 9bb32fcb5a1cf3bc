package repo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"holdfast/engine/storage"
)

func somePacks(packs, blobs int) []PackInfo {
	var list []PackInfo
	for i := range packs {
		p := PackInfo{ID: Hash(fmt.Appendf(nil, "pack %d", i)), Blobs: []Blob{}}
		offset := uint32(0)
		for j := range blobs {
			b := Blob{ID: Hash(fmt.Appendf(nil, "blob %d %d", i, j)), Type: BlobType(i % 2), Offset: offset, Length: uint32(100 + j)}
			if j%3 != 0 {
				b.Plain = uint32(500 + j)
			}
			offset += b.Length
			p.Blobs = append(p.Blobs, b)
		}
		list = append(list, p)
	}
	return list
}

func TestAnIndexFileIsReadAsItWasWritten(t *testing.T) {
	r, _ := newTestRepository(t)
	for _, packs := range [][]PackInfo{{}, somePacks(1, 0), somePacks(7, 30)} {
		id, err := r.SaveIndex(t.Context(), packs, []ID{{1}, {2}})
		if err != nil {
			t.Fatal(err)
		}
		got := []PackInfo{}
		err = r.LoadIndex(t.Context(), id, func(p PackInfo) error { got = append(got, p); return nil })
		if err != nil || !reflect.DeepEqual(got, packs) {
			t.Fatalf("%v\n%+v\n%+v", err, got, packs)
		}
		if err := r.RemoveIndex(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if ids, err := r.ListIndexes(t.Context()); err != nil || len(ids) != 0 {
		t.Fatalf("%v, %v", ids, err)
	}
}

func TestIndexFilesAreWrittenByteForByteAsEncodingJSONDoes(t *testing.T) {
	type blobJSON struct {
		ID     ID     `json:"id"`
		Type   string `json:"type"`
		Offset uint   `json:"offset"`
		Length uint   `json:"length"`
		Plain  uint   `json:"uncompressed_length,omitempty"`
	}
	type packJSON struct {
		ID    ID         `json:"id"`
		Blobs []blobJSON `json:"blobs"`
	}
	var document struct {
		Supersedes []ID       `json:"supersedes,omitempty"`
		Packs      []packJSON `json:"packs"`
	}
	document.Packs = []packJSON{}
	packs := somePacks(3, 5)
	for _, supersedes := range [][]ID{nil, {{9}}, {{9}, {8}}} {
		document.Supersedes, document.Packs = supersedes, document.Packs[:0]
		for _, p := range packs {
			j := packJSON{ID: p.ID}
			for _, b := range p.Blobs {
				j.Blobs = append(j.Blobs, blobJSON{b.ID, b.Type.String(), uint(b.Offset), uint(b.Length), uint(b.Plain)})
			}
			document.Packs = append(document.Packs, j)
		}
		var want bytes.Buffer
		if err := json.NewEncoder(&want).Encode(document); err != nil {
			t.Fatal(err)
		}
		if got := appendIndex(nil, packs, supersedes); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s\n%s", got, want.Bytes())
		}
	}
}

func TestWhatIsNotAnIndexFileIsRefused(t *testing.T) {
	id := strings.Repeat("ab", 32)
	pack := func(blobs string) string { return `{"packs":[{"id":"` + id + `","blobs":[` + blobs + `]}]}` }
	for name, document := range map[string]string{
		"nothing":               ``,
		"a list":                `[]`,
		"cut short":             `{"packs":[`,
		"a pack without id":     `{"packs":[{"blobs":[]}]}`,
		"a blob without id":     pack(`{"type":"data","offset":0,"length":100}`),
		"a blob without type":   pack(`{"id":"` + id + `","offset":0,"length":100}`),
		"an unknown type":       pack(`{"id":"` + id + `","type":"soup","offset":0,"length":100}`),
		"a length of nothing":   pack(`{"id":"` + id + `","type":"data","offset":0}`),
		"a huge length":         pack(`{"id":"` + id + `","type":"data","offset":0,"length":4294967295}`),
		"a length beyond":       pack(`{"id":"` + id + `","type":"data","offset":0,"length":4294967296}`),
		"a negative offset":     pack(`{"id":"` + id + `","type":"data","offset":-1,"length":100}`),
		"an offset at the edge": pack(`{"id":"` + id + `","type":"data","offset":4294967295,"length":100}`),
		"a huge plain length":   pack(`{"id":"` + id + `","type":"data","offset":0,"length":100,"uncompressed_length":4294967295}`),
		"something after it":    pack(``) + `x`,
	} {
		err := decodeIndex([]byte(document), func(PackInfo) error { return nil })
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := decodeIndex([]byte(`{"supersedes":["x"],"later":{},"packs":null}`), nil); err != nil {
		t.Errorf("an index of no packs: %v", err)
	}
}

func TestADamagedFileIsNeverDecoded(t *testing.T) {
	r, store := newTestRepository(t)
	id, err := r.SaveIndex(t.Context(), somePacks(2, 3), nil)
	if err != nil {
		t.Fatal(err)
	}
	store.files[storage.Index][id.String()][40] ^= 1
	never := func(PackInfo) error { t.Error("a pack came out"); return nil }
	if err := r.LoadIndex(t.Context(), id, never); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	if err := r.LoadIndex(t.Context(), ID{3}, never); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	for name, plain := range map[string][]byte{"empty": {}, "broken compression": {2, 1, 2, 3}, "compressed nothing": {2}} {
		if document, err := decodeFile(plain); !errors.Is(err, ErrDamaged) && len(document) > 0 {
			t.Errorf("%s: %q, %v", name, document, err)
		}
	}
	if _, err := decodeFile([]byte{7, 1, 2}); !errors.Is(err, ErrNewer) {
		t.Error(err)
	}
}

func TestTheMemoryIndexFindsWhatTheIndexFilesList(t *testing.T) {
	r, _ := newTestRepository(t)
	packs := somePacks(20, 50)
	for half := range slices.Chunk(packs, 10) {
		if _, err := r.SaveIndex(t.Context(), half, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.SaveIndex(t.Context(), packs[:3], nil); err != nil { // listed twice
		t.Fatal(err)
	}
	m, err := LoadMemoryIndex(t.Context(), r)
	if err != nil || m.Len() != 1000 {
		t.Fatalf("%d blobs, %v", m.Len(), err)
	}
	for _, p := range packs {
		for _, b := range p.Blobs {
			got, ok, err := m.Locate(b.Type, b.ID)
			if err != nil || !ok || got != (Location{p.ID, b}) {
				t.Fatalf("%+v %v %v", got, ok, err)
			}
			if _, ok, _ := m.Locate(1-b.Type, b.ID); ok {
				t.Fatal("found under the other type")
			}
		}
	}
	if _, ok, err := m.Locate(Data, ID{1}); ok || err != nil {
		t.Fatal("found what is not there")
	}
	count := 0
	for range m.All {
		count++
	}
	if count != 1000 {
		t.Errorf("All gave %d", count)
	}
	if _, ok, _ := new(MemoryIndex).Locate(Data, ID{}); ok {
		t.Error("an empty index found something")
	}
}

func TestLoadTreeSaysWhatIsMissing(t *testing.T) {
	r, _ := newTestRepository(t)
	data, err := EncodeTree([]Node{{Name: "a", Type: NodeFile}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	pack := storePack(t, r, Tree, data)
	m := new(MemoryIndex)
	m.Add(pack)
	nodes, err := r.LoadTree(t.Context(), m, Hash(data))
	if err != nil || len(nodes) != 1 || nodes[0].Name != "a" {
		t.Fatalf("%+v, %v", nodes, err)
	}
	if _, err := r.LoadTree(t.Context(), m, ID{1}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	notTree := []byte("not a tree")
	m.Add(storePack(t, r, Tree, notTree))
	if _, err := r.LoadTree(t.Context(), m, Hash(notTree)); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
}
