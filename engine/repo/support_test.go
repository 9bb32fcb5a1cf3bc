package repo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"holdfast/engine/storage"
)

// memoryStore is the smallest storage.Store.
type memoryStore struct {
	mu     sync.Mutex
	files  map[storage.Kind]map[string][]byte
	times  map[string]time.Time
	refuse func(operation string, k storage.Kind, name string) error // a fault, or nil
}

func newMemoryStore() *memoryStore {
	return &memoryStore{files: map[storage.Kind]map[string][]byte{}, times: map[string]time.Time{}}
}

func (m *memoryStore) fault(operation string, k storage.Kind, name string) error {
	if m.refuse == nil {
		return nil
	}
	return m.refuse(operation, k, name)
}

func (m *memoryStore) Put(_ context.Context, k storage.Kind, name string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fault("put", k, name); err != nil {
		return err
	}
	if _, ok := m.files[k][name]; ok {
		return storage.ErrExists
	}
	if m.files[k] == nil {
		m.files[k] = map[string][]byte{}
	}
	m.files[k][name] = bytes.Clone(data)
	m.times[name] = time.Now()
	return nil
}

func (m *memoryStore) Get(_ context.Context, k storage.Kind, name string, offset, length int64, buf []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fault("get", k, name); err != nil {
		return nil, err
	}
	data, ok := m.files[k][name]
	if !ok {
		return nil, fmt.Errorf("%s: %w", name, storage.ErrNotFound)
	}
	if length < 0 {
		length = int64(len(data)) - offset
	}
	if offset < 0 || offset+length > int64(len(data)) {
		return nil, io.ErrUnexpectedEOF
	}
	return append(buf[:0], data[offset:offset+length]...), nil
}

func (m *memoryStore) Stat(_ context.Context, k storage.Kind, name string) (storage.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fault("stat", k, name); err != nil {
		return storage.Info{}, err
	}
	data, ok := m.files[k][name]
	if !ok {
		return storage.Info{}, fmt.Errorf("%s: %w", name, storage.ErrNotFound)
	}
	return storage.Info{Name: name, Size: int64(len(data)), ModTime: m.times[name]}, nil
}

func (m *memoryStore) List(_ context.Context, k storage.Kind, fn func(storage.Info) error) error {
	m.mu.Lock()
	var infos []storage.Info
	for name, data := range m.files[k] {
		infos = append(infos, storage.Info{Name: name, Size: int64(len(data)), ModTime: m.times[name]})
	}
	m.mu.Unlock()
	for _, info := range infos {
		if err := fn(info); err != nil {
			return err
		}
	}
	return nil
}

func (m *memoryStore) Remove(_ context.Context, k storage.Kind, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fault("remove", k, name); err != nil {
		return err
	}
	if _, ok := m.files[k][name]; !ok {
		return storage.ErrNotFound
	}
	delete(m.files[k], name)
	return nil
}

func (m *memoryStore) Free(context.Context) (int64, error) { return -1, nil }
func (m *memoryStore) Location() string                    { return "memory" }
func (m *memoryStore) Close() error                        { return nil }

// names lists the files of a kind.
func (m *memoryStore) names(k storage.Kind) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for name := range m.files[k] {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

const testSecret = "correct horse battery staple"

// newTestRepository is a repository in memory with a light key.
func newTestRepository(t testing.TB) (*Repository, *memoryStore) {
	t.Helper()
	store := newMemoryStore()
	r, err := Init(t.Context(), store, InitOptions{Key: NewKey{Secret: testSecret, Random: true}, Polynomial: 0x3DA3358B4DC173})
	if err != nil {
		t.Fatal(err)
	}
	return r, store
}

// text makes data that compresses as text does; noise makes data that does not.
func text(size int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(size)))
	words := bytes.Fields([]byte("the harbour lies quiet under a low sun while ropes and anchors hold fast against wind tide and time every boat has come home with its catch"))
	var b bytes.Buffer
	for b.Len() < size {
		b.Write(words[r.IntN(len(words))])
		b.WriteByte(" \n,."[r.IntN(4)])
		if r.IntN(6) == 0 {
			fmt.Fprintf(&b, "%x", r.Uint32())
		}
	}
	return b.Bytes()[:size]
}

func noise(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(size)}).Read(b)
	return b
}

// seal is Seal for tests.
func seal(t testing.TB, r *Repository, blobType BlobType, plain []byte) Sealed {
	t.Helper()
	s, err := r.Seal(blobType, Hash(plain), plain, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// storePack puts plaintexts into one pack in the store.
func storePack(t testing.TB, r *Repository, blobType BlobType, plains ...[]byte) PackInfo {
	t.Helper()
	p := r.NewPacker(blobType, nil)
	for _, plain := range plains {
		p.Add(seal(t, r, blobType, plain))
	}
	info, data, err := p.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.SavePack(t.Context(), info.ID, data); err != nil {
		t.Fatal(err)
	}
	return info
}
