package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// compare holds a restored file against the one on this computer, byte for byte, if
// that still has the size and time that were stored. Otherwise it has changed since,
// and the hashes that the restore compared have to do.
func compare(ctx context.Context, restored string, back os.FileInfo, present string) (same bool, err error) {
	if !unchanged(present, back) {
		return true, nil
	}
	if err := os.Chmod(restored, 0o600); err != nil {
		return false, fmt.Errorf("look at what was restored: %w", err)
	}
	a, err := os.Open(restored)
	if err != nil {
		return false, fmt.Errorf("look at what was restored: %w", err)
	}
	defer a.Close()
	b, err := os.Open(present)
	if err != nil {
		return true, nil // it went away, or may not be read now
	}
	defer b.Close()
	same, err = equal(ctx, a, b)
	if err != nil {
		return false, err
	}
	// What changed while it was compared proves nothing.
	return same || !unchanged(present, back), nil
}

// unchanged says whether a regular file has the size and time of the restored one.
func unchanged(present string, back os.FileInfo) bool {
	info, err := os.Lstat(present)
	return err == nil && info.Mode().IsRegular() && info.Size() == back.Size() && info.ModTime().Equal(back.ModTime())
}

// equal compares what two files hold. The error is about reading the first; one that
// the second has makes it different.
func equal(ctx context.Context, a, b io.Reader) (bool, error) {
	var left, right [64 << 10]byte
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		n, err := io.ReadFull(a, left[:])
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !ended {
			return false, fmt.Errorf("look at what was restored: %w", err)
		}
		m, _ := io.ReadFull(b, right[:])
		if !bytes.Equal(left[:n], right[:m]) {
			return false, nil
		}
		if ended {
			return true, nil
		}
	}
}
