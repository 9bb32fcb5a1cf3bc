// Package agent is the running engine of one computer: it implements engine.Engine
// on the packages that do the work.
//
// Its one idea is that everything a person can ask is a method that answers from
// what is known now, and everything that takes long is a job that somebody else
// can watch: captures, restores, checks. The agent owns the order between them.
//
//   - One process at a time works on a state folder (a lock file); others reach it
//     through engine/control, or wait (OpenWhenFree) when it is a command.
//   - The catalog is opened at once and answers browsing by itself. The repository
//     is opened when something needs the destination, with the key from the
//     keychain, and not before.
//   - One capture at a time. A restore never waits for a capture.
//   - Errors leave here as *engine.Error: whole sentences.
//
// How to capture, restore, check and thin lies in backup, restore, verify and
// retention; when to, in schedule.
package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"holdfast/engine"
	"holdfast/engine/backup"
	"holdfast/engine/catalog"
	"holdfast/engine/keychain"
	"holdfast/engine/source"
)

// ErrRunning says that another process works on the state folder; reach it at
// SocketPath.
var ErrRunning = errors.New("holdfast is running already for this state folder")

// Options open an agent.
type Options struct {
	Home string // state folder; "" is DefaultHome
	Name string // what this process is, for others that find it at work: "holdfast backup"
	// Password opens the destination instead of a key from the keychain.
	Password string
	// Background runs the schedule, the watcher and interrupted restores.
	Background bool
	Keychain   keychain.Keychain // nil: the system's, with the sealed file behind it
	FS         source.FS         // nil: the system's
	Now        func() time.Time
	Log        *slog.Logger
}

// Agent implements engine.Engine.
type Agent struct {
	Options
	home     home
	lock     *flock.Flock
	notices  notices
	woken    chan struct{}
	capturer chan struct{} // holds one token: who has it may capture
	opening  chan struct{} // and this: who has it may open the repository
	jobs     jobs

	ctx    context.Context // of background work
	cancel context.CancelFunc
	tasks  sync.WaitGroup // of the agent itself
	calls  sync.WaitGroup // of others
	ending sync.Once
	closed error // what Close gives

	mu          sync.Mutex
	closing     bool               // no call begins any more
	leaving     bool               // the destination is being disconnected
	interrupt   context.CancelFunc // ends what holds the capturer's token; nil: nothing does
	where       *destinationFile   // nil: not set up
	settings    settingsFile
	catalog     *catalog.Catalog
	repo        *opened          // nil: not opened yet
	shut        error            // why it could not be opened; nil: it could, or nobody tried
	progress    *backup.Progress // of the running capture; nil: none
	counting    counting
	fault       error     // why the last capture failed; nil: it did not
	failures    int       // in a row
	lastTried   time.Time // when the last capture ended
	lastStarted time.Time // when the last good capture of the selection began
	lastGood    time.Time // and ended
	lastFull    time.Time // when everything was looked at
	deaf        bool      // changes are not watched: every capture looks at everything
	rescan      bool      // look at everything at the next capture
	hints       map[string]bool
	pause       context.CancelFunc     // ends the capture that the schedule began; nil: never began one
	freshened   time.Time              // when the catalog was in step with the destination
	reread      func(path string) bool // what a check found damaged; nil: nothing

	signing      *signIn    // the sign-in under way, or the last one; nil: none
	others       others     // the computers of the account, as the server knows them
	settingsSent time.Time  // Changed of the settings that the server has
	replacing    sync.Mutex // held by calls that move a replacement on
}

var _ engine.Engine = (*Agent)(nil)

// Open starts the engine of a state folder. Close ends it.
func Open(ctx context.Context, o Options) (*Agent, error) {
	if o.Home == "" {
		dir, err := DefaultHome()
		if err != nil {
			return nil, err
		}
		o.Home = dir
	}
	h, err := openHome(o.Home)
	if err != nil {
		return nil, err
	}
	a := &Agent{Options: o, home: h, capturer: make(chan struct{}, 1), opening: make(chan struct{}, 1), woken: make(chan struct{}, 1), rescan: true, hints: map[string]bool{}}
	if err := a.defaults(); err != nil {
		return nil, err
	}
	a.lock = flock.New(h.path(lockName))
	if ok, err := a.lock.TryLock(); err != nil {
		return nil, noHome(o.Home, err)
	} else if !ok {
		return nil, ErrRunning
	}
	a.noteHolder()
	a.ctx, a.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := a.load(ctx); err != nil {
		a.Close()
		return nil, err
	}
	a.jobs.init(a)
	if o.Background {
		a.tasks.Go(a.fill)
		a.tasks.Go(a.loop)
	}
	return a, nil
}

