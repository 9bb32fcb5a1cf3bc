//go:build unix

package local

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"holdfast/engine/storage"
)

// fileMode is restic's: what is written once is not written again by mistake.
const fileMode = 0o400

// errorTable gives each error number its meaning. The numbers of the third row are
// those of drives that were pulled out and of network and FUSE file systems whose
// other end went away.
var errorTable = []errorRow{
	{storage.ErrFull, []syscall.Errno{unix.ENOSPC, unix.EDQUOT}},
	{storage.ErrReadOnly, []syscall.Errno{unix.EROFS}},
	{storage.ErrUnreachable, []syscall.Errno{
		unix.ENODEV, unix.ENXIO, unix.ESTALE, unix.ENOTCONN, unix.ENOENT, unix.ENOTDIR,
		unix.EHOSTDOWN, unix.EHOSTUNREACH, unix.ENETDOWN, unix.ENETUNREACH, unix.ETIMEDOUT,
		unix.ECONNRESET, unix.ECONNABORTED, unix.ECONNREFUSED, unix.EPIPE, unix.ESHUTDOWN,
	}},
	{storage.ErrDenied, []syscall.Errno{unix.EACCES, unix.EPERM}},
}

func isInputOutput(err error) bool { return errors.Is(err, unix.EIO) }

// syncFolder makes names in a folder durable. File systems that cannot flush a
// folder (some shares) say so with these numbers, and order their names themselves.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	err = f.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOTTY) {
		return nil
	}
	return err
}

func freeBytes(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return -1, os.NewSyscallError("statfs", err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

// naming gives a finished file its name without replacing another. File systems
// differ in how they can: renameat2 with NOREPLACE (ext4, btrfs, XFS, FAT, SMB),
// hard links (NFS, most others), or neither (exFAT). What did not work once is not
// tried again.
type naming struct {
	way atomic.Int32 // index into ways
	mu  sync.Mutex
}

var ways = []func(*naming, string, string) error{
	(*naming).renameExclusive, (*naming).link, (*naming).lookAndRename,
}

func (n *naming) give(temporary, target string) error {
	for {
		way := n.way.Load()
		err := ways[way](n, temporary, target)
		if !lacking(err) || int(way) == len(ways)-1 {
			return err
		}
		n.way.CompareAndSwap(way, way+1)
	}
}

// lacking tells that the file system does not know the call, not that it refused it.
func lacking(err error) bool {
	for _, number := range []syscall.Errno{unix.EINVAL, unix.ENOSYS, unix.ENOTSUP, unix.EOPNOTSUPP, unix.EPERM, unix.EMLINK} {
		if errors.Is(err, number) {
			return true
		}
	}
	return false
}

func (n *naming) renameExclusive(temporary, target string) error {
	if err := renameExclusive(temporary, target); err != nil {
		return &os.LinkError{Op: "rename", Old: temporary, New: target, Err: err}
	}
	return nil
}

func (n *naming) link(temporary, target string) error {
	if err := os.Link(temporary, target); err != nil {
		return err
	}
	return os.Remove(temporary)
}

// lookAndRename leaves a gap between looking and renaming, closed by the lock
// against this process only. Another one that gives the same name in that instant
// gives it to the same bytes, as names are their hashes; the config alone is not.
func (n *naming) lookAndRename(temporary, target string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, err := os.Lstat(target); err == nil {
		return &os.LinkError{Op: "rename", Old: temporary, New: target, Err: unix.EEXIST}
	}
	return os.Rename(temporary, target)
}
