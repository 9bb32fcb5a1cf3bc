package catalog

import (
	"context"
	"encoding/binary"
	"strconv"
	"sync"
	"sync/atomic"

	"holdfast/engine/repo"
)

// The filter answers "surely not stored" from memory. It is a Bloom filter over
// blob: bits are only ever added, so one that was saved is right for the blobs up to
// the number it was saved at, and a crash costs no more than reading the numbers
// since. It is loaded by the first question, in the background; until then, and for
// what it cannot exclude, the table is asked.
type filter struct {
	bits    atomic.Pointer[bloom] // nil until loaded
	filling atomic.Pointer[bloom] // being loaded, or the larger one to come
	loading sync.Mutex
	asked   atomic.Bool
	wanted  func() // starts loading
}

type bloom struct {
	words    []uint64
	capacity int64 // blobs; beyond it a larger one is made
	count    atomic.Int64
	saved    int64 // number of the last blob that was in the saved form
}

const (
	bitsPerBlob = 10
	probes      = 6
	filterPart  = 256 << 10 // bytes in a row of table filter
)

func newBloom(capacity int64) *bloom {
	return &bloom{words: make([]uint64, (capacity*bitsPerBlob+63)/64), capacity: capacity}
}

// The id is a SHA-256: its bytes are as good as independent hashes.
func (b *bloom) positions(t repo.BlobType, id repo.ID) (at, step uint64) {
	return binary.LittleEndian.Uint64(id[8:]) + uint64(t)*0x9e3779b97f4a7c15, binary.LittleEndian.Uint64(id[16:]) | 1
}

func (b *bloom) add(t repo.BlobType, id repo.ID) {
	at, step := b.positions(t, id)
	n := uint64(len(b.words)) * 64
	for range probes {
		bit := at % n
		atomic.OrUint64(&b.words[bit/64], 1<<(bit%64))
		at += step
	}
	b.count.Add(1)
}

func (b *bloom) has(t repo.BlobType, id repo.ID) bool {
	at, step := b.positions(t, id)
	n := uint64(len(b.words)) * 64
	for range probes {
		bit := at % n
		if atomic.LoadUint64(&b.words[bit/64])&(1<<(bit%64)) == 0 {
			return false
		}
		at += step
	}
	return true
}

// mayHave is false only for a blob that is certainly not in the table.
func (f *filter) mayHave(t repo.BlobType, id repo.ID) bool {
	b := f.bits.Load()
	if b == nil {
		if f.asked.CompareAndSwap(false, true) {
			f.wanted()
		}
		return true
	}
	return b.has(t, id)
}

// add is called by the writer for every blob it inserts.
func (f *filter) add(t repo.BlobType, id repo.ID) {
	if b := f.filling.Load(); b != nil {
		b.add(t, id)
	}
	b := f.bits.Load()
	if b == nil {
		return
	}
	b.add(t, id)
	if b.count.Load() > b.capacity && f.asked.CompareAndSwap(false, true) {
		f.wanted()
	}
}

// prepare is called before anything else uses the filter. An empty catalog needs no
// loading.
func (c *Catalog) prepareFilter(s *session) error {
	c.filter.wanted = func() {
		c.background(func(ctx context.Context) { c.loadFilter(ctx) })
	}
	_, some, err := s.number("SELECT id FROM blob LIMIT 1")
	if err == nil && !some {
		c.filter.bits.Store(newBloom(200_000))
	}
	return err
}

// loadFilter makes the filter from what was saved and the blobs since. An error
// leaves the table to be asked each time, which is right though slower.
func (c *Catalog) loadFilter(ctx context.Context) error {
	f := &c.filter
	f.loading.Lock()
	defer f.loading.Unlock()
	var next *bloom
	var upto int64
	err := c.read(ctx, func(s *session) (err error) {
		next, upto, err = savedFilter(ctx, s, f.bits.Load() != nil)
		return err
	})
	if err != nil {
		return err
	}
	// From within the writer, so that every blob is either committed when scanning
	// begins or added to filling.
	if err := c.write(ctx, func(*session) error { f.filling.Store(next); return nil }); err != nil {
		return err
	}
	for scanned := true; scanned; {
		scanned = false
		err := c.read(ctx, func(s *session) error {
			return s.each(ctx, func(r row) error {
				scanned, upto = true, r.int(0)
				next.add(repo.BlobType(r.int(1)), idOf(r.bytes(2)))
				return nil
			}, "SELECT id, type, hash FROM blob WHERE id > ? ORDER BY id LIMIT 20000", upto)
		})
		if err != nil {
			f.filling.Store(nil)
			return err
		}
	}
	f.bits.Store(next)
	f.filling.CompareAndSwap(next, nil)
	f.asked.Store(false) // may be asked for again, when it has grown too full
	return nil
}

// savedFilter reads the saved filter, or makes an empty one when there is none, it is
// too small, or a larger one is wanted.
func savedFilter(ctx context.Context, s *session, larger bool) (*bloom, int64, error) {
	blobs, _, err := s.number("SELECT max(id) FROM blob")
	if err != nil {
		return nil, 0, err
	}
	upto, capacity, err := filterMeta(s)
	if err != nil || larger || capacity < blobs {
		return newBloom(blobs + blobs/2 + 200_000), 0, err
	}
	b := newBloom(capacity)
	at := 0
	err = s.each(ctx, func(r row) error {
		for data := r.bytes(0); len(data) >= 8 && at < len(b.words); data = data[8:] {
			b.words[at] = binary.LittleEndian.Uint64(data)
			at++
		}
		return nil
	}, "SELECT data FROM filter ORDER BY part")
	if err != nil || at != len(b.words) {
		return newBloom(blobs + blobs/2 + 200_000), 0, err
	}
	b.count.Store(upto)
	b.saved = upto
	return b, upto, nil
}

func filterMeta(s *session) (upto, capacity int64, err error) {
	err = s.each(context.Background(), func(r row) error {
		n, _ := strconv.ParseInt(r.text(1), 10, 64)
		if r.text(0) == "filter_upto" {
			upto = n
		} else {
			capacity = n
		}
		return nil
	}, "SELECT key, value FROM meta WHERE key IN ('filter_upto', 'filter_capacity')")
	return upto, capacity, err
}

// saveFilter keeps the filter for the next Open, if it has learned enough since.
func (c *Catalog) saveFilter() error {
	b := c.filter.bits.Load()
	if b == nil || c.damaged.Load() {
		return nil
	}
	return c.write(context.Background(), func(s *session) error {
		upto, _, err := s.number("SELECT max(id) FROM blob")
		if err != nil || upto-b.saved < 5000+b.saved/50 {
			return err
		}
		if _, _, err := s.exec("DELETE FROM filter"); err != nil {
			return err
		}
		var part []byte
		for i, w := range b.words {
			part = binary.LittleEndian.AppendUint64(part, w)
			if len(part) < filterPart && i < len(b.words)-1 {
				continue
			}
			if _, _, err := s.exec("INSERT INTO filter (data) VALUES (?)", part); err != nil {
				return err
			}
			part = part[:0]
		}
		if err := putMeta(s, "filter_upto", strconv.FormatInt(upto, 10)); err != nil {
			return err
		}
		return putMeta(s, "filter_capacity", strconv.FormatInt(b.capacity, 10))
	})
}
