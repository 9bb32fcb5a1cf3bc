package signin

import (
	"slices"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/afresh"
	"holdfast/ui/desktop/look"
)

// accountView holds the widgets of the steps of signing in to a server.
type accountView struct {
	email, server *look.Input
	startOn       *look.Button
	startWrong    *look.Words

	serverWords *look.Words
	fingerprint *look.FingerprintBox
	compared    *look.CheckBox
	serverOn    *look.Button
	serverWrong *look.Words

	browserTitle *look.Text
	waiting      *afresh.Waiting
	browserWrong *look.Words

	joinWords     *look.Words
	way           *look.RadioGroup
	wayField      fyne.CanvasObject
	olds          *fyne.Container
	drawnOlds     []string
	old           *look.RadioGroup
	name, asset   *look.Input
	owner         *look.RadioGroup
	ownerField    fyne.CanvasObject
	accountSecret *look.Input
	secretRow     fyne.CanvasObject
	joinWrong     *look.Words
	joinOn        *look.Button
	joinBody      *fyne.Container
}

func wrongWords() *look.Words {
	w := look.SmallParagraph("")
	w.SetColor(look.ColorBad)
	return w
}

func (s *Screen) buildStart() fyne.CanvasObject {
	v := &s.view
	v.email, v.server = look.NewInput("ann@college.edu"), look.NewInput("backup.college.edu")
	for _, field := range []*look.Input{v.email, v.server} {
		field.OnChanged = func(string) { s.typed() }
		field.OnSubmitted = func(string) { s.findServer() }
	}
	v.startOn = look.Primary("Continue", "", s.findServer)
	v.startWrong = wrongWords()
	return middle(look.Column(0,
		look.Centered(look.NewGlyph(look.Mark(look.ColorAccent), 48)),
		look.Pad(look.Title("Holdfast").Center(), 10, 0, 0, 0),
		look.Pad(look.SoftBody("Your files, safe by themselves.").Center(), 8, 0, 0, 0),
		look.Pad(look.Field("E-mail", v.email), 18, 0, 0, 0),
		look.Pad(look.Field("Server address", v.server), 18, 0, 0, 0),
		look.Pad(v.startWrong, 12, 0, 0, 0),
		look.Pad(v.startOn, 10, 0, 0, 0),
		look.Pad(look.SmallParagraph("Your browser opens so that you sign in with your institution.\nNothing else is typed here.").Center(), 16, 0, 18, 0),
		look.Rule(),
		look.Pad(look.Centered(look.Link("Back up to a folder or drive instead", s.choosePlace)), 14, 0, 0, 0)), 420)
}

func (s *Screen) buildServer() fyne.CanvasObject {
	v := &s.view
	v.serverWords = look.SoftParagraph("")
	v.fingerprint = look.Fingerprint(look.ColorAccentSoft, 8)
	v.compared = look.Check("I have compared it, and it is the same", engine.MarkEmpty, func(on bool) {
		s.change(func(a *Account) { a.Compared = on })
	})
	v.serverOn = look.Primary("Continue", "", func() { s.signIn(false) })
	v.serverWrong = wrongWords()
	return middle(look.Column(look.Gap,
		look.Column(6, look.Title("Is this your institution’s server?"), v.serverWords),
		v.fingerprint.Content, v.compared, v.serverWrong,
		look.Row(8, look.Space(), look.Secondary("Back", "", s.cancelSignIn), v.serverOn)), 520)
}

func (s *Screen) buildBrowser() fyne.CanvasObject {
	v := &s.view
	v.browserTitle = look.Title("")
	v.waiting = afresh.NewWaiting(s.openBrowser, func() { s.signIn(true) })
	v.browserWrong = wrongWords()
	return middle(look.Column(look.Gap,
		look.Column(6, v.browserTitle, v.waiting.Content), v.browserWrong,
		look.Row(8, look.Space(), look.Secondary("Cancel", "", s.cancelSignIn))), 480)
}

