package home

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"holdfast/engine"
	"holdfast/ui/desktop"
	"holdfast/ui/desktop/ask"
	"holdfast/ui/desktop/look"
	"holdfast/ui/desktop/look/picture"
)

var now = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

func days(values ...int64) []engine.Day {
	var list []engine.Day
	for i, v := range values {
		list = append(list, engine.Day{Date: now.AddDate(0, 0, i-len(values)+1), Bytes: v * 1e8})
	}
	return list
}

func first() engine.Status {
	return engine.Status{
		Computer:    engine.Computer{ID: "1", Name: "Ann’s laptop", This: true, Home: "/home/ann"},
		State:       engine.StateBackingUp,
		Reason:      "First backup: a day or two. You can close this window.",
		Destination: engine.Destination{Address: "/media/ann/Backup", Reachable: true, Free: 740e9},
		Progress: engine.Progress{Active: true, First: true, Checked: 128402, CheckTotal: 128402, NewBytes: 212e9, Uploaded: 131e9,
			Speed: 41e6, Limit: "network", Left: 33 * time.Minute, Current: "/home/ann/Documents/thesis/figures/spectrum-07.tif"},
		Proven:   engine.Proof{Time: now.AddDate(0, 0, -2), Amount: engine.Amount{Files: 214, Bytes: 1.2e9}, Took: 38 * time.Second},
		Problems: 14, LastBackup: now.Add(-time.Hour),
		Days: days(12, 30, 22, 41, 18, 9, 4, 36, 52, 28, 33, 25, 11, 46),
	}
}

func others() []engine.Computer {
	return []engine.Computer{
		{ID: "2", Name: "Lab microscope PC", LastBackup: now.Add(-4 * time.Minute), Stored: engine.Amount{Files: 20419, Bytes: 88e9}},
		{ID: "3", Name: "Ann’s iMac at home", LastBackup: now.Add(-58 * time.Hour), Stored: engine.Amount{Files: 90211, Bytes: 310e9}},
	}
}

