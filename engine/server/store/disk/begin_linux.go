package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// beginWriting asks the kernel to send a part of a file to the disk without waiting
// for it. It promises nothing (sync_file_range(2)); the flush at the end does.
func beginWriting(f *os.File, offset, length int64) {
	_ = unix.SyncFileRange(int(f.Fd()), offset, length, unix.SYNC_FILE_RANGE_WRITE) // a flush does without
}
