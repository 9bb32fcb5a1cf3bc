//go:build linux

package tooltest_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"holdfast/engine/server/tooltest"
)

func TestAPortIsKeptForThoseWhoAreToldOfIt(t *testing.T) {
	address := tooltest.Address(t)
	if c, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("somebody listens: %v, %v", c, err)
	}
	for range 2 { // a server that is started again
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		l.Close()
	}
}

// Hundreds of each: were they not kept, some of them would meet.
func TestNobodyIsGivenAPortThatIsKept(t *testing.T) {
	kept := map[string]bool{}
	for range 200 {
		kept[tooltest.Address(t)] = true
	}
	if len(kept) != 200 {
		t.Fatalf("%d ports are kept 200 times", len(kept))
	}
	for range 300 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if kept[l.Addr().String()] {
			t.Fatalf("%s is kept, and was given away", l.Addr())
		}
	}
}
