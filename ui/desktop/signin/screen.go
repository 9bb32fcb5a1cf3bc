package signin

import (
	"context"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/ask"
	"holdfast/ui/desktop/codepage"
	"holdfast/ui/desktop/look"
)

// Engine is what the screen needs of the engine.
type Engine interface {
	Inspect(ctx context.Context, address string) (engine.Place, error)
	Connect(ctx context.Context, request engine.ConnectRequest) (engine.Connected, error)
	engine.Account
}

// Deps are what the screen works with.
type Deps struct {
	Engine   Engine
	Window   fyne.Window
	Computer string             // name of this computer, for the page that is printed
	Drives   func() []Drive     // may take a while; nil: none are offered
	Done     func()             // connected, and the code is kept
	OpenURL  func(string) error // shows a page in the browser; nil: there is none
	Raise    func()             // brings the window before the others; may be nil
	Print    func(string) error // sends a text to the printer; nil: there is no way
	Now      func() time.Time   // nil: time.Now
}

// Screen is the first window. Its methods belong to the UI goroutine.
type Screen struct {
	deps  Deps
	desk  *ask.Desk
	state State
	view  view

	drives, inspect, connect, account ask.Lane
}

// New makes the screen.
func New(deps Deps) *Screen {
	if deps.Now == nil {
		deps.Now = time.Now
	}
	s := &Screen{deps: deps, desk: ask.New()}
	s.build()
	s.draw(State{})
	return s
}

// Content is what the shell shows.
func (s *Screen) Content() fyne.CanvasObject { return s.view.root }

// Show begins.
func (s *Screen) Show() { s.desk.Open(); s.loadDrives() }

// Hide ends it. A connection that is being made goes on.
func (s *Screen) Hide() { s.desk.Close() }

// Escape goes back a step where that takes nothing away.
func (s *Screen) Escape() bool {
	switch {
	case s.state.Step == StepPlace && !s.state.Connecting:
		s.start()
	case s.state.Step == StepServer:
		s.cancelSignIn()
	default:
		return false
	}
	return true
}

func (s *Screen) loadDrives() {
	if s.deps.Drives == nil {
		return
	}
	s.desk.Ask(&s.drives, func(context.Context) func() {
		drives := s.deps.Drives()
		return func() {
			next := s.state
			next.Drives = drives
			s.draw(next)
		}
	})
}

func (s *Screen) start() {
	next := s.state
	next.Step, next.ConnectErr = StepStart, nil
	s.draw(next)
}

func (s *Screen) choosePlace() {
	next := s.state
	next.Step = StepPlace
	s.draw(next)
	s.loadDrives()
}

// setAddress looks at an address as soon as typing rests.
func (s *Screen) setAddress(address string) {
	if address == s.state.Address {
		return
	}
	next := s.state
	next.Address, next.Place, next.PlaceErr, next.ConnectErr = address, engine.Place{}, nil, nil
	next.Looking = address != ""
	s.draw(next)
	s.inspect.Void()
	if address == "" {
		return
	}
	s.desk.Ask(&s.inspect, func(ctx context.Context) func() {
		select {
		case <-time.After(250 * time.Millisecond):
		case <-ctx.Done():
			return nil
		}
		place, err := s.deps.Engine.Inspect(ctx, address)
		return func() {
			next := s.state
			next.Looking, next.Place, next.PlaceErr = false, place, err
			s.draw(next)
		}
	})
}

func (s *Screen) setOwnPhrase(on bool) {
	next := s.state
	next.OwnPhrase, next.ConnectErr = on, nil
	s.draw(next)
}

// goOn makes or opens the backup.
func (s *Screen) goOn() {
	if s.state.Connecting || s.state.Looking || !s.state.usable() {
		return
	}
	request := engine.ConnectRequest{Address: s.state.Address, Computer: s.deps.Computer}
	next := s.state
	next.ConnectErr = nil
	switch {
	case s.state.opens():
		request.Secret = s.view.secret.Text
		if request.Secret == "" {
			next.ConnectErr = &engine.Error{Message: "Type the password or the recovery code."}
		}
	case s.state.OwnPhrase:
		request.Passphrase = s.view.phrase.Text
		if wrong := wrongPhrase(request.Passphrase, s.view.again.Text); wrong != "" {
			next.ConnectErr = &engine.Error{Message: wrong}
		}
	}
	next.Connecting = next.ConnectErr == nil
	s.draw(next)
	if !next.Connecting {
		return
	}
	s.desk.Once(func(ctx context.Context) func() {
		connected, err := s.deps.Engine.Connect(ctx, request)
		return func() { s.connected(connected, codepage.Of{Computer: request.Computer, Address: request.Address}, err) }
	})
}

func (s *Screen) connected(connected engine.Connected, made codepage.Of, err error) {
	next := s.state
	next.Connecting, next.ConnectErr, next.Made = false, err, made
	if err != nil {
		s.draw(next)
		return
	}
	s.view.secret.SetText("")
	s.view.phrase.SetText("")
	s.view.again.SetText("")
	next.Connected, next.Kept = connected, false
	switch {
	case connected.RecoveryCode != "":
		next.Step = StepCode
	default:
		next.Step = StepOpened
	}
	s.draw(next)
}

func (s *Screen) setKept(kept bool) {
	next := s.state
	next.Kept = kept
	s.draw(next)
}

// done forgets the code and hands over.
func (s *Screen) done() {
	if s.state.Step == StepCode && !s.state.Kept {
		return
	}
	s.view.copied.Set("")
	s.draw(State{})
	s.view.email.SetText("")
	s.view.server.SetText("")
	s.view.address.SetText("")
	if s.deps.Done != nil {
		s.deps.Done()
	}
}

func (s *Screen) text() string {
	return codepage.Text(s.state.Connected.RecoveryCode, s.state.Made, s.deps.Now())
}

// kept says what became of the code.
func (s *Screen) kept(words string) {
	s.view.copied.Set(words)
	s.draw(s.state)
}

func (s *Screen) copyCode() {
	fyne.CurrentApp().Clipboard().SetContent(s.state.Connected.RecoveryCode)
	s.kept("Copied. Paste it into your password manager, then copy something else.")
}

func (s *Screen) saveCode() {
	look.SaveText(s.deps.Window, "Holdfast recovery code.txt", s.text(), func(path string) {
		s.kept("Saved as " + path + ". Move it off this computer.")
	})
}

func (s *Screen) printCode() {
	text := s.text()
	s.desk.Once(func(context.Context) func() {
		err := s.deps.Print(text)
		return func() {
			if err != nil {
				look.Say(s.deps.Window, &engine.Error{Op: "print", Message: "It could not be printed. Save it as a text file and print that.", Err: err})
				return
			}
			s.kept("Sent to the printer.")
		}
	})
}