func TestHomeIsDrawn(t *testing.T) {
	calm := first()
	calm.State, calm.Reason, calm.Progress, calm.Problems = engine.StateProtected, "Every chosen file is stored.", engine.Progress{}, 0
	calm.LastBackup, calm.NextBackup = now.Add(-4*time.Minute), now.Add(11*time.Minute)
	calm.Protected = engine.Amount{Files: 128402, Bytes: 212e9}
	resting := calm
	resting.State, resting.Reason, resting.PausedUntil = engine.StatePaused, "You paused it. Nothing new is stored meanwhile.", now.Add(23*time.Hour)
	failing := calm
	failing.State, failing.Reason = engine.StateAttention, "The drive “Backup” is not connected, so nothing new is stored since Friday. Connect it; Holdfast goes on by itself."
	failing.Destination.Reachable, failing.Problems = false, 1204
	failing.Proven.Failed = []string{"3 of 214 files could not be read back."}
	counting := first()
	counting.Progress = engine.Progress{Active: true, Checked: 40211, CheckTotal: 128402, Counting: true, NewBytes: 1.2e9, Uploaded: 3e8, StoredBefore: 412e9, Speed: 41e6, Limit: "disk", Left: -1, Current: "/home/ann/Pictures/a folder with quite a long name, as people make them/2025/Holidays/IMG_2034 (copy of the copy).heic"}
	counting.Reason, counting.Proven, counting.Days, counting.Problems, counting.LastBackup = "Looking for what changed.", engine.Proof{}, days(0, 0), 0, time.Time{}
	starting := engine.Status{Computer: calm.Computer, Destination: calm.Destination, State: engine.StateBackingUp,
		Reason: "The first backup is about to start. You can close this window.", Progress: engine.Progress{First: true, Counting: true, Left: -1}}
	signedOut := calm
	signedOut.State, signedOut.SignIn = engine.StateAttention, true
	signedOut.Reason = "This computer was signed out of its account. What is stored is safe; backing up waits. Sign in again, and it goes on from where it was."
	renewed := signedOut
	renewed.SignIn, renewed.Certificate = false, true
	renewed.Reason = "The server at https://backup.college.edu shows another certificate than before: your institution renewed it, or somebody is in between. Nothing was sent to it and nothing is lost; backing up waits. Compare the certificate on Home (in a terminal: holdfast sign-in https://backup.college.edu), and it goes on by itself."
	waiting := calm
	waiting.Destination = engine.Destination{Address: "https://backup.college.edu", Account: "ann@college.edu", Server: "The College", Reachable: true, Free: -1}
	waiting.Due = engine.Due{Versions: 1204, Removals: 2}
	account := others()
	account[0].Owner, account[0].Asset, account[0].State = engine.OwnerInstitution, "A-1071", "blocked"
	for name, state := range map[string]State{
		"home-signed-out": {Known: true, Status: signedOut, Others: account, Now: now},
		"home-renewed":    {Known: true, Status: renewed, Others: others(), Now: now},
		"home-due":        {Known: true, Status: waiting, Others: others(), Now: now},
		"home-starting":   {Known: true, Status: starting, Now: now},
		"home":            {Known: true, Status: first(), Others: others(), Now: now},
		"home-protected":  {Known: true, Status: calm, Others: others(), Now: now},
		"home-paused":     {Known: true, Status: resting, Now: now},
		"home-attention":  {Known: true, Status: failing, Now: now},
		"home-counting":   {Known: true, Status: counting, Now: now},
		"home-replacing":  {Known: true, Status: calm, Others: others(), Replacing: engine.Replacement{Old: engine.Computer{ID: "9", Name: "Ann’s old laptop"}}, Now: now},
		"home-unknown":    {Err: &engine.Error{Message: "The engine does not answer. Start Holdfast again."}, Now: now},
	} {
		picture.All(t, name, func(w fyne.Window) fyne.CanvasObject {
			s := New(Deps{Window: w, Now: func() time.Time { return now }})
			s.draw(state)
			shell := desktop.New(w, still{s}, map[desktop.Place]desktop.Page{desktop.Home: still{s}})
			shell.SetFoot("Ann’s laptop", "/media/ann/Backup")
			shell.Open(desktop.Home)
			return shell.Content()
		}, nil)
	}
}

// still is a page that asks nothing.
type still struct{ *Screen }

func (still) Show() {}
func (still) Hide() {}

func TestFiguresClaimOnlyWhatIsKnown(t *testing.T) {
	cases := []struct {
		name     string
		progress engine.Progress
		checking string
		upload   string
		share    float64
	}{
		{"nothing counted yet", engine.Progress{Counting: true, Left: -1}, "still counting", "nothing new so far", 0},
		{"counting goes on", engine.Progress{Counting: true, Checked: 10, CheckTotal: 20, NewBytes: 100, Uploaded: 50, Left: time.Minute}, "10 so far, still counting", "50 B of 100 B · still counting", 0.5},
		{"all is looked at and nothing is new", engine.Progress{Checked: 20, CheckTotal: 20}, "20 of 20", "nothing new", 1},
		{"the time left is known", engine.Progress{Checked: 20, CheckTotal: 20, NewBytes: 100e6, Uploaded: 10e6, Speed: 1e6, Left: 90 * time.Second}, "20 of 20", "10 MB of 100 MB · 1 MB/s · about 2 minutes", 0.1},
		{"all that is new is stored", engine.Progress{Checked: 20, CheckTotal: 20, NewBytes: 100, Uploaded: 100}, "20 of 20", "100 B of 100 B", 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if words, _ := checking(c.progress); words != c.checking {
				t.Errorf("checking says %q, not %q", words, c.checking)
			}
			words, share := uploading(c.progress)
			if words != c.upload || share != c.share {
				t.Errorf("uploading says %q at %v, not %q at %v", words, share, c.upload, c.share)
			}
		})
	}
}

// fake answers what it is given and remembers what it was asked to do.
type fake struct {
	engine.Account
	status    engine.Status
	replacing engine.Replacement
	err       error
	did       []string
}

