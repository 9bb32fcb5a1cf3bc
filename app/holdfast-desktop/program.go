package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"holdfast/app/holdfast-desktop/autostart"
	"holdfast/assets"
	"holdfast/assets/paint"
	"holdfast/engine"
	"holdfast/engine/agent"
	"holdfast/engine/control"
	"holdfast/ui/desktop/look"
	"holdfast/ui/desktop/tray"
	"holdfast/ui/desktop/uimap"
)

const id = "org.holdfast.Desktop"

// program is the one that runs: the engine, the window and the tray.
type program struct {
	home   string
	ctx    context.Context
	cancel context.CancelFunc
	hands  sync.WaitGroup

	engine   engine.Engine
	other    error // an engine of another version runs
	settings engine.Settings
	app      fyne.App
	window   *window // nil until it is made
	tray     *tray.Tray
	ready    chan struct{} // closed when a window can be raised
	front    func()        // raises it; set before ready is closed
	wanted   chan struct{} // closed when somebody wants to see a window
	want     func()        // closes it
	asking   bool          // whether to quit
}

func newProgram(home string) *program {
	ctx, cancel := context.WithCancel(context.Background())
	wanted := make(chan struct{})
	return &program{home: home, ctx: ctx, cancel: cancel, ready: make(chan struct{}),
		wanted: wanted, want: sync.OnceFunc(func() { close(wanted) })}
}

// raise shows the window, for a second start.
func (p *program) raise() {
	p.want()
	select {
	case <-p.ready:
		fyne.DoAndWait(p.front)
	case <-p.ctx.Done():
	}
}

func (p *program) run(background bool) error {
	defer p.cancel()
	debug.SetGCPercent(50) // it stays all day beside other programs: room matters more than speed
	app.SetMetadata(fyne.AppMetadata{ID: id, Name: "Holdfast", Version: version,
		Icon: fyne.NewStaticResource("holdfast.png", paint.Icon(256)), Migrations: map[string]bool{"fyneDo": true}})
	p.app = app.NewWithID(id)
	p.app.SetIcon(p.app.Metadata().Icon)
	p.wear()
	closeEngine, err := p.open(background)
	if errors.Is(err, agent.ErrRunning) {
		return p.waitInWindow()
	}
	if err != nil {
		p.tellAndEnd(err)
		return err
	}
	defer closeEngine()
	p.settings, err = p.engine.Settings(p.ctx)
	if err != nil {
		p.settings = engine.DefaultSettings()
	}
	p.wear()
	p.keepAutostart()
	p.window = newWindow(p)
	detach := uimap.Attach(p.window.fyne, os.Getenv(uimap.Variable))
	p.startTray() // a tray that is begun later than Run never comes
	p.raisable(p.show)
	if !background || !tray.Present() {
		p.show()
	}
	p.app.Run()
	detach()
	p.cancel()
	if p.tray != nil {
		p.tray.Close()
	}
	p.window.close()
	p.hands.Wait()
	return nil
}

// raisable says how a window is raised, from the moment on when there is one.
func (p *program) raisable(front func()) {
	p.front = front
	p.app.Lifecycle().SetOnStarted(func() { close(p.ready) })
}

// open starts the engine in this process and offers it to commands, or reaches the
// one that runs in another. For a command that works on the state folder it waits: in
// the background until that is done or somebody wants a window, else for a moment. Then
// the error is agent.ErrRunning.
func (p *program) open(background bool) (closer func(), err error) {
	wait := agent.Wait{Answers: p.attach, AtMost: moment}
	if background {
		wait.AtMost, wait.Enough = 0, p.wanted
	}
	a, err := agent.OpenWhenFree(p.ctx, agent.Options{Home: p.home, Name: "holdfast-desktop", Password: os.Getenv("HOLDFAST_PASSWORD"), Background: true}, wait)
	if err == nil {
		p.engine = a
		p.offer(a)
		return func() { a.Close() }, nil
	}
	if client, ok := p.engine.(*control.Client); ok {
		return func() { client.Close() }, nil
	}
	if p.other != nil && errors.Is(err, agent.ErrRunning) {
		return nil, anotherVersion(p.home, p.other)
	}
	return nil, err
}

// attach reaches an engine that runs in another process. One of another version answers
// too: nobody can talk to it, and it does not end by itself.
func (p *program) attach() bool {
	client, err := control.Dial(agent.SocketPath(p.home))
	if errors.Is(err, control.ErrVersion) {
		p.other = err
		return true
	}
	if err != nil {
		return false
	}
	p.engine = client
	return true
}

func anotherVersion(home string, err error) error {
	return &engine.Error{Op: "start", Kind: engine.KindBusy, Path: home, Err: err,
		Message: fmt.Sprintf("%s runs already and is of another version than this window. It goes on backing up. End it, or start the computer anew, and start Holdfast again.", agent.HolderOf(home))}
}

// offer lets the command attach to this engine. The window works without, so an
// error is only told to whoever started the program.
func (p *program) offer(e engine.Engine) {
	listener, err := control.Listen(agent.SocketPath(p.home))
	if err != nil {
		fmt.Fprintln(os.Stderr, "The command cannot attach to this program:", err)
		return
	}
	p.hands.Go(func() {
		if err := control.Serve(p.ctx, listener, e); err != nil && p.ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "The command can no longer attach to this program:", err)
		}
	})
}

// tellAndEnd shows why the program cannot start, for those who started it by a
// double click and see no terminal.
func (p *program) tellAndEnd(err error) {
	w := p.app.NewWindow("Holdfast")
	w.Resize(fyne.NewSize(640, 420))
	w.SetContent(look.Empty("triangle-alert", "Holdfast cannot start", look.Sentence(err), look.Primary("Close", "", w.Close)))
	p.raisable(func() { w.Show(); w.RequestFocus() })
	w.ShowAndRun()
}

// changed is told of settings that were saved.
func (p *program) changed(settings engine.Settings) {
	before := p.settings
	p.settings = settings
	if settings.Appearance != before.Appearance {
		p.wear()
	}
	if settings.AtLogin != before.AtLogin {
		p.keepAutostart()
	}
	if settings.Computer != before.Computer {
		p.follow() // the name stands below the navigation
	}
}

// wear puts on the theme of the settings. Where the desktop does not say whether it
// is light or dark, Fyne takes dark; we take light, which is what such desktops are.
func (p *program) wear() {
	appearance := p.settings.Appearance
	if appearance != "light" && appearance != "dark" {
		appearance = "system"
		if !saysAppearance() {
			appearance = "light"
		}
	}
	p.app.Settings().SetTheme(look.NewTheme(appearance, look.Fonts{}))
}

// keepAutostart makes the desktop start the program at login, or not, as chosen.
func (p *program) keepAutostart() {
	if err := autostart.Set(id, p.settings.AtLogin); err != nil {
		fmt.Fprintln(os.Stderr, "Starting at login could not be arranged:", err)
	}
}

// licences are the notices of what is built in.
func licences() string {
	return "Inter\n\n" + string(assets.Read("fonts/OFL.txt")) + "\n\nLucide\n\n" + string(assets.Read("icons/LICENSE")) + "\n\nBuilt with " + runtime.Version() + " and Fyne.\n"
}
