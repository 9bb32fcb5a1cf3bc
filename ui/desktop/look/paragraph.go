package look

import (
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Words are lines of text that wrap at the line height of the design. What stands
// between ** is semibold; a line break in the words is one in the text.
type Words struct {
	widget.BaseWidget
	words   string
	color   fyne.ThemeColorName
	size    float32
	height  float32
	align   fyne.TextAlign
	wrapped float32 // the width the lines are made for
	lines   [][]run
	texts   []fyne.CanvasObject
}

// run is a part of a line in one weight, at its place.
type run struct {
	text *canvas.Text
	x    float32
	end  float32
}

func newWords(words string, size, height float32, color fyne.ThemeColorName) *Words {
	w := &Words{words: words, color: color, size: size, height: height, wrapped: -1}
	w.ExtendBaseWidget(w)
	return w
}

// Paragraph is body text that wraps; SoftParagraph and SmallParagraph likewise.
func Paragraph(words string) *Words { return newWords(words, 14, 20, ColorText) }

// SoftParagraph wraps second words.
func SoftParagraph(words string) *Words { return newWords(words, 14, 20, ColorSoft) }

// SmallParagraph wraps small second words.
func SmallParagraph(words string) *Words { return newWords(words, 12, 16, ColorSoft) }

// Center sets the lines in the middle.
func (w *Words) Center() *Words { w.align = fyne.TextAlignCenter; return w }

// Words are the words, whole.
func (w *Words) Words() string { return w.words }

// Set changes the words.
func (w *Words) Set(words string) {
	if words == w.words {
		return
	}
	w.words, w.wrapped = words, -1
	w.Refresh()
}

// SetColor changes the colour.
func (w *Words) SetColor(color fyne.ThemeColorName) {
	if color == w.color {
		return
	}
	w.color = color
	w.Refresh()
}

// wrap breaks the words into lines of a width. A word longer than a line, as a
// path is, is broken where the line ends.
func (w *Words) wrap(width float32) {
	if width == w.wrapped {
		return
	}
	w.wrapped, w.lines, w.texts = width, nil, nil
	for _, paragraph := range strings.Split(w.words, "\n") {
		w.wrapParagraph(paragraph, width)
	}
	for _, line := range w.lines {
		for _, r := range line {
			w.texts = append(w.texts, r.text)
		}
	}
}

func (w *Words) wrapParagraph(paragraph string, width float32) {
	line, x := []run(nil), float32(0)
	flush := func() { w.lines, line, x = append(w.lines, line), nil, 0 }
	for i, part := range strongParts(paragraph) {
		bold := i%2 == 1
		for _, word := range strings.SplitAfter(part, " ") {
			for word != "" {
				fits := w.measure(strings.TrimRight(word, " "), bold)
				if x > 0 && x+fits > width {
					flush()
				}
				head := word
				if x == 0 && fits > width && width > 0 {
					head = w.headThatFits(word, bold, width)
				}
				line = w.append(line, &x, head, bold)
				if word = word[len(head):]; word != "" {
					flush()
				}
			}
		}
	}
	flush()
}

// strongParts cuts words at the ** around what is semibold: every second part is.
// Two stars that belong to a path or a pattern, as in /home/**/cache, stay words:
// those that mean strength stand at the edge of a word and embrace no slash.
func strongParts(words string) []string {
	const mark = "**"
	var parts []string
	begun := 0 // of the part that is being read
	for at := 0; at < len(words); {
		open := strings.Index(words[at:], mark)
		if open < 0 {
			break
		}
		open += at
		inner := open + len(mark)
		at = inner
		if open > 0 && !strings.ContainsRune(" (“\n", lastRune(words[:open])) || inner < len(words) && strings.IndexByte(" /\\*.", words[inner]) >= 0 {
			continue
		}
		length := strings.Index(words[inner:], mark)
		if length <= 0 || strings.IndexByte(" /\\*", words[inner+length-1]) >= 0 {
			continue
		}
		after := inner + length + len(mark)
		if after < len(words) && strings.IndexByte("/\\*.", words[after]) >= 0 && !ends(words[after:]) {
			continue
		}
		parts = append(parts, words[begun:open], words[inner:inner+length])
		begun, at = after, after
	}
	return append(parts, words[begun:])
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

// ends says that a full stop ends a sentence, and does not begin an extension.
func ends(s string) bool {
	return s == "." || strings.HasPrefix(s, ". ") || strings.HasPrefix(s, ".\n")
}

// headThatFits is the longest beginning of a word that fits, of one rune at least.
func (w *Words) headThatFits(word string, bold bool, width float32) string {
	runes := []rune(word)
	n := 1
	for n < len(runes) && w.measure(string(runes[:n+1]), bold) <= width {
		n++
	}
	return string(runes[:n])
}

func (w *Words) append(line []run, x *float32, words string, bold bool) []run {
	if n := len(line); n > 0 && line[n-1].text.TextStyle.Bold == bold {
		last := &line[n-1]
		last.text.Text += words
		*x = last.x + w.measure(last.text.Text, bold)
		last.end = last.x + w.measure(strings.TrimRight(last.text.Text, " "), bold)
		return line
	}
	text := canvas.NewText(words, Color(w.color))
	text.TextSize, text.TextStyle.Bold = w.size, bold
	r := run{text: text, x: *x, end: *x + w.measure(strings.TrimRight(words, " "), bold)}
	*x += w.measure(words, bold)
	return append(line, r)
}

func (w *Words) measure(words string, bold bool) float32 {
	return fyne.MeasureText(words, w.size, fyne.TextStyle{Bold: bold}).Width
}

// CreateRenderer is for Fyne.
func (w *Words) CreateRenderer() fyne.WidgetRenderer { return &wordsRenderer{w} }

type wordsRenderer struct{ w *Words }

func (r *wordsRenderer) Layout(size fyne.Size) {
	w := r.w
	w.wrap(size.Width)
	for i, line := range w.lines {
		shift := float32(0)
		if n := len(line); n > 0 && w.align == fyne.TextAlignCenter {
			shift = (size.Width - line[n-1].end) / 2
		}
		for _, part := range line {
			m := part.text.MinSize()
			part.text.Resize(m)
			part.text.Move(fyne.NewPos(part.x+shift, float32(i)*w.height+(w.height-m.Height)/2))
		}
	}
}

// MinSize is the height that the words need at the width they have, or one line.
func (r *wordsRenderer) MinSize() fyne.Size {
	w := r.w
	if width := w.Size().Width; width > 0 {
		w.wrap(width)
	}
	return fyne.NewSize(40, w.height*float32(max(1, len(w.lines))))
}

func (r *wordsRenderer) Refresh() {
	for _, text := range r.w.texts {
		text.(*canvas.Text).Color = Color(r.w.color)
		text.Refresh()
	}
	r.Layout(r.w.Size())
}

func (r *wordsRenderer) Objects() []fyne.CanvasObject { return r.w.texts }
func (r *wordsRenderer) Destroy()                     {}
