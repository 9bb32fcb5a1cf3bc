package repo

import "sync"

// buffer is a borrowed piece of scratch memory.
type buffer struct{ bytes []byte }

// keepBuffers is the capacity beyond which a buffer is left to the collector, so
// that one huge tree does not stay in memory for ever.
const keepBuffers = 16 << 20

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// borrow returns an empty buffer with room for size bytes.
func borrow(size int) *buffer {
	b := buffers.Get().(*buffer)
	b.bytes = grow(b.bytes, size)
	return b
}

func (b *buffer) release() {
	if cap(b.bytes) > keepBuffers {
		return
	}
	b.bytes = b.bytes[:0]
	buffers.Put(b)
}

// grow returns buf emptied, or a new empty slice when size does not fit.
func grow(buf []byte, size int) []byte {
	if cap(buf) >= size {
		return buf[:0]
	}
	return make([]byte, 0, size)
}