func (f *fake) Status(context.Context) (engine.Status, error) { return f.status, f.err }
func (f *fake) BackUp(context.Context, []string) (engine.CaptureResult, error) {
	f.did = append(f.did, "back up")
	return engine.CaptureResult{New: 2, Stored: 1000}, f.err
}
func (f *fake) Pause(_ context.Context, until time.Time) error {
	f.did = append(f.did, "pause "+until.Format("15:04"))
	f.status.State = engine.StatePaused
	return f.err
}
func (f *fake) Resume(context.Context) error { f.did = append(f.did, "resume"); return f.err }
func (f *fake) Computers(context.Context) ([]engine.Computer, error) {
	return append([]engine.Computer{{ID: "1", This: true}}, others()...), f.err
}
func (f *fake) Replacement(context.Context) (engine.Replacement, error) { return f.replacing, f.err }
func (f *fake) Drill(context.Context) (engine.Proof, error)             { return engine.Proof{}, f.err }
func (f *fake) Watch(context.Context) (<-chan engine.Topic, error) {
	return nil, errors.New("no watch")
}

func open(t *testing.T, f *fake) *Screen {
	picture.App(t, "light")
	w := picture.Window(t, nil, fyne.NewSize(964, 760))
	s := New(Deps{Engine: f, Window: w, Now: func() time.Time { return now }})
	s.desk = ask.ForTest()
	w.SetContent(s.Content())
	s.desk.Open()
	s.load()
	s.loadComputers()
	s.desk.Settle()
	t.Cleanup(s.Hide)
	return s
}

func TestWhatTheEngineSaysIsShown(t *testing.T) {
	f := &fake{status: first()}
	s := open(t, f)
	if !s.state.Known || len(s.state.Others) != 2 {
		t.Fatalf("state is %+v", s.state)
	}
	s.pause(pauses(now)[1].Until)
	s.desk.Settle()
	if f.did[0] != "pause 08:00" || !s.view.resume.Visible() || s.view.pause.Visible() {
		t.Fatalf("after Pause: did %v, resume %v", f.did, s.view.resume.Visible())
	}
	s.resume()
	s.desk.Settle()
	s.backUpNow()
	if s.view.now.Text() != "Starting…" {
		t.Fatalf("the button says %q", s.view.now.Text())
	}
	s.desk.Settle()
	if s.view.now.Text() != "Back up now" || s.view.said.Words() != "2 files new or changed, 1 KB stored." {
		t.Fatalf("then %q and %q", s.view.now.Text(), s.view.said.Words())
	}
}

func TestAnErrorIsSaidAndTheLastStateStays(t *testing.T) {
	f := &fake{status: first()}
	s := open(t, f)
	f.err = &engine.Error{Message: "The engine does not answer."}
	s.load()
	s.desk.Settle()
	if s.view.reason.Words() != "The engine does not answer." || !s.state.Known {
		t.Fatalf("the screen says %q", s.view.reason.Words())
	}
}

// account is a server that had signed this computer out.
type account struct {
	fake
	joined engine.JoinRequest
	secret string     // that opens the backup, which only the person has; "": none is wanted
	back   chan error // how the person comes back from the browser
	ended  string
}

func (f *account) SignIn(_ context.Context, q engine.SignInRequest) (engine.SignIn, error) {
	if q.Address != "" {
		return engine.SignIn{}, errors.New("it was told another server")
	}
	return engine.SignIn{ID: "s1", URL: "https://backup.college.edu/oauth/authorize"}, nil
}

func (f *account) WaitSignIn(ctx context.Context, id string) (engine.SignedIn, error) {
	select {
	case err := <-f.back:
		return engine.SignedIn{ID: id, NeedSecret: f.secret != ""}, err
	case <-ctx.Done():
		return engine.SignedIn{}, ctx.Err()
	}
}

func (f *account) CancelSignIn(_ context.Context, id string) error {
	f.ended = id
	return nil
}

