package source

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/rjeczalik/notify"
	"golang.org/x/sys/unix"
)

// planter keeps an inotify watch on every folder that is wanted. Package notify can
// watch a tree by itself, but then it also watches what is to be skipped, gives up at
// the first folder that it may not read, and says nothing when the limit is reached.
// So every folder is given to it alone.
//
// The planter is one goroutine, because adding a watch may wait for many seconds
// while package notify takes another lot of watches down.
type planter struct {
	c       *collector
	skip    func(string) bool
	reports chan report
	most    int // folders to watch

	mu   sync.Mutex
	jobs []plantJob
	wake chan struct{}

	// Owned by the goroutine:
	planted map[string]*planting
	live    int
	gone    int
	spent   int // folders that cannot be watched anew before everything is
	lastNew int // rounds of again since everything was planted anew
}

// plantJob asks to look at a folder: what it is now, and what is below it.
type plantJob struct {
	path  string
	gone  bool // it was taken away or moved, whatever is there now
	moved bool
	all   bool // everything once more
}

// planting is a folder that was given to package notify at some time.
type planting struct {
	id    folderID
	round int // how often it came anew under this path
	gone  bool
}

// folderID tells a folder from one made later under the same path and, as it happens,
// with the same inode.
type folderID struct {
	device, inode uint64
	born          int64
}

// heardEvents are what is listened to in a folder.
const heardEvents = notify.InCloseWrite | notify.InModify | notify.InAttrib |
	notify.InCreate | notify.InDelete | notify.InMovedFrom | notify.InMovedTo

// moreEvents are added one by one when a folder appears again under a path that was
// watched before. Package notify believes that it still watches the path, though the
// system has dropped the watch with the folder, and only a larger set of events makes
// it ask the system again.
var moreEvents = []notify.Event{
	notify.InDeleteSelf, notify.InMoveSelf, notify.Create, notify.Remove, notify.Write, notify.Rename,
}

const (
	// mostJobs wait one by one; beyond, everything is looked at.
	mostJobs = 50_000
	// mostGone folders are remembered; beyond, everything is planted anew.
	mostGone = 100_000
	// patience is how many rescans pass before everything may be planted anew.
	patience = 4
)

func newEars(c *collector, skip func(string) bool) ears {
	p := &planter{
		c: c, skip: skip,
		reports: make(chan report),
		wake:    make(chan struct{}, 1),
		planted: make(map[string]*planting),
		most:    c.o.MaxFolders,
	}
	if p.most <= 0 {
		p.most = kernelNumber("/proc/sys/fs/inotify/max_user_watches", 8192) / 4 * 3
	}
	return p
}

// burstLimit is half of what the kernel's queue holds.
func burstLimit() int {
	return kernelNumber("/proc/sys/fs/inotify/max_queued_events", 16384) / 2
}

func kernelNumber(path string, otherwise int) int {
	b, err := os.ReadFile(path)
	if err != nil {
		return otherwise
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || n <= 0 {
		return otherwise
	}
	return n
}

// drivesNow lists what is mounted, a line for each.
func drivesNow() string {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, m := range parseMounts(table) {
		b.WriteString(m.Path + "\x00" + m.number + m.Device + "\n")
	}
	return b.String()
}

func (p *planter) report() <-chan report { return p.reports }

func (p *planter) changed(e notify.EventInfo, path string) {
	sys, ok := e.Sys().(*unix.InotifyEvent)
	if !ok || sys.Mask&unix.IN_ISDIR == 0 {
		return
	}
	const came = unix.IN_CREATE | unix.IN_MOVED_TO
	const went = unix.IN_DELETE | unix.IN_MOVED_FROM
	if sys.Mask&(came|went) == 0 {
		return
	}
	p.add(plantJob{path: path, gone: sys.Mask&went != 0, moved: sys.Mask&unix.IN_MOVED_FROM != 0})
}

func (p *planter) again(paths []string) {
	for _, path := range paths {
		p.add(plantJob{path: path})
	}
	p.add(plantJob{all: true})
}

func (p *planter) add(j plantJob) {
	p.mu.Lock()
	if len(p.jobs) >= mostJobs {
		p.jobs = []plantJob{{path: "/", all: true}}
	} else {
		p.jobs = append(p.jobs, j)
	}
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *planter) next() (plantJob, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.jobs) == 0 {
		return plantJob{}, false
	}
	j := p.jobs[0]
	p.jobs = p.jobs[1:]
	return j, true
}

func (p *planter) listen(ctx context.Context, c *collector) {
	defer notify.Stop(c.events)
	if a := c.canary.real; a != "" {
		err := notify.Watch(a+"/", c.events, heardEvents)
		p.tell(ctx, report{canary: err == nil})
	}
	p.plantRoots(ctx)
	for {
		j, ok := p.next()
		switch {
		case ctx.Err() != nil:
			return
		case !ok:
			select {
			case <-p.wake:
			case <-ctx.Done():
			}
		case j.all:
			p.renew(ctx, j.path != "")
		default:
			p.do(ctx, j)
		}
	}
}

func (p *planter) tell(ctx context.Context, r report) {
	select {
	case p.reports <- r:
	case <-ctx.Done():
	}
}

