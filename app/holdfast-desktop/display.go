package main

import (
	"net"
	"os"
	"runtime"
	"strings"

	"holdfast/engine"
)

// display says whether there is a screen to show a window on. Without one the
// window's library would end the program with a stack trace.
func display() error {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return nil
	}
	name := os.Getenv("DISPLAY")
	if name == "" {
		return &engine.Error{Op: "open the window", Kind: engine.KindInvalid,
			Message: "Holdfast shows a window and found no screen: DISPLAY is not set. On a computer without a screen, use the command “holdfast” instead."}
	}
	number, local := strings.CutPrefix(name, ":")
	if !local {
		return nil // over a network: the library says what is wrong
	}
	number, _, _ = strings.Cut(number, ".")
	var err error
	for _, address := range []string{"@/tmp/.X11-unix/X" + number, "/tmp/.X11-unix/X" + number} {
		var conn net.Conn
		if conn, err = net.Dial("unix", address); err == nil {
			return conn.Close()
		}
	}
	return &engine.Error{Op: "open the window", Kind: engine.KindInvalid, Err: err,
		Message: "Holdfast shows a window and the screen " + name + " does not answer. On a computer without a screen, use the command “holdfast” instead."}
}