func (f *account) Join(_ context.Context, q engine.JoinRequest) (engine.Connected, error) {
	f.joined = q
	if q.Secret != f.secret {
		return engine.Connected{}, &engine.Error{Kind: engine.KindSecret, Message: "This password or recovery code does not open the backup. Nothing was changed. Check for typing mistakes, or use the printed recovery code."}
	}
	f.status = engine.Status{State: engine.StateProtected}
	return engine.Connected{}, nil
}

// signedOut is Home of a computer that was signed out, and the page in the browser.
func signedOut(t *testing.T) (*Screen, *account, <-chan string) {
	picture.App(t, "light")
	f := &account{back: make(chan error, 1),
		fake: fake{status: engine.Status{State: engine.StateAttention, SignIn: true, Reason: "This computer was signed out of its account."}}}
	opened := make(chan string, 1)
	s := New(Deps{Engine: f, Window: picture.Window(t, nil, fyne.NewSize(900, 640)), OpenURL: func(url string) error { opened <- url; return nil }})
	s.desk = ask.ForTest()
	s.Show()
	t.Cleanup(s.Hide)
	s.desk.Settle()
	if !s.view.againRow.Visible() {
		t.Fatal("there is no button")
	}
	s.view.again.Tapped(nil)
	return s, f, opened
}

func TestSigningInAgainOpensTheBrowserAndGoesOn(t *testing.T) {
	s, f, opened := signedOut(t)
	f.back <- nil
	s.desk.Settle()
	if page := <-opened; page == "" || f.joined.SignIn != "s1" || s.view.againRow.Visible() {
		t.Fatalf("opened %q, joined with %+v, the button stays: %v", page, f.joined, s.view.againRow.Visible())
	}
}

func TestWhoGivesUpSigningInAgainFindsTheButtonStill(t *testing.T) {
	s, f, opened := signedOut(t)
	<-opened
	s.deps.Window.Canvas().Overlays().Top().(fyne.Focusable).TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	s.desk.Settle()
	if f.ended != "s1" || f.joined.SignIn != "" || !s.view.againRow.Visible() || s.deps.Window.Canvas().Overlays().Top() != nil {
		t.Fatalf("ended %q, joined with %+v", f.ended, f.joined)
	}
}

// asked are the field and the button of the sheet that is open.
func asked(t *testing.T, s *Screen) (input *look.Input, open, cancel *look.Button, words string) {
	t.Helper()
	top := s.deps.Window.Canvas().Overlays().Top()
	if top == nil {
		t.Fatal("no sheet is open")
	}
	for _, o := range test.LaidOutObjects(top) {
		switch o := o.(type) {
		case *look.Input:
			input = o
		case *look.Words:
			if o.Visible() {
				words += o.Words() + "\n"
			}
		case *look.Button:
			if o.Text() == "Cancel" || o.Text() == "Not now" {
				cancel = o
			} else {
				open = o
			}
		}
	}
	return input, open, cancel, words
}

func TestSigningInAgainAsksForWhatOnlyThePersonHas(t *testing.T) {
	s, f, _ := signedOut(t)
	f.secret = "correct horse battery"
	f.back <- nil
	s.desk.Settle()
	input, open, _, words := asked(t, s)
	if input == nil || !strings.Contains(words, "only you have another one") {
		t.Fatalf("the sheet says %q", words)
	}
	open.Tapped(nil) // nothing is typed
	input.SetText("correct hose")
	open.Tapped(nil)
	open.Tapped(nil) // twice
	s.desk.Settle()
	if _, open, _, words = asked(t, s); !strings.Contains(words, "typing mistakes") || open.Disabled() {
		t.Fatalf("after a mistake the sheet says %q", words)
	}
	input.SetText("correct horse battery")
	input.OnSubmitted("")
	s.desk.Settle()
	if f.joined.SignIn != "s1" || s.view.againRow.Visible() || s.deps.Window.Canvas().Overlays().Top() != nil {
		t.Fatalf("joined with %+v", f.joined)
	}
}

