package catalog

import (
	"context"
	"io"
	"strings"
	"sync"

	"holdfast/engine/storage"
)

// memory is a store for tests that are about something else than storing.
type memory struct {
	mutex sync.Mutex
	files map[string][]byte
	reads int
	fail  func(k storage.Kind, name string) error // of Get and Stat, if not nil
}

func newMemory() *memory { return &memory{files: make(map[string][]byte)} }

func (m *memory) Put(_ context.Context, k storage.Kind, name string, data []byte) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if _, taken := m.files[string(k)+"/"+name]; taken {
		return storage.ErrExists
	}
	m.files[string(k)+"/"+name] = append([]byte(nil), data...)
	return nil
}

func (m *memory) Get(ctx context.Context, k storage.Kind, name string, offset, length int64, buf []byte) ([]byte, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.reads++
	if m.fail != nil {
		if err := m.fail(k, name); err != nil {
			return nil, err
		}
	}
	data, ok := m.files[string(k)+"/"+name]
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case !ok:
		return nil, storage.ErrNotFound
	case offset > int64(len(data)) || length > int64(len(data))-offset:
		return nil, io.ErrUnexpectedEOF
	case length < 0:
		return append(buf[:0], data[offset:]...), nil
	}
	return append(buf[:0], data[offset:offset+length]...), nil
}

func (m *memory) Stat(_ context.Context, k storage.Kind, name string) (storage.Info, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.fail != nil {
		if err := m.fail(k, name); err != nil {
			return storage.Info{}, err
		}
	}
	data, ok := m.files[string(k)+"/"+name]
	if !ok {
		return storage.Info{}, storage.ErrNotFound
	}
	return storage.Info{Name: name, Size: int64(len(data))}, nil
}

func (m *memory) List(_ context.Context, k storage.Kind, fn func(storage.Info) error) error {
	m.mutex.Lock()
	var infos []storage.Info
	for path, data := range m.files {
		if name, ok := strings.CutPrefix(path, string(k)+"/"); ok {
			infos = append(infos, storage.Info{Name: name, Size: int64(len(data))})
		}
	}
	m.mutex.Unlock()
	for _, info := range infos {
		if err := fn(info); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Remove(_ context.Context, k storage.Kind, name string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if _, ok := m.files[string(k)+"/"+name]; !ok {
		return storage.ErrNotFound
	}
	delete(m.files, string(k)+"/"+name)
	return nil
}

func (m *memory) Free(context.Context) (int64, error) { return -1, nil }
func (m *memory) Location() string                    { return "memory" }
func (m *memory) Close() error                        { return nil }
