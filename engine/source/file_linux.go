package source

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

const fileFlags = unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_NOCTTY

// file is an open regular file. It reads with plain system calls: the runtime's
// poller has nothing to offer for regular files and costs calls for each.
type file struct {
	fd      int
	size    int64 // when it was opened
	done    int64 // bytes read so far
	dropped int64 // of those, bytes that are no longer cached on our account
	polite  bool  // its pages are dropped from the cache behind the reading
	path    string
}

// bigFile is the size from which the system is told how a file is read, and politeAt
// the size from which reading it must not push everything else out of the cache.
const (
	bigFile  = 1 << 20
	politeAt = 32 << 20
	dropStep = 8 << 20
)

func (d *dir) Open(name string) (File, error) {
	path := d.join(name)
	if !validName(name) {
		return nil, &os.PathError{Op: "open", Path: path, Err: unix.EINVAL}
	}
	fd, err := openAt(d.fd, name, fileFlags)
	if err != nil {
		if err == unix.ELOOP || err == unix.ENXIO || err == unix.ENODEV {
			err = ErrNotRegular // a link, a socket, a FIFO or a device without anybody behind it
		}
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	f := &file{fd: fd, path: path}
	e, err := f.Stat()
	if err == nil && e.Kind != KindFile {
		err = &os.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	f.size = e.Size
	if f.size >= bigFile {
		// Advice may be refused, and nothing depends on it.
		_ = unix.Fadvise(fd, 0, 0, unix.FADV_SEQUENTIAL)
		f.polite = f.size >= politeAt && !f.cached()
	}
	return f, nil
}

// cached says whether the file seems to be in the cache already: then somebody else
// works with it, and dropping its pages would slow them down.
func (f *file) cached() bool {
	var b [1]byte
	_, err := unix.Preadv2(f.fd, [][]byte{b[:]}, f.size/2, unix.RWF_NOWAIT)
	return err == nil
}

func (f *file) Stat() (Entry, error) {
	var e Entry
	if errno := statInto(f.fd, &emptyName, unix.AT_EMPTY_PATH, &e); errno != 0 {
		return Entry{}, &os.PathError{Op: "stat", Path: f.path, Err: errno}
	}
	return e, nil
}

func (f *file) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		// The system reads no more than 2 GiB at once, and neither does this.
		n, err := unix.Read(f.fd, p[:min(len(p), 1<<30)])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return 0, &os.PathError{Op: "read", Path: f.path, Err: err}
		case n == 0:
			return 0, io.EOF
		}
		f.done += int64(n)
		if f.polite && f.done-f.dropped >= dropStep {
			f.drop()
		}
		return n, nil
	}
}

func (f *file) drop() {
	_ = unix.Fadvise(f.fd, f.dropped, f.done-f.dropped, unix.FADV_DONTNEED)
	f.dropped = f.done
}

func (f *file) Close() error {
	fd := f.fd
	f.fd = -1
	if fd < 0 {
		return nil
	}
	if f.polite && f.done > f.dropped {
		_ = unix.Fadvise(fd, f.dropped, f.done-f.dropped, unix.FADV_DONTNEED)
	}
	return unix.Close(fd)
}
