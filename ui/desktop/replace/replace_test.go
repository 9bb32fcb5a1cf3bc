package replace

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"holdfast/engine"
	"holdfast/ui/desktop"
	"holdfast/ui/desktop/look"
	"holdfast/ui/desktop/look/picture"
)

// still is a page that does not ask again when it is shown.
type still struct{ *Screen }

func (still) Show() {}
func (still) Hide() {}

func TestEveryStepIsDrawn(t *testing.T) {
	cut := at(engine.ReplaceFinish)
	cut.r.Moving = true
	cut.failed = &engine.Error{Kind: engine.KindUnreachable, Message: "https://backup.college.edu does not answer. What is stored is safe. Press Finish again when it is back."}
	waiting := at(engine.ReplaceFinish)
	waiting.wants = true
	paused, failing, none, nothing := at(engine.ReplaceFiles), at(engine.ReplaceFiles), ann(), at(engine.ReplaceSettings)
	paused.status.State, paused.r.Jobs = engine.StatePaused, []int64{1}
	paused.jobs = []engine.Job{{ID: 1, State: engine.JobRunning, Total: engine.Amount{Bytes: 170e9}, Done: engine.Amount{Bytes: 98e9}, Speed: 41e6}}
	failing.listErr = &engine.Error{Kind: engine.KindUnreachable, Message: "The list of files cannot be read now. What is stored is safe; try again in a moment."}
	none.all, nothing.old = none.all[:1], engine.OldSettings{}
	for name, c := range map[string]struct {
		f  *fake
		do func(s *Screen)
	}{
		"replace-start": {ann(), func(s *Screen) { s.state.Chosen = "1" }},
		"replace-none":  {none, nil},
		"replace-files": {at(engine.ReplaceFiles), partly},
		"replace-open": {at(engine.ReplaceFiles), func(s *Screen) {
			partly(s)
			s.turn(s.state.Tree.find("/home/ann/Documents"))
			s.turn(s.state.Tree.find("/srv").parent)
		}},
		"replace-paused":   {paused, nil},
		"replace-failing":  {failing, nil},
		"replace-settings": {at(engine.ReplaceSettings), nil},
		"replace-wrong":    {at(engine.ReplaceSettings), func(s *Screen) { s.view.settings.inputs[1].input.SetText("Movies") }},
		"replace-nothing":  {nothing, nil},
		"replace-finish":   {at(engine.ReplaceFinish), nil},
		"replace-sign-in":  {waiting, func(s *Screen) { s.finish() }},
		"replace-cut":      {cut, func(s *Screen) { s.finish() }},
		"replace-done":     {at(engine.ReplaceFinish), func(s *Screen) { s.finish() }},
	} {
		before := *c.f
		picture.All(t, name, func(w fyne.Window) fyne.CanvasObject {
			*c.f = before
			s := stand(c.f, w, &stage{})
			s.Show()
			t.Cleanup(s.Hide)
			s.desk.Settle()
			if c.do != nil {
				c.do(s)
				s.desk.Settle()
			}
			s.draw()
			shell := desktop.New(w, nil, map[desktop.Place]desktop.Page{desktop.Replace: still{s}})
			shell.SetFoot("ann@college.edu", "backup.college.edu")
			shell.Open(desktop.Replace)
			return shell.Content()
		}, nil)
	}
}

// partly is the choice of the design's picture.
func partly(s *Screen) {
	s.toggle(s.state.Tree.find("/home/ann/Movies"))
	s.toggle(s.state.Tree.find("/home/ann/Music"))
}