func (p *planter) plantRoots(ctx context.Context) {
	roots := make([]string, len(p.c.roots))
	for i, r := range p.c.roots {
		roots[i] = r.given
	}
	p.plant(ctx, roots)
	for _, root := range roots {
		p.tell(ctx, report{hint: Hint{Path: root, Recursive: true}})
	}
}

// renew takes everything down and plants it anew, when folders have come and gone so
// often that package notify is at its end with them. That is slow, so it waits.
func (p *planter) renew(ctx context.Context, now bool) {
	p.lastNew++
	if !now && (p.spent == 0 || p.lastNew < patience) && p.gone < mostGone {
		return
	}
	p.lastNew = 0
	if p.spent > 0 || p.gone >= mostGone {
		notify.Stop(p.c.events)
		clear(p.planted)
		p.live, p.gone, p.spent = 0, 0, 0
		if a := p.c.canary.real; a != "" {
			_ = notify.Watch(a+"/", p.c.events, heardEvents) // if not, the canary is missed
		}
	}
	p.plantRoots(ctx)
}

// do looks at one folder of which an event spoke. Events may come out of order, so
// only the folder itself tells whether it is there.
func (p *planter) do(ctx context.Context, j plantJob) {
	if j.gone {
		p.forget(j.path)
	}
	if j.moved {
		for path := range p.planted {
			if under(path, j.path) {
				p.forget(path)
			}
		}
	}
	if fi, err := os.Lstat(j.path); err != nil || !fi.IsDir() {
		p.tell(ctx, report{sighty: j.path})
		return
	}
	if p.skip(j.path) {
		return
	}
	p.plant(ctx, []string{j.path})
	// What was made in it before the watch stood gave no event.
	p.tell(ctx, report{hint: Hint{Path: j.path, Recursive: true}})
}

func (p *planter) forget(path string) {
	if f := p.planted[path]; f != nil && !f.gone {
		f.gone = true
		p.live--
		p.gone++
	}
}

// plant watches folders and everything below them that is not skipped, the shallow
// ones first, so that where the limit ends it, only deep folders are missing.
func (p *planter) plant(ctx context.Context, folders []string) {
	mounted := networkMounts()
	for len(folders) > 0 && ctx.Err() == nil {
		path := folders[0]
		folders = folders[1:]
		if p.skip(path) {
			continue
		}
		if mounted[path] {
			// Changes that another computer makes there give no event.
			p.tell(ctx, report{blind: path})
			continue
		}
		switch err := p.arm(path); {
		case err == nil:
			p.tell(ctx, report{sighty: path})
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENOTDIR):
			if !p.isRoot(path) {
				continue
			}
			p.tell(ctx, report{blind: path})
			continue
		case errors.Is(err, fs.ErrPermission):
			continue // nor can it be read; the daily look finds what changes about it
		default:
			p.tell(ctx, report{blind: path})
			continue
		}
		list, err := os.ReadDir(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			p.tell(ctx, report{blind: path})
		}
		for _, item := range list {
			if item.IsDir() {
				folders = append(folders, filepath.Join(path, item.Name()))
			}
		}
	}
}

func (p *planter) isRoot(path string) bool {
	for _, r := range p.c.roots {
		if r.given == path {
			return true
		}
	}
	return false
}

var (
	errLimit = errors.New("the system allows no more watches")
	errSpent = errors.New("the folder came and went too often")
)

// arm gives one folder to package notify.
func (p *planter) arm(path string) error {
	id, err := identify(path)
	if err != nil {
		return err
	}
	f := p.planted[path]
	if f != nil && !f.gone && f.id == id {
		return nil
	}
	if p.live >= p.most && (f == nil || f.gone) {
		return errLimit
	}
	round := 0
	if f != nil {
		round = f.round + 1
	}
	if round > len(moreEvents) {
		if round == len(moreEvents)+1 {
			p.spent++
			p.forget(path)
			f.round = round
		}
		return errSpent
	}
	events := heardEvents
	for _, e := range moreEvents[:round] {
		events |= e
	}
	// The slash keeps a folder whose name ends in three dots from being taken for the
	// sign that asks for the whole tree.
	if err := notify.Watch(path+"/", p.c.events, events); err != nil {
		return err
	}
	switch {
	case f == nil:
		p.live++
	case f.gone:
		p.live++
		p.gone--
	}
	p.planted[path] = &planting{id: id, round: round}
	return nil
}

func identify(path string) (folderID, error) {
	var x unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, unix.AT_NO_AUTOMOUNT, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &x)
	if err != nil {
		return folderID{}, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if x.Mode&unix.S_IFMT != unix.S_IFDIR {
		return folderID{}, &os.PathError{Op: "stat", Path: path, Err: unix.ENOTDIR}
	}
	return folderID{
		device: unix.Mkdev(x.Dev_major, x.Dev_minor), inode: x.Ino,
		born: nanoseconds(x.Btime.Sec, int64(x.Btime.Nsec)),
	}, nil
}

// networkMounts are the folders where file systems begin that do not tell of changes.
func networkMounts() map[string]bool {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	found := make(map[string]bool)
	for _, m := range parseMounts(table) {
		if m.Network {
			found[m.Path] = true
		}
	}
	return found
}
