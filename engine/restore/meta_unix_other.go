//go:build unix && !linux

package restore

import (
	"os"

	"golang.org/x/sys/unix"

	"holdfast/engine/repo"
)

// setTimes sets times to the microsecond, which is what futimes(2) can.
func setTimes(f *os.File, node *repo.Node) error {
	return unix.Futimes(int(f.Fd()), []unix.Timeval{
		unix.NsecToTimeval(node.AccessTime.UnixNano()), unix.NsecToTimeval(node.ModTime.UnixNano()),
	})
}

func setAttributes(f *os.File, attributes []repo.ExtendedAttribute) error {
	for _, a := range attributes {
		if err := unix.Fsetxattr(int(f.Fd()), a.Name, a.Value, 0); err != nil {
			return err
		}
	}
	return nil
}

func mknodAt(dir *os.File, name string, mode uint32, device uint64) error {
	return unix.ENOTSUP
}

// syncTree flushes all file systems: there is no call for one.
func syncTree(string) error { return unix.Sync() }
