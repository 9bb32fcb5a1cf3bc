package managefiles

import (
	"errors"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

func press(s *stage, keys ...fyne.KeyName) {
	for _, k := range keys {
		s.view.list.TypedKey(&fyne.KeyEvent{Name: k})
		s.desk.Settle()
	}
}

func mark(t *testing.T, s *stage, path string) engine.Mark {
	t.Helper()
	n := s.state.tree.find(path)
	if n == nil {
		t.Fatalf("%s is not in the tree", path)
	}
	return n.row.Mark
}

// sheet is the button of the dialog on top that says something.
func button(t *testing.T, window fyne.Window, words string) *look.Button {
	t.Helper()
	top := window.Canvas().Overlays().Top()
	if top == nil {
		t.Fatalf("no dialog is open to press %q", words)
	}
	for _, o := range test.LaidOutObjects(top) {
		if b, ok := o.(*look.Button); ok && b.Text() == words {
			return b
		}
	}
	t.Fatalf("the dialog has no %q", words)
	return nil
}

func TestAClickChangesTheDraftAndSaveSavesIt(t *testing.T) {
	d := ann()
	s := stand(t, d, "light", 1180, 760)
	s.open(t, toOld...)
	if !s.view.save.Disabled() || s.Dirty() {
		t.Fatal("there is something to save before anything was done")
	}
	n := s.state.tree.find("/Users/ann/Desktop")
	s.toggleCheck(n)
	if n.row.Mark != empty || mark(t, s, "/Users/ann") != dash {
		t.Error("the marks did not follow at once")
	}
	s.desk.Settle()
	button(t, s.window, "New items join").Tapped(nil)
	if s.view.save.Disabled() || !s.Dirty() {
		t.Error("the change cannot be saved")
	}
	if d.count("save") != 0 {
		t.Error("it was saved without being asked")
	}
	s.save(func() {})
	s.desk.Settle()
	if s.Dirty() || len(d.saved.Choices) != 2 || d.saved.Choices[1].Include {
		t.Errorf("saved %+v", d.saved.Choices)
	}
	s.toggleCheck(s.state.tree.find("/Users/ann/Documents"))
	s.desk.Settle()
	if s.window.Canvas().Overlays().Top() != nil {
		t.Error("new items were asked about twice")
	}
	s.cancel()
	s.desk.Settle()
	if s.Dirty() || mark(t, s, "/Users/ann/Documents") != full {
		t.Error("cancel did not bring back what was saved")
	}
}

func TestOnlyWhatIsCheckedLeavesNewItemsOut(t *testing.T) {
	d := ann()
	s := stand(t, d, "light", 1180, 760)
	s.open(t, toOld...)
	s.toggleCheck(s.state.tree.find("/Users/ann/Desktop"))
	s.desk.Settle()
	button(t, s.window, "Only what is checked").Tapped(nil)
	s.desk.Settle()
	for _, c := range s.state.draft.Choices {
		if c.Path == "/Users/ann" && c.NewItems {
			t.Error("new items still join")
		}
	}
	if i := len(s.state.draft.Choices); i < 4 {
		t.Errorf("what is there was not kept: %+v", s.state.draft.Choices)
	}
}

func TestKeys(t *testing.T) {
	s := stand(t, ann(), "light", 1180, 760)
	s.window.Canvas().Focus(s.view.list)
	press(s, fyne.KeyRight, fyne.KeyRight, fyne.KeyRight, fyne.KeyRight, fyne.KeyRight)
	if got := s.state.selected.row.Path; got != "/Users/ann" {
		t.Fatalf("Right leads to %s", got)
	}
	for _, r := range "pic" {
		s.view.list.TypedRune(r)
	}
	if got := s.state.selected.row.Name; got != "Pictures" {
		t.Errorf("typing leads to %s", got)
	}
	press(s, fyne.KeyLeft)
	if got := s.state.selected.row.Path; got != "/Users/ann" {
		t.Errorf("Left leads to %s", got)
	}
	press(s, fyne.KeyLeft)
	if s.state.tree.find("/Users/ann/Desktop") != nil {
		t.Error("Left did not close the folder")
	}
	press(s, fyne.KeyReturn, fyne.KeyDown)
	s.view.screen.toggleCheck(s.state.selected)
	s.desk.Settle()
	if mark(t, s, "/Users/ann/Desktop") != empty {
		t.Error("the check was not taken away")
	}
}

func TestAnExcludedFileAsksBeforeTheExclusionGoes(t *testing.T) {
	d := ann()
	s := stand(t, d, "light", 1180, 760)
	s.open(t, toOld...)
	s.toggleCheck(s.state.tree.find("/Users/ann/Pictures/old.pvm"))
	s.desk.Settle()
	if s.Dirty() {
		t.Error("the draft changed before the answer")
	}
	button(t, s.window, "Switch it off").Tapped(nil)
	s.desk.Settle()
	i := findExclusion(s.state.draft, engine.Exclusion{Kind: engine.ExcludePreset, Pattern: "virtualdisks"})
	if i < 0 || !s.state.draft.Exclusions[i].Off {
		t.Errorf("the exclusion is still in force: %+v", s.state.draft.Exclusions)
	}
}

func TestLeavingAsksAboutADraft(t *testing.T) {
	d := ann()
	s := stand(t, d, "light", 1180, 760)
	left := 0
	s.Leave(func() { left++ })
	if left != 1 {
		t.Fatal("leaving without a draft did not happen at once")
	}
	s.change(uncheck(s.state.draft, "/Users/ann/Pictures"))
	s.desk.Settle()
	s.Leave(func() { left++ })
	button(t, s.window, "Keep editing").Tapped(nil)
	if left != 1 || !s.Dirty() {
		t.Error("keep editing left or lost the draft")
	}
	s.Leave(func() { left++ })
	button(t, s.window, "Save").Tapped(nil)
	s.desk.Settle()
	if left != 2 || d.count("save") != 1 {
		t.Errorf("left %d times, saved %d times", left, d.count("save"))
	}
}

func TestASaveThatFailsKeepsTheDraft(t *testing.T) {
	d := ann()
	s := stand(t, d, "light", 1180, 760)
	s.change(uncheck(s.state.draft, "/Users/ann/Pictures"))
	s.desk.Settle()
	d.fail = errors.New("disk full")
	left := false
	s.save(func() { left = true })
	s.desk.Settle()
	if left || !s.Dirty() || s.view.save.Disabled() {
		t.Error("a failed save looks like a saved one")
	}
}

func TestADraftSurvivesHidingAndSavesByOthers(t *testing.T) {
	d := ann()
	s := stand(t, d, "light", 1180, 760)
	s.change(uncheck(s.state.draft, "/Users/ann/Pictures"))
	s.desk.Settle()
	s.Hide()
	d.saved = check(d.saved, "/opt")
	s.Show()
	s.desk.Settle()
	if !s.Dirty() || own(s.state.draft, "/opt") || !own(s.state.saved, "/opt") {
		t.Errorf("draft %+v, saved %+v", s.state.draft.Choices, s.state.saved.Choices)
	}
}

func TestRemoveStopsAndRemoves(t *testing.T) {
	d := ann()
	s := stand(t, d, "light", 1180, 760)
	s.open(t, "/", "/Users", "/Users/ann", "/Users/ann/Pictures")
	s.askRemove(s.state.selected)
	s.desk.Settle()
	button(t, s.window, "Remove").Tapped(nil)
	s.desk.Settle()
	if d.count("remove /Users/ann/Pictures") != 1 || !own(s.state.draft, "/Users/ann/Pictures") || s.Dirty() {
		t.Errorf("calls %v, draft %+v, dirty %v", d.calls, s.state.draft.Choices, s.Dirty())
	}
	if n := d.count("save"); n != 0 {
		t.Errorf("a selection was saved %d times: an undo would bring back that one, and not what was chosen before", n)
	}
}

func TestRemovingKeepsWhatIsNotSavedYet(t *testing.T) {
	d := ann()
	s := stand(t, d, "light", 1180, 760)
	s.open(t, "/", "/Users", "/Users/ann", "/Users/ann/Pictures")
	s.change(check(s.state.draft, "/opt"))
	s.remove("/Users/ann/Pictures")
	s.desk.Settle()
	if !own(s.state.draft, "/opt") || !own(s.state.draft, "/Users/ann/Pictures") || own(s.state.saved, "/opt") || !s.Dirty() {
		t.Errorf("draft %+v, saved %+v", s.state.draft.Choices, s.state.saved.Choices)
	}
}

func TestFoldersAreCountedWhileTheyAreSeen(t *testing.T) {
	d := crowded()
	s := stand(t, d, "light", 900, 640)
	s.open(t, "/", "/Users", "/Users/ann", "/Users")
	counted := 0
	for _, n := range s.state.tree.flat {
		if n.row.Size >= 0 {
			counted++
		}
	}
	if counted == 0 || counted > 40 {
		t.Errorf("%d of %d rows are counted", counted, len(s.state.tree.flat))
	}
}

func TestARuleIsLookedAtBeforeItIsAdded(t *testing.T) {
	s := stand(t, ann(), "light", 1180, 760)
	s.addRule()
	add := button(t, s.window, "Add the rule")
	if !add.Disabled() {
		t.Error("nothing at all can be added")
	}
	input := s.window.Canvas().Focused().(*look.Input)
	input.SetText("a b")
	s.desk.Settle()
	if !add.Disabled() {
		t.Error("a bad pattern can be added")
	}
	input.SetText("iso")
	s.desk.Settle()
	add.Tapped(nil)
	s.desk.Settle()
	if findExclusion(s.state.draft, engine.Exclusion{Kind: engine.ExcludeExtension, Pattern: "iso"}) < 0 {
		t.Error("the rule was not added")
	}
}

func TestABoxOfAnExclusionKeepsTheFocus(t *testing.T) {
	s := stand(t, ann(), "light", 1180, 760)
	box := s.view.rules.rows[0].box
	s.window.Canvas().Focus(box)
	box.TypedRune(' ')
	s.desk.Settle()
	if s.view.rules.rows[0].box != box || box.Checked() || !s.Dirty() {
		t.Error("the box was made anew, or did nothing")
	}
	box.TypedRune(' ')
	s.desk.Settle()
	if s.Dirty() {
		t.Error("switching off and on again leaves a change")
	}
}

func TestRemovingSaysWhichReplacedComputersHadItToo(t *testing.T) {
	final := time.Date(2026, 12, 23, 0, 0, 0, 0, time.UTC)
	alone := removeWords("Letters", nil, final)
	if strings.Contains(alone, "place of another") || !strings.Contains(alone, "Until 23 December you can undo") {
		t.Errorf("it says %q", alone)
	}
	with := removeWords("Letters", []string{"Old laptop (before replacement)"}, final)
	if !strings.Contains(with, "disappears from **Old laptop (before replacement)** too") {
		t.Errorf("it says %q", with)
	}
}
