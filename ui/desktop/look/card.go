package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Card is a surface with a line around it and room inside.
func Card(content fyne.CanvasObject) fyne.CanvasObject { return CardPadded(content, 20) }

// CardPadded is a card with another room inside.
func CardPadded(content fyne.CanvasObject, pad float32) fyne.CanvasObject {
	return container.NewStack(NewBox(ColorSurface, ColorLine, CardRadius), Pad(content, pad, pad, pad, pad))
}

// Page is a screen: title, subtitle and actions above, the content below, in the
// margins of the design. The content takes the height that is left; content that
// was put into Scroll reaches to the edges of the window, so that its bar does too.
func Page(title, subtitle string, content fyne.CanvasObject, actions ...fyne.CanvasObject) *PageView {
	p := &PageView{Title: Title(title).Truncate(), Subtitle: SoftBody(subtitle).Truncate()}
	words := Column(0, p.Title, p.Subtitle)
	if subtitle == "" {
		p.Subtitle.Hide()
	}
	p.Head = Row(8, append([]fyne.CanvasObject{Grow(words)}, actions...)...)
	head := Pad(Sized(p.Head, 0, 36), MarginY, MarginX, 0, MarginX)
	if scroll, ok := content.(*container.Scroll); ok {
		scroll.Content = Pad(scroll.Content, Gap, MarginX, MarginY, MarginX)
		p.body = Column(0, head, Grow(scroll))
	} else {
		p.body = Column(Gap, head, Grow(Pad(content, 0, MarginX, MarginY, MarginX)))
	}
	p.root = container.NewStack(NewBox(ColorBackground, "", 0), p.body)
	return p
}

// PageView is a page whose title and subtitle can change.
type PageView struct {
	Title, Subtitle *Text
	Head            *fyne.Container
	body            *fyne.Container
	root            fyne.CanvasObject
}

// Content is what the shell shows.
func (p *PageView) Content() fyne.CanvasObject { return p.root }

// SetSubtitle changes the second line; an empty one takes no room.
func (p *PageView) SetSubtitle(words string) {
	p.Subtitle.Set(words)
	if (words != "") == p.Subtitle.Visible() {
		return
	}
	if words == "" {
		p.Subtitle.Hide()
	} else {
		p.Subtitle.Show()
	}
	p.body.Refresh()
}

// Empty is what a screen shows when it has nothing to show: an icon, a heading,
// a sentence and perhaps the one thing to do.
func Empty(icon, title, words string, action fyne.CanvasObject) fyne.CanvasObject {
	text := SoftParagraph(words).Center()
	things := []fyne.CanvasObject{
		Centered(NewGlyph(Icon(icon, ColorSoft), 36)),
		Column(4, Heading(title).Center(), Sized(text, 360, 20)),
	}
	if action != nil {
		things = append(things, Centered(action))
	}
	return Centered(Column(Gap, things...))
}
