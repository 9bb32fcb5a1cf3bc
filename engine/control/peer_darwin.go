package control

import (
	"net"
	"os"

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
		peer, err := unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
		mine = err == nil && int(peer.Uid) == os.Getuid()
	})
	return err == nil && mine
}
