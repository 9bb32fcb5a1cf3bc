package home

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// certificateSheet is where a person compares the certificate that the server shows with
// what the institution says, and types that. There is no button that takes it unseen:
// whoever is in between hopes for one.
type certificateSheet struct {
	sheet  *look.Dialog
	now    engine.Certificate
	typed  *look.Input
	wrong  *look.Words
	accept *look.Button
	busy   bool
}

// compareCertificate asks the server what it shows now; it may have changed again. Who
// went to another page meanwhile does not compare it.
func (s *Screen) compareCertificate() {
	if s.certificate.Busy() {
		return
	}
	s.desk.Ask(&s.certificate, func(ctx context.Context) func() {
		now, err := s.deps.Engine.Certificate(ctx)
		return func() {
			s.certificate.Void()
			s.drawCompare()
			if err != nil {
				look.Say(s.deps.Window, err)
				return
			}
			s.showCertificate(now)
		}
	})
	s.drawCompare()
}

func (s *Screen) drawCompare() {
	v := &s.view
	v.compare.SetText("Compare the certificate")
	v.compare.Enable()
	if s.certificate.Busy() {
		v.compare.SetText(asking)
		v.compare.Disable()
	}
}

const asking = "Asking the server…"

// showCertificate opens the sheet. Where the certificate is again as it was, nothing
// stands in the way of a backup.
func (s *Screen) showCertificate(now engine.Certificate) {
	if !now.Changed() {
		s.backUpNow()
		return
	}
	c := &certificateSheet{now: now, typed: look.NewInput("64 digits, in groups or not"), wrong: look.SmallParagraph("")}
	c.wrong.SetColor(look.ColorBad)
	c.wrong.Hide()
	c.accept = look.Primary("Accept this certificate", "", func() { s.acceptCertificate(c) })
	c.typed.OnChanged = func(string) { c.draw() }
	c.typed.OnSubmitted = func(string) { s.acceptCertificate(c) }
	c.sheet = look.SheetSized(s.deps.Window, "Is this still your institution’s server?", c.body(), 640,
		look.Secondary("Not now", "", func() { c.sheet.Hide() }), c.accept)
	c.draw()
	c.sheet.Show()
	c.sheet.Focus(c.typed)
}

// groupsInLine lets the two fingerprints stand beside one another.
const groupsInLine = 4

func (c *certificateSheet) body() fyne.CanvasObject {
	shown := look.Fingerprint(look.ColorAccentSoft, groupsInLine)
	shown.Set(c.now.Shown)
	return look.Column(look.Gap,
		look.SoftParagraph("**"+look.Host(c.now.Address)+"** shows another certificate than the one that was accepted. Your institution renewed it, or somebody is between this computer and the server. Nothing was sent to it: backup waits, and nothing is lost."),
		container.NewGridWithColumns(2,
			look.Pad(look.Field("Accepted before", c.before()), 0, 6, 0, 0),
			look.Pad(look.Field("Shown now (SHA-256)", shown.Content), 0, 0, 0, 6)),
		look.SoftParagraph("Ask your institution for the fingerprint of its new certificate, by telephone or on a page that you know. When it is what is shown now, type or paste it here."),
		look.Field("Fingerprint from your institution", c.typed), c.wrong)
}

// before is the certificate that was accepted.
func (c *certificateSheet) before() fyne.CanvasObject {
	if c.now.Accepted == "" {
		return look.SoftParagraph("One that is signed by somebody whom this computer knows.")
	}
	accepted := look.Fingerprint(look.ColorSide, groupsInLine)
	accepted.Set(c.now.Accepted)
	return accepted.Content
}

func (c *certificateSheet) draw() {
	c.accept.SetText("Accept this certificate")
	if c.busy {
		c.accept.SetText(asking)
	}
	if c.busy || c.typed.Text == "" {
		c.accept.Disable()
	} else {
		c.accept.Enable()
	}
}

// acceptCertificate hands over what was typed. What is not the fingerprint can be typed
// again.
func (s *Screen) acceptCertificate(c *certificateSheet) {
	typed := c.typed.Text
	if typed == "" || c.busy {
		return
	}
	c.busy = true
	c.draw()
	s.desk.Once(func(ctx context.Context) func() {
		err := s.deps.Engine.AcceptCertificate(ctx, typed)
		return func() {
			c.busy = false
			c.draw()
			if err != nil && c.sheet.Shown() {
				c.wrong.Set(look.Sentence(err))
				c.wrong.Show()
				c.sheet.Resize()
				return
			}
			c.sheet.Hide()
			s.goOn(err)
		}
	})
}
