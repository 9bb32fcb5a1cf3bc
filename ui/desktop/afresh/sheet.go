package afresh

import (
	"fyne.io/fyne/v2"

	"holdfast/ui/desktop/look"
)

// view holds the widgets of the sheet.
type view struct {
	sheet   *look.Dialog
	why     *look.Words
	how     *look.Words
	waiting *Waiting
	wrong   *look.Words
	signIn  *look.Button
}

func (k *asking) build() {
	v := &k.view
	v.why, v.how = look.SoftParagraph(""), look.SoftParagraph("")
	v.waiting = NewWaiting(k.openAgain, func() { k.begin(true) })
	v.wrong = look.SmallParagraph("")
	v.wrong.SetColor(look.ColorBad)
	v.signIn = look.Primary("", "", func() { k.begin(false) })
	v.sheet = look.SheetSized(k.deps.Window, " ", look.Column(12, v.why, v.how, v.waiting.Content, v.wrong), 480,
		look.Secondary("Cancel", "", k.giveUp), v.signIn)
	v.sheet.OnClosed = k.giveUp
}

// draw shows a state, whole.
func (k *asking) draw(next state) {
	k.state = next
	v, waits := &k.view, next.step == stepWaiting
	title := "Sign in to go on"
	if waits {
		title = WaitingTitle(next.begun)
		v.waiting.Draw(next.begun, "your institution", next.noBrowser)
	}
	v.sheet.SetTitle(title)
	v.why.Set(why(next.what))
	show(v.why, !waits && next.what != "")
	v.how.Set(how(next.what))
	show(v.how, !waits)
	show(v.waiting.Content, waits)
	v.wrong.Set("")
	if next.err != nil {
		v.wrong.Set(look.Sentence(next.err))
	}
	show(v.wrong, next.err != nil)
	show(v.signIn, !waits)
	v.signIn.SetText("Sign in")
	v.signIn.Enable()
	if next.step == stepOpening {
		v.signIn.SetText("Opening the browser…")
		v.signIn.Disable()
	}
	v.sheet.Resize()
}

// why is the reason for a sign-in of the last minutes.
func why(what string) string {
	return what + " needs a sign-in of the last minutes, so that nobody else at this computer can do it in your name."
}

// how is what happens next.
func how(what string) string {
	words := "Your browser opens so that you sign in with your institution."
	if what == "" {
		return words + " Holdfast goes on by itself as soon as you are back."
	}
	return words + " As soon as you are back, it is done by itself. Nothing has been changed yet."
}

func show(o fyne.CanvasObject, visible bool) {
	if visible {
		o.Show()
	} else {
		o.Hide()
	}
}
