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
	server := engine.Server{Address: "https://backup.college.edu", Name: "The College", Provider: "College sign-on", Fingerprint: strings.Repeat("3fa91c07", 8)}
	in := engine.SignedIn{Server: server, Email: "ann@college.edu", Name: "Ann", Seats: 4, SeatsUsed: 2, Computers: []engine.Computer{
		{ID: "1", Name: "Ann’s old laptop", LastBackup: now.Add(-20 * 24 * time.Hour), Stored: engine.Amount{Bytes: 212e9}, Owner: engine.OwnerInstitution},
		{ID: "2", Name: "Lab microscope PC", Owner: engine.OwnerInstitution}}}
	full := in
	full.SeatsUsed, full.NeedSecret = 4, true
	for name, state := range map[string]State{
		"first-window":    {},
		"signin-gone":     {Account: Account{Email: "ann@college.edu", Address: "backup.college.edu", Err: &engine.Error{Message: "The server at backup.college.edu does not answer. Your files on this computer are not affected. Check the address and the network."}}},
		"signin-server":   {Step: StepServer, Account: Account{Found: server, Compared: true}},
		"signin-browser":  {Step: StepBrowser, Account: Account{Found: server, Begun: engine.SignIn{ID: "x", URL: "https://backup.college.edu/oauth/authorize"}}},
		"signin-usercode": {Step: StepBrowser, Account: Account{Found: server, Begun: engine.SignIn{ID: "x", URL: "https://backup.college.edu/device", Code: "BCDF-GHJK"}}},
		"signin-first":    {Step: StepJoin, Account: Account{In: engine.SignedIn{Server: server, Email: "ann@college.edu", Seats: 4}, Replace: -1}},
		"signin-join":     {Step: StepJoin, Account: Account{In: in, Replace: -1}},
		"signin-replace":  {Step: StepJoin, Account: Account{In: full, Way: WayReplace, Err: &engine.Error{Message: "This password or recovery code does not open the backup."}}},
		"signin-choose":   {Step: StepPlace, Drives: drives},
		"signin-new":      {Step: StepPlace, Drives: drives, Address: at.Address, Place: at, OwnPhrase: true, ConnectErr: &engine.Error{Message: "The two are not the same."}},
		"signin-same":     {Step: StepPlace, Address: same.Address, Place: same},
		"signin-open":     {Step: StepPlace, Drives: drives, Address: there.Address, Place: there, Connecting: true},
		"signin-other":    {Step: StepPlace, Drives: drives, Address: other.Address, Place: other},
		"signin-code":     {Step: StepCode, Connected: engine.Connected{Made: true, RecoveryCode: code, KeyNote: "This computer has no keychain, so its key lies in a file that only you can read."}},
		"signin-opened":   {Step: StepOpened, Connected: engine.Connected{Computers: []engine.Computer{{Name: "Ann’s laptop", This: true}, {Name: "Lab microscope PC", LastBackup: now.Add(-time.Hour)}}}},
	} {
		picture.All(t, name, func(w fyne.Window) fyne.CanvasObject {
			s := New(Deps{Window: w, Print: func(string) error { return nil }, Now: func() time.Time { return now }})
			s.view.address.OnChanged = nil
			s.view.address.SetText(state.Address)
			s.view.email.OnChanged, s.view.server.OnChanged = nil, nil
			s.view.email.SetText(state.Account.Email)
			s.view.server.SetText(state.Account.Address)
			s.view.name.SetText("Ann’s laptop")
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
	engine.Account
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

// server is an account server that says what it is told to say.
type server struct {
	fake
	found  engine.Server
	in     engine.SignedIn
	asked  engine.SignInRequest
	joined engine.JoinRequest
	ended  string
}

func (f *server) FindServer(context.Context, string) (engine.Server, error) { return f.found, f.err }

func (f *server) SignIn(_ context.Context, q engine.SignInRequest) (engine.SignIn, error) {
	f.asked = q
	begun := engine.SignIn{ID: "s1", URL: "https://backup.college.edu/oauth/authorize"}
	if q.ByCode {
		begun.Code = "BCDF-GHJK"
	}
	return begun, nil
}

func (f *server) WaitSignIn(ctx context.Context, _ string) (engine.SignedIn, error) {
	if f.in.ID == "" {
		<-ctx.Done()
		return engine.SignedIn{}, ctx.Err()
	}
	return f.in, nil
}

func (f *server) CancelSignIn(_ context.Context, id string) error {
	f.ended = id
	return nil
}

func (f *server) Join(_ context.Context, q engine.JoinRequest) (engine.Connected, error) {
	f.joined = q
	return f.connected, nil
}

func signingIn(t *testing.T, f *server) (*Screen, *[]string) {
	var opened []string
	s := open(t, &f.fake, nil)
	s.deps.Engine, s.deps.OpenURL = f, func(url string) error { opened = append(opened, url); return nil }
	s.view.email.SetText("ann@college.edu")
	s.view.server.SetText("backup.college.edu")
	return s, &opened
}

func settleAll(s *Screen) {
	for range 6 {
		s.desk.Settle()
	}
}

func TestSigningInOpensTheBrowserAndJoins(t *testing.T) {
	f := &server{found: engine.Server{Address: "https://backup.college.edu", Trusted: true}, in: engine.SignedIn{ID: "s1", Seats: 4}}
	f.connected = engine.Connected{Made: true, RecoveryCode: code}
	s, opened := signingIn(t, f)
	s.findServer()
	settleAll(s)
	if len(*opened) != 1 || f.asked.Email != "ann@college.edu" || s.state.Step != StepJoin {
		t.Fatalf("opened %v, asked %+v, step %v", *opened, f.asked, s.state.Step)
	}
	s.view.asset.SetText("A-1")
	s.join()
	settleAll(s)
	if f.joined.SignIn != "s1" || f.joined.Asset != "A-1" || f.joined.Owner != engine.OwnerInstitution || f.joined.Computer != "laptop" || s.state.Step != StepCode {
		t.Fatalf("joined with %+v, step %v", f.joined, s.state.Step)
	}
}

func TestTheRecoveryPageNamesWhatThePersonGave(t *testing.T) {
	address := "https://backup.college.edu"
	f := &server{found: engine.Server{Address: address, Trusted: true}, in: engine.SignedIn{ID: "s1", Seats: 4, Server: engine.Server{Address: address}}}
	f.connected = engine.Connected{Made: true, RecoveryCode: code}
	s, _ := signingIn(t, f)
	s.choosePlace() // a folder first, and then the server after all
	s.view.address.SetText("/media/ann/Backup")
	s.desk.Settle()
	s.start()
	s.findServer()
	settleAll(s)
	s.view.name.SetText("Ann’s laptop")
	s.join()
	settleAll(s)
	if text := s.text(); s.state.Step != StepCode || !strings.Contains(text, "Computer: Ann’s laptop\n") || !strings.Contains(text, "Backup:   "+address+"\n") || !strings.Contains(text, code) {
		t.Errorf("at step %v the page is\n%s", s.state.Step, text)
	}
}

func TestTheRecoveryPageOfAFolderNamesIt(t *testing.T) {
	f := &fake{place: engine.Place{State: engine.PlaceMissing, Free: -1}, connected: engine.Connected{Made: true, RecoveryCode: code}}
	s := open(t, f, nil)
	s.choosePlace()
	s.view.address.SetText("/media/ann/Backup")
	s.desk.Settle()
	s.goOn()
	s.desk.Settle()
	if text := s.text(); !strings.Contains(text, "Computer: laptop\n") || !strings.Contains(text, "Backup:   /media/ann/Backup\n") {
		t.Errorf("the page is\n%s", text)
	}
}

func TestAStrangeCertificateIsComparedFirst(t *testing.T) {
	f := &server{found: engine.Server{Address: "https://backup.college.edu", Fingerprint: strings.Repeat("ab", 32)}, in: engine.SignedIn{ID: "s1"}}
	s, opened := signingIn(t, f)
	s.findServer()
	settleAll(s)
	if s.state.Step != StepServer || !s.view.serverOn.Disabled() || len(*opened) != 0 {
		t.Fatalf("step %v, opened %v", s.state.Step, *opened)
	}
	s.view.compared.Toggle()
	s.view.serverOn.Tapped(nil)
	settleAll(s)
	if f.asked.Fingerprint != f.found.Fingerprint || s.state.Step != StepJoin {
		t.Fatalf("asked %+v, step %v", f.asked, s.state.Step)
	}
}

func TestWithoutASeatOnlyReplacingIsLeft(t *testing.T) {
	f := &server{found: engine.Server{Address: "https://backup.college.edu", Trusted: true}, in: engine.SignedIn{ID: "s1", Seats: 1, SeatsUsed: 1, Computers: []engine.Computer{{ID: "old", Name: "Old"}, {ID: "no", Name: "Blocked", State: "blocked"}}}}
	s, _ := signingIn(t, f)
	s.findServer()
	settleAll(s)
	if s.state.Account.Way != WayReplace || !s.view.joinOn.Disabled() || len(s.state.Account.replaceable()) != 1 {
		t.Fatalf("%+v", s.state.Account)
	}
	s.view.old.OnChanged(0)
	s.join()
	settleAll(s)
	if f.joined.Begin != "old" || f.joined.Replace != "" {
		t.Fatalf("joined with %+v", f.joined)
	}
}