func TestThePersonIsLedFromTheChoiceToTheEnd(t *testing.T) {
	f := ann()
	s := open(t, f)
	if s.state.Step != StepStart || len(s.state.Computers) != 3 || !s.view.next.Disabled() {
		t.Fatalf("at the start: %v, %v", s.state.Step, s.state.Computers)
	}
	s.view.start.radio.OnChanged(0)
	s.goOn()
	s.desk.Settle()
	if s.state.Step != StepFiles || f.r.Old.ID != "1" || len(s.state.Tree.flat) == 0 {
		t.Fatalf("after the choice: %v %+v", s.state.Step, f.r)
	}
	partly(s.Screen)
	s.goOn()
	s.desk.Settle()
	want := []engine.Ref{{Computer: "1", Path: "/home/ann/Desktop"}, {Computer: "1", Path: "/home/ann/Documents"}, {Computer: "1", Path: "/home/ann/Pictures"}, {Computer: "1", Path: "/home/ann/notes.txt"}}
	if len(f.got) != 1 || !slices.Equal(f.got[0].Refs, want) || f.got[0].To != engine.ToOriginal || !slices.Equal(f.got[0].Moved, []engine.PathMove{{From: "/home/ann", To: "/home/ann2"}}) {
		t.Fatalf("asked for %+v", f.got)
	}
	if s.state.Step != StepSettings || !slices.Equal(f.r.Jobs, []int64{1}) || f.r.Step != engine.ReplaceSettings {
		t.Fatalf("after the files: %v %+v", s.state.Step, f.r)
	}
	s.view.settings.choices[3].box.Toggle()
	s.view.settings.inputs[1].input.SetText("")
	s.goOn()
	s.desk.Settle()
	take := f.r.Take
	if s.state.Step != StepFinish || !take.Decided || !take.Selection || take.Limits || take.Paths[1].To != "" || take.Paths[0].To != "/home/ann2" {
		t.Fatalf("after the settings: %v %+v", s.state.Step, take)
	}
	s.goOn()
	s.desk.Settle()
	if s.state.Step != StepDone || f.tries != 1 || f.finished != "1" || s.finished != 1 || s.state.Earlier != "1@7" {
		t.Fatalf("at the end: %v after %d tries", s.state.Step, f.tries)
	}
	s.goOn()
	if s.left != 1 {
		t.Error("Done does not leave")
	}
}

func TestWhatIsChosenElsewhereMeanwhileIsFollowed(t *testing.T) {
	f := at(engine.ReplaceFinish)
	s := open(t, f)
	s.readAgain()
	s.desk.Settle()
	if s.state.Step != StepFinish {
		t.Errorf("nothing was chosen elsewhere, and it is at %v", s.state.Step)
	}
	f.r = engine.Replacement{Old: f.all[2], Step: engine.ReplaceFiles} // in a terminal
	s.readAgain()
	s.desk.Settle()
	if s.state.Step != StepFiles || s.state.R.Old.ID != "2" || s.state.Chosen != "2" {
		t.Errorf("step %v of %+v", s.state.Step, s.state.R)
	}
	f.r = engine.Replacement{} // and cancelled there
	s.readAgain()
	s.desk.Settle()
	if s.state.Step != StepStart {
		t.Errorf("step %v of %+v", s.state.Step, s.state.R)
	}
}

func TestARestartGoesOnAtTheSameStep(t *testing.T) {
	for step, want := range map[engine.ReplaceStep]Step{engine.ReplaceFiles: StepFiles, engine.ReplaceSettings: StepSettings, engine.ReplaceFinish: StepFinish} {
		f := at(step)
		f.r.Take = engine.Take{Decided: true, Schedule: true, Paths: []engine.PathMove{{From: "/srv/measurements", To: "/data"}}}
		s := open(t, f)
		if s.state.Step != want || s.state.Take.Selection || !s.state.Take.Schedule {
			t.Errorf("%s: step %v, %+v", step, s.state.Step, s.state.Take)
		}
		if s.state.Take.Paths[0].To != "/data" || len(s.state.Take.Paths) != 3 {
			t.Errorf("the paths are %+v", s.state.Take.Paths)
		}
	}
}

func TestASignInThatTheServerWantsIsMadeInTheBrowserAndItGoesOn(t *testing.T) {
	f := at(engine.ReplaceFinish)
	f.wants = true
	s := open(t, f)
	s.goOn()
	s.desk.Settle()
	press(t, s, "Sign in")
	if s.state.Step != StepDone || f.tries != 2 || len(s.opened) != 1 {
		t.Errorf("step %v after %d tries, opened %q: %v", s.state.Step, f.tries, s.opened, s.state.Err)
	}
}

func TestWhoDoesNotSignInStaysAtTheLastStep(t *testing.T) {
	f := at(engine.ReplaceFinish)
	f.wants = true
	s := open(t, f)
	s.goOn()
	s.desk.Settle()
	press(t, s, "Cancel")
	if s.state.Step != StepFinish || s.state.Err != nil || s.view.next.Disabled() || f.tries != 1 {
		t.Errorf("step %v after %d tries: %v", s.state.Step, f.tries, s.state.Err)
	}
}

