package look_test

import (
	"fmt"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
	"holdfast/ui/desktop/look/picture"
)

func TestTheKitIsDrawn(t *testing.T) {
	picture.All(t, "kit", func(w fyne.Window) fyne.CanvasObject {
		ring := look.NewRing()
		ring.Set(0.62, "62 %", "stored", look.ColorAccent)
		whole := look.NewRing()
		whole.SetIcon(1, "check", "protected", look.ColorOK)
		chart := look.Columns(56)
		chart.Set([]int64{2, 5, 4, 7, 3, 2, 1, 6, 9, 5, 6, 4, 2, 8})
		tree := look.Treemap(fyne.NewSize(200, 180))
		tree.Set([]look.Area{{"Pictures", 500, "50 GB"}, {"Documents", 300, "30 GB"}, {"Music", 200, "20 GB"}, {"Desktop", 90, "9 GB"}, {"Mail", 60, "6 GB"}, {"Code", 50, "5 GB"}, {"a", 20, "2 GB"}, {"b", 20, "2 GB"}, {"c", 9, "1 GB"}})
		off := look.Primary("Continue", "", nil)
		off.Disable()
		gone := look.Check("Disabled", engine.MarkCheck, nil)
		gone.Disable()
		list := look.NewList(func() int { return 40 }, func() fyne.CanvasObject {
			return look.Pad(look.Row(8, look.Check("", engine.MarkCheck, nil), look.NewGlyph(look.Icon("folder", look.ColorSoft), look.IconSize), look.Grow(look.Body("").Truncate()), look.NewRowIcon("clock", look.ColorAccent, "Versions", nil), look.Sized(look.Figures("").Right(), 80, 20)), 0, 10, 0, 10)
		}, func(i int, o fyne.CanvasObject) {})
		list.SetSelected(2)
		left := look.Card(look.Column(look.Gap,
			look.Row(16, ring, whole, look.Grow(look.Column(8, look.Row(8, look.Pill("Backing up", engine.ToneBusy), look.Pill("Protected", engine.ToneOK), look.Pill("Paused", engine.ToneWarn)), look.Row(8, look.Pill("Needs attention", engine.ToneBad), look.Pill("Off for 2 days", engine.ToneQuiet)), look.Bar(0.62), chart))),
			look.Row(8, look.Primary("Get Files", "history", nil), look.Secondary("Manage Files", "list-checks", nil), look.Link("Details", nil)),
			look.Row(8, look.MenuButton("Pause", "pause", nil), off, look.IconButton("x", "Close", nil), look.IconMenuButton("ellipsis", "More", nil), look.SmallLink("See which and why", nil)),
			look.Field("Server address", look.NewInput("backup.college.edu")),
			look.NewSearch("Search every name, at every time", nil, nil),
		))
		right := look.Card(look.Column(12,
			look.Row(16, look.Check("Include deleted", engine.MarkCheck, nil), look.Check("Dash", engine.MarkDash, nil), look.Check("Empty", engine.MarkEmpty, nil), gone),
			look.Radio([]look.Option{{"Downloads", "/home/ann/Downloads/thesis"}, {"Desktop", ""}}, 0, nil),
			look.Paragraph("The exclusion **Virtual disks** (.pvm) leaves it out. It would add 12 GB."),
			look.SmallParagraph("Taking a check away stops backing up. Versions that are stored stay."),
			tree,
			look.Select([]string{"15 minutes", "1 hour"}, 0, "", nil),
			look.Row(8, look.Figures("1,111,111"), look.Figures("2,828,828")),
		))
		page := look.Page("This computer", "Ann’s laptop", look.Row(16, look.Grow(left), look.Grow(right)), look.MenuButton("Pause", "pause", nil))
		return page.Content()
	}, nil)
}

func TestTheListIsWholeForTheKeyboard(t *testing.T) {
	picture.App(t, "light")
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprintf("file %03d", i)
	}
	names[700] = "zebra"
	list := look.NewList(func() int { return len(names) }, func() fyne.CanvasObject { return look.Body("") },
		func(i int, o fyne.CanvasObject) { o.(*look.Text).Set(names[i]) })
	list.TypeAhead = func(i int) string { return names[i] }
	var activated, spaced = -1, -1
	list.OnActivated = func(i int) { activated = i }
	list.OnSpace = func(i int) { spaced = i }
	w := picture.Window(t, list, fyne.NewSize(300, 340))
	w.Canvas().Focus(list)
	press := func(k fyne.KeyName) { list.TypedKey(&fyne.KeyEvent{Name: k}) }
	steps := []struct {
		key  fyne.KeyName
		want int
	}{{fyne.KeyDown, 1}, {fyne.KeyEnd, 999}, {fyne.KeyUp, 998}, {fyne.KeyPageUp, 989}, {fyne.KeyHome, 0}, {fyne.KeyPageDown, 9}}
	for _, s := range steps {
		press(s.key)
		if list.Selected() != s.want {
			t.Fatalf("after %s row %d is selected, not %d", s.key, list.Selected(), s.want)
		}
		if _, ok := list.RowPosition(s.want); !ok {
			t.Fatalf("after %s row %d is out of sight", s.key, s.want)
		}
	}
	list.TypedRune('z')
	if list.Selected() != 700 {
		t.Fatalf("typing z selected %d", list.Selected())
	}
	press(fyne.KeyReturn)
	list.SetSelected(5)
	if activated != 700 {
		t.Fatalf("Enter activated %d", activated)
	}
	time.Sleep(1100 * time.Millisecond)
	list.TypedRune(' ')
	if spaced != 5 {
		t.Fatalf("Space reached %d", spaced)
	}
}
