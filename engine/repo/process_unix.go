//go:build unix

package repo

import (
	"errors"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// processAlive says whether there is such a process. When in doubt there is.
func processAlive(pid int) bool {
	return !errors.Is(unix.Kill(pid, 0), unix.ESRCH)
}

// The goroutine that delivers signals starts with the first call. Were that inside
// a testing/synctest bubble, the bubble could never end.
func init() { surviveHangup()() }

// surviveHangup keeps SIGHUP from ending the process until the function it returns
// is called.
func surviveHangup() (undo func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, unix.SIGHUP)
	return func() { signal.Stop(hangups) }
}
