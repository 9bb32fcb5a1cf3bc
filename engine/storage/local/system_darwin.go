package local

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func renameExclusive(temporary, target string) error {
	return unix.RenamexNp(temporary, target, unix.RENAME_EXCL)
}

// syncFile is F_FULLFSYNC, which os.File.Sync asks for; shares know only fsync.
func syncFile(f *os.File) error {
	err := f.Sync()
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOTTY) {
		return unix.Fsync(int(f.Fd()))
	}
	return err
}

// deviceGone: a volume that went away takes its mount point with it here.
func deviceGone(root string) bool {
	_, err := os.Stat(root)
	return err != nil
}
