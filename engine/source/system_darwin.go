package source

import (
	"errors"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"holdfast/engine/repo"
)

const openFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK | syscall.O_CLOEXEC

// dataless is SF_DATALESS of sys/stat.h: the content is elsewhere and reading fetches it.
const dataless = 0x40000000

func (e *Entry) fromSystem(fi os.FileInfo) {
	s, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return
	}
	e.Allocated = s.Blocks * 512
	e.ChangeTime = s.Ctimespec.Nano()
	e.Inode, e.Device = s.Ino, uint64(uint32(s.Dev))
	e.Links, e.RDev = uint64(s.Nlink), uint64(uint32(s.Rdev))
	e.UID, e.GID = s.Uid, s.Gid
	e.Placeholder = s.Flags&dataless != 0
}

func (d *dir) nodeSystem(e Entry, n *repo.Node, errs []error) []error {
	n.User, n.Group = users.name(e.UID), groups.name(e.GID)
	path := d.join(e.Name)
	size, err := unix.Llistxattr(path, nil)
	if size <= 0 || err != nil {
		return withError(errs, "list attributes", path, err)
	}
	list := make([]byte, size+256)
	size, err = unix.Llistxattr(path, list)
	if err != nil {
		return withError(errs, "list attributes", path, err)
	}
	for name := range strings.SplitSeq(string(list[:size]), "\x00") {
		if name == "" {
			continue
		}
		size, err := unix.Lgetxattr(path, name, nil)
		if err != nil {
			errs = withError(errs, "read attribute "+name, path, err)
			continue
		}
		value := make([]byte, size+256)
		size, err = unix.Lgetxattr(path, name, value)
		if err != nil {
			errs = withError(errs, "read attribute "+name, path, err)
			continue
		}
		n.ExtendedAttributes = append(n.ExtendedAttributes, repo.ExtendedAttribute{Name: name, Value: value[:size:size]})
	}
	return errs
}

// withError adds an error unless it means that there is nothing.
func withError(errs []error, op, path string, err error) []error {
	if err == nil || errors.Is(err, unix.ENOATTR) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EPERM) {
		return errs
	}
	return append(errs, &os.PathError{Op: op, Path: path, Err: err})
}