func (a *Agent) defaults() error {
	if a.FS == nil {
		a.FS = source.System()
	}
	if a.Now == nil {
		a.Now = time.Now
	}
	if a.Log == nil {
		a.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if a.Keychain != nil {
		return nil
	}
	var err error
	a.Keychain, err = keychain.Open(keychain.Options{Folder: a.home.path("keys"), Password: a.Password})
	return err
}

// load reads the state folder.
func (a *Agent) load(ctx context.Context) error {
	a.settings = settingsFile{Settings: engine.DefaultSettings()}
	kept, err := a.home.read("settings.json", &a.settings)
	if err != nil {
		a.Log.Error("settings could not be read", "error", err)
	}
	kept = kept && a.settings.Settings.Computer != "" // every computer has a name
	if !kept {
		a.settings = a.firstSettings()
	}
	where := new(destinationFile)
	found, err := a.home.read("destination.json", where)
	if err != nil {
		return &engine.Error{Op: "start", Kind: engine.KindDamaged, Err: err,
			Message: fmt.Sprintf("Holdfast lost its note of where your files are kept (%v). The files there are safe. Connect the same folder or drive again with your recovery code; nothing will be uploaded twice.", err)}
	}
	if !found {
		return nil
	}
	a.settings.Lost = a.settings.Lost || !kept
	return a.openCatalog(ctx, where)
}

func (a *Agent) openCatalog(ctx context.Context, where *destinationFile) error {
	c, err := catalog.Open(ctx, a.home.catalogPath(where.Repository), where.Repository)
	if err != nil {
		return &engine.Error{Op: "start", Kind: engine.KindDamaged, Err: err,
			Message: fmt.Sprintf("Holdfast's list of your files cannot be opened: %v. The backup itself is not affected. Check that the disk of %s is not full or read-only, then start again.", err, a.Home)}
	}
	if c.Aside() != "" {
		a.Log.Warn("the catalog was not usable and is rebuilt", "kept as", c.Aside())
	}
	a.mu.Lock()
	a.where, a.catalog, a.fault = where, c, keptFaultOf(ctx, c)
	a.mu.Unlock()
	return nil
}

// Close ends all work at the next safe point, that of others in their calls too, and
// waits for it. Closing again waits for the same.
func (a *Agent) Close() error {
	a.ending.Do(func() { a.closed = a.close() })
	return a.closed
}

func (a *Agent) close() error {
	a.mu.Lock()
	a.closing = true
	a.mu.Unlock()
	a.cancel()
	a.calls.Wait()
	a.tasks.Wait()
	a.jobs.wait()
	a.mu.Lock()
	c := a.catalog
	a.catalog = nil
	a.mu.Unlock()
	var errs []error
	if c != nil {
		errs = append(errs, c.Close())
	}
	errs = append(errs, a.dropRepository())
	a.notices.close()
	errs = append(errs, a.home.remove(holderName))
	return errors.Join(append(errs, a.lock.Unlock())...)
}

// connected gives the catalog, or says that nothing is set up.
func (a *Agent) connected(op string) (*catalog.Catalog, *destinationFile, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.where == nil || a.catalog == nil {
		return nil, nil, notSetUp(op)
	}
	return a.catalog, a.where, nil
}

// saveSettings writes settings.json. The caller does not hold the lock.
func (a *Agent) saveSettings(change func(*settingsFile)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	next := a.settings
	change(&next)
	if err := a.home.write("settings.json", next); err != nil {
		return &engine.Error{Op: "save settings", Kind: engine.KindOther, Path: a.Home, Err: err,
			Message: fmt.Sprintf("The change could not be saved: %v. The settings are as before. Check that the disk of %s is not full.", err, a.Home)}
	}
	a.settings = next
	return nil
}

func (a *Agent) current() settingsFile {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.settings
}

// event adds a line to the history. A history that cannot be written is no reason
// to fail what it tells of.
func (a *Agent) event(tone engine.Tone, kind, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	a.Log.Info(text, "kind", kind)
	a.mu.Lock()
	c := a.catalog
	a.mu.Unlock()
	if c == nil {
		return
	}
	if _, err := c.AddEvent(context.WithoutCancel(a.ctx), engine.Event{Time: a.Now(), Tone: tone, Kind: kind, Text: text}); err != nil {
		a.Log.Error("history could not be written", "error", err)
	}
	a.notices.tell(engine.TopicEvents)
}

func userHome() string {
	dir, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return dir
}
