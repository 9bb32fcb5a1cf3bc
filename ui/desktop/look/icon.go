package look

import (
	"bytes"
	"fmt"
	"image/color"
	"regexp"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"holdfast/assets"
)

// vector is a stroke drawing in a colour of the theme. Its name carries all that
// decides how it looks, because Fyne keeps rendered drawings by name.
// theme.ThemedResource would fill the strokes to blobs. Fyne's renderer scales a
// drawing but not the width of its strokes, so the width is worked out here, for
// the size the drawing is shown at and the pixels of the screen.
type vector struct {
	name   string
	data   []byte
	color  fyne.ThemeColorName
	stroke float64 // on the grid of 24
	size   float32 // it is shown at
}

const gridSize = 24

// Icon is a Lucide icon, by its name there, in a colour of the theme. An unknown
// name is drawn as a file.
func Icon(name string, color fyne.ThemeColorName) fyne.Resource {
	return iconStroke(name, color, 1.75)
}

func iconStroke(name string, color fyne.ThemeColorName, stroke float64) fyne.Resource {
	data := assets.Read("icons/" + name + ".svg")
	if data == nil {
		name, data = "file", assets.Read("icons/file.svg")
	}
	return &vector{name: name, data: data, color: color, stroke: stroke, size: IconSize}
}

// Mark is the program's mark in a colour of the theme.
func Mark(color fyne.ThemeColorName) fyne.Resource {
	return &vector{name: "mark", data: assets.Read("mark.svg"), color: color, stroke: 2.5, size: IconSize}
}

// at is the drawing as it is shown at another size.
func at(icon fyne.Resource, size float32) fyne.Resource {
	v, ok := icon.(*vector)
	if !ok || v.size == size {
		return icon
	}
	other := *v
	other.size = size
	return &other
}

func (v *vector) hex() string {
	c := color.NRGBAModel.Convert(Color(v.color)).(color.NRGBA)
	return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
}

// width is the width of the strokes in pixels of the screen.
func (v *vector) width() string {
	return fmt.Sprintf("%.2f", v.stroke*float64(v.size)/gridSize*pixels())
}

// pixels is how many pixels of the screen are one of Fyne's.
func pixels() float64 {
	const far = 1000
	for _, w := range fyne.CurrentApp().Driver().AllWindows() {
		if x, _ := w.Canvas().PixelCoordinateForPosition(fyne.NewPos(far, 0)); x > 0 {
			return float64(x) / far
		}
	}
	return 1
}

func (v *vector) Name() string { return v.name + "-" + v.width() + v.hex() + ".svg" }

func (v *vector) Content() []byte {
	data := bytes.ReplaceAll(v.data, []byte("currentColor"), []byte(v.hex()))
	return strokeWidth.ReplaceAll(data, []byte(`stroke-width="`+v.width()+`"`))
}

var strokeWidth = regexp.MustCompile(`stroke-width="[^"]*"`)

// Glyph shows an icon at a fixed size and follows the theme.
type Glyph struct {
	widget.BaseWidget
	image *canvas.Image
	size  float32
}

// NewGlyph shows a resource, as from Icon or Mark, at a size.
func NewGlyph(icon fyne.Resource, size float32) *Glyph {
	g := &Glyph{image: canvas.NewImageFromResource(at(icon, size)), size: size}
	g.image.FillMode = canvas.ImageFillContain
	g.ExtendBaseWidget(g)
	return g
}

// SetIcon shows another icon.
func (g *Glyph) SetIcon(icon fyne.Resource) {
	g.image.Resource = at(icon, g.size)
	g.image.Refresh()
}

// Refresh draws the icon in the colours of now.
func (g *Glyph) Refresh() { g.image.Refresh() }

// CreateRenderer is for Fyne.
func (g *Glyph) CreateRenderer() fyne.WidgetRenderer { return &glyphRenderer{g} }

type glyphRenderer struct{ g *Glyph }

func (r *glyphRenderer) Layout(size fyne.Size) {
	r.g.image.Resize(fyne.NewSquareSize(r.g.size))
	r.g.image.Move(fyne.NewPos((size.Width-r.g.size)/2, (size.Height-r.g.size)/2))
}
func (r *glyphRenderer) MinSize() fyne.Size           { return fyne.NewSquareSize(r.g.size) }
func (r *glyphRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.g.image} }
func (r *glyphRenderer) Refresh()                     { r.g.Refresh() }
func (r *glyphRenderer) Destroy()                     {}
