package downloads

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
	"holdfast/ui/desktop/look/picture"
)

var now = time.Date(2026, 11, 23, 18, 30, 0, 0, time.Local)

// fake answers from fields and writes down what was asked of it.
type fake struct {
	jobs  []engine.Job
	items map[int64][]engine.JobItem
	err   error
	asked []string
	read  int
}

func (f *fake) Jobs(context.Context) ([]engine.Job, error) { return f.jobs, f.err }
func (f *fake) JobItems(_ context.Context, id int64) ([]engine.JobItem, error) {
	f.read++
	return f.items[id], nil
}
func (f *fake) note(words ...any) error {
	f.asked = append(f.asked, strings.TrimSpace(fmt.Sprintln(words...)))
	return nil
}
func (f *fake) PauseJob(_ context.Context, id int64) error  { return f.note("pause", id) }
func (f *fake) ResumeJob(_ context.Context, id int64) error { return f.note("resume", id) }
func (f *fake) CancelJob(_ context.Context, id int64) error { return f.note("cancel", id) }
func (f *fake) ForgetJob(_ context.Context, id int64) error { return f.note("forget", id) }
func (f *fake) Answer(_ context.Context, id int64, path string, choice engine.Existing) error {
	return f.note("answer", id, path, choice)
}
func (f *fake) Watch(context.Context) (<-chan engine.Topic, error) {
	c := make(chan engine.Topic)
	close(c)
	return c, nil
}

// newTestScreen asks and answers at once, in the test's own goroutine.
func newTestScreen(f *fake, w fyne.Window) *Screen {
	s := New(Deps{Engine: f, Window: w, GetFiles: func() {}, Now: func() time.Time { return now }, Open: func(folder string) error { return f.note("open", folder) }})
	s.start = func(work func()) { work() }
	s.finish = func(apply func()) { apply() }
	return s
}

func shell(s *Screen) fyne.CanvasObject {
	return container.NewStack(look.NewBox(look.ColorSide, "", 0), look.Pad(s.Content(), 0, 0, 0, 216))
}

func job(id int64, state engine.JobState) engine.Job {
	return engine.Job{ID: id, State: state, Title: "thesis and 3 more", Computer: "Ann’s laptop", Target: "/home/ann/Downloads/thesis",
		Total: engine.Amount{Files: 412, Bytes: 9_600_000_000}, Created: now.Add(-time.Hour)}
}

func full(id int64) engine.Job {
	j := job(id, engine.JobDone)
	j.Done, j.Ended = j.Total, now.Add(-10*time.Minute)
	return j
}

func TestAJobWithAFailureIsNeverCalledRestored(t *testing.T) {
	clean := full(1)
	if word, tone := badge(clean); word != "Restored" || tone != engine.ToneOK || outcome(clean) != "412 restored and verified" {
		t.Errorf("%s, %s", word, outcome(clean))
	}
	bad := full(2)
	bad.Done.Files, bad.Failed = 410, 2
	if word, tone := badge(bad); word != "2 files failed" || tone != engine.ToneBad || outcome(bad) != "410 restored and verified, 2 failed" {
		t.Errorf("%s, %s", word, outcome(bad))
	}
	short := full(3)
	short.Done.Files = 400
	if word, tone := badge(short); word != "Not complete" || tone != engine.ToneBad || outcome(short) != "400 restored and verified, 12 not restored" {
		t.Errorf("%s, %s", word, outcome(short))
	}
	for state := range map[engine.JobState]bool{engine.JobWaiting: true, engine.JobRunning: true, engine.JobPaused: true, engine.JobAsking: true, engine.JobCancelled: true, engine.JobFailed: true} {
		for _, failed := range []int64{0, 3} {
			j := full(4)
			j.State, j.Failed = state, failed
			if word, tone := badge(j); word == "Restored" || tone == engine.ToneOK {
				t.Errorf("a job that is %s shows as %s", state, word)
			}
		}
	}
}

