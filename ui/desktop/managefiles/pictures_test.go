package managefiles

import (
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

// stage shows the screen in a window of the software driver, beside a bare
// navigation, so that pictures have the measures of the design.
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
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := New(Deps{Engine: e, Window: window, Desk: desk, Now: func() time.Time { return now }, Settle: time.Microsecond})
	window.SetPadded(false)
	window.SetContent(container.New(beside{}, look.NewBox(look.ColorSide, "", 0), s.Content()))
	window.Resize(fyne.NewSize(width, height))
	s.Show()
	desk.Settle()
	t.Cleanup(func() { s.Hide(); desk.Settle(); desk.Wait(); window.Close() })
	return &stage{Screen: s, desk: desk, window: window}
}

// beside is the navigation of the design, 216 wide.
type beside struct{}

func (beside) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(300, 300) }
func (beside) Layout(o []fyne.CanvasObject, size fyne.Size) {
	place(o[0], 0, 0, 216, size.Height)
	place(o[1], 216, 0, size.Width-216, size.Height)
}

// open opens folders one after the other and selects the last row.
func (s *stage) open(t *testing.T, paths ...string) {
	t.Helper()
	for i, path := range paths {
		n := s.state.tree.find(path)
		if n == nil {
			t.Fatalf("%s is not in the tree", path)
		}
		if i == len(paths)-1 {
			s.view.list.Select(s.state.tree.index(n))
		} else {
			s.toggleOpen(n)
		}
		s.desk.Settle()
	}
}

// picture writes what the window shows to $HOLDFAST_PICTURES, and fails on a
// window in which nothing can be seen.
func picture(t *testing.T, window fyne.Window, name string) {
	t.Helper()
	if os.Getenv("HOLDFAST_PICTURES") == "" && !strings.Contains(name, "light-1180") {
		return // drawing takes longer than everything else
	}
	img := window.Canvas().Capture()
	colors := map[any]bool{}
	for y := 0; y < img.Bounds().Dy(); y += 3 {
		for x := 0; x < img.Bounds().Dx(); x += 3 {
			colors[img.At(x, y)] = true
		}
	}
	if len(colors) < 20 {
		t.Errorf("%s shows %d colours only", name, len(colors))
	}
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

var toOld = []string{"/", "/Users", "/Users/ann", "/Users/ann/Pictures", "/Users/ann/Pictures/old.pvm"}

func TestPictures(t *testing.T) {
	for _, size := range []fyne.Size{{Width: 1180, Height: 760}, {Width: 900, Height: 640}} {
		for _, appearance := range []string{"light", "dark"} {
			name := func(what string) string {
				return fmt.Sprintf("manage-%s-%s-%.0f", what, appearance, size.Width)
			}
			t.Run(name("all"), func(t *testing.T) {
				s := stand(t, ann(), appearance, size.Width, size.Height)
				s.open(t, toOld...)
				picture(t, s.window, name("why"))
				s.toggleCheck(s.state.tree.find("/Users/ann/Desktop"))
				s.desk.Settle()
				picture(t, s.window, name("join"))
			})
			t.Run(name("full"), func(t *testing.T) {
				s := stand(t, crowded(), appearance, size.Width, size.Height)
				s.open(t, "/", "/Users", "/Users/ann", "/Users")
				s.change(uncheck(s.state.draft, "/Users/ann/Documents"))
				s.desk.Settle()
				picture(t, s.window, name("full"))
				s.addRule()
				s.desk.Settle()
				top := s.window.Canvas().Focused().(*look.Input)
				top.SetText("iso2")
				s.desk.Settle()
				picture(t, s.window, name("rule"))
				s.window.Canvas().Overlays().Remove(s.window.Canvas().Overlays().Top())
				s.view.rules.open()
				picture(t, s.window, name("rules"))
				s.window.Canvas().Overlays().Remove(s.window.Canvas().Overlays().Top())
				s.showRemovals()
				picture(t, s.window, name("removals"))
			})
		}
	}
}

func TestPicturesOfTrouble(t *testing.T) {
	d := ann()
	d.fail = &engine.Error{Op: "read", Kind: engine.KindUnreachable, Message: "The engine does not answer. Nothing was changed; it is asked again in a moment.", Err: errors.New("socket")}
	s := stand(t, d, "light", 1180, 760)
	picture(t, s.window, "manage-failed-light-1180")
	d.fail = nil
	s.load()
	s.desk.Settle()
	s.open(t, toOld...)
	s.askRemove(s.state.selected)
	s.desk.Settle()
	picture(t, s.window, "manage-remove-light-1180")
}

func TestPicturesOfRemovingWhatAReplacedComputerHadToo(t *testing.T) {
	for _, mode := range []string{"light", "dark"} {
		d := ann()
		d.also = []string{"Ann’s old laptop (before replacement)"}
		s := stand(t, d, mode, 900, 640)
		s.open(t, toOld...)
		s.askRemove(s.state.selected)
		s.desk.Settle()
		picture(t, s.window, "manage-remove-also-"+mode+"-900")
	}
}
