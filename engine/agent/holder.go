package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gofrs/flock"
)

// holderName is the file in the state folder that says who works on it. It is a note
// for people: the lock alone decides, and the note of one that was killed stays.
const (
	holderName = "holder.json"
	lockName   = "lock"
)

// Holder is a process that works on a state folder.
type Holder struct {
	PID   int       `json:"pid"`
	Name  string    `json:"name"` // as in "holdfast backup"
	Since time.Time `json:"since"`
}

// HolderOf is who noted last that it works on a state folder.
func HolderOf(dir string) Holder {
	var h Holder
	if found, err := (home{dir}).peek(holderName, &h); err != nil || !found {
		return Holder{}
	}
	return h
}

// String is how a sentence about it begins.
func (h Holder) String() string {
	if h.Name == "" {
		return "Another Holdfast"
	}
	return fmt.Sprintf("%s (process %d, since %s)", h.Name, h.PID, h.Since.Local().Format("2 January 15:04"))
}

// noteHolder writes down that this process works on the folder.
func (a *Agent) noteHolder() {
	name := a.Name
	if name == "" {
		name = "Another Holdfast"
	}
	if err := a.home.write(holderName, Holder{PID: os.Getpid(), Name: name, Since: a.Now()}); err != nil {
		a.Log.Warn("it could not be noted who works on the state folder", "error", err)
	}
}

// Free says whether no process works on a state folder now.
func Free(dir string) bool {
	lock := flock.New((home{dir}).path(lockName))
	ok, err := lock.TryLock()
	return err == nil && ok && lock.Unlock() == nil
}

// lookAgain is how often one that waits looks whether the state folder is free.
const lookAgain = 200 * time.Millisecond

// Wait is how OpenWhenFree waits.
type Wait struct {
	// Answers says whether who works on the folder can be reached: it is an engine in
	// the background then, and not waited for.
	Answers func() bool
	Begun   func(Holder)    // told once, when the folder is not free soon; nil: nobody is
	AtMost  time.Duration   // 0: as long as the context
	Enough  <-chan struct{} // ends the waiting when it is closed, and never an engine that is opening; nil: never
}

// OpenWhenFree is Open that waits while another process, such as a command, works on the
// state folder. The error is ErrRunning when that one answers, or was waited for long
// enough.
func OpenWhenFree(ctx context.Context, o Options, w Wait) (*Agent, error) {
	began := time.Now()
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for round := 0; ; round++ {
		a, err := Open(ctx, o)
		if !errors.Is(err, ErrRunning) || w.Answers() || w.AtMost > 0 && time.Since(began) > w.AtMost {
			return a, err
		}
		if round == 1 && w.Begun != nil {
			w.Begun(HolderOf(o.Home))
		}
		select {
		case <-tick.C:
		case <-w.Enough:
			return nil, err
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		}
	}
}
