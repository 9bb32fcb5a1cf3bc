//go:build windows || (darwin && cgo)

package source

import (
	"context"
	"os"
	"path/filepath"

	"github.com/rjeczalik/notify"
)

// tree listens to whole trees, which these systems do by themselves: one watch for
// each root, whatever is below it.
type tree struct {
	c       *collector
	skip    func(string) bool
	reports chan report
	retry   chan []string
}

func newEars(c *collector, skip func(string) bool) ears {
	return &tree{c: c, skip: skip, reports: make(chan report), retry: make(chan []string, 1)}
}

// burstLimit is a guess: these systems tell neither the length of their queues nor an
// overflow.
func burstLimit() int { return queueLength / 2 }

func drivesNow() string {
	list, err := mounts()
	if err != nil {
		return ""
	}
	text := ""
	for _, m := range list {
		text += m.Path + "\x00" + m.Device + m.FSType + "\n"
	}
	return text
}

func (t *tree) report() <-chan report { return t.reports }

func (t *tree) listen(ctx context.Context, c *collector) {
	defer notify.Stop(c.events)
	if a := c.canary.real; a != "" {
		err := notify.Watch(a, c.events, notify.All)
		t.tell(ctx, report{canary: err == nil})
	}
	for _, r := range c.roots {
		t.root(ctx, r.given)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case paths := <-t.retry:
			for _, path := range paths {
				t.root(ctx, path)
			}
		}
	}
}

func (t *tree) root(ctx context.Context, path string) {
	r := report{hint: Hint{Path: path, Recursive: true}, sighty: path}
	if err := notify.Watch(filepath.Join(path, "..."), t.c.events, notify.All); err != nil {
		r.blind, r.sighty = path, ""
	}
	t.tell(ctx, r)
}

func (t *tree) tell(ctx context.Context, r report) {
	select {
	case t.reports <- r:
	case <-ctx.Done():
	}
}

// changed marks a folder that appears with everything in it: it may have been moved
// here, and then nothing tells of its contents.
func (t *tree) changed(e notify.EventInfo, path string) {
	if e.Event()&(notify.Create|notify.Rename) == 0 {
		return
	}
	if fi, err := os.Lstat(path); err == nil && fi.IsDir() && !t.skip(path) {
		t.c.mark(path, true)
	}
}

func (t *tree) again(paths []string) {
	if len(paths) == 0 {
		return
	}
	select {
	case t.retry <- paths:
	default:
	}
}
