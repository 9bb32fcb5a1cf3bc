package history

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"holdfast/engine"
	"holdfast/ui/desktop/ask"
	"holdfast/ui/desktop/look"
)

// quiet is an engine in which nothing happens.
type quiet struct{}

func (quiet) Watch(ctx context.Context) (<-chan engine.Topic, error) {
	c := make(chan engine.Topic)
	go func() { <-ctx.Done(); close(c) }()
	return c, nil
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.Local)

type stage struct {
	*Screen
	desk   *ask.Desk
	window fyne.Window
}

func stand(t *testing.T, e Engine, appearance string, width, height float32) *stage {
	t.Helper()
	app := test.NewTempApp(t)
	app.Settings().SetTheme(look.NewTheme(appearance, look.Fonts{}))
	window := app.NewWindow("")
	desk := ask.ForTest()
	s := New(Deps{Engine: e, Window: window, Desk: desk, Now: func() time.Time { return noon }, Settle: time.Microsecond})
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

func week() book {
	var b book
	lines := []engine.Event{
		{Tone: engine.ToneOK, Kind: "backup", Text: "41 files, 96 MB stored. 12 of them were new."},
		{Tone: engine.ToneQuiet, Kind: "settings", Text: "Computer name changed from annes-mbp to Ann’s laptop."},
		{Tone: engine.ToneBad, Kind: "problem", Text: "The backup drive cannot be reached. Your files on this computer are unharmed; what changes from now on is stored as soon as the drive is back. Connect the drive, or choose another place in Settings."},
		{Tone: engine.ToneOK, Kind: "restore", Text: "3 files restored and verified to /Users/ann/Downloads/thesis."},
		{Tone: engine.ToneWarn, Kind: "problem", Text: "/Users/ann/Library/Mail/V10/index.db kept changing while it was read; it was stored as it was."},
		{Tone: engine.ToneOK, Kind: "check", Text: "Restored and compared: 214 files, 1.2 GB, in 38 seconds. All of it is right."},
		{Tone: engine.ToneQuiet, Kind: "key", Text: "A new recovery code was made; the old one no longer opens the backup."},
	}
	for i := range 600 {
		e := lines[i%len(lines)]
		e.ID, e.Time = int64(1000-i), noon.Add(-time.Duration(i*i)*time.Minute)
		b.list = append(b.list, e)
	}
	return b
}

func TestPictures(t *testing.T) {
	for _, size := range []fyne.Size{{Width: 1180, Height: 760}, {Width: 900, Height: 640}} {
		for _, appearance := range []string{"light", "dark"} {
			name := fmt.Sprintf("%s-%.0f", appearance, size.Width)
			s := stand(t, week(), appearance, size.Width, size.Height)
			s.view.list.Select(2)
			picture(t, s.window, "history-full-"+name)
			s.view.search.SetText("nobody")
			s.desk.Settle()
			picture(t, s.window, "history-none-"+name)
		}
	}
}

func TestScrollingReadsMore(t *testing.T) {
	s := stand(t, week(), "light", 1180, 760)
	if n := len(s.state.pages.events); n != pageSize {
		t.Fatalf("%d events at first", n)
	}
	s.view.list.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnd})
	s.desk.Settle()
	if n := len(s.state.pages.events); n < 2*pageSize-1 {
		t.Errorf("%d events after scrolling to the end", n)
	}
}

func TestSearch(t *testing.T) {
	s := stand(t, week(), "light", 1180, 760)
	s.view.search.SetText("recovery")
	s.desk.Settle()
	for _, e := range s.state.pages.events {
		if !strings.Contains(e.Text, "recovery") {
			t.Fatalf("found %q", e.Text)
		}
	}
	s.view.search.SetText("")
	s.desk.Settle()
	if len(s.state.pages.events) != pageSize {
		t.Error("an empty search does not show everything")
	}
}

func TestNewEventsComeInFrontAndKeepTheSelection(t *testing.T) {
	b := week()
	s := stand(t, &b, "light", 1180, 760)
	s.view.list.Select(3)
	id := s.state.selected
	b.list = append([]engine.Event{{ID: 2000, Time: noon, Text: "new"}}, b.list...)
	s.renew()
	s.desk.Settle()
	if s.state.pages.events[0].ID != 2000 || s.view.list.Selected() != 4 || s.state.selected != id {
		t.Errorf("first is %d, row %d is selected", s.state.pages.events[0].ID, s.view.list.Selected())
	}
}

func TestAHistoryThatCannotBeReadSaysSo(t *testing.T) {
	s := stand(t, book{err: errors.New("closed")}, "light", 1180, 760)
	if s.state.failed == "" {
		t.Error("nothing is said")
	}
	picture(t, s.window, "history-failed-light-1180")
}
