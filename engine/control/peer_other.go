//go:build !linux && !darwin

package control

import "net"

// same: this kernel does not tell who the other end is. The socket lies in a folder
// that only the user can enter.
func same(net.Conn) bool { return true }
