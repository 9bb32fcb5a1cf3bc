package repo

import (
	"runtime"

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
// working memory per processor, and none holds state between two calls. They are
// made when the program starts (half a megabyte, 50 µs), because what is made on
// first use inside a testing/synctest bubble could not be used outside of it.
var (
	encoder = newEncoder()
	// blobDecoder never writes beyond the capacity it is given.
	blobDecoder = newDecoder(zstd.WithDecoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithDecodeAllCapLimit(true))
	fileDecoder = newDecoder(zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxUnpacked))
)

// The options are constants, so an error here is a mistake in this file.

func newEncoder() *zstd.Encoder {
	e, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(window),
		zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)),
		zstd.WithEncoderCRC(false), // SHA-256 and the authentication code say more
		zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err)
	}
	e.EncodeAll(nil, nil) // makes what it would make on first use
	return e
}

func newDecoder(options ...zstd.DOption) *zstd.Decoder {
	d, err := zstd.NewReader(nil, append(options, zstd.WithDecoderLowmem(true))...)
	if err != nil {
		panic(err)
	}
	return d
}

// compress appends the compressed data to out.
func compress(data, out []byte) []byte { return encoder.EncodeAll(data, out) }

// decompressBlob decodes into buf exactly size bytes, or fails.
func decompressBlob(data []byte, size int, buf []byte) ([]byte, error) {
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
	plain, err := blobDecoder.DecodeAll(data, buf[:0:min(cap(buf), size+slack)])
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
	declared, err := declaredSize(data, 0)
	if err != nil {
		return nil, err
	}
	if declared > maxUnpacked || declared > uint64(len(data))*maxExpansion {
		return nil, damaged("%d bytes cannot be the compressed form of %d", len(data), declared)
	}
	plain, err := fileDecoder.DecodeAll(data, nil)
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