// press presses a button of the sheet that is open.
func press(t *testing.T, s *stage, words string) {
	t.Helper()
	for _, o := range test.LaidOutObjects(s.deps.Window.Canvas().Overlays().Top()) {
		if b, ok := o.(*look.Button); ok && b.Text() == words && b.Visible() {
			b.Tapped(nil)
			s.desk.Settle()
			return
		}
	}
	t.Fatalf("the sheet has no %q", words)
}

func TestFinishingThatWasCutShortOffersNoWayBack(t *testing.T) {
	f := at(engine.ReplaceSettings)
	f.r.Moving = true
	s := open(t, f)
	if s.state.Step != StepFinish || s.view.back.Visible() || s.view.cancel.Visible() {
		t.Errorf("step %v, Back %v, Cancel %v", s.state.Step, s.view.back.Visible(), s.view.cancel.Visible())
	}
}

func TestCancellingIsTheEnginesAndThenTheScreenIsLeft(t *testing.T) {
	for lent, want := range map[bool][2]int{true: {0, 1}, false: {1, 0}} {
		f := at(engine.ReplaceFiles)
		f.r.Lent = lent
		s := open(t, f)
		s.cancel()
		s.desk.Settle()
		if !f.stopped || s.left != want[0] || s.finished != want[1] {
			t.Errorf("lent %v: stopped %v, left %d, finished %d", lent, f.stopped, s.left, s.finished)
		}
	}
}

func TestBackKeepsWhatWasDecided(t *testing.T) {
	f := at(engine.ReplaceSettings)
	s := open(t, f)
	s.view.settings.choices[0].box.Toggle()
	s.back()
	s.desk.Settle()
	if s.state.Step != StepFiles || f.r.Take.Selection || !f.r.Take.Decided {
		t.Fatalf("step %v, %+v", s.state.Step, f.r.Take)
	}
	s.skip()
	s.desk.Settle()
	if s.state.Step != StepSettings || s.state.Take.Selection || len(f.got) != 0 {
		t.Errorf("step %v, %+v, asked for %v", s.state.Step, s.state.Take, f.got)
	}
	s.back()
	s.desk.Settle()
	s.back()
	s.desk.Settle()
	if s.state.Step != StepStart || s.state.Chosen != "1" {
		t.Errorf("step %v, chosen %q", s.state.Step, s.state.Chosen)
	}
}

func TestAPathThatIsNoneKeepsFromGoingOn(t *testing.T) {
	f := at(engine.ReplaceSettings)
	s := open(t, f)
	s.view.settings.inputs[1].input.SetText("Movies")
	s.goOn()
	s.desk.Settle()
	if s.state.Step != StepSettings || !s.view.next.Disabled() {
		t.Errorf("step %v", s.state.Step)
	}
	s.view.settings.choices[0].box.Toggle() // what is backed up is not taken over: its paths do not matter
	if s.view.next.Disabled() {
		t.Error("it still does")
	}
}

func TestTheTreeChoosesAsFewPathsAsSayIt(t *testing.T) {
	f := at(engine.ReplaceFiles)
	s := open(t, f)
	tr := &s.state.Tree
	if got := tr.picks(); len(got) != 6 || slices.Contains(got, "/home/ann") {
		t.Errorf("at first are chosen %q", got) // the home folder itself would bring its hidden files
	}
	docs := tr.find("/home/ann/Documents")
	s.turn(docs)
	s.desk.Settle()
	s.toggle(tr.find("/home/ann/Documents/letter.odt"))
	if docs.mark() != engine.MarkDash || tr.roots[0].mark() != engine.MarkDash {
		t.Errorf("the marks are %v and %v", docs.mark(), tr.roots[0].mark())
	}
	if got := tr.picks(); !slices.Contains(got, "/home/ann/Documents/Thesis") || slices.Contains(got, "/home/ann/Documents") {
		t.Errorf("chosen are %q", got)
	}
	if bytes, counted := tr.amount(); !counted || bytes != 2.1e9+80e9+23e9+9e9+50e9+4200 {
		t.Errorf("%d bytes, counted %v", bytes, counted)
	}
	s.toggle(tr.roots[0])
	if got := tr.picks(); len(got) != 6 {
		t.Errorf("after the whole home folder: %q", got)
	}
	s.toggle(tr.roots[0])
	if got := tr.picks(); len(got) != 0 || !s.view.next.Disabled() {
		t.Errorf("after taking it back: %q", got)
	}
	outside := tr.roots[len(tr.roots)-1]
	if outside.name != "Outside of the home folder" || len(outside.children) != 1 || outside.children[0].path != "/srv" || outside.mark() != engine.MarkEmpty {
		t.Errorf("the rest is %+v", outside)
	}
}

