package repo

import (
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

const (
	// window is large enough for what small files and 1 MiB blobs repeat, and
	// small enough that an encoder for each processor stays cheap.
	window = 512 << 10
	// slack lets the decoder copy in whole words past the end of the output.
	slack = 64
	// maxExpansion is the most that a byte of a Zstandard frame can stand for: a
	// block of four bytes repeats one byte 128 KiB times.
	maxExpansion = 32 << 10
	// maxUnpacked is the largest index file, snapshot or lock that is decoded.
	// Writers keep index files below 8 MiB of sealed bytes.
	maxUnpacked = 256 << 20
)

// Encoders and decoders are shared by all repositories of the process: each holds
// working memory per processor, and none holds state between two calls.
var (
	encoder = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil,
			zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithWindowSize(window),
			zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)),
			zstd.WithEncoderCRC(false), // SHA-256 and the authentication code say more
			zstd.WithLowerEncoderMem(true))
	})
	// blobDecoder never writes beyond the capacity it is given.
	blobDecoder = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil,
			zstd.WithDecoderConcurrency(runtime.GOMAXPROCS(0)),
			zstd.WithDecodeAllCapLimit(true),
			zstd.WithDecoderLowmem(true))
	})
	fileDecoder = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil,
			zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxMemory(maxUnpacked),
			zstd.WithDecoderLowmem(true))
	})
)

// compress appends the compressed data to out.
func compress(data, out []byte) ([]byte, error) {
	e, err := encoder()
	if err != nil {
		return nil, err
	}
	return e.EncodeAll(data, out), nil
}

// decompressBlob decodes into buf exactly size bytes, or fails.
func decompressBlob(data []byte, size int, buf []byte) ([]byte, error) {
	d, err := blobDecoder()
	if err != nil {
		return nil, err
	}
	declared, err := declaredSize(data, uint64(size))
	if err != nil {
		return nil, err
	}
	if declared != uint64(size) || size > len(data)*maxExpansion {
		return nil, damaged("%d bytes cannot be the compressed form of %d", len(data), size)
	}
	if cap(buf) < size {
		buf = make([]byte, 0, size+slack)
	}
	plain, err := d.DecodeAll(data, buf[:0:min(cap(buf), size+slack)])
	if err != nil {
		return nil, damaged("%v", err)
	}
	if len(plain) != size {
		return nil, damaged("%d bytes in place of %d after decompression", len(plain), size)
	}
	return plain, nil
}

// decompressFile decodes a file other than a pack.
func decompressFile(data []byte) ([]byte, error) {
	d, err := fileDecoder()
	if err != nil {
		return nil, err
	}
	declared, err := declaredSize(data, 0)
	if err != nil {
		return nil, err
	}
	if declared > maxUnpacked || declared > uint64(len(data))*maxExpansion {
		return nil, damaged("%d bytes cannot be the compressed form of %d", len(data), declared)
	}
	plain, err := d.DecodeAll(data, nil)
	if err != nil {
		return nil, damaged("%v", err)
	}
	return plain, nil
}

// declaredSize is the size of the contents that the beginning of a frame declares,
// or unknown when it does not. The decoder makes room for so much at once.
func declaredSize(data []byte, unknown uint64) (uint64, error) {
	var header zstd.Header
	if err := header.Decode(data); err != nil {
		return 0, damaged("%v", err)
	}
	if !header.HasFCS {
		return unknown, nil
	}
	return header.FrameContentSize, nil
}
