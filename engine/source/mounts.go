package source

import (
	"path/filepath"
	"strings"
)

// Mount is a file system and the folder at which it is found.
type Mount struct {
	Path   string // the folder; a drive's root on Windows
	Device string // as the system names it: /dev/sda1, server:/share, C:
	FSType string
	// FSID tells whether the same file system is mounted again: two that differ have
	// different numbers. 0 when the system does not say, or asking might hang because
	// the file system lies behind a network.
	FSID      uint64
	Network   bool
	Removable bool
	ReadOnly  bool
	// Virtual says that nothing of it lies on a disk: proc, sysfs, tmpfs and their like.
	Virtual bool
}

// Mounts lists what is mounted, a folder before those inside it. Of several file
// systems at one folder it has the topmost, which is the one that is seen.
func Mounts() ([]Mount, error) { return mounts() }

// MountOf finds the file system in which a path lies, which need not exist.
func MountOf(all []Mount, path string) (Mount, bool) {
	var best Mount
	found := false
	for _, m := range all {
		if under(path, m.Path) && (!found || len(m.Path) >= len(best.Path)) {
			best, found = m, true
		}
	}
	return best, found
}

// under says whether a path is the folder or lies in it.
func under(path, folder string) bool {
	if path == folder {
		return true
	}
	if !strings.HasSuffix(folder, string(filepath.Separator)) {
		folder += string(filepath.Separator)
	}
	return strings.HasPrefix(path, folder)
}
