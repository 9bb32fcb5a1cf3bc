package look_test

import (
	"errors"
	"testing"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
	"holdfast/ui/desktop/look/picture"
)

func TestDialogsAreDrawn(t *testing.T) {
	page := func(w fyne.Window) fyne.CanvasObject {
		return look.Page("Home", "", look.Card(look.Body("Below"))).Content()
	}
	picture.All(t, "say", page, func(w fyne.Window) {
		look.Say(w, &engine.Error{Op: "back up", Kind: engine.KindFull, Err: errors.New("write /media/ann/Backup: no space left on device"),
			Message: "The drive “Backup” is full, so what changed today is not stored yet. Nothing that is stored is lost. Delete something there, or keep fewer versions in Settings."})
	})
	picture.All(t, "ask", page, func(w fyne.Window) {
		look.Ask(w, "Quit Holdfast?", "Nothing is backed up until you start it again. Files that are on their way back go on then.", "Quit", "Keep running", func() {})
	})
}

func TestADialogTakesTheKeysAndGivesThemBack(t *testing.T) {
	picture.App(t, "light")
	input := look.NewInput("")
	w := picture.Window(t, look.Column(8, input), fyne.NewSize(600, 400))
	w.Canvas().Focus(input)
	said := 0
	d := look.Ask(w, "Sure?", "Really.", "Yes", "No", func() { said++ })
	type keys interface{ TypedKey(*fyne.KeyEvent) }
	w.Canvas().Focused().(keys).TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if d.Shown() || said != 0 || w.Canvas().Focused() != fyne.Focusable(input) {
		t.Fatalf("after Esc: shown %v, said %d, focus %v", d.Shown(), said, w.Canvas().Focused())
	}
	d = look.Ask(w, "Sure?", "Really.", "Yes", "No", func() { said++ })
	w.Canvas().Focused().(keys).TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if d.Shown() || said != 1 {
		t.Fatalf("after Enter: shown %v, said %d", d.Shown(), said)
	}
	look.Say(w, nil)
	look.Say(w, &engine.Error{Kind: engine.KindCancelled})
	if w.Canvas().Overlays().Top() != nil {
		t.Fatal("what was cancelled is said")
	}
}

func TestWordsAreWrittenAsOneSaysThem(t *testing.T) {
	for n, want := range map[int64]string{-1: "–", 0: "0 B", 999: "999 B", 1000: "1 KB", 2_400_000: "2.4 MB", 412_000: "412 KB", 999_600: "1 MB", 50_400_000_000: "50 GB", 118_000_000_000: "118 GB"} {
		if got := look.Bytes(n); got != want {
			t.Errorf("%d bytes are %q, not %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 128402: "128,402", -1234567: "−1,234,567"} {
		if got := look.Count(n); got != want {
			t.Errorf("%d is %q, not %q", n, got, want)
		}
	}
}

func TestKeysThatAControlDoesNotNeedReachTheDialog(t *testing.T) {
	picture.App(t, "light")
	w := picture.Window(t, look.Body(""), fyne.NewSize(600, 400))
	said := 0
	var d *look.Dialog
	radio := look.Radio([]look.Option{{Label: "One"}, {Label: "Two"}}, 0, nil)
	box, field := look.Check("Also", engine.MarkEmpty, nil), look.NewInput("")
	d = look.Sheet(w, "Which?", look.Column(8, radio, box, field), look.Primary("Go", "", func() { said++; d.Hide() }))
	for i, control := range []fyne.Focusable{radio, box} {
		d.Show()
		d.Focus(control)
		control.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		if said != i+1 || d.Shown() {
			t.Errorf("Enter on control %d: said %d, shown %v", i, said, d.Shown())
		}
	}
	for i, control := range []fyne.Focusable{radio, box, field} {
		d.Show()
		d.Focus(control)
		control.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
		if d.Shown() {
			t.Errorf("Esc on control %d does not close", i)
		}
	}
	loss := look.Sheet(w, "Remove?", look.Body(""), look.Danger("Remove", "", func() { said = -1 }))
	loss.Show()
	w.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if said == -1 {
		t.Error("Enter alone takes something away")
	}
}
