package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine/agent"
	"holdfast/ui/desktop/look"
	"holdfast/ui/desktop/uimap"
)

// errAgain says that the program can start now: what it waited for is done.
var errAgain = errors.New("the state folder is free")

// moment is how long the program waits for a command before it says so in a window.
const moment = 2 * time.Second

// waitInWindow says that a command is at work, until it is done. The program then starts
// anew, because Fyne runs once in a process, and shows its tray only when it is there
// before.
func (p *program) waitInWindow() error {
	w := p.app.NewWindow("Holdfast")
	w.Resize(fyne.NewSize(640, 420))
	w.SetContent(look.Empty("clock", "Holdfast waits for a command", waitingFor(agent.HolderOf(p.home)), look.Secondary("Close", "", w.Close)))
	detach := uimap.Attach(w, os.Getenv(uimap.Variable))
	p.raisable(func() { w.Show(); w.RequestFocus() })
	free := false
	p.hands.Go(func() {
		if free = p.untilFree(); free {
			fyne.Do(w.Close)
		}
	})
	w.ShowAndRun()
	detach()
	p.cancel()
	p.hands.Wait()
	if free {
		return errAgain
	}
	return nil
}

func waitingFor(h agent.Holder) string {
	return fmt.Sprintf("%s works on your backup. Nothing is wrong: Holdfast starts by itself as soon as that is done.", h)
}

// untilFree waits until nobody works on the state folder, or somebody does who answers.
// False: the program ends.
func (p *program) untilFree() bool {
	tick := time.NewTicker(moment / 4)
	defer tick.Stop()
	for {
		select {
		case <-p.ctx.Done():
			return false
		case <-tick.C:
		}
		if agent.Free(p.home) || p.attach() {
			return true
		}
	}
}

// again starts the program in the place of this process, or where a system cannot do
// that, beside it.
func again() error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	if err := syscall.Exec(exe, []string{exe}, os.Environ()); err == nil {
		return nil
	}
	return exec.Command(exe).Start()
}
