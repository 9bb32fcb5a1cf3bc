package uimap

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// row is a widget of our own, as the screens have them: tappable, without a
// Text field, made of parts.
type row struct {
	widget.BaseWidget
	name  string
	clock *widget.Button
}

func newRow(name string) *row {
	r := &row{name: name, clock: widget.NewButtonWithIcon("", theme.HistoryIcon(), func() {})}
	r.ExtendBaseWidget(r)
	return r
}

func (r *row) Tapped(*fyne.PointEvent) {}
func (r *row) MapName() string         { return "row:" + r.name }
func (r *row) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewHBox(
		canvas.NewText(r.name, theme.Color(theme.ColorNameForeground)), layout.NewSpacer(), r.clock))
}

// cut is text of our own that is drawn shortened.
type cut struct {
	widget.BaseWidget
	words string
}

func newCut(words string) *cut {
	c := &cut{words: words}
	c.ExtendBaseWidget(c)
	return c
}

func (c *cut) Words() string { return c.words }
func (c *cut) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(canvas.NewText(c.words[:3]+"…", theme.Color(theme.ColorNameForeground)))
}

// sign is a button of our own: a picture that has a name, and a mark.
type sign struct {
	widget.Icon
	name string
	on   bool
}

func (s *sign) Tapped(*fyne.PointEvent) {}
func (s *sign) Name() string            { return s.name }
func (s *sign) Checked() bool           { return s.on }

// search is an entry of our own.
type search struct{ widget.Entry }

func show(t *testing.T, content fyne.CanvasObject, width, height float32) fyne.Window {
	t.Helper()
	test.NewTempApp(t)
	w := test.NewTempWindow(t, content)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(width, height))
	return w
}

func find(t *testing.T, m Map, text string) Control {
	t.Helper()
	for _, c := range m.Controls {
		if c.Text == text && c.Kind != Text || c.Name == text {
			return c
		}
	}
	for _, c := range m.Controls {
		if c.Text == text {
			return c
		}
	}
	t.Fatalf("%q is not on the map: %+v", text, m.Controls)
	return Control{}
}

func has(m Map, text string) bool {
	for _, c := range m.Controls {
		if c.Text == text || c.Name == text {
			return true
		}
	}
	return false
}

func TestControlsAreFoundByTheirWords(t *testing.T) {
	entry := &search{}
	entry.ExtendBaseWidget(entry)
	entry.SetText("chapter")
	secret := widget.NewPasswordEntry()
	secret.SetText("hunter2")
	off := widget.NewButton("Not now", func() {})
	off.Disable()
	check := widget.NewCheck("Include deleted files", nil)
	check.SetChecked(true)
	w := show(t, container.NewVBox(widget.NewLabel("Backing up"), widget.NewButton("Get Files", func() {}), off,
		entry, secret, check), 400, 300)
	m := Walk(w.Canvas())

	if c := find(t, m, "Get Files"); c.Kind != Button || c.W != 400 || c.Y <= 0 || c.Disabled || c.Inside != -1 {
		t.Errorf("button: %+v", c)
	}
	if c := find(t, m, "Not now"); !c.Disabled {
		t.Errorf("disabled button: %+v", c)
	}
	if c := find(t, m, "Backing up"); c.Kind != Text {
		t.Errorf("label: %+v", c)
	}
	if c := find(t, m, "chapter"); c.Kind != Entry {
		t.Errorf("entry of our own: %+v", c)
	}
	if c := find(t, m, "Include deleted files"); !c.Checked {
		t.Errorf("check: %+v", c)
	}
	if has(m, "hunter2") {
		t.Error("a password is on the map")
	}
}

func TestAWidgetOfOurOwnHasTheWordsOfItsPartsAndKnowsThem(t *testing.T) {
	w := show(t, container.NewVBox(newRow("notes.md"), newRow("thesis.tex")), 300, 200)
	m := Walk(w.Canvas())
	r := find(t, m, "row:thesis.tex")
	if r.Text != "thesis.tex" || r.Kind != Button {
		t.Fatalf("row: %+v", r)
	}
	for _, c := range m.Controls {
		if c.Icon != "" && c.Inside >= 0 && m.Controls[c.Inside].Name == "row:thesis.tex" {
			if c.X <= r.X || c.X+c.W > r.X+r.W || c.Y < r.Y || c.Y+c.H > r.Y+r.H {
				t.Fatalf("clock %+v is not inside its row %+v", c, r)
			}
			return
		}
	}
	t.Fatalf("no clock in the row: %+v", m.Controls)
}

