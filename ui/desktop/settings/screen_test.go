package settings

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"holdfast/engine"
	"holdfast/ui/desktop/afresh"
	"holdfast/ui/desktop/ask"
	"holdfast/ui/desktop/look"
)

// fake is an engine of a few lines.
type fake struct {
	mu        sync.Mutex
	settings  engine.Settings
	status    engine.Status
	keys      []engine.Key
	computers []engine.Computer
	replacing engine.Replacement
	fail      error
	note      string // what disconnecting leaves to do
	calls     []string
	hold      chan struct{} // when set, saving waits for it
	stale     bool          // a change of the keys, and removing, need a fresh sign-in
	damaged   bool          // a check has something to mend
}

// needsSignIn is what the server says of a change of the keys.
func (f *fake) needsSignIn() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stale {
		return &engine.Error{Kind: engine.KindFresh, Message: "This needs a sign-in of the last minutes."}
	}
	return f.fail
}

func (f *fake) SignIn(context.Context, engine.SignInRequest) (engine.SignIn, error) {
	return engine.SignIn{ID: "s1", URL: "https://backup.college.edu/oauth/authorize"}, nil
}

// WaitSignIn is a person who signs in at once.
func (f *fake) WaitSignIn(_ context.Context, id string) (engine.SignedIn, error) {
	f.called("signed in")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stale = false
	return engine.SignedIn{ID: id}, nil
}

func (f *fake) CancelSignIn(_ context.Context, id string) error { return nil }

func (f *fake) called(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, what)
}

func (f *fake) Settings(context.Context) (engine.Settings, error) { return f.settings, f.fail }
func (f *fake) SaveSettings(_ context.Context, s engine.Settings) error {
	if f.hold != nil {
		<-f.hold
	}
	f.called("save " + s.Computer)
	if f.fail == nil {
		f.settings = s
	}
	return f.fail
}
func (f *fake) PreviewRetention(_ context.Context, r engine.Retention) (engine.RetentionPreview, error) {
	kept := int(min(400, r.All/(6*time.Hour)))
	return engine.RetentionPreview{Captures: 412, Kept: kept,
		Sentence: fmt.Sprintf("Of the 412 versions that are stored, %d would stay.", kept)}, nil
}
func (f *fake) Events(context.Context, engine.EventQuery) ([]engine.Event, error) { return nil, nil }
func (f *fake) KeyList(context.Context) ([]engine.Key, error)                     { return f.keys, f.fail }
func (f *fake) NewRecoveryCode(context.Context) (string, error) {
	f.called("code")
	return "K7QP-3M2X-9VTA-HR5C-W8ND-4JYE-6ZBF-1GSU", f.needsSignIn()
}
func (f *fake) SetPassphrase(_ context.Context, p string) error {
	f.called("pass " + p)
	return f.needsSignIn()
}
func (f *fake) RevokeKey(_ context.Context, id string) error {
	f.called("revoke " + id)
	return f.needsSignIn()
}
func (f *fake) Check(ctx context.Context, share float64) (engine.CheckResult, error) {
	f.called(fmt.Sprint("check ", share))
	if share == 100 {
		<-ctx.Done()
		return engine.CheckResult{}, ctx.Err()
	}
	if err := f.needsSignIn(); f.damaged && err != nil {
		return engine.CheckResult{}, err
	}
	return engine.CheckResult{Packs: 1204, Blobs: 240118, Damaged: []string{"/Users/ann/Documents/thesis/figures/spectrum-07.tif"}, Errors: []string{"pack 3f2a is shorter than its header says"}}, f.fail
}
func (f *fake) Maintain(context.Context) (engine.MaintainResult, error) {
	f.called("maintain")
	return engine.MaintainResult{Forgotten: 31, Freed: 4.2e9, Packs: 12}, f.needsSignIn()
}
func (f *fake) Drill(context.Context) (engine.Proof, error) {
	return engine.Proof{Amount: engine.Amount{Files: 214, Bytes: 1.2e9}, Took: 38 * time.Second}, f.fail
}
func (f *fake) Watch(ctx context.Context) (<-chan engine.Topic, error) {
	c := make(chan engine.Topic)
	go func() { <-ctx.Done(); close(c) }()
	return c, nil
}
func (f *fake) Status(context.Context) (engine.Status, error) { return f.status, f.fail }
func (f *fake) Disconnect(context.Context) (engine.Disconnected, error) {
	f.called("disconnect")
	return engine.Disconnected{Note: f.note}, f.fail
}

