package getfiles

import (
	"context"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
	"holdfast/ui/desktop/look/picture"
)

// fake answers from maps.
type fake struct {
	computers []engine.Computer
	folders   map[string][]engine.Item
	found     []engine.Item
	versions  []engine.Version
	moments   []time.Time
	previews  map[string]engine.Preview // by version
	plan      engine.Plan
	err       error
	listed    []engine.ListRequest
	planned   []engine.GetRequest
	got       []engine.GetRequest
}

func (f *fake) Computers(context.Context) ([]engine.Computer, error) { return f.computers, f.err }
func (f *fake) List(_ context.Context, r engine.ListRequest) ([]engine.Item, error) {
	f.listed = append(f.listed, r)
	items, ok := f.folders[r.Path]
	if !ok && f.err == nil {
		return nil, &engine.Error{Kind: engine.KindNotFound}
	}
	return items, f.err
}
func (f *fake) Find(_ context.Context, r engine.FindRequest) ([]engine.Item, error) {
	var out []engine.Item
	for _, item := range f.found {
		if strings.Contains(item.Name, r.Text) {
			out = append(out, item)
		}
	}
	return out, f.err
}
func (f *fake) Versions(context.Context, string, string) ([]engine.Version, error) {
	return f.versions, f.err
}
func (f *fake) Moments(context.Context, string) ([]time.Time, error) { return f.moments, f.err }
func (f *fake) Preview(_ context.Context, r engine.Ref, limit int64) (engine.Preview, error) {
	return f.previews[r.Version], f.err
}
func (f *fake) PlanGet(_ context.Context, r engine.GetRequest) (engine.Plan, error) {
	f.planned = append(f.planned, r)
	plan := f.plan
	switch r.To {
	case engine.ToDownloads:
		plan.Target = "/home/ann/Downloads/thesis"
	case engine.ToDesktop:
		plan.Target = "/home/ann/Desktop/thesis"
	case engine.ToOriginal:
		plan.Target = "/home/ann/Documents/thesis"
	default:
		plan.Target = r.Folder + "/thesis"
	}
	return plan, f.err
}
func (f *fake) Get(_ context.Context, r engine.GetRequest) (int64, error) {
	f.got = append(f.got, r)
	return 7, f.err
}
func (f *fake) Watch(context.Context) (<-chan engine.Topic, error) {
	c := make(chan engine.Topic)
	close(c)
	return c, nil
}

const docs = "/home/ann/Documents"

func item(path string, size int64, at time.Time) engine.Item {
	kind := engine.KindFile
	if size < 0 {
		kind, size = engine.KindFolder, 0
	}
	return engine.Item{Path: path, Name: base(path), Kind: kind, Size: size, ModTime: at}
}

