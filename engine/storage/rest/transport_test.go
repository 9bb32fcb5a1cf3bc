package rest

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

func TestAConnectionOnWhichNothingMovesEnds(t *testing.T) {
	for name, use := range map[string]func(net.Conn) error{
		"reading": func(c net.Conn) error { _, err := c.Read(make([]byte, 1)); return err },
		"writing": func(c net.Conn) error { _, err := c.Write([]byte("x")); return err },
	} {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe() // whose other end does nothing
			defer far.Close()
			c := &watched{Conn: near, stall: stallTimeout, began: time.Now()}
			defer c.Close()
			if err := use(c); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(c.began) != stallTimeout {
				t.Errorf("%s: %v after %v", name, err, time.Since(c.began))
			}
		})
	}
}

func TestWritingKeepsAConnectionThatReadsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		c := &watched{Conn: near, stall: stallTimeout, began: time.Now()}
		read := make(chan error, 1)
		go func() { _, err := c.Read(make([]byte, 1)); read <- err }()
		go io.Copy(io.Discard, far)
		for range 100 {
			time.Sleep(stallTimeout * 9 / 10)
			if _, err := c.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		select {
		case err := <-read:
			t.Errorf("the reader was given up: %v", err)
		default:
		}
		c.Close()
		far.Close()
	})
}
