package look

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Words are lines of text that wrap. Parts between ** are semibold.
type Words struct {
	widget.BaseWidget
	rich  *widget.RichText
	color fyne.ThemeColorName
	size  fyne.ThemeSizeName
	align fyne.TextAlign
	words string
}

func newWords(words string, size fyne.ThemeSizeName, color fyne.ThemeColorName) *Words {
	w := &Words{rich: widget.NewRichText(), color: color, size: size, words: words}
	w.rich.Wrapping = fyne.TextWrapWord
	w.ExtendBaseWidget(w)
	w.build()
	return w
}

// Paragraph is body text that wraps; SoftParagraph and SmallParagraph likewise.
func Paragraph(words string) *Words { return newWords(words, theme.SizeNameText, ColorText) }

// SoftParagraph wraps second words.
func SoftParagraph(words string) *Words { return newWords(words, theme.SizeNameText, ColorSoft) }

// SmallParagraph wraps small second words.
func SmallParagraph(words string) *Words {
	return newWords(words, theme.SizeNameCaptionText, ColorSoft)
}

// Center sets the lines in the middle.
func (w *Words) Center() *Words { w.align = fyne.TextAlignCenter; w.build(); return w }

// Set changes the words.
func (w *Words) Set(words string) {
	if words == w.words {
		return
	}
	w.words = words
	w.build()
	w.Refresh()
}

// SetColor changes the colour.
func (w *Words) SetColor(color fyne.ThemeColorName) {
	if color == w.color {
		return
	}
	w.color = color
	w.build()
}

func (w *Words) build() {
	w.rich.Segments = w.rich.Segments[:0]
	for i, part := range strings.Split(w.words, "**") {
		style := widget.RichTextStyle{Inline: true, ColorName: w.color, SizeName: w.size, Alignment: w.align,
			TextStyle: fyne.TextStyle{Bold: i%2 == 1}}
		if part != "" || i == 0 {
			w.rich.Segments = append(w.rich.Segments, &widget.TextSegment{Text: part, Style: style})
		}
	}
	w.rich.Refresh()
}

// CreateRenderer is for Fyne.
func (w *Words) CreateRenderer() fyne.WidgetRenderer { return &wordsRenderer{w} }

// wordsRenderer takes away the padding that a RichText has inside.
type wordsRenderer struct{ w *Words }

func (r *wordsRenderer) inset() float32 { return theme.Size(theme.SizeNameInnerPadding) }

func (r *wordsRenderer) Layout(size fyne.Size) {
	in := r.inset()
	r.w.rich.Move(fyne.NewPos(-in, -in))
	r.w.rich.Resize(size.AddWidthHeight(2*in, 2*in))
}

func (r *wordsRenderer) MinSize() fyne.Size {
	in := r.inset()
	m := r.w.rich.MinSize().SubtractWidthHeight(2*in, 2*in)
	return fyne.NewSize(max(40, m.Width), m.Height)
}

func (r *wordsRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.w.rich} }
func (r *wordsRenderer) Refresh()                     { r.w.rich.Refresh() }
func (r *wordsRenderer) Destroy()                     {}
