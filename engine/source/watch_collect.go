//go:build linux || windows || (darwin && cgo)

package source

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rjeczalik/notify"
)

// collector turns events into hints. It is one goroutine, which takes events off the
// channel faster than anything else could hold it up, merges them by folder, and
// judges whether events may have been lost. Package notify does not say so: it drops
// what finds the channel full, and nobody hears of an overflow of the system's queue.
type collector struct {
	o      WatchOptions
	roots  []watchRoot
	out    chan Hint
	events chan notify.EventInfo
	ears   ears

	dirty map[string]bool // folder: recursively
	queue []Hint          // being delivered

	doubt     bool      // everything is to be hinted at
	lastDoubt time.Time // when that was done
	last      time.Time // wall clock of the last tick
	burst     int       // events since the last tick
	before    int       // events in the interval before
	burstMax  int       // more than this may have overflowed the system's queue
	blind     map[string]bool
	canary    canary
	drives    string // what is mounted, as text to compare
}

// watchRoot is a folder as the caller calls it, and as events call it.
type watchRoot struct{ given, real string }

// ears is what differs between systems: how folders come to be listened to.
type ears interface {
	// listen sets up everything, goes on with what changed asks for, and takes
	// everything down when the context ends, which may take long.
	listen(ctx context.Context, c *collector)
	// changed is told of every event and must not block.
	changed(e notify.EventInfo, path string)
	// again is asked now and then to try what could not be listened to.
	again(paths []string)
	// report is where listen tells what it found out.
	report() <-chan report
}

// report of the ears to the collector.
type report struct {
	hint   Hint   // if its path is not empty
	blind  string // a folder below which nothing is heard
	sighty string // a folder of which blind was said before, and which is heard now
	canary bool   // the canary's folder is listened to
}

const (
	// queueLength is how many events may wait for the collector. At half of it, the
	// high-water mark, it is not relied upon any more.
	queueLength = 1 << 14
	// mostDirty folders are remembered one by one; beyond, everything is hinted at.
	mostDirty = 20_000
	// mostBlind folders are remembered one by one; beyond, the roots stand for them.
	mostBlind = 1000
	// calm is how many intervals lie between two hints at everything at least.
	calm = 10
	// asleep is how much longer than it should a tick may take by the wall clock
	// before it is taken for sleep or a jump of the clock.
	asleep = 30 * time.Second
)

func watch(ctx context.Context, roots []string, skip func(string) bool, o WatchOptions) (<-chan Hint, error) {
	if skip == nil {
		skip = func(string) bool { return false }
	}
	c := newCollector(roots, o)
	c.ears = newEars(c, skip)
	go c.ears.listen(ctx, c)
	go c.run(ctx)
	return c.out, nil
}

// newCollector makes a collector that has no ears yet.
func newCollector(roots []string, o WatchOptions) *collector {
	c := &collector{
		o:        o,
		out:      make(chan Hint),
		events:   make(chan notify.EventInfo, queueLength),
		dirty:    make(map[string]bool),
		blind:    make(map[string]bool),
		burstMax: burstLimit(),
		last:     time.Now().Round(0),
		drives:   drivesNow(),
	}
	for _, root := range roots {
		root = filepath.Clean(root)
		r := watchRoot{given: root, real: root}
		if real, err := filepath.EvalSymlinks(root); err == nil {
			r.real = real
		}
		c.roots = append(c.roots, r)
	}
	c.canary.prepare(o.Canary)
	return c
}

func (c *collector) run(ctx context.Context) {
	defer close(c.out)
	tick := time.NewTicker(c.o.Interval)
	defer tick.Stop()
	check := time.NewTicker(c.o.Check)
	defer check.Stop()
	rescan := time.NewTicker(c.o.Rescan)
	defer rescan.Stop()
	for {
		var out chan<- Hint
		var next Hint
		if len(c.queue) > 0 {
			out, next = c.out, c.queue[0]
		}
		select {
		case <-ctx.Done():
			return
		case e := <-c.events:
			c.heard(e)
		case r := <-c.ears.report():
			c.learn(r)
		case out <- next:
			c.queue = c.queue[1:]
		case <-tick.C:
			c.tick(time.Now().Round(0))
		case <-check.C:
			c.doubt = c.doubt || c.canary.missed()
			c.canary.sing()
			c.lookAtDrives()
		case <-rescan.C:
			c.again()
		}
	}
}