func TestShortenedTextIsWholeAndPicturesHaveNames(t *testing.T) {
	clock := &sign{name: "Versions", on: true}
	clock.ExtendBaseWidget(clock)
	clock.SetResource(theme.HistoryIcon())
	m := Walk(show(t, container.NewVBox(newCut("a very long name.docx"), clock), 300, 200).Canvas())
	if c := find(t, m, "a very long name.docx"); c.Kind != Text {
		t.Errorf("shortened text: %+v", c)
	}
	if c := find(t, m, "Versions"); c.Kind != Button || !c.Checked || c.Icon == "" {
		t.Errorf("picture: %+v", c)
	}
	if len(m.Controls) != 2 {
		t.Errorf("parts of text are on the map: %+v", m.Controls)
	}
}

func TestWhatIsScrolledAwayOrHiddenIsLeftOut(t *testing.T) {
	box := container.NewVBox()
	for _, name := range []string{"first", "second", "third", "fourth", "fifth"} {
		box.Add(widget.NewButton(name, func() {}))
	}
	box.Objects[1].Hide()
	scroll := container.NewVScroll(box)
	w := show(t, container.NewBorder(widget.NewLabel("above"), nil, nil, nil, scroll), 200, 120)
	m := Walk(w.Canvas())
	if !has(m, "first") || has(m, "second") || has(m, "fifth") {
		t.Fatalf("before scrolling: %+v", m.Controls)
	}
	scroll.ScrollToBottom()
	m = Walk(w.Canvas())
	if has(m, "first") || !has(m, "fifth") {
		t.Fatalf("after scrolling: %+v", m.Controls)
	}
	for _, c := range m.Controls {
		if c.Y+c.H > m.Height || c.X+c.W > m.Width || c.X < 0 || c.Y < 0 {
			t.Errorf("outside of the window: %+v", c)
		}
	}
}

func TestADialogCoversWhatIsBelow(t *testing.T) {
	w := show(t, widget.NewButton("Get Files", func() {}), 400, 300)
	pop := widget.NewModalPopUp(container.NewVBox(widget.NewLabel("Save to"), widget.NewButton("Go", func() {})), w.Canvas())
	pop.Show()
	m := Walk(w.Canvas())
	if !find(t, m, "Get Files").Covered {
		t.Error("what lies under a dialog is not marked")
	}
	over := find(t, m, "Go")
	if over.Covered || over.X < 100 || over.Y < 50 {
		t.Errorf("in the dialog: %+v", over)
	}
	pop.Hide()
	if m = Walk(w.Canvas()); has(m, "Go") || find(t, m, "Get Files").Covered {
		t.Errorf("after the dialog: %+v", m.Controls)
	}
}

func TestRectanglesAreInPixels(t *testing.T) {
	w := show(t, container.NewWithoutLayout(), 200, 100)
	b := widget.NewButton("Go", func() {})
	b.Resize(fyne.NewSize(50, 20))
	b.Move(fyne.NewPos(100, 40))
	w.SetContent(container.NewWithoutLayout(b))
	w.Canvas().(test.WindowlessCanvas).SetScale(2)
	if c := find(t, Walk(w.Canvas()), "Go"); c.X != 200 || c.Y != 80 || c.W != 100 || c.H != 40 {
		t.Fatalf("at scale 2: %+v", c)
	}
}

func TestWithoutAPathNothingIsWritten(t *testing.T) {
	t.Chdir(t.TempDir())
	w := show(t, widget.NewLabel("quiet"), 100, 100)
	Attach(w, "")()
	files, err := os.ReadDir(".")
	if err != nil || len(files) != 0 {
		t.Fatal(files, err)
	}
}

func TestTheFileFollowsTheWindow(t *testing.T) {
	w := show(t, widget.NewButton("Go", func() {}), 100, 100)
	path := filepath.Join(t.TempDir(), "map.json")
	detach := Attach(w, path)
	defer detach()
	deadline := time.Now().Add(3 * time.Minute)
	for last := 0; last < 2; {
		data, err := os.ReadFile(path)
		if err == nil {
			var m Map
			if err := json.Unmarshal(data, &m); err != nil {
				t.Fatalf("half a map: %v", err)
			}
			if find(t, m, "Go"); m.Seq < last {
				t.Fatalf("map %d after %d", m.Seq, last)
			}
			last = m.Seq
		} else if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("no second map")
		}
		time.Sleep(20 * time.Millisecond)
	}
	detach()
	detach()
}