func TestFilesAreSortedByWhatMattersFirst(t *testing.T) {
	got := groups([]engine.JobItem{
		{Path: "a", State: engine.ItemRestored, Renamed: "/x/a (before restore).txt"},
		{Path: "b", State: engine.ItemSkipped},
		{Path: "c", State: engine.ItemFailed, Reason: "No space."},
		{Path: "d", State: engine.ItemAsking},
		{Path: "e", State: engine.ItemRestored},
	})
	var out []string
	for _, g := range got {
		for _, item := range g.list {
			out = append(out, g.title+":"+item.Path)
		}
	}
	want := []string{"Waiting for your answer:d", "Failed:c", "Renamed:a", "Left as they were:b"}
	if !slices.Equal(out, want) {
		t.Errorf("got %q", out)
	}
	if got := said(engine.JobItem{State: engine.ItemRestored, Renamed: "/x/a (before restore).txt"}); got != "The one that was there is called a (before restore).txt now." {
		t.Error(got)
	}
}

func TestProgressSaysWhatIsKnown(t *testing.T) {
	j := job(1, engine.JobRunning)
	j.Done = engine.Amount{Files: 100, Bytes: 2_400_000_000}
	j.Speed, j.Left = 41_000_000, 3*time.Minute
	if got := progress(j); got != "100 of 412 files · 2.4 GB of 9.6 GB · 41 MB/s · about 3 minutes" {
		t.Error(got)
	}
	j.State = engine.JobPaused
	if got := progress(j); got != "100 of 412 files · 2.4 GB of 9.6 GB" {
		t.Error(got)
	}
}