func (c *collector) heard(e notify.EventInfo) {
	c.burst++
	if len(c.events) > queueLength/2 {
		c.doubt = true
	}
	path := e.Path()
	if c.canary.heardAt(path) {
		return
	}
	for _, r := range c.roots {
		if r.real != r.given && under(path, r.real) {
			path = r.given + strings.TrimPrefix(path, r.real)
			break
		}
	}
	c.ears.changed(e, path)
	c.mark(filepath.Dir(path), false)
}

func (c *collector) mark(folder string, recursive bool) {
	if len(c.dirty) >= mostDirty {
		clear(c.dirty)
		c.doubt = true
	}
	c.dirty[folder] = c.dirty[folder] || recursive
}

func (c *collector) learn(r report) {
	if r.hint.Path != "" {
		c.mark(r.hint.Path, r.hint.Recursive)
	}
	if r.blind != "" && len(c.blind) < mostBlind {
		c.blind[r.blind] = true
	}
	delete(c.blind, r.sighty)
	if r.canary {
		c.canary.sing()
	}
}

// tick sends off what has come together, if the reader has taken the last lot.
func (c *collector) tick(now time.Time) {
	late := now.Sub(c.last) - c.o.Interval
	if late > asleep || late < -asleep || c.before+c.burst > c.burstMax {
		c.doubt = true
	}
	c.last, c.before, c.burst = now, c.burst, 0
	if c.doubt && (c.lastDoubt.IsZero() || now.Sub(c.lastDoubt) >= calm*c.o.Interval || now.Before(c.lastDoubt)) {
		c.doubt, c.lastDoubt = false, now
		c.markRoots()
	}
	if len(c.queue) > 0 || len(c.dirty) == 0 {
		return
	}
	var whole []string
	for path, recursive := range c.dirty {
		if recursive {
			whole = append(whole, path)
		}
	}
	for path, recursive := range c.dirty {
		inside := func(w string) bool { return w != path && under(path, w) }
		if !c.mine(path) || len(whole) <= calm && slices.ContainsFunc(whole, inside) {
			continue
		}
		c.queue = append(c.queue, Hint{Path: path, Recursive: recursive})
	}
	clear(c.dirty)
	slices.SortFunc(c.queue, func(a, b Hint) int { return strings.Compare(a.Path, b.Path) })
}

// mine leaves out the folder above a root, of which an event about the root speaks.
func (c *collector) mine(path string) bool {
	return slices.ContainsFunc(c.roots, func(r watchRoot) bool { return under(path, r.given) })
}

func (c *collector) markRoots() {
	for _, r := range c.roots {
		c.mark(r.given, true)
	}
}

// again hints at what nobody listens to, and tries once more to listen to it.
func (c *collector) again() {
	if c.canary.deaf || len(c.blind) >= mostBlind {
		c.doubt = true
	}
	paths := make([]string, 0, len(c.blind))
	for path := range c.blind {
		c.mark(path, true)
		paths = append(paths, path)
	}
	c.ears.again(paths)
}

// lookAtDrives hints at folders where something was mounted or is no longer: there is
// no event for that.
func (c *collector) lookAtDrives() {
	now := drivesNow()
	if now == c.drives {
		return
	}
	before, after := strings.Split(c.drives, "\n"), strings.Split(now, "\n")
	c.drives = now
	for _, line := range slices.Concat(before, after) {
		if slices.Contains(before, line) && slices.Contains(after, line) {
			continue
		}
		path, _, _ := strings.Cut(line, "\x00")
		if path != "" && c.mine(path) {
			c.mark(path, true)
			c.ears.again([]string{path})
		}
	}
}

// canary is a file in a folder of our own: as long as its events arrive, the others
// probably do too.
type canary struct {
	folder, real string
	sang         bool
	heard        bool
	deaf         bool // the last song was not heard
}

func (a *canary) prepare(folder string) {
	if folder == "" || os.MkdirAll(folder, 0o700) != nil {
		return
	}
	real, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return
	}
	a.folder, a.real = folder, real
}

func (a *canary) sing() {
	if a.real == "" {
		return
	}
	err := os.WriteFile(filepath.Join(a.real, "canary"), []byte(time.Now().UTC().Format(time.RFC3339)+"\n"), 0o600)
	// A full disk says nothing about events.
	a.sang, a.heard = err == nil, false
}

func (a *canary) heardAt(path string) bool {
	if a.real == "" || !under(path, a.real) {
		return false
	}
	a.heard, a.deaf = true, false
	return true
}

// missed says, once for each time that events stop arriving, that they did.
func (a *canary) missed() bool {
	if !a.sang || a.heard {
		return false
	}
	was := a.deaf
	a.deaf = true
	return !was
}
