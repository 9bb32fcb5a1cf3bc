package getfiles

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
	"holdfast/ui/desktop/look/picture"
)

func names(s *Screen) []string {
	var out []string
	for _, item := range s.state.Items {
		out = append(out, item.Name)
	}
	return out
}

func TestItOpensAtTheHomeFolder(t *testing.T) {
	s, _, _ := open(t, annsLaptop())
	if s.state.Folder != "/home/ann" || !slices.Equal(names(s), []string{"Desktop", "Documents", "Pictures"}) {
		t.Fatalf("%s shows %q", s.state.Folder, names(s))
	}
	var rows []string
	for _, r := range s.state.Tree.rows {
		rows = append(rows, r.name)
	}
	if want := []string{"Home of ann", "Desktop", "Documents", "Pictures", "All of this computer"}; !slices.Equal(rows, want) {
		t.Errorf("the tree shows %q", rows)
	}
}

func TestWhereNothingOfTheHomeFolderIsBackedUpItOpensAtTheTop(t *testing.T) {
	f := annsLaptop()
	delete(f.folders, "/home/ann")
	s, _, _ := open(t, f)
	if s.state.Folder != top || !slices.Equal(names(s), []string{"home", "srv"}) {
		t.Errorf("%s shows %q", s.state.Folder, names(s))
	}
}

func TestAnAnswerOfAnOlderFolderIsDropped(t *testing.T) {
	s, hold, _ := open(t, annsLaptop())
	s.open(docs, "")
	hold.run()
	s.open("/home/ann/Desktop", "")
	s.engine.(*fake).folders["/home/ann/Desktop"] = []engine.Item{item("/home/ann/Desktop/todo.txt", 1, monday)}
	hold.run()
	slices.Reverse(hold.answers)
	hold.settle()
	if s.state.Folder != "/home/ann/Desktop" || !slices.Equal(names(s), []string{"todo.txt"}) {
		t.Errorf("%s shows %q", s.state.Folder, names(s))
	}
	s.open(docs, "")
	hold.run()
	s.Hide()
	hold.settle()
	if slices.Contains(names(s), "thesis") {
		t.Error("an answer after Hide was shown")
	}
}

func TestASlowAnswerIsSaidToBeSlow(t *testing.T) {
	s, hold, _ := open(t, annsLaptop())
	s.open(docs, "")
	if s.state.insteadOf().title != "" || len(s.state.Items) == 0 {
		t.Error("the old rows go before there is need")
	}
	hold.pass()
	if got := s.state.insteadOf().title; got != "Opening…" {
		t.Errorf("after a while it says %q", got)
	}
	hold.settle()
	if s.state.insteadOf().title != "" {
		t.Error("it still says so after the answer")
	}
}

func TestKeysAlone(t *testing.T) {
	s, hold, w := open(t, annsLaptop())
	w.Canvas().Focus(s.list)
	key := func(names ...fyne.KeyName) {
		for _, name := range names {
			w.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: name})
			hold.settle()
		}
	}
	s.list.Select(0)
	key(fyne.KeyDown, fyne.KeyReturn) // Documents
	if s.state.Folder != docs {
		t.Fatalf("Enter opened %s", s.state.Folder)
	}
	w.Canvas().Focused().TypedRune('t')
	key(fyne.KeyReturn)
	if s.state.Folder != docs+"/thesis" {
		t.Fatalf("typing t and Enter opened %s", s.state.Folder)
	}
	key(fyne.KeyBackspace)
	if got, _ := s.state.selected(); s.state.Folder != docs || got.Name != "thesis" {
		t.Fatalf("Backspace led to %s with %q selected", s.state.Folder, got.Name)
	}
	s.list.OnSpace(s.list.Selected()) // as Space does, but for the name typed just now
	hold.settle()
	if p := s.state.chosen().list(); len(p) != 1 || p[0].path != docs+"/thesis" || !p[0].folder {
		t.Fatalf("Space chose %v", p)
	}
	key(fyne.KeyReturn, fyne.KeyEnd)
	s.ahead = time.Time{}
	key(fyne.KeyV)
	if s.floating == nil {
		t.Fatal("V did not open the versions")
	}
	key(fyne.KeyEscape)
	if s.floating != nil || w.Canvas().Focused() != fyne.Focusable(s.list) {
		t.Error("Esc closes them and gives the keys back")
	}
}

func TestTakingOneFileOutOfAChosenFolder(t *testing.T) {
	s, hold, _ := open(t, annsLaptop())
	thesis(s, hold)
	s.chooseFolder(docs)
	hold.settle()
	if got := s.state.chosen().mark(s.state.Items[3]); got != engine.MarkCheck {
		t.Fatal("all in a chosen folder is chosen")
	}
	s.toggle(3)
	hold.settle()
	var left []string
	for _, p := range s.state.chosen().list() {
		left = append(left, base(p.path))
	}
	want := []string{"grants", "letters", "bibliography.bib", "chapters", "defence-slides.pptx", "figures", "notes.md", "survey-raw.csv", "title-page.png"}
	if !slices.Equal(left, want) {
		t.Errorf("left chosen: %q", left)
	}
}