func TestButtonsReachTheEngine(t *testing.T) {
	picture.App(t, "light")
	running, paused, asking, done := job(1, engine.JobRunning), job(2, engine.JobPaused), job(3, engine.JobAsking), full(4)
	running.Done.Files, asking.Asking = 5, 2
	f := &fake{jobs: []engine.Job{running, paused, asking, done}, items: map[int64][]engine.JobItem{
		3: {{Path: "/a", State: engine.ItemAsking}, {Path: "/b", State: engine.ItemAsking}},
	}}
	w := picture.Window(t, container.NewWithoutLayout(), fyne.NewSize(1180, 760))
	s := newTestScreen(f, w)
	w.SetContent(s.Content())
	s.Show()
	defer s.Hide()
	s.cards[1].pause.Tapped(nil)
	s.cards[2].pause.Tapped(nil)
	s.cards[4].forget.Tapped(nil)
	s.cards[1].folder.Tapped(nil)
	press(t, w.Content(), "Keep both")
	s.cards[1].stop.Tapped(nil)
	press(t, w.Canvas().Overlays().Top(), "Stop")
	want := []string{"pause 1", "resume 2", "forget 4", "open /home/ann/Downloads/thesis", "answer 3  rename", "cancel 1"}
	if !slices.Equal(f.asked, want) {
		t.Errorf("asked %q", f.asked)
	}
	if s.cards[4].pause.Visible() || s.cards[4].stop.Visible() || s.cards[1].forget.Visible() {
		t.Error("an ended job cannot be paused, a running one not forgotten")
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

func TestFilesOfAJobAreAskedForOnlyWhenTheyChanged(t *testing.T) {
	picture.App(t, "light")
	j := job(1, engine.JobRunning)
	j.Failed = 1
	f := &fake{jobs: []engine.Job{j}, items: map[int64][]engine.JobItem{1: {{Path: "/a", State: engine.ItemFailed}}}}
	s := newTestScreen(f, nil)
	s.Show()
	defer s.Hide()
	for range 5 {
		f.jobs[0].Done.Files++
		s.load()
	}
	if f.read != 1 {
		t.Errorf("read %d times", f.read)
	}
	f.jobs[0].Failed++
	s.load()
	if f.read != 2 {
		t.Errorf("read %d times after another failure", f.read)
	}
}

func TestALateAnswerIsDropped(t *testing.T) {
	picture.App(t, "light")
	f := &fake{}
	s := newTestScreen(f, nil)
	var answers []func()
	s.finish = func(apply func()) { answers = append(answers, apply) }
	s.Show()
	f.jobs = []engine.Job{full(1)}
	s.load()
	answers[1]()
	answers[0]()
	if len(s.state.Jobs) != 1 {
		t.Error("the older answer took the place of the newer")
	}
	s.load()
	s.Hide()
	f.jobs = nil
	answers[2]()
	if len(s.state.Jobs) != 1 {
		t.Error("an answer after Hide was shown")
	}
}

func TestPictures(t *testing.T) {
	running := job(9, engine.JobRunning)
	running.Done = engine.Amount{Files: 131, Bytes: 2_900_000_000}
	running.Speed, running.Left = 41_000_000, 3*time.Minute
	running.Current = "/home/ann/Documents/thesis/figures/spectrum-07.tif"
	paused := job(8, engine.JobPaused)
	paused.Title, paused.Done = "Pictures", engine.Amount{Files: 12, Bytes: 400_000_000}
	asking := job(7, engine.JobAsking)
	asking.Title, asking.Done, asking.Asking = "letters", engine.Amount{Files: 400, Bytes: 9_000_000_000}, 3
	bad := full(6)
	bad.Title, bad.Done.Files, bad.Failed = "chapter-3.docx and 411 more", 410, 2
	renamed := full(5)
	renamed.Title = "notes.md"
	renamed.Total = engine.Amount{Files: 1, Bytes: 18_200}
	renamed.Done = renamed.Total
	broken := job(4, engine.JobFailed)
	broken.Title, broken.Done, broken.Ended = "Videos", engine.Amount{Files: 3, Bytes: 4_000_000}, now.Add(-26*time.Hour)
	broken.Message = "The disk of /home/ann is full. 3 files are restored; free 12 GB and get the rest again."
	items := map[int64][]engine.JobItem{
		7: {{Path: "/home/ann/Documents/letters/dean.docx", Target: "/home/ann/Downloads/letters/dean.docx", State: engine.ItemAsking, Reason: "Yours is newer: changed today 9:12."},
			{Path: "/home/ann/Documents/letters/eva.docx", Target: "/home/ann/Downloads/letters/eva.docx", State: engine.ItemAsking},
			{Path: "/home/ann/Documents/letters/rent.docx", Target: "/home/ann/Downloads/letters/rent.docx", State: engine.ItemAsking}},
		6: {{Path: "/home/ann/Documents/thesis/raw.bin", Target: "/home/ann/Downloads/thesis/raw.bin", State: engine.ItemFailed, Size: 88_000_000, Reason: "Part of it is damaged in the backup. The version of 12 Nov is whole."},
			{Path: "/home/ann/Documents/thesis/old.bin", Target: "/home/ann/Downloads/thesis/old.bin", State: engine.ItemFailed, Size: 1_200, Reason: "No permission to write there."}},
		5: {{Path: "/home/ann/notes.md", Target: "/home/ann/Downloads/notes.md", State: engine.ItemRestored, Size: 18_200, Renamed: "/home/ann/Downloads/notes (before restore 23 Nov 2026).md"}},
	}
	for name, f := range map[string]*fake{
		"downloads-busy":  {jobs: []engine.Job{running, paused, renamed}, items: items},
		"downloads-ask":   {jobs: []engine.Job{asking, renamed}, items: items},
		"downloads-bad":   {jobs: []engine.Job{bad, broken}, items: items},
		"downloads-none":  {},
		"downloads-error": {err: &engine.Error{Message: "The list cannot be read: the state folder is not there.", Err: errors.New("x")}},
		"downloads-full":  {jobs: many(running, asking, bad, renamed, broken), items: items},
	} {
		picture.All(t, name, func(w fyne.Window) fyne.CanvasObject {
			s := newTestScreen(f, w)
			s.Show()
			if name == "downloads-busy" {
				s.cards[5].toggle()
			}
			return shell(s)
		}, nil)
	}
}

func many(jobs ...engine.Job) []engine.Job {
	out := slices.Clone(jobs)
	for i := range 40 {
		j := full(int64(100 + i))
		j.Title = fmt.Sprintf("folder %d", i)
		out = append(out, j)
	}
	return out
}