func (f *fake) Computers(context.Context) ([]engine.Computer, error) {
	return append([]engine.Computer{}, f.computers...), f.fail
}
func (f *fake) Replacement(context.Context) (engine.Replacement, error) { return f.replacing, f.fail }

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func anns() *fake {
	s := engine.DefaultSettings()
	s.Computer = "Ann’s laptop"
	s.Schedule.Hours = []engine.HourSpan{{Days: weekdays[:5], From: 18 * 60, To: 7 * 60}, {Days: weekdays[5:], From: 0, To: dayMinutes}}
	return &fake{
		settings: s,
		status:   engine.Status{Destination: engine.Destination{Address: "/media/ann/Backup drive/Holdfast", Reachable: true, Free: 612e9, Stored: 188e9}},
		computers: []engine.Computer{
			{ID: "1", Name: "Ann’s laptop", This: true, LastBackup: noon.Add(-4 * time.Minute), Stored: engine.Amount{Files: 128402, Bytes: 212e9}, Owner: engine.OwnerInstitution, Asset: "LT-0512"},
			{ID: "2", Name: "Lab microscope PC", LastBackup: noon.Add(-3 * time.Hour), Stored: engine.Amount{Files: 9100, Bytes: 1.4e12}, Owner: engine.OwnerInstitution},
			{ID: "3", Name: "Desk at home", State: "signed out", Owner: engine.OwnerPersonal},
			{ID: "9@1", Name: "Oldest (before replacement)", Until: noon},
		},
		keys: []engine.Key{
			{ID: "a", Kind: engine.KeyComputer, Current: true, Created: noon.Add(-20 * day)},
			{ID: "b", Kind: engine.KeyComputer, Computer: "Lab microscope PC", Created: noon.Add(-90 * day)},
			{ID: "c", Kind: engine.KeyRecovery, Created: noon.Add(-20 * day)},
			{ID: "d", Kind: engine.KeyPassphrase, Created: noon.Add(-time.Hour)},
		},
	}
}

// collegeAnns backs up to an account, whose institution keeps a key.
func collegeAnns() *fake {
	f := anns()
	f.status.Destination = engine.Destination{Address: "https://backup.college.edu", Account: "ann@college.edu", Server: "The College", Reachable: true, Free: -1, Stored: 188e9}
	f.keys[3] = engine.Key{ID: "e", Kind: engine.KeyInstitution, Created: noon.Add(-20 * day)}
	return f
}

type stage struct {
	*Screen
	desk   *ask.Desk
	window fyne.Window
}

func stand(t *testing.T, f *fake, appearance string, width, height float32) *stage {
	t.Helper()
	app := test.NewTempApp(t)
	app.Settings().SetTheme(look.NewTheme(appearance, look.Fonts{}))
	window := app.NewWindow("")
	desk := ask.ForTest()
	s := New(Deps{Engine: f, Window: window, Desk: desk, Now: func() time.Time { return noon }, Version: "0.1.0", Licences: "Inter: OFL 1.1\nLucide: ISC"})
	window.SetPadded(false)
	window.SetContent(container.New(beside{}, look.NewBox(look.ColorSide, "", 0), s.Content()))
	window.Resize(fyne.NewSize(width, height))
	s.Show()
	desk.Settle()
	t.Cleanup(func() { s.Hide(); desk.Settle(); desk.Wait(); window.Close() })
	return &stage{s, desk, window}
}

// beside is the navigation of the design, 216 wide.
type beside struct{}

func (beside) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(300, 300) }
func (beside) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Resize(fyne.NewSize(216, size.Height))
	o[1].Move(fyne.NewPos(216, 0))
	o[1].Resize(fyne.NewSize(size.Width-216, size.Height))
}

