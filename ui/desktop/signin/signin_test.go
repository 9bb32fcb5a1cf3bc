package signin

import (
	"context"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop"
	"holdfast/ui/desktop/ask"
	"holdfast/ui/desktop/look/picture"
)

var now = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

var drives = []Drive{
	{Name: "Backup", Path: "/media/ann/Backup", Free: 740e9, Removable: true},
	{Name: "Data", Path: "/mnt/data", Free: 1.8e12},
}

const code = "7KQ2M-X4TGB-9WPNA-03RFH-ZC6VD-JE8YS"

func TestTheFirstWindowIsDrawn(t *testing.T) {
	at := engine.Place{Address: "/media/ann/Backup/Holdfast", State: engine.PlaceMissing, Free: 740e9, Message: "This folder will be made."}
	same := at
	same.SameDisk, same.Inside, same.Address = true, true, "/home/ann/Backup"
	there, other := at, at
	there.State, there.Message = engine.PlaceRepository, "There is a backup in this folder already. Its password or recovery code opens it, and nothing in it is changed."
	other.State, other.Message, other.Address = engine.PlaceOther, "There are other things in this folder.", "/media/ann/Backup"
	for name, state := range map[string]State{
		"first-window":  {},
		"signin-choose": {Step: StepPlace, Drives: drives},
		"signin-new":    {Step: StepPlace, Drives: drives, Address: at.Address, Place: at, OwnPhrase: true, ConnectErr: &engine.Error{Message: "The two are not the same."}},
		"signin-same":   {Step: StepPlace, Address: same.Address, Place: same},
		"signin-open":   {Step: StepPlace, Drives: drives, Address: there.Address, Place: there, Connecting: true},
		"signin-other":  {Step: StepPlace, Drives: drives, Address: other.Address, Place: other},
		"signin-code":   {Step: StepCode, Connected: engine.Connected{Made: true, RecoveryCode: code, KeyNote: "This computer has no keychain, so its key lies in a file that only you can read."}},
		"signin-opened": {Step: StepOpened, Connected: engine.Connected{Computers: []engine.Computer{{Name: "Ann’s laptop", This: true}, {Name: "Lab microscope PC", LastBackup: now.Add(-time.Hour)}}}},
	} {
		picture.All(t, name, func(w fyne.Window) fyne.CanvasObject {
			s := New(Deps{Window: w, Print: func(string) error { return nil }, Now: func() time.Time { return now }})
			s.view.address.OnChanged = nil
			s.view.address.SetText(state.Address)
			s.draw(state)
			return desktop.New(w, still{s}, nil).Content()
		}, nil)
	}
}

type still struct{ *Screen }

func (still) Show() {}
func (still) Hide() {}

// fake is an engine that says what it is told to say.
type fake struct {
	place     engine.Place
	connected engine.Connected
	err       error
	inspected []string
	request   engine.ConnectRequest
}

func (f *fake) Inspect(_ context.Context, address string) (engine.Place, error) {
	f.inspected = append(f.inspected, address)
	p := f.place
	p.Address = address
	return p, nil
}

func (f *fake) Connect(_ context.Context, r engine.ConnectRequest) (engine.Connected, error) {
	f.request = r
	return f.connected, f.err
}

func open(t *testing.T, f *fake, done func()) *Screen {
	picture.App(t, "light")
	w := picture.Window(t, nil, fyne.NewSize(900, 640))
	s := New(Deps{Engine: f, Window: w, Done: done, Drives: func() []Drive { return drives }, Computer: "laptop", Now: func() time.Time { return now }})
	s.desk = ask.ForTest()
	w.SetContent(s.Content())
	s.Show()
	s.desk.Settle()
	t.Cleanup(s.Hide)
	return s
}

func TestANewBackupIsMadeAndTheCodeHasToBeKept(t *testing.T) {
	f := &fake{place: engine.Place{State: engine.PlaceMissing, Free: -1}, connected: engine.Connected{Made: true, RecoveryCode: code}}
	done := 0
	s := open(t, f, func() { done++ })
	s.choosePlace()
	s.desk.Settle()
	if len(s.view.driveRows) != 2 || !s.view.goOn.Disabled() {
		t.Fatalf("%d drives, Continue disabled %v", len(s.view.driveRows), s.view.goOn.Disabled())
	}
	s.view.driveRows[0].Tapped(nil)
	s.desk.Settle()
	if s.state.Address != folderOn(drives[0]) || s.view.goOn.Disabled() || !s.view.driveRows[0].chosen {
		t.Fatalf("after the press: %+v", s.state)
	}
	s.view.ownPhrase.Toggle()
	s.view.phrase.SetText("correct horse battery")
	s.goOn()
	if s.state.ConnectErr == nil || f.request.Address != "" {
		t.Fatal("a passphrase that was typed once was taken")
	}
	s.view.again.SetText("correct horse battery")
	s.goOn()
	s.desk.Settle()
	if f.request.Passphrase != "correct horse battery" || f.request.Computer != "laptop" || s.state.Step != StepCode {
		t.Fatalf("asked for %+v, step %v", f.request, s.state.Step)
	}
	if s.view.phrase.Text != "" || !s.view.done.Disabled() {
		t.Fatal("the passphrase stays on the screen, or Done can be pressed already")
	}
	s.view.kept.Toggle()
	s.view.done.Tapped(nil)
	if done != 1 || s.state.Connected.RecoveryCode != "" {
		t.Fatalf("done %d, the code is still known: %v", done, s.state.Connected.RecoveryCode != "")
	}
}

func TestAWrongSecretIsSaidWhereItIsTyped(t *testing.T) {
	f := &fake{place: engine.Place{State: engine.PlaceRepository}, err: &engine.Error{Kind: engine.KindSecret, Message: "That does not open this backup."}}
	s := open(t, f, nil)
	s.choosePlace()
	s.view.address.SetText("/media/ann/Backup")
	s.desk.Settle()
	s.goOn()
	if s.view.wrong.Words() != "Type the password or the recovery code." {
		t.Fatalf("without a secret it says %q", s.view.wrong.Words())
	}
	s.view.secret.SetText("wrong")
	s.goOn()
	s.desk.Settle()
	if s.view.wrong.Words() != "That does not open this backup." || s.state.Connecting || s.view.goOn.Disabled() {
		t.Fatalf("it says %q", s.view.wrong.Words())
	}
}

func TestOnlyTheAddressThatIsThereIsLookedAt(t *testing.T) {
	f := &fake{place: engine.Place{State: engine.PlaceOther, Message: "Other things."}}
	s := open(t, f, nil)
	s.choosePlace()
	for i := range len("/mnt/x") {
		s.view.address.SetText("/mnt/x"[:i+1])
	}
	s.desk.Settle()
	if len(f.inspected) != 1 || f.inspected[0] != "/mnt/x" {
		t.Fatalf("looked at %q", f.inspected)
	}
	s.view.inside.Tapped(nil)
	if !strings.HasSuffix(s.state.Address, "Holdfast") {
		t.Fatalf("the offer leads to %q", s.state.Address)
	}
}
