package control

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// same asks the kernel whether the other end belongs to this user.
func same(c net.Conn) bool {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return false
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return false
	}
	mine := false
	err = raw.Control(func(fd uintptr) {
		peer, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
		mine = err == nil && int(peer.Uid) == os.Getuid()
	})
	return err == nil && mine
}

// longest is the longest address of a socket, less the zero at its end.
const longest = 107

var errNoFolder = errors.New("the folder of the socket is not there")

// shorten makes an address that the kernel takes of a path that may be longer, by
// way of a handle on its folder. release lets go of the handle.
func shorten(path string) (address string, release func(), err error) {
	if len(path) <= longest {
		return path, func() {}, nil
	}
	fd, err := unix.Open(filepath.Dir(path), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", nil, fmt.Errorf("%w: %w", errNoFolder, err)
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", fd, filepath.Base(path)), func() { unix.Close(fd) }, nil
}
