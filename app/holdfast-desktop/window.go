package main

import (
	"context"
	"net/url"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	fynedesktop "fyne.io/fyne/v2/driver/desktop"

	"holdfast/engine"
	"holdfast/engine/source"
	"holdfast/ui/desktop"
	"holdfast/ui/desktop/details"
	"holdfast/ui/desktop/downloads"
	"holdfast/ui/desktop/getfiles"
	"holdfast/ui/desktop/history"
	"holdfast/ui/desktop/home"
	"holdfast/ui/desktop/look"
	"holdfast/ui/desktop/managefiles"
	"holdfast/ui/desktop/replace"
	"holdfast/ui/desktop/settings"
	"holdfast/ui/desktop/signin"
	"holdfast/ui/desktop/tray"
)

// window is the window with all screens in it.
type window struct {
	fyne      fyne.Window
	shell     *desktop.Shell
	getFiles  *getfiles.Screen
	downloads *downloads.Screen
	connected bool
}

// newWindow makes the screens and lets one lead to another.
func newWindow(p *program) *window {
	w := &window{fyne: p.app.NewWindow("Holdfast")}
	w.fyne.SetMaster()
	w.fyne.SetPadded(false)
	w.fyne.Resize(fyne.NewSize(1180, 760))
	w.fyne.CenterOnScreen()
	e := p.engine
	w.getFiles = getfiles.New(getfiles.Deps{Engine: e, Window: w.fyne, Queued: func(job int64) {
		w.shell.Go(desktop.Downloads)
		w.downloads.Reveal(job)
	}})
	w.downloads = downloads.New(downloads.Deps{Engine: e, Window: w.fyne, GetFiles: func() { w.shell.Go(desktop.GetFiles) }})
	computer := ""
	if s, err := e.Status(p.ctx); err == nil {
		computer = s.Computer.Name
	}
	first := signin.New(signin.Deps{Engine: e, Window: w.fyne, Computer: computer, Drives: p.drives, Print: printer(), Done: p.begun,
		OpenURL: p.openURL, Raise: w.fyne.RequestFocus})
	preferences := settings.New(settings.Deps{Engine: e, Window: w.fyne, Changed: p.changed, Gone: func() { p.follow() },
		Replace: func() { w.shell.Go(desktop.Replace) },
		OpenURL: p.openURL, Raise: w.fyne.RequestFocus, Print: printer(), Version: version, Licences: licences()})
	w.shell = desktop.New(w.fyne, first, map[desktop.Place]desktop.Page{
		desktop.Home: home.New(home.Deps{Engine: e, Window: w.fyne, OpenURL: p.openURL, Raise: w.fyne.RequestFocus,
			GetFiles:    w.showFiles,
			ManageFiles: func() { w.shell.Go(desktop.ManageFiles) },
			Details:     func() { w.shell.Go(desktop.Details) },
			Replace:     func() { w.shell.Go(desktop.Replace) },
			FreeSpace: func() {
				preferences.Open("Versions")
				w.shell.Go(desktop.Settings)
			}}),
		desktop.ManageFiles: managefiles.New(managefiles.Deps{Engine: e, Window: w.fyne}),
		desktop.GetFiles:    w.getFiles,
		desktop.Downloads:   w.downloads,
		desktop.History:     history.New(history.Deps{Engine: e, Window: w.fyne}),
		desktop.Settings:    preferences,
		desktop.Replace: replace.New(replace.Deps{Engine: e, Window: w.fyne, OpenURL: p.openURL, Raise: w.fyne.RequestFocus,
			Leave: func() { w.shell.Go(desktop.Home) }, Finished: func() { p.follow() }, GetFiles: w.showFiles}),
		desktop.Details: details.New(details.Deps{Engine: e, Window: w.fyne, Back: func() { w.shell.Go(desktop.Home) }}),
	})
	w.fyne.SetContent(w.shell.Content())
	w.fyne.SetCloseIntercept(p.closed)
	w.shell.SetVisible(false) // until it is shown
	w.apply(p.status())
	return w
}

// showFiles shows the files of a computer; "" is the one that was shown last.
func (w *window) showFiles(computer string) {
	if computer != "" {
		w.getFiles.ShowComputer(computer)
	}
	w.shell.Go(desktop.GetFiles)
}

// close ends what the screens do.
func (w *window) close() {
	w.shell.SetVisible(false)
	w.getFiles.Close()
	w.downloads.Close()
}

// apply shows the screens of a connected destination, or the first window.
func (w *window) apply(s engine.Status) {
	connected := s.Destination.Address != ""
	if connected {
		w.shell.SetFoot(foot(s))
	}
	switch {
	case connected && w.shell.At() == "":
		w.shell.Open(desktop.Home)
	case !connected && w.shell.At() != "":
		w.shell.Close()
	}
}

// foot is who and where, at the bottom of the side bar.
func foot(s engine.Status) (who, where string) {
	if d := s.Destination; d.Account != "" {
		return d.Account, look.Host(d.Address)
	}
	return s.Computer.Name, s.Destination.Address
}

