package source

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"holdfast/engine/repo"
)

func (d *dir) Node(e Entry) (repo.Node, []error) {
	n := newNode(e)
	n.User, n.Group = users.name(e.UID), groups.name(e.GID)
	var errs []error
	if e.Kind == KindSymlink {
		target, err := d.readLink(e.Name)
		if err != nil {
			errs = append(errs, err)
		}
		n.LinkTarget = target
	}
	n.ExtendedAttributes, errs = d.attributes(e, errs)
	return n, errs
}

func (d *dir) readLink(name string) (string, error) {
	for size := 256; ; size *= 2 {
		buf := make([]byte, size)
		n, err := unix.Readlinkat(d.fd, name, buf)
		if err == unix.EINTR {
			size /= 2
			continue
		}
		if err != nil {
			return "", &os.PathError{Op: "read link", Path: d.join(name), Err: err}
		}
		if n < size {
			return string(buf[:n]), nil
		}
	}
}

// attributes reads the extended attributes, access control lists among them.
//
// There is no call that reads them below a descriptor, so the entry is named through
// /proc/self/fd: that neither opens it (a FIFO has attributes too), nor follows it,
// nor grows with the depth of the folder.
func (d *dir) attributes(e Entry, errs []error) ([]repo.ExtendedAttribute, []error) {
	path := "/proc/self/fd/" + strconv.Itoa(d.fd) + "/" + e.Name
	list, err := listAttributes(path)
	if err == unix.ENOENT && !haveProc() {
		path = d.join(e.Name)
		list, err = listAttributes(path)
	}
	if err != nil {
		if !noAttributes(err) {
			errs = append(errs, &os.PathError{Op: "list attributes", Path: d.join(e.Name), Err: err})
		}
		return nil, errs
	}
	var found []repo.ExtendedAttribute
	for len(list) > 0 {
		end := 0
		for end < len(list) && list[end] != 0 {
			end++
		}
		name := string(list[:end])
		list = list[min(end+1, len(list)):]
		if name == "" {
			continue
		}
		value, err := getAttribute(path, name)
		if err != nil {
			// One that vanished between both calls is none.
			if !noAttributes(err) {
				errs = append(errs, &os.PathError{Op: "read attribute " + name, Path: d.join(e.Name), Err: err})
			}
			continue
		}
		found = append(found, repo.ExtendedAttribute{Name: name, Value: value})
	}
	return found, errs
}

// listAttributes asks with a small buffer on the stack first: nearly every file has
// none, or one.
func listAttributes(path string) ([]byte, error) {
	var small [256]byte
	buf := small[:]
	for range attempts {
		n, err := unix.Llistxattr(path, buf)
		switch {
		case err == unix.EINTR:
		case err == unix.ERANGE:
			n, err = unix.Llistxattr(path, nil)
			if err != nil {
				return nil, err
			}
			buf = make([]byte, n+256)
		case err != nil:
			return nil, err
		case n == 0:
			return nil, nil
		default:
			return append([]byte(nil), buf[:n]...), nil
		}
	}
	return nil, unix.ERANGE
}

func getAttribute(path, name string) ([]byte, error) {
	buf := make([]byte, 256)
	for range attempts {
		n, err := unix.Lgetxattr(path, name, buf)
		switch {
		case err == unix.EINTR:
		case err == unix.ERANGE:
			n, err = unix.Lgetxattr(path, name, nil)
			if err != nil {
				return nil, err
			}
			buf = make([]byte, n+256)
		case err != nil:
			return nil, err
		default:
			return buf[:n:n], nil
		}
	}
	return nil, unix.ERANGE
}

// attempts bounds how often a list that grows while it is read is asked for again.
const attempts = 8

// noAttributes says whether an error means that there are none.
func noAttributes(err error) bool {
	return errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EOPNOTSUPP)
}

func haveProc() bool {
	_, err := os.Stat("/proc/self/fd")
	return err == nil
}
