package look

import (
	"fmt"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"holdfast/engine"
)

// PillWidget is a state as a word on a soft ground.
type PillWidget struct {
	widget.BaseWidget
	box  *Box
	text *Text
}

// Pill makes one.
func Pill(words string, tone engine.Tone) *PillWidget {
	p := &PillWidget{box: NewBox(ColorQuietSoft, "", 12), text: newText(words, 12, 16, true, ColorSoft).Center()}
	p.ExtendBaseWidget(p)
	p.Set(words, tone)
	return p
}

// Set changes words and tone.
func (p *PillWidget) Set(words string, tone engine.Tone) {
	ink, ground := ToneColors(tone)
	p.text.Set(words)
	p.text.SetColor(ink)
	p.box.SetColors(ground, "")
	p.Refresh()
}

// CreateRenderer is for Fyne.
func (p *PillWidget) CreateRenderer() fyne.WidgetRenderer { return &pillRenderer{p} }

type pillRenderer struct{ p *PillWidget }

func (r *pillRenderer) MinSize() fyne.Size {
	return fyne.NewSize(r.p.text.MinSize().Width+20, 24)
}
func (r *pillRenderer) Layout(size fyne.Size) {
	r.p.box.Resize(size)
	r.p.text.Resize(size)
}
func (r *pillRenderer) Refresh() { r.p.box.Refresh(); r.p.text.Refresh() }
func (r *pillRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.p.box, r.p.text}
}
func (r *pillRenderer) Destroy() {}

// Ring is the picture of a state: how much is stored, around a word.
type Ring struct {
	widget.BaseWidget
	fraction   float64
	color      fyne.ThemeColorName
	track, bar *canvas.Arc
	big, small *Text
	glyph      *Glyph
	icon       string
	side       float32
}

// NewRing makes a ring of the size of Home.
func NewRing() *Ring {
	const cutout = 0.84
	r := &Ring{color: ColorAccent, side: 140,
		track: canvas.NewArc(0, 360, cutout, color.Transparent), bar: canvas.NewArc(0, 0, cutout, color.Transparent),
		big: newText("", 28, 34, true, ColorText).Center(), small: SoftSmall("").Center(), glyph: NewGlyph(nil, 40)}
	r.bar.CornerRadius = 5.5
	r.ExtendBaseWidget(r)
	return r
}

// Set shows a share from 0 to 1, two lines of words and a colour.
func (r *Ring) Set(fraction float64, big, small string, color fyne.ThemeColorName) {
	r.fraction, r.color, r.icon = min(1, max(0, fraction)), color, ""
	r.big.Set(big)
	r.small.Set(small)
	r.Refresh()
}

// SetIcon shows a share with an icon in place of the large words.
func (r *Ring) SetIcon(fraction float64, icon, small string, color fyne.ThemeColorName) {
	r.fraction, r.color, r.icon = min(1, max(0, fraction)), color, icon
	r.big.Set("")
	r.small.Set(small)
	r.Refresh()
}

// Refresh draws it in the colours of now.
func (r *Ring) Refresh() {
	r.paint()
	r.track.Refresh()
	r.bar.Refresh()
	r.big.Refresh()
	r.small.Refresh()
	r.glyph.Refresh()
	r.BaseWidget.Refresh()
}

func (r *Ring) paint() {
	r.track.FillColor, r.bar.FillColor = Color(ColorTrack), Color(r.color)
	r.bar.EndAngle = float32(360 * r.fraction)
	r.bar.Hidden = r.fraction <= 0
	r.glyph.Hidden, r.big.Hidden = r.icon == "", r.icon != ""
	if r.icon != "" {
		r.glyph.image.Resource = at(Icon(r.icon, r.color), r.glyph.size)
	}
}

// CreateRenderer is for Fyne.
func (r *Ring) CreateRenderer() fyne.WidgetRenderer { r.paint(); return &ringRenderer{r} }

type ringRenderer struct{ r *Ring }

func (w *ringRenderer) MinSize() fyne.Size { return fyne.NewSquareSize(w.r.side) }
func (w *ringRenderer) Layout(size fyne.Size) {
	r := w.r
	side := min(size.Width, size.Height)
	at := fyne.NewPos((size.Width-side)/2, (size.Height-side)/2)
	for _, arc := range []*canvas.Arc{r.track, r.bar} {
		arc.Resize(fyne.NewSquareSize(side))
		arc.Move(at)
	}
	middle := size.Height / 2
	r.big.Resize(fyne.NewSize(size.Width, 34))
	r.big.Move(fyne.NewPos(0, middle-24))
	r.glyph.Resize(fyne.NewSize(size.Width, 40))
	r.glyph.Move(fyne.NewPos(0, middle-32))
	r.small.Resize(fyne.NewSize(size.Width, 16))
	r.small.Move(fyne.NewPos(0, middle+12))
}
func (w *ringRenderer) Refresh() { w.r.paint() }
func (w *ringRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{w.r.track, w.r.bar, w.r.glyph, w.r.big, w.r.small}
}
func (w *ringRenderer) Destroy() {}

