package afresh

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// Waiting is what stands in the window while a person signs in elsewhere: in the
// browser, or on another device with a code.
type Waiting struct {
	Content fyne.CanvasObject

	url   string
	words *look.Words
	box   fyne.CanvasObject
	code  *look.Text
	open  fyne.CanvasObject
	other fyne.CanvasObject
}

// NewWaiting makes it. Open opens the browser again, byCode begins with a code.
func NewWaiting(open, byCode func()) *Waiting {
	w := &Waiting{words: look.SoftParagraph(""), code: look.Code("")}
	w.code.SetSize(26)
	w.box = container.NewStack(look.NewBox(look.ColorAccentSoft, "", look.ControlRadius), look.Pad(look.Centered(w.code), 18, 12, 18, 12))
	w.open = look.Secondary("Open the browser again", "external-link", open)
	w.other = look.Leading(look.SmallLink("Sign in on another device with a code", byCode))
	copied := look.Secondary("Copy the address", "copy", func() { fyne.CurrentApp().Clipboard().SetContent(w.url) })
	w.Content = look.Column(look.Gap, w.words, w.box, look.Row(8, w.open, copied), w.other)
	return w
}

// WaitingTitle is its title.
func WaitingTitle(begun engine.SignIn) string {
	if begun.Code != "" {
		return "Sign in on another device"
	}
	return "Go on in your browser"
}

// Draw shows a sign-in. Who is where the person signs in; noBrowser says that a code
// is shown because no browser could be opened.
func (w *Waiting) Draw(begun engine.SignIn, who string, noBrowser bool) {
	byCode := begun.Code != ""
	w.url = begun.URL
	w.code.Set(begun.Code)
	w.words.Set(waitingWords(begun, who, noBrowser))
	show(w.box, byCode)
	show(w.open, !byCode)
	show(w.other, !byCode)
}

func waitingWords(begun engine.SignIn, who string, noBrowser bool) string {
	if begun.Code == "" {
		return "Sign in there with " + who + ". Holdfast goes on by itself as soon as you are back."
	}
	words := "Open **" + begun.URL + "** on your phone or another computer, sign in with " + who + " and type this code. Holdfast goes on by itself."
	if noBrowser {
		words = "No browser could be opened on this computer. " + words
	}
	return words
}