func TestWhoDoesNotTypeTheSecretNowFindsTheButtonStill(t *testing.T) {
	s, f, _ := signedOut(t)
	f.secret = "correct horse battery"
	f.back <- nil
	s.desk.Settle()
	_, _, cancel, _ := asked(t, s)
	cancel.Tapped(nil)
	s.desk.Settle()
	if !s.view.againRow.Visible() || s.deps.Window.Canvas().Overlays().Top() != nil {
		t.Error("the button is gone, or a sheet is left")
	}
}

func TestTheSheetForTheSecretIsDrawn(t *testing.T) {
	picture.All(t, "home-secret", func(fyne.Window) fyne.CanvasObject { return look.NewBox(look.ColorSide, "", 0) }, func(w fyne.Window) {
		s := New(Deps{Engine: &account{}, Window: w})
		s.desk = ask.ForTest()
		s.askSecret(engine.SignedIn{ID: "s1", NeedSecret: true})
	})
}

func TestAReplacementThatIsUnderWayIsOfferedToGoOn(t *testing.T) {
	f := &fake{status: first(), replacing: engine.Replacement{Old: engine.Computer{ID: "9", Name: "Ann’s old laptop"}, Step: engine.ReplaceSettings}}
	s := open(t, f)
	s.loadReplacing()
	s.desk.Settle()
	if !s.view.replacing.Visible() {
		t.Fatal("it is not offered")
	}
	f.replacing = engine.Replacement{}
	s.loadReplacing()
	s.desk.Settle()
	if s.view.replacing.Visible() {
		t.Error("it is still offered when it is over")
	}
}

func TestHomeSaysWhoseTheComputerIsAndWhereItsFilesAreKept(t *testing.T) {
	folder := State{Status: engine.Status{Computer: engine.Computer{Name: "Ann’s laptop"}, Destination: engine.Destination{Address: "/media/ann/Backup", Reachable: true, Free: -1}}}
	account := folder
	account.Status.Computer.Asset, account.Status.Computer.Owner = "20377", engine.OwnerInstitution
	account.Status.Destination = engine.Destination{Address: "https://backup.college.edu", Account: "ann@college.edu", Server: "The College", Reachable: true, Free: -1}
	for _, row := range []struct {
		state           State
		subtitle, keeps string
	}{
		{folder, "Ann’s laptop · backed up to /media/ann/Backup", "/media/ann/Backup"},
		{account, "Ann’s laptop · asset 20377 · institution", "The College, backup.college.edu"},
	} {
		if got := row.state.subtitle(); got != row.subtitle {
			t.Errorf("%q, not %q", got, row.subtitle)
		}
		if got := row.state.facts(); !slices.Contains(got, fact{"Kept at", row.keeps}) {
			t.Errorf("%q is not in %q", row.keeps, got)
		}
	}
}

func TestWhatCouldBeFreedIsSaidQuietlyAndLeadsThere(t *testing.T) {
	for _, row := range []struct {
		due  engine.Due
		want string
	}{
		{engine.Due{Versions: 1204}, "1,204 can go"},
		{engine.Due{Removals: 1}, "1 removal not carried out yet"},
		{engine.Due{Versions: 40, Removals: 2}, "40 can go, 2 removals too"},
	} {
		if got := due(row.due); got != row.want {
			t.Errorf("%+v: %q, not %q", row.due, got, row.want)
		}
	}
	f := &fake{status: engine.Status{State: engine.StateProtected, Due: engine.Due{Versions: 1204}}}
	s := open(t, f)
	went := false
	s.deps.FreeSpace = func() { went = true }
	for _, o := range test.LaidOutObjects(s.view.dueRow) {
		if b, ok := o.(*look.Button); ok {
			b.Tapped(nil)
		}
	}
	if !s.view.dueRow.Visible() || !went {
		t.Errorf("the line is there: %v, and leads there: %v", s.view.dueRow.Visible(), went)
	}
	f.status.Due = engine.Due{}
	s.load()
	s.desk.Settle()
	if s.view.dueRow.Visible() {
		t.Error("the line stays when nothing waits")
	}
}
