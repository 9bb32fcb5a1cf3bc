//go:build !unix

package tooltest

import "net"

// keepPort only finds one that is free now.
func keepPort() (*Port, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &Port{l.Addr().String(), func() error { return nil }}, l.Close()
}
