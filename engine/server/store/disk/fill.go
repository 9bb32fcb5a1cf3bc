package disk

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
)

const (
	// chunk is larger than what arrives at once over TLS, 16 KiB, so that the disk is
	// asked less often, and small enough to stay in the processor's cache.
	chunk = 128 << 10
	ahead = 4       // chunks that may be read and not written yet
	early = 2 << 20 // bytes after which the disk is told to begin, before the flush asks for everything
)

var buffers = sync.Pool{New: func() any { b := make([]byte, chunk); return &b }}

// fill writes exactly size bytes and flushes them. Reading, which is decrypting and
// hashing, goes on while the disk writes.
func fill(ctx context.Context, f *os.File, r io.Reader, size int64) error {
	var err error
	if size <= chunk {
		err = fillOne(ctx, f, r, size)
	} else {
		err = fillMany(ctx, f, r, size)
	}
	if err != nil {
		return err
	}
	if err := f.Chmod(0o600); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return f.Sync()
}

func fillOne(ctx context.Context, f *os.File, r io.Reader, size int64) error {
	b := buffers.Get().(*[]byte)
	defer buffers.Put(b)
	if err := read(ctx, r, (*b)[:size]); err != nil {
		return err
	}
	_, err := f.Write((*b)[:size])
	return err
}

// fillMany reads in a goroutine of its own, which has ended when it returns: the
// reader is not the disk's to keep.
func fillMany(ctx context.Context, f *os.File, r io.Reader, size int64) error {
	ctx, stop := context.WithCancel(ctx)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer stop()
	filled := make(chan *[]byte, ahead)
	var wrong error // of reading, to be looked at when filled is closed
	reading.Go(func() {
		defer close(filled)
		for left := size; left > 0; {
			b := buffers.Get().(*[]byte)
			*b = (*b)[:min(left, chunk)]
			if wrong = read(ctx, r, *b); wrong != nil {
				return
			}
			left -= int64(len(*b))
			select {
			case filled <- b:
			case <-ctx.Done():
				wrong = ctx.Err()
				return
			}
		}
	})
	var written, begun int64
	for b := range filled {
		n, err := f.Write(*b)
		*b = (*b)[:chunk]
		buffers.Put(b)
		if err != nil {
			return err
		}
		if written += int64(n); written-begun >= early {
			beginWriting(f, begun, written-begun)
			begun = written
		}
	}
	return wrong
}

// read fills b. A reader that ends before is an error.
func read(ctx context.Context, r io.Reader, b []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := io.ReadFull(r, b)
	if err == io.EOF && len(b) > 0 {
		return io.ErrUnexpectedEOF
	}
	return err
}
