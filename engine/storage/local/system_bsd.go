//go:build unix && !linux && !darwin

package local

import (
	"os"

	"golang.org/x/sys/unix"
)

func renameExclusive(_, _ string) error { return unix.ENOSYS }

func syncFile(f *os.File) error { return f.Sync() }

func deviceGone(root string) bool {
	_, err := os.Stat(root)
	return err != nil
}
