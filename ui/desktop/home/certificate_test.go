package home

import (
	"context"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/ask"
	"holdfast/ui/desktop/look"
	"holdfast/ui/desktop/look/picture"
)

var renewal = engine.Certificate{Address: "https://backup.college.edu", Accepted: strings.Repeat("1f2e3d4c", 8), Shown: strings.Repeat("a0b1c2d3", 8)}

// renewed is a server that shows another certificate than before.
type renewed struct {
	fake
	shows    engine.Certificate
	accepted []string
}

func (f *renewed) Certificate(context.Context) (engine.Certificate, error) { return f.shows, f.err }

func (f *renewed) AcceptCertificate(_ context.Context, fingerprint string) error {
	f.accepted = append(f.accepted, fingerprint)
	if fingerprint != f.shows.Shown {
		return &engine.Error{Kind: engine.KindUntrusted, Message: "The server shows another certificate than the one whose fingerprint you typed. Nothing was sent to it and nothing is lost. Look for a typing mistake; when there is none, somebody may be in between: tell your institution."}
	}
	f.status = engine.Status{State: engine.StateProtected}
	return nil
}

// stopped is Home of a computer whose server shows another certificate.
func stopped(t *testing.T) (*Screen, *renewed) {
	picture.App(t, "light")
	f := &renewed{shows: renewal, fake: fake{status: engine.Status{State: engine.StateAttention, Certificate: true, Reason: "The server shows another certificate than before."}}}
	s := New(Deps{Engine: f, Window: picture.Window(t, nil, fyne.NewSize(900, 760))})
	s.desk = ask.ForTest()
	s.Show()
	t.Cleanup(s.Hide)
	s.desk.Settle()
	if !s.view.compareRow.Visible() || s.view.againRow.Visible() {
		t.Fatal("there is not the one button")
	}
	return s, f
}

func TestANewCertificateIsTakenByWhoTypesWhatTheInstitutionGave(t *testing.T) {
	s, f := stopped(t)
	s.view.compare.Tapped(nil)
	s.desk.Settle()
	input, accept, _, words := asked(t, s)
	if !strings.Contains(words, "**backup.college.edu** shows another certificate") || !strings.Contains(words, "nothing is lost") {
		t.Fatalf("the sheet says %q", words)
	}
	if !accept.Disabled() {
		t.Error("it can be taken unseen")
	}
	accept.Tapped(nil)
	input.SetText(renewal.Accepted) // the old one
	accept.Tapped(nil)
	s.desk.Settle()
	if _, accept, _, words = asked(t, s); !strings.Contains(words, "another certificate than the one whose fingerprint you typed") || accept.Disabled() {
		t.Fatalf("after a mistake the sheet says %q", words)
	}
	input.SetText(renewal.Shown)
	input.OnSubmitted("")
	accept.Tapped(nil) // twice
	s.desk.Settle()
	if len(f.accepted) != 2 || s.view.compareRow.Visible() || s.deps.Window.Canvas().Overlays().Top() != nil {
		t.Fatalf("accepted %q, and the button stays: %v", f.accepted, s.view.compareRow.Visible())
	}
}

func TestWhoTypesNothingHasChangedNothing(t *testing.T) {
	s, f := stopped(t)
	s.view.compare.Tapped(nil)
	s.desk.Settle()
	s.deps.Window.Canvas().Overlays().Top().(fyne.Focusable).TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	s.desk.Settle()
	if len(f.accepted) != 0 || !s.view.compareRow.Visible() {
		t.Fatalf("accepted %q", f.accepted)
	}
}

func TestWhoIsElsewhereWhenTheServerAnswersSeesNoSheet(t *testing.T) {
	s, _ := stopped(t)
	s.view.compare.Tapped(nil)
	if !s.view.compare.Disabled() || s.view.compare.Text() != "Asking the server…" {
		t.Errorf("while it is asked the button says %q", s.view.compare.Text())
	}
	s.Hide()
	s.desk.Settle()
	if s.deps.Window.Canvas().Overlays().Top() != nil {
		t.Error("the sheet comes up before another page")
	}
	s.Show()
	s.desk.Settle()
	if s.view.compare.Disabled() || s.view.compare.Text() != "Compare the certificate" {
		t.Errorf("back again the button says %q", s.view.compare.Text())
	}
}

func TestACertificateThatIsAsItWasAgainNeedsNoSheet(t *testing.T) {
	s, f := stopped(t)
	f.shows.Shown = f.shows.Accepted
	s.view.compare.Tapped(nil)
	s.desk.Settle()
	if s.deps.Window.Canvas().Overlays().Top() != nil || len(f.did) != 1 || f.did[0] != "back up" {
		t.Fatalf("it did %q", f.did)
	}
}

func TestTheSheetForTheCertificateIsDrawn(t *testing.T) {
	authority := renewal
	authority.Accepted = ""
	for name, now := range map[string]engine.Certificate{"home-certificate": renewal, "home-certificate-authority": authority} {
		picture.All(t, name, func(fyne.Window) fyne.CanvasObject { return look.NewBox(look.ColorSide, "", 0) }, func(w fyne.Window) {
			s := New(Deps{Engine: &renewed{}, Window: w})
			s.desk = ask.ForTest()
			s.showCertificate(now)
		})
	}
	picture.All(t, "home-certificate-wrong", func(fyne.Window) fyne.CanvasObject { return look.NewBox(look.ColorSide, "", 0) }, func(w fyne.Window) {
		s := New(Deps{Engine: &renewed{shows: renewal}, Window: w})
		s.desk = ask.ForTest()
		s.showCertificate(renewal)
		input, accept, _, _ := asked(t, s)
		input.SetText(renewal.Accepted)
		accept.Tapped(nil)
		s.desk.Settle()
	})
}
