package source

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rjeczalik/notify"
)

// deaf are ears to which a test tells what they hear.
type deaf chan report

func (d deaf) listen(context.Context, *collector) {}
func (d deaf) changed(notify.EventInfo, string)   {}
func (d deaf) again([]string)                     {}
func (d deaf) report() <-chan report              { return d }

// song is the event of a canary that sang.
type song struct{ path string }

func (s song) Event() notify.Event { return notify.InCloseWrite }
func (s song) Path() string        { return s.path }
func (s song) Sys() any            { return nil }

func TestTheRootsAreHintedAtFromWhenTheCanaryIsMissedUntilItIsHeardAgain(t *testing.T) {
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		c := newCollector([]string{"/root"}, WatchOptions{Canary: folder}.withDefaults())
		ears := make(deaf)
		c.ears = ears
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go c.run(ctx)
		// within counts the hints of a time in which the canary is heard or not.
		within := func(d time.Duration, heard bool) (hints int) {
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Second) {
				synctest.Wait()
				if heard {
					c.events <- song{filepath.Join(c.canary.real, "canary")}
				}
				select {
				case h := <-c.out:
					if hints++; h != (Hint{Path: "/root", Recursive: true}) {
						t.Errorf("a hint at %+v", h)
					}
				default:
				}
			}
			return hints
		}
		ears <- report{canary: true}
		if n := within(6*time.Hour, true); n != 0 {
			t.Errorf("%d hints while the canary was heard", n)
		}
		if n := within(3*time.Minute, false); n != 1 {
			t.Errorf("%d hints in the minutes in which the canary fell silent", n)
		}
		if n := within(6*time.Hour, false); n < 23 || n > 25 {
			t.Errorf("%d hints in six hours of silence, not one each quarter of an hour", n)
		}
		within(2*time.Minute, true)
		if n := within(6*time.Hour, true); n != 0 {
			t.Errorf("%d hints after the canary was heard again", n)
		}
	})
}

func TestTheCanaryIsHeardThroughTheSystem(t *testing.T) {
	c := newCollector([]string{t.TempDir()}, WatchOptions{Canary: filepath.Join(t.TempDir(), "canary")}.withDefaults())
	c.ears = newEars(c, func(string) bool { return false })
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		c.ears.listen(ctx, c)
	}()
	defer func() { cancel(); <-stopped }()
	limit := time.After(2 * time.Minute)
	for !c.canary.heard {
		select {
		case e := <-c.events:
			c.heard(e)
		case r := <-c.ears.report():
			c.learn(r)
		case <-limit:
			t.Fatal("it sang, and nobody heard it")
		}
	}
}
