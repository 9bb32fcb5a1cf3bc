package details

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop"
	"holdfast/ui/desktop/ask"
	"holdfast/ui/desktop/look/picture"
)

var now = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

func full(problems int) State {
	s := State{Known: true, Now: now, Status: engine.Status{
		Computer:    engine.Computer{Home: "/home/ann"},
		State:       engine.StateProtected,
		LastBackup:  now.Add(-time.Hour),
		Destination: engine.Destination{Address: "/media/ann/Backup/Holdfast", Reachable: true, Free: 740e9},
	}}
	s.Details = engine.Details{ToDo: engine.Amount{Files: 1204, Bytes: 14e9}, Stored: 96e9, Original: 412e9, Unique: 131e9, Versions: 38}
	for i := range 60 {
		s.Details.Days = append(s.Details.Days, engine.Day{Date: now.AddDate(0, 0, i-59), Files: int64(i * 3), Bytes: int64((i*7919)%97) * 1e7})
	}
	for i, name := range []string{"Pictures/2025", "Documents/thesis", "Pictures/2024", "Mail", "Projects", "Music", "Desktop", "Downloads", "Scans"} {
		s.Details.Space = append(s.Details.Space, engine.SpaceItem{Path: "/home/ann/" + name, Bytes: int64(50e9) / int64(i+1), Files: 100})
	}
	kinds := []engine.ProblemKind{engine.ProblemUnreadable, engine.ProblemLocked, engine.ProblemVolatile}
	for i := range problems {
		s.Problems = append(s.Problems, engine.Problem{Path: fmt.Sprintf("/home/ann/Documents/old/archive/letter-%03d.odt", i), Kind: kinds[i%3],
			Reason: "You may not read this file.", Advice: "Change its permissions, or take its check away in Manage Files.", Since: now.Add(-30 * time.Hour)})
	}
	return s
}

func TestDetailsAreDrawn(t *testing.T) {
	empty := State{Known: true, Now: now, Status: engine.Status{Destination: engine.Destination{Address: "/media/ann/Backup", Free: -1, Message: "The drive is not connected. Connect it; Holdfast goes on by itself."}}}
	for name, state := range map[string]State{"details": full(3), "details-many": full(1204), "details-empty": empty} {
		picture.All(t, name, func(w fyne.Window) fyne.CanvasObject {
			s := New(Deps{Window: w, Now: func() time.Time { return now }})
			s.draw(state)
			shell := desktop.New(w, still{s}, map[desktop.Place]desktop.Page{desktop.Details: still{s}})
			shell.Open(desktop.Details)
			return shell.Content()
		}, nil)
	}
}

type still struct{ *Screen }

func (still) Show() {}
func (still) Hide() {}

func TestWhatWasSavedIsSaidInShares(t *testing.T) {
	head, line := full(0).saved()
	if head != "96 GB" || line != "for 412 GB in 38 backups. 68 % saved by storing the same only once, 8 % by compression." {
		t.Errorf("it says %q %q", head, line)
	}
	if _, line := (State{Details: engine.Details{Stored: 10, Original: 5, Unique: 5, Versions: 1}}).saved(); line != "for 5 B in 1 backup. 0 % saved by storing the same only once, 0 % by compression." {
		t.Errorf("where nothing was saved it says %q", line)
	}
}

type fake struct {
	state   State
	retried []string
	err     error
}

func (f *fake) Status(context.Context) (engine.Status, error)      { return f.state.Status, f.err }
func (f *fake) Details(context.Context) (engine.Details, error)    { return f.state.Details, nil }
func (f *fake) Problems(context.Context) ([]engine.Problem, error) { return f.state.Problems, nil }
func (f *fake) Watch(context.Context) (<-chan engine.Topic, error) {
	return nil, errors.New("no watch")
}
func (f *fake) Retry(_ context.Context, path string) error {
	f.retried = append(f.retried, path)
	f.state.Problems = f.state.Problems[1:]
	return nil
}

func TestRetryLooksAgainAndTheListFollows(t *testing.T) {
	picture.App(t, "light")
	f := &fake{state: full(5)}
	w := picture.Window(t, nil, fyne.NewSize(964, 760))
	s := New(Deps{Engine: f, Window: w, Now: func() time.Time { return now }})
	s.desk = ask.ForTest()
	w.SetContent(s.Content())
	s.desk.Open()
	t.Cleanup(s.Hide)
	s.load()
	s.desk.Settle()
	if len(s.state.Problems) != 5 || s.view.problemsHead.Words() != "5 files could not be stored as they are" {
		t.Fatalf("%d problems, %q", len(s.state.Problems), s.view.problemsHead.Words())
	}
	s.retry(f.state.Problems[0].Path)
	if !s.state.Retrying["/home/ann/Documents/old/archive/letter-000.odt"] {
		t.Fatal("nothing says that it is looked at again")
	}
	s.desk.Settle()
	if len(f.retried) != 1 || len(s.state.Problems) != 4 || len(s.state.Retrying) != 0 {
		t.Fatalf("retried %v, %d problems left", f.retried, len(s.state.Problems))
	}
}