// annsLaptop is the backup in the pictures of the design.
func annsLaptop() *fake {
	at := func(d, h, m int) time.Time { return time.Date(2026, 11, d, h, m, 0, 0, time.UTC) }
	gone := item(docs+"/thesis/survey-raw.csv", 88_000_000, at(2, 9, 15))
	gone.Deleted = at(4, 10, 0)
	return &fake{
		computers: []engine.Computer{
			{ID: "a", Name: "Ann’s laptop", This: true, LastBackup: monday, Home: "/home/ann"},
			{ID: "b", Name: "Lab microscope PC", LastBackup: monday, Home: "/home/lab"},
			{ID: "c", Name: "New computer"},
		},
		folders: map[string][]engine.Item{
			"/":         {item("/home", -1, at(1, 1, 1)), item("/srv", -1, at(1, 1, 1))},
			"/home":     {item("/home/ann", -1, at(1, 1, 1))},
			"/srv":      {},
			"/home/ann": {item("/home/ann/Desktop", -1, at(9, 8, 0)), item(docs, -1, at(22, 17, 58)), item("/home/ann/Pictures", -1, at(8, 20, 4))},
			docs:        {item(docs+"/grants", -1, at(3, 9, 0)), item(docs+"/letters", -1, at(14, 12, 0)), item(docs+"/thesis", -1, at(22, 17, 58))},
			docs + "/thesis": {
				item(docs+"/thesis/chapters", -1, at(19, 9, 12)), item(docs+"/thesis/figures", -1, at(22, 16, 40)),
				item(docs+"/thesis/bibliography.bib", 412_000, at(22, 11, 3)), item(docs+"/thesis/chapter-3.docx", 2_400_000, at(22, 17, 58)),
				item(docs+"/thesis/defence-slides.pptx", 14_000_000, at(20, 15, 30)), item(docs+"/thesis/notes.md", 18_200, at(21, 23, 10)),
				gone, item(docs+"/thesis/title-page.png", 640_000, at(12, 10, 2)),
			},
			docs + "/thesis/chapters": {item(docs+"/thesis/chapters/1.tex", 10, at(1, 1, 1)), item(docs+"/thesis/chapters/2.tex", 20, at(1, 1, 1))},
			"/home/lab":               {item("/home/lab/scans", -1, at(1, 1, 1))},
		},
		versions: []engine.Version{
			{ID: "5", Captured: at(23, 17, 58), Size: 2_400_000, Computer: "Ann’s laptop", Current: true},
			{ID: "4", Captured: at(23, 11, 20), Size: 2_300_000, Computer: "Ann’s laptop"},
			{ID: "3", Captured: at(22, 22, 41), Size: 2_300_000, Computer: "Ann’s laptop"},
			{ID: "2", Captured: at(19, 18, 5), Size: 2_200_000, Computer: "Ann’s laptop"},
			{ID: "1", Captured: at(16, 9, 10), Size: 1_900_000, Computer: "Ann’s laptop"},
		},
		moments: []time.Time{at(23, 18, 15), at(23, 18, 0), at(23, 11, 20), at(22, 22, 41), at(19, 18, 5), at(19, 9, 0), at(16, 9, 10), at(4, 9, 0)},
		plan: engine.Plan{
			Amount: engine.Amount{Files: 41, Bytes: 96_000_000}, Present: 1,
			Example: "chapter-3.docx comes back; yours becomes chapter-3 (before restore 23 Nov 2026).docx",
		},
	}
}

// waiting is a desk whose answers come when the test says so.
type waiting struct {
	work    []func()
	answers []func()
	later   []func()
}

func (w *waiting) run() {
	for len(w.work) > 0 {
		work := w.work
		w.work = nil
		for _, f := range work {
			f()
		}
	}
}

// settle asks and answers until nothing is left to do.
func (w *waiting) settle() {
	for len(w.work)+len(w.answers) > 0 {
		w.run()
		answers := w.answers
		w.answers = nil
		for _, f := range answers {
			f()
		}
	}
}

func (w *waiting) pass() {
	later := w.later
	w.later = nil
	for _, f := range later {
		f()
	}
}

// newTestScreen is a screen on a fake, in a window with the shell's side beside it.
func newTestScreen(t testing.TB, f *fake, w fyne.Window) (*Screen, *waiting) {
	t.Helper()
	s := New(Deps{Engine: f, Window: w, Now: func() time.Time { return monday }})
	hold := &waiting{}
	s.desk.start = func(work func()) { hold.work = append(hold.work, work) }
	s.desk.finish = func(apply func()) { hold.answers = append(hold.answers, apply) }
	s.desk.after = func(_ time.Duration, then func()) { hold.later = append(hold.later, then) }
	s.read = func(string, int64) ([]byte, bool, error) { return f.previews["disk"].Data, false, nil }
	return s, hold
}

// open shows a screen on a fake in a window of the design's size.
func open(t testing.TB, f *fake) (*Screen, *waiting, fyne.Window) {
	t.Helper()
	picture.App(t, "light")
	w := picture.Window(t, container.NewWithoutLayout(), fyne.NewSize(1180, 760))
	s, hold := newTestScreen(t, f, w)
	w.SetContent(shell(s))
	w.Resize(fyne.NewSize(1180, 760))
	s.Show()
	hold.settle()
	return s, hold, w
}

func shell(s *Screen) fyne.CanvasObject {
	return container.NewStack(look.NewBox(look.ColorSide, "", 0), look.Pad(s.Content(), 0, 0, 0, 216))
}
