package restore

import (
	"errors"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"

	"holdfast/engine/repo"
)

// setTimes is futimens(2), which the unix package has by path only.
func setTimes(f *os.File, node *repo.Node) error {
	times := [2]unix.Timespec{timespec(node.AccessTime.UnixNano()), timespec(node.ModTime.UnixNano())}
	_, _, errno := unix.Syscall6(unix.SYS_UTIMENSAT, f.Fd(), 0, uintptr(unsafe.Pointer(&times)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

func setAttributes(f *os.File, attributes []repo.ExtendedAttribute) error {
	var errs []error
	for _, a := range attributes {
		if err := unix.Fsetxattr(int(f.Fd()), a.Name, a.Value, 0); err != nil {
			errs = append(errs, &os.PathError{Op: "set attribute " + a.Name, Path: f.Name(), Err: err})
		}
	}
	return errors.Join(errs...)
}

func mknodAt(dir *os.File, name string, mode uint32, device uint64) error {
	return unix.Mknodat(int(dir.Fd()), name, mode, int(device))
}

// syncTree makes everything below a folder durable with one call, syncfs(2): a
// sync for each file would cost a factor of eight.
func syncTree(path string) error {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Syncfs(int(f.Fd()))
}
