package rest

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

func TestAConnectionOnWhichNothingMovesEnds(t *testing.T) {
	for name, use := range map[string]func(net.Conn) error{
		"reading": func(c net.Conn) error { _, err := c.Read(make([]byte, 1)); return err },
		"writing": func(c net.Conn) error { _, err := c.Write([]byte("x")); return err },
	} {
		near, far := net.Pipe() // whose other end does nothing
		defer far.Close()
		c := &watched{Conn: near, stall: 50 * time.Millisecond, began: time.Now()}
		if err := use(c); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		c.Close()
	}
}

func TestWritingKeepsAConnectionThatReadsNothing(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	c := &watched{Conn: near, stall: 1500 * time.Millisecond, began: time.Now()}
	defer c.Close()
	read := make(chan error, 1)
	go func() { _, err := c.Read(make([]byte, 1)); read <- err }()
	go func() {
		b := make([]byte, 1)
		for {
			if _, err := far.Read(b); err != nil {
				return
			}
		}
	}()
	for until := time.Now().Add(2500 * time.Millisecond); time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-read:
		t.Errorf("the reader was given up: %v", err)
	default:
	}
}
