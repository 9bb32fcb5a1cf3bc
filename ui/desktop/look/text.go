package look

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Text is one line of words in a colour of the theme, at the line height of the
// design. Where Truncate was called it is as narrow as it has to be and ends in an
// ellipsis.
type Text struct {
	widget.BaseWidget
	words  string
	color  fyne.ThemeColorName
	height float32
	cut    cut
	column bool // figures of one width
	text   *canvas.Text
}

type cut int

const (
	cutNot cut = iota
	cutEnd
	cutMiddle
)

func newText(words string, size, height float32, bold bool, color fyne.ThemeColorName) *Text {
	t := &Text{words: words, color: color, height: height, text: canvas.NewText(words, Color(color))}
	t.text.TextSize = size
	t.text.TextStyle.Bold = bold
	t.ExtendBaseWidget(t)
	return t
}

// Title is 22/28 semibold, Heading 15/20 semibold, Body 14/20, Strong the same
// semibold, Small 12/16; the Soft ones are second words.
func Title(words string) *Text { return newText(words, 22, 28, true, ColorText) }

// Heading is the title of a card.
func Heading(words string) *Text { return newText(words, 15, 20, true, ColorText) }

// Body is plain words.
func Body(words string) *Text { return newText(words, 14, 20, false, ColorText) }

// Strong is Body in semibold.
func Strong(words string) *Text { return newText(words, 14, 20, true, ColorText) }

// Small is for what stands beside.
func Small(words string) *Text { return newText(words, 12, 16, false, ColorText) }

// SmallStrong is the head of a column.
func SmallStrong(words string) *Text { return newText(words, 12, 16, true, ColorSoft) }

// SoftBody is Body as second words.
func SoftBody(words string) *Text { return newText(words, 14, 20, false, ColorSoft) }

// SoftSmall is Small as second words.
func SoftSmall(words string) *Text { return newText(words, 12, 16, false, ColorSoft) }

// Code is large words of one width for each sign, to be read off and typed.
func Code(words string) *Text {
	t := newText(words, 22, 32, true, ColorText)
	t.text.TextStyle = fyne.TextStyle{Monospace: true, Bold: true}
	return t
}

// Figures are numbers of a column, against the right edge: digits of one width, in
// second words.
func Figures(words string) *Text { return figures(SoftBody(words)) }

// SmallFigures is Figures at 12 px.
func SmallFigures(words string) *Text { return figures(SoftSmall(words)) }

func figures(t *Text) *Text {
	t.column = true
	t.text.Text = t.drawn(t.words)
	return t.Right()
}

// drawn is what is handed to the type. Inter has its figures of one width as
// private characters too, which is how they are reached: Fyne switches on no
// OpenType features.
func (t *Text) drawn(words string) string {
	if !t.column {
		return words
	}
	const zero = '\ue071'
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return zero + r - '0'
		}
		return r
	}, words)
}

// Set changes the words.
func (t *Text) Set(words string) {
	if t.words == words {
		return
	}
	t.words = words
	t.fit()
	t.text.Refresh()
	t.BaseWidget.Refresh()
}

// Words are the words, whole.
func (t *Text) Words() string { return t.words }

// SetColor changes the colour.
func (t *Text) SetColor(name fyne.ThemeColorName) {
	if t.color == name {
		return
	}
	t.color = name
	t.Refresh()
}

// SetStrong makes the words semibold or not.
func (t *Text) SetStrong(strong bool) {
	if t.text.TextStyle.Bold == strong {
		return
	}
	t.text.TextStyle.Bold = strong
	t.fit()
	t.Refresh()
}

// SetSize changes the size of the type and not the height of the line.
func (t *Text) SetSize(size float32) { t.text.TextSize = size; t.fit(); t.Refresh() }

// Truncate lets the text be narrower than its words, which then end in an ellipsis.
func (t *Text) Truncate() *Text { t.cut = cutEnd; return t }

// TruncateMiddle is for paths: the ellipsis stands in the middle.
func (t *Text) TruncateMiddle() *Text { t.cut = cutMiddle; return t }

// Right sets the words against the right edge.
func (t *Text) Right() *Text { t.text.Alignment = fyne.TextAlignTrailing; return t }

