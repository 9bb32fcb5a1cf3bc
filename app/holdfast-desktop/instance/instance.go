// Package instance keeps a program to one window for each state folder.
//
// Its one idea: a lock says who is first, since the system gives it back when a
// process dies; a socket beside it only carries the wish of the second start, that
// the first one show its window. Neither leaves anything behind that could keep
// the program from starting.
package instance

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// ErrSecond says that another one runs and was asked to show its window.
var ErrSecond = errors.New("the program runs already")

// ErrSilent says that another one runs and did not answer.
var ErrSilent = errors.New("the program runs already and does not answer")

// wish is what a second start sends: one line, so that a later version can send
// others, and what it is answered.
const (
	wish   = "show\n"
	answer = "shown\n"
)

// Instance is the first and only one. Close gives its place back.
type Instance struct {
	lock     *flock.Flock
	listener net.Listener
	hands    sync.WaitGroup
}

// Start takes the place of the one instance of a folder, which must exist. Show is
// called, on a goroutine of its own, for each further start. When there is another
// one already, it is asked to show its window, and the error is ErrSecond.
func Start(folder string, show func()) (*Instance, error) {
	lock := flock.New(filepath.Join(folder, "window.lock"))
	first, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", folder, err)
	}
	address := socket(folder)
	if !first {
		return nil, raise(address)
	}
	os.Remove(address) // of one that died
	listener, err := net.Listen("unix", address)
	if err != nil {
		lock.Unlock()
		return nil, fmt.Errorf("listen for further starts: %w", err)
	}
	i := &Instance{lock: lock, listener: listener}
	i.hands.Go(func() { i.serve(show) })
	return i, nil
}

// Close ends it.
func (i *Instance) Close() error {
	err := i.listener.Close()
	i.hands.Wait()
	return errors.Join(err, i.lock.Unlock())
}

func (i *Instance) serve(show func()) {
	for {
		conn, err := i.listener.Accept()
		if err != nil {
			return
		}
		conn.SetDeadline(time.Now().Add(2 * time.Second))
		line := make([]byte, len(wish))
		if _, err := io.ReadFull(conn, line); err == nil && string(line) == wish {
			show()
			io.WriteString(conn, answer)
		}
		conn.Close()
	}
}

// raise asks the first one to show itself. It may just be starting, so that the
// lock is taken and the socket not there yet.
func raise(address string) error {
	var err error
	for range 30 {
		if err = ask(address); err == nil {
			return ErrSecond
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("%w: %w", ErrSilent, err)
}

func ask(address string) error {
	conn, err := net.DialTimeout("unix", address, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := io.WriteString(conn, wish); err != nil {
		return err
	}
	line := make([]byte, len(answer))
	_, err = io.ReadFull(conn, line)
	return err
}

// socket is where the first one listens. A path of a socket is short by nature
// (104 bytes on macOS), which a state folder need not be; the folder for such
// things of this session is, where there is one.
func socket(folder string) string {
	if path := filepath.Join(folder, "window.sock"); len(path) < 100 {
		return path
	}
	sum := sha256.Sum256([]byte(folder))
	name := "holdfast-" + hex.EncodeToString(sum[:6]) + ".sock"
	if run := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(run) {
		return filepath.Join(run, name)
	}
	return filepath.Join(os.TempDir(), name)
}