func (p *program) status() engine.Status {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	s, err := p.engine.Status(ctx)
	if err != nil {
		return engine.Status{State: engine.StateSetup}
	}
	return s
}

// follow looks whether a destination is connected now, and shows what goes with it.
func (p *program) follow() {
	p.hands.Go(func() {
		s := p.status()
		fyne.Do(func() { p.window.apply(s) })
	})
}

// begun is called when the first window is done: a computer that is to take the place
// of another goes on with that.
func (p *program) begun() {
	p.hands.Go(func() {
		s := p.status()
		r, err := p.engine.Replacement(p.ctx)
		fyne.Do(func() {
			p.window.apply(s)
			if err == nil && r.Old.ID != "" {
				p.window.shell.Go(desktop.Replace)
			}
		})
	})
}

// show brings the window to the front.
func (p *program) show() {
	p.window.fyne.Show()
	p.window.fyne.RequestFocus()
	p.window.shell.SetVisible(true)
}

func (p *program) hide() {
	p.window.shell.SetVisible(false)
	p.window.fyne.Hide()
	p.hands.Go(debug.FreeOSMemory) // what the pages needed is not needed for long
}

// closed is called for the close button. With a tray the window goes there. A
// window that vanishes without one is explained once.
func (p *program) closed() {
	const told = "told that there is no tray"
	if (p.tray != nil && tray.Present()) || p.app.Preferences().Bool(told) {
		p.window.shell.Leave(p.hide)
		return
	}
	var sheet *look.Dialog
	sheet = look.SheetSized(p.window.fyne, "Holdfast goes on", look.SoftParagraph(
		"This desktop has no tray to put Holdfast into. It goes on backing up without a window; start Holdfast again to see it. This is said only once."), 460,
		look.Secondary("Quit", "", func() { sheet.Hide(); p.quit() }),
		look.Primary("Keep running", "", func() {
			sheet.Hide()
			p.app.Preferences().SetBool(told, true)
			p.hide()
		}))
	sheet.Show()
}

// quit asks once.
func (p *program) quit() {
	p.show()
	if p.asking {
		return
	}
	p.asking = true
	sheet := look.Ask(p.window.fyne, "Quit Holdfast?",
		"Nothing is backed up until you start it again. Files that are on their way back go on then.", "Quit", "Keep running",
		func() { p.app.Quit() })
	sheet.OnClosed = func() { p.asking = false }
}

// startTray puts the icon into the tray, where there is one.
func (p *program) startTray() {
	board, ok := p.app.(fynedesktop.App)
	if !ok || !p.settings.Tray || !tray.Present() {
		return
	}
	p.tray = tray.New(tray.Deps{Engine: p.engine, Board: board,
		Open: p.show,
		GetFiles: func() {
			p.show()
			p.window.shell.Go(desktop.GetFiles)
		},
		Quit: p.quit,
		Say: func(err error) {
			p.show()
			look.Say(p.window.fyne, err)
		},
		Dark: look.Dark,
	})
}

// drives are the places that the first window offers: what can be unplugged or lies
// elsewhere, and other disks, but nothing of the system.
func (p *program) drives() []signin.Drive {
	mounts, err := source.Mounts()
	if err != nil {
		return nil
	}
	var list []signin.Drive
	for _, m := range mounts {
		if m.Virtual || m.ReadOnly || !forPeople(m.Path) {
			continue
		}
		ctx, cancel := context.WithTimeout(p.ctx, 2*time.Second)
		place, err := p.engine.Inspect(ctx, m.Path)
		cancel()
		if err != nil || place.State == engine.PlaceUnusable {
			continue
		}
		name := filepath.Base(m.Path)
		if runtime.GOOS == "windows" {
			name = m.Path
		}
		list = append(list, signin.Drive{Name: name, Path: m.Path, Free: place.Free, Removable: m.Removable})
	}
	return list
}

// forPeople says whether a mount point is where desktops and people put drives.
func forPeople(path string) bool {
	switch runtime.GOOS {
	case "windows":
		return !strings.HasPrefix(strings.ToUpper(path), "C:")
	case "darwin":
		return strings.HasPrefix(path, "/Volumes/")
	}
	for _, parent := range []string{"/media/", "/run/media/", "/mnt/"} {
		if strings.HasPrefix(path, parent) {
			return true
		}
	}
	return false
}

// printer hands a text to the printing system without a file in between; nil where
// there is none.
func printer() func(string) error {
	path, err := exec.LookPath("lp")
	if err != nil {
		return nil
	}
	return func(text string) error {
		cmd := exec.Command(path, "-t", "Holdfast recovery code")
		cmd.Stdin = strings.NewReader(text)
		return cmd.Run()
	}
}

// openURL shows a page in the browser.
func (p *program) openURL(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	return p.app.OpenURL(u)
}