func TestAVersionIsGotInPlaceOfTheFile(t *testing.T) {
	f := annsLaptop()
	s, hold, w := open(t, f)
	var queued int64
	s.queued = func(id int64) { queued = id }
	thesis(s, hold)
	s.toggle(0)
	s.showVersions(3)
	hold.settle()
	content := w.Canvas().Overlays().Top()
	for _, o := range test.LaidOutObjects(content) {
		if l, ok := o.(*look.List); ok {
			l.Select(1)
		}
	}
	press(t, content, "Choose")
	hold.settle()
	if strong, rest := s.state.summary(); strong+rest != "2 chosen · 41 files, 96 MB · chapter-3.docx as of Today 11:20" {
		t.Errorf("the bar says %q", strong+rest)
	}
	s.get.Tapped(nil)
	hold.settle()
	press(t, w.Canvas().Overlays().Top(), "Go")
	hold.settle()
	if len(f.got) != 1 || queued != 7 || s.state.chosen().len() != 0 {
		t.Fatalf("got %d, went to job %d, %d still chosen", len(f.got), queued, s.state.chosen().len())
	}
	want := engine.GetRequest{
		Refs: []engine.Ref{{Computer: "a", Path: docs + "/thesis/chapter-3.docx", Version: "4"}, {Computer: "a", Path: docs + "/thesis/chapters"}},
		To:   engine.ToDownloads, Exists: engine.ExistingRename, Permissions: engine.PermissionsMine,
	}
	if fmt.Sprint(f.got[0]) != fmt.Sprint(want) {
		t.Errorf("asked for %+v", f.got[0])
	}
	if w.Canvas().Overlays().Top() != nil {
		t.Error("the dialog is still there")
	}
}

// press finds the first button of these words and presses it.
func press(t *testing.T, in fyne.CanvasObject, words string) {
	t.Helper()
	for _, o := range test.LaidOutObjects(in) {
		if b, ok := o.(*look.Button); ok && b.Text() == words {
			b.Tapped(nil)
			return
		}
	}
	t.Fatalf("no button %q", words)
}

func TestOtherAsksForAFolderAndPlansForIt(t *testing.T) {
	f := annsLaptop()
	s, hold, _ := open(t, f)
	thesis(s, hold)
	s.toggle(0)
	hold.settle()
	o := &options{screen: s, request: s.request(engine.ToDownloads), plans: map[engine.SaveTo]engine.Plan{}}
	o.build()
	o.sheet.Show()
	s.pick = func(done func(string)) {} // nothing was picked
	o.placed(otherPlace)
	if o.to.Chosen() != 0 || o.request.To != engine.ToDownloads {
		t.Error("without a folder the choice stays")
	}
	s.pick = func(done func(string)) { done("/mnt/usb") }
	o.placed(otherPlace)
	hold.settle()
	if last := f.planned[len(f.planned)-1]; last.To != engine.ToFolder || last.Folder != "/mnt/usb" || o.plans[engine.ToFolder].Target != "/mnt/usb/thesis" {
		t.Errorf("planned %+v", last)
	}
	f.err = &engine.Error{Kind: engine.KindFull, Message: "There is no room."}
	o.placed(1)
	hold.settle()
	if !o.start.Disabled() || o.wrong.Hidden {
		t.Error("what cannot be done cannot be started")
	}
	f.err = nil
	o.placed(0)
	hold.settle()
	if o.start.Disabled() {
		t.Error("another place can be")
	}
}

func TestSearchWaitsForAPauseAndLeadsToTheFolder(t *testing.T) {
	f := annsLaptop()
	f.found = []engine.Item{item(docs+"/thesis/notes.md", 1, monday)}
	s, hold, _ := open(t, f)
	asked := len(f.listed)
	s.search.SetText("n")
	s.search.SetText("no")
	hold.pass()
	hold.settle()
	if !slices.Equal(names(s), []string{"notes.md"}) || len(f.listed) != asked {
		t.Fatalf("found %q", names(s))
	}
	if got := s.state.placeOf(s.state.Items[0]); got != "Documents/thesis" {
		t.Errorf("it lies in %q", got)
	}
	s.openPlace(0)
	hold.settle()
	if got, _ := s.state.selected(); s.state.Folder != docs+"/thesis" || s.search.Text != "" || got.Name != "notes.md" {
		t.Errorf("in %s, %q selected", s.state.Folder, got.Name)
	}
}

