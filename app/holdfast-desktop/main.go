// Command holdfast-desktop is the window and the icon in the tray, with the engine
// inside. Closing the window leaves it running.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"holdfast/app/holdfast-desktop/instance"
	"holdfast/engine/agent"
	"holdfast/ui/desktop/look"
)

// version is set by the build.
var version = "development"

func main() {
	background := flag.Bool("background", false, "start in the tray, without showing the window")
	told := flag.Bool("version", false, "print the version and end")
	flag.Parse()
	switch {
	case *told:
		fmt.Println("holdfast-desktop", version)
	case flag.NArg() > 0:
		fmt.Fprintln(os.Stderr, "holdfast-desktop takes no arguments; its options are --background and --version.")
		os.Exit(2)
	default:
		if err := run(*background); err != nil {
			fmt.Fprintln(os.Stderr, look.Sentence(err))
			os.Exit(1)
		}
	}
}

func run(background bool) error {
	if err := display(); err != nil {
		return err
	}
	home, err := agent.DefaultHome()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	p := newProgram(home)
	first, err := instance.Start(home, p.raise)
	if errors.Is(err, instance.ErrSecond) {
		return nil // the window of the one that runs is in front now
	}
	if err != nil {
		return err
	}
	err = p.run(background)
	err = errors.Join(err, first.Close())
	if errors.Is(err, errAgain) {
		return again()
	}
	return err
}