// Center sets the words in the middle.
func (t *Text) Center() *Text { t.text.Alignment = fyne.TextAlignCenter; return t }

// Refresh draws the words in the colours of now.
func (t *Text) Refresh() {
	t.text.Color = Color(t.color)
	t.text.Refresh()
	t.BaseWidget.Refresh()
}

// CreateRenderer is for Fyne.
func (t *Text) CreateRenderer() fyne.WidgetRenderer { return &textRenderer{t} }

func (t *Text) width(words string) float32 {
	size, _ := fyne.CurrentApp().Driver().RenderedTextSize(t.drawn(words), t.text.TextSize, t.text.TextStyle, t.text.FontSource)
	return size.Width
}

// fit puts as many of the words into the canvas text as there is room for.
func (t *Text) fit() {
	room := t.Size().Width
	if t.cut == cutNot || room <= 0 || t.width(t.words) <= room+0.5 {
		t.text.Text = t.drawn(t.words)
		return
	}
	runes := []rune(t.words)
	low, high := 0, len(runes)
	for low < high {
		middle := (low + high + 1) / 2
		if t.width(t.shortened(runes, middle)) <= room {
			low = middle
		} else {
			high = middle - 1
		}
	}
	t.text.Text = t.drawn(t.shortened(runes, low))
}

func (t *Text) shortened(runes []rune, keep int) string {
	if t.cut == cutEnd {
		return string(runes[:keep]) + "…"
	}
	head := keep / 2
	return string(runes[:head]) + "…" + string(runes[len(runes)-(keep-head):])
}

type textRenderer struct{ t *Text }

func (r *textRenderer) Layout(size fyne.Size) {
	r.t.fit()
	h := r.t.text.MinSize().Height
	r.t.text.Resize(fyne.NewSize(size.Width, h))
	r.t.text.Move(fyne.NewPos(0, (size.Height-h)/2))
}

func (r *textRenderer) MinSize() fyne.Size {
	if r.t.cut != cutNot {
		return fyne.NewSize(24, r.t.height)
	}
	return fyne.NewSize(r.t.width(r.t.words), r.t.height)
}

func (r *textRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.t.text} }
func (r *textRenderer) Refresh()                     { r.Layout(r.t.Size()) }
func (r *textRenderer) Destroy()                     {}

// Box is a themed rectangle: a ground, a line around it, a radius.
type Box struct {
	widget.BaseWidget
	rect         *canvas.Rectangle
	ground, line fyne.ThemeColorName
}

// NewBox makes a rectangle; an empty line name draws no line.
func NewBox(ground, line fyne.ThemeColorName, radius float32) *Box {
	b := &Box{rect: canvas.NewRectangle(color.Transparent), ground: ground, line: line}
	b.rect.CornerRadius = radius
	b.ExtendBaseWidget(b)
	b.paint()
	return b
}

// SetColors changes ground and line.
func (b *Box) SetColors(ground, line fyne.ThemeColorName) {
	b.ground, b.line = ground, line
	b.Refresh()
}

// SetLine sets the width of the line, 1 as a rule and 2 with the focus.
func (b *Box) SetLine(width float32) { b.rect.StrokeWidth = width; b.rect.Refresh() }

func (b *Box) paint() {
	b.rect.FillColor = Color(b.ground)
	if b.line == "" {
		b.rect.StrokeWidth = 0
		b.rect.StrokeColor = color.Transparent
	} else {
		b.rect.StrokeWidth = max(1, b.rect.StrokeWidth)
		b.rect.StrokeColor = Color(b.line)
		if b.ground == ColorClear {
			b.rect.FillColor = barely(b.rect.StrokeColor)
		}
	}
}

// barely is a colour that cannot be seen. On the screen, the edge between a line
// and its ground is blended from both, and what is fully transparent is black.
func barely(c color.Color) color.Color {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	n.A = 1
	return n
}

// Refresh draws it in the colours of now.
func (b *Box) Refresh() { b.paint(); b.rect.Refresh() }

// CreateRenderer is for Fyne.
func (b *Box) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(b.rect) }

// Rule is a line of one pixel, drawn across.
func Rule() fyne.CanvasObject { return sized(NewBox(ColorLine, "", 0), 1, 1) }
