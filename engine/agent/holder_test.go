package agent

import (
	"errors"
	"testing"

	"github.com/gofrs/flock"
)

func TestWhoWaitsLongEnoughIsToldAndCutsOffNoEngineThatOpens(t *testing.T) {
	w := newWorld(t).setUp()
	o := w.Options
	w.close()
	enough := make(chan struct{})
	close(enough)
	wait := Wait{Answers: func() bool { return false }, Enough: enough}
	other := flock.New(home{w.state}.path(lockName))
	if ok, err := other.TryLock(); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if a, err := OpenWhenFree(t.Context(), o, wait); !errors.Is(err, ErrRunning) {
		t.Errorf("while another one works there: %v, %v", a, err)
	}
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
	a, err := OpenWhenFree(t.Context(), o, wait)
	if err != nil {
		t.Fatalf("when nobody does: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
