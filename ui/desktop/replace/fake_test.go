package replace

import (
	"context"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/ask"
	"holdfast/ui/desktop/look/picture"
)

var now = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

// fake is an account with some computers, as an engine of a few lines.
type fake struct {
	r        engine.Replacement
	saved    []engine.Replacement
	old      engine.OldSettings
	oldErr   error
	all      []engine.Computer
	held     map[string][]engine.Item
	listErr  error
	got      []engine.GetRequest
	getErr   error
	tries    int    // of finishing
	finished string // whose place was to be taken
	wants    bool   // a sign-in of the last minutes
	failed   error  // of finishing
	stopped  bool
	status   engine.Status
	jobs     []engine.Job
}

func (f *fake) Replacement(context.Context) (engine.Replacement, error) { return f.r, nil }
func (f *fake) BeginReplace(_ context.Context, id string) (engine.Replacement, error) {
	for _, c := range f.all {
		if c.ID == id {
			f.r.Old, f.r.Step = c, engine.ReplaceFiles
			return f.r, nil
		}
	}
	return f.r, &engine.Error{Kind: engine.KindNotFound, Message: "This computer is not in your account any more. Nothing was changed. Choose another one."}
}
func (f *fake) SaveReplace(_ context.Context, r engine.Replacement) error {
	f.r = r
	f.saved = append(f.saved, r)
	return nil
}
func (f *fake) OldSettings(context.Context) (engine.OldSettings, error) { return f.old, f.oldErr }
func (f *fake) FinishReplace(_ context.Context, id string) error {
	f.tries++
	f.finished = id
	switch {
	case f.failed != nil:
		return f.failed
	case f.wants:
		return &engine.Error{Kind: engine.KindFresh, Message: "This needs a sign-in of the last minutes."}
	}
	f.r = engine.Replacement{}
	f.all = append(f.all, engine.Computer{ID: "1@7", Name: "Ann’s old laptop (before replacement)", Until: now})
	return nil
}
func (f *fake) CancelReplace(context.Context) error {
	f.stopped, f.r = true, engine.Replacement{}
	return nil
}
func (f *fake) Status(context.Context) (engine.Status, error)        { return f.status, nil }
func (f *fake) Jobs(context.Context) ([]engine.Job, error)           { return slices.Clone(f.jobs), nil }
func (f *fake) Computers(context.Context) ([]engine.Computer, error) { return f.all, nil }
func (f *fake) CancelSignIn(context.Context, string) error           { return nil }
func (f *fake) Watch(context.Context) (<-chan engine.Topic, error) {
	return nil, &engine.Error{Message: "There is nothing to watch."}
}
func (f *fake) SignIn(context.Context, engine.SignInRequest) (engine.SignIn, error) {
	return engine.SignIn{ID: "in", URL: "https://backup.college.edu/oauth/authorize"}, nil
}
func (f *fake) WaitSignIn(context.Context, string) (engine.SignedIn, error) {
	f.wants = false
	return engine.SignedIn{ID: "in"}, nil
}
func (f *fake) List(_ context.Context, q engine.ListRequest) ([]engine.Item, error) {
	if f.listErr != nil {
		return nil, f.listErr
	}
	items, ok := f.held[q.Path]
	if !ok {
		return nil, &engine.Error{Kind: engine.KindNotFound, Message: q.Path + " is not in the backup."}
	}
	out := append([]engine.Item{}, items...)
	for i := range out {
		if out[i].Kind == engine.KindFolder && !q.Sizes {
			out[i].Size = 0
		}
	}
	return out, nil
}
func (f *fake) Get(_ context.Context, q engine.GetRequest) (int64, error) {
	if f.getErr != nil {
		return 0, f.getErr
	}
	f.got = append(f.got, q)
	return int64(len(f.got)), nil
}

func folder(path string, bytes int64) engine.Item {
	return engine.Item{Path: path, Name: base(path), Kind: engine.KindFolder, Size: bytes}
}

func file(path string, bytes int64) engine.Item {
	return engine.Item{Path: path, Name: base(path), Kind: engine.KindFile, Size: bytes}
}