// BarWidget is a bar that fills from the left.
type BarWidget struct {
	widget.BaseWidget
	fraction   float64
	track, bar *Box
}

// Bar makes one in the accent.
func Bar(fraction float64) *BarWidget {
	b := &BarWidget{fraction: fraction, track: NewBox(ColorTrack, "", 3), bar: NewBox(ColorAccent, "", 3)}
	b.ExtendBaseWidget(b)
	return b
}

// Set changes how far it is filled.
func (b *BarWidget) Set(fraction float64) {
	if b.fraction == fraction {
		return
	}
	b.fraction = fraction
	b.Refresh()
}

// SetColor changes the colour of what is filled.
func (b *BarWidget) SetColor(color fyne.ThemeColorName) { b.bar.SetColors(color, "") }

// CreateRenderer is for Fyne.
func (b *BarWidget) CreateRenderer() fyne.WidgetRenderer { return &barRenderer{b} }

type barRenderer struct{ b *BarWidget }

func (r *barRenderer) MinSize() fyne.Size { return fyne.NewSize(40, 6) }
func (r *barRenderer) Layout(size fyne.Size) {
	const height = 6
	y := (size.Height - height) / 2
	share := float32(min(1, max(0, r.b.fraction)))
	r.b.track.Resize(fyne.NewSize(size.Width, height))
	r.b.track.Move(fyne.NewPos(0, y))
	filled := size.Width * share
	if share > 0 {
		filled = max(filled, height)
	}
	r.b.bar.Resize(fyne.NewSize(filled, height))
	r.b.bar.Move(fyne.NewPos(0, y))
	r.b.bar.Hidden = share <= 0
}
func (r *barRenderer) Refresh() {
	r.Layout(r.b.Size())
	r.b.track.Refresh()
	r.b.bar.Refresh()
}
func (r *barRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.b.track, r.b.bar}
}
func (r *barRenderer) Destroy() {}

// ColumnsChart is a bar a day, the last one in full colour. OnHover tells which one
// the pointer is over, -1 for none.
type ColumnsChart struct {
	widget.BaseWidget
	OnHover func(i int)

	values []int64
	bars   []fyne.CanvasObject
	height float32
}

// Columns makes a chart of a height.
func Columns(height float32) *ColumnsChart {
	c := &ColumnsChart{height: height}
	c.ExtendBaseWidget(c)
	return c
}

// Set shows values from left to right.
func (c *ColumnsChart) Set(values []int64) {
	c.values = values
	c.bars = c.bars[:0]
	for i := range values {
		color := ColorAccentSoft
		if i == len(values)-1 {
			color = ColorAccent
		}
		c.bars = append(c.bars, NewBox(color, "", 3))
	}
	c.Refresh()
}

// CreateRenderer is for Fyne.
func (c *ColumnsChart) CreateRenderer() fyne.WidgetRenderer { return &columnsRenderer{c} }

// MouseIn, MouseMoved and MouseOut tell which column the pointer is over.
func (c *ColumnsChart) MouseIn(e *desktop.MouseEvent) { c.MouseMoved(e) }

// MouseMoved is for Fyne.
func (c *ColumnsChart) MouseMoved(e *desktop.MouseEvent) {
	if n := len(c.values); c.OnHover != nil && n > 0 && c.Size().Width > 0 {
		c.OnHover(min(n-1, max(0, int(e.Position.X/c.Size().Width*float32(n)))))
	}
}

// MouseOut is for Fyne.
func (c *ColumnsChart) MouseOut() {
	if c.OnHover != nil {
		c.OnHover(-1)
	}
}

type columnsRenderer struct{ c *ColumnsChart }

func (r *columnsRenderer) MinSize() fyne.Size { return fyne.NewSize(60, r.c.height) }
func (r *columnsRenderer) Layout(size fyne.Size) {
	n := len(r.c.bars)
	if n == 0 {
		return
	}
	most := int64(1)
	for _, v := range r.c.values {
		most = max(most, v)
	}
	gap := float32(4)
	if size.Width/float32(n) < 9 {
		gap = 2
	}
	width := (size.Width + gap) / float32(n)
	for i, bar := range r.c.bars {
		share := float32(math.Max(0, float64(r.c.values[i]))) / float32(most)
		high := max(2, size.Height*share)
		bar.Resize(fyne.NewSize(max(1, width-gap), high))
		bar.Move(fyne.NewPos(float32(i)*width, size.Height-high))
	}
}
func (r *columnsRenderer) Refresh() {
	r.Layout(r.c.Size())
	for _, b := range r.c.bars {
		b.Refresh()
	}
}
func (r *columnsRenderer) Objects() []fyne.CanvasObject { return r.c.bars }
func (r *columnsRenderer) Destroy()                     {}

// Percent is a share as the locale-free "62 %".
func Percent(fraction float64) string {
	p := int(fraction * 100) // never rounded up to a 100 that is not there
	return fmt.Sprintf("%d %%", p)
}
