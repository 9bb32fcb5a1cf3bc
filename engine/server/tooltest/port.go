package tooltest

import "testing"

// Port is one of the loopback address that is kept for a program that is told to listen
// on it. Programs that choose a port themselves do not get it, neither before the
// program listens nor while it is started again, and nobody answers there meanwhile.
type Port struct {
	Address string // 127.0.0.1:port
	keep    func() error
}

// KeepPort finds a free one.
func KeepPort() (*Port, error) { return keepPort() }

// Close lets go of it.
func (p *Port) Close() error { return p.keep() }

// Address is that of a port which is kept until the test ends.
func Address(t testing.TB) string {
	t.Helper()
	p, err := KeepPort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p.Address
}
