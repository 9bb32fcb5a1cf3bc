package schedule

import (
	"context"
	"time"
)

// glance is how often Wait looks at the clock and at what the decision depends on.
const glance = time.Minute

// Wait returns nil as soon as decide, asked with the time of now, names a moment
// that is not after it. It asks at least once a minute, so that neither sleep nor a
// clock that was set delays it longer, and at once when wake says that something
// changed. It returns the context's error when that ends first.
func Wait(ctx context.Context, wake <-chan struct{}, decide func(now time.Time) time.Time) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		now := time.Now().Round(0)
		at := decide(now)
		wait := glance
		if !at.IsZero() {
			if !at.After(now) {
				return nil
			}
			wait = min(wait, at.Sub(now))
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-wake:
		case <-ctx.Done():
		}
	}
}

// Reading is the time by both clocks.
type Reading struct {
	Wall time.Time     // without a monotonic part
	Up   time.Duration // by a clock that nobody can set; it may stand still during sleep
}

var began = time.Now()

// Now reads both clocks.
func Now() Reading {
	now := time.Now()
	return Reading{Wall: now.Round(0), Up: now.Sub(began)}
}

// Pulse finds out when the wall clock has jumped or the computer has slept: both
// show as wall time that the other clock does not have. Events of the file system
// from such a gap may be missing. The zero Pulse has not looked yet.
type Pulse struct {
	last Reading
}

// tolerance is what slow corrections of the clock and a loaded computer make up.
const tolerance = 10 * time.Second

// Beat takes a reading and says by how much the wall clock left the other behind
// since the one before: forward after sleep or a clock set ahead, negative after one
// set back, 0 for an ordinary minute.
func (p *Pulse) Beat(r Reading) time.Duration {
	last := p.last
	p.last = r
	if last.Wall.IsZero() {
		return 0
	}
	jump := r.Wall.Sub(last.Wall) - (r.Up - last.Up)
	if jump.Abs() <= tolerance {
		return 0
	}
	return jump
}