func TestWithoutAKnownHomeAllFilesAreOffered(t *testing.T) {
	f := at(engine.ReplaceFiles)
	f.old = engine.OldSettings{}
	s := open(t, f)
	if len(s.state.Tree.roots) != 1 || s.state.Tree.roots[0].name != "All files" || len(s.state.Tree.roots[0].children) != 2 {
		t.Errorf("the roots are %+v", s.state.Tree.roots)
	}
}

func TestFilesThatWereAskedForAreNotAskedForAgain(t *testing.T) {
	f := at(engine.ReplaceFiles)
	f.r.Jobs = []int64{1}
	s := open(t, f)
	s.goOn()
	s.desk.Settle()
	if len(f.got) != 0 || s.state.Step != StepSettings || len(f.r.Jobs) != 1 {
		t.Errorf("asked for %v, step %v", f.got, s.state.Step)
	}
}

func TestHowFarTheFilesAreIsSaidFromTheJobsThatWereAskedFor(t *testing.T) {
	job := func(state engine.JobState, done, speed, failed int64) engine.Job {
		return engine.Job{ID: 1, State: state, Total: engine.Amount{Bytes: 170e9}, Done: engine.Amount{Bytes: done}, Speed: speed, Failed: failed}
	}
	other := engine.Job{ID: 7, State: engine.JobAsking, Total: engine.Amount{Bytes: 5e9}}
	second := engine.Job{ID: 2, State: engine.JobWaiting, Total: engine.Amount{Bytes: 30e9}}
	f := at(engine.ReplaceFiles)
	f.r.Jobs = []int64{1, 2}
	for _, c := range []struct {
		jobs []engine.Job
		want string
	}{
		{nil, "Files are on their way already, see Downloads."},
		{[]engine.Job{other, job(engine.JobRunning, 98e9, 0, 0)}, "98 GB of 170 GB fetched, in the background"},
		{[]engine.Job{job(engine.JobRunning, 98e9, 41e6, 0)}, "98 GB of 170 GB fetched, about 29 minutes left, in the background"},
		{[]engine.Job{second, job(engine.JobRunning, 98e9, 41e6, 0)}, "98 GB of 200 GB fetched, about 41 minutes left, in the background"},
		{[]engine.Job{second, job(engine.JobPaused, 98e9, 0, 0)}, "98 GB of 200 GB fetched, paused: see Downloads."},
		{[]engine.Job{job(engine.JobAsking, 98e9, 0, 0)}, "98 GB of 170 GB fetched. Downloads asks about some files."},
		{[]engine.Job{job(engine.JobFailed, 98e9, 0, 0)}, "98 GB of 170 GB fetched, and no more: see Downloads."},
		{[]engine.Job{job(engine.JobDone, 170e9, 0, 2)}, "2 files could not be fetched: see Downloads."},
		{[]engine.Job{job(engine.JobDone, 170e9, 0, 0)}, "The files are here: 170 GB."},
	} {
		f.jobs = c.jobs
		s := open(t, f)
		if got := fetchWords(s.state); got != c.want {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
}

func TestFilesThatCannotBeAskedForKeepTheStep(t *testing.T) {
	f := at(engine.ReplaceFiles)
	f.getErr = &engine.Error{Kind: engine.KindUnreachable, Message: "The backup is not there now. Nothing was fetched. Try again."}
	s := open(t, f)
	s.goOn()
	s.desk.Settle()
	if s.state.Step != StepFiles || s.state.Err == nil || !s.view.wrong.Visible() || len(f.saved) != 0 {
		t.Errorf("step %v, %v, saved %v", s.state.Step, s.state.Err, f.saved)
	}
}