func TestAnotherTimeAsksForEverythingAgain(t *testing.T) {
	f := annsLaptop()
	s, hold, w := open(t, f)
	s.showCalendar()
	hold.settle()
	calendar := w.Canvas().Focused().(*calendar)
	calendar.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
	calendar.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	hold.settle()
	want := f.moments[3]
	if !s.state.At.Equal(want) || s.asOf.Text() != "As of Yesterday 22:41" {
		t.Fatalf("as of %v, %q", s.state.At, s.asOf.Text())
	}
	if last := f.listed[len(f.listed)-1]; !last.At.Equal(want) {
		t.Errorf("asked for %+v", last)
	}
	s.toggle(0)
	hold.settle()
	if ref := f.planned[len(f.planned)-1].Refs[0]; !ref.At.Equal(want) {
		t.Errorf("what is chosen then comes from then: %+v", ref)
	}
	s.remedy(backToToday)
	hold.settle()
	if !s.state.At.IsZero() {
		t.Error("there is a way back to today")
	}
}

func TestEachComputerHasItsOwnChoice(t *testing.T) {
	s, hold, _ := open(t, annsLaptop())
	s.toggle(0)
	hold.settle()
	s.ShowComputer("b")
	hold.settle()
	if s.state.Folder != "/home/lab" || s.state.chosen().len() != 0 || s.state.folderName(top) != "All of Lab microscope PC" {
		t.Errorf("%s, %d chosen", s.state.Folder, s.state.chosen().len())
	}
	s.ShowComputer("c")
	hold.settle()
	if got := s.state.insteadOf().title; got != "Nothing is backed up yet" {
		t.Error(got)
	}
	s.ShowComputer("a")
	hold.settle()
	if s.state.chosen().len() != 1 {
		t.Error("coming back, what was chosen is gone")
	}
}

func TestCompareSaysWithWhat(t *testing.T) {
	f := annsLaptop()
	f.previews = map[string]engine.Preview{"4": {Data: []byte("a\n")}, "5": {Data: []byte("b\n")}, "disk": {Data: []byte("a\n")}}
	s, _, _ := open(t, f)
	got, err := s.compare(context.Background(), s.state.computer(), "/x", f.versions[1], f.versions)
	if err != nil || !got.equal || got.with != "the file on this computer" {
		t.Errorf("%+v %v", got, err)
	}
	s.read = func(string, int64) ([]byte, bool, error) { return nil, false, errors.New("gone") }
	got, err = s.compare(context.Background(), s.state.computer(), "/x", f.versions[1], f.versions)
	if err != nil || got.equal || got.added != 1 || got.with != "the newest version in the backup" {
		t.Errorf("%+v %v", got, err)
	}
	f.previews["4"] = engine.Preview{Data: []byte{0, 1}, Size: 2}
	got, _ = s.compare(context.Background(), s.state.computer(), "/x", f.versions[1], f.versions)
	if got.note == "" || got.lines != nil {
		t.Errorf("%+v", got)
	}
}

// TestRealHands runs the screen with its own goroutines, for the race detector:
// what they do to the screen is done one after another, as fyne.Do would.
func TestRealHands(t *testing.T) {
	picture.App(t, "light")
	var ui sync.Mutex
	s := New(Deps{Engine: annsLaptop(), Now: func() time.Time { return monday }})
	f := s.engine.(*fake)
	var calls sync.Mutex
	s.engine = &locked{fake: f, mu: &calls}
	s.desk.finish = func(apply func()) { ui.Lock(); defer ui.Unlock(); apply() }
	s.desk.after = func(time.Duration, func()) {}
	ui.Lock()
	s.Show()
	ui.Unlock()
	for range 20 {
		for _, path := range []string{docs, docs + "/thesis", "/srv"} {
			ui.Lock()
			s.open(path, "")
			ui.Unlock()
		}
	}
	ui.Lock()
	s.Hide()
	ui.Unlock()
	s.Close()
}

type locked struct {
	*fake
	mu *sync.Mutex
}

func (l *locked) List(ctx context.Context, r engine.ListRequest) ([]engine.Item, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fake.List(ctx, r)
}

func BenchmarkScrollThroughAHundredThousand(b *testing.B) {
	f := annsLaptop()
	var items []engine.Item
	for i := range 100_000 {
		items = append(items, item(fmt.Sprintf("/srv/measurement %06d.tif", i), int64(i), monday))
	}
	f.folders["/srv"] = items
	s, hold, _ := open(b, f)
	s.open("/srv", "")
	hold.settle()
	i := 0
	for b.Loop() {
		i = (i + 7) % len(items)
		s.list.Select(i)
	}
}

func TestRowsFarDownAreDrawn(t *testing.T) {
	f := annsLaptop()
	var items []engine.Item
	for i := range 100_000 {
		items = append(items, item(fmt.Sprintf("/srv/measurement %06d.tif", i), int64(i), monday))
	}
	f.folders["/srv"] = items
	s, hold, w := open(t, f)
	s.open("/srv", "")
	hold.settle()
	s.list.Select(70_000)
	for _, o := range test.LaidOutObjects(w.Content()) {
		if r, ok := o.(*itemRow); ok && r.index == 70_000 && r.name.Words() == "measurement 070000.tif" {
			return
		}
	}
	t.Error("the row is not drawn")
}