func picture(t *testing.T, window fyne.Window, name string) {
	t.Helper()
	if os.Getenv("HOLDFAST_PICTURES") == "" && !strings.Contains(name, "light-1180") {
		return // drawing takes longer than everything else
	}
	img := window.Canvas().Capture()
	folder := os.Getenv("HOLDFAST_PICTURES")
	if folder == "" {
		return
	}
	f, err := os.Create(filepath.Join(folder, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

// button is the button of the dialog on top that says something.
func button(t *testing.T, window fyne.Window, words string) *look.Button {
	t.Helper()
	top := window.Canvas().Overlays().Top()
	if top == nil {
		t.Fatalf("no dialog is open to press %q", words)
	}
	for _, o := range test.LaidOutObjects(top) {
		if b, ok := o.(*look.Button); ok && b.Text() == words {
			return b
		}
	}
	t.Fatalf("the dialog has no %q", words)
	return nil
}

func TestPictures(t *testing.T) {
	for _, size := range []fyne.Size{{Width: 1180, Height: 760}, {Width: 900, Height: 640}} {
		for _, appearance := range []string{"light", "dark"} {
			s := stand(t, anns(), appearance, size.Width, size.Height)
			name := func(what string) string {
				return fmt.Sprintf("settings-%s-%s-%.0f", what, appearance, size.Width)
			}
			for i, section := range s.view.sections {
				s.view.list.Select(i)
				s.desk.Settle()
				if section.name == "Destination" {
					s.runCheck(0)
					s.runDrill()
					s.desk.Settle()
				}
				if section.name == "Usage" {
					s.change("While you work the backup takes up to 25 % of the processor.", func(e *engine.Settings) { e.Usage.Present = 25 })
					s.desk.Settle()
				}
				picture(t, s.window, name(fmt.Sprintf("%d-%s", i, section.name)))
			}
			s.showCode("K7QP-3M2X-9VTA-HR5C-W8ND-4JYE-6ZBF-1GSU")
			picture(t, s.window, name("code"))
			s.window.Canvas().Overlays().Remove(s.window.Canvas().Overlays().Top())
			s.addHours()
			picture(t, s.window, name("hours"))
		}
	}
}

func TestAChangeIsSavedAtOnceAndCanBeUndone(t *testing.T) {
	f := anns()
	s := stand(t, f, "light", 1180, 760)
	var heard []string
	s.deps.Changed = func(e engine.Settings) { heard = append(heard, e.Computer) }
	s.change("x", func(e *engine.Settings) { e.Computer = "Desk" })
	s.desk.Settle()
	if f.settings.Computer != "Desk" || s.state.note.undo == nil {
		t.Fatalf("saved %q", f.settings.Computer)
	}
	s.undo()
	s.desk.Settle()
	if f.settings.Computer != "Ann’s laptop" || s.state.note.undo != nil || len(heard) != 2 {
		t.Errorf("after undo %q, heard %q", f.settings.Computer, heard)
	}
}

func TestARefusedChangeIsTakenBack(t *testing.T) {
	f := anns()
	s := stand(t, f, "light", 1180, 760)
	f.fail = errors.New("read-only")
	s.change("x", func(e *engine.Settings) { e.Tray = false })
	s.desk.Settle()
	if !s.state.settings.Tray || s.state.note.tone != engine.ToneBad {
		t.Errorf("shown %v, note %+v", s.state.settings.Tray, s.state.note)
	}
}

func TestChangesWhileSavingReachTheEngineInOrder(t *testing.T) {
	f := anns()
	f.hold = make(chan struct{})
	s := stand(t, f, "light", 1180, 760)
	for _, name := range []string{"one", "two", "three"} {
		s.change(name, func(e *engine.Settings) { e.Computer = name })
	}
	close(f.hold)
	s.desk.Settle()
	if fmt.Sprint(f.calls) != "[save one save three]" || s.state.saved.Computer != "three" {
		t.Errorf("calls %q", f.calls)
	}
}

func TestKeepingFewerVersionsIsAskedFirst(t *testing.T) {
	f := anns()
	s := stand(t, f, "light", 1180, 760)
	s.view.list.Select(4)
	fewer := s.state.settings.Retention
	fewer.All = day
	s.changeRetention(fewer)
	s.desk.Settle()
	if f.settings.Retention.All != week {
		t.Fatal("saved without being asked")
	}
	button(t, s.window, "Keep fewer").Tapped(nil)
	s.desk.Settle()
	if f.settings.Retention.All != day {
		t.Error("not saved after the answer")
	}
	more := f.settings.Retention
	more.All = month
	s.changeRetention(ordered(more))
	s.desk.Settle()
	if f.settings.Retention.All != month || s.window.Canvas().Overlays().Top() != nil {
		t.Error("keeping more was not saved at once")
	}
}

func TestKeys(t *testing.T) {
	f := anns()
	s := stand(t, f, "light", 1180, 760)
	s.view.list.Select(5)
	s.askRevoke(f.keys[1])
	button(t, s.window, "Revoke").Tapped(nil)
	s.desk.Settle()
	s.askCode()
	button(t, s.window, "Make it").Tapped(nil)
	s.desk.Settle()
	button(t, s.window, "Copy").Tapped(nil)
	if got := fyne.CurrentApp().Clipboard().Content(); got != "K7QP-3M2X-9VTA-HR5C-W8ND-4JYE-6ZBF-1GSU" {
		t.Errorf("copied %q", got)
	}
	button(t, s.window, "I have kept it").Tapped(nil)
	s.askPassphrase()
	button(t, s.window, "Set the passphrase").Tapped(nil)
	button(t, s.window, "Cancel").Tapped(nil)
	s.askNoPassphrase()
	button(t, s.window, "Remove").Tapped(nil)
	s.desk.Settle()
	if fmt.Sprintf("%q", f.calls) != `["revoke b" "code" "pass "]` {
		t.Errorf("%q", f.calls)
	}
	if passphraseWrong("correct horse", "correct horse") != "" || passphraseWrong("short", "short") == "" || passphraseWrong("correct horse", "correct house") == "" {
		t.Error("a passphrase is judged wrongly")
	}
}

func TestChangingTheKeysOfAnAccountAsksForASignInAndThenDoesWhatWasAsked(t *testing.T) {
	for name, c := range map[string]struct {
		ask    func(t *testing.T, s *stage)
		call   string
		result string // what the screen says then, or the title of the sheet
	}{
		"a passphrase": {func(t *testing.T, s *stage) {
			s.askPassphrase()
			for i, o := range inputs(s.window) {
				o.SetText("seven quiet owls at noon")
				if i == 1 {
					o.OnSubmitted("")
				}
			}
		}, "pass seven quiet owls at noon", "The passphrase now opens the backup."},
		"back to standard": {func(t *testing.T, s *stage) {
			s.askNoPassphrase()
			button(t, s.window, "Go back").Tapped(nil)
		}, "pass ", "The key is kept as Standard: a passphrase is no longer needed."},
		"revoking": {func(t *testing.T, s *stage) {
			s.askRevoke(s.state.keys[1])
			button(t, s.window, "Revoke").Tapped(nil)
		}, "revoke b", "Lab microscope PC no longer opens the backup."},
		"a new code": {func(t *testing.T, s *stage) {
			s.askCode()
			button(t, s.window, "Make it").Tapped(nil)
		}, "code", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := collegeAnns()
			f.stale = true
			s := stand(t, f, "light", 1180, 760)
			opened := make(chan string, 1)
			s.afresh = afresh.New(afresh.Deps{Engine: f, Window: s.window, Desk: s.desk, OpenURL: func(url string) error { opened <- url; return nil }})
			c.ask(t, s)
			s.desk.Settle()
			button(t, s.window, "Sign in").Tapped(nil)
			s.desk.Settle()
			if page := <-opened; page == "" {
				t.Error("no page was opened")
			}
			if want := []string{c.call, "signed in", c.call}; !slices.Equal(f.calls, want) {
				t.Errorf("called %q, not %q", f.calls, want)
			}
			if s.state.note.words != c.result {
				t.Errorf("the screen says %q", s.state.note.words)
			}
			if c.result == "" {
				button(t, s.window, "I have kept it").Tapped(nil)
			}
			if s.window.Canvas().Overlays().Top() != nil {
				t.Error("a sheet stays")
			}
		})
	}
}

// inputs are the fields of the dialog on top.
func inputs(window fyne.Window) (list []*look.Input) {
	for _, o := range test.LaidOutObjects(window.Canvas().Overlays().Top()) {
		if i, ok := o.(*look.Input); ok {
			list = append(list, i)
		}
	}
	return list
}

func TestWhoGivesTheSignInUpKeepsTheKeysAsTheyAre(t *testing.T) {
	f := collegeAnns()
	f.stale = true
	s := stand(t, f, "light", 1180, 760)
	s.askCode()
	button(t, s.window, "Make it").Tapped(nil)
	s.desk.Settle()
	button(t, s.window, "Cancel").Tapped(nil)
	s.desk.Settle()
	if fmt.Sprint(f.calls) != "[code]" || s.state.note.words != "" || s.window.Canvas().Overlays().Top() != nil {
		t.Errorf("called %q, said %q", f.calls, s.state.note.words)
	}
}

func TestAnAccountSaysWhoHasItsKey(t *testing.T) {
	f := collegeAnns()
	s := stand(t, f, "light", 1180, 760)
	s.view.list.Select(5)
	said := func() string {
		var all []string
		for _, o := range test.LaidOutObjects(s.view.body) {
			switch o := o.(type) {
			case *look.Words:
				all = append(all, o.Words())
			case *look.Button:
				all = append(all, o.Text())
			}
		}
		return strings.Join(all, "\n")
	}
	if words := said(); !strings.Contains(words, "The College keeps a key for you") || strings.Count(words, "Revoke…") != 2 {
		t.Errorf("with a kept key it says\n%s", words)
	}
	f.keys = anns().keys
	s.readKeys()
	s.desk.Settle()
	if words := said(); !strings.Contains(words, "The College cannot open your files") || strings.Count(words, "Revoke…") != 3 {
		t.Errorf("with a passphrase it says\n%s", words)
	}
}

func TestPicturesOfTheKeysOfAnAccount(t *testing.T) {
	for _, appearance := range []string{"light", "dark"} {
		for kind, keys := range map[string][]engine.Key{"standard": collegeAnns().keys, "passphrase": anns().keys} {
			f := collegeAnns()
			f.keys, f.stale = keys, true
			s := stand(t, f, appearance, 1180, 760)
			s.view.list.Select(5)
			picture(t, s.window, fmt.Sprintf("settings-account-%s-%s-1180", kind, appearance))
			s.askCode()
			button(t, s.window, "Make it").Tapped(nil)
			s.desk.Settle()
			picture(t, s.window, fmt.Sprintf("settings-account-%s-afresh-%s-1180", kind, appearance))
			button(t, s.window, "Cancel").Tapped(nil)
			s.askNoPassphrase()
			picture(t, s.window, fmt.Sprintf("settings-account-%s-back-%s-1180", kind, appearance))
		}
	}
}

func TestFreeingSpaceInAnAccountAsksForASignInAndThenGoesOn(t *testing.T) {
	for what, run := range map[string]func(s *stage){
		"maintain": func(s *stage) { s.runSpace() },
		"check 0":  func(s *stage) { s.runCheck(0) },
	} {
		f := collegeAnns()
		f.stale, f.damaged = true, true
		s := stand(t, f, "light", 1180, 760)
		opened := 0
		s.afresh = afresh.New(afresh.Deps{Engine: f, Window: s.window, Desk: s.desk, OpenURL: func(string) error { opened++; return nil }})
		s.view.list.Select(4)
		run(s)
		s.desk.Settle()
		button(t, s.window, "Cancel").Tapped(nil)
		s.desk.Settle()
		if got := strings.Join(f.calls, ", "); got != what || s.state.space.running || s.state.check.running || opened != 0 {
			t.Errorf("given up: %s", got)
		}
		run(s)
		s.desk.Settle()
		button(t, s.window, "Sign in").Tapped(nil)
		s.desk.Settle()
		if got := strings.Join(f.calls, ", "); got != what+", "+what+", signed in, "+what || opened != 1 {
			t.Errorf("signed in: %s", got)
		}
		if s.window.Canvas().Overlays().Top() != nil {
			t.Error("a dialog is left")
		}
		if what == "maintain" && s.state.space.says != "31 old versions were deleted, 4.2 GB freed." {
			t.Errorf("it says %q", s.state.space.says)
		}
		if what == "check 0" && !strings.Contains(s.state.check.says, "looked at") {
			t.Errorf("it says %q", s.state.check.says)
		}
	}
}

func TestASignInThatIsNotBelievedIsNotAskedForAgain(t *testing.T) {
	f := collegeAnns()
	s := stand(t, f, "light", 1180, 760)
	f.fail = &engine.Error{Kind: engine.KindFresh, Message: "This needs a sign-in of the last minutes."}
	s.free(true)
	s.desk.Settle()
	if s.window.Canvas().Overlays().Top() != nil || s.state.space.tone != engine.ToneBad {
		t.Errorf("it says %+v", s.state.space)
	}
}

func TestWhoFreesSpaceIsToldWhatGoesAndWhoCanBringItBack(t *testing.T) {
	if words := spaceMeans(anns().status.Destination); strings.Contains(words, "institution") || strings.Contains(words, "sign-in") {
		t.Errorf("in a folder: %s", words)
	}
	if words := spaceMeans(collegeAnns().status.Destination); !strings.Contains(words, "institution can bring back") || !strings.Contains(words, "sign-in") {
		t.Errorf("in an account: %s", words)
	}
	if words := fewerMeans(anns().status.Destination); !strings.Contains(words, "cannot be brought back") {
		t.Errorf("in a folder: %s", words)
	}
	if words := fewerMeans(collegeAnns().status.Destination); !strings.Contains(words, "bring them back for 30 days") {
		t.Errorf("in an account: %s", words)
	}
	for _, c := range []struct {
		result engine.MaintainResult
		err    error
		want   string
	}{
		{engine.MaintainResult{}, nil, "Nothing had to go."},
		{engine.MaintainResult{Forgotten: 1, Freed: 2e6}, nil, "1 old version was deleted, 2 MB freed."},
		{engine.MaintainResult{}, &engine.Error{Kind: engine.KindRefused, Message: "Much more would go."}, "Much more would go."},
		{engine.MaintainResult{}, context.Canceled, "This was stopped before it was done. What is kept is whole; it goes on from there the next time."},
	} {
		if got := spaceTask(c.result, c.err, c.err == context.Canceled); got.says != c.want {
			t.Errorf("%+v, %v: %q", c.result, c.err, got.says)
		}
	}
}

func TestPicturesOfFreeingSpace(t *testing.T) {
	for _, appearance := range []string{"light", "dark"} {
		for kind, f := range map[string]*fake{"account": collegeAnns(), "folder": anns()} {
			s := stand(t, f, appearance, 1180, 1000)
			s.view.list.Select(4)
			s.runSpace()
			s.desk.Settle()
			picture(t, s.window, fmt.Sprintf("settings-space-%s-%s-1180", kind, appearance))
		}
	}
}

func TestACheckCanBeStopped(t *testing.T) {
	f := anns()
	s := stand(t, f, "light", 1180, 760)
	s.runCheck(100)
	if !s.state.check.running {
		t.Fatal("it does not run")
	}
	s.stopCheck()
	s.desk.Settle()
	if s.state.check.running || s.state.check.tone == engine.ToneBad || s.state.check.tone == engine.ToneOK {
		t.Errorf("%+v", s.state.check)
	}
}

func TestDisconnectAsksAndTellsTheShell(t *testing.T) {
	f := anns()
	s := stand(t, f, "light", 1180, 760)
	gone := false
	s.deps.Gone = func() { gone = true }
	s.askDisconnect()
	button(t, s.window, "Cancel").Tapped(nil)
	s.desk.Settle()
	if gone || len(f.calls) > 0 {
		t.Fatal("cancel disconnected")
	}
	s.askDisconnect()
	button(t, s.window, "Disconnect").Tapped(nil)
	s.desk.Settle()
	if !gone {
		t.Error("the shell was not told")
	}
}

func TestWhatDisconnectingLeavesToDoIsSaid(t *testing.T) {
	f := anns()
	f.note = "The college could not be told."
	s := stand(t, f, "light", 1180, 760)
	s.deps.Gone = func() {}
	s.askDisconnect()
	button(t, s.window, "Disconnect").Tapped(nil)
	s.desk.Settle()
	button(t, s.window, "OK")
	said := slices.ContainsFunc(test.LaidOutObjects(s.window.Canvas().Overlays().Top()), func(o fyne.CanvasObject) bool {
		w, ok := o.(*look.Words)
		return ok && w.Words() == f.note
	})
	if !said {
		t.Error("it is not on the screen")
	}
}

func TestDisconnectingSaysWhatGivesTheFilesBack(t *testing.T) {
	folder, account := disconnectSays(engine.Destination{}), disconnectSays(engine.Destination{Account: "ann@college.edu", Server: "The College"})
	if !strings.Contains(folder, "recovery code or the passphrase") || strings.Contains(folder, "sign in") {
		t.Error(folder)
	}
	if !strings.Contains(account, "sign in to The College again") {
		t.Error(account)
	}
}

func TestThePrintedCodeNamesTheComputerAndTheBackup(t *testing.T) {
	f := anns()
	s := stand(t, f, "light", 1180, 760)
	printed := ""
	s.deps.Print = func(text string) error { printed = text; return nil }
	s.showCode("K7QP-3M2X")
	button(t, s.window, "Print").Tapped(nil)
	s.desk.Settle()
	for _, part := range []string{"K7QP-3M2X", f.settings.Computer, f.status.Destination.Address} {
		if part == "" || !strings.Contains(printed, part) {
			t.Errorf("%q is not in\n%s", part, printed)
		}
	}
}

func TestTheNameIsTakenWhenTheFocusLeavesIt(t *testing.T) {
	f := anns()
	s := stand(t, f, "light", 1180, 760)
	var input *nameInput
	for _, o := range test.LaidOutObjects(s.view.body) {
		if n, ok := o.(*nameInput); ok {
			input = n
		}
	}
	s.window.Canvas().Focus(input)
	input.SetText("Study")
	s.window.Canvas().Unfocus()
	s.desk.Settle()
	if f.settings.Computer != "Study" {
		t.Errorf("saved %q", f.settings.Computer)
	}
	input.SetText("  ")
	input.FocusLost()
	s.desk.Settle()
	if f.settings.Computer != "Study" || input.Text != "Study" {
		t.Errorf("an empty name was taken: %q, shown %q", f.settings.Computer, input.Text)
	}
}

func TestReplacingIsOfferedWhereThereIsAnAccountWithAnotherComputer(t *testing.T) {
	account := engine.Status{Destination: engine.Destination{Account: "ann@college.edu"}}
	all := anns().computers
	for about, c := range map[string]struct {
		status engine.Status
		all    []engine.Computer
		r      engine.Replacement
		can    bool
		button string
	}{
		"a folder":           {engine.Status{}, all, engine.Replacement{}, false, "Start"},
		"nothing to replace": {account, all[:1], engine.Replacement{}, false, "Start"},
		"another computer":   {account, all, engine.Replacement{}, true, "Start"},
		"one under way":      {account, all, engine.Replacement{Old: all[1]}, true, "Go on"},
	} {
		if _, can, button := replaceWords(c.status, c.all, c.r); can != c.can || button != c.button {
			t.Errorf("%s: %v, %q", about, can, button)
		}
	}
}

func TestDevicesLeadToReplacing(t *testing.T) {
	f := anns()
	f.status.Destination.Account = "ann@college.edu"
	s := stand(t, f, "light", 1180, 760)
	led := 0
	s.deps.Replace = func() { led++ }
	s.Open("Devices")
	s.readDevices()
	s.desk.Settle()
	if len(s.state.computers) != 3 {
		t.Errorf("listed are %+v", s.state.computers)
	}
	if s.view.replace.Disabled() {
		t.Fatal("it cannot be started")
	}
	s.view.replace.OnTapped()
	if led != 1 {
		t.Error("it leads nowhere")
	}
}
