package repo

import (
	"context"
	"os"
	"time"
)

func systemClock() clock {
	return clock{
		now:       time.Now,
		sleep:     sleep,
		hostname:  os.Hostname,
		alive:     processAlive,
		lockWait:  200 * time.Millisecond,
		lockTick:  30 * time.Second,
		lockRenew: 5 * time.Minute,
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
