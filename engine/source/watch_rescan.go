//go:build !linux && !windows && !(darwin && cgo)

package source

import (
	"context"
	"time"
)

// watch without events hints at every root again and again. This is what is left on
// systems where watching a tree would take an open file for each file in it.
func watch(ctx context.Context, roots []string, _ func(string) bool, o WatchOptions) (<-chan Hint, error) {
	hints := make(chan Hint)
	go func() {
		defer close(hints)
		tick := time.NewTicker(o.Rescan)
		defer tick.Stop()
		for {
			for _, root := range roots {
				select {
				case hints <- Hint{Path: root, Recursive: true}:
				case <-ctx.Done():
					return
				}
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return hints, nil
}
