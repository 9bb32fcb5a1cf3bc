package restore

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// renameFree renames without replacing anything: fs.ErrExist when the name is taken.
// Where renameat2(2) cannot do it, a link can, which no file system lets replace a
// file; folders, and file systems without links, are looked at first.
func (j *job) renameFree(in *place, from, to string) error {
	dir := int(in.dir.Fd())
	err := unix.EINTR
	for err == unix.EINTR {
		err, _ = unix.Renameat2(dir, from, dir, to, unix.RENAME_NOREPLACE).(unix.Errno)
	}
	switch err {
	case 0:
		return nil
	case unix.EINVAL, unix.ENOSYS, unix.ENOTSUP:
		return j.renameByLink(in, from, to)
	}
	return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
}

func (j *job) renameByLink(in *place, from, to string) error {
	err := in.root.Link(from, to)
	if err == nil {
		return in.root.Remove(from)
	}
	if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return j.renameLooking(in, from, to)
}
