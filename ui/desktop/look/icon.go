package look

import (
	"bytes"
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"holdfast/assets"
)

// vector is a stroke drawing in a colour of the theme. Its name carries the
// colour, because Fyne keeps rendered drawings by name; theme.ThemedResource would
// fill the strokes to blobs.
type vector struct {
	name  string
	data  []byte
	color fyne.ThemeColorName
}

// Icon is a Lucide icon, by its name there, in a colour of the theme. An unknown
// name is drawn as a file.
func Icon(name string, color fyne.ThemeColorName) fyne.Resource {
	return iconStroke(name, color, "1.75")
}

func iconStroke(name string, color fyne.ThemeColorName, width string) fyne.Resource {
	data := assets.Read("icons/" + name + ".svg")
	if data == nil {
		name, data = "file", assets.Read("icons/file.svg")
	}
	data = bytes.Replace(data, []byte(`stroke-width="2"`), []byte(`stroke-width="`+width+`"`), 1)
	return &vector{name: name + "-" + width, data: data, color: color}
}

// Mark is the program's mark in a colour of the theme.
func Mark(color fyne.ThemeColorName) fyne.Resource {
	return &vector{name: "mark", data: assets.Read("mark.svg"), color: color}
}

func (v *vector) hex() string {
	c := color.NRGBAModel.Convert(Color(v.color)).(color.NRGBA)
	return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
}

func (v *vector) Name() string { return v.name + v.hex() + ".svg" }

func (v *vector) Content() []byte {
	return bytes.ReplaceAll(v.data, []byte("currentColor"), []byte(v.hex()))
}

// Glyph shows an icon at a fixed size and follows the theme.
type Glyph struct {
	widget.BaseWidget
	image *canvas.Image
	size  float32
}

// NewGlyph shows a resource, as from Icon or Mark, at a size.
func NewGlyph(icon fyne.Resource, size float32) *Glyph {
	g := &Glyph{image: canvas.NewImageFromResource(icon), size: size}
	g.image.FillMode = canvas.ImageFillContain
	g.ExtendBaseWidget(g)
	return g
}

// SetIcon shows another icon.
func (g *Glyph) SetIcon(icon fyne.Resource) {
	g.image.Resource = icon
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
