//go:build unix

package tooltest

import (
	"fmt"
	"syscall"
)

// keepPort binds a socket that never listens. With SO_REUSEADDR on both, another one
// may be bound to the same port and listen, as every server does; a port of the
// system's choice, of a listener or of a connection, is never one that is bound.
func keepPort() (*Port, error) {
	syscall.ForkLock.RLock() // no program that is started meanwhile keeps it too
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, fmt.Errorf("keep a port: %w", err)
	}
	port, err := bound(fd)
	if err != nil {
		syscall.Close(fd)
		return nil, fmt.Errorf("keep a port: %w", err)
	}
	return &Port{fmt.Sprintf("127.0.0.1:%d", port), func() error { return syscall.Close(fd) }}, nil
}

func bound(fd int) (port int, err error) {
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return 0, err
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, err
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return 0, err
	}
	return name.(*syscall.SockaddrInet4).Port, nil
}