// ann is the account of the design's picture.
func ann() *fake {
	settings := engine.DefaultSettings()
	settings.Schedule.Every = 30 * time.Minute
	settings.Network.UpPresent = 2_000_000
	last := time.Date(2026, 11, 20, 18, 22, 0, 0, time.Local)
	return &fake{
		all: []engine.Computer{
			{ID: "0", Name: "Ann’s laptop", This: true, LastBackup: now},
			{ID: "1", Name: "Ann’s old laptop", LastBackup: last, Seen: now.Add(-60 * time.Hour), Stored: engine.Amount{Files: 128402, Bytes: 231e9}, Owner: engine.OwnerInstitution, Asset: "LT-0417"},
			{ID: "2", Name: "Lab microscope PC", LastBackup: now.Add(-3 * time.Hour), Seen: now.Add(-10 * time.Minute), Stored: engine.Amount{Files: 9100, Bytes: 1.4e12}, Owner: engine.OwnerInstitution},
			{ID: "3", Name: "Desk at home", Owner: engine.OwnerPersonal},
			{ID: "4", Name: "Blocked one", State: "blocked"},
			{ID: "5", Name: "Half replaced", State: "replacing"},
			{ID: "9@1", Name: "Oldest (before replacement)", Until: now},
		},
		old: engine.OldSettings{Known: true, Home: "/home/ann", Settings: settings,
			Selection: engine.Selection{
				Choices:    []engine.Choice{{Path: "/home/ann", Include: true, NewItems: true}, {Path: "/home/ann/Movies"}, {Path: "/srv/measurements", Include: true}},
				Exclusions: []engine.Exclusion{{Kind: engine.ExcludePreset, Pattern: "caches"}, {Kind: engine.ExcludeExtension, Pattern: "iso"}}},
			Paths: []engine.PathMove{{From: "/home/ann", To: "/home/ann2"}, {From: "/home/ann/Movies", To: "/home/ann2/Movies"}, {From: "/srv/measurements", To: "/srv/measurements"}}},
		held: map[string][]engine.Item{
			"/":                   {folder("/home", 231e9), folder("/srv", 4e9)},
			"/home":               {folder("/home/ann", 231e9)},
			"/home/ann":           {folder("/home/ann/Desktop", 2.1e9), folder("/home/ann/Documents", 118e9), folder("/home/ann/Movies", 23e9), folder("/home/ann/Music", 9e9), folder("/home/ann/Pictures", 50e9), file("/home/ann/notes.txt", 4200)},
			"/home/ann/Documents": {folder("/home/ann/Documents/Thesis", 80e9), file("/home/ann/Documents/letter.odt", 38e9)},
			"/srv":                {folder("/srv/measurements", 4e9)},
			"/home/ann/Pictures":  {},
			"/home/ann/Music":     {file("/home/ann/Music/song.flac", 9e9)},
			"/home/ann/Movies":    {},
			"/home/ann/Desktop":   {},
		},
		status: engine.Status{State: engine.StateBackingUp, Computer: engine.Computer{Name: "Ann’s laptop", This: true, Home: "/home/ann2"}},
	}
}

// at is the account with a replacement at a step.
func at(step engine.ReplaceStep) *fake {
	f := ann()
	f.r = engine.Replacement{Old: f.all[1], Step: step, Lent: true}
	return f
}

type stage struct {
	*Screen
	left, finished int
	opened         []string
	shown          []string
}

func open(t *testing.T, f *fake) *stage {
	t.Helper()
	picture.App(t, "light")
	w := picture.Window(t, nil, fyne.NewSize(964, 760))
	st := &stage{}
	st.Screen = stand(f, w, st)
	w.SetContent(st.Content())
	st.Show()
	st.desk.Settle()
	t.Cleanup(st.Hide)
	return st
}

func stand(f *fake, w fyne.Window, st *stage) *Screen {
	return New(Deps{Engine: f, Window: w, Desk: ask.ForTest(), Now: func() time.Time { return now },
		OpenURL:  func(u string) error { st.opened = append(st.opened, u); return nil },
		Leave:    func() { st.left++ },
		Finished: func() { st.finished++ },
		GetFiles: func(id string) { st.shown = append(st.shown, id) }})
}