func (s *Screen) buildJoin() fyne.CanvasObject {
	v := &s.view
	v.joinWords = look.SoftParagraph("")
	v.way = look.Radio([]look.Option{
		{Label: "Add New Device", Note: "This computer is backed up beside the others."},
		{Label: "Replace Existing", Note: "It takes the seat, the settings and the history of a computer that you do not use any more."},
	}, int(WayNew), func(i int) { s.change(func(a *Account) { a.Way, a.Err = Way(i), nil }) })
	v.wayField = look.Column(8, v.way)
	v.olds = look.Column(8)
	v.name, v.asset = look.NewInput("Name"), look.NewInput("as on its label, may be empty")
	v.name.SetText(s.deps.Computer)
	v.owner = look.Radio([]look.Option{{Label: "My institution"}, {Label: "Me: a personal computer"}}, 0, func(i int) {
		s.change(func(a *Account) { a.Personal = i == 1 })
	})
	v.ownerField = look.Field("Who owns it?", v.owner)
	v.accountSecret = look.NewPassword("")
	v.accountSecret.OnSubmitted = func(string) { s.join() }
	v.secretRow = look.Field("Passphrase or recovery code; only you have the key of this account", v.accountSecret)
	v.joinWrong = wrongWords()
	v.joinOn = look.Primary("Continue", "", s.join)
	v.joinBody = look.Column(look.Gap,
		look.Column(6, look.Title("This computer"), v.joinWords),
		v.wayField, v.olds,
		look.Row(12, look.Grow(look.Field("Name", v.name)), look.Grow(look.Field("Asset number", v.asset))),
		v.ownerField, v.secretRow, v.joinWrong,
		look.Row(8, look.Space(), look.Secondary("Cancel", "", s.cancelSignIn), v.joinOn))
	return put(v.joinBody, centred{width: 560})
}

// say shows an error, or nothing.
func say(words *look.Words, err error) {
	words.Set("")
	if err != nil {
		words.Set(look.Sentence(err))
	}
	show(words, err != nil)
}

// enable makes a button one that can be pressed or not, and says what it does now.
func enable(b *look.Button, can, busy bool, idle, doing string) {
	b.SetText(idle)
	if busy {
		b.SetText(doing)
	}
	if can && !busy {
		b.Enable()
	} else {
		b.Disable()
	}
}

func (s *Screen) drawStart() {
	v, a := &s.view, s.state.Account
	say(v.startWrong, a.Err)
	enable(v.startOn, a.Email != "" && a.Address != "", a.Asking, "Continue", "Looking for the server…")
}

func (s *Screen) drawServer() {
	v, a := &s.view, s.state.Account
	v.serverWords.Set("The certificate of **" + a.Found.Address + "** is its own and signed by nobody whom this computer knows. Compare this fingerprint (SHA-256) with the one that your institution gave you. Nothing has been sent yet.")
	v.fingerprint.Set(a.Found.Fingerprint)
	v.compared.SetChecked(a.Compared)
	say(v.serverWrong, a.Err)
	enable(v.serverOn, a.Compared, a.Asking, "Continue", "Continue…")
}

func (s *Screen) drawBrowser() {
	v, a := &s.view, s.state.Account
	v.browserTitle.Set(afresh.WaitingTitle(a.Begun))
	v.waiting.Draw(a.Begun, or(a.Found.Provider, or(a.Found.Name, "your institution")), false)
	say(v.browserWrong, a.Err)
}

func (s *Screen) drawJoin() {
	v, a := &s.view, s.state.Account
	words := "Signed in to " + a.In.Server.Name + " as " + a.In.Email + "."
	if seats := a.seats(); seats != "" {
		words += " " + seats
	}
	v.joinWords.Set(words)
	olds := a.replaceable()
	show(v.wayField, len(olds) > 0)
	v.way.SetChosen(int(a.Way))
	v.way.SetNote(int(WayNew), or(a.full(), "This computer is backed up beside the others."))
	s.drawOlds(olds)
	show(v.olds, a.Way == WayReplace && len(olds) > 0)
	v.owner.SetChosen(0)
	if a.Personal {
		v.owner.SetChosen(1)
	}
	show(v.secretRow, a.In.NeedSecret)
	say(v.joinWrong, a.Err)
	enable(v.joinOn, a.joinable(), a.Asking, "Continue", "Preparing…")
	v.joinBody.Refresh()
}

// drawOlds lists the computers that can be replaced, anew only when they change.
func (s *Screen) drawOlds(olds []engine.Computer) {
	v, a := &s.view, s.state.Account
	var options []look.Option
	var drawn []string
	for _, c := range olds {
		options = append(options, look.Option{Label: c.Name, Note: s.described(c)})
		drawn = append(drawn, c.ID, c.Name, s.described(c))
	}
	if !slices.Equal(drawn, v.drawnOlds) || v.old == nil {
		v.drawnOlds = drawn
		v.old = look.Radio(options, a.Replace, func(i int) { s.change(func(a *Account) { a.Replace, a.Err = i, nil }) })
		v.olds.Objects = []fyne.CanvasObject{look.Field("Which one?", look.Pad(v.old, 0, 0, 0, 24))}
		v.olds.Refresh()
	}
	v.old.SetChosen(a.Replace)
}
