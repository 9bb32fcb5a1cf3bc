package desktop

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"holdfast/ui/desktop/look"
	"holdfast/ui/desktop/look/picture"
)

// sheet is a page that writes down what it was told.
type sheet struct {
	name string
	log  *[]string
	stay bool // does not want to be left
}

func (p *sheet) Content() fyne.CanvasObject { return look.Body(p.name) }
func (p *sheet) Show()                      { *p.log = append(*p.log, "show "+p.name) }
func (p *sheet) Hide()                      { *p.log = append(*p.log, "hide "+p.name) }
func (p *sheet) Leave(then func()) {
	if !p.stay {
		then()
	}
}

type finder struct {
	sheet
	found, listed int
}

func (f *finder) FocusList() { f.listed++ }

func (f *finder) FocusSearch() { f.found++ }

func made(t *testing.T) (*Shell, *[]string, map[Place]Page, fyne.Window) {
	picture.App(t, "light")
	log := &[]string{}
	pages := map[Place]Page{GetFiles: &finder{sheet: sheet{name: "get", log: log}}}
	for _, p := range []Place{Home, ManageFiles, Downloads, History, Settings, Details} {
		pages[p] = &sheet{name: string(p), log: log}
	}
	w := picture.Window(t, look.Body(""), fyne.NewSize(1180, 760))
	s := New(w, &sheet{name: "first", log: log}, pages)
	w.SetContent(s.Content())
	return s, log, pages, w
}

func TestBeforeADestinationOnlyTheFirstPageIsShown(t *testing.T) {
	s, log, _, w := made(t)
	s.Go(Settings)
	press(w, fyne.Key3)
	if s.At() != "" || s.side.object.Visible() {
		t.Fatalf("it shows %q", s.At())
	}
	s.Open(Home)
	if want := []string{"show first", "hide first", "show Home"}; !slices.Equal(*log, want) {
		t.Fatalf("the pages were told %v", *log)
	}
	s.Close()
	if s.At() != "" || s.side.object.Visible() {
		t.Fatal("after the destination is gone, the side bar stays")
	}
}

func TestTheKeyboardLeadsEverywhere(t *testing.T) {
	s, _, pages, w := made(t)
	s.Open(Home)
	for i, want := range []Place{Home, ManageFiles, GetFiles, Downloads, History, Settings} {
		press(w, []fyne.KeyName{fyne.Key1, fyne.Key2, fyne.Key3, fyne.Key4, fyne.Key5, fyne.Key6}[i])
		if s.At() != want {
			t.Errorf("Ctrl+%d leads to %q", i+1, s.At())
		}
	}
	s.Go(GetFiles)
	press(w, fyne.KeyF)
	if pages[GetFiles].(*finder).found != 1 {
		t.Error("Ctrl+F did not reach the search")
	}
	w.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyDown})
	if pages[GetFiles].(*finder).listed != 1 {
		t.Error("an arrow key that nobody had did not reach the list")
	}
	s.Go(Details)
	if !s.side.items[Home].current {
		t.Error("Details is not below Home")
	}
	w.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if s.At() != Home {
		t.Errorf("Esc in Details leads to %q", s.At())
	}
}

func TestAPageThatMustNotBeLeftStays(t *testing.T) {
	s, _, pages, _ := made(t)
	s.Open(ManageFiles)
	pages[ManageFiles].(*sheet).stay = true
	s.Go(Home)
	if s.At() != ManageFiles {
		t.Fatalf("it went to %q", s.At())
	}
	pages[ManageFiles].(*sheet).stay = false
	s.Go(Home)
	if s.At() != Home {
		t.Fatalf("it stays at %q", s.At())
	}
}

func TestAWindowOutOfSightReadsNothing(t *testing.T) {
	s, log, _, _ := made(t)
	s.Open(Home)
	*log = nil
	s.SetVisible(false)
	s.Go(History)
	s.SetVisible(true)
	if want := []string{"hide Home", "show History"}; !slices.Equal(*log, want) {
		t.Fatalf("the pages were told %v", *log)
	}
}

func press(w fyne.Window, key fyne.KeyName) {
	w.Canvas().(fyne.Shortcutable).TypedShortcut(&desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault})
}

func TestANarrowSideBarNamesTheIconUnderThePointer(t *testing.T) {
	s, _, _, w := made(t)
	s.Open(Home)
	w.Resize(fyne.NewSize(900, 640))
	item := s.side.items[Downloads]
	item.MouseIn(&desktop.MouseEvent{})
	if !s.side.tip.Visible() || s.side.tip.words.Words() != "Downloads" {
		t.Fatalf("it says %q, visible %v", s.side.tip.words.Words(), s.side.tip.Visible())
	}
	item.MouseOut()
	if s.side.tip.Visible() {
		t.Fatal("the name stays when the pointer has gone")
	}
	w.Resize(fyne.NewSize(1180, 760))
	item.MouseIn(&desktop.MouseEvent{})
	if s.side.tip.Visible() {
		t.Fatal("a name that is there is said twice")
	}
}
