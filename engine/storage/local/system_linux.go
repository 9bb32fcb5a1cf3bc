package local

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func renameExclusive(temporary, target string) error {
	return unix.Renameat2(unix.AT_FDCWD, temporary, unix.AT_FDCWD, target, unix.RENAME_NOREPLACE)
}

func syncFile(f *os.File) error { return f.Sync() }

// deviceGone tells an input/output error of a drive that was pulled out from that of
// a bad sector: the kernel goes on answering for names it remembers, but the block
// device is no longer there. File systems without one (shares, FUSE) that answer
// with this error have lost their other end.
func deviceGone(root string) bool {
	info, err := os.Stat(root)
	if err != nil {
		return true
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	if major := unix.Major(uint64(st.Dev)); major != 0 {
		_, err := os.Stat(fmt.Sprintf("/sys/dev/block/%d:%d", major, unix.Minor(uint64(st.Dev))))
		return os.IsNotExist(err)
	}
	var fs unix.Statfs_t
	if unix.Statfs(root, &fs) != nil {
		return true
	}
	switch int64(fs.Type) {
	case unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.FUSE_SUPER_MAGIC, unix.V9FS_MAGIC, unix.AFS_SUPER_MAGIC, unix.CEPH_SUPER_MAGIC:
		return true
	}
	return false
}
